"""Stochastic gradient descent against torch.optim.SGD and torch.nn."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.testing import assert_close

from reference import sgd

if TYPE_CHECKING:
    from tests.reference.conftest import MakeNet, Net


def test_sgd_update_is_a_step_of_torch_optim(net: Net) -> None:
    params = net.weights + net.biases
    before = [p.clone() for p in params]
    grads = [torch.sin(3.0 * p) for p in params]
    new = sgd.sgd_update(params, grads, lr=0.37)
    assert_close(params, before, rtol=0.0, atol=0.0)
    leaves = [p.clone().requires_grad_() for p in params]
    for leaf, g in zip(leaves, grads, strict=True):
        leaf.grad = g.clone()
    torch.optim.SGD(leaves, lr=0.37).step()
    assert_close(new, [leaf.detach() for leaf in leaves], rtol=1e-14, atol=1e-15)


def test_sgd_update_needs_a_gradient_for_each_parameter() -> None:
    with pytest.raises(ValueError, match="zip"):
        sgd.sgd_update([torch.zeros(1)] * 2, [torch.zeros(1)], lr=1.0)


@given(st.integers(0, 60), st.integers(1, 70), st.integers(0, 2**32 - 1))
def test_minibatches_cut_one_permutation(n_samples: int, batch_size: int, seed: int) -> None:
    batches = sgd.minibatches(n_samples, batch_size, np.random.default_rng(seed))
    assert sorted(np.concatenate([*batches, []]).tolist()) == list(range(n_samples))
    lengths = [len(batch) for batch in batches]
    full, rest = divmod(n_samples, batch_size)
    assert lengths == [batch_size] * full + [rest] * (rest > 0)
    assert all(batch.dtype.kind == "i" for batch in batches)


def test_minibatches_advance_the_generator() -> None:
    rng = np.random.default_rng(0)
    first, second = (np.concatenate(sgd.minibatches(50, 7, rng)).tolist() for _ in range(2))
    again = np.concatenate(sgd.minibatches(50, 7, np.random.default_rng(0))).tolist()
    assert first == again != second


def test_each_of_the_permutations_is_equally_likely() -> None:
    rng = np.random.default_rng(2)
    draws = 6000
    counts: dict[tuple[int, ...], int] = {}
    for _ in range(draws):
        order = tuple(np.concatenate(sgd.minibatches(3, 2, rng)).tolist())
        counts[order] = counts.get(order, 0) + 1
    assert len(counts) == 6
    # Each count is binomial with standard deviation 29; 7 of them are allowed.
    assert all(abs(count - draws / 6) < 200 for count in counts.values())


@pytest.mark.parametrize(
    ("n_samples", "batch_size", "message"),
    [
        (5, 0, "batch_size is 0: expected 1 or more."),
        (-1, 2, "n_samples is -1: expected 0 or more."),
    ],
)
def test_minibatches_refuse_nonsense(n_samples: int, batch_size: int, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        sgd.minibatches(n_samples, batch_size, np.random.default_rng(0))


@pytest.mark.parametrize("batch_size", [1, 3, 7, 100])
def test_train_is_torch_optim_with_autograd_over_the_same_batches(
    net: Net, batch_size: int
) -> None:
    lr, epochs = 0.8, 4
    got = sgd.train(
        net.weights, net.biases, net.X, net.T, epochs, batch_size, lr, np.random.default_rng(9)
    )
    weights = [W.clone().requires_grad_() for W in net.weights]
    biases = [b.clone().requires_grad_() for b in net.biases]
    optimizer = torch.optim.SGD(weights + biases, lr=lr)
    rng = np.random.default_rng(9)
    for _ in range(epochs):
        order = rng.permutation(len(net.X))
        for start in range(0, len(order), batch_size):
            rows = order[start : start + batch_size]
            a = net.X[rows]
            for W, b in zip(weights, biases, strict=True):
                a = torch.sigmoid(torch.nn.functional.linear(a, W, b))
            cost = 0.5 * ((a - net.T[rows]) ** 2).sum(dim=1).mean()
            optimizer.zero_grad()
            torch.autograd.backward(cost)
            optimizer.step()
    assert_close(got[0], [W.detach() for W in weights], rtol=1e-10, atol=1e-12)
    assert_close(got[1], [b.detach() for b in biases], rtol=1e-10, atol=1e-12)


def test_no_epochs_return_copies(net: Net) -> None:
    weights, biases = sgd.train(
        net.weights, net.biases, net.X, net.T, 0, 3, 1.0, np.random.default_rng(0)
    )
    assert_close((weights, biases), (net.weights, net.biases), rtol=0.0, atol=0.0)
    for new, old in zip(weights + biases, net.weights + net.biases, strict=True):
        assert new.data_ptr() != old.data_ptr()


def test_training_fits_a_small_batch(make_net: MakeNet) -> None:
    net = make_net([5, 8, 3], seed=4)
    before, _ = sgd.evaluate(net.weights, net.biases, net.X, net.T)
    trained = sgd.train(
        net.weights, net.biases, net.X, net.T, 300, 3, 2.0, np.random.default_rng(0)
    )
    after, accuracy = sgd.evaluate(*trained, net.X, net.T)
    assert accuracy == 1.0
    assert after < 0.05 < before


def test_evaluate_is_half_the_squared_error_and_the_share_of_hits(net: Net) -> None:
    loss, accuracy = sgd.evaluate(net.weights, net.biases, net.X, net.T)
    layers: list[torch.nn.Module] = []
    for W, b in zip(net.weights, net.biases, strict=True):
        linear = torch.nn.Linear(W.shape[1], W.shape[0], dtype=torch.float64)
        linear.load_state_dict({"weight": W, "bias": b})
        layers += [linear, torch.nn.Sigmoid()]
    with torch.no_grad():
        output = torch.nn.Sequential(*layers)(net.X)
    half_mean = 0.5 * torch.nn.functional.mse_loss(output, net.T) * net.T.shape[1]
    assert loss == pytest.approx(float(half_mean), rel=1e-13)
    hits = sum(int(o.argmax()) == int(t.argmax()) for o, t in zip(output, net.T, strict=True))
    assert accuracy == hits / len(net.X)
    assert type(loss) is type(accuracy) is float
