"""What a run and its workers tell each other: plain frozen dataclasses."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from autograder.batch import keys
from autograder.course import Assignment, Course, load_public
from autograder.grading.grade import Grader
from autograder.jail.levels import launcher_for
from autograder.limits import Limits
from autograder.results import Grade


@dataclass(frozen=True)
class Batch:
    """What every worker must know; travels to each of them once.

    Parameters
    ----------
    root
        Of the course.
    assignment
        Its name.
    seed
        Of the run.
    jail
        Level of a jail that has been tested on this machine.
    limits
        The assignment's own if None.
    warm
        Sessions are forks of a server; else each starts by itself.
    """

    root: Path
    assignment: str
    seed: str
    jail: int
    limits: Limits | None = None
    warm: bool = True

    @property
    def course(self) -> Course:
        """The course."""
        return Course(self.root)

    def outline(self) -> Assignment:
        """Return the assignment without its hidden checks, whose loading imports torch."""
        course = self.course
        course.require(self.assignment)
        public = load_public(course.assignments / self.assignment)
        return Assignment(public, (), course.solutions / self.assignment)

    def basis(self) -> str:
        """Return what all keys of this batch's results are made of, see `autograder.batch.keys`."""
        return keys.basis(self.outline(), self.seed, self.jail, self.limits)

    def grader(self) -> Grader:
        """Load the assignment; raise `JailUnavailable` if there is no jail of that level."""
        launcher = launcher_for(self.jail, warm=self.warm)
        return Grader(self.course.load(self.assignment), self.seed, launcher, self.limits)


@dataclass(frozen=True)
class Outcome:
    """What grading a submission comes to.

    Parameters
    ----------
    folder
        ``submitted/<student>/<assignment>``.
    grade
        Its grade, without what the cells printed: that is in `notebook`.
    notebook
        JSON text of the notebook that belongs into ``autograded/``.
    key
        Of content, assignment, grader, seed, jail and limits, see `autograder.batch.keys`; empty
        if this outcome is good for once only.
    wall_seconds, cpu_seconds
        What it took, in the worker and in the sessions; the student's own CPU time is
        ``grade.cpu_seconds``.
    attempts
        How often it was tried.
    worker
        Number of the process that graded it.
    finished
        When, in UTC.
    """

    folder: Path
    grade: Grade
    notebook: str
    key: str = ""
    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0
    attempts: int = 1
    worker: int = 0
    finished: str = ""


@dataclass(frozen=True)
class Task:
    """One submission for a worker.

    Parameters
    ----------
    folder
        The submission.
    attempts
        The how manieth attempt this is.
    final
        Whatever comes out counts; else a grade that a wall-clock limit cut short does not.
    """

    folder: Path
    attempts: int = 1
    final: bool = False


@dataclass(frozen=True)
class Ready:
    """A worker's first words: who it is, how long to wait for it, or why it cannot work."""

    pid: int
    patience: float = 0.0
    cpu_seconds: float = 0.0
    problem: str = ""


@dataclass(frozen=True)
class Answer:
    """A worker's answer: the name of the result in the store, or why there is none.

    `where` is the address of a worker that is on another machine.
    """

    name: str = ""
    problem: str = ""
    memory_mb: float = 0.0
    where: str = ""
