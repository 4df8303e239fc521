"""Starting the student's process: the one seam where a jail goes.

A `Launcher` gets public files and limits, and returns a process that talks over a socket. The
jails are in `autograder.jail`; without one there is `autograder.session.plain`.
"""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from autograder.limits import Limits
from autograder.session.handle import Started
from autograder.session.process import Room, StudentProcess


class Launcher(Protocol):
    """Starts the process in which a student's code runs.

    `level` says what holds that code: 3 bubblewrap, 1 Landlock, 0 nothing.
    """

    level: int

    def launch(
        self, files: Sequence[Path], limits: Limits, packages: tuple[str, ...] = ()
    ) -> StudentProcess:
        """Start a process whose working folder holds `files` and nothing else.

        Parameters
        ----------
        files
            The assignment's public files.
        limits
            What it may use.
        packages
            Distributions that it may import beside the student-side ones.

        Raises
        ------
        JailUnavailable
            This machine cannot hold it.
        OSError
            The process could not be started.
        """
        ...


def start(
    command: Callable[[int], list[str]],
    environment: dict[str, str],
    limits: Limits,
    *,
    cwd: Path | None = None,
    room: Callable[[list[int]], Room] | None = None,
    discard: Callable[[], None] = lambda: None,
    guarded: bool = False,
) -> StudentProcess:
    """Start a student's process on one end of a new socket.

    Parameters
    ----------
    command
        Takes the number of the process's descriptor; returns its command line.
    environment
        Its whole environment.
    limits, room, discard, guarded
        As in `StudentProcess` and `Started`; `discard` is also called if nothing starts.
    cwd
        Its working folder.
    """
    popen, ours = popen_on_socket(command, environment, cwd=cwd, discard=discard)
    return StudentProcess(Started(popen, guarded=guarded), ours, limits, room, discard)


def popen_on_socket(
    command: Callable[[int], list[str]],
    environment: dict[str, str],
    *,
    cwd: Path | None = None,
    discard: Callable[[], None] = lambda: None,
) -> tuple[subprocess.Popen[bytes], socket.socket]:
    """Start a process on one end of a new socket and return both; arguments as of `start`."""
    ours, theirs = socket.socketpair()
    try:
        popen = subprocess.Popen(
            command(theirs.fileno()),
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            pass_fds=(theirs.fileno(),),
            start_new_session=True,
        )
    except BaseException:
        ours.close()
        with suppress(OSError):
            discard()
        raise
    finally:
        theirs.close()
    with suppress(OSError):
        # A second line: short of memory, the kernel ends a session before anything else.
        Path(f"/proc/{popen.pid}/oom_score_adj").write_text("1000", encoding="ascii")
    return popen, ours
