"""One run of an assignment at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from autograder.batch.runlog import RUNS
from autograder.errors import CourseError


@contextmanager
def only_run(root: Path, assignment: str) -> Iterator[None]:
    """Hold the lock of an assignment of the course at `root`.

    The kernel lets go of it when this process ends, however it does.

    Raises
    ------
    CourseError
        Another process holds it.
    """
    path = root / RUNS / f"{assignment}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _lock(descriptor, path)
        os.ftruncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, path: Path) -> None:
    with suppress(ImportError):  # on Windows nothing can be graded, but by hand in a container
        import fcntl

        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = os.read(descriptor, 20).decode("ascii", "replace").strip()
            who = f"process {pid}" if pid.isdigit() else "another process"
            raise CourseError(
                f"{who} is grading this assignment. Wait for it, or end it: what it has done is "
                "kept.",
                path=path,
            ) from None
