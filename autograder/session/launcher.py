"""Starting the student's process: the one seam where a jail goes.

A `Launcher` gets public files and limits, and returns a process that talks over a socket. The
jails are in `autograder.jail`; `PlainLauncher` isolates nothing: the process runs as the user who
grades. No expected value is ever in its memory, but code that goes looking can read what that user
can: the reference, the hidden checks, the course key.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from autograder.limits import Limits
from autograder.session.environment import environment
from autograder.session.fonts import font_list
from autograder.session.process import Room, StudentProcess
from autograder.session.scratch import make_scratch, remove_tree


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


class PlainLauncher:
    """Starts it as an ordinary child process: no jail, and of the limits only the deadlines."""

    level = 0

    def launch(
        self, files: Sequence[Path], limits: Limits, packages: tuple[str, ...] = ()
    ) -> StudentProcess:
        """See `Launcher.launch`."""
        scratch = make_scratch()
        work = scratch / "work"
        fonts = scratch / "matplotlib"
        for folder in (work, fonts):
            folder.mkdir()
        fonts_made = font_list()
        copies = [(file, work) for file in files] + [(file, fonts) for file in fonts_made]
        for file, folder in copies:
            shutil.copyfile(file, folder / file.name)
        return start(
            lambda channel: [
                *(sys.executable, "-I", "-m", "autograder.session.agent"),
                *(str(channel), ",".join(packages)),
            ],
            environment(str(scratch)),
            limits,
            cwd=work,
            discard=lambda: remove_tree(scratch),
        )


def start(
    command: Callable[[int], list[str]],
    environment: dict[str, str],
    limits: Limits,
    *,
    cwd: Path | None = None,
    room: Callable[[int], Room] | None = None,
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
        As in `StudentProcess`; `discard` is also called if nothing starts.
    cwd
        Its working folder.
    """
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
    return StudentProcess(popen, ours, limits, room, discard, guarded=guarded)
