"""Started as root: show a session's files to an unprivileged user, become that user, go on.

Interpreter and course often lie below folders that only root may enter, and a jail must not be
made with root's rights. So this short program enters a mount namespace of its own, binds what the
session needs onto a small tmpfs that everybody can read, gives up root for a user that nobody else
has, and then executes the jail. The namespace and all in it end with the process.

Started as ``python -I -m autograder.jail.stage SPEC``, with the specification as JSON. Standard
library only: it runs once a session.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path

from autograder.jail.mounts import (
    CLONE_NEWNS,
    be_private,
    mount_scratch,
    mount_tmpfs,
    remount_read_only,
    show,
    unshare,
)

FIRST_USER = 0x7000_0000
"""Session users lie above what people, services and containers have (systemd's UIDS-GIDS.md)."""


@dataclass(frozen=True)
class Stage:
    """What is to be shown, and what is to be executed.

    Parameters
    ----------
    folder
        An empty folder of root's whose parents everybody may enter.
    binds
        Pairs: what is shown, and its place below `folder`. In this order.
    command, environment
        What is executed.
    scratch
        Place below `folder` of a writable folder of the user's; none if empty.
    scratch_mb, scratch_files
        Its size.
    scratch_folders
        Folders in it, which are the user's too.
    work
        Place below `folder` in which the command starts.
    stay_root
        Execute the command as root: it gives up root by itself before it runs what is not ours.
    """

    folder: str
    binds: list[tuple[Path, str]]
    command: list[str]
    environment: dict[str, str]
    scratch: str = ""
    scratch_mb: int = 0
    scratch_files: int = 0
    scratch_folders: list[str] = field(default_factory=list)
    work: str = ""
    stay_root: bool = False


def stage_command(stage: Stage) -> list[str]:
    """Return the command line that sets a stage and goes on with its command."""
    text = json.dumps(asdict(stage), default=str)
    return [sys.executable, "-I", "-m", "autograder.jail.stage", text]


def session_user(pid: int) -> int:
    """Return a user that no other running session has: process numbers are unique.

    Raises
    ------
    OSError
        The container maps too few users.
    """
    text = Path("/proc/self/uid_map").read_text(encoding="ascii")
    mapped = [tuple(map(int, line.split())) for line in text.splitlines()]
    last = max(first + count - 1 for first, _, count in mapped)
    if any(first <= FIRST_USER <= first + count - 2**22 for first, _, count in mapped):
        return FIRST_USER + pid
    if last < 2**15:
        raise OSError(f"the container maps too few users: up to {last}, and each session needs one")
    return last // 2 + pid % (last // 2)


def main() -> None:
    """Set the stage and execute the command."""
    spec = Stage(**json.loads(sys.argv[1]))
    user = session_user(os.getpid())
    _show(spec, 0 if spec.stay_root else user)
    if not spec.stay_root:
        become(user)
    _enter(Path(spec.folder) / spec.work)
    os.execve(spec.command[0], spec.command, spec.environment)  # noqa: S606 - a list of ours


def become(user: int) -> None:
    """Give up root for good."""
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)


def _enter(folder: Path) -> None:
    try:
        os.chdir(folder)
    except PermissionError as error:
        raise PermissionError(
            f"an ordinary user may not enter {folder}, in the folder for temporary files"
        ) from error


def _show(spec: Stage, user: int) -> None:
    unshare(CLONE_NEWNS, "enter a mount namespace")
    be_private()
    stage = Path(spec.folder)
    mount_tmpfs(stage, "size=1m,mode=755")
    if spec.scratch:
        scratch = stage / spec.scratch
        scratch.mkdir()
        mount_scratch(scratch, spec.scratch_mb, spec.scratch_files, user, spec.scratch_folders)
    for source, name in spec.binds:
        show(str(source), stage / name)
    remount_read_only(stage)


if __name__ == "__main__":
    main()
