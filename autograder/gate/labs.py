"""What nets look like that the catalogue's entries of labs train, for the table of symptoms."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from autograder.catalogue import SYMPTOMS, Entry
from autograder.checks.runner import run_check
from autograder.checks.transcript import Recorded, Transcript
from autograder.course import Course
from autograder.gate.matrix import seed_name
from autograder.gate.near import NearSession, at_home
from autograder.gate.solved import LAB, Solved, solve
from autograder.grading.lab_table import (
    DECIMALS,
    Row,
    Signs,
    fingerprint,
    likely,
    read_table,
    signs_of,
    write_table,
)
from autograder.grading.playback import played_back
from autograder.grading.seeds import check_seed

RUNS = 10
"""Seeds under which each entry is run."""

Told = Callable[[str, float, float], None]
"""Called with an entry's id, how many entries are done, and how many there are."""


def labs_of(solved: Solved) -> list[str]:
    """Return the names of an assignment's labs."""
    return [e.name for e in solved.assignment.exercises if e.name.startswith(LAB)]


def entries_of(solved: Solved) -> tuple[Entry, ...]:
    """Return the mistakes and right answers of an assignment's labs, in order."""
    return tuple(
        entry for lab in labs_of(solved) for entry in (*solved.mistakes(lab), *solved.right(lab))
    )


def row_of(solved: Solved, entry: Entry, runs: int = RUNS) -> Row:
    """Run an entry under some seeds; return what its nets look like.

    Each run is one attempt at each check of the lab.
    """
    signs = [_run(solved, entry, seed) for seed in range(runs)]
    form = signs[-1].form
    numbers = np.concatenate([one.numbers for one in signs if one.form == form])
    numbers = np.round(numbers, DECIMALS)
    return Row(entry.id, fingerprint(entry), Signs(form, numbers))


def _run(solved: Solved, entry: Entry, seed: int) -> Signs:
    calls = []
    with at_home(solved), np.errstate(all="ignore"):
        for check in solved.assignment.checks:
            if check.exercise == entry.exercise:
                once, transcript = replace(check, attempts=1), Transcript()
                student = NearSession(solved.cells({entry.exercise: entry.source}))
                number = check_seed(seed_name(seed), check)
                run_check(once, Recorded(student, transcript), number)
                calls += played_back(once, transcript.answers[0], number)
    return signs_of(calls)


def out_of_date(solved: Solved, *, force: bool = False) -> list[Entry]:
    """Return the entries whose rows are missing, or of another source; all by `force`."""
    kept = {row.id: row.source for row in rows_of(solved)}
    return [e for e in entries_of(solved) if force or kept.get(e.id) != fingerprint(e)]


def measure_labs(
    course: Course,
    wanted: Mapping[str, Sequence[Entry]],
    jobs: int,
    told: Told = lambda *_: None,
) -> Iterator[tuple[str, Row]]:
    """Yield the row of each wanted entry when it is done, with its assignment.

    Parameters
    ----------
    course
        The course.
    wanted
        Entries, by assignment.
    jobs
        Worker processes.
    told
        Told of each entry that is done.
    """
    spawn = multiprocessing.get_context("spawn")  # a fork would inherit torch's threads
    with ProcessPoolExecutor(jobs, mp_context=spawn) as pool:
        # The last assignment's nets take longest: they come first.
        pieces = [(name, entry) for name in reversed([*wanted]) for entry in wanted[name]]
        futures = {pool.submit(_measured, course.root, *piece): piece[0] for piece in pieces}
        try:
            for done, future in enumerate(as_completed(futures), 1):
                row = future.result()
                told(row.id, done, len(futures))
                yield futures[future], row
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


@dataclass(frozen=True)
class Again:
    """What a table says of its own nets, each compared with those of the other seeds.

    Parameters
    ----------
    exercise
        The lab.
    runs
        Of its mistakes.
    first
        In how many of them the mistake, or what it is an alias of, is named first.
    missed
        Runs of mistakes that are not named.
    accused
        Runs of right answers for which a mistake is named.
    most
        The largest number of mistakes that are named at once.
    """

    exercise: str
    runs: int
    first: int
    missed: tuple[str, ...]
    accused: tuple[str, ...]
    most: int


def recognize_again(solved: Solved, exercise: str, table: Sequence[Row]) -> Again:
    """Name the mistake behind each run of a lab's table from the other runs."""
    mistakes = {entry.id: entry for entry in solved.mistakes(exercise)}
    rows = [row for row in table if row.exercise == exercise]
    runs = first = most = 0
    missed, accused = [], []
    for row in rows:
        for number in range(max(1, len(row.signs.numbers))):
            seen = Signs(row.signs.form, row.signs.numbers[number : number + 1])
            named = likely([_without(other, number) for other in rows], mistakes, seen)
            what = f"{row.id}, seed {number}: {', '.join(named) or 'nothing'} named"
            if row.id in mistakes:
                runs += 1
                first += named[:1] != [] and _same(mistakes[row.id], mistakes[named[0]])
                most = max(most, len(named))
                missed += [] if row.id in named else [what]
            elif named:
                accused.append(what)
    return Again(exercise, runs, first, tuple(missed), tuple(accused), most)


def _without(row: Row, number: int) -> Row:
    numbers = row.signs.numbers
    rest = np.concatenate([numbers[:number], numbers[number + 1 :]])
    return replace(row, signs=replace(row.signs, numbers=rest))


def _same(one: Entry, other: Entry) -> bool:
    return (one.alias_of or one.name) == (other.alias_of or other.name)


def _measured(root: Path, name: str, entry: Entry) -> Row:
    return row_of(solve(Course(root), name), entry)


def rows_of(solved: Solved, fresh: Sequence[Row] = ()) -> list[Row]:
    """Return an assignment's table in the order of the catalogue, some rows replaced by `fresh`."""
    kept = read_table(solved.assignment.solutions / SYMPTOMS)
    rows = {row.id: row for row in (*kept, *fresh)}
    return [rows[entry.id] for entry in entries_of(solved) if entry.id in rows]


def keep(solved: Solved, row: Row) -> None:
    """Put a row into its assignment's table, in the order of the catalogue."""
    write_table(solved.assignment.solutions / SYMPTOMS, rows_of(solved, [row]))
