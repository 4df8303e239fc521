"""Recognize known mistakes: entries of the catalogue that answer as the student did.

The checks that a student failed are run again, in this process, against every mutant of the
exercise, under the same seeds. A mutant is dropped at its first answer that is another one, so that
most cost one call. Nothing of the student's runs here; the functions that a mutant calls are the
reference's, so what is compared must come from a trial in which they were right, too.

A lab's mutants would train nets for minutes. What a lab returned is compared with a table of what
its mutants return, see `autograder.grading.lab_table`.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from nbformat import NotebookNode

from autograder.catalogue import MUTANTS, SYMPTOMS, Entry, load_catalogue
from autograder.checks.model import Check
from autograder.checks.policy import Source
from autograder.checks.repeats import COMPLAINT
from autograder.checks.transcript import Transcript
from autograder.course import Assignment
from autograder.grading.lab_table import Row, fingerprint, likely, read_table, signs_of
from autograder.grading.playback import Call, played_back
from autograder.grading.replays import Replays, SeedOf
from autograder.results import NO_POINTS, CheckResult, Diagnosis, ExerciseResult

SECONDS = 2.0
"""CPU time for all mistakes of one submission: what is left then is not looked at."""

MAX_NAMED = 5

NUMERICAL = "numerical_gradient"
"""An exercise that is a numerical derivative where another one's formula is asked for."""

_NUMBER = re.compile(r"[-+]?\d[\d.e+-]*")


@dataclass(frozen=True)
class _Match:
    """How far a mutant explains what a student answered: numbers of checks, and kinds of faults."""

    entry: Entry
    failed: int
    passed: int
    loose: int
    """Answers in which only the kind of an exception agrees."""

    @property
    def rank(self) -> tuple[int, int]:
        """The more, the likelier."""
        return self.failed, self.passed


class Recognizer:
    """Recognizes the mistakes of one assignment's catalogue.

    Parameters
    ----------
    assignment
        Both halves of it.
    release
        The canonical notebook: its locked cells are what mutants stand in.
    """

    def __init__(self, assignment: Assignment, release: NotebookNode) -> None:
        self._assignment = assignment
        self._replays = Replays(assignment, release)

    @cached_property
    def _mutants(self) -> Mapping[str, list[Entry]]:
        path = self._assignment.solutions / MUTANTS
        found: dict[str, list[Entry]] = {}
        for entry in load_catalogue(path) if path.is_file() else ():
            found.setdefault(entry.exercise, []).append(entry)
        return found

    @cached_property
    def _rows(self) -> list[Row]:
        return read_table(self._assignment.solutions / SYMPTOMS)

    def recognize(
        self,
        result: ExerciseResult,
        transcript: Transcript,
        seed_of: SeedOf,
        until: float | None = None,
    ) -> tuple[Diagnosis, ...]:
        """Return the mistakes that explain a failure, the likeliest first.

        Parameters
        ----------
        result
            Of an exercise whose callees were right, or answered by the reference.
        transcript
            What its checks were answered.
        seed_of
            Seed of each check.
        until
            CPU time of this process at which to stop.
        """
        failed = [k for k, c in enumerate(result.checks) if c.status in ("failed", "error")]
        checks = [c for c in self._assignment.checks if c.exercise == result.name]
        if not failed:
            return ()
        if any(check.attempts > 1 for check in checks):
            return self._of_a_lab(result.name, checks, transcript, seed_of, until)
        failed.sort(key=lambda k: len(transcript.answers[k]))
        with self._replays.place():
            matches = self._matches(result, checks, failed, transcript, seed_of, until)
        if not matches:
            return ()
        best = max(match.rank for match in matches)
        likeliest = sorted((m for m in matches if m.rank == best), key=lambda match: match.loose)
        everywhere = best[0] == len(failed)
        return tuple(_diagnosis(m.entry, certain=everywhere) for m in likeliest[:MAX_NAMED])

    def _matches(
        self,
        result: ExerciseResult,
        checks: Sequence[Check],
        failed: Sequence[int],
        transcript: Transcript,
        seed_of: SeedOf,
        until: float | None,
    ) -> list[_Match]:
        entries = self._mutants.get(result.name, [])
        trial = _Trial(self._replays, checks, failed, transcript, seed_of, until)
        # What explains all failures explains the shortest of them: most often that is enough.
        matches = trial.match(entry for entry in entries if trial.explains(entry, failed[0]))
        if not any(match.failed == len(failed) for match in matches):
            matches = trial.match(entries)
        matches = self._of_the_same_fate(result, checks, matches, seed_of)
        return matches or self._by_fate(result, checks, seed_of, until)

    def _of_a_lab(
        self,
        name: str,
        checks: Sequence[Check],
        transcript: Transcript,
        seed_of: SeedOf,
        until: float | None,
    ) -> tuple[Diagnosis, ...]:
        """Name the mistakes whose nets look like those that all checks of a lab were given."""
        calls: list[Call] = []
        for number, check in enumerate(checks):
            if until is None or time.process_time() < until:
                calls += played_back(check, transcript.answers[number], seed_of(check))
        entries = {entry.id: entry for entry in self._mutants.get(name, [])}
        rows = [
            row
            for row in self._rows
            if row.exercise == name
            and (row.id not in entries or row.source == fingerprint(entries[row.id]))
        ]
        named = likely(rows, entries, signs_of(calls))[:MAX_NAMED]
        return tuple(_diagnosis(entries[one], certain=False) for one in named)

    def _of_the_same_fate(
        self,
        result: ExerciseResult,
        checks: Sequence[Check],
        matches: list[_Match],
        seed_of: SeedOf,
    ) -> list[_Match]:
        """Keep those that lose their points for the same reason, if it is none of the checks."""
        if NO_POINTS in result.evidence:
            exercises = [exercise.name for exercise in self._assignment.exercises]
            return [
                match
                for match in matches
                if NUMERICAL in match.entry.source
                or Source([match.entry.source]).places(result.name, (), exercises)
            ]
        complaint = COMPLAINT.format(name=result.name)
        if any(check.message != complaint for check in result.checks):
            return matches
        return [m for m in matches if self._replays.run(m.entry, seed_of).message == complaint]

    def _by_fate(
        self,
        result: ExerciseResult,
        checks: Sequence[Check],
        seed_of: SeedOf,
        until: float | None,
    ) -> list[_Match]:
        """Find mutants that fail the same checks with the same words: draws of ones own, say."""
        said = [_without_numbers(check) for check in result.checks]
        found = []
        for entry in self._mutants.get(result.name, []):
            if until is not None and time.process_time() > until:
                break
            again = self._replays.run(entry, seed_of)
            if [_without_numbers(check) for check in again.checks] == said:
                found.append(_Match(entry, 0, 0, 0))
        return found


@dataclass(frozen=True)
class _Trial:
    """Compares mutants with one student's answers to one exercise."""

    replays: Replays
    checks: Sequence[Check]
    failed: Sequence[int]
    transcript: Transcript
    seed_of: SeedOf
    until: float | None
    known: dict[tuple[str, int], int | None] = field(default_factory=dict)

    def match(self, entries: Iterable[Entry]) -> list[_Match]:
        """Return how far mutants explain the answers: those that explain a failure."""
        return [match for entry in entries if (match := self._match(entry)) is not None]

    def explains(self, entry: Entry, number: int) -> bool:
        """Whether a mutant answers a check as the student did; no more than a guess in the end."""
        return self._loose(entry, number) is not None

    def _match(self, entry: Entry) -> _Match | None:
        inside = [k for k in self.failed if self.explains(entry, k)]
        if not inside:
            return None
        others = [k for k in range(len(self.checks)) if k not in self.failed]
        outside = [k for k in others if self.explains(entry, k)]
        loose = sum(self._loose(entry, k) or 0 for k in (*inside, *outside))
        return _Match(entry, len(inside), len(outside), loose)

    def _loose(self, entry: Entry, number: int) -> int | None:
        key = entry.id, number
        if key not in self.known:
            late = self.until is not None and time.process_time() > self.until
            answers = [] if late else self.transcript.answers[number]
            check = self.checks[number]
            self.known[key] = self.replays.replay(entry, check, answers, self.seed_of)
        return self.known[key]


def _without_numbers(check: CheckResult) -> tuple[str, str]:
    return check.status, _NUMBER.sub("0", check.message)


def _diagnosis(entry: Entry, *, certain: bool) -> Diagnosis:
    return Diagnosis(entry.id, entry.title, entry.hint, entry.note, entry.convention, certain)
