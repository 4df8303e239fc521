"""What may travel between a check and the student's code.

The same conversion, `plain`, runs near (in the student's own kernel) and far (in grading), so a
check sees the same value on either side: exact NumPy arrays of an allowed dtype, Python scalars,
strings, lists, tuples, dictionaries with string keys. Everything else becomes an `Unsupported`
that names the type, for the check's message.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

MAX_DEPTH = 16
MAX_ITEMS = 100_000
"""Items in one returned sequence; a batch list of the full MNIST set with batch size 1 fits."""

_CODES = ("?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8")
ALLOWED_DTYPES = frozenset(np.dtype(code) for code in _CODES)

ITERATORS = (types.GeneratorType, map, zip, filter, range, enumerate, reversed)


@dataclass(frozen=True)
class Unsupported:
    """Stands for a returned object that does not travel; `kind` says what it was."""

    kind: str


Plain: TypeAlias = (
    "NDArray[Any] | bool | int | float | str | Unsupported"
    " | list[Plain] | tuple[Plain, ...] | dict[str, Plain] | None"
)


@dataclass(frozen=True, eq=False)
class Rng:
    """A NumPy generator that lives on the student's side.

    Checks pass an `Rng`; the student's function receives a ``numpy.random.Generator`` seeded with
    `seed`. One `Rng` object is one generator: passed twice, it has advanced in between. Its state
    never comes back, so nothing that a student does to it can steer a later draw of ours.
    """

    seed: int


@dataclass(frozen=True, eq=False)
class Callback:
    """A function of the check that the student's code may call.

    Parameters
    ----------
    function
        Called with plain values; its result goes back to the student.
    calls
        Filled with the arguments of each call, for the check to look at.
    """

    function: Callable[..., Any]
    calls: list[tuple[Plain, ...]] = field(default_factory=list)
    max_calls: int = 100_000


@dataclass(frozen=True, eq=False)
class Strided:
    """An array argument that must reach the student as a non-contiguous view.

    `order` is ``"F"`` for Fortran order, ``"view"`` for every second element of a larger array.
    """

    array: NDArray[Any]
    order: str = "view"

    def build(self) -> NDArray[Any]:
        """Return the array in the wanted memory layout."""
        if self.order == "F":
            return np.asfortranarray(self.array)
        wide = np.zeros((*self.array.shape[:-1], 2 * self.array.shape[-1]), self.array.dtype)
        view: NDArray[Any] = wide[..., ::2]
        view[...] = self.array
        return view


def plain(value: object, depth: int = 0) -> Plain:
    """Convert what the student returned to the values that travel.

    Parameters
    ----------
    value
        Anything.
    depth
        Nesting so far.

    Returns
    -------
    Plain
        A copy that shares no memory with `value`.
    """
    if depth > MAX_DEPTH:
        return Unsupported(f"something nested deeper than {MAX_DEPTH} levels")
    kind = type(value)
    if value is None or kind in (bool, float, str):
        return value  # type: ignore[return-value]
    if kind is int:
        return value if -(2**63) <= value < 2**64 else Unsupported("int of more than 64 bits")  # type: ignore[operator, return-value]
    if kind is np.ndarray:
        return _plain_array(value)  # type: ignore[arg-type]
    if isinstance(value, np.generic):
        return _plain_scalar(value)
    if kind in (list, tuple):
        items: list[Plain] = [plain(item, depth + 1) for item in islice(value, MAX_ITEMS)]  # type: ignore[call-overload]
        return tuple(items) if kind is tuple else items
    if kind is dict:
        pairs = islice(value.items(), MAX_ITEMS)  # type: ignore[attr-defined]
        return {str(key): plain(item, depth + 1) for key, item in pairs}
    if isinstance(value, ITERATORS):
        return [plain(item, depth + 1) for item in islice(value, MAX_ITEMS)]
    return Unsupported(f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins."))


def _plain_array(array: NDArray[Any]) -> Plain:
    if array.dtype == np.longdouble:
        return array.astype(np.float64)
    native = array.dtype.newbyteorder("=")
    if native not in ALLOWED_DTYPES:
        return Unsupported(f"array of dtype {array.dtype}")
    return np.array(array, dtype=native, order="C", copy=True)


def _plain_scalar(value: np.generic) -> Plain:
    if isinstance(value, (np.bool_, np.integer, np.floating)):
        item = value.item()
        return float(item) if isinstance(value, np.floating) else item
    return Unsupported(f"NumPy scalar of dtype {value.dtype}")


def describe(value: object) -> str:
    """Say in a few words what `value` is: ``"an array of shape (3, 2) and dtype float64"``."""
    if isinstance(value, Unsupported):
        return f"a value of type {value.kind}" if " " not in value.kind else value.kind
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape} and dtype {value.dtype}"
    if value is None:
        return "None (is a return missing?)"
    if isinstance(value, (list, tuple)):
        return f"a {type(value).__name__} of length {len(value)}"
    if isinstance(value, Mapping):
        return f"a dict of length {len(value)}"
    text = repr(value)
    return f"the {type(value).__name__} {text[:60]}"
