"""Right answers to 05-regularization in other styles: none may lose a point."""

from __future__ import annotations

import textwrap

import numpy as np

from autograder.catalogue import Entry, variant

# dropout ------------------------------------------------------------------------------------------


@variant("dropout_mask")
def binomial(shape, rate, rng):
    """A binomial draw of one trial."""
    return rng.binomial(1, 1 - rate, size=shape) / (1 - rate)


@variant("dropout_mask")
def choice(shape, rate, rng):
    """A choice between the two values."""
    return rng.choice([0.0, 1 / (1 - rate)], size=shape, p=[rate, 1 - rate])


@variant("dropout_mask")
def uniform_where(shape, rate, rng):
    """Uniform numbers and where; keep if below the keep probability."""
    keep = 1.0 - rate
    return np.where(rng.uniform(0.0, 1.0, size=shape) < keep, 1.0 / keep, 0.0)


@variant("dropout_mask")
def boolean_then_scaled(shape, rate, rng):
    """A boolean mask, scaled where it is true."""
    mask = np.zeros(shape)
    mask[rng.random(shape) > rate] = 1 / (1 - rate)
    return mask


@variant("dropout_mask")
def single_precision(shape, rate, rng):
    """Everything in float32."""
    keep = np.float32(1 - rate)
    return (rng.random(shape, dtype=np.float32) < keep).astype(np.float32) / keep


@variant("dropout_mask")
def one_by_one(shape, rate, rng):
    """A loop over the units."""
    mask = np.empty(shape)
    for index in np.ndindex(*mask.shape):
        mask[index] = 0.0 if rng.random() < rate else 1 / (1 - rate)
    return mask


@variant("dropout_mask")
def drop_in_place(shape, rate, rng):
    """Starts from the survivors and drops some, in Fortran order."""
    mask = np.full(shape, 1 / (1 - rate), order="F")
    mask[rng.random(shape) < rate] = 0
    return mask


@variant("dropout_mask")
def sign_of_a_gap(shape, rate, rng):
    """The probability to keep is what is compared, by a sign."""
    keep = 1 - rate
    return (np.sign(keep - rng.random(shape)) > 0) * (1 / keep)


@variant("dropout_forward")
def early_return(x, rate, rng, training):
    """Draws here instead of calling dropout_mask; returns a list."""
    if not training or rate == 0:
        return [x, np.ones(x.shape)]
    mask = rng.binomial(1, 1 - rate, size=x.shape) / (1 - rate)
    return [np.multiply(x, mask), mask]


@variant("dropout_forward")
def always_masked(x, rate, rng, training):
    """Rate 0 in use, then one path for all."""
    mask = dropout_mask(x.shape, rate if training else 0.0, rng)
    return x * mask, mask


@variant("dropout_forward")
def copy_and_zero(x, rate, rng, training):
    """Works on a copy of x."""
    out, mask = np.array(x, dtype=float), np.ones_like(x, dtype=float)
    if training and rate > 0:
        dropped = rng.random(x.shape) < rate
        mask = np.where(dropped, 0.0, 1.0 / (1.0 - rate))
        out[dropped] = 0.0
        out[~dropped] /= 1.0 - rate
    return out, mask


@variant("dropout_forward")
def forward_single_precision(x, rate, rng, training):
    """Everything in float32."""
    x = np.asarray(x, dtype=np.float32)
    mask = np.ones_like(x)
    if training:
        mask = (rng.random(x.shape) >= rate).astype(np.float32) / np.float32(1 - rate)
    return x * mask, mask


@variant("dropout_forward")
def scaled_apart(x, rate, rng, training):
    """Zeros and ones first; the factor joins mask and output at the end."""
    keep = 1 - rate if training else 1.0
    there = rng.random(x.shape) < keep
    return x * there / keep, there / keep


@variant("dropout_backward")
def multiply(d_out, mask):
    """The ufunc."""
    return np.multiply(d_out, mask)


@variant("dropout_backward")
def einsum(d_out, mask):
    """An explicit elementwise product."""
    return np.einsum("...,...->...", d_out, mask)


@variant("dropout_backward")
def where(d_out, mask):
    """Zero where dropped."""
    return np.where(mask == 0, 0.0, d_out * mask)


@variant("dropout_backward")
def survivors_then_factor(d_out, mask):
    """Zeros and ones first, then the survivors' common factor."""
    return d_out * (mask > 0) * np.max(mask)


# EarlyStopping ------------------------------------------------------------------------------------


def _cell(name: str, title: str, source: str) -> Entry:
    """Return a whole cell as a variant, where a class alone (no import, no decorator) is short."""
    return Entry("EarlyStopping", name, title, textwrap.dedent(source).lstrip(), correct=True)


monitor_op = _cell(
    "monitor_op",
    "As in Keras: a comparison function and a signed min_delta.",
    """
    import operator

    class EarlyStopping:
        def __init__(self, patience=0, min_delta=0.0, mode="min", baseline=None,
                     restore_best_weights=False, start_from_epoch=0):
            self.patience = patience
            self.min_delta = abs(min_delta)
            self.monitor_op = operator.lt if mode == "min" else operator.gt
            if self.monitor_op is operator.lt:
                self.min_delta *= -1
            self.baseline = baseline
            self.restore_best_weights = restore_best_weights
            self.start_from_epoch = start_from_epoch
            self.wait = 0
            self.epoch = 0
            self.best = None
            self.best_epoch = 0
            self.best_weights = None

        def _is_improvement(self, value, reference):
            if reference is None:
                return True
            return self.monitor_op(value - self.min_delta, reference)

        def step(self, value, weights=None):
            epoch = self.epoch
            self.epoch += 1
            if epoch < self.start_from_epoch:
                return False
            self.wait += 1
            if self._is_improvement(value, self.best):
                self.best = value
                self.best_epoch = epoch
                if self.restore_best_weights and weights is not None:
                    self.best_weights = [w.copy() for w in weights]
                if self._is_improvement(value, self.baseline):
                    self.wait = 0
                return False
            return self.wait >= self.patience
    """,
)
dataclass_fields = _cell(
    "dataclass_fields",
    "A dataclass.",
    """
    import copy
    from dataclasses import dataclass, field
    from typing import Optional

    @dataclass
    class EarlyStopping:
        patience: int = 0
        min_delta: float = 0.0
        mode: str = "min"
        baseline: Optional[float] = None
        restore_best_weights: bool = False
        start_from_epoch: int = 0
        best: Optional[float] = field(default=None, init=False)
        best_epoch: int = field(default=0, init=False)
        best_weights: Optional[list] = field(default=None, init=False)
        _epoch: int = field(default=-1, init=False)
        _wait: int = field(default=0, init=False)

        def _beats(self, value, bar):
            delta = abs(self.min_delta)
            return value < bar - delta if self.mode == "min" else value > bar + delta

        def step(self, value, weights=None):
            self._epoch += 1
            if self._epoch < self.start_from_epoch:
                return False
            self._wait += 1
            if self.best is not None and not self._beats(value, self.best):
                return self._wait >= self.patience
            self.best, self.best_epoch = value, self._epoch
            if self.restore_best_weights:
                self.best_weights = copy.deepcopy(weights)
            if self.baseline is None or self._beats(value, self.baseline):
                self._wait = 0
            return False
    """,
)
deque_of_epochs = _cell(
    "deque_of_epochs",
    "Remembers the last epochs in a deque instead of counting.",
    """
    from collections import deque

    class EarlyStopping:
        def __init__(self, patience=0, min_delta=0.0, mode="min", baseline=None,
                     restore_best_weights=False, start_from_epoch=0):
            self.recent = deque(maxlen=max(patience, 1))
            self.delta = np.abs(min_delta)
            self.sign = {"min": -1, "max": 1}[mode]
            self.baseline = baseline
            self.restore = restore_best_weights
            self.start = start_from_epoch
            self.epoch = 0
            self.best, self.best_epoch, self.best_weights = None, 0, None

        def step(self, value, weights=None):
            epoch, self.epoch = self.epoch, self.epoch + 1
            if epoch < self.start:
                return False
            improved = self.best is None or self.sign * (value - self.best) > self.delta
            beats = self.baseline is None or self.sign * (value - self.baseline) > self.delta
            self.recent.append(improved and beats)
            if improved:
                self.best, self.best_epoch = value, epoch
                if self.restore:
                    self.best_weights = tuple(np.copy(array) for array in weights or ())
            full = len(self.recent) == self.recent.maxlen
            return full and not improved and not any(self.recent)
    """,
)
whole_history = _cell(
    "whole_history",
    "Keeps the whole history and replays it at each step.",
    """
    class EarlyStopping:
        def __init__(self, patience=0, min_delta=0.0, mode="min", baseline=None,
                     restore_best_weights=False, start_from_epoch=0):
            self.options = patience, abs(min_delta), mode, baseline, start_from_epoch
            self.restore_best_weights = restore_best_weights
            self.values, self.kept = [], []

        def step(self, value, weights=None):
            self.values.append(value)
            self.kept.append([np.array(w) for w in weights] if weights is not None else None)
            return self.replay()[2]

        def replay(self):
            patience, delta, mode, baseline, start = self.options
            sign = 1 if mode == "min" else -1
            best, best_epoch, stop, wait = None, 0, False, 0
            for epoch in range(start, len(self.values)):
                value = self.values[epoch]
                wait += 1
                stop = False
                if best is None or sign * value < sign * best - delta:
                    best, best_epoch = value, epoch
                    if baseline is None or sign * value < sign * baseline - delta:
                        wait = 0
                else:
                    stop = wait >= patience
            return best, best_epoch, stop

        @property
        def best(self):
            return self.replay()[0]

        @property
        def best_epoch(self):
            return self.replay()[1]

        @property
        def best_weights(self):
            if not self.restore_best_weights or self.best is None:
                return None
            return self.kept[self.best_epoch]
    """,
)
class_defaults = _cell(
    "class_defaults",
    "Initial state as class attributes; a slotted bar that is shifted once; NumPy scalars.",
    """
    class EarlyStopping:
        best = None
        best_epoch = np.int64(0)
        best_weights = None
        _epochs = 0
        _last_reset = None

        def __init__(self, *args, **kwargs):
            names = ("patience", "min_delta", "mode", "baseline", "restore_best_weights",
                     "start_from_epoch")
            options = dict(patience=0, min_delta=0.0, mode="min", baseline=None,
                           restore_best_weights=False, start_from_epoch=0)
            options.update(zip(names, args))
            options.update(kwargs)
            self.__dict__.update(options)
            self._last_reset = self.start_from_epoch - 1

        def _lower(self, value, bar):
            if self.mode == "max":
                value, bar = -value, -bar
            return np.less(value, bar - abs(self.min_delta))

        def step(self, value, weights=None):
            epoch = np.int64(self._epochs)
            self._epochs += 1
            if epoch >= self.start_from_epoch:
                if self.best is None or self._lower(value, self.best):
                    self.best = np.float64(value)
                    self.best_epoch = epoch
                    if self.restore_best_weights and weights is not None:
                        self.best_weights = [np.array(w, copy=True) for w in weights]
                    if self.baseline is None or self._lower(value, self.baseline):
                        self._last_reset = epoch
                    return np.False_
                return np.bool_(epoch - self._last_reset >= max(1, self.patience))
            return np.False_
    """,
)
closure = _cell(
    "closure",
    "Negates in max mode and keeps the state in a dictionary.",
    """
    class EarlyStopping:
        def __init__(self, patience=0, min_delta=0.0, mode="min", baseline=None,
                     restore_best_weights=False, start_from_epoch=0):
            flip = -1.0 if mode == "max" else 1.0
            state = {"low": float("inf"), "epoch": 0, "wait": 0}
            target = float("inf") if baseline is None else flip * baseline
            self.best, self.best_epoch, self.best_weights = None, 0, None

            def step(value, weights=None):
                epoch = state["epoch"]
                state["epoch"] += 1
                if epoch < start_from_epoch:
                    return False
                state["wait"] += 1
                score = flip * value + abs(min_delta)
                if score < state["low"]:
                    state["low"] = flip * value
                    self.best, self.best_epoch = value, epoch
                    if restore_best_weights:
                        self.best_weights = [1.0 * array for array in weights or []]
                    if score < target:
                        state["wait"] = 0
                    return False
                return state["wait"] >= patience

            self._step = step

        def step(self, value, weights=None):
            return self._step(value, weights)
    """,
)


as_scores = _cell(
    "as_scores",
    "Larger is better inside, counts bad epochs, and turns the sign back on the way out.",
    """
    class EarlyStopping:
        def __init__(self, patience=0, min_delta=0.0, mode="min", baseline=None,
                     restore_best_weights=False, start_from_epoch=0):
            self.sign = 1 if mode == "max" else -1
            self.patience, self.min_delta = patience, abs(min_delta)
            self.target = -np.inf if baseline is None else self.sign * baseline
            self.keep_weights = restore_best_weights
            self.warm_up = start_from_epoch
            self.score, self.best_epoch, self.best_weights = None, 0, None
            self.epochs, self.bad_epochs = 0, 0

        @property
        def best(self):
            return None if self.score is None else self.sign * self.score

        def step(self, value, weights=None):
            self.epochs += 1
            if self.epochs <= self.warm_up:
                return False
            score = self.sign * value
            self.bad_epochs += 1
            if self.score is None or score - self.score > self.min_delta:
                self.score, self.best_epoch = score, self.epochs - 1
                if self.keep_weights:
                    self.best_weights = [np.array(w) for w in weights or []]
                if score - self.target > self.min_delta:
                    self.bad_epochs = 0
                return False
            return self.bad_epochs > self.patience - 1
    """,
)


# lab_regularized ----------------------------------------------------------------------------------


@variant("lab_regularized")
def early_stopping_alone(X_train, T_train, X_val, T_val, rng):
    """Quadratic cost and early stopping."""
    weights, biases = init_weights([X_train.shape[1], 30, T_train.shape[1]], rng)
    stopper = EarlyStopping(patience=10, restore_best_weights=True)
    for _ in range(200):
        weights, biases = train(weights, biases, X_train, T_train, 1, 10, 3.0, rng)
        if stopper.step(evaluate(weights, biases, X_val, T_val)[0], weights + biases):
            break
    return tuple(stopper.best_weights[:2]), tuple(stopper.best_weights[2:])


@variant("lab_regularized")
def weight_decay_alone(X_train, T_train, X_val, T_val, rng):
    """Softmax, cross entropy and a penalty on the squared weights."""
    (V, W), (c, b) = init_weights([X_train.shape[1], 30, T_train.shape[1]], rng)
    for _ in range(500):
        for batch in minibatches(len(X_train), 20, rng):
            X, T = X_train[batch], T_train[batch]
            _, (_, hidden, _) = feedforward([V, W], [c, b], X)
            delta = softmax_cross_entropy_gradient(hidden @ W.T + b, T) / len(X)
            below = delta @ W * hidden * (1 - hidden)
            V, W, c, b = sgd_update(
                [V, W, c, b],
                [
                    below.T @ X + 0.004 * V,
                    delta.T @ hidden + 0.004 * W,
                    below.sum(axis=0),
                    delta.sum(axis=0),
                ],
                0.2,
            )
    return [V, W], [c, b]


@variant("lab_regularized")
def dropout_alone(X_train, T_train, X_val, T_val, rng):
    """Half of the hidden units dropped, all epochs."""
    (V, W), (c, b) = init_weights([X_train.shape[1], 30, T_train.shape[1]], rng)
    for _ in range(500):
        for batch in minibatches(len(X_train), 20, rng):
            X, T = X_train[batch], T_train[batch]
            hidden = feedforward([V], [c], X)[1][1]
            out, mask = dropout_forward(hidden, 0.5, rng, True)
            delta = softmax_cross_entropy_gradient(out @ W.T + b, T) / len(X)
            below = dropout_backward(delta @ W, mask) * hidden * (1 - hidden)
            V, c = V - 0.2 * below.T @ X, c - 0.2 * below.sum(axis=0)
            W, b = W - 0.2 * delta.T @ out, b - 0.2 * delta.sum(axis=0)
    return [V, W], [c, b]
