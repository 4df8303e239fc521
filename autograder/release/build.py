"""Masters to releases: stage, let nbgrader generate, look for leaks, register, put in place."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import nbformat

from autograder.course import Course, PublicAssignment, load_public
from autograder.errors import ReleaseError
from autograder.release.folders import FILE_MODE, replace_folder, scratch
from autograder.release.leaks import find_leaks
from autograder.release.regions import code_stub
from autograder.release.secrets import load_secrets
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
    from autograder.adapters.nbgrader.app import course_directory
    from autograder.adapters.nbgrader.generate import generate
    from autograder.adapters.nbgrader.gradebook import register_notebook

    staged = stage(course, name)
    with scratch(course.source.parent) as place:
        fresh = generate(course, name, place)
        notebook = fresh / staged.name
        _same_files(fresh, staged.parent)
        _stubs_name_their_task(notebook, load_public(course.solutions / name))
        _nothing_leaks(course, name, fresh)
        for file in fresh.iterdir():
            file.chmod(FILE_MODE)
        register_notebook(notebook, name, course_directory(course).db_url)
        replace_folder(fresh, course.assignments / name)
    return course.assignments / name / staged.name


def _same_files(fresh: Path, staged: Path) -> None:
    """The release holds what was staged, no more and no less."""
    have, want = ({path.name for path in folder.iterdir()} for folder in (fresh, staged))
    if have != want:
        raise ReleaseError(
            f"nbgrader released {', '.join(sorted(have))}, expected {', '.join(sorted(want))}. "
            "Look at CourseDirectory.ignore in nbgrader_config.py.",
            path=staged,
        )


def _stubs_name_their_task(notebook: Path, public: PublicAssignment) -> None:
    """Each solution became a stub, which hangs on nbgrader's settings."""
    cells = {cell.id: cell.source for cell in nbformat.read(notebook, as_version=4).cells}
    for exercise in public.exercises:
        if code_stub(exercise.name) not in cells[exercise.name]:
            raise ReleaseError(
                f"the stub of {exercise.name} does not name it. Does GenerateAssignment in "
                "nbgrader_config.py still use autograder.adapters.nbgrader.stubs?",
                path=notebook,
            )


def _nothing_leaks(course: Course, name: str, fresh: Path) -> None:
    findings = find_leaks(fresh, load_secrets(course, name))
    if findings:
        lines = "".join(f"\n- {finding}" for finding in findings)
        raise ReleaseError(
            f"the release would give away answers; rewrite these places of the master:{lines}",
            path=course.solutions / name,
        )
