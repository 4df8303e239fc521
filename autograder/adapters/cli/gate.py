"""``autograder gate``: every mistake loses points, no right answer does; how sure that is."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

import click
from rich.console import Console
from rich.table import Table

from autograder import marked
from autograder.adapters.cli.class_table import table_console
from autograder.adapters.cli.counting import counting
from autograder.batch.cores import THREADS, default_jobs
from autograder.course import Course, find_course
from autograder.gate import page, record
from autograder.gate.labs import (
    keep,
    labs_of,
    measure_labs,
    out_of_date,
    recognize_again,
    rows_of,
)
from autograder.gate.measure import FEW, MANY, Key, measure, missing, tasks
from autograder.gate.picture import digest, draw, drawn_from
from autograder.gate.record import Measured
from autograder.gate.solved import Solved, solve
from autograder.grading.lab_table import Row

COLUMNS = 3
"""Of a picture."""


@click.command("gate")
@click.argument("assignments", nargs=-1)
@click.option("--full", is_flag=True, help=f"Right answers under {MANY} seeds instead of {FEW}.")
@click.option(
    "--seeds",
    type=click.IntRange(min=1),
    help="Right answers of each exercise under so many seeds.",
)
@click.option("-j", "--jobs", type=click.IntRange(min=1), help="Worker processes [all cores].")
@click.option("--labs", is_flag=True, help="See what nets the labs' entries train instead.")
@click.option("--force", is_flag=True, help="Measure again what has not changed, too.")
@click.option(
    "--write", is_flag=True, help="Keep what is measured in docs/, with its page and pictures."
)
def command(
    assignments: tuple[str, ...],
    seeds: int | None,
    jobs: int | None,
    *,
    full: bool,
    labs: bool,
    force: bool,
    write: bool,
) -> None:
    """Judge the catalogue of ASSIGNMENTS (default: all): mistakes and right answers.

    What docs/gate.json has of the same masters, under as many seeds, is not measured again, so a
    run that was interrupted is taken up where it was. The right answers to labs are measured by
    autograder calibrate. The exit code is 1 if a mistake loses no points or a right answer does.

    With --labs the nets that the labs' mistakes and right answers train are looked at instead. Each
    assignment keeps a table of them, symptoms.json, by which the mistake behind a lab that failed
    is named.
    """
    course = find_course()
    for name in assignments:
        course.require(name)
    for variable in THREADS:
        os.environ.setdefault(variable, "1")
    if labs:
        _look_at_labs(course, assignments or course.names, jobs or default_jobs(), force, write)
        return
    path = course.root / record.FILE
    kept = page.by_key(record.read(path))
    wanted = tasks(course, assignments, seeds or (MANY if full else FEW))
    order = [task.key for task in tasks(course)]
    found = dict(kept)
    with counting(Console(stderr=True)) as told:
        todo = wanted if force else missing(course, wanted, kept)
        for one in measure(course, todo, jobs or default_jobs(), told):
            found[one.assignment, one.exercise] = one
            if write:
                record.write(path, _in_order(found, order))
    if write:
        write_pages(course, _in_order(found, order))
    shown = [found[task.key] for task in wanted]
    _show(table_console(), shown)
    if any(len(one.matrix.killed) < len(one.matrix.kills) or one.trials.failures for one in shown):
        raise SystemExit(1)


def _look_at_labs(
    course: Course, names: Sequence[str], jobs: int, force: bool, write: bool
) -> None:
    """Run the entries of labs whose rows in the tables are missing or out of date."""
    solved = {name: solve(course, name) for name in names}
    wanted = {name: out_of_date(one, force=force) for name, one in solved.items()}
    found = []
    with counting(Console(stderr=True)) as told:
        for name, row in measure_labs(course, wanted, jobs, told):
            found.append((name, row))
            if write:
                keep(solved[name], row)
    _show_labs(solved, found)


def _show_labs(solved: Mapping[str, Solved], fresh: Sequence[tuple[str, Row]]) -> None:
    table = Table("lab", box=None, pad_edge=False)
    for head in ("mistakes", "runs", "named", "first", "at once"):
        table.add_column(head, justify="right")
    faults = []
    for name, one in solved.items():
        rows = rows_of(one, [row for where, row in fresh if where == name])
        for lab in labs_of(one):
            again = recognize_again(one, lab, rows)
            counts = (len(one.mistakes(lab)), again.runs, again.runs - len(again.missed))
            table.add_row(lab, *map(str, (*counts, again.first, again.most)))
            faults += [f"NOT NAMED: {what}" for what in again.missed]
            faults += [f"ACCUSED: {what}" for what in again.accused]
    console = table_console()
    console.print(table)
    for line in faults:
        console.print(line, soft_wrap=True, highlight=False, markup=False)
    if faults:
        raise SystemExit(1)


def _in_order(found: dict[Key, Measured], order: Sequence[Key]) -> dict[Key, Measured]:
    """Return what is known of the exercises that there are, in their order."""
    return {key: found[key] for key in order if key in found}


def write_pages(course: Course, found: dict[Key, Measured]) -> None:
    """Write docs/kill-matrix.md, the pictures that have changed, and the figures of checks.md."""
    docs = course.root / record.FILE.parent
    if marked.has_marks(docs / "checks.md"):
        marked.write_into(docs / "checks.md", page.figures(list(found.values())))
    text = page.kill_page(list(found.values()))
    (docs / "kill-matrix.md").write_text(text, encoding="utf-8")
    for name in dict.fromkeys(assignment for assignment, _ in found):
        matrices = [one.matrix for one in found.values() if one.assignment == name]
        path = docs / page.picture_name(name)
        if not path.is_file() or drawn_from(path) != digest(matrices):
            draw(matrices, path, f"{name}: which check notices which mistake", COLUMNS)


def _show(console: Console, found: Sequence[Measured]) -> None:
    head, *rows = page.rates(found)
    table = Table(box=None, pad_edge=False)
    for k, name in enumerate(head):
        table.add_column(str(name), justify="left" if k == 0 else "right")
    for row in rows:
        table.add_row(*(str(entry).replace("`", "") for entry in row))
    console.print(table)
    console.print()
    for line in [*page.summary(found).splitlines(), *_faults(found)]:
        console.print(line, soft_wrap=True, highlight=False, markup=False)


def _faults(found: Sequence[Measured]) -> list[str]:
    lines = []
    for one in found:
        survivors = [name for name in one.matrix.kills if name not in one.matrix.killed]
        lines += [f"LOSES NO POINTS: {one.exercise}/{name}" for name in survivors]
        lines += [f"FALSE FAIL: {one.exercise}/{failure}" for failure in one.trials.failures]
    return lines
