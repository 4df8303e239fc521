"""Whether two answers are the same."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograder.values import Plain

ROUNDING = 1e-6
"""Relative difference, in norm, that counts as the same answer."""


def same(one: Plain, other: Plain, rounding: float = ROUNDING) -> bool:
    """Whether two answers are the same, but for rounding and the kind of sequence."""
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        pairs = zip(one, other, strict=False)
        return len(one) == len(other) and all(same(a, b, rounding) for a, b in pairs)
    if isinstance(one, dict) and isinstance(other, dict):
        pairs = zip(one.values(), other.values(), strict=False)
        return list(one) == list(other) and all(same(a, b, rounding) for a, b in pairs)
    numbers = (np.ndarray, bool, int, float)
    if isinstance(one, numbers) and isinstance(other, numbers):
        return difference(np.asarray(one), np.asarray(other)) <= rounding
    return type(one) is type(other) and one == other


def difference(one: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> float:
    """Return ``|one - other| / (|one| + |other|)``; infinite where the shapes or NaNs differ."""
    if one.shape != other.shape:
        return float("inf")
    a, b = one.astype(np.float64), other.astype(np.float64)
    fine = np.isfinite(a)
    if not np.array_equal(a[~fine], b[~fine], equal_nan=True) or not np.isfinite(b[fine]).all():
        return float("inf")
    # Divided by the largest entry first, so that no square overflows or vanishes.
    largest = max(float(np.max(np.abs(x[fine]), initial=0.0)) for x in (a, b))
    if largest == 0.0:
        return 0.0
    a, b = a[fine] / largest, b[fine] / largest
    return float(np.linalg.norm(a - b) / (np.linalg.norm(a) + np.linalg.norm(b)))
