"""One local worker: an executor with a single process, and what it has been handed out."""

from __future__ import annotations

import math
import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress

from autograder.batch import worker
from autograder.batch.cores import THREADS
from autograder.batch.store import Store
from autograder.batch.work import Answer, Batch, Ready, Task

DEPTH = 2
"""Submissions at a worker: one in work, one in front of it, so that it never waits for us."""

START_SECONDS = 300.0
"""Time for a worker to load the assignment, on a busy machine and a slow disk."""

STOP_SECONDS = 1.0
"""Time for a worker to clear up when it is stopped."""


class Slot:
    """One worker, and what it has been handed out, the first of which it is grading.

    Parameters
    ----------
    batch, basis, store
        What the worker is made with, see `autograder.batch.worker.start`.
    """

    depth = DEPTH
    start_until = math.inf
    """When it must have said its first words."""

    def __init__(self, batch: Batch, basis: str, store: Store) -> None:
        self.executor = ProcessPoolExecutor(
            max_workers=1,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=worker.start,
            initargs=(batch, basis, store),
        )
        self.tasks: deque[tuple[Task, Future[Answer]]] = deque()
        self.pid = 0
        self.patience = 0.0
        self.since = 0.0
        self.ready = self.dead = self.lost = self.killed = False
        self.start_until = time.monotonic() + START_SECONDS
        with _fit_for_a_child():
            self.hello: Future[Ready] = self.executor.submit(worker.ready)

    @property
    def head(self) -> Task:
        """What is being graded."""
        return self.tasks[0][0]

    @property
    def futures(self) -> list[Future[Ready] | Future[Answer]]:
        """What there is to wait for."""
        if not self.ready:
            return [self.hello]
        return [self.tasks[0][1]] if self.tasks else []

    @property
    def broken(self) -> bool:
        """Whether the process is known to be gone."""
        first = self.tasks[0][1] if self.tasks else self.hello
        return self.lost or (first.done() and isinstance(first.exception(), BrokenProcessPool))

    @property
    def hangs(self) -> bool:
        """Whether it has taken longer than any submission, or any start, can."""
        if not self.ready:
            return time.monotonic() > self.start_until and not self.hello.done()
        late = bool(self.tasks) and time.monotonic() > self.since + self.patience
        return late and not self.tasks[0][1].done()

    def meet(self) -> Ready:
        """Return the first words; raise what stood in the way of loading the assignment."""
        said = self.hello.result()
        self.pid, self.patience, self.ready = said.pid, said.patience, True
        return said

    def submit(self, task: Task) -> bool:
        """Hand out a submission; return whether the process was there to take it."""
        try:
            future = self.executor.submit(worker.grade, task)
        except BrokenProcessPool:
            self.lost = True
            return False
        if not self.tasks:
            self.since = time.monotonic()
        self.tasks.append((task, future))
        return True

    def pop(self) -> None:
        """Forget the first submission; the next one is in work now."""
        self.tasks.popleft()
        self.since = time.monotonic()

    def kill(self) -> None:
        """End it for having taken too long; what it had is handed out again like a dead one's."""
        self.killed = True
        self._signal(signal.SIGKILL)
        self.since = time.monotonic()
        self.start_until = math.inf

    def end(self, seconds: float, *, at_once: bool = False) -> None:
        """End the process: when it is done, or at once; by force after `seconds`."""
        if at_once:
            self._signal(signal.SIGTERM)
        closing = threading.Thread(
            target=self.executor.shutdown, kwargs={"cancel_futures": True}, daemon=True
        )
        closing.start()
        closing.join(seconds)
        if closing.is_alive():
            self._signal(signal.SIGKILL)
            closing.join(STOP_SECONDS)

    def _signal(self, number: int) -> None:
        for pid in list(self.executor._processes or ()):  # noqa: SLF001 - public from 3.14 on only
            with suppress(ProcessLookupError):
                os.kill(pid, number)


@contextmanager
def _fit_for_a_child() -> Iterator[None]:
    """Let a process that is started here have one thread, and Ctrl-C only when it can take it."""
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))
    blocked = None
    with suppress(AttributeError):
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        if blocked is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
