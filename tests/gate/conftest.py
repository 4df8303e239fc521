"""The real course's catalogue, and a grader that starts its sessions warm, without a jail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from autograder.course import Course
from autograder.gate.far import Far
from autograder.gate.solved import Solved, solve
from autograder.session.launcher import Launcher
from autograder.session.plain import PlainLauncher
from autograder.session.warm import CAN_FORK, WarmLauncher
from tests.release.conftest import CHECKS, HIDDEN, MASTER, MUTANTS, VARIANTS

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def real() -> Course:
    """The course itself, to be read only."""
    return Course(ROOT)


@pytest.fixture(scope="session")
def solved(real: Course) -> Callable[[str], Solved]:
    """Solved notebooks, each loaded once."""

    @cache
    def load(name: str) -> Solved:
        return solve(real, name)

    return load


@pytest.fixture(scope="session")
def without_jail() -> Iterator[Launcher]:
    """Starts sessions that nothing holds: only code of ours runs in them."""
    plain = PlainLauncher()
    launcher = WarmLauncher(plain) if CAN_FORK else plain
    yield launcher
    if isinstance(launcher, WarmLauncher):
        launcher.close()


@pytest.fixture(scope="session")
def far(
    real: Course, solved: Callable[[str], Solved], without_jail: Launcher
) -> Callable[[str], Far]:
    """Hand notebooks of an assignment in."""

    @cache
    def make(name: str) -> Far:
        return Far(real, solved(name), without_jail)

    return make


@pytest.fixture
def toy(tmp_path: Path) -> Course:
    """A course of one small assignment."""
    make_toy(tmp_path, "01-toy")
    return Course(tmp_path)


def make_toy(root: Path, name: str) -> Path:
    """Write the masters of a small assignment; return their folder."""
    folder = root / "solutions" / name
    folder.mkdir(parents=True)
    (root / "docs").mkdir(exist_ok=True)
    (root / "assignments").mkdir(exist_ok=True)
    (root / "nbgrader_config.py").touch()
    files = {"toy.py": MASTER, "checks.py": CHECKS, "hidden_checks.py": HIDDEN}
    files |= {"mutants.py": MUTANTS, "variants.py": VARIANTS}
    for file, text in files.items():
        (folder / file).write_text(text)
    (folder / "numbers.npz").write_bytes(b"")
    return folder
