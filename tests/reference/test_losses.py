"""Softmax and cross entropy against torch.nn.functional, SciPy and autograd."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.special
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from torch.testing import assert_close

from reference import losses

LOGITS = hnp.arrays(
    np.float64,
    hnp.array_shapes(min_dims=1, max_dims=3, max_side=6),
    elements=st.floats(-1e300, 1e300),
)


@given(LOGITS)
def test_softmax_is_scipys_with_rows_that_sum_to_one(z: np.ndarray) -> None:
    y = losses.softmax(torch.from_numpy(z)).numpy()
    assert y.shape == z.shape
    np.testing.assert_allclose(y, scipy.special.softmax(z, axis=-1), rtol=1e-12, atol=1e-300)
    np.testing.assert_allclose(y.sum(axis=-1), 1.0, rtol=1e-13)


@pytest.mark.parametrize("size", [1e3, 1e300])
def test_softmax_of_huge_and_unequal_logits(size: float) -> None:
    z = torch.tensor(
        [[1.0, 2.0, 3.0], [-size, 0.0, size], [size, size, -size]], dtype=torch.float64
    )
    y = losses.softmax(z)
    assert_close(y[0], torch.softmax(z[0], dim=0), rtol=1e-14, atol=0.0)
    assert y[1:].tolist() == [[0.0, 0.0, 1.0], [0.5, 0.5, 0.0]]


def test_cross_entropy_is_torchs(random_batch: tuple[torch.Tensor, torch.Tensor]) -> None:
    z, t = random_batch
    got = losses.cross_entropy(torch.softmax(z, dim=1), t)
    assert type(got) is float
    assert got == pytest.approx(float(torch.nn.functional.cross_entropy(z, t)), rel=1e-13)
    classes = torch.eye(4, dtype=torch.float64)[[0, 1, 2, 3, 0, 1, 2]]
    want = torch.nn.functional.nll_loss(torch.log_softmax(z, dim=1), classes.argmax(dim=1))
    got = losses.cross_entropy(torch.softmax(z, dim=1), classes)
    assert got == pytest.approx(float(want), rel=1e-13)


def test_cross_entropy_of_an_exact_zero_is_finite() -> None:
    y = torch.tensor([[1.0, 0.0], [0.0, 1.0]], dtype=torch.float64)
    assert losses.cross_entropy(y, y) == 0.0
    wrong = losses.cross_entropy(y, y.flip(0))
    assert 10.0 <= wrong < 1000.0


def test_cross_entropy_of_the_smallest_probability_is_exact() -> None:
    y = torch.tensor([[1e-300, 1.0]], dtype=torch.float64)
    t = torch.tensor([[1.0, 0.0]], dtype=torch.float64)
    assert losses.cross_entropy(y, t) == pytest.approx(300.0 * np.log(10.0), rel=1e-14)


def test_gradient_is_autograds_per_sample(random_batch: tuple[torch.Tensor, torch.Tensor]) -> None:
    z, t = random_batch
    leaf = z.clone().requires_grad_()
    torch.autograd.backward(torch.nn.functional.cross_entropy(leaf, t, reduction="sum"))
    got = losses.softmax_cross_entropy_gradient(z, t)
    assert_close(got, leaf.grad, rtol=1e-12, atol=1e-15)
    assert_close(got.sum(dim=1), torch.zeros(7, dtype=torch.float64), rtol=0.0, atol=1e-14)


def test_gradient_of_huge_logits_is_finite() -> None:
    z = torch.tensor([[1e300, -1e300], [-1000.0, 1000.0]], dtype=torch.float64)
    t = torch.eye(2, dtype=torch.float64)
    got = losses.softmax_cross_entropy_gradient(z, t)
    assert got.tolist() == [[0.0, 0.0], [0.0, 0.0]]


@pytest.fixture
def random_batch() -> tuple[torch.Tensor, torch.Tensor]:
    """Logits and soft targets of 7 samples and 4 classes."""
    rng = np.random.default_rng(3)
    z = torch.from_numpy(3.0 * rng.standard_normal((7, 4)))
    return z, torch.from_numpy(rng.dirichlet(np.ones(4), 7))
