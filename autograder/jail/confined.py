"""Level 1: Landlock, seccomp and limits, without any installation.

The session stays in the host's namespaces, and the process itself gives up what it must not have:
files but those it needs (Landlock), processes, sockets and signals (seccomp), memory, file sizes
and descriptors (limits). Started as root it also becomes a user of its own, sees its files on a
stage of its own, and has a scratch folder in memory.

What it does not cover, beyond what `autograder.jail.bubblewrap` does not: whether a path exists,
and its size and times, can be asked of any file; names (not contents) of installed packages can be
listed; where it was not started as root, the scratch folder is on the host's disk, and a watchdog
measures its size afterwards, twenty times a second; numbers of threads are counted together with
those of the user who grades. An assignment that allows processes needs level 3.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from autograder.errors import JailUnavailable
from autograder.jail import contents, inside, landlock, seccomp
from autograder.jail.measure import measure
from autograder.jail.stage import Stage, stage_command
from autograder.limits import Limits
from autograder.session.environment import environment
from autograder.session.fonts import font_list
from autograder.session.launcher import start
from autograder.session.process import StudentProcess
from autograder.session.scratch import make_scratch, remove_tree

LATER = "Install bubblewrap, or use Linux 5.13 or newer with Landlock enabled."

Mount = tuple[Path, str]
"""What is shown, and its place below the session's folder."""


class LandlockLauncher:
    """Starts each student's process so that it confines itself.

    Raises
    ------
    JailUnavailable
        The kernel has no Landlock, or libseccomp is missing.
    """

    level = 1

    def __init__(self) -> None:
        for missing in (landlock.available(), seccomp.available()):
            if missing:
                raise JailUnavailable(missing, mend=LATER)

    def launch(
        self, files: Sequence[Path], limits: Limits, packages: tuple[str, ...] = ()
    ) -> StudentProcess:
        """See `Launcher.launch`."""
        if limits.processes:
            raise JailUnavailable(
                "this assignment lets students start processes, which level 1 cannot hold",
                mend=LATER,
            )
        folder = make_scratch()
        try:
            if os.geteuid() == 0:
                return _staged(folder, files, limits, packages)
            return _unstaged(folder, files, limits, packages)
        except BaseException:
            remove_tree(folder)
            raise


def _staged(
    folder: Path, files: Sequence[Path], limits: Limits, packages: tuple[str, ...]
) -> StudentProcess:
    """Start it on a stage, as a user of its own."""
    prefix, executable = contents.interpreter()
    python = folder / "python"
    binds = [(prefix / executable, f"python/{executable}"), (prefix / "lib", "python/lib")]
    binds += [(source, f"packages/{name}") for name, source in contents.packages(packages).items()]
    binds += [(file, f"home/work/{file.name}") for file in _resolved(files)]
    binds += [(file, f"home/matplotlib/{file.name}") for file in font_list()]
    read, listed = _readable(python, folder / "packages")
    policy = inside.policy(
        limits, limits.threads, read, [str(folder / "home"), inside.DEVICES[0]], listed
    )
    variables = environment(str(folder / "home"), str(python / "lib"))

    def command(channel: int) -> list[str]:
        agent = inside.command(
            str(python / executable), str(folder / "packages"), channel, packages, policy
        )
        return stage_command(
            Stage(
                str(folder),
                binds,
                agent,
                variables,
                scratch="home",
                scratch_mb=limits.scratch_mb,
                scratch_files=limits.scratch_files,
                scratch_folders=["work", "matplotlib"],
                work="home/work",
            )
        )

    return start(command, {}, limits, discard=folder.rmdir)


def _unstaged(
    folder: Path, files: Sequence[Path], limits: Limits, packages: tuple[str, ...]
) -> StudentProcess:
    """Start it as the user who grades, with copies of the files and links to the packages."""
    prefix, executable = contents.interpreter()
    home, shown = folder / "home", folder / "packages"
    for made in (shown, home / "work", home / "matplotlib"):
        made.mkdir(parents=True)
    for file in files:
        shutil.copyfile(file, home / "work" / file.name)
    for file in font_list():
        shutil.copyfile(file, home / "matplotlib" / file.name)
    sources = contents.packages(packages)
    for name, source in sources.items():
        (shown / name).symlink_to(source)
    read, listed = _readable(prefix, shown)
    read += map(str, sources.values())
    threads = _threads_of_this_user() + limits.threads
    policy = inside.policy(limits, threads, read, [str(home), inside.DEVICES[0]], listed)
    return start(
        lambda channel: inside.command(
            str(prefix / executable), str(shown), channel, packages, policy
        ),
        environment(str(home), str(prefix / "lib")),
        limits,
        cwd=home / "work",
        room=lambda pid: measure(home, limits, pid),
        discard=partial(remove_tree, folder),
    )


def _resolved(files: Sequence[Path]) -> list[Path]:
    return [file.resolve() for file in files]


def _readable(prefix: Path, packages: Path) -> tuple[list[str], list[str]]:
    """Return what may be read, and of what the names may be listed.

    Landlock's rules hold for all that is beneath a folder, so a folder that holds something to be
    hidden is listed, and its other entries are named one by one.
    """
    shown, _ = contents.interpreter()
    library = contents.standard_library()
    read = [str(packages), *inside.DEVICES]
    listed = []
    # Only the names are taken from the interpreter's real folder: the stage is not there yet.
    for real, place in ((shown / library, prefix / library), (shown / "lib", prefix / "lib")):
        listed.append(str(place))
        read += [str(place / name) for name in _harmless(real)]
    for folder in contents.system_folders():
        if folder.is_symlink():
            continue  # Landlock asks for where it leads: a rule for it would cover all of that
        if not folder.is_dir():
            read.append(str(folder))
            continue
        listed.append(str(folder))
        read += [str(folder / name) for name in _harmless(folder)]
    return read, listed


def _harmless(folder: Path) -> Iterator[str]:
    """Yield the entries of a folder that neither are nor hold a package folder."""
    for entry in sorted(folder.iterdir()):
        holds = any((entry / name).is_dir() for name in contents.PACKAGE_FOLDERS)
        if entry.name not in contents.PACKAGE_FOLDERS and not holds:
            yield entry.name


def _threads_of_this_user() -> int:
    """Return how many threads the user has: the kernel counts the new ones among them."""
    count = 0
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if process.stat().st_uid == os.getuid():
                count += len(list((process / "task").iterdir()))
    return count
