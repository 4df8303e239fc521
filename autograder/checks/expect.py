"""Assertions about what a student's function returned.

Each raises `CheckFailed` with a message that names the object, what was expected of it, what it
was, and where. None shows a hidden expected value: `close` prints it only with ``show=True``,
which a check sets where the right value is public (an identity, a limit, a worked example).

The verdict bands are those of the measured study of 220 bug variants: the relative error
``|got - want| / (|got| + |want|)`` of correct float64 code is below 2e-14, of float32 code below
7e-6, of the smallest mistake above 8e-4.
"""

from __future__ import annotations

from autograder.checks.comparing import (
    NOTE_BAND,
    PASS_BAND,
    SLOPE_BAND,
    SLOPE_STEP,
    close,
    slope,
    sums_to_one,
    tensor,
)
from autograder.checks.forms import (
    array,
    arrays,
    boolean,
    finite,
    parameters,
    scalar,
    sequence,
    supported,
)
from autograder.checks.layered import gradients, gradients_of
from autograder.errors import CheckFailed
from autograder.student import Student

__all__ = [
    "NOTE_BAND",
    "PASS_BAND",
    "SLOPE_BAND",
    "SLOPE_STEP",
    "array",
    "arrays",
    "boolean",
    "close",
    "finite",
    "gradients",
    "gradients_of",
    "holds",
    "parameters",
    "scalar",
    "sequence",
    "slope",
    "sums_to_one",
    "supported",
    "tensor",
    "unchanged",
    "within",
]


def holds(condition: bool, label: str, problem: str, *, hint: str = "") -> None:  # noqa: FBT001
    """Fail with `problem` unless `condition` holds."""
    if not condition:
        raise CheckFailed(label, problem, hint=hint)


def within(label: str, value: float, low: float, high: float, *, what: str = "") -> None:
    """Fail unless ``low <= value <= high``; the band is public, a property and not an answer."""
    if not low <= value <= high:
        name = f"{what} " if what else ""
        raise CheckFailed(label, f"{name}is {value:.4g}, expected {low:.4g} to {high:.4g}.")


def unchanged(student: Student, *, except_for: tuple[str, ...] = ()) -> None:
    """Fail if any call so far changed an argument that was passed in.

    Parameters
    ----------
    student
        The student; each call notes which arguments it changed.
    except_for
        Names of arguments that may change.
    """
    for name, argument in student.mutations:
        if argument not in except_for:
            raise CheckFailed(
                name,
                f"changed its input {argument} in place; expected it as it was.",
                hint="Work on a copy: the caller still needs the array that was passed in.",
            )
