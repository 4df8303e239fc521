"""Whatever bytes come out of the student's process: values of allowed kinds, or a protocol error.

The bulk is a plain loop over mutated frames with a fixed seed, more than 100 000 of them;
hypothesis builds fewer and shrinks what it finds.
"""

from __future__ import annotations

import contextlib
import json
import random
import socket
import struct
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.errors import NotWritten, ProtocolError, StubCalled, StudentFault, StudentRaised
from autograder.session import messages as wire
from autograder.session.far import FarStudent
from autograder.session.outputs import MAX_OUTPUTS, read_outputs
from autograder.session.plain import PlainLauncher
from autograder.values import ALLOWED_DTYPES, MAX_ITEMS, Callback, Unsupported

PARTS = 8
FRAMES_PER_PART = 25_000
STREAMS = 4_000
CALLS = 1_500
TEXTS = 12_000

MB = 2**20
DTYPES = sorted(ALLOWED_DTYPES, key=str)
REPLIES = (wire.Ready, wire.CellDone, wire.Value, wire.Raised, wire.Ask)


# --- what comes out


def is_plain(value: object) -> bool:
    """Whether `value` is what may come out, exactly, all the way down."""
    kind = type(value)
    if value is None or kind in (bool, int, float):
        return True
    if kind is str:
        return value.encode() is not None  # type: ignore[attr-defined]
    if kind is Unsupported:
        return type(value.kind) is str and len(value.kind) <= 200  # type: ignore[attr-defined]
    if kind is np.ndarray:
        return (
            value.dtype in ALLOWED_DTYPES  # type: ignore[attr-defined]
            and value.flags.writeable  # type: ignore[attr-defined]
            and value.dtype.hasobject is False  # type: ignore[attr-defined]
        )
    if kind in (list, tuple):
        return all(map(is_plain, value))  # type: ignore[call-overload]
    if kind is dict:
        return all(type(k) is str and is_plain(v) for k, v in value.items())  # type: ignore[attr-defined]
    return False


def seeded(reference: wire.Gen | wire.Fun) -> None:
    if isinstance(reference, wire.Fun):
        raise ProtocolError("a function")


def refused(by: str, why: ProtocolError) -> str:
    assert 0 < len(why.problem) < 300
    return f"refused by the {by}"


def read(body: bytes) -> str:
    """Decode a frame as the trusted side does; return what it was, having looked at all of it."""
    try:
        reply = wire.decode_reply(body)
    except ProtocolError as error:
        return refused("decoder", error)
    assert type(reply) in REPLIES
    assert type(reply.key) is int
    assert 0 <= reply.key < 2**62
    try:
        if isinstance(reply, wire.Value):
            assert all(type(changed) is str for changed in reply.changed)
            assert is_plain(wire.untrusted(reply.value))
        elif isinstance(reply, wire.Ask):
            assert type(reply.function) is int
            assert is_plain(wire.untrusted(reply.passed, seeded))
        else:
            fields = (getattr(reply, name) for name in reply.__struct_fields__[1:])
            assert all(type(field) is str and field.encode() is not None for field in fields)
    except ProtocolError as error:
        return refused("reader", error)
    return type(reply).__name__


# --- what goes in


def text(rng: random.Random) -> str:
    return "".join(rng.choice('ab.[{\\"é\u202e\x1b😀') for _ in range(rng.randrange(6)))


def value(rng: random.Random, depth: int = 0) -> object:
    """A plain value."""
    if depth < 4 and rng.random() < 0.5:
        items = [value(rng, depth + 1) for _ in range(rng.randrange(4))]
        return rng.choice((items, tuple(items), {text(rng): item for item in items}))
    if rng.random() < 0.4:
        shape = [rng.randrange(4) for _ in range(rng.randrange(4))]
        array = np.ones(shape, rng.choice(DTYPES))
        return rng.choice((array, np.asfortranarray(array)))
    numbers = (rng.randrange(-(2**63), 2**64), rng.randrange(-40, 300), rng.gauss(0.0, 1.0))
    return rng.choice((None, True, *numbers, float("nan"), text(rng), Unsupported(text(rng))))


def reply(rng: random.Random) -> wire.Reply:
    key = rng.choice((0, 1, rng.getrandbits(62)))
    nodes = wire.to_wire(value(rng))
    passed = (tuple(value(rng) for _ in range(rng.randrange(3))), {text(rng): wire.Gen(-1, 7)})
    replies: tuple[wire.Reply, ...] = (
        wire.Ready(key),
        wire.CellDone(key, json.dumps([{"output_type": "stream", "text": text(rng)}]), text(rng)),
        wire.Value(key, nodes),
        wire.Value(key, nodes, (text(rng),) * rng.randrange(3)),
        wire.Raised(key, text(rng), text(rng), text(rng)),
        wire.Ask(key, rng.randrange(3), wire.to_wire(passed)),
    )
    return rng.choice(replies)


FIXED = {0xCA: 4, 0xCB: 8, 0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8, 0xD0: 1, 0xD1: 2, 0xD2: 4, 0xD3: 8}
COUNTED = {0xC4: ">B", 0xC5: ">H", 0xC6: ">I", 0xD9: ">B", 0xDA: ">H", 0xDB: ">I"}
HEADS = {0xDC: 2, 0xDD: 4, 0xDE: 2, 0xDF: 4}


def items(body: bytes) -> list[bytes]:
    """Split MessagePack into its items; the head of an array or a map is one of its own."""
    found, at = [], 0
    while at < len(body):
        first = body[at]
        if first in COUNTED:
            form = COUNTED[first]
            size = 1 + struct.calcsize(form) + struct.unpack_from(form, body, at + 1)[0]
        elif 0xA0 <= first <= 0xBF:
            size = 1 + first - 0xA0
        else:
            size = 1 + FIXED.get(first, 0) + HEADS.get(first, 0)
        found.append(body[at : at + size])
        at += size
    return found


def lies(rng: random.Random) -> bytes:
    """An item that is no good anywhere, or is not what stood there."""
    size = rng.choice((0, 1, 2, 17, 101, 65_535, 101_001, 2**31 - 1, 2**32 - 1))
    some = bytes(rng.randrange(256) for _ in range(rng.randrange(9)))
    choices: tuple[Callable[[], bytes], ...] = (
        lambda: bytes([rng.choice((0xC6, 0xDB, 0xDD, 0xDF))]) + struct.pack(">I", size) + some,
        lambda: bytes([rng.choice((0xC5, 0xDA, 0xDC, 0xDE))]) + struct.pack(">H", size % 2**16),
        # extensions: of any kind, timestamps, of fixed and of told sizes
        lambda: bytes([0xC7, len(some), rng.randrange(256)]) + some,
        lambda: b"\xc9" + struct.pack(">Ib", size, -1) + some,
        lambda: rng.choice((b"\xd6\xff" + bytes(4), b"\xd7\xff" + b"\xff" * 8)),
        lambda: b"\xc7\x0c\xff" + b"\xff" * 12,
        lambda: b"\xd4" + bytes([rng.randrange(256), 0]),
        # numbers at their ends
        lambda: b"\xcb" + struct.pack(">d", rng.choice((np.nan, np.inf, -np.inf, -0.0, 5e-324))),
        lambda: b"\xca" + struct.pack(">f", rng.choice((np.nan, np.inf, 1e-45))),
        lambda: rng.choice((b"\xcf" + b"\xff" * 8, b"\xd3\x80" + bytes(7), b"\xcf\x40" + bytes(7))),
        # texts that are none
        lambda: rng.choice(
            (b"\xa2\xc3\x28", b"\xa3\xed\xa0\x80", b"\xa4\xf5\x80\x80\x80", b"\xa1\x80")
        ),
        lambda: b"\xa4" + rng.choice((b"list", b"dict", b"cell", b"none")),
        # nesting
        lambda: (
            rng.choice((b"\x91", b"\x81", b"\x81\xa1a", b"\x92\xa4list")) * rng.choice((3, 2000))
        ),
        lambda: b"\x82\xa1a\x01\xa1a\x02",
        lambda: msgspec.msgpack.encode(wire.to_wire(value(rng))[0]),
        lambda: rng.choice(
            (b"\xc1", b"\xc0", b"\xc2", b"\xc3", b"\x90", b"\x80", b"\x00", b"\xff")
        ),
        lambda: some,
    )
    return rng.choice(choices)()


def shuffled(rng: random.Random) -> bytes:
    """Return a frame of right form whose nodes are not in order."""
    nodes = wire.to_wire([value(rng), value(rng)])
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(nodes) + 1)
        size = rng.choice((0, 1, 2, 3, -1, 2**63 - 1))
        node = rng.choice((wire.Seq, wire.Tup, wire.Map))(size)
        shape = tuple(rng.choice((0, 1, 2, 2**32, -1)) for _ in range(rng.randrange(4)))
        dtype = rng.choice(("<f8", "|b1", ">f8", "O", "V8", "<U2", "<M8[s]", "f8,f8"))
        array = wire.Arr(dtype, shape, bytes(rng.choice((0, 1, 8, 16))), rng.choice("CFv"))
        odd: tuple[wire.Node, ...] = (
            node,
            array,
            wire.Fun(0),
            wire.Gen(-1, -7),
            wire.Odd("x" * 999),
        )
        nodes[at : at + rng.randrange(3)] = [rng.choice(odd)] * rng.choice((0, 1, 1, 30))
    kind = rng.choice((wire.Value(1, nodes), wire.Ask(1, 0, nodes)))
    return wire.encode(kind)[4:]


def mutated(rng: random.Random, parts: list[bytes], other: list[bytes]) -> bytes:
    """Change a frame a little: by nodes, by items, by bytes."""
    if rng.random() < 0.25:
        return shuffled(rng)
    parts = list(parts)
    for _ in range(rng.choice((0, 1, 1, 1, 2, 4))):
        at = rng.randrange(len(parts) + 1)
        what = rng.randrange(7)
        if what == 0:
            parts[at:at] = [lies(rng)]
        elif what == 1:
            parts[at : at + 1] = [lies(rng)]
        elif what == 2:
            del parts[at : at + rng.randrange(1, 3)]
        elif what == 3:
            parts[at:at] = parts[at : at + rng.randrange(1, 6)] * rng.choice((1, 2, 50))
        elif what == 4:
            parts[at:] = other[rng.randrange(len(other)) :]
        elif what == 5:
            parts[at : at + 1] = [rng.choice(other)]
        elif at < len(parts) and parts[at]:
            # Another head, or another size, before the same bytes.
            first = (parts[at][0] + rng.choice((1, -1, 16, 64, rng.randrange(256)))) % 256
            parts[at] = bytes([first]) + parts[at][1:]
    body = bytearray(b"".join(parts))
    if body and rng.random() < 0.25:
        for _ in range(rng.randrange(1, 4)):
            body[rng.randrange(len(body))] ^= 1 << rng.randrange(8)
    if rng.random() < 0.1:
        del body[rng.randrange(len(body) + 1) :]
    return bytes(body)


# --- the bulk


@pytest.fixture(scope="module")
def corpus() -> list[list[bytes]]:
    rng = random.Random(1)
    return [items(wire.encode(reply(rng))[4:]) for _ in range(600)]


def test_the_corpus_is_honest(corpus: list[list[bytes]]) -> None:
    kinds = Counter(read(b"".join(parts)) for parts in corpus)
    assert set(kinds) == {kind.__name__ for kind in REPLIES}


@pytest.mark.parametrize("part", range(PARTS))
def test_mutated_frames_are_plain_values_or_refused(
    part: int, corpus: list[list[bytes]], record_property: Callable[[str, object], None]
) -> None:
    rng = random.Random(1000 + part)
    found: Counter[str] = Counter()
    for k in range(FRAMES_PER_PART):
        body = mutated(rng, rng.choice(corpus), rng.choice(corpus))
        try:
            found[read(body)] += 1
        except BaseException as error:
            error.add_note(f"frame {k} of part {part}: {body[:2000]!r}")
            raise
    record_property("frames", found.total())
    print(f"{found.total()} frames: {dict(found.most_common())}")  # noqa: T201 - how many there were
    assert found.total() == FRAMES_PER_PART
    assert PARTS * FRAMES_PER_PART >= 100_000
    # Neither is everything refused at the door nor does everything pass.
    for outcome in ("refused by the decoder", "refused by the reader", "Value", "Ask"):
        assert found[outcome] > FRAMES_PER_PART // 100


def test_streams_of_frames_with_lengths_that_lie(corpus: list[list[bytes]]) -> None:
    rng = random.Random(2)
    ends: Counter[str] = Counter()
    for _ in range(STREAMS):
        ours, theirs = socket.socketpair()
        with ours, theirs:
            for _ in range(rng.randrange(4)):
                body = mutated(rng, rng.choice(corpus), rng.choice(corpus))[:4000]
                told = rng.choice((len(body), len(body), len(body) + 1, max(len(body) - 1, 0)))
                told = rng.choice((told, told, told, 2**32 - 1, 32 * MB, 0))
                theirs.sendall(struct.pack(">I", told) + body)
            theirs.sendall(bytes(rng.randrange(4)))
            theirs.close()
            try:
                while True:
                    ends[read(bytes(wire.read_frame(ours, 32 * MB)))] += 1
            except (EOFError, ProtocolError) as end:
                ends[type(end).__name__] += 1
    print(f"{STREAMS} streams: {dict(ends.most_common())}")  # noqa: T201 - how many there were
    assert ends["EOFError"] + ends["ProtocolError"] == STREAMS
    assert ends["ProtocolError"] > STREAMS // 50


def test_outputs_of_any_text_are_outputs() -> None:
    rng = random.Random(3)
    names = ("output_type", "text", "data", "ename", "evalue", "traceback", "metadata")
    kinds = ("stream", "error", "display_data", "execute_result", "update_display_data", "", 1)

    def odd(depth: int = 0) -> object:
        if depth < 3 and rng.random() < 0.5:
            inner = [odd(depth + 1) for _ in range(rng.randrange(4))]
            return rng.choice((inner, {rng.choice(("text/html", "x\ud800", "")): i for i in inner}))
        return rng.choice((None, True, 10**30, 1.5, "x", "\ud800", "\x1b[2J", "<script>"))

    def output() -> object:
        named = {name: odd() for name in names if rng.random() < 0.5}
        return named | {"output_type": rng.choice(kinds)} if rng.random() < 0.8 else odd()

    kept = 0
    for _ in range(TEXTS):
        text = json.dumps([output() for _ in range(rng.randrange(4))])
        if rng.random() < 0.3:
            at = rng.randrange(len(text))
            text = (
                text[:at] + rng.choice(("", "[" * 2000, '"', "\\", "NaN", "9" * 5000)) + text[at:]
            )
        outputs = read_outputs(text)
        kept += len(outputs)
        assert len(outputs) <= MAX_OUTPUTS
        for found in outputs:
            data = found.get("data", {})
            texts = {**found, **data}
            texts.pop("data", None)
            assert all(type(k) is type(v) is str for k, v in texts.items())
            json.dumps(found, ensure_ascii=False).encode()
    assert kept > TEXTS // 4


# --- through the whole of the trusted side


def anything(*_: object, **__: object) -> float:
    return 0.0


def sound(fault: StudentFault) -> str:
    assert fault.problem.encode()
    assert len(fault.problem) < 1000
    return type(fault).__name__


def test_a_call_that_anything_answers_is_a_value_or_a_fault(
    talk: Callable[..., Any], corpus: list[list[bytes]]
) -> None:
    rng = random.Random(4)
    honest = [parts for parts in corpus if parts[1] in (b"\xa5value", b"\xa6raised", b"\xa3ask")]

    last: list[int] = [0]

    def answer(channel: socket.socket, request: Any) -> None:
        if isinstance(request, wire.Answer):
            channel.sendall(wire.encode(wire.Value(last[0], [1.0])))
            return
        last[0] = request.key
        for _ in range(rng.choice((1, 1, 3))):
            head, tag, _, *rest = rng.choice(honest)
            key = msgspec.msgpack.encode(request.key)
            body = mutated(rng, [head, tag, key, *rest], rng.choice(honest))
            channel.sendall(struct.pack(">I", len(body)) + body)
        if not rng.randrange(4):
            channel.shutdown(socket.SHUT_WR)

    ends: Counter[str] = Counter()
    with talk(answer) as far:
        for k in range(CALLS):
            try:
                assert is_plain(far.call(f"f{k}", Callback(anything)))
                ends["value"] += 1
            except StudentFault as fault:
                ends[sound(fault)] += 1
            far.close()
    print(f"{CALLS} calls: {dict(ends.most_common())}")  # noqa: T201 - how many there were
    assert min(ends[end] for end in ("value", "SessionLost", "StudentRaised")) > CALLS // 50


@given(st.builds(wire.Raised, st.just(1), *[st.text() | st.text("x", min_size=600)] * 3))
def test_an_exception_of_any_text_is_a_fault(raised: wire.Raised) -> None:
    far = FarStudent(PlainLauncher(), [], [])
    fault = far._fault("f", raised)
    assert isinstance(fault, StudentFault)
    assert len(fault.problem) < 1000
    assert isinstance(fault, NotWritten) == (
        not raised.kind or "f is still to be written" in fault.problem
    )


@pytest.mark.parametrize("kind", ["", "NotImplementedError", "SystemExit", "x" * 10**6])
@pytest.mark.parametrize("text", ["", "f", "f: later", "other", "\n" * 600, "{}%s\\", "f\0"])
def test_an_exception_that_passes_for_a_stub_is_work_to_do_at_most(kind: str, text: str) -> None:
    far = FarStudent(PlainLauncher(), [], [])
    fault = far._fault("f", wire.Raised(1, kind, text, text))
    assert type(fault) in (NotWritten, StudentRaised, StubCalled)
    assert len(fault.problem) < 1000


# --- hypothesis: fewer, and it shrinks

texts = st.text(max_size=6)
shapes = st.lists(st.integers(-1, 4) | st.sampled_from([2**31, 2**63 - 1]), max_size=17).map(tuple)
arrays = st.builds(
    wire.Arr,
    st.sampled_from([dtype.str for dtype in DTYPES] + ["O", "<c16", "f8,f8", "", "\0"]),
    shapes,
    st.binary(max_size=32) | st.integers(0, 8).map(lambda n: bytes(8 * n)),
    st.sampled_from(["C", "F", "view", ""]),
)
sizes = st.integers(-1, 4) | st.sampled_from([2**31, 2**63 - 1])
single: st.SearchStrategy[wire.Node] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(),
    texts,
    arrays,
    *(st.builds(kind, sizes) for kind in (wire.Seq, wire.Tup, wire.Map)),
    texts.map(wire.Odd),
    st.builds(wire.Gen, st.integers(-1, 2), st.integers(0, 9)),
    st.builds(wire.Fun, st.integers(-1, 2)),
)
nodes = st.lists(single, max_size=12)
keys = st.integers(0, 2**62 - 1)
replies: st.SearchStrategy[wire.Reply] = st.one_of(
    st.builds(wire.Ready, keys),
    st.builds(wire.CellDone, keys, texts, texts),
    st.builds(wire.Value, keys, nodes, st.lists(texts, max_size=3).map(tuple)),
    st.builds(wire.Raised, keys, texts, texts, texts),
    st.builds(wire.Ask, keys, st.integers(-1, 3), nodes),
)


@given(nodes)
def test_any_nodes_are_a_plain_value_or_refused(given_nodes: wire.Nodes) -> None:
    with contextlib.suppress(ProtocolError):
        got = wire.untrusted(given_nodes)
        assert is_plain(got)
        again = wire.to_wire(got)
        assert len(again) == len(given_nodes)
        assert repr(wire.to_wire(wire.untrusted(again))) == repr(again)


@given(replies, st.data())
def test_a_changed_byte_is_a_reply_or_refused(message: wire.Reply, data: st.DataObject) -> None:
    body = bytearray(wire.encode(message)[4:])
    read(bytes(body))
    for _ in range(data.draw(st.integers(1, 3))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    read(bytes(body[: data.draw(st.integers(0, len(body)))]))
    read(bytes(body))


# --- what the worst frames cost


def counted(unit: bytes, count: int = wire.MAX_NODES, head: bytes = b"", first: int = 0) -> bytes:
    return b"\x93\xa5value\x01\xdd" + struct.pack(">I", count + first) + head + unit * count


ARRAY = b"\x94\xa5array\xa3<f8\x91\x01\xc4\x08" + bytes(8)
HALF = 16 * MB
WIDE = "😀".encode()
WORST = {
    "numbers": counted(b"\xcb" + bytes(8)),
    "texts": counted(b"\xd9\xfa" + WIDE + b"a" * 246),
    "one text": counted(b"\xdb" + struct.pack(">I", 31 * MB) + WIDE + b"a" * (31 * MB - 4), 1),
    "kinds": counted(b"\x92\xa3odd\xd9\xfa" + WIDE + b"a" * 246),
    "empty lists": counted(b"\x92\xa4list\x00"),
    "empty dicts": counted(
        b"\x92\xa4dict\x00", MAX_ITEMS, b"\x92\xa4list" + b"\xce" + struct.pack(">I", MAX_ITEMS), 1
    ),
    "arrays": counted(ARRAY, MAX_ITEMS, b"\x92\xa4list\xce" + struct.pack(">I", MAX_ITEMS), 1),
    "dimensions": counted(
        b"\x94\xa5array\xa3<f8\x9f" + b"\xce\x01\x01\x01\x01" * 15 + b"\xc4\x00", MAX_ITEMS
    ),
    "one array": counted(
        b"\x95\xa5array\xa3<f8\x91\xce"
        + struct.pack(">I", HALF // 4)
        + b"\xc6"
        + struct.pack(">I", 2 * HALF)
        + bytes(2 * HALF)
        + b"\xa1F",
        1,
    ),
    # What the decoder would once have made objects of, by the million.
    "too many texts": counted(b"\xa2ab", 11_000_000),
    "too many lists": counted(b"\x92\xa4list\x00", 4_700_000),
    "lists in lists": counted(b"\x91" * 2**20 + b"\xc0", 1),
    "too many changes": b"\x94\xa5value\x01\x90\xdd\x00\x80\x00\x00" + b"\xa1a" * 2**23,
    "too many fields": b"\xdd\x00\x80\x00\x00\xa5ready\x01" + b"\xa1a" * (2**23 - 2),
    "no message": b"\xdf\x00\x80\x00\x00" + b"\xa1a\x90" * 2**23,
}


@pytest.mark.parametrize("name", WORST)
def test_a_frame_costs_a_few_times_its_bytes(name: str) -> None:
    body = WORST[name]
    tracemalloc.start()
    try:
        read(body)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # A text of 4-byte characters takes most: four times its bytes, and twice that while it grows.
    assert peak < 8.5 * len(body) + 48 * MB


def test_no_frame_takes_much_longer_than_the_largest_honest_ones() -> None:
    def seconds(body: bytes) -> float:
        best = float("inf")
        for _ in range(2):
            began = time.process_time()
            with contextlib.suppress(ProtocolError):
                reply = wire.decode_reply(body)
                wire.untrusted(reply.value)  # type: ignore[union-attr]
            best = min(best, time.process_time() - began)
        return best

    honest = seconds(wire.encode(wire.Value(1, wire.to_wire([np.zeros(1)] * MAX_ITEMS)))[4:])
    assert max(map(seconds, WORST.values())) < 5 * honest
