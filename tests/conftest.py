"""What all tests share."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from autograder.errors import JailUnavailable
from autograder.jail.levels import choose, launcher_for
from autograder.jail.selftest import require_held
from autograder.session.launcher import Launcher
from tests.needs import JAILS, missing

pytest_plugins = ["pytester"]


@pytest.fixture(scope="session")
def student_side() -> tuple[str, ...]:
    """Modules that a student's notebook, pytest and command line import."""
    return (
        "autograder",
        "autograder.checks",
        "autograder.course",
        "autograder.render",
        "autograder.student",
        "autograder.adapters.notebook",
        "autograder.adapters.near_run",
        "autograder.adapters.pytest_plugin",
        "autograder.adapters.cli.main",
        "autograder.adapters.cli.check",
        "autograder.adapters.cli.doctor",
    )


@pytest.fixture(scope="session")
def launcher() -> Launcher:
    """Starts sessions in the best jail that this machine gives."""
    return choose().launcher


def _jails(*, warm: bool) -> Callable[[int], Launcher]:
    @cache
    def get(level: int) -> Launcher:
        try:
            launcher = launcher_for(level, warm=warm)
            require_held(launcher)
        except JailUnavailable as error:
            missing(JAILS[level], error.reason)
        return launcher

    return get


@pytest.fixture(scope="session")
def jail_of() -> Callable[[int], Launcher]:
    """Return the launcher of a level; skip where this machine does not give it."""
    return _jails(warm=True)


@pytest.fixture(scope="session")
def cold_jail_of() -> Callable[[int], Launcher]:
    """Return the launcher of a level whose sessions start by themselves."""
    return _jails(warm=False)
