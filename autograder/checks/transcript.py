"""What a check was answered, to be compared with what a known mistake answers.

A check asks the same under the same seed as long as it gets the same answers. So two functions are
the same to a check if their transcripts are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from autograder.checks.keeping import Arguments, kept_arguments
from autograder.checks.likeness import same
from autograder.errors import StudentFault, StudentRaised
from autograder.student import Requested, Student, StudentObject
from autograder.values import Callback, Plain

MAX_CALLS = 200
"""Calls of a check's own function that are compared for each answer."""

ALIKE = 1e-4
"""Relative difference, in norm, up to which two answers are the same: float32 and rounding."""


@dataclass(frozen=True, eq=False)
class Answer:
    """One answer.

    Parameters
    ----------
    question
        What was asked: ``sigmoid``, ``EarlyStopping``, ``EarlyStopping.step``.
    value
        What came back, or nothing if something was raised.
    raised, text
        The kind of an exception of the student's code, and its text; or the name of another fault.
    heard
        What the check's own functions were called with.
    changed
        Arguments that the call changed in place.
    call
        For the first question to a check: the arguments, if they can be passed again.
    """

    question: str
    value: Plain = None
    raised: str = ""
    text: str = ""
    heard: tuple[tuple[Plain, ...], ...] = ()
    changed: tuple[str, ...] = ()
    call: Arguments | None = None

    def like(self, other: Answer) -> bool:
        """Whether `other` answers the same question in the same way, but for rounding."""
        return (
            self.question == other.question
            and self.raised == other.raised
            and self.changed == other.changed
            and same(self.heard, other.heard, ALIKE)
            and same(self.value, other.value, ALIKE)
        )


@dataclass
class Transcript:
    """The answers to each check, by its number; `check` is the one that is running."""

    check: int = 0
    keeps_arguments: ClassVar[bool] = True
    """Those of the first question to each check."""
    answers: defaultdict[int, list[Answer]] = field(default_factory=lambda: defaultdict(list))

    def note(self, answer: Answer) -> None:
        """Add an answer to the running check."""
        self.answers[self.check].append(answer)


class Before:
    """Stands before a student, whose mutations and time are its own.

    Parameters
    ----------
    student
        Near or far.
    """

    def __init__(self, student: Student) -> None:
        self._student = student

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


class Recorded(Before):
    """A student like the one behind it whose answers are noted.

    Parameters
    ----------
    student
        Near or far.
    transcript
        Takes the answers.
    """

    def __init__(self, student: Student, transcript: Transcript) -> None:
        super().__init__(student)
        self._transcript = transcript

    def call(self, name: str, *args: Any, **kwargs: Any) -> Plain:
        """See `Student.call`."""
        first = None
        if (
            self._transcript.keeps_arguments
            and not self._transcript.answers[self._transcript.check]
        ):
            first = kept_arguments((args, kwargs), generators=True)
        value: Plain = self.noted(
            name, lambda: self._student.call(name, *args, **kwargs), args, first
        )
        return value

    def call_each(self, calls: Sequence[Requested]) -> list[Plain | StudentFault]:
        """See `Student.call_each`."""
        found = self._student.call_each(calls)
        for (name, _, _), value in zip(calls, found, strict=True):
            if isinstance(value, StudentFault):
                self._transcript.note(_fault(name, value))
            else:
                self._transcript.note(Answer(name, value))
        return found

    def create(self, name: str, *args: Any, **kwargs: Any) -> StudentObject:
        """See `Student.create`."""
        made: list[StudentObject] = []
        self.noted(name, lambda: made.append(self._student.create(name, *args, **kwargs)), args)
        return _RecordedObject(self, name, made[0])

    def noted(
        self,
        question: str,
        ask: Callable[[], Any],
        args: Sequence[Any] = (),
        call: Arguments | None = None,
    ) -> Any:
        """Ask, note what comes back, and return it."""
        before = len(self._student.mutations)
        asked = [(callback, len(callback.calls)) for callback in _callbacks(args)]
        try:
            value = ask()
        except StudentFault as fault:
            self._transcript.note(_fault(question, fault, call))
            raise
        heard = tuple(
            call for callback, old in asked for call in callback.calls[old : old + MAX_CALLS]
        )
        changed = tuple(name for _, name in self._student.mutations[before:])
        self._transcript.note(Answer(question, value, heard=heard, changed=changed, call=call))
        return value


class _RecordedObject:
    """An object of the student's class whose answers are noted."""

    def __init__(self, recorded: Recorded, name: str, target: StudentObject) -> None:
        self._recorded = recorded
        self._name = name
        self._target = target

    def call(self, method: str, *args: Any, **kwargs: Any) -> Plain:
        """See `StudentObject.call`."""
        value: Plain = self._recorded.noted(
            f"{self._name}.{method}", lambda: self._target.call(method, *args, **kwargs), args
        )
        return value

    def get(self, attribute: str) -> Plain:
        """See `StudentObject.get`."""
        value: Plain = self._recorded.noted(
            f"{self._name}.{attribute}", lambda: self._target.get(attribute)
        )
        return value


def _callbacks(args: Sequence[Any]) -> list[Callback]:
    return [arg for arg in args if isinstance(arg, Callback)]


def _fault(question: str, fault: StudentFault, call: Arguments | None = None) -> Answer:
    if isinstance(fault, StudentRaised):
        return Answer(question, raised=fault.kind, text=fault.text, call=call)
    return Answer(question, raised=type(fault).__name__, call=call)
