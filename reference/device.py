"""Where the reference computes, and the way from NumPy to torch and back.

The device is the environment variable ``AUTOGRADER_DEVICE``: ``cpu`` or ``cuda``. Unset, empty or
``auto``, it is the GPU where there is one. Everything is float64, which CPU and GPU round alike to
the last few bits; random numbers never depend on the device, because they are drawn with NumPy.
"""

from __future__ import annotations

import os
from functools import cache
from typing import TypeAlias

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

Array: TypeAlias = NDArray[np.float64]
Device: TypeAlias = str | torch.device

DEVICE_VARIABLE = "AUTOGRADER_DEVICE"
DTYPE = torch.float64


class DeviceError(RuntimeError):
    """The device that was asked for is unknown, or not there.

    Parameters
    ----------
    asked
        The device, as it was asked for.
    problem
        What is wrong with it, and what to do next.
    """

    def __init__(self, asked: str, problem: str) -> None:
        self.asked = asked
        self.problem = problem
        super().__init__(problem)


def choose_device(name: Device | None = None) -> torch.device:
    """Return the device to compute on.

    Parameters
    ----------
    name
        ``"cpu"``, ``"cuda"`` or ``"auto"``; None reads ``AUTOGRADER_DEVICE``.

    Raises
    ------
    DeviceError
        The name is none of these, or it is ``"cuda"`` and torch sees no GPU.
    """
    if isinstance(name, torch.device):
        return name
    source = "device" if name is not None else DEVICE_VARIABLE
    asked = name if name is not None else os.environ.get(DEVICE_VARIABLE, "")
    wanted = asked.strip().lower() or "auto"
    if wanted not in {"auto", "cpu", "cuda"}:
        raise DeviceError(
            asked,
            f"{source} is {asked!r}: expected 'cpu' or 'cuda', or nothing to choose automatically.",
        )
    if wanted == "cuda" and not cuda_is_there():
        raise DeviceError(
            asked,
            f"{source} is {asked!r}, but torch {torch.__version__} sees no CUDA device. "
            "Install a CUDA build of torch and check nvidia-smi, or ask for 'cpu'.",
        )
    use_cuda = wanted == "cuda" or (wanted == "auto" and cuda_is_there())
    return torch.device("cuda" if use_cuda else "cpu")


@cache
def cuda_is_there() -> bool:
    """Whether torch can compute on a GPU; asked once per process, the question is slow."""
    return torch.cuda.is_available()


def to_tensor(array: ArrayLike, device: Device | None = None) -> Float[Tensor, "*shape"]:
    """Return a float64 copy of `array` on the device (chosen as in `choose_device`).

    A copy always: nothing that is done to the tensor reaches the caller's array, and read-only,
    strided or Fortran-ordered arrays are as good as any.
    """
    return torch.from_numpy(np.array(array, dtype=np.float64, order="C")).to(choose_device(device))


def to_array(tensor: Float[Tensor, "*shape"]) -> Float[Array, "*shape"]:
    """Return a float64 NumPy copy of `tensor`."""
    array: Array = tensor.detach().cpu().numpy().astype(np.float64)
    return array
