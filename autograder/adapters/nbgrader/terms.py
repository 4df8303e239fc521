"""What besides a grade decides what stands in the gradebook: times, extensions, penalties."""

from __future__ import annotations

import hashlib
from pathlib import Path

from nbgrader.api import Assignment, Student, SubmittedAssignment

from autograder.adapters.nbgrader.app import CONFIG_FILE, course_directory
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
            due = gradebook.find_assignment(assignment).duedate
        self._common = f"{hashlib.sha256(config).hexdigest()} {due}"

    def __call__(self, folder: Path) -> str:
        """Return the hash of the terms of one submission."""
        extension = self._extensions.get(folder.parent.name)
        text = f"{self._common} {extension} {timestamp(folder)}"
        return hashlib.sha256(text.encode()).hexdigest()[:16]
