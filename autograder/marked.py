"""Figures in a page that people write: a command replaces what stands between two marks."""

from __future__ import annotations

from pathlib import Path

from autograder.errors import CourseError

BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"


def has_marks(path: Path) -> bool:
    """Return whether a page has a place for figures."""
    if not path.is_file():
        return False
    text = path.read_text(encoding="utf-8")
    return 0 <= text.find(BEGIN) < text.find(END)


def require_marks(path: Path) -> None:
    """Raise `CourseError` unless the page has a place for the figures."""
    if not has_marks(path):
        raise CourseError(
            f"has no place for the figures: a line {BEGIN} and, below it, a line {END}.", path=path
        )


def write_into(path: Path, figures: str) -> None:
    """Put `figures` between the marks of a page; raise `CourseError` if it has none."""
    require_marks(path)
    text = path.read_text(encoding="utf-8")
    before, after = text.partition(BEGIN)[0], text.partition(END)[2]
    path.write_text(f"{before}{BEGIN}\n\n{figures}\n\n{END}{after}", encoding="utf-8")
