"""NaN and infinity: which entries, for which inputs."""

from __future__ import annotations

import numpy as np
import pytest

from autograder.checks import Counts, expect
from autograder.diagnosis.nonfinite import read_nonfinite
from autograder.errors import CheckFailed

NONE = Counts()
Z = np.array([-1000.0, -5.0, 5.0, 1000.0])


def said(value: object, counts: Counts = NONE, **known: np.ndarray) -> str:
    finding = read_nonfinite(np.array(value, dtype=np.float64), counts, known)
    return finding.sentence if finding else ""


def test_finite_numbers_have_no_finding() -> None:
    assert said([1.0, 2.0]) == ""


def test_for_which_inputs() -> None:
    nan, inf = np.nan, np.inf
    assert said([1, 1, 1, nan], z=Z).startswith("It happens where z is 1000 or more. A NaN")
    assert said([inf, 1, 1, 1], z=Z).startswith("It happens where z is -1000 or less. An infinity")
    assert said([nan, 1, 1, nan], z=Z).startswith("It happens where |z| is 1000 or more.")
    assert said([1, nan, 1, nan], z=Z).startswith("A NaN"), "no side of z"
    assert said([1, 1, 1, nan], z=np.zeros((2, 2))).startswith("A NaN"), "another shape"


def test_in_which_lines() -> None:
    value = np.ones((3, 4))
    value[1] = np.nan
    assert said(value).startswith("It happens in all of row 1, and nowhere else.")
    value[2] = np.nan
    counts = Counts(axes=("sample", "class"))
    assert said(value, counts).startswith("It happens in all of samples 1, 2, and nowhere else.")
    assert said(np.full((3, 4), np.nan)).startswith("It happens in every entry.")


@pytest.mark.parametrize(("value", "sign"), [(np.inf, "An infinity"), (-np.inf, "A -infinity")])
def test_which_infinity(value: float, sign: str) -> None:
    assert said([value]).startswith(sign)


def test_the_message_asks_and_keeps_its_first_sentence() -> None:
    with pytest.raises(CheckFailed) as caught:
        expect.close("f(z)", np.array([1, 1, 1, np.nan]), np.ones(4), known={"z": Z})
    assert str(caught.value).startswith("f(z): expected finite numbers, got nan at [3] (1 of 4")
    assert caught.value.rule == "nan"
    assert "z is 1000 or more" in caught.value.hint
    with pytest.raises(CheckFailed) as caught:
        expect.scalar("loss", np.inf)
    assert caught.value.rule == "infinite"
