"""Grade one class by all contenders, interleaved, and say how they compare."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import nbformat

from autograder.bench.classic import Classic
from autograder.bench.contenders import (
    Nbgrader,
    Otter,
    Ours,
    Scores,
    Setting,
    Taken,
    Tick,
    copy_course,
    release,
)
from autograder.bench.figures import Figures, Round
from autograder.bench.machine import load, machine
from autograder.bench.population import Member, population
from autograder.course import Course
from autograder.errors import CourseError

NBGRADER, OTTER = "nbgrader", "otter"
FIGURES = "nbgrader with figures"

EXPECTED: dict[str, float] = {"autograder": 0.3, NBGRADER: 3.5, FIGURES: 7.0, OTTER: 6.0}
"""Seconds a submission, until it has been measured: for the time that is left."""

START = 4.0
"""Seconds that any of the commands takes before its first submission, about."""

Progress = Callable[[str, float, float], None]
"""Told what is being done, how many seconds of work are done, and how many there are, about."""


@dataclass(frozen=True)
class Plan:
    """What is measured.

    Parameters
    ----------
    assignment
        Its name.
    submissions
        Size of the class.
    jobs
        Worker processes of ours.
    repeat
        How often everything but the growth is measured; medians count.
    sizes
        Classes that are graded by ours alone, to see how the cost grows.
    compare
        With whom: ``nbgrader``, ``otter``.
    sample
        How many submissions of the class the others grade; nbgrader also a quarter of them, to
        tell its start from its cost a submission.
    otter_python
        Python that has Otter-Grader; empty for this one.
    options
        Further options of ``autograder grade``.
    seed
        Of the class.
    """

    assignment: str
    submissions: int
    jobs: int
    repeat: int = 1
    sizes: tuple[int, ...] = ()
    compare: tuple[str, ...] = (NBGRADER, OTTER)
    sample: int = 20
    otter_python: str = ""
    options: tuple[str, ...] = ()
    seed: int = 0


@dataclass
class _Clock:
    """Turns the work that is left into seconds, the better the more has been measured."""

    report: Progress
    waiting: list[tuple[str, int]]
    spent: float = 0.0
    rates: dict[str, float] = field(default_factory=lambda: dict(EXPECTED))

    def run(self, who: str, size: int, action: Callable[[Tick], Taken]) -> Taken:
        """Do the next piece of work."""
        self.waiting.remove((who, size))
        label = f"{who}, {size} submission{'' if size == 1 else 's'}"
        expected = self._expected(who, size)

        def tick(seconds: float) -> None:
            left = max(expected - seconds, 0.0) + self._left
            self.report(label, self.spent + seconds, self.spent + seconds + left)

        tick(0.0)
        taken = action(tick)
        self.spent += taken.wall_seconds
        if size > 1:
            self.rates[who] = max(taken.wall_seconds - START, 0.0) / size
        return taken

    @property
    def _left(self) -> float:
        return sum(self._expected(who, size) for who, size in self.waiting)

    def _expected(self, who: str, size: int) -> float:
        return START + size * self.rates[who]


@dataclass(frozen=True)
class Benchmark:
    """Measures a plan on a course.

    Parameters
    ----------
    course
        Only copied from.
    plan
        What to measure.
    read_scores
        Reads the points of the exercises from a course's gradebook.
    progress
        Told how it goes.
    """

    course: Course
    plan: Plan
    read_scores: Callable[[Path, str], Scores]
    progress: Progress = lambda _label, _done, _total: None

    def run(self) -> dict[str, Any]:
        """Measure; return the object that ``autograder bench batch --json`` prints.

        Raises
        ------
        CourseError
            A contender failed.
        """
        at_first = load()
        with self._setting() as setting:
            figures = self._measure(setting)
        return {**figures.as_json(), "load_before": at_first, "machine": machine()}

    @contextmanager
    def _setting(self) -> Iterator[Setting]:
        place = Path(tempfile.mkdtemp(prefix="autograder-bench-"))
        try:
            copied = Course(place / "copy")
            copied.root.mkdir()
            copy_course(self.course, copied.root, [self.plan.assignment])
            self.progress("releasing", 0.0, START)
            solved = nbformat.read(release(copied, self.plan.assignment), as_version=4)
            assignment = copied.load(self.plan.assignment)
            classic = Classic(copied.root, assignment, solved)
            yield Setting(place, copied, assignment, classic, self.read_scores)
        finally:
            shutil.rmtree(place, ignore_errors=True)

    def _measure(self, setting: Setting) -> Figures:
        plan = self.plan
        members = self._class(setting, plan.submissions)
        sample = [member for member in members if member.kind != "broken"][: plan.sample]
        few = sample[: max(1, len(sample) // 4)]
        ours = Ours(setting, plan.jobs, plan.options)
        nbgrader = Nbgrader(setting) if NBGRADER in plan.compare else None
        drawing = Nbgrader(setting, figures=True) if NBGRADER in plan.compare else None
        otter, reason = self._otter(setting)
        sizes = [size for size in sorted(set(plan.sizes)) if size != plan.submissions]
        clock = _Clock(self.progress, self._work(len(sample), len(few), sizes, otter))
        for each in filter(None, (nbgrader, drawing)):
            each.prepare()

        rounds = []
        for _ in range(plan.repeat):
            # Interleaved, so that a machine that gets slower or faster does so for all.
            one = Round(clock.run("autograder", len(members), _grading(ours, members)))
            if nbgrader is not None:
                one.nbgrader_few = clock.run(NBGRADER, len(few), _grading(nbgrader, few))
                one.ours_sample = clock.run("autograder", len(sample), _grading(ours, sample))
                one.nbgrader = clock.run(NBGRADER, len(sample), _grading(nbgrader, sample))
            if drawing is not None:
                one.drawing = clock.run(FIGURES, len(few), _grading(drawing, few))
            if otter is not None:
                one.otter = clock.run(OTTER, len(few), _grading(otter, few))
            rounds.append(one)
        start = clock.run("autograder", 1, _grading(ours, sample[:1])) if sizes else None
        grown = [
            clock.run("autograder", size, _grading(ours, self._class(setting, size)))
            for size in sizes
        ]
        return Figures(
            plan.assignment,
            plan.jobs,
            tuple(members),
            rounds,
            start,
            grown,
            otter.version() if otter is not None else "",
            reason,
        )

    def _class(self, setting: Setting, size: int) -> list[Member]:
        solved = setting.classic.solved
        return list(population(setting.assignment, solved, size, self.plan.seed))

    def _otter(self, setting: Setting) -> tuple[Otter | None, str]:
        """Return Otter-Grader, or why it is left out."""
        if OTTER not in self.plan.compare:
            return None, "not asked for"
        otter = Otter(setting, self.plan.otter_python or sys.executable)
        try:
            otter.version()
        except CourseError as error:
            return None, f"{error}. Name a Python that has it: --otter-python"
        return otter, ""

    def _work(
        self, sample: int, few: int, sizes: Sequence[int], otter: Otter | None
    ) -> list[tuple[str, int]]:
        once: list[tuple[str, int]] = [("autograder", self.plan.submissions)]
        if NBGRADER in self.plan.compare:
            once += [(NBGRADER, few), ("autograder", sample), (NBGRADER, sample), (FIGURES, few)]
        if otter is not None:
            once.append((OTTER, few))
        growth = [("autograder", size) for size in chain([1] if sizes else [], sizes)]
        return once * self.plan.repeat + growth


def _grading(
    contender: Ours | Nbgrader | Otter, members: Sequence[Member]
) -> Callable[[Tick], Taken]:
    return lambda tick: contender.grade(members, tick)
