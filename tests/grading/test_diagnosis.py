"""The whole way: what a submission's record says of the mistakes in it."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from autograder.course import Course
from autograder.gate.solved import solve
from autograder.grading.grade import Grader
from autograder.grading.recognize import Recognizer
from autograder.results import ExerciseResult
from autograder.sample_class import fill
from autograder.session.plain import PlainLauncher
from autograder.session.warm import WarmLauncher

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def launcher():
    started = WarmLauncher(PlainLauncher())
    yield started
    started.close()


def results(name: str, known: list[str], launcher: WarmLauncher, tmp_path: Path, **own: str):
    """Grade the solved notebook with some mistakes of the catalogue, and some `own` cells."""
    course = Course(ROOT)
    assignment, solved = course.load(name), solve(course, name)
    answers = {e.exercise: e.source for e in solved.mutants if e.id in known}
    assert len(answers) == len(known)
    release = nbformat.read(assignment.release, as_version=4)
    path = tmp_path / assignment.release.name
    nbformat.write(fill(release, {**solved.answers, **answers, **own}), path)
    grade = Grader(assignment, "ab" * 16, launcher).grade_file(path)
    assert grade.problems == ()
    return {exercise.name: exercise for exercise in grade.exercises}


def named(found: dict[str, ExerciseResult]) -> dict[str, list[str]]:
    return {n: [d.id for d in e.diagnosis] for n, e in found.items() if e.diagnosis}


def test_a_wrong_callee_is_no_mistake_of_its_callers(launcher, tmp_path):
    found = results("02-backprop", ["sigmoid/exponent_sign"], launcher, tmp_path)
    assert named(found) == {"sigmoid": ["sigmoid/exponent_sign"]}
    assert found["gradients"].points == found["gradients"].max_points


def test_of_two_mistakes_one_inside_the_other_each_is_named(launcher, tmp_path):
    known = ["hidden_delta/transposed", "gradients/summed"]
    found = results("02-backprop", known, launcher, tmp_path)
    assert named(found) == {name.partition("/")[0]: [name] for name in known}
    assert all(d.certain for exercise in found.values() for d in exercise.diagnosis)


def test_a_numerical_derivative_is_named_as_one(launcher, tmp_path):
    found = results("02-backprop", ["output_delta/measured_delta"], launcher, tmp_path)
    assert "output_delta/measured_delta" in named(found)["output_delta"]
    assert named(found).keys() == {"output_delta"}


def test_classes_and_generators_are_recognized_too(launcher, tmp_path):
    known = ["EarlyStopping/best_weights_alias", "dropout_mask/global_generator"]
    found = named(results("05-regularization", known, launcher, tmp_path))
    assert set(known) <= {name for names in found.values() for name in names}
    assert found.keys() == {"EarlyStopping", "dropout_mask"}


def test_a_right_notebook_and_a_stub_are_told_nothing(launcher, tmp_path):
    stub = 'def sigmoid(z):\n    raise NotImplementedError("sigmoid")'
    assert named(results("02-backprop", [], launcher, tmp_path)) == {}
    assert named(results("02-backprop", [], launcher, tmp_path, sigmoid=stub)) == {}


def test_a_fault_of_the_recognition_costs_no_points(launcher, tmp_path, monkeypatch):
    def broken(*_: object) -> None:
        raise ValueError("no catalogue today")

    monkeypatch.setattr(Recognizer, "recognize", broken)
    course = Course(ROOT)
    assignment, solved = course.load("02-backprop"), solve(course, "02-backprop")
    release = nbformat.read(assignment.release, as_version=4)
    path = tmp_path / assignment.release.name
    nbformat.write(fill(release, solved.answers), path)
    grade = Grader(assignment, "ab" * 16, launcher).grade_file(path)
    assert grade.score == grade.max_score
    assert grade.problems[0] == (
        "the mistake in sigmoid could not be named: ValueError: no catalogue today"
    )
