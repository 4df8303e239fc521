"""Measure a course: every mistake under a few seeds, right answers under many, in parallel."""

from __future__ import annotations

import datetime as dt
import importlib.metadata
import multiprocessing
import platform
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from autograder.course import Course
from autograder.gate.matrix import KillMatrix, kill_matrix, trials_of
from autograder.gate.record import Measured, Trials
from autograder.gate.solved import LAB, Solved, solve
from autograder.gate.trials import FalseFail, take_turns, try_entry

FEW, MANY = 50, 3000
"""Seeds for the right answers of each exercise: by default, and for what is committed."""

AT_ONCE = 25
"""Seeds of one piece of work: a few seconds."""

LAB_SECONDS = 5.0
"""What a trial of a lab takes, about; of the others it is measured, so that the ETA holds."""

LIBRARIES = ("numpy", "torch", "ipython")

Key = tuple[str, str]
"""Assignment and exercise."""

Told = Callable[[str, float, float], None]
"""Called with an exercise's name, and with how many seconds' work is done, of how many."""


@dataclass(frozen=True)
class Task:
    """What to measure of an exercise: its right answers under so many seeds; 0 for a lab."""

    assignment: str
    exercise: str
    seeds: int

    @property
    def key(self) -> Key:
        """Whose."""
        return self.assignment, self.exercise


@dataclass
class _Work:
    """An exercise that is being measured."""

    task: Task
    solved: Solved
    waiting: int = 0
    matrix: KillMatrix | None = None
    failures: list[FalseFail] = field(default_factory=list)

    def take(self, found: KillMatrix | list[FalseFail]) -> bool:
        """Take the result of one piece; return whether it was the last."""
        if isinstance(found, KillMatrix):
            self.matrix = found
        else:
            self.failures += found
        self.waiting -= 1
        return not self.waiting

    def measured(self) -> Measured:
        """Return what came of it."""
        if self.matrix is None:
            raise RuntimeError(f"{self.task.exercise}: its mistakes were not judged")
        failures = sorted(self.failures, key=lambda one: (one.entry, one.seed))
        return Measured(
            self.task.assignment,
            self.matrix,
            Trials(len(self.solved.right(self.task.exercise)), self.task.seeds, tuple(failures)),
            self.solved.fingerprint(self.task.exercise),
            dt.datetime.now(tz=dt.UTC).date().isoformat(),
            versions(),
        )


def tasks(course: Course, names: Sequence[str] = (), seeds: int = FEW) -> list[Task]:
    """Return what there is to measure.

    Parameters
    ----------
    course
        The course.
    names
        Assignments; all by default.
    seeds
        For the right answers of each exercise. A lab has none: what a lab's right answers reach is
        measured by the calibration of its threshold.
    """
    return [
        Task(name, exercise.name, 0 if exercise.name.startswith(LAB) else seeds)
        for name in names or course.names
        for exercise in solve(course, name).assignment.exercises
    ]


def missing(course: Course, wanted: Sequence[Task], known: Mapping[Key, Measured]) -> list[Task]:
    """Return those of `wanted` that are not known yet, or of other masters or fewer seeds."""
    solved = {name: solve(course, name) for name in {task.assignment for task in wanted}}

    def is_known(task: Task) -> bool:
        found = known.get(task.key)
        return (
            found is not None
            and found.fingerprint == solved[task.assignment].fingerprint(task.exercise)
            and found.trials.seeds >= task.seeds
        )

    return [task for task in wanted if not is_known(task)]


def measure(
    course: Course, wanted: Sequence[Task], jobs: int, told: Told = lambda *_: None
) -> Iterator[Measured]:
    """Measure exercises and yield each when it is done, in no certain order.

    Parameters
    ----------
    course
        The course.
    wanted
        The exercises.
    jobs
        Worker processes.
    told
        Told of each piece of work that is done.
    """
    solved = {name: solve(course, name) for name in {task.assignment for task in wanted}}
    spawn = multiprocessing.get_context("spawn")  # a fork would inherit torch's threads
    with ProcessPoolExecutor(jobs, mp_context=spawn) as pool:
        under_way: dict[Future[Any], tuple[_Work, float]] = {}
        for task in wanted:
            work = _Work(task, solved[task.assignment])
            for future, size in _submit(pool, course.root, work):
                under_way[future] = (work, size)
                work.waiting += 1
        total = sum(size for _, size in under_way.values())
        done = 0.0
        try:
            for future in as_completed(under_way):
                work, size = under_way.pop(future)
                done += size
                last = work.take(future.result())
                told(work.task.exercise, done, total)
                if last:
                    yield work.measured()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _submit(
    pool: ProcessPoolExecutor, root: Path, work: _Work
) -> Iterator[tuple[Future[Any], float]]:
    """Hand out the pieces of an exercise; yield each and about how many seconds it takes."""
    task, solved = work.task, work.solved
    each = _seconds(solved, task.exercise)
    yield pool.submit(_mistakes, root, task), each * trials_of(solved, [task.exercise])
    turns = take_turns(solved.right(task.exercise), range(task.seeds))
    for number, (_, seeds) in enumerate(turns):
        for start in range(0, len(seeds), AT_ONCE):
            part = seeds[start : start + AT_ONCE]
            yield pool.submit(_right_answer, root, task, number, part), each * len(part)


def _seconds(solved: Solved, exercise: str) -> float:
    """Return how long one trial takes; the first one of all also imports this and that."""
    if exercise.startswith(LAB):
        return LAB_SECONDS
    entry = solved.right(exercise)[0]
    taken = []
    for seed in range(2):
        began = time.process_time()
        try_entry(solved, entry, [seed])
        taken.append(time.process_time() - began)
    return min(taken)


def _mistakes(root: Path, task: Task) -> KillMatrix:
    return kill_matrix(_solved(root, task.assignment), task.exercise)


def _right_answer(root: Path, task: Task, number: int, seeds: Sequence[int]) -> list[FalseFail]:
    solved = _solved(root, task.assignment)
    return try_entry(solved, solved.right(task.exercise)[number], seeds)


@lru_cache(maxsize=8)
def _solved(root: Path, name: str) -> Solved:
    """Load an assignment once a worker."""
    return solve(Course(root), name)


def versions() -> dict[str, str]:
    """Return the versions that figures may depend on."""
    found = {"python": platform.python_version()}
    return {**found, **{name: importlib.metadata.version(name) for name in LIBRARIES}}
