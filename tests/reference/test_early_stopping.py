"""Early stopping: the traces of Keras, and a formulation that looks at the whole history."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st

from reference.regularization import EarlyStopping

NAN = float("nan")


class Trace(NamedTuple):
    """Values per epoch and settings; how many epochs are run, and which is the best."""

    values: list[float]
    settings: dict[str, Any]
    epochs: int
    best_epoch: int


# Pinned to Keras 3.15.1; T9 differs in later versions.
TRACES = {
    "T1": Trace([16, 14, 12, 13, 13, 14, 14, 15], {"patience": 3}, 6, 2),
    "T2": Trace([16, 14, 15, 12, 13, 10, 11, 11, 12, 12], {"patience": 3}, 9, 5),
    "T3": Trace([16, 15.5, 15, 14.5, 14, 13.5, 13, 12.5], {"patience": 3, "min_delta": 1}, 8, 6),
    "T4": Trace([16, 15, 14, 13, 12], {"patience": 2, "min_delta": 1}, 5, 4),
    "T5": Trace([8, 10, 12, 11, 11, 10, 4], {"patience": 3, "mode": "max"}, 6, 2),
    "T6": Trace([16, 12, 12, 12, 12, 12], {"patience": 2}, 4, 1),
    "T7": Trace([16, 10, 14, 15], {"patience": 5}, 4, 1),
    "T8": Trace([2, 3, 14, 12, 13, 14, 14, 15], {"patience": 2, "start_from_epoch": 2}, 6, 3),
    "T9": Trace([16, 14, 12, 13, 11, 13, 14, 15, 15], {"patience": 3, "baseline": 8}, 4, 2),
    "T10": Trace([16, 8, 10, NAN, 12, 13, 14], {"patience": 3}, 5, 1),
    "T11": Trace([64, 60, 56, 58, 59, 60], {"patience": 2, "min_delta": 3}, 5, 2),
    "T12": Trace([16, 14, 14, 13], {"patience": 0}, 3, 1),
}


def run(stopper: EarlyStopping, values: list[float]) -> int:
    """Step until told to stop; return the epochs that were run."""
    for epoch, value in enumerate(values):
        if stopper.step(value, [np.array([float(epoch)])]):
            return epoch + 1
    return len(values)


@pytest.mark.parametrize("name", TRACES)
def test_trace(name: str) -> None:
    values, settings, epochs, best_epoch = TRACES[name]
    # In sixteenths, so that ties and sums with min_delta are exact.
    scaled = {
        key: value / 16 if key in {"min_delta", "baseline"} else value
        for key, value in settings.items()
    }
    stopper = EarlyStopping(**scaled, restore_best_weights=True)
    assert run(stopper, [value / 16 for value in values]) == epochs
    assert stopper.best_epoch == best_epoch
    assert stopper.best == values[best_epoch] / 16
    assert stopper.best_weights is not None
    assert [W.tolist() for W in stopper.best_weights] == [[best_epoch]]


def brute_force(
    values: list[float],
    patience: int,
    min_delta: float,
    mode: str,
    baseline: float | None,
    start: int,
) -> tuple[list[bool], list[int]]:
    """Return what each step answers and the best epoch after it, from the whole history.

    No counters: losses only (a maximum is a minimum of the negatives), the best epoch is found
    by a scan from the start, and the wait is the distance to the last epoch that was both an
    improvement and good enough for the baseline.
    """
    sign = 1.0 if mode == "min" else -1.0
    losses = [sign * value for value in values]
    target = float("inf") if baseline is None else sign * baseline - abs(min_delta)
    answers, bests = [], []
    for now in range(len(losses)):
        improvements: list[int] = []
        for epoch in range(start, now + 1):
            bar = losses[improvements[-1]] - abs(min_delta) if improvements else float("inf")
            if losses[epoch] < bar:
                improvements.append(epoch)
        resets = [epoch for epoch in improvements if losses[epoch] < target]
        waited = now - (resets[-1] if resets else start - 1)
        counted = now >= start and now not in improvements
        answers.append(counted and waited >= patience and now > 0)
        bests.append(improvements[-1] if improvements else 0)
    return answers, bests


SIXTEENTHS = st.integers(-16, 16).map(lambda k: k / 16)


@given(
    values=st.lists(SIXTEENTHS, min_size=1, max_size=14),
    holes=st.sets(st.integers(1, 13)),
    patience=st.integers(0, 5),
    min_delta=SIXTEENTHS,
    mode=st.sampled_from(["min", "max"]),
    baseline=st.none() | SIXTEENTHS,
    start=st.integers(0, 4),
)
@example([1.0, 0.5, 0.25, 0.5], {0}, 0, 0.0, "min", None, 0)
def test_whole_histories(
    values: list[float],
    holes: set[int],
    patience: int,
    min_delta: float,
    mode: str,
    baseline: float | None,
    start: int,
) -> None:
    values = [NAN if k in holes else value for k, value in enumerate(values)]
    stopper = EarlyStopping(patience, min_delta, mode, baseline, False, start)
    answers, bests = brute_force(values, patience, min_delta, mode, baseline, start)
    for value, answer, best in zip(values, answers, bests, strict=True):
        assert stopper.step(value) is answer
        assert stopper.best_epoch == best
        assert stopper.best is None or stopper.best == values[best]


@given(st.lists(SIXTEENTHS, min_size=1, max_size=12))
def test_patience_zero_and_one_are_alike(values: list[float]) -> None:
    assert run(EarlyStopping(0), values) == run(EarlyStopping(1), values)


def test_before_the_first_counted_value_there_is_no_best() -> None:
    stopper = EarlyStopping(start_from_epoch=2, restore_best_weights=True)
    assert stopper.step(1.0, [np.ones(1)]) is False
    assert (stopper.best, stopper.best_epoch, stopper.best_weights) == (None, 0, None)


def test_nan_never_becomes_the_best() -> None:
    stopper = EarlyStopping(patience=5)
    assert [stopper.step(value) for value in (NAN, 2.0, NAN)] == [False] * 3
    assert (stopper.best, stopper.best_epoch) == (2.0, 1)


@pytest.mark.parametrize("make", [np.ones, torch.ones], ids=["numpy", "torch"])
def test_the_best_weights_are_copies(make: Any) -> None:
    stopper = EarlyStopping(patience=2, restore_best_weights=True)
    weights = [make(2), make(3)]
    stopper.step(1.0, weights)
    weights[0][:] = 5.0
    weights.pop()
    stopper.step(2.0, weights)
    assert stopper.best_weights is not None
    assert [W.tolist() for W in stopper.best_weights] == [[1.0, 1.0], [1.0, 1.0, 1.0]]


def test_weights_are_kept_only_when_asked_for() -> None:
    stopper = EarlyStopping()
    stopper.step(1.0, [np.ones(1)])
    assert stopper.best_weights is None


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^mode is 'auto': expected 'min' or 'max'\.$"):
        EarlyStopping(mode="auto")
