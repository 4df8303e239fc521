"""Local workers: a process each, and the next submission waiting in front of it.

Each worker is an executor of its own, so that a death names the submission that it was grading.
That one is tried once more, in a fresh worker; the one that waited is simply handed out again.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from autograder.batch import worker
from autograder.batch.slot import DEPTH, STOP_SECONDS, Slot
from autograder.batch.store import Store
from autograder.batch.work import Answer, Batch, Task
from autograder.errors import CourseError

LOOK_SECONDS = 0.2
MAX_ATTEMPTS = 2
MAX_FAILED_STARTS = 3

GIVE_UP_SECONDS = 120.0
END_SECONDS = 15.0
"""Time for a worker to clear up at the end of a run."""

DIED = "the process that graded it died"
NO_START = "the processes that grade end before they have begun. Is there memory enough? Try -j 1."
HUNG = "grading it took more than {:.0f} s and was ended"


@dataclass(frozen=True)
class Retried:
    """A submission is handed out again, for a reason that is not its own or may not be."""

    folder: Path
    why: str
    wall_seconds: float = field(default=0.0, compare=False)


@dataclass(frozen=True)
class Done:
    """A submission has its answer: a result's name in the store.

    `given_up`: the result stands for a grade, and says that the fault is ours; the last attempt
    took `wall_seconds`.
    """

    task: Task
    answer: Answer
    given_up: bool = False
    wall_seconds: float = field(default=0.0, compare=False)


Event = Retried | Done


class Pool:
    """Grades submissions in worker processes.

    Parameters
    ----------
    batch
        What every worker must know.
    basis
        See `autograder.batch.worker.Worker`.
    store
        Where the workers put results.
    jobs
        How many workers.
    stopped
        Asked now and then; once it says yes, everything is ended and what is in work is lost.

    Attributes
    ----------
    memory_mb
        The most that a worker has said it had.
    start_cpu_seconds
        CPU time that starting the workers took.
    began
        When the first one was ready.
    place
        Where the workers are, if not here.
    started
        The most workers that were ready at a time.
    """

    died = DIED
    no_start = NO_START

    def __init__(
        self,
        batch: Batch,
        basis: str,
        store: Store,
        jobs: int,
        stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        self._needs = batch, basis, store
        self._jobs = jobs
        self._stopped = stopped
        self._slots: list[Slot] = []
        self._waiting: deque[Task] = deque()
        self._alone: deque[Task] = deque()
        self._failed_starts = 0
        self.memory_mb = 0.0
        self.start_cpu_seconds = 0.0
        self.began = 0.0
        self.place = ""
        self.started = 0

    @property
    def workers(self) -> int:
        """How many work, or would if there were enough to do."""
        return self._jobs

    @property
    def in_work(self) -> list[tuple[Path, float]]:
        """What is graded at this moment, and since how many seconds."""
        now = time.monotonic()
        return [(slot.head.folder, now - slot.since) for slot in self._slots if slot.tasks]

    def run(self, folders: Iterable[Path]) -> Iterator[Event | None]:
        """Yield what happens, and None now and then; stops early if it is told to.

        A submission that a wall-clock limit cut short while the machine was busy, and one whose
        session did not start, is tried again at the end, alone.

        Raises
        ------
        CourseError
            The workers do not start.
        """
        self._waiting.extend(map(Task, folders))
        graceful = False
        try:
            while not self._stopped():
                if not self._waiting and not any(slot.tasks for slot in self._slots):
                    if not self._alone:
                        graceful = True
                        return
                    self._waiting.append(self._alone.popleft())
                self._hand_out()
                yield from self._answers()
        finally:
            self._end(END_SECONDS if graceful else STOP_SECONDS, at_once=not graceful)

    def _hand_out(self) -> None:
        self._slots = [slot for slot in self._slots if not slot.dead]
        wanted = min(self._jobs, len(self._waiting) + sum(bool(s.tasks) for s in self._slots))
        self._engage(wanted - len(self._slots))
        for depth in range(DEPTH):
            for slot in self._slots:
                # Near the end nothing waits behind a slow one while another worker is idle.
                enough = len(self._waiting) > (len(self._slots) if depth else 0)
                if slot.ready and len(slot.tasks) == depth < slot.depth and enough:
                    if not slot.submit(self._waiting[0]):
                        continue
                    self._waiting.popleft()

    def _engage(self, more: int) -> None:
        """Start so many workers more."""
        for _ in range(more):
            self._slots.append(Slot(*self._needs))

    def _answers(self) -> Iterator[Event | None]:
        futures: list[Future[Any]] = [f for slot in self._slots for f in slot.futures]
        done = wait(futures, LOOK_SECONDS, FIRST_COMPLETED).done
        for slot in self._slots:
            while slot.tasks and slot.tasks[0][1] in done:
                task, future = slot.tasks[0]
                if isinstance(future.exception(), BrokenProcessPool):
                    break
                seconds = time.monotonic() - slot.since
                slot.pop()
                yield from self._answer(task, future, seconds)
            if slot.broken:
                yield from self._bury(slot)
            elif slot.hello in done and not slot.ready:
                self._welcome(slot)
            elif slot.hangs:
                slot.kill()
        yield None

    def _welcome(self, slot: Slot) -> None:
        said = slot.meet()
        if said.problem:
            raise CourseError(said.problem)
        self.start_cpu_seconds += said.cpu_seconds
        self.started = max(self.started, sum(s.ready and not s.dead for s in self._slots))
        self.began = self.began or time.monotonic()

    def _answer(self, task: Task, future: Future[Answer], seconds: float) -> Iterator[Event]:
        error = future.exception()
        if isinstance(error, CourseError):
            raise error  # the store cannot be written
        # An error is not the submission's: the worker catches those.
        answer = future.result() if error is None else Answer(problem=worker.said(error))
        self._failed_starts = 0
        self.memory_mb = max(self.memory_mb, answer.memory_mb)
        if answer.name:
            yield Done(task, answer)
        elif task.final:
            yield self._give_up(task, answer.problem, seconds)
        else:
            self._alone.append(replace(task, attempts=task.attempts + 1, final=True))
            yield Retried(task.folder, answer.problem, seconds)

    def _bury(self, slot: Slot) -> Iterator[Event]:
        """Hand out again what a dead worker had."""
        slot.dead = True
        slot.end(0.0, at_once=True)
        if not slot.tasks:
            self._failed_starts += 1
            if self._failed_starts >= MAX_FAILED_STARTS * max(self.workers, 1):
                raise CourseError(self.no_start)
            return
        why = HUNG.format(slot.patience) if slot.killed else self.died
        seconds = slot.patience if slot.killed else time.monotonic() - slot.since
        victim, *others = [task for task, _ in slot.tasks]
        self._waiting.extendleft(reversed(others))
        if victim.attempts >= MAX_ATTEMPTS:
            yield self._give_up(victim, why, seconds)
        else:
            self._waiting.append(replace(victim, attempts=victim.attempts + 1))
            yield Retried(victim.folder, why, seconds)

    def _give_up(self, task: Task, why: str, seconds: float) -> Event:
        """Say that the fault is ours."""
        return Done(task, self.not_graded(task, why), given_up=True, wall_seconds=seconds)

    def not_graded(self, task: Task, why: str) -> Answer:
        """Have a fresh worker, which grades nothing, write what stands for the grade."""
        slot = Slot(*self._needs)
        try:
            return slot.executor.submit(worker.not_graded, task, why).result(GIVE_UP_SECONDS)
        except (BrokenProcessPool, TimeoutError):
            raise CourseError(self.no_start) from None
        finally:
            slot.end(STOP_SECONDS)

    def _end(self, seconds: float, *, at_once: bool) -> None:
        ending = [
            threading.Thread(target=slot.end, args=(seconds,), kwargs={"at_once": at_once})
            for slot in self._slots
        ]
        for thread in ending:
            thread.start()
        for thread in ending:
            thread.join()
        self._slots.clear()
