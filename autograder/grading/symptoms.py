"""Symptoms: what a trained net tells of its training, in a word and a few numbers.

A lab's function returns ``(weights, biases)``. Known are these, the samples that they were trained
with, and the seed of the generator that was to draw the start. From them follow the *form* of what
came back and, if it is a net for these samples, its *numbers*. What came back may be anybody's: of
any shape, any size, infinite.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from autograder.grading.playback import Call
from autograder.values import Plain, Rng, describe

Array = NDArray[np.float64]

SYMPTOMS: dict[str, float] = {
    # Share of the training samples: that of guessing, say, where X and T do not belong together.
    "accuracy": 0.05,
    # How much larger it is for the first FIRST: somebody who trains with a few takes these.
    "of the first samples": 0.05,
    # On the validation set: large only if it was trained with, too.
    "validation accuracy": 0.05,
    # Logarithm of the mean square error of the outputs: it tells how sure they are, too.
    "error": 0.1,
    # Of the first and the last layer, logarithms of root mean squares: they grow with training,
    # and shrink under a penalty. (Biases do, too, but may as well start at zero as at random.)
    "first weights": 0.1,
    "last weights": 0.1,
    # Share of the hidden activations within 0.01 of 0 or 1: too large a start, too long a step.
    "saturated": 0.05,
    # Share of the hidden neurons' weights that all have in common: 1 if they started alike.
    "alike": 0.1,
    # Logarithm of the distance from the start, relative to the weights: how far training went.
    "moved": 0.1,
}
"""The numbers, each with a difference that says nothing. Logarithms are decimal ones."""

FIRST = 50

MAX_LAYERS = 8
MAX_ENTRIES = 100_000
"""Of a net's weights and biases; a lab's have 15 000 at most."""

MAX_SAMPLES = 1000
MAX_LOOKED_FOR = 500
"""Weights that are looked for among the draws of the generator."""

LARGEST = 1e100
TINY = 1e-6
MAX_POWER = 3.0
"""Weights of 1000 and more, or 1/1000 and less, are told apart no further."""

_DIGITS = re.compile(r"\d+")
_NET = re.compile(r"\d+(?:-\d+)+")


@dataclass(frozen=True, eq=False)
class Net:
    """Layers of weights (n_out, n_in) and biases (n_out,), which need not fit each other."""

    weights: list[Array]
    biases: list[Array]

    @property
    def arrays(self) -> list[Array]:
        """All of them."""
        return [*self.weights, *self.biases]

    def run(self, X: Array) -> tuple[Array, Array]:
        """Return the first layer's outputs (N, n_1) and the last one's (N, n_out), from -1 to 1.

        X has shape (N, n_in). Outputs 2 a - 1 in place of a sigmoid's a are as telling, and this
        module ships: it must not spell out what the exercises ask for.
        """
        first = last = np.tanh(0.5 * (X @ self.weights[0].T + self.biases[0]))
        for W, b in zip(self.weights[1:], self.biases[1:], strict=True):
            last = np.tanh(0.25 * (last @ W.T + W.sum(axis=1) + 2.0 * b))
        return first, last


def loose(form: str) -> str:
    """Return a form without its numbers."""
    return _DIGITS.sub("0", form)


def is_net(form: str) -> bool:
    """Whether a form is that of a net for the samples."""
    return _NET.fullmatch(form) is not None


def form_of(call: Call) -> str:
    """Say in a few words what came of a call.

    ``64-30-10`` are the layers of a net for the samples, ``transposed 64-30-10`` those of one whose
    weights are (n_in, n_out). Everything else has no numbers in its words.
    """
    answer = call.answer
    if answer.raised:
        return loose(f"raised {answer.raised}: {answer.text[:200]}")
    net, samples = _net(answer.value), _samples(call)
    if net is None or len(samples) < 2:
        return loose(describe(answer.value))
    sizes = [samples[0].shape[1], *(b.size for b in net.biases)]
    name = "-".join(map(str, sizes))
    shapes = [W.shape for W in net.weights]
    if sizes[-1] != samples[1].shape[1]:
        return "a net of as many outputs as there are not classes"
    if shapes == [(n_out, n_in) for n_in, n_out in pairwise(sizes)]:
        finite = all(np.isfinite(array).all() for array in net.arrays)
        return name if finite else "a net that is not finite"
    return f"transposed {name}" if shapes == list(pairwise(sizes)) else "layers that do not fit"


def numbers_of(call: Call) -> Array:
    """Return the symptoms (len(SYMPTOMS),) of a call whose form is that of a net.

    NaN stands for what there is not: a validation set, a hidden layer, a generator.
    """
    net, samples = _net(call.answer.value), _samples(call)
    if net is None or len(samples) < 2:
        return np.full(len(SYMPTOMS), np.nan)
    net = Net(_clipped(net.weights), _clipped(net.biases))
    X, T = samples[:2]
    hidden, outputs = net.run(X)
    right = _right(outputs, T)
    validation = saturated = alike = np.nan
    if len(samples) == 4:
        validation = float(np.mean(_right(net.run(samples[2])[1], samples[3])))
    if len(net.weights) > 1:
        saturated = float(np.mean(np.abs(hidden) > 0.98))
        alike = _alike(np.column_stack([net.weights[0], net.biases[0]]))
    return np.array(
        [
            np.mean(right),
            np.mean(right[:FIRST]) - np.mean(right),
            validation,
            np.log10(np.mean((outputs + 1.0 - 2.0 * T) ** 2) / 4.0 + TINY),
            _power(net.weights[0]),
            _power(net.weights[-1]),
            saturated,
            alike,
            _moved(net, call),
        ]
    )


def _samples(call: Call) -> list[Array]:
    """Return X_train (N, n_in) and T_train (N, n_out); X_val and T_val, too, if there are any."""
    found = [x for x in call.arguments if isinstance(x, np.ndarray) and x.ndim == 2]
    return [np.asarray(x[:MAX_SAMPLES], np.float64) for x in found[:4]]


def _net(value: Plain) -> Net | None:
    """Return a value as a net if it is two lists of as many matrices and vectors."""
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        return None
    if not all(isinstance(part, (list, tuple)) for part in value):
        return None
    weights, biases = _arrays(value[0], 2), _arrays(value[1], 1)  # type: ignore[arg-type]
    return Net(weights, biases) if 0 < len(weights) == len(biases) else None


def _arrays(items: Sequence[Plain], ndim: int) -> list[Array]:
    """Return the items as arrays of `ndim` axes; nothing unless all are such."""
    if len(items) > MAX_LAYERS:
        return []
    found = [x for x in items if isinstance(x, np.ndarray) and x.ndim == ndim and x.size]
    if len(found) < len(items) or sum(x.size for x in found) > MAX_ENTRIES:
        return []
    return [x.astype(np.float64) for x in found]


def _clipped(arrays: Sequence[Array]) -> list[Array]:
    """Keep numbers so small that their squares can be added."""
    return [np.clip(array, -LARGEST, LARGEST) for array in arrays]


def _right(outputs: Array, T: Array) -> Array:
    """Return (N,): what the one-hot targets (N, n_out) say of each sample's largest output."""
    said: Array = T[np.arange(len(T)), np.argmax(outputs, axis=1)]
    return said


def _power(W: Array) -> float:
    """Return the logarithm of the root mean square."""
    return float(np.clip(0.5 * np.log10(np.mean(W**2) + TINY**2), -MAX_POWER, MAX_POWER))


def _alike(neurons: Array) -> float:
    """Return how much of the rows of (n, m) is their mean: 1 if all are the same."""
    scale = float(np.max(np.abs(neurons)))
    if scale == 0.0:
        return 1.0
    neurons = neurons / scale
    return float(np.mean(neurons.mean(axis=0) ** 2) / np.mean(neurons**2))


def _moved(net: Net, call: Call) -> float:
    """Return how far the first weights are from draws of the generator that was passed.

    The start is a stretch of its normal numbers, on whatever scale: the one that is most like the
    weights is taken for it.
    """
    seed = next((x.seed for x in call.arguments if isinstance(x, Rng)), None)
    if seed is None:
        return float("nan")
    weights = net.weights[0].ravel()[:MAX_LOOKED_FOR]
    largest = float(np.max(np.abs(weights)))
    if largest == 0.0:
        return 0.0
    weights = weights / largest
    draws = np.random.default_rng(seed).standard_normal(sum(x.size for x in net.arrays))
    sums = np.concatenate([[0.0], np.cumsum(draws**2)])
    squares = sums[weights.size :] - sums[: -weights.size]
    products = np.maximum(np.correlate(draws, weights, "valid"), 0.0)
    unlike = 1.0 - float(np.max(products**2 / squares)) / float(weights @ weights)
    return 0.5 * float(np.log10(np.clip(unlike, TINY**2, 1.0)))
