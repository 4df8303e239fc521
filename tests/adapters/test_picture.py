"""The picture of a class."""

from __future__ import annotations

import warnings

import pytest
from matplotlib.image import imread

from autograder.adapters.picture import MAX_HEIGHT, draw_class
from autograder.results import CheckResult, ExerciseResult, Grade


def grade(*shares, worth=2.0):
    exercises = tuple(
        ExerciseResult(
            f"exercise_{k}",
            worth,
            (
                CheckResult("a", True, share * worth, "passed"),
                CheckResult("b", False, (1 - share) * worth, "failed"),
            ),
        )
        for k, share in enumerate(shares)
    )
    return Grade("02-backprop", "graded", exercises)


@pytest.mark.parametrize("name", ["ada", "$x_$ \\frac{", "\x1b[31m" + "long " * 40, "a_b^c"])
def test_any_folder_name_can_be_drawn(tmp_path, name):
    path = tmp_path / "class.png"
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")
        draw_class([(name, grade(0.0, 0.5, 1.0)), ("grace", grade(1.0, 1.0, 1.0))], path)
    assert imread(path).std() > 0


def test_a_large_class_is_drawn_within_bounds(tmp_path):
    path = tmp_path / "class.png"
    draw_class([(f"s{k:04d}", grade(k / 600, worth=0.0)) for k in range(600)], path)
    height, _, _ = imread(path).shape
    assert height == pytest.approx(MAX_HEIGHT * 130, rel=0.01)
