"""Second trials: one mistake is paid for once.

An exercise that failed is tried again with the failed exercises that it uses answered by the
reference. The reference's values cross the trust line only here: in sessions of their own that are
killed afterwards, after the callees' own grades are final, and for callees that the exercise
declares.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

from autograder.checks.model import Check
from autograder.checks.repeats import Asked
from autograder.checks.runner import run_exercise
from autograder.checks.transcript import Transcript
from autograder.course import HIDDEN_CHECKS, Assignment
from autograder.grading.oracle import oracle
from autograder.results import ExerciseResult
from autograder.session.far import Bound, FarStudent
from autograder.session.watch import Spent
from autograder.values import BoundClass

Names = tuple[str, ...]


@dataclass(frozen=True)
class _Surroundings:
    """A session in which some functions are answered by the reference."""

    student: FarStudent
    bindings: Mapping[str, Bound]

    @property
    def forgets(self) -> bool:
        """Whether it is of no use any more once there are others: objects are theirs only."""
        return any(isinstance(bound, BoundClass) for bound in self.bindings.values())


class Retrial:
    """Second trials of one notebook. Together they may take the time of one notebook.

    Exercises with the same failed callees share a session, which lives as long as this, for a look
    at how they answer. All failed callees are answered, also those that would be right if only
    their own were: each answer travels twice, and a student's code may ask for one entry at a time.

    Parameters
    ----------
    assignment
        Both halves of it.
    start
        Returns a student of the notebook, some names answered by functions of ours.
    seed_of
        Seed of each check, as in the first trial.
    first
        What came of all exercises in the first trial.
    problems
        Filled with faults of the checks themselves.
    """

    def __init__(
        self,
        assignment: Assignment,
        start: Callable[[Spent, Mapping[str, Bound]], FarStudent],
        seed_of: Callable[[Check], int],
        first: Sequence[ExerciseResult],
        problems: list[str],
    ) -> None:
        self._assignment = assignment
        self._start = start
        self._seed_of = seed_of
        self._first = {result.name: result for result in first}
        self._problems = problems
        self._places: dict[Names, _Surroundings] = {}
        self.spent = Spent()
        self.wall_limited = False
        self.tried: dict[str, tuple[ExerciseResult, Transcript]] = {}
        self.asked: dict[str, list[Asked]] = {}
        self.answered: dict[str, Mapping[str, Bound]] = {}
        self.students: dict[str, FarStudent] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for place in self._places.values():
            place.student.close()

    def retry(self, result: ExerciseResult) -> ExerciseResult:
        """Return the better of `result` and a second trial, if there is one."""
        exercise = self._assignment.public.exercise(result.name)
        names = tuple(
            name
            for name in exercise.uses
            if self._first[name].status != "passed" and name in self._assignment.reference
        )
        if result.status in ("passed", "missing") or not names:
            return result
        if result.status == "timeout" and not any(map(self._hangs, names)):
            return result  # its own time, and it would take it again
        place = self._surroundings(names)
        asked: list[Asked] = []
        transcript = Transcript()
        second = run_exercise(
            exercise,
            self._assignment.checks,
            place.student,
            self._seed_of,
            self._problems,
            asked,
            transcript,
        )
        self.tried[result.name] = second, transcript
        self.wall_limited = self.wall_limited or place.student.wall_limited
        if second.points <= result.points:
            return result
        self.asked[result.name], self.answered[result.name] = asked, place.bindings
        if not place.forgets:
            self.students[result.name] = place.student
        note = (
            f"Graded with {' and '.join(names)} answered by the reference, because yours is not "
            "right yet: one mistake is paid for once."
        )
        return replace(second, notes=(note,))

    def _surroundings(self, names: Names) -> _Surroundings:
        """Return the session in which `names` are answered by the reference."""
        if names not in self._places:
            for others, place in list(self._places.items()):
                if place.forgets:
                    self._places.pop(others).student.close()
            path = self._assignment.solutions / HIDDEN_CHECKS
            bindings = oracle(path).bindings(names)
            self._places[names] = _Surroundings(self._start(self.spent, bindings), bindings)
        return self._places[names]

    def _hangs(self, name: str) -> bool:
        return any(check.status == "timeout" for check in self._first[name].checks)
