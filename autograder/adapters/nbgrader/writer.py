"""Write grades where nbgrader keeps them: gradebook, ``autograded/``, feedback.

A grade is written in four steps: the notebook as a draft beside its place in ``autograded/``, the
gradebook's rows in one transaction, the grade's record, and the draft takes its place. A kill at
any moment leaves each of them whole, old or new; where they are not of one state the draft is still
there, `Writer.written` does not count the submission, and writing it again mends it.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

from nbgrader.converters import GenerateFeedback
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import AssignLatePenalties
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from autograder.adapters.nbgrader import plugin
from autograder.adapters.nbgrader.app import (
    LOG_FILE,
    course_directory,
    load_config,
    quiet_logger,
    quiet_sqlalchemy,
)
from autograder.adapters.nbgrader.autograded import Autograded
from autograder.adapters.nbgrader.gradebook import connect, file_of, trouble
from autograder.adapters.nbgrader.rows import Marks, Rows, marks_of
from autograder.batch.disk import full, is_full
from autograder.course import CHECK_PREFIX, Course, notebook_stem
from autograder.errors import CourseError
from autograder.grading.records import write_record
from autograder.results import Grade

ROUNDING = 1e-6
"""Points are rounded to as much."""


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
        self._stem = notebook_stem(assignment)
        self._log = quiet_logger(course)
        config = load_config(course)
        self._coursedir = course_directory(course, config)
        self._files = Autograded(self._coursedir, assignment, config=config, log=self._log)
        self._late = AssignLatePenalties(config=config, log=self._log)
        self._rows: Rows | None = None
        self._file: tuple[int, int] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the gradebook; the next grade opens it again."""
        if self._rows is not None:
            self._rows.close()
            self._rows = None

    def write(self, folder: Path, grade: Grade, notebook: str) -> float:
        """Write the grade of the submission in `folder`; return the points taken for lateness.

        A folder without any notebook has no row in nbgrader's gradebook, as with its own command;
        the grade's record says why. Where there had been one, its grade would stand on: that
        becomes what the grade is now. The record is a new one: what the batch command noted in an
        older one no longer holds.

        Parameters
        ----------
        folder
            ``submitted/<student>/<assignment>``.
        grade
            Its grade.
        notebook
            Text of its graded notebook, from `autograder.grading.notebook.autograded_text`.

        Raises
        ------
        CourseError
            It could not be written; nbgrader's log says why. The grade's record is there.
        """
        student = folder.parent.name
        why = plugin.unwritable(student)
        try:
            if why or not (plugin.has_notebook(folder) or self._known(student)):
                write_record(self._course, student, grade)
            else:
                return self._write(student, folder, grade, notebook)
        except (Exception, SystemExit) as error:  # a plugin of the course's may raise anything
            with suppress(OSError):
                write_record(self._course, student, grade)
            raise self._failed(student, error) from error
        if why:
            raise self._failure(why)
        return 0.0

    def amend(self, folder: Path) -> float:
        """Write time and penalty alone of a submission whose grade stands; as `write` else."""
        student = folder.parent.name
        try:
            with quiet_sqlalchemy():
                return self._open().amend(student, plugin.timestamp(folder))
        except (Exception, SystemExit) as error:
            raise self._failed(student, error) from error

    def written(self) -> set[str]:
        """Return the students whose last grade was written to its end."""
        return set(self.standing())

    def standing(self) -> dict[str, dict[str, float | None]]:
        """Return the points by exercise, of the students whose last grade was written to its end.

        Raises
        ------
        CourseError
            The gradebook cannot be read.
        """
        try:
            with quiet_sqlalchemy():
                scores = self._open().scores()
        except SQLAlchemyError as error:
            raise CourseError(f"the gradebook cannot be read: {_reason(error)}.") from error
        return {
            student: {
                cell.removeprefix(CHECK_PREFIX): score
                for cell, score in cells.items()
                if cell.startswith(CHECK_PREFIX)
            }
            for student, cells in scores.items()
            if self._files.is_whole(student)
        }

    def _known(self, student: str) -> bool:
        with quiet_sqlalchemy():
            return student in self._open().scores()

    def _write(self, student: str, folder: Path, grade: Grade, notebook: str) -> float:
        marks = marks_of(notebook, self._log)
        _require_equal(marks, grade)
        self._files.draft(student, notebook)
        with quiet_sqlalchemy():
            penalty = self._open().save(student, plugin.timestamp(folder), marks)
        write_record(self._course, student, grade)
        self._files.publish(student)
        return penalty

    def _open(self) -> Rows:
        url = self._coursedir.db_url
        if self._rows is None:
            gradebook = connect(url, self._coursedir.course_id)
            self._rows = Rows(gradebook, self._assignment, self._stem, self._late)
            self._file = file_of(url)
        elif file_of(url) != self._file:
            # SQLite would go on writing into the file that nobody can see any more.
            raise CourseError("its database was taken away or exchanged. Grade again")
        return self._rows

    def _failed(self, student: str, error: BaseException) -> Exception:
        """Return what to raise: a full disk ends the run, all else costs one grade."""
        if isinstance(error, OSError) and is_full(error):
            return error
        if isinstance(error, OperationalError) and "full" in str(error.orig):
            return full(Path(str(make_url(self._coursedir.db_url).database)))
        with suppress(OSError):
            self._log.error("The grade of %r could not be written", student, exc_info=error)
        return self._failure(_reason(error))

    def _failure(self, why: str) -> CourseError:
        return CourseError(f"the grade could not be written into the gradebook: {why}.")


def _require_equal(marks: Marks, grade: Grade) -> None:
    """Raise if the notebook does not say what the grade says: it was not filled, or not with it.

    nbgrader takes a test cell without outputs for solved.
    """
    graded = {f"{CHECK_PREFIX}{result.name}": result.points for result in grade.exercises}
    found = {name: score for name, score in marks.scores.items() if name in graded}
    if found.keys() != graded.keys() or any(
        score is None or abs(score - graded[name]) > ROUNDING for name, score in found.items()
    ):
        raise CourseError("the graded notebook and the grade disagree, which is a fault of ours")


def _reason(error: BaseException) -> str:
    """Say in one line what kept a grade from being written."""
    said = str(error).rstrip(".") if isinstance(error, CourseError) else trouble(error)
    return said or f"see nbgrader's log at {LOG_FILE}"


class _GenerateFeedback(GenerateFeedback):
    """nbgrader's generate_feedback for the folders that it is given; configured as that is.

    nbgrader would glob for them, and a student's name may hold what a pattern reads otherwise.
    """

    chosen: dict[str, list[str]]

    def init_notebooks(self) -> None:
        """Set the notebooks by folder."""
        self.assignments = dict(self.chosen)
        self.notebooks: list[str] = []


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
