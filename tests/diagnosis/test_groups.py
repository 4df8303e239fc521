"""Gradients of a net read together: patterns across layers, and between weights and biases."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from autograder.diagnosis import Counts, Finding
from autograder.diagnosis.groups import Layers, Pair

Array = NDArray[np.float64]
Gradient = list[tuple[Array, Array]]
"""(dW, db) by layer."""

COUNTS = Counts({"samples": 7, "outputs": 4})


def right(sizes: tuple[int, ...] = (5, 3, 6, 4)) -> Gradient:
    rng = np.random.default_rng(0)
    return [(rng.normal(size=(m, n)), rng.normal(size=m)) for n, m in pairwise(sizes)]


def layers(got: Gradient, want: Gradient, **options: bool) -> Layers:
    pairs = [[Pair(g[k], w[k]) for g, w in zip(got, want, strict=True)] for k in (0, 1)]
    return Layers(*pairs, COUNTS, **options)


def pattern(got: Gradient, want: Gradient, **options: bool) -> Finding:
    finding = layers(got, want, **options).pattern()
    assert finding is not None
    return finding


Change = Callable[[int, Array, Array], tuple[Array, Array]]


def changed(want: Gradient, change: Change) -> Gradient:
    return [change(k, w, b) for k, (w, b) in enumerate(want)]


PATTERNS: dict[str, tuple[Change, str]] = {
    "sign": (lambda _, w, b: (-w, -b), "All gradients, dWs and dbs alike, are minus"),
    "times-count": (lambda _, w, b: (7 * w, 7 * b), "7 times what they should be. 7 is the number"),
    "over-count": (lambda _, w, b: (w / 4, b / 4), "4 is the number of outputs"),
    "twice": (lambda _, w, b: (2 * w, 2 * b), "twice what they should be"),
    "zero": (lambda _, w, b: (0 * w, 0 * b), "All gradients, dWs and dbs alike, are 0"),
    "constant": (lambda _, w, b: (1.7 * w, 1.7 * b), "1.7 times what they should be"),
    "biases-times-count": (
        lambda _, w, b: (w, 7 * b),
        "The dWs are right, but all dbs are 7 times",
    ),
    "biases-over-count": (lambda _, w, b: (w, b / 7), "1/7 of what they should be"),
    "biases-zero": (lambda _, w, b: (w, 0 * b), "all dbs are 0"),
    "biases-sign": (lambda _, w, b: (w, -b), "all dbs are minus"),
    "weights-times-count": (lambda _, w, b: (7 * w, b), "The dbs are right, but all dWs are 7"),
    "weights-over-count": (lambda _, w, b: (w / 7, b), "1/7 of what they should be"),
    "weights-and-biases": (
        lambda _, w, b: (w / 7, 7 * b),
        "once too often? And the biases: all dbs are 7 times what they should be. 7 is the number",
    ),
    "biases-uniform": (
        lambda _, w, b: (w, np.full_like(b, b.sum())),
        "every db holds one number for all its neurons",
    ),
    "stops-early": (
        lambda k, w, b: (w, b) if k == 2 else (0 * w, 0 * b),
        "The last layer is right and all layers before are 0",
    ),
    "loop-bound": (
        lambda k, w, b: (w, b) if k else (0 * w, 0 * b),
        "All layers are right but layer 0, which is 0",
    ),
    "recursion-sign": (
        lambda k, w, b: ((-1) ** k * w, (-1) ** k * b),
        "with each step back the sign changes",
    ),
    "step-over-count": (
        lambda k, w, b: (7.0 ** (k - 2) * w, 7.0 ** (k - 2) * b),
        "With each step back a layer is 1/7 of what it should be",
    ),
}


@pytest.mark.parametrize("rule", PATTERNS)
@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("sizes", [(5, 3, 6, 4), (4, 4, 4, 4)])
def test_patterns(rule: str, exact: bool, sizes: tuple[int, ...]) -> None:
    change, says = PATTERNS[rule]
    want = right(sizes)
    finding = pattern(changed(want, change), want, exact=exact)
    assert (finding.rule, says in finding.sentence) == (rule, True), finding.sentence


def test_only_layer_0_of_two_is_zero() -> None:
    want = right((5, 3, 4))
    got = [(0 * want[0][0], 0 * want[0][1]), want[1]]
    assert "The last layer is right and layer 0 is 0." in pattern(got, want).sentence


def test_transposed_and_reversed() -> None:
    square = right((4, 4, 4))
    turned = [(w.T, b) for w, b in square]
    assert pattern(turned, square).rule == "weights-transposed"
    assert pattern(square[::-1], square).rule == "reversed-layers"


def test_parameters_in_place_of_gradients() -> None:
    want, net = right(), [(w + 1.0, b - 1.0) for w, b in right()]
    for rate in (1.0, 0.1):
        pairs = [
            [Pair(at[k] - rate * g[k], g[k], at[k]) for g, at in zip(want, net, strict=True)]
            for k in (0, 1)
        ]
        finding = Layers(*pairs, COUNTS).pattern()
        assert finding is not None
        assert finding.rule == "stepped"


def noise(x: Array, size: float = 1.0) -> Array:
    return x + size * np.random.default_rng(int(abs(x.sum() * 1e6))).normal(size=x.shape)


@pytest.mark.parametrize(
    ("rule", "change", "says"),
    [
        ("biases-only", lambda _, w, b: (w, noise(b)), "All dWs are right, so delta is"),
        ("what-entered", lambda _, w, b: (noise(w), b), "With what is delta multiplied"),
        ("what-entered", lambda k, w, b: (noise(w) if k else w, b), "and so is dWs[0]"),
        ("output-layer", lambda _, w, b: (noise(w), noise(b)), "Already the last layer's"),
        (
            "recursion",
            lambda k, w, b: (w, b) if k == 2 else (noise(w), noise(b)),
            "The last layer is right, layer 1 is not: the first step back goes wrong.",
        ),
        (
            "nearly",
            lambda k, w, b: (w, b) if k == 2 else (noise(w, 1e-3), noise(b, 1e-3)),
            "layer 1 is nearly so",
        ),
        (
            "recursion-later",
            lambda k, w, b: (w, b) if k else (noise(w), noise(b)),
            "right as far as layer 1, and wrong from layer 0 on",
        ),
    ],
)
def test_whereabouts(rule: str, change: Change, says: str) -> None:
    want = right()
    wrong = layers(changed(want, change), want)
    assert wrong.pattern() is None
    finding = wrong.whereabouts()
    assert finding is not None
    assert (finding.rule, says in finding.sentence) == (rule, True), finding.sentence


@pytest.mark.parametrize("off", [1.0, 1 + 1e-14, 1 + 3e-9])
def test_nothing_is_said_of_a_right_gradient(off: float) -> None:
    want = right()
    fine = layers(changed(want, lambda _, w, b: (off * w, off * b)), want, exact=False)
    assert fine.pattern() is None
    assert fine.whereabouts() is None


def test_of_few_numbers_a_hidden_check_tells_no_ratio() -> None:
    want = right((2, 1))
    for change in (lambda _, w, b: (7 * w, 7 * b), lambda _, w, b: (w, 7 * b)):
        assert pattern(changed(want, change), want, public=True).rule.endswith("times-count")
        assert layers(changed(want, change), want, public=False).pattern() is None
    assert pattern(changed(want, lambda _, w, b: (-w, -b)), want, public=False).rule == "sign"
