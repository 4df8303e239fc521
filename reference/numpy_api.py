"""The course's functions, with the signatures of the curriculum: NumPy in, NumPy out.

Thin adapters around the torch modules: arguments become float64 tensors on the chosen device
(``AUTOGRADER_DEVICE``, see `reference.device`), results float64 arrays. Arguments are copied, so
none is ever changed; only a generator that is passed in advances.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float, Int64
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from reference import backprop, initialization, losses, regularization, sgd
from reference.device import Array, choose_device, to_array, to_tensor
from reference.regularization import EarlyStopping

# A device that is asked for and not there must stop the grader, not cost students their points.
choose_device()

__all__ = [
    "EarlyStopping",
    "cross_entropy",
    "dropout_backward",
    "dropout_forward",
    "dropout_mask",
    "evaluate",
    "feedforward",
    "gradients",
    "hidden_delta",
    "init_weights",
    "minibatches",
    "numerical_gradient",
    "output_delta",
    "sgd_update",
    "sigmoid",
    "sigmoid_prime",
    "softmax",
    "softmax_cross_entropy_gradient",
    "train",
]

Parameters = tuple[list[Array], list[Array]]


def sigmoid(z: ArrayLike) -> Float[Array, "*shape"]:
    """Return the logistic function of `z`, elementwise; see `backprop.sigmoid`."""
    return to_array(backprop.sigmoid(to_tensor(z)))


def sigmoid_prime(z: ArrayLike) -> Float[Array, "*shape"]:
    """Return the logistic function's slope at `z`; see `backprop.sigmoid_prime`."""
    return to_array(backprop.sigmoid_prime(to_tensor(z)))


def feedforward(
    weights: Sequence[ArrayLike], biases: Sequence[ArrayLike], X: ArrayLike
) -> tuple[list[Array], list[Array]]:
    """Return ``(zs, activations)``; see `backprop.feedforward`.

    ``activations[0]`` is `X` itself where that is a float64 array.
    """
    zs, activations = backprop.feedforward(_tensors(weights), _tensors(biases), to_tensor(X))
    return _arrays(zs), [np.asarray(X, dtype=np.float64), *_arrays(activations[1:])]


def output_delta(a: ArrayLike, t: ArrayLike, z: ArrayLike) -> Float[Array, "N n_out"]:
    """Return (a - t) * sigma'(z), per sample; see `backprop.output_delta`."""
    return to_array(backprop.output_delta(to_tensor(a), to_tensor(t), to_tensor(z)))


def hidden_delta(W_next: ArrayLike, delta_next: ArrayLike, z: ArrayLike) -> Float[Array, "N n"]:
    """Return the delta of a hidden layer, per sample; see `backprop.hidden_delta`."""
    return to_array(backprop.hidden_delta(to_tensor(W_next), to_tensor(delta_next), to_tensor(z)))


def gradients(
    weights: Sequence[ArrayLike], biases: Sequence[ArrayLike], X: ArrayLike, T: ArrayLike
) -> Parameters:
    """Return ``(dWs, dbs)`` of the mean quadratic cost; see `backprop.gradients`."""
    dWs, dbs = backprop.gradients(_tensors(weights), _tensors(biases), to_tensor(X), to_tensor(T))
    return _arrays(dWs), _arrays(dbs)


def numerical_gradient(
    f: Callable[[Array], float], theta: ArrayLike, h: float = 1e-5
) -> Float[Array, "*shape"]:
    """Return central differences of `f` at `theta`; see `backprop.numerical_gradient`.

    `f` receives a fresh float64 array shaped like `theta` at each call.
    """

    def of_tensor(point: Tensor) -> float:
        return float(f(to_array(point)))

    return to_array(backprop.numerical_gradient(of_tensor, to_tensor(theta), h))


def sgd_update(params: Sequence[ArrayLike], grads: Sequence[ArrayLike], lr: float) -> list[Array]:
    """Return new arrays ``p - lr * g``; see `sgd.sgd_update`."""
    return _arrays(sgd.sgd_update(_tensors(params), _tensors(grads), float(lr)))


def minibatches(
    n_samples: int, batch_size: int, rng: np.random.Generator
) -> list[Int64[NDArray[np.int64], " batch"]]:
    """Return a list of index arrays; see `sgd.minibatches`."""
    return sgd.minibatches(n_samples, batch_size, rng)


def train(
    weights: Sequence[ArrayLike],
    biases: Sequence[ArrayLike],
    X: ArrayLike,
    T: ArrayLike,
    epochs: int,
    batch_size: int,
    lr: float,
    rng: np.random.Generator,
) -> Parameters:
    """Return ``(weights, biases)`` after minibatch SGD; see `sgd.train`."""
    new_weights, new_biases = sgd.train(
        _tensors(weights),
        _tensors(biases),
        to_tensor(X),
        to_tensor(T),
        epochs,
        batch_size,
        float(lr),
        rng,
    )
    return _arrays(new_weights), _arrays(new_biases)


def evaluate(
    weights: Sequence[ArrayLike], biases: Sequence[ArrayLike], X: ArrayLike, T: ArrayLike
) -> tuple[float, float]:
    """Return ``(loss, accuracy)``; see `sgd.evaluate`."""
    return sgd.evaluate(_tensors(weights), _tensors(biases), to_tensor(X), to_tensor(T))


def softmax(z: ArrayLike) -> Float[Array, "*batch C"]:
    """Return the softmax over the last axis; see `losses.softmax`."""
    return to_array(losses.softmax(to_tensor(z)))


def cross_entropy(y: ArrayLike, t: ArrayLike) -> float:
    """Return the mean cross entropy of a batch; see `losses.cross_entropy`."""
    return losses.cross_entropy(to_tensor(y), to_tensor(t))


def softmax_cross_entropy_gradient(z: ArrayLike, t: ArrayLike) -> Float[Array, "N C"]:
    """Return softmax(z) - t, per sample; see `losses.softmax_cross_entropy_gradient`."""
    return to_array(losses.softmax_cross_entropy_gradient(to_tensor(z), to_tensor(t)))


def init_weights(sizes: Sequence[int], rng: np.random.Generator) -> Parameters:
    """Return random ``(weights, biases)``; see `initialization.init_weights`."""
    weights, biases = initialization.init_weights(sizes, rng)
    return _arrays(weights), _arrays(biases)


def dropout_mask(
    shape: int | tuple[int, ...], rate: float, rng: np.random.Generator
) -> Float[Array, "*shape"]:
    """Return an inverted-dropout mask; see `regularization.dropout_mask`."""
    return to_array(regularization.dropout_mask(shape, float(rate), rng))


def dropout_forward(
    x: ArrayLike, rate: float, rng: np.random.Generator, training: bool
) -> tuple[Float[Array, "*shape"], Float[Array, "*shape"]]:
    """Return ``(out, mask)``; see `regularization.dropout_forward`."""
    out, mask = regularization.dropout_forward(to_tensor(x), float(rate), rng, training)
    return to_array(out), to_array(mask)


def dropout_backward(d_out: ArrayLike, mask: ArrayLike) -> Float[Array, "*shape"]:
    """Return ``d_out * mask``; see `regularization.dropout_backward`."""
    return to_array(regularization.dropout_backward(to_tensor(d_out), to_tensor(mask)))


def _tensors(items: Sequence[ArrayLike]) -> list[Tensor]:
    return [to_tensor(item) for item in items]


def _arrays(items: Sequence[Tensor]) -> list[Array]:
    return [to_array(item) for item in items]
