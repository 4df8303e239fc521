"""A made-up class: submissions and grades of every kind, without running anything."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbgrader.api import Gradebook

from autograder.adapters.nbgrader import plugin
from autograder.adapters.nbgrader.app import course_directory, quiet_sqlalchemy
from autograder.adapters.nbgrader.gradebook import open_gradebook, register
from autograder.adapters.nbgrader.writer import Writer
from autograder.course import Assignment, Course
from autograder.grading.notebook import autograded_text
from autograder.grading.records import RECORDS
from autograder.results import CheckResult, ExerciseResult, Grade

ROOT = Path(__file__).parents[3]
NAME = "02-backprop"
ALL = ("sigmoid", "sigmoid_prime", "output_delta", "hidden_delta", "gradients")
IN_TIME = "2026-01-15 00:00:00 UTC"
LATE = "2026-01-16 12:00:00 UTC"
PIXELS = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABc3UBGAAAAABJRU5ErkJggg=="
)

CONFIG = """
from nbgrader.plugins import LateSubmissionPlugin


class Fair(LateSubmissionPlugin):
    def late_submission_penalty(self, student_id, score, total_seconds_late):
        known = {"late-nothing": None, "late-below": -3.0, "late-more": 1000.0, "late-int": 2}
        if student_id == "late-broken":
            raise ZeroDivisionError("the plugin is broken")
        return known.get(student_id, score * total_seconds_late / 259200)


c.AssignLatePenalties.plugin_class = Fair
"""


@dataclass(frozen=True)
class Case:
    """One submission and what it is to get."""

    solved: tuple[str, ...] = ALL
    answers: bool = True
    stamp: str = ""
    name: str = "backprop.ipynb"
    content: bytes = b""
    outputs: tuple[dict[str, Any], ...] = ()


MANY_LINES = {"output_type": "stream", "name": "stdout", "text": "\n".join(map(str, range(700)))}
PICTURE = {"output_type": "display_data", "data": {"image/png": PIXELS}, "metadata": {}}

CASES = {
    "ada": Case(stamp=IN_TIME),
    "untouched": Case(solved=(), answers=False),
    "half": Case(solved=ALL[:3], stamp=IN_TIME),
    "talks": Case(outputs=(MANY_LINES, PICTURE, MANY_LINES, MANY_LINES)),
    "late": Case(stamp=LATE),
    "late-zero": Case(stamp=LATE, solved=(), answers=False),
    "late-nothing": Case(stamp=LATE),
    "late-below": Case(stamp=LATE),
    "late-more": Case(stamp=LATE),
    "late-int": Case(stamp=LATE),
    "no-time": Case(stamp="the day after tomorrow"),
    "renamed": Case(name="My backprop (2).ipynb"),
    "cut-off": Case(content=b'{"cells": [', solved=()),
    "x [x]": Case(stamp=LATE),
    "O'Hara {0}": Case(),
    "Zo\u00eb": Case(stamp=IN_TIME),
}


def hand_in(course: Course, student: str, case: Case, release: nbformat.NotebookNode) -> Path:
    folder = course.root / "submitted" / student / NAME
    folder.mkdir(parents=True, exist_ok=True)
    notebook = nbformat.from_dict(json.loads(json.dumps(release)))
    for cell in notebook.cells:
        marks = cell.metadata.nbgrader
        if marks.solution and marks.grade and case.answers:
            cell.source = f"Because it is {student}'s."
        elif marks.solution and marks.grade_id in case.solved:
            cell.source = f"def {marks.grade_id}(*a):\n    return 1.0"
    (folder / case.name).write_bytes(case.content or nbformat.writes(notebook).encode())
    if case.stamp:
        (folder / "timestamp.txt").write_text(case.stamp)
    (folder / "more.txt").write_text("not for the gradebook")
    return folder


def announce(course: Course) -> None:
    url = url_of(course)
    register(course, NAME, url)
    with quiet_sqlalchemy(), open_gradebook(url) as gradebook:
        gradebook.update_or_create_assignment(NAME, duedate=IN_TIME)


def url_of(course: Course) -> str:
    return str(course_directory(course).db_url)


def grade_of(assignment: Assignment, case: Case) -> Grade:
    exercises = tuple(
        ExerciseResult(
            exercise.name,
            exercise.points,
            tuple(
                CheckResult(
                    check.title,
                    check.visible,
                    check.points,
                    "passed" if exercise.name in case.solved else "failed",
                    "" if exercise.name in case.solved else "expected 1, got 2",
                )
                for check in assignment.checks
                if check.exercise == exercise.name
            ),
        )
        for exercise in assignment.exercises
    )
    outputs = {"sigmoid": [dict(output) for output in case.outputs]}
    return Grade(NAME, "graded", exercises, outputs=outputs, seed="00", jail=3)


def text_of(course: Course, student: str, grade: Grade) -> str:
    folder = course.root / "submitted" / student / NAME
    restored = plugin.restorer(course, NAME).restored_or_canonical(folder)
    return autograded_text(restored.notebook, grade)


def ours(course: Course, grades: dict[str, Grade]) -> dict[str, float]:
    with Writer(course, NAME) as written:
        return {
            student: written.write(
                course.root / "submitted" / student / NAME, grade, text_of(course, student, grade)
            )
            for student, grade in sorted(grades.items())
        }


def files_of(course: Course) -> dict[str, tuple[int, bytes]]:
    """Return mode and content of everything below autograded/."""
    folder = course.root / "autograded"
    return {
        str(path.relative_to(folder)): (
            path.stat().st_mode,
            path.read_bytes() if path.is_file() else b"",
        )
        for path in folder.rglob("*")
    }


def records_of(course: Course) -> dict[str, str]:
    return {path.name: path.read_text() for path in (course.root / RECORDS / NAME).iterdir()}


@contextmanager
def by_hand(course: Course) -> Iterator[Gradebook]:
    """Open the gradebook as formgrader does, to give something."""
    with quiet_sqlalchemy(), Gradebook(url_of(course)) as gradebook:
        yield gradebook
        gradebook.db.commit()


def give(course: Course) -> None:
    """Give manual scores, extra credit, comments, and an extension."""
    with by_hand(course) as gradebook:
        where = "backprop", NAME
        for student, score in {"ada": 1.5, "late": 0.0, "untouched": 2.0}.items():
            grade = gradebook.find_grade("slow_when_wrong", *where, student)
            grade.manual_score, grade.needs_manual_grade = score, False
            gradebook.find_comment("slow_when_wrong", *where, student).manual_comment = "Nice."
            gradebook.find_comment("sigmoid", *where, student).manual_comment = "Short."
        grade = gradebook.find_grade("check_sigmoid", *where, "late")
        grade.manual_score, grade.needs_manual_grade = 1.0, False
        gradebook.find_grade("check_gradients", *where, "half").extra_credit = 0.5
        gradebook.find_submission_notebook(*where, "half").flagged = True
        gradebook.grant_extension(NAME, "late-more", days=7)


def needing(course: Course) -> set[tuple[str, str]]:
    """Return what formgrader shows as needing manual grading."""
    with by_hand(course) as gradebook:
        return {
            (submission.student.id, grade.name)
            for submission in gradebook.find_assignment(NAME).submissions
            for grade in submission.notebooks[0].grades
            if grade.needs_manual_grade
        }
