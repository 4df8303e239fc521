"""Dropout: exact values, binomial statistics, and its backward pass against autograd."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats
from torch.testing import assert_close

from reference.regularization import dropout_backward, dropout_forward, dropout_mask

RATES = st.floats(0.0, 1.0, exclude_max=True)
SHAPES = hnp.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=6)


@given(SHAPES, RATES, st.integers(0, 2**32 - 1))
def test_mask_holds_zero_or_the_inverse_keep_rate(
    shape: tuple[int, ...], rate: float, seed: int
) -> None:
    mask = dropout_mask(shape, rate, np.random.default_rng(seed), "cpu").numpy()
    assert mask.shape == shape
    assert mask.dtype == np.float64
    assert np.isin(mask, [0.0, 1.0 / (1.0 - rate)]).all()


def test_mask_of_an_int_is_a_vector() -> None:
    assert dropout_mask(5, 0.2, np.random.default_rng(0), "cpu").shape == (5,)


def test_drops_are_independent_and_as_frequent_as_the_rate() -> None:
    rate, shape = 0.2, (640, 100)
    dropped = dropout_mask(shape, rate, np.random.default_rng(0), "cpu").numpy() == 0.0
    assert abs(dropped.mean() - rate) < 7 * np.sqrt(rate * (1 - rate) / dropped.size)
    for axis in (0, 1):
        n = shape[axis]
        counts = dropped.sum(axis=axis)
        squares = ((counts - n * rate) ** 2 / (n * rate * (1 - rate))).sum()
        assert 1e-4 < stats.chi2.cdf(squares, len(counts)) < 1 - 1e-4


@pytest.mark.parametrize("rate", [-0.1, 1.0, 1.5, float("nan")])
def test_a_rate_outside_the_unit_interval_is_refused(rate: float) -> None:
    rng = np.random.default_rng(0)
    message = f"^rate is {rate}: expected 0 <= rate < 1, the share that is dropped[.]$"
    with pytest.raises(ValueError, match=message):
        dropout_mask((2,), rate, rng)
    for training in (True, False):
        with pytest.raises(ValueError, match=message):
            dropout_forward(torch.ones(2, dtype=torch.float64), rate, rng, training)


def test_forward_multiplies_by_the_mask_it_returns() -> None:
    x = torch.from_numpy(np.random.default_rng(1).standard_normal((8, 5)))
    before = x.clone()
    out, mask = dropout_forward(x, 0.3, np.random.default_rng(2), training=True)
    assert_close(out, x * mask, rtol=0.0, atol=0.0)
    kept = mask > 0
    assert 0 < int(kept.sum()) < mask.numel()
    assert_close(out[kept], x[kept] / 0.7, rtol=1e-14, atol=0.0)
    want = dropout_mask((8, 5), 0.3, np.random.default_rng(2), "cpu")
    assert_close(mask, want, rtol=0.0, atol=0.0)
    assert torch.equal(x, before)


@pytest.mark.parametrize(("rate", "training"), [(0.3, False), (0.0, True), (0.0, False)])
def test_forward_is_the_identity_when_nothing_is_dropped(rate: float, training: bool) -> None:
    x = torch.from_numpy(np.random.default_rng(1).standard_normal((3, 2)))
    rng = np.random.default_rng(2)
    out, mask = dropout_forward(x, rate, rng, training)
    assert torch.equal(out, x)
    assert torch.equal(mask, torch.ones_like(x))
    assert out.data_ptr() != x.data_ptr()
    assert rng.random() == np.random.default_rng(2).random()


def test_backward_is_autograds_under_the_same_mask() -> None:
    rng = np.random.default_rng(3)
    x = torch.from_numpy(rng.standard_normal((6, 4))).requires_grad_()
    upstream = torch.from_numpy(rng.standard_normal((6, 4)))
    _, mask = dropout_forward(x.detach(), 0.4, rng, training=True)
    (slope,) = torch.autograd.grad(x * mask, x, upstream)
    assert_close(dropout_backward(upstream, mask), slope, rtol=0.0, atol=0.0)
