"""The codec: what goes in comes out, and nothing else ever does."""

from __future__ import annotations

import contextlib
import socket
import struct

import hypothesis.extra.numpy as npst
import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.errors import ProtocolError
from autograder.session import messages as wire
from autograder.values import ALLOWED_DTYPES, Callback, Rng, Strided, Unsupported

numbers = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=False),
    st.text(max_size=20),
)
arrays = st.sampled_from(sorted(ALLOWED_DTYPES, key=str)).flatmap(
    lambda dtype: npst.arrays(dtype, npst.array_shapes(min_dims=0, max_dims=4, max_side=5))
)
values = st.recursive(
    numbers | arrays,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)


def same(a: object, b: object) -> bool:
    if isinstance(a, np.ndarray):
        return (
            isinstance(b, np.ndarray)
            and (a.dtype, a.shape) == (b.dtype, b.shape)
            and a.tobytes() == b.tobytes()
        )
    if isinstance(a, (list, tuple)):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return isinstance(b, dict) and list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    return type(a) is type(b) and a == b


def travel(value: object) -> object:
    frame = wire.encode(wire.Value(1, wire.to_wire(value)))
    reply = wire.decode_reply(frame[4:])
    assert isinstance(reply, wire.Value)
    return wire.from_wire(reply.value)


@given(values)
def test_plain_values_survive_the_way(value: object) -> None:
    assert same(value, travel(value))


@given(st.binary(max_size=200))
def test_any_bytes_are_a_reply_or_a_protocol_error(body: bytes) -> None:
    with contextlib.suppress(ProtocolError):
        assert isinstance(wire.decode_reply(body), wire.Reply)


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-5, 5)
        | st.text(max_size=8)
        | st.binary(max_size=8),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
        max_leaves=10,
    )
)
def test_any_msgpack_is_a_reply_or_a_protocol_error(message: object) -> None:
    with contextlib.suppress(ProtocolError):
        wire.decode_reply(msgspec.msgpack.encode(message))


def test_an_array_arrives_as_a_writable_copy() -> None:
    arrived = travel(np.arange(3.0))
    assert isinstance(arrived, np.ndarray)
    assert arrived.flags.owndata or arrived.base is None or arrived.base.flags.owndata
    arrived[0] = 7.0


@pytest.mark.parametrize("order", ["F", "view"])
def test_strided_arguments_arrive_non_contiguous(order: str) -> None:
    sent = np.arange(12.0).reshape(3, 4)
    arrived = wire.from_wire(wire.to_wire(Strided(sent, order)))
    assert np.array_equal(arrived, sent)
    assert not arrived.flags.c_contiguous


def test_fortran_order_is_kept() -> None:
    arrived = wire.from_wire(wire.to_wire(np.asfortranarray(np.ones((2, 3)))))
    assert arrived.flags.f_contiguous
    assert not arrived.flags.c_contiguous


@pytest.mark.parametrize(
    ("array", "problem"),
    [
        (wire.Arr("O", (1,), b"12345678"), "unknown dtype 'O'"),
        (wire.Arr("<c16", (1,), b"1" * 16), "unknown dtype '<c16'"),
        (wire.Arr("nonsense", (1,), b""), "unknown dtype 'nonsense'"),
        (wire.Arr("<f8", (2,), b"12345678"), "8 bytes for an array of shape (2,)"),
        (wire.Arr("<f8", (-1,), b"12345678"), "an array of shape (-1,)"),
        (wire.Arr("<f8", (2**40, 2), b""), f"an array of shape {(2**40, 2)}"),
        (wire.Arr("<f8", (1,) * 17, b""), "an array of shape (1, 1, 1, 1)"),
        (wire.Arr("<f8", (), b"12345678", "view"), "an array of shape () and layout 'view'"),
    ],
)
def test_a_forged_array_is_refused(array: wire.Arr, problem: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        wire.from_wire([array])
    assert caught.value.problem == problem


@pytest.mark.parametrize(
    "nodes",
    [
        [wire.Map(2), "a", 1, "a", 2],
        [wire.Map(1), 1, 2],
        [wire.Map(1), wire.Seq(0), 2],
    ],
)
def test_a_forged_dictionary_is_refused(nodes: wire.Nodes) -> None:
    with pytest.raises(ProtocolError, match="key is no text, or comes twice"):
        wire.from_wire(nodes)


@pytest.mark.parametrize(
    ("nodes", "problem"),
    [
        ([], "a value ends early"),
        ([wire.Seq(2), 1], "a value ends early"),
        ([wire.Map(1), "a"], "a value ends early"),
        ([wire.Seq(2**62), 1], "a value ends early"),
        ([wire.Tup(-1)], "a value of -1 items"),
        ([1, 2], "a value is followed by more"),
        ([wire.Seq(1), 1, 2], "a value is followed by more"),
        ([wire.Seq(1)] * 100 + [1], "a value nested deeper than 18 levels"),
    ],
)
def test_nodes_that_are_not_one_value_are_refused(nodes: wire.Nodes, problem: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        wire.from_wire(nodes)
    assert caught.value.problem == problem


def test_a_value_is_written_flat() -> None:
    assert wire.to_wire({"a": [1.0, (True, None)], "b": Unsupported("x")}) == [
        *(wire.Map(2), "a", wire.Seq(2), 1.0, wire.Tup(2), True, None),
        *("b", wire.Odd("x")),
    ]


def test_functions_and_generators_do_not_come_from_the_student() -> None:
    forgeries: tuple[wire.Node, ...] = (wire.Fun(0), wire.Gen(0, 1))
    for forged in forgeries:
        with pytest.raises(ProtocolError, match="came from the student's side"):
            wire.from_wire([forged])


def test_a_check_cannot_send_what_does_not_travel() -> None:
    for odd in (object(), np.array([object()]), Rng(1), Callback(print)):
        with pytest.raises(TypeError, match="cannot cross the trust line"):
            wire.to_wire(odd)


def test_deep_nesting_is_refused() -> None:
    body = b"\x91" * 100_000 + b"\xc0"
    with pytest.raises(ProtocolError):
        wire.decode_reply(body)


def test_unsupported_values_keep_their_kind() -> None:
    assert travel(Unsupported("numpy.matrix")) == Unsupported("numpy.matrix")


def test_a_frame_over_the_limit_is_not_read() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(struct.pack(">I", 2**31))
        with pytest.raises(ProtocolError, match="a frame of 2147483648 bytes, at most 1000"):
            wire.read_frame(ours, 1000)


def test_a_closed_channel_is_the_end() -> None:
    ours, theirs = socket.socketpair()
    with ours:
        theirs.close()
        with pytest.raises(EOFError):
            wire.read_frame(ours, 1000)
