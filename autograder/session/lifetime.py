"""Processes that must not outlive those that started them."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def end_with_parent(parent: int = 0) -> None:
    """Have the kernel kill this process when the thread that started it is gone.

    However busy it is. To be called after the last change of user, which undoes it, and before a
    filter of system calls. On other systems than Linux nothing happens.

    Parameters
    ----------
    parent
        Number of the process that should have started this one; 0 if that is not known.

    Raises
    ------
    OSError
        The kernel refuses.
    RuntimeError
        That process is gone already.
    """
    if sys.platform == "linux" and ctypes.CDLL(None, use_errno=True).prctl(
        _PR_SET_PDEATHSIG, signal.SIGKILL
    ):
        number = ctypes.get_errno()
        raise OSError(number, f"PR_SET_PDEATHSIG failed: {os.strerror(number)}")
    if parent and os.getppid() != parent:
        raise RuntimeError("the process that started this one has ended")
