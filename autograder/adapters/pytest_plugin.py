"""``pytest assignments/02-backprop``: each test cell is one item, with the notebook's messages.

Five steps, one way: a notebook beside a ``checks.py`` is a file, its exercises are items, the
notebook is executed in place when the first of them runs, the visible checks run, their table is
the failure's text.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from autograder.adapters.near_run import NearRun
    from autograder.results import ExerciseResult


class ExerciseFailed(Exception):
    """The visible checks of an exercise do not all pass."""

    def __init__(self, result: ExerciseResult) -> None:
        self.result = result
        super().__init__(result.name)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect notebooks that have a ``checks.py`` of an assignment beside them."""
    if file_path.suffix == ".ipynb" and (file_path.parent / "checks.py").is_file():
        return NotebookFile.from_parent(parent, path=file_path)  # type: ignore[no-any-return]
    return None


class NotebookFile(pytest.File):
    """A student's notebook."""

    run: NearRun | None = None

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

    def executed(self) -> NearRun:
        """Return the run, with the notebook executed once."""
        if self.run is None:
            raise RuntimeError("collect() comes first")
        if not self.run.namespace:
            self.run.execute()
        return self.run


class ExerciseItem(pytest.Item):
    """The visible checks of one exercise."""

    parent: NotebookFile

    def runtest(self) -> None:
        """Run the checks."""
        result = self.parent.executed().check(self.name)
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
