"""Grade many submissions at once, in worker processes that import torch and the checks once."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path

from autograder.course import Course
from autograder.errors import JailUnavailable
from autograder.grading.grade import Grader
from autograder.jail.levels import launcher_for
from autograder.limits import Limits
from autograder.results import Grade
from autograder.session.launcher import PlainLauncher

_grader: Grader | None = None


@dataclass(frozen=True)
class Batch:
    """What every worker needs to know; travels to each of them once.

    `jail` is the level of a jail that has been tested on this machine. `limits` are the
    assignment's own if None.
    """

    root: Path
    assignment: str
    seed: str
    jail: int
    limits: Limits | None = None

    def grader(self) -> Grader:
        """Load the assignment; raise `JailUnavailable` if there is no jail of that level."""
        launcher = launcher_for(self.jail)
        return Grader(Course(self.root).load(self.assignment), self.seed, launcher, self.limits)


def default_jobs() -> int:
    """Number of cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def grade_all(batch: Batch, folders: Sequence[Path], jobs: int) -> Iterator[tuple[Path, Grade]]:
    """Grade the submissions in `folders`; yield each as it is done.

    A submission whose worker process died is tried once more, alone, and so is one that a
    wall-clock limit cut short while the machine was busy, and one whose session did not start.
    If that fails again, its grade says that the fault is not the submission's. Nothing that a
    submission does stops the others.

    Parameters
    ----------
    batch
        Assignment, seed and limits.
    folders
        Submissions: ``submitted/<student>/<assignment>``.
    jobs
        Worker processes.
    """
    again: list[Path] = []
    for folder, grade in _run(batch, folders, jobs):
        if isinstance(grade, str) or grade.wall_limited:
            again.append(folder)
        else:
            yield folder, grade
    for folder in again:
        for _, grade in _run(batch, [folder], 1):
            yield folder, _not_graded(batch, grade) if isinstance(grade, str) else grade


def _not_graded(batch: Batch, why: str) -> Grade:
    """Return the grade of a submission that we failed to grade: zero, but as a fault of ours."""
    loaded = Course(batch.root).load(batch.assignment)
    grader = Grader(loaded, batch.seed, PlainLauncher(), batch.limits)  # launches nothing
    rejected = grader.reject("grading it failed, which is a fault of the grader. Ask for it again")
    problem = f"grading it failed twice ({why}): mend that and grade it again"
    return replace(rejected, problems=(problem,), jail=batch.jail)


def _run(batch: Batch, folders: Sequence[Path], jobs: int) -> Iterator[tuple[Path, Grade | str]]:
    """Yield each grade as it is done, or why there is none."""
    if not folders:
        return
    pool = ProcessPoolExecutor(
        max_workers=min(jobs, len(folders)),
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_start_worker,
        initargs=(batch,),
    )
    with pool:
        waiting: dict[Future[Grade | str], Path] = {
            pool.submit(_grade_folder, folder): folder for folder in folders
        }
        for future in as_completed(waiting):
            try:
                yield waiting[future], future.result()
            except Exception as error:  # noqa: BLE001 - the worker died, or the grade cannot travel
                yield waiting[future], f"the process that graded it failed: {type(error).__name__}"


def _start_worker(batch: Batch) -> None:
    global _grader  # noqa: PLW0603 - a worker process grades one assignment all its life
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    _grader = batch.grader()


def _grade_folder(folder: Path) -> Grade | str:
    if _grader is None:
        raise RuntimeError("the worker was not initialized")
    try:
        return _grader.grade_folder(folder)
    except JailUnavailable as unavailable:
        return unavailable.reason  # says nothing about the submission
    except Exception as error:  # noqa: BLE001 - one submission must not stop a class
        reason = f"the grader failed on it ({type(error).__name__}: {error})"
        return replace(_grader.reject(reason), problems=(reason,))
