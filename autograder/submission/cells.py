"""From the JSON of a notebook, in format 3 or 4, to bounded cells whose fields have their types."""

from __future__ import annotations

import re
from math import isfinite
from typing import Any

from autograder.errors import Rejected
from autograder.submission.attachments import keep_images
from autograder.submission.reading import SAVE_AGAIN, Limits

NBFORMAT = 4
OLD_NBFORMAT = 3
FIRST_MINOR_WITH_IDS = 5
MAX_HEADING = 7

MARKS = ("grade_id", "grade", "solution", "locked", "task", "points", "cell_type", "schema_version")
"""Keys of a cell's nbgrader metadata that are read."""

_CELL_TYPES = frozenset({"code", "markdown", "raw"})
_CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\ud800-\udfff]")
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_MAX_MARK = 200


def raw_cells(tree: dict[str, Any], limits: Limits, notes: list[str]) -> list[dict[str, Any]]:
    """Return the cells of a notebook in format 3 or 4, each an object; raise `Rejected`."""
    cells: list[Any] = []
    for group in _groups(tree, notes):
        part = group.get("cells") if isinstance(group, dict) else None
        if not isinstance(part, list):
            raise Rejected(f"The notebook has no list of cells. {SAVE_AGAIN}")
        cells += part
    if len(cells) > limits.cells:
        raise Rejected(
            f"The notebook has {len(cells)} cells; at most {limits.cells} are read. Delete the "
            "ones that you do not need and hand it in again."
        )
    kept = [cell for cell in cells if isinstance(cell, dict)]
    if len(kept) < len(cells):
        notes.append("Some entries in the list of cells were no cells; they were dropped.")
    return kept


def _groups(tree: dict[str, Any], notes: list[str]) -> list[Any]:
    """Return what holds lists of cells: the notebook itself, or format 3's worksheets."""
    version, minor = tree.get("nbformat"), tree.get("nbformat_minor")
    if type(version) is not int:
        raise Rejected(f"The file does not say which notebook format it is in. {SAVE_AGAIN}")
    if version == NBFORMAT:
        if type(minor) is not int:
            notes.append("The notebook did not say its minor format; it was read as 4.5.")
        elif minor < FIRST_MINOR_WITH_IDS:
            notes.append(f"The notebook was in format 4.{minor}; it was upgraded to 4.5.")
        return [tree]
    if version != OLD_NBFORMAT:
        raise Rejected(
            f"The notebook is in format {version:.6g}; formats 3 and 4 are read. {SAVE_AGAIN}"
        )
    notes.append("The notebook was in the old format 3; it was upgraded to 4.5.")
    worksheets = tree.get("worksheets")
    return worksheets if isinstance(worksheets, list) else [None]


def bounded_cell(raw: dict[str, Any], notes: list[str]) -> dict[str, Any]:
    """Return one cell in format 4.5, from either format, with fields of the right types."""
    kind = raw.get("cell_type")
    text = _text(raw.get("source", raw.get("input", "")), notes)
    if kind == "heading":
        level = raw.get("level")
        marks = "#" * (level if type(level) is int and 0 < level < MAX_HEADING else 1)
        text = f"{marks} {' '.join(text.split())}"
    if kind in ("heading", "html"):
        kind = "markdown"
    if not isinstance(kind, str) or kind not in _CELL_TYPES:
        notes.append("A cell was of no known type; it was read as plain text.")
        kind = "raw"
    cell: dict[str, Any] = {"cell_type": kind, "source": text, "metadata": {}}
    metadata = raw.get("metadata")
    nbgrader = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    if isinstance(nbgrader, dict):
        kept = {key: _mark(nbgrader[key]) for key in MARKS if key in nbgrader}
        cell["metadata"] = {"nbgrader": kept}
    name = raw.get("id")
    if isinstance(name, str) and _ID.fullmatch(name):
        cell["id"] = name
    if kind == "code":
        cell |= {"outputs": [], "execution_count": None}
    else:
        images = keep_images(raw.get("attachments"), notes)
        if images:
            cell["attachments"] = images
    return cell


def _text(value: object, notes: list[str]) -> str:
    """Return a cell's source as one string; every line ends as on Unix."""
    parts = value if isinstance(value, list) else [value]
    texts = [part for part in parts if isinstance(part, str)]
    if len(texts) < len(parts):
        notes.append("The text of a cell was not text; what was none was dropped.")
    text = "".join(texts).replace("\r\n", "\n").replace("\r", "\n")
    clean = _CONTROL.sub("", text)
    if len(clean) < len(text):
        notes.append("Control characters in the text of a cell were dropped.")
    return clean


def _mark(value: object) -> object:
    """Return one value of nbgrader's metadata: a bounded scalar."""
    if isinstance(value, str):
        return _CONTROL.sub("", value[:_MAX_MARK])
    return value if isinstance(value, (bool, int, float)) and isfinite(value) else None


def kernel(metadata: object) -> dict[str, Any]:
    """Return what is kept of a notebook's metadata: the kernel's name."""
    spec = metadata.get("kernelspec") if isinstance(metadata, dict) else None
    name = spec.get("name") if isinstance(spec, dict) else None
    return {"kernelspec": {"name": _mark(name)}} if isinstance(name, str) else {}
