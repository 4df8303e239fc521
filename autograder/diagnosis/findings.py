"""What a rule says, and what the numbers of a fixture mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from autograder.errors import AutograderError

FEW = 4
"""Different numbers below which a pattern is hardly one, and a hidden check names no ratio: with it
one could compute the answer."""

SAFE_FOR_FEW = frozenset({"sign", "integer"})
"""Rules about values that may speak of few entries also in a hidden check."""

LOG_BASES = ((2.302585092994046, "ln 10"), (0.6931471805599453, "ln 2"))

SUMMED = "is it a sum where the average over them belongs?"
QUESTIONS = {
    "calls": "does each call start from zero?",
    "epochs": "does each epoch do its own step, once?",
    "samples": "is it a sum where the average over them belongs, or does every sample meet all the "
    "others?",
}
"""What is asked where a result is too large by that number; by default, `SUMMED`."""


@dataclass(frozen=True)
class Finding:
    """A pattern in a wrong result.

    Parameters
    ----------
    rule
        Its name, stable: ``"times-count"``.
    sentence
        What the student reads: the pattern as a fact, then a question. No right value.
    """

    rule: str
    sentence: str


@dataclass(frozen=True)
class Counts:
    """What the numbers of a fixture mean, so that a factor can be named.

    Parameters
    ----------
    numbers
        How many there are of what, in the plural: ``{"samples": 7, "outputs": 4}``.
    quantities
        Other factors that could come in, with their article: ``{"the learning rate": 0.3}``.
    axes
        What a line along each axis belongs to: ``("sample", "class")``.

    Raises
    ------
    AutograderError
        A number is not positive: no factor could be it.
    """

    numbers: Mapping[str, int] = field(default_factory=dict)
    quantities: Mapping[str, float] = field(default_factory=dict)
    axes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, number in (*self.numbers.items(), *self.quantities.items()):
            if not number > 0:
                raise AutograderError(
                    f"Counts: expected positive numbers, got {number!r} for {name!r}. Leave it "
                    "out, no factor could be it."
                )

    def nouns(self, value: float, band: float) -> list[str]:
        """Return what there are `value` of; 1 means nothing."""
        return [
            noun
            for noun, number in self.numbers.items()
            if number > 1 and same_number(number, value, band)
        ]

    def products(self, value: float, band: float) -> list[str]:
        """Return the products of two numbers that are `value`, in words."""
        return [
            f"the number of {a} times that of {b}"
            for (a, m), (b, n) in combinations(self.numbers.items(), 2)
            if min(m, n) > 1 and same_number(m * n, value, band)
        ]

    def names(self, value: float, band: float) -> list[str]:
        """Return the quantities that are `value`, or whose squares are."""
        return [
            words
            for name, quantity in self.quantities.items()
            for words, number in ((name, quantity), (f"the square of {name}", quantity**2))
            if not same_number(number, 1.0, band) and same_number(number, value, band)
        ]

    def line(self, axis: int, default: str) -> str:
        """Return what a line along `axis` belongs to, or `default`."""
        return self.axes[axis] if axis < len(self.axes) else default


def distinct(want: NDArray[np.float64]) -> int:
    """Return how many different numbers an array holds: a mask of a thousand entries has two."""
    largest = float(np.max(np.abs(want), initial=0.0))
    return len(np.unique(np.round(want / largest, 9))) if largest else 1


def same_number(number: float, value: float, band: float) -> bool:
    """Whether `value` is `number` to twice the relative precision `band`."""
    return abs(value - number) <= 2 * band * abs(number)
