"""``autograder grade``: a whole class, in parallel, into nbgrader's gradebook."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from autograder.adapters.cli.jail import jail_options, open_jail
from autograder.course import Course, find_course
from autograder.errors import CourseError
from autograder.grading.batch import Batch, default_jobs, grade_all
from autograder.grading.notebook import UNSAFE
from autograder.grading.seeds import course_key, run_seed
from autograder.render import inert, points
from autograder.results import NO_POINTS, Grade

if TYPE_CHECKING:
    from autograder.adapters.nbgrader.writer import Writer

MARKS = {
    "passed": "[green]●[/]",
    "partial": "[yellow]◐[/]",
    "failed": "[red]○[/]",
    "error": "[red]○[/]",
    "timeout": "[red]○[/]",
    "missing": "[dim]·[/]",
}
LEGEND = "● all points  ◐ some  ○ none  · not written"


MAX_REMARKS = 220
WIDE = 320
"""Columns of a table that goes to a file or a pipe."""


class Graded(NamedTuple):
    """One line of the table.

    `late` is what nbgrader takes off for lateness; the grade's score is without it.
    """

    student: str
    grade: Grade
    late: float = 0.0

    @property
    def remarks(self) -> str:
        """What a person should know of this submission, as sentences."""
        late = f"late: {points(self.late)} points off." if self.late else ""
        stamp = "" if self.grade.jail else UNSAFE
        said = [late, stamp, self.grade.reason, *self._policy, *self.grade.repairs]
        return " ".join(text if text.endswith((".", "?")) else f"{text}." for text in said if text)

    @property
    def _policy(self) -> list[str]:
        """Where a formula was asked for and a numerical derivative was found."""
        found = [exercise for exercise in self.grade.exercises if exercise.evidence]
        proved = [exercise.name for exercise in found if NO_POINTS in exercise.evidence]
        traces = [exercise.name for exercise in found if NO_POINTS not in exercise.evidence]
        sentences = {
            "Numerical derivative, no points for": proved,
            "Traces of a numerical derivative in": traces,
        }
        return [
            f"{what} {', '.join(names)}: see the record"
            for what, names in sentences.items()
            if names
        ]


@click.command("grade")
@click.argument("assignment")
@click.option("-j", "--jobs", type=click.IntRange(min=1), help="Worker processes [all cores].")
@click.option("--student", "students", multiple=True, help="Only this student; may be repeated.")
@jail_options
@click.option("--reseed", is_flag=True, help="Draw new secret inputs (a new course key).")
def command(
    assignment: str, jobs: int | None, students: tuple[str, ...], jail: str, *, reseed: bool
) -> None:
    """Grade all submissions of ASSIGNMENT.

    Reads submitted/<student>/ASSIGNMENT/, writes the gradebook and autograded/ as nbgrader
    autograde does. Nothing is graded before the jail has passed its test. The exit code is 0 when
    every submission has its grade, 1 when a check of ours broke on some or a grade could not be
    written, 2 when nothing could be graded.
    """
    course = find_course()
    course.require(assignment)
    console = Console(stderr=True)
    graded = grade_class(
        course, assignment, students, jobs or default_jobs(), console, jail=jail, reseed=reseed
    )
    show_table(table_console(), graded)
    faults = [(row.student, fault) for row in graded for fault in row.grade.problems]
    for student, fault in faults:
        said = escape(f"{one_line(student, 40)}: {inert(fault)}")
        console.print(f"[red]fault of ours[/] {said}", soft_wrap=True)
    raise SystemExit(1 if faults else 0)


def grade_class(
    course: Course,
    assignment: str,
    students: Iterable[str],
    jobs: int,
    console: Console,
    *,
    jail: str = "",
    reseed: bool = False,
) -> list[Graded]:
    """Grade a class with a progress bar; return the table's lines by student.

    A grade that cannot be written is one of its problems; the others are written all the same.
    """
    from autograder.adapters.nbgrader.app import course_directory
    from autograder.adapters.nbgrader.gradebook import register
    from autograder.adapters.nbgrader.plugin import submissions
    from autograder.adapters.nbgrader.writer import Writer

    folders = _chosen(submissions(course, assignment), set(students), course, assignment)
    loaded = course.load(assignment)
    seed = run_seed(course_key(course, renew=reseed), loaded)
    batch = Batch(course.root, assignment, seed, open_jail(course, jail, console).level)
    register(course, assignment, course_directory(course).db_url)
    writer = Writer(course, assignment)
    graded: list[Graded] = []
    with _progress(console) as progress:
        task = progress.add_task(assignment, total=len(folders))
        for folder, grade in grade_all(batch, folders, jobs):
            graded.append(_written(writer, folder, grade))
            progress.advance(task)
    return sorted(graded, key=lambda row: row.student)


def _written(writer: Writer, folder: Path, grade: Grade) -> Graded:
    student = folder.parent.name
    try:
        return Graded(student, grade, writer.write(folder, grade))
    except CourseError as error:
        return Graded(student, replace(grade, problems=(*grade.problems, str(error))))


def _chosen(folders: list[Path], students: set[str], course: Course, assignment: str) -> list[Path]:
    chosen = [folder for folder in folders if not students or folder.parent.name in students]
    unknown = students - {folder.parent.name for folder in chosen}
    if unknown or not chosen:
        who = f" of {', '.join(sorted(unknown))}" if unknown else ""
        raise CourseError(
            f"no submission{who} for {assignment}. Put them at "
            f"submitted/<student>/{assignment}/, or collect them with nbgrader.",
            path=course.root / "submitted",
        )
    return chosen


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("ETA"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )


def table_console() -> Console:
    """Return where the table goes: as wide as the terminal, wider where there is none."""
    console = Console()
    if not console.is_terminal and not os.environ.get("COLUMNS"):
        console.width = WIDE
    return console


def one_line(text: str, limit: int) -> str:
    """Return `text` inert, without line breaks, and cut to `limit`."""
    return inert(" ".join(text.split()), limit)


def show_table(console: Console, graded: Sequence[Graded]) -> None:
    """Print one line a student."""
    table = Table(box=None, pad_edge=False)
    table.add_column("student", no_wrap=True)
    table.add_column("status")
    table.add_column("score", justify="right")
    table.add_column("exercises", no_wrap=True)
    table.add_column("remarks", overflow="fold")
    for row in graded:
        grade = row.grade
        table.add_row(
            escape(one_line(row.student, 40)),
            grade.status,
            f"{points(grade.score)}/{points(grade.max_score)}",
            "".join(MARKS[exercise.status] for exercise in grade.exercises),
            escape(one_line(row.remarks, MAX_REMARKS)),
        )
    console.print(table)
    if graded:
        mean = sum(row.grade.score for row in graded) / len(graded)
        plural = "" if len(graded) == 1 else "s"
        console.print(f"\n{LEGEND}\n{len(graded)} submission{plural}, mean {mean:.2f} points.")
