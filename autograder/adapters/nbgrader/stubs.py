"""Stubs that name their task: nbgrader knows one text for all of them."""

from __future__ import annotations

from typing import Any

from nbformat import NotebookNode
from nbgrader.converters import GenerateAssignment
from nbgrader.preprocessors import ClearSolutions
from nbgrader.utils import is_solution

from autograder.release.regions import code_stub


class NamedStubs(ClearSolutions):
    """Replace each solution by ``raise NotImplementedError("<exercise>")``.

    The exercise is the cell's grade_id; in a class, each method's region gets the class's name.
    """

    def preprocess_cell(
        self, cell: NotebookNode, resources: dict[str, Any], cell_index: int
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Set the cell's own stub, then let nbgrader put it in place."""
        if cell.cell_type == "code" and is_solution(cell):
            self.code_stub = {resources["language"]: code_stub(cell.metadata.nbgrader.grade_id)}
        result: tuple[NotebookNode, dict[str, Any]] = super().preprocess_cell(
            cell, resources, cell_index
        )
        return result


def preprocessors() -> list[type]:
    """Return nbgrader's own steps of generate_assignment, with `NamedStubs` in their place."""
    steps = GenerateAssignment.preprocessors.default(None)
    return [NamedStubs if step is ClearSolutions else step for step in steps]
