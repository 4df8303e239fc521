"""Random initial parameters: shapes, spread, independence of calls and device."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from reference.initialization import init_weights


@given(st.lists(st.integers(1, 6), min_size=2, max_size=5), st.integers(0, 2**32 - 1))
def test_shapes_follow_the_sizes(sizes: list[int], seed: int) -> None:
    weights, biases = init_weights(sizes, np.random.default_rng(seed), "cpu")
    pairs = list(pairwise(sizes))
    assert [tuple(W.shape) for W in weights] == [(n_out, n_in) for n_in, n_out in pairs]
    assert [tuple(b.shape) for b in biases] == [(n_out,) for n_out in sizes[1:]]


def test_weights_and_biases_are_gaussian_of_the_right_width() -> None:
    weights, biases = init_weights([200, 50, 500], np.random.default_rng(0), "cpu")
    for W, n_in in zip(weights, (200, 50), strict=True):
        assert stats.kstest(W.numpy().ravel() * np.sqrt(n_in), "norm").pvalue > 1e-3
    assert stats.kstest(np.concatenate([b.numpy() for b in biases]), "norm").pvalue > 1e-3


def test_the_generator_alone_decides() -> None:
    rng = np.random.default_rng(1)
    first, second = (init_weights([3, 2], rng, "cpu") for _ in range(2))
    again = init_weights([3, 2], np.random.default_rng(1), "cpu")
    assert first[0][0].tolist() == again[0][0].tolist() != second[0][0].tolist()
    assert first[1][0].tolist() == again[1][0].tolist() != second[1][0].tolist()
