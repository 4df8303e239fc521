"""What the ways of confining a process share: the C library, and giving up privileges."""

from __future__ import annotations

import ctypes
import os
from typing import Any, NoReturn

from autograder.errors import JailUnavailable

_PR_SET_NO_NEW_PRIVS = 38
_PR_CAPBSET_READ, _PR_CAPBSET_DROP = 23, 24
_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL = 47, 4
_CAPABILITY_VERSION_3 = 0x2008_0522


def libc() -> Any:
    """Return this process's C library; errno is in `ctypes.get_errno` after a call."""
    return ctypes.CDLL(None, use_errno=True)


def forbid_new_privileges() -> None:
    """Make sure that no program that this process starts can gain rights, as by a setuid bit.

    Raises
    ------
    JailUnavailable
        The kernel refuses.
    """
    zero = ctypes.c_ulong(0)
    if libc().prctl(_PR_SET_NO_NEW_PRIVS, ctypes.c_ulong(1), zero, zero, zero):
        raise JailUnavailable(
            f"PR_SET_NO_NEW_PRIVS failed ({os.strerror(ctypes.get_errno())})",
            mend="Use Linux 3.5 or newer.",
        )


def drop_capabilities() -> None:
    """Give up every capability, for good.

    Raises
    ------
    JailUnavailable
        The kernel refuses: the process must end.
    """
    zero = ctypes.c_ulong(0)
    library = libc()
    number = 0
    while library.prctl(_PR_CAPBSET_READ, ctypes.c_ulong(number), zero, zero, zero) >= 0:
        if library.prctl(_PR_CAPBSET_DROP, ctypes.c_ulong(number), zero, zero, zero):
            _refused("PR_CAPBSET_DROP")
        number += 1
    if library.prctl(_PR_CAP_AMBIENT, ctypes.c_ulong(_PR_CAP_AMBIENT_CLEAR_ALL), zero, zero, zero):
        _refused("PR_CAP_AMBIENT")
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    nothing = (ctypes.c_uint32 * 6)()
    if library.capset(ctypes.byref(header), ctypes.byref(nothing)):
        _refused("capset")


def _refused(what: str) -> NoReturn:
    raise JailUnavailable(
        f"{what} failed ({os.strerror(ctypes.get_errno())})",
        mend="Grade with --cold, and please report this.",
    )
