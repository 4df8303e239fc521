"""Backpropagation against torch.autograd, SciPy, complex steps and finite differences."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.special import expit
from torch.testing import assert_close

from reference import backprop

if TYPE_CHECKING:
    from tests.reference.conftest import MakeNet, Net

FINITE = st.floats(allow_nan=False, allow_infinity=False)
ANY_ARRAY = hnp.arrays(np.float64, hnp.array_shapes(min_dims=0, min_side=0), elements=FINITE)


@given(ANY_ARRAY)
def test_sigmoid_is_scipys_everywhere(z: np.ndarray) -> None:
    got = backprop.sigmoid(torch.from_numpy(z))
    assert got.dtype == torch.float64
    assert got.shape == z.shape
    np.testing.assert_allclose(got.numpy(), expit(z), rtol=1e-14, atol=1e-300)


@given(ANY_ARRAY)
def test_sigmoid_prime_is_the_product_of_both_tails(z: np.ndarray) -> None:
    got = backprop.sigmoid_prime(torch.from_numpy(z))
    assert got.shape == z.shape
    np.testing.assert_allclose(got.numpy(), expit(z) * expit(-z), rtol=1e-14, atol=1e-300)


def test_sigmoid_prime_is_the_complex_step_of_the_logistic_function() -> None:
    z = np.linspace(-20.0, 20.0, 81)
    step = 1e-30
    slope = (1.0 / (1.0 + np.exp(-(z + 1j * step)))).imag / step
    np.testing.assert_allclose(backprop.sigmoid_prime(torch.from_numpy(z)), slope, rtol=1e-13)


def test_sigmoid_far_out_is_exact() -> None:
    z = torch.tensor([-1e300, -1000.0, 0.0, 1000.0, 1e300], dtype=torch.float64)
    assert backprop.sigmoid(z).tolist() == [0.0, 0.0, 0.5, 1.0, 1.0]
    assert backprop.sigmoid_prime(z).tolist() == [0.0, 0.0, 0.25, 0.0, 0.0]


def test_sigmoid_keeps_nan() -> None:
    z = torch.tensor([float("nan")], dtype=torch.float64)
    assert torch.isnan(backprop.sigmoid(z)).all()
    assert torch.isnan(backprop.sigmoid_prime(z)).all()


def test_feedforward_is_that_of_torch_nn(net: Net) -> None:
    zs, activations = backprop.feedforward(net.weights, net.biases, net.X)
    assert activations[0] is net.X
    assert len(activations) == len(zs) + 1 == len(net.weights) + 1
    a = net.X
    for W, b, z, activation in zip(net.weights, net.biases, zs, activations[1:], strict=True):
        assert_close(z, torch.nn.functional.linear(a, W, b), rtol=1e-13, atol=1e-14)
        a = torch.sigmoid(z)
        assert_close(activation, a, rtol=1e-13, atol=1e-14)


def autograd_of_cost(net: Net) -> tuple[list[torch.Tensor], list[torch.Tensor], list[torch.Tensor]]:
    """Return dL/dW, dL/db and the per-sample dL_n/dz of each layer, by torch.autograd."""
    weights = [W.clone().requires_grad_() for W in net.weights]
    biases = [b.clone().requires_grad_() for b in net.biases]
    a, zs = net.X, []
    for W, b in zip(weights, biases, strict=True):
        zs.append(torch.nn.functional.linear(a, W, b))
        a = torch.sigmoid(zs[-1])
    cost = 0.5 * torch.nn.functional.mse_loss(a, net.T, reduction="sum")
    deltas = list(torch.autograd.grad(cost, zs, retain_graph=True))
    slopes = torch.autograd.grad(cost / len(net.X), weights + biases)
    return list(slopes[: len(weights)]), list(slopes[len(weights) :]), deltas


def test_gradients_are_autograds(net: Net) -> None:
    dWs, dbs = backprop.gradients(net.weights, net.biases, net.X, net.T)
    want_dWs, want_dbs, _ = autograd_of_cost(net)
    assert_close(dWs, want_dWs, rtol=1e-12, atol=1e-15)
    assert_close(dbs, want_dbs, rtol=1e-12, atol=1e-15)


def test_deltas_are_autograds_slopes_per_sample(net: Net) -> None:
    zs, activations = backprop.feedforward(net.weights, net.biases, net.X)
    *_, deltas = autograd_of_cost(net)
    last = backprop.output_delta(activations[-1], net.T, zs[-1])
    assert_close(last, deltas[-1], rtol=1e-12, atol=1e-15)
    for layer in range(len(zs) - 1):
        hidden = backprop.hidden_delta(net.weights[layer + 1], deltas[layer + 1], zs[layer])
        assert_close(hidden, deltas[layer], rtol=1e-12, atol=1e-15)


def test_output_delta_takes_a_as_it_is_given() -> None:
    a, t, z = torch.from_numpy(np.random.default_rng(0).standard_normal((3, 7, 4)))
    slope = expit(z.numpy()) * expit(-z.numpy())
    want = (a.numpy() - t.numpy()) * slope
    np.testing.assert_allclose(backprop.output_delta(a, t, z).numpy(), want, rtol=1e-13)


def test_gradients_are_the_slopes_of_the_cost_by_complex_step(net: Net) -> None:
    weights, biases, X, T = net.arrays
    dWs, _ = backprop.gradients(net.weights, net.biases, net.X, net.T)
    step = 1e-30

    def cost(changed: list[np.ndarray]) -> complex:
        a = X
        for W, b in zip(changed, biases, strict=True):
            a = 1.0 / (1.0 + np.exp(-(a @ W.T + b)))
        return complex((0.5 * (a - T) ** 2).sum() / len(X))

    for layer, dW in enumerate(dWs):
        for index in np.ndindex(*dW.shape):
            changed = [W.astype(complex) for W in weights]
            changed[layer][index] += 1j * step
            assert float(dW[index]) == pytest.approx(
                cost(changed).imag / step, rel=1e-11, abs=1e-15
            )


@given(
    sizes=st.lists(st.integers(1, 5), min_size=2, max_size=5),
    n_samples=st.integers(1, 6),
    seed=st.integers(0, 2**32 - 1),
)
def test_gradients_have_the_shapes_of_the_parameters(
    sizes: list[int], n_samples: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    weights = [
        torch.from_numpy(rng.standard_normal((n_out, n_in))) for n_in, n_out in pairwise(sizes)
    ]
    biases = [torch.from_numpy(rng.standard_normal(n_out)) for n_out in sizes[1:]]
    X = torch.from_numpy(rng.standard_normal((n_samples, sizes[0])))
    T = torch.from_numpy(rng.standard_normal((n_samples, sizes[-1])))
    dWs, dbs = backprop.gradients(weights, biases, X, T)
    assert [dW.shape for dW in dWs] == [W.shape for W in weights]
    assert [db.shape for db in dbs] == [b.shape for b in biases]
    twice = backprop.gradients(weights, biases, torch.cat([X, X]), torch.cat([T, T]))
    assert_close(twice, (dWs, dbs), rtol=1e-10, atol=1e-14)


def test_gradients_need_as_many_biases_as_weights(net: Net) -> None:
    with pytest.raises(ValueError, match="argument 2 is"):
        backprop.gradients(net.weights, net.biases[:-1], net.X, net.T)


@pytest.mark.parametrize("shape", [(), (1,), (3,), (2, 3), (0, 4), (2, 1, 3)], ids=str)
def test_numerical_gradient_is_exact_for_a_quadratic(shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(1)
    theta, scale = (torch.from_numpy(np.asarray(rng.standard_normal(shape))) for _ in range(2))
    before = theta.clone()
    slope = backprop.numerical_gradient(lambda p: float((scale * p * p).sum()), theta)
    assert slope.shape == shape
    assert_close(slope, 2.0 * scale * theta, rtol=1e-9, atol=1e-9)
    assert torch.equal(theta, before)


def test_numerical_gradient_honours_h() -> None:
    theta = torch.tensor([2.0], dtype=torch.float64)
    for h in (0.5, 1e-3):
        # The central difference of x^3 is 3 x^2 + h^2 exactly.
        slope = backprop.numerical_gradient(lambda p: float(p[0] ** 3), theta, h)
        assert float(slope[0]) == pytest.approx(12.0 + h * h, rel=1e-11)


def test_numerical_gradient_of_a_strided_theta_follows_its_entries() -> None:
    theta = torch.arange(12.0, dtype=torch.float64).reshape(3, 4).T[::2]
    weights = torch.arange(6.0, dtype=torch.float64).reshape(2, 3)
    slope = backprop.numerical_gradient(lambda p: float((weights * p).sum()), theta)
    assert_close(slope, weights, rtol=1e-8, atol=1e-8)


def test_numerical_gradient_is_that_of_backpropagation(make_net: MakeNet) -> None:
    net = make_net([3, 4, 2], seed=5)
    dWs, _ = backprop.gradients(net.weights, net.biases, net.X, net.T)

    def cost(W: torch.Tensor) -> float:
        a = torch.sigmoid(
            torch.sigmoid(net.X @ W.T + net.biases[0]) @ net.weights[1].T + net.biases[1]
        )
        return float(0.5 * ((a - net.T) ** 2).sum() / len(net.X))

    assert_close(backprop.numerical_gradient(cost, net.weights[0]), dWs[0], rtol=1e-6, atol=1e-10)
