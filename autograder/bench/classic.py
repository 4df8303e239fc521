"""The same assignment as instructors write it today: hidden tests that run in the kernel.

The notebook, its exercises and points are those of the release. What differs are the test cells:
each holds a hidden test that imports torch, the reference and the checks into the student's kernel
and runs the exercise's checks, visible and hidden, in place. The figures can be left empty, since
our grading does not run them either.
"""

from __future__ import annotations

import copy
import json
import os
import shutil
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from autograder.course import CHECK_PREFIX, FIGURE_TAG, Assignment

_HIDDEN_TEST = """\
### BEGIN HIDDEN TESTS
from autograder.bench.in_kernel import points

points({root!r}, {assignment!r}, {exercise!r}, globals())
### END HIDDEN TESTS"""

_OTTER_TEST = """\
from autograder.bench.in_kernel import require
from otter.test_files import test_case

OK_FORMAT = False
name = {exercise!r}
points = None
"""

_OTTER_CASE = """

@test_case(points={points!r}, name={title!r}, hidden=True)
def test_{number}(env):
    require({root!r}, {assignment!r}, {exercise!r}, {number}, env)
"""


@dataclass(frozen=True)
class Classic:
    """Makes the classic forms of an assignment.

    Parameters
    ----------
    root
        The course whose checks the tests import, read only.
    assignment
        Loaded from there.
    solved
        Its staged notebook.
    """

    root: Path
    assignment: Assignment
    solved: NotebookNode

    def write_course(self, folder: Path, *, figures: bool) -> None:
        """Write a stock nbgrader course, to be released with nbgrader generate_assignment.

        nbgrader puts locked cells back, and so empties the figures of submissions, too.
        """
        source = folder / "source" / self.assignment.name
        source.mkdir(parents=True)
        notebook = copy.deepcopy(self.solved) if figures else _without_figures(self.solved)
        for cell, exercise in _test_cells(notebook):
            cell.source = _HIDDEN_TEST.format(
                root=str(self.root), assignment=self.assignment.name, exercise=exercise
            )
        nbformat.write(notebook, source / self.assignment.release.name)
        for data in self.assignment.public.data:
            shutil.copyfile(self.assignment.public.folder / data, source / data)
        (folder / "nbgrader_config.py").write_text("c = get_config()\n", encoding="utf-8")

    def write_otter(self, path: Path) -> None:
        """Write Otter's configuration: one test file an exercise, one case a check."""
        tests = {}
        for exercise in self.assignment.exercises:
            mine = [check for check in self.assignment.checks if check.exercise == exercise.name]
            names = {
                "root": str(self.root),
                "assignment": self.assignment.name,
                "exercise": exercise.name,
            }
            cases = "".join(
                _OTTER_CASE.format(number=k, title=check.title, points=check.points, **names)
                for k, check in enumerate(mine)
            )
            tests[exercise.name] = _OTTER_TEST.format(**names) + cases
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(
                "otter_config.json", json.dumps({"lang": "python", "show_hidden": True})
            )
            for name, text in tests.items():
                archive.writestr(f"tests/{name}.py", text)
            for data in self.assignment.public.data:
                archive.write(self.assignment.public.folder / data, f"files/{data}")

    @staticmethod
    def otter_submission(content: bytes) -> bytes:
        """Return a submission without figures and test cells: Otter's tests run at the end."""
        notebook = _without_figures(nbformat.reads(content.decode(), as_version=4))
        for cell, _ in _test_cells(notebook):
            cell.source = "pass"
        text: str = nbformat.writes(notebook)
        return text.encode()


def search_path(packages: Sequence[str] = ("autograder", "reference")) -> str:
    """Return a PYTHONPATH for a Python in which our packages are not installed.

    It holds the folders of sources only: what is installed here need not suit another Python.
    """
    specs = [find_spec(package) for package in packages]
    places = [
        Path(place).parent
        for spec in specs
        if spec is not None
        for place in spec.submodule_search_locations or ()
    ]
    sources = [str(place) for place in places if place.name != "site-packages"]
    return os.pathsep.join(dict.fromkeys(sources))


def _without_figures(notebook: NotebookNode) -> NotebookNode:
    plain = copy.deepcopy(notebook)
    for cell in plain.cells:
        if FIGURE_TAG in cell.metadata.get("tags", []):
            cell.source = "pass"
    return plain


def _test_cells(notebook: NotebookNode) -> Iterator[tuple[NotebookNode, str]]:
    """Yield the test cells with the names of their exercises."""
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        if cell.cell_type == "code" and name.startswith(CHECK_PREFIX):
            yield cell, name.removeprefix(CHECK_PREFIX)
