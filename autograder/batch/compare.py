"""Whose grades would change: grades under the present checks against the records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from autograder.batch.step import Step
from autograder.course import Course
from autograder.grading.records import read_record, written_of


@dataclass(frozen=True)
class Change:
    """A submission whose grade would be another one.

    Parameters
    ----------
    student
        Who.
    before
        Points as they stand now; None if nothing stands yet.
    after
        Points under the present checks.
    exercises
        (name, points before, points after) of those that changed.
    message
        What the first changed check says now.
    handed_in_again
        The submission is another one than that which was graded: not the checks alone changed.
    """

    student: str
    before: float | None
    after: float
    exercises: tuple[tuple[str, float, float], ...] = ()
    message: str = ""
    handed_in_again: bool = False


def changes(course: Course, steps: Iterable[Step]) -> Iterator[Change]:
    """Yield the submissions whose points, as a whole or in a check, are not those on record."""
    for step in steps:
        grade = step.outcome.grade
        record = read_record(course, step.student, grade.assignment)
        if record is None:
            yield Change(step.student, None, grade.score)
            continue
        before = _scores(record)
        exercises, message = [], ""
        for exercise in grade.exercises:
            old = before.get(exercise.name, {})
            for check in exercise.checks:
                if not message and old.get(check.title) != check.points:
                    message = check.message or f"passed: {check.title}"
            points = round(sum(old.values()), 6)
            if points != exercise.points:
                exercises.append((exercise.name, points, exercise.points))
        score = record.get("score")
        known = float(score) if isinstance(score, int | float) else 0.0
        if exercises or known != grade.score:
            content = written_of(record).content
            again = bool(content) and content != step.content
            yield Change(step.student, known, grade.score, tuple(exercises), message, again)


def _scores(record: dict[str, object]) -> dict[str, dict[str, float]]:
    """Return the points on record, by exercise and title of the check."""
    found: dict[str, dict[str, float]] = {}
    exercises = record.get("checks")
    for exercise in exercises if isinstance(exercises, list) else []:
        details = exercise.get("details", [])
        found[str(exercise.get("name"))] = {
            str(check.get("title")): float(check.get("points", 0.0)) for check in details
        }
    return found
