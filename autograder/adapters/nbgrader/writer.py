"""Write grades where nbgrader keeps them: gradebook, ``autograded/``, feedback.

The batch command hands each grade to nbgrader's own `Autograde` converter, whose execution step
is ours, so that scores, maxima, comments, late penalties and manual grades are treated by one and
the same code whichever command is used.
"""

from __future__ import annotations

import glob
from collections.abc import Sequence
from pathlib import Path

from nbgrader.converters import Autograde, GenerateFeedback
from nbgrader.converters.base import NbGraderException

from autograder.adapters.nbgrader import plugin
from autograder.adapters.nbgrader.app import (
    course_directory,
    load_config,
    quiet_logger,
    quiet_sqlalchemy,
)
from autograder.course import Course
from autograder.errors import CourseError
from autograder.grading.records import write_record
from autograder.results import Grade


class Writer:
    """The one writer of a course's gradebook.

    Parameters
    ----------
    course
        The course.
    assignment
        Name of the assignment, which the gradebook must know.
    """

    def __init__(self, course: Course, assignment: str) -> None:
        self._course = course
        self._assignment = assignment
        self._config = load_config(course)
        self._log = quiet_logger(course)

    def write(self, folder: Path, grade: Grade) -> None:
        """Write the grade of the submission in `folder`.

        A folder without any notebook has no row in nbgrader's gradebook, as with its own command;
        the grade's record says why.

        Raises
        ------
        CourseError
            nbgrader could not write it; its log says why.
        """
        student = folder.parent.name
        if not any(folder.glob("*.ipynb")):
            write_record(self._course, student, grade)
            return
        coursedir = course_directory(self._course, self._config)
        coursedir.assignment_id = self._assignment
        coursedir.student_id = glob.escape(student)
        plugin.ready[student, self._assignment] = grade
        converter = Autograde(coursedir=coursedir, config=self._config, log=self._log)
        converter.force = True
        try:
            with quiet_sqlalchemy():
                converter.start()
        except (NbGraderException, SystemExit) as error:
            raise CourseError(
                f"nbgrader could not write the grade of {student!r}; see its log at "
                f"{self._log.handlers[0].baseFilename}.",  # type: ignore[attr-defined]
                path=folder,
            ) from error
        finally:
            plugin.ready.pop((student, self._assignment), None)


def write_feedback(course: Course, assignment: str, students: Sequence[str] = ()) -> Path:
    """Write the feedback pages of an assignment and return their folder.

    Parameters
    ----------
    course, assignment
        What to write.
    students
        Whose; all that are graded if empty.

    Raises
    ------
    CourseError
        Nothing is graded yet, or nbgrader failed.
    """
    config = load_config(course)
    log = quiet_logger(course)
    for student in students or ["*"]:
        coursedir = course_directory(course, config)
        coursedir.assignment_id = assignment
        coursedir.student_id = student if student == "*" else glob.escape(student)
        converter = GenerateFeedback(coursedir=coursedir, config=config, log=log)
        converter.force = True
        try:
            converter.start()
        except (NbGraderException, SystemExit) as error:
            raise CourseError(
                f"no feedback could be written for {assignment}. Has it been graded "
                f"(autograder grade {assignment})? nbgrader's log is in .autograder/nbgrader.log.",
                path=course.root,
            ) from error
    return course.root / "feedback"
