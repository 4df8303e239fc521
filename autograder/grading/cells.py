"""Which cells of a canonical notebook run, and which a person grades."""

from __future__ import annotations

from nbformat import NotebookNode

from autograder.course import FIGURE_TAG
from autograder.results import ManualCell
from autograder.session.far import Cell


def executable_cells(notebook: NotebookNode) -> list[Cell]:
    """Return the code cells that a session runs: all but test cells and figures."""
    return [
        Cell(cell.id, cell.source)
        for cell in notebook.cells
        if cell.cell_type == "code"
        and not cell.metadata.get("nbgrader", {}).get("grade", False)
        and FIGURE_TAG not in cell.metadata.get("tags", [])
        and cell.source.strip()
    ]


def manual_cells(notebook: NotebookNode) -> tuple[ManualCell, ...]:
    """Return the written questions of a canonical notebook."""
    found = []
    for cell in notebook.cells:
        marks = cell.metadata.get("nbgrader", {})
        if marks.get("grade") and marks.get("solution"):
            found.append(ManualCell(marks["grade_id"], float(marks["points"])))
    return tuple(found)
