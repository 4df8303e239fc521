"""The catalogue against the checks: each mistake loses points, no right answer in any style does.

Near, in this process, with visible and hidden checks: the same checks as in grading.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jupytext
import pytest

from autograder.catalogue import Entry, load_catalogue
from autograder.checks import Callback, Check
from autograder.checks.policy import Source
from autograder.checks.repeats import Asked
from autograder.checks.runner import run_exercise
from autograder.course import Assignment, Course, load_private, load_public, notebook_stem
from autograder.grading.evidence import Inspection
from autograder.results import ExerciseResult
from autograder.session.far import Bound, Cell
from autograder.session.watch import Spent
from autograder.student import Near, counted
from autograder.values import BoundClass

SOLUTIONS = Path(__file__).parents[2] / "solutions"
NAMES = Course(SOLUTIONS.parent).names


def entries(file: str) -> list[Any]:
    return [
        pytest.param(name, entry, id=f"{name}/{entry.id}")
        for name in NAMES
        for entry in load_catalogue(SOLUTIONS / name / file)
    ]


MUTANTS = entries("mutants.py")
VARIANTS = entries("variants.py")


@functools.cache
def assignment(name: str) -> Assignment:
    return load_private(load_public(SOLUTIONS / name), SOLUTIONS / name)


@functools.cache
def cells(name: str) -> tuple[str, ...]:
    """The cells that a session runs, solved."""
    notebook = jupytext.read(SOLUTIONS / name / f"{notebook_stem(name)}.py")
    return tuple(
        cell.source.replace("from autograder import check", "")
        for cell in notebook.cells
        if cell.cell_type == "code" and not {"check", "figure"} & set(cell.metadata)
    )


@functools.cache
def given(name: str) -> tuple[str, ...]:
    """Functions that no student writes."""
    notebook = jupytext.read(SOLUTIONS / name / f"{notebook_stem(name)}.py")
    cells = [c.source for c in notebook.cells if "exercise" not in c.metadata]
    return tuple(Source(cells).functions())


def seed_of(seed: int) -> Any:
    def derive(check: Check) -> int:
        text = f"{seed}/{check.exercise}/{check.title}".encode()
        return int.from_bytes(hashlib.sha256(text).digest()[:8], "big")

    return derive


def result(name: str, exercise: str, source: str, seed: int) -> ExerciseResult:
    """Run all checks of one exercise on the solved notebook with one cell replaced."""
    problems: list[str] = []
    asked: list[Asked] = []
    solved = [Cell(str(number), cell) for number, cell in enumerate((*cells(name), source))]
    with contextlib.chdir(SOLUTIONS / name), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # warnings are the student's business and cost nothing
        student = NearSession(solved, {})
        outcome = run_exercise(
            assignment(name).public.exercise(exercise),
            assignment(name).checks,
            student,
            seed_of(seed),
            problems,
            asked,
        )
        exercises, heard = assignment(name).exercises, {exercise: asked}
        inspected = Inspection(
            exercises, solved, given(name), student, near_session, heard, {}, {}, str(seed)
        )
        with inspected as inspection:
            [outcome] = inspection.judge([outcome])
    assert problems == []
    return outcome


class NearSession(Near):
    """Cells that ran in this process, with some names answered by functions of ours."""

    def __init__(self, cells: Sequence[Cell], bindings: Mapping[str, Bound]) -> None:
        namespace: dict[str, Any] = {"__name__": "__main__"}
        for cell in cells:
            exec(compile(cell.source, "<cell test>", "exec"), namespace)
        for name, bound in bindings.items():
            assert not isinstance(bound, BoundClass)
            namespace[name] = counted(Callback(bound))
        super().__init__(namespace)

    def close(self) -> None:
        """Nothing is open."""


def near_session(
    _spent: Spent, cells: Sequence[Cell], bindings: Mapping[str, Bound]
) -> NearSession:
    return NearSession(cells, bindings)


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
    for parameters in (*MUTANTS, *VARIANTS):
        name, entry = parameters.values
        if not assignment(name).public.exercise(entry.exercise).formula or entry.id in numerical:
            continue
        outcome = result(name, entry.exercise, entry.source, seed=3)
        words = ("numerical", "measured", "np.gradient")
        assert bool(outcome.evidence) == any(map(entry.source.__contains__, words)), entry.id


@pytest.mark.parametrize(("name", "entry"), VARIANTS)
def test_a_right_answer_in_another_style_loses_none(name: str, entry: Entry) -> None:
    seeds = (1,) if entry.exercise.startswith("lab_") else (1, 2, 3)
    for seed in seeds:
        outcome = result(name, entry.exercise, entry.source, seed)
        lost = [(c.title, c.message) for c in outcome.checks if c.status != "passed"]
        assert lost == []


@pytest.mark.parametrize("name", NAMES)
def test_every_exercise_has_mistakes_and_styles(name: str) -> None:
    exercises = {exercise.name for exercise in assignment(name).exercises}
    for listed in (MUTANTS, VARIANTS):
        assert {p.values[1].exercise for p in listed if p.values[0] == name} == exercises


def test_the_catalogue_is_large_and_complete() -> None:
    assert len(MUTANTS) >= 40
    assert len(VARIANTS) >= 20
    for parameters in MUTANTS:
        entry: Entry = parameters.values[1]
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
EXERCISES = [(name, exercise.name) for name in NAMES for exercise in assignment(name).exercises]


@pytest.mark.parametrize(("name", "exercise"), EXERCISES)
def test_trivial_answers_earn_nothing(name: str, exercise: str) -> None:
    earned = {
        what: outcome.points
        for what, source in TRIVIAL.items()
        if (outcome := result(name, exercise, f"{exercise} = {source}", seed=1)).points
    }
    assert earned == {}
