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
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache, partial
from pathlib import Path

from autograder.errors import JailUnavailable
from autograder.jail import contents, inside
from autograder.jail.stage import Stage, stage_command
from autograder.limits import Limits
from autograder.session.environment import environment
from autograder.session.fonts import font_list
from autograder.session.launcher import start
from autograder.session.process import Room, StudentProcess
from autograder.session.scratch import make_scratch
from autograder.session.usage import family

HOME = Path("/home/student")
WORK = HOME / "work"
PACKAGES = Path("/opt/packages")
PYTHON = Path("/opt/python")
SYSTEM_PYTHON = Path("/usr")

INSTALL = "Install bubblewrap 0.8 or newer: apt install bubblewrap, dnf install bubblewrap."

Mount = tuple[Path, Path]
"""What is shown, and where."""


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
        mounts = [*_interpreter(), *_packages(packages), *_files(files)]
        policy = inside.policy(limits, threads=limits.threads)
        python = _place_of_python() / contents.interpreter()[1]
        libraries = str(PYTHON / "lib") if _place_of_python() == PYTHON else ""
        variables = environment(str(HOME), libraries)
        measure = partial(_room, HOME)

        def command(channel: int) -> list[str]:
            agent = inside.command(str(python), str(PACKAGES), channel, packages, policy)
            options = _options(self._bwrap, mounts, limits, variables)
            return [self._bwrap, *options, "--", *agent]

        # The environment is the session's, not bubblewrap's own: that finds its libraries here.
        if os.geteuid() != 0:
            return start(command, {}, limits, room=measure, guarded=True)
        folder = make_scratch()
        binds = [(source, str(number)) for number, (source, _) in enumerate(mounts)]
        mounts = [(folder / str(number), place) for number, (_, place) in enumerate(mounts)]
        return start(
            lambda channel: stage_command(Stage(str(folder), binds, command(channel), {})),
            {},
            limits,
            room=measure,
            discard=folder.rmdir,
            guarded=True,
        )


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


def _options(
    bwrap: str, mounts: Sequence[Mount], limits: Limits, variables: Mapping[str, str]
) -> Iterator[str]:
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
    size = str(limits.scratch_mb * 2**20)
    yield from ("--size", size, "--tmpfs", str(HOME), "--dir", str(WORK))
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
    yield from ("--chdir", str(WORK), "--clearenv")
    for name, value in variables.items():
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


def _files(files: Sequence[Path]) -> Iterator[Mount]:
    for file in files:
        yield file.resolve(), WORK / file.name
    for file in font_list():
        yield file, HOME / "matplotlib" / file.name


def _room(folder: Path, pid: int) -> Room:
    """Measure a scratch folder from outside, through any process inside that can be looked into.

    A zombie cannot, nor always bubblewrap's own process inside.
    """
    for inner in family(pid)[1:]:
        root = Path(f"/proc/{inner}/root")
        with suppress(OSError):
            if root.samefile("/"):
                continue  # the jail is still being made
            held = os.statvfs(f"{root}{folder}")
            used = (held.f_blocks - held.f_bfree) * held.f_frsize / 2**20
            return Room(used, held.f_files - held.f_ffree)
    return Room(0.0, 0, hidden=True)
