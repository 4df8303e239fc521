"""The kill matrix: what it counts and what it concludes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from autograder.checks import expect
from autograder.course import Course
from autograder.errors import CourseError
from autograder.gate.explanation import explain, tolerances
from autograder.gate.matrix import Column, KillMatrix, kill_matrix
from autograder.gate.near import NearSession, judge
from autograder.gate.picture import digest, draw, drawn_from
from autograder.gate.solved import Solved, find_exercise, solve
from autograder.session.far import Cell
from autograder.values import BoundClass
from tests.gate.conftest import make_toy

COLUMNS = (
    Column("seen", visible=True, points=1.0),
    Column("kept", visible=False, points=1.0),
    Column("asked again", visible=True, is_check=False),
    Column("not a formula", visible=False, is_check=False),
)


@pytest.fixture
def matrix() -> KillMatrix:
    kills = {
        "by_both": (3, 3, 0, 0),
        "by_hidden": (0, 3, 0, 0),
        "at_times": (2, 3, 0, 0),
        "survives": (0, 1, 0, 0),
        "remembers": (0, 0, 3, 0),
        "numerical": (0, 0, 0, 3),
    }
    lost = {name: max(row) for name, row in kills.items()}
    return KillMatrix("f", COLUMNS, {name: f"{name}." for name in kills}, kills, lost, 3)


def test_killed_is_what_loses_points_under_every_seed(matrix: KillMatrix) -> None:
    assert set(matrix.kills) - set(matrix.killed) == {"survives"}
    assert matrix.rate == 5 / 6


def test_what_one_column_notices_alone(matrix: KillMatrix) -> None:
    assert matrix.alone == {"by_hidden": 1, "survives": 1, "remembers": 2, "numerical": 3}
    assert [column.title for column in matrix.idle] == ["seen"]
    assert matrix.by(1) == ("by_both", "by_hidden", "at_times")


def test_who_notices_it_first(matrix: KillMatrix) -> None:
    assert {name: matrix.seen_by(name) for name in matrix.kills} == {
        "by_both": "visible",
        "by_hidden": "hidden",
        "at_times": "hidden",
        "survives": "",
        "remembers": "visible",
        "numerical": "policy",
    }


def test_the_matrix_of_an_exercise(toy: Course) -> None:
    path = toy.solutions / "01-toy" / "mutants.py"
    path.write_text(
        path.read_text()
        + '\n\n@mutant("double", hint="Really?")\ndef right_after_all(x):\n    """Is right."""\n'
        "    return x + x\n"
        '\n\n@mutant("double", hint="Always?")\ndef of_one_only(x):\n    """Two."""\n'
        "    return 0 * x + 2.0\n"
    )
    told: list[int] = []
    matrix = kill_matrix(solve(toy, "01-toy"), "double", 2, lambda: told.append(1))
    assert matrix.kills == {
        "squared_instead": (2, 2, 0),
        "right_after_all": (0, 0, 0),
        "of_one_only": (0, 2, 0),
    }
    assert matrix.lost == {"squared_instead": 2, "right_after_all": 0, "of_one_only": 2}
    assert matrix.titles["of_one_only"] == "Two."
    assert [(c.title, c.visible) for c in matrix.columns] == [
        ("of 1 is 2", True),
        ("of any number", False),
        ("asked again", True),
    ]
    assert len(told) == 6


def test_an_answer_that_changes_is_seen_by_what_asks_again_not_by_the_checks(
    solved: Callable[[str], Solved],
) -> None:
    source = (
        "calls = []\n"
        "def sigmoid(z):\n"
        "    calls.append(1)\n"
        "    return 1 / (1 + np.exp(-np.clip(z, -700, 700))) + (len(calls) > 12)"
    )
    verdict = judge(solved("02-backprop"), "sigmoid", {"sigmoid": source}, "any")
    assert verdict.answers_change
    assert not verdict.full
    assert any(verdict.passed)


def test_a_numerical_derivative_is_seen_by_the_policy_not_by_the_checks(
    solved: Callable[[str], Solved],
) -> None:
    [entry] = [e for e in solved("02-backprop").mutants if e.id == "sigmoid_prime/complex_step"]
    verdict = judge(solved("02-backprop"), "sigmoid_prime", {"sigmoid_prime": entry.source}, "any")
    assert verdict.numerical
    assert not verdict.full
    assert all(verdict.passed)


def test_cells_run_one_by_one_whatever_one_raises(capsys: pytest.CaptureFixture[str]) -> None:
    cells = ["a = 1", "def f(:", "raise ValueError('no')", "def f():\n    return a\n\n\nb = 2"]
    session = NearSession([Cell(str(k), source) for k, source in enumerate(cells)])
    assert session.call("f") == 1
    assert capsys.readouterr() == ("", "")


def test_a_class_stands_in_for_no_function() -> None:
    bound = BoundClass(dict, (), ())
    with pytest.raises(TypeError, match="f: a class cannot stand in for a function"):
        NearSession([], {"f": bound})


# --- names ----------------------------------------------------------------------------------------


def test_an_exercise_is_found_by_its_name(real: Course) -> None:
    assert find_exercise(real, "softmax") == "04-loss-and-init"
    assert find_exercise(real, "softmax", "04-loss-and-init") == "04-loss-and-init"


def test_an_exercise_that_is_nowhere(real: Course) -> None:
    with pytest.raises(
        CourseError, match=r"no assignment has an exercise 'sofmax'; .*:\n"
    ) as found:
        find_exercise(real, "sofmax")
    assert "\n- 04-loss-and-init: softmax, cross_entropy, " in str(found.value)
    with pytest.raises(CourseError, match=r"has no exercise 'softmax'; its exercises are sigmoid"):
        find_exercise(real, "softmax", "02-backprop")


def test_an_exercise_of_two_assignments(toy: Course) -> None:
    make_toy(toy.root, "02-toy")
    problem = "'double' is an exercise of 01-toy and of 02-toy; say .* --assignment 01-toy, say"
    with pytest.raises(CourseError, match=problem):
        find_exercise(toy, "double")
    assert find_exercise(toy, "double", "02-toy") == "02-toy"


# --- what the checks are --------------------------------------------------------------------------


def test_checks_are_explained_by_their_docstrings_and_assertions(
    solved: Callable[[str], Solved],
) -> None:
    visible, *_, hidden = explain(solved("02-backprop"), "sigmoid_prime")
    assert visible.about == "Central differences of sigma, point by point."
    assert [band.partition(":")[0] for band in visible.bands] == ["slope", "close"]
    assert "h = 1e-05" in visible.bands[0]
    assert not hidden.check.visible


def test_assertions_in_helpers_are_found(solved: Callable[[str], Solved]) -> None:
    [one, *_] = explain(solved("04-loss-and-init"), "lab_initialization")[1:]
    assert any(band.startswith("threshold: ") for band in one.bands), one.bands


def test_every_tolerance_is_that_of_an_assertion() -> None:
    assert all(hasattr(expect, name) for name in tolerances() if name != "threshold")


# --- the picture ----------------------------------------------------------------------------------


def test_a_picture_says_what_it_was_drawn_from(matrix: KillMatrix, tmp_path: Path) -> None:
    path = tmp_path / "matrix.png"
    draw([matrix, matrix], path, "A price of $5 and of $6", 2)
    assert drawn_from(path) == digest([matrix, matrix]) != digest([matrix])
    assert path.read_bytes().startswith(b"\x89PNG")
    plain = KillMatrix("g", COLUMNS, {}, {}, {}, 1)
    draw([plain], path, "of nothing")
    assert drawn_from(path) == digest([plain])
