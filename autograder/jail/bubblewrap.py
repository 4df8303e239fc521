"""Level 3: bubblewrap. Nothing of this machine is there but what the jail is given.

A session has its own user, process, network, IPC and mount namespaces: an interpreter, the
student-side packages, system libraries, the assignment's public files, a scratch folder in memory.
It has no network, no other processes, no ``/proc`` and no writable place but the scratch folder. On
top of that come the rules of `autograder.jail.inside` (limits, seccomp) and the watchdog.

What it does not cover: bugs of the kernel, which it shares with the host; what the processor leaks
by timing; and heavy use of the processor within the deadlines.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache, partial
from pathlib import Path
from typing import TypeVar

from autograder.errors import JailUnavailable
from autograder.jail import contents, inside
from autograder.jail.separate import Separation
from autograder.jail.stage import Stage, stage_command
from autograder.limits import Limits
from autograder.session.environment import environment
from autograder.session.fonts import font_list
from autograder.session.launcher import popen_on_socket, start
from autograder.session.process import Room, StudentProcess
from autograder.session.scratch import make_scratch
from autograder.session.warm import Birth, Warm

HOME = Path("/home/student")
WORK = HOME / "work"
FILES = Path("/opt/files")
PACKAGES = Path("/opt/packages")
PYTHON = Path("/opt/python")
SYSTEM_PYTHON = Path("/usr")

INSTALL = "Install bubblewrap 0.8 or newer: apt install bubblewrap, dnf install bubblewrap."

SERVER_MB = 16
"""Size of a fork server's own home folder."""
SHARED = 16
"""Threads and processes that a session's user has beside its own."""

Mount = tuple[Path, Path]
"""What is shown, and where."""

Running = TypeVar("Running")


class BubblewrapLauncher:
    """Starts each student's process in a bubblewrap of its own.

    Raises
    ------
    JailUnavailable
        There is no bubblewrap, or it is too old.
    """

    level = 3

    def __init__(self) -> None:
        self._bwrap = _find()

    def launch(
        self, files: Sequence[Path], limits: Limits, packages: tuple[str, ...] = ()
    ) -> StudentProcess:
        """See `Launcher.launch`."""
        policy = inside.policy(limits, threads=limits.threads)
        size = limits.scratch_mb
        shown = [(file, HOME / name) for file, name in _files(files)]
        return self._in_jail(
            [*_interpreter(), *_packages(packages), *shown],
            lambda channel: inside.command(*_python(), channel, packages, policy),
            lambda binds: [*_options(self._bwrap, binds, size), *_variables(_environment())],
            partial(start, limits=limits, room=partial(_room, HOME), guarded=True),
        )

    def serve(self, files: Sequence[Path], packages: tuple[str, ...] = ()) -> Warm:
        """See `autograder.session.warm.Serving.serve`.

        The server keeps the right to make namespaces and mounts in the jail, of which its sessions
        make use and which they then give up. Sessions of one server share a user namespace, in
        which there are no others, and a user.
        """
        shown = [(file, FILES / name) for file, name in _files(files)]
        in_session = [(str(place), str(place.relative_to(FILES))) for _, place in shown]
        own = [(file, HOME / name) for file, name in _files(())]

        def birth(limits: Limits, others: int) -> Birth:
            # Server and sessions are of one user, whose threads the kernel counts together.
            policy = inside.policy(limits, threads=limits.threads * (others + 1) + SHARED)
            return Birth(
                Separation(
                    str(WORK),
                    _environment(),
                    policy.to_argument(),
                    namespaces=True,
                    scratch=str(HOME),
                    scratch_mb=limits.scratch_mb,
                    scratch_files=limits.scratch_files,
                    folders=[WORK.name, "matplotlib"],
                    shown=in_session,
                )
            )

        def serving(
            command: Callable[[int], list[str]],
            variables: dict[str, str],
            discard: Callable[[], None] = lambda: None,
        ) -> Warm:
            popen, control = popen_on_socket(command, variables, discard=discard)
            return Warm(popen, control, birth, discard, guarded=True)

        return self._in_jail(
            [*_interpreter(), *_packages(packages), *shown, *own],
            lambda channel: inside.server_command(*_python(), channel, packages),
            lambda binds: [
                *_options(self._bwrap, binds, SERVER_MB),
                *_variables(_environment()),
                *("--cap-add", "CAP_SYS_ADMIN", "--cap-add", "CAP_SETPCAP"),
            ],
            serving,
        )

    def _in_jail(
        self,
        mounts: Sequence[Mount],
        inner: Callable[[int], list[str]],
        options: Callable[[Sequence[Mount]], list[str]],
        run: Callable[..., Running],
    ) -> Running:
        """Run a command in bubblewrap; as root, on a stage and as another user.

        Parameters
        ----------
        mounts
            What it sees beside the system's libraries.
        inner
            Takes the number of a descriptor; returns the command.
        options
            Takes the mounts as they are to be given to bubblewrap; returns its options.
        run
            Starts a command line, as `start` does.
        """
        # The environment is the session's, not bubblewrap's own: that finds its libraries here.
        if os.geteuid() != 0:
            return run(lambda n: [self._bwrap, *options(mounts), "--", *inner(n)], {})
        folder = make_scratch()
        binds = [(source, str(number)) for number, (source, _) in enumerate(mounts)]
        staged = [(folder / str(number), place) for number, (_, place) in enumerate(mounts)]

        def command(channel: int) -> list[str]:
            jailed = [self._bwrap, *options(staged), "--", *inner(channel)]
            return stage_command(Stage(str(folder), binds, jailed, {}))

        return run(command, {}, discard=folder.rmdir)


def _find() -> str:
    path = shutil.which("bwrap")
    if path is None:
        raise JailUnavailable("bubblewrap (bwrap) is not installed", mend=INSTALL)
    if "--size" not in _help(path):
        raise JailUnavailable("this bubblewrap is too old", mend=INSTALL)
    return path


@lru_cache
def _help(bwrap: str) -> str:
    done = subprocess.run(
        [bwrap, "--help"], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    return done.stdout


def _options(bwrap: str, mounts: Sequence[Mount], megabytes: int) -> Iterator[str]:
    """Yield bubblewrap's options, for a home folder of so many MiB."""
    yield from ("--unshare-all", "--unshare-user", "--die-with-parent", "--new-session")
    if "--disable-userns" in _help(bwrap):
        # Without, seccomp alone stands between a session and namespaces of its own.
        yield "--disable-userns"
    yield from ("--cap-drop", "ALL", "--hostname", "session")
    for folder in contents.system_folders():
        if folder.is_symlink():
            yield from ("--symlink", str(folder.readlink()), str(folder))
            continue
        yield from ("--ro-bind", str(folder), str(folder))
        if folder.is_dir():
            yield from _emptied(folder / hidden for hidden in contents.hidden_folders(folder))
    yield from ("--size", str(megabytes * 2**20), "--tmpfs", str(HOME), "--dir", str(WORK))
    for source, place in mounts:
        yield from ("--ro-bind", str(source), str(place))
    library = _place_of_python() / contents.standard_library()
    if _place_of_python() == PYTHON:
        hidden = (library.parent / name for name in contents.hidden_folders(library.parent))
        yield from _emptied(hidden)
    # Not --dev, which has terminals (the host's number of them is fixed) and /dev/zero.
    yield from ("--tmpfs", "/dev")
    for device in inside.DEVICES:
        yield from ("--dev-bind", device, device)
    yield from ("--remount-ro", "/dev", "--remount-ro", "/")
    yield from ("--chdir", str(WORK))


def _environment() -> dict[str, str]:
    return environment(str(HOME), str(PYTHON / "lib") if _place_of_python() == PYTHON else "")


def _variables(environment: Mapping[str, str]) -> Iterator[str]:
    yield "--clearenv"
    for name, value in environment.items():
        yield from ("--setenv", name, value)


def _emptied(folders: Iterator[Path]) -> Iterator[str]:
    """Cover folders with an empty one that cannot be written."""
    for folder in folders:
        yield from ("--tmpfs", str(folder), "--remount-ro", str(folder))


def _place_of_python() -> Path:
    return SYSTEM_PYTHON if contents.interpreter()[0] == SYSTEM_PYTHON else PYTHON


def _interpreter() -> Iterator[Mount]:
    prefix, executable = contents.interpreter()
    if prefix == SYSTEM_PYTHON:  # its library is among the system's
        yield prefix / executable, prefix / executable
    else:
        yield prefix / executable, PYTHON / executable
        yield prefix / "lib", PYTHON / "lib"


def _packages(extra: tuple[str, ...]) -> Iterator[Mount]:
    for name, source in contents.packages(extra).items():
        yield source, PACKAGES / name


def _files(files: Sequence[Path]) -> Iterator[tuple[Path, str]]:
    """Yield files, and where they are in the home folder."""
    for file in files:
        yield file.resolve(), f"{WORK.name}/{file.name}"
    for file in font_list():
        yield file, f"matplotlib/{file.name}"


def _python() -> tuple[str, str]:
    """Return the interpreter and the packages, as they are named inside."""
    return str(_place_of_python() / contents.interpreter()[1]), str(PACKAGES)


def _room(folder: Path, members: Sequence[int]) -> Room:
    """Measure a scratch folder from outside, through any process inside that can be looked into.

    A zombie cannot, nor always bubblewrap's own process inside.
    """
    for inner in members[1:]:
        root = Path(f"/proc/{inner}/root")
        with suppress(OSError):
            if root.samefile("/"):
                continue  # the jail is still being made
            held = os.statvfs(f"{root}{folder}")
            used = (held.f_blocks - held.f_bfree) * held.f_frsize / 2**20
            return Room(used, held.f_files - held.f_ffree)
    return Room(0.0, 0, hidden=True)
