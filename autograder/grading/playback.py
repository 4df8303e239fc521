"""Run a check on answers that were noted earlier, to see what was asked.

Transcripts keep no large arguments. A check asks the same under the same seed as long as it gets
the same answers, so the arguments can be had again: they are what it passes while it is answered
from the transcript. No code of a student's runs.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograder.checks.model import Check
from autograder.checks.runner import run_check
from autograder.checks.transcript import Answer
from autograder.errors import StudentFault
from autograder.student import Requested, StudentObject
from autograder.values import Plain


@dataclass(frozen=True, eq=False)
class Call:
    """One call of a check, with all its arguments in order, and the answer."""

    arguments: tuple[Any, ...]
    answer: Answer


def played_back(check: Check, answers: Sequence[Answer], seed: int) -> list[Call]:
    """Return the calls of a check, of all its attempts, to which `answers` were the answers.

    Parameters
    ----------
    check
        It calls functions only, as those of labs do; a class's objects end the play.
    answers
        Of one run of it, from the transcript.
    seed
        Under which it ran.
    """
    playback = _Playback(answers)
    with contextlib.ExitStack() as quiet:
        quiet.enter_context(warnings.catch_warnings(action="ignore"))
        quiet.enter_context(np.errstate(all="ignore"))
        quiet.enter_context(contextlib.suppress(_Over))
        run_check(check, playback, seed)
    return playback.calls


class _Over(BaseException):
    """No more answers. No `Exception`, so that no check takes it for one of its own."""


class _Playback:
    """A student who answers from a transcript."""

    def __init__(self, answers: Sequence[Answer]) -> None:
        self._answers: Iterator[Answer] = iter(answers)
        self.calls: list[Call] = []
        self.mutations: list[tuple[str, str]] = []
        self.cpu_seconds = 0.0

    def call(self, name: str, *args: Any, **kwargs: Any) -> Plain:
        """Give the next answer, if it is one to this question."""
        answer = next(self._answers, None)
        if answer is None or answer.question != name:
            raise _Over
        self.calls.append(Call((*args, *kwargs.values()), answer))
        if answer.raised:
            raise _Over  # which also ended the check
        self.mutations += [(name, argument) for argument in answer.changed]
        return answer.value

    def call_each(self, calls: Sequence[Requested]) -> list[Plain | StudentFault]:
        """Give an answer to each."""
        return [self.call(name, *args, **kwargs) for name, args, kwargs in calls]

    def create(self, name: str, *args: Any, **kwargs: Any) -> StudentObject:
        """End the play."""
        raise _Over
