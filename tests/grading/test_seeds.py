"""Every submission gets inputs of its own, and the same ones each time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from autograder.grading.grade import Grader
from autograder.grading.seeds import submission_seed
from autograder.results import Grade
from autograder.session.far import Cell

Graders = Callable[[str], Grader]
Submission = Callable[[str, Mapping[str, str]], Path]

NAME = "02-backprop"
TELLING = """
def sigmoid(z):
    raise ValueError(f"{float(np.sum(np.abs(z)) % 1):.12g} {np.shape(z)}")
"""


def told(grade: Grade) -> dict[str, str]:
    """What a submission tells about the inputs of each check."""
    (result,) = (e for e in grade.exercises if e.name == "sigmoid")
    return {check.title: check.message for check in result.checks}


def test_two_submissions_see_different_inputs_and_one_the_same_twice(
    submission: Submission, grader: Graders
) -> None:
    graded = grader(NAME)
    path = submission(NAME, {"sigmoid": TELLING})
    first, again = graded.grade_file(path), graded.grade_file(path)
    other = graded.grade_file(submission(NAME, {"sigmoid": f"{TELLING}# an edit"}))

    assert told(first) == told(again)
    fixed = {title for title, message in told(first).items() if message == told(other)[title]}
    assert len(fixed) < len(told(first))
    drawn = {check.title for check in graded.assignment.hidden if check.exercise == "sigmoid"}
    assert drawn - fixed, "no hidden check draws its inputs"


def test_the_recorded_seed_makes_the_grade_again(submission: Submission, grader: Graders) -> None:
    graded = grader(NAME)
    path = submission(NAME, {"sigmoid": TELLING})
    grade = graded.grade_file(path)
    again = Grader(graded.assignment, grade.seed, graded.launcher).grade_file(path)
    assert told(again) == told(grade)
    other = Grader(graded.assignment, "f" * 32, graded.launcher).grade_file(path)
    assert told(other) != told(grade)


def test_a_rejected_submission_records_the_seed_of_the_run(grader: Graders) -> None:
    assert grader(NAME).reject("no reason").seed == grader(NAME).seed


def test_the_seed_of_a_submission_follows_from_its_code_and_the_runs_seed() -> None:
    cells = [Cell("a", "x = 1"), Cell("b", "y = 2")]
    seed = submission_seed("0" * 32, cells)
    assert seed == submission_seed("0" * 32, list(cells))
    assert len(seed) == 32
    others = [
        submission_seed("1" * 32, cells),
        submission_seed("0" * 32, cells[::-1]),
        submission_seed("0" * 32, cells[:1]),
        submission_seed("0" * 32, [Cell("a", "x = 1 "), cells[1]]),
        submission_seed("0" * 32, [Cell("ax", " = 1"), cells[1]]),
        submission_seed("0" * 32, [Cell("a", "\ud800"), cells[1]]),
    ]
    assert len({seed, *others}) == 7
