"""The student's process: an IPython shell that executes cells and answers calls.

Started as ``python -I -m autograder.session.agent FD PACKAGES [POLICY]``. Nothing in here is
trusted, since the student's code shares the process: it holds no answer, no seed, no point, and
whatever it says is doubted on the other side.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Callable, Collection
from contextlib import suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from autograder.errors import NotWritten, ProtocolError, StudentFault, StudentRaised
from autograder.jail.confine import Policy, apply
from autograder.session import messages as wire
from autograder.session.lifetime import end_with_parent
from autograder.session.shell import Shell
from autograder.student import changed_arguments, find, guarded
from autograder.values import Plain, plain

ABSENT = ("autograd", "jax", "keras", "scipy", "sklearn", "tensorflow", "torch")
"""Libraries that hold answers; importing one says that it is not installed."""

USUAL = (
    "IPython.core.logger",
    "encodings.cp437",
    "numpy.linalg",
    "numpy.random",
    "matplotlib.backends.backend_agg",
    "matplotlib.pyplot",
    "matplotlib_inline.backend_inline",
    "IPython.core.completer",
    "IPython.core.pylabtools",
    "autograder.checks",
    "autograder.adapters.notebook",
    "numpy.testing",
)
"""What the cells of nearly every notebook import sooner or later: imported before the first one, so
that to them it makes no difference whether the session is a fork of a server that has it."""

MAX_REQUEST_BYTES = 2**31 - 1


class Agent:
    """Answers requests until the other side closes the channel.

    Parameters
    ----------
    channel
        Socket to the trusted side.
    """

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._shell = Shell.instance()
        self._objects: list[Any] = []
        self._generators: dict[int, np.random.Generator] = {}
        self._key = 0

    def serve(self) -> None:
        """Answer requests in turn."""
        while True:
            try:
                request = self._receive()
            except EOFError:
                return
            if isinstance(request, wire.Answer):
                raise ProtocolError("an answer to no question")
            for asked in request.requests if isinstance(request, wire.Several) else (request,):
                self._key = asked.key
                self._send(self._answer(asked))

    def _answer(self, request: wire.Asked) -> wire.Reply:
        if isinstance(request, wire.Start):
            return wire.Ready(request.key)
        if isinstance(request, wire.RunCell):
            outputs, error = self._shell.execute(request.source)
            return wire.CellDone(request.key, json.dumps(outputs), error)
        if isinstance(request, wire.Bind):
            self._shell.user_ns[request.name] = self._stand_in(request)
            return wire.Ready(request.key)
        try:
            return self._call(request) if isinstance(request, wire.Call) else self._get(request)
        except NotWritten as fault:
            kind = "" if "not defined" in fault.problem else "NotImplementedError"
            return wire.Raised(request.key, kind, request.name)
        except StudentRaised as fault:
            return wire.Raised(request.key, fault.kind, fault.text, fault.where)
        except KeyboardInterrupt:
            # Nobody sits at this keyboard: the student's code raised it.
            return wire.Raised(request.key, "KeyboardInterrupt", "")

    def _call(self, request: wire.Call) -> wire.Value:
        sent, kwargs = wire.from_wire(request.passed, self._resolve)
        before, _ = wire.from_wire(request.passed, lambda _: None)

        def call() -> wire.Value:
            function: Callable[..., Any]
            if request.target is None:
                function = find(self._shell.user_ns, request.name)
            else:
                function = getattr(self._objects[request.target], request.name)
            result = function(*sent, **kwargs)
            if request.keep:
                self._objects.append(result)
                return wire.Value(request.key, [len(self._objects) - 1])
            value = wire.to_wire(plain(result))
            return wire.Value(request.key, value, tuple(changed_arguments(sent, before, function)))

        # All of it is the student's code: lookups, generators, comparisons.
        reply: wire.Value = guarded(request.name, call)
        return reply

    def _get(self, request: wire.Get) -> wire.Value:
        value = guarded(
            request.name, lambda: plain(getattr(self._objects[request.target], request.name))
        )
        return wire.Value(request.key, wire.to_wire(value))

    def _resolve(self, reference: wire.Gen | wire.Fun) -> Any:
        if isinstance(reference, wire.Fun):
            return self._remote(reference.key)
        fresh = np.random.default_rng(reference.seed)
        return self._generators.setdefault(reference.key, fresh)

    def _remote(self, key: int) -> Callable[..., Any]:
        """Return a function that asks the trusted side."""

        def function(*args: Any, **kwargs: Any) -> Any:
            named = {name: _argument(arg) for name, arg in kwargs.items()}
            passed = wire.to_wire((tuple(map(_argument, args)), named))
            if len(passed) > wire.MAX_NODES:
                raise ValueError(f"more than {wire.MAX_NODES} values are passed")
            self._send(wire.Ask(self._key, key, passed))
            answer = self._receive()
            if not isinstance(answer, wire.Answer):
                raise ProtocolError(f"expected an answer, got {type(answer).__name__}")
            if answer.error:
                raise ValueError(answer.error)
            return wire.from_wire(answer.value)

        return function

    def _stand_in(self, request: wire.Bind) -> Callable[..., Any]:
        """Return what stands for a function or a class of the trusted side."""
        create = self._remote(request.function)
        if request.member is None:
            return create
        member = self._remote(request.member)

        class StandIn:
            """An object that lives on the trusted side."""

            def __init__(self, *args: Any, **kwargs: Any) -> None:
                self._number = create(*args, **kwargs)

            def __getattr__(self, name: str) -> Any:
                if name.startswith("_"):
                    raise AttributeError(name)
                if name in request.methods:
                    return partial(member, self._number, name)
                return member(self._number, name)

        StandIn.__name__ = StandIn.__qualname__ = request.name
        return StandIn

    def _receive(self) -> wire.Request:
        return wire.decode_request(wire.read_frame(self._channel, MAX_REQUEST_BYTES))

    def _send(self, message: wire.Reply) -> None:
        self._channel.sendall(wire.encode(message))


def _argument(value: Any) -> Plain | wire.Gen:
    """A generator cannot travel; a seed drawn from it can, and advances it."""
    if isinstance(value, np.random.Generator):
        return wire.Gen(-1, int(value.integers(2**62)))
    return plain(value)


def look_like_a_students_machine(wanted: Collection[str]) -> None:
    """Take the checkout off the path, and what the contract says is not there when graded.

    No more than that: it keeps honest code honest. To hide the files is the jail's work.
    """
    for name in ABSENT:
        if name not in wanted:
            sys.modules[name] = None  # type: ignore[assignment]
    root = Path(__file__).resolve().parents[2]
    if (root / "solutions").is_dir():
        sys.path[:] = [path for path in sys.path if Path(path).resolve() != root]


def _be_silent() -> None:
    """Let go of the pipe on which a failing start is explained: nobody reads it from now on."""
    with Path(os.devnull).open("wb") as nothing:
        os.dup2(nothing.fileno(), sys.stderr.fileno())


def main() -> None:
    """Serve on a descriptor; the command line is ``FD PACKAGES [POLICY]``.

    `PACKAGES`, separated by commas, are those that the assignment allows beside the usual ones. By
    `POLICY` the process confines itself. An error there ends it: no student's code has run yet.
    """
    end_with_parent()
    number, packages, *policies = sys.argv[1:]
    for policy in policies:
        apply(Policy.from_argument(policy), keep=int(number))
    look_like_a_students_machine(packages.split(","))
    load()
    sys.exit(run(socket.socket(fileno=int(number))))


def load() -> None:
    """Import what sessions use, and make the shell."""
    Shell.instance()
    for name in USUAL:
        with suppress(ImportError):
            import_module(name)


def settle() -> None:
    """Look around anew, in a process that was forked after `load`."""
    Shell.instance().settle()
    settings = Path("matplotlibrc")
    if settings.is_file() and "matplotlib" in sys.modules:
        import matplotlib as mpl

        mpl.rc_file(settings)


def run(channel: socket.socket) -> int:
    """Serve on `channel` until it closes; return the exit status."""
    # A fork of the student's is not this process: what it says would be taken for our answers.
    os.register_at_fork(after_in_child=channel.close)
    agent = Agent(channel)
    _be_silent()
    try:
        agent.serve()
    except (OSError, StudentFault):
        return 1
    return 0


if __name__ == "__main__":
    main()
