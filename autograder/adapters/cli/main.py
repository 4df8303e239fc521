"""The command ``autograder``: each subcommand is a module, imported when it is called.

A student's install has ``check`` and ``doctor`` only; the others say which extra they need.
Distributions beside this one add commands through the entry-point group ``autograder.commands``.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import sys

import click

from autograder import __version__
from autograder.errors import AutograderError

COMMANDS = {
    "check": "autograder.adapters.cli.check",
    "demo": "autograder.adapters.cli.demo",
    "doctor": "autograder.adapters.cli.doctor",
    "feedback": "autograder.adapters.cli.feedback",
    "grade": "autograder.adapters.cli.grade",
    "grade-one": "autograder.adapters.cli.grade_one",
    "release": "autograder.adapters.cli.release",
}
INSTRUCTOR_MODULES = ("nbgrader", "jupytext", "psutil", "rich", "reference", "torch")


class _Commands(click.Group):
    """Loads a subcommand's module when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all subcommands."""
        return sorted({*COMMANDS, *(point.name for point in _added())})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a subcommand, or one that says what to install."""
        try:
            if cmd_name in COMMANDS:
                module = importlib.import_module(COMMANDS[cmd_name])
                return module.command  # type: ignore[no-any-return]
            for point in _added():
                if point.name == cmd_name:
                    return point.load()  # type: ignore[no-any-return]
        except ModuleNotFoundError as error:
            missing = (error.name or "").partition(".")[0]
            if missing not in INSTRUCTOR_MODULES:
                raise
            return _unavailable(cmd_name, missing)
        return None


def _added() -> list[importlib.metadata.EntryPoint]:
    return list(importlib.metadata.entry_points(group="autograder.commands"))


def _unavailable(name: str, missing: str) -> click.Command:
    @click.command(
        name,
        help=f"(needs {missing}: pip install 'autograder[instructor]')",
        context_settings={"ignore_unknown_options": True},
    )
    @click.argument("_arguments", nargs=-1)
    def command(_arguments: tuple[str, ...]) -> None:
        raise click.ClickException(
            f"autograder {name} is for instructors and needs {missing}, which is not installed. "
            "Run: pip install 'autograder[instructor]'"
        )

    return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="autograder")
def cli() -> None:
    """Auto-graded exercises for a first course on neural networks."""


def main() -> None:
    """Run the command line; what went wrong is one message and exit code 2."""
    try:
        cli()
    except AutograderError as error:
        click.echo(f"autograder: {error}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
