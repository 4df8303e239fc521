"""``autograder grade``: a whole class, in parallel, into nbgrader's gradebook."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

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

from autograder.course import Course, find_course
from autograder.errors import CourseError
from autograder.grading.batch import Batch, default_jobs, grade_all
from autograder.grading.seeds import course_key, run_seed
from autograder.render import inert, points
from autograder.results import Grade

MARKS = {
    "passed": "[green]●[/]",
    "partial": "[yellow]◐[/]",
    "failed": "[red]○[/]",
    "error": "[red]○[/]",
    "timeout": "[red]○[/]",
    "missing": "[dim]·[/]",
}
LEGEND = "● all points  ◐ some  ○ none  · not written"


@click.command("grade")
@click.argument("assignment")
@click.option("-j", "--jobs", type=click.IntRange(min=1), help="Worker processes [all cores].")
@click.option("--student", "students", multiple=True, help="Only this student; may be repeated.")
@click.option("--reseed", is_flag=True, help="Draw new secret inputs (a new course key).")
def command(assignment: str, jobs: int | None, students: tuple[str, ...], *, reseed: bool) -> None:
    """Grade all submissions of ASSIGNMENT.

    Reads submitted/<student>/ASSIGNMENT/, writes the gradebook and autograded/ as nbgrader
    autograde does. The exit code is 0 when every submission has its grade, 1 when a check of ours
    broke on some, 2 when nothing could be graded.
    """
    course = find_course()
    course.require(assignment)
    console = Console(stderr=True)
    graded = grade_class(
        course, assignment, students, jobs or default_jobs(), console, reseed=reseed
    )
    show_table(Console(), graded)
    faults = [(student, fault) for student, grade in graded for fault in grade.problems]
    for student, fault in faults:
        console.print(f"[red]fault of ours[/] {escape(inert(f'{student}: {fault}'))}")
    raise SystemExit(1 if faults else 0)


def grade_class(
    course: Course,
    assignment: str,
    students: Iterable[str],
    jobs: int,
    console: Console,
    *,
    reseed: bool = False,
) -> list[tuple[str, Grade]]:
    """Grade a class with a progress bar; return (student, grade) by student."""
    from autograder.adapters.nbgrader.app import course_directory
    from autograder.adapters.nbgrader.gradebook import register
    from autograder.adapters.nbgrader.plugin import submissions
    from autograder.adapters.nbgrader.writer import Writer

    folders = _chosen(submissions(course, assignment), set(students), course, assignment)
    loaded = course.load(assignment)
    batch = Batch(course.root, assignment, run_seed(course_key(course, renew=reseed), loaded))
    register(course, assignment, course_directory(course).db_url)
    writer = Writer(course, assignment)
    graded: list[tuple[str, Grade]] = []
    with _progress(console) as progress:
        task = progress.add_task(assignment, total=len(folders))
        for folder, grade in grade_all(batch, folders, jobs):
            writer.write(folder, grade)
            graded.append((folder.parent.name, grade))
            progress.advance(task)
    return sorted(graded, key=lambda pair: pair[0])


def _chosen(folders: list[Path], students: set[str], course: Course, assignment: str) -> list[Path]:
    chosen = [folder for folder in folders if not students or folder.parent.name in students]
    if not chosen:
        who = f" of {', '.join(sorted(students))}" if students else ""
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


def show_table(console: Console, graded: list[tuple[str, Grade]]) -> None:
    """Print one line a student."""
    table = Table(box=None, pad_edge=False)
    table.add_column("student", no_wrap=True)
    table.add_column("status")
    table.add_column("score", justify="right")
    table.add_column("exercises", no_wrap=True)
    table.add_column("remarks", overflow="fold")
    for student, grade in graded:
        table.add_row(
            escape(inert(student, 40)),
            grade.status,
            f"{points(grade.score)}/{points(grade.max_score)}",
            "".join(MARKS[exercise.status] for exercise in grade.exercises),
            escape(inert("; ".join(filter(None, [grade.reason, *grade.repairs])), 160)),
        )
    console.print(table)
    if graded:
        mean = sum(grade.score for _, grade in graded) / len(graded)
        plural = "" if len(graded) == 1 else "s"
        console.print(f"\n{LEGEND}\n{len(graded)} submission{plural}, mean {mean:.2f} points.")
