"""One run over a class: what has to be graded, what has been, and where it goes.

A grade is made safe in this order: its result in the store, its line in the log, its rows in the
gradebook, its record with the result's key. Whatever is killed in between, the next run goes on
from there.
"""

from __future__ import annotations

import hashlib
import os
import platform
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from autograder.batch import keys
from autograder.batch.cores import default_jobs
from autograder.batch.disk import in_words, is_full
from autograder.batch.pool import Done, Pool, Retried
from autograder.batch.runlog import RunLog, rounded
from autograder.batch.step import Book, How, Standing, Step
from autograder.batch.store import RESULTS, Store
from autograder.batch.totals import Totals
from autograder.batch.work import Batch, Outcome
from autograder.batch.worker import memory_mb
from autograder.course import notebook_stem
from autograder.errors import CourseError
from autograder.grading.records import Written, read_record, write_record, written_of
from autograder.results import Grade
from autograder.session.scratch import remove_left

ROUNDING = 1e-6

KEPT = "the gradebook keeps the grade that it had."


@dataclass(frozen=True)
class _Found:
    """A submission as the run finds it."""

    folder: Path
    content: str
    key: str
    written: Written
    standing: Mapping[str, float | None] | None
    """The points that stand in the gradebook, by exercise; None if no grade stands there."""

    def stands(self, grade: Grade) -> bool:
        """Whether this is the grade that stands there, and its record says so.

        The points are compared, since a gradebook can be one of another day.
        """
        return (
            self.standing is not None
            and bool(self.key)
            and self.written.key == self.key
            and all(
                abs((self.standing.get(exercise.name) or 0.0) - exercise.points) < ROUNDING
                for exercise in grade.exercises
            )
        )


class Run:
    """Grades a class, or what of it has not been graded yet.

    Parameters
    ----------
    batch
        What to grade.
    folders
        Submissions: ``submitted/<student>/<assignment>``.
    jobs
        Worker processes.
    book
        The gradebook; with None nothing is written, and only the results are kept.
    terms
        Returns what besides the grade decides what stands in the gradebook, for a folder.
    force
        Grade also what has been graded.
    prune
        The folders are the whole class: results that nobody needs any more are removed.
    stopped
        Asked now and then whether to stop.
    pool
        Makes what grades: workers on this machine, or a cluster's.
    """

    def __init__(
        self,
        batch: Batch,
        folders: Sequence[Path],
        jobs: int,
        book: Book | None = None,
        *,
        terms: Callable[[Path], str] = lambda _: "",
        force: bool = False,
        prune: bool = False,
        stopped: Callable[[], bool] = lambda: False,
        pool: type[Pool] | Callable[..., Pool] = Pool,
    ) -> None:
        self._batch = batch
        self._folders = list(folders)
        self._book = book
        self._terms = terms
        self._force = force
        self._prune = prune
        self._stopped = stopped
        self.basis = batch.basis()
        self.store = Store(batch.root / RESULTS / batch.assignment)
        jobs = max(1, min(jobs, len(self._folders)))
        self.pool = pool(batch, self.basis, self.store, jobs, stopped)
        self.totals = Totals(len(self._folders))
        self.log_path = Path()
        self._log: RunLog | None = None
        self._kept: set[str] = set()

    @property
    def jobs(self) -> int:
        """Number of workers."""
        return self.pool.workers

    @property
    def interrupted(self) -> bool:
        """Whether it was told to stop before it was done."""
        return self._stopped() and self.totals.done < self.totals.submissions

    def steps(self) -> Iterator[Step | None]:
        """Yield each submission that is done with, and None now and then.

        Raises
        ------
        CourseError
            The workers cannot start, or the disk is full.
        """
        name = self._batch.assignment
        with in_words(self._batch.root), ExitStack() as stack:
            log = self._log = stack.enter_context(RunLog(self._batch.root, name))
            self.log_path = log.path
            self.store.tidy()
            remove_left()
            log.write("run-started", **self._circumstances())
            try:
                yield from self._all()
            except Exception as error:
                with suppress(OSError):
                    log.write("failed", why=f"{type(error).__name__}: {error}")
                raise
            finally:
                self._sum_up()
                with suppress(OSError):  # the disk is full, which has been said
                    remove_left()
                    if self.interrupted:
                        log.write("interrupted", left=self.totals.submissions - self.totals.done)
                    log.write("run-ended", **self.totals.as_json())

    def _all(self) -> Iterator[Step | None]:
        standing: Standing = self._book.standing() if self._book is not None else {}
        found = [self._find(folder, standing) for folder in self._folders]
        self._kept = {key for each in found for key in (each.key, each.written.key)}
        if self._force:  # also for the run that goes on with this one
            self.store.drop(each.key for each in found)
        stored = self.store.keys()
        to_grade: list[_Found] = []
        for each in found:
            if self._stopped():
                return
            step = self._reuse(each) if each.key in stored else None
            if step is None:
                to_grade.append(each)
            else:
                yield step
        yield from self._grade(to_grade)
        if self._prune and not self._stopped():
            self.store.keep_only(self._kept)

    def _find(self, folder: Path, standing: Standing) -> _Found:
        student, assignment = folder.parent.name, self._batch.assignment
        content = keys.content(folder, notebook_stem(assignment))
        key = keys.key(self.basis, content)
        written = written_of(read_record(self._batch.course, student, assignment))
        return _Found(folder, content, key, written, standing.get(student))

    def _reuse(self, found: _Found) -> Step | None:
        """Take the stored result; None if it cannot be used."""
        outcome = self.store.get(found.key, found.folder)
        if outcome is None:
            return None
        if found.stands(outcome.grade) and found.written.terms == self._terms(found.folder):
            return self._count(Step(outcome, "skipped", found.written.late, content=found.content))
        return self._finish(outcome, "reused", found)

    def _grade(self, waiting: list[_Found]) -> Iterator[Step | None]:
        """Grade, submissions of equal content once."""
        while waiting and not self._stopped():
            first: dict[Path, _Found] = {}
            twins: dict[str, list[_Found]] = {}
            for found in waiting:
                if found.key and found.key in twins:
                    twins[found.key].append(found)
                else:
                    twins[found.key] = []
                    first[found.folder] = found
            waiting = []  # the twins of what could not be kept are graded after all
            self.totals.to_grade = self.totals.graded + len(first)
            for event in self.pool.run(list(first)):
                if isinstance(event, Retried):
                    self._note_retried(event)
                elif isinstance(event, Done):
                    found = first[event.task.folder]
                    outcome = self._handed_over(event)
                    self._kept.add(outcome.key)
                    if event.given_up and found.standing is not None:
                        yield self._leave(outcome, found)
                    else:
                        yield self._finish(outcome, "graded", found, event.answer.where)
                    others = twins.get(found.key, [])
                    if outcome.key != found.key:
                        waiting += others
                        continue
                    for other in others:
                        same = replace(outcome, folder=other.folder)
                        yield self._finish(same, "reused", other)
                else:
                    yield None

    def _handed_over(self, done: Done) -> Outcome:
        outcome = self.store.get(done.answer.name, done.task.folder)
        if outcome is None:
            raise CourseError(
                "a result that was just written cannot be read. Is the disk full?",
                path=self.store.folder,
            )
        return replace(outcome, wall_seconds=done.wall_seconds) if done.given_up else outcome

    def _finish(self, outcome: Outcome, how: How, found: _Found, where: str = "") -> Step:
        """Log a result, and write its grade into the gradebook if there is one."""
        # The log comes first: what stands in the gradebook, and is skipped by later runs, is in it.
        self._note_result(outcome, how, where)
        late, problem = 0.0, ""
        same = outcome.key == found.key  # else it has been handed in again since
        content = found.content if same else ""
        if self._book is not None:
            try:
                terms = self._terms(outcome.folder)
                if how == "reused" and found.stands(outcome.grade):
                    late = self._book.amend(outcome.folder)
                else:
                    late = self._book.write(outcome.folder, outcome.grade, outcome.notebook)
                if outcome.key and same:
                    written = Written(outcome.key, found.content, terms, late)
                    student = outcome.folder.parent.name
                    write_record(self._batch.course, student, outcome.grade, written)
            except CourseError as error:
                problem = str(error)
            except OSError as error:
                if is_full(error):
                    raise
                problem = f"the grade's record could not be written: {error.strerror or error}."
        return self._count(Step(outcome, how, late, problem, content))

    def _leave(self, outcome: Outcome, found: _Found) -> Step:
        """Log that a submission could not be graded; an earlier grade is better than none."""
        self._note_result(outcome, "graded", "")
        return self._count(Step(outcome, "graded", problem=KEPT, content=found.content))

    def _count(self, step: Step) -> Step:
        """Add it up; a class's notebooks all together would take too much memory."""
        step = replace(step, outcome=replace(step.outcome, notebook=""))
        self.totals.count(step.student, step.how, step.outcome)
        for why in (*step.outcome.grade.problems, *filter(None, [step.problem])):
            self._note("failed", student=step.student, why=why)
        return step

    def _note_retried(self, event: Retried) -> None:
        self.totals.retried += 1
        seconds = rounded({"wall_s": event.wall_seconds})
        self._note("retried", student=event.folder.parent.name, why=event.why, **seconds)

    def _note_result(self, outcome: Outcome, how: How, where: str) -> None:
        grade = outcome.grade
        seconds = {
            "wall_s": outcome.wall_seconds,
            "cpu_own_s": grade.cpu_seconds,
            "cpu_overhead_s": max(outcome.cpu_seconds - grade.cpu_seconds, 0.0),
        }
        self._note(
            how,
            student=outcome.folder.parent.name,
            status=grade.status,
            score=grade.score,
            max_score=grade.max_score,
            **rounded(seconds),
            attempts=outcome.attempts,
            worker=where or outcome.worker,
            finished=outcome.finished,
            key=outcome.key,
        )

    def _note(self, event: str, **fields: object) -> None:
        if self._log is not None:
            self._log.write(event, **fields)

    def _circumstances(self) -> dict[str, object]:
        return {
            "assignment": self._batch.assignment,
            "submissions": len(self._folders),
            "jobs": self.jobs,
            "cluster": self.pool.place,
            "jail": self._batch.jail,
            "warm": self._batch.warm,
            "forced": self._force,
            "writes": self._book is not None,
            "pid": os.getpid(),
            "seed_id": hashlib.sha256(self._batch.seed.encode()).hexdigest()[:12],
            "machine": f"{platform.system()} {platform.release()} {platform.machine()}",
            "cores": default_jobs(),
            "versions": keys.versions(),
        }

    def _sum_up(self) -> None:
        self.totals.start_cpu_seconds = self.pool.start_cpu_seconds
        self.totals.worker_mb = self.pool.memory_mb
        self.totals.coordinator_mb = memory_mb()
        self.totals.ended = time.monotonic()
        self.totals.coordinator_cpu_seconds = time.process_time() - self.totals.cpu_began
