"""Each mistake alone in a notebook that is otherwise right, graded like any submission.

Graded are the exercise and those that it uses; the whole notebook runs. A lab trains for seconds,
so it has one attempt here, and is not judged near, too: tests/assignments does, with all attempts.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from autograder.catalogue import Entry
from autograder.course import Course
from autograder.errors import CourseError
from autograder.gate.far import Far, shared_notebooks, without_labs
from autograder.gate.near import judge
from autograder.gate.solved import LAB, solve
from autograder.session.plain import PlainLauncher

COURSE = Course(Path(__file__).parents[2])
SOLVED = {name: solve(COURSE, name) for name in COURSE.names}
MUTANTS = [
    pytest.param(name, entry, id=f"{name}/{entry.id}")
    for name, solved in SOLVED.items()
    for entry in solved.mutants
]
ALONE = ("sigmoid_prime/compared_on_the_way",)
"""Right by itself; its own assertion is stricter than single precision in another answer."""

NOTEBOOKS = [
    pytest.param(name, number, entries, id=f"{name}/{number}")
    for name, solved in SOLVED.items()
    for number, entries in enumerate(shared_notebooks(solved, ALONE))
]


@pytest.mark.parametrize(("name", "entry"), MUTANTS)
def test_a_mistake_loses_points_and_near_says_the_same(
    far: Callable[[str], Far], name: str, entry: Entry
) -> None:
    exercise, answers = entry.exercise, {entry.exercise: entry.source}
    is_lab = exercise.startswith(LAB)
    graded = far(name).grade(answers, only=[exercise], attempts=1 if is_lab else 0)
    result = graded.result(exercise)
    assert graded.grade.problems == ()
    assert result.points < result.max_points
    others = [e for e in graded.grade.exercises if e.name != exercise]
    assert [e.name for e in others if e.points < e.max_points] == []
    if is_lab:
        return
    near = judge(SOLVED[name], exercise, answers, graded.seed).result
    assert [(c.title, c.status) for c in near.checks] == [
        (c.title, c.status) for c in result.checks
    ]


@pytest.mark.parametrize(("name", "number", "entries"), NOTEBOOKS)
def test_right_answers_share_a_notebook_and_lose_nothing(
    far: Callable[[str], Far], name: str, number: int, entries: tuple[Entry, ...]
) -> None:
    labs = [entry.exercise for entry in entries if entry.exercise.startswith(LAB)]
    answers = {entry.exercise: entry.source for entry in entries}
    graded = far(name).grade(answers, only=[*without_labs(SOLVED[name]), *labs])
    assert graded.grade.problems == ()
    lost = [
        (exercise.name, check.title, check.message)
        for exercise in graded.grade.exercises
        for check in exercise.checks
        if check.status != "passed"
    ]
    assert lost == []
    assert {e.name for e in graded.grade.exercises} >= {entry.exercise for entry in entries}


@pytest.mark.parametrize("name", COURSE.names)
def test_every_right_answer_is_in_one_of_the_notebooks(name: str) -> None:
    solved = SOLVED[name]
    shared = [entry.id for entries in shared_notebooks(solved, ALONE) for entry in entries]
    right = [entry.id for e in solved.assignment.exercises for entry in solved.right(e.name)]
    assert sorted(shared) == sorted(right)
    assert len(set(shared)) == len(shared)


def test_a_release_that_is_older_than_its_master_is_not_graded(toy: Course) -> None:
    released = toy.assignments / "01-toy"
    released.mkdir()
    checks = (toy.solutions / "01-toy" / "checks.py").read_text()
    (released / "checks.py").write_text(checks.replace("of 1 is 2", "of 1 is two"))
    with pytest.raises(CourseError, match=r"not that of the master\. Run: autograder release"):
        Far(toy, solve(toy, "01-toy"), PlainLauncher()).grade({})


def test_only_what_is_asked_for_and_what_it_uses_is_graded(far: Callable[[str], Far]) -> None:
    graded = far("05-regularization").grade({}, only=["dropout_forward"])
    assert [e.name for e in graded.grade.exercises] == ["dropout_mask", "dropout_forward"]
    assert graded.grade.score == graded.grade.max_score
