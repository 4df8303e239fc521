"""Nets and devices for the tests of the reference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import settings
from torch import Tensor

from reference.device import cuda_is_there

# A busy machine makes single examples slow, which says nothing about the code.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

NET_SIZES = ([4, 4, 4, 4], [5, 3, 6, 4], [3, 2])
"""Square, where a forgotten transpose runs; rectangular, where it raises; without hidden layer."""


@dataclass(frozen=True)
class Net:
    """A small net with random parameters and a batch of 7 samples, float64 on the CPU."""

    weights: list[Tensor]
    biases: list[Tensor]
    X: Tensor
    T: Tensor

    @property
    def arrays(self) -> tuple[list[np.ndarray], list[np.ndarray], np.ndarray, np.ndarray]:
        """The same as NumPy arrays: weights, biases, X, T."""
        weights = [W.numpy() for W in self.weights]
        biases = [b.numpy() for b in self.biases]
        return weights, biases, self.X.numpy(), self.T.numpy()


MakeNet = Callable[..., Net]


@pytest.fixture
def make_net() -> MakeNet:
    """Return a function of (sizes, seed, n_samples) that builds a `Net`."""

    def build(sizes: list[int], seed: int = 0, n_samples: int = 7) -> Net:
        rng = np.random.default_rng(seed)

        def normal(*shape: int) -> Tensor:
            return torch.from_numpy(rng.standard_normal(shape))

        classes = torch.from_numpy(rng.integers(0, sizes[-1], n_samples))
        return Net(
            [normal(n_out, n_in) for n_in, n_out in pairwise(sizes)],
            [normal(n_out) for n_out in sizes[1:]],
            normal(n_samples, sizes[0]),
            torch.eye(sizes[-1], dtype=torch.float64)[classes],
        )

    return build


@pytest.fixture(params=NET_SIZES, ids=str)
def net(request: pytest.FixtureRequest, make_net: MakeNet) -> Net:
    """Return a net of each of `NET_SIZES`."""
    return make_net(request.param)


@pytest.fixture
def cuda() -> str:
    """Return ``"cuda"``, or skip the test where there is none."""
    if not cuda_is_there():
        pytest.skip("torch sees no CUDA device here")
    return "cuda"
