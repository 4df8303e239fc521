"""Deadlines: one exchange with the student's process may take so long, and the notebook so long."""

from __future__ import annotations

import select
import time
from dataclasses import dataclass

from autograder.errors import DeadlineExceeded
from autograder.limits import Limits
from autograder.session.process import StudentProcess

POLL_SECONDS = 0.05


@dataclass
class Spent:
    """What a notebook has used up, in all its sessions that are over.

    `starts` is the part of the CPU time until a session was ready for the first cell: ours, and
    that of running sessions, too.
    """

    cpu: float = 0.0
    wall: float = 0.0
    starts: float = 0.0

    @property
    def own(self) -> float:
        """CPU time of the student's own code, but for what running sessions have used."""
        return self.cpu - self.starts

    def require(self, limits: Limits, running: float = 0.0) -> None:
        """Raise `DeadlineExceeded` if nothing is left; `running` is the CPU time of a session."""
        for used, total, kind in (
            (self.cpu + running, limits.notebook_cpu, " of CPU time"),
            (self.wall, limits.notebook_wall, ""),
        ):
            if used > total:
                raise DeadlineExceeded(
                    "notebook",
                    f"The notebook has used up its {total:g} s{kind}.",
                    seconds=total,
                    wall=not kind,
                )


class Watch:
    """Looks at the clocks while one exchange with the student's process goes on.

    However often the process says something, and in however small parts, the clocks are looked at.

    Parameters
    ----------
    process
        The student's process.
    label
        What it is asked for, for the message.
    cpu
        CPU seconds that the exchange may take.
    limits, spent
        Of the notebook as a whole.
    """

    def __init__(
        self, process: StudentProcess, label: str, cpu: float, limits: Limits, spent: Spent
    ) -> None:
        self._process = process
        self._label = label
        self._cpu = cpu
        self._limits = limits
        self._spent = spent
        # Not select(), which knows the first 1024 descriptors only.
        self._poll = select.poll()
        self._poll.register(process.channel, select.POLLIN)
        self._cpu_before = process.known_cpu_seconds
        self._began = self._looked = time.monotonic()

    @property
    def elapsed(self) -> float:
        """Wall seconds since the exchange began."""
        return time.monotonic() - self._began

    def wait(self) -> None:
        """Return when something can be read.

        Raises
        ------
        DeadlineExceeded
            A deadline passed.
        EOFError
            The process has ended.
        """
        while True:
            if time.monotonic() - self._looked >= POLL_SECONDS:
                self._look()
            if self._readable(POLL_SECONDS):
                return
            # A child of a process that is gone may hold the socket, so that it never closes.
            if self._process.ended and not self._readable(0.0):
                raise EOFError

    def send(self, frame: bytes) -> None:
        """Write `frame`; raise `DeadlineExceeded` if the process does not read it in time."""
        wall = self._limits.wall(self._cpu)
        self._process.channel.settimeout(max(wall - self.elapsed, POLL_SECONDS))
        try:
            self._process.channel.sendall(frame)
        except TimeoutError:
            raise self._late(f"gave no answer for {wall:g} s", wall, wall=True) from None

    def _readable(self, seconds: float) -> bool:
        return bool(self._poll.poll(seconds * 1000))

    def _look(self) -> None:
        used = self._process.cpu_seconds()
        if used - self._cpu_before > self._cpu:
            raise self._late(f"used more than {self._cpu:g} s of CPU time", self._cpu)
        total = self._limits.notebook_cpu
        if self._spent.cpu + used > total:
            raise self._late(f"ran when the notebook's {total:g} s were used up", total)
        wall = self._limits.wall(self._cpu)
        if self.elapsed > wall:
            raise self._late(f"gave no answer for {wall:g} s", wall, wall=True)
        total = self._limits.notebook_wall
        if self._spent.wall + self.elapsed > total:
            raise self._late(f"ran when the notebook's {total:g} s were used up", total, wall=True)
        self._looked = time.monotonic()

    def _late(self, what: str, seconds: float, *, wall: bool = False) -> DeadlineExceeded:
        problem = f"{self._label} {what} and was stopped. Is there a loop that does not end?"
        return DeadlineExceeded(self._label, problem, seconds=seconds, wall=wall)
