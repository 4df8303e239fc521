"""From a master notebook to nbgrader's source folder.

``solutions/02-backprop/backprop.py`` becomes ``build/source/02-backprop/backprop.ipynb``, solved,
with nbgrader's metadata. Beside it stand ``checks.py`` and the assignment's data, and nothing
else: nbgrader ships every file that it finds there.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import nbformat

from autograder.course import CHECKS, Course, load_private, load_public, notebook_stem
from autograder.errors import ReleaseError
from autograder.release.folders import FILE_MODE, replace_folder, scratch
from autograder.release.marks import expand, read_master
from autograder.release.rules import problems

NEVER_SHIPPED = (".py", ".ipynb", ".json")
"""Suffixes that no data file has: code, notebooks, and the labs' thresholds stay private."""


def stage(course: Course, name: str) -> Path:
    """Write the solved notebook and the public files of an assignment to the source folder.

    Parameters
    ----------
    course
        The course.
    name
        Name of the assignment.

    Returns
    -------
    Path
        The staged notebook.

    Raises
    ------
    ReleaseError
        The master cannot be released; the message names file, cell, what is wrong, what to do.
    CourseError
        There is no such assignment, or the points of its checks do not add up.
    """
    course.require(name)
    folder = course.solutions / name
    public = load_public(folder)
    load_private(public, folder)
    master = folder / f"{notebook_stem(name)}.py"
    cells = read_master(master)
    _refuse(master, problems(cells, public.exercises))
    _refuse(folder / CHECKS, _data_problems(folder, public.data))
    notebook = expand(cells, {exercise.name: exercise.points for exercise in public.exercises})
    with scratch(course.source.parent) as place:
        fresh = place / name
        fresh.mkdir()
        target = fresh / f"{notebook_stem(name)}.ipynb"
        target.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")
        for shipped in (CHECKS, *public.data):
            shutil.copyfile(folder / shipped, fresh / shipped)
        for file in fresh.iterdir():
            file.chmod(FILE_MODE)
        replace_folder(fresh, course.source / name)
    return course.source / name / target.name


def _refuse(path: Path, found: Sequence[str]) -> None:
    if len(found) == 1:
        raise ReleaseError(found[0], path=path)
    if found:
        lines = "".join(f"\n- {problem}" for problem in found)
        raise ReleaseError(f"there are {len(found)} problems:{lines}", path=path)


def _data_problems(folder: Path, data: Sequence[str]) -> list[str]:
    """Only plain files that stand in the folder, and are no code, may ship as data."""
    found = []
    for name in data:
        path = folder / name
        if Path(name).name != name or path.suffix in NEVER_SHIPPED:
            found.append(
                f"DATA names {name!r}; it may name data files in this folder only, no "
                f"{', '.join(NEVER_SHIPPED)}."
            )
        elif path.is_symlink() or not path.is_file():
            found.append(f"DATA names {name!r}, which is not there; make it, or remove the name.")
    return found
