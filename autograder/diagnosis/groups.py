"""The gradients of a net read together: layer by layer, weights beside biases.

What is wrong with one array often shows only beside the others: the biases' gradient alone is
summed, or the last layer is right and the one before has the other sign.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from autograder.diagnosis.factors import factor_between, name_factor
from autograder.diagnosis.findings import FEW, SAFE_FOR_FEW, Counts, Finding, distinct, same_number
from autograder.diagnosis.places import same, transposed, uniform
from autograder.diagnosis.residuals import band_of

Array = NDArray[np.float64]
Ratios = Sequence[float | None]

NEARLY = 0.05
"""Relative error up to which an array is called nearly right."""


@dataclass(frozen=True)
class Pair:
    """One array of a gradient, what it should be, and the parameters that it belongs to."""

    got: Array
    want: Array
    at: Array | None = None

    def error(self) -> float:
        """Return their distance, against the size of both."""
        scale = float(np.linalg.norm(self.got) + np.linalg.norm(self.want))
        return float(np.linalg.norm(self.got - self.want)) / scale if scale else 0.0


class Layers:
    """The arrays of a gradient, from the first layer to the last.

    Parameters
    ----------
    weights, biases
        The pairs of ``dWs`` and of ``dbs``.
    counts
        What the numbers of the fixture mean.
    exact
        Whether the right values are exact; False if they come from differences.
    public
        False in a hidden check: then of fewer than four entries no ratio is told.
    """

    def __init__(
        self,
        weights: Sequence[Pair],
        biases: Sequence[Pair],
        counts: Counts,
        *,
        exact: bool = True,
        public: bool = True,
    ) -> None:
        self.weights = weights
        self.biases = biases
        self.counts = counts
        self.public = public
        self.band = max(band_of(pair.got, exact=exact) for pair in (*weights, *biases))
        self.w = [self._ratio(pair) for pair in weights]
        self.b = [self._ratio(pair) for pair in biases]
        self.right = [_ones([x, y]) for x, y in zip(self.w, self.b, strict=True)]

    def pattern(self) -> Finding | None:
        """Name the pattern that explains every array at once, or return None."""
        if all(self.right):
            return None
        return (
            self._everywhere()
            or self._one_kind()
            or self._reversed()
            or self._backwards()
            or self._stepped()
        )

    def whereabouts(self) -> Finding | None:
        """Say what the wrong arrays have in common, or return None."""
        last = len(self.right) - 1
        if all(self.right):
            return None
        if _ones(self.w):
            return Finding(
                "biases-only",
                "All dWs are right, so delta is; the dbs are not. How does z change with a bias, "
                "and over which axis of delta is the average taken?",
            )
        if _ones(self.b):
            return self._beside_delta()
        if not self.right[last]:
            if last == 0 or 1.0 in (self.w[last], self.b[last]):
                return None
            return Finding(
                "output-layer",
                "Already the last layer's gradients are off, before any step back. Is it the "
                "forward run, a factor of delta in the output layer, or the average over the "
                "samples?",
            )
        wrong = max(k for k, right in enumerate(self.right) if not right)
        if max(self.weights[wrong].error(), self.biases[wrong].error()) < NEARLY:
            return Finding(
                "nearly",
                f"The last layer is right, and layer {wrong} is nearly so. Does the way back meet "
                "the same weights as the way forward, or has something changed them?",
            )
        if wrong == last - 1:
            return Finding(
                "recursion",
                f"The last layer is right, layer {wrong} is not: the first step back goes wrong. "
                f"Which weights lie between the two layers, and which z belongs to layer {wrong}?",
            )
        return Finding(
            "recursion-later",
            f"The way back is right as far as layer {wrong + 1}, and wrong from layer {wrong} on. "
            "From which delta does that step start, and which layer's arrays does it use?",
        )

    def _ratio(self, pair: Pair) -> float | None:
        """Return 1 for what is right, another factor if there is one, or None."""
        if same(pair.got, pair.want, self.band):
            return 1.0
        return factor_between(pair.got, pair.want, self.band)

    def _common(self, ratios: Ratios) -> float | None:
        """Return the factor that all share, or None."""
        first = ratios[0]
        if first is None or any(r is None or not self._equal(first, r) for r in ratios):
            return None
        return first

    def _equal(self, first: float, second: float) -> bool:
        return same_number(first, second, self.band)

    def _named(
        self, ratio: float, pairs: Sequence[Pair], subject: str, rule: str
    ) -> Finding | None:
        entries = sum(distinct(pair.want) for pair in pairs)
        found = name_factor(ratio, self.counts, self.band, entries=entries, subject=subject)
        if found is None or (not self.public and entries < FEW and found.rule not in SAFE_FOR_FEW):
            return None
        return Finding(f"{rule}{found.rule}", found.sentence)

    def _everywhere(self) -> Finding | None:
        both = [*self.weights, *self.biases]
        shared = self._common([*self.w, *self.b])
        if shared is not None:
            return self._named(shared, both, "All gradients, dWs and dbs alike, are", "")
        w, b = self._common(self.w), self._common(self.b)
        if w is None or b is None or 1.0 in (w, b):
            return None
        first = self._named(w, self.weights, "All dWs are", "weights-")
        second = self._named(b, self.biases, "All dbs are", "biases-")
        if first is None or second is None:
            return None
        return Finding(
            "weights-and-biases", f"{first.sentence} And the biases: {_lower(second.sentence)}"
        )

    def _one_kind(self) -> Finding | None:
        """Read the dbs if the dWs are right, and the other way round."""
        if _ones(self.w):
            shared = self._common(self.b)
            if shared is not None:
                return self._named(
                    shared, self.biases, "The dWs are right, but all dbs are", "biases-"
                )
            large = [pair for pair in self.biases if pair.got.size > 2]
            found = [uniform(pair.got, pair.want, self.band) for pair in large]
            if found and all(found):
                return Finding(
                    "biases-uniform",
                    "The dWs are right, but every db holds one number for all its neurons. Over "
                    "which axis of delta should a sum be taken, and which should be left?",
                )
        elif _ones(self.b):
            shared = self._common(self.w)
            if shared is not None:
                return self._named(
                    shared, self.weights, "The dbs are right, but all dWs are", "weights-"
                )
            turned = [transposed(pair.got, pair.want, self.band) for pair in self.weights]
            if all(turned):
                return Finding(
                    "weights-transposed",
                    "The dbs are right, but all dWs are transposed. W has a row for each neuron "
                    "of its layer: what does a row of yours belong to?",
                )
        return None

    def _reversed(self) -> Finding | None:
        for pairs in (self.weights, self.biases):
            for pair, other in zip(pairs, reversed(pairs), strict=True):
                if pair.got.shape != other.want.shape or not same(pair.got, other.want, self.band):
                    return None
        return Finding(
            "reversed-layers",
            "The arrays are right, but the lists run from the last layer to the first. In which "
            "order did the parameters come in?",
        )

    def _backwards(self) -> Finding | None:
        """Read the factors from layer to layer, from the last one back."""
        steps = [self._common([x, y]) for x, y in zip(self.w, self.b, strict=True)]
        factors = [step for step in steps if step is not None]
        if len(factors) < len(steps) or len(steps) < 2 or not self.right[-1]:
            return None
        earlier = factors[:-1]
        if not any(earlier):
            if len(earlier) == 1:
                return Finding(
                    "stops-early",
                    "The last layer is right and layer 0 is 0. Does your loop come to it, and "
                    "where is its result stored?",
                )
            return Finding(
                "stops-early",
                "The last layer is right and all layers before are 0. Does the error get any "
                "further back, and where is the result stored?",
            )
        if not earlier[0]:
            if all(self.right[1:]):
                return Finding(
                    "loop-bound",
                    "All layers are right but layer 0, which is 0. Which layer is the last one "
                    "that your loop visits?",
                )
            return None
        step = factors[-2]
        count = len(steps) - 1
        arrays = [*self.weights[:-1], *self.biases[:-1]]
        if all(self._equal(step ** (count - k), factors[k]) for k in range(count)):
            if self._equal(step, -1.0):
                return Finding(
                    "recursion-sign",
                    "The last layer is right, and with each step back the sign changes. Which "
                    "minus sign does your recursion bring in?",
                )
            return self._named(
                step, arrays, "The last layer is right. With each step back a layer is", "step-"
            )
        return None

    def _stepped(self) -> Finding | None:
        """Read what came back as parameters after a step."""
        ratios = [
            None
            if pair.at is None
            else factor_between(pair.got - pair.at, pair.want, max(self.band, 1e-5))
            for pair in (*self.weights, *self.biases)
        ]
        if any(r is None or not ratios[0] or not same_number(ratios[0], r, 1e-4) for r in ratios):
            return None
        return Finding(
            "stepped",
            "What comes back are the weights and biases, changed by a multiple of the gradient. "
            "Is it the gradient that is asked for, or the net after a step?",
        )

    def _beside_delta(self) -> Finding:
        """Read dWs that are wrong beside dbs that are right: delta is, what it meets is not."""
        if len(self.w) > 1 and self.w[0] == 1.0:
            return Finding(
                "what-entered",
                "The dbs are right, so delta is, and so is dWs[0]. In the later layers: what did W "
                "multiply on the way forward, z or a of the layer before?",
            )
        return Finding(
            "what-entered",
            "The dbs are right, so delta is; the dWs are not. With what is delta multiplied: with "
            "what entered the layer on the way forward?",
        )


def _ones(ratios: Ratios) -> bool:
    return all(ratio == 1.0 for ratio in ratios)


def _lower(text: str) -> str:
    return text[0].lower() + text[1:]
