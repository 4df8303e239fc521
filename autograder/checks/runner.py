"""Run checks against a student and say what came of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from autograder.checks.model import Case, Check, Exercise
from autograder.errors import (
    CheckFailed,
    DeadlineExceeded,
    NotWritten,
    StudentFault,
)
from autograder.results import CheckResult, CheckStatus, ExerciseResult
from autograder.student import Student

SeedOf = Callable[[Check], int]

Problems = list[str]


def public_seed(check: Check) -> int:
    """Seed of a check in the student's own run: the same at each run, and no secret."""
    return int.from_bytes(f"{check.exercise}/{check.title}".encode()[-16:], "big")


def run_exercise(
    exercise: Exercise,
    checks: Iterable[Check],
    student: Student,
    seed_of: SeedOf = public_seed,
    problems: Problems | None = None,
) -> ExerciseResult:
    """Run those of `checks` that belong to `exercise`.

    Parameters
    ----------
    exercise
        The exercise.
    checks
        Visible checks, or visible and hidden ones.
    student
        Near or far.
    seed_of
        Seed of each check's inputs.
    problems
        Filled with faults of the checks themselves, for the instructor.
    """
    mine = [check for check in checks if check.exercise == exercise.name]
    results = tuple(run_check(check, student, seed_of(check), problems) for check in mine)
    return ExerciseResult(exercise.name, exercise.points, results)


def run_check(
    check: Check, student: Student, seed: int, problems: Problems | None = None
) -> CheckResult:
    """Run one check, again under further seeds if it may; the best counts."""
    result = _attempt(check, student, seed, 0, problems)
    for attempt in range(1, check.attempts):
        if result.status != "failed":
            break
        again = _attempt(check, student, seed, attempt, problems)
        if again.status == "passed":
            result = again
    return result


def _attempt(
    check: Check, student: Student, seed: int, attempt: int, problems: Problems | None
) -> CheckResult:
    case = Case(seed, attempt)
    status: CheckStatus = "passed"
    message = ""
    student.mutations.clear()
    student.cpu_seconds = check.cpu_seconds
    try:
        check.function(student, case)
    except CheckFailed as failure:
        status, message = (
            "failed",
            _advise(str(failure), failure.hint or ("" if failure.form else check.hint)),
        )
    except NotWritten as failure:
        status, message = "missing", failure.problem
    except DeadlineExceeded as failure:
        status, message = "timeout", failure.problem
    except StudentFault as failure:
        status, message = "error", _advise(failure.problem, "")
    except Exception as failure:  # noqa: BLE001 - one broken check must not stop a class
        status, message = (
            "error",
            (
                "This check broke on what your function returned. Tell your instructor: the "
                "fault is in the check."
            ),
        )
        if problems is not None:
            problems.append(
                f"check {check.exercise!r} / {check.title!r} raised "
                f"{type(failure).__name__}: {str(failure)[:300]}"
            )
    notes = tuple(case.notes) if status == "passed" else ()
    return CheckResult(check.title, check.visible, check.points, status, message, notes)


def _advise(text: str, hint: str) -> str:
    return f"{text} Hint: {hint}" if hint else text
