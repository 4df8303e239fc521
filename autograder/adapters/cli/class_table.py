"""What ``autograder grade`` prints of a class: the table, the changes, the summary of the run."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from autograder.batch.compare import Change
from autograder.batch.totals import Totals
from autograder.grading.notebook import UNSAFE
from autograder.render import inert, points
from autograder.results import NO_POINTS, Grade

MARKS = {
    "passed": "[green]●[/]",
    "partial": "[yellow]◐[/]",
    "failed": "[red]○[/]",
    "error": "[red]○[/]",
    "timeout": "[red]○[/]",
    "missing": "[dim]·[/]",
}
LEGEND = "● all points  ◐ some  ○ none  · not written"

MAX_NAME = 40
MAX_REMARKS = 220
MOST_FREQUENT = 5

WIDE = 320
"""Columns of a table that goes to a file or a pipe."""


class Graded(NamedTuple):
    """One line of the table.

    `late` is what nbgrader takes off for lateness; the grade's score is without it.
    """

    student: str
    grade: Grade
    late: float = 0.0

    @property
    def remarks(self) -> str:
        """What a person should know of this submission, as sentences."""
        late = f"late: {points(self.late)} points off." if self.late else ""
        stamp = "" if self.grade.jail else UNSAFE
        said = [late, stamp, self.grade.reason, *self._policy, *self.grade.repairs]
        return " ".join(text if text.endswith((".", "?")) else f"{text}." for text in said if text)

    @property
    def _policy(self) -> list[str]:
        """Where a formula was asked for and a numerical derivative was found."""
        found = [exercise for exercise in self.grade.exercises if exercise.evidence]
        proved = [exercise.name for exercise in found if NO_POINTS in exercise.evidence]
        traces = [exercise.name for exercise in found if NO_POINTS not in exercise.evidence]
        sentences = {
            "Numerical derivative, no points for": proved,
            "Traces of a numerical derivative in": traces,
        }
        return [
            f"{what} {', '.join(names)}: see the record"
            for what, names in sentences.items()
            if names
        ]


def table_console() -> Console:
    """Return where the table goes: as wide as the terminal, wider where there is none."""
    console = Console()
    if not console.is_terminal and not os.environ.get("COLUMNS"):
        console.width = WIDE
    return console


def one_line(text: str, limit: int) -> str:
    """Return `text` inert, without line breaks, and cut to `limit`."""
    return inert(" ".join(text.split()), limit)


def plural(count: int, what: str) -> str:
    """Return a number and its noun."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def duration(seconds: float) -> str:
    """Write a time as a person would: ``31.2 s``, ``4 min 10 s``, ``1 h 20 min``."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def show_table(console: Console, graded: Sequence[Graded]) -> None:
    """Print one line a student."""
    table = Table(box=None, pad_edge=False)
    table.add_column("student", no_wrap=True)
    table.add_column("status")
    table.add_column("score", justify="right")
    table.add_column("exercises", no_wrap=True)
    table.add_column("remarks", overflow="fold")
    for row in graded:
        grade = row.grade
        table.add_row(
            escape(one_line(row.student, MAX_NAME)),
            grade.status,
            f"{points(grade.score)}/{points(grade.max_score)}",
            "".join(MARKS[exercise.status] for exercise in grade.exercises),
            escape(one_line(row.remarks, MAX_REMARKS)),
        )
    console.print(table)
    if graded:
        mean = sum(row.grade.score for row in graded) / len(graded)
        console.print(f"\n{LEGEND}\n{plural(len(graded), 'submission')}, mean {mean:.2f} points.")
        _show_mistakes(console, graded)


def _show_mistakes(console: Console, graded: Sequence[Graded]) -> None:
    """Print the known mistakes that most students of the class made: what to talk about next."""
    likeliest = [
        exercise.diagnosis[0]
        for row in graded
        for exercise in row.grade.exercises
        if exercise.diagnosis and exercise.diagnosis[0].certain
    ]
    counts = Counter(found.id for found in likeliest)
    if not counts:
        return
    titles = {found.id: found.title for found in likeliest}
    console.print("\nMost frequent mistakes:")
    for name, count in counts.most_common(MOST_FREQUENT):
        line = one_line(f"{name}: {titles[name]}", MAX_REMARKS)
        console.print(escape(f"{count:4}  {line}"), soft_wrap=True, highlight=False)


def show_changes(console: Console, changes: Sequence[Change], count: int, assignment: str) -> None:
    """Print whose points would change, and how to write them."""
    table = Table(box=None, pad_edge=False)
    table.add_column("student", no_wrap=True)
    table.add_column("now", justify="right")
    table.add_column("then", justify="right")
    table.add_column("exercises")
    table.add_column("remarks", overflow="fold")
    for change in changes:
        table.add_row(
            escape(one_line(change.student, MAX_NAME)),
            "-" if change.before is None else points(change.before),
            points(change.after),
            ", ".join(f"{n} {points(old)} → {points(new)}" for n, old, new in change.exercises),
            escape(one_line(_why(change), MAX_REMARKS)),
        )
    if changes:
        console.print(table)
        console.print()
    known = [change for change in changes if change.before is not None]
    up = sum(change.after > (change.before or 0.0) for change in known)
    down = sum(change.after < (change.before or 0.0) for change in known)
    new = len(changes) - len(known)
    console.print(
        f"{plural(count, 'submission')}: {up} would gain points, {down} would lose some, "
        f"{len(known) - up - down} would change otherwise, {new} not graded before.\n"
        f"Nothing was written. autograder grade {escape(assignment)} writes these grades, without "
        "grading again.",
        soft_wrap=True,
    )


def _why(change: Change) -> str:
    if change.before is None:
        return "Not graded before."
    return f"Handed in again. {change.message}" if change.handed_in_again else change.message


def summary(totals: Totals, workers: int, log: Path) -> Iterable[str]:
    """Yield the lines that say what the run came to; `workers` are those that worked."""
    counts = totals.counts
    said = [f"graded {counts['graded']}"]
    said += [f"{how} {counts[how]}" for how in ("reused", "skipped") if counts[how]]
    if totals.retried:
        said.append(f"tried again {totals.retried}")
    seconds = totals.wall_seconds
    yield f"{', '.join(said)} in {duration(seconds)}" + (
        f", {plural(workers, 'worker')}" if workers else ""
    )
    if totals.graded:
        rate = 60 * totals.graded / max(seconds, 1e-3)
        own, ours = (
            cpu / totals.graded for cpu in (totals.own_cpu_seconds, totals.overhead_cpu_seconds)
        )
        yield (
            f"{rate:.0f} a minute; CPU time of each: {own:.2f} s the student's own, {ours:.2f} s "
            f"ours; beside these {totals.start_cpu_seconds:.1f} s to start the workers and "
            f"{totals.coordinator_cpu_seconds:.1f} s to hand out and to write"
        )
        slowest = ", ".join(
            f"{one_line(student, MAX_NAME)} {duration(took)}" for student, took in totals.slowest
        )
        yield f"slowest: {slowest}"
    memory = f"memory: at most {totals.coordinator_mb:.0f} MB here"
    yield memory + (f", {totals.worker_mb:.0f} MB a worker" if totals.worker_mb else "")
    yield f"log: {log}"
