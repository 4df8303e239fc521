"""``autograder feedback``: pages for students."""

from __future__ import annotations

import click
from rich.console import Console

from autograder.course import find_course


@click.command("feedback")
@click.argument("assignment")
@click.option("--student", "students", multiple=True, help="Only this student; may be repeated.")
def command(assignment: str, students: tuple[str, ...]) -> None:
    """Write feedback/<student>/ASSIGNMENT/*.html for everyone who is graded."""
    from autograder.adapters.nbgrader.writer import write_feedback

    course = find_course()
    course.require(assignment)
    with Console(stderr=True).status(f"feedback for {assignment}"):
        folder = write_feedback(course, assignment, students)
    click.echo(folder.relative_to(course.root))
