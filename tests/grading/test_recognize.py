"""Known mistakes are recognized, each by its own id; right answers are not accused."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from autograder.catalogue import Entry
from autograder.checks.repeats import COMPLAINT
from autograder.gate.solved import LAB
from autograder.grading.seeds import check_seed
from autograder.results import NO_POINTS, Diagnosis, ExerciseResult
from tests.grading.answering import COURSE, answered_under, recognizer, solved

SEED = "5" * 32
EXERCISES = [
    (name, exercise.name)
    for name in COURSE.names
    for exercise in COURSE.load(name).exercises
    if not exercise.name.startswith(LAB)
]
SURE = 0.9
"""How often the first one named is to be the right one."""


answered = partial(answered_under, SEED)


def diagnosed(name: str, exercise: str, source: str) -> tuple[Diagnosis, ...]:
    result, transcript = answered(name, exercise, source)
    if result.status == "passed":
        # Only a numerical derivative passes every check; the look at the source takes its points.
        lost = tuple(replace(check, status="failed", message="no") for check in result.checks)
        result = replace(result, checks=lost, evidence=(NO_POINTS,))
    return recognizer(name).recognize(result, transcript, partial(check_seed, SEED))


@pytest.mark.parametrize(("name", "exercise"), EXERCISES)
def test_every_known_mistake_is_named_and_nearly_always_first(name: str, exercise: str) -> None:
    entries = solved(name).mistakes(exercise)
    named = {entry.id: [d.id for d in diagnosed(name, exercise, entry.source)] for entry in entries}
    assert [own for own, ids in named.items() if own not in ids] == []
    original = {entry.id: entry.alias_of or entry.name for entry in entries}
    first = [original[own] == original[ids[0]] for own, ids in named.items()]
    assert sum(first) >= SURE * len(first)


@pytest.mark.parametrize(("name", "exercise"), EXERCISES)
def test_right_answers_in_other_styles_are_not_accused(name: str, exercise: str) -> None:
    for entry in solved(name).right(exercise):
        result, transcript = answered(name, exercise, entry.source)
        found = recognizer(name).recognize(result, transcript, partial(check_seed, SEED))
        assert (result.status, found) == ("passed", ()), entry.id


GROWS = """
def sigmoid(z):
    grow = np.exp(np.asarray(z, dtype=np.float64))
    return np.divide(1.0, np.add(1.0, grow))
"""
IN_SINGLE_PRECISION = """
def output_delta(a, t, z):
    s = sigmoid(np.float32(z))
    return -np.subtract(a, t) * s * (1 - s)
"""


@pytest.mark.parametrize(
    ("exercise", "source", "known"),
    [
        ("sigmoid", GROWS, "exponent_sign"),
        ("output_delta", IN_SINGLE_PRECISION, "target_minus_output"),
    ],
)
def test_a_mistake_is_recognized_in_any_style_and_precision(
    exercise: str, source: str, known: str
) -> None:
    (found,) = diagnosed("02-backprop", exercise, source)
    assert (found.id, found.certain) == (f"{exercise}/{known}", True)
    assert found.hint
    assert found.title


def test_two_mistakes_are_told_by_the_checks_that_each_explains() -> None:
    """One for numbers, another one for integers: neither explains all."""
    source = (
        "def sigmoid(z):\n"
        "    if np.ndim(z) == 1:\n"
        "        return 1.0 / (1.0 + np.exp(z))\n"
        "    return np.full(np.shape(z), 0.25)"
    )
    found = diagnosed("02-backprop", "sigmoid", source)
    assert [d.id for d in found] == ["sigmoid/exponent_sign"]
    assert not found[0].certain


def test_an_unknown_mistake_is_not_made_a_known_one() -> None:
    source = "def sigmoid(z):\n    return 0.5 + 0.1 * np.asarray(z, dtype=float)"
    assert diagnosed("02-backprop", "sigmoid", source) == ()


def test_a_changing_answer_is_told_from_one_that_is_right_at_first() -> None:
    result, _ = answered("02-backprop", "sigmoid", REMEMBERS)
    assert result.message == COMPLAINT.format(name="sigmoid")
    assert diagnosed("02-backprop", "sigmoid", REMEMBERS) == ()


REMEMBERS = """
seen = set()
def sigmoid(z):
    z = np.asarray(z)
    again = z.tobytes() in seen and z.size > 3
    seen.add(z.tobytes())
    return 0.5 * (1.0 + np.tanh(0.5 * z)) + again
"""


def test_time_is_bounded() -> None:
    entry = solved("02-backprop").mistakes("gradients")[0]
    result, transcript = answered("02-backprop", "gradients", entry.source)
    late = time.process_time() - 1.0
    found = recognizer("02-backprop").recognize(
        result, transcript, partial(check_seed, SEED), until=late
    )
    assert found == ()


SEVERAL = "Your answers look like more than one known mistake. Which is yours?"


def found(number: int, **more: Any) -> Diagnosis:
    return Diagnosis(f"f/{number}", f"Mistake {number}.", f"Question {number}?", **more)


@pytest.mark.parametrize(
    ("diagnosis", "advice"),
    [
        ((), ""),
        ((found(1),), "A question to start from: Question 1?"),
        ((found(1), found(1)), "A question to start from: Question 1?"),
        ((found(1), found(2)), f"{SEVERAL} Question 1? Or: Question 2?"),
        ((found(1), found(2), found(3)), ""),
        (
            (found(1, convention=True),),
            "This looks like another convention than the course's. Question 1?",
        ),
        ((found(1), found(2, certain=False)), "A question to start from: Question 1?"),
    ],
)
def test_the_student_reads_a_question_or_two(diagnosis: Any, advice: str) -> None:
    assert ExerciseResult("f", 1.0, (), diagnosis=diagnosis).advice == advice


def test_the_catalogue_names_each_mistake_for_people() -> None:
    entry: Entry = solved("02-backprop").mistakes("sigmoid")[0]
    (named,) = diagnosed("02-backprop", "sigmoid", entry.source)
    assert named == Diagnosis(entry.id, entry.title, entry.hint, entry.note)
