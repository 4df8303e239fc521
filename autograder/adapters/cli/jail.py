"""The options ``--jail`` and ``--unsafe``, and what is said of the jail that is taken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click
from rich.console import Console
from rich.markup import escape

from autograder.course import Course
from autograder.grading.seeds import course_key, secrets_of
from autograder.jail.levels import AUTO, BEST_FIRST, NAMES, UNSAFE, VARIABLE, Jail, choose

CHOICES = (AUTO, "3", "1")


def jail_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options to a command, which gets them as one argument, `jail`."""
    chosen = click.option(
        "--jail",
        type=click.Choice([*CHOICES, UNSAFE]),
        default=AUTO,
        envvar=VARIABLE,
        show_default=True,
        help="What holds the submissions' code: 3 is bubblewrap, 1 Landlock, auto the best that "
        "this machine gives.",
    )
    unsafe = click.option(
        "--unsafe",
        "jail",
        flag_value=UNSAFE,
        help="No jail: the submissions' code runs with your rights. Stamped on every grade.",
    )
    return chosen(unsafe(command))


def open_jail(course: Course, wanted: str, console: Console, *, warm: bool = True) -> Jail:
    """Test the jail that is wanted and say which it is; raise `JailUnavailable` if it fails."""
    course_key(course)  # one of the secrets of the test
    with console.status("testing the jail"):
        jail = choose(wanted, secrets_of(course), warm=warm)
    if jail.level == 0:
        _warn(console)
    else:
        console.print(f"jail: level {jail.level} ({NAMES[jail.level]}), tested")
    if jail.obstacle is not None:
        slower = escape(f"each session starts by itself: {jail.obstacle.reason}")
        console.print(f"[yellow]note[/] {slower}", soft_wrap=True)
    for missed in jail.missed:
        better = escape(f"no better one: {missed.reason}. {missed.mend}")
        console.print(f"[yellow]note[/] {better}", soft_wrap=True)
    return jail


def ask_jail(wanted: str, console: Console) -> int:
    """Say which level every worker of a cluster must give, and return it: by itself the best.

    They test it each; one that gives another would make other results of the same submissions.
    """
    level = {AUTO: BEST_FIRST[0], "": BEST_FIRST[0], UNSAFE: 0}.get(wanted)
    level = int(wanted) if level is None else level
    if level == 0:
        _warn(console)
    else:
        console.print(f"jail: level {level} ({NAMES[level]}), to be tested by every worker")
    return level


def _warn(console: Console) -> None:
    console.print(
        "[red]No jail:[/] the submissions' code runs with your rights, and can read the hidden "
        "checks. Every grade is stamped.",
        soft_wrap=True,
    )
