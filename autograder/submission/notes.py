"""Notes on a submission: short sentences whose foreign words are inert, and not too many."""

from __future__ import annotations

import re
from collections.abc import Iterable

from autograder.render import inert

MAX_NOTES = 20
MAX_WORD = 60
MANY = 3
"""So many notes of one kind become one."""

MAX_NAMES = 6

DELETED = "{} had been deleted; it was put back."
UNDONE = "{} had been deleted; the release's cell stands in its place."
CHANGED = "{} had been changed; it was put back."
FORGED = "The nbgrader metadata of {} had been changed; it was put back."
UNKNOWN = "The release has no cell named {}; it counts as the student's own."

_KINDS = {
    # FORGED first: CHANGED would match it too.
    FORGED: "The nbgrader metadata of {} cells had been changed; it was put back: {}.",
    DELETED: "{} cells had been deleted; they were put back: {}.",
    UNDONE: "{} answers had been deleted; the release's cells stand in their place: {}.",
    CHANGED: "{} cells had been changed; they were put back: {}.",
    UNKNOWN: "{} cells have names that the release does not know; they count as the student's "
    "own: {}.",
}
_PATTERNS = {
    kind: re.compile(re.escape(kind).replace(r"\{\}", "(.+)"), re.DOTALL) for kind in _KINDS
}


def quoted(word: str) -> str:
    """Return a name that the submission chose, in quotes: one line, no control characters."""
    return f"'{inert(' '.join(word.split()), MAX_WORD)}'"


def bounded(notes: Iterable[str]) -> tuple[str, ...]:
    """Return `notes` without repetitions, near-equal ones as one; past `MAX_NOTES` their number."""
    unique = _summarised(list(dict.fromkeys(notes)))
    rest = len(unique) - MAX_NOTES
    return tuple(unique) if rest <= 0 else (*unique[:MAX_NOTES], f"And {rest} more.")


def _summarised(notes: list[str]) -> list[str]:
    """Join notes that differ in the cell's name alone, at the place of the first."""
    kinds: dict[str, str] = {}
    names: dict[str, list[str]] = {}
    for note in notes:
        for kind, pattern in _PATTERNS.items():
            match = pattern.fullmatch(note)
            if match:
                kinds[note] = kind
                names.setdefault(kind, []).append(match[1])
                break
    kept: list[str] = []
    for note in notes:
        kind = kinds.get(note, "")
        cells = names.get(kind, [])
        if len(cells) < MANY:
            kept.append(note)
        elif note == kind.format(cells[0]):
            more = len(cells) - MAX_NAMES
            shown = ", ".join(cells[:MAX_NAMES]) + (f" and {more} more" if more > 0 else "")
            kept.append(_KINDS[kind].format(len(cells), shown))
    return kept
