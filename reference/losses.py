"""Softmax and cross entropy."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

SMALLEST = torch.finfo(torch.float64).tiny
"""Where a probability is clipped before its logarithm: -ln is 708, and every larger probability
(each normal float64 number) keeps its exact loss."""


def softmax(z: Float[Tensor, "*batch C"]) -> Float[Tensor, "*batch C"]:
    """Return e^z_j / sum_k e^z_k over the last axis.

    The row's own largest logit is subtracted first, which changes no quotient and leaves only
    exponents at or below 0.
    """
    powers = torch.exp(z - z.amax(dim=-1, keepdim=True))
    return powers / powers.sum(dim=-1, keepdim=True)


def cross_entropy(y: Float[Tensor, "N C"], t: Float[Tensor, "N C"]) -> float:
    """Return the mean over samples of -sum_j t_j ln y_j.

    Parameters
    ----------
    y
        Predicted probabilities; clipped from below at `SMALLEST`.
    t
        Targets, one-hot or any distribution over the classes.
    """
    return float(-(t * torch.log(y.clamp(min=SMALLEST))).sum(dim=-1).mean())


def softmax_cross_entropy_gradient(
    z: Float[Tensor, "N C"], t: Float[Tensor, "N C"]
) -> Float[Tensor, "N C"]:
    """Return the slope of each sample's cross entropy with respect to its logits: y - t.

    With y = softmax(z): dL/dz_i = -sum_j (t_j / y_j) y_j ([i = j] - y_i) = y_i sum_j t_j - t_i,
    and the targets of a sample sum to 1.
    """
    return softmax(z) - t
