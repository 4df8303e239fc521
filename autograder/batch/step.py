"""What a run does for one submission, and where grades are written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from autograder.batch.work import Outcome
from autograder.results import Grade

How = Literal["graded", "reused", "skipped"]
"""Graded now; graded before and written now; graded and written before."""


Standing = Mapping[str, Mapping[str, float | None]]
"""Points by student and exercise."""


class Book(Protocol):
    """Where grades are written: a gradebook."""

    def write(self, folder: Path, grade: Grade, notebook: str) -> float:
        """Write one; return the points taken for lateness, or raise `CourseError`."""

    def amend(self, folder: Path) -> float:
        """Of a grade that stands, write anew what is taken for lateness; else as `write`."""

    def standing(self) -> Standing:
        """Return the points by exercise of each student whose grade stands in it."""


@dataclass(frozen=True)
class Step:
    """A submission that is done with.

    Parameters
    ----------
    outcome
        Without the notebook's text.
    how
        See `How`.
    late
        Points taken for lateness.
    problem
        Why it could not be written; empty if it was.
    content
        Hash of the submission.
    """

    outcome: Outcome
    how: How
    late: float = 0.0
    problem: str = ""
    content: str = ""

    @property
    def student(self) -> str:
        """Name of the student."""
        return self.outcome.folder.parent.name
