"""Write a grade into a notebook, so that nbgrader reads the right score from it.

nbgrader takes a test cell's score from its outputs, and takes no output, a NaN or a string for
full marks. So a test cell always gets exactly one ``execute_result``, a plain finite float between
0 and its points; the table that explains it is a ``display_data`` before it; nothing is on stderr.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import Any

import msgspec
from nbformat import NotebookNode, from_dict
from nbformat.v4.rwbase import split_lines, strip_transient

from autograder.course import CHECK_PREFIX
from autograder.render import CheckTable, inert, overwritten
from autograder.results import ExerciseResult, Grade
from autograder.submission.pixels import too_large

MAX_MIME_CHARACTERS = 200_000

MAX_LINES = 1000
"""Of what one cell printed; nbgrader's own LimitOutput cuts there."""

CUT = "... Output truncated ..."

_BASE64 = re.compile(r"[A-Za-z0-9+/=\s]*", re.ASCII)
_STARTS = {"image/png": "iVBORw0KGgo", "image/jpeg": "/9j/"}
"""How the base64 text of a file of that type begins, by its magic number."""

UNSAFE = "Graded without a jail (--unsafe)."

KEPT_MIMES = ("text/plain", "image/png", "image/jpeg")
"""What a student's own outputs may hold on the instructor's screen: text and pixels."""


def autograded_text(notebook: NotebookNode, grade: Grade) -> str:
    """Return the text of the file in ``autograded/``, as ``nbgrader autograde`` writes it.

    Parameters
    ----------
    notebook
        The restored notebook, or the untouched release of a rejected submission. Its outputs are
        filled, in place.
    grade
        Its grade.

    Raises
    ------
    ValueError
        As `write_grade`.
    """
    write_grade(notebook, grade)
    return f"{_json(notebook)}\n"


def _json(notebook: NotebookNode) -> str:
    """Return what ``nbformat.writes`` does: its copying takes three times as long."""
    written = strip_transient(split_lines(from_dict(notebook)))
    text = msgspec.json.encode(written, order="sorted")
    return msgspec.json.format(text, indent=1).decode()


def write_grade(notebook: NotebookNode, grade: Grade) -> None:
    """Fill the outputs of a restored notebook's code cells, in place.

    Parameters
    ----------
    notebook
        The restored notebook.
    grade
        Its grade.

    Raises
    ------
    ValueError
        A score is not a finite number between 0 and its maximum: a fault of ours, which must not
        reach the gradebook.
    """
    results = {f"{CHECK_PREFIX}{result.name}": result for result in grade.exercises}
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        marks = cell.metadata.get("nbgrader", {})
        if marks.get("grade", False):
            result = results[marks["grade_id"]]
            if not grade.jail:
                result = replace(result, notes=(*result.notes, UNSAFE))
            cell.outputs = graded_outputs(result, float(marks["points"]))
        else:
            raw = grade.outputs.get(cell.id, [])
            cell.outputs = _cut([output for each in raw for output in _student_output(each)])
        cell.execution_count = None


def graded_outputs(result: ExerciseResult, maximum: float) -> list[NotebookNode]:
    """Return the outputs of a test cell: the table, then the score as the only result."""
    score = float(result.points)
    if not (math.isfinite(score) and 0.0 <= score <= maximum + 1e-9):
        raise ValueError(f"{result.name}: a score of {score} of {maximum} points")
    table = CheckTable(result)
    shown = {"text/plain": repr(table), "text/html": table._repr_html_()}
    value = {"text/plain": repr(min(score, maximum))}
    return [
        _output("display_data", data=shown, metadata={}),
        _output("execute_result", data=value, metadata={}, execution_count=None),
    ]


def _output(kind: str, **fields: Any) -> NotebookNode:
    """Return an output; nbformat's own function looks a schema up for each."""
    return from_dict({"output_type": kind, **fields})


def _student_output(raw: dict[str, Any]) -> list[NotebookNode]:
    """Return an untrusted output as text or pixels, or nothing.

    What went to stderr is shown as ordinary text: nbgrader reads stderr as a failure.
    """
    kind = raw.get("output_type")
    if kind == "stream":
        return [_output("stream", name="stdout", text=_text(raw.get("text")))]
    if kind == "error":
        text = _text(f"{raw.get('ename')}: {raw.get('evalue')}\n")
        return [_output("stream", name="stdout", text=text)]
    if kind in ("display_data", "execute_result") and isinstance(raw.get("data"), dict):
        data = {
            mime: part if mime.startswith("image/") else _text(part)
            for mime, part in raw["data"].items()
            if mime in KEPT_MIMES and _is_acceptable(mime, part)
        }
        return [_output("display_data", data=data, metadata={})] if data else []
    return []


def _cut(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Return a cell's outputs with no more than `MAX_LINES` lines printed, in place."""
    room = MAX_LINES
    kept = []
    for output in outputs:
        if output.output_type == "stream":
            if not room:
                continue
            lines = output.text.split("\n")
            if len(lines) > room:
                lines[room - 1 :] = [CUT]
            room -= len(lines)
            output.text = "\n".join(lines)
        kept.append(output)
    return kept


def _is_acceptable(mime: str, part: object) -> bool:
    """Whether a part is a text of bounded size; pixels must be base64, as pages quote them raw."""
    if not isinstance(part, str) or len(part) > MAX_MIME_CHARACTERS:
        return False
    start = _STARTS.get(mime)
    if start is None:
        return True
    return bool(part.startswith(start) and _BASE64.fullmatch(part)) and not too_large(part)


def _text(value: object) -> str:
    text = value if isinstance(value, str) else str(value)
    return inert(overwritten(text), MAX_MIME_CHARACTERS)
