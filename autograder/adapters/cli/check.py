"""``autograder check``: a student's own check, in the terminal."""

from __future__ import annotations

from pathlib import Path

import click

from autograder.adapters.discovery import ELSEWHERE, notebooks_of
from autograder.adapters.near_run import NearRun, open_notebook
from autograder.errors import CourseError
from autograder.render import inert, plain_table, points
from autograder.results import ExerciseResult


@click.command("check")
@click.argument("path", type=click.Path(path_type=Path, exists=True), default=Path())
@click.option(
    "-k",
    "--exercise",
    "only",
    metavar="NAME",
    multiple=True,
    help="Check this exercise only; may be repeated.",
)
def command(path: Path, only: tuple[str, ...]) -> None:
    """Run the visible checks of a notebook, without grading it.

    PATH is a notebook, an assignment's folder, or a folder of assignments (default: here). The
    exit code is 0 if every visible check passes, 1 if one does not, 2 if there is nothing to run.
    """
    runs = _with_exercises([open_notebook(found) for found in _notebooks(path.resolve())], only)
    results: list[ExerciseResult] = []
    for run in runs:
        click.echo(f"{run.path.parent.name}/{run.path.name}\n")
        results += _check(run, only)
    if not all(result.status == "passed" for result in results):
        raise SystemExit(1)


def _check(run: NearRun, only: tuple[str, ...]) -> list[ExerciseResult]:
    results = []
    for name in run.names:
        if only and name not in only:
            continue
        result = run.check(name)
        if run.printed[name]:
            click.echo(f"{name} printed:\n{inert(run.printed[name]).rstrip()}\n")
        click.echo(plain_table(result) + "\n")
        results.append(result)
    earned, covered, total = (
        points(sum(getattr(result, what) for result in results))
        for what in ("points", "covered", "max_points")
    )
    click.echo(
        f"{earned} of {covered} points in the visible checks; {total} can be earned in all.\n"
    )
    return results


def _with_exercises(runs: list[NearRun], only: tuple[str, ...]) -> list[NearRun]:
    """Return those of `runs` that have an exercise of `only`; each name must be known to one."""
    known = {name for run in runs for name in run.names}
    for name in only:
        if name not in known:
            for run in runs:
                run.public.exercise(name)  # raises, and names the exercises that there are
    return [run for run in runs if not only or set(only) & set(run.names)]


def _notebooks(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    below = sorted(folder for folder in path.glob("*/") if folder.name not in ELSEWHERE)
    found = [notebook for folder in (path, *below) for notebook in notebooks_of(folder)]
    if not found:
        raise CourseError(
            "no notebook with a checks.py of this course beside it. Name the assignment's folder.",
            path=path,
        )
    return found
