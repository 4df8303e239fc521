"""Run checks against mutants, in the grader's own process.

Only the course's own code runs here: the release's cells, the catalogue's entries, the checks.
"""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, lru_cache
from types import CodeType
from typing import Any

import numpy as np
from nbformat import NotebookNode

from autograder.catalogue import VARIANTS, Entry, load_catalogue
from autograder.checks.model import Check
from autograder.checks.runner import run_check, run_exercise
from autograder.checks.transcript import Answer, Recorded, Transcript
from autograder.course import Assignment
from autograder.errors import StudentFault
from autograder.grading.cells import executable_cells
from autograder.grading.given import given_definitions
from autograder.results import ExerciseResult
from autograder.student import Near

SeedOf = Callable[[Check], int]


class Over(BaseException):
    """A comparison is over. No `Exception`, so that no check takes it for one of its own."""


class Different(Over):
    """A mutant answers otherwise."""


class Alike(Over):
    """A mutant has given all answers; what the check says of them is known."""


class Replays:
    """Runs checks against mutants of one assignment.

    Parameters
    ----------
    assignment
        Both halves of it.
    release
        The canonical notebook: its locked cells are what mutants stand in.
    """

    def __init__(self, assignment: Assignment, release: NotebookNode) -> None:
        self._assignment = assignment
        self._release = release

    def replay(
        self, entry: Entry, check: Check, answers: Sequence[Answer], seed_of: SeedOf
    ) -> int | None:
        """Run a check against a mutant; None if it answers otherwise, else the loose likenesses.

        Where a mutant calls other exercises it is tried with right answers in a student's style,
        and with the reference's: how they draw, round and raise can differ.
        """
        others = {exercise.name for exercise in self._assignment.exercises} - {entry.exercise}
        found = self._replayed(entry, check, answers, seed_of, self._styles)
        if found is None and any(name in entry.source for name in others):
            found = self._replayed(entry, check, answers, seed_of, ())
        return found

    def _replayed(
        self,
        entry: Entry,
        check: Check,
        answers: Sequence[Answer],
        seed_of: SeedOf,
        right: Sequence[str],
    ) -> int | None:
        if not answers:
            return None
        if answers[0].call is not None:
            with self._mutant(entry, right) as student:
                if not _begins_like(student, answers[0]):
                    return None
        comparing = _Comparing(answers)
        with self._mutant(entry, right) as student:
            try:
                run_check(check, Recorded(student, comparing), seed_of(check))
            except Alike:
                return comparing.loose
            except Different:
                return None
        return None

    def run(self, entry: Entry, seed_of: SeedOf) -> ExerciseResult:
        """Run all checks of a mutant's exercise."""
        exercise = self._assignment.public.exercise(entry.exercise)
        with self._mutant(entry, self._styles) as student:
            return run_exercise(exercise, self._assignment.checks, student, seed_of)

    @contextlib.contextmanager
    def place(self) -> Iterator[None]:
        """Be where mutants find their data, and leave nothing behind of what they draw and warn.

        Around `replay` and `run`; to enter it for each mutant would take longer than most of them.
        """
        state = np.random.get_state()  # noqa: NPY002 - mutants draw from it
        try:
            with (
                warnings.catch_warnings(action="ignore"),
                contextlib.chdir(self._assignment.public.folder),
            ):
                yield
        finally:
            np.random.set_state(state)  # noqa: NPY002

    @contextlib.contextmanager
    def _mutant(self, entry: Entry, right: Sequence[str]) -> Iterator[Near]:
        """Enter the release's notebook with a mutant in it.

        The rest is answered by `right`, or where that says nothing by the reference.
        """
        namespace = dict(self._notebook)
        # Some mutants print what they should return.
        with contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
            for source in (*self._given, *right, entry.source):
                exec(_compiled(source), namespace)  # noqa: S102 - the course's own
            yield Near(namespace)

    @cached_property
    def _notebook(self) -> dict[str, Any]:
        """What the release's cells define, data included."""
        namespace: dict[str, Any] = {"__name__": "__main__"}
        with contextlib.chdir(self._assignment.public.folder):
            for cell in executable_cells(self._release):
                exec(_compiled(cell.source), namespace)  # noqa: S102 - the course's own
        return {**namespace, **self._assignment.reference}

    @cached_property
    def _given(self) -> tuple[str, ...]:
        """Sources of the functions that no student writes."""
        names = {exercise.name for exercise in self._assignment.exercises}
        return tuple(given_definitions(self._release, names).values())

    @cached_property
    def _styles(self) -> tuple[str, ...]:
        """Sources of right answers to all exercises."""
        path = self._assignment.solutions / VARIANTS
        entries = load_catalogue(path) if path.is_file() else ()
        return tuple({e.exercise: e.source for e in reversed(entries)}.values())


class _Comparing(Transcript):
    """A transcript that ends at the first answer which is not the expected one, or at the last."""

    keeps_arguments = False

    def __init__(self, expected: Sequence[Answer]) -> None:
        super().__init__()
        self._expected = expected
        self._noted = 0
        self.loose = 0

    def note(self, answer: Answer) -> None:
        """Compare; raise `Over`."""
        if not answer.like(self._expected[self._noted]):
            raise Different
        self.loose += answer.text != self._expected[self._noted].text
        self._noted += 1
        if self._noted == len(self._expected):
            raise Alike


def _begins_like(student: Near, answer: Answer) -> bool:
    """Whether the first question gets that answer; so most mutants are told apart by one call."""
    if answer.call is None:
        return True
    comparing = _Comparing([answer])
    args, kwargs = answer.call
    try:
        Recorded(student, comparing).call(answer.question, *args, **kwargs)
    except Alike:
        return True
    except (Different, StudentFault):
        return False
    return False


@lru_cache(maxsize=512)
def _compiled(source: str) -> CodeType:
    return compile(source, "<cell of the catalogue>", "exec")
