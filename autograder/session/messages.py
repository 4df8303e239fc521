"""The protocol of the trust line: what is said, and how it is written.

MessagePack through msgspec, with strict types: a frame decodes to one of the structs below or to a
`ProtocolError`, never to an object of another kind, and nothing is unpickled. An array is its
dtype (from an allow-list), its shape and its bytes, and is copied on arrival.

Each frame is four bytes of length, big-endian, then the message. Both sides bound it.
"""

from __future__ import annotations

import math
import socket
import struct
from collections.abc import Callable
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

MAX_REPLY_BYTES = 32 * 2**20
"""Largest frame that is accepted from the student's side; what `plain` lets through fits."""

_LENGTH = struct.Struct(">I")
_DTYPES = {dtype.str: dtype for dtype in ALLOWED_DTYPES}
_FEW = msgspec.Meta(max_length=100)


class Arr(msgspec.Struct, tag="array", array_like=True, frozen=True):
    """An array; `layout` says how it lies in memory on arrival (C, F or view)."""

    dtype: str
    shape: tuple[int, ...]
    data: bytes
    layout: str = "C"


class Seq(msgspec.Struct, tag="list", array_like=True, frozen=True):
    """A list."""

    items: list[Wire]


class Tup(msgspec.Struct, tag="tuple", array_like=True, frozen=True):
    """A tuple."""

    items: list[Wire]


class Map(msgspec.Struct, tag="dict", array_like=True, frozen=True):
    """A dictionary with string keys."""

    keys: list[str]
    items: list[Wire]


class Odd(msgspec.Struct, tag="odd", array_like=True, frozen=True):
    """Something that does not travel."""

    kind: str


class Gen(msgspec.Struct, tag="generator", array_like=True, frozen=True):
    """A generator that lives on the student's side, made from `seed` when first met."""

    key: int
    seed: int


class Fun(msgspec.Struct, tag="function", array_like=True, frozen=True):
    """A function on our side that the student may call."""

    key: int


Wire: TypeAlias = bool | int | float | str | Arr | Seq | Tup | Map | Odd | Gen | Fun | None


class RunCell(msgspec.Struct, tag="run", frozen=True):
    """Execute one cell."""

    cell: str
    source: str


class Call(msgspec.Struct, tag="call", frozen=True):
    """Call a function by name (`target` None), or a method of the object `target`.

    With `keep`, the result stays there and its key comes back.
    """

    key: int
    name: str
    args: list[Wire]
    kwargs: dict[str, Wire]
    target: int | None = None
    keep: bool = False


class Get(msgspec.Struct, tag="get", frozen=True):
    """Read an attribute of the object `target`."""

    key: int
    name: str
    target: int


class Bind(msgspec.Struct, tag="bind", frozen=True):
    """Let `name` stand for a function on our side, or for a class if `member` is given.

    `function` then makes an object and `member` gets at its members, of which `methods` are called.
    """

    name: str
    function: int
    member: int | None = None
    methods: list[str] = []


class Answer(msgspec.Struct, tag="answer", frozen=True):
    """What a function on our side returned; `error` if it could not."""

    value: Wire
    error: str = ""


Request: TypeAlias = RunCell | Call | Get | Bind | Answer


class Ready(msgspec.Struct, tag="ready", frozen=True):
    """The process is up, or the binding is made."""


class CellDone(msgspec.Struct, tag="cell", frozen=True):
    """A cell ran; `outputs` are nbformat outputs as JSON text, `error` is empty if it succeeded."""

    cell: str
    outputs: str
    error: str = ""


class Value(msgspec.Struct, tag="value", frozen=True):
    """What a call returned, and which arguments it changed."""

    key: int
    value: Wire
    changed: Annotated[list[str], _FEW] = []


class Raised(msgspec.Struct, tag="raised", frozen=True):
    """The student's code raised; `kind` is empty where the name does not exist."""

    key: int
    kind: str
    text: str
    where: str = ""


class Ask(msgspec.Struct, tag="ask", frozen=True):
    """The student's code calls a function on our side."""

    function: int
    args: Annotated[list[Wire], _FEW]
    kwargs: Annotated[dict[str, Wire], _FEW] = {}


Reply: TypeAlias = Ready | CellDone | Value | Raised | Ask

_encoder = msgspec.msgpack.Encoder()
_request_decoder = msgspec.msgpack.Decoder(Request)
_reply_decoder = msgspec.msgpack.Decoder(Reply)


def to_wire(value: Any, remember: Callable[[Rng | Callback], Wire] | None = None) -> Wire:
    """Turn a plain value, or a check's argument, into what is written.

    Parameters
    ----------
    value
        A `Plain` value, `Strided`, or, with `remember`, an `Rng` or a `Callback`.
    remember
        Names generators and functions.

    Raises
    ------
    TypeError
        A check passes something that cannot travel: a fault of the check.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, np.ndarray):
        return _array_to_wire(value, "F" if _is_fortran(value) else "C")
    if isinstance(value, Strided):
        return _array_to_wire(value.array, value.order)
    if isinstance(value, (Rng, Callback)) and remember is not None:
        return remember(value)
    if isinstance(value, tuple):
        return Tup([to_wire(item, remember) for item in value])
    if isinstance(value, list):
        return Seq([to_wire(item, remember) for item in value])
    if isinstance(value, dict):
        return Map([str(key) for key in value], [to_wire(v, remember) for v in value.values()])
    if isinstance(value, Unsupported):
        return Odd(value.kind[:200])
    raise TypeError(f"{type(value).__name__} cannot cross the trust line")


def from_wire(wire: Wire, resolve: Callable[[Gen | Fun], Any] | None = None) -> Any:
    """Return the value that was written.

    Parameters
    ----------
    wire
        A decoded value.
    resolve
        Finds generators and functions. Without it they are malformed: the trusted side takes
        none.

    Raises
    ------
    ProtocolError
        An array's bytes do not fit its dtype and shape, or a value may not come from there.
    """
    if isinstance(wire, Arr):
        return _array_from_wire(wire)
    if isinstance(wire, Seq):
        return [from_wire(item, resolve) for item in wire.items]
    if isinstance(wire, Tup):
        return tuple(from_wire(item, resolve) for item in wire.items)
    if isinstance(wire, Map):
        if len(wire.keys) != len(wire.items):
            raise ProtocolError("a dictionary has more keys than values")
        values = (from_wire(item, resolve) for item in wire.items)
        return dict(zip(wire.keys, values, strict=True))
    if isinstance(wire, Odd):
        return Unsupported(wire.kind[:200])
    if isinstance(wire, (Gen, Fun)):
        if resolve is None:
            raise ProtocolError("a generator or a function came from the student's side")
        return resolve(wire)
    return wire


def untrusted(wire: Wire, resolve: Callable[[Gen | Fun], Any] | None = None) -> Any:
    """Like `from_wire`, for what came from the student's side: bounded before it is built.

    Raises
    ------
    ProtocolError
        As `from_wire`, or the value is more than `plain` lets through.
    """
    level, count, size = [wire], 1, 0
    for _ in range(MAX_DEPTH + 2):
        size += sum(_float64_bytes(node) for node in level if isinstance(node, Arr))
        inner = [node.items for node in level if isinstance(node, (Seq, Tup, Map))]
        count += sum(map(len, inner))
        if count > MAX_ITEMS:
            raise ProtocolError(f"more than {MAX_ITEMS} values")
        if size > MAX_REPLY_BYTES:
            raise ProtocolError(f"more than {MAX_REPLY_BYTES // 2**20} MB")
        if not inner:
            return from_wire(wire, resolve)
        level = [item for items in inner for item in items]
    raise ProtocolError(f"a value nested deeper than {MAX_DEPTH + 1} levels")


def _float64_bytes(array: Arr) -> int:
    """Return what an array takes once it is float64, as which all are compared."""
    dtype = _DTYPES.get(array.dtype)
    return len(array.data) * 8 // dtype.itemsize if dtype is not None else 0


def _is_fortran(array: np.ndarray[Any, Any]) -> bool:
    return array.ndim > 1 and array.flags.f_contiguous and not array.flags.c_contiguous


def _array_to_wire(array: np.ndarray[Any, Any], layout: str) -> Arr:
    if array.dtype not in ALLOWED_DTYPES:
        raise TypeError(f"an array of dtype {array.dtype} cannot cross the trust line")
    return Arr(array.dtype.str, array.shape, np.ascontiguousarray(array).tobytes(), layout)


def _array_from_wire(wire: Arr) -> np.ndarray[Any, Any]:
    # Looked up, not parsed: NumPy reads whole tables of fields out of a text.
    dtype = _DTYPES.get(wire.dtype)
    if dtype is None:
        raise ProtocolError(f"unknown dtype {wire.dtype[:20]!r}")
    sizes = wire.shape[:MAX_DEPTH]
    # A dimension of 0 would let the others be anything.
    if sizes != wire.shape or not all(0 <= n <= MAX_REPLY_BYTES for n in sizes):
        raise ProtocolError(f"an array of shape {sizes[:4]}")
    if math.prod(sizes) * dtype.itemsize != len(wire.data):
        raise ProtocolError(f"{len(wire.data)} bytes for an array of shape {sizes[:4]}")
    array = np.frombuffer(wire.data, dtype).reshape(sizes).copy()
    if wire.layout == "C":
        return array
    if wire.layout not in ("F", "view") or not sizes:
        raise ProtocolError(f"an array of shape {sizes[:4]} and layout {wire.layout[:20]!r}")
    return Strided(array, wire.layout).build()


def encode(message: Request | Reply) -> bytes:
    """Return the frame of a message."""
    body = _encoder.encode(message)
    return _LENGTH.pack(len(body)) + body


def decode_request(body: bytes) -> Request:
    """Return the request in `body`; raise `ProtocolError` if it is none."""
    return _decode(_request_decoder, body)  # type: ignore[no-any-return]


def decode_reply(body: bytes) -> Reply:
    """Return the reply in `body`; raise `ProtocolError` if it is none."""
    return _decode(_reply_decoder, body)  # type: ignore[no-any-return]


def _decode(decoder: msgspec.msgpack.Decoder[Any], body: bytes) -> Any:
    try:
        return decoder.decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError, OverflowError) as error:
        raise ProtocolError(f"not a message: {str(error)[:200]}") from error


def read_frame(channel: socket.socket, limit: int, wait: Callable[[], None] | None = None) -> bytes:
    """Read one frame from a blocking socket.

    Parameters
    ----------
    channel
        The socket.
    limit
        Bytes that are accepted.
    wait
        Called before each part is read; may raise when it takes too long.

    Raises
    ------
    EOFError
        The other side closed.
    ProtocolError
        The frame is longer than `limit` bytes.
    """
    (length,) = _LENGTH.unpack(_read(channel, _LENGTH.size, wait))
    if length > limit:
        raise ProtocolError(f"a frame of {length} bytes, at most {limit} are accepted")
    return _read(channel, length, wait)


def _read(channel: socket.socket, size: int, wait: Callable[[], None] | None) -> bytes:
    parts = bytearray()
    while len(parts) < size:
        if wait is not None:
            wait()
        part = channel.recv(min(size - len(parts), 2**20))
        if not part:
            raise EOFError
        parts += part
    return bytes(parts)
