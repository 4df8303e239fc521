"""Assertions about what a student's function returned.

Each raises `CheckFailed` with a message that names the object, what was expected of it, what it
was, and where. None shows a hidden expected value: `close` prints it only with ``show=True``,
which a check sets where the right value is public (an identity, a limit, a worked example).

The verdict bands are those of the measured study of 220 bug variants: the relative error
``|got - want| / (|got| + |want|)`` of correct float64 code is below 2e-14, of float32 code below
7e-6, of the smallest mistake above 8e-4.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from autograder.checks.model import Case
from autograder.errors import CheckFailed
from autograder.student import Student
from autograder.values import Unsupported, describe

PASS_BAND = 1e-6
NOTE_BAND = 1e-4
SLOPE_STEP = 1e-5
SLOPE_BAND = 1e-5

Array = NDArray[np.float64]


def array(
    label: str, value: object, shape: tuple[int, ...] | None = None, *, because: str = ""
) -> Array:
    """Return `value` as a float64 array, or fail if it is not an array of `shape`.

    Parameters
    ----------
    label
        What the value is, as the student knows it.
    value
        What came back. A Python number counts as an array of shape ``()``.
    shape
        Expected shape; None for any.
    because
        Why that shape: ``"the shape of z"``.
    """
    reason = f", {because}" if because else ""
    wanted = f"an array of shape {shape}{reason}" if shape is not None else "a NumPy array"
    is_number = isinstance(value, (bool, int, float)) and shape in ((), None)
    if not isinstance(value, np.ndarray) and not is_number:
        raise CheckFailed(label, f"expected {wanted}, got {describe(value)}.", form=True)
    got = np.asarray(value)
    if shape is not None and got.shape != shape:
        raise CheckFailed(label, f"expected {wanted}, got {describe(value)}.", form=True)
    return got.astype(np.float64)


def scalar(label: str, value: object) -> float:
    """Return `value` as a float, or fail if it is not one finite number."""
    if isinstance(value, np.ndarray) and value.shape == ():
        value = value.item()
    if not isinstance(value, (bool, int, float)):
        raise CheckFailed(label, f"expected a number, got {describe(value)}.", form=True)
    if not np.isfinite(value):
        raise CheckFailed(label, f"expected a finite number, got {value}.")
    return float(value)


def boolean(label: str, value: object) -> bool:
    """Return `value` if it is True or False (0-d boolean arrays included), or fail."""
    if isinstance(value, np.ndarray) and value.shape == () and value.dtype == bool:
        value = bool(value)
    if not isinstance(value, bool):
        raise CheckFailed(label, f"expected True or False, got {describe(value)}.", form=True)
    return value


def sequence(label: str, value: object, length: int | None = None) -> list[Any]:
    """Return `value` as a list; lists, tuples and generators are interchangeable."""
    wanted = "a list" if length is None else f"a list of {length} items"
    if not isinstance(value, (list, tuple)) or (length is not None and len(value) != length):
        raise CheckFailed(label, f"expected {wanted}, got {describe(value)}.", form=True)
    return list(value)


def arrays(label: str, value: object, shapes: Sequence[tuple[int, ...]]) -> list[Array]:
    """Return `value` as a list of arrays of the given shapes, or fail at the first that is not."""
    items = sequence(label, value, len(shapes))
    return [
        array(f"{label}[{k}]", item, shape)
        for k, (item, shape) in enumerate(zip(items, shapes, strict=True))
    ]


def parameters(
    label: str, value: object, sizes: Sequence[int], names: tuple[str, str] = ("weights", "biases")
) -> tuple[list[Array], list[Array]]:
    """Return `value` as finite ``(weights, biases)`` of a net with layer `sizes`, or fail.

    Also serves ``(dWs, dbs)``, which have the same shapes.
    """
    if isinstance(value, (list, tuple)) and value and isinstance(value[0], np.ndarray):
        raise CheckFailed(
            label,
            f"expected ({names[0]}, {names[1]}), two lists, got {describe(value)} that holds "
            "arrays. Is the other list missing?",
            form=True,
        )
    first, second = sequence(label, value, 2)
    pairs = list(pairwise(sizes))
    weights = arrays(names[0], first, [(n_out, n_in) for n_in, n_out in pairs])
    biases = arrays(names[1], second, [(n_out,) for _, n_out in pairs])
    for name, items in zip(names, (weights, biases), strict=True):
        for k, item in enumerate(items):
            finite(f"{name}[{k}]", item)
    return weights, biases


def finite(label: str, value: NDArray[Any]) -> None:
    """Fail if `value` holds a NaN or an infinity, and say where."""
    wrong = ~np.isfinite(value)
    if wrong.any():
        index = _first(wrong)
        raise CheckFailed(
            label,
            f"expected finite numbers, got {value[index]}{_at(index)} "
            f"({int(wrong.sum())} of {value.size} entries are not finite).",
            index=index,
        )


def close(
    label: str,
    got: object,
    want: ArrayLike,
    *,
    case: Case | None = None,
    show: bool = False,
    hint: str = "",
) -> None:
    """Fail unless `got` equals `want` entry by entry, to the verdict bands.

    Parameters
    ----------
    label, got
        The object and what came back. Its shape must be that of `want`.
    want
        The right value.
    case
        Takes the note when float32 precision was met but not float64's.
    show
        Whether the message may print `want`: only where the value is public.
    hint
        Replaces the check's hint.

    Notes
    -----
    For functions that act on each entry. The error of an entry is measured against
    ``|got| + |want| + 1e-7``, so that a result in float32 may round tiny values to zero.
    """
    right = np.asarray(want, dtype=np.float64)
    values = array(label, got, right.shape)
    finite(label, values)
    if not right.size:
        return
    error = np.abs(values - right) / (np.abs(values) + np.abs(right) + 1e-7)
    worst = _largest(error)
    if error[worst] <= NOTE_BAND:
        _note_precision(case, label, float(error[worst]))
        return
    off = f"expected {right[worst]:.10g}" if show else f"relative error {error[worst]:.2g}"
    if right.size == 1:
        raise CheckFailed(label, f"is {values[worst]:.10g}, {off}.", index=worst, hint=hint)
    count = int((error > NOTE_BAND).sum())
    raise CheckFailed(
        label,
        f"{count} of {right.size} entries are off. Worst{_at(worst)}: "
        f"yours is {values[worst]:.10g}, {off}.",
        index=worst,
        hint=hint,
    )


def tensor(
    label: str, got: object, want: ArrayLike, *, case: Case | None = None, hint: str = ""
) -> None:
    """Fail unless the tensor `got` equals `want` in norm, to the verdict bands.

    For gradients and parameters: ``e = |got - want| / (|got| + |want|)`` over the whole tensor,
    at most 1e-6 passes, at most 1e-4 passes with a note, more fails.
    """
    right = np.asarray(want, dtype=np.float64)
    values = array(label, got, right.shape)
    finite(label, values)
    scale = float(np.linalg.norm(values) + np.linalg.norm(right))
    if scale == 0.0:
        return
    error = float(np.linalg.norm(values - right)) / scale
    if error <= NOTE_BAND:
        _note_precision(case, label, error)
        return
    worst = _largest(np.abs(values - right))
    raise CheckFailed(
        label,
        f"the shape is right, the values are not: relative error {error:.2g} over the whole array "
        f"(at most {PASS_BAND:g} passes). Worst{_at(worst)}: yours is {values[worst]:.6g}.",
        index=worst,
        hint=hint,
    )


def slope(
    label: str,
    got: object,
    loss: Callable[[Array], float],
    at: ArrayLike,
    *,
    of: str = "the loss",
    hint: str = "",
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
    """
    point = np.array(at, dtype=np.float64, order="C")  # so that the flat one below is a view
    values = array(label, got, point.shape)
    finite(label, values)
    flat = point.reshape(-1)
    numeric = np.empty_like(flat)
    for k, middle in enumerate(flat.copy()):
        flat[k] = middle + SLOPE_STEP
        above = loss(point)
        flat[k] = middle - SLOPE_STEP
        numeric[k] = (above - loss(point)) / (2 * SLOPE_STEP)
        flat[k] = middle
    right = numeric.reshape(point.shape)
    scale = float(np.linalg.norm(values) + np.linalg.norm(right))
    error = float(np.linalg.norm(values - right)) / scale if scale > 0 else 0.0
    if error <= SLOPE_BAND:
        return
    worst = _largest(np.abs(values - right))
    raise CheckFailed(
        label,
        f"does not match the slope of {of}: relative error {error:.2g} "
        f"(at most {SLOPE_BAND:g} passes). Worst{_at(worst)}: yours is {values[worst]:.6g}, "
        f"the central difference gives {right[worst]:.6g}.",
        index=worst,
        hint=hint,
    )


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


def supported(label: str, value: object) -> None:
    """Fail if `value` is of a type that does not travel."""
    if isinstance(value, Unsupported):
        raise CheckFailed(
            label, f"expected plain arrays and numbers, got {describe(value)}.", form=True
        )


def _note_precision(case: Case | None, label: str, error: float) -> None:
    if case is not None and error > PASS_BAND:
        case.note(
            f"{label} is right to {error:.0e} only: is something computed in float32, or "
            "rounded, on the way?"
        )


def _largest(error: NDArray[Any]) -> tuple[int, ...]:
    return tuple(int(k) for k in np.unravel_index(int(np.argmax(error)), error.shape))


def _first(flags: NDArray[np.bool_]) -> tuple[int, ...]:
    return tuple(int(k) for k in np.unravel_index(int(np.argmax(flags)), flags.shape))


def _at(index: tuple[int, ...]) -> str:
    return f" at {list(index)}" if index else ""
