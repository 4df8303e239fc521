"""Which jail this machine gives, and choosing one.

====== ==================================================================================
level  what holds a student's code
====== ==================================================================================
3      bubblewrap, seccomp, limits, watchdog: `autograder.jail.bubblewrap`
2      the whole grader in a container of podman or docker, with level 3 or 1 inside
1      Landlock, seccomp, limits, watchdog: `autograder.jail.confined`
0      nothing but deadlines: only when asked for by name
====== ==================================================================================
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from autograder.errors import JailUnavailable
from autograder.jail.advice import advised
from autograder.jail.selftest import require_held
from autograder.session.launcher import Launcher
from autograder.session.plain import PlainLauncher
from autograder.session.warm import CAN_FORK, Serving, WarmLauncher

VARIABLE = "AUTOGRADER_JAIL"
"""Environment variable that chooses where no option can: `AUTO`, ``3``, ``1`` or `UNSAFE`."""

AUTO, UNSAFE = "auto", "unsafe"
CHOICES = (AUTO, "3", "1", UNSAFE)

NAMES = {3: "bubblewrap", 1: "Landlock", 0: "no jail"}
BEST_FIRST = (3, 1)


@dataclass(frozen=True)
class Jail:
    """A jail that has been tested on this machine.

    Parameters
    ----------
    launcher
        Starts sessions in it.
    missed
        Why there is no better one.
    warm
        Sessions are forked from a server; else each starts by itself.
    obstacle
        Why they are not, where that was wanted.
    """

    launcher: Launcher
    missed: tuple[JailUnavailable, ...] = ()
    warm: bool = True
    obstacle: JailUnavailable | None = None

    @property
    def level(self) -> int:
        """See `NAMES`."""
        return self.launcher.level


def launcher_for(level: int, *, warm: bool = True) -> Launcher:
    """Return the launcher of a level, untested.

    Parameters
    ----------
    level
        See `NAMES`.
    warm
        Fork sessions from a server, where the system can.

    Raises
    ------
    JailUnavailable
        This machine lacks what it needs.
    ValueError
        There is no such level.
    """
    found = _jail_of(level)
    return WarmLauncher(found) if warm and CAN_FORK else found


def _jail_of(level: int) -> Serving:
    if level == 3:
        from autograder.jail.bubblewrap import BubblewrapLauncher

        return BubblewrapLauncher()
    if level == 1:
        from autograder.jail.confined import LandlockLauncher

        return LandlockLauncher()
    if level == 0:
        return PlainLauncher()
    raise ValueError(f"there is no jail of level {level}; the levels are 3, 1 and 0")


def choose(wanted: str = "", secrets: tuple[Path, ...] = (), *, warm: bool = True) -> Jail:
    """Return the best jail that this machine gives and that holds when it is tested.

    Parameters
    ----------
    wanted
        One of `CHOICES`; by default what the environment variable `VARIABLE` says, or `AUTO`.
    secrets
        Files that nobody inside may read, for the test.
    warm
        Fork sessions from a server, if that holds: else each starts by itself, in a jail of the
        same level.

    Raises
    ------
    JailUnavailable
        There is none, or the one that is wanted is not there or does not hold.
    """
    wanted = wanted or os.environ.get(VARIABLE, "") or AUTO
    if wanted not in CHOICES:
        raise JailUnavailable(
            f"{wanted!r} is no jail", mend=f"Set {VARIABLE} to one of {', '.join(CHOICES)}."
        )
    warm = warm and CAN_FORK
    if wanted == UNSAFE:
        return Jail(launcher_for(0, warm=warm), warm=warm)
    missed: list[JailUnavailable] = []
    for level in BEST_FIRST if wanted == AUTO else (int(wanted),):
        try:
            return replace(_tested(level, secrets, warm=warm), missed=tuple(missed))
        except JailUnavailable as error:
            missed.append(advised(error))
    raise missed[0] if len(missed) == 1 else _nothing(missed)


def _tested(level: int, secrets: tuple[Path, ...], *, warm: bool) -> Jail:
    """Return the jail of a level, warm if that is wanted and holds."""
    launcher = _jail_of(level)
    obstacle = None
    if warm:
        forking = WarmLauncher(launcher)
        try:
            require_held(forking, secrets)
        except JailUnavailable as error:
            forking.close()
            obstacle = advised(error)
        else:
            return Jail(forking)
    require_held(launcher, secrets)
    return Jail(launcher, warm=False, obstacle=obstacle)


def _nothing(missed: list[JailUnavailable]) -> JailUnavailable:
    return JailUnavailable(
        "; ".join(error.reason for error in missed),
        mend=" ".join(dict.fromkeys(error.mend for error in missed)),
    )
