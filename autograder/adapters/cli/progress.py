"""How far a run is: a bar on a terminal, now and then a line elsewhere."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from autograder.adapters.cli.class_table import MAX_NAME, duration, one_line
from autograder.batch.pace import Pace
from autograder.batch.run import Run
from autograder.batch.step import Step

LINE_SECONDS = 15.0
SLOW_SECONDS = 10.0
"""A submission that is in work for longer is named."""


class RunProgress:
    """Shows how a run goes on.

    Parameters
    ----------
    console
        Where: the standard error.
    run
        The run.
    title
        What it is about.
    """

    def __init__(self, console: Console, run: Run, title: str) -> None:
        self._console = console
        self._run = run
        self._title = title
        self._pace: Pace | None = None
        self._said = time.monotonic()
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[how]}"),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task(escape(title), total=run.totals.submissions, how="")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def show(self, step: Step | None) -> None:
        """Take note of a submission that is done with, or of the time that passes."""
        now = time.monotonic()
        if self._pace is None and self._run.pool.began:
            self._pace = Pace(self._run.pool.began, self._run.jobs)
        if step is not None and step.how == "graded" and self._pace is not None:
            self._pace.done(now)
        how = self._how(now)
        self._bar.update(self._task, completed=self._run.totals.done, how=escape(how))
        if not self._console.is_terminal and now - self._said >= LINE_SECONDS:
            self._said = now
            totals = self._run.totals
            line = f"{self._title}: {totals.done} of {totals.submissions} done; {how}"
            self._console.print(escape(line.removesuffix("; ")), soft_wrap=True, highlight=False)

    def _how(self, now: float) -> str:
        """Rate, time left, and what takes long."""
        totals = self._run.totals
        left = max(totals.to_grade - totals.graded, 0)
        remaining = None if self._pace is None else self._pace.remaining(left, now)
        said = []
        if remaining is not None and self._pace is not None:
            said.append(f"{60 * self._pace.per_second(now):.0f} a minute")
            said.append(f"ETA {duration(remaining)}")
        elif left:
            said.append("starting")
        slow = [
            f"{one_line(folder.parent.name, MAX_NAME)} for {duration(seconds)}"
            for folder, seconds in self._run.pool.in_work
            if seconds > SLOW_SECONDS
        ]
        if slow:
            said.append(f"in work: {', '.join(slow[:3])}")
        elif totals.slowest:
            student, seconds = totals.slowest[0]
            said.append(f"slowest so far: {one_line(student, MAX_NAME)} {duration(seconds)}")
        return "; ".join(said)
