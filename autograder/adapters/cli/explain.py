"""``autograder explain``: what an exercise's checks are, and which mistakes each notices."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from autograder.adapters.cli.class_table import plural, table_console
from autograder.adapters.cli.counting import counting
from autograder.course import find_course
from autograder.gate.explanation import Explained, explain
from autograder.gate.matrix import Column, KillMatrix, kill_matrix, trials_of
from autograder.gate.solved import find_exercise, solve
from autograder.render import points

ALWAYS, SOMETIMES, NEVER, ALONE = "[green]●[/]", "[yellow]◐[/]", "[dim]·[/]", "[bold magenta]◆[/]"
LEGEND = "● noticed  ◆ by this one only  ◐ under some seeds  · not"


@click.command("explain")
@click.argument("exercise")
@click.option("--assignment", default="", help="Where an exercise of that name is meant.")
@click.option(
    "--seeds",
    type=click.IntRange(min=1),
    help="Under how many seeds each mistake is judged [5; a lab's under 1].",
)
@click.option(
    "--picture",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Draw the kill matrix into this PNG file, too.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def command(
    exercise: str, assignment: str, seeds: int | None, picture: Path | None, *, as_json: bool
) -> None:
    """Show the checks of EXERCISE, and which mistakes of the catalogue each notices."""
    course = find_course()
    name = find_exercise(course, exercise, assignment)
    solved = solve(course, name)
    explained = explain(solved, exercise)
    total = trials_of(solved, [exercise], seeds or 0)
    with counting(Console(stderr=True)) as told:
        done = 0

        def one_more() -> None:
            nonlocal done
            done += 1
            told(f"{exercise}: mistakes", done, total)

        matrix = kill_matrix(solved, exercise, seeds or 0, one_more)
    if picture is not None:
        from autograder.gate.picture import draw

        draw([matrix], picture, f"{name}: {exercise}")
    if as_json:
        click.echo(json.dumps(_object(name, explained, matrix), indent=2))
    else:
        _show(table_console(), name, explained, matrix)


def _show(
    console: Console, assignment: str, explained: list[Explained], matrix: KillMatrix
) -> None:
    total = points(sum(one.check.points for one in explained))
    console.print(f"[bold]{matrix.exercise}[/] of {assignment}, {total} points\n")
    for number, one in enumerate(explained, start=1):
        console.print(_check(number, one), soft_wrap=True, highlight=False)
    console.print(_table(matrix))
    console.print(f"\n{LEGEND}\n")
    for line in conclusions(matrix):
        console.print(line, soft_wrap=True, highlight=False, markup=False)


def _check(number: int, one: Explained) -> str:
    check = one.check
    shown = "visible" if check.visible else "hidden"
    worth = "1 point" if check.points == 1 else f"{points(check.points)} points"
    attempts = f", {check.attempts} attempts" if check.attempts > 1 else ""
    lines = [f"[bold]{number}[/]  {escape(check.title)} [dim]({shown}, {worth}{attempts})[/]"]
    lines += [f"   {escape(line)}" for line in one.about.splitlines()]
    lines += [f"   [dim]tolerates[/] {escape(band)}" for band in one.bands]
    if check.hint:
        lines.append(f"   [dim]hint[/] {escape(check.hint)}")
    return "\n".join(lines) + "\n"


def _table(matrix: KillMatrix) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("mistake", no_wrap=True)
    for number, column in enumerate(matrix.columns, start=1):
        table.add_column(str(number) if column.is_check else _short(column), justify="center")
    for name, row in matrix.kills.items():
        only = matrix.alone.get(name)
        marks = [_mark(count, matrix.seeds, alone=only == k) for k, count in enumerate(row)]
        table.add_row(escape(name), *marks)
    alone = Counter(matrix.alone.values())
    table.add_row("[dim]alone[/]", *(str(alone[k] or "") for k in range(len(matrix.columns))))
    return table


def _short(column: Column) -> str:
    return column.title.replace(" ", "\n", 1)


def _mark(count: int, seeds: int, *, alone: bool) -> str:
    if not count:
        return NEVER
    if alone:
        return ALONE
    return ALWAYS if count == seeds else SOMETIMES


def conclusions(matrix: KillMatrix) -> list[str]:
    """Return what the matrix says, in sentences."""
    seeds = plural(matrix.seeds, "seed")
    mistakes = plural(len(matrix.kills), "mistake")
    lines = [f"{len(matrix.killed)} of {mistakes} lose points, each under {seeds}."]
    lines += [
        f"NOT NOTICED under {matrix.seeds - matrix.lost[name]} of {seeds}: {name}. {title}"
        for name, title in matrix.titles.items()
        if name not in matrix.killed
    ]
    idle = "; ".join(column.title for column in matrix.idle)
    lines.append(
        f"Checks that notice nothing that nothing else notices: {idle or 'none'}."
        + (
            " A hidden one may ask what a visible one asks, of inputs that nobody knows."
            * bool(idle)
        )
    )
    return lines


def _object(assignment: str, explained: list[Explained], matrix: KillMatrix) -> dict[str, Any]:
    return {
        "assignment": assignment,
        "exercise": matrix.exercise,
        "checks": [
            {
                "title": one.check.title,
                "visible": one.check.visible,
                "points": one.check.points,
                "attempts": one.check.attempts,
                "hint": one.check.hint,
                "about": one.about,
                "tolerances": list(one.bands),
            }
            for one in explained
        ],
        "columns": [column.title for column in matrix.columns],
        "seeds": matrix.seeds,
        "mutants": {
            name: {"title": matrix.titles[name], "kills": list(row), "lost": matrix.lost[name]}
            for name, row in matrix.kills.items()
        },
        "kill_rate": matrix.rate,
        "survivors": [name for name in matrix.kills if name not in matrix.killed],
        "notice_nothing_alone": [column.title for column in matrix.idle],
        "noticed_by_one_only": {name: matrix.columns[k].title for name, k in matrix.alone.items()},
    }
