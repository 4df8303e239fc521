"""Results as people read them: plain text for terminals, HTML for notebooks and feedback.

Both are inert. Messages can quote what a student's code said, so everything is escaped, what could
drive a terminal is taken out, and what could make a text look like another one is made visible.
"""

from __future__ import annotations

import html
import re
import textwrap
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from autograder.results import CheckResult, CheckStatus, ExerciseResult

WIDTH = 88

MAX_JSON_TEXT = 20_000

HINT = "Hint: "

WORDS: dict[CheckStatus, str] = {
    "passed": "passed",
    "failed": "failed",
    "error": "error",
    "timeout": "timeout",
    "missing": "to do",
}

# White letters on these read well on a light page and on JupyterLab's dark theme.
_COLOURS: dict[CheckStatus, str] = {
    "passed": "#1a7f37",
    "failed": "#c62828",
    "error": "#c62828",
    "timeout": "#c62828",
    "missing": "#6e6e6e",
}

# Styles stand in the tags: no page that shows the table knows a class of ours. Text has no colour
# of its own, so it takes the theme's.
_PARAGRAPH = 'style="margin:0.4em 0"'
_CELL_STYLE = "text-align:left;vertical-align:top;padding:0.35em 0.8em 0.35em 0.3em;line-height:1.4"
_CELL = f'style="{_CELL_STYLE};white-space:normal;overflow-wrap:anywhere"'
_NARROW = f'style="{_CELL_STYLE};white-space:nowrap"'
_BADGE = (
    "display:inline-block;min-width:4.5em;padding:0 0.4em;border-radius:3px;color:#ffffff;"
    "font-weight:bold;text-align:center"
)


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


# ECMA-48: colours and cursor movements; titles, links and the clipboard, up to the end that
# terminals wait for; other escapes. The second of each pair is the same as one character. No text
# holds what may begin another one, so that many beginnings take no more time than one.
_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x90\x98\x9c-\x9f\n]{0,2000}(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[ -/]*[0-~]"
)
_JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"
"""Invisible, but Persian, the scripts of India and many emoji are misspelt without."""

_BLANK_LETTERS = "\u115f\u1160\u3164\uffa0\u2800"
_MAX_ACCENTS = 6
"""Marks on one letter; no script needs more, and a pile of them covers the lines around."""


def inert(text: str, limit: int = 2000) -> str:
    """Return `text` cut to `limit`, so that it shows what it says and does nothing else.

    Control sequences are taken out. Other control characters but line breaks and tabs, what
    reverses the direction of writing, and what is invisible become U+FFFD. Text in any script
    stays as it is.
    """
    text = _SEQUENCE.sub("", text[: 2 * limit + 100]).replace("\r\n", "\n")
    if not text.isascii() or not text.isprintable():
        text = "".join(_shown(text[: limit + 1]))
    return text if len(text) <= limit else text[: limit - 1] + "\N{HORIZONTAL ELLIPSIS}"


def _shown(text: str) -> Iterator[str]:
    accents = 0
    for character in text:
        accents = accents + 1 if unicodedata.combining(character) else 0
        if accents > _MAX_ACCENTS:
            continue
        if character.isprintable():
            hidden = character in _BLANK_LETTERS
        else:
            space = unicodedata.category(character) == "Zs"
            hidden = not space and character not in "\n\t" and character not in _JOINERS
        yield "\N{REPLACEMENT CHARACTER}" if hidden else character


def overwritten(text: str) -> str:
    """Return what a terminal would show of lines that carriage returns write over."""
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))


def inert_json(value: object) -> object:
    """Return a JSON value with every text in it inert: for files that tools print as they are."""
    if isinstance(value, str):
        return inert(value, MAX_JSON_TEXT)
    if isinstance(value, dict):
        return {inert(str(key), MAX_JSON_TEXT): inert_json(part) for key, part in value.items()}
    return [inert_json(part) for part in value] if isinstance(value, list) else value


def summary(result: ExerciseResult) -> tuple[str, str]:
    """Return the points earned, and how much of the exercise was checked, as two sentences."""
    earned = f"{result.name}: {points(result.points)} of {points(result.covered)} points"
    if result.covered >= result.max_points:
        return f"{earned}.", ""
    rest, total = points(result.max_points - result.covered), points(result.max_points)
    return (
        f"{earned} in the visible checks.",
        f"The other {rest} of its {total} points are checked after submission.",
    )


def plain_table(result: ExerciseResult) -> str:
    """Return the table as text of at most `WIDTH` columns."""
    common = _common_message(result)
    said = (*summary(result), common, result.advice, *result.notes)
    lines = [line for text in said for line in _wrapped(text)]
    worths = [f"{points(c.points)}/{points(c.max_points)}" for c in result.checks]
    width = max(map(len, worths), default=0)
    for check, worth in zip(result.checks, worths, strict=True):
        start = f"  {WORDS[check.status]:<7}  {worth:>{width}}  "
        indent = " " * len(start)
        lines += _wrapped(check.title, start, indent)
        lines += [line for text in _remarks(check, common) for line in _wrapped(text, indent)]
    return "\n".join(lines)


def _wrapped(text: str, first: str = "", then: str | None = None) -> list[str]:
    """Wrap each line of `text`; the first one begins with `first`, the others with `then`."""
    rest = first if then is None else then
    return [
        line
        for number, part in enumerate(inert(text).split("\n"))
        for line in textwrap.wrap(
            part, WIDTH, initial_indent=rest if number else first, subsequent_indent=rest
        )
    ]


def _common_message(result: ExerciseResult) -> str:
    """Return what all checks say, if it is the same: a stub is mentioned once."""
    messages = {check.message for check in result.checks}
    return messages.pop() if len(result.checks) > 1 and len(messages) == 1 else ""


def _remarks(check: CheckResult, common: str) -> list[str]:
    """Return what is said below a check's title: complaint, hint, notes."""
    complaint, hint = "" if check.message == common else check.message, ""
    if HINT in complaint:
        complaint, _, hint = complaint.rpartition(HINT)
        hint = HINT + hint
    return [text for text in (complaint.strip(), hint, *check.notes) if text]


def html_table(result: ExerciseResult) -> str:
    """Return the table as HTML without scripts, links or classes."""
    common = _common_message(result)
    earned, rest = summary(result)
    said = (common, result.advice, *result.notes)
    below = "".join(f"<p {_PARAGRAPH}>{_text(text)}</p>" for text in said if text)
    head = f"<th {_NARROW}>result</th><th {_NARROW}>points</th><th {_CELL}>check</th>"
    rows = "".join(_row(check, common) for check in result.checks)
    return (
        f"<div><p {_PARAGRAPH}><b>{_text(earned)}</b> {_text(rest)}</p>{below}"
        f'<table style="margin:0.4em 0;max-width:60em"><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _row(check: CheckResult, common: str) -> str:
    style = f"{_BADGE};background-color:{_COLOURS[check.status]}"
    badge = f'<span style="{style}">{WORDS[check.status]}</span>'
    worth = f"{points(check.points)} / {points(check.max_points)}"
    said = "<br>".join([f"<b>{_text(check.title)}</b>", *map(_remark, _remarks(check, common))])
    return f"<tr><td {_NARROW}>{badge}</td><td {_NARROW}>{worth}</td><td {_CELL}>{said}</td></tr>"


def _remark(text: str) -> str:
    return f"<i>{_text(text)}</i>" if text.startswith(HINT) else _text(text)


def _text(text: str) -> str:
    return html.escape(inert(text)).replace("\n", "<br>")
