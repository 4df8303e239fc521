"""Running checks: statuses, retries, hints, and faults of our own."""

from __future__ import annotations

import pytest

from autograder.checks import Case, Check, Exercise, Student, expect, hidden, visible
from autograder.checks.runner import public_seed, run_check, run_exercise
from autograder.errors import CheckFailed, DeadlineExceeded
from autograder.student import Near

HALF = Exercise("half", points=3)


@visible("half", points=1, title="half of two", hint="What is two over two?")
def of_two(student: Student, case: Case) -> None:
    expect.close("half(2)", student.call("half", 2.0), 1.0, show=True)


@hidden("half", points=2, title="half of anything", hint="Look again.")
def of_any(student: Student, case: Case) -> None:
    z = case.rng.normal(size=3)
    expect.close("half(z)", student.call("half", z), z / 2)


CHECKS = (of_two, of_any)


def run(function: object) -> object:
    return run_exercise(HALF, CHECKS, Near({"half": function}))


def test_all_right() -> None:
    result = run(lambda z: z / 2)
    assert (result.status, result.points, result.covered) == ("passed", 3, 3)
    assert [check.visible for check in result.checks] == [True, False]


def test_partial_credit_comes_from_weights() -> None:
    result = run(lambda z: z / 2 if isinstance(z, float) else z)
    assert (result.status, result.points) == ("partial", 1)
    assert result.message.endswith("Hint: Look again.")


def test_wrong() -> None:
    result = run(lambda z: z)
    assert (result.status, result.points) == ("failed", 0)
    assert result.message == ("half(2): is 2, expected 1. Hint: What is two over two?")


def stub(z: float) -> float:
    raise NotImplementedError("half")


def test_a_stub_is_missing_and_so_is_nothing() -> None:
    result = run(stub)
    assert (result.status, result.message) == ("missing", "half is still to be written.")
    result = run_exercise(HALF, CHECKS, Near({}))
    assert result.status == "missing"
    assert result.message == (
        "half is not defined. Has the cell that defines it been run without an error?"
    )


def test_an_exception_is_an_error() -> None:
    result = run(lambda _: 1 / 0)
    assert result.status == "error"
    assert result.message.startswith("half raised ZeroDivisionError: division by zero")


def test_a_deadline_is_a_timeout() -> None:
    class Slow(Near):
        def call(self, name: str, *args: object, **kwargs: object) -> None:
            raise DeadlineExceeded(name, "too slow", seconds=1.0)

    result = run_exercise(HALF, CHECKS, Slow({}))
    assert (result.status, result.message) == ("timeout", "too slow")


def check_that(function: object, attempts: int = 1) -> Check:
    return Check("half", 1, "title", function, visible=False, attempts=attempts)  # type: ignore[arg-type]


def test_a_fault_of_a_check_is_told_to_the_instructor() -> None:
    problems: list[str] = []

    def broken(student: Student, case: Case) -> None:
        raise KeyError("oops")

    result = run_check(check_that(broken), Near({}), 1, problems)
    assert result.status == "error"
    assert "the fault is in the check" in result.message
    assert problems == ["check 'half' / 'title' raised KeyError: 'oops'"]


@pytest.mark.parametrize(("succeeds_at", "status"), [(0, "passed"), (2, "passed"), (3, "failed")])
def test_the_best_attempt_counts(succeeds_at: int, status: str) -> None:
    seen = []

    def lucky(student: Student, case: Case) -> None:
        seen.append((case.attempt, case.rng.integers(10**9)))
        if case.attempt < succeeds_at:
            raise CheckFailed("lab", f"attempt {case.attempt}")

    result = run_check(check_that(lucky, attempts=3), Near({}), 1)
    assert result.status == status
    assert len({draw for _, draw in seen}) == len(seen), "each attempt has its own inputs"
    if status == "failed":
        assert result.message == "lab: attempt 0"


def test_the_same_seed_gives_the_same_inputs() -> None:
    draws = [Case(7).rng.integers(10**9) for _ in range(2)]
    assert draws[0] == draws[1] != Case(8).rng.integers(10**9)
    assert public_seed(of_two) == public_seed(of_two) != public_seed(of_any)


def test_notes_are_kept_when_a_check_passes() -> None:
    def noted(student: Student, case: Case) -> None:
        case.note("float32?")
        case.note("float32?")

    assert run_check(check_that(noted), Near({}), 1).notes == ("float32?",)


def test_the_hint_is_kept_back_when_the_form_is_wrong() -> None:
    """A hint about values leads astray who returns the wrong type or shape."""
    result = run(lambda _: None)
    assert result.message == (
        "half(2): expected an array of shape (), got None (is a return missing?)."
    )
