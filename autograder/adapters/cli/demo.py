"""``autograder demo``: the whole way, on a small class that is made up on the spot."""

from __future__ import annotations

import shutil
from pathlib import Path

import click
import nbformat
from rich.console import Console

from autograder.adapters.cli.class_table import show_table, table_console
from autograder.adapters.cli.grade import Wish, grade_class
from autograder.adapters.cli.jail import jail_options
from autograder.adapters.picture import draw_class
from autograder.batch.cores import default_jobs
from autograder.course import Course, find_course
from autograder.errors import CourseError
from autograder.sample_class import make_class, submit

MARKER = ".autograder-demo"


@click.command("demo")
@click.argument("assignment", default="02-backprop")
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    default=Path("demo"),
    show_default=True,
    help="Where the demo course is made; an earlier demo there is replaced.",
)
@click.option("-j", "--jobs", type=click.IntRange(min=1), help="Worker processes [all cores].")
@jail_options
def command(assignment: str, folder: Path, jobs: int | None, jail: str) -> None:
    """Build the releases, make a class of submissions of ASSIGNMENT, grade it.

    Everything happens in a copy of the course, so your own gradebook is not touched. At the end
    there are a table, feedback pages and a picture.
    """
    from autograder.adapters.nbgrader.writer import write_feedback
    from autograder.release.build import build_release

    console = Console(stderr=True)
    source = find_course()
    source.require(assignment)
    course = _copy_course(source, folder.resolve())
    with console.status("building the releases"):
        build_release(course, list(course.names), lambda _name: None)
    loaded = course.load(assignment)
    staged = nbformat.read(course.source / assignment / f"{loaded.notebook}.ipynb", as_version=4)
    folders = submit(course, assignment, make_class(loaded, staged))
    console.print(f"{len(folders)} submissions of {assignment}, on {jobs or default_jobs()} cores")
    graded = grade_class(course, assignment, Wish(jobs=jobs or 0, jail=jail), console)
    show_table(table_console(), graded)
    with console.status("writing feedback"):
        write_feedback(course, assignment)
    picture = course.root / "class.png"
    draw_class([(row.student, row.grade) for row in graded], picture)
    click.echo(
        f"\npicture    {_shown(picture)}\n"
        f"feedback   {_shown(course.root / 'feedback')}/<student>/{assignment}/\n"
        f"gradebook  {_shown(course.root / 'gradebook.db')} "
        f"(cd {_shown(course.root)}; jupyter lab, menu nbgrader > formgrader)"
    )


def _copy_course(source: Course, root: Path) -> Course:
    """Return a fresh copy of the course's masters and releases."""
    if root.exists() and not (root / MARKER).is_file():
        raise CourseError("exists and is not a demo. Name another --folder.", path=root)
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    (root / MARKER).touch()
    unwanted = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
    for folder in (source.solutions, source.assignments):
        if folder.is_dir():
            shutil.copytree(folder, root / folder.name, ignore=unwanted)
    shutil.copyfile(source.root / "nbgrader_config.py", root / "nbgrader_config.py")
    return Course(root)


def _shown(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
