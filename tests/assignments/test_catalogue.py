"""The catalogue against the checks: each mistake loses points, no right answer in any style does.

Near, in this process, with visible and hidden checks: the same checks as in grading.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import pytest

from autograder.catalogue import Entry
from autograder.course import Course
from autograder.gate.near import judge
from autograder.gate.solved import LAB, Solved, solve
from autograder.results import ExerciseResult

COURSE = Course(Path(__file__).parents[2])
NAMES = COURSE.names


@functools.cache
def solved(name: str) -> Solved:
    return solve(COURSE, name)


def parameters(kind: str) -> list[Any]:
    return [
        pytest.param(name, entry, id=f"{name}/{entry.id}")
        for name in NAMES
        for entry in getattr(solved(name), kind)
    ]


MUTANTS = parameters("mutants")
VARIANTS = parameters("variants")


def result(name: str, exercise: str, source: str, seed: int) -> ExerciseResult:
    """Run all checks of one exercise on the solved notebook with one cell replaced."""
    verdict = judge(solved(name), exercise, {exercise: source}, f"catalogue {seed}")
    assert verdict.problems == ()
    return verdict.result


@pytest.mark.parametrize(("name", "entry"), MUTANTS)
def test_a_mistake_loses_points(name: str, entry: Entry) -> None:
    outcome = result(name, entry.exercise, entry.source, seed=1)
    assert outcome.points < outcome.max_points
    assert outcome.message, "a lost point has its reason"


NUMERICAL = {
    "02-backprop/sigmoid_prime": (
        *("central_difference", "forward_difference", "finer_step", "five_points"),
        *("slope_by_a_helper", "slope_by_a_lambda", "richardson", "by_numerical_gradient"),
        *("in_extended_precision", "complex_step"),
    ),
    "02-backprop/output_delta": (
        *("measured_delta", "complex_step_of_the_cost", "delta_by_numerical_gradient"),
    ),
    "02-backprop/hidden_delta": ("measured_hidden_slope", "complex_hidden_slope"),
    "02-backprop/gradients": (
        *("measured_gradients", "gradients_by_numerical_gradient", "gradients_by_complex_steps"),
    ),
    "04-loss-and-init/softmax_cross_entropy_gradient": ("difference_quotient", "complex_step"),
}


def test_a_numerical_derivative_earns_nothing_where_the_formula_is_asked_for() -> None:
    wanted = {f"{exercise}/{entry}" for exercise, names in NUMERICAL.items() for entry in names}
    found = {p.id: p.values for p in MUTANTS if p.id in wanted}
    assert found.keys() == wanted
    for name, entry in found.values():
        outcome = result(name, entry.exercise, entry.source, seed=2)
        assert outcome.points == 0, entry.id
        assert outcome.evidence, entry.id
        assert "derivative" in outcome.message or "difference quotient" in outcome.message, entry.id


def test_evidence_is_found_in_numerical_derivatives_only() -> None:
    numerical = {f"{e.rpartition('/')[2]}/{n}" for e, names in NUMERICAL.items() for n in names}
    for listed in (*MUTANTS, *VARIANTS):
        name, entry = listed.values
        if (
            not solved(name).assignment.public.exercise(entry.exercise).formula
            or entry.id in numerical
        ):
            continue
        outcome = result(name, entry.exercise, entry.source, seed=3)
        words = ("numerical", "measured", "np.gradient")
        assert bool(outcome.evidence) == any(map(entry.source.__contains__, words)), entry.id


@pytest.mark.parametrize(("name", "entry"), VARIANTS)
def test_a_right_answer_in_another_style_loses_none(name: str, entry: Entry) -> None:
    seeds = (1,) if entry.exercise.startswith(LAB) else (1, 2, 3)
    for seed in seeds:
        outcome = result(name, entry.exercise, entry.source, seed)
        lost = [(c.title, c.message) for c in outcome.checks if c.status != "passed"]
        assert lost == []


@pytest.mark.parametrize("name", NAMES)
def test_every_exercise_has_mistakes_and_styles(name: str) -> None:
    exercises = {exercise.name for exercise in solved(name).assignment.exercises}
    for listed in (MUTANTS, VARIANTS):
        assert {p.values[1].exercise for p in listed if p.values[0] == name} == exercises


def test_the_catalogue_is_large_and_complete() -> None:
    assert len(MUTANTS) >= 40
    assert len(VARIANTS) >= 20
    for listed in MUTANTS:
        entry: Entry = listed.values[1]
        assert entry.hint, f"{entry.id} has a hint"
        assert entry.title, f"{entry.id} has a title"


TRIVIAL = {
    "first argument": "lambda *a, **k: a[0]",
    "last argument": "lambda *a, **k: a[-1]",
    "zeros": "lambda *a, **k: np.zeros_like(a[0], dtype=float)",
    "ones": "lambda *a, **k: np.ones_like(a[0], dtype=float)",
    "one half": "lambda *a, **k: np.full(np.shape(a[0]), 0.5)",
    "zero": "lambda *a, **k: 0.0",
    "one": "lambda *a, **k: 1.0",
    "true": "lambda *a, **k: True",
    "nothing": "lambda *a, **k: None",
    "negative": "lambda *a, **k: -np.asarray(a[0])",
    "copies": "lambda *a, **k: [np.array(x) for x in a[0]]",
    "the parameters": "lambda *a, **k: (a[0], a[1])",
    "zero parameters": (
        "lambda *a, **k: ([np.zeros_like(x) for x in a[0]], [np.zeros_like(x) for x in a[1]])"
    ),
}
EXERCISES = [
    (name, exercise.name) for name in NAMES for exercise in solved(name).assignment.exercises
]


@pytest.mark.parametrize(("name", "exercise"), EXERCISES)
def test_trivial_answers_earn_nothing(name: str, exercise: str) -> None:
    earned = {
        what: outcome.points
        for what, source in TRIVIAL.items()
        if (outcome := result(name, exercise, f"{exercise} = {source}", seed=1)).points
    }
    assert earned == {}
