"""The student behind the trust line: each call is a message to another process."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeAlias

import numpy as np

from autograder.errors import (
    DeadlineExceeded,
    JailUnavailable,
    NotWritten,
    ProtocolError,
    SessionLost,
    StudentFault,
)
from autograder.limits import Limits
from autograder.session import messages as wire
from autograder.session.launcher import Launcher
from autograder.session.outputs import MAX_NOTEBOOK, read_outputs, stream
from autograder.session.process import StudentProcess
from autograder.session.watch import Spent, Watch
from autograder.student import Requested, fault, said
from autograder.values import BoundClass, Callback, Plain, Rng

__all__ = ["Cell", "FarObject", "FarStudent", "Limits"]

_CELL_FILE = re.compile(r"<ipython-input-[^>]*>, ?")

MAX_HEARD_MEGABYTES = 16
"""What one function of a check is passed in all: its arguments are kept for the check."""

NODE_BYTES = 32
"""What each value that is passed counts beside its bytes: as an object it takes that at least."""

MAX_RECORDED = 10**6
"""Calls of a check's own function are recorded for the check; a binding's are not."""

START_CPU = 20.0
"""CPU seconds of a start, which is ours: a cold one takes half a second, on a slow machine more."""

MAX_QUESTIONS = 200_000
"""Calls of our functions while one request is answered. More can only mean to keep us busy."""

MAX_ASKED_BYTES = 8 * 2**30
"""What they are passed in all while one request is answered."""

MAX_AHEAD_NODES = 1000
"""Values that are passed in calls of one message."""

_LARGEST: dict[type, int] = {wire.Ready: wire.MAX_READY_BYTES, wire.CellDone: wire.MAX_CELL_BYTES}
"""Bytes of a reply of that kind, where it is not `wire.MAX_REPLY_BYTES`."""

Bound: TypeAlias = Callable[..., Any] | BoundClass


@dataclass(frozen=True)
class Cell:
    """A cell to execute: its id and its source."""

    id: str
    source: str


class FarStudent:
    """A `Student` whose code runs in a session of its own.

    The session starts at the first call: the cells run, then calls are answered. When a call runs
    out of time or takes the process with it, the next call starts a fresh session, so that one
    endless loop costs its own exercise only. A cell that ends the process is skipped from then on,
    and a function that did is not called again.

    Parameters
    ----------
    launcher
        Starts the process.
    cells
        The student's code cells, in order.
    files
        Public files that stand beside the notebook.
    limits
        Deadlines.
    bindings
        Names to be answered by functions and classes of ours, for an exercise that is tried again
        with its failed callee answered by the reference.
    spent
        What is used up already, where several students share one notebook's time.
    packages
        Distributions that the cells may import beside the usual ones.
    given
        Definitions of functions that no student writes, by name. One is run again before each call
        of its name: a student's cell may have defined that anew.
    """

    def __init__(
        self,
        launcher: Launcher,
        cells: Sequence[Cell],
        files: Sequence[Path],
        limits: Limits | None = None,
        bindings: Mapping[str, Bound] | None = None,
        spent: Spent | None = None,
        *,
        packages: tuple[str, ...] = (),
        given: Mapping[str, str] | None = None,
    ) -> None:
        self._packages = packages
        self._launcher = launcher
        self._cells = list(cells)
        self._files = list(files)
        self._limits = limits or Limits()
        self._bindings = dict(bindings or {})
        self._given = {k: text for k, text in (given or {}).items() if k not in self._bindings}
        self._process: StudentProcess | None = None
        self._sessions = 0
        self._spent = spent or Spent()
        self._references: dict[int, Rng | Callback] = {}
        self._heard: Counter[int] = Counter()
        self._refused: dict[str, StudentFault] = {}
        self._bad_cells: set[str] = set()
        self.mutations: list[tuple[str, str]] = []
        self.cpu_seconds = 20.0
        self.outputs: dict[str, list[dict[str, Any]]] = {}
        self.cell_errors: dict[str, str] = {}
        self.wall_limited = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the session."""
        if self._process is not None:
            process, self._process = self._process, None
            process.kill()
            self._spent.cpu += process.cpu_seconds()

    @property
    def pid(self) -> int | None:
        """Number of the session's process on this side; None if there is none."""
        return self._process.pid if self._process is not None else None

    @property
    def total_cpu_seconds(self) -> float:
        """CPU time of the student's own code so far, in all sessions: their starts are ours."""
        running = self._process.cpu_seconds() if self._process else 0.0
        return max(self._spent.own + running, 0.0)

    def call(self, name: str, *args: Any, **kwargs: Any) -> Plain:
        """See `Student.call`."""
        return self._value(self._request(name, None, args, kwargs), name)

    def call_each(self, calls: Sequence[Requested]) -> list[Plain | StudentFault]:
        """See `Student.call_each`: what is asked goes out in few messages."""
        found: list[Plain | StudentFault] = []
        waiting = list(calls)
        while waiting:
            try:
                self._require_time()
                self.start()
                together = self._together(waiting)
            except StudentFault as lost:
                return [*found, *[lost] * len(waiting)]
            found += together or [self._outcome(waiting[0])]
            del waiting[: max(len(together), 1)]
        return found

    def _together(self, calls: Sequence[Requested]) -> list[Plain | StudentFault]:
        """Make the first ones of `calls` together, as many as fit; none if the first does not."""
        requests: list[wire.Call] = []
        room = MAX_AHEAD_NODES
        for name, args, kwargs in calls:
            if name in self._refused or name in self._given:
                break
            passed = wire.to_wire((args, dict(kwargs)), self._remember)
            room -= len(passed)
            if room < 0:
                break
            requests.append(wire.Call(wire.new_key(), name, passed))
        found: list[Plain | StudentFault] = []
        frame = wire.encode(wire.Several(tuple(requests))) if requests else b""
        for request in requests:
            try:
                reply = self._answered(request, request.name, frame)
                found.append(self._value(reply, request.name))
            except StudentFault as fault:
                found.append(fault)
                if self._process is None:
                    return found  # those after it were not answered
            frame = b""
        return found

    def _outcome(self, call: Requested) -> Plain | StudentFault:
        name, args, kwargs = call
        try:
            return self.call(name, *args, **kwargs)
        except StudentFault as fault:
            return fault

    def create(self, name: str, *args: Any, **kwargs: Any) -> FarObject:
        """See `Student.create`."""
        number = self._value(self._request(name, None, args, kwargs, keep=True), name)
        if type(number) is not int:
            raise self._broken(name, "an object without a number came back")
        return FarObject(self, name, number, self._sessions)

    def start(self) -> None:
        """Start a session and run the cells, if there is none that lives.

        Raises
        ------
        DeadlineExceeded
            The notebook has used up its time.
        SessionLost
            Sessions keep dying.
        """
        if self._process is not None and self._process.ended:
            # It ended after an answer: what is asked next is not to blame.
            self.close()
        while self._process is None:
            self._start()

    def _start(self) -> None:
        if self._sessions >= self._limits.sessions:
            raise SessionLost("notebook", "The notebook's process ended too often; given up.")
        self._spent.require(self._limits)
        self._sessions += 1
        self._references.clear()
        self._heard.clear()
        room = MAX_NOTEBOOK
        self._process = self._launcher.launch(self._files, self._limits, self._packages)
        self._meet(self._process)
        cells = [cell for cell in self._cells if cell.id not in self._bad_cells]
        requests = [wire.RunCell(wire.new_key(), cell.source) for cell in cells]
        # All cells go out at once: for each to wait until the one before has been heard would take
        # longer than most of them do.
        frame = wire.encode(wire.Several(tuple(requests)))
        for cell, request in zip(cells, requests, strict=True):
            label = f"cell {cell.id}"
            try:
                done = self._exchange(
                    request, label, self._limits.cell_cpu, wire.CellDone, frame=frame
                )
                frame = b""
            except (DeadlineExceeded, SessionLost) as lost:
                problem = f"The cell {cell.id} did not finish: {lost.problem}"
                self._bad_cells.add(cell.id)
                self.cell_errors[cell.id] = problem
                self.outputs[cell.id] = [stream(problem)]
                return
            self.outputs[cell.id] = read_outputs(done.outputs, room)
            room -= len(done.outputs)
            if done.error:
                error = _CELL_FILE.sub("", done.error[:500])
                self.cell_errors[cell.id] = f"The cell {cell.id} stopped with {error}."
        for name, bound in self._bindings.items():
            self._exchange(self._bind(name, bound), name, self._limits.cell_cpu, wire.Ready)

    def _meet(self, process: StudentProcess) -> None:
        """Wait until the process is ready: its fault is ours, no code of the student's has run."""
        try:
            cpu = max(START_CPU, self._limits.cell_cpu)
            self._exchange(wire.Start(wire.new_key()), "start", cpu, wire.Ready)
        except SessionLost as lost:
            said = process.last_words or lost.problem
            raise JailUnavailable(
                f"the session did not start: {said}",
                mend="`autograder doctor` says what this machine can do.",
            ) from lost
        if self._launcher.level:
            process.settle()
        self._spent.starts += process.cpu_seconds()

    def _bind(self, name: str, bound: Bound) -> wire.Bind:
        if isinstance(bound, BoundClass):
            create, member = (self._bound(part) for part in (bound.create, bound.member))
            return wire.Bind(wire.new_key(), name, create, member, bound.methods)
        return wire.Bind(wire.new_key(), name, self._bound(bound))

    def _bound(self, function: Callable[..., Any]) -> int:
        key = len(self._references)
        self._references[key] = Callback(function, max_calls=MAX_RECORDED + 1)
        return key

    def _request(
        self,
        name: str,
        target: int | None,
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        *,
        keep: bool = False,
        label: str = "",
    ) -> wire.Value:
        label = label or name
        self._refuse(label)
        if target is None:
            self.start()
            self._give(name)
        passed = wire.to_wire((args, dict(kwargs)), self._remember)
        request = wire.Call(wire.new_key(), name, passed, target, keep)
        return self._answered(request, label, wire.encode(request))

    def _give(self, name: str) -> None:
        """Define a given name as it was given."""
        if name not in self._given:
            return
        request = wire.RunCell(wire.new_key(), self._given[name])
        done = self._exchange(request, name, self._limits.cell_cpu, wire.CellDone)
        if done.error:
            kind, _, text = done.error[:500].partition(": ")
            raise fault(name, kind[:80], text, "")

    def _answered(self, request: wire.Call | wire.Get, label: str, frame: bytes) -> wire.Value:
        """Send `frame`, which holds the request unless it is sent, and wait for its answer."""
        kinds = wire.Value, wire.Raised
        reply = self._exchange(request, label, self.cpu_seconds, *kinds, frame=frame)
        if isinstance(reply, wire.Raised):
            raise self._fault(label, reply)
        self.mutations.extend((label, changed[:60]) for changed in reply.changed[:20])
        return reply  # type: ignore[no-any-return]

    def _fault(self, label: str, reply: wire.Raised) -> StudentFault:
        if not reply.kind:
            if label in self.cell_errors:
                return SessionLost(label, self.cell_errors[label])
            return NotWritten(label, f"{label} is not defined in the notebook.")
        return fault(label, reply.kind[:80], reply.text[:500], reply.where[:160])

    def _exchange(
        self,
        request: wire.Asked,
        label: str,
        cpu: float,
        *kinds: type,
        frame: bytes | None = None,
    ) -> Any:
        """Send a request and wait for a reply of one of `kinds`, answering calls to our side.

        `frame` is what to send, if it is something else: several requests, or nothing more.
        """
        process = self._process
        if process is None:
            raise SessionLost(label, "The notebook's process has ended.")
        watch = Watch(process, label, cpu, self._limits, self._spent)
        try:
            watch.send(wire.encode(request) if frame is None else frame)
            return self._converse(process, watch, request, kinds)
        except DeadlineExceeded as late:
            self.close()
            self.wall_limited = self.wall_limited or late.wall
            self._refused[label] = late
            raise
        except (EOFError, OSError) as error:
            if process.orphaned:
                self.close()
                raise JailUnavailable(
                    "the fork server of the session has ended", mend="Is there memory enough?"
                ) from error
            raise self._broken(label, process.exit_text()) from error
        except ProtocolError as error:
            raise self._broken(label, error.problem) from error
        except BaseException:
            # Ctrl-C, or a fault of ours: nobody knows any more where in the talk the process is.
            self.close()
            raise
        finally:
            self._spent.wall += watch.elapsed

    def _converse(
        self,
        process: StudentProcess,
        watch: Watch,
        request: wire.Asked,
        kinds: tuple[type, ...],
    ) -> Any:
        limit = _LARGEST.get(kinds[0], wire.MAX_REPLY_BYTES)
        questions = heard = 0
        while True:
            frame = wire.read_frame(process.channel, limit, watch.wait)
            reply = wire.decode_reply(frame)
            if reply.key != request.key:
                raise ProtocolError("an answer to another call came back")
            if isinstance(reply, kinds):
                return reply
            if not isinstance(reply, wire.Ask):
                raise ProtocolError(f"unexpected {type(reply).__name__}")
            questions += 1
            heard += len(frame)
            if questions > MAX_QUESTIONS or heard > MAX_ASKED_BYTES:
                raise ProtocolError("it called functions of the check without end")
            watch.send(self._answer(reply, len(frame)))

    def _broken(self, label: str, why: str) -> SessionLost:
        self.close()
        lost = SessionLost(label, f"{label} ended the notebook's process: {why}.")
        self._refused[label] = lost
        return lost

    def _refuse(self, label: str) -> None:
        if label in self._refused:
            raise self._refused[label]
        self._require_time()

    def _require_time(self) -> None:
        running = self._process.known_cpu_seconds if self._process is not None else 0.0
        self._spent.require(self._limits, running)

    def _remember(self, value: Rng | Callback) -> wire.Gen | wire.Fun:
        key = next((k for k, known in self._references.items() if known is value), None)
        if key is None:
            key = len(self._references)
            self._references[key] = value
        return wire.Gen(key, value.seed) if isinstance(value, Rng) else wire.Fun(key)

    def _answer(self, ask: wire.Ask, size: int) -> bytes:
        """Return the frame that answers a call of a function of ours."""
        callback = self._references.get(ask.function)
        if not isinstance(callback, Callback):
            raise ProtocolError("a function that was never sent is called")
        problem = ""
        if callback.max_calls <= MAX_RECORDED:
            self._heard[ask.function] += size + NODE_BYTES * len(ask.passed)
            if len(callback.calls) >= callback.max_calls:
                problem = f"the function was called more than {callback.max_calls} times"
            elif self._heard[ask.function] > MAX_HEARD_MEGABYTES * 2**20:
                problem = f"the function was passed more than {MAX_HEARD_MEGABYTES} MB in all"
        if problem:
            return wire.encode(wire.Answer([None], problem))
        try:
            values, named = _arguments(wire.untrusted(ask.passed, _seeded))
            if callback.max_calls <= MAX_RECORDED:
                callback.calls.append((*values, *named.values()))
            return wire.encode(wire.Answer(wire.to_wire(callback.function(*values, **named))))
        except Exception as error:  # noqa: BLE001 - the arguments are the student's
            return wire.encode(wire.Answer([None], f"{type(error).__name__}: {said(error)}"[:300]))

    def _value(self, reply: wire.Value, label: str) -> Plain:
        try:
            value: Plain = wire.untrusted(reply.value)
        except ProtocolError as error:
            raise self._broken(label, error.problem) from error
        return value


class FarObject:
    """An object of the student's class, in the session that made it."""

    def __init__(self, student: FarStudent, name: str, number: int, session: int) -> None:
        self._student = student
        self._name = name
        self._number = number
        self._session = session

    def call(self, method: str, *args: Any, **kwargs: Any) -> Plain:
        """See `StudentObject.call`."""
        label = self._label(method)
        reply = self._student._request(method, self._number, args, kwargs, label=label)  # noqa: SLF001
        return self._student._value(reply, label)  # noqa: SLF001

    def get(self, attribute: str) -> Plain:
        """See `StudentObject.get`."""
        label = self._label(attribute)
        self._student._refuse(label)  # noqa: SLF001
        request = wire.Get(wire.new_key(), attribute, self._number)
        reply = self._student._answered(request, label, wire.encode(request))  # noqa: SLF001
        return self._student._value(reply, label)  # noqa: SLF001

    def _label(self, member: str) -> str:
        label = f"{self._name}.{member}"
        if self._session != self._student._sessions or self._student._process is None:  # noqa: SLF001
            raise SessionLost(label, f"The process that held this {self._name} has ended.")
        return label


def _arguments(passed: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the arguments that a `wire.Ask` passes; its values are plain, their form is not."""
    match passed:
        case (tuple(values), dict(named)):
            return values, named
    raise ProtocolError("arguments are a tuple and a dictionary")


def _seeded(reference: wire.Gen | wire.Fun) -> np.random.Generator:
    """A generator that the student's code passes on: a fresh one, seeded from theirs."""
    if isinstance(reference, wire.Fun):
        raise ProtocolError("a function came from the student's side")
    return np.random.default_rng(abs(reference.seed))
