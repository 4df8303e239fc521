"""Backpropagation through a net of sigmoid layers with the quadratic cost.

Batch first; layer l has ``W`` of shape (n_out, n_in) and ``b`` of shape (n_out,). The lecture's
four equations, with delta = dL_n/dz of one sample n:

1. output:    delta^L = (a^L - t) * sigma'(z^L)
2. recursion: delta^l = (W^(l+1)^T delta^(l+1)) * sigma'(z^l)
3. biases:    dL_n/db_j  = delta_j
4. weights:   dL_n/dw_jk = delta_j a_k^(l-1)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

Layers = list[Tensor]


def sigmoid(z: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Return the logistic function 1 / (1 + e^-z), elementwise.

    Written with e^-|z|, which lies in (0, 1], so that it overflows nowhere.
    """
    decay = torch.exp(-z.abs())
    return torch.where(z >= 0, 1.0, decay) / (1.0 + decay)


def sigmoid_prime(z: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Return the slope sigma'(z) = sigma(z) (1 - sigma(z)), elementwise.

    With e = e^-|z| it is e / (1 + e)^2: even in z, and without the cancellation of 1 - sigma(z)
    at large z.
    """
    decay = torch.exp(-z.abs())
    return decay / (1.0 + decay) ** 2


def feedforward(
    weights: Sequence[Tensor], biases: Sequence[Tensor], X: Float[Tensor, "N n_in"]
) -> tuple[Layers, Layers]:
    """Run the net forward: z^l = a^(l-1) W^T + b, a^l = sigma(z^l), a^0 = X.

    Returns
    -------
    zs, activations
        ``zs[l]`` of shape (N, n_l) for each layer; `activations` has one more, `X` itself first.
    """
    zs: Layers = []
    activations: Layers = [X]
    for W, b in zip(weights, biases, strict=True):
        zs.append(activations[-1] @ W.T + b)
        activations.append(sigmoid(zs[-1]))
    return zs, activations


def output_delta(
    a: Float[Tensor, "N n_out"], t: Float[Tensor, "N n_out"], z: Float[Tensor, "N n_out"]
) -> Float[Tensor, "N n_out"]:
    """Return delta of the output layer, per sample: (a - t) * sigma'(z).

    The first equation: the cost 1/2 sum_j (a_j - t_j)^2 has slope a - t with respect to a.
    """
    return (a - t) * sigmoid_prime(z)


def hidden_delta(
    W_next: Float[Tensor, "n_next n"],
    delta_next: Float[Tensor, "N n_next"],
    z: Float[Tensor, "N n"],
) -> Float[Tensor, "N n"]:
    """Return delta of a hidden layer, per sample: (W_next^T delta_next) * sigma'(z).

    The second equation, the delta recursion; with samples as rows the product reads
    ``delta_next @ W_next``.
    """
    return (delta_next @ W_next) * sigmoid_prime(z)


def gradients(
    weights: Sequence[Tensor],
    biases: Sequence[Tensor],
    X: Float[Tensor, "N n_in"],
    T: Float[Tensor, "N n_out"],
) -> tuple[Layers, Layers]:
    """Return the gradients of the mean quadratic cost, by the four equations.

    Returns
    -------
    dWs, dbs
        Lists shaped like `weights` and `biases`, averaged over the N samples.
    """
    zs, activations = feedforward(weights, biases, X)
    deltas = [output_delta(activations[-1], T, zs[-1])]
    for W_next, z in zip(reversed(weights[1:]), reversed(zs[:-1]), strict=True):
        deltas.insert(0, hidden_delta(W_next, deltas[0], z))
    dWs = [
        delta.T @ a_before / len(X)
        for delta, a_before in zip(deltas, activations[:-1], strict=True)
    ]
    dbs = [delta.mean(dim=0) for delta in deltas]
    return dWs, dbs


def numerical_gradient(
    f: Callable[[Tensor], float], theta: Float[Tensor, "*shape"], h: float = 1e-5
) -> Float[Tensor, "*shape"]:
    """Return the central differences (f(theta + h e_k) - f(theta - h e_k)) / 2h.

    Parameters
    ----------
    f
        Scalar function of a tensor shaped like `theta`; sees a fresh tensor at each call.
    theta
        Where the gradient is taken; stays as it is.
    h
        Step; the error is of order h^2 plus rounding of order 1e-16 |f| / h.
    """
    slope = torch.zeros_like(theta, memory_format=torch.contiguous_format)
    flat = slope.view(-1)
    for k in range(theta.numel()):
        step = torch.zeros_like(flat)
        step[k] = h
        step = step.view(theta.shape)
        flat[k] = (float(f(theta + step)) - float(f(theta - step))) / (2.0 * h)
    return slope
