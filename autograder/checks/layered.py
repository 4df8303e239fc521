"""Assertions about the gradient of a whole net, whose patterns show across its layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from autograder.checks.comparing import (
    NOTE_BAND,
    SLOPE_BAND,
    SLOPE_STEP,
    failure,
    is_public,
    note_precision,
    off_in_norm,
    off_the_slope,
    relative_error,
)
from autograder.checks.forms import NOTHING, parameters
from autograder.checks.model import Case
from autograder.diagnosis import Counts
from autograder.diagnosis.groups import Layers, Pair
from autograder.diagnosis.residuals import read

Array = NDArray[np.float64]
Parameters = tuple[Sequence[Array], Sequence[Array]]
NAMES = ("dWs", "dbs")


def gradients(
    label: str,
    got: object,
    want: Parameters,
    *,
    case: Case | None = None,
    at: Parameters | None = None,
    when: str = "",
    counts: Counts = NOTHING,
) -> None:
    """Fail unless `got` is the gradient `want` of a net, to the verdict bands of `tensor`.

    Parameters
    ----------
    label, got
        The call and what came back.
    want
        The right ``(dWs, dbs)``, from the first layer to the last.
    case
        As in `close`.
    at
        The weights and biases where the gradient was taken.
    when
        Follows the name of an array: ``" at a further call"``.
    counts
        What the numbers of the fixture mean.
    """
    mine = parameters(f"{label}{when}", got, _sizes(want), NAMES)
    for name, k, values, right in _from_the_last(mine, want):
        error = relative_error(values, right)
        if error <= NOTE_BAND:
            note_precision(case, f"{name}[{k}]{when}", error)
            continue
        public = is_public(case)
        layers = _layers(mine, want, at, counts, exact=True, public=public)
        # All layers together, then the first wrong array alone, then where it goes wrong.
        finding = (
            layers.pattern() or read(values, right, counts, public=public) or layers.whereabouts()
        )
        problem, worst = off_in_norm(values, right, error)
        raise failure(f"{name}[{k}]{when}", problem, worst, finding=finding)


def gradients_of(
    label: str,
    got: object,
    cost: Callable[[list[Array], list[Array]], float],
    at: Parameters,
    *,
    when: str = "",
    counts: Counts = NOTHING,
) -> None:
    """Fail unless `got` agrees with central differences of `cost` around the parameters `at`.

    Parameters
    ----------
    label, got, when, counts
        As in `gradients`.
    cost
        Of the weights and biases. Float64, made of library primitives.
    at
        The weights and biases where the gradient was taken.
    """
    mine = parameters(f"{label}{when}", got, _sizes(at), NAMES)
    moved = [[np.array(p, np.float64) for p in part] for part in at]
    numeric: list[list[Array]] = [[np.empty_like(p) for p in part] for part in moved]
    for part, slopes in zip(moved, numeric, strict=True):
        for p, slope in zip(part, slopes, strict=True):
            for place in np.ndindex(p.shape):
                middle = p[place]
                p[place] = middle + SLOPE_STEP
                above = cost(*moved)
                p[place] = middle - SLOPE_STEP
                slope[place] = (above - cost(*moved)) / (2 * SLOPE_STEP)
                p[place] = middle
    want = numeric[0], numeric[1]
    for name, k, values, right in _from_the_last(mine, want):
        error = relative_error(values, right)
        if error > SLOPE_BAND:
            layers = _layers(mine, want, at, counts, exact=False, public=True)
            finding = (
                layers.pattern() or read(values, right, counts, exact=False) or layers.whereabouts()
            )
            problem, worst = off_the_slope(values, right, error, "the cost")
            raise failure(f"{name}[{k}]{when}", problem, worst, finding=finding)


def _from_the_last(mine: Parameters, want: Parameters) -> list[tuple[str, int, Array, Array]]:
    """Return name, layer and both arrays, as the recursion goes.

    So the first complaint is the first mistake.
    """
    return [
        (name, k, mine[part][k], want[part][k])
        for k in reversed(range(len(want[0])))
        for part, name in ((1, "dbs"), (0, "dWs"))
    ]


def _layers(
    mine: Parameters,
    want: Parameters,
    at: Parameters | None,
    counts: Counts,
    *,
    exact: bool,
    public: bool,
) -> Layers:
    places = at if at is not None else ([None] * len(want[0]), [None] * len(want[1]))
    weights, biases = (
        [Pair(*pair) for pair in zip(*part, strict=True)]
        for part in zip(mine, want, places, strict=True)
    )
    return Layers(weights, biases, counts, exact=exact, public=public)


def _sizes(parts: Parameters) -> list[int]:
    return [parts[0][0].shape[1], *(len(b) for b in parts[1])]
