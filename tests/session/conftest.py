"""Student code that attacks the other side of the trust line."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, suppress
from pathlib import Path
from typing import Any

import pytest

from autograder.session import messages as wire
from autograder.session.far import Cell, FarStudent, Limits
from autograder.session.plain import PlainLauncher

FORGER = """
import gc, os, signal, socket, struct, sys, time
import numpy as np
from autograder.session import messages as wire

AGENT = next(o for o in gc.get_objects() if type(o).__name__ == "Agent")
LINE = AGENT._channel

def key():
    frame = sys._getframe()
    while "request" not in frame.f_locals:
        frame = frame.f_back
    return frame.f_locals["request"].key

def say(*messages):
    for message in messages:
        LINE.sendall(wire.encode(message))

def forge(nodes, changed=()):
    say(wire.Value(key(), nodes, changed))

def double(z):
    return 2 * z
"""
"""Finds the socket and the key of the present call, and writes frames of its own."""

QUICK = Limits(cell_cpu=3.0, notebook_cpu=60.0, wall_factor=1.0, wall_extra=2.0, sessions=60)

Start = Callable[..., AbstractContextManager[FarStudent]]


@pytest.fixture(scope="session")
def start() -> Start:
    """Start a student whose first cell is `FORGER`, with quick deadlines."""

    def begin(
        *sources: str, limits: Limits = QUICK, files: Sequence[Path] = ()
    ) -> AbstractContextManager[FarStudent]:
        cells = [Cell(f"cell-{k}", source) for k, source in enumerate((FORGER, *sources))]
        far = FarStudent(PlainLauncher(), cells, files, limits)
        far.cpu_seconds = 1.5
        return closing(far)

    return begin


@pytest.fixture(scope="module")
def hostile(start: Start, request: pytest.FixtureRequest) -> Iterator[FarStudent]:
    """One student for a whole module; its code is the module's ``ATTACKS``."""
    with start(request.module.ATTACKS) as far:
        yield far


Script = Callable[[socket.socket, Any], None]
"""What a `Peer` does at a request other than the first."""


class Peer:
    """Stands for a student's process: a thread that says what a test wants said."""

    def __init__(self, script: Script, first: Script | None = None) -> None:
        self.channel, self._theirs = socket.socketpair()
        self._thread = threading.Thread(target=self._serve, args=(script, first))
        self._thread.start()
        self.verdict = self.last_words = ""

    def _serve(self, script: Script, first: Script | None) -> None:
        # The end of the test closes the other end, whatever is being said.
        with self._theirs, suppress(OSError, EOFError):
            while True:
                request = wire.decode_request(wire.read_frame(self._theirs, 2**31))
                if first is not None and isinstance(request, wire.Start):
                    first(self._theirs, request)
                elif isinstance(request, wire.Start):
                    self._theirs.sendall(wire.encode(wire.Ready(request.key)))
                else:
                    script(self._theirs, request)

    def cpu_seconds(self) -> float:
        return 0.0

    @property
    def known_cpu_seconds(self) -> float:
        return 0.0

    @property
    def ended(self) -> bool:
        return False

    @property
    def orphaned(self) -> bool:
        return False

    def exit_text(self) -> str:
        return "it is gone"

    def kill(self) -> None:
        # A thread that waits in recv() sees the end only so, not by close().
        with suppress(OSError):
            self.channel.shutdown(socket.SHUT_RDWR)
        self.channel.close()
        self._thread.join()


class PeerLauncher:
    """Starts peers."""

    level = 0

    def __init__(self, script: Script, first: Script | None) -> None:
        self._script = script
        self._first = first

    def launch(self, *_: object, **__: object) -> Peer:
        return Peer(self._script, self._first)


@pytest.fixture
def talk() -> Callable[..., AbstractContextManager[FarStudent]]:
    """Start a student whose process is a `Peer`, with very quick deadlines."""

    def begin(
        script: Script, first: Script | None = None, cells: Sequence[Cell] = ()
    ) -> AbstractContextManager[FarStudent]:
        limits = Limits(wall_factor=0.0, wall_extra=0.5, sessions=10**6, notebook_cpu=10**6)
        far = FarStudent(PeerLauncher(script, first), cells, [], limits)  # type: ignore[arg-type]
        return closing(far)

    return begin
