"""Run checks against a student and say what came of each."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace

import numpy as np

from autograder.checks.model import Case, Check, Exercise
from autograder.checks.repeats import AGAIN, COMPLAINT, Asked, Listening, answers_change
from autograder.checks.transcript import Transcript
from autograder.diagnosis.raised import read_raised
from autograder.errors import (
    CheckFailed,
    DeadlineExceeded,
    JailUnavailable,
    NotWritten,
    StudentFault,
    StudentRaised,
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
    asked: list[Asked] | None = None,
    transcript: Transcript | None = None,
) -> ExerciseResult:
    """Run those of `checks` that belong to `exercise`, then ask some of their calls again.

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
    asked
        Filled with the calls that were made and could be made again.
    transcript
        Filled with what the checks were answered.
    """
    mine = [check for check in checks if check.exercise == exercise.name]
    listening = Listening(student, exercise.name, transcript)
    results: list[CheckResult] = []
    for number, check in enumerate(mine):
        listening.check = number
        results.append(run_check(check, listening, seed_of(check), problems))
    if asked is not None:
        asked += listening.asked
    result = ExerciseResult(exercise.name, exercise.points, tuple(results))
    if not result.points:
        return result
    # What the student's function prints has been printed.
    with redirect_stdout(_Nowhere()), redirect_stderr(_Nowhere()):
        changed = _answers_change(mine, result, student, listening.asked, seed_of)
    return refused(result, COMPLAINT.format(name=exercise.name)) if changed else result


class _Nowhere(io.TextIOBase):
    """Takes text and keeps none of it."""

    def write(self, text: str) -> int:
        return len(text)


def refused(result: ExerciseResult, complaint: str) -> ExerciseResult:
    """Return `result` with nothing earned, and one complaint in place of all."""
    checks = (
        replace(check, status="failed", message=complaint, rule="") for check in result.checks
    )
    return replace(result, checks=tuple(replace(check, notes=()) for check in checks))


def _answers_change(
    checks: Sequence[Check],
    result: ExerciseResult,
    student: Student,
    asked: Sequence[Asked],
    seed_of: SeedOf,
) -> bool:
    """Ask some calls again in another order, with those of a check on fresh inputs between them."""
    if not asked:
        return False
    rng = np.random.default_rng([seed_of(checks[0]), len(asked)])
    chosen = [asked[int(k)] for k in rng.permutation(len(asked))[:AGAIN]]
    half = len(chosen) // 2
    if answers_change(student, chosen[:half], rng):
        return True
    calls = {number: sum(a.check == number for a in asked) for number in range(len(checks))}
    passed = [k for k, check in enumerate(result.checks) if check.status == "passed" and calls[k]]
    if passed:
        # Only its calls matter: it has passed.
        fresh = checks[min(passed, key=lambda number: calls[number])]
        _attempt(fresh, student, int(rng.integers(2**62)), 0, None)
    return answers_change(student, chosen, rng)


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
    case = Case(seed, attempt, hidden=not check.visible)
    status: CheckStatus = "passed"
    message = rule = ""
    student.mutations.clear()
    student.cpu_seconds = check.cpu_seconds
    try:
        check.function(student, case)
    except CheckFailed as failure:
        status, message = (
            "failed",
            _advise(str(failure), failure.hint or ("" if failure.form else check.hint)),
        )
        rule = failure.rule
    except NotWritten as failure:
        status, message = "missing", failure.problem
    except DeadlineExceeded as failure:
        status, message = "timeout", failure.problem
    except StudentRaised as failure:
        finding = read_raised(failure.kind, failure.text)
        status, message = "error", _advise(failure.problem, finding.sentence if finding else "")
        rule = finding.rule if finding else ""
    except StudentFault as failure:
        status, message = "error", _advise(failure.problem, "")
    except JailUnavailable:
        raise
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
    return CheckResult(check.title, check.visible, check.points, status, message, notes, rule)


def _advise(text: str, hint: str) -> str:
    return f"{text} Hint: {hint}" if hint else text
