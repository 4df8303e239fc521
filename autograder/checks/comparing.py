"""Assertions about values: entry by entry, in norm, against central differences.

A pattern in a wrong result is named by `autograder.diagnosis`, and its question takes the place of
the check's hint. In a hidden check the sentence gives patterns and ratios, never a right value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from autograder.checks import forms
from autograder.checks.forms import NOTHING, array, as_arrays, finite
from autograder.checks.model import Case
from autograder.diagnosis import Counts, Finding
from autograder.diagnosis.places import normalized
from autograder.diagnosis.residuals import read
from autograder.errors import CheckFailed

PASS_BAND = 1e-6
NOTE_BAND = 1e-4
SLOPE_STEP = 1e-5
SLOPE_BAND = 1e-5

Array = NDArray[np.float64]
Known = Mapping[str, ArrayLike]
Seen = tuple[str, ArrayLike, ArrayLike]


def close(
    label: str,
    got: object,
    want: ArrayLike,
    *,
    case: Case | None = None,
    show: bool = False,
    hint: str = "",
    counts: Counts = NOTHING,
    known: Known | None = None,
    seen_as: Seen | None = None,
) -> None:
    """Fail unless `got` equals `want` entry by entry, to the verdict bands.

    Parameters
    ----------
    label, got
        The object and what came back. Its shape must be that of `want`.
    want
        The right value.
    case
        Takes the note when float32 precision was met but not float64's. Without a case the check
        is taken for a hidden one.
    show
        Whether the message may print `want`: only where the value is public.
    hint
        Replaces the check's hint, unless a rule recognizes a pattern.
    counts
        What the numbers of the fixture mean, so that a rule can name a factor.
    known
        Arrays of the fixture that a wrong result may hold, by what the student calls them.
    seen_as
        A name, and `got` and `want` in the form in which a factor would show: the rules look
        there, too.

    Notes
    -----
    For functions that act on each entry. The error of an entry is measured against
    ``|got| + |want| + 1e-7``, so that a result in float32 may round tiny values to zero.
    """
    right = np.asarray(want, dtype=np.float64)
    values = array(label, got, right.shape)
    finite(label, values, counts=counts, known=known)
    if not right.size:
        return
    error = np.abs(values - right) / (np.abs(values) + np.abs(right) + 1e-7)
    worst = largest(error)
    if error[worst] <= NOTE_BAND:
        note_precision(case, label, float(error[worst]))
        return
    public = show or is_public(case)
    finding = read(np.asarray(got), right, counts, as_arrays(known), public=public)
    finding = finding or _seen(seen_as, counts, public=public)
    off = f"expected {right[worst]:.10g}" if show else f"relative error {error[worst]:.2g}"
    count = int((error > NOTE_BAND).sum())
    problem = (
        f"is {values[worst]:.10g}, {off}."
        if right.size == 1
        else f"{count} of {right.size} entries are off. Worst{forms.at(worst)}: yours is "
        f"{values[worst]:.10g}, {off}."
    )
    raise failure(label, problem, worst, hint, finding)


def tensor(
    label: str,
    got: object,
    want: ArrayLike,
    *,
    case: Case | None = None,
    hint: str = "",
    counts: Counts = NOTHING,
    known: Known | None = None,
    seen_as: Seen | None = None,
) -> None:
    """Fail unless the tensor `got` equals `want` in norm, to the verdict bands.

    For gradients and parameters: ``e = |got - want| / (|got| + |want|)`` over the whole tensor,
    at most 1e-6 passes, at most 1e-4 passes with a note, more fails. Parameters as in `close`.
    """
    right = np.asarray(want, dtype=np.float64)
    values = array(label, got, right.shape)
    finite(label, values, counts=counts, known=known)
    error = relative_error(values, right)
    if error <= NOTE_BAND:
        note_precision(case, label, error)
        return
    public = is_public(case)
    finding = read(np.asarray(got), right, counts, as_arrays(known), public=public)
    finding = finding or _seen(seen_as, counts, public=public)
    problem, worst = off_in_norm(values, right, error)
    raise failure(label, problem, worst, hint, finding)


def slope(
    label: str,
    got: object,
    loss: Callable[[Array], float],
    at: ArrayLike,
    *,
    of: str = "the loss",
    hint: str = "",
    counts: Counts = NOTHING,
    known: Known | None = None,
) -> None:
    """Fail unless the gradient `got` agrees with central differences of `loss` around `at`.

    The self-check that ships no answer: the numeric value is computed from the loss, so the
    message may show it.

    Parameters
    ----------
    label, got
        The student's gradient.
    loss
        Scalar function of an array shaped like `at`. Float64, made of library primitives.
    at
        Where the gradient was taken.
    of
        What `loss` is, for the message.
    hint, counts, known
        As in `close`.
    """
    point = np.array(at, dtype=np.float64, order="C")  # so that the flat one below is a view
    values = array(label, got, point.shape)
    finite(label, values, counts=counts, known=known)
    flat = point.reshape(-1)
    numeric = np.empty_like(flat)
    for k, middle in enumerate(flat.copy()):
        flat[k] = middle + SLOPE_STEP
        above = loss(point)
        flat[k] = middle - SLOPE_STEP
        numeric[k] = (above - loss(point)) / (2 * SLOPE_STEP)
        flat[k] = middle
    right = numeric.reshape(point.shape)
    error = relative_error(values, right)
    if error <= SLOPE_BAND:
        return
    finding = read(np.asarray(got), right, counts, as_arrays(known), exact=False)
    problem, worst = off_the_slope(values, right, error, of)
    raise failure(label, problem, worst, hint, finding)


def sums_to_one(label: str, value: Array, *, counts: Counts = NOTHING, hint: str = "") -> None:
    """Fail unless each row of the matrix `value` sums to 1, to the verdict band."""
    sums = value.sum(axis=1)
    error = np.abs(sums - 1.0) / (np.abs(sums) + 1.0)
    worst = largest(error)
    if error[worst] <= NOTE_BAND:
        return
    problem = f"row {worst[0]} sums to {sums[worst]:.6g}, expected 1 in each row."
    finding = normalized(value, 1.0, counts, NOTE_BAND)
    raise failure(label, problem, worst, hint, finding)


def _seen(seen_as: Seen | None, counts: Counts, *, public: bool) -> Finding | None:
    if seen_as is None:
        return None
    name, got, want = seen_as
    mine, right = np.asarray(got, dtype=np.float64), np.asarray(want, dtype=np.float64)
    finding = read(mine, right, counts, public=public)
    return finding and Finding(finding.rule, f"Look at {name}. {finding.sentence}")


def failure(
    label: str,
    problem: str,
    index: tuple[int, ...],
    hint: str = "",
    finding: Finding | None = None,
) -> CheckFailed:
    """Return what to raise; a finding's sentence takes the place of the hint."""
    if finding is not None:
        return CheckFailed(label, problem, index=index, hint=finding.sentence, rule=finding.rule)
    return CheckFailed(label, problem, index=index, hint=hint)


def off_in_norm(values: Array, right: Array, error: float) -> tuple[str, tuple[int, ...]]:
    """Return what is said of a wrong tensor, and where it is worst."""
    worst = largest(np.abs(values - right))
    problem = (
        f"the shape is right, the values are not: relative error {error:.2g} over the whole array "
        f"(at most {PASS_BAND:g} passes). Worst{forms.at(worst)}: yours is {values[worst]:.6g}."
    )
    return problem, worst


def off_the_slope(
    values: Array, right: Array, error: float, of: str
) -> tuple[str, tuple[int, ...]]:
    """Return what is said of a wrong gradient beside central differences, and where it is worst."""
    worst = largest(np.abs(values - right))
    problem = (
        f"does not match the slope of {of}: relative error {error:.2g} "
        f"(at most {SLOPE_BAND:g} passes). Worst{forms.at(worst)}: yours is {values[worst]:.6g}, "
        f"the central difference gives {right[worst]:.6g}."
    )
    return problem, worst


def relative_error(values: Array, right: Array) -> float:
    """Return ``|values - right| / (|values| + |right|)``, 0 for two zeros."""
    scale = float(np.linalg.norm(values) + np.linalg.norm(right))
    return float(np.linalg.norm(values - right)) / scale if scale > 0.0 else 0.0


def note_precision(case: Case | None, label: str, error: float) -> None:
    """Remark on an answer that passes with the precision of float32 only."""
    if case is not None and error > PASS_BAND:
        case.note(
            f"{label} is right to {error:.0e} only: is something computed in float32, or "
            "rounded, on the way?"
        )


def is_public(case: Case | None) -> bool:
    """Whether a message may name the ratio to a single right number."""
    return case is not None and not case.hidden


def largest(error: NDArray[Any]) -> tuple[int, ...]:
    """Return the index of the largest entry."""
    return tuple(int(k) for k in np.unravel_index(int(np.argmax(error)), error.shape))
