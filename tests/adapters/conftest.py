"""A student's folder: one small assignment with its checks and a notebook."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

CHECKS = '''\
"""Visible checks of 07-toy: no answers in here."""

from autograder.checks import Exercise, expect, visible

DOUBLE = Exercise("double", points=2)
TOTAL = Exercise("total", points=1.5)
COUNTER = Exercise("Counter", points=1)


@visible("double", points=0.5, title="of 0 is 0", hint="What is twice nothing?")
def of_nothing(student, case):
    expect.close("double(0)", student.call("double", 0.0), 0.0, show=True)


@visible("double", points=1, title="is linear", hint="What is double(a + b)?")
def linear(student, case):
    a = case.rng.normal(size=3) + 2.0
    ratio = student.call("double", a) / a
    expect.close("double(a) / a", ratio, ratio[0] + 0.0 * a)
    expect.within("double(a) / a", float(ratio[0]), 1.5, 2.5)


@visible("total", points=1.5, title="of one number is that number")
def of_one(student, case):
    expect.close("total([3])", student.call("total", [3.0]), 3.0, show=True)


@visible("Counter", points=1, title="counts up")
def counts(student, case):
    counter = student.create("Counter")
    expect.close("step()", counter.call("step"), 1.0, show=True)
    expect.close("step()", counter.call("step"), 2.0, show=True)
'''

POINTS = {"double": 2, "total": 1.5, "Counter": 1}
DOUBLE = "def double(x):\n    return 2 * x"
TOTAL = "def total(xs):\n    return sum(xs)"
COUNTER = (
    "class Counter:\n    def __init__(self):\n        self.n = 0\n\n"
    "    def step(self):\n        self.n += 1\n        return self.n"
)
SOLVED = {"double": DOUBLE, "total": TOTAL, "Counter": COUNTER}
STUBS = {
    "double": 'def double(x):\n    raise NotImplementedError("double")',
    "total": 'def total(xs):\n    raise NotImplementedError("total")',
    "Counter": (
        "class Counter:\n    def __init__(self):\n"
        '        raise NotImplementedError("Counter")\n\n'
        '    def step(self):\n        raise NotImplementedError("Counter")'
    ),
}


def _cell(source: str, grade_id: str, **marks: object) -> dict[str, object]:
    nbgrader = {
        "grade": False,
        "grade_id": grade_id,
        "locked": True,
        "schema_version": 3,
        "solution": False,
        "task": False,
        **marks,
    }
    return {
        "cell_type": "code",
        "id": grade_id,
        "metadata": {"nbgrader": nbgrader},
        "source": source,
        "outputs": [],
        "execution_count": None,
    }


class Folder:
    """The student's folder of one assignment."""

    def __init__(self, path: Path) -> None:
        path.mkdir(parents=True)
        self.path = path
        self.checks = path / "checks.py"
        self.notebook = path / "toy.ipynb"
        self.checks.write_text(CHECKS, encoding="utf-8")
        self.write()

    def write(
        self, answers: dict[str, str] | None = None, *own: str, name: str = "toy.ipynb"
    ) -> Path:
        """Write the notebook with `answers` in place of stubs; `own` cells come first."""
        cells = [_cell("import numpy as np\n\nfrom autograder import check", "given_01")]
        cells += [
            {**_cell(source, f"own-{k}"), "metadata": {}} for k, source in enumerate(own, start=1)
        ]
        for exercise, source in {**STUBS, **(answers or {})}.items():
            cells.append(_cell(source, exercise, solution=True, locked=False))
            test = f'check("{exercise}")'
            marks = {"grade": True, "points": POINTS[exercise]}
            cells.append(_cell(test, f"check_{exercise}", **marks))
        figure = _cell("raise RuntimeError('figures are not run')", "figure_double")
        figure["metadata"]["tags"] = ["figure"]
        notebook = {
            "cells": [*cells, figure],
            "metadata": {"kernelspec": {"display_name": "Python 3", "name": "python3"}},
            "nbformat": 4,
            "nbformat_minor": 5,
        }
        path = self.path / name
        path.write_text(json.dumps(notebook), encoding="utf-8")
        return path


@pytest.fixture
def make_folder(tmp_path: Path) -> Callable[[str], Folder]:
    """Return a function that makes a student's folder below a place of this test's own."""
    return lambda name: Folder(tmp_path / name)


@pytest.fixture
def folder(make_folder: Callable[[str], Folder]) -> Folder:
    """A student's folder, with the notebook as it was released."""
    return make_folder("07-toy")


@pytest.fixture(scope="module")
def make_module_folder() -> type[Folder]:
    """For fixtures that serve a module."""
    return Folder


@pytest.fixture
def solved() -> dict[str, str]:
    """Right answers to every exercise."""
    return dict(SOLVED)
