"""Reading a cell as IPython runs it, and the names that its statements define and use."""

from __future__ import annotations

import ast
import io
import re
import tokenize
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import islice

from autograder.checks.derivatives import FUNCTIONS, Part, read_statement

MAX_CHARACTERS = 100_000
"""Of longer cells, tokens are counted, so that a comment may be as long as it likes."""

MAX_TOKENS = 100_000
"""Cells with more are not looked at, nor is more than four times as much in all."""

MAX_KEPT = 5000
"""Characters of a cell that is kept as it was read."""

MAX_TRANSFORMED = 3_000_000
"""Characters that IPython's transformations go through in all: once for each magic of a cell."""

_PROMPT = re.compile(r"[ \t]*(?:>>>|\.\.\.|In \[|\.\.\.+:)")
_ESCAPED = re.compile(r"^[ \t]*[%!?,;/]|[%!]|\?[ \t]*$", re.MULTILINE)
NAME = re.compile(r"[^\W\d]\w{0,99}")


@dataclass(frozen=True, eq=False)
class Statement:
    """One statement of a cell's outermost level, and the names that it binds and mentions."""

    node: ast.stmt
    binds: frozenset[str]
    uses: frozenset[str]

    @cached_property
    def part(self) -> Part:
        """What it has to say to a look for numerical derivatives."""
        return read_statement(self.node)


@dataclass(frozen=True)
class Code:
    """What IPython runs of a cell: a line with a cell's magic, or nothing, and Python."""

    head: str
    text: str
    tree: ast.Module | None

    @cached_property
    def statements(self) -> tuple[Statement, ...]:
        """Its outermost statements."""
        found = []
        for node in self.tree.body if self.tree is not None else ():
            used, hidden = _names_in(node)
            found.append(Statement(node, hidden.union(binds(node)), used))
        return tuple(found)


class Room:
    """What may still be read of a notebook."""

    def __init__(self) -> None:
        self.tokens = 4 * MAX_TOKENS
        self.transformed = MAX_TRANSFORMED


def read_cell(source: str, room: Room) -> Code:
    """Return what IPython runs of a cell; raw Python is run as it is.

    Its tree must not be changed: cells that come often, as those that are given do, are read once.
    """
    if len(source) > MAX_KEPT:
        return _read(source, room)
    code, tokens, transformed = _kept(source)
    if tokens > room.tokens or transformed > room.transformed:
        return Code("", source, None)
    room.tokens -= tokens
    room.transformed -= transformed
    return code


@lru_cache(maxsize=64)
def _kept(source: str) -> tuple[Code, int, int]:
    """Return what IPython runs of a cell, and what reading it takes of a `Room`."""
    room = Room()
    code = _read(source, room)
    return code, Room().tokens - room.tokens, Room().transformed - room.transformed


def _read(source: str, room: Room, depth: int = 0) -> Code:
    text = source
    prompts = any(_PROMPT.match(line) for line in source.split("\n", 2)[:2])
    tree = None if prompts else _parse(source, room)
    if tree is not None:
        return Code("", source, tree)
    text = source.lstrip("\n")
    if text.lstrip().startswith("%%") and depth < 3:
        # Most cell magics run what stands below them as a cell.
        head, newline, below = text.lstrip().partition("\n")
        inner = _read(below, room, depth + 1)
        return Code(head + newline + inner.head, inner.text, inner.tree)
    rounds = 2 + len(_ESCAPED.findall(source[:MAX_TRANSFORMED]))
    if rounds * len(source) > room.transformed:
        return Code("", source, None)
    room.transformed -= rounds * len(source)
    try:
        from IPython.core.inputtransformer2 import (
            TransformerManager,
        )

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            text = TransformerManager().transform_cell(source)
    except Exception:  # noqa: BLE001 - it is made for honest input
        return Code("", source, None)
    return Code("", text, _parse(text, room))


def _parse(source: str, room: Room) -> ast.Module | None:
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


def _names_in(statement: ast.stmt) -> tuple[frozenset[str], frozenset[str]]:
    """Return the names that a statement mentions, and those in texts that IPython is to run."""
    used: set[str] = set()
    hidden: set[str] = set()
    for node in ast.walk(statement):
        name = _mentions(node)
        if name:
            used.add(name)
        elif isinstance(node, ast.Call) and _is_magic(node.func):
            for part in ast.walk(node):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    hidden.update(NAME.findall(part.value[:MAX_CHARACTERS]))
    return frozenset(used | hidden), frozenset(hidden)


def _outer(node: ast.AST) -> Iterator[ast.AST]:
    """Walk through `node` but not into functions and classes, whose names are their own."""
    yield node
    if not isinstance(node, (*FUNCTIONS, ast.ClassDef)):
        for child in ast.iter_child_nodes(node):
            yield from _outer(child)


def binds(statement: ast.stmt) -> Iterator[str]:
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
                yield from mentioned(node)
    except RecursionError:
        return


def mentioned(node: ast.AST) -> Iterator[str]:
    """Names in `node`, also those that stand there as a text or as an attribute."""
    return (name for part in ast.walk(node) if (name := _mentions(part)))


def _mentions(node: ast.AST) -> str:
    """Return the name that a node is, or nothing."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return ""
