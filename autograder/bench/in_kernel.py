"""What a classic test cell runs: the checks of one exercise, in the student's own kernel.

Nothing here is how this suite grades. It is the work that graders which test in the kernel do, so
that they can be measured: torch, the reference and the checks are imported beside the student's
code, and the checks call the student's functions in place.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from functools import cache
from pathlib import Path
from typing import Any

from autograder.checks.model import Check
from autograder.checks.runner import public_seed, run_check
from autograder.course import Assignment, Course
from autograder.results import CheckResult
from autograder.student import Near


@cache
def _load(root: str, assignment: str) -> Assignment:
    """Load once a kernel, which is kinder than a test cell that stands for itself."""
    return Course(Path(root)).load(assignment)


def points(root: str, assignment: str, exercise: str, namespace: Mapping[str, Any]) -> float:
    """Return the points of an exercise, after all of its checks, visible and hidden.

    Each check runs once, on inputs drawn as in grading, though from public seeds. What makes our
    own grading robust (second trials, calls asked again, a look for numerical derivatives) is left
    out. Warnings and prints are kept off stderr, since nbgrader takes a line there for a failure.

    Parameters
    ----------
    root, assignment, exercise
        The course's folder, and what is tested.
    namespace
        The notebook's variables.
    """
    with _silence():
        results = [_run(check, namespace) for check in _checks(root, assignment, exercise)]
    return float(round(sum(result.points for result in results), 6))


def require(
    root: str, assignment: str, exercise: str, number: int, namespace: Mapping[str, Any]
) -> None:
    """Run one check of an exercise; raise `AssertionError` unless it passes."""
    with _silence():
        result = _run(_checks(root, assignment, exercise)[number], namespace)
    if result.status != "passed":
        raise AssertionError(result.message)


@cache
def _checks(root: str, assignment: str, exercise: str) -> list[Check]:
    return [check for check in _load(root, assignment).checks if check.exercise == exercise]


def _run(check: Check, namespace: Mapping[str, Any]) -> CheckResult:
    return run_check(check, Near(namespace), public_seed(check))


@contextmanager
def _silence() -> Iterator[None]:
    nowhere = io.StringIO()
    with warnings.catch_warnings(), redirect_stdout(nowhere), redirect_stderr(nowhere):
        warnings.simplefilter("ignore")
        yield
