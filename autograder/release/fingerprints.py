"""Recognizing an expression again, whatever its layout and the names of its variables."""

from __future__ import annotations

import ast
import builtins
import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache

EXACT_WEIGHT = 3
SHAPE_WEIGHT = 4
"""How much must go on in an expression for it to give something away; see `weight`. Expressions
that are equal up to the names of variables need more than expressions that are equal altogether."""

CODE_LENGTH = 16
"""Characters, white space not counted, that make the text of an expression unmistakable."""

_OPERATIONS = (
    ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.Call, ast.Subscript, ast.IfExp,
    ast.ListComp, ast.GeneratorExp, ast.SetComp, ast.DictComp, ast.Lambda,
)  # fmt: skip
_IDIOMS = ("zip", "range", "enumerate", "reversed", "len", "list", "tuple")
_FIXED_NAMES = frozenset(dir(builtins)) | {"np", "numpy", "math", "copy", "plt", "rng"}


def squeeze(text: str) -> str:
    """Return `text` without white space: layout must not hide anything."""
    return re.sub(r"\s+", "", text)


def weight(node: ast.expr) -> int:
    """Count what goes on in an expression: operations, calls, numbers, repeated variables.

    0 if there is no variable in it.
    """
    total = 0
    names: Counter[str] = Counter()
    for part in ast.walk(node):
        if isinstance(part, _OPERATIONS):
            total += 1
        elif isinstance(part, ast.Constant):
            total += isinstance(part.value, (int, float)) and not isinstance(part.value, bool)
        elif isinstance(part, ast.Name) and part.id not in _FIXED_NAMES:
            names[part.id] += 1
    return total + sum(names.values()) - len(names) if names else 0


@lru_cache(maxsize=4096)
def fingerprints(source: str) -> tuple[tuple[str, ast.expr], ...]:
    """Return a key for each telling expression in `source`, with and without its names.

    Kept, because every release is compared with the same secrets.

    Raises
    ------
    SyntaxError
        `source` is no Python.
    """
    return tuple(
        (key, node)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, _OPERATIONS) and not _is_idiom(node)
        for key in (_exact(node), _shape(node))
        if key
    )


def _copy(node: ast.expr) -> ast.expr:
    """Return a copy of an expression.

    Not by deepcopy: Python shares ``ast.Load()`` among all trees, and a debugging library that
    hangs a parent on each node makes every copy drag a foreign tree along.
    """
    return ast.parse(ast.unparse(node), mode="eval").body


def _exact(node: ast.expr) -> str:
    """Key of an expression that is equal in all but layout; empty if it says too little."""
    if weight(node) < EXACT_WEIGHT:
        return ""
    return f"exact {ast.unparse(_Numbers().visit(_copy(node)))}"


def _shape(node: ast.expr) -> str:
    """Key of an expression that is equal up to its variables' names; empty likewise."""
    if weight(node) < SHAPE_WEIGHT:
        return ""
    return f"shape {ast.unparse(_Anonymous().visit(_copy(node)))}"


@lru_cache(maxsize=4096)
def answer_keys(source: str) -> frozenset[str]:
    """Return the keys of a solution: of what it computes, and of parts that bear its names."""
    tree = ast.parse(source)
    parts = [n for n in ast.walk(tree) if isinstance(n, _OPERATIONS) and not _is_idiom(n)]
    whole = [n for n in _results(tree) if not _is_idiom(n)]
    keys = {_exact(node) for node in parts} | {_shape(node) for node in whole}
    return frozenset(keys - {""})


def _results(tree: ast.AST) -> Iterator[ast.expr]:
    """Yield what statements compute, entry by entry where they compute several things."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Return, ast.Expr)):
            todo = [node.value] if node.value is not None else []
            while todo:
                value = todo.pop()
                if isinstance(value, (ast.Tuple, ast.List)):
                    todo += value.elts
                elif isinstance(value, (ast.ListComp, ast.GeneratorExp)):
                    todo.append(value.elt)
                elif isinstance(node, ast.Expr) and isinstance(value, ast.Call):
                    yield from value.args  # what is appended to a list
                else:
                    yield value


def _is_idiom(node: ast.expr) -> bool:
    """Whether an expression says nothing, whatever it weighs: ``zip(a[:-1], a[1:])``, ``f(a)``."""
    if isinstance(node, ast.Subscript):
        return isinstance(node.value, ast.Name)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return node.func.id in _IDIOMS or all(map(_is_simple, node.args))
    return False


def _is_simple(node: ast.expr) -> bool:
    """Whether an argument is handed on as it is: a name, a number, an item."""
    if isinstance(node, ast.Subscript):
        return _is_simple(node.value) and _is_simple(node.slice)
    return isinstance(node, (ast.Name, ast.Constant))


class _Numbers(ast.NodeTransformer):
    """1 and 1.0 are the same."""

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        if isinstance(node.value, int) and not isinstance(node.value, bool):
            node.value = float(node.value)
        return node


class _Anonymous(_Numbers):
    """Variables are called v0, v1, ... in their order; what is called keeps its name."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}

    def visit_Call(self, node: ast.Call) -> ast.Call:
        if not isinstance(node.func, ast.Name):
            node.func = self.visit(node.func)
        node.args = [self.visit(arg) for arg in node.args]
        node.keywords = [self.visit(keyword) for keyword in node.keywords]
        return node

    def visit_Name(self, node: ast.Name) -> ast.Name:
        if node.id not in _FIXED_NAMES:
            node.id = self.names.setdefault(node.id, f"v{len(self.names)}")
        return node


def statements(source: str) -> Iterator[str]:
    """Yield the telling expressions that a statement computes, as squeezed source text."""
    lines = source.encode().split(b"\n")
    for node in ast.walk(ast.parse(source)):
        value = getattr(node, "value", None)
        computes = isinstance(node, (ast.Assign, ast.AugAssign, ast.Return, ast.Expr))
        if computes and value is not None and weight(value) >= EXACT_WEIGHT:
            texts = (_segment(lines, value), ast.unparse(value))
            if not _is_idiom(value):
                yield from (text for text in map(squeeze, texts) if len(text) >= CODE_LENGTH)


def _segment(lines: list[bytes], node: ast.expr) -> str:
    """Like `ast.get_source_segment`, which splits the source anew each time."""
    part = lines[node.lineno - 1 : node.end_lineno]
    part[-1] = part[-1][: node.end_col_offset]
    part[0] = part[0][node.col_offset :]
    return b"\n".join(part).decode()
