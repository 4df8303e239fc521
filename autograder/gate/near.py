"""All checks of one exercise on the solved notebook with some cells replaced, in this process.

The same checks, policy and questions again as in grading, without the student's process: only the
course's own answers run here, those of the masters and of the catalogue.
"""

from __future__ import annotations

import io
import warnings
from code import InteractiveInterpreter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import chdir, contextmanager, redirect_stdout
from dataclasses import dataclass
from functools import partial
from typing import Any

from autograder.checks import Callback, Check, Exercise
from autograder.checks.repeats import COMPLAINT, Asked
from autograder.checks.runner import run_check, run_exercise
from autograder.gate.solved import Solved
from autograder.grading.evidence import Inspection
from autograder.grading.seeds import check_seed
from autograder.results import NO_POINTS, ExerciseResult
from autograder.session.far import Bound, Cell
from autograder.session.watch import Spent
from autograder.student import Near, counted
from autograder.values import BoundClass

SeedOf = Callable[[Check], int]


@dataclass(frozen=True)
class Verdict:
    """What came of an answer to one exercise.

    Parameters
    ----------
    result
        As in a grade.
    passed
        Which checks it passes, in order, each taken by itself.
    answers_change
        Whether it earns nothing since it answers otherwise when it is asked again.
    numerical
        Whether it earns nothing since it is a numerical derivative.
    problems
        Faults of the checks themselves.
    """

    result: ExerciseResult
    passed: tuple[bool, ...]
    answers_change: bool = False
    numerical: bool = False
    problems: tuple[str, ...] = ()

    @property
    def full(self) -> bool:
        """Whether it earned all points."""
        return self.result.points == self.result.max_points


def judge(solved: Solved, exercise: str, answers: Mapping[str, str], seed: str) -> Verdict:
    """Judge an answer in the notebook that is otherwise right.

    Parameters
    ----------
    solved
        The assignment.
    exercise
        Which exercise's checks run.
    answers
        Source by exercise, in place of the solutions.
    seed
        Of the submission; the inputs of each check follow from it as in grading.
    """
    with at_home(solved):
        return _judge(solved, exercise, solved.cells(answers), seed)


def _judge(solved: Solved, name: str, cells: Sequence[Cell], seed: str) -> Verdict:
    exercise = solved.assignment.public.exercise(name)
    checks = solved.assignment.checks
    seed_of = partial(check_seed, seed)
    problems: list[str] = []
    asked: list[Asked] = []
    student = NearSession(cells)
    first = run_exercise(exercise, checks, student, seed_of, problems, asked)
    complaint = COMPLAINT.format(name=name)
    changes = all(check.message == complaint for check in first.checks)
    passed = tuple(check.status == "passed" for check in first.checks)
    if changes:
        passed = _each_by_itself(exercise, checks, cells, seed_of)
    with Inspection(
        solved.assignment.exercises,
        cells,
        solved.given,
        student,
        _session,
        {name: asked},
        {},
        {},
        seed,
    ) as inspection:
        [result] = inspection.judge([first])
    numerical = NO_POINTS in result.evidence
    return Verdict(result, passed, changes, numerical, tuple(problems))


def _each_by_itself(
    exercise: Exercise, checks: Sequence[Check], cells: Sequence[Cell], seed_of: SeedOf
) -> tuple[bool, ...]:
    """Return which checks pass where the answers of one run count, whatever comes later."""
    student = NearSession(cells)
    mine = [check for check in checks if check.exercise == exercise.name]
    return tuple(run_check(check, student, seed_of(check)).status == "passed" for check in mine)


class NearSession(Near):
    """Cells that ran in this process, with some names answered by functions of ours.

    Parameters
    ----------
    cells
        Code of ours. One that raises does not stop the next ones, as in a session.
    bindings
        The functions, by name.
    """

    def __init__(self, cells: Sequence[Cell], bindings: Mapping[str, Bound] | None = None) -> None:
        namespace: dict[str, Any] = {"__name__": "__main__"}
        interpreter = _Interpreter(namespace)
        for cell in cells:
            interpreter.runsource(cell.source, f"<cell {cell.id}>", "exec")
        for name, bound in (bindings or {}).items():
            if isinstance(bound, BoundClass):  # of second trials only, which there are not here
                raise TypeError(f"{name}: a class cannot stand in for a function")
            namespace[name] = counted(Callback(bound))
        super().__init__(namespace)

    def close(self) -> None:
        """Nothing is open."""


class _Interpreter(InteractiveInterpreter):
    """Keeps quiet about what a cell raises: what it does not define is missed by the checks."""

    def showtraceback(self) -> None:
        """Show nothing."""

    def showsyntaxerror(self, *_: object, **__: object) -> None:
        """Show nothing."""


def _session(_spent: Spent, cells: Sequence[Cell], bindings: Mapping[str, Bound]) -> NearSession:
    return NearSession(cells, bindings)


class _Nowhere(io.TextIOBase):
    """Takes text and keeps none of it."""

    def write(self, text: str) -> int:
        return len(text)


@contextmanager
def at_home(solved: Solved) -> Iterator[None]:
    """Work where the assignment's data are; NumPy's warnings and prints are the student's."""
    with (
        chdir(solved.assignment.solutions),
        redirect_stdout(_Nowhere()),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        yield
