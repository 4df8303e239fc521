"""What a master notebook must satisfy to be released.

Each rule yields sentences that say which cell, what is wrong, and what to do. An empty list means
that the master can be released.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Collection, Iterator, Sequence

from autograder.checks.model import Exercise
from autograder.release.marks import Kind, MasterCell, grade_ids
from autograder.release.regions import (
    BEGIN,
    END,
    Region,
    code_stub,
    find_regions,
    replace_regions,
    without_magics,
)

IMPORT = "from autograder import check"


def problems(cells: Sequence[MasterCell], exercises: Sequence[Exercise]) -> list[str]:
    """Return everything that is wrong with a master.

    Parameters
    ----------
    cells
        The notebook.
    exercises
        What ``checks.py`` declares.
    """
    names = [exercise.name for exercise in exercises]
    found = [*_pairing(cells, names), *_names(cells, names), *_written(cells)]
    for cell in cells:
        if cell.kind == "exercise":
            found += [f"{cell}: {problem}" for problem in _solution(cell)]
        elif cell.kind == "check" and cell.source.strip() != f'check("{cell.name}")':
            found.append(f'{cell}: its only line must be check("{cell.name}").')
        elif cell.kind != "written" and (BEGIN in cell.source or END in cell.source):
            found.append(f'{cell}: holds a solution; mark it exercise="name" or written="name".')
        if cell.kind in ("given", "figure"):
            found += [f"{cell}: {problem}" for problem in _locked_code(cell, names)]
    return found


def _pairing(cells: Sequence[MasterCell], names: Sequence[str]) -> Iterator[str]:
    """Each exercise of checks.py needs one solution and, below it, one test cell."""
    solutions, tests = _of_kind(cells, "exercise"), _of_kind(cells, "check")
    for name in names:
        for kind, places in (("exercise", solutions), ("check", tests)):
            if name not in places:
                yield f'checks.py declares {name}, but no cell is marked {kind}="{name}"; add one.'
        if tests.get(name, 0) < solutions.get(name, 0) and name in tests:
            yield (
                f"cell {tests[name]} checks {name} above the cell {solutions[name]} that defines "
                "it; move it below."
            )
    if not any(cell.kind == "given" and IMPORT in cell.source for cell in cells):
        yield f"no cell imports check; put {IMPORT!r} into the first code cell."
    for kind, places in (("exercise", solutions), ("check", tests)):
        for name, position in places.items():
            if name not in names:
                yield (
                    f'cell {position} ({kind}="{name}"): checks.py declares no Exercise("{name}"); '
                    "add it there, or remove the cell."
                )


def _of_kind(cells: Sequence[MasterCell], kind: Kind) -> dict[str, int]:
    return {cell.name: cell.position for cell in reversed(cells) if cell.kind == kind}


def _names(cells: Sequence[MasterCell], names: Sequence[str]) -> Iterator[str]:
    """No two cells may have the same grade_id."""
    declared = Counter(names)
    for name, count in declared.items():
        if count > 1:
            yield f"checks.py declares {name} {count} times; keep one."
    ids = grade_ids(cells)
    for grade_id, count in Counter(ids).items():
        if count > 1:
            same = [str(c.position) for c, own in zip(cells, ids, strict=True) if own == grade_id]
            yield (
                f"cells {', '.join(same)} would all have the grade_id {grade_id!r}; "
                "rename what they are marked with, or what they define first."
            )


def _written(cells: Sequence[MasterCell]) -> Iterator[str]:
    """At least one question for a person to grade, each with a model answer."""
    questions = [cell for cell in cells if cell.kind == "written"]
    if not questions:
        yield 'there is no written question; add a markdown cell written="its_name" points=2.'
    for cell in questions:
        try:
            count = len(find_regions(cell.source))
        except ValueError as error:
            yield f"{cell}: {error}."
            continue
        if count != 1:
            yield f"{cell}: put the model answer between one BEGIN SOLUTION and END SOLUTION."


def _solution(cell: MasterCell) -> Iterator[str]:
    """The cell must be one documented def or class that becomes a sound stub."""
    try:
        regions = find_regions(cell.source)
        tree = ast.parse(cell.source)
    except ValueError as error:
        yield f"{error}; mend the marks."
        return
    except SyntaxError as error:
        yield f"is no valid Python: line {error.lineno}: {error.msg}."
        return
    if not regions:
        yield "has no BEGIN SOLUTION and END SOLUTION; put them around what students must write."
        return
    definition = tree.body[0] if len(tree.body) == 1 else None
    if not isinstance(definition, (ast.FunctionDef, ast.ClassDef)) or definition.name != cell.name:
        yield f"must define {cell.name} and nothing else at its top level."
        return
    if ast.get_docstring(definition) is None:
        yield "has no docstring; students need to know arguments, results and shapes."
    functions: list[ast.FunctionDef] = []
    if isinstance(definition, ast.ClassDef):
        functions = [node for node in definition.body if isinstance(node, ast.FunctionDef)]
        yield from _class_body(definition)
    else:
        functions = [definition]
    for function in functions:
        yield from _function_body(function, regions)
    yield from _stub(cell)


def _class_body(definition: ast.ClassDef) -> Iterator[str]:
    for node in definition.body:
        declares = isinstance(node, ast.AnnAssign) and node.value is None
        if not (declares or isinstance(node, ast.FunctionDef) or _is_docstring(node)):
            yield (
                f"line {node.lineno} of the class ships as it stands; move it into a method's "
                "solution."
            )


def _function_body(function: ast.FunctionDef, regions: Sequence[Region]) -> Iterator[str]:
    """All but the docstring lies in one region."""
    last = function.end_lineno or function.lineno
    inside = [region for region in regions if function.lineno <= region.first <= last]
    if len(inside) != 1:
        yield (
            f"{function.name} has {len(inside)} solutions between BEGIN and END; put all of its "
            "body but the docstring into one."
        )
        return
    for node in function.body:
        if not _is_docstring(node) and not inside[0].covers(node.lineno, node.end_lineno or 0):
            yield (
                f"line {node.lineno} of {function.name} lies outside BEGIN and END SOLUTION, so it "
                "ships; move it inside."
            )


def _is_docstring(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _stub(cell: MasterCell) -> Iterator[str]:
    """What remains must be Python that raises, naming the exercise, wherever it is called."""
    stub = code_stub(cell.name)
    try:
        tree = ast.parse(replace_regions(cell.source, stub))
    except SyntaxError as error:
        yield (
            f"the stub is no valid Python: {error.msg}; indent BEGIN SOLUTION like the code in it."
        )
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and ast.unparse(node.body[-1]) != ast.unparse(
            ast.parse(stub)
        ):
            yield f"the stub of {node.name} does not end in {stub}; indent BEGIN SOLUTION like it."


def _locked_code(cell: MasterCell, names: Collection[str]) -> Iterator[str]:
    """A locked cell must not define an exercise; a figure defines figures only."""
    try:
        tree = ast.parse(without_magics(cell.source))
    except SyntaxError as error:
        yield f"is no valid Python: line {error.lineno}: {error.msg}."
        return
    bound = sorted(_bound_names(tree))
    for name in bound:
        if name in names:
            yield f"defines {name}, which is an exercise; a locked cell would answer it."
        elif cell.kind == "figure" and not name.startswith(("figure_", "_")):
            yield (
                f"is a figure but defines {name}, which nothing else may use; move that into "
                "a function figure_..., or into a cell that is no figure."
            )


def _bound_names(tree: ast.Module) -> set[str]:
    """Names that running the module binds at its top level."""
    names: set[str] = set()
    todo: list[ast.AST] = list(tree.body)
    while todo:
        node = todo.pop()
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, ast.alias):
            names.add((node.asname or node.name).partition(".")[0])
        elif isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Store):
                names.add(node.id)
        elif not isinstance(node, (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp)):
            todo += ast.iter_child_nodes(node)
    return names
