"""Notes on a submission: short sentences whose foreign words are inert, and not too many."""

from __future__ import annotations

from collections.abc import Iterable

from autograder.render import inert

MAX_NOTES = 20
MAX_WORD = 60


def quoted(word: str) -> str:
    """Return a name that the submission chose, in quotes: one line, no control characters."""
    return f"'{inert(' '.join(word.split()), MAX_WORD)}'"


def bounded(notes: Iterable[str]) -> tuple[str, ...]:
    """Return `notes` without repetitions; past `MAX_NOTES` only their number."""
    unique = tuple(dict.fromkeys(notes))
    rest = len(unique) - MAX_NOTES
    return unique if rest <= 0 else (*unique[:MAX_NOTES], f"And {rest} more.")
