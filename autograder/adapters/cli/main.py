"""The command ``autograder``: each subcommand is a module, imported when it is called.

A student's install has what ``check`` and ``doctor`` need; the others say what they miss.
Distributions beside this one add commands through the entry-point group ``autograder.commands``.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import io
import sys

import click

from autograder import __version__
from autograder.errors import AutograderError
from autograder.lean import leave_out
from autograder.render import inert

MAX_PROBLEM = 20_000
"""Characters of a message: some list many files."""

STUDENTS = {
    "check": "Run the visible checks of a notebook, without grading it.",
    "doctor": "Say what this machine lacks for the course, and how to mend it.",
}
INSTRUCTORS = {
    "bench": "Measure how fast submissions are graded, against other graders.",
    "demo": "Make up a small class and grade it: the whole way at a glance.",
    "explain": "Show an exercise's checks, and which mistakes each notices.",
    "feedback": "Write feedback pages for everyone who is graded.",
    "gate": "Judge the catalogue: mistakes lose points, right answers do not.",
    "grade": "Grade all submissions of an assignment.",
    "grade-one": "Grade one notebook at any path, without a gradebook.",
    "release": "Build the releases from the masters in solutions/.",
}
ADDED = {"calibrate": "Measure the labs' recipes and set their thresholds."}
"""Summaries stand here, so that ``--help`` imports no command. Each command is a module of this
package, but those in `ADDED`: other distributions bring them, and they show up where installed.
"""


class _Commands(click.Group):
    """Loads a subcommand's module when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all subcommands."""
        return sorted({*STUDENTS, *INSTRUCTORS, *_added()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a subcommand."""
        if cmd_name in STUDENTS or cmd_name in INSTRUCTORS:
            name = f"autograder.adapters.cli.{cmd_name.replace('-', '_')}"
            return importlib.import_module(name).command  # type: ignore[no-any-return]
        point = _added().get(cmd_name)
        return None if point is None else point.load()

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the subcommands without importing them."""
        added = {
            name: ADDED.get(name, f"Comes with {_distribution(point)}.")
            for name, point in _added().items()
        }
        for title, commands in (
            ("For students", STUDENTS),
            ("For instructors", {**INSTRUCTORS, **added}),
        ):
            with formatter.section(title):
                formatter.write_dl(sorted(commands.items()))


def _added() -> dict[str, importlib.metadata.EntryPoint]:
    points = importlib.metadata.entry_points(group="autograder.commands")
    return {point.name: point for point in points}


def _distribution(point: importlib.metadata.EntryPoint) -> str:
    return point.dist.name if point.dist is not None else point.module


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="autograder")
def cli() -> None:
    """Auto-graded exercises for a first course on neural networks."""


def main() -> None:
    """Run the command line; what went wrong is one message and exit code 2."""
    leave_out()
    for stream in (sys.stdout, sys.stderr):
        # Students' names and messages hold any character; a terminal or a pipe may not.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        cli()
    except AutograderError as error:
        _stop(str(error))
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing in ("", "autograder"):
            raise
        _stop(
            f"this command needs {missing}, which is not installed. "
            "autograder doctor says how to mend that."
        )


def _stop(problem: str) -> None:
    click.echo(f"autograder: {inert(problem, MAX_PROBLEM)}", err=True)
    sys.exit(2)


if __name__ == "__main__":
    main()
