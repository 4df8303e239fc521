"""Writing a source again with some of its expressions made larger."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from autograder.checks.derivatives import COMPLEX_STEP, GRADIENT

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


def rewritten(tree: ast.Module, places: Mapping[int, tuple[Place, float]]) -> str:
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
