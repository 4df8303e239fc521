"""Random initial weights and biases."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from reference.backprop import Layers
from reference.device import Device, to_tensor


def init_weights(
    sizes: Sequence[int], rng: np.random.Generator, device: Device | None = None
) -> tuple[Layers, Layers]:
    """Draw the parameters of a net with the layer `sizes`.

    Weights are Gaussian with standard deviation 1/sqrt(n_in), so that a neuron's z, a sum of n_in
    terms of order 1, stays of order 1; biases are Gaussian with standard deviation 1.

    Parameters
    ----------
    sizes
        Neurons per layer, the inputs first.
    rng
        Draws with NumPy on the CPU, layer by layer, weights before biases: the same numbers on
        either device.
    device
        Where the tensors are made, as in `reference.device.choose_device`.

    Returns
    -------
    weights, biases
        ``W`` of shape (n_out, n_in) and ``b`` of shape (n_out,) for each layer.
    """
    weights: Layers = []
    biases: Layers = []
    for n_in, n_out in pairwise(sizes):
        weights.append(to_tensor(rng.standard_normal((n_out, n_in)) / np.sqrt(n_in), device))
        biases.append(to_tensor(rng.standard_normal(n_out), device))
    return weights, biases
