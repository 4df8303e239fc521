"""NaN and infinity: which entries, for which inputs, and what can make them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from autograder.diagnosis.findings import Counts, Finding

Array = NDArray[np.float64]


def read_nonfinite(value: Array, counts: Counts, known: Mapping[str, Array]) -> Finding | None:
    """Say where NaN or infinities stand, and ask what makes them; None if there are none."""
    wrong = ~np.isfinite(value)
    if not wrong.any():
        return None
    where = _where(wrong, known) or _lines(wrong, counts)
    if np.isnan(value).any():
        return Finding(
            "nan",
            f"{where}A NaN comes from infinity over infinity, infinity minus infinity, 0/0, 0 "
            "times infinity, or the logarithm of a negative number. Which of them can happen "
            "there? Print the parts of your expression.",
        )
    sign = "-" if np.all(value[wrong] < 0) else ""
    return Finding(
        "infinite",
        f"{where}{'A -' if sign else 'An '}infinity comes from a number too large for a float, a "
        "division by 0, or the logarithm of 0. Which of them can happen there?",
    )


def _where(wrong: NDArray[np.bool_], known: Mapping[str, Array]) -> str:
    """Say for which values of an input it happens, if one side of a number tells them apart."""
    if wrong.all():
        return ""
    for name, array in known.items():
        if array.shape != wrong.shape:
            continue
        bad, good = array[wrong], array[~wrong]
        if bad.min() > good.max():
            return f"It happens where {name} is {bad.min():.4g} or more. "
        if bad.max() < good.min():
            return f"It happens where {name} is {bad.max():.4g} or less. "
        if np.abs(bad).min() > np.abs(good).max():
            return f"It happens where |{name}| is {np.abs(bad).min():.4g} or more. "
    return ""


def _lines(wrong: NDArray[np.bool_], counts: Counts) -> str:
    """Say that all entries, or whole rows or columns, are concerned."""
    if wrong.size > 1 and wrong.all():
        return "It happens in every entry. "
    if wrong.ndim != 2:
        return ""
    for axis, line in enumerate(("row", "column")):
        lines = wrong.all(axis=1 - axis)
        if lines.any() and np.array_equal(wrong.any(axis=1 - axis), lines):
            name = counts.line(axis, line)
            which = ", ".join(str(k) for k in np.flatnonzero(lines)[:5])
            many = "s" if int(lines.sum()) > 1 else ""
            return f"It happens in all of {name}{many} {which}, and nowhere else. "
    return ""
