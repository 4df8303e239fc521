"""Results as people read them: plain text for terminals, HTML for notebooks and feedback.

Both are inert. Messages can quote what a student's code said, so everything is escaped, and
control characters, which could drive a terminal, are replaced.
"""

from __future__ import annotations

import html
import textwrap
from dataclasses import dataclass

from autograder.results import CheckResult, ExerciseResult

WORDS = {
    "passed": "passed",
    "failed": "failed",
    "error": "error",
    "timeout": "timeout",
    "missing": "to do",
}
COLOURS = {
    "passed": "#1a7f37",
    "failed": "#c62828",
    "error": "#c62828",
    "timeout": "#c62828",
    "missing": "#8a6d00",
}
WIDTH = 88


@dataclass(frozen=True)
class CheckTable:
    """The table that ``check("name")`` shows.

    Parameters
    ----------
    result
        Outcome of the checks that ran.
    """

    result: ExerciseResult

    def __repr__(self) -> str:
        return plain_table(self.result)

    def _repr_html_(self) -> str:
        return html_table(self.result)


def points(value: float) -> str:
    """Write points as a person would: ``2``, ``1.5``."""
    return f"{value:.6f}".rstrip("0").rstrip(".")


def inert(text: str, limit: int = 2000) -> str:
    """Return `text` without control characters (but line breaks) and cut to `limit`."""
    kept = "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text)
    return kept if len(kept) <= limit else kept[: limit - 1] + "\N{HORIZONTAL ELLIPSIS}"


def summary(result: ExerciseResult) -> str:
    """One line: the points, and what of the exercise was checked."""
    earned = f"{result.name}: {points(result.points)} of {points(result.covered)} points"
    if result.covered < result.max_points:
        rest = points(result.max_points - result.covered)
        return (
            f"{earned} in the visible checks. "
            f"The other {rest} of {points(result.max_points)} are checked after submission."
        )
    return f"{earned}."


def plain_table(result: ExerciseResult) -> str:
    """Return the table as text of at most `WIDTH` columns."""
    lines = [summary(result)]
    for check in result.checks:
        worth = f"{points(check.points)}/{points(check.max_points)}"
        lines.append(f"  {WORDS[check.status]:<8} {worth:>8}  {inert(check.title)}")
        lines += _wrapped(_remarks(check))
    for note in result.notes:
        lines += _wrapped(note)
    return "\n".join(lines)


def _wrapped(text: str) -> list[str]:
    indent = " " * 21
    return [
        line
        for part in inert(text).split("\n")
        for line in textwrap.wrap(part, WIDTH, initial_indent=indent, subsequent_indent=indent)
    ]


def _remarks(check: CheckResult) -> str:
    return "\n".join(filter(None, [check.message, *check.notes]))


def html_table(result: ExerciseResult) -> str:
    """Return the table as HTML without scripts, links or classes."""
    rows = "".join(_row(check) for check in result.checks)
    notes = "".join(f"<p style='margin:.3em 0'>{_text(note)}</p>" for note in result.notes)
    cell = "style='text-align:left;padding:.2em .8em .2em 0'"
    return (
        f"<div><p style='margin:.3em 0'><b>{_text(summary(result))}</b></p>"
        f"<table style='margin-left:0'><thead><tr><th {cell}>check</th><th {cell}>points</th>"
        f"<th {cell}>result</th></tr></thead><tbody>{rows}</tbody></table>{notes}</div>"
    )


def _row(check: CheckResult) -> str:
    cell = "style='text-align:left;vertical-align:top;padding:.2em .8em .2em 0;max-width:45em'"
    badge = f"<b style='color:{COLOURS[check.status]}'>{WORDS[check.status]}</b>"
    remarks = _remarks(check)
    message = f" {_text(remarks)}" if remarks else ""
    worth = f"{points(check.points)}&nbsp;/&nbsp;{points(check.max_points)}"
    return (
        f"<tr><td {cell}>{_text(check.title)}</td><td {cell}>{worth}</td>"
        f"<td {cell}>{badge}{message}</td></tr>"
    )


def _text(text: str) -> str:
    return html.escape(inert(text)).replace("\n", "<br>")
