"""Train many small nets at once: the distribution of a lab's accuracy over seeds.

One net of a lab is too small to keep a processor busy: most of its time goes into calling. An
ensemble carries a leading axis for the nets through every product (``torch.baddbmm``), so that
hundreds of nets cost little more than one. Each net has its own generator, and takes from it what
a plain loop would take, in the same order: the initial weights, each epoch's permutation, each
batch's dropout masks. It ends where that loop ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from reference.device import Array, Device, choose_device


@dataclass(frozen=True)
class Recipe:
    """How a net is built and trained; hidden layers are sigmoid.

    Parameters
    ----------
    sizes
        Neurons of each layer, inputs first.
    epochs, batch_size, lr
        Minibatch SGD: each epoch cuts a fresh permutation, the short last batch is kept, gradients
        are averaged over the batch.
    weight_sd
        Standard deviation of the Gaussian initial weights; None for 1/sqrt(n_in) in each layer.
        Biases come from N(0, 1).
    output
        ``"sigmoid"`` with the quadratic cost, or ``"softmax"`` with cross entropy.
    l2
        lambda of the penalty lambda * sum W^2: each dW gains 2 * lambda * W.
    dropout
        Rate of inverted dropout on the hidden activations.
    patience
        Early stopping on the validation cost: stop after so many epochs without a lower one, and
        go back to the best. None trains all epochs.
    """

    sizes: tuple[int, ...]
    epochs: int
    batch_size: int
    lr: float
    weight_sd: float | None = 1.0
    output: Literal["sigmoid", "softmax"] = "sigmoid"
    l2: float = 0.0
    dropout: float = 0.0
    patience: int | None = None


@dataclass(frozen=True)
class Ensemble:
    """M trained nets.

    Parameters
    ----------
    weights
        For each layer (M, n_out, n_in).
    biases
        For each layer (M, n_out).
    output
        As in `Recipe`.
    """

    weights: list[Float[Tensor, "M n_out n_in"]]
    biases: list[Float[Tensor, "M n_out"]]
    output: Literal["sigmoid", "softmax"]

    def net(self, index: int) -> tuple[list[Array], list[Array]]:
        """Return weights and biases of one net as NumPy arrays."""
        weights = [W[index].double().cpu().numpy() for W in self.weights]
        biases = [b[index].double().cpu().numpy() for b in self.biases]
        return weights, biases

    def accuracy(self, X: Array, T: Array) -> Float[Array, " M"]:
        """Share of samples whose largest output is the target's, for each net.

        Parameters
        ----------
        X, T
            (M, N, n_in) and (M, N, n_out), or (N, n_in) and (N, n_out) for all nets the same.
        """
        z = _forward(self, self._tensor(X))[0][-1]
        right = z.argmax(dim=-1) == self._tensor(T).argmax(dim=-1)
        shares: Array = right.double().mean(dim=-1).cpu().numpy()
        return shares

    def cost(self, X: Tensor, T: Tensor) -> Float[Tensor, " M"]:
        """Mean cost over samples, for each net: quadratic or cross entropy, by the output."""
        z = _forward(self, X)[0][-1]
        if self.output == "softmax":
            return -(T * torch.log_softmax(z, dim=-1)).sum(dim=-1).mean(dim=-1)
        return 0.5 * (torch.sigmoid(z) - T).square().sum(dim=-1).mean(dim=-1)

    def copy(self) -> Ensemble:
        """Return the same nets in memory of their own."""
        return Ensemble(
            [W.clone() for W in self.weights], [b.clone() for b in self.biases], self.output
        )

    def take_over(self, other: Ensemble, which: Tensor) -> None:
        """Replace the nets `which` (M, bool) by those of `other`."""
        for mine, its in zip(
            [*self.weights, *self.biases], [*other.weights, *other.biases], strict=True
        ):
            mine[which] = its[which]

    def _tensor(self, array: Array) -> Tensor:
        W = self.weights[0]
        return torch.as_tensor(array, dtype=W.dtype, device=W.device).expand(len(W), -1, -1)


def train_ensemble(
    recipe: Recipe,
    X: Array,
    T: Array,
    rngs: Sequence[np.random.Generator],
    *,
    validation: tuple[Array, Array] | None = None,
    device: Device = "cpu",
    dtype: torch.dtype = torch.float64,
) -> Ensemble:
    """Train one net per generator.

    Parameters
    ----------
    recipe
        How.
    X, T
        (M, N, n_in) and (M, N, n_out), or (N, n_in) and (N, n_out) for all nets the same.
    rngs
        M generators. They advance.
    validation
        X and T of the validation set, shaped alike; early stopping needs it.
    device, dtype
        Where, and how precisely. The random numbers do not depend on them.

    Raises
    ------
    ValueError
        The recipe asks for early stopping, but there is no validation set.
    """
    nets = _start(recipe, rngs, choose_device(device), dtype)
    X_all, T_all = nets._tensor(X), nets._tensor(T)  # noqa: SLF001 - this module's own class
    stopping = None
    if recipe.patience is not None:
        if validation is None:
            raise ValueError("Early stopping (patience) needs a validation set.")
        X_val, T_val = (nets._tensor(part) for part in validation)  # noqa: SLF001
        stopping = _Stopping(nets, X_val, T_val, recipe.patience)
    for _ in range(recipe.epochs):
        orders = np.stack([rng.permutation(X_all.shape[1]) for rng in rngs])
        order = torch.from_numpy(orders).to(X_all.device)
        for batch in torch.split(order, recipe.batch_size, dim=1):
            x, t = _rows(X_all, batch), _rows(T_all, batch)
            _step(nets, x, t, _masks(recipe, batch.shape[1], rngs, x), recipe)
        if stopping is not None and stopping.all_stopped(nets):
            break
    return nets if stopping is None else stopping.best


class _Stopping:
    """Early stopping of each net by itself; the best of a stopped net no longer changes."""

    def __init__(self, nets: Ensemble, X: Tensor, T: Tensor, patience: int) -> None:
        self.X = X
        self.T = T
        self.patience = patience
        self.best = nets.copy()
        count = len(nets.weights[0])
        self.best_cost = torch.full((count,), torch.inf, dtype=X.dtype, device=X.device)
        self.wait = torch.zeros(count, dtype=torch.int64, device=X.device)

    def all_stopped(self, nets: Ensemble) -> bool:
        """Judge one epoch of all nets; say whether none runs any more."""
        cost = nets.cost(self.X, self.T)
        better = (cost < self.best_cost) & (self.wait < self.patience)
        self.best.take_over(nets, better)
        self.best_cost = torch.where(better, cost, self.best_cost)
        self.wait = torch.where(better, 0, self.wait + 1)
        return bool((self.wait >= self.patience).all())


def _start(
    recipe: Recipe,
    rngs: Sequence[np.random.Generator],
    device: torch.device,
    dtype: torch.dtype,
) -> Ensemble:
    weights, biases = [], []
    for n_in, n_out in zip(recipe.sizes[:-1], recipe.sizes[1:], strict=True):
        sd = recipe.weight_sd if recipe.weight_sd is not None else 1.0 / np.sqrt(n_in)
        W, b = [], []
        for rng in rngs:
            W.append(sd * rng.standard_normal((n_out, n_in)))
            b.append(rng.standard_normal(n_out))
        weights.append(torch.tensor(np.stack(W), dtype=dtype, device=device))
        biases.append(torch.tensor(np.stack(b), dtype=dtype, device=device))
    return Ensemble(weights, biases, recipe.output)


def _forward(
    nets: Ensemble, x: Float[Tensor, "M N n_in"], masks: Sequence[Tensor] = ()
) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
    """Return (zs, sigmas, inputs): sigma(z) of hidden layers, and what each layer is fed."""
    zs, sigmas, inputs = [], [], [x]
    last = len(nets.weights) - 1
    for layer, (W, b) in enumerate(zip(nets.weights, nets.biases, strict=True)):
        zs.append(torch.baddbmm(b.unsqueeze(1), inputs[-1], W.transpose(1, 2)))
        if layer < last:
            sigmas.append(torch.sigmoid(zs[-1]))
            inputs.append(sigmas[-1] * masks[layer] if masks else sigmas[-1])
    return zs, sigmas, inputs


def _step(nets: Ensemble, x: Tensor, t: Tensor, masks: Sequence[Tensor], recipe: Recipe) -> None:
    """One step of SGD on one batch of each net, in place."""
    zs, sigmas, inputs = _forward(nets, x, masks)
    if recipe.output == "softmax":
        delta = torch.softmax(zs[-1], dim=-1) - t
    else:
        a = torch.sigmoid(zs[-1])
        delta = (a - t) * a * (1.0 - a)
    size = x.shape[1]
    for layer in reversed(range(len(nets.weights))):
        W, b = nets.weights[layer], nets.biases[layer]
        dW = delta.transpose(1, 2) @ inputs[layer] / size + 2.0 * recipe.l2 * W
        db = delta.mean(dim=1)
        if layer > 0:
            s = sigmas[layer - 1]
            delta = delta @ W * s * (1.0 - s)
            if masks:
                delta *= masks[layer - 1]
        W -= recipe.lr * dW
        b -= recipe.lr * db


def _rows(data: Float[Tensor, "M N n"], rows: Int64[Tensor, "M B"]) -> Float[Tensor, "M B n"]:
    return data[torch.arange(len(rows), device=rows.device).unsqueeze(1), rows]


def _masks(
    recipe: Recipe, size: int, rngs: Sequence[np.random.Generator], like: Tensor
) -> list[Tensor]:
    """Draw a dropout mask for each hidden layer, or none at all."""
    if recipe.dropout == 0.0:
        return []
    keep = 1.0 - recipe.dropout
    masks = []
    for width in recipe.sizes[1:-1]:
        drawn = np.stack([rng.random((size, width)) for rng in rngs]) >= recipe.dropout
        masks.append(torch.tensor(drawn, dtype=like.dtype, device=like.device) / keep)
    return masks
