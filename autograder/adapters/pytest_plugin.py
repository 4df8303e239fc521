"""``pytest assignments/02-backprop``: each test cell is one item, with the notebook's messages.

Five steps, one way: a notebook beside a ``checks.py`` is a file, its exercises are items, the
notebook is executed in place when the first of them runs, the visible checks run, their table is
the failure's text. pytest loads this module in every project of the environment, so it imports
nothing large before there is such a notebook.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from autograder.adapters.discovery import ELSEWHERE, is_assignment, notebooks_of

if TYPE_CHECKING:
    from autograder.adapters.near_run import NearRun
    from autograder.results import ExerciseResult


class ExerciseFailed(Exception):
    """The visible checks of an exercise do not all pass."""

    def __init__(self, result: ExerciseResult) -> None:
        self.result = result
        super().__init__(result.name)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect the notebook of an assignment, or any beside its checks that is asked for."""
    if file_path.suffix != ".ipynb" or not is_assignment(file_path.parent):
        return None
    if not parent.session.isinitpath(file_path) and (
        _is_elsewhere(file_path, parent) or file_path not in notebooks_of(file_path.parent)
    ):
        return None
    return NotebookFile.from_parent(parent, path=file_path)


def _is_elsewhere(path: Path, parent: pytest.Collector) -> bool:
    """Whether a folder between what pytest was asked for and `path` holds copies only."""
    for folder in path.parents:
        if parent.session.isinitpath(folder) or folder == parent.config.rootpath:
            return False
        if folder.name in ELSEWHERE:
            return True
    return False


class NotebookFile(pytest.File):
    """A student's notebook."""

    run: NearRun

    def collect(self) -> Iterable[pytest.Item]:
        """Return one item per exercise."""
        from autograder.adapters.near_run import open_notebook
        from autograder.errors import CourseError

        try:
            self.run = open_notebook(self.path)
        except CourseError as error:
            raise self.CollectError(str(error)) from error
        for name in self.run.names:
            yield ExerciseItem.from_parent(self, name=name)


class ExerciseItem(pytest.Item):
    """The visible checks of one exercise."""

    parent: NotebookFile

    def runtest(self) -> None:
        """Run the checks."""
        run = self.parent.run
        result = run.check(self.name)
        if run.printed[self.name]:
            self.add_report_section("call", "stdout", run.printed[self.name])
        if result.status != "passed":
            raise ExerciseFailed(result)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Show the table instead of our traceback."""
        from autograder.render import plain_table

        if isinstance(excinfo.value, ExerciseFailed):
            return plain_table(excinfo.value.result)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Name the item in reports."""
        return self.path, None, f'check("{self.name}")'
