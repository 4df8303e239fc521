"""What the ways of confining a process share: the C library, and giving up new privileges."""

from __future__ import annotations

import ctypes
import os
from typing import Any

from autograder.errors import JailUnavailable

_PR_SET_NO_NEW_PRIVS = 38


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
