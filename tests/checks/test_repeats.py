"""Calls that come again."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from autograder.checks import Callback, Case, Exercise, Rng, Strided, Student, expect, visible
from autograder.checks.likeness import difference, same
from autograder.checks.repeats import Listening
from autograder.checks.runner import run_exercise
from autograder.errors import DeadlineExceeded, SessionLost
from autograder.results import ExerciseResult
from autograder.student import Near
from autograder.values import Unsupported

DOUBLE = Exercise("double", points=2)


@visible("double", points=1, title="of arrays", hint="Look.")
def of_arrays(student: Student, case: Case) -> None:
    for shape in ((3,), (2, 2), (4,)):
        z = case.rng.normal(size=shape)
        expect.close("double(z)", student.call("double", z), 2.0 * z)
        z += 1.0  # what is asked again is what was asked


@visible("double", points=1, title="of a view", hint="Look.")
def of_a_view(student: Student, case: Case) -> None:
    z = case.rng.normal(size=4)
    expect.close("double(z)", student.call("double", Strided(z)), 2.0 * z)


def run(function: Callable[..., object], student: type[Near] = Near) -> ExerciseResult:
    return run_exercise(DOUBLE, (of_arrays, of_a_view), student({"double": function}))


COMPLAINT = (
    "double: gives another answer when it is asked again with the same arguments. Hint: does "
    "anything stay behind from one call to the next, a global name or a default argument that is "
    "changed, or is something drawn at random?"
)


def test_a_function_is_a_function() -> None:
    assert run(lambda z: 2.0 * z).points == 2
    assert run(lambda z: 2.0 * z + 1e-13 * np.random.default_rng().random()).points == 2


@pytest.mark.parametrize("right", [4, 5, 6])
def test_who_changes_after_the_checks_loses_the_exercise(right: int) -> None:
    calls: list[int] = []

    def tiring(z: np.ndarray) -> np.ndarray:
        calls.append(1)
        return 2.0 * z if len(calls) <= right else 3.0 * z

    result = run(tiring)
    assert (result.points, result.status, result.message) == (0, "failed", COMPLAINT)
    assert [check.message for check in result.checks] == [COMPLAINT] * 2


def test_who_raises_after_the_checks_does_too() -> None:
    calls: list[int] = []

    def tiring(z: np.ndarray) -> np.ndarray:
        calls.append(1)
        return 2.0 * z if len(calls) <= 4 else 1 / 0

    assert run(tiring).message == COMPLAINT


def test_who_earned_nothing_is_not_asked_again() -> None:
    calls: list[int] = []
    result = run(lambda z: calls.append(1) or z)
    assert (result.points, len(calls)) == (0, 2)


@pytest.mark.parametrize(
    ("error", "points"),
    [
        (DeadlineExceeded("double", "late", seconds=1.0), 2),
        (SessionLost("notebook", "ended too often"), 2),
        (SessionLost("double", "ended the process"), 0),
    ],
)
def test_what_is_not_its_fault_costs_nothing(error: Exception, points: float) -> None:
    class Ending(Near):
        calls = 0

        def call(self, name: str, *args: object, **kwargs: object) -> object:
            self.calls += 1
            if self.calls > 4:
                raise error
            return super().call(name, *args, **kwargs)

    assert run(lambda z: 2.0 * z, Ending).points == points


def test_calls_that_may_differ_are_not_kept() -> None:
    student = Listening(Near({"f": lambda *_: 1.0, "g": lambda *_: 1.0}), "f")
    student.call("f", 1.0, [np.ones(3)])
    student.call("f", Rng(1))
    student.call("f", [Callback(abs)])
    student.call("f", np.zeros(10**5))
    student.call("g", 1.0)
    [kept] = student.asked
    assert (kept.name, kept.answer, kept.check) == ("f", 1.0, 0)


def test_what_is_the_same() -> None:
    one = [np.array([1.0, np.nan]), (1, "a", None), {"k": True}, Unsupported("set")]
    assert same(one, [np.array([1.0, np.nan]), (1.0 + 1e-9, "a", None), {"k": 1}, one[3]])
    for other in (
        [np.array([1.0, 2.0]), *one[1:]],
        [np.array([1.001, np.nan]), *one[1:]],
        [one[0], (1, "b", None), *one[2:]],
        [*one[:2], {"l": True}, one[3]],
        one[:3],
        None,
    ):
        assert not same(one, other)
    assert same([1.0], (1.0,)), "a generator may come as either"


def test_differences_neither_overflow_nor_vanish() -> None:
    assert difference(np.array([1e300]), np.array([2e300])) == pytest.approx(1 / 3)
    assert difference(np.array([1e-300]), np.array([2e-300])) == pytest.approx(1 / 3)
    assert difference(np.array([np.inf, 1.0]), np.array([np.inf, 1.0])) == 0.0
    assert difference(np.array([np.inf]), np.array([-np.inf])) == np.inf
    assert difference(np.zeros(2), np.zeros(2)) == 0.0
    assert difference(np.zeros(2), np.zeros(3)) == np.inf
