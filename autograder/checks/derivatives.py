"""What numerical derivatives look like, as syntax trees.

A difference quotient of any order: somewhere in what is divided by a small number, or by what is
added elsewhere, the same expression stands with a plus and with a minus, once its steps are left
out. The imaginary part of anything, where complex numbers are made also the real part, the angle,
and another view of the memory. A call of NumPy's `gradient`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

SMALL = 0.25
"""A divisor up to this may be a step; a factor may be one over it."""

MAX_DEPTH = 12
"""How far names are followed to what was assigned to them."""

MAX_STEPS = 100_000
"""Bounds the work on one place and, ten times as much, on one exercise."""

QUOTIENT = "a difference quotient"
COMPLEX_STEP = "the imaginary part of a complex step"
GRADIENT = "np.gradient"

COMPLEX_PARTS = ("angle", "imag", "phase", "real", "view")

_DIVISIONS = ("divide", "true_divide", "truediv")

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)

_CANDIDATES = frozenset({ast.Attribute, ast.AugAssign, ast.BinOp, ast.Call})
_LIKELY = _CANDIDATES.union(
    FUNCTIONS,
    (ast.AnnAssign, ast.Assign, ast.For, ast.Import, ast.ImportFrom, ast.NamedExpr),
    (ast.comprehension,),
)
"""Kinds of nodes that tell something; most are of none of them."""

_NAMES = frozenset({ast.Attribute, ast.Constant, ast.Name})

Found = tuple[ast.expr, str, ast.expr, bool]
"""What to scale, what it is, what to show of it, whether it is a divisor."""

_Skeleton = tuple[object, ...]
_Term = tuple[int, ast.expr, frozenset[str]]
"""A term's sign, the term, and the names that were followed to it."""


class _TooMuch(Exception):
    """The source asks for more work than it is worth."""


@dataclass(frozen=True)
class Part:
    """What one statement has to say to a look at it and others.

    Parameters
    ----------
    candidates
        Where a derivative may stand.
    values
        What names stand for.
    steps
        What is added or subtracted.
    numpy, gradients
        Under which names NumPy and its `gradient` are known.
    functions
        Names of functions that are defined.
    complex_numbers
        Whether complex numbers may be made.
    """

    candidates: list[ast.AST] = field(default_factory=list)
    values: list[tuple[str, ast.expr]] = field(default_factory=list)
    steps: list[ast.expr] = field(default_factory=list)
    numpy: set[str] = field(default_factory=set)
    gradients: set[str] = field(default_factory=set)
    functions: set[str] = field(default_factory=set)
    complex_numbers: bool = False


class Look:
    """Looks for numerical derivatives in some statements, taken together.

    Each is read once, by `read_statement`: the exercises of a notebook have most of theirs in
    common. Names are not told apart by the function that they stand in: what is found is tried out
    later.
    """

    def __init__(self, statements: Sequence[Part]) -> None:
        self._parts = statements
        self._left = self._total = 10 * MAX_STEPS
        self._values: dict[str, list[ast.expr]] = {}
        for part in self._parts:
            for name, value in part.values:
                self._values.setdefault(name, []).append(value)
        self._steps = [step for part in self._parts for step in part.steps]
        self._ends: dict[str, ast.expr] = {}
        self._numpy = {"np", "numpy"}.union(*(part.numpy for part in self._parts))
        self._gradients = {name for part in self._parts for name in part.gradients}
        self._gradients.difference_update(*(part.functions for part in self._parts))
        self.gave_up = False

    def found(self) -> Iterator[Found]:
        """Yield what to scale, what it is, what to show of it, and whether it is a divisor."""
        complex_numbers = any(part.complex_numbers for part in self._parts)
        parts = set(COMPLEX_PARTS) if complex_numbers else {"imag"}
        for node in (node for part in self._parts for node in part.candidates):
            self._left = min(MAX_STEPS, self._total)
            before = self._left
            try:
                yield from list(self._at(node, parts))
            except (RecursionError, _TooMuch):
                self.gave_up = True
            self._total -= before - max(self._left, 0)

    def _at(self, node: ast.AST, parts: set[str]) -> Iterator[Found]:
        if isinstance(node, ast.Attribute):
            if node.attr in parts & {"imag", "real"} and not self._is_numpy(node.value):
                yield node, COMPLEX_STEP, node, False
        elif isinstance(node, ast.Call):
            yield from self._call(node, parts)
        elif isinstance(node, ast.BinOp):
            yield from self._operation(node)
        elif isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Div):
            yield from self._quotient(_loaded(node.target), node.value, node.value)

    def _call(self, node: ast.Call, parts: set[str]) -> Iterator[Found]:
        name = _called(node)
        function = self._only_value(node.func)
        if isinstance(function, ast.Attribute) and function.attr == "gradient":
            if self._is_numpy(function.value):
                yield node, GRADIENT, node, False
        elif isinstance(function, ast.Name) and function.id in self._gradients:
            yield node, GRADIENT, node, False
        elif name in parts and node.args:
            yield node, COMPLEX_STEP, node, False
        elif name in _DIVISIONS and len(node.args) > 1:
            yield from self._quotient(node.args[0], node.args[1], node)

    def _operation(self, node: ast.BinOp) -> Iterator[Found]:
        if isinstance(node.op, ast.Div):
            yield from self._quotient(node.left, node.right, node)
        if isinstance(node.op, ast.Mult):
            for difference, factor in ((node.left, node.right), (node.right, node.left)):
                value = self._number(factor)
                inverse = self._only_value(factor)
                is_inverse = isinstance(inverse, ast.BinOp) and isinstance(inverse.op, ast.Div)
                is_large = value is not None and abs(value) >= 1.0 / SMALL
                if (is_large or is_inverse) and self._has_difference(difference):
                    yield factor, QUOTIENT, node, False

    def _quotient(self, above: ast.expr, below: ast.expr, shown: ast.expr) -> Iterator[Found]:
        if self._seems_small(below) and self._has_difference(above):
            yield below, QUOTIENT, shown, True

    def _seems_small(self, node: ast.expr) -> bool:
        value = self._number(node)
        return self._is_step(node) if value is None else 0.0 < abs(value) <= SMALL

    def _is_numpy(self, node: ast.expr) -> bool:
        node = self._only_value(node)
        return isinstance(node, ast.Name) and node.id in self._numpy

    def _only_value(self, node: ast.expr) -> ast.expr:
        """Return what a name stands for, if it is one thing; anything else as it is."""
        if not isinstance(node, ast.Name):
            return node
        if node.id not in self._ends:
            self._ends[node.id] = self._followed(node, frozenset())[0]
        return self._ends[node.id]

    def _followed(self, node: ast.expr, seen: frozenset[str]) -> tuple[ast.expr, frozenset[str]]:
        """Follow a name to what it stands for, but none twice; return the names met, too."""
        met: set[str] = set()
        while isinstance(node, ast.Name) and node.id not in seen and node.id not in met:
            values = self._values.get(node.id, ())
            if len(values) != 1:
                break
            self._work()
            met.add(node.id)
            node = values[0]
        if not met:
            return node, seen
        self._work(len(seen) // 10)  # what it takes to copy them
        return node, seen | met

    def _number(self, node: ast.expr, depth: int = 0) -> float | None:
        """Return the number that an expression of constants is, or None."""
        self._work()
        node = self._only_value(node)
        if depth > MAX_DEPTH:
            return None
        try:
            if isinstance(node, ast.Constant) and type(node.value) in (int, float):
                return float(node.value)  # type: ignore[arg-type]
            if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
                value = self._number(node.operand, depth + 1)
                return None if value is None else -value
            if isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords:
                return self._number(node.args[0], depth + 1) if _is_cast(node) else None
            if isinstance(node, ast.BinOp):
                a, b = (self._number(part, depth + 1) for part in (node.left, node.right))
                return None if a is None or b is None else _computed(node.op, a, b)
        except (ArithmeticError, ValueError):
            return None
        return None

    def _is_step(self, node: ast.expr) -> bool:
        """Whether what is divided by is also added somewhere: ``x + h`` and ``/ (2 * h)``."""
        names = set(self._names(node))
        return any(names & self._closure(step) for step in self._steps)

    def _names(self, node: ast.expr) -> Iterator[str]:
        for part in ast.walk(node):
            self._work()
            if isinstance(part, ast.Name):
                yield part.id

    def _closure(self, node: ast.expr, depth: int = 0) -> set[str]:
        """Return the names in an expression and in what they stand for."""
        names = set(self._names(node))
        if depth < 3:  # a step, its direction, its size
            for name in list(names):
                for value in self._values.get(name, ()):
                    names |= self._closure(value, depth + 1)
        return names

    def _has_difference(self, node: ast.expr, seen: frozenset[str] = frozenset()) -> bool:
        """Whether one thing is subtracted from itself, evaluated elsewhere, within `node`."""
        self._work()
        node, seen = self._followed(node, seen)
        if isinstance(node, ast.Call) and _called(node) in ("subtract", "sub", "diff"):
            if len(node.args) < 2:
                return True
            node = ast.BinOp(node.args[0], ast.Sub(), node.args[1])
        terms = list(self._terms(node, 1, seen))
        if len(terms) > 1:
            signs: dict[_Skeleton, set[int]] = {}
            for sign, term, names in terms:
                signs.setdefault(self._skeleton(term, names), set()).add(sign)
            if any(len(both) > 1 for both in signs.values()):
                return True
            return any(self._has_difference(term, names) for _, term, names in terms)
        parts = (part for part in ast.iter_child_nodes(node) if isinstance(part, ast.expr))
        return any(self._has_difference(part, seen) for part in parts)

    def _terms(self, node: ast.expr, sign: int, seen: frozenset[str]) -> Iterator[_Term]:
        """Yield the terms of a sum with their signs, factors that are numbers left out."""
        self._work()
        node, seen = self._followed(node, seen)
        if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
            yield from self._terms(node.left, sign, seen)
            other = -sign if isinstance(node.op, ast.Sub) else sign
            yield from self._terms(node.right, other, seen)
            return
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
            for factor, rest in ((node.left, node.right), (node.right, node.left)):
                value = self._number(factor)
                if value is not None:
                    yield from self._terms(rest, sign if value > 0 else -sign, seen)
                    return
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            yield from self._terms(node.operand, -sign, seen)
            return
        yield sign, node, seen

    def _skeleton(self, node: ast.AST, seen: frozenset[str] = frozenset()) -> _Skeleton:
        """Return what an expression looks like without the steps that are added in it."""
        self._work()
        if isinstance(node, ast.expr):
            node, seen = self._followed(node, seen)
            value = self._number(node)
            if value is not None and abs(value) <= SMALL:
                return ("a step",)
        if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
            for step, rest in ((node.right, node.left), (node.left, node.right)):
                if self._may_be_step(step) and (step is node.right or isinstance(node.op, ast.Add)):
                    return self._skeleton(rest, seen)
        fields: list[object] = [type(node).__name__]
        for name, value in ast.iter_fields(node):
            if name in ("ctx", "kind"):
                continue
            parts = value if isinstance(value, list) else [value]
            fields += [
                self._skeleton(part, seen) if isinstance(part, ast.AST) else part for part in parts
            ]
        return tuple(fields)

    def _may_be_step(self, node: ast.expr) -> bool:
        """Whether an expression is a small number, or a name, or a name times something."""
        value = self._number(node)
        if value is not None:
            return abs(value) <= SMALL
        if isinstance(node, ast.UnaryOp):
            return self._may_be_step(node.operand)
        if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div)):
            return self._may_be_step(node.left) or isinstance(node.right, ast.Name)
        return isinstance(node, ast.Name)

    def _work(self, steps: int = 1) -> None:
        self._left -= steps
        if self._left < 0:
            raise _TooMuch


def read_statement(statement: ast.stmt) -> Part:
    """Read a statement, for looks at it together with others."""
    part = Part()
    complex_numbers = False
    for node in ast.walk(statement):
        kind = type(node)
        if kind in _LIKELY:
            if kind in _CANDIDATES:
                part.candidates.append(node)
            part.steps.extend(_added(node))
            part.values.extend(_values(node))
            if isinstance(node, FUNCTIONS):
                part.functions.add(getattr(node, "name", ""))
            _take_import(node, part)
        if kind in _NAMES and not complex_numbers:
            complex_numbers = _makes_complex(node)
    return replace(part, complex_numbers=complex_numbers)


def _take_import(node: ast.AST, part: Part) -> None:
    if isinstance(node, ast.Import):
        part.numpy.update(a.asname or a.name for a in node.names if a.name == "numpy")
    elif isinstance(node, ast.ImportFrom) and node.module == "numpy":
        for alias in node.names:
            if alias.name in ("gradient", "*"):
                part.gradients.add(alias.asname or "gradient")


def _values(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Yield names, and what `node` has them stand for."""
    if isinstance(node, ast.Assign):
        for target in node.targets:
            yield from _unpacked(target, node.value)
    elif isinstance(node, (ast.AnnAssign, ast.NamedExpr)):
        yield from _unpacked(node.target, node.value)
    elif isinstance(node, (ast.For, ast.comprehension)):
        yield from _unpacked(node.target, node.iter)
    elif isinstance(node, FUNCTIONS):
        names = [*node.args.posonlyargs, *node.args.args]
        values = node.args.defaults
        for name, default in zip(names[len(names) - len(values) :], values, strict=True):
            yield name.arg, default
        for name, option in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True):
            if option is not None:
                yield name.arg, option


def _added(node: ast.AST) -> Iterator[ast.expr]:
    """Yield what is added or subtracted in `node`."""
    signs = (ast.Add, ast.Sub)
    if isinstance(node, ast.BinOp) and isinstance(node.op, signs):
        yield node.right
        if isinstance(node.op, ast.Add):
            yield node.left
    elif isinstance(node, ast.AugAssign) and isinstance(node.op, signs):
        yield node.value
    elif isinstance(node, ast.Call) and _called(node) in ("add", "subtract"):
        yield from node.args


def _unpacked(target: ast.expr | None, value: ast.expr | None) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(target, ast.Name) and value is not None:
        yield target.id, value
    elif isinstance(target, (ast.Tuple, ast.List)) and value is not None:
        parts: list[ast.expr] = [value] * len(target.elts)
        if isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == len(target.elts):
            parts = value.elts
        for one, part in zip(target.elts, parts, strict=True):
            yield from _unpacked(one, part)


def _loaded(target: ast.expr) -> ast.expr:
    return ast.Name(target.id, ast.Load()) if isinstance(target, ast.Name) else target


def _called(node: ast.Call) -> str:
    """Return the last name of what is called: ``divide`` of ``np.divide``."""
    function = node.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _is_cast(node: ast.Call) -> bool:
    return _called(node).startswith(("float", "longdouble", "double"))


def _makes_complex(node: ast.AST) -> bool:
    if isinstance(node, ast.Constant):
        value = node.value
        return isinstance(value, complex) or (isinstance(value, str) and "complex" in value)
    name = node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")
    return isinstance(name, str) and "complex" in name


def _computed(operator: ast.operator, a: float, b: float) -> float | None:
    if isinstance(operator, ast.Add):
        return a + b
    if isinstance(operator, ast.Sub):
        return a - b
    if isinstance(operator, ast.Mult):
        return a * b
    if isinstance(operator, ast.Div):
        return a / b
    if isinstance(operator, ast.Pow):
        power = a**b
        return power if isinstance(power, float) else None
    return None
