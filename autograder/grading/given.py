"""What the release's locked cells define, for calls that must reach it as it was given.

A check may call a function that no student writes (`best_weights_of_run`). The restored notebook
holds its cell as it was released, but a student's own cell may define the name anew.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator

from nbformat import NotebookNode

from autograder.checks.policy import Source


def given_definitions(release: NotebookNode, exercises: Collection[str]) -> dict[str, str]:
    """Return the source of each function and class that the locked cells define, by name.

    Parameters
    ----------
    release
        The canonical notebook.
    exercises
        Names that students write; they are never among the given ones.

    Notes
    -----
    Only the definition itself is returned: it can be run again at any time without reading data
    anew or setting other names back.
    """
    found: dict[str, str] = {}
    for source in _locked(release):
        lines = source.splitlines()
        for node in _statements(source):
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name not in exercises:
                first = min([node.lineno, *(part.lineno for part in node.decorator_list)])
                found[node.name] = "\n".join(lines[first - 1 : node.end_lineno])
    return found


def given_functions(release: NotebookNode) -> list[str]:
    """Return the names of the functions that the locked cells define."""
    return Source(list(_locked(release))).functions()


def _locked(release: NotebookNode) -> Iterator[str]:
    for cell in release.cells:
        if cell.cell_type == "code" and not cell.metadata.get("nbgrader", {}).get("solution"):
            yield cell.source


def _statements(source: str) -> list[ast.stmt]:
    try:
        return ast.parse(source).body
    except SyntaxError:  # a cell with magics
        return []
