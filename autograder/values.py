"""What may travel between a check and the student's code.

The same conversion, `plain`, runs near (in the student's own kernel) and far (in grading), so a
check sees the same value on either side: exact NumPy arrays of an allowed dtype, Python scalars,
strings, lists, tuples, dictionaries with string keys. Everything else becomes an `Unsupported`
that names the type, for the check's message.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

MAX_DEPTH = 16
MAX_ITEMS = 100_000
"""Values in one returned object; a batch list of the full MNIST set with batch size 1 fits."""

MAX_MEGABYTES = 24
"""Size of the arrays, as float64, and of the texts in one returned object."""

_CODES = ("?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8")
ALLOWED_DTYPES = frozenset(np.dtype(code) for code in _CODES)

SEQUENCES = (list, tuple, deque, range, Iterator)
"""What travels as a list, or as a tuple if it is one: named tuples, generators, islices too."""


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
class BoundClass:
    """A class of ours whose objects the student's code may use, and which stay on our side.

    Parameters
    ----------
    create
        Takes the constructor's arguments; returns the new object's number.
    member
        Takes a number, a member's name and arguments; calls the method, or reads the attribute.
    methods
        The members that are called.
    """

    create: Callable[..., Any]
    member: Callable[..., Any]
    methods: tuple[str, ...]


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


class _TooMuch(Exception):
    """A returned object is larger than what travels."""


class _Room:
    """What may still be taken of one returned object."""

    def __init__(self) -> None:
        self._items = MAX_ITEMS
        self._bytes = MAX_MEGABYTES * 2**20

    def take(self, size: int = 0) -> None:
        self._items -= 1
        self._bytes -= size
        if self._items < 0:
            raise _TooMuch(f"{MAX_ITEMS} values")
        if self._bytes < 0:
            raise _TooMuch(f"{MAX_MEGABYTES} MB")


def plain(value: object) -> Plain:
    """Convert what the student returned to the values that travel.

    Parameters
    ----------
    value
        Anything. Its type is asked for, never the object itself, which may lie.

    Returns
    -------
    Plain
        A copy that shares no memory with `value`.
    """
    try:
        return _plain(value, _Room(), 0)
    except _TooMuch as much:
        return Unsupported(f"something of more than {much}")


def clean(text: str) -> str:
    """Return `text` with halves of characters, which cannot be written anywhere, as ``?``."""
    return text.encode("utf-8", "replace").decode()


def _plain(value: Any, room: _Room, depth: int) -> Plain:
    if depth > MAX_DEPTH:
        return Unsupported(f"something nested deeper than {MAX_DEPTH} levels")
    kind = type(value)
    # Whatever its dtype, an array is compared as float64.
    room.take(value.size * 8 if kind is np.ndarray else 0)
    if value is None or kind in (bool, float):
        return value  # type: ignore[no-any-return]
    if kind is str:
        return _plain_text(value, room)
    if kind is int:
        return value if -(2**63) <= value < 2**64 else Unsupported("int of more than 64 bits")
    if kind is np.ndarray:
        return _plain_array(value)
    if issubclass(kind, np.generic):
        return _plain_scalar(value)
    if issubclass(kind, SEQUENCES):
        items = [_plain(item, room, depth + 1) for item in value]
        return tuple(items) if issubclass(kind, tuple) else items
    if kind is dict:
        return {
            _plain_text(str(key), room): _plain(item, room, depth + 1)
            for key, item in value.items()
        }
    return Unsupported(f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins."))


def _plain_text(text: str, room: _Room) -> str:
    room.take(len(text))
    return clean(text)


def _plain_array(array: NDArray[Any]) -> Plain:
    if array.dtype == np.longdouble:
        return array.astype(np.float64)
    native = array.dtype.newbyteorder("=")
    if native not in ALLOWED_DTYPES:
        return Unsupported(f"array of dtype {array.dtype}")
    return np.array(array, dtype=native, order="C", copy=True)


def _plain_scalar(value: np.generic) -> Plain:
    item: Any = np.generic.item(value)  # a class derived from NumPy's may have an item() of its own
    if type(item) is np.longdouble:
        item = float(item)
    if type(item) in (bool, int, float):
        return item  # type: ignore[no-any-return]
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
