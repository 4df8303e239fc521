"""A running student's process, and the watchdog that ends it."""

from __future__ import annotations

import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from autograder.limits import Limits
from autograder.session.handle import Handle
from autograder.session.usage import usage

WATCH_SECONDS = 0.05
START_SECONDS = 60.0
"""Time that a jail may take until its scratch folder is there to be measured."""


@dataclass(frozen=True)
class Room:
    """What a scratch folder holds: MiB, files and folders, and whether there may be more.

    `hidden` is also what could not be measured at all.
    """

    megabytes: float
    files: int
    hidden: bool = False


class StudentProcess:
    """A running student's process and everything it started.

    A thread of ours looks at its memory and its scratch folder all the time, also while nothing is
    asked of it, and ends it when it uses more than it may: then `verdict` says why.

    Parameters
    ----------
    handle
        The process.
    channel
        Our end of the socket.
    limits
        What it may use.
    room
        Measures its scratch folder; None where the kernel bounds that.
    discard
        Called once at the end, to remove what was made for it.
    """

    def __init__(
        self,
        handle: Handle,
        channel: socket.socket,
        limits: Limits,
        room: Callable[[list[int]], Room] | None = None,
        discard: Callable[[], None] = lambda: None,
    ) -> None:
        self._handle = handle
        self._limits = limits
        self._room = room
        self._discard = discard
        self._cpu = 0.0
        self._over = threading.Event()
        self._doubt = ""
        self._room_known = False
        self._began = time.monotonic()
        self.channel = channel
        self.verdict = ""
        self.last_words = ""
        self._watchdog = threading.Thread(target=self._watch, name="watchdog", daemon=True)
        self._watchdog.start()

    @property
    def pid(self) -> int:
        """Number of its first process; a jail's own, where it has one."""
        return self._handle.pid

    def settle(self) -> None:
        """Take its processes for all that there will be: its jail lets it start none."""
        if not self._limits.processes:
            self._handle.settle()

    def cpu_seconds(self) -> float:
        """CPU time used so far by the process and its living and reaped children."""
        self._cpu = max(self._cpu, usage(self._handle.members()).cpu, self._handle.final_cpu)
        return self._cpu

    @property
    def known_cpu_seconds(self) -> float:
        """The same as it was at the last look; the watchdog looks all the time."""
        return self._cpu

    @property
    def orphaned(self) -> bool:
        """Whether it was ended by the end of what had started it: no fault of the student's."""
        return self.ended and self._handle.orphaned

    @property
    def ended(self) -> bool:
        """Whether the process itself is gone; what it started may go on."""
        return self._handle.poll() is not None

    def exit_text(self) -> str:
        """Say how the process ended, in a few words."""
        if self.verdict:
            return self.verdict
        with suppress(subprocess.TimeoutExpired):
            code = self._handle.wait(1.0)
            if code >= 0:
                # Above 128 a jail reports the signal that ended what it held.
                return _killed_by(code - 128) if code > 128 else f"it exited with status {code}"
            return _killed_by(-code)
        return "it closed its channel"

    def kill(self) -> None:
        """End the process and all that it started, close the channel, remove what it used."""
        self.cpu_seconds()
        self._over.set()
        self._handle.end()
        self._cpu = max(self._cpu, self._handle.final_cpu)
        self.channel.close()
        self._watchdog.join()
        self.last_words = self._handle.last_words()
        self._discard()

    def _watch(self) -> None:
        while not self._over.wait(WATCH_SECONDS):
            try:
                if self.ended:
                    return
                verdict = self._excess()
            except Exception as error:  # noqa: BLE001 - what nobody watches must not go on
                verdict = f"the watchdog failed on it ({type(error).__name__}: {error})"
            if verdict and not self._over.is_set():
                self.verdict = verdict
                self._handle.end()
                return

    def _excess(self) -> str:
        limits = self._limits
        members = self._handle.members()
        used = usage(members, self._handle.ours)
        self._cpu = max(self._cpu, used.cpu)
        if used.memory_mb > limits.memory_mb:
            return f"it used more than {limits.memory_mb} MB of memory"
        doubt = ""
        if used.leaderless:
            doubt = "its first thread has ended while others go on"
        elif used.hidden or not used.processes:
            doubt = "what it uses could not be measured"
        if self._room is not None:
            held = self._room(members)
            if held.megabytes > limits.scratch_mb:
                return f"it wrote more than {limits.scratch_mb} MB to disk"
            if held.files > limits.scratch_files:
                return f"it made more than {limits.scratch_files} files"
            self._room_known |= not held.hidden
            starting = not self._room_known and time.monotonic() < self._began + START_SECONDS
            if held.hidden and not starting:
                doubt = doubt or "its scratch folder could not be measured"
        # At one look alone it may be that the process is just about to end.
        confirmed, self._doubt = bool(doubt) and doubt == self._doubt, doubt
        return doubt if confirmed and not self.ended else ""


def _killed_by(number: int) -> str:
    # Real-time signals have no names.
    names = {known.value: known.name for known in signal.Signals}
    return f"killed by {names.get(number, f'signal {number}')}"
