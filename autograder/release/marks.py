"""The master notebook's short cell marks, and the nbgrader metadata that they stand for.

==========================  ====================================================================
mark                        becomes
==========================  ====================================================================
``exercise="x"``            solution cell with grade_id ``x``
``check="x"``               locked test cell ``check_x``, worth the points of the exercise
``written="x" points=2``    markdown answer ``x`` that a person grades
``figure=true``             locked cell, tagged ``figure``: for the eyes, not run in grading
none                        locked read-only cell with a generated grade_id
==========================  ====================================================================

The grade_id is the cell's id too, so that two builds of one master are equal to the byte.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import nbformat
from nbformat import NotebookNode

from autograder.course import CHECK_PREFIX, FIGURE_TAG
from autograder.errors import ReleaseError

Kind = Literal["text", "given", "figure", "exercise", "check", "written"]

KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
SCHEMA_VERSION = 3

_MARKS = ("exercise", "check", "written", "figure")
_JUPYTEXT_KEYS = re.compile("lines_to_|cell_marker$")
_DEFINITION = re.compile(r"^(?:async )?(?:def|class) (\w+)", re.MULTILINE)


@dataclass(frozen=True)
class MasterCell:
    """One cell of a master notebook.

    Parameters
    ----------
    position
        Its place in the notebook, from 1.
    kind
        What its marks say it is.
    name
        Name of the exercise or written question, or an empty string.
    points
        Points of a written question.
    code
        Whether it is a code cell.
    source
        Its text.
    """

    position: int
    kind: Kind
    name: str
    points: float
    code: bool
    source: str

    def __str__(self) -> str:
        mark = f' ({self.kind}="{self.name}")' if self.name else f" ({self.kind})"
        return f"cell {self.position}{mark}"


def read_master(path: Path) -> list[MasterCell]:
    """Read a py:percent notebook and its marks.

    Raises
    ------
    ReleaseError
        The file is missing, or a cell's marks make no sense.
    """
    if not path.is_file():
        raise ReleaseError("the master notebook is missing. Create it, as py:percent.", path=path)
    try:
        import jupytext
    except ModuleNotFoundError as missing:
        raise ReleaseError(
            "reading a master needs jupytext. Run: make setup", path=path
        ) from missing
    cells = jupytext.read(path, fmt="py:percent").cells
    return [_read_cell(path, number, cell) for number, cell in enumerate(cells, start=1)]


def _read_cell(path: Path, position: int, cell: NotebookNode) -> MasterCell:
    def refuse(problem: str) -> ReleaseError:
        return ReleaseError(f"cell {position}: {problem}", path=path)

    marks = {key: value for key, value in cell.metadata.items() if not _JUPYTEXT_KEYS.match(key)}
    unknown = sorted(marks.keys() - {*_MARKS, "points"})
    if unknown:
        raise refuse(f"unknown mark {unknown[0]!r}; the marks are {', '.join(_MARKS)} and points.")
    kinds: list[Any] = [mark for mark in _MARKS if mark in marks]
    if len(kinds) > 1:
        raise refuse(f"is marked {' and '.join(kinds)}; keep one.")
    if cell.cell_type not in ("code", "markdown"):
        raise refuse(f"is a {cell.cell_type} cell; make it code or markdown.")
    code = cell.cell_type == "code"
    if not kinds:
        if "points" in marks:
            raise refuse('has points, but is no written question; add written="its_name".')
        return MasterCell(position, "given" if code else "text", "", 0.0, code, cell.source)
    return _read_marked(refuse, MasterCell(position, kinds[0], "", 0.0, code, cell.source), marks)


def _read_marked(refuse: Any, cell: MasterCell, marks: Mapping[str, Any]) -> MasterCell:
    name, points = marks[cell.kind], marks.get("points", 0.0)
    if cell.code != (cell.kind != "written"):
        wanted = "a markdown" if cell.kind == "written" else "a code"
        raise refuse(f"is marked {cell.kind}, so it must be {wanted} cell.")
    if cell.kind == "written" and not (_is_number(points) and points > 0):
        raise refuse("a written question needs its points: add points=2, say.")
    if cell.kind != "written" and "points" in marks:
        raise refuse("has points of its own; those of an exercise stand in checks.py.")
    if cell.kind == "figure":
        if name is not True:
            raise refuse(f"figure={name!r}; write figure=true, or remove the mark.")
        return cell
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z_]\w*", name):
        raise refuse(f"{cell.kind}={name!r} is no name; use letters, digits and _ only.")
    return MasterCell(cell.position, cell.kind, name, float(points), cell.code, cell.source)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def grade_ids(cells: Sequence[MasterCell]) -> list[str]:
    """Return the grade_id of each cell.

    Cells without a name are called after the first thing that they define, or counted among their
    like, so that a new paragraph does not rename the code.
    """
    seen: Counter[str] = Counter()
    ids = []
    for cell in cells:
        defined = _DEFINITION.search(cell.source) if cell.code else None
        if cell.kind == "check":
            ids.append(CHECK_PREFIX + cell.name)
        elif cell.name:
            ids.append(cell.name)
        elif defined is not None:
            ids.append(f"{cell.kind}_{defined[1].removeprefix(f'{cell.kind}_')}")
        else:
            seen[cell.kind] += 1
            ids.append(f"{cell.kind}_{seen[cell.kind]:02d}")
    return ids


def expand(cells: Sequence[MasterCell], points: Mapping[str, float]) -> NotebookNode:
    """Return the solved notebook with nbgrader's metadata.

    Parameters
    ----------
    cells
        A valid master.
    points
        Points of each exercise.
    """
    notebook = nbformat.v4.new_notebook(
        metadata={"kernelspec": dict(KERNELSPEC), "language_info": {"name": "python"}}
    )
    for cell, grade_id in zip(cells, grade_ids(cells), strict=True):
        make = nbformat.v4.new_code_cell if cell.code else nbformat.v4.new_markdown_cell
        metadata: dict[str, Any] = {"nbgrader": _nbgrader(cell, grade_id, points)}
        if cell.kind == "figure":
            # Run All Cells goes on when a figure needs an exercise that is not written yet.
            metadata["tags"] = [FIGURE_TAG, "raises-exception"]
        notebook.cells.append(make(cell.source, id=grade_id, metadata=metadata))
    return notebook


def _nbgrader(cell: MasterCell, grade_id: str, points: Mapping[str, float]) -> dict[str, Any]:
    graded = {"check": points.get(cell.name, 0.0), "written": cell.points}
    metadata: dict[str, Any] = {
        "grade": cell.kind in graded,
        "grade_id": grade_id,
        "locked": cell.kind not in ("exercise", "written"),
        "schema_version": SCHEMA_VERSION,
        "solution": cell.kind in ("exercise", "written"),
        "task": False,
    }
    if cell.kind in graded:
        worth = float(graded[cell.kind])
        metadata["points"] = int(worth) if worth.is_integer() else worth
    return metadata
