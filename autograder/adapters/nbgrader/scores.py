"""Read the points of exercises from a gradebook, whoever wrote it."""

from __future__ import annotations

from pathlib import Path

from nbgrader.api import MissingEntry

from autograder.adapters.nbgrader.app import quiet_sqlalchemy
from autograder.adapters.nbgrader.gradebook import open_gradebook
from autograder.course import CHECK_PREFIX


def read_scores(root: Path, assignment: str) -> dict[str, dict[str, float]]:
    """Return the automatic points, by student and exercise, of the course in `root`.

    Parameters
    ----------
    root
        Folder of ``gradebook.db``.
    assignment
        Name of the assignment.
    """
    found: dict[str, dict[str, float]] = {}
    with quiet_sqlalchemy(), open_gradebook(f"sqlite:///{root / 'gradebook.db'}") as gradebook:
        try:
            submissions = gradebook.find_assignment(assignment).submissions
        except MissingEntry:
            return found
        for submission in submissions:
            for notebook in submission.notebooks:
                found[submission.student.id] = {
                    grade.name.removeprefix(CHECK_PREFIX): float(grade.auto_score)
                    for grade in notebook.grades
                    if grade.name.startswith(CHECK_PREFIX) and grade.auto_score is not None
                }
    return found
