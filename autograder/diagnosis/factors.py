"""One factor between what came back and what is right."""

from __future__ import annotations

from itertools import chain

import numpy as np
from numpy.typing import NDArray

from autograder.diagnosis.findings import (
    FEW,
    LOG_BASES,
    QUESTIONS,
    SUMMED,
    Counts,
    Finding,
    same_number,
)

Array = NDArray[np.float64]


def factor_between(got: Array, want: Array, band: float) -> float | None:
    """Return r with ``got = r want``, to the relative precision `band`, or None.

    ``r = <got, want> / <want, want>`` holds if ``|got - r want| / |got| <= band``. 0 stands for a
    `got` that is zero.
    """
    largest = float(np.max(np.abs(want), initial=0.0))
    if largest == 0.0 or not np.isfinite(got).all():
        return None
    if not np.any(got):
        return 0.0
    unit = want / largest  # the squares of tiny numbers would be lost
    ratio = float(np.vdot(got, unit) / np.vdot(unit, unit))
    if not float(np.linalg.norm(got - ratio * unit)) <= band * float(np.linalg.norm(got)):
        return None
    return ratio / largest


def name_factor(
    ratio: float, counts: Counts, band: float, *, entries: int, subject: str = "Every entry is"
) -> Finding | None:
    """Say what a factor that is not 1 may mean; all that it may mean.

    Parameters
    ----------
    ratio
        From `factor_between`.
    counts
        What the numbers of the fixture mean.
    band
        Relative precision of `ratio`.
    entries
        How many different numbers share the factor. Of fewer than four, only one that has a name
        is told: one number may be twice another, or 0, by chance.
    subject
        Begins the sentence.
    """
    if ratio == 0.0:
        return _zero(subject) if entries > 1 else None
    size = abs(ratio)
    right = "what they should be" if subject.endswith("are") else "what it should be"
    if same_number(size, 1.0, band):
        return _sign(subject, right) if ratio < 0 else None
    negative = ", with the wrong sign" if ratio < 0 else ""
    what = f"{subject} {_times(size, band)} {right}{negative}."
    readings = list(
        chain(
            _counted(size, counts, band),
            _quantities(size, counts, band),
            _logarithms(size, band),
            _doubled(size, band) if entries > 1 else (),
        )
    )
    if readings:
        said = " Or ".join([readings[0][1], *(_lower(text) for _, text in readings[1:])])
        return Finding(readings[0][0], f"{what} {said}")
    if entries < FEW:
        return None
    return Finding(
        "constant",
        f"{what} One constant factor is wrong and the rest is right: where could it come from?",
    )


def _zero(subject: str) -> Finding:
    return Finding("zero", f"{subject} 0. Is something never set, or do two equal terms cancel?")


def _sign(subject: str, right: str) -> Finding:
    return Finding(
        "sign",
        f"{subject} minus {right}: which way round is a difference taken, or which minus sign is "
        "missing?",
    )


def _times(size: float, band: float) -> str:
    for value, words in ((2.0, "twice"), (0.5, "half of")):
        if same_number(size, value, band):
            return words
    whole = round(1.0 / size)
    if size < 1.0 and same_number(1.0 / whole, size, band):
        return f"1/{whole} of"
    return f"{size:.4g} times"


Reading = tuple[str, str]


def _counted(size: float, counts: Counts, band: float) -> list[Reading]:
    number = max(size, 1.0 / size)
    nouns = counts.nouns(number, band)
    if nouns and size > 1.0:
        first, *more = dict.fromkeys(QUESTIONS.get(noun, SUMMED) for noun in nouns)
        means = f"{round(number)} is the number of {' and of '.join(nouns)}: {first}"
        return [("times-count", text) for text in (means, *(_upper(text) for text in more))]
    if nouns:
        means = f"{round(number)} is the number of {' and of '.join(nouns)}: "
        return [("over-count", f"{means}is it divided by that number once too often?")]
    products = counts.products(number, band)
    if not products:
        return []
    means = f"{round(number)} is {', or '.join(products)}: "
    if size > 1.0:
        return [("times-product", f"{means}is there an average that should be taken over both?")]
    return [("over-product", f"{means}over what is the average taken?")]


def _quantities(size: float, counts: Counts, band: float) -> list[Reading]:
    found: list[Reading] = []
    for name in counts.names(size, band):
        asked = "does it come in once too often, or is a division by it missing?"
        found.append(("times-quantity", f"{size:.4g} is {name}: {asked}"))
    for name in counts.names(1.0 / size, band):
        asked = "is it missing, or is something divided by it?"
        found.append(("over-quantity", f"{1.0 / size:.4g} is {name}: {asked}"))
    return found


def _logarithms(size: float, band: float) -> list[Reading]:
    return [
        ("log-base", f"{size:.4g} is {words}: which base has your logarithm, or your power?")
        for number, name in LOG_BASES
        for value, words in ((number, name), (1.0 / number, f"1/{name}"))
        if same_number(value, size, band)
    ]


def _doubled(size: float, band: float) -> list[Reading]:
    if same_number(2.0, size, band):
        return [("twice", "Does one term count double, or is a factor 1/2 missing?")]
    if same_number(0.5, size, band):
        return [("half", "Is there a factor 1/2 that something should have cancelled?")]
    return []


def _lower(text: str) -> str:
    return text[0].lower() + text[1:]


def _upper(text: str) -> str:
    return text[0].upper() + text[1:]
