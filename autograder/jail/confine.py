"""A process locks itself in: limits, then Landlock, then seccomp.

The student's process calls `apply` before it reads any of the student's code. What is lost then
cannot be had back: limits are hard, Landlock and seccomp have no way out, and children inherit all
of it. Whatever fails raises, and the process has to end: it must not go on half confined.

Not covered here: memory of several processes together, total time, bytes and files in the scratch
folder. The trusted side watches those.
"""

from __future__ import annotations

import base64
import binascii
import ctypes
import json
import os
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from autograder.errors import JailUnavailable
from autograder.jail import landlock, seccomp
from autograder.jail.kernel import forbid_new_privileges, libc

CORE_PATTERN = Path("/proc/sys/kernel/core_pattern")
_PR_SET_DUMPABLE = 4
_FIRST_INHERITED = 3
_HIGHEST_DESCRIPTOR = 1 << 20


@dataclass(frozen=True)
class Policy:
    """What the student's process does to itself.

    Parameters
    ----------
    rlimits
        Limits by their name in `resource`, as ``{"AS": bytes, "NOFILE": number}``, for
        ``RLIMIT_AS`` and ``RLIMIT_NOFILE``. Soft and hard limit alike.
    seccomp
        The program of `autograder.jail.seccomp.compile_policy` in base64; empty for none.
    read, write, listed
        Paths for `autograder.jail.landlock.restrict`; None as `read` for no Landlock.
    """

    rlimits: dict[str, int] = field(default_factory=dict)
    seccomp: str = ""
    read: list[str] | None = None
    write: list[str] = field(default_factory=list)
    listed: list[str] = field(default_factory=list)

    @classmethod
    def of(
        cls,
        rlimits: dict[str, int],
        program: bytes = b"",
        read: list[str] | None = None,
        write: list[str] | None = None,
        listed: list[str] | None = None,
    ) -> Policy:
        """Return a policy with the seccomp program `program`."""
        text = base64.b64encode(program).decode("ascii")
        return cls(rlimits, text, read, write or [], listed or [])

    def to_argument(self) -> str:
        """Return it as text for a command line."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_argument(cls, text: str) -> Policy:
        """Read what `to_argument` wrote.

        Raises
        ------
        ValueError
            It is something else. A policy that is not understood in full is none.
        """
        values = json.loads(text)
        known = {entry.name for entry in fields(cls)}
        if not isinstance(values, dict) or set(values) != known:
            raise ValueError(f"a policy has the entries {sorted(known)}, got {text[:200]}")
        policy = cls(**values)
        policy.validate()
        return policy

    def program(self) -> bytes:
        """Return the seccomp program; empty for none.

        Raises
        ------
        ValueError
            It is not base64.
        """
        try:
            return base64.b64decode(self.seccomp, validate=True)
        except (binascii.Error, TypeError):
            raise ValueError("seccomp: a program in base64 expected") from None

    def validate(self) -> None:
        """Raise ValueError if an entry has another type than it should."""
        if not isinstance(self.rlimits, dict) or not all(
            isinstance(name, str) and type(value) is int and value >= 0
            for name, value in self.rlimits.items()
        ):
            raise ValueError(f"rlimits: numbers by name expected, got {self.rlimits!r}")
        if self.read is None and (self.write or self.listed):
            raise ValueError("write, listed: without read there is no Landlock to enforce them")
        for name in ("read", "write", "listed"):
            paths = getattr(self, name)
            if name == "read" and paths is None:
                continue
            if not isinstance(paths, list) or not all(isinstance(path, str) for path in paths):
                raise ValueError(f"{name}: a list of paths expected, got {paths!r}")
        self.program()


def apply(policy: Policy, *, keep: int) -> None:
    """Confine this process for good.

    To be called with one thread, before anything of the student's is read and before libraries
    open descriptors that they go on using.

    Parameters
    ----------
    policy
        What to do.
    keep
        The descriptor of the channel to the trusted side. With it standard input, output and error
        stay open; every other one is closed.

    Raises
    ------
    JailUnavailable, OSError, ValueError
        A step failed. The process is half confined and must end.
    """
    policy.validate()
    program = policy.program()
    close_descriptors(keep)
    os.umask(0o077)
    _forbid_core_dumps()
    for name, value in policy.rlimits.items():
        _limit(name, value)
    forbid_new_privileges()
    if policy.read is not None:
        landlock.restrict(policy.read, policy.write, policy.listed)
    if program:
        seccomp.install(program)


def close_descriptors(keep: int) -> None:
    """Close every descriptor but 0, 1, 2 and `keep`."""
    import resource

    _, highest = resource.getrlimit(resource.RLIMIT_NOFILE)
    if highest == resource.RLIM_INFINITY:
        highest = _HIGHEST_DESCRIPTOR
    os.closerange(_FIRST_INHERITED, keep)
    os.closerange(max(keep + 1, _FIRST_INHERITED), max(highest, _HIGHEST_DESCRIPTOR))


def _limit(name: str, value: int) -> int:
    """Lower soft and hard limit to `value`, and return it; a hard limit that is lower stays."""
    import resource

    which = getattr(resource, f"RLIMIT_{name}", None)
    if which is None:
        raise ValueError(f"rlimits: there is no RLIMIT_{name} on this system")
    _, hard = resource.getrlimit(which)
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(which, (value, value))
    return value


def _forbid_core_dumps() -> None:
    """Have a crash leave nothing behind on the host.

    Where /proc/sys/kernel/core_pattern names a program (systemd-coredump, apport), the kernel
    starts it outside of every jail, and a limit of 0 does not keep it from that: the special value
    1 does (core(5)). Where the hard limit is 0 already, the process is made not dumpable instead;
    only then, since a grader who is not root cannot look into such a process.
    """
    if _limit("CORE", 1) == 1 or not _crashes_start_a_program():
        return
    zero = ctypes.c_ulong(0)
    if libc().prctl(_PR_SET_DUMPABLE, zero, zero, zero, zero):
        raise JailUnavailable(
            f"PR_SET_DUMPABLE failed ({os.strerror(ctypes.get_errno())})",
            mend="Is this process under another seccomp filter that forbids it?",
        )


def _crashes_start_a_program() -> bool:
    try:
        return CORE_PATTERN.read_bytes().startswith(b"|")
    except OSError:
        return True  # nobody knows
