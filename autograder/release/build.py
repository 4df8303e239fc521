"""Masters to releases: stage, let nbgrader generate, look for leaks, register, put in place."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from pathlib import Path

import nbformat

from autograder.course import CHECKS, Course, load_public, notebook_stem
from autograder.errors import ReleaseError
from autograder.release.folders import FILE_MODE, replace_folder, scratch
from autograder.release.leaks import find_leaks, load_secrets
from autograder.release.regions import code_stub
from autograder.release.staging import stage

Progress = Callable[[str], None]


def build_release(
    course: Course, names: Iterable[str] = (), progress: Progress | None = None
) -> list[Path]:
    """Build releases and tell the gradebook of them.

    The same masters give the same bytes. An existing release is replaced as a whole, or not at
    all; due dates, submissions and grades stay as they are.

    Parameters
    ----------
    course
        The course.
    names
        Names of assignments; none for all of them.
    progress
        Called with each name before its assignment is built.

    Returns
    -------
    list of Path
        The released notebooks.

    Raises
    ------
    ReleaseError
        A master is wrong, nbgrader failed, or an answer would leak. What was there stays.
    """
    wanted = list(names) or list(course.names)
    for name in wanted:
        course.require(name)
    released = []
    for name in wanted:
        if progress is not None:
            progress(name)
        released.append(_build(course, name))
    return released


def _build(course: Course, name: str) -> Path:
    from autograder.adapters.nbgrader.generate import course_directory, generate
    from autograder.adapters.nbgrader.gradebook import register_notebook

    staged = stage(course, name)
    with scratch(course.source.parent) as place:
        fresh = generate(course, name, place)
        notebook = fresh / staged.name
        _same_files(fresh, staged.parent)
        _stubs_name_their_task(notebook, [e.name for e in load_public(staged.parent).exercises])
        _nothing_leaks(course, name, fresh)
        for file in fresh.iterdir():
            file.chmod(FILE_MODE)
        register_notebook(notebook, name, course_directory(course).db_url)
        replace_folder(fresh, course.assignments / name)
    return course.assignments / name / staged.name


def _same_files(fresh: Path, staged: Path) -> None:
    """The release holds what was staged, no more and no less."""
    have = {path.name for path in fresh.iterdir()}
    want = {path.name for path in staged.iterdir() if path.name != "__pycache__"}
    if have != want:
        raise ReleaseError(
            f"holds {', '.join(sorted(have))}, expected {', '.join(sorted(want))}. Look at "
            "CourseDirectory.ignore in nbgrader_config.py.",
            path=fresh,
        )


def _stubs_name_their_task(notebook: Path, exercises: Iterable[str]) -> None:
    """Each solution cell became a stub, even if someone's nbgrader settings say otherwise."""
    sources = {cell.id: cell.source for cell in nbformat.read(notebook, as_version=4).cells}
    for name in exercises:
        stub = code_stub(name)
        ...
