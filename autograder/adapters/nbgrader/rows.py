"""nbgrader's rows of one submission, in one transaction.

What ``nbgrader autograde`` does in a dozen of them, in its steps `Autograde.init_assignment`,
`SaveAutoGrades` and `AssignLatePenalties`. The score of a cell, the checksum of an untouched answer
and the penalty for lateness are nbgrader's own functions, and the tables are its own classes.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from nbformat import NotebookNode
from nbformat.v4 import to_notebook
from nbgrader.api import (
    Assignment,
    BaseCell,
    Comment,
    Grade,
    Gradebook,
    MissingEntry,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
    new_uuid,
)
from nbgrader.preprocessors import AssignLatePenalties
from nbgrader.utils import compute_checksum, determine_grade, is_grade, is_solution, is_task
from sqlalchemy import select, text

NO_RESPONSE = "No response."
"""nbgrader's comment on an answer that is as it was released."""

GRADED = ("GradeCell", "TaskCell")
COMMENTED = ("SolutionCell", "TaskCell")

LOCK_TIMEOUT = "30s"
"""Until a row that someone else holds is given up; SQLite has a limit of its own."""


@dataclass(frozen=True)
class Marks:
    """What the gradebook keeps of a graded notebook's cells, by grade_id."""

    scores: dict[str, float | None] = field(default_factory=dict)
    comments: dict[str, str | None] = field(default_factory=dict)


def marks_of(notebook: str, log: logging.Logger) -> Marks:
    """Read a graded notebook as nbgrader's `SaveAutoGrades` does.

    Parameters
    ----------
    notebook
        The text of the file in ``autograded/``.
    log
        Where nbgrader says what it wonders about.
    """
    marks = Marks()
    for cell in _marked_cells(notebook):
        name = cell.metadata.nbgrader["grade_id"]
        if is_grade(cell):
            marks.scores[name], _ = determine_grade(cell, log)
        if is_solution(cell) or is_task(cell):
            untouched = cell.metadata.nbgrader.get("checksum") == compute_checksum(cell)
            marks.comments[name] = NO_RESPONSE if untouched and not is_task(cell) else None
    return marks


def _marked_cells(notebook: str) -> Iterator[NotebookNode]:
    cells = json.loads(notebook)["cells"]
    marked = [cell for cell in cells if cell["metadata"].get("nbgrader")]
    yield from to_notebook({"metadata": {}, "cells": marked}).cells


class Rows:
    """The submissions of one assignment, as the gradebook's rows.

    Parameters
    ----------
    gradebook
        Open, and told of the assignment.
    assignment, notebook
        Names of the assignment and of its notebook.
    late
        nbgrader's step that penalizes lateness, configured.
    """

    def __init__(
        self, gradebook: Gradebook, assignment: str, notebook: str, late: AssignLatePenalties
    ) -> None:
        self._gradebook = gradebook
        self._db = gradebook.db
        self._names = notebook, assignment
        self._late = late

    def save(self, student: str, timestamp: dt.datetime | None, marks: Marks) -> float:
        """Save the outcome of a submission, all or nothing; return the points lost by lateness.

        What a person gave (manual scores, extra credit, comments) stays, and so does the time of
        an earlier submission if there is no `timestamp`.

        Raises
        ------
        MissingEntry
            The gradebook does not know the assignment or one of the cells.
        """
        try:
            penalty = self._save(student, timestamp, marks)
            self._db.commit()
        finally:
            self._db.remove()  # rolls back what was not committed, and forgets all rows
        return penalty

    def close(self) -> None:
        """Close the gradebook."""
        self._gradebook.close()

    def amend(self, student: str, timestamp: dt.datetime | None) -> float:
        """Update time and penalty alone, of a submission whose rows stand; else as `save`."""
        try:
            self._wait_for_locks()
            notebook = self._gradebook.find_notebook(*self._names)
            submission = self._submission(student, notebook.assignment_id, timestamp)
            submitted = self._submitted_notebook(submission.id, notebook.id, {})
            penalty = self._late_penalty(submission, submitted)
            self._db.commit()
        finally:
            self._db.remove()
        return penalty

    def scores(self) -> dict[str, dict[str, float | None]]:
        """Return the automatic scores by cell, of each student whose submission has rows."""
        columns = select(SubmittedAssignment.student_id, BaseCell.name, Grade.auto_score)
        found: dict[str, dict[str, float | None]] = {}
        try:
            rows = self._db.execute(
                columns.join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
                .outerjoin(
                    SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id
                )
                .outerjoin(Grade, Grade.notebook_id == SubmittedNotebook.id)
                .outerjoin(BaseCell, BaseCell.id == Grade.cell_id)
                .where(Assignment.name == self._names[1])
            )
            for student, cell, score in rows:
                scores = found.setdefault(student, {})
                if cell is not None:
                    scores[cell] = score
            return found
        finally:
            self._db.remove()

    def _save(self, student: str, timestamp: dt.datetime | None, marks: Marks) -> float:
        self._wait_for_locks()
        notebook = self._gradebook.find_notebook(*self._names)
        cells = self._cells(notebook.id)
        submission = self._submission(student, notebook.assignment_id, timestamp)
        submitted = self._submitted_notebook(submission.id, notebook.id, cells)
        grades = self._by_name(Grade, submitted, cells)
        comments = self._by_name(Comment, submitted, cells)
        for name, score in marks.scores.items():
            grade = _entry(grades, name, "grade")
            grade.auto_score = score
            grade.needs_manual_grade = grade.manual_score is not None or score is None
        for name, comment in marks.comments.items():
            _entry(comments, name, "comment").auto_comment = comment
        return self._late_penalty(submission, submitted)

    def _wait_for_locks(self) -> None:
        if self._gradebook.engine.dialect.name == "postgresql":
            self._db.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'"))

    def _late_penalty(self, submission: SubmittedAssignment, submitted: SubmittedNotebook) -> float:
        self._db.flush()
        if self._late.enabled:
            submitted.late_submission_penalty = self._penalty(submission, submitted)
        return float(submitted.late_submission_penalty or 0.0)

    def _cells(self, notebook_id: str) -> dict[str, tuple[str, str]]:
        """Return name and type of the cells that are graded or commented on, by id."""
        columns = select(BaseCell.id, BaseCell.name, BaseCell.type)
        found = self._db.execute(columns.where(BaseCell.notebook_id == notebook_id))
        return {key: (name, kind) for key, name, kind in found}

    def _submission(
        self, student: str, assignment_id: str, timestamp: dt.datetime | None
    ) -> SubmittedAssignment:
        if self._db.get(Student, student) is None:
            self._db.add(Student(id=student))
        found = self._db.scalars(
            select(SubmittedAssignment).where(
                SubmittedAssignment.assignment_id == assignment_id,
                SubmittedAssignment.student_id == student,
            )
        ).one_or_none()
        if found is None:
            found = SubmittedAssignment(
                id=new_uuid(), assignment_id=assignment_id, student_id=student
            )
            self._db.add(found)
        if timestamp is not None:
            found.timestamp = timestamp
        return found

    def _submitted_notebook(
        self, submission_id: str, notebook_id: str, cells: Mapping[str, tuple[str, str]]
    ) -> SubmittedNotebook:
        """Return the row of the notebook; a new one comes with all its grades and comments."""
        found = self._db.scalars(
            select(SubmittedNotebook).where(
                SubmittedNotebook.assignment_id == submission_id,
                SubmittedNotebook.notebook_id == notebook_id,
            )
        ).one_or_none()
        if found is not None:
            return found
        new = SubmittedNotebook(id=new_uuid(), assignment_id=submission_id, notebook_id=notebook_id)
        self._db.add(new)
        for cell_id, (_, kind) in cells.items():
            if kind in GRADED:
                self._db.add(Grade(cell_id=cell_id, notebook_id=new.id))
            if kind in COMMENTED:
                self._db.add(Comment(cell_id=cell_id, notebook_id=new.id))
        return new

    def _by_name(
        self,
        table: type[Grade | Comment],
        submitted: SubmittedNotebook,
        cells: Mapping[str, tuple[str, str]],
    ) -> dict[str, Grade | Comment]:
        found = self._db.scalars(select(table).where(table.notebook_id == submitted.id))
        return {cells[row.cell_id][0]: row for row in found if row.cell_id in cells}

    def _penalty(
        self, submission: SubmittedAssignment, submitted: SubmittedNotebook
    ) -> float | None:
        """Return what the course's plugin takes off, bounded as nbgrader bounds it."""
        seconds = submission.total_seconds_late
        if not seconds > 0:
            return None
        self._late.init_plugin()
        penalty = self._late.plugin_inst.late_submission_penalty(
            submission.student_id, submitted.score, seconds
        )
        if penalty is None:
            return None
        bounded: float = self._late._check_late_penalty(submitted, penalty)  # noqa: SLF001
        return bounded


def _entry(rows: Mapping[str, Grade | Comment], name: str, what: str) -> Grade | Comment:
    try:
        return rows[name]
    except KeyError:
        raise MissingEntry(f"the gradebook has no {what} of the cell {name}") from None
