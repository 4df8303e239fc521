"""A small release, a solved copy of it, and helpers that damage and run notebooks."""

import copy
import json

import nbformat
import pytest
from nbformat import NotebookNode

from autograder.submission.restore import restore
from autograder.submission.triage import triage

SOLUTIONS = {
    "sigmoid": "def sigmoid(z):\n    return 1 / (1 + math.exp(-z))",
    "sigmoid_prime": "def sigmoid_prime(z):\n    s = sigmoid(z)\n    return s * (1 - s)",
    "Counter": (
        "class Counter:\n    def __init__(self):\n        self.n = 0\n\n"
        "    def step(self):\n        self.n += 1\n        return self.n"
    ),
    "why_saturation": "Because the slope is nearly 0 far out.",
}


def _cell(kind, name, source, *, tags=(), **marks):
    cell = {
        "cell_type": kind,
        "id": name,
        "metadata": {
            "nbgrader": {
                "grade": False,
                "grade_id": name,
                "locked": True,
                "schema_version": 3,
                "solution": False,
                "task": False,
                **marks,
            }
        },
        "source": source,
    }
    if tags:
        cell["metadata"]["tags"] = list(tags)
    if kind == "code":
        cell |= {"outputs": [], "execution_count": None}
    return cell


def _stub(name, source):
    return _cell("code", name, source, solution=True, locked=False)


def _test(name, points):
    return _cell("code", f"check_{name}", f'check("{name}")', grade=True, points=points)


def _release():
    raise_stub = "    raise NotImplementedError({!r})"
    return {
        "cells": [
            _cell("markdown", "cell_0", "# 2. Backpropagation"),
            _cell("code", "cell_1", "import math\n\ncheck = print"),
            _stub("sigmoid", "def sigmoid(z):\n" + raise_stub.format("sigmoid")),
            _test("sigmoid", 4),
            _cell("code", "cell_4", "figure_sigmoid()", tags=["figure"]),
            _cell("markdown", "cell_5", "The slope of it:"),
            _stub("sigmoid_prime", "def sigmoid_prime(z):\n" + raise_stub.format("sigmoid_prime")),
            _test("sigmoid_prime", 4.5),
            _cell("markdown", "cell_8", "**Question.** Why do saturated units learn slowly?"),
            _cell(
                "markdown",
                "why_saturation",
                "YOUR ANSWER HERE",
                grade=True,
                solution=True,
                locked=False,
                points=2,
            ),
            _stub(
                "Counter",
                "class Counter:\n    def __init__(self):\n    "
                + raise_stub.format("Counter")
                + "\n\n    def step(self):\n    "
                + raise_stub.format("Counter"),
            ),
            _test("Counter", 3),
            _cell("markdown", "cell_12", "That is all."),
        ],
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


class Notebook(dict):
    """A notebook's JSON that a test damages."""

    def find(self, name):
        return next(
            cell
            for cell in self["cells"]
            if cell["metadata"].get("nbgrader", {}).get("grade_id") == name
        )

    def at(self, name):
        return self["cells"].index(self.find(name))

    def insert_after(self, name, cell):
        self["cells"].insert(self.at(name) + 1, cell)


def own(source, kind="code", **more):
    cell = {"cell_type": kind, "metadata": {}, "source": source, **more}
    if kind == "code":
        cell |= {"outputs": [], "execution_count": None}
    return cell


@pytest.fixture(name="own")
def _own():
    return own


@pytest.fixture(scope="session")
def release():
    """The canonical notebook; not to be changed."""
    notebook = nbformat.from_dict(_release())
    nbformat.validate(notebook)
    return notebook


@pytest.fixture
def untouched():
    return Notebook(_release())


@pytest.fixture
def solved():
    return solve()


def solve():
    notebook = Notebook(_release())
    for name, source in SOLUTIONS.items():
        notebook.find(name)["source"] = source
    return notebook


@pytest.fixture(scope="session")
def solve_afresh():
    return solve


@pytest.fixture
def write(tmp_path):
    """Write a file of the submission: bytes, text, or a notebook."""

    def write(content, name="backprop.ipynb"):
        path = tmp_path / name
        if isinstance(content, dict):
            content = json.dumps(content)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.fixture
def restored(write, release):
    """Take a notebook through the file and back; the release must not change."""

    def through(notebook):
        before = copy.deepcopy(release)
        triaged = triage(write(notebook))
        result = restore(triaged.notebook, release)
        assert release == before
        nbformat.validate(result.notebook)
        return result

    return through


def run_cells(notebook: NotebookNode):
    """Run what grading runs, cell by cell, and return the names it defines."""
    namespace = {"__name__": "__main__"}
    for cell in notebook.cells:
        graded = cell.metadata.get("nbgrader", {}).get("grade", False)
        if cell.cell_type != "code" or graded or "figure" in cell.metadata.get("tags", []):
            continue
        try:
            exec(compile(cell.source, cell.id, "exec"), namespace)
        except Exception as error:  # noqa: BLE001 - a cell that fails does not stop the others
            namespace.setdefault("errors", []).append(f"{cell.id}: {type(error).__name__}")
    return namespace


@pytest.fixture(scope="session")
def run():
    return run_cells


@pytest.fixture(scope="session")
def sources():
    """Texts of a notebook by cell id."""
    return lambda notebook: {cell.id: cell.source for cell in notebook.cells}
