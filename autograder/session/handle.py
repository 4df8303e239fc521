"""A process on the other side of the trust line, however it was started: to look at and to end."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from typing import Protocol

from autograder.session.usage import family, usage

END_SECONDS = 5.0
"""Time that a killed process may take: one that root may not kill is not waited for."""
GUARD_SECONDS = 2.0
MAX_LAST_WORDS = 2000


class Handle(Protocol):
    """What the watchdog knows of a session's processes."""

    pid: int
    """Of the first of them."""

    ours: frozenset[int]
    """Those in which no student's code runs: their memory does not count."""

    final_cpu: float
    """CPU time that all of them have used, known when they have ended; 0 if it is not."""

    orphaned: bool
    """They ended because what had started them did: no fault of the student's."""

    def members(self) -> list[int]:
        """Return all of them, the first one first."""

    def settle(self) -> None:
        """Take the present members for all that there will ever be: none can be started."""

    def poll(self) -> int | None:
        """Return the exit status of the first one; None while it runs."""

    def wait(self, seconds: float) -> int:
        """Wait for that; raise `subprocess.TimeoutExpired`."""

    def end(self) -> None:
        """Kill all of them."""

    def last_words(self) -> str:
        """Return what was said on standard error: how a start went wrong, for the instructor."""


class Started:
    """A process that was started for one session, and what it started.

    Parameters
    ----------
    popen
        The process, leader of its own process group.
    guarded
        It is a jail's parent, which ends by itself when what is inside has ended.
    """

    def __init__(self, popen: subprocess.Popen[bytes], *, guarded: bool = False) -> None:
        self.pid = popen.pid
        self.ours: frozenset[int] = frozenset()
        self.final_cpu = 0.0
        self.orphaned = False
        self._popen = popen
        self._guarded = guarded
        self._members: list[int] = []

    def members(self) -> list[int]:
        """See `Handle.members`."""
        return self._members or family(self.pid)

    def settle(self) -> None:
        """See `Handle.settle`."""
        self._members = family(self.pid)

    def poll(self) -> int | None:
        """See `Handle.poll`."""
        if self._popen.returncode is None:
            # What has ended and is not waited for still shows what it has used.
            self.final_cpu = max(self.final_cpu, usage([self.pid]).cpu)
        return self._popen.poll()

    def wait(self, seconds: float) -> int:
        """See `Handle.wait`."""
        return self._popen.wait(timeout=seconds)

    def end(self) -> None:
        """See `Handle.end`."""
        inside = family(self.pid)[1:]
        for pid in inside:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        if inside and self._guarded:
            # A jail's first process takes everything inside with it, and its parent then ends:
            # nothing is left when that one has been waited for.
            with suppress(subprocess.TimeoutExpired):
                self._popen.wait(timeout=GUARD_SECONDS)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        with suppress(PermissionError, subprocess.TimeoutExpired):
            self._popen.kill()
            self._popen.wait(timeout=END_SECONDS)

    def last_words(self) -> str:
        """See `Handle.last_words`."""
        if self._popen.stderr is None:
            return ""
        with self._popen.stderr as said:
            os.set_blocking(said.fileno(), False)
            words = (said.read(2**16) or b"").decode(errors="replace").strip()
        return words[-MAX_LAST_WORDS:]
