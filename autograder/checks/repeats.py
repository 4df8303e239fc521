"""Ask again: a function is a function if the same arguments give the same answer.

Whoever answers from memory of earlier calls, or by the order in which a check calls, is found by
calls that come again, in another order, with fresh ones between them. Calls that were passed a
generator or a function of ours may differ and are left out; so are objects, which may change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograder.checks.keeping import kept_arguments
from autograder.checks.likeness import same
from autograder.checks.transcript import Before, Recorded, Transcript
from autograder.errors import DeadlineExceeded, StudentFault
from autograder.student import Requested, Student, StudentObject
from autograder.values import Plain

AGAIN = 6
"""Calls of one exercise that are asked again."""

COMPLAINT = (
    "{name}: gives another answer when it is asked again with the same arguments. Hint: does "
    "anything stay behind from one call to the next, a global name or a default argument that is "
    "changed, or is something drawn at random?"
)


@dataclass(frozen=True, eq=False)
class Asked:
    """One call of a check that may be made again.

    Parameters
    ----------
    name, args, kwargs
        The call. Arrays are copies.
    answer
        What came back.
    check
        Number of the check that made it.
    """

    name: str
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    answer: Plain
    check: int


class Listening(Before):
    """A student like the one behind it that keeps the calls of one exercise.

    Parameters
    ----------
    student
        Near or far.
    name
        The exercise.
    transcript
        Filled with all answers, if there is one.
    """

    def __init__(self, student: Student, name: str, transcript: Transcript | None = None) -> None:
        super().__init__(student if transcript is None else Recorded(student, transcript))
        self._name = name
        self._transcript = transcript
        self._check = 0
        self.asked: list[Asked] = []

    @property
    def check(self) -> int:
        """Number of the check that is running."""
        return self._check

    @check.setter
    def check(self, number: int) -> None:
        self._check = number
        if self._transcript is not None:
            self._transcript.check = number

    def call(self, name: str, *args: Any, **kwargs: Any) -> Plain:
        """See `Student.call`."""
        # The check may change its arrays later.
        kept = kept_arguments((args, kwargs)) if name == self._name else None
        answer = self._student.call(name, *args, **kwargs)
        if kept is not None:
            self.asked.append(Asked(name, *kept, answer, self.check))
        return answer

    def call_each(self, calls: Sequence[Requested]) -> list[Plain | StudentFault]:
        """See `Student.call_each`; these calls are not kept."""
        return self._student.call_each(calls)

    def create(self, name: str, *args: Any, **kwargs: Any) -> StudentObject:
        """See `Student.create`."""
        return self._student.create(name, *args, **kwargs)


def answers_change(student: Student, asked: list[Asked], rng: np.random.Generator) -> bool:
    """Whether one of the calls `asked` gets another answer now.

    A call that runs out of time says nothing: the notebook's time may be used up.
    """
    again = [asked[int(k)] for k in rng.permutation(np.arange(len(asked)))]
    answers = student.call_each([(call.name, call.args, call.kwargs) for call in again])
    for call, answer in zip(again, answers, strict=True):
        if isinstance(answer, DeadlineExceeded):
            return False
        if isinstance(answer, StudentFault):
            return answer.name == call.name
        if not same(answer, call.answer):
            return True
    return False
