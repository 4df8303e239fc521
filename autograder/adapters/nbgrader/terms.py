"""What besides a grade decides what stands in the gradebook: times, extensions, penalties."""

from __future__ import annotations

import hashlib
import inspect
from pathlib import Path

from nbgrader.api import (
    Assignment,
    Grade,
    Gradebook,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
)
from nbgrader.preprocessors import AssignLatePenalties
from sqlalchemy import func

from autograder.adapters.nbgrader.app import CONFIG_FILE, course_directory, load_config
from autograder.adapters.nbgrader.gradebook import open_gradebook
from autograder.adapters.nbgrader.plugin import timestamp
from autograder.course import Course


class Terms:
    """The terms on which the submissions of an assignment are graded, as they are now.

    Parameters
    ----------
    course, assignment
        The gradebook knows them.
    """

    def __init__(self, course: Course, assignment: str) -> None:
        config = (course.root / CONFIG_FILE).read_bytes()
        with open_gradebook(course_directory(course).db_url) as gradebook:
            rows = gradebook.db.query(Student.id, SubmittedAssignment.extension).filter(
                SubmittedAssignment.student_id == Student.id,
                SubmittedAssignment.assignment_id == Assignment.id,
                Assignment.name == assignment,
            )
            self._extensions = {student: str(extension) for student, extension in rows.all()}
            self._given = _given(gradebook, assignment)
            due = gradebook.find_assignment(assignment).duedate
        self._common = f"{hashlib.sha256(config).hexdigest()} {due} {_plugin(course)}"

    def __call__(self, folder: Path) -> str:
        """Return the hash of the terms of one submission."""
        student = folder.parent.name
        extension, given = self._extensions.get(student), self._given.get(student, ())
        text = f"{self._common} {extension} {timestamp(folder)} {given}"
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def _given(gradebook: Gradebook, assignment: str) -> dict[str, tuple[float, float]]:
    """Return the sums of manual scores and extra credit: a penalty may be a share of them."""
    sums = (
        func.coalesce(func.sum(Grade.manual_score), 0.0),
        func.coalesce(func.sum(Grade.extra_credit), 0.0),
    )
    rows = (
        gradebook.db.query(SubmittedAssignment.student_id, *sums)
        .join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
        .join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
        .join(Grade, Grade.notebook_id == SubmittedNotebook.id)
        .filter(Assignment.name == assignment)
        .group_by(SubmittedAssignment.student_id)
    )
    given = {student: (float(manual), float(extra)) for student, manual, extra in rows.all()}
    return {student: sums for student, sums in given.items() if any(sums)}


def _plugin(course: Course) -> str:
    """Return the hash of the source of the course's plugin for lateness."""
    plugin = AssignLatePenalties(config=load_config(course)).plugin_class
    try:
        source = inspect.getsource(inspect.getmodule(plugin) or plugin)
    except (OSError, TypeError):
        source = str(plugin)
    return hashlib.sha256(source.encode("utf-8", "replace")).hexdigest()
