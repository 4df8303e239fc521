"""Write grades where nbgrader keeps them: gradebook, ``autograded/``, feedback.

The batch command hands each grade to nbgrader's own `Autograde` converter, whose execution step
is ours, so that scores, maxima, comments, late penalties and manual grades are treated by one and
the same code whichever command is used.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from nbgrader.converters import Autograde, GenerateFeedback
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory
from sqlalchemy.exc import SQLAlchemyError

from autograder.adapters.nbgrader import plugin
from autograder.adapters.nbgrader.app import (
    LOG_FILE,
    course_directory,
    load_config,
    quiet_logger,
    quiet_sqlalchemy,
)
from autograder.adapters.nbgrader.gradebook import open_gradebook
from autograder.course import Course
from autograder.errors import CourseError
from autograder.grading.records import write_record
from autograder.results import Grade


class _Exactly:
    """A converter that visits the folders it is given; nbgrader would glob for them.

    A student's name may hold what a pattern reads otherwise.
    """

    chosen: dict[str, list[str]]

    def init_notebooks(self) -> None:
        """Set the notebooks by folder."""
        self.assignments = dict(self.chosen)
        self.notebooks: list[str] = []


class _Autograde(_Exactly, Autograde):
    """nbgrader's autograde for one folder; configured as `Autograde` is."""


class _GenerateFeedback(_Exactly, GenerateFeedback):
    """nbgrader's generate_feedback for some folders; configured as `GenerateFeedback` is."""


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

    def write(self, folder: Path, grade: Grade) -> float:
        """Write the grade of the submission in `folder`; return the points taken for lateness.

        A folder without any notebook has no row in nbgrader's gradebook, as with its own command;
        the grade's record says why.

        Raises
        ------
        CourseError
            nbgrader could not write it; its log says why. The grade's record is there.
        """
        student = folder.parent.name
        why = plugin.unwritable(student)
        try:
            if why or not plugin.has_notebook(folder):
                write_record(self._course, student, grade)
            else:
                return self._convert(student, folder, grade)
        except (NbGraderException, SystemExit, OSError, SQLAlchemyError) as error:
            with suppress(OSError):
                write_record(self._course, student, grade)
            raise self._failure(f"see nbgrader's log at {LOG_FILE}") from error
        if why:
            raise self._failure(why)
        return 0.0

    def _convert(self, student: str, folder: Path, grade: Grade) -> float:
        coursedir = course_directory(self._course, self._config)
        coursedir.assignment_id = self._assignment
        converter = _Autograde(coursedir=coursedir, config=self._config, log=self._log)
        converter.force = True
        path = Path(coursedir.format_path(coursedir.submitted_directory, student, folder.name))
        converter.chosen = {str(path): [str(plugin.notebook_path(path))]}
        plugin.ready[student, self._assignment] = grade
        try:
            with quiet_sqlalchemy():
                converter.start()
                with open_gradebook(coursedir.db_url) as gradebook:
                    row = gradebook.find_submission(self._assignment, student)
                    return float(row.late_submission_penalty or 0.0)
        finally:
            plugin.ready.pop((student, self._assignment), None)

    def _failure(self, why: str) -> CourseError:
        return CourseError(f"the grade could not be written into the gradebook: {why}.")


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
    coursedir = course_directory(course, config)
    coursedir.assignment_id = assignment
    converter = _GenerateFeedback(coursedir=coursedir, config=config, log=log)
    converter.force = True
    converter.chosen = _graded(coursedir, assignment, students)
    failure = CourseError(
        f"no feedback could be written for {assignment}. Has it been graded "
        f"(autograder grade {assignment})? nbgrader's log is in .autograder/nbgrader.log.",
        path=course.root,
    )
    if not converter.chosen or len(converter.chosen) < len(set(students)):
        raise failure
    try:
        converter.start()
    except (NbGraderException, SystemExit) as error:
        raise failure from error
    return course.root / "feedback"


def _graded(
    coursedir: CourseDirectory, assignment: str, students: Sequence[str]
) -> dict[str, list[str]]:
    """Return the notebooks that are graded, by folder."""
    root = Path(coursedir.root) / coursedir.autograded_directory
    names = students or ([path.name for path in root.iterdir()] if root.is_dir() else [])
    folders = [
        Path(coursedir.format_path(coursedir.autograded_directory, name, assignment))
        for name in names
        if not name.startswith(".")
    ]
    found = {str(folder): sorted(map(str, folder.glob("*.ipynb"))) for folder in folders}
    return {folder: notebooks for folder, notebooks in found.items() if notebooks}
