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
from autograder.jail.confine import Policy
from autograder.jail.measure import measure
from autograder.jail.separate import Separation
from autograder.jail.stage import Stage, stage_command
from autograder.limits import Limits
from autograder.session.environment import environment
from autograder.session.fonts import font_list
from autograder.session.launcher import popen_on_socket, start
from autograder.session.process import Room, StudentProcess
from autograder.session.scratch import make_scratch, remove_tree
from autograder.session.warm import Birth, Warm

LATER = "Install bubblewrap, or use Linux 5.13 or newer with Landlock enabled."

SERVER_MB, SERVER_FILES = 16, 1000
"""Size of a fork server's own home."""

FOLDERS = ["work", "matplotlib"]
"""What a session's home holds from the start."""

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
        _refuse_processes(limits)
        folder = make_scratch()
        try:
            if os.geteuid() == 0:
                return _staged(folder, files, limits, packages)
            return _unstaged(folder, files, limits, packages)
        except BaseException:
            remove_tree(folder)
            raise

    def serve(self, files: Sequence[Path], packages: tuple[str, ...] = ()) -> Warm:
        """See `autograder.session.warm.Serving.serve`.

        Started as root, the server stays root, and its sessions give that up: it has to make a
        scratch folder and a user for each.
        """
        folder = make_scratch()
        try:
            if os.geteuid() == 0:
                return _staged_server(folder, files, packages)
            return _unstaged_server(folder, files, packages)
        except BaseException:
            remove_tree(folder)
            raise


def _staged(
    folder: Path, files: Sequence[Path], limits: Limits, packages: tuple[str, ...]
) -> StudentProcess:
    """Start it on a stage, as a user of its own."""
    python = folder / "python"
    binds = _staged_python(packages)
    binds += [(file, f"home/{name}") for file, name in _shown(files)]
    policy = _staged_policy(folder, limits)
    variables = environment(str(folder / "home"), str(python / "lib"))

    def command(channel: int) -> list[str]:
        agent = inside.command(*_staged_names(folder), channel, packages, policy)
        return stage_command(
            Stage(
                str(folder),
                binds,
                agent,
                variables,
                scratch="home",
                scratch_mb=limits.scratch_mb,
                scratch_files=limits.scratch_files,
                scratch_folders=FOLDERS,
                work="home/work",
            )
        )

    return start(command, {}, limits, discard=folder.rmdir)


def _staged_server(folder: Path, files: Sequence[Path], packages: tuple[str, ...]) -> Warm:
    """Start a server on a stage; each session mounts a folder of its own over `home`."""
    home = folder / "home"
    shown = [(str(folder / "files" / name), name) for _, name in _shown(files)]
    binds = _staged_python(packages)
    binds += [(file, f"files/{name}") for file, name in _shown(files)]
    binds += [(file, f"home/{name}") for file, name in _shown(())]
    variables = environment(str(home), str(folder / "python" / "lib"))

    def command(channel: int) -> list[str]:
        server = inside.server_command(*_staged_names(folder), channel, packages)
        return stage_command(
            Stage(
                str(folder),
                binds,
                server,
                variables,
                scratch="home",
                scratch_mb=SERVER_MB,
                scratch_files=SERVER_FILES,
                scratch_folders=FOLDERS,
                work="home/work",
                stay_root=True,
            )
        )

    read = _staged_read(folder)

    def birth(limits: Limits, _others: int) -> Birth:
        _refuse_processes(limits)
        return Birth(
            Separation(
                str(home / "work"),
                variables,
                _staged_policy(folder, limits, read).to_argument(),
                own_user=True,
                scratch=str(home),
                scratch_mb=limits.scratch_mb,
                scratch_files=limits.scratch_files,
                folders=FOLDERS,
                shown=shown,
            )
        )

    popen, control = popen_on_socket(command, {}, discard=folder.rmdir)
    return Warm(popen, control, birth, folder.rmdir)


def _staged_python(packages: tuple[str, ...]) -> list[Mount]:
    prefix, executable = contents.interpreter()
    binds = [(prefix / executable, f"python/{executable}"), (prefix / "lib", "python/lib")]
    shown = contents.packages(packages).items()
    return binds + [(source, f"packages/{name}") for name, source in shown]


def _staged_names(folder: Path) -> tuple[str, str]:
    """Return the interpreter and the packages, as they are named on the stage."""
    return str(folder / "python" / contents.interpreter()[1]), str(folder / "packages")


def _staged_read(folder: Path) -> tuple[list[str], list[str]]:
    return _readable(folder / "python", folder / "packages")


def _staged_policy(
    folder: Path, limits: Limits, readable: tuple[list[str], list[str]] | None = None
) -> Policy:
    read, listed = readable or _staged_read(folder)
    write = [str(folder / "home"), inside.DEVICES[0]]
    return inside.policy(limits, limits.threads, read, write, listed)


def _unstaged(
    folder: Path, files: Sequence[Path], limits: Limits, packages: tuple[str, ...]
) -> StudentProcess:
    """Start it as the user who grades, with copies of the files and links to the packages."""
    python, shown, read, listed = _unstaged_python(folder, packages)
    home = _furnish(folder, files)
    policy = _unstaged_policy(home, limits, read, listed)
    return start(
        lambda channel: inside.command(python, shown, channel, packages, policy),
        _unstaged_environment(home),
        limits,
        cwd=home / "work",
        room=partial(_room, home, limits),
        discard=partial(remove_tree, folder),
    )


def _unstaged_server(folder: Path, files: Sequence[Path], packages: tuple[str, ...]) -> Warm:
    """Start a server as the user who grades; each session has a folder of its own."""
    python, shown, read, listed = _unstaged_python(folder, packages)
    home = _furnish(folder, ())

    def birth(limits: Limits, _others: int) -> Birth:
        _refuse_processes(limits)
        own = make_scratch()
        try:
            place = _furnish(own, files)
            policy = _unstaged_policy(place, limits, read, listed)
            separation = Separation(
                str(place / "work"), _unstaged_environment(place), policy.to_argument()
            )
        except BaseException:
            remove_tree(own)
            raise
        return Birth(separation, partial(_room, place, limits), partial(remove_tree, own))

    popen, control = popen_on_socket(
        lambda channel: inside.server_command(python, shown, channel, packages),
        _unstaged_environment(home),
        cwd=home / "work",
        discard=partial(remove_tree, folder),
    )
    return Warm(popen, control, birth, partial(remove_tree, folder))


def _unstaged_python(
    folder: Path, packages: tuple[str, ...]
) -> tuple[str, str, list[str], list[str]]:
    """Link to the packages; return interpreter, packages, and what may be read and listed."""
    prefix, executable = contents.interpreter()
    shown = folder / "packages"
    shown.mkdir()
    sources = contents.packages(packages)
    for name, source in sources.items():
        (shown / name).symlink_to(source)
    read, listed = _readable(prefix, shown)
    return str(prefix / executable), str(shown), [*read, *map(str, sources.values())], listed


def _unstaged_policy(home: Path, limits: Limits, read: list[str], listed: list[str]) -> Policy:
    threads = _threads_of_this_user() + limits.threads
    return inside.policy(limits, threads, read, [str(home), inside.DEVICES[0]], listed)


def _unstaged_environment(home: Path) -> dict[str, str]:
    prefix, _ = contents.interpreter()
    return environment(str(home), str(prefix / "lib"))


def _furnish(folder: Path, files: Sequence[Path]) -> Path:
    """Make a session's home in `folder` with copies of the files, and return it."""
    home = folder / "home"
    for name in FOLDERS:
        (home / name).mkdir(parents=True)
    for file, name in _shown(files):
        shutil.copyfile(file, home / name)
    return home


def _room(home: Path, limits: Limits, members: list[int]) -> Room:
    return measure(home, limits, members[0])


def _shown(files: Sequence[Path]) -> Iterator[tuple[Path, str]]:
    """Yield files, and where they are in the home folder."""
    for file in files:
        yield file.resolve(), f"work/{file.name}"
    for file in font_list():
        yield file, f"matplotlib/{file.name}"


def _refuse_processes(limits: Limits) -> None:
    if limits.processes:
        raise JailUnavailable(
            "this assignment lets students start processes, which level 1 cannot hold",
            mend=LATER,
        )


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
