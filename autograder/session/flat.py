"""Values as they are written: flat, as the list of their nodes.

A list of two numbers is ``[Seq(2), 1.0, 2.0]``. So the decoder knows how many nodes there are
before it makes the first one, and a frame costs no more memory than a few times its bytes: of lists
in lists, millions that are empty, a few bytes each, would take a gigabyte.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated, Any, TypeAlias

import msgspec
import numpy as np

from autograder.errors import ProtocolError
from autograder.values import (
    ALLOWED_DTYPES,
    MAX_DEPTH,
    MAX_ITEMS,
    Callback,
    Rng,
    Strided,
    Unsupported,
)

MAX_NODES = MAX_ITEMS + 1000
"""Nodes of one value: those that `plain` lets through, and what holds arguments together."""

MAX_LEVELS = MAX_DEPTH + 2
"""Levels of one value, likewise."""

MAX_ARRAY_BYTES = 32 * 2**20
"""All arrays of one value, as float64, as which they are compared."""

_DTYPES = {dtype.str: dtype for dtype in ALLOWED_DTYPES}
_NAMES = {dtype: name for name, dtype in _DTYPES.items()}
_LAYOUTS = ("C", "F", "view")
_LEAVES = frozenset({bool, int, float, str, type(None)})
_END = object()


class Written(msgspec.Struct, array_like=True, forbid_unknown_fields=True, frozen=True):
    """A struct that is written as its tag and its fields in order, so that none comes twice."""


class Arr(Written, tag="array", frozen=True):
    """An array; `layout` says how it lies in memory on arrival (C, F or view)."""

    dtype: str
    shape: Annotated[tuple[int, ...], msgspec.Meta(max_length=MAX_DEPTH)]
    data: bytes
    layout: str = "C"


class Seq(Written, tag="list", frozen=True, gc=False):
    """A list, whose `size` items follow."""

    size: int


class Tup(Written, tag="tuple", frozen=True, gc=False):
    """A tuple, whose `size` items follow."""

    size: int


class Map(Written, tag="dict", frozen=True, gc=False):
    """A dictionary with string keys: `size` times a key and its value follow."""

    size: int


class Odd(Written, tag="odd", frozen=True, gc=False):
    """Something that does not travel."""

    kind: str


class Gen(Written, tag="generator", frozen=True, gc=False):
    """A generator that lives on the student's side, made from `seed` when first met."""

    key: int
    seed: int


class Fun(Written, tag="function", frozen=True, gc=False):
    """A function on our side that the student may call."""

    key: int


Node: TypeAlias = bool | int | float | str | Arr | Seq | Tup | Map | Odd | Gen | Fun | None
Nodes: TypeAlias = list[Node]
"""A value, written flat."""

BoundedNodes: TypeAlias = Annotated[list[Node], msgspec.Meta(max_length=MAX_NODES)]
"""A value of the student's side, counted before it is decoded."""


Remember: TypeAlias = Callable[[Rng | Callback], Gen | Fun]


def to_wire(value: Any, remember: Remember | None = None) -> Nodes:
    """Turn a plain value, or a check's argument, into what is written.

    Parameters
    ----------
    value
        A `Plain` value, `Strided`, or, with `remember`, an `Rng` or a `Callback`. `Gen` and `Fun`
        stand for themselves.
    remember
        Names generators and functions.

    Raises
    ------
    TypeError
        A check passes something that cannot travel: a fault of the check.
    """
    nodes: Nodes = []
    _write(value, remember, nodes)
    return nodes


def _write(value: Any, remember: Remember | None, nodes: Nodes) -> None:
    kind = type(value)
    if kind in _LEAVES:
        nodes.append(value)
    elif kind is np.ndarray:
        nodes.append(_array_to_wire(value, "F" if _is_fortran(value) else "C"))
    elif isinstance(value, dict):
        nodes.append(Map(len(value)))
        for key, item in value.items():
            nodes.append(str(key))
            _write(item, remember, nodes)
    elif isinstance(value, (list, tuple)):
        nodes.append(Tup(len(value)) if isinstance(value, tuple) else Seq(len(value)))
        for item in value:
            _write(item, remember, nodes)
    else:
        nodes.append(_leaf(value, remember))


def _leaf(value: Any, remember: Remember | None) -> Node:
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, int, float, str, Gen, Fun)):
        return value
    if isinstance(value, np.ndarray):
        return _array_to_wire(value, "F" if _is_fortran(value) else "C")
    if isinstance(value, Strided):
        return _array_to_wire(value.array, value.order)
    if isinstance(value, (Rng, Callback)) and remember is not None:
        return remember(value)
    if isinstance(value, Unsupported):
        return Odd(value.kind[:200])
    raise TypeError(f"{type(value).__name__} cannot cross the trust line")


def from_wire(nodes: Nodes, resolve: Callable[[Gen | Fun], Any] | None = None) -> Any:
    """Return the value that was written.

    Parameters
    ----------
    nodes
        A decoded value.
    resolve
        Finds generators and functions. Without it they are malformed: the trusted side takes
        none.

    Raises
    ------
    ProtocolError
        An array's bytes do not fit its dtype and shape, or a value may not come from there, or the
        nodes are not those of one value.
    """
    rest = iter(nodes)
    value = _read_value(rest, resolve, 0)
    if next(rest, _END) is not _END:
        raise ProtocolError("a value is followed by more")
    return value


def untrusted(nodes: Nodes, resolve: Callable[[Gen | Fun], Any] | None = None) -> Any:
    """Like `from_wire`, for what came from the student's side: bounded before it is built.

    Raises
    ------
    ProtocolError
        As `from_wire`, or the value is more than `plain` lets through.
    """
    # The decoder has counted them; this is for values that come another way.
    if len(nodes) > MAX_NODES:
        raise ProtocolError(f"more than {MAX_NODES} values")
    arrays = [node for node in nodes if isinstance(node, Arr)]
    if sum(map(_float64_bytes, arrays)) > MAX_ARRAY_BYTES:
        raise ProtocolError(f"more than {MAX_ARRAY_BYTES // 2**20} MB")
    if any(array.layout == "view" for array in arrays):
        raise ProtocolError("an array of layout 'view' came from the student's side")
    return from_wire(nodes, resolve)


def _read_value(
    rest: Iterator[Node], resolve: Callable[[Gen | Fun], Any] | None, depth: int
) -> Any:
    """Return the value that begins at the next node. Every node is used once, so this ends."""
    if depth > MAX_LEVELS:
        raise ProtocolError(f"a value nested deeper than {MAX_LEVELS} levels")
    node = _next(rest)
    # By their exact types, most frequent first: this runs for every argument and every answer.
    kind = type(node)
    if kind is Arr:
        return _array_from_wire(node)  # type: ignore[arg-type]
    if kind in _LEAVES:
        return node
    if isinstance(node, (Seq, Tup)):
        items = [_read_value(rest, resolve, depth + 1) for _ in _counted(node.size)]
        return tuple(items) if kind is Tup else items
    if isinstance(node, Map):
        found = {}
        for _ in _counted(node.size):
            key = _next(rest)
            if type(key) is not str or key in found:
                raise ProtocolError("a dictionary's key is no text, or comes twice")
            found[key] = _read_value(rest, resolve, depth + 1)
        return found
    if isinstance(node, Odd):
        return Unsupported(node.kind[:200])
    return _resolved(node, resolve)


def _resolved(node: Node, resolve: Callable[[Gen | Fun], Any] | None) -> Any:
    if not isinstance(node, (Gen, Fun)):
        return node
    if resolve is None:
        raise ProtocolError("a generator or a function came from the student's side")
    return resolve(node)


def _next(rest: Iterator[Node]) -> Node:
    node = next(rest, _END)
    if node is _END:
        raise ProtocolError("a value ends early")
    return node  # type: ignore[return-value]


def _counted(size: int) -> range:
    if size < 0:
        raise ProtocolError(f"a value of {size} items")
    return range(size)


def _float64_bytes(array: Arr) -> int:
    """Return what an array takes once it is float64."""
    dtype = _DTYPES.get(array.dtype)
    return len(array.data) * 8 // dtype.itemsize if dtype is not None else 0


def _is_fortran(array: np.ndarray[Any, Any]) -> bool:
    return array.ndim > 1 and array.flags.f_contiguous and not array.flags.c_contiguous


def _array_to_wire(array: np.ndarray[Any, Any], layout: str) -> Arr:
    name = _NAMES.get(array.dtype)
    if name is None:
        raise TypeError(f"an array of dtype {array.dtype} cannot cross the trust line")
    return Arr(name, array.shape, array.tobytes(), layout)


def _array_from_wire(wire: Arr) -> np.ndarray[Any, Any]:
    # Looked up, not parsed: NumPy reads whole tables of fields out of a text.
    dtype = _DTYPES.get(wire.dtype)
    if dtype is None:
        raise ProtocolError(f"unknown dtype {wire.dtype[:20]!r}")
    sizes = wire.shape[:MAX_DEPTH]
    items = positive = 1
    for size in sizes:
        if size < 0:
            raise ProtocolError(f"an array of shape {sizes[:4]}")
        items *= size
        # A dimension of 0 would let the others be anything, also more than NumPy can count.
        positive *= size or 1
    if sizes != wire.shape or positive > MAX_ARRAY_BYTES:
        raise ProtocolError(f"an array of shape {sizes[:4]}")
    if items * dtype.itemsize != len(wire.data):
        raise ProtocolError(f"{len(wire.data)} bytes for an array of shape {sizes[:4]}")
    if wire.layout not in _LAYOUTS or (wire.layout != "C" and not sizes):
        raise ProtocolError(f"an array of shape {sizes[:4]} and layout {wire.layout[:20]!r}")
    array: np.ndarray[Any, Any] = np.ndarray(sizes, dtype, wire.data).copy()
    if wire.layout == "C":
        return array
    return Strided(array, wire.layout).build()
