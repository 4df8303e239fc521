"""Numerical derivatives in place of the formula, and answers that change when asked again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from autograder.course import Course
from autograder.grading.grade import Grader
from autograder.limits import Limits
from autograder.results import NO_POINTS, ExerciseResult
from autograder.session.launcher import Launcher
from tests.grading.conftest import SEED

Answers = Callable[[str], dict[str, str]]
Graders = Callable[[str], Grader]
Submission = Callable[[str, Mapping[str, str]], Path]

NAME = "02-backprop"
TEXTBOOK = "def sigmoid(z):\n    return 1 / (1 + np.exp(-np.clip(np.asarray(z), -500, 500)))"

HIDDEN_DIFFERENCE = """
import operator as o
def sigmoid_prime(z):
    words = ["sigmoid", "z", "h"]
    def at(w):
        return eval(words[0] + "(w)", {words[0]: sigmoid, "w": w})
    h = float("1e-3")
    s = [at(o.add(np.float64(1) * z, k * h)) for k in (2, 1, -1, -2)]
    return o.truediv(o.mul(8, s[1]) - s[0] - o.mul(8, s[2]) + s[3], o.mul(12, h))
"""

HIDDEN_COMPLEX_STEP = """
def sigmoid_prime(z):
    return np.asarray(eval("getattr(sigmoid(np.asarray(z) + 1e-30j), 'im' + 'ag')")) / 1e-30
"""


@pytest.fixture
def graded(
    answers: Answers, grader: Graders, submission: Submission
) -> Callable[[Mapping[str, str]], dict[str, ExerciseResult]]:
    """Grade the solved notebook with some cells replaced."""

    def grade(cells: Mapping[str, str]) -> dict[str, ExerciseResult]:
        outcome = grader(NAME).grade_file(submission(NAME, {**answers(NAME), **cells}))
        assert outcome.problems == ()
        return {exercise.name: exercise for exercise in outcome.exercises}

    return grade


Graded = Callable[[Mapping[str, str]], dict[str, ExerciseResult]]


def lost(found: Mapping[str, ExerciseResult]) -> dict[str, float]:
    return {name: e.points for name, e in found.items() if e.points < e.max_points}


def test_the_solution_has_no_evidence_against_it(graded: Graded) -> None:
    found = graded({})
    assert lost(found) == {}
    assert [e.evidence for e in found.values()] == [()] * len(found)


def test_a_complex_step_is_found_in_the_source(graded: Graded) -> None:
    source = (
        "def sigmoid_prime(z):\n"
        "    h = 1e-30\n"
        "    return (sigmoid(np.asarray(z) + 1j * h)).imag / h"
    )
    found = graded({"sigmoid": TEXTBOOK, "sigmoid_prime": source})
    assert lost(found) == {"sigmoid_prime": 0}, "who calls it has computed by the formula"
    line = (
        "Line 3 of its cell holds the imaginary part of a complex step: "
        "`return (sigmoid(np.asarray(z) + 1j * h)).imag / h`."
    )
    result = found["sigmoid_prime"]
    assert result.message == (
        "sigmoid_prime: expected the formula of the derivative, got a numerical derivative. "
        f"{line} Your answer is made of it. Hint: a numerical derivative is the test of this "
        "exercise, not its answer. Do the differentiation on paper, with the chain rule."
    )
    assert {check.message for check in result.checks} == {result.message}
    assert result.evidence == (line, "It calls sigmoid with complex numbers.", NO_POINTS)


def test_a_difference_in_extended_precision_is_found_by_the_calls(graded: Graded) -> None:
    """Whatever its source looks like, it makes errors in sigmoid much larger."""
    wide = "def sigmoid(z):\n    return 1 / (1 + np.exp(-np.asarray(z, dtype=np.longdouble)))"
    found = graded({"sigmoid": wide, "sigmoid_prime": HIDDEN_DIFFERENCE})
    assert found["sigmoid_prime"].points == 0
    assert lost(found) == {"sigmoid_prime": 0}
    said = found["sigmoid_prime"].message
    assert "sigmoid_prime: expected the formula of the derivative, got a numerical" in said
    assert "It calls sigmoid at points that lie 0.001 apart." in said
    assert "It makes errors in the functions that it calls" in said


def test_a_complex_step_that_the_source_hides_is_found_by_the_calls(graded: Graded) -> None:
    found = graded({"sigmoid": TEXTBOOK, "sigmoid_prime": HIDDEN_COMPLEX_STEP})
    assert lost(found) == {"sigmoid_prime": 0}
    assert found["sigmoid_prime"].evidence == (
        "It calls sigmoid with complex numbers.",
        NO_POINTS,
    )


def test_a_formula_that_is_tested_by_a_difference_loses_nothing(graded: Graded) -> None:
    source = (
        "def sigmoid_prime(z):\n"
        "    z, h = np.asarray(z, dtype=float), 1e-5\n"
        "    slope = sigmoid(z) * (1 - sigmoid(z))\n"
        "    assert np.allclose(slope, (sigmoid(z + h) - sigmoid(z - h)) / (2 * h), atol=1e-6)\n"
        "    return slope"
    )
    found = graded({"sigmoid_prime": source})
    assert lost(found) == {}
    line, *more = found["sigmoid_prime"].evidence
    assert more == ["It calls sigmoid at points that lie 1e-05 apart."]
    assert line.startswith("Line 4 of its cell holds a difference quotient: `assert np.allclose")


def test_the_net_measured_by_a_given_function(graded: Graded) -> None:
    """The slopes of each layer by complex steps in a helper of another exercise's cell."""
    helper = """
def sigmoid(z):
    z = np.asarray(z)
    return 1 / (1 + np.exp(-np.clip(z.real, -500, 500) - 1j * z.imag * (z.dtype.kind == 'c')))
def sigmoid(z, inner=sigmoid):
    a = inner(z)
    return a if np.iscomplexobj(z) else a.real
def slope(f, x):
    return np.imag(f(np.asarray(x) + 1e-25j)) / 1e-25
"""
    source = "def sigmoid_prime(z):\n    return slope(sigmoid, z)"
    found = graded({"sigmoid": helper, "sigmoid_prime": source})
    assert lost(found) == {"sigmoid_prime": 0}
    assert "Line 9 of the cell sigmoid holds the imaginary part of a complex step" in (
        found["sigmoid_prime"].message
    )


PLAIN_STEP = """
def sigmoid_prime(z):
    h = 1e-30
    return (1 / (1 + np.exp(-np.clip(np.asarray(z), -500, 500) - 1j * h))).imag / h
"""


def test_a_formula_that_tests_itself_sharply_loses_nothing(graded: Graded) -> None:
    """Its test raises in the notebook that was changed by 25 %, not in the one changed by 1e-7."""
    source = (
        "def sigmoid_prime(z):\n"
        "    slope = sigmoid(z) * (1 - sigmoid(z))\n"
        "    step = 1 / (1 + np.exp(-np.clip(np.asarray(z), -500, 500) - 1e-30j))\n"
        "    assert np.allclose(slope, step.imag / 1e-30, rtol=1e-5)\n"
        "    return slope"
    )
    found = graded({"sigmoid_prime": source})
    assert lost(found) == {}
    [line] = found["sigmoid_prime"].evidence
    assert line.startswith("Line 4 of its cell holds the imaginary part of a complex step")


def test_a_formula_whose_test_forgives_nothing_loses_nothing(graded: Graded) -> None:
    source = (
        "def sigmoid_prime(z):\n"
        "    s = 1 / (1 + np.exp(-np.clip(np.asarray(z), -500, 500) - 1e-30j))\n"
        "    slope = s.imag / 1e-30\n"
        "    assert np.all(np.abs(slope - s.imag / 1e-30) == 0)\n"
        "    return np.abs(s) ** 2 * np.exp(-np.clip(np.asarray(z), -500, 500))"
    )
    found = graded({"sigmoid_prime": source})
    assert lost(found) == {}
    assert found["sigmoid_prime"].evidence[-1] == (
        "Changed there, the notebook gives no answer to compare."
    )


def test_a_cell_that_cannot_be_looked_at_is_told(graded: Graded) -> None:
    tower = "z" + " + z" * 60_000
    found = graded({"sigmoid_prime": f"{PLAIN_STEP}\ndef unused(z):\n    return {tower}\n"})
    assert found["sigmoid_prime"].evidence == (
        "The cell sigmoid_prime could not be looked at in full.",
    )


def test_a_cell_with_magics_is_looked_at(graded: Graded) -> None:
    found = graded({"sigmoid_prime": f"%%time\n%matplotlib inline\n!ls\n{PLAIN_STEP}"})
    assert lost(found) == {"sigmoid_prime": 0}
    assert found["sigmoid_prime"].evidence[0].startswith("Line 7 of its cell holds the imaginary")


def test_slow_cells_are_no_way_around_the_inspection_that_nobody_hears_of(
    real_course: Course, launcher: Launcher, answers: Answers, submission: Submission
) -> None:
    slow = "import time\nwhile time.process_time() < 4:\n    pass\n"
    cells = {**answers(NAME), "sigmoid_prime": slow + PLAIN_STEP}
    few = Grader(real_course.load(NAME), SEED, launcher, Limits(notebook_cpu=15))
    found = {e.name: e for e in few.grade_file(submission(NAME, cells)).exercises}
    assert found["sigmoid_prime"].evidence[-1] == ("Not inspected to the end: the time ran out.")


AGAIN = "gives another answer when it is asked again with the same arguments"

UNFAITHFUL = {
    "right at first, garbage later": (
        "def sigmoid(z, seen=set()):\n"
        "    key = np.asarray(z).tobytes()\n"
        "    wrong = key in seen\n"
        "    seen.add(key)\n"
        "    return right(z) + 0.1 * wrong"
    ),
    "in turns": (
        "def sigmoid(z, calls=[0]):\n"
        "    calls[0] += 1\n"
        "    return right(z) + 0.1 * (calls[0] > 14 and calls[0] % 2)"
    ),
    "as long as the checks run": (
        "def sigmoid(z, calls=[0]):\n"
        "    calls[0] += 1\n"
        "    return right(z) if calls[0] <= 13 else np.zeros(np.shape(z))"
    ),
    "while the arguments come in order": (
        "def sigmoid(z, kinds=[]):\n"
        "    kinds.append(np.ndim(z))\n"
        "    known = [1, 2, 1, 0, 0, 0, 1, 2, 2, 2, 2, 3, 1, 2]\n"
        "    return right(z) if kinds == known[: len(kinds)] else np.zeros(np.shape(z))"
    ),
    "as long as nothing fails": (
        "def sigmoid(z, calls=[0]):\n"
        "    calls[0] += 1\n"
        "    if calls[0] > 16:\n"
        "        raise RuntimeError('tired')\n"
        "    return right(z)"
    ),
}


@pytest.mark.parametrize("how", UNFAITHFUL)
def test_an_answer_that_changes_costs_the_exercise(
    how: str, graded: Graded, answers: Answers
) -> None:
    right = answers(NAME)["sigmoid"].replace("def sigmoid", "def right")
    found = graded({"sigmoid": f"{right}\n{UNFAITHFUL[how]}"})
    assert found["sigmoid"].points == 0
    assert AGAIN in found["sigmoid"].message, how
    assert list(lost(found)) == ["sigmoid"], "who calls it is tried again with the reference's"


def test_caches_and_counters_change_nothing(graded: Graded, answers: Answers) -> None:
    right = answers(NAME)["sigmoid"].replace("def sigmoid", "def right")
    source = f"""
import functools
{right}
CALLS = 0
BUFFER = np.zeros(10**5)
def sigmoid(z, known={{}}):
    global CALLS
    CALLS += 1
    key = (np.asarray(z, dtype=float).tobytes(), np.shape(z))
    if key not in known:
        known[key] = right(z)
    out = BUFFER[: np.size(z)].reshape(np.shape(z))
    out[...] = known[key] + 1e-13 * np.random.rand()
    return out
"""
    found = graded({"sigmoid": source})
    assert lost({"sigmoid": found["sigmoid"]}) == {}
