"""An ensemble ends where a plain loop over its nets ends."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from reference.device import cuda_is_there
from reference.ensemble import Ensemble, Recipe, train_ensemble

BASE = Recipe(sizes=(6, 5, 4, 3), epochs=3, batch_size=4, lr=0.7)
RECIPES = {
    "lecture": BASE,
    "scaled": replace(BASE, weight_sd=None),
    "small": replace(BASE, weight_sd=0.5),
    "softmax": replace(BASE, output="softmax"),
    "L2": replace(BASE, output="softmax", l2=0.03),
    "dropout": replace(BASE, output="softmax", dropout=0.3),
    "stopped": replace(BASE, epochs=40, lr=3.0, output="softmax", patience=2),
    "stopped quadratic": replace(BASE, epochs=40, lr=3.0, patience=2),
    "one layer": replace(BASE, sizes=(6, 3)),
}
M, N = 4, 10


def sigma(z: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-z))


def softmax(z: np.ndarray) -> np.ndarray:
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


class PlainNet:
    """One net in NumPy, with the course's own formulas, as a student would write the loop."""

    def __init__(self, recipe: Recipe, rng: np.random.Generator) -> None:
        self.recipe = recipe
        self.rng = rng
        self.weights, self.biases = [], []
        for n_in, n_out in zip(recipe.sizes, recipe.sizes[1:], strict=False):
            scale = n_in**-0.5 if recipe.weight_sd is None else recipe.weight_sd
            self.weights.append(rng.standard_normal((n_out, n_in)) * scale)
            self.biases.append(rng.standard_normal(n_out))
        self.epochs_run = 0

    def outputs(self, X: np.ndarray) -> np.ndarray:
        for W, b in zip(self.weights[:-1], self.biases[:-1], strict=True):
            X = sigma(X @ W.T + b)
        z = X @ self.weights[-1].T + self.biases[-1]
        return softmax(z) if self.recipe.output == "softmax" else sigma(z)

    def cost(self, X: np.ndarray, T: np.ndarray) -> float:
        Y = self.outputs(X)
        if self.recipe.output == "softmax":
            return -np.sum(T * np.log(Y)) / len(X)
        return 0.5 * np.sum((Y - T) ** 2) / len(X)

    def step(self, X: np.ndarray, T: np.ndarray) -> None:
        recipe = self.recipe
        masks = []
        if recipe.dropout:
            for width in recipe.sizes[1:-1]:
                kept = self.rng.random((len(X), width)) >= recipe.dropout
                masks.append(kept / (1.0 - recipe.dropout))
        inputs, hidden = [X], []
        for layer, (W, b) in enumerate(zip(self.weights[:-1], self.biases[:-1], strict=True)):
            hidden.append(sigma(inputs[-1] @ W.T + b))
            inputs.append(hidden[-1] * masks[layer] if masks else hidden[-1])
        z = inputs[-1] @ self.weights[-1].T + self.biases[-1]
        if recipe.output == "softmax":
            delta = softmax(z) - T
        else:
            delta = (sigma(z) - T) * sigma(z) * (1 - sigma(z))
        grads = []
        for layer in range(len(self.weights) - 1, -1, -1):
            W = self.weights[layer]
            dW = delta.T @ inputs[layer] / len(X) + 2 * recipe.l2 * W
            grads.append((layer, dW, delta.sum(axis=0) / len(X)))
            if layer:
                delta = (delta @ W) * (masks[layer - 1] if masks else 1.0)
                delta = delta * hidden[layer - 1] * (1 - hidden[layer - 1])
        for layer, dW, db in grads:
            self.weights[layer] = self.weights[layer] - recipe.lr * dW
            self.biases[layer] = self.biases[layer] - recipe.lr * db

    def train(self, X: np.ndarray, T: np.ndarray, X_val: np.ndarray, T_val: np.ndarray) -> None:
        best, best_cost, wait = (self.weights, self.biases), np.inf, 0
        for _ in range(self.recipe.epochs):
            order = self.rng.permutation(len(X))
            for start in range(0, len(X), self.recipe.batch_size):
                batch = order[start : start + self.recipe.batch_size]
                self.step(X[batch], T[batch])
            self.epochs_run += 1
            if self.recipe.patience is None:
                continue
            cost = self.cost(X_val, T_val)
            if cost < best_cost:
                best, best_cost, wait = (list(self.weights), list(self.biases)), cost, 0
            else:
                wait += 1
            if wait >= self.recipe.patience:
                break
        if self.recipe.patience is not None:
            self.weights, self.biases = best


@pytest.fixture
def data() -> dict[str, np.ndarray]:
    """For each of M nets its own training and validation set."""
    rng = np.random.default_rng(5)
    targets = np.eye(3)[rng.integers(0, 3, (M, 2 * N))]
    X = rng.standard_normal((M, 2 * N, 6))
    return {"X": X[:, :N], "T": targets[:, :N], "X_val": X[:, N:], "T_val": targets[:, N:]}


def rngs() -> list[np.random.Generator]:
    return [np.random.default_rng([9, net]) for net in range(M)]


def trained(
    recipe: Recipe,
    data: dict[str, np.ndarray],
    device: str = "cpu",
    dtype: torch.dtype = torch.float64,
) -> Ensemble:
    validation = (data["X_val"], data["T_val"])
    return train_ensemble(
        recipe, data["X"], data["T"], rngs(), validation=validation, device=device, dtype=dtype
    )


@pytest.mark.parametrize("name", RECIPES)
def test_every_net_ends_where_a_plain_loop_ends(name: str, data: dict[str, np.ndarray]) -> None:
    recipe = RECIPES[name]
    nets = trained(recipe, data)
    accuracies = nets.accuracy(data["X_val"], data["T_val"])
    ran = set()
    for index, rng in enumerate(rngs()):
        plain = PlainNet(recipe, rng)
        X, T, X_val, T_val = (data[part][index] for part in ("X", "T", "X_val", "T_val"))
        plain.train(X, T, X_val, T_val)
        weights, biases = nets.net(index)
        for mine, its in zip(weights + biases, plain.weights + plain.biases, strict=True):
            np.testing.assert_allclose(mine, its, rtol=1e-9, atol=1e-11)
        right = plain.outputs(X_val).argmax(axis=1) == T_val.argmax(axis=1)
        assert accuracies[index] == pytest.approx(right.mean())
        ran.add(plain.epochs_run)
    if recipe.patience is not None:
        assert len(ran) > 1, "the nets should stop at different times"
        assert max(ran) < recipe.epochs


def test_all_nets_may_share_one_training_set(data: dict[str, np.ndarray]) -> None:
    X, T = data["X"][0], data["T"][0]
    shared = train_ensemble(BASE, X, T, rngs())
    copies = train_ensemble(BASE, np.stack([X] * M), np.stack([T] * M), rngs())
    for mine, its in zip(shared.weights, copies.weights, strict=True):
        torch.testing.assert_close(mine, its, rtol=0.0, atol=0.0)


def test_training_leaves_the_data_alone(data: dict[str, np.ndarray]) -> None:
    before = {part: array.copy() for part, array in data.items()}
    trained(RECIPES["stopped"], data)
    for part, array in data.items():
        np.testing.assert_array_equal(array, before[part])


def test_float32_follows_float64(data: dict[str, np.ndarray]) -> None:
    double, single = trained(BASE, data), trained(BASE, data, dtype=torch.float32)
    assert single.weights[0].dtype == torch.float32
    for mine, its in zip(single.weights, double.weights, strict=True):
        torch.testing.assert_close(mine.double(), its, rtol=1e-4, atol=1e-4)


@pytest.mark.gpu
@pytest.mark.skipif(not cuda_is_there(), reason="needs a CUDA device")
@pytest.mark.parametrize("name", RECIPES)
def test_the_gpu_ends_where_the_cpu_ends(name: str, data: dict[str, np.ndarray]) -> None:
    cpu, gpu = trained(RECIPES[name], data), trained(RECIPES[name], data, device="cuda")
    for mine, its in zip(gpu.weights, cpu.weights, strict=True):
        torch.testing.assert_close(mine.cpu(), its, rtol=1e-9, atol=1e-11)


def test_early_stopping_without_a_validation_set_is_refused(data: dict[str, np.ndarray]) -> None:
    with pytest.raises(ValueError, match=r"Early stopping \(patience\) needs a validation set"):
        train_ensemble(RECIPES["stopped"], data["X"], data["T"], rngs())
