"""How far a measurement is: a bar with the time that is left, lines where there is no terminal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from autograder.adapters.cli.class_table import duration

LINE_SECONDS = 15.0

Told = Callable[[str, float, float], None]
"""Called with what was done, how much is done, and how much there is."""


@contextmanager
def counting(console: Console) -> Iterator[Told]:
    """Show progress on a console; the time left is that of the rate so far."""
    began = said = time.monotonic()

    def left(done: float, total: float) -> str:
        if not done:
            return "starting"
        return f"ETA {duration((total - done) * (time.monotonic() - began) / done)}"

    if not console.is_terminal:

        def say(label: str, done: float, total: float) -> None:
            nonlocal said
            now = time.monotonic()
            if now - said >= LINE_SECONDS:
                said = now
                share = f"{100 * done / total:.0f} %"
                console.print(f"{label}; {share}, {left(done, total)}", soft_wrap=True)

        yield say
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(
        *columns, TextColumn("{task.fields[left]}"), console=console, transient=True
    ) as bar:
        task = bar.add_task("starting", total=None, left="")

        def move(label: str, done: float, total: float) -> None:
            bar.update(task, description=label, completed=done, total=total, left=left(done, total))

        yield move
