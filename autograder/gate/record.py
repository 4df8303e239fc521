"""What the gate measured, kept in a file: kill matrices and false fails, exercise by exercise."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from autograder.errors import CourseError
from autograder.gate.matrix import Column, KillMatrix
from autograder.gate.trials import FalseFail

FILE = Path("docs") / "gate.json"
"""Below the course's root; committed."""


@dataclass(frozen=True)
class Trials:
    """Right answers under many seeds.

    Parameters
    ----------
    entries
        How many right answers took turns.
    seeds
        Under how many seeds each exercise was tried.
    failures
        What lost points.
    """

    entries: int
    seeds: int
    failures: tuple[FalseFail, ...] = ()


@dataclass(frozen=True)
class Measured:
    """One exercise.

    Parameters
    ----------
    assignment
        Its assignment.
    matrix
        Its mistakes.
    trials
        Its right answers.
    fingerprint
        Of what this depends on; see `Solved.fingerprint`.
    date
        When, as an ISO date.
    versions
        Of Python and the libraries.
    """

    assignment: str
    matrix: KillMatrix
    trials: Trials
    fingerprint: str
    date: str
    versions: Mapping[str, str] = field(default_factory=dict)

    @property
    def exercise(self) -> str:
        """Its name."""
        return self.matrix.exercise


def read(path: Path) -> list[Measured]:
    """Return what was measured, in the order of the file; nothing if there is no file.

    Raises
    ------
    CourseError
        The file is not one of `write`.
    """
    if not path.is_file():
        return []
    try:
        return list(map(_measured, json.loads(path.read_text(encoding="utf-8"))))
    except (ValueError, KeyError, TypeError) as error:
        raise CourseError(
            f"cannot be read ({type(error).__name__}: {error}). Remove it, and measure again: "
            "autograder gate --write",
            path=path,
        ) from error


def write(path: Path, found: Mapping[tuple[str, str], Measured]) -> None:
    """Write what was measured, a line a mistake, whole or not at all."""
    draft = path.with_name(f"{path.name}.new")
    draft.write_text("\n".join(_lines(list(found.values()))) + "\n", encoding="utf-8")
    draft.replace(path)


def _lines(found: list[Measured]) -> Iterator[str]:
    yield "["
    for k, one in enumerate(found):
        matrix = one.matrix
        head = {
            "assignment": one.assignment,
            "exercise": one.exercise,
            "date": one.date,
            "versions": dict(one.versions),
            "fingerprint": one.fingerprint,
            "trials": asdict(one.trials),
            "columns": [asdict(column) for column in matrix.columns],
            "seeds": matrix.seeds,
        }
        for key, value in head.items():
            mark = "{" if key == "assignment" else " "
            yield f"{mark}{json.dumps(key)}: {json.dumps(value)},"
        yield ' "mutants": {'
        rows = [
            f"  {json.dumps(name)}: "
            + json.dumps({"title": matrix.titles[name], "kills": row, "lost": matrix.lost[name]})
            for name, row in matrix.kills.items()
        ]
        yield ",\n".join(rows)
        yield " }}" + ("," if k < len(found) - 1 else "")
    yield "]"


def _measured(line: Mapping[str, Any]) -> Measured:
    mutants = line["mutants"]
    matrix = KillMatrix(
        line["exercise"],
        tuple(Column(**column) for column in line["columns"]),
        {name: found["title"] for name, found in mutants.items()},
        {name: tuple(found["kills"]) for name, found in mutants.items()},
        {name: found["lost"] for name, found in mutants.items()},
        line["seeds"],
    )
    trials = line["trials"]
    failures = tuple(FalseFail(**failure) for failure in trials["failures"])
    return Measured(
        line["assignment"],
        matrix,
        Trials(trials["entries"], trials["seeds"], failures),
        line["fingerprint"],
        line["date"],
        line["versions"],
    )
