"""The real course, its solved notebooks, and graders without a gradebook."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from autograder.course import Course
from autograder.grading.grade import Grader
from autograder.release.staging import stage
from autograder.sample_class import fill, solution_cells
from autograder.session.launcher import Launcher

ROOT = Path(__file__).parents[2]
SEED = "0123456789abcdef0123456789abcdef"


@pytest.fixture(scope="session")
def real_course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A copy of the committed masters and releases."""
    root = tmp_path_factory.mktemp("course")
    unwanted = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
    for name in ("solutions", "assignments"):
        shutil.copytree(ROOT / name, root / name, ignore=unwanted)
    shutil.copyfile(ROOT / "nbgrader_config.py", root / "nbgrader_config.py")
    return Course(root)


@pytest.fixture(scope="session")
def answers(real_course: Course) -> Callable[[str], dict[str, str]]:
    """Solution cells of an assignment, by exercise."""

    @cache
    def read(name: str) -> dict[str, str]:
        return solution_cells(nbformat.read(stage(real_course, name), as_version=4))

    return read


@pytest.fixture(scope="session")
def grader(real_course: Course, launcher: Launcher) -> Callable[[str], Grader]:
    """A grader of an assignment under a fixed seed."""

    @cache
    def make(name: str) -> Grader:
        return Grader(real_course.load(name), SEED, launcher)

    return make


@pytest.fixture
def submission(real_course: Course, tmp_path: Path) -> Callable[[str, Mapping[str, str]], Path]:
    """Write a release with some cells filled in; return the notebook's path."""

    def write(name: str, filled: Mapping[str, str]) -> Path:
        assignment = real_course.load(name)
        release: NotebookNode = nbformat.read(assignment.release, as_version=4)
        path = tmp_path / assignment.release.name
        nbformat.write(fill(release, filled), path)
        return path

    return write
