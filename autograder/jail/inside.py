"""What a session looks like from inside: names of places, command line, rules."""

from __future__ import annotations

from functools import lru_cache

from autograder.jail.confine import Policy
from autograder.jail.seccomp import compile_policy
from autograder.limits import Limits

START = """\
import sys
packages = sys.argv.pop(1)
sys.path[:] = [*(path for path in sys.path if not path.endswith("-packages")), packages]
from autograder.session.{module} import main
main()
"""
"""Packages that are installed beside the interpreter itself are not the student's."""

DEVICES = ("/dev/null", "/dev/urandom", "/dev/random")
"""Not ``/dev/zero``: mapped, it is memory that is shared, and that nobody counts."""


def command(
    python: str, packages: str, channel: int, extra: tuple[str, ...], policy: Policy
) -> list[str]:
    """Return the command line that starts the agent.

    Parameters
    ----------
    python
        The interpreter.
    packages
        Folder of the student-side packages.
    channel
        Descriptor on which the agent serves.
    extra
        Packages that the assignment allows beside the usual ones.
    policy
        By which the agent confines itself.
    """
    arguments = [packages, str(channel), ",".join(extra), policy.to_argument()]
    return [python, "-I", "-c", START.format(module="agent"), *arguments]


def server_command(python: str, packages: str, channel: int, extra: tuple[str, ...]) -> list[str]:
    """Return the command line that starts a fork server; arguments as of `command`."""
    arguments = [packages, str(channel), ",".join(extra)]
    return [python, "-I", "-c", START.format(module="fork_server"), *arguments]


def policy(
    limits: Limits,
    threads: int,
    read: list[str] | None = None,
    write: list[str] | None = None,
    listed: list[str] | None = None,
) -> Policy:
    """Return the rules that a session's process sets for itself.

    Parameters
    ----------
    limits
        What it may use.
    threads
        Highest number of threads and processes of its user.
    read, write, listed
        What Landlock lets it read, write and list; None where the file system needs no Landlock.
    """
    megabyte = 2**20
    rlimits = {
        "AS": limits.address_space_mb * megabyte,
        # A backstop, should the one who watches the clock be gone.
        "CPU": int(2 * limits.notebook_cpu) + 10,
        "FSIZE": limits.file_mb * megabyte,
        "MEMLOCK": 0,
        "NOFILE": limits.open_files,
        "NPROC": threads,
    }
    return Policy.of(rlimits, _filter(limits.processes > 0), read, write, listed)


@lru_cache
def _filter(processes: bool) -> bytes:  # noqa: FBT001 - a cached function of one flag
    return compile_policy(processes=processes)
