"""A made-up class of any size: what a first course hands in, in a realistic mixture.

Deterministic: the same assignment, size and seed give the same bytes.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import nbformat
from nbformat import NotebookNode

from autograder.catalogue import MUTANTS, VARIANTS, Entry, load_catalogue
from autograder.course import Assignment
from autograder.sample_class import Sample, fill, solution_cells, spoiled

Kind = Literal["right", "wrong", "unfinished", "broken"]

SHARES: dict[Kind, float] = {"wrong": 0.30, "unfinished": 0.05, "broken": 0.05}
"""Of the class; the rest is right. A class that is too small for one of a kind has none."""

OWN_STYLE = 0.6
"""How often an exercise is answered in another style than the master's."""

MOST_MISTAKES = 3

_FIRST = ("al", "be", "ca", "do", "el", "fi", "ga", "he", "io", "ju", "ka", "li", "mo", "ni", "or")
_SECOND = ("ra", "len", "mi", "dor", "sa", "vin", "ta", "nel", "ko", "rin", "la", "ve", "zu", "bet")


@dataclass(frozen=True)
class Member:
    """One student of the class.

    `what` says what was handed in: the ids of the mistakes, the kind of damage.
    """

    kind: Kind
    what: tuple[str, ...]
    sample: Sample

    @property
    def student(self) -> str:
        """The name of the folder."""
        return self.sample.student


def population(
    assignment: Assignment, solved: NotebookNode, size: int, seed: int = 0
) -> Iterator[Member]:
    """Yield a class.

    60 % are right, each exercise in the master's style or another one of the catalogue; 30 % have
    one to three mistakes of the catalogue; 5 % are untouched or stop half-way; 5 % are damaged
    files. No two notebooks are the same, as in life: each bears a remark of its own, so that no
    work can be done once for two (but for files that are cut off or empty).

    Parameters
    ----------
    assignment
        Released, with a catalogue.
    solved
        Its staged notebook.
    size
        How many.
    seed
        Of everything that is drawn.
    """
    rng = random.Random(seed)  # noqa: S311 - a mixture, no secret
    release = nbformat.read(assignment.release, as_version=4)
    maker = _Maker(assignment, release, solution_cells(solved), rng)
    for number, kind in enumerate(_kinds(size, rng), start=1):
        yield maker.make(f"{_name(rng)}-{number:04d}", kind)


def _kinds(size: int, rng: random.Random) -> list[Kind]:
    kinds: list[Kind] = []
    for kind, share in SHARES.items():
        kinds += [kind] * round(share * size)
    kinds += ["right"] * (size - len(kinds))
    rng.shuffle(kinds)
    return kinds


def _name(rng: random.Random) -> str:
    return f"{rng.choice(_FIRST)}{rng.choice(_SECOND)}-{rng.choice(_FIRST)}{rng.choice(_SECOND)}"


class _Maker:
    def __init__(
        self,
        assignment: Assignment,
        release: NotebookNode,
        answers: Mapping[str, str],
        rng: random.Random,
    ) -> None:
        self._assignment = assignment
        self._release = release
        self._answers = dict(answers)
        self._names = [exercise.name for exercise in assignment.exercises]
        self._styles = _by_exercise(load_catalogue(assignment.solutions / VARIANTS))
        self._mistakes = _by_exercise(load_catalogue(assignment.solutions / MUTANTS))
        self._rng = rng

    def make(self, student: str, kind: Kind) -> Member:
        """Return what `student` hands in."""
        answers, what = self._right(), []
        if kind == "wrong":
            spoilt = self._rng.sample(
                sorted(self._mistakes),
                self._rng.randint(1, min(MOST_MISTAKES, len(self._mistakes))),
            )
            for name in sorted(spoilt, key=self._names.index):
                entry = self._rng.choice(self._mistakes[name])
                answers[name] = entry.source
                what.append(entry.id)
        elif kind == "unfinished":
            done = self._rng.randrange(len(self._names))
            answers = {name: answers[name] for name in self._names[:done]}
            what.append(f"{done} of {len(self._names)} exercises")
        notebook = fill(self._release, {**answers, **self._written(student)})
        _sign(notebook, student, self._names)
        file_name, content = self._assignment.release.name, nbformat.writes(notebook).encode()
        if kind == "broken":
            files = spoiled(notebook, self._assignment.notebook)
            damage = self._rng.choice(sorted(files))
            file_name, content = files[damage]
            what.append(damage)
        return Member(kind, tuple(what), Sample(student, file_name, content))

    def _right(self) -> dict[str, str]:
        answers = {}
        for name in self._names:
            styles = self._styles.get(name, [])
            own = styles and self._rng.random() < OWN_STYLE
            answers[name] = self._rng.choice(styles).source if own else self._answers[name]
        return answers

    def _written(self, student: str) -> dict[str, str]:
        """Return answers to the written questions."""
        return {
            name: f"{student}: because the slope is a product of one factor a layer."
            for name in self._answers
            if name not in self._names
        }


def _sign(notebook: NotebookNode, student: str, exercises: Sequence[str]) -> None:
    """Put a remark of the student's own into each exercise's cell."""
    for cell in notebook.cells:
        marks = cell.metadata.get("nbgrader", {})
        if marks.get("solution") and marks.get("grade_id") in exercises:
            cell.source += f"\n\n# {student}"


def _by_exercise(entries: Sequence[Entry]) -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        found.setdefault(entry.exercise, []).append(entry)
    return found
