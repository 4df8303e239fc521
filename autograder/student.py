"""The student, as a check sees them: something whose functions can be called.

`Near` calls in place, in the student's own kernel or pytest run. Grading uses
`autograder.session.far.FarStudent`, where each call is a message to another process. A check
cannot tell them apart.
"""

from __future__ import annotations

import linecache
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

import numpy as np

from autograder.errors import NotWritten, StubCalled, StudentFault, StudentRaised
from autograder.values import Callback, Plain, Rng, Strided, clean, plain


class StudentObject(Protocol):
    """An object of a class that the student wrote, which stays on the student's side."""

    def call(self, method: str, *args: Any, **kwargs: Any) -> Plain:
        """Call a method. Raises like `Student.call`."""
        ...

    def get(self, attribute: str) -> Plain:
        """Read an attribute. Raises like `Student.call`."""
        ...


Requested: TypeAlias = tuple[str, Sequence[Any], Mapping[str, Any]]
"""A call: of which function, with which arguments."""


class Student(Protocol):
    """The functions and classes of one notebook.

    Arguments may be numbers, strings, None, arrays, lists, tuples and dictionaries of them,
    `Rng` (arrives as a NumPy generator), `Callback` (arrives as a function) and `Strided`
    (arrives as a non-contiguous array).
    """

    mutations: list[tuple[str, str]]
    """(function, argument) for each argument that a call changed in place."""

    cpu_seconds: float
    """CPU time that each call may take from now on; near, only Ctrl-C ends a call."""

    def call(self, name: str, *args: Any, **kwargs: Any) -> Plain:
        """Call the student's function `name`.

        Raises
        ------
        NotWritten
            The name does not exist, or raised `NotImplementedError`.
        StudentRaised
            It raised anything else.
        DeadlineExceeded, SessionLost
            In grading: it took too long, or its process ended.
        """
        ...

    def call_each(self, calls: Sequence[Requested]) -> list[Plain | StudentFault]:
        """Make several calls, none of which is passed a function or a generator.

        Returns
        -------
        list of Plain or StudentFault
            The answer of each, or what `call` would have raised.
        """
        ...

    def create(self, name: str, *args: Any, **kwargs: Any) -> StudentObject:
        """Call the student's class `name` and keep the object on the student's side."""
        ...


class Near:
    """The student's namespace in this very process.

    Parameters
    ----------
    namespace
        The notebook's variables.
    """

    def __init__(self, namespace: Mapping[str, Any]) -> None:
        self._namespace = namespace
        self._generators: dict[int, tuple[Rng, np.random.Generator]] = {}
        self.mutations: list[tuple[str, str]] = []
        self.cpu_seconds = float("inf")

    def call(self, name: str, *args: Any, **kwargs: Any) -> Plain:
        """See `Student.call`."""
        return plain_call(name, lambda: self._invoke(name, self._find(name), args, kwargs))

    def call_each(self, calls: Sequence[Requested]) -> list[Plain | StudentFault]:
        """See `Student.call_each`."""
        found: list[Plain | StudentFault] = []
        for name, args, kwargs in calls:
            try:
                found.append(self.call(name, *args, **kwargs))
            except StudentFault as lost:
                found.append(lost)
        return found

    def create(self, name: str, *args: Any, **kwargs: Any) -> NearObject:
        """See `Student.create`."""
        function = self._find(name)
        return NearObject(self, name, guarded(name, lambda: function(*self._near(args), **kwargs)))

    def _find(self, name: str) -> Callable[..., Any]:
        return find(self._namespace, name)

    def _invoke(self, name: str, function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        sent, before = self._near(args), self._near(args)
        result = plain(function(*sent, **kwargs))
        for changed in changed_arguments(sent, before, function):
            self.mutations.append((name, changed))
        return result

    def _near(self, value: Any) -> Any:
        if isinstance(value, Rng):
            fresh = (value, np.random.default_rng(value.seed))
            return self._generators.setdefault(id(value), fresh)[1]
        if isinstance(value, Callback):
            return counted(value)
        if isinstance(value, Strided):
            return value.build()
        if isinstance(value, np.ndarray):
            return value.copy(order="K")
        if isinstance(value, (list, tuple)):
            return type(value)(self._near(item) for item in value)
        if isinstance(value, dict):
            return {key: self._near(item) for key, item in value.items()}
        return value


class NearObject:
    """An object of the student's class, in this process."""

    def __init__(self, near: Near, name: str, target: Any) -> None:
        self._near = near
        self._name = name
        self._target = target

    def call(self, method: str, *args: Any, **kwargs: Any) -> Plain:
        """See `StudentObject.call`."""
        label = f"{self._name}.{method}"
        return plain_call(
            label,
            lambda: self._near._invoke(  # noqa: SLF001
                label, getattr(self._target, method), args, kwargs
            ),
        )

    def get(self, attribute: str) -> Plain:
        """See `StudentObject.get`."""
        label = f"{self._name}.{attribute}"
        return plain_call(label, lambda: getattr(self._target, attribute))


def find(namespace: Mapping[str, Any], name: str) -> Callable[..., Any]:
    """Return the callable `name`, or raise `NotWritten`."""
    function = namespace.get(name)
    if not callable(function):
        raise NotWritten(
            name, f"{name} is not defined. Has the cell that defines it been run without an error?"
        )
    return function  # type: ignore[no-any-return]


def counted(callback: Callback) -> Callable[..., Any]:
    """Return a function that records its arguments in `callback.calls`."""

    def function(*args: Any, **kwargs: Any) -> Any:
        if len(callback.calls) >= callback.max_calls:
            raise RuntimeError(f"the function was called more than {callback.max_calls} times")
        values = [plain(arg) for arg in args]
        named = {name: plain(arg) for name, arg in kwargs.items()}
        callback.calls.append((*values, *named.values()))
        return callback.function(*values, **named)

    return function


def guarded(name: str, action: Callable[[], Any]) -> Any:
    """Run `action`; turn what the student's code raises into a `StudentFault`."""
    try:
        return action()
    except (StudentFault, KeyboardInterrupt):
        raise
    except BaseException as error:  # SystemExit, and kinds that the student made
        raise fault(name, type(error).__name__, said(error), student_line(error)) from error


def said(error: BaseException) -> str:
    """Return the text of an exception, which its class may fail to give."""
    try:
        return clean(str(error)[:500])
    except Exception:  # noqa: BLE001 - the student's own __str__
        return ""


def fault(name: str, kind: str, text: str, where: str) -> StudentFault:
    """Return the fault that stands for an exception of the student's code.

    A stub raises ``NotImplementedError`` with its own name as the message: that is not a mistake
    but work to be done, and another exercise's stub is not this one's.
    """
    if kind == "NotImplementedError":
        stub = text.partition(" ")[0].strip(":.") if text else name
        if stub in (name, name.partition(".")[0]):
            return NotWritten(name, f"{stub} is still to be written.")
        return StubCalled(name, stub)
    return StudentRaised(name, kind, text, where)


def plain_call(name: str, action: Callable[[], Any]) -> Plain:
    """Like `guarded`, with the result made plain (draining a generator runs student code)."""
    result: Plain = guarded(name, lambda: plain(action()))
    return result


def student_line(error: BaseException) -> str:
    """Return the innermost line of a notebook cell in the traceback, as ``"line 3: ..."``.

    If another function of the notebook than the one that was called stands there, it is named:
    ``"line 2 of feedforward: ..."``.
    """
    frames = [f for f in traceback.extract_tb(error.__traceback__) if is_cell_file(f.filename)]
    if not frames:
        return ""
    first, last = frames[0], frames[-1]
    text = (last.line or linecache.getline(last.filename, last.lineno or 0)).strip()
    inside = f" of {last.name}" if last.name != first.name and last.name.isidentifier() else ""
    return f"line {last.lineno}{inside}{f': {text[:120]}' if text else ''}"


def is_cell_file(filename: str) -> bool:
    """Whether a traceback's file name is a notebook cell's."""
    return "ipykernel_" in filename or filename.startswith(("<ipython-input", "<cell "))


def changed_arguments(sent: Any, before: Any, function: Callable[..., Any]) -> list[str]:
    """Name the positional arguments that differ from their copies."""
    code = getattr(function, "__code__", None)
    names = list(code.co_varnames[: code.co_argcount]) if code is not None else []
    if names[:1] == ["self"]:
        names = names[1:]
    return [
        names[k] if k < len(names) else f"argument {k + 1}"
        for k, (now, was) in enumerate(zip(sent, before, strict=True))
        if not _same(now, was)
    ]


def _same(now: Any, was: Any) -> bool:
    if isinstance(was, np.ndarray):
        return (
            type(now) is np.ndarray
            and now.shape == was.shape
            and bool(np.array_equal(now, was, equal_nan=was.dtype.kind == "f"))
        )
    if isinstance(was, (list, tuple)):
        return type(now) is type(was) and len(now) == len(was) and all(map(_same, now, was))
    if isinstance(was, dict):
        return (
            type(now) is dict
            and list(now) == list(was)
            and all(_same(now[key], was[key]) for key in was)
        )
    if isinstance(was, (bool, int, float, str)):
        return type(now) is type(was) and repr(now) == repr(was)
    return True
