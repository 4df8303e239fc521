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
import textwrap
import tokenize
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from types import FunctionType
from typing import Any

from autograder.checks.cells import NAME, Code, Room, Statement, read_cell
from autograder.checks.derivatives import COMPLEX_STEP, Found, Look
from autograder.checks.model import Exercise
from autograder.checks.scaling import Place, rewritten

MAX_PLACES = 5000

MAX_OPAQUE_NAMES = 20_000

SPREAD = 0.01
"""Places are made larger by factors that differ, so that nothing cancels."""

_DYNAMIC = frozenset(
    {
        "compile",
        "eval",
        "exec",
        "getattr",
        "globals",
        "locals",
        "vars",
        "__builtins__",
        "__import__",
        "import_module",
        "run_cell",
        "run_cell_magic",
        "run_line_magic",
    }
)


@dataclass(frozen=True)
class _Placed:
    """A statement and its cell; for a cell that cannot be looked at, one that stands for it."""

    cell: int
    code: Statement
    opaque: bool = False


@dataclass(frozen=True)
class _Seen:
    """What a look at the definition of a name has found, and whether it came to its end."""

    reached: list[_Placed]
    found: list[Found]
    all: bool


class Source:
    """The code cells of a notebook, for looking at.

    Parameters
    ----------
    cells
        Their sources, in order. Of one that cannot be looked at, only the names in it are known.
    """

    def __init__(self, cells: Sequence[str]) -> None:
        self.cells = list(cells)
        self._room = Room()
        self._looks: dict[tuple[str, frozenset[str]], _Seen] = {}
        self._ways: dict[tuple[str, frozenset[str]], list[_Placed]] = {}

    @cached_property
    def _codes(self) -> list[Code]:
        return [read_cell(source, self._room) for source in self.cells]

    @cached_property
    def _statements(self) -> list[_Placed]:
        found = []
        for number, code in enumerate(self._codes):
            if code.tree is None:
                names = frozenset(m[0] for m in islice(NAME.finditer(code.text), MAX_OPAQUE_NAMES))
                whole = Statement(ast.Pass(), names, names)
                found.append(_Placed(number, whole, opaque=True))
                continue
            found += [_Placed(number, statement) for statement in code.statements]
        return found

    @cached_property
    def _binding(self) -> dict[str, list[int]]:
        """Numbers of the statements that bind a name."""
        numbers: dict[str, list[int]] = {}
        for number, statement in enumerate(self._statements):
            for name in statement.code.binds:
                numbers.setdefault(name, []).append(number)
        return numbers

    def names(self) -> frozenset[str]:
        """Return the names that the cells define."""
        return frozenset(self._binding)

    def functions(self) -> list[str]:
        """Return the names of the functions that the cells define."""
        return [
            s.code.node.name for s in self._statements if isinstance(s.code.node, ast.FunctionDef)
        ]

    def reaches(self, name: str, stop: Iterable[str] = ()) -> frozenset[str]:
        """Return the names that the definition of `name` leads to, not looking behind `stop`."""
        return frozenset().union(*(s.code.uses for s in self._reached(name, stop)))

    def is_dynamic(self, name: str, stop: Iterable[str] = ()) -> bool:
        """Whether the definition of `name` may run what is not to be seen in the source."""
        reached = self._reached(name, stop)
        return any(s.opaque or not _DYNAMIC.isdisjoint(s.code.uses) for s in reached)

    def unseen(self, name: str, stop: Iterable[str] = ()) -> list[int]:
        """Return the cells, as numbers, that `name` leads to and that cannot be looked at."""
        seen = self._look(name, stop)
        cells = {s.cell for s in seen.reached if s.opaque}
        if not seen.all:
            cells |= {s.cell for s in seen.reached if name in s.code.binds}
        return sorted(cells)

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
        seen = self._look(name, stop)
        if not seen.found:
            return ()
        reached = seen.reached
        others = set(exercises) - {name}
        free = {id(n) for s in reached if s.code.binds & others for n in ast.walk(s.code.node)}
        where = {id(node): s.cell for s in reached for node in ast.walk(s.code.node)}
        places: dict[int, Place] = {}
        for node, what, shown, divisor in seen.found:
            if id(node) in places or (what == COMPLEX_STEP and id(node) in free):
                continue
            cell = where[id(node)]
            line, text = self._line(cell, shown)
            places[id(node)] = Place(cell, line, text, what, node, divisor)
        return tuple(places.values())

    def changed(self, places: Iterable[Place], larger: float) -> list[str]:
        """Return the cells with what stands at `places` made larger by `larger`, and some percent.

        Raises
        ------
        ValueError
            They cannot be written down: they nest too deep, say.
        """
        factors: dict[int, dict[int, tuple[Place, float]]] = {}
        for number, place in enumerate(places):
            factor = 1.0 + larger * (1.0 + SPREAD * number)
            factors.setdefault(place.cell, {})[id(place.node)] = (place, factor)
        cells = list(self.cells)
        for cell, inside in factors.items():
            code = self._codes[cell]
            if code.tree is not None:
                cells[cell] = code.head + rewritten(code.tree, inside)
        return cells

    def _look(self, name: str, stop: Iterable[str]) -> _Seen:
        key = name, frozenset(stop)
        if key not in self._looks:
            reached = self._reached(*key)
            look = Look([s.code.part for s in reached])
            found = list(islice(look.found(), MAX_PLACES + 1))
            seen_all = len(found) <= MAX_PLACES and not look.gave_up
            self._looks[key] = _Seen(reached, found[:MAX_PLACES], seen_all)
        return self._looks[key]

    def _reached(self, name: str, stop: Iterable[str]) -> list[_Placed]:
        key = name, frozenset(stop)
        if key not in self._ways:
            self._ways[key] = self._followed(*key)
        return self._ways[key]

    def _followed(self, name: str, stop: frozenset[str]) -> list[_Placed]:
        seen, waiting = set(stop - {name}), [name]
        reached: set[int] = set()
        while waiting:
            wanted = waiting.pop()
            if wanted in seen:
                continue
            seen.add(wanted)
            for number in set(self._binding.get(wanted, ())) - reached:
                reached.add(number)
                waiting += self._statements[number].code.uses
        return [self._statements[number] for number in sorted(reached)]

    def _line(self, cell: int, node: ast.expr) -> tuple[int, str]:
        code = self._codes[cell]
        lines = code.text.split("\n")
        text = lines[node.lineno - 1].strip()[:120] if node.lineno <= len(lines) else ""
        return node.lineno + code.head.count("\n"), text


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
