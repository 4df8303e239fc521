"""A process that breaks the rules of the talk: the call fails, soon, and nothing is left behind."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograder.errors import DeadlineExceeded, JailUnavailable, SessionLost
from autograder.session import far as far_module
from autograder.session import messages as wire
from autograder.session.far import Cell, FarStudent
from autograder.values import Callback

Talk = Callable[..., AbstractContextManager[FarStudent]]
MB = 2**20


def say(channel: socket.socket, *messages: wire.Reply) -> None:
    for message in messages:
        channel.sendall(wire.encode(message))


def asks(request: Any, *values: Any) -> wire.Ask:
    return wire.Ask(request.key, 0, wire.to_wire((values, {})))


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """Every descriptor and every thread of a test is gone after it."""

    def held() -> tuple[int, int]:
        folder = Path("/proc/self/fd")
        return threading.active_count(), len([*folder.iterdir()]) if folder.is_dir() else 0

    threads, descriptors = held()
    yield
    assert held()[0] <= threads
    assert held()[1] <= descriptors


def half_and_sleep(channel: socket.socket, request: Any) -> None:
    channel.sendall(wire.encode(wire.Value(request.key, [1.0]))[:-3])
    channel.recv(1)


def drip(channel: socket.socket, request: Any) -> None:
    channel.sendall(struct.pack(">I", MB))
    while True:
        channel.sendall(b"x")
        time.sleep(0.01)


def ask_without_reading(channel: socket.socket, request: Any) -> None:
    while True:
        say(channel, asks(request, 0.0))


def ask_with_much_without_reading(channel: socket.socket, request: Any) -> None:
    while True:
        say(channel, asks(request, np.zeros(MB)))


def say_nothing(channel: socket.socket, request: Any) -> None:
    channel.recv(1)


@pytest.mark.parametrize(
    "script",
    [half_and_sleep, drip, ask_without_reading, ask_with_much_without_reading, say_nothing],
)
def test_what_does_not_end_is_ended(script: Any, talk: Talk) -> None:
    callback = Callback(lambda _: 0.0)
    with talk(script) as far:
        began = time.monotonic()
        with pytest.raises(DeadlineExceeded, match=r"f gave no answer for 0\.5 s"):
            far.call("f", callback)
        assert time.monotonic() - began < 10.0
        assert far._process is None


def hang_up(channel: socket.socket, request: Any) -> None:
    channel.shutdown(socket.SHUT_RDWR)


def half_and_hang_up(channel: socket.socket, request: Any) -> None:
    channel.sendall(wire.encode(wire.Value(request.key, [1.0]))[:-3])
    channel.shutdown(socket.SHUT_RDWR)


def gigabytes(channel: socket.socket, request: Any) -> None:
    channel.sendall(struct.pack(">I", 2**32 - 1))
    while True:
        channel.sendall(bytes(MB))


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        (hang_up, "it is gone"),
        (half_and_hang_up, "it is gone"),
        (gigabytes, "a frame of 4294967295 bytes, at most 33554432 are accepted"),
        (lambda c, r: say(c, wire.Value(r.key ^ 1, [1.0])), "an answer to another call came back"),
        (lambda c, r: say(c, wire.Ready(r.key)), "unexpected Ready"),
        (lambda c, r: say(c, wire.CellDone(r.key, "[]")), "unexpected CellDone"),
        (lambda c, r: say(c, wire.Ask(r.key, 5, [])), "a function that was never sent is called"),
        (lambda c, r: say(c, wire.Ask(r.key, -1, [])), "a function that was never sent is called"),
        (lambda c, r: c.sendall(wire.encode(r)), "not a message"),
    ],
)
def test_what_is_not_the_answer_ends_the_session(script: Any, problem: str, talk: Talk) -> None:
    with talk(script) as far:
        with pytest.raises(SessionLost, match=problem) as caught:
            far.call("f", Callback(lambda _: 0.0))
        assert caught.value.problem.startswith("f ended the notebook's process: ")
        assert far._process is None


def test_questions_are_counted(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(far_module, "MAX_QUESTIONS", 50)

    def ask(channel: socket.socket, request: Any) -> None:
        while True:
            say(channel, asks(request, 0.0))
            wire.read_frame(channel, MB)

    callback = Callback(lambda _: 0.0)
    with (
        talk(ask) as far,
        pytest.raises(SessionLost, match="called functions of the check without"),
    ):
        far.call("f", callback)
    assert len(callback.calls) == 50


def test_what_questions_pass_is_counted(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(far_module, "MAX_ASKED_BYTES", 20 * MB)

    def ask(channel: socket.socket, request: Any) -> None:
        while True:
            say(channel, asks(request, np.zeros(MB // 8)))
            wire.read_frame(channel, MB)

    callback = Callback(lambda _: 0.0)
    with (
        talk(ask) as far,
        pytest.raises(SessionLost, match="called functions of the check without"),
    ):
        far.call("f", callback)
    assert len(callback.calls) == 15  # 16 MB may be kept


def test_many_small_values_are_not_kept_without_bound(talk: Talk) -> None:
    answers = []

    def ask(channel: socket.socket, request: Any) -> None:
        nodes = [wire.Tup(2), wire.Tup(1), wire.Seq(99_000), *[wire.Odd("")] * 99_000, wire.Map(0)]
        for _ in range(8):
            say(channel, wire.Ask(request.key, 0, nodes))
            answers.append(wire.decode_request(wire.read_frame(channel, MB)))
        say(channel, wire.Value(request.key, [1.0]))

    callback = Callback(lambda _: 0.0)
    with talk(ask) as far:
        far._limits = far._limits.__class__(wall_extra=60.0)
        far.call("f", callback)
    assert answers[-1].error == "the function was passed more than 16 MB in all"
    assert sum(len(call[0]) for call in callback.calls) < 5 * 10**5  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "passed",
    [
        [],
        [1.0],
        [wire.Seq(2), wire.Tup(0), wire.Tup(0)],
        [wire.Tup(3), wire.Tup(0), wire.Map(0), 1.0],
        [wire.Tup(2), wire.Tup(0)],
        [wire.Tup(2), wire.Tup(1), wire.Fun(0), wire.Map(0)],
    ],
)
def test_arguments_of_odd_form_are_an_error_of_the_call(passed: wire.Nodes, talk: Talk) -> None:
    answers = []

    def ask(channel: socket.socket, request: Any) -> None:
        say(channel, wire.Ask(request.key, 0, passed))
        answers.append(wire.decode_request(wire.read_frame(channel, MB)))
        say(channel, wire.Value(request.key, [1.0]))

    callback = Callback(lambda *_: 0.0)
    with talk(ask) as far:
        assert far.call("f", callback) == 1.0
    if passed[:1] != [wire.Seq(2)]:
        assert answers[0].error.startswith("ProtocolError: ")
        assert callback.calls == []


# --- frames that were written ahead of time


@pytest.mark.parametrize(
    "forged",
    [wire.Ready(0), wire.Value(0, [777.0]), wire.CellDone(0, "[]"), wire.Ask(0, 0, [])],
)
def test_what_is_said_before_it_is_asked_is_no_answer(forged: wire.Reply, talk: Talk) -> None:
    def early(channel: socket.socket, request: Any) -> None:
        say(channel, wire.Ready(request.key), forged)

    answer = say_nothing
    with talk(answer, early) as far, pytest.raises(SessionLost, match="an answer to another call"):
        far.call("f")


def test_the_key_of_one_call_answers_no_other(talk: Talk) -> None:
    keys = []

    def twice(channel: socket.socket, request: Any) -> None:
        keys.append(request.key)
        say(channel, wire.Value(request.key, [1.0]), wire.Value(request.key, [777.0]))

    with talk(twice) as far:
        assert far.call("f") == 1.0
        with pytest.raises(SessionLost, match="g ended the notebook's process: an answer to anoth"):
            far.call("g")
        assert far.call("h") == 1.0
    assert len(set(keys)) == len(keys)
    assert max(keys) > 2**40


def test_the_first_message_of_a_process_bears_a_key_too(talk: Talk) -> None:
    def first(channel: socket.socket, request: Any) -> None:
        say(channel, wire.Ready(request.key ^ 1))

    with talk(say_nothing, first) as far, pytest.raises(JailUnavailable, match="another call came"):
        far.call("f")


@pytest.mark.parametrize(
    ("kind", "size", "limit"),
    [(wire.Start, 2000, 1024), (wire.Several, 13 * MB, 12 * MB)],
)
def test_a_short_answer_has_a_short_limit(kind: type, size: int, limit: int, talk: Talk) -> None:
    def long(channel: socket.socket, request: Any) -> None:
        if isinstance(request, kind):
            channel.sendall(struct.pack(">I", size))
            channel.recv(1)
        else:
            say(channel, wire.Ready(request.key))

    with talk(long, long, [Cell("a", "1")]) as far:
        try:
            far.start()
            problem = far.cell_errors["a"]
        except JailUnavailable as lost:
            problem = lost.reason
    assert f"a frame of {size} bytes, at most {limit} are accepted" in problem


def test_a_fault_of_ours_ends_the_session(talk: Talk) -> None:
    def ask(channel: socket.socket, request: Any) -> None:
        say(channel, asks(request, 0.0))
        channel.recv(1)

    def interrupted(_: object) -> float:
        raise KeyboardInterrupt

    with talk(ask) as far:
        with pytest.raises(KeyboardInterrupt):
            far.call("f", Callback(interrupted))
        assert far._process is None
