"""The table of an assignment's labs: what a net looks like that a known mistake has trained.

Written by ``autograder gate --labs --write``, which runs each lab's mistakes and right answers
under a few seeds. When a lab has failed, its nets are compared with the table's: none is trained.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograder.catalogue import Entry
from autograder.errors import CourseError
from autograder.grading.playback import Call
from autograder.grading.symptoms import SYMPTOMS, form_of, is_net, loose, numbers_of

Array = NDArray[np.float64]

COMMAND = "autograder gate --labs --write"

DECIMALS = 3

CAP = 16.0
"""What one symptom counts at most: four standard deviations. One may be due to something else."""

FAR = 18.0
"""Distance beyond which a net is not taken for a known one."""

MARGIN = 7.0
"""How much farther than the nearest a mistake may be to be named, too."""


@dataclass(frozen=True, eq=False)
class Signs:
    """What a function's nets look like.

    Parameters
    ----------
    form
        Of what it returned, see `form_of`.
    numbers
        (n, len(SYMPTOMS)), a row for each of n runs: the mean over its nets. No rows if the form is
        not that of a net.
    """

    form: str
    numbers: Array


@dataclass(frozen=True, eq=False)
class Row:
    """One entry of the catalogue.

    Parameters
    ----------
    id
        The entry's; ``lab_digits/solution`` is the notebook's solution.
    source
        Hash of its source when the nets were trained.
    signs
        Of its nets.
    """

    id: str
    source: str
    signs: Signs

    @property
    def exercise(self) -> str:
        """Name of the lab."""
        return self.id.partition("/")[0]


def fingerprint(entry: Entry) -> str:
    """Return a hash of an entry's source: a row with another one is out of date."""
    return hashlib.sha256(f"{entry.id}\0{entry.source}".encode()).hexdigest()[:12]


def signs_of(calls: Sequence[Call]) -> Signs:
    """Return what the nets of one run look like; of several forms the last one counts."""
    form = form_of(calls[-1]) if calls else ""
    nets = [numbers_of(c) for c in calls if is_net(form) and form_of(c) == form]
    if not nets:
        return Signs(form, np.empty((0, len(SYMPTOMS))))
    return Signs(form, np.mean(nets, axis=0, keepdims=True))


def likely(table: Sequence[Row], mistakes: Collection[str], seen: Signs) -> list[str]:
    """Return the mistakes whose nets look like those that were seen, the nearest first.

    Parameters
    ----------
    table
        One lab's rows.
    mistakes
        The ids of those that are mistakes; the others are right answers.
    seen
        What the student's nets look like.
    """
    right = {row.signs.form for row in table if row.id not in mistakes}
    if seen.form not in right:
        wrong = [row for row in table if row.signs.form not in right]
        same = [row.id for row in wrong if row.signs.form == seen.form]
        same = same or [row.id for row in wrong if loose(row.signs.form) == loose(seen.form)]
        if same:
            return same
    if not len(seen.numbers):
        return []
    # Another width may be as right: its net is compared with the nets of as many layers.
    known = [row for row in table if row.signs.form in right]
    known = [row for row in known if loose(row.signs.form) == loose(seen.form)]
    far = {row.id: distance(row.signs.numbers, seen.numbers.mean(axis=0)) for row in known}
    nearest = min(far, key=far.__getitem__, default="")
    if nearest not in mistakes or far[nearest] > FAR:
        return []
    near = [name for name in far if name in mistakes and far[name] <= far[nearest] + MARGIN]
    return sorted(near, key=far.__getitem__)


def distance(known: Array, numbers: Array) -> float:
    """Return how far a net is from known ones: twice the logarithm of a likelihood, negative.

    Parameters
    ----------
    known
        (n, len(SYMPTOMS)), a run each.
    numbers
        (len(SYMPTOMS),).
    """
    least = np.array(list(SYMPTOMS.values())) ** 2
    spread = least + (known.var(axis=0, ddof=1) if len(known) > 1 else 0.0)
    squares = np.minimum((numbers - known.mean(axis=0)) ** 2 / spread, CAP)
    return float(np.nansum(squares + np.log(spread / least)))


def read_table(path: Path) -> list[Row]:
    """Return the rows of a table; none if there is no file, or it is one of other symptoms.

    Raises
    ------
    CourseError
        The file is not such a table.
    """
    if not path.is_file():
        return []
    try:
        tree = json.loads(path.read_text(encoding="utf-8"))
        if tree.pop("symptoms") != list(SYMPTOMS):
            return []
        return [_row(name, kept) for name, kept in tree.items()]
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise CourseError(
            f"is not a table of symptoms ({type(error).__name__}: {error}). Remove it and run: "
            f"{COMMAND}",
            path=path,
        ) from error


def _row(name: str, kept: dict[str, Any]) -> Row:
    numbers = np.array(kept["numbers"], dtype=np.float64).reshape(-1, len(SYMPTOMS))
    return Row(name, kept["source"], Signs(kept["form"], numbers))


def write_table(path: Path, rows: Iterable[Row]) -> None:
    """Write a table, a line for each entry; the old one stays until the new one is whole."""
    lines = [f'"symptoms": {json.dumps(list(SYMPTOMS))}']
    for row in rows:
        numbers = [[_rounded(x) for x in run] for run in row.signs.numbers.tolist()]
        kept = {"source": row.source, "form": row.signs.form, "numbers": numbers}
        lines.append(f"{json.dumps(row.id)}: {json.dumps(kept, separators=(',', ':'))}")
    draft = path.with_name(f"{path.name}.draft")
    draft.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    draft.replace(path)


def _rounded(number: float) -> float | None:
    return None if math.isnan(number) else round(number, DECIMALS) + 0.0  # no -0.0
