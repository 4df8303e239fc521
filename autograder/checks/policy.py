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
import io
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

from autograder.checks.derivatives import COMPLEX_STEP, FUNCTIONS, GRADIENT, Found, Look
from autograder.checks.model import Exercise

MAX_CHARACTERS = 100_000
"""Of longer cells, tokens are counted, so that a comment may be as long as it likes."""

MAX_TOKENS = 100_000
"""Cells with more are not looked at, nor is more than four times as much in all."""

MAX_TRANSFORMED = 3_000_000
"""Characters that IPython's transformations go through in all: once for each magic of a cell."""

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
_PROMPT = re.compile(r"[ \t]*(?:>>>|\.\.\.|In \[|\.\.\.+:)")
_ESCAPED = re.compile(r"^[ \t]*[%!?,;/]|[%!]|\?[ \t]*$", re.MULTILINE)
_NAME = re.compile(r"[^\W\d]\w{0,99}")

# No name but their own, so that no name of the notebook can change them. `F` is the factor.
_IS_COMPLEX = "(v.dtype.kind == 'c' if 'dtype' in v.__dir__() else 'j' in '%r' % (v,))"
_PART = f"lambda v: v.part * F if {_IS_COMPLEX} else v.part"
_PART_CALL = f"lambda f, v, *a, **k: f(v, *a, **k) * F if {_IS_COMPLEX} else f(v, *a, **k)"
_ARRAYS = "lambda r: r * F if 'dtype' in r.__dir__() else [p * F for p in r]"


@dataclass(frozen=True, eq=False)
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
    node
        What has to be scaled to scale the derivative.
    divisor
        Whether it stands below the line.
    """

    cell: int
    line: int
    text: str
    what: str
    node: ast.expr
    divisor: bool


@dataclass(frozen=True)
class _Statement:
    """One statement of a cell's outermost level, or a whole cell that cannot be looked at."""

    cell: int
    node: ast.stmt
    binds: frozenset[str]
    uses: frozenset[str]
    opaque: bool = False


@dataclass(frozen=True)
class _Seen:
    """What a look at the definition of a name has found, and whether it came to its end."""

    reached: list[_Statement]
    found: list[Found]
    all: bool


@dataclass(frozen=True)
class _Code:
    """What IPython runs of a cell: a line with a cell's magic, or nothing, and Python."""

    head: str
    text: str
    tree: ast.Module | None


class Source:
    """The code cells of a notebook, for looking at.

    Parameters
    ----------
    cells
        Their sources, in order. Of one that cannot be looked at, only the names in it are known.
    """

    def __init__(self, cells: Sequence[str]) -> None:
        self.cells = list(cells)
        self._room = _Room()
        self._looks: dict[tuple[str, frozenset[str]], _Seen] = {}

    @cached_property
    def _codes(self) -> list[_Code]:
        return [_read(source, self._room) for source in self.cells]

    @cached_property
    def _statements(self) -> list[_Statement]:
        found = []
        for number, code in enumerate(self._codes):
            if code.tree is None:
                names = frozenset(m[0] for m in islice(_NAME.finditer(code.text), MAX_OPAQUE_NAMES))
                found.append(_Statement(number, ast.Pass(), names, names, opaque=True))
                continue
            for node in code.tree.body:
                hidden = set(_in_magics(node))
                binds, uses = hidden.union(_binds(node)), hidden.union(_mentioned(node))
                found.append(_Statement(number, node, frozenset(binds), frozenset(uses)))
        return found

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
        reached = self._reached(name, stop)
        return any(s.opaque or not _DYNAMIC.isdisjoint(s.uses) for s in reached)

    def unseen(self, name: str, stop: Iterable[str] = ()) -> list[int]:
        """Return the cells, as numbers, that `name` leads to and that cannot be looked at."""
        seen = self._look(name, stop)
        cells = {s.cell for s in seen.reached if s.opaque}
        if not seen.all:
            cells |= {s.cell for s in seen.reached if name in s.binds}
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
        reached = seen.reached
        others = set(exercises) - {name}
        free = {id(n) for s in reached if s.binds & others for n in ast.walk(s.node)}
        where = {id(node): s.cell for s in reached for node in ast.walk(s.node)}
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
                cells[cell] = code.head + _written(code.tree, inside)
        return cells

    def _look(self, name: str, stop: Iterable[str]) -> _Seen:
        key = name, frozenset(stop)
        if key not in self._looks:
            reached = self._reached(*key)
            look = Look([s.node for s in reached])
            found = list(islice(look.found(), MAX_PLACES + 1))
            seen_all = len(found) <= MAX_PLACES and not look.gave_up
            self._looks[key] = _Seen(reached, found[:MAX_PLACES], seen_all)
        return self._looks[key]

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

    def _line(self, cell: int, node: ast.expr) -> tuple[int, str]:
        code = self._codes[cell]
        lines = code.text.split("\n")
        text = lines[node.lineno - 1].strip()[:120] if node.lineno <= len(lines) else ""
        return node.lineno + code.head.count("\n"), text


def _written(tree: ast.Module, places: Mapping[int, tuple[Place, float]]) -> str:
    """Return the source of `tree` with `places` scaled."""
    try:
        return ast.unparse(_Scale(places).visit(tree))
    except RecursionError:
        raise ValueError("too deep") from None
    except ValueError:
        # Not all can be written within an f-string.
        texts = [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]
        inside = {id(node) for text in texts for node in ast.walk(text)}
        others = {key: place for key, place in places.items() if key not in inside}
        return ast.unparse(_Scale(others).visit(tree))


class _Scale(ast.NodeTransformer):
    """Writes a tree anew, as a copy, with some nodes scaled."""

    def __init__(self, places: Mapping[int, tuple[Place, float]]) -> None:
        self._places = places

    def visit(self, node: ast.AST) -> Any:
        """See `ast.NodeTransformer.visit`."""
        copied = self._copied(node)
        place, factor = self._places.get(id(node), (None, 1.0))
        if place is None:
            return copied
        return _scaled(place, copied, factor)

    def _copied(self, node: ast.AST) -> Any:
        fields: dict[str, Any] = {}
        for name, value in ast.iter_fields(node):
            if isinstance(value, list):
                fields[name] = [self.visit(v) if isinstance(v, ast.AST) else v for v in value]
            else:
                fields[name] = self.visit(value) if isinstance(value, ast.AST) else value
        return ast.copy_location(type(node)(**fields), node)


def _scaled(place: Place, node: ast.expr, factor: float) -> ast.expr:
    """Return an expression for `factor` times the numerical derivative that `node` is part of."""
    if place.what == GRADIENT:
        return ast.Call(_lambda(_ARRAYS, factor), [node], [])
    if place.what == COMPLEX_STEP and isinstance(node, ast.Attribute):
        part = _lambda(_PART.replace("part", node.attr), factor)
        return ast.Call(part, [node.value], [])
    if place.what == COMPLEX_STEP and isinstance(node, ast.Call):
        return ast.Call(_lambda(_PART_CALL, factor), [node.func, *node.args], node.keywords)
    operator = ast.Div() if place.divisor else ast.Mult()
    return ast.BinOp(node, operator, ast.Constant(factor))


def _lambda(text: str, factor: float) -> ast.expr:
    return ast.parse(re.sub(r"\bF\b", repr(factor), text), mode="eval").body


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


class _Room:
    """What may still be read of a notebook."""

    def __init__(self) -> None:
        self.tokens = 4 * MAX_TOKENS
        self.transformed = MAX_TRANSFORMED


def _read(source: str, room: _Room, depth: int = 0) -> _Code:
    """Return what IPython runs of a cell; raw Python is run as it is."""
    text = source
    prompts = any(_PROMPT.match(line) for line in source.split("\n", 2)[:2])
    tree = None if prompts else _parse(source, room)
    if tree is not None:
        return _Code("", source, tree)
    text = source.lstrip("\n")
    if text.lstrip().startswith("%%") and depth < 3:
        # Most cell magics run what stands below them as a cell.
        head, newline, below = text.lstrip().partition("\n")
        inner = _read(below, room, depth + 1)
        return _Code(head + newline + inner.head, inner.text, inner.tree)
    rounds = 2 + len(_ESCAPED.findall(source[:MAX_TRANSFORMED]))
    if rounds * len(source) > room.transformed:
        return _Code("", source, None)
    room.transformed -= rounds * len(source)
    try:
        from IPython.core.inputtransformer2 import (
            TransformerManager,
        )

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            text = TransformerManager().transform_cell(source)
    except Exception:  # noqa: BLE001 - it is made for honest input
        return _Code("", source, None)
    return _Code("", text, _parse(text, room))


def _parse(source: str, room: _Room) -> ast.Module | None:
    tokens = len(source)
    if tokens > MAX_CHARACTERS:
        tokens = _count_tokens(source)
    if tokens > min(MAX_TOKENS, room.tokens):
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the student's invalid escapes, say
        try:
            tree = ast.parse(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None
    room.tokens -= tokens
    return tree


def _count_tokens(source: str) -> int:
    """Count the tokens of a source, as far as it matters."""
    try:
        found = tokenize.generate_tokens(io.StringIO(source).readline)
        return sum(1 for _ in islice(found, MAX_TOKENS + 1))
    except (SyntaxError, tokenize.TokenError, ValueError):
        return MAX_TOKENS + 1


def _is_magic(function: ast.expr) -> bool:
    return isinstance(function, ast.Attribute) and function.attr.startswith("run_")


def _in_magics(statement: ast.stmt) -> Iterator[str]:
    """Names in the texts that a statement passes to IPython, which runs them."""
    for node in ast.walk(statement):
        if isinstance(node, ast.Call) and _is_magic(node.func):
            for part in ast.walk(node):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    yield from _NAME.findall(part.value[:MAX_CHARACTERS])


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
