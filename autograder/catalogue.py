"""The executable catalogue: mistakes that students make, and right answers in other styles.

One list serves to diagnose, to test our own checks, and to make sample submissions. An entry is a
short function (or class) as a student would write it; its *source*, renamed to the exercise's
name, takes the place of the solution, so it may use whatever the notebook defines.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from autograder.course import load_module
from autograder.errors import CourseError

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Entry:
    """One mutant or one variant.

    Parameters
    ----------
    exercise
        The exercise that it answers.
    name
        Its own name; ``exercise/name`` is its stable id.
    title
        What is wrong (or different) in one sentence: the docstring.
    source
        What a student would have in the solution cell.
    hint
        A question for the student; gives no code.
    note
        For the instructor.
    correct
        True for a variant.
    """

    exercise: str
    name: str
    title: str
    source: str
    hint: str = ""
    note: str = ""
    correct: bool = False

    @property
    def id(self) -> str:
        """Stable identifier: ``sigmoid/exponent_sign``."""
        return f"{self.exercise}/{self.name}"


def mutant(exercise: str, *, hint: str, note: str = "") -> Callable[[Callable[..., Any]], Entry]:
    """Declare a mistake. The decorated function's docstring is its title."""

    def declare(function: Callable[..., Any]) -> Entry:
        return _entry(exercise, function, hint, note, correct=False)

    return declare


def variant(exercise: str) -> Callable[[Callable[..., Any]], Entry]:
    """Declare a right answer in another style, which must lose no point."""

    def declare(function: Callable[..., Any]) -> Entry:
        return _entry(exercise, function, "", "", correct=True)

    return declare


def load_catalogue(path: Path) -> tuple[Entry, ...]:
    """Return the entries of a ``mutants.py`` or ``variants.py``, in order.

    Raises
    ------
    CourseError
        Two entries have the same id.
    """
    entries = tuple(value for value in vars(load_module(path)).values() if isinstance(value, Entry))
    ids = [entry.id for entry in entries]
    for name in ids:
        if ids.count(name) > 1:
            raise CourseError(f"declares {name!r} twice.", path=path)
    return entries


def _entry(
    exercise: str, function: Callable[..., Any], hint: str, note: str, *, correct: bool
) -> Entry:
    definition = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    if not isinstance(definition, (ast.FunctionDef, ast.ClassDef)):
        raise CourseError(f"{exercise}: an entry of the catalogue is a function or a class.")
    title = ast.get_docstring(definition) or ""
    if not title:
        raise CourseError(f"{exercise}/{definition.name} needs a docstring: it is the title.")
    name = definition.name
    definition.body = definition.body[1:]
    definition.decorator_list = []
    definition.name = exercise
    _Rename(name, exercise).visit(definition)
    source = ast.unparse(ast.fix_missing_locations(definition))
    return Entry(exercise, name, title, source, hint, note, correct)


class _Rename(ast.NodeTransformer):
    """Rename recursive uses along with the definition."""

    def __init__(self, old: str, new: str) -> None:
        self.old = old
        self.new = new

    def visit_Name(self, node: ast.Name) -> ast.Name:
        if node.id == self.old:
            node.id = self.new
        return node
