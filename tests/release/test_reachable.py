"""Nothing that a student can reach works as an answer.

Whatever is callable in the student wheel, in an assignment's checks.py and among its given cells
is put in the place of every exercise of that and every later assignment, and must earn nothing
under all checks, visible and hidden.
"""

import ast
import builtins
import importlib
import inspect
import os
import pkgutil
import resource
import shutil
import signal
import subprocess
import threading
import time
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

import matplotlib as mpl
import numpy as np
import pytest

import autograder
from autograder.checks.model import Check
from autograder.checks.runner import run_check
from autograder.course import Assignment, Course, load_module, load_private, load_public
from autograder.errors import NotWritten
from autograder.release.marks import MasterCell, read_master
from autograder.student import Near

COURSE = Course(Path(__file__).parents[2])
TIMERS = {
    signal.SIGVTALRM: (signal.ITIMER_VIRTUAL, 2.0),  # seconds of CPU time that a check may take
    signal.SIGALRM: (signal.ITIMER_REAL, 20.0),  # and of wall time, should something wait
}
SEED = 20_240_229
CONFINING = (
    *("autograder.jail", "autograder.session.agent", "autograder.session.fork_server"),
    *("autograder.session.lifetime", "autograder.batch", "autograder.bench"),
)
"""What changes the process that calls it, or starts others. No function there takes arrays."""

Candidates = dict[str, Callable[..., Any]]

pytestmark = pytest.mark.filterwarnings("ignore")


# --- what can be reached -------------------------------------------------------------------------


@cache
def engine() -> Candidates:
    """Every callable of the wheel that may be called in this process."""
    found: Candidates = {}
    for info in pkgutil.walk_packages(autograder.__path__, "autograder."):
        if not info.name.endswith("__main__") and not info.name.startswith(CONFINING):
            module = importlib.import_module(info.name)
            found |= reachable(info.name, vars(module), "autograder")
    return found


@cache
def shipped(name: str) -> Candidates:
    """Every callable of an assignment's checks.py and given cells."""
    module = load_module(COURSE.solutions / name / "checks.py")
    given = run_cells(name, [cell for cell in master(name) if cell.kind == "given"])
    return reachable(f"{name}/checks.py", vars(module), module.__name__) | reachable(
        f"{name}, given", given, "__main__"
    )


def reachable(place: str, namespace: dict[str, Any], home: str) -> Candidates:
    """Collect what `namespace` defines: functions, classes, methods, functions inside functions."""
    found: Candidates = {}
    for name, value in namespace.items():
        label = f"{place}: {name}"
        function = value.function if isinstance(value, Check) else value
        if not callable(function) or not str(getattr(function, "__module__", "")).startswith(home):
            continue
        found[label] = function
        if inspect.isclass(function):
            for attribute in vars(function):
                member = getattr(function, attribute, None)
                if callable(member) and not attribute.startswith("__"):
                    found[f"{label}.{attribute}"] = member
    for label, function in list(found.items()):
        found |= nested(label, function)
    return found


def nested(label: str, function: Any) -> Candidates:
    """Functions defined inside a function that need nothing from it: one could copy them out."""
    code = getattr(function, "__code__", None)
    inner = [c for c in code.co_consts if isinstance(c, types.CodeType)] if code else []
    return {
        f"{label} > {part.co_name}": types.FunctionType(part, function.__globals__)
        for part in inner
        if part.co_flags & inspect.CO_OPTIMIZED  # no class body
        and not part.co_freevars
        and (part.co_name == "<lambda>" or not part.co_name.startswith("<"))  # no comprehension
    }


# --- the assignments they are tried on ------------------------------------------------------------


@cache
def master(name: str) -> tuple[MasterCell, ...]:
    return tuple(read_master(assignment(name).master))


@cache
def assignment(name: str) -> Assignment:
    folder = COURSE.solutions / name
    return load_private(load_public(folder), folder)


def run_cells(name: str, cells: list[MasterCell]) -> dict[str, Any]:
    """Run cells as a notebook would, beside the assignment's data."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    before = Path.cwd()
    os.chdir(COURSE.solutions / name)
    try:
        for cell in cells:
            tree = ast.parse(cell.source)
            exec(compile(tree, f"<cell {cell}>", "exec"), namespace)
    finally:
        os.chdir(before)
    return namespace


@cache
def solved(name: str) -> dict[str, Any]:
    """The namespace of the solved notebook."""
    return run_cells(name, [cell for cell in master(name) if cell.kind in ("given", "exercise")])


class Recorder(Near):
    """Notes with which arguments a check first asks for the exercise, and gives none."""

    def __init__(self, namespace: dict[str, Any], exercise: str) -> None:
        super().__init__(namespace)
        self.exercise = exercise
        self.asked: tuple[Any, Any] | None = None

    def call(self, name: str, *args: Any, **kwargs: Any) -> Any:
        self._note(name, args, kwargs)
        return super().call(name, *args, **kwargs)

    def create(self, name: str, *args: Any, **kwargs: Any) -> Any:
        self._note(name, args, kwargs)
        return super().create(name, *args, **kwargs)

    def _note(self, name: str, args: Any, kwargs: Any) -> None:
        if name == self.exercise:
            self.asked = args, kwargs
            raise NotWritten(name, "only noted")


def takes(candidate: Callable[..., Any], asked: tuple[Any, Any]) -> bool:
    """Whether a candidate could be called like that; if not, the check ends there."""
    try:
        inspect.signature(candidate).bind(*asked[0], **asked[1])
    except TypeError:
        return False
    except ValueError:
        return True
    return True


# --- calling anything at all, safely --------------------------------------------------------------

FORBIDDEN = [
    *((os, name) for name in ("kill", "killpg", "_exit", "abort", "close", "dup2", "fork")),
    *((os, name) for name in ("setsid", "unlink", "remove", "rename", "replace", "chmod", "mkdir")),
    (resource, "setrlimit"),
    (resource, "prlimit"),
    (shutil, "rmtree"),
    (subprocess, "Popen"),
    (threading.Thread, "start"),
    (time, "sleep"),
]


@contextmanager
def harmless() -> Iterator[None]:
    """Engine functions are called with numbers and arrays: none may end or change anything."""

    def refuse(*_args: object, **_kwargs: object) -> NoReturn:
        raise RuntimeError("not while trying out")

    def open_path(file: object, *args: Any, **kwargs: Any) -> Any:
        if isinstance(file, (int, np.integer, np.ndarray)):
            refuse()
        return opener(file, *args, **kwargs)  # type: ignore[call-overload]

    def too_long(*_args: object) -> NoReturn:
        raise RuntimeError("took too long")

    opener = builtins.open
    before = {number: signal.signal(number, too_long) for number in TIMERS}
    with pytest.MonkeyPatch.context() as patch:
        for module, name in FORBIDDEN:
            patch.setattr(module, name, refuse)
        patch.setattr(builtins, "open", open_path)
        yield
    for number, handler in before.items():
        signal.signal(number, handler)


def points(candidate: Callable[..., Any], check: Check, namespace: dict[str, Any]) -> float:
    """What a candidate earns from one check."""
    student = Near({**namespace, check.exercise: candidate})
    for timer, seconds in TIMERS.values():
        signal.setitimer(timer, seconds)
    try:
        return run_check(check, student, SEED).points
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001 - pytest's own, from constructing its nodes
        return 0.0
    finally:
        for timer, _ in TIMERS.values():
            signal.setitimer(timer, 0)


@pytest.mark.parametrize("name", COURSE.names)
def test_nothing_reachable_earns_points(name: str) -> None:
    mpl.use("Agg")
    candidates = dict(engine())
    for earlier in COURSE.names[: COURSE.names.index(name) + 1]:
        candidates |= shipped(earlier)
    assert len(candidates) > 200
    namespace = solved(name)
    earned: list[str] = []
    for check in assignment(name).checks:
        asked = arguments(check, namespace)
        with harmless():
            earned += [
                f"{label} earns {won:g} on {check.exercise} ({check.title})"
                for label, candidate in candidates.items()
                if takes(candidate, asked) and (won := points(candidate, check, namespace))
            ]
    assert earned == []


def arguments(check: Check, namespace: dict[str, Any]) -> tuple[Any, Any]:
    """Return what a check first passes to the exercise.

    The check is first shown the answer: it must notice, and what it loads late is loaded then.
    """
    if not check.exercise.startswith("lab_"):
        run_check(check, Near(namespace), SEED)
        with harmless():
            assert points(namespace[check.exercise], check, namespace) == check.points
    recorder = Recorder(namespace, check.exercise)
    run_check(check, recorder, SEED)
    assert recorder.asked is not None, f"{check.title} asks for nothing"
    return recorder.asked
