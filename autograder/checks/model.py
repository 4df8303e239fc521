"""Declaring exercises and checks.

``checks.py`` of an assignment declares its exercises and the visible checks; it ships beside the
notebook and holds no answer. ``hidden_checks.py`` declares the checks that need the reference.
Both are written once, against a `Student`, near or far::

    SIGMOID = Exercise("sigmoid", points=4)

    @visible("sigmoid", points=1, title="sigma(0) is one half")
    def midpoint(student: Student, case: Case) -> None:
        expect.close("sigmoid(0)", student.call("sigmoid", 0.0), 0.5, show=True)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from autograder.values import Rng

if TYPE_CHECKING:
    from autograder.student import Student

CheckFunction = Callable[["Student", "Case"], None]

DEFAULT_CALL_SECONDS = 20.0
"""CPU seconds one call may take; a lab's check asks for more."""


@dataclass(frozen=True)
class Exercise:
    """One function or class that the student writes.

    Parameters
    ----------
    name
        The function's name, which is also the ``grade_id`` of its solution cell.
    points
        What it is worth: the sum of the points of its visible and hidden checks.
    uses
        Exercises of the same assignment that its solution naturally calls. When both fail, the
        exercise is tried again with these answered by the reference, so that one mistake is paid
        for once.
    formula
        Whether it is a derivative whose formula is asked for: a numerical derivative in its place
        earns nothing, however exact it is.
    """

    name: str
    points: float
    uses: tuple[str, ...] = ()
    formula: bool = False


@dataclass
class Case:
    """What one run of one check may draw from.

    Parameters
    ----------
    seed
        Seeds this run. Near it is public; in grading it is secret and fresh for each check.
    attempt
        0 for the first run; a failing lab is run again with 1 and 2.
    hidden
        Whether the check is hidden: then a message says less about few numbers.
    """

    seed: int
    attempt: int = 0
    hidden: bool = True
    notes: list[str] = field(default_factory=list)
    rng: np.random.Generator = field(init=False)

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng([self.seed, self.attempt])

    def generator(self) -> Rng:
        """Return a fresh generator for the student's function."""
        return Rng(int(self.rng.integers(2**63)))

    def note(self, text: str) -> None:
        """Remark on a check that passes, for the student to read."""
        if text not in self.notes:
            self.notes.append(text)


@dataclass(frozen=True)
class Check:
    """One assertion about one exercise, with its points.

    Parameters
    ----------
    exercise
        Name of the exercise.
    points
        What passing it earns.
    title
        What is asserted, in a few words that the student may read before and after.
    function
        Called with a student and a case; raises `CheckFailed`.
    hint
        What a student who fails should look at next. Gives no code.
    attempts
        How many seeds it may try; the best counts. More than one for labs only.
    cpu_seconds
        Deadline of each call that it makes.
    """

    exercise: str
    points: float
    title: str
    function: CheckFunction
    visible: bool
    hint: str = ""
    attempts: int = 1
    cpu_seconds: float = DEFAULT_CALL_SECONDS


def _declare(
    exercise: str,
    *,
    shown: bool,
    points: float,
    title: str,
    hint: str = "",
    attempts: int = 1,
    cpu_seconds: float = DEFAULT_CALL_SECONDS,
) -> Callable[[CheckFunction], Check]:
    """Declare a check; parameters as in `Check`."""

    def declare(function: CheckFunction) -> Check:
        return Check(exercise, points, title, function, shown, hint, attempts, cpu_seconds)

    return declare


visible = partial(_declare, shown=True)
"""Declare a check that ships to students; parameters as in `Check`."""

hidden = partial(_declare, shown=False)
"""Declare a check that only the grader runs; parameters as in `Check`."""
