"""``autograder bench``: how fast it grades, and how that compares."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from autograder import marked
from autograder.adapters.cli.class_table import table_console
from autograder.adapters.cli.jail import jail_options
from autograder.batch.cores import default_jobs
from autograder.bench import report
from autograder.bench.benchmark import NBGRADER, OTTER, Benchmark, Plan
from autograder.bench.benchmark import Progress as Told
from autograder.course import find_course

NONE = "none"
BUSY = 0.5
"""Load of other programs at which the figures are doubtful."""


@click.group("bench")
def command() -> None:
    """Measure how fast submissions are graded."""


def _sizes(_context: click.Context, _parameter: click.Parameter, text: str) -> tuple[int, ...]:
    try:
        sizes = tuple(int(word) for word in text.split(",") if word.strip())
    except ValueError:
        raise click.BadParameter(f"{text!r}; numbers expected, as in 50,200,1000") from None
    if any(size < 1 for size in sizes):
        raise click.BadParameter("a class has at least one submission")
    return sizes


def _contenders(_context: click.Context, _parameter: click.Parameter, text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(word.strip() for word in text.split(",") if word.strip()))
    if names == (NONE,):
        return ()
    strange = [name for name in names if name not in (NBGRADER, OTTER)]
    if strange:
        raise click.BadParameter(f"{', '.join(strange)}; expected nbgrader, otter or none")
    return names


@command.command("batch")
@click.option("--assignment", default="02-backprop", show_default=True)
@click.option(
    "--submissions", type=click.IntRange(min=2), default=200, show_default=True, help="The class."
)
@click.option("-j", "--jobs", type=click.IntRange(min=1), help="Worker processes [all cores].")
@click.option(
    "--repeat", type=click.IntRange(min=1), default=1, show_default=True, help="Rounds; medians."
)
@click.option(
    "--sizes", callback=_sizes, default="", help="Other class sizes, of ours alone: 50,1000,2000."
)
@click.option(
    "--compare",
    callback=_contenders,
    default=f"{NBGRADER},{OTTER}",
    show_default=True,
    help="With whom; none for nobody.",
)
@click.option(
    "--sample",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    help="How many submissions of the class nbgrader grades; Otter a quarter of them.",
)
@click.option(
    "--otter-python",
    type=click.Path(exists=True, dir_okay=False),
    default=None,
    help="Python that has otter-grader and torch [this one].",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of the made-up class.")
@click.option("--cold", is_flag=True, help="As autograder grade --cold.")
@jail_options
@click.option(
    "--write",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Put the figures between the marks in this page, too.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one object instead of tables.")
def batch(
    assignment: str,
    submissions: int,
    jobs: int | None,
    repeat: int,
    sizes: tuple[int, ...],
    compare: tuple[str, ...],
    sample: int,
    otter_python: str | None,
    seed: int,
    jail: str,
    write: Path | None,
    *,
    cold: bool,
    as_json: bool,
) -> None:
    """Grade a made-up class with autograder grade, stock nbgrader and Otter-Grader.

    The class is made from the solutions and the catalogue of mistakes. Everything happens in a
    temporary folder; your gradebook is not touched.
    """
    from autograder.adapters.nbgrader.scores import read_scores

    course = find_course()
    course.require(assignment)
    if write is not None:
        marked.require_marks(write)
    options = ("--jail", jail) if jail != "unsafe" else ("--unsafe",)
    plan = Plan(
        assignment,
        submissions,
        jobs or default_jobs(),
        repeat,
        sizes,
        compare,
        min(sample, submissions),
        otter_python or "",
        (*options, *(("--cold",) if cold else ())),
        seed,
    )
    console = Console(stderr=True)
    with _progress(console) as told:
        found = Benchmark(course, plan, read_scores, told).run()
    if found["load_before"] > BUSY:
        console.print(
            f"[yellow]note[/] other programs were busy at the start (load {found['load_before']}): "
            "the figures say less than those of an idle machine.",
            soft_wrap=True,
        )
    if write is not None:
        marked.write_into(write, report.page(found))
    if as_json:
        click.echo(json.dumps(found))
    else:
        _show(table_console(), found)


@contextmanager
def _progress(console: Console) -> Iterator[Told]:
    """Show a bar with the time that is left; lines where there is no terminal."""
    if not console.is_terminal:
        last = ""

        def say(label: str, done: float, total: float) -> None:
            nonlocal last
            if label != last:
                last = label
                console.print(f"{label}; about {_time(total - done)} left", soft_wrap=True)

        yield say
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, TextColumn("{task.fields[left]}"), console=console) as bar:
        task = bar.add_task("preparing", total=None, left="")

        def move(label: str, done: float, total: float) -> None:
            left = f"about {_time(total - done)} left"
            bar.update(task, description=label, completed=done, total=total, left=left)

        yield move


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"


def _show(console: Console, found: dict[str, Any]) -> None:
    for title, rows in report.tables(found):
        table = Table(title=title, title_justify="left", box=None, pad_edge=False)
        head, *body = rows
        for k, name in enumerate(head):
            table.add_column(name, justify="left" if k == 0 else "right")
        for row in body:
            table.add_row(*row)
        console.print(table)
        console.print()
    for line in report.remarks(found):
        console.print(line, soft_wrap=True, highlight=False, markup=False)
