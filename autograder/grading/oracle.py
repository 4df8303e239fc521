"""The reference's answers to a student's process, computed in a process of their own.

When a failed callee is answered by the reference, the student's code chooses the arguments: a
billion epochs, a layer of a billion neurons. Here they cost bounded time and memory, and what
costs more is an error of the student's own call.
"""

from __future__ import annotations

import atexit
import json
import multiprocessing
import os
import pickle
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import lru_cache, partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from autograder.course import load_module
from autograder.session.far import Bound
from autograder.session.lifetime import end_with_parent
from autograder.session.messages import MAX_REPLY_BYTES
from autograder.values import BoundClass

START_SECONDS = 120.0
ANSWER_SECONDS = 120.0
MEGABYTES = 4096
MEMBER = "member of an object"
FORGET = "forget all objects"


class Refused(Exception):
    """The reference gave no answer to these arguments."""


class Oracle:
    """Functions of an assignment's ``REFERENCE``, called in another process.

    Parameters
    ----------
    hidden_checks
        The file that defines ``REFERENCE``.
    seconds
        Wall time that one answer may take.
    megabytes
        Memory that the process may use.
    """

    def __init__(
        self, hidden_checks: Path, seconds: float = ANSWER_SECONDS, megabytes: int = MEGABYTES
    ) -> None:
        self._path = hidden_checks
        self._seconds = seconds
        self._megabytes = megabytes
        self._kill: Callable[[], None] = _do_nothing
        self._connection: Connection | None = None
        self._methods: dict[str, tuple[str, ...]] = {}
        atexit.register(self.close)

    def bindings(self, names: Iterable[str]) -> dict[str, Bound]:
        """Return functions and classes of the reference by name. Earlier objects are forgotten.

        Raises
        ------
        RuntimeError
            The process does not start: a fault of the course, not of a submission.
        """
        self._ask(FORGET)
        return {name: self._binding(name) for name in names}

    def _binding(self, name: str) -> Bound:
        create = partial(self._ask, name)
        if name not in self._methods:
            return create
        return BoundClass(create, partial(self._ask, MEMBER), self._methods[name])

    def close(self) -> None:
        """End the process."""
        if self._connection is not None:
            self._connection.close()
        self._kill()
        self._connection, self._kill = None, _do_nothing

    def _ask(self, name: str, *args: Any, **kwargs: Any) -> Any:
        connection = self._connect()
        try:
            connection.send((name, args, kwargs))
            if not connection.poll(self._seconds):
                self.close()
                raise Refused(f"the reference took more than {self._seconds:g} s")
            problem, answer = connection.recv()
        except (EOFError, OSError):
            self.close()
            raise Refused("the reference ended on these arguments") from None
        if problem:
            raise Refused(problem)
        return answer

    def _connect(self) -> Connection:
        if self._connection is not None:
            return self._connection
        ours, theirs = socket.socketpair()
        with theirs:
            # Isolated: the folder that grading runs in may hold a submission's numpy.py.
            command = [sys.executable, "-I", "-m", "autograder.grading.oracle"]
            command += [str(theirs.fileno()), str(self._path), str(self._megabytes)]
            started = subprocess.Popen(
                [*command, json.dumps(sys.path)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
            )

        def kill() -> None:
            started.kill()
            started.wait()

        self._kill = kill
        self._connection = Connection(ours.detach())
        return self._meet()

    def fork(self, reference: Mapping[str, Any]) -> None:
        """Start the process as a copy of this one, which has the reference: torch need not load.

        Where that is safe: a copy of a process of several threads has their locks, which nobody
        opens. Elsewhere the process starts by itself at the first question, as it does again when
        an answer has cost too much.
        """
        if self._connection is not None or _threads() != 1:
            return
        ours, theirs = multiprocessing.Pipe()
        copy = multiprocessing.get_context("fork").Process(
            target=_serve_as_a_copy, args=(theirs, ours, reference, self._megabytes), daemon=True
        )
        copy.start()
        theirs.close()

        def kill() -> None:
            copy.kill()
            copy.join()

        self._kill, self._connection = kill, ours
        self._meet()

    def _meet(self) -> Connection:
        connection = self._connection
        try:
            if connection is not None and connection.poll(START_SECONDS):
                self._methods = connection.recv()
                return connection
        except (EOFError, OSError):
            pass
        self.close()
        raise RuntimeError(f"the reference of {self._path.parent.name} could not be started")


@lru_cache(maxsize=8)
def oracle(hidden_checks: Path) -> Oracle:
    """Return this process's oracle of an assignment; it starts once, as it imports torch."""
    return Oracle(hidden_checks)


def _methods(kind: type) -> tuple[str, ...]:
    """Return the public methods of a class, which a student's code may call."""
    return tuple(n for n, v in vars(kind).items() if callable(v) and not n.startswith("_"))


def _object_functions(classes: Mapping[str, type]) -> dict[str, Callable[..., Any]]:
    """Return functions that make objects, known by number, and that get at their members."""
    objects: list[Any] = []

    def create(kind: type, *args: Any, **kwargs: Any) -> int:
        objects.append(kind(*args, **kwargs))
        return len(objects) - 1

    def member(number: int, name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        found = getattr(objects[number], name)
        return found(*args, **kwargs) if name in _methods(type(objects[number])) else found

    makers = {name: partial(create, kind) for name, kind in classes.items()}
    return {**makers, MEMBER: member, FORGET: objects.clear}


def _answer(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> bytes:
    """Return what is sent: a problem and an answer, one of them empty."""
    try:
        frame = pickle.dumps(("", function(*args, **kwargs)))
    except Exception as error:  # noqa: BLE001 - the arguments are the student's
        return pickle.dumps((f"{type(error).__name__}: {error}"[:300], None))
    if len(frame) > MAX_REPLY_BYTES:
        return pickle.dumps((f"the answer is larger than {MAX_REPLY_BYTES // 2**20} MB", None))
    return frame


def _limit_memory(megabytes: int) -> None:
    """Limit what the process may write to; a GPU's address space does not count."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (megabytes * 2**20,) * 2)


def _do_nothing() -> None:
    """End what was not started."""


def _threads() -> int:
    """Return how many threads this process has, those of libraries included; 0 if unknown."""
    try:
        return len(list(Path("/proc/self/task").iterdir()))
    except OSError:
        return 0


def _serve(connection: Connection, reference: Mapping[str, Any], megabytes: int) -> None:
    """Answer until the other side closes."""
    _limit_memory(megabytes)
    classes = {name: value for name, value in reference.items() if isinstance(value, type)}
    table = {**reference, **_object_functions(classes)}
    with connection, suppress(EOFError):
        connection.send({name: _methods(kind) for name, kind in classes.items()})
        while True:
            name, args, kwargs = connection.recv()
            connection.send_bytes(_answer(table[name], args, kwargs))


def _serve_as_a_copy(
    connection: Connection, others: Connection, reference: Mapping[str, Any], megabytes: int
) -> None:
    end_with_parent()
    others.close()  # or this one would never see the other side close
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C: whoever asks decides
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError), Path(os.devnull).open("wb") as nothing:
            os.dup2(nothing.fileno(), stream.fileno())
    _serve(connection, reference, megabytes)


def main() -> None:
    """Serve on a descriptor; the command line is ``FD FILE MEGABYTES SEARCH_PATH``."""
    end_with_parent()  # it may be computing for a student's arguments, and hear nothing
    descriptor, path, megabytes, search_path = sys.argv[1:]
    sys.path[:] = json.loads(search_path)
    _serve(Connection(int(descriptor)), load_module(Path(path)).REFERENCE, int(megabytes))


if __name__ == "__main__":
    main()
