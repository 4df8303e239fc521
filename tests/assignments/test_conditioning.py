"""Fixtures are conditioned: single precision is right under every seed."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from autograder.checks.runner import run_check
from autograder.course import Course
from autograder.student import Near

ROOT = Path(__file__).parents[2]
NAME = "02-backprop"


def single_precision(a, t, z):
    a, t = np.float32(a), np.float32(t)
    return (a - t) * a * (1 - a)


def test_a_delta_in_single_precision_passes_however_close_output_and_target_are() -> None:
    """Where a and t nearly agree, a - t has lost the digits that are compared."""
    checks = [c for c in Course(ROOT).load(NAME).checks if c.exercise == "output_delta"]
    (alone,) = [c for c in checks if c.title.startswith("also for a single sample")]
    student = Near({"output_delta": single_precision})
    # Four of these seeds failed when the fixture was not conditioned.
    found = {run_check(alone, student, seed).message for seed in range(3000)}
    assert found <= {""}
