"""Where a wrong array is right: one row or column off, another order, the same number all over."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from autograder.diagnosis.factors import factor_between
from autograder.diagnosis.findings import FEW, Counts, Finding

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

MOSTLY = 0.7
"""Share of the other entries that must be off where a line is called the only right one."""

INPUTS = ("z", "x")
"""Known arrays on which each entry of a result may depend by itself."""

MOST_LINES = 200
"""Lines that are compared with each other; more are left alone."""


def same(x: Array, y: Array, band: float) -> bool:
    """Whether two arrays of one shape agree in norm."""
    scale = float(np.linalg.norm(x) + np.linalg.norm(y))
    return float(np.linalg.norm(x - y)) <= band * scale


def transposed(got: Array, want: Array, band: float) -> Finding | None:
    """Return a finding if a square `got` is `want` with its axes exchanged."""
    if got.ndim != 2 or got.shape[0] != got.shape[1] or not same(got, want.T, band):
        return None
    return Finding(
        "transposed",
        "Rows and columns are exchanged: it is the right array, transposed. What does a row of it "
        "belong to?",
    )


def permuted(got: Array, want: Array, band: float) -> Finding | None:
    """Return a finding if the lines of `got` are those of `want` in another order."""
    for axis, line in enumerate(_lines(got)):
        mine = np.moveaxis(got, axis, 0).reshape(got.shape[axis], -1)
        right = np.moveaxis(want, axis, 0).reshape(mine.shape)
        if not 3 <= len(mine) <= MOST_LINES:
            continue
        if same(mine, right[::-1], band):
            order = "in reverse order"
        elif _matched(mine, right, band):
            order = "in another order"
        else:
            continue
        return Finding(
            "permuted",
            f"The {_plural(line)} are the right ones {order}. Where do they change places?",
        )
    return None


def _matched(mine: Array, right: Array, band: float) -> bool:
    """Whether each line of `mine` is one line of `right`, and each is taken."""
    free = list(range(len(right)))
    reach = band * float(np.linalg.norm(right))
    if any(np.linalg.norm(x - y) <= reach for k, x in enumerate(right) for y in right[:k]):
        return False  # equal lines have no order
    for line in mine:
        distances = np.linalg.norm(right[free] - line, axis=1)
        nearest = int(np.argmin(distances))
        if distances[nearest] > reach:
            return False
        del free[nearest]
    return True


def one_line(got: Array, want: Array, counts: Counts, band: float) -> Finding | None:
    """Return a finding if a single row, column or entry is off, or a single one is right."""
    wrong = off(got, want, band)
    if got.ndim > 1 and got.size >= FEW and int(wrong.sum()) == 1:
        index = [int(k[0]) for k in np.nonzero(wrong)]
        last = ", the last one" if index == [length - 1 for length in got.shape] else ""
        state = "0" if got[wrong][0] == 0.0 else "off"
        return Finding(
            "one-entry",
            f"All is right but the entry at {index}{last}, which is {state}. What happens to that "
            "one?",
        )
    for axis, line in enumerate(_lines(got)):
        length = got.shape[axis]
        others = tuple(k for k in range(got.ndim) if k != axis)
        bad = np.flatnonzero(wrong.any(axis=others))
        if length < 3:
            continue
        if len(bad) == 1:
            k = int(bad[0])
            state = "off" if np.any(np.take(got, k, axis)) else "0"
            return Finding(
                f"one-{line}",
                f"All is right but {_place(line, k, length, counts, axis)}, which is {state}. What "
                "happens to that one?",
            )
        good = np.flatnonzero(~wrong.any(axis=others))
        if len(good) == 1:
            k = int(good[0])
            # An entry may be right because the input is special there; a row of ones and zeros, or
            # of equal numbers, because many a mistake leaves it so.
            plain = np.isin(np.take(want, k, axis), (0.0, 1.0)).all()
            if plain or (got.ndim == 1 and 0 < k < length - 1):
                continue
            if got.ndim > 1 and _flat(np.take(want, k, axis), band):
                continue
            if wrong.sum() < MOSTLY * (wrong.size - wrong.size // length):
                continue
            state = "" if np.any(np.delete(got, k, axis)) else "; the others are 0"
            return Finding(
                f"one-{line}-right",
                f"Only {_place(line, k, length, counts, axis)} is right{state}. What is different "
                "there?",
            )
    return None


def off(got: Array, want: Array, band: float) -> Flags:
    """Return which entries are off, against the size of each and of the whole."""
    reach = band * (np.abs(want) + float(np.max(np.abs(want), initial=0.0)) * band)
    flags: Flags = np.abs(got - want) > np.maximum(reach, 1e-300)
    return flags


def divided(got: Array, want: Array, known: Mapping[str, Array], band: float) -> Finding | None:
    """Return a finding if the entries that are off lie on one side of a value of their input."""
    wrong = off(got, want, band)
    # What is next to nothing is right in many a wrong answer.
    right = ~wrong & (np.abs(want) > 1e-6 * float(np.max(np.abs(want), initial=0.0)))
    if wrong.size < 8 or min(int(wrong.sum()), int(right.sum())) < 2:
        return None
    for name, array in known.items():
        if array.shape != got.shape or name not in INPUTS:
            continue
        readings: tuple[tuple[str, Callable[[Array], Array]], ...] = (
            (name, lambda x: x),
            (f"|{name}|", np.abs),
        )
        for words, view in readings:
            values = view(array)
            low, high = values[wrong], values[right]
            if low.max() < high.min():
                return _split(words, "below", "above", float(high.min()), float(low.max()))
            if high.max() < low.min():
                return _split(words, "above", "below", float(high.max()), float(low.min()))
    return None


def _split(words: str, bad: str, good: str, right: float, wrong: float) -> Finding:
    where = 0.0 if right * wrong <= 0 else 0.5 * (right + wrong)
    return Finding(
        "divided",
        f"It is off wherever {words} lies {bad} {where:.3g}, and right wherever it lies {good}. "
        "What changes there?",
    )


def uniform(got: Array, want: Array, band: float) -> Finding | None:
    """Return a finding if `got` is one number, or one line, repeated."""
    if got.size < 3 or _flat(want, band):
        return None
    if _flat(got, band) and np.any(got):
        number = float(got.flat[0])
        for value, what in ((float(want.sum()), "sum"), (float(want.mean()), "average")):
            if abs(number - value) <= band * (abs(number) + abs(value)):
                return Finding(
                    "uniform",
                    f"Every entry is the {what} of the right ones. Over which axes is something "
                    "added up, and which of them should be left?",
                )
        return Finding(
            "uniform", "Every entry is one and the same number. Does each of them get its own?"
        )
    for axis, line in enumerate(_lines(got)):
        if got.ndim < 2 or got.shape[axis] < 2 or not np.any(got):
            continue
        first = np.take(got, [0], axis)
        if same(got, np.broadcast_to(first, got.shape), band) and not same(
            want, np.broadcast_to(np.take(want, [0], axis), want.shape), band
        ):
            return Finding(
                "uniform-lines",
                f"All {_plural(line)} are the same. Does each of them get its own numbers?",
            )
    return None


def stuck(got: Array, want: Array, band: float) -> Finding | None:
    """Return a finding if all entries that are off have the same value, among right ones."""
    wrong = off(got, want, band)
    count = int(wrong.sum())
    if got.size < FEW or not 2 <= count < got.size:
        return None
    values = got[wrong]
    if float(np.ptp(values)) > band * float(np.max(np.abs(got))):
        return None
    return Finding(
        "stuck",
        f"The {count} entries that are off all are {values[0]:.4g}, the others are right. Is "
        "something cut off, or left as it was at the start?",
    )


def scaled_lines(got: Array, want: Array, counts: Counts, band: float) -> Finding | None:
    """Return a finding if each row, or each column, has a factor of its own."""
    # Where all rows of the right array are multiples of one, it says nothing if those of yours are.
    if got.ndim != 2 or np.linalg.matrix_rank(want, tol=1e-6 * float(np.linalg.norm(want))) < 2:
        return None
    for axis, line in enumerate(_lines(got)):
        if got.shape[axis] < 2 or got.shape[1 - axis] < 3:
            continue
        ratios = [
            factor_between(np.take(got, k, axis), np.take(want, k, axis), band)
            for k in range(got.shape[axis])
        ]
        if all(ratio is not None and ratio != 0.0 for ratio in ratios):
            name = counts.line(axis, line)
            within = line if name == line else f"{name} ({line})"
            return Finding(
                f"scaled-{line}s",
                f"Within each {within} the proportions are right, but each has a factor of its "
                "own. What is multiplied or divided there, and over which axis was it computed?",
            )
    return None


def normalized(got: Array, total: float, counts: Counts, band: float) -> Finding | None:
    """Return a finding if the columns, or all entries together, have the sum that rows should."""
    if got.ndim != 2 or min(got.shape) < 2 or not np.all(got.sum(axis=1)):
        return None
    if np.allclose(got.sum(axis=0), total, rtol=band, atol=0.0):
        row, column = counts.line(0, "row"), counts.line(1, "column")
        return Finding(
            "normalized-columns",
            f"The sum is {total:g} in each column, where it should be {total:g} in each row. "
            f"Does a row hold the numbers of one {row}, or of one {column}? Over which axis do you "
            "sum?",
        )
    if abs(float(got.sum()) - total) <= band * abs(total):
        return Finding(
            "normalized-all",
            f"All entries together have the sum {total:g}, where each row should. Over which axis "
            "do you sum?",
        )
    return None


def shifted(got: Array, want: Array, band: float) -> Finding | None:
    """Return a finding if the same amount is missing, or too much, everywhere or in each line."""
    if got.size < FEW:
        return None
    apart = got - want
    reach = band * float(np.max(np.abs(got)) + np.max(np.abs(want)))
    if float(np.ptp(apart)) <= reach:
        return Finding(
            "shift",
            "Every entry is off by the same amount. Which constant is added, or is missing?",
        )
    for axis, line in enumerate(_lines(got)):
        if got.ndim == 2 and got.shape[1 - axis] >= 3 and got.shape[axis] >= 2:
            spread = np.ptp(apart, axis=1 - axis)
            if float(np.max(spread)) <= reach:
                return Finding(
                    f"shifted-{line}s",
                    f"Within each {line} every entry is off by the same amount. What is added or "
                    "subtracted there, and over which axis was it computed?",
                )
    return None


def _flat(array: Array, band: float) -> bool:
    return float(np.ptp(array)) <= band * float(np.max(np.abs(array), initial=0.0))


def _lines(array: Array) -> tuple[str, ...]:
    """Return what a line along each axis is called."""
    if array.ndim == 1:
        return ("entry",)
    return ("row", "column") if array.ndim == 2 else ()


def _plural(line: str) -> str:
    return "entries" if line == "entry" else f"{line}s"


def _place(line: str, k: int, length: int, counts: Counts, axis: int) -> str:
    which = ", the first" if k == 0 else ", the last" if k == length - 1 else ""
    name = counts.line(axis, line)
    return f"{line} {k}{which}" if name == line else f"{name} {k} ({line} {k}{which})"
