"""Courses with a made-up class, and nbgrader's own way to grade it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from nbgrader.converters import Autograde

from autograder.adapters.nbgrader import plugin
from autograder.adapters.nbgrader.app import course_directory, load_config, quiet_sqlalchemy
from autograder.course import Assignment, Course
from autograder.results import Grade
from tests.adapters.nbgrader.made_up import CASES, CONFIG, NAME, ROOT, announce, hand_in


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A course with submissions, a due date and a plugin for lateness."""
    root = tmp_path_factory.mktemp("writer") / "course"
    unwanted = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
    for folder in ("solutions", "assignments"):
        shutil.copytree(ROOT / folder / NAME, root / folder / NAME, ignore=unwanted)
    shutil.copyfile(ROOT / "nbgrader_config.py", root / "nbgrader_config.py")
    with (root / "nbgrader_config.py").open("a") as config:
        config.write(CONFIG)
    course = Course(root)
    release = nbformat.read(course.load(NAME).release, as_version=4)
    for student, case in CASES.items():
        hand_in(course, student, case, release)
    announce(course)
    return course


@pytest.fixture
def make(template: Course, tmp_path: Path) -> Callable[..., Course]:
    """Return a function that makes a course of its own, with more lines in its configuration."""

    def copy(name: str, *lines: str) -> Course:
        course = Course(shutil.copytree(template.root, tmp_path / name))
        with (course.root / "nbgrader_config.py").open("a") as config:
            config.writelines(f"{line}\n" for line in lines)
        return course

    return copy


@pytest.fixture(scope="module")
def assignment(template: Course) -> Assignment:
    return template.load(NAME)


@pytest.fixture
def theirs(monkeypatch: pytest.MonkeyPatch) -> Callable[[Course, dict[str, Grade]], None]:
    """Return a function that has nbgrader's own converter write the same grades."""

    def write(course: Course, grades: dict[str, Grade]) -> None:
        by_student = SimpleNamespace(grade_folder=lambda folder: grades[folder.parent.name])
        monkeypatch.setattr(plugin, "grader", lambda _course, _assignment: by_student)
        config = load_config(course)
        coursedir = course_directory(course, config)
        coursedir.assignment_id = NAME
        converter = Autograde(coursedir=coursedir, config=config)
        converter.force = True
        with quiet_sqlalchemy():
            converter.start()

    return write
