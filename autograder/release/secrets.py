"""What must never be found in anything that students get.

Collected from the private half of the course as text and as expressions, without importing it.
"""

from __future__ import annotations

import ast
import builtins
import copy
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from autograder.course import CHECKS, HIDDEN_CHECKS, Course, notebook_stem
from autograder.release.marks import read_master
from autograder.release.regions import find_regions

MUTANTS = "mutants.py"
VARIANTS = "variants.py"

EXACT_WEIGHT = 3
SHAPE_WEIGHT = 4
"""How much must go on in an expression for it to give something away; see `weight`. Expressions
that are equal up to the names of variables need more than expressions that are equal altogether."""

_OPERATIONS = (
    ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.Call, ast.Subscript, ast.IfExp,
    ast.ListComp, ast.GeneratorExp, ast.SetComp, ast.DictComp, ast.Lambda,
)  # fmt: skip
_IDIOMS = ("zip", "range", "enumerate", "reversed", "len", "list", "tuple")
_FIXED_NAMES = frozenset(dir(builtins)) | {"np", "numpy", "math", "copy", "plt", "rng"}


@dataclass
class Secrets:
    """What to look for, each with a description for the finding.

    Parameters
    ----------
    texts
        Source text without white space.
    expressions
        Fingerprints of expressions, as `fingerprints` makes them.
    """

    texts: dict[str, str] = field(default_factory=dict)
    expressions: dict[str, str] = field(default_factory=dict)


def load_secrets(course: Course, release: str | None = None) -> Secrets:
    """Collect the secrets of a course.

    Parameters
    ----------
    course
        The course.
    release
        Name of the assignment whose release is looked at: answers of earlier ones may stand there.
        None for what must give away nothing at all: the wheel.
    """
    secrets = Secrets()
    public: set[str] = set()
    for name in course.names:
        folder = course.solutions / name
        for exercise, source in _solutions(folder, name):
            what = f"the solution of {name}/{exercise}"
            if release is not None and name < release:
                public |= {key for key, _ in fingerprints(source)}
                public |= set(_statements(source))
            elif release in (None, name):
                secrets.expressions |= {key: what for key, _ in fingerprints(source)}
                secrets.texts |= dict.fromkeys(_statements(source), what)
        visible = squeeze((folder / CHECKS).read_text(encoding="utf-8"))
        for text, what in _private_code(folder, name):
            if text not in visible:
                secrets.texts.setdefault(text, what)
    for key in public:
        secrets.texts.pop(key, None)
        secrets.expressions.pop(key, None)
    return secrets


def squeeze(text: str) -> str:
    """Return `text` without white space: layout must not hide anything."""
    return re.sub(r"\s+", "", text)


def weight(node: ast.expr) -> int:
    """Count what goes on in an expression: operations, calls, numbers, repeated variables."""
    total = 0
    names: Counter[str] = Counter()
    for part in ast.walk(node):
        if isinstance(part, _OPERATIONS):
            total += 1
        elif isinstance(part, ast.Constant):
            total += isinstance(part.value, (int, float)) and not isinstance(part.value, bool)
        elif isinstance(part, ast.Name) and part.id not in _FIXED_NAMES:
            names[part.id] += 1
    return total + sum(names.values()) - len(names)


def fingerprints(source: str) -> Iterator[tuple[str, ast.expr]]:
    """Yield a key for each telling expression in `source`, with and without its names.

    Raises
    ------
    SyntaxError
        `source` is no Python.
    """
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, _OPERATIONS) or _is_idiom(node):
            continue
        heavy = weight(node)
        if heavy >= EXACT_WEIGHT:
            yield f"exact {ast.unparse(_Numbers().visit(copy.deepcopy(node)))}", node
        if heavy >= SHAPE_WEIGHT:
            yield f"shape {ast.unparse(_Anonymous().visit(copy.deepcopy(node)))}", node


def _is_idiom(node: ast.expr) -> bool:
    if isinstance(node, ast.Subscript):
        return isinstance(node.value, ast.Name)
    called = node.func if isinstance(node, ast.Call) else None
    return isinstance(called, ast.Name) and called.id in _IDIOMS


class _Numbers(ast.NodeTransformer):
    """1 and 1.0 are the same."""

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:  # noqa: N802 - the visitor's own
        if isinstance(node.value, int) and not isinstance(node.value, bool):
            node.value = float(node.value)
        return node


class _Anonymous(_Numbers):
    """Variables are called v0, v1, ... in their order; what is called keeps its name."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}

    def visit_Call(self, node: ast.Call) -> ast.Call:  # noqa: N802 - the visitor's own naming
        if not isinstance(node.func, ast.Name):
            node.func = self.visit(node.func)
        node.args = [self.visit(arg) for arg in node.args]
        node.keywords = [self.visit(keyword) for keyword in node.keywords]
        return node

    def visit_Name(self, node: ast.Name) -> ast.Name:  # noqa: N802 - the visitor's own naming
        if node.id not in _FIXED_NAMES:
            node.id = self.names.setdefault(node.id, f"v{len(self.names)}")
        return node


def _solutions(folder: Path, name: str) -> Iterator[tuple[str, str]]:
    """Yield (exercise, source) of each solution: the master's, and the variants."""
    for cell in read_master(folder / f"{notebook_stem(name)}.py"):
        if cell.kind == "exercise":
            for region in find_regions(cell.source):
                yield cell.name, _dedent(region.text)
    path = folder / VARIANTS
    if path.is_file():
        for exercise, source in _entries(path):
            yield exercise, source


def _dedent(text: str) -> str:
    """Make the body of a function a module, whatever its first line is."""
    return f"def solution():\n{text}" if text[:1].isspace() else text


def _entries(path: Path) -> Iterator[tuple[str, str]]:
    """Yield (exercise, source) of each entry of a catalogue."""
    text = path.read_text(encoding="utf-8")
    for node in ast.parse(text).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.decorator_list:
            declared = node.decorator_list[0]
            if isinstance(declared, ast.Call) and declared.args:
                exercise = ast.literal_eval(declared.args[0])
                yield exercise, "\n".join(text.split("\n")[node.lineno - 1 : node.end_lineno])


def _statements(source: str) -> Iterator[str]:
    """Yield the telling expressions that a statement computes, as squeezed source text."""
    for node in ast.walk(ast.parse(source)):
        value = getattr(node, "value", None)
        if isinstance(node, (ast.Assign, ast.AugAssign, ast.Return, ast.Expr)) and value:
            if weight(value) >= EXACT_WEIGHT:
                yield squeeze(ast.get_source_segment(source, value) or "")
                yield squeeze(ast.unparse(value))


def _private_code(folder: Path, name: str) -> Iterator[tuple[str, str]]:
    """Yield (text, what) of hidden checks and mutants: their statements and their names."""
    hidden = (folder / HIDDEN_CHECKS).read_text(encoding="utf-8")
    for text in _statements(hidden):
        yield text, f"a hidden check of {name}"
    if (folder / MUTANTS).is_file():
        for exercise, source in _entries(folder / MUTANTS):
            # A mistake is mostly right: only its text as a whole, and its name, give it away.
            what = f"a mutant of {name}/{exercise}"
            yield squeeze(source), what
            yield squeeze(source.split("(")[0]) + "(", what
