"""Stand-ins for some functions of a notebook, whose answers are right, but for a disturbance.

A call of a stand-in comes to this side, is answered by the function of the same name in another
session of the same notebook, and the answer is disturbed by a few parts in 100 000 on its way back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from autograder.checks.repeats import Asked, same
from autograder.errors import StudentFault
from autograder.session.far import Bound
from autograder.student import Student
from autograder.values import Plain, Unsupported

DISTURBANCE = 1e-5
"""Relative size of the disturbance of a stand-in's answers: well above float32's rounding."""

ENOUGH_NUMBERS = 4
"""A single number may be disturbed by little, by chance."""

Array = NDArray[np.float64]


class Session(Student, Protocol):
    """A student in a session that is closed in the end."""

    def close(self) -> None:
        """End the session."""
        ...


class StandIns:
    """A session in which some functions are answered by another one's, and disturbed.

    Parameters
    ----------
    student
        Answers.
    names
        The functions.
    launch
        Starts the session.
    seed
        Of the disturbance.
    """

    def __init__(
        self,
        student: Student,
        names: Sequence[str],
        launch: Callable[[Mapping[str, Bound]], Session],
        seed: int,
    ) -> None:
        self._student = student
        self._rng = np.random.default_rng(seed)
        self._amount = 0.0
        self._last: dict[str, list[Array]] = {}
        self._other = launch({name: partial(self._answer, name) for name in names})
        self.forget()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._other.close()

    def forget(self) -> None:
        """Begin anew, with another exercise."""
        self.complex: set[str] = set()
        self.refused: set[str] = set()
        self._apart: dict[str, float] = {}
        self._last.clear()

    def evidence(self) -> list[str]:
        """Return what the calls were, as sentences."""
        found = [f"It calls {name} with complex numbers." for name in sorted(self.complex)]
        for name, apart in sorted(self._apart.items()):
            found.append(f"It calls {name} at points that lie {apart:.1g} apart.")
        return found

    def disturbed(self, call: Asked) -> float | None:
        """Return by how much the answer to a call changes; None if that cannot be said."""
        self._amount = 0.0
        self._last.clear()
        before, clean = numbers(self._student, call), numbers(self._other, call)
        if before is None or clean is None or not same(before, clean):
            return None
        if clean.size < ENOUGH_NUMBERS:
            return None
        self._amount = DISTURBANCE
        disturbed = numbers(self._other, call)
        self._amount = 0.0
        self._last.clear()
        again = numbers(self._other, call)
        return change_of(clean, disturbed) if again is not None and same(clean, again) else None

    def _answer(self, name: str, *args: Plain, **kwargs: Plain) -> Plain:
        passed = list(_leaves([*args, *kwargs.values()]))
        odd = [part.kind for part in passed if isinstance(part, Unsupported)]
        if odd:
            (self.complex if any("complex" in kind for kind in odd) else self.refused).add(name)
            raise TypeError(f"{name} got {odd[0]}")
        answer = self._student.call(name, *args, **kwargs)
        if not self._amount:
            # A disturbance of one call's answer would show as a distance of the next arguments.
            self._compare(name, passed)
        return self._disturb(answer)

    def _compare(self, name: str, passed: Sequence[Plain]) -> None:
        """Note how close this call's arguments lie to those of the one before."""
        now = [
            np.asarray(x, dtype=np.float64) for x in passed if isinstance(x, (np.ndarray, float))
        ]
        before = self._last.get(name, [])
        self._last[name] = now
        if [x.shape for x in now] != [x.shape for x in before] or not now:
            return
        apart = max(
            float(np.max(np.abs(a - b), initial=0.0)) for a, b in zip(now, before, strict=True)
        )
        size = max(float(np.max(np.abs(a), initial=1.0)) for a in now)
        if 0.0 < apart <= 1e-2 * size:
            self._apart[name] = min(apart, self._apart.get(name, apart))

    def _disturb(self, value: Plain) -> Plain:
        if isinstance(value, float):
            return value * (1.0 + self._amount * float(self._rng.normal()))
        if isinstance(value, np.ndarray) and value.dtype.kind == "f":
            noise = self._amount * self._rng.normal(size=value.shape)
            disturbed: Array = value.astype(np.float64) * (1.0 + noise)
            return disturbed
        if isinstance(value, list):
            return [self._disturb(item) for item in value]
        return tuple(map(self._disturb, value)) if isinstance(value, tuple) else value


def numbers(student: Student, call: Asked) -> Array | None:
    """Return the answer to a call as one row of numbers, or None."""
    try:
        answer = student.call(call.name, *call.args, **call.kwargs)
    except StudentFault:
        return None
    parts = list(_leaves(answer))
    if not all(isinstance(part, (np.ndarray, bool, int, float)) for part in parts):
        return None
    rows = [np.asarray(part, dtype=np.float64).ravel() for part in parts]
    return np.concatenate(rows) if rows else None


def change_of(before: Array | None, after: Array | None) -> float | None:
    """Return the relative change of an answer, or None if there is no saying."""
    if before is None or after is None or before.shape != after.shape:
        return None
    size = float(np.linalg.norm(before))
    change = float(np.linalg.norm(after - before))
    return change / size if size > 0.0 and np.isfinite(size) and np.isfinite(change) else None


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from _leaves(item)
    else:
        yield value
