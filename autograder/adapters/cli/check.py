"""``autograder check``: a student's own check, in the terminal."""

from __future__ import annotations

from pathlib import Path

import click

from autograder.adapters.near_run import open_notebook
from autograder.errors import CourseError
from autograder.render import plain_table, points


@click.command("check")
@click.argument("path", type=click.Path(path_type=Path, exists=True), default=Path())
@click.option("-k", "--exercise", "only", metavar="NAME", help="Check this exercise only.")
def command(path: Path, only: str | None) -> None:
    """Run the visible checks of a notebook, without grading it.

    PATH is a notebook, or a folder that holds one or several (default: here). The exit code is 0
    if every visible check passes and 1 if not.
    """
    good = True
    for notebook in _notebooks(path.resolve()):
        run = open_notebook(notebook)
        names = [run.public.exercise(only).name] if only else run.names
        run.execute()
        results = [run.check(name) for name in names]
        click.echo(f"{notebook.name}\n")
        for result in results:
            click.echo(plain_table(result) + "\n")
        earned = points(sum(result.points for result in results))
        covered = points(sum(result.covered for result in results))
        total = points(sum(result.max_points for result in results))
        click.echo(
            f"{earned} of {covered} points in the visible checks; "
            f"{total} points can be earned in all.\n"
        )
        good = good and all(result.status == "passed" for result in results)
    raise SystemExit(0 if good else 1)


def _notebooks(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    found = sorted(
        notebook
        for folder in (path, *sorted(path.glob("*/")))
        for notebook in folder.glob("*.ipynb")
        if (folder / "checks.py").is_file()
    )
    if not found:
        raise CourseError(
            "no notebook with a checks.py beside it here. Name the assignment's folder.", path=path
        )
    return found
