"""Which files are notebooks of an assignment. Imports nothing large: pytest asks of every file."""

from __future__ import annotations

from pathlib import Path

CHECKS = "checks.py"
ELSEWHERE = frozenset(
    {"build", "demo", "submitted", "autograded", "feedback", ".ipynb_checkpoints", "__pycache__"}
)
"""Folders of a course with copies of notebooks, other people's among them."""


def is_assignment(folder: Path) -> bool:
    """Whether `folder` holds a ``checks.py`` of ours, not somebody else's of that name."""
    try:
        return "autograder" in (folder / CHECKS).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False


def notebooks_of(folder: Path) -> list[Path]:
    """Return the notebook that would be graded, or all if none bears the assignment's name.

    Scratch notebooks and copies beside it are left alone.
    """
    if not is_assignment(folder):
        return []
    from autograder.course import notebook_stem

    found = sorted(folder.glob("*.ipynb"))
    expected = folder / f"{notebook_stem(folder.resolve().name)}.ipynb"
    return [expected] if expected in found else found
