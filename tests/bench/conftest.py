"""One course, loaded once."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from autograder.bench.contenders import copy_course
from autograder.course import Assignment, Course
from autograder.release.staging import stage

NAME = "02-backprop"


@pytest.fixture(scope="session")
def course() -> Course:
    return Course(Path(__file__).parents[2])


@pytest.fixture(scope="session")
def assignment(course: Course) -> Assignment:
    return course.load(NAME)


@pytest.fixture(scope="session")
def solved(course: Course, tmp_path_factory: pytest.TempPathFactory) -> NotebookNode:
    copied = Course(tmp_path_factory.mktemp("course"))
    copy_course(course, copied.root, [NAME])
    return nbformat.read(stage(copied, NAME), as_version=4)
