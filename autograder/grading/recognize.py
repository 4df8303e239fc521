"""Recognize known mistakes: entries of the catalogue that answer as the student did.

The checks that a student failed are run again, in this process, against every mutant of the
exercise, under the same seeds. A mutant is dropped at its first answer that is another one, so that
most cost one call. Nothing of the student's runs here; the functions that a mutant calls are the
reference's, so what is compared must come from a trial in which they were right, too.
"""

from __future__ import annotations

import contextlib
import re
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from types import CodeType
from typing import Any

import numpy as np
from nbformat import NotebookNode

from autograder.catalogue import MUTANTS, VARIANTS, Entry, load_catalogue
from autograder.checks.model import Check
from autograder.checks.policy import Source
from autograder.checks.repeats import COMPLAINT
from autograder.checks.runner import run_check, run_exercise
from autograder.checks.transcript import Answer, Recorded, Transcript
from autograder.course import Assignment
from autograder.errors import StudentFault
from autograder.grading.cells import executable_cells
from autograder.grading.given import given_definitions
from autograder.results import NO_POINTS, CheckResult, Diagnosis, ExerciseResult
from autograder.student import Near

SECONDS = 5.0
"""CPU time for all mistakes of one submission: what is left then is not looked at."""

MAX_NAMED = 5

_NUMBER = re.compile(r"[-+]?\d[\d.e+-]*")

SeedOf = Callable[[Check], int]


class Different(BaseException):
    """A mutant answers otherwise. No `Exception`, so that no check takes it for one of its own."""


@dataclass(frozen=True)
class _Match:
    """How far a mutant explains what a student answered: numbers of checks, and kinds of faults."""

    entry: Entry
    failed: int
    passed: int
    loose: int
    """Answers in which only the kind of an exception agrees."""

    @property
    def rank(self) -> tuple[int, int, int]:
        """The less, the likelier."""
        return -self.failed, self.loose, -self.passed


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
        self._release = release

    @cached_property
    def _mutants(self) -> Mapping[str, list[Entry]]:
        path = self._assignment.solutions / MUTANTS
        found: dict[str, list[Entry]] = {}
        for entry in load_catalogue(path) if path.is_file() else ():
            found.setdefault(entry.exercise, []).append(entry)
        return found

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
        if not failed:
            return ()
        checks = [c for c in self._assignment.checks if c.exercise == result.name]
        matches = []
        for entry in self._mutants.get(result.name, []):
            if until is not None and time.process_time() > until:
                break
            match = self._match(entry, checks, failed, transcript, seed_of)
            if match is not None:
                matches.append(match)
        matches = self._of_the_same_fate(result, checks, matches, seed_of)
        matches = matches or self._by_fate(result, checks, seed_of, until)
        if not matches:
            return ()
        best = min(match.rank for match in matches)
        likely = [match for match in matches if match.rank == best]
        everywhere = best[0] == -len(failed)
        return tuple(_diagnosis(m.entry, certain=everywhere) for m in likely[:MAX_NAMED])

    def _match(
        self,
        entry: Entry,
        checks: Sequence[Check],
        failed: Sequence[int],
        transcript: Transcript,
        seed_of: SeedOf,
    ) -> _Match | None:
        """Compare a mutant with a student; None if it explains no failed check."""
        loose = 0
        explained: list[int] = []
        for number in sorted(range(len(checks)), key=lambda k: k not in failed):
            if number not in failed and not explained:
                return None
            found = self._replay(entry, checks[number], transcript.answers[number], seed_of)
            if found is not None:
                explained.append(number)
                loose += found
        inside = len(set(explained) & set(failed))
        return _Match(entry, inside, len(explained) - inside, loose) if inside else None

    def _replay(
        self, entry: Entry, check: Check, answers: Sequence[Answer], seed_of: SeedOf
    ) -> int | None:
        """Run a check against a mutant; None if it answers otherwise, else the loose likenesses."""
        if not answers:
            return None
        with self._mutant(entry) as student:
            if answers[0].call is not None and not _begins_like(student, answers[0]):
                return None
        comparing = _Comparing(answers)
        with self._mutant(entry) as student:
            try:
                run_check(check, Recorded(student, comparing), seed_of(check))
            except Different:
                return None
        return comparing.loose if comparing.left == 0 else None

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
                if Source([match.entry.source]).places(result.name, (), exercises)
                or any(name in match.entry.source for name in exercises if "numerical" in name)
            ]
        complaint = COMPLAINT.format(name=result.name)
        if any(check.message != complaint for check in result.checks):
            return matches
        exercise = self._assignment.public.exercise(result.name)
        kept = []
        for match in matches:
            with self._mutant(match.entry) as student:
                again = run_exercise(exercise, checks, student, seed_of)
            if again.message == complaint:
                kept.append(match)
        return kept

    def _by_fate(
        self,
        result: ExerciseResult,
        checks: Sequence[Check],
        seed_of: SeedOf,
        until: float | None,
    ) -> list[_Match]:
        """Find mutants that fail the same checks with the same words: draws of ones own, say."""
        exercise = self._assignment.public.exercise(result.name)
        said = [_without_numbers(check) for check in result.checks]
        found = []
        for entry in self._mutants.get(result.name, []):
            if until is not None and time.process_time() > until:
                break
            with self._mutant(entry) as student:
                again = run_exercise(exercise, checks, student, seed_of)
            if [_without_numbers(check) for check in again.checks] == said:
                found.append(_Match(entry, 0, 0, 0))
        return found

    @contextlib.contextmanager
    def _mutant(self, entry: Entry) -> Iterator[Near]:
        """Enter the release's notebook with a mutant in it, and right answers to the rest."""
        namespace = dict(self._notebook)
        state = np.random.get_state()  # noqa: NPY002 - mutants draw from it, and others must not
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            with contextlib.chdir(self._assignment.public.folder):
                for source in (*self._functions, entry.source):
                    exec(_compiled(source), namespace)  # noqa: S102 - the course's own
                try:
                    yield Near(namespace)
                finally:
                    np.random.set_state(state)  # noqa: NPY002

    @cached_property
    def _notebook(self) -> dict[str, Any]:
        """What the release's cells define, data included."""
        namespace: dict[str, Any] = {"__name__": "__main__"}
        with contextlib.chdir(self._assignment.public.folder):
            for cell in executable_cells(self._release):
                exec(_compiled(cell.source), namespace)  # noqa: S102 - the course's own
        return {**namespace, **self._assignment.reference}

    @cached_property
    def _functions(self) -> tuple[str, ...]:
        """Sources that a mutant's notebook holds: the given functions, and right answers."""
        names = {exercise.name for exercise in self._assignment.exercises}
        given = given_definitions(self._release, names)
        path = self._assignment.solutions / VARIANTS
        right = {e.exercise: e.source for e in reversed(load_catalogue(path))}
        return (*given.values(), *right.values())


class _Comparing(Transcript):
    """A transcript that ends at the first answer which is not the expected one."""

    def __init__(self, expected: Sequence[Answer]) -> None:
        super().__init__()
        self._expected = expected
        self._noted = 0
        self.loose = 0

    @property
    def left(self) -> int:
        """Answers that have not come."""
        return len(self._expected) - self._noted

    def note(self, answer: Answer) -> None:
        """Compare; raise `Different`."""
        if not self.left or not answer.like(self._expected[self._noted]):
            raise Different
        self.loose += answer.text != self._expected[self._noted].text
        self._noted += 1


def _begins_like(student: Near, answer: Answer) -> bool:
    """Whether the first question gets that answer; so most mutants are told apart by one call."""
    if answer.call is None:
        return True
    comparing = _Comparing([answer])
    args, kwargs = answer.call
    try:
        Recorded(student, comparing).call(answer.question, *args, **kwargs)
    except Different:
        return False
    except StudentFault:
        return True  # the same one
    return True


def _without_numbers(check: CheckResult) -> tuple[str, str]:
    return check.status, _NUMBER.sub("0", check.message)


@lru_cache(maxsize=512)
def _compiled(source: str) -> CodeType:
    return compile(source, "<cell of the catalogue>", "exec")


def _diagnosis(entry: Entry, *, certain: bool) -> Diagnosis:
    return Diagnosis(entry.id, entry.title, entry.hint, entry.note, entry.convention, certain)
