"""The protocol of the trust line: what is said, and how it is written.

MessagePack through msgspec, with strict types: a frame decodes to one of the structs below or to a
`ProtocolError`, never to an object of another kind, and nothing is unpickled. An array is its
dtype (from an allow-list), its shape and its bytes, and is copied on arrival (`flat`).

Each request bears a random key, and so does all that is said until it is answered: a frame that was
written ahead of time cannot know it.

Each frame is four bytes of length, big-endian, then the message. Both sides bound it.
"""

from __future__ import annotations

import secrets
import socket
import struct
from collections.abc import Callable
from typing import Annotated, Any, TypeAlias

import msgspec

from autograder.errors import ProtocolError
from autograder.session.flat import (
    MAX_NODES,
    Arr,
    BoundedNodes,
    Fun,
    Gen,
    Map,
    Node,
    Nodes,
    Odd,
    Seq,
    Tup,
    Written,
    from_wire,
    to_wire,
    untrusted,
)

__all__ = [
    "MAX_CELL_BYTES",
    "MAX_NODES",
    "MAX_READY_BYTES",
    "MAX_REPLY_BYTES",
    "Answer",
    "Arr",
    "Ask",
    "Asked",
    "Bind",
    "Call",
    "CellDone",
    "Fun",
    "Gen",
    "Get",
    "Map",
    "Node",
    "Nodes",
    "Odd",
    "Raised",
    "Ready",
    "Reply",
    "Request",
    "RunCell",
    "Seq",
    "Several",
    "Start",
    "Tup",
    "Value",
    "decode_reply",
    "decode_request",
    "encode",
    "from_wire",
    "new_key",
    "read_frame",
    "to_wire",
    "untrusted",
]

MAX_REPLY_BYTES = 32 * 2**20
"""Largest frame that is accepted from the student's side; what `plain` lets through fits."""

MAX_CELL_BYTES = 12 * 2**20
"""Largest frame that reports a cell; what is read of its outputs is well below."""

MAX_READY_BYTES = 1024
"""Largest frame that says no more than that something is done."""

KEY_BITS = 62

_LENGTH = struct.Struct(">I")

Key: TypeAlias = Annotated[int, msgspec.Meta(ge=0, lt=2**KEY_BITS)]
_Few: TypeAlias = Annotated[tuple[str, ...], msgspec.Meta(max_length=100)]


class Start(Written, tag="start", frozen=True):
    """Say that you are up."""

    key: Key


class RunCell(Written, tag="run", frozen=True):
    """Execute one cell."""

    key: Key
    source: str


class Call(Written, tag="call", frozen=True):
    """Call a function by name (`target` None), or a method of the object `target`.

    `passed` is a tuple of the positional arguments and a dictionary of the others. With `keep`, the
    result stays there and its number comes back.
    """

    key: Key
    name: str
    passed: Nodes
    target: int | None = None
    keep: bool = False


class Get(Written, tag="get", frozen=True):
    """Read an attribute of the object `target`."""

    key: Key
    name: str
    target: int


class Bind(Written, tag="bind", frozen=True):
    """Let `name` stand for a function on our side, or for a class if `member` is given.

    `function` then makes an object and `member` gets at its members, of which `methods` are called.
    """

    key: Key
    name: str
    function: int
    member: int | None = None
    methods: tuple[str, ...] = ()


class Answer(Written, tag="answer", frozen=True):
    """What a function on our side returned; `error` if it could not."""

    value: Nodes
    error: str = ""


Asked: TypeAlias = Start | RunCell | Call | Get | Bind
"""What is to be answered, under the same key."""


class Several(Written, tag="several", frozen=True):
    """Do several things; each is answered under its own key, in turn."""

    requests: tuple[RunCell | Call, ...]


Request: TypeAlias = Asked | Several | Answer


class Ready(Written, tag="ready", frozen=True):
    """The process is up, or the binding is made."""

    key: Key


class CellDone(Written, tag="cell", frozen=True):
    """A cell ran; `outputs` are nbformat outputs as JSON text, `error` is empty if it succeeded."""

    key: Key
    outputs: str
    error: str = ""


class Value(Written, tag="value", frozen=True):
    """What a call returned, and which arguments it changed."""

    key: Key
    value: BoundedNodes
    changed: _Few = ()


class Raised(Written, tag="raised", frozen=True):
    """The student's code raised; `kind` is empty where the name does not exist."""

    key: Key
    kind: str
    text: str
    where: str = ""


class Ask(Written, tag="ask", frozen=True):
    """The student's code calls a function on our side; `passed` as in `Call`."""

    key: Key
    function: int
    passed: BoundedNodes


Reply: TypeAlias = Ready | CellDone | Value | Raised | Ask

_encoder = msgspec.msgpack.Encoder()
_request_decoder = msgspec.msgpack.Decoder(Request)
_reply_decoder = msgspec.msgpack.Decoder(Reply)


def new_key() -> int:
    """Return a key that nobody can guess."""
    return secrets.randbits(KEY_BITS)


def encode(message: Request | Reply) -> bytes:
    """Return the frame of a message."""
    body = _encoder.encode(message)
    return _LENGTH.pack(len(body)) + body


def decode_request(body: bytes | bytearray) -> Request:
    """Return the request in `body`; raise `ProtocolError` if it is none."""
    return _decode(_request_decoder, body)  # type: ignore[no-any-return]


def decode_reply(body: bytes | bytearray) -> Reply:
    """Return the reply in `body`; raise `ProtocolError` if it is none."""
    return _decode(_reply_decoder, body)  # type: ignore[no-any-return]


def _decode(decoder: msgspec.msgpack.Decoder[Any], body: bytes | bytearray) -> Any:
    try:
        return decoder.decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError, OverflowError) as error:
        raise ProtocolError(f"not a message: {str(error)[:200]}") from error


def read_frame(
    channel: socket.socket, limit: int, wait: Callable[[], None] | None = None
) -> bytearray:
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


def _read(channel: socket.socket, size: int, wait: Callable[[], None] | None) -> bytearray:
    parts = bytearray()
    while len(parts) < size:
        if wait is not None:
            wait()
        part = channel.recv(min(size - len(parts), 2**20))
        if not part:
            raise EOFError
        parts += part
    return parts
