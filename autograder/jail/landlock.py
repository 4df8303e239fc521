"""Which files a process may reach, by a restriction that it puts on itself: Linux' Landlock.

It needs no rights, no installation and no namespaces, and cannot be taken off again. What it does
not cover, in this use:

- Metadata: whether a path exists, its size, owner and times can be asked of any file. `chmod`,
  `chown`, `utime` and extended attributes are not governed by it either, nor truncation by name
  before ABI 3: `autograder.jail.seccomp` takes those calls away.
- Descriptors that were open before.
- Sockets but TCP (ABI 4) and abstract unix ones (ABI 6), signals before ABI 6, ioctls of devices
  before ABI 5: seccomp again.
- Totals: how many bytes and files are written where writing is allowed.
- Existence of other processes; their memory and ``/proc`` folders it does protect.

So it is half of a jail, and only together with the seccomp policy of this package.

Source: ``Documentation/userspace-api/landlock.rst`` and ``include/uapi/linux/landlock.h``.
"""

from __future__ import annotations

import ctypes
import errno
import os
import stat
import struct
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from autograder.errors import JailUnavailable
from autograder.jail.kernel import forbid_new_privileges, libc

# The same on every architecture.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_CREATE_VERSION = 1
_RULE_PATH_BENEATH = 1
_LOG_NOTHING = 1
"""LANDLOCK_RESTRICT_SELF_LOG_SAME_EXEC_OFF (ABI 7): denials would fill the host's audit log."""

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
REMOVE_DIR, REMOVE_FILE = 1 << 4, 1 << 5
MAKE_DIR, MAKE_REG = 1 << 7, 1 << 8
REFER, TRUNCATE, IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
_UP_TO_MAKE_SYM = (1 << 13) - 1

BIND_TCP, CONNECT_TCP = 1 << 0, 1 << 1
SCOPE_ABSTRACT_UNIX, SCOPE_SIGNAL = 1 << 0, 1 << 1

# No EXECUTE: a library is mapped, not executed. No MAKE_SYM, MAKE_SOCK, MAKE_FIFO or devices.
READ = READ_FILE | READ_DIR
WRITE = READ | WRITE_FILE | TRUNCATE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | REFER
_FOR_FILES = WRITE_FILE | READ_FILE | TRUNCATE


_PATH_BENEATH = "=Qi"
"""``struct landlock_path_beneath_attr``, packed: allowed_access, parent_fd."""


class _Ruleset(ctypes.Structure):
    """``struct landlock_ruleset_attr``."""

    _fields_ = (
        ("handled_access_fs", ctypes.c_uint64),
        ("handled_access_net", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


def abi() -> int:
    """Return the version of Landlock that the running kernel offers; 0 if it is not there."""
    if sys.platform != "linux":
        return 0
    version = _syscall(_CREATE_RULESET, None, 0, _CREATE_VERSION)
    return max(version, 0)


def available() -> str:
    """Return why this process could not restrict itself; empty if it could."""
    if sys.platform != "linux":
        return "Landlock is a part of Linux"
    if abi():
        return ""
    if ctypes.get_errno() == errno.EOPNOTSUPP:
        return "Landlock is built into this kernel but switched off at boot"
    return "this kernel offers no Landlock"


def restrict(read: Sequence[str], write: Sequence[str], listed: Sequence[str] = ()) -> int:
    """Take every file but those beneath `read` and `write` from this process, for good.

    Parameters
    ----------
    read
        Files, and folders with all beneath them, that may be read. Those that are not there, or
        that this user cannot reach, are left out.
    write
        The same, where regular files and folders may also be made, changed and removed.
    listed
        Folders whose names, and those of all beneath them, may be read, but no file.

    Returns
    -------
    int
        The version of Landlock that enforces it.

    Raises
    ------
    JailUnavailable
        There is no Landlock, it refused, or this process has more threads than this one: they
        would stay free.
    OSError
        A path of `write` cannot be opened.
    """
    version = abi()
    if not version:
        raise JailUnavailable(
            available(),
            mend="Use Linux 5.13 or newer with landlock among the names in"
            " /sys/kernel/security/lsm (boot parameter lsm=landlock,...).",
        )
    _require_one_thread()
    handled = _handled(version)
    ruleset = _create(version, handled)
    try:
        rules = ((read, READ, False), (write, WRITE, True), (listed, READ_DIR, False))
        for paths, access, needed in rules:
            for path in paths:
                _allow(ruleset, path, access & handled, needed=needed)
        forbid_new_privileges()
        flags = _LOG_NOTHING if version >= 7 else 0
        if _syscall(_RESTRICT_SELF, ruleset, flags) < 0:
            raise _refused("landlock_restrict_self")
    finally:
        os.close(ruleset)
    return version


def _handled(version: int) -> int:
    """Return the rights on files that this version knows, and that are denied where not granted."""
    rights = _UP_TO_MAKE_SYM
    for since, right in ((2, REFER), (3, TRUNCATE), (5, IOCTL_DEV)):
        if version >= since:
            rights |= right
    return rights


def _create(version: int, handled: int) -> int:
    network = BIND_TCP | CONNECT_TCP if version >= 4 else 0
    scope = SCOPE_ABSTRACT_UNIX | SCOPE_SIGNAL if version >= 6 else 0
    attributes = _Ruleset(handled, network, scope)
    # An older kernel knows a shorter structure.
    size = 8 if version < 4 else 16 if version < 6 else 24
    ruleset = _syscall(_CREATE_RULESET, ctypes.byref(attributes), size, 0)
    if ruleset < 0:
        raise _refused("landlock_create_ruleset")
    return ruleset


def _allow(ruleset: int, path: str, access: int, *, needed: bool) -> None:
    try:
        # O_PATH: the path itself need not be readable.
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        if needed:
            raise
        return
    try:
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            access &= _FOR_FILES
        if not access:  # a file cannot be listed
            return
        rule = ctypes.create_string_buffer(struct.pack(_PATH_BENEATH, access, descriptor))
        if _syscall(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, ctypes.byref(rule), 0) < 0:
            raise _refused(f"landlock_add_rule for {path}")
    finally:
        os.close(descriptor)


def _require_one_thread() -> None:
    """Raise unless this is the only thread: Landlock restricts the one that asks."""
    threads = len(list(Path("/proc/self/task").iterdir()))
    if threads != 1:
        raise JailUnavailable(
            f"this process has {threads} threads, and Landlock would restrict one of them",
            mend="Restrict it before libraries start threads, or set OMP_NUM_THREADS=1.",
        )


def _refused(what: str) -> JailUnavailable:
    return JailUnavailable(
        f"{what} failed ({os.strerror(ctypes.get_errno())})",
        mend="Is it a container whose runtime forbids Landlock? Then grade outside of it, or"
        " install bubblewrap.",
    )


def _syscall(number: int, *args: Any) -> int:
    """Make a system call that the C library has no name for; errno in `ctypes.get_errno`."""
    call = libc().syscall
    call.restype = ctypes.c_long
    passed = [ctypes.c_long(arg) if isinstance(arg, int) else arg for arg in args]
    return int(call(ctypes.c_long(number), *passed))
