"""Assertions about the type and the shape of what came back.

What they return can be computed with. What is wrong with the form is asked about by
`autograder.diagnosis.forms`: the check's own hint, which is about values, would lead astray.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from autograder.diagnosis import Counts, Finding
from autograder.diagnosis.forms import read_form, read_layers, read_number
from autograder.diagnosis.nonfinite import read_nonfinite
from autograder.errors import CheckFailed
from autograder.values import Unsupported, describe

Array = NDArray[np.float64]
NOTHING = Counts()


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
    is_array = isinstance(value, np.ndarray) or is_number
    got = np.asarray(value) if is_array else None
    if got is None or (shape is not None and got.shape != shape):
        problem = f"expected {wanted}, got {describe(value)}."
        raise _wrong_form(label, problem, read_form(value, shape))
    return got.astype(np.float64)


def scalar(label: str, value: object) -> float:
    """Return `value` as a float, or fail if it is not one finite number."""
    if isinstance(value, np.ndarray) and value.shape == ():
        value = value.item()
    if not isinstance(value, (bool, int, float)):
        problem = f"expected a number, got {describe(value)}."
        raise _wrong_form(label, problem, read_number(value))
    if not np.isfinite(value):
        finding = read_nonfinite(np.array([value], dtype=np.float64), NOTHING, {})
        raise CheckFailed(
            label,
            f"expected a finite number, got {value}.",
            hint=finding.sentence if finding else "",
            rule=finding.rule if finding else "",
        )
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
    shapes = [(n_out, n_in) for n_in, n_out in pairwise(sizes)], [(n_out,) for n_out in sizes[1:]]
    try:
        first, second = sequence(label, value, 2)
        weights = arrays(names[0], first, shapes[0])
        biases = arrays(names[1], second, shapes[1])
    except CheckFailed as failed:
        finding = read_layers(value, shapes)
        if finding is None:
            raise
        raise _wrong_form(failed.label, failed.problem, finding) from None
    for name, items in zip(names, (weights, biases), strict=True):
        for k, item in enumerate(items):
            finite(f"{name}[{k}]", item)
    return weights, biases


def finite(
    label: str,
    value: NDArray[Any],
    *,
    counts: Counts = NOTHING,
    known: Mapping[str, ArrayLike] | None = None,
) -> None:
    """Fail if `value` holds a NaN or an infinity, and say where.

    Parameters
    ----------
    label, value
        The object and what came back, an array.
    counts, known
        See `close`.
    """
    wrong = ~np.isfinite(value)
    finding = read_nonfinite(value, counts, as_arrays(known))
    if finding is not None:
        index = tuple(int(k) for k in np.unravel_index(int(np.argmax(wrong)), wrong.shape))
        raise CheckFailed(
            label,
            f"expected finite numbers, got {value[index]}{at(index)} "
            f"({int(wrong.sum())} of {value.size} entries are not finite).",
            index=index,
            hint=finding.sentence,
            rule=finding.rule,
        )


def supported(label: str, value: object) -> None:
    """Fail if `value` is of a type that does not travel."""
    if isinstance(value, Unsupported):
        raise CheckFailed(
            label, f"expected plain arrays and numbers, got {describe(value)}.", form=True
        )


def as_arrays(known: Mapping[str, ArrayLike] | None) -> dict[str, Array]:
    """Return the known arrays of a fixture as float64."""
    return {name: np.asarray(array, np.float64) for name, array in (known or {}).items()}


def at(index: tuple[int, ...]) -> str:
    """Return `index` as it stands in a message."""
    return f" at {list(index)}" if index else ""


def _wrong_form(label: str, problem: str, finding: Finding | None) -> CheckFailed:
    asked, rule = (finding.sentence, finding.rule) if finding else ("", "")
    return CheckFailed(label, problem, form=True, hint=asked, rule=rule)
