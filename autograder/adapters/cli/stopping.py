"""Stopping in order: Ctrl-C and SIGTERM are asked for between two steps, a second one ends it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)
STATUS = 128
"""A command that a signal has ended exits with this and the signal's number, as shells say it."""


SAID = b"\nstopping; once more ends it at once\n"


class Stopping:
    """Whether a signal has asked for an end."""

    says = False

    def __init__(self) -> None:
        self.number = 0

    def asked(self) -> bool:
        """Whether it has."""
        return bool(self.number)

    @property
    def status(self) -> int:
        """Exit status."""
        return STATUS + (self.number or signal.SIGINT)

    def take(self, number: int, _: FrameType | None) -> None:
        """Remember a signal; the second one is an interruption at once."""
        if self.number:
            raise KeyboardInterrupt
        self.number = number
        if self.says:
            with suppress(OSError):  # at once, whatever is being printed
                os.write(2, SAID)


@contextmanager
def stopping() -> Iterator[Stopping]:
    """Take signals for the time of a block."""
    state = Stopping()
    state.says = True
    before = {}
    with suppress(ValueError):  # not the main thread: then whoever is there takes them
        for number in SIGNALS:
            before[number] = signal.signal(number, state.take)
    try:
        yield state
    except KeyboardInterrupt:
        raise SystemExit(state.status) from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
