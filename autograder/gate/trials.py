"""False fails: right answers under many seeds.

The answers to an exercise (its solution and variants) take turns over the seeds, each in a fresh
session. What is run is what a grade consists of: all checks, some calls asked again, the look for
numerical derivatives.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from autograder.catalogue import Entry
from autograder.gate.matrix import seed_name
from autograder.gate.near import judge
from autograder.gate.solved import Solved

CONFIDENCE_FACTOR = 3.0
"""No failure in n trials: the rate is below 3 / n with 95 % confidence, as e^-3 is 5 %."""

RAISED = "a check raised"
"""Stands for the check's title where it broke."""


@dataclass(frozen=True)
class FalseFail:
    """A right answer that lost points: a fault of a check.

    Parameters
    ----------
    entry
        Name of the answer.
    seed
        Number of the seed.
    check
        The first check that failed, and what it said.
    """

    entry: str
    seed: int
    check: str
    message: str

    def __str__(self) -> str:
        return f"{self.entry}, seed {self.seed}: {self.check!r}: {self.message}"


def try_entry(solved: Solved, entry: Entry, seeds: Sequence[int]) -> list[FalseFail]:
    """Judge one right answer under some seeds; return what it lost points for."""
    found = []
    for seed in seeds:
        answers = {entry.exercise: entry.source}
        verdict = judge(solved, entry.exercise, answers, seed_name(seed))
        found += [FalseFail(entry.name, seed, RAISED, problem) for problem in verdict.problems]
        if not verdict.full:
            lost = next(c for c in verdict.result.checks if c.status != "passed")
            found.append(FalseFail(entry.name, seed, lost.title, lost.message))
    return found


def take_turns(
    entries: Sequence[Entry], seeds: Sequence[int]
) -> list[tuple[Entry, tuple[int, ...]]]:
    """Deal the seeds to the entries like cards; return each with its own."""
    return [
        (entry, tuple(seeds[k :: len(entries)]))
        for k, entry in enumerate(entries)
        if seeds[k :: len(entries)]
    ]


def bound(runs: int) -> float:
    """Return what the rate of failures is below, with 95 % confidence, if none of `runs` failed."""
    return CONFIDENCE_FACTOR / runs if runs else 1.0
