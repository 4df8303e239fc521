"""A worker on another machine: the process beside a Dask worker in which submissions are graded.

``python -m autograder.batch.site`` is started by `autograder.batch.relay`, which talks to it by
pipes. It says which grader it is, is told the assignment, tests its jail, and grades. Everything
that it writes lies in a folder of its own, which goes with it. It ends when the pipe is closed,
when it is asked to, and when it has heard nothing of its run for a while.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import SimpleQueue
from typing import IO

import msgspec

from autograder.batch import keys, worker
from autograder.batch.bundle import Asking, Opening, Said, unpack
from autograder.batch.relay import END_SECONDS, LENGTH, write_message
from autograder.batch.store import Store
from autograder.batch.work import Answer, Batch, Ready, Task
from autograder.course import HIDDEN_CHECKS
from autograder.errors import AutograderError
from autograder.jail.levels import UNSAFE, choose
from autograder.session.scratch import make_scratch, remove_left, remove_tree

QUIET_SECONDS = 180.0
"""A run that has said nothing for so long is gone."""


class Site:
    """Grades submissions of one assignment as they come.

    Parameters
    ----------
    root
        An empty folder: the course, as far as it is known here.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._store = Store(root / "results")
        self._assignment = ""

    def open(self, opening: Opening) -> Ready:
        """Make the assignment, test the jail, and become a worker."""
        try:
            unpack(opening.files, self._root)
            batch = Batch(
                self._root,
                opening.assignment,
                opening.seed,
                opening.jail,
                opening.limits,
                self._holds(opening),
            )
            self._assignment = opening.assignment
            worker.start(batch, opening.basis, self._store)
            return worker.ready()
        except (AutograderError, OSError, ImportError) as error:
            return Ready(os.getpid(), problem=f"{error}"[: 4 * worker.MAX_REASON])

    def _holds(self, opening: Opening) -> bool:
        """Test the jail of the level that is wanted; return whether sessions can be forked."""
        secret = self._root / "solutions" / opening.assignment / HIDDEN_CHECKS
        wanted = str(opening.jail) if opening.jail else UNSAFE
        return choose(wanted, (secret,), warm=opening.warm).warm

    def grade(self, asking: Asking) -> Said:
        """Grade one submission."""
        with tempfile.TemporaryDirectory(dir=self._root, prefix="submitted-") as place:
            folder = Path(place) / self._assignment
            unpack(asking.files, folder)
            try:
                answer = worker.grade(Task(folder, asking.attempts, asking.final))
            except Exception as error:  # noqa: BLE001 - the coordinator decides what it means
                answer = Answer(problem=worker.said(error))
            return Said(answer=answer, result=self._store.take_out(answer.name))


class Inbox:
    """Messages from the relay, read by a thread of their own; one that ends the process at the end.

    Parameters
    ----------
    descriptor
        Of the pipe.
    root
        Removed at the end if the main thread does not.
    """

    def __init__(self, descriptor: int, root: Path) -> None:
        self._descriptor = descriptor
        self._root = root
        self._messages: SimpleQueue[bytes] = SimpleQueue()
        threading.Thread(target=self._read, name="inbox", daemon=True).start()

    def next(self) -> bytes:
        """Wait for a message."""
        return self._messages.get()

    def _read(self) -> None:
        with suppress(EOFError, OSError):
            while True:
                (length,) = LENGTH.unpack(self._take(LENGTH.size))
                if length:
                    self._messages.put(self._take(length))
        os.kill(os.getpid(), signal.SIGTERM)  # the main thread clears up
        time.sleep(END_SECONDS / 2)
        remove_tree(self._root)
        os._exit(1)

    def _take(self, length: int) -> bytes:
        """Read so many bytes; raise `EOFError` if there are no more, or nothing comes."""
        taken = bytearray()
        while len(taken) < length:
            if not select.select([self._descriptor], [], [], QUIET_SECONDS)[0]:
                raise EOFError
            data = os.read(self._descriptor, min(length - len(taken), 1 << 20))
            if not data:
                raise EOFError
            taken += data
        return bytes(taken)


def main() -> None:
    """Serve until there is nothing more to do."""
    signal.signal(signal.SIGINT, lambda *_: None)  # a terminal sends it to all
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with _pipes() as (source, out):
        remove_left()
        root = make_scratch()
        try:
            _serve(Inbox(source, root), out, Site(root))
        finally:
            remove_tree(root)


def _serve(inbox: Inbox, out: IO[bytes], site: Site) -> None:
    write_message(out, grader().encode())
    opening = msgspec.msgpack.decode(inbox.next(), type=Opening)
    write_message(out, msgspec.msgpack.encode(Said(ready=site.open(opening))))
    while True:
        said = site.grade(msgspec.msgpack.decode(inbox.next(), type=Asking))
        write_message(out, msgspec.msgpack.encode(said))


def grader() -> str:
    """Return what has to be the same everywhere, and what helps to find out why it is not."""
    return " ".join(f"{name} {version}" for name, version in keys.versions().items())


@contextmanager
def _pipes() -> Iterator[tuple[int, IO[bytes]]]:
    """Give the pipes to nobody else: what libraries print goes to the standard error."""
    source, sink = os.dup(0), os.dup(1)
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    with os.fdopen(sink, "wb") as out:
        yield source, out


if __name__ == "__main__":
    main()
