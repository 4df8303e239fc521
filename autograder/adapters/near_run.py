"""Run a notebook in this very process, for pytest and ``autograder check``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat

from autograder.checks.runner import run_exercise
from autograder.course import PublicAssignment, load_public
from autograder.errors import CourseError
from autograder.results import CheckResult, ExerciseResult
from autograder.session.shell import Shell
from autograder.student import Near


@dataclass
class NearRun:
    """A student's notebook, executed here.

    Parameters
    ----------
    path
        The notebook; its ``checks.py`` stands beside it.
    public
        The assignment's public half.
    """

    path: Path
    public: PublicAssignment
    namespace: dict[str, Any] = field(default_factory=dict)
    cell_errors: dict[str, str] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """The exercises, in order."""
        return [exercise.name for exercise in self.public.exercises]

    def execute(self) -> None:
        """Run the code cells, test cells and figures excepted; errors are kept by cell."""
        notebook = read_notebook(self.path)
        shell = Shell()
        with working_folder(self.path.parent):
            for cell in notebook.cells:
                if cell.cell_type != "code" or not _is_student_code(cell):
                    continue
                _, error = shell.execute(cell.source)
                if error:
                    self.cell_errors[_grade_id(cell)] = error
        self.namespace = shell.user_ns

    def check(self, name: str) -> ExerciseResult:
        """Run the visible checks of one exercise."""
        exercise = self.public.exercise(name)
        with working_folder(self.path.parent):
            result = run_exercise(exercise, self.public.visible, Near(self.namespace))
        if result.status == "missing" and name in self.cell_errors and name not in self.namespace:
            message = f"The cell {name} stopped with {self.cell_errors[name]}."
            checks = tuple(
                CheckResult(c.title, c.visible, c.max_points, "error", message)
                for c in result.checks
            )
            return ExerciseResult(result.name, result.max_points, checks)
        return result


def open_notebook(path: Path) -> NearRun:
    """Return the run of a notebook, not executed yet; raise `CourseError` if it has no checks."""
    return NearRun(path, load_public(path.parent))


def read_notebook(path: Path) -> Any:
    """Read a notebook of any nbformat; raise `CourseError` if it is none."""
    try:
        return nbformat.read(path, as_version=4)
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise CourseError(
            f"is not a notebook that can be read ({type(error).__name__}: {error}).", path=path
        ) from error


@contextmanager
def working_folder(folder: Path) -> Iterator[None]:
    """Work in `folder` for a while, as a notebook's kernel does."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def _is_student_code(cell: Any) -> bool:
    is_test = bool(cell.metadata.get("nbgrader", {}).get("grade", False))
    return not is_test and "figure" not in cell.metadata.get("tags", []) and cell.source.strip()


def _grade_id(cell: Any) -> str:
    return str(cell.metadata.get("nbgrader", {}).get("grade_id", cell.get("id", "")))
