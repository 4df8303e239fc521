"""Student code that attacks the other side of the trust line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing
from pathlib import Path

import pytest

from autograder.session.far import Cell, FarStudent, Limits
from autograder.session.launcher import PlainLauncher

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

def forge(value, changed=()):
    say(wire.Value(key(), value, list(changed)))

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
