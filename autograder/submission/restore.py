"""Put the canonical notebook back: the release's cells, with the student's text in them.

From the release come order, types, ids, metadata, points, locked cells, test cells and kernel.
From the student come the text of solution cells and written answers, wherever it stands, and the
cells of the student's own, which stay at their place and run. Outputs are dropped.
"""

from __future__ import annotations

import copy
import textwrap
from dataclasses import dataclass
from itertools import count
from typing import Any

import nbformat
from nbformat import NotebookNode

from autograder.render import inert
from autograder.submission.attachments import embed
from autograder.submission.filling import Fill, fill_slot
from autograder.submission.matching import Piece, Slot, match, pieces_of
from autograder.submission.notes import bounded, quoted

REJECTED_ID = "submission-rejected"
WIDTH = 88


@dataclass(frozen=True)
class Restored:
    """A canonical notebook with the student's text in it.

    Parameters
    ----------
    notebook
        In nbformat 4.5, without outputs.
    repairs
        What was mended, one sentence each.
    student_cells
        Ids of the cells whose text the student wrote, in the notebook's order.
    """

    notebook: NotebookNode
    repairs: tuple[str, ...] = ()
    student_cells: tuple[str, ...] = ()


def restore(submitted: dict[str, Any], canonical: NotebookNode) -> Restored:
    """Return the canonical notebook with the student's text.

    Parameters
    ----------
    submitted
        The notebook of a `Triaged`.
    canonical
        The release. Every cell bears a unique grade_id, which is its id too. It is not changed.
    """
    notes: list[str] = []
    slots = {slot.name: slot for slot in map(Slot, canonical.cells, count())}
    pieces = pieces_of(submitted)
    match(pieces, slots, notes)
    _note_kernel(submitted, canonical, notes)
    _note_order(pieces, slots, notes)
    _free_changed_copies(pieces, slots)
    bearers: dict[str, list[Piece]] = {name: [] for name in slots}
    for piece in pieces:
        if piece.owner is not None:
            bearers[piece.owner].append(piece)
    defined = _defined(pieces, slots)
    top, followers = _own_cells(pieces)

    build = _Builder(canonical)
    for piece in top:
        build.add_own(piece)
    for name, slot in slots.items():
        fill = fill_slot(slot, bearers[name], defined, notes)
        for piece in fill.before:
            build.add_own(piece)
        build.add_canonical(slot, fill)
        for piece in (*fill.after, *followers.get(name, ())):
            build.add_own(piece)
    return Restored(build.notebook, bounded(notes), tuple(build.student_cells))


def canonical_only(canonical: NotebookNode, reason: str) -> Restored:
    """Return the untouched release below a cell that says why the submission was rejected.

    Parameters
    ----------
    canonical
        The release. It is not changed.
    reason
        Of the `Rejected`. It is shown as an indented code block, so that nothing in it is live.
    """
    build = _Builder(canonical)
    line = " ".join(inert(reason).split())
    text = textwrap.indent("\n".join(textwrap.wrap(line, WIDTH)), "    ")
    head = "**This submission could not be read and earns no points.** The reason:"
    note = {"cell_type": "markdown", "id": REJECTED_ID, "metadata": {}}
    build.notebook.cells.append(nbformat.from_dict({**note, "source": f"{head}\n\n{text}"}))
    for slot in map(Slot, canonical.cells, count()):
        build.add_canonical(slot, Fill())
    return Restored(build.notebook)


class _Builder:
    """Collects the cells of the restored notebook."""

    def __init__(self, canonical: NotebookNode) -> None:
        self.notebook = copy.deepcopy(canonical)
        self.notebook.cells = []
        self.student_cells: list[str] = []
        taken = {cell.id for cell in canonical.cells}
        self._ids = (name for name in map("own-{}".format, count(1)) if name not in taken)

    def add_canonical(self, slot: Slot, fill: Fill) -> None:
        """Append a canonical cell, with the text of `fill` if there is one."""
        cell = nbformat.from_dict(slot.cell)  # a copy, and sooner made than by deepcopy
        if slot.is_code:
            cell.outputs, cell.execution_count = [], None
        if fill.text is not None:
            cell.source = fill.text
            if fill.images:
                cell.attachments = nbformat.from_dict(fill.images)
        if fill.by_student:
            self.student_cells.append(cell.id)
        self.notebook.cells.append(cell)

    def add_own(self, piece: Piece) -> None:
        """Append a cell of the student's own, without metadata; empty ones are left out."""
        if not piece.text.strip():
            return
        cell: dict[str, Any] = {"id": next(self._ids), "metadata": {}}
        if piece.kind == "code":
            cell |= {"cell_type": "code", "outputs": [], "execution_count": None}
            cell["source"] = piece.text
        else:
            # A raw cell too: nbconvert copies the text of raw cells into its pages as it is.
            text, images = embed(piece.text, piece.images)
            cell |= {"cell_type": "markdown", "source": text}
            if images:
                cell["attachments"] = images
        self.student_cells.append(cell["id"])
        self.notebook.cells.append(nbformat.from_dict(cell))


def _free_changed_copies(pieces: list[Piece], slots: dict[str, Slot]) -> None:
    """Make the student's own what was written into a copy of a locked cell.

    Of several cells with the name of a locked one, the first that says what the release says
    stands for it, else the first.
    """
    standing: dict[str, Piece] = {}
    for piece in pieces:
        if piece.owner is None or slots[piece.owner].editable:
            continue
        first = standing.setdefault(piece.owner, piece)
        if slots[piece.owner].says(piece.text) and not slots[piece.owner].says(first.text):
            standing[piece.owner] = piece
    for piece in pieces:
        name = piece.owner
        if name in standing and standing[name] is not piece and not slots[name].says(piece.text):
            piece.owner = None


def _own_cells(pieces: list[Piece]) -> tuple[list[Piece], dict[str, list[Piece]]]:
    """Return the student's own cells: those at the top, and those after each canonical cell.

    A later copy of a canonical cell anchors nothing: what follows it stays where it stood.
    """
    top: list[Piece] = []
    followers: dict[str, list[Piece]] = {}
    current = top
    for piece in pieces:
        if piece.owner is None:
            current.append(piece)
        elif piece.owner not in followers:
            current = followers.setdefault(piece.owner, [])
    return top, followers


def _defined(pieces: list[Piece], slots: dict[str, Slot]) -> set[str]:
    """Return the names that the code of the student defines, in whatever cell."""
    return {
        name
        for piece in pieces
        if piece.owner is None or slots[piece.owner].editable
        for name in piece.defines
    }


def _note_kernel(submitted: dict[str, Any], canonical: NotebookNode, notes: list[str]) -> None:
    ours = canonical.metadata.get("kernelspec", {}).get("name")
    theirs = submitted.get("metadata", {}).get("kernelspec", {}).get("name", ours)
    if theirs != ours:
        notes.append(f"The kernel was {quoted(theirs)}; it was set back to {quoted(ours or '')}.")


def _note_order(pieces: list[Piece], slots: dict[str, Slot], notes: list[str]) -> None:
    seen = dict.fromkeys(piece.owner for piece in pieces if piece.owner is not None)
    places = [slots[name].index for name in seen]
    if places != sorted(places):
        notes.append("Cells had been moved; they stand in the release's order again.")
