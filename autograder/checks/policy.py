"""A look at the source: where a numerical derivative may stand in place of the formula.

It finds places; it judges nobody. That a place is there says little: it may never be run, or serve
as the student's own test. `autograder.grading.evidence` runs the notebook again with those places
changed and sees whether the answer changes with them. What is found: difference quotients of any
order and step, also in helpers and lambdas, the imaginary part of a complex step, `np.gradient`.
Not found: what `exec` makes of a text, or differences that do not look like one.
"""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
import tokenize
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from types import FunctionType
from typing import Any

from autograder.checks.derivatives import COMPLEX_STEP, FUNCTIONS, Found, Look
from autograder.checks.model import Exercise

MAX_CHARACTERS = 100_000
"""Longer cells are not looked at, and no more than ten times as much in all."""

MAX_PLACES = 500

_DYNAMIC = frozenset(
    {
        "compile",
        "eval",
        "exec",
        "getattr",
        "globals",
        "locals",
        "vars",
        "__import__",
        "import_module",
    }
)
_MAGIC = re.compile(r"^([ \t]*)(?:[%!?][^\n]*|[\w.]+\?{1,2}[ \t]*)$", re.MULTILINE)
_MAGIC_VALUE = re.compile(r"(=[ \t]*)[%!][^\n]*$", re.MULTILINE)


@dataclass(frozen=True)
class Place:
    """Where a numerical derivative may stand.

    Parameters
    ----------
    cell
        Number of the cell.
    line
        Line in the cell, from 1.
    text
        That line, at most 120 characters of it.
    what
        `QUOTIENT`, `COMPLEX_STEP` or `GRADIENT` of `autograder.checks.derivatives`.
    span
        First and last character, in the cell's source, of what has to be scaled to scale the
        derivative.
    divisor
        Whether it stands below the line.
    """

    cell: int
    line: int
    text: str
    what: str
    span: tuple[int, int]
    divisor: bool


@dataclass(frozen=True)
class _Statement:
    """One statement of a cell's outermost level."""

    cell: int
    node: ast.stmt
    binds: frozenset[str]
    uses: frozenset[str]


class Source:
    """The code cells of a notebook, for looking at.

    Parameters
    ----------
    cells
        Their sources, in order. What is no Python is passed over.
    """

    def __init__(self, cells: Sequence[str]) -> None:
        self.cells = list(cells)

    @cached_property
    def _statements(self) -> list[_Statement]:
        if sum(map(len, self.cells)) > 10 * MAX_CHARACTERS:
            return []
        return [
            _Statement(number, node, frozenset(_binds(node)), frozenset(_mentioned(node)))
            for number, source in enumerate(self.cells)
            for node in _parse(source)
        ]

    @cached_property
    def _binding(self) -> dict[str, list[int]]:
        """Numbers of the statements that bind a name."""
        numbers: dict[str, list[int]] = {}
        for number, statement in enumerate(self._statements):
            for name in statement.binds:
                numbers.setdefault(name, []).append(number)
        return numbers

    def names(self) -> frozenset[str]:
        """Return the names that the cells define."""
        return frozenset(self._binding)

    def functions(self) -> list[str]:
        """Return the names of the functions that the cells define."""
        return [s.node.name for s in self._statements if isinstance(s.node, ast.FunctionDef)]

    def reaches(self, name: str, stop: Iterable[str] = ()) -> frozenset[str]:
        """Return the names that the definition of `name` leads to, not looking behind `stop`."""
        return frozenset().union(*(s.uses for s in self._reached(name, stop)))

    def is_dynamic(self, name: str, stop: Iterable[str] = ()) -> bool:
        """Whether the definition of `name` may run what is not to be seen in the source."""
        return not _DYNAMIC.isdisjoint(self.reaches(name, stop))

    def places(
        self, name: str, stop: Iterable[str] = (), exercises: Iterable[str] = ()
    ) -> tuple[Place, ...]:
        """Return where a numerical derivative may stand in what the function `name` leads to.

        Parameters
        ----------
        name
            The function.
        stop
            Functions that answer for themselves.
        exercises
            Functions that may use complex numbers as they like: a sigmoid through them is no
            derivative.
        """
        reached = self._reached(name, stop)
        others = set(exercises) - {name}
        free = {id(n) for s in reached if s.binds & others for n in ast.walk(s.node)}
        found = list(islice(Look([s.node for s in reached]).found(), MAX_PLACES))
        where = {id(node): s.cell for s in reached for node in ast.walk(s.node)}
        places = [
            self._place(where[id(item[0])], item)
            for item in found
            if item[1] != COMPLEX_STEP or id(item[0]) not in free
        ]
        return tuple(p for p in places if not any(_inside(p, q) for q in places))

    def changed(self, places: Iterable[Place], factor: float) -> list[str]:
        """Return the cells with what stands at `places` made `factor` times as large."""
        cells = list(self.cells)
        for place in sorted(set(places), key=lambda p: p.span, reverse=True):
            start, end = place.span
            source = cells[place.cell]
            sign = "/" if place.divisor else "*"
            scaled = f"(({source[start:end]}) {sign} {factor!r})"
            cells[place.cell] = source[:start] + scaled + source[end:]
        return cells

    def _reached(self, name: str, stop: Iterable[str]) -> list[_Statement]:
        seen, waiting = set(stop) - {name}, [name]
        reached: set[int] = set()
        while waiting:
            wanted = waiting.pop()
            if wanted in seen:
                continue
            seen.add(wanted)
            for number in set(self._binding.get(wanted, ())) - reached:
                reached.add(number)
                waiting += self._statements[number].uses
        return [self._statements[number] for number in sorted(reached)]

    def _place(self, cell: int, found: Found) -> Place:
        node, what, shown, divisor = found
        lines = self.cells[cell].split("\n")
        ends = (
            (node.lineno, node.col_offset),
            (node.end_lineno or node.lineno, node.end_col_offset or 0),
        )
        start, end = (
            sum(len(text) + 1 for text in lines[: line - 1])
            + len(lines[line - 1].encode()[:column].decode())
            for line, column in ends
        )
        text = lines[shown.lineno - 1].strip()[:120]
        return Place(cell, shown.lineno, text, what, (start, end), divisor)


def remark(exercise: Exercise, namespace: Mapping[str, Any], exercises: Iterable[Exercise]) -> str:
    """Return what a student should know at home who answers with a numerical derivative.

    Parameters
    ----------
    exercise
        The exercise that was checked.
    namespace
        The notebook's variables.
    exercises
        All exercises of the assignment.

    Returns
    -------
    str
        A remark, or nothing if there is no reason for one.
    """
    if not exercise.formula:
        return ""
    formulas = {other.name for other in exercises if other.formula}
    names = {other.name for other in exercises}
    texts: dict[str, str] = {}
    waiting = {exercise.name}
    while waiting:
        name = waiting.pop()
        texts[name] = _source_of(namespace.get(name))
        found = Source([texts[name]]).reaches(name)
        waiting |= {n for n in found & namespace.keys() if n not in texts and n not in formulas}
    places = Source(list(texts.values())).places(exercise.name, formulas, names)
    if not places:
        return ""
    return (
        f"Your code holds {places[0].what}: `{places[0].text}`. This exercise asks for the "
        "formula: an answer that is made of a numerical derivative earns nothing when it is graded."
    )


def _source_of(value: object) -> str:
    if not isinstance(value, FunctionType):
        return ""
    try:
        return textwrap.dedent(inspect.getsource(value))
    except (OSError, TypeError, IndentationError, tokenize.TokenError):
        return ""


def _inside(place: Place, other: Place) -> bool:
    (a, b), (c, d) = place.span, other.span
    return place.cell == other.cell and (a, b) != (c, d) and c <= a and b <= d


def _parse(source: str) -> list[ast.stmt]:
    if len(source) > MAX_CHARACTERS:
        return []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the student's invalid escapes, say
        try:
            return ast.parse(_MAGIC_VALUE.sub(r"\1None", _MAGIC.sub(r"\1pass", source))).body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return []


def _outer(node: ast.AST) -> Iterator[ast.AST]:
    """Walk through `node` but not into functions and classes, whose names are their own."""
    yield node
    if not isinstance(node, (*FUNCTIONS, ast.ClassDef)):
        for child in ast.iter_child_nodes(node):
            yield from _outer(child)


def _binds(statement: ast.stmt) -> Iterator[str]:
    """Names that a statement of the outermost level defines, or changes something of."""
    try:
        for node in _outer(statement):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                yield node.name
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node.id
            elif isinstance(node, ast.alias):
                yield (node.asname or node.name).partition(".")[0]
            elif isinstance(node, (ast.Attribute, ast.Subscript)) and isinstance(
                node.ctx, ast.Store
            ):
                yield from _mentioned(node)
    except RecursionError:
        return


def _mentioned(node: ast.AST) -> Iterator[str]:
    """Names in `node`, also those that stand there as a text or as an attribute."""
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            yield part.id
        elif isinstance(part, ast.Attribute):
            yield part.attr
        elif isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value
