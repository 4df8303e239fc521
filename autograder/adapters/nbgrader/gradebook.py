"""nbgrader's gradebook: creating it, and telling it what was released."""

from __future__ import annotations

import os
import shutil
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbgrader.api import Gradebook, MissingEntry, Notebook
from nbgrader.preprocessors import SaveCells
from nbgrader.utils import is_grade, is_locked, is_solution
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from autograder.course import Course, notebook_stem
from autograder.errors import CourseError, ReleaseError


def put_alembic_on_path() -> None:
    """Let nbgrader find ``alembic``, which it runs by name when it creates a database.

    Without this, ``.venv/bin/nbgrader`` works in an activated environment only.
    """
    if shutil.which("alembic") is None:
        scripts = sysconfig.get_path("scripts")
        os.environ["PATH"] = os.pathsep.join(filter(None, (os.environ.get("PATH"), scripts)))


def connect(db_url: str, *course_id: str) -> Gradebook:
    """Open the gradebook, which is created if need be.

    Parameters
    ----------
    db_url
        The gradebook, as SQLAlchemy names it.
    *course_id
        nbgrader's name of the course, if it is not its default.

    Raises
    ------
    CourseError
        It cannot be opened.
    """
    put_alembic_on_path()
    try:
        return Gradebook(db_url, *course_id)
    except (SQLAlchemyError, ModuleNotFoundError) as error:
        raise CourseError(f"the gradebook cannot be opened: {trouble(error)}.") from error


def trouble(error: BaseException) -> str:
    """Say what is wrong with the gradebook's database, if that is what `error` says; else ""."""
    said = " ".join(str(getattr(error, "orig", None) or error).split())
    match error:
        case ModuleNotFoundError():
            return f"{said}. For PostgreSQL: pip install 'autograder[postgresql]'"
        case OperationalError() if "lock" in said:
            return "another program holds its database. End that (formgrader?) and grade again"
        case OperationalError():
            return f"its database does not answer ({said})"
        case SQLAlchemyError():
            return f"its database refuses it ({said})"
    return ""


def file_of(db_url: str) -> tuple[int, int] | None:
    """Return what tells the file of an SQLite gradebook from any other; None if there is none."""
    url = make_url(db_url)
    if url.get_backend_name() != "sqlite" or not url.database:
        return None
    with suppress(FileNotFoundError):
        found = os.stat(url.database)  # noqa: PTH116 - a URL's database may be no path of ours
        return found.st_dev, found.st_ino
    return None


def is_there(db_url: str) -> bool:
    """Whether there is a gradebook that can be opened without being created."""
    return make_url(db_url).get_backend_name() != "sqlite" or file_of(db_url) is not None


@contextmanager
def open_gradebook(db_url: str) -> Iterator[Gradebook]:
    """Open the gradebook, which is created if need be, and close it."""
    with connect(db_url) as gradebook:
        yield gradebook


def register(course: Course, name: str, db_url: str) -> None:
    """Make sure that the gradebook knows a released assignment, its cells and points.

    The committed release is enough: neither master nor staged source is read. Calling it again
    changes nothing; due dates, submissions and grades stay as they are.

    Parameters
    ----------
    course
        The course.
    name
        Name of the assignment.
    db_url
        The gradebook, as SQLAlchemy names it.

    Raises
    ------
    ReleaseError
        The release is missing, or students' grades stand in the way of a change.
    """
    stem = notebook_stem(name)
    register_notebook(course.assignments / name / f"{stem}.ipynb", name, db_url)


def register_notebook(path: Path, assignment: str, db_url: str) -> None:
    """Like `register`, for a released notebook that may lie elsewhere."""
    if not path.is_file():
        raise ReleaseError(
            f"the release is missing. Run: autograder release {assignment}", path=path
        )
    notebook = nbformat.read(path, as_version=4)
    with open_gradebook(db_url) as gradebook:
        gradebook.update_or_create_assignment(assignment)
        _drop_other_notebooks(gradebook, assignment, path)
        try:
            known = gradebook.find_notebook(path.stem, assignment)
        except MissingEntry:
            pass
        else:
            if _cells_known(known) == _cells_released(notebook):
                return
            if known.submissions:
                _refuse_lost_grades(known, notebook, path)
                _exchange_text(gradebook, known, notebook)
    names = {"assignment": assignment, "notebook": path.stem, "db_url": db_url}
    SaveCells().preprocess(notebook, {"nbgrader": names})


def _drop_other_notebooks(gradebook: Gradebook, assignment: str, path: Path) -> None:
    """Forget notebooks that are no longer released, unless someone submitted them."""
    for other in list(gradebook.find_assignment(assignment).notebooks):
        if other.name == path.stem:
            continue
        if other.submissions:
            raise ReleaseError(
                f"the gradebook holds grades of {other.name}.ipynb, which {assignment} no longer "
                "releases. Keep its name, or give the new notebook an assignment of its own.",
                path=path,
            )
        gradebook.remove_notebook(other.name, assignment)


def _cells_known(notebook: Notebook) -> dict[tuple[str, str], object]:
    """What the gradebook says of a notebook's cells, by role and name."""
    found: dict[tuple[str, str], object] = {
        ("source", cell.name): (cell.checksum, cell.locked) for cell in notebook.source_cells
    }
    found |= {("grade", cell.name): cell.max_score for cell in notebook.grade_cells}
    found |= {("solution", cell.name): None for cell in notebook.solution_cells}
    return found


def _cells_released(notebook: NotebookNode) -> dict[tuple[str, str], object]:
    """What the gradebook should say of them."""
    found: dict[tuple[str, str], object] = {}
    for cell in notebook.cells:
        meta: dict[str, Any] = cell.metadata.get("nbgrader", {})
        if is_grade(cell) or is_solution(cell) or is_locked(cell):
            found["source", meta["grade_id"]] = (meta["checksum"], is_locked(cell))
        if is_grade(cell):
            found["grade", meta["grade_id"]] = float(meta["points"])
        if is_solution(cell):
            found["solution", meta["grade_id"]] = None
    return found


def _refuse_lost_grades(known: Notebook, notebook: NotebookNode, path: Path) -> None:
    """Raise if an exercise or question came or went since students submitted."""
    before = {key for key in _cells_known(known) if key[0] != "source"}
    after = {key for key in _cells_released(notebook) if key[0] != "source"}
    changed = sorted({name for _, name in before ^ after})
    if changed:
        raise ReleaseError(
            f"the gradebook holds submissions, so no exercise or question can be added or removed: "
            f"{', '.join(changed)}. Release the change as a new assignment, or grade into a new "
            "gradebook.",
            path=path,
        )


def _exchange_text(gradebook: Gradebook, known: Notebook, notebook: NotebookNode) -> None:
    """Forget text and given cells that are gone, and announce new ones; no grade hangs on them.

    Once there is a submission, nbgrader would refuse the whole release instead.
    """
    present = {cell.name: cell for cell in known.source_cells}
    released = {
        cell.metadata.nbgrader.grade_id: cell.cell_type
        for cell in notebook.cells
        if is_locked(cell) or is_solution(cell)
    }
    for name in present.keys() - released.keys():
        gradebook.db.delete(present[name])
    gradebook.db.commit()
    for name in sorted(released.keys() - present.keys()):
        gradebook.add_source_cell(name, known.name, known.assignment.name, cell_type=released[name])
