"""The folders of ``autograded/``, as ``nbgrader autograde`` leaves them.

A notebook is written as a draft beside its place, and takes it as the last step of writing a grade.
Where a draft stands, something was not written to its end.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from nbgrader.converters import Autograde
from nbgrader.coursedir import CourseDirectory

from autograder.course import notebook_stem

DRAFT = ".draft"


class Autograded:
    """The graded notebooks of one assignment.

    Parameters
    ----------
    coursedir
        nbgrader's view of the course's folders.
    assignment
        Name of the assignment.
    settings
        ``config`` and ``log`` of an nbgrader converter.
    """

    def __init__(self, coursedir: CourseDirectory, assignment: str, **settings: Any) -> None:
        self._coursedir = coursedir
        self._assignment = assignment
        # Never started: it knows the permissions that the course wants.
        self._converter = Autograde(coursedir=coursedir, **settings)

    def is_whole(self, student: str) -> bool:
        """Whether a student's notebook is there, and nothing was left half-written."""
        place = self._place(student)
        return place.is_file() and not _draft_of(place).exists()

    def draft(self, student: str, notebook: str) -> None:
        """Write a student's notebook beside its place."""
        place = self._place(student)
        os.makedirs(place.parent, mode=0o755, exist_ok=True)  # noqa: PTH103 - mode of the last one
        draft = _draft_of(place)
        draft.unlink(missing_ok=True)  # a killed run's may be read-only
        draft.write_text(notebook, encoding="utf-8")
        draft.chmod(int(str(self._converter.permissions), 8))

    def publish(self, student: str) -> None:
        """Put the draft in its place, and nothing beside it: nbgrader makes the folder anew."""
        place = self._place(student)
        draft = _draft_of(place)
        with os.scandir(place.parent) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    shutil.rmtree(entry.path)
                elif entry.name not in {place.name, draft.name}:
                    Path(entry.path).unlink()
        if self._coursedir.groupshared:
            self._converter.set_permissions(self._assignment, student)
        draft.replace(place)

    def _place(self, student: str) -> Path:
        step = self._coursedir.autograded_directory
        folder = Path(self._coursedir.format_path(step, student, self._assignment))
        return folder / f"{notebook_stem(self._assignment)}.ipynb"


def _draft_of(place: Path) -> Path:
    return place.with_name(f"{place.name}{DRAFT}")
