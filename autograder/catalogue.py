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

MUTANTS = "mutants.py"
VARIANTS = "variants.py"
SYMPTOMS = "symptoms.json"
"""What the entries of labs look like when they are trained, see `autograder.grading.lab_table`."""


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
        For the instructor; ``row N`` names the row of the course's catalogue of bugs.
    correct
        True for a variant.
    convention
        True for what is right, but under another convention than this course's; the title begins
        with that convention's name and a colon.
    alias_of
        Name of another mistake of the exercise that nobody can tell from this one by what it
        returns: who finds one should name both.
    """

    exercise: str
    name: str
    title: str
    source: str
    hint: str = ""
    note: str = ""
    correct: bool = False
    convention: bool = False
    alias_of: str = ""

    @property
    def id(self) -> str:
        """Stable identifier: ``sigmoid/exponent_sign``."""
        return f"{self.exercise}/{self.name}"


def mutant(
    exercise: str, *, hint: str, note: str = "", convention: bool = False, alias_of: str = ""
) -> Callable[[Callable[..., Any]], Entry]:
    """Declare a mistake. The decorated function's docstring is its title; see `Entry`."""

    def declare(function: Callable[..., Any]) -> Entry:
        name, title, source = _read(exercise, function)
        return Entry(
            exercise, name, title, source, hint, note, convention=convention, alias_of=alias_of
        )

    return declare


def variant(exercise: str) -> Callable[[Callable[..., Any]], Entry]:
    """Declare a right answer in another style, which must lose no point."""

    def declare(function: Callable[..., Any]) -> Entry:
        return Entry(exercise, *_read(exercise, function), correct=True)

    return declare


def load_catalogue(path: Path) -> tuple[Entry, ...]:
    """Return the entries of a ``mutants.py`` or ``variants.py``, in order.

    Raises
    ------
    CourseError
        Two entries have the same id, or an alias is one of nothing, or of an alias.
    """
    entries = tuple(value for value in vars(load_module(path)).values() if isinstance(value, Entry))
    ids = [entry.id for entry in entries]
    originals = {entry.id for entry in entries if not entry.alias_of}
    for entry in entries:
        if ids.count(entry.id) > 1:
            raise CourseError(f"declares {entry.id!r} twice.", path=path)
        original = f"{entry.exercise}/{entry.alias_of}"
        if entry.alias_of and original not in originals:
            problem = "is an alias itself" if original in ids else "is not declared"
            raise CourseError(
                f"{entry.id!r} is an alias of {original!r}, which {problem}: alias_of takes the "
                "name of a mistake of the same exercise that is no alias.",
                path=path,
            )
    return entries


def _read(exercise: str, function: Callable[..., Any]) -> tuple[str, str, str]:
    """Return name, title and source of an entry that is written as a function or class."""
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
    return name, title, ast.unparse(ast.fix_missing_locations(definition))


class _Rename(ast.NodeTransformer):
    """Rename recursive uses along with the definition."""

    def __init__(self, old: str, new: str) -> None:
        self.old = old
        self.new = new

    def visit_Name(self, node: ast.Name) -> ast.Name:
        if node.id == self.old:
            node.id = self.new
        return node
