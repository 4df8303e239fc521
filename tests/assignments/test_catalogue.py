"""The catalogue against the checks: each mistake loses points, no right answer in any style does.

Near, in this process, with visible and hidden checks: the same checks as in grading.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import warnings
from pathlib import Path
from typing import Any

import jupytext
import pytest

from autograder.catalogue import Entry, load_catalogue
from autograder.checks import Check
from autograder.checks.runner import run_exercise
from autograder.course import Assignment, Course, load_private, load_public, notebook_stem
from autograder.results import ExerciseResult
from autograder.student import Near

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


def seed_of(seed: int) -> Any:
    def derive(check: Check) -> int:
        text = f"{seed}/{check.exercise}/{check.title}".encode()
        return int.from_bytes(hashlib.sha256(text).digest()[:8], "big")

    return derive


def result(name: str, exercise: str, source: str, seed: int) -> ExerciseResult:
    """Run all checks of one exercise on the solved notebook with one cell replaced."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    problems: list[str] = []
    with contextlib.chdir(SOLUTIONS / name), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # warnings are the student's business and cost nothing
        for cell in (*cells(name), source):
            exec(compile(cell, "<cell test>", "exec"), namespace)
        outcome = run_exercise(
            assignment(name).public.exercise(exercise),
            assignment(name).checks,
            Near(namespace),
            seed_of(seed),
            problems,
        )
    assert problems == []
    return outcome


@pytest.mark.parametrize(("name", "entry"), MUTANTS)
def test_a_mistake_loses_points(name: str, entry: Entry) -> None:
    outcome = result(name, entry.exercise, entry.source, seed=1)
    assert outcome.points < outcome.max_points
    assert outcome.message, "a lost point has its reason"


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
