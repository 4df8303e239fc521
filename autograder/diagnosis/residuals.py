"""One wrong array beside the right one, and the pattern that leads from one to the other.

The rules look for equality to a band, far below the smallest mistake and above rounding, so what
they say is a fact; the question behind it is a suggestion. The first that fits speaks: those that
explain most stand first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from autograder.diagnosis import places
from autograder.diagnosis.factors import factor_between, name_factor
from autograder.diagnosis.findings import FEW, SAFE_FOR_FEW, Counts, Finding, distinct

Array = NDArray[np.float64]

EXACT = 1e-6
"""Band beside an exact value, for answers in float64."""

LOOSE = 1e-5
"""Band beside central differences, and for answers in float32."""

MOST_ENTRIES = 200_000
"""Entries that are looked at; more are left alone."""


def read(
    got: NDArray[np.generic],
    want: Array,
    counts: Counts,
    known: Mapping[str, Array] | None = None,
    *,
    exact: bool = True,
    public: bool = True,
) -> Finding | None:
    """Name the pattern of a wrong array, or return None.

    Parameters
    ----------
    got
        What came back, of the shape of `want`, in the dtype in which it came.
    want
        What is right.
    counts
        What the numbers of the fixture mean.
    known
        Arrays of the fixture that a wrong result may hold, by what the student calls them.
    exact
        Whether `want` is exact; False if it comes from differences.
    public
        False in a hidden check: then of fewer than four numbers only sign and dtype are told.
    """
    mine = np.asarray(got, dtype=np.float64)
    if not 0 < mine.size <= MOST_ENTRIES or not np.isfinite(mine).all():
        return None
    band = band_of(mine, exact=exact)
    if places.same(mine, want, band):
        return None
    with np.errstate(all="ignore"):
        finding = _integer(got, mine, want) or _whole(mine, want, counts, known or {}, band)
    if finding and not public and distinct(want) < FEW and finding.rule not in SAFE_FOR_FEW:
        return None
    return finding


def band_of(got: Array, *, exact: bool) -> float:
    """Return the precision to which a pattern must hold: what float32 holds has no more."""
    if not exact:
        return LOOSE
    with np.errstate(over="ignore"):
        single = np.array_equal(got, got.astype(np.float32))
    return LOOSE if single and not np.array_equal(got, np.round(got)) else EXACT


def _whole(
    got: Array, want: Array, counts: Counts, known: Mapping[str, Array], band: float
) -> Finding | None:
    subject = "It is" if got.size == 1 else "Every entry is"
    ratio = factor_between(got, want, band)
    if ratio is not None:
        named = name_factor(ratio, counts, band, entries=distinct(want), subject=subject)
        # Two single numbers always have a ratio.
        return named or (_transformed(got, want, band) if got.size == 1 else None)
    rules: tuple[Callable[[], Finding | None], ...] = (
        lambda: _itself(got, known, band),
        lambda: _transformed(got, want, band),
        lambda: _signs(got, want, band),
        lambda: _exchanged(got, want, known, band),
        lambda: _normalized(got, want, counts, band),
        lambda: places.transposed(got, want, band),
        lambda: places.permuted(got, want, band),
        lambda: places.divided(got, want, known, band),
        lambda: places.one_line(got, want, counts, band),
        lambda: places.uniform(got, want, band),
        lambda: places.stuck(got, want, band),
        lambda: places.scaled_lines(got, want, counts, band),
        lambda: places.shifted(got, want, band),
        lambda: _rounded(got, want),
    )
    return next((finding for rule in rules if (finding := rule())), None)


def _integer(got: NDArray[np.generic], mine: Array, want: Array) -> Finding | None:
    """Speak if the right numbers have fractions and these have none."""
    fractions = want != np.round(want)
    if not fractions.any() or np.any(mine != np.round(mine)):
        return None
    if got.dtype.kind in "iub":
        return Finding(
            "integer",
            f"Its dtype is {got.dtype}, which has no room for fractions. From which array does it "
            "take its dtype?",
        )
    cut = any(np.array_equal(mine, form(want)) for form in (np.trunc, np.floor, np.round))
    # Zeros have lost their fraction, too: that alone says nothing.
    if not cut or distinct(want) < FEW or int((fractions & (mine != 0)).sum()) < 2:
        return None
    return Finding(
        "integer",
        "Every entry is the right one without its fraction. Is something rounded, or held in an "
        "array of integers on the way?",
    )


def _itself(got: Array, known: Mapping[str, Array], band: float) -> Finding | None:
    """Speak if what came back is an array that went in, or lay on the way."""
    for name, array in known.items():
        if array.shape == got.shape and got.size >= 2:
            for sign, words in ((1.0, name), (-1.0, f"-{name}")):
                if places.same(got, sign * array, band):
                    return Finding(
                        "known-itself",
                        f"It equals {words}, entry by entry. Is that what is asked for?",
                    )
    return None


_FORMS: tuple[tuple[str, str, Callable[[Array], Array]], ...] = (
    ("complement", "1 minus the right one", lambda x: 1.0 - x),
    ("inverse", "1 over the right one", np.reciprocal),
    ("square", "the square of the right one", np.square),
    ("root", "the square root of the right one", np.sqrt),
    ("exponential", "e to the power of the right one", np.exp),
    ("logarithm", "the logarithm of the right one", np.log),
)
_ASKED = {
    "complement": "Which of two cases, or which sign, is the other way round?",
    "inverse": "What is divided by what?",
    "square": "Which factor comes in twice?",
    "root": "Is a root taken too often?",
    "exponential": "Is an exponential one too many, or a logarithm missing?",
    "logarithm": "Is a logarithm one too many, or an exponential missing?",
}


def _transformed(got: Array, want: Array, band: float) -> Finding | None:
    """Speak if each entry is the same simple function of the right one."""
    for rule, words, form in _FORMS:
        other = form(want)
        telling = np.abs(other - want) > 0.01 * (np.abs(other) + np.abs(want))
        # A simple fraction is 1 minus another by chance: 3/4 and 1/4, 1 and 0.
        alone = rule == "complement" and want.size == 1 and bool(telling.all())
        alone = alone and 0.01 < float(want.flat[0]) < 0.99 and float(want.flat[0]) * 16 % 1 != 0
        enough = got.size >= FEW and int(telling.sum()) >= FEW - 1 and np.isfinite(other).all()
        if not enough and not alone:
            continue
        if places.same(got, other, band):
            return Finding(rule, f"{'It' if alone else 'Every entry'} is {words}. {_ASKED[rule]}")
    return None


def _normalized(got: Array, want: Array, counts: Counts, band: float) -> Finding | None:
    """Speak if another sum than that of each row is what it should be."""
    if want.ndim != 2 or want.shape[1] < 2 or np.ptp(want.sum(axis=1)) > 1e-9:
        return None
    total = float(want[0].sum())
    return places.normalized(got, total, counts, band) if abs(total) > 1e-3 else None


def _exchanged(got: Array, want: Array, known: Mapping[str, Array], band: float) -> Finding | None:
    """Speak if known arrays are one too many, missing, or in each other's place."""
    fitting = {
        name: array
        for name, array in known.items()
        if array.shape == got.shape
        and got.size >= FEW
        and np.ptp(array) > 0.0
        and factor_between(array, want, band) is None
    }
    for name, array in fitting.items():
        if factor_between(got * array, want, band):
            return Finding(
                "known-missing",
                "One factor is missing, and it is another number in each entry. Which step on the "
                "way have you left out?",
            )
        if factor_between(got, want * array, band):
            return Finding(
                "known-twice",
                f"It is the right result times {name}, entry by entry, but for a constant at most. "
                "Does that come in once too often?",
            )
        for sign, words in ((-1.0, "minus"), (1.0, "plus")):
            if places.same(got, array + sign * want, band):
                return Finding(
                    "known-and-right",
                    f"It is {name} {words} the right result. What exactly is asked for?",
                )
    for array in fitting.values():
        for name, there in fitting.items():
            if there is not array and factor_between(got * array, want * there, band):
                return Finding(
                    "known-for-known",
                    f"It would be right with another factor in the place of {name}. Which one "
                    "belongs there?",
                )
    return None


def _signs(got: Array, want: Array, band: float) -> Finding | None:
    """Speak if only signs are wrong, some of them."""
    wrong = int((got * want < 0).sum())
    if got.size < FEW or not wrong or not places.same(np.abs(got), np.abs(want), band):
        return None
    if np.all(got >= 0):
        return Finding(
            "absolute",
            "Every entry is the right one without its sign. Where does the sign get lost?",
        )
    return Finding(
        "signs",
        f"The sizes are right, but {wrong} of {got.size} signs are not. On what does the sign "
        "depend in your code?",
    )


def _rounded(got: Array, want: Array) -> Finding | None:
    """Speak if the right result was rounded to decimals, or held in 16 bits."""
    if got.size < FEW or not np.any(got):
        return None
    for digits in range(1, 7):
        if np.allclose(got, np.round(want, digits), rtol=0.0, atol=1e-9 * 10.0**-digits):
            return Finding(
                "rounded",
                f"Every entry is the right one, rounded to {digits} decimal"
                f"{'s' if digits > 1 else ''}. Where is it rounded?",
            )
    half = got.astype(np.float16)
    if np.array_equal(half, got) and np.allclose(got, want, rtol=2e-3, atol=1e-7):
        return Finding(
            "half-precision",
            "Every entry is right to three digits only, as numbers of 16 bits are. Which dtype do "
            "you compute in?",
        )
    return None
