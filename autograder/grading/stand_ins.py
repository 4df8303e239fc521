"""Stand-ins for some functions of a notebook, whose answers are right, but for a disturbance.

A call of a stand-in comes to this side, is answered by the function of the same name in another
session of the same notebook, and the answer is disturbed by a few parts in 100 000 on its way back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from autograder.checks.likeness import same
from autograder.checks.repeats import Asked
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
    """Two sessions in which some functions are answered by another one's: as they are, disturbed.

    A cache that was filled by undisturbed answers is of no use in the session of the others. The
    undisturbed one starts only where a disturbance has become suspiciously large, or nothing came
    of it: it shows that the stand-ins by themselves change nothing.

    Parameters
    ----------
    student
        Answers.
    names
        The functions.
    launch
        Starts a session.
    seed
        Of the disturbance.
    faults
        Filled with what kept calls from being answered.
    """

    def __init__(
        self,
        student: Student,
        names: Sequence[str],
        launch: Callable[[Mapping[str, Bound]], Session],
        seed: int,
        faults: list[StudentFault],
    ) -> None:
        self._student = student
        self._rng = np.random.default_rng(seed)
        self._faults = faults
        self._last: dict[str, list[Array]] = {}
        self._launch = launch
        self._names = names
        self._started: list[Session] = []
        self.forget()

    def _session(self, amount: float) -> Session:
        bindings = {name: partial(self._answer, amount, name) for name in self._names}
        self._started.append(self._launch(bindings))
        return self._started[-1]

    @cached_property
    def _clean(self) -> Session:
        return self._session(0.0)

    @cached_property
    def _disturbed(self) -> Session:
        return self._session(DISTURBANCE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for session in self._started:
            session.close()

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

    def disturbed(self, call: Asked, innocent: float) -> float | None:
        """Return by how much the answer to a call changes; None if that cannot be said.

        Parameters
        ----------
        call
            The call.
        innocent
            A change that is smaller proves nothing, so it is not looked into.
        """
        before = self._numbers(self._student, call)
        if before is None or before.size < ENOUGH_NUMBERS:
            return None
        disturbed = self._numbers(self._disturbed, call)
        change = change_of(before, disturbed)
        if self.refused or (change is not None and change < innocent):
            return change
        self._last.clear()
        clean = self._numbers(self._clean, call)
        if clean is None or not same(before, clean):
            return None
        self._last.clear()
        again = self._numbers(self._clean, call)
        return change_of(clean, disturbed) if again is not None and same(clean, again) else None

    def _numbers(self, student: Student, call: Asked) -> Array | None:
        return numbers(student, call, self._faults)

    def _answer(self, amount: float, name: str, *args: Plain, **kwargs: Plain) -> Plain:
        passed = list(_leaves([*args, *kwargs.values()]))
        odd = [part.kind for part in passed if isinstance(part, Unsupported)]
        if odd:
            (self.complex if any("complex" in kind for kind in odd) else self.refused).add(name)
            raise TypeError(f"{name} got {odd[0]}")
        answer = self._student.call(name, *args, **kwargs)
        if amount:
            return self._disturb(answer, amount)
        # A disturbance of one call's answer would show as a distance of the next arguments.
        self._compare(name, passed)
        return answer

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

    def _disturb(self, value: Plain, amount: float) -> Plain:
        if isinstance(value, float):
            return value * (1.0 + amount * float(self._rng.normal()))
        if isinstance(value, np.ndarray) and value.dtype.kind == "f":
            noise = amount * self._rng.normal(size=value.shape)
            disturbed: Array = value.astype(np.float64) * (1.0 + noise)
            return disturbed
        if isinstance(value, (list, tuple)):
            parts = [self._disturb(item, amount) for item in value]
            return parts if isinstance(value, list) else tuple(parts)
        return value


def numbers(student: Student, call: Asked, faults: list[StudentFault]) -> Array | None:
    """Return the answer to a call as one row of numbers, or None; what was raised is kept."""
    try:
        answer = student.call(call.name, *call.args, **call.kwargs)
    except StudentFault as fault:
        faults.append(fault)
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
