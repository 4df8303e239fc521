"""A student's process gives up most system calls, by a filter that the kernel enforces.

The trusted side compiles the tables of `autograder.jail.syscalls` into a program with libseccomp
(`compile_policy`); the student's process installs it on itself before it reads any of the student's
code (`install`). From then on neither that process nor anything that it starts can take it off.

The tables are an allow-list. A call outside of it gets an error and never kills the process, so
that the C library can fall back to an older call. A call for another architecture's table (i386 and
x32 on x86_64) does kill it: its numbers mean other things.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import sys
from collections.abc import Sequence
from typing import Any

from autograder.errors import JailUnavailable
from autograder.jail import syscalls
from autograder.jail.kernel import forbid_new_privileges, libc

LIBRARY = "libseccomp.so.2"
SECCOMP_NUMBERS = {"x86_64": 317, "aarch64": 277}
"""The number of seccomp(2), on the architectures that the list was written and tested for."""

_ALLOW = 0x7FFF_0000
_KILL_PROCESS = 0x8000_0000
_ATTRIBUTE_BAD_ARCHITECTURE = 2
_MASKED_EQUAL = 7

_SET_MODE_FILTER, _GET_ACTION_AVAIL = 1, 2
_FLAG_TSYNC = 1
_INSTRUCTION_BYTES = 8


def _error(number: int) -> int:
    """Return the action that answers a call with this errno; 0 means success without effect."""
    return 0x0005_0000 | number


class _Comparison(ctypes.Structure):
    """``struct scmp_arg_cmp``."""

    _fields_ = (
        ("arg", ctypes.c_uint),
        ("op", ctypes.c_int),
        ("datum_a", ctypes.c_uint64),
        ("datum_b", ctypes.c_uint64),
    )


class _Program(ctypes.Structure):
    """``struct sock_fprog``."""

    _fields_ = (("len", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def available() -> str:
    """Return why the filter cannot be compiled or installed on this machine; empty if it can."""
    try:
        _require_kernel()
        compile_policy()
    except JailUnavailable as error:
        return error.reason
    return ""


def compile_policy(*, processes: bool = False) -> bytes:
    """Return the allow-list as a program for the kernel, an array of ``struct sock_filter``.

    Parameters
    ----------
    processes
        Whether the process may start others, and send signals. Only where a pid namespace bounds
        whom it can reach.

    Raises
    ------
    JailUnavailable
        libseccomp is not installed, or the machine has another architecture.
    """
    _require_architecture()
    rules = _Rules()
    try:
        allowed = syscalls.names(syscalls.ALLOWED)
        if processes:
            allowed += syscalls.names(syscalls.PROCESSES)
        for name in allowed:
            rules.add(_ALLOW, name)
        own = syscalls.CHILDREN if processes else syscalls.ALONE
        for name, conditions in (*syscalls.CONDITIONAL, *own):
            if name not in allowed:
                rules.add(_ALLOW, name, conditions)
        for table, number in (
            (syscalls.DENIED, errno.EPERM),
            (syscalls.UNSUPPORTED, errno.ENOTSUP),
            (syscalls.PRETENDED, 0),
        ):
            for name in syscalls.names(table):
                if name not in allowed:
                    rules.add(_error(number), name)
        own = syscalls.CHILDREN_PRETENDED if processes else ()
        for name, conditions in (*syscalls.PRETENDED_RULES, *own):
            rules.add(_error(0), name, conditions)
        for name, conditions in () if processes else syscalls.ALONE_DENIED:
            rules.add(_error(errno.EPERM), name, conditions)
        return rules.export()
    finally:
        rules.release()


def install(program: bytes) -> None:
    """Put every thread of this process under `program`, for good.

    Raises
    ------
    JailUnavailable
        The kernel refuses, or this is not Linux on a known architecture.
    ValueError
        `program` is no array of instructions.
    """
    number = _require_architecture()
    count, rest = divmod(len(program), _INSTRUCTION_BYTES)
    if not count or rest:
        raise ValueError(f"a seccomp program has 8 bytes an instruction, got {len(program)} bytes")
    code = ctypes.create_string_buffer(program, len(program))
    header = _Program(count, ctypes.addressof(code))
    forbid_new_privileges()
    if libc().syscall(
        ctypes.c_long(number),
        ctypes.c_long(_SET_MODE_FILTER),
        ctypes.c_long(_FLAG_TSYNC),
        ctypes.byref(header),
    ):
        raise JailUnavailable(
            f"the kernel refused the seccomp filter ({os.strerror(ctypes.get_errno())})",
            mend="Use a kernel with CONFIG_SECCOMP_FILTER; every distribution's has it.",
        )


def _require_architecture() -> int:
    """Return the number of seccomp(2) on this machine."""
    machine = platform.machine()
    if sys.platform != "linux" or machine not in SECCOMP_NUMBERS:
        raise JailUnavailable(
            f"there is no seccomp policy for {platform.system()} on {machine}",
            mend="Grade on Linux on x86_64 or aarch64, or in a Linux container or virtual machine.",
        )
    # A 32-bit interpreter on a 64-bit kernel uses the other table of calls.
    if sys.maxsize < 2**32:
        raise JailUnavailable(
            "this Python is a 32-bit program", mend="Install a 64-bit build of Python."
        )
    return SECCOMP_NUMBERS[machine]


def _require_kernel() -> None:
    action = ctypes.c_uint32(_error(0))
    number = ctypes.c_long(_require_architecture())
    if libc().syscall(
        number, ctypes.c_long(_GET_ACTION_AVAIL), ctypes.c_long(0), ctypes.byref(action)
    ):
        raise JailUnavailable(
            f"the kernel offers no seccomp filters ({os.strerror(ctypes.get_errno())})",
            mend="Use Linux 4.14 or newer with CONFIG_SECCOMP_FILTER, and a container runtime"
            " that allows seccomp.",
        )


class _Rules:
    """A filter that libseccomp builds."""

    def __init__(self) -> None:
        try:
            self._library: Any = ctypes.CDLL(LIBRARY)
        except OSError:
            raise JailUnavailable(
                f"{LIBRARY} was not found",
                mend="Install libseccomp: apt install libseccomp2, or dnf install libseccomp.",
            ) from None
        self._library.seccomp_init.restype = ctypes.c_void_p
        # What is not named gets ENOSYS.
        self._filter = ctypes.c_void_p(
            self._library.seccomp_init(ctypes.c_uint32(_error(errno.ENOSYS)))
        )
        if not self._filter:
            raise JailUnavailable("libseccomp could not begin a filter", mend=f"Update {LIBRARY}.")
        self._require(
            "seccomp_attr_set",
            self._library.seccomp_attr_set(
                self._filter, _ATTRIBUTE_BAD_ARCHITECTURE, ctypes.c_uint32(_KILL_PROCESS)
            ),
        )

    def add(self, action: int, name: str, conditions: Sequence[syscalls.Arg] = ()) -> None:
        """Answer system call `name` with `action` where all `conditions` hold.

        A call that this architecture or this libseccomp does not know is left out: then it gets
        ENOSYS like every unknown one.
        """
        number = self._library.seccomp_syscall_resolve_name(name.encode())
        if number < 0:
            return
        comparisons = (_Comparison * len(conditions))(
            *(_Comparison(it.number, _MASKED_EQUAL, it.mask, it.value) for it in conditions)
        )
        self._require(
            f"the rule for {name}",
            self._library.seccomp_rule_add_array(
                self._filter,
                ctypes.c_uint32(action),
                ctypes.c_int(number),
                ctypes.c_uint(len(conditions)),
                comparisons,
            ),
        )

    def export(self) -> bytes:
        """Return the program."""
        with os.fdopen(os.memfd_create("seccomp"), "rb") as file:
            self._require(
                "seccomp_export_bpf",
                self._library.seccomp_export_bpf(self._filter, ctypes.c_int(file.fileno())),
            )
            file.seek(0)
            return file.read()

    def release(self) -> None:
        """Free the memory."""
        self._library.seccomp_release(self._filter)

    def _require(self, what: str, result: int) -> None:
        if result:
            raise JailUnavailable(
                f"libseccomp failed at {what} ({os.strerror(-result)})",
                mend="Install libseccomp 2.5 or newer.",
            )
