"""Minibatch stochastic gradient descent on the quadratic cost."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float, Int64
from numpy.typing import NDArray
from torch import Tensor

from reference.backprop import Layers, feedforward, gradients


def sgd_update(params: Sequence[Tensor], grads: Sequence[Tensor], lr: float) -> Layers:
    """Return new tensors p - lr * g, one step of gradient descent."""
    return [p - lr * g for p, g in zip(params, grads, strict=True)]


def minibatches(
    n_samples: int, batch_size: int, rng: np.random.Generator
) -> list[Int64[NDArray[np.int64], " batch"]]:
    """Cut one fresh permutation of 0..n_samples-1 into batches.

    Drawn with NumPy on the CPU, so that the batches do not depend on the device.

    Returns
    -------
    list of index arrays
        Each of `batch_size` indices, the last one shorter where they do not come out even; none
        is empty.

    Raises
    ------
    ValueError
        `batch_size` is below 1, or `n_samples` below 0.
    """
    if batch_size < 1:
        raise ValueError(f"batch_size is {batch_size}: expected 1 or more.")
    if n_samples < 0:
        raise ValueError(f"n_samples is {n_samples}: expected 0 or more.")
    order = rng.permutation(n_samples)
    return [order[k : k + batch_size] for k in range(0, n_samples, batch_size)]


def train(
    weights: Sequence[Tensor],
    biases: Sequence[Tensor],
    X: Float[Tensor, "N n_in"],
    T: Float[Tensor, "N n_out"],
    epochs: int,
    batch_size: int,
    lr: float,
    rng: np.random.Generator,
) -> tuple[Layers, Layers]:
    """Train by minibatch SGD on the quadratic cost.

    Each epoch takes fresh `minibatches`; each batch makes one step with the gradient averaged
    over that batch, the short last one included.

    Returns
    -------
    weights, biases
        New tensors; copies where `epochs` is 0.
    """
    new_weights = [W.clone() for W in weights]
    new_biases = [b.clone() for b in biases]
    for _ in range(epochs):
        for batch in minibatches(len(X), batch_size, rng):
            rows = torch.from_numpy(batch).to(X.device)
            dWs, dbs = gradients(new_weights, new_biases, X[rows], T[rows])
            new_weights = sgd_update(new_weights, dWs, lr)
            new_biases = sgd_update(new_biases, dbs, lr)
    return new_weights, new_biases


def evaluate(
    weights: Sequence[Tensor],
    biases: Sequence[Tensor],
    X: Float[Tensor, "N n_in"],
    T: Float[Tensor, "N n_out"],
) -> tuple[float, float]:
    """Return the mean quadratic cost and the accuracy.

    Returns
    -------
    loss
        Mean over samples of 1/2 sum_j (a_j - t_j)^2.
    accuracy
        Share of samples, 0 to 1, whose largest output is the target's (two or more outputs).
    """
    output = feedforward(weights, biases, X)[1][-1]
    loss = 0.5 * (output - T).square().sum(dim=1).mean()
    accuracy = (output.argmax(dim=1) == T.argmax(dim=1)).double().mean()
    return float(loss), float(accuracy)
