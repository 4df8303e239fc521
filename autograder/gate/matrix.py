"""The kill matrix of an exercise: which check notices which mistake."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from autograder.gate.near import judge
from autograder.gate.solved import LAB, Solved

SEEDS = 5
"""Under how many seeds each mistake is judged by default; of labs, which take seconds, one."""

ASKED_AGAIN = "asked again"
FORMULA = "not a formula"
"""Columns beside the checks: what may take all points of an exercise by itself."""


@dataclass(frozen=True)
class Column:
    """What may notice a mistake: a check, or one of the two looks at the exercise as a whole."""

    title: str
    visible: bool
    points: float = 0.0
    is_check: bool = True


@dataclass(frozen=True)
class KillMatrix:
    """How often each mistake was noticed by each check.

    Parameters
    ----------
    exercise
        Its name.
    columns
        The checks, visible ones first, and what else may notice a mistake.
    titles
        What each mistake is, by its name.
    kills
        For each mistake, under how many seeds each column noticed it.
    lost
        For each mistake, under how many seeds it lost points.
    seeds
        Under how many seeds each was judged.
    """

    exercise: str
    columns: tuple[Column, ...]
    titles: Mapping[str, str]
    kills: Mapping[str, tuple[int, ...]]
    lost: Mapping[str, int]
    seeds: int

    @property
    def killed(self) -> tuple[str, ...]:
        """Mistakes that lost points under every seed."""
        return tuple(name for name in self.kills if self.lost[name] == self.seeds)

    @property
    def rate(self) -> float:
        """Share of the mistakes that lost points under every seed."""
        return len(self.killed) / len(self.kills) if self.kills else 1.0

    def by(self, column: int) -> tuple[str, ...]:
        """Return the mistakes that a column notices under every seed."""
        return tuple(name for name, row in self.kills.items() if row[column] == self.seeds)

    @cached_property
    def alone(self) -> dict[str, int]:
        """Mistakes that one column only notices, under any seed, and which."""
        found = {}
        for name, row in self.kills.items():
            seen = [k for k, count in enumerate(row) if count]
            if len(seen) == 1:
                found[name] = seen[0]
        return found

    @property
    def idle(self) -> tuple[Column, ...]:
        """Checks that notice nothing that nothing else notices."""
        needed = set(self.alone.values())
        return tuple(c for k, c in enumerate(self.columns) if c.is_check and k not in needed)

    def seen_by(self, name: str) -> str:
        """Return who notices a mistake first: ``"visible"``, ``"hidden"``, ``"policy"``, or ``""``.

        In the order in which a student hears of it: what runs at home, then the hidden checks,
        then the look for numerical derivatives.
        """
        always = [c for c, n in zip(self.columns, self.kills[name], strict=True) if n == self.seeds]
        if any(column.visible for column in always):
            return "visible"
        if any(column.is_check for column in always):
            return "hidden"
        return "policy" if always else ""


def kill_matrix(
    solved: Solved,
    exercise: str,
    seeds: int = 0,
    told: Callable[[], None] = lambda: None,
) -> KillMatrix:
    """Judge each mistake of an exercise under a few seeds.

    Parameters
    ----------
    solved
        The assignment.
    exercise
        The exercise.
    seeds
        How many; by default `SEEDS`, of a lab one.
    told
        Called after each trial.
    """
    seeds = seeds or seeds_of(exercise)
    columns = columns_of(solved, exercise)
    mistakes = solved.mistakes(exercise)
    kills, lost = {}, {}
    for entry in mistakes:
        rows = []
        for seed in range(seeds):
            verdict = judge(solved, exercise, {exercise: entry.source}, seed_name(seed))
            looks = {ASKED_AGAIN: verdict.answers_change, FORMULA: verdict.numerical}
            rest = [looks[column.title] for column in columns if not column.is_check]
            rows.append([*(not passed for passed in verdict.passed), *rest, not verdict.full])
            told()
        *counts, lost[entry.name] = (sum(flags) for flags in zip(*rows, strict=True))
        kills[entry.name] = tuple(counts)
    titles = {entry.name: entry.title for entry in mistakes}
    return KillMatrix(exercise, columns, titles, kills, lost, seeds)


def columns_of(solved: Solved, name: str) -> tuple[Column, ...]:
    """Return what may notice a mistake of an exercise, in the order of a verdict."""
    assignment = solved.assignment
    checks = [check for check in assignment.checks if check.exercise == name]
    columns = [Column(check.title, check.visible, check.points) for check in checks]
    columns.append(Column(ASKED_AGAIN, visible=True, is_check=False))
    if assignment.public.exercise(name).formula:
        columns.append(Column(FORMULA, visible=False, is_check=False))
    return tuple(columns)


def seeds_of(exercise: str) -> int:
    """Return under how many seeds the mistakes of an exercise are judged by default."""
    return 1 if exercise.startswith(LAB) else SEEDS


def trials_of(solved: Solved, exercises: Sequence[str], seeds: int = 0) -> int:
    """Return how many trials the matrices of some exercises take."""
    return sum(len(solved.mistakes(name)) * (seeds or seeds_of(name)) for name in exercises)


def seed_name(seed: int) -> str:
    """Return the seed of a submission that a number stands for."""
    return f"gate {seed}"
