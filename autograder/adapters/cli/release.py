"""``autograder release``: from the masters in ``solutions/`` to ``assignments/``."""

from __future__ import annotations

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from autograder.course import find_course


@click.command("release")
@click.argument("assignments", nargs=-1)
def command(assignments: tuple[str, ...]) -> None:
    """Build the releases of ASSIGNMENTS (default: all).

    The solved notebooks are staged in build/source/, nbgrader makes assignments/ from them, and
    its gradebook learns the points. Building twice changes no byte.
    """
    from autograder.release.build import build_release

    course = find_course()
    names = list(assignments) or list(course.names)
    for name in names:
        course.require(name)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("release", total=len(names))

        def show(name: str) -> None:
            progress.update(task, description=name, completed=names.index(name))

        paths = build_release(course, names, show)
    for path in paths:
        click.echo(path.relative_to(course.root))
