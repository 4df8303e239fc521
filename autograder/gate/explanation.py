"""What an exercise's checks are, read from their declarations and sources."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from autograder.checks import Check, expect
from autograder.gate.solved import Solved

JUDGES = ("expect", "labs")
"""Modules, by the names that checks know them by, whose functions have tolerances."""

LINES = 3
"""Of a docstring: its first ones say what the fixture is."""


@dataclass(frozen=True)
class Explained:
    """One check.

    Parameters
    ----------
    check
        Its declaration.
    about
        The first lines of its docstring.
    bands
        What its assertions tolerate, each once, in the order in which they are asserted.
    """

    check: Check
    about: str
    bands: tuple[str, ...]


def tolerances() -> dict[str, str]:
    """Return what the assertions tolerate, by their names."""
    values = f"{expect.PASS_BAND:g}, with a note to {expect.NOTE_BAND:g}"
    return {
        "close": f"entry by entry to {values}",
        "tensor": f"in norm to {values}",
        "gradients": f"layer by layer, in norm to {values}",
        "gradients_of": f"layer by layer, slopes in norm to {expect.SLOPE_BAND:g}",
        "slope": (
            f"slope in norm to {expect.SLOPE_BAND:g}, from central differences with "
            f"h = {expect.SLOPE_STEP:g}"
        ),
        "within": "a number inside bounds",
        "unchanged": "arguments as they were",
        "threshold": "accuracy from a calibrated threshold (thresholds.json)",
    }


def explain(solved: Solved, exercise: str) -> list[Explained]:
    """Return the checks of an exercise, visible ones first."""
    return [
        Explained(check, _about(check.function), tuple(_bands(check.function)))
        for check in solved.assignment.checks
        if check.exercise == exercise
    ]


def _about(function: Callable[..., Any]) -> str:
    lines = inspect.cleandoc(function.__doc__ or "").splitlines()
    return "\n".join(lines[:LINES])


def _bands(function: Callable[..., Any]) -> Iterator[str]:
    known = tolerances()
    for name in dict.fromkeys(_asserted(function, set())):
        if name in known:
            yield f"{name}: {known[name]}"


def _asserted(function: Callable[..., Any], seen: set[str]) -> Iterator[str]:
    """Yield the names of the judges' functions that a check calls, also through its helpers."""
    if function.__qualname__ in seen:
        return
    seen.add(function.__qualname__)
    for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(function)))):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        module, _, name = called.rpartition(".")
        if module in JUDGES:
            yield name
        helper = function.__globals__.get(called)
        if inspect.isfunction(helper) and helper.__module__ == function.__module__:
            yield from _asserted(helper, seen)
