"""``autograder grade``: a whole class, in parallel, into nbgrader's gradebook."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape

from autograder.adapters.cli.class_table import (
    MAX_NAME,
    Graded,
    one_line,
    show_changes,
    show_table,
    summary,
    table_console,
)
from autograder.adapters.cli.jail import ask_jail, jail_options, open_jail
from autograder.adapters.cli.progress import RunProgress
from autograder.adapters.cli.stopping import Stopping, stopping
from autograder.batch.cluster import ClusterPool
from autograder.batch.compare import changes
from autograder.batch.cores import default_jobs
from autograder.batch.disk import in_words
from autograder.batch.lock import only_run
from autograder.batch.pool import Pool
from autograder.batch.run import Run
from autograder.batch.step import Book, Standing, Step
from autograder.batch.work import Batch
from autograder.course import Course, find_course
from autograder.errors import CourseError
from autograder.grading.seeds import course_key, run_seed
from autograder.render import inert


@dataclass(frozen=True)
class Wish:
    """What of a class is to be graded, and how.

    Parameters
    ----------
    students
        Only these; all if empty.
    jobs
        Worker processes; one a core if 0.
    jail
        As the option says it.
    cold
        Each session starts by itself instead of as a fork.
    force
        Grade again what has been graded.
    reseed
        Draw a new course key first.
    dry
        Write neither gradebook nor records.
    cluster
        Address of a Dask scheduler, or its scheduler file; this machine if empty.
    """

    students: tuple[str, ...] = ()
    jobs: int = 0
    jail: str = ""
    cold: bool = False
    force: bool = False
    reseed: bool = False
    dry: bool = False
    cluster: str = ""


@click.command("grade")
@click.argument("assignment")
@click.option("-j", "--jobs", type=click.IntRange(min=1), help="Worker processes [all cores].")
@click.option("--student", "students", multiple=True, help="Only this student; may be repeated.")
@jail_options
@click.option("--force", is_flag=True, help="Grade again what has been graded and has not changed.")
@click.option(
    "--changed-checks",
    is_flag=True,
    help="Show whose grades would change under the present checks; write none.",
)
@click.option("--cold", is_flag=True, help="Start each session by itself, not as a fork: slower.")
@click.option(
    "--cluster",
    default="",
    metavar="ADDRESS",
    help="Grade on the workers of this Dask scheduler (tcp://host:port, or its scheduler file).",
)
@click.option("--reseed", is_flag=True, help="Draw new secret inputs (a new course key).")
def command(
    assignment: str,
    jobs: int | None,
    students: tuple[str, ...],
    jail: str,
    *,
    force: bool,
    changed_checks: bool,
    cold: bool,
    cluster: str,
    reseed: bool,
) -> None:
    """Grade all submissions of ASSIGNMENT.

    Reads submitted/<student>/ASSIGNMENT/, writes the gradebook and autograded/ as nbgrader
    autograde does. What has been graded and has not changed since is not graded again. Nothing is
    graded before the jail has passed its test. The exit code is 0 when every submission has its
    grade, 1 when a check of ours broke on some or a grade could not be written, 2 when nothing
    could be graded, 130 after Ctrl-C: what is done is kept, and the same command goes on.
    """
    if changed_checks and reseed:
        raise click.UsageError("--reseed changes the inputs, so nothing could be compared.")
    course = find_course()
    course.require(assignment)
    console = Console(stderr=True)
    wish = Wish(students, jobs or 0, jail, cold, force, reseed, changed_checks, cluster)
    with stopping() as state:
        run, steps = run_class(course, assignment, wish, console, state)
    if changed_checks:
        standing = _standing(course, assignment)
        found = sorted(changes(course, steps, standing), key=lambda change: change.student)
        if not run.interrupted:
            show_changes(table_console(), found, len(steps), assignment)
    else:
        show_table(table_console(), [_row(step) for step in steps])
    faults = list(_faults(steps))
    for student, fault in faults:
        said = escape(f"{one_line(student, MAX_NAME)}: {inert(fault)}")
        console.print(f"[red]fault of ours[/] {said}", soft_wrap=True)
    for line in summary(run.totals, run.pool.started, run.log_path.relative_to(course.root)):
        console.print(escape(line), soft_wrap=True, highlight=False)
    if run.interrupted:
        console.print(
            f"[yellow]interrupted[/]: {run.totals.done} of {run.totals.submissions} are done and "
            f"kept. Run the same command again{', without --force,' if force else ''} to go on.",
            soft_wrap=True,
        )
        raise SystemExit(state.status)
    raise SystemExit(1 if faults else 0)


def grade_class(
    course: Course, assignment: str, wish: Wish | None = None, console: Console | None = None
) -> list[Graded]:
    """Grade a class with a progress bar; return the table's lines by student.

    A grade that cannot be written is one of its problems; the others are written all the same.
    """
    console = console or Console(stderr=True)
    _, steps = run_class(course, assignment, wish or Wish(), console, Stopping())
    return [_row(step) for step in steps]


def run_class(
    course: Course, assignment: str, wish: Wish, console: Console, state: Stopping
) -> tuple[Run, list[Step]]:
    """Grade a class; return the run, and what it did for each submission, by student."""
    from autograder.adapters.nbgrader.plugin import submissions

    folders = submissions(course, assignment)
    chosen = _chosen(folders, set(wish.students), course, assignment)
    with ExitStack() as stack:
        stack.enter_context(in_words(course.root))
        stack.enter_context(only_run(course.root, assignment))
        batch = _batch(course, assignment, wish, console)
        seed = run_seed(course_key(course, renew=wish.reseed), batch.outline())
        batch = replace(batch, seed=seed)
        book, terms = stack.enter_context(_book(course, assignment, dry=wish.dry))
        run = Run(
            batch,
            chosen,
            wish.jobs or (len(chosen) if wish.cluster else default_jobs()),
            book,
            terms=terms,
            force=wish.force,
            prune=len(chosen) == len(folders),
            stopped=state.asked,
            pool=partial(ClusterPool, wish.cluster) if wish.cluster else Pool,
        )
        steps: list[Step] = []
        with RunProgress(console, run, assignment) as progress:
            for step in run.steps():
                if step is not None:
                    steps.append(step)
                progress.show(step)
    return run, sorted(steps, key=lambda step: step.student)


def _batch(course: Course, assignment: str, wish: Wish, console: Console) -> Batch:
    """Settle on a jail: tested here, or to be tested by each worker of a cluster."""
    if wish.cluster:
        level = ask_jail(wish.jail, console)
        return Batch(course.root, assignment, "", level, warm=not wish.cold)
    jail = open_jail(course, wish.jail, console, warm=not wish.cold)
    return Batch(course.root, assignment, "", jail.level, warm=jail.warm)


@contextmanager
def _book(
    course: Course, assignment: str, *, dry: bool
) -> Iterator[tuple[Book | None, Callable[[Path], str]]]:
    """Open the gradebook, told of the assignment; nothing if nothing is to be written."""
    from autograder.adapters.nbgrader.app import course_directory
    from autograder.adapters.nbgrader.gradebook import register
    from autograder.adapters.nbgrader.terms import Terms
    from autograder.adapters.nbgrader.writer import Writer

    if dry:
        yield None, lambda _: ""
        return
    register(course, assignment, course_directory(course).db_url)
    terms = Terms(course, assignment)
    with closing(Writer(course, assignment)) as writer:
        yield writer, terms


def _standing(course: Course, assignment: str) -> Standing | None:
    """Return what the gradebook holds; None if there is none, or it does not know of it."""
    from autograder.adapters.nbgrader.app import course_directory
    from autograder.adapters.nbgrader.gradebook import is_there
    from autograder.adapters.nbgrader.writer import Writer

    if not is_there(course_directory(course).db_url):
        return None
    with closing(Writer(course, assignment)) as writer:
        return writer.standing()


def _row(step: Step) -> Graded:
    grade = step.outcome.grade
    if step.problem:
        grade = replace(grade, problems=(*grade.problems, step.problem))
    return Graded(step.student, grade, step.late)


def _faults(steps: Iterable[Step]) -> Iterator[tuple[str, str]]:
    for row in map(_row, steps):
        for fault in row.grade.problems:
            yield row.student, fault


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
