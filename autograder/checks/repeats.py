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

from autograder.errors import DeadlineExceeded, StudentFault
from autograder.student import Requested, Student, StudentObject
from autograder.values import Callback, Plain, Rng, Strided

AGAIN = 6
"""Calls of one exercise that are asked again."""

MAX_BYTES = 50_000
"""Size of the arguments up to which a call is kept: fixtures are small, labs are not."""

ROUNDING = 1e-6
"""Relative difference, in norm, that counts as the same answer."""

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


class Listening:
    """A student like the one behind it that keeps the calls of one exercise.

    Parameters
    ----------
    student
        Near or far.
    name
        The exercise.
    """

    def __init__(self, student: Student, name: str) -> None:
        self._student = student
        self._name = name
        self.check = 0
        self.asked: list[Asked] = []

    @property
    def mutations(self) -> list[tuple[str, str]]:
        """See `Student.mutations`."""
        return self._student.mutations

    @mutations.setter
    def mutations(self, value: list[tuple[str, str]]) -> None:
        self._student.mutations = value

    @property
    def cpu_seconds(self) -> float:
        """See `Student.cpu_seconds`."""
        return self._student.cpu_seconds

    @cpu_seconds.setter
    def cpu_seconds(self, value: float) -> None:
        self._student.cpu_seconds = value

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


def kept_arguments(
    arguments: tuple[tuple[Any, ...], dict[str, Any]],
) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
    """Return a copy of a call's arguments, or None if the call cannot be made again."""
    room = [MAX_BYTES]
    try:
        args, kwargs = _copy(arguments, room)
    except _NotAgain:
        return None
    return args, kwargs


class _NotAgain(Exception):
    """A call holds something that changes, or too much."""


def _copy(value: Any, room: list[int]) -> Any:
    if isinstance(value, (Rng, Callback)):
        raise _NotAgain
    if isinstance(value, Strided):
        return Strided(_copy(value.array, room), value.order)
    if isinstance(value, np.ndarray):
        room[0] -= value.nbytes
        if room[0] < 0:
            raise _NotAgain
        return value.copy(order="K")
    if isinstance(value, (list, tuple)):
        return type(value)(_copy(item, room) for item in value)
    if isinstance(value, dict):
        return {key: _copy(item, room) for key, item in value.items()}
    return value


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


def same(one: Plain, other: Plain) -> bool:
    """Whether two answers are the same, but for rounding."""
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(map(same, one.values(), other.values()))
    numbers = (np.ndarray, bool, int, float)
    if isinstance(one, numbers) and isinstance(other, numbers):
        return difference(np.asarray(one), np.asarray(other)) <= ROUNDING
    return type(one) is type(other) and one == other


def difference(one: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> float:
    """Return ``|one - other| / (|one| + |other|)``; infinite where the shapes or NaNs differ."""
    if one.shape != other.shape:
        return float("inf")
    a, b = one.astype(np.float64), other.astype(np.float64)
    fine = np.isfinite(a)
    if not np.array_equal(a[~fine], b[~fine], equal_nan=True) or not np.isfinite(b[fine]).all():
        return float("inf")
    # Divided by the largest entry first, so that no square overflows or vanishes.
    largest = max(float(np.max(np.abs(x[fine]), initial=0.0)) for x in (a, b))
    if largest == 0.0:
        return 0.0
    a, b = a[fine] / largest, b[fine] / largest
    return float(np.linalg.norm(a - b) / (np.linalg.norm(a) + np.linalg.norm(b)))
