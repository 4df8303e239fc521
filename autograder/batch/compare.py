"""Whose grades would change: grades under the present checks against the records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from autograder.batch.step import Standing, Step
from autograder.course import Course
from autograder.grading.records import read_record, written_of

ROUNDING = 1e-6


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


def changes(
    course: Course, steps: Iterable[Step], standing: Standing | None = None
) -> Iterator[Change]:
    """Yield the submissions whose points, as a whole or in a check, are not those that stand.

    Parameters
    ----------
    course, steps
        What was graded, and where the records are.
    standing
        What the gradebook holds, which counts where a record says otherwise: that may be of a
        grade that could not be written. None if there is no gradebook.
    """
    for step in steps:
        grade = step.outcome.grade
        record = read_record(course, step.student, grade.assignment)
        stands = (standing or {}).get(step.student)
        if record is None or (standing is not None and stands is None and record.get("score")):
            yield Change(step.student, None, grade.score)
            continue
        before = _scores(record)
        exercises, message, differ = [], "", False
        for exercise in grade.exercises:
            old = before.get(exercise.name, {})
            points = round(sum(old.values()), 6)
            held = (stands or {}).get(exercise.name)
            if held is not None and abs(held - points) > ROUNDING:
                old, points = {}, held
                differ = True
            for check in exercise.checks:
                if not message and old.get(check.title) != check.points:
                    message = check.message or f"passed: {check.title}"
            if abs(points - exercise.points) > ROUNDING:
                exercises.append((exercise.name, points, exercise.points))
        score = record.get("score")
        known = float(score) if isinstance(score, int | float) else 0.0
        if differ and stands is not None:
            known = round(sum(stands.get(e.name) or 0.0 for e in grade.exercises), 6)
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
