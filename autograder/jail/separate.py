"""A session that a fork server makes sets itself apart, before it runs anything of a student's.

A forked process begins as a copy of its server: in the server's namespaces, with the server's
rights and folders. By a `Separation` it enters namespaces of its own, mounts a scratch folder of
its own over the server's, becomes a user of its own, gives up all rights, and takes the rules of
`autograder.jail.confine` upon itself: what a cold session finds done by bubblewrap or by
`autograder.jail.stage`. Whatever fails raises, and the process has to end.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from autograder.jail import mounts
from autograder.jail.confine import Policy, apply, close_descriptors
from autograder.jail.kernel import drop_capabilities
from autograder.jail.stage import become, session_user


@dataclass(frozen=True)
class Separation:
    """How a forked session differs from its server.

    Parameters
    ----------
    namespaces
        Have namespaces of its own for mounts, processes, network, IPC and the host name, into which
        it is forked; here it gives up the capabilities that this took. For a server inside of
        bubblewrap.
    own_user
        Become a user that no other session is. For a server that is root.
    scratch
        Where a scratch folder in memory is mounted; none if empty.
    scratch_mb, scratch_files
        Its size.
    folders
        Folders in it.
    shown
        Pairs: a file that the server sees, and its place in the scratch folder.
    work
        Working folder.
    environment
        Its whole environment.
    policy
        Of `Policy.to_argument`; empty for none.
    """

    work: str
    environment: dict[str, str]
    policy: str = ""
    namespaces: bool = False
    own_user: bool = False
    scratch: str = ""
    scratch_mb: int = 0
    scratch_files: int = 0
    folders: list[str] = field(default_factory=list)
    shown: list[tuple[str, str]] = field(default_factory=list)

    def to_bytes(self) -> bytes:
        """Return what `from_bytes` reads."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_bytes(cls, body: bytes) -> Separation:
        """Return what the trusted side has written."""
        return cls(**json.loads(body))


def separate(separation: Separation, keep: int, ready: Callable[[], None]) -> None:
    """Set this process apart for good.

    Parameters
    ----------
    separation
        How.
    keep
        The descriptor of the channel to the trusted side. All others but standard input, output
        and error are closed.
    ready
        Called when only the rules are left to be taken: the last thing that may use the others.

    Raises
    ------
    JailUnavailable, OSError, ValueError
        A step failed: the process must end.
    """
    user = session_user(os.getpid()) if separation.own_user else os.geteuid()
    if separation.scratch:
        _mount_scratch(separation, user)
    if separation.own_user:
        become(user)
    if separation.namespaces:
        drop_capabilities()
    os.environ.clear()
    os.environ.update(separation.environment)
    os.chdir(separation.work)
    ready()
    if separation.policy:
        apply(Policy.from_argument(separation.policy), keep=keep)
    else:
        close_descriptors(keep)


def _mount_scratch(separation: Separation, user: int) -> None:
    if not separation.namespaces:
        mounts.unshare(mounts.CLONE_NEWNS, "enter a mount namespace")
    mounts.be_private()
    place = Path(separation.scratch)
    size = separation.scratch_mb, separation.scratch_files
    mounts.mount_scratch(place, *size, user, separation.folders)
    for source, name in separation.shown:
        mounts.show(source, place / name)
