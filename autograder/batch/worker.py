"""What a worker process does: load an assignment once, grade many submissions of it.

A worker ends with the process that started it, takes no notice of Ctrl-C at a terminal (which goes
to every process there: the one that started it decides), and clears up when it is asked to end.
What it says is short, so that it is said whole or not at all; results are handed over as files.
"""

from __future__ import annotations

import copy
import datetime as dt
import gc
import multiprocessing
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from multiprocessing.connection import wait
from pathlib import Path
from typing import TypeVar

from autograder.batch import keys
from autograder.batch.disk import is_full
from autograder.batch.store import Store
from autograder.batch.work import Answer, Batch, Outcome, Ready, Task
from autograder.errors import CourseError, JailUnavailable
from autograder.grading.grade import Grader
from autograder.grading.notebook import autograded_text
from autograder.results import Grade
from autograder.session.lifetime import end_with_parent
from autograder.session.usage import family, usage

MAX_REASON = 500

NOTEBOOKS_TIMES = 4
"""What a submission may take in all is bounded by so many times the wall time of its notebook:
the checks, second trials, inspections, and what the trusted side adds to each."""

OWN_SECONDS = 300.0
"""Wall time of a busy machine for what does not hang on the student's code."""

WALL = "a wall-clock limit cut it short"

CHANGED = "the checks or the grader were changed while the run went on. Run it again"


class Worker:
    """Grades submissions of one assignment, one after the other.

    Parameters
    ----------
    batch
        What to grade.
    basis
        What the coordinator took for it; empty where results get no keys.
    """

    def __init__(self, batch: Batch, basis: str = "") -> None:
        self.batch = batch
        self.basis = basis

    @cached_property
    def grader(self) -> Grader:
        """The assignment's grader; the first look imports torch."""
        return self.batch.grader()

    @property
    def patience(self) -> float:
        """Wall seconds after which a submission must be done: longer is our own fault."""
        limits = self.batch.limits or self.grader.assignment.limits
        return NOTEBOOKS_TIMES * limits.notebook_wall + OWN_SECONDS

    def grade(self, task: Task) -> Outcome:
        """Grade one submission.

        Raises
        ------
        JailUnavailable
            Its session did not start, which says nothing about it.
        """
        before = self._traces(task.folder)
        key = self._key(task.folder)
        began, cpu = time.monotonic(), cpu_seconds()
        grade, notebook = self._graded(task.folder)
        if (
            grade.problems
            or (grade.wall_limited and not task.final)
            or key != self._key(task.folder)
            or before != self._traces(task.folder)
        ):
            key = ""  # a fault of ours, or a file that changed meanwhile: to be graded again
        return Outcome(
            task.folder,
            replace(grade, outputs={}),
            notebook,
            key,
            time.monotonic() - began,
            cpu_seconds() - cpu,
            task.attempts,
            os.getpid(),
            dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds"),
        )

    def not_graded(self, task: Task, why: str) -> Outcome:
        """Return what stands for a submission that we failed to grade: zero, as a fault of ours."""
        rejected = self.grader.reject(
            "grading it failed, which is a fault of the grader. Ask for it again"
        )
        problem = f"grading it failed twice ({why}): mend that and grade it again"
        grade = replace(rejected, problems=(problem,), jail=self.batch.jail)
        return Outcome(
            task.folder, grade, self._notebook(task.folder, grade), attempts=task.attempts
        )

    def _graded(self, folder: Path) -> tuple[Grade, str]:
        try:
            grade, restored = self.grader.grade_submission(folder)
            return grade, autograded_text(restored.notebook, grade)
        except JailUnavailable:
            raise
        except Exception as error:  # one submission must not stop a class
            if is_full(error):
                raise  # tried again, alone: that may have been another one's fault
            reason = f"the grader failed on it ({type(error).__name__}: {error})"
            grade = replace(self.grader.reject(reason), problems=(reason,))
            return grade, self._notebook(folder, grade)

    def _notebook(self, folder: Path, grade: Grade) -> str:
        """Return the notebook of a submission that was not graded, as far as it can be read."""
        restorer = self.grader.restorer
        try:
            notebook = restorer.restored_or_canonical(folder).notebook
        except Exception:  # noqa: BLE001 - it is what the grader failed on, perhaps
            notebook = copy.deepcopy(restorer.canonical())
        return autograded_text(notebook, grade)

    def _traces(self, folder: Path) -> list[object]:
        return keys.traces(folder, self.grader.assignment.notebook)

    def _key(self, folder: Path) -> str:
        if not self.basis:
            return ""
        return keys.key(self.basis, keys.content(folder, self.grader.assignment.notebook))


def cpu_seconds() -> float:
    """CPU time of this process, and of all that it started, dead or alive."""
    ended = os.times()
    alive = usage(family(os.getpid())[1:]).cpu
    return time.process_time() + ended.children_user + ended.children_system + alive


def memory_mb() -> float:
    """Most memory that this process has had at a time, in MiB."""
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    with suppress(ImportError):
        import resource

        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most / (2**20 if sys.platform == "darwin" else 2**10)
    return 0.0


# --- in a process of its own: what the pool submits ----------------------------------------------

_T = TypeVar("_T")

_worker: Worker | None = None
_store: Store | None = None
_stopping = False


def start(batch: Batch, basis: str, store: Store) -> None:
    """Become a worker; nothing in here fails, so that what does can be told."""
    global _worker, _store
    signal.signal(signal.SIGINT, _take_no_notice)
    signal.signal(signal.SIGTERM, _stop)
    with suppress(AttributeError):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
    if multiprocessing.parent_process() is not None:
        end_with_parent()
    _worker, _store = Worker(batch, basis), store


def ready() -> Ready:
    """Load the assignment; the first task of every worker."""
    worker = _here(_worker)
    try:
        patience = worker.patience
        if worker.basis and worker.batch.basis() != worker.basis:
            raise CourseError(CHANGED)
        gc.collect()
        gc.freeze()  # what is loaded stays: to look through it again and again finds nothing
        worker.grader.get_ready()
        _end_with_the_run()
    except JailUnavailable as error:
        # It takes an argument by name only, and so cannot be pickled.
        return Ready(os.getpid(), problem=str(error))
    return Ready(os.getpid(), patience, cpu_seconds())


def grade(task: Task) -> Answer:
    """Grade one submission and put the result into the store."""
    if _stopping:
        raise SystemExit
    worker, store = _here(_worker), _here(_store)
    try:
        outcome = worker.grade(task)
    except JailUnavailable as error:
        return Answer(problem=error.reason[:MAX_REASON], memory_mb=memory_mb())
    if outcome.grade.wall_limited and not task.final:
        return Answer(problem=WALL, memory_mb=memory_mb())
    return Answer(store.put(outcome), memory_mb=memory_mb())


def not_graded(task: Task, why: str) -> Answer:
    """Put into the store what stands for a submission that could not be graded."""
    return Answer(_here(_store).put(_here(_worker).not_graded(task, why)), memory_mb=memory_mb())


def said(error: BaseException) -> str:
    """Return an error of ours in a line."""
    return f"{type(error).__name__}: {error}"[:MAX_REASON]


def _here(value: _T | None) -> _T:
    if value is None:
        raise RuntimeError("the worker was not initialized")
    return value


def _take_no_notice(*_: object) -> None:
    """Stand where Ctrl-C is handled; a signal that is ignored, sessions would ignore, too."""


def _stop(*_: object) -> None:
    global _stopping  # noqa: PLW0603 - a signal's handler has nowhere else to say it
    _stopping = True
    raise SystemExit


def _end_with_the_run() -> None:
    """End at once when the process that started this one is gone, and so do its sessions."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, name="end with the run", daemon=True).start()
