"""Warm start: sessions are forked from a process that has everything imported.

The trusted side of `autograder.session.fork_server`. A server belongs to one process that grades,
and to one set of public files; it is started at the first session, and ends with `close` or with
the thread that started it. What its sessions have in common, beside what they have when they are
cold, stands in docs/security.md.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from autograder.errors import JailUnavailable
from autograder.jail.separate import Separation
from autograder.limits import Limits
from autograder.session.forks import FAILED, LENGTH, SESSION
from autograder.session.handle import END_SECONDS, Started
from autograder.session.launcher import Launcher
from autograder.session.process import START_SECONDS, Room, StudentProcess
from autograder.session.usage import family

CAN_FORK = sys.platform == "linux"
"""Elsewhere a fork of a process that has used the system's libraries is not safe."""

SCM_CREDENTIALS = 2
_CREDENTIALS = struct.Struct("3i")
_MAX_REPORT = 2048
REAP_SECONDS = 0.5
"""Time for the first process of a session's namespace to see the session's end."""
_MEND = "Grade with --cold; `autograder doctor` says what this machine can do."


@dataclass(frozen=True)
class Birth:
    """What one session of a server is made of; `room` and `discard` as in `StudentProcess`."""

    separation: Separation
    room: Callable[[list[int]], Room] | None = None
    discard: Callable[[], None] = lambda: None


class Warm:
    """A running fork server.

    Parameters
    ----------
    popen
        The server, or the jail that it is in.
    control
        Socket to it.
    birth
        Takes limits and how many sessions there are; returns what the next one is made of.
    discard
        Called at the end, to remove what was made for the server.
    guarded
        As in `Started`.
    """

    def __init__(
        self,
        popen: subprocess.Popen[bytes],
        control: socket.socket,
        birth: Callable[[Limits, int], Birth],
        discard: Callable[[], None] = lambda: None,
        *,
        guarded: bool = False,
    ) -> None:
        self._handle = Started(popen, guarded=guarded)
        self._control = control
        self._birth = birth
        self._discard = discard
        self._lock = threading.Lock()
        self._sessions: list[Forked] = []
        self._last_words = ""
        self.closed = False
        try:
            self._meet()
        except BaseException:
            self.close()
            raise

    def _meet(self) -> None:
        self._control.settimeout(START_SECONDS)
        try:
            said = self._control.recv(len(SESSION))
        except OSError:
            said = b""
        if said != SESSION:
            self.close()
            raise JailUnavailable(
                f"the fork server did not start: {self._last_words or 'it said nothing'}",
                mend=_MEND,
            )

    @property
    def ended(self) -> bool:
        """Whether the server is gone."""
        return self.closed or self._handle.poll() is not None

    def launch(self, limits: Limits) -> StudentProcess:
        """Fork a session.

        Raises
        ------
        JailUnavailable
            It did not come up: of this machine, since no student's code has run yet.
        """
        with self._lock:
            return self._launch(limits)

    def _launch(self, limits: Limits) -> StudentProcess:
        self._sessions = [session for session in self._sessions if session.poll() is None]
        birth = self._birth(limits, len(self._sessions))
        channel, theirs = socket.socketpair()
        report, reported = socket.socketpair(type=socket.SOCK_SEQPACKET)
        try:
            with theirs, reported:
                report.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
                body = birth.separation.to_bytes()
                descriptors = [theirs.fileno(), reported.fileno()]
                socket.send_fds(self._control, [LENGTH.pack(len(body))], descriptors)
                self._control.sendall(body)
            forked = Forked(report, first=birth.separation.namespaces)
        except (OSError, EOFError, JailUnavailable) as error:
            channel.close()
            report.close()
            self.close()
            birth.discard()
            why = error.reason if isinstance(error, JailUnavailable) else "its server ended"
            said = f" ({self._last_words})" if self._last_words else ""
            raise JailUnavailable(f"the session was not forked: {why}{said}", mend=_MEND) from error
        self._sessions.append(forked)
        return StudentProcess(forked, channel, limits, birth.room, birth.discard)

    def close(self) -> None:
        """End the server, and with it all its sessions."""
        if self.closed:
            return
        self.closed = True
        self._control.close()
        # It ends by itself when nobody asks any more; then the CPU time that it used is known.
        with suppress(subprocess.TimeoutExpired):
            self._handle.wait(END_SECONDS)
        self._handle.end()
        self._last_words = self._handle.last_words()
        with suppress(OSError):
            self._discard()


class Forked:
    """A session's processes, forked by a server: a `Handle`.

    Parameters
    ----------
    report
        Socket on which they and the server report.
    first
        A process of ours is first in the session's own namespace.

    Raises
    ------
    JailUnavailable
        The session did not come up.
    EOFError, OSError
        The server has ended.
    """

    def __init__(self, report: socket.socket, *, first: bool) -> None:
        self._report = report
        self._lock = threading.Lock()  # the watchdog asks, too
        self._code: int | None = None
        self.orphaned = False
        self.final_cpu = 0.0
        report.settimeout(START_SECONDS)
        self._members = [self._next_process() for _ in range(2 if first else 1)]
        self._settled = False
        self.ours = frozenset(self._members[:1] if first else ())
        self.pid = self._members[0]
        self._pidfd = os.pidfd_open(self.pid)
        report.settimeout(None)

    def _next_process(self) -> int:
        """Return the number of the process that reports next, as the kernel tells it."""
        said, extra, _, _ = self._report.recvmsg(_MAX_REPORT, socket.CMSG_SPACE(_CREDENTIALS.size))
        if not said:
            raise EOFError
        if said.startswith(FAILED):
            words = said.removeprefix(FAILED).decode(errors="replace")
            raise JailUnavailable(f"it could not be set apart: {words}", mend=_MEND)
        for level, kind, data in extra:
            if (level, kind) == (socket.SOL_SOCKET, SCM_CREDENTIALS):
                pid: int = _CREDENTIALS.unpack(data[: _CREDENTIALS.size])[0]
                if pid:
                    return pid
        raise JailUnavailable("its process has no number here", mend=_MEND)

    def members(self) -> list[int]:
        """See `Handle.members`."""
        if self._settled:
            return self._members
        return list(dict.fromkeys([*self._members, *family(self.pid)]))

    def settle(self) -> None:
        """See `Handle.settle`."""
        self._settled = True

    def poll(self) -> int | None:
        """See `Handle.poll`."""
        return self._ask(0.0)

    def wait(self, seconds: float) -> int:
        """See `Handle.wait`."""
        code = self._ask(seconds)
        if code is None:
            raise subprocess.TimeoutExpired("session", seconds)
        return code

    def _ask(self, seconds: float) -> int | None:
        with self._lock:
            if self._code is None:
                ready = select.poll()
                ready.register(self._report, select.POLLIN)
                if ready.poll(seconds * 1000):
                    said = b""
                    with suppress(OSError):
                        said = self._report.recv(_MAX_REPORT)
                    if said:
                        self._code, self.final_cpu = json.loads(said)
                    else:  # the server itself was killed, and the session with it
                        self._code, self.orphaned = -signal.SIGKILL, True
            return self._code

    def end(self) -> None:
        """See `Handle.end`."""
        inside = [] if self._settled else self.members()[1:]
        if self.ours and self.poll() is None:
            # Its parent, which is ours, then waits for it and ends: killed before, it would take
            # the session with it, and the kernel would forget what CPU time that has used.
            with suppress(ProcessLookupError, PermissionError):
                os.kill(self._members[-1], signal.SIGKILL)
            with suppress(subprocess.TimeoutExpired):
                self.wait(REAP_SECONDS)
        if self.poll() is None:
            with suppress(ProcessLookupError, PermissionError):
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
        for pid in inside:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):
            self.wait(END_SECONDS)

    def last_words(self) -> str:
        """Let go of the session; it has said everything on the way up."""
        if self._pidfd >= 0:
            os.close(self._pidfd)
            self._pidfd = -1
            self._report.close()
        return ""


class Serving(Launcher, Protocol):
    """A launcher that also gives fork servers."""

    def serve(self, files: Sequence[Path], packages: tuple[str, ...] = ()) -> Warm:
        """Start a fork server whose sessions see `files` in their working folder."""
        ...


class WarmLauncher:
    """Starts sessions of a jail as forks.

    Parameters
    ----------
    launcher
        The jail.
    """

    def __init__(self, launcher: Serving) -> None:
        self.level = launcher.level
        self._launcher = launcher
        self._servers: dict[tuple[tuple[Path, ...], tuple[str, ...]], Warm] = {}
        self._at_end = weakref.finalize(self, _close, self._servers)

    def launch(
        self, files: Sequence[Path], limits: Limits, packages: tuple[str, ...] = ()
    ) -> StudentProcess:
        """See `Launcher.launch`."""
        key = (tuple(files), packages)
        server = self._servers.get(key)
        if server is None or server.ended:
            self.close()  # one grader grades one assignment: more than one are never needed
            server = self._servers[key] = self._launcher.serve(files, packages)
        return server.launch(limits)

    def close(self) -> None:
        """End all servers."""
        _close(self._servers)


def _close(servers: dict[Any, Warm]) -> None:
    while servers:
        servers.popitem()[1].close()
