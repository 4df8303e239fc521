"""Entries inside the full notebook, handed in and graded like any submission."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from nbformat import NotebookNode

from autograder.catalogue import Entry
from autograder.checks import Check
from autograder.course import CHECKS, Assignment, Course
from autograder.errors import CourseError
from autograder.gate.solved import LAB, Solved
from autograder.grading.cells import executable_cells
from autograder.grading.grade import Grader
from autograder.grading.seeds import submission_seed
from autograder.results import ExerciseResult, Grade
from autograder.sample_class import fill
from autograder.session.launcher import Launcher

RUN_SEED = "0123456789abcdef0123456789abcdef"


@dataclass(frozen=True)
class Graded:
    """A notebook that was graded.

    Parameters
    ----------
    grade
        Its grade.
    seed
        Of the submission: under it `near.judge` draws the same inputs.
    """

    grade: Grade
    seed: str

    def result(self, exercise: str) -> ExerciseResult:
        """Return what came of one exercise."""
        return next(found for found in self.grade.exercises if found.name == exercise)


@dataclass(frozen=True)
class Far:
    """Hands notebooks in.

    Parameters
    ----------
    course
        Its releases must be those of its masters.
    solved
        One of its assignments.
    launcher
        Starts the sessions.
    """

    course: Course
    solved: Solved
    launcher: Launcher

    @cached_property
    def assignment(self) -> Assignment:
        """The assignment as it is released."""
        released = self.course.load(self.solved.assignment.name)
        ours = self.solved.assignment.public.folder / CHECKS
        theirs = released.public.folder / CHECKS
        if ours.read_bytes() != theirs.read_bytes():
            raise CourseError(
                f"is not that of the master. Run: autograder release {released.name}", path=theirs
            )
        return released

    @cached_property
    def _release(self) -> NotebookNode:
        return nbformat.read(self.assignment.release, as_version=4)

    def grade(
        self, answers: Mapping[str, str], only: Iterable[str] = (), attempts: int = 0
    ) -> Graded:
        """Grade the notebook that is right but for `answers`.

        Parameters
        ----------
        answers
            Source by exercise, in place of the solutions.
        only
            Exercises whose checks run, with those that they use; all by default. The whole
            notebook runs in any case.
        attempts
            How many a lab has at most; as many as its checks say by default.
        """
        asked_for = self._asked_for(tuple(only), attempts)
        grader = Grader(asked_for, RUN_SEED, self.launcher, diagnose=False)
        notebook = fill(self._release, {**self.solved.answers, **answers})
        with TemporaryDirectory() as place:
            path = Path(place) / self.assignment.release.name
            path.write_text(nbformat.writes(notebook), encoding="utf-8")
            restored = grader.restorer.restore_file(path)
        seed = submission_seed(RUN_SEED, executable_cells(restored.notebook))
        return Graded(grader.grade_restored(restored), seed)

    def _asked_for(self, only: tuple[str, ...], attempts: int) -> Assignment:
        public = self.assignment.public
        wanted, waiting = set[str](), list(only) or [e.name for e in public.exercises]
        while waiting:
            name = waiting.pop()
            if name not in wanted:
                wanted.add(name)
                waiting += public.exercise(name).uses
        exercises = tuple(e for e in public.exercises if e.name in wanted)
        return replace(
            self.assignment,
            public=replace(public, exercises=exercises, visible=_limited(public.visible, attempts)),
            hidden=_limited(self.assignment.hidden, attempts),
        )


def _limited(checks: Sequence[Check], attempts: int) -> tuple[Check, ...]:
    """Return `checks` with at most so many attempts each; 0 for as many as they say."""
    if not attempts:
        return tuple(checks)
    return tuple(replace(check, attempts=min(check.attempts, attempts)) for check in checks)


def without_labs(solved: Solved) -> tuple[str, ...]:
    """Return the exercises that train no net."""
    names = (exercise.name for exercise in solved.assignment.exercises)
    return tuple(name for name in names if not name.startswith(LAB))


def shared_notebooks(solved: Solved, alone: Collection[str] = ()) -> Iterator[tuple[Entry, ...]]:
    """Yield right answers to all exercises, each entry once, in as few notebooks as there can be.

    The first holds the solutions alone; each of the others one variant of every exercise that has
    any left.

    Parameters
    ----------
    solved
        The assignment.
    alone
        Ids of entries that stand in a notebook of their own, the rest of which are solutions.
    """
    exercises = [exercise.name for exercise in solved.assignment.exercises]
    right = [solved.right(name) for name in exercises]
    sharing = [[entry for entry in entries if entry.id not in alone] for entries in right]
    for row in zip_longest(*sharing):
        yield tuple(entry for entry in row if entry is not None)
    yield from ((entry,) for entries in right for entry in entries if entry.id in alone)
