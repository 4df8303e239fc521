"""Namespaces and mounts, as far as the jails need them.

Standard library only: what sets the stage of a session loads nothing else.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import signal
from pathlib import Path

CLONE_NEWNS = 0x0002_0000
CLONE_NEWUTS = 0x0400_0000
CLONE_NEWIPC = 0x0800_0000
CLONE_NEWPID = 0x2000_0000
CLONE_NEWNET = 0x4000_0000
ALL_BUT_USERS = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID | CLONE_NEWNET

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_REMOUNT = 1, 2, 4, 32
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000

_SYS_CLONE = {"x86_64": 56, "aarch64": 220}
_HARMLESS = MS_NOSUID | MS_NODEV


def unshare(namespaces: int, what: str) -> None:
    """Enter new namespaces; raise OSError, which says `what` could not be done."""
    _succeed(_libc().unshare(namespaces), what)


def fork_into(namespaces: int) -> int:
    """Fork a child that begins in new namespaces; return 0 in it, and its number in the parent.

    A process can put only one child into a namespace for processes by unshare(2), and so needs
    another in between; clone(2) needs none. The C library does not know of this fork: the child
    has to fork once more, or not to rely on signals that it sends to itself.

    Raises
    ------
    OSError
        The kernel refuses.
    """
    number = _SYS_CLONE.get(platform.machine())
    if number is None:
        raise OSError(errno.ENOSYS, f"cannot fork into namespaces on {platform.machine()}")
    library = ctypes.PyDLL(None, use_errno=True)  # the child is to have the interpreter's lock
    none = ctypes.c_ulong(0)
    flags = ctypes.c_ulong(namespaces | signal.SIGCHLD)
    pid: int = library.syscall(ctypes.c_long(number), flags, none, none, none, none)
    _succeed(min(pid, 0), "fork into namespaces")
    return pid


def be_private() -> None:
    """Keep mounts that are made from now on to this mount namespace."""
    mount("none", "/", "", MS_REC | MS_PRIVATE)


def mount_tmpfs(place: Path, options: str) -> None:
    """Mount a folder in memory."""
    mount("tmpfs", str(place), "tmpfs", _HARMLESS, options)


def mount_scratch(place: Path, megabytes: int, files: int, user: int, folders: list[str]) -> None:
    """Mount a session's scratch folder: bounded, in memory, and with `folders` in it.

    `user` is whose it is.
    """
    size = f"size={megabytes}m,nr_inodes={files}"
    mount_tmpfs(place, f"{size},mode=700,uid={user},gid={user}")
    for name in folders:
        (place / name).mkdir(mode=0o700)
        if os.geteuid() != user:
            os.chown(place / name, user, user)


def show(source: str, place: Path) -> None:
    """Show a file or folder at `place`, which is made: it cannot be written there."""
    place.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    if Path(source).is_dir():
        place.mkdir(mode=0o755, exist_ok=True)
    elif not place.exists():
        place.touch()
    mount(source, str(place), "", MS_BIND | MS_REC)
    remount_read_only(place, MS_BIND)


def remount_read_only(place: Path, flags: int = 0) -> None:
    """Let nobody write to a mount."""
    mount("none", str(place), "", flags | MS_REMOUNT | MS_RDONLY | _HARMLESS)


def mount(source: str, place: str, kind: str, flags: int, options: str = "") -> None:
    """Mount `source` at `place` (mount(2))."""
    done = _libc().mount(
        os.fsencode(source),
        os.fsencode(place),
        kind.encode() or None,
        ctypes.c_ulong(flags),
        options.encode() or None,
    )
    _succeed(done, f"mount {source} at {place}")


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _succeed(done: int, what: str) -> None:
    if done != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"cannot {what}: {os.strerror(number)}")
