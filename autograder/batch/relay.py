"""What runs in a Dask worker: it starts the process that grades, and hands messages through.

Submissions are not graded in the Dask worker itself: sessions end with the thread that started
them, and Dask's threads come and go. The process is `autograder.batch.site`; each has one main
thread, and a life that hangs on its pipe: when the Dask worker is gone, however it ended, the pipe
is closed, and the site clears up and ends.

What comes through here are bytes, so that nothing in here depends on what they mean.
"""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import threading
from contextlib import suppress
from typing import IO

from autograder.batch.cores import THREADS
from autograder.session.scratch import remove_left

LENGTH = struct.Struct("!Q")
END_SECONDS = 10.0
"""Time for a site to clear up."""

PROGRAM = (sys.executable, "-P", "-m", "autograder.batch.site")
"""Without the working folder on its path: anybody's modules could lie there."""

_sites: dict[str, Site] = {}


def open_site(token: str, grader: str, opening: bytes) -> tuple[str, bytes]:
    """Start a site; return which grader it is, and its first words, empty if it is another one.

    Parameters
    ----------
    token
        Its name from now on.
    grader
        Which one it should be.
    opening
        A message for it.
    """
    for left, ended in list(_sites.items()):
        if ended.over():
            _sites.pop(left, None)
    site = _sites[token] = Site()
    found = site.read().decode()
    if found != grader:
        close([token])
        return found, b""
    return found, site.ask(opening)


def ask(token: str, message: bytes) -> bytes:
    """Hand a message to a site; return its answer, empty if it has ended."""
    site = _sites.get(token)
    return b"" if site is None else site.ask(message)


def close(tokens: list[str]) -> None:
    """End sites, those that there are; returns at once, since Dask waits for it."""
    for token in tokens:
        site = _sites.pop(token, None)
        if site is not None:
            threading.Thread(target=site.end, daemon=True).start()


def keep(tokens: list[str]) -> None:
    """Tell sites that their run goes on: they end by themselves when they do not hear of it."""
    for token in tokens:
        site = _sites.get(token)
        if site is not None:
            site.keep()


class Site:
    """A process that grades, seen from the Dask worker."""

    def __init__(self) -> None:
        self._popen = subprocess.Popen(
            PROGRAM,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **dict.fromkeys(THREADS, "1")},
        )
        assert self._popen.stdin is not None
        assert self._popen.stdout is not None
        self._in, self._out = self._popen.stdin, self._popen.stdout
        self._writing = threading.Lock()

    @property
    def pid(self) -> int:
        """Its number."""
        return self._popen.pid

    def ask(self, message: bytes) -> bytes:
        """Send a message and wait for the answer; empty if it has ended."""
        with suppress(OSError, ValueError), self._writing:
            self._send(message)
        return self.read()

    def keep(self) -> None:
        """Send nothing, unless something is just being sent."""
        if self._writing.acquire(blocking=False):
            try:
                with suppress(OSError, ValueError):
                    self._send(b"")
            finally:
                self._writing.release()

    def end(self) -> None:
        """Ask it to end; by force after a while."""
        self._popen.terminate()
        try:
            self._popen.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._popen.kill()
        self._bury()

    def over(self) -> bool:
        """Whether it has ended, and nothing of it is left."""
        if self._popen.poll() is None:
            return False
        self._bury()
        return True

    def read(self) -> bytes:
        """Wait for a message; empty if it has ended."""
        said = b""
        with suppress(ValueError):  # closed: it has ended
            said = read_message(self._out)
        if not said:
            self._bury()
        return said

    def _bury(self) -> None:
        self._popen.wait()
        with self._writing, suppress(OSError):  # what could not be sent any more
            self._in.close()
        self._out.close()
        remove_left()  # what it had made, if it was killed

    def _send(self, message: bytes) -> None:
        write_message(self._in, message)


def write_message(file: IO[bytes], message: bytes) -> None:
    """Write a message with its length before it."""
    file.write(LENGTH.pack(len(message)))
    file.write(message)
    file.flush()


def read_message(file: IO[bytes]) -> bytes:
    """Read a message; empty at the end of the file, also if that is in its middle."""
    head = file.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return b""
    (length,) = LENGTH.unpack(head)
    body = file.read(length)
    return body if len(body) == length else b""
