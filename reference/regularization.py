"""Dropout and early stopping."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from reference.device import Device, to_tensor


def dropout_mask(
    shape: int | tuple[int, ...],
    rate: float,
    rng: np.random.Generator,
    device: Device | None = None,
) -> Float[Tensor, "*shape"]:
    """Draw an inverted-dropout mask: 0 with probability `rate`, else 1 / (1 - rate).

    Each entry is drawn independently, and its mean is 1, so that nothing needs to be rescaled
    when the net is used (Srivastava et al. 2014, section 10, in its inverted form).

    Parameters
    ----------
    shape
        Shape of the mask.
    rate
        Probability of dropping, 0 <= rate < 1.
    rng
        Draws with NumPy on the CPU: the same mask on either device.
    device
        Where the mask is made, as in `reference.device.choose_device`.

    Raises
    ------
    ValueError
        `rate` is outside [0, 1).
    """
    _require_rate(rate)
    kept = rng.random(shape) >= rate
    return to_tensor(kept / (1.0 - rate), device)


def dropout_forward(
    x: Float[Tensor, "*shape"], rate: float, rng: np.random.Generator, training: bool
) -> tuple[Float[Tensor, "*shape"], Float[Tensor, "*shape"]]:
    """Apply dropout: out = x * mask, with a fresh mask from `dropout_mask`.

    Returns
    -------
    out, mask
        Both shaped like `x`. When not training, or with rate 0, a copy of `x` and ones; then
        nothing is drawn.

    Raises
    ------
    ValueError
        `rate` is outside [0, 1).
    """
    _require_rate(rate)
    if not training or rate == 0.0:
        return x.clone(), torch.ones_like(x)
    mask = dropout_mask(tuple(x.shape), rate, rng, x.device)
    return x * mask, mask


def dropout_backward(
    d_out: Float[Tensor, "*shape"], mask: Float[Tensor, "*shape"]
) -> Float[Tensor, "*shape"]:
    """Return dL/dx = dL/dout * mask: what was dropped receives nothing."""
    return d_out * mask


def _require_rate(rate: float) -> None:
    if not 0.0 <= rate < 1.0:
        raise ValueError(f"rate is {rate}: expected 0 <= rate < 1, the share that is dropped.")


class EarlyStopping:
    """Says when to stop training, as the callback of Keras 3.15.1 does.

    Parameters
    ----------
    patience
        Epochs without improvement after which to stop; 0 stops at the first, as 1 does.
    min_delta
        By how much more (absolute value) a value must be better to count as an improvement:
        strictly more than `min_delta` better than the best.
    mode
        ``"min"`` where smaller values are better, ``"max"`` where larger ones are.
    baseline
        Only an improvement that also beats the baseline resets the wait.
    restore_best_weights
        Whether to keep a copy of the best epoch's weights.
    start_from_epoch
        Epochs before this one are not looked at.

    Attributes
    ----------
    best : float or None
        Best value so far; None before the first counted one.
    best_epoch : int
        Its epoch, from 0.
    best_weights : list or None
        Copy of the weights of that epoch; None unless `restore_best_weights`.

    Raises
    ------
    ValueError
        `mode` is neither ``"min"`` nor ``"max"``.

    Notes
    -----
    A NaN is never an improvement, because no comparison with it holds. Unlike Keras, a NaN that
    comes first does not become the best for ever either.
    """

    def __init__(
        self,
        patience: int = 0,
        min_delta: float = 0.0,
        mode: str = "min",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        if mode not in {"min", "max"}:
            raise ValueError(f"mode is {mode!r}: expected 'min' or 'max'.")
        self.patience = patience
        self.min_delta = abs(min_delta)
        self.mode = mode
        self.baseline = baseline
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = start_from_epoch
        self.best: float | None = None
        self.best_epoch = 0
        self.best_weights: list[Any] | None = None
        self._epoch = -1
        self._wait = 0

    def step(self, value: float, weights: Sequence[Any] | None = None) -> bool:
        """Take the value of one more epoch; return whether to stop.

        Parameters
        ----------
        value
            The monitored quantity, such as the validation loss.
        weights
            The parameters of this epoch: arrays or tensors, which are copied where the epoch is
            the best so far and `restore_best_weights` is set.
        """
        self._epoch += 1
        if self._epoch < self.start_from_epoch:
            return False
        self._wait += 1
        if self._improves(value, self.best):
            self.best = float(value)
            self.best_epoch = self._epoch
            if self.restore_best_weights and weights is not None:
                self.best_weights = [copy.deepcopy(item) for item in weights]
            if self._improves(value, self.baseline):
                self._wait = 0
            # An improvement never stops the training, even with the patience used up.
            return False
        # Keras never stops in the very first epoch, whatever the patience.
        return self._wait >= self.patience and self._epoch > 0

    def _improves(self, value: float, reference: float | None) -> bool:
        if reference is None:
            return value == value  # noqa: PLR0124 - false for NaN only
        if self.mode == "min":
            return value + self.min_delta < reference
        return value - self.min_delta > reference
