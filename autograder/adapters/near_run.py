"""Run a notebook in this very process, for pytest and ``autograder check``.

Only for a student's own notebook on the student's own machine. Grading does it in another process.
"""

from __future__ import annotations

import io
import os
import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from autograder.checks.policy import remark
from autograder.checks.runner import run_exercise
from autograder.course import CHECKS, PublicAssignment, load_public
from autograder.errors import CourseError, Rejected
from autograder.results import ExerciseResult
from autograder.session.shell import Shell
from autograder.student import Near
from autograder.submission.triage import triage

MAX_PRINTED = 20_000
"""Characters kept of what an exercise prints while it is checked."""

INLINE_FIGURES = "module://matplotlib_inline.backend_inline"
"""As in a notebook: `plt.show()` neither opens a window nor waits."""

_CELL_FILE = re.compile(r"<ipython-input-[^>]*>, ?")


@dataclass
class NearRun:
    """A student's notebook, executed here.

    Parameters
    ----------
    path
        The notebook; its ``checks.py`` stands beside it.
    public
        The assignment's public half.
    cells
        The notebook's cells, as `autograder.submission.triage` returns them.
    """

    path: Path
    public: PublicAssignment
    cells: list[dict[str, Any]]
    printed: dict[str, str] = field(default_factory=dict, init=False)
    """What each exercise printed while it was checked."""
    _namespace: dict[str, Any] | None = field(default=None, init=False)
    _cell_errors: dict[str, str] = field(default_factory=dict, init=False)

    @property
    def names(self) -> list[str]:
        """The exercises, in order."""
        return [exercise.name for exercise in self.public.exercises]

    def execute(self) -> None:
        """Run the code cells, test cells and figures excepted, as grading does; once.

        A cell that raises does not stop the next ones; Ctrl-C does.
        """
        if self._namespace is not None:
            return
        with _as_in_a_kernel(self.path.parent):
            shell = Shell()
            self._namespace = shell.user_ns
            for cell in executable(self.cells):
                _, error = shell.execute(cell["source"])
                if error.startswith("KeyboardInterrupt"):
                    raise KeyboardInterrupt(f"{self.path.name}, cell {_grade_id(cell)}")
                if error:
                    self._cell_errors[_grade_id(cell)] = _CELL_FILE.sub("", error)

    def check(self, name: str) -> ExerciseResult:
        """Run the visible checks of one exercise; raise `CourseError` if there is no such one."""
        exercise = self.public.exercise(name)
        self.execute()
        namespace = self._namespace or {}
        output = _Bounded()
        with (
            _as_in_a_kernel(self.path.parent),
            redirect_stdout(output),
            redirect_stderr(output),
        ):
            result = run_exercise(exercise, self.public.visible, Near(namespace))
            said = remark(exercise, namespace, self.public.exercises)
        result = replace(result, notes=(*result.notes, said) if said else result.notes)
        self.printed[name] = output.getvalue()
        if name in namespace or name not in self._cell_errors:
            return result
        # A notebook shows the error below the cell; here nobody has seen it.
        message = f"The cell {name} stopped with {self._cell_errors[name]}."
        checks = (replace(check, status="error", message=message) for check in result.checks)
        return replace(result, checks=tuple(checks))


def open_notebook(path: Path) -> NearRun:
    """Read a notebook and its checks, without running it.

    Raises
    ------
    CourseError
        The file is no notebook, or the ``checks.py`` beside it is missing or broken.
    """
    path = path.absolute()
    folder = path.parent
    try:
        public = load_public(folder)
    except CourseError:
        raise
    except Exception as error:
        raise CourseError(
            f"cannot be loaded ({type(error).__name__}: {error}). Take a fresh copy of it from "
            "the release.",
            path=folder / CHECKS,
        ) from error
    try:
        cells = triage(path.resolve()).notebook["cells"]
    except Rejected as rejected:
        raise CourseError(rejected.reason, path=path) from rejected
    return NearRun(path, public, cells)


def executable(cells: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the code cells that count: all but test cells and figures."""
    return [
        cell
        for cell in cells
        if cell["cell_type"] == "code" and cell["source"].strip() and not _is_ours(cell)
    ]


def _is_ours(cell: dict[str, Any]) -> bool:
    """Whether a cell only shows something: a test cell, or a figure by its grade_id."""
    marks = cell["metadata"].get("nbgrader", {})
    is_figure = bool(marks.get("locked")) and _grade_id(cell).startswith("figure_")
    return bool(marks.get("grade")) or is_figure


def _grade_id(cell: dict[str, Any]) -> str:
    marks = cell["metadata"].get("nbgrader", {})
    return str(marks.get("grade_id") or cell.get("id", ""))


class _Bounded(io.StringIO):
    """Keeps the first `MAX_PRINTED` characters, so that a loop that prints fills no memory."""

    def write(self, text: str) -> int:
        room = MAX_PRINTED - self.tell()
        if len(text) > room > 0:
            super().write(text[: room - 1] + "\N{HORIZONTAL ELLIPSIS}")
        elif room > 0:
            super().write(text)
        return len(text)


@contextmanager
def _as_in_a_kernel(folder: Path) -> Iterator[None]:
    """Give a notebook in `folder` what a kernel would; leave this process as it was.

    Working folder and imports from it, figures without windows, no keyboard input, and warnings
    that are only warnings, whatever pytest was told to make of them.
    """
    environment, path, stdin = dict(os.environ), list(sys.path), sys.stdin
    main = sys.modules["__main__"]  # IPython puts its namespace there
    os.environ["MPLBACKEND"] = INLINE_FIGURES
    sys.path.insert(0, str(folder))
    sys.stdin = io.StringIO()
    try:
        with chdir(folder), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("default", RuntimeWarning)  # NumPy's: overflow, division
            yield
    finally:
        sys.stdin = stdin
        sys.path[:] = path
        sys.modules["__main__"] = main
        os.environ.clear()
        os.environ.update(environment)
        for name in _modules_in(folder):
            del sys.modules[name]


def _modules_in(folder: Path) -> list[str]:
    """Names of modules imported from `folder`, which the next notebook's folder may have, too."""
    return [
        name
        for name, module in list(sys.modules.items())
        if (file := getattr(module, "__file__", None))
        and Path(file).parent == folder
        and not name.startswith("autograder_course_")
    ]
