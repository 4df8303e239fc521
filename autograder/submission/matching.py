"""Find the canonical cell that a submitted cell belongs to.

By its grade_id; where that is lost (some editors drop metadata), by its cell id, then by what it
defines or says. What belongs to none is a cell of the student's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from nbformat import NotebookNode

from autograder.submission.attachments import Images
from autograder.submission.notes import UNKNOWN, quoted

# A pattern, not the parser: parsing is linear in time only for code that means well. At worst a
# text inside a string is taken for a definition.
_DEFINITION = re.compile(r"^(?:async[ \t]+)?(?:def|class)[ \t]+(\w+)", re.MULTILINE)

_INDENTED = re.compile(r"^([ \t]+)\S", re.MULTILINE)
_WORDS = "return|yield|elif|else|except|finally|break|continue"
_METHOD = r"def[ \t]+\w+[ \t]*\([ \t]*self"
_INNER = re.compile(rf"^([ \t]+)(?:{_WORDS}|{_METHOD})\b", re.MULTILINE)
"""Lines that stand inside a function, class or loop only."""


@dataclass
class Slot:
    """One canonical cell.

    Parameters
    ----------
    cell
        As the release has it.
    index
        Its place there.
    """

    cell: NotebookNode
    index: int
    name: str = field(init=False)
    editable: bool = field(init=False)
    """Whether the text is the student's: a solution cell or a written answer."""

    def __post_init__(self) -> None:
        marks = self.cell.metadata.get("nbgrader", {})
        self.name = marks.get("grade_id") or self.cell.id
        self.editable = bool(marks.get("solution", False))

    @property
    def is_code(self) -> bool:
        """Whether it is a code cell."""
        return bool(self.cell.cell_type == "code")

    def says(self, text: str) -> bool:
        """Whether `text` is what the release has here."""
        return bool(text.strip() == self.cell.source.strip())


@dataclass
class Piece:
    """One submitted cell, and the name of the canonical cell it belongs to, if any."""

    kind: str
    text: str
    images: Images
    marks: dict[str, Any]
    id: str
    owner: str | None = None

    @property
    def defines(self) -> Iterator[str]:
        """Names of the functions and classes at top level."""
        if self.kind == "code":
            yield from _DEFINITION.findall(self.text)


def pieces_of(submitted: dict[str, Any]) -> list[Piece]:
    """Return the cells of a triaged notebook."""
    return [
        Piece(
            cell["cell_type"],
            cell["source"],
            cell.get("attachments", {}),
            cell["metadata"].get("nbgrader", {}),
            cell.get("id", ""),
        )
        for cell in submitted["cells"]
    ]


def match(pieces: list[Piece], slots: dict[str, Slot], notes: list[str]) -> None:
    """Set the `owner` of each piece; note what had to be recognised."""
    for piece in pieces:
        name = piece.marks.get("grade_id")
        if isinstance(name, str) and name in slots:
            piece.owner = name
        elif isinstance(name, str) and name:
            notes.append(UNKNOWN.format(quoted(name)))
    recognised = _match_by_id(pieces, slots)
    recognised += _match_by_text(pieces, slots)
    recognised += _match_by_definition(pieces, slots)
    recognised += _match_by_place(pieces, slots)
    if recognised:
        notes.append(
            "Cells without nbgrader metadata were recognised by their id, text or place: "
            f"{recognised}."
        )
    _join_split(pieces, slots, notes)


def starts_indented(text: str) -> bool:
    """Whether the first line that is not blank begins with a space or tab."""
    return next((line for line in text.split("\n") if line.strip()), "")[:1] in (" ", "\t")


def _join_split(pieces: list[Piece], slots: dict[str, Slot], notes: list[str]) -> None:
    """Join the second part of a split solution cell, which has no metadata, to the first."""
    parts: list[list[Piece]] = []
    open_at = -1  # the group that an indented cell would go on
    for piece in pieces:
        if open_at >= 0 and piece.owner is None and _goes_on(parts[open_at][-1].text, piece):
            parts[open_at].append(piece)
            continue
        parts.append([piece])
        if piece.text.strip():  # an empty cell in between separates nothing
            editable = piece.owner is not None and slots[piece.owner].editable
            open_at = len(parts) - 1 if editable and piece.kind == "code" else -1
    for first, *rest in parts:
        if rest:
            first.text = "\n".join(part.text for part in (first, *rest))
            notes.append(f"{first.owner} had been split; its parts were joined.")
    pieces[:] = [group[0] for group in parts]


def _goes_on(text: str, piece: Piece) -> bool:
    """Whether a cell can only be the rest of `text`.

    A cell that is indented as a whole runs by itself in Jupyter, which takes the indent away, so
    that alone says nothing. It must belong to a block that began before it.
    """
    if piece.kind != "code" or not starts_indented(piece.text):
        return False
    first = _INDENTED.search(piece.text)
    outer = len(first[1]) if first else 0
    return text.rstrip().endswith((":", ",", "(", "[", "\\")) or any(
        len(indent) <= outer for indent in _INNER.findall(piece.text)
    )


def _free(pieces: list[Piece], slots: dict[str, Slot]) -> dict[str, Slot]:
    taken = {piece.owner for piece in pieces}
    return {name: slot for name, slot in slots.items() if name not in taken}


def _match_by_id(pieces: list[Piece], slots: dict[str, Slot]) -> int:
    free = _free(pieces, slots)
    found = [piece for piece in pieces if piece.owner is None and piece.id in free]
    for piece in found:
        piece.owner = piece.id
    return len(found)


def _match_by_text(pieces: list[Piece], slots: dict[str, Slot]) -> int:
    """Recognise locked cells. Untouched answers all look alike: their place tells them apart."""
    free: dict[str, list[str]] = {}
    for slot in reversed(_free(pieces, slots).values()):
        if not slot.editable:
            free.setdefault(slot.cell.source.strip(), []).append(slot.name)
    found = 0
    for piece in pieces:
        names = free.get(piece.text.strip())
        if piece.owner is None and names:
            piece.owner = names.pop()
            found += 1
    return found


def _match_by_definition(pieces: list[Piece], slots: dict[str, Slot]) -> int:
    """Recognise solutions by the function or class that they define."""
    free = {name for name, slot in _free(pieces, slots).items() if slot.editable and slot.is_code}
    found = 0
    for piece in pieces:
        if piece.owner is None:
            piece.owner = next((name for name in piece.defines if name in free), None)
            found += piece.owner is not None
    return found


def _match_by_place(pieces: list[Piece], slots: dict[str, Slot]) -> int:
    """Recognise a written answer by the question right before it.

    It cannot stay a cell of the student's own: nbgrader gives an untouched answer zero without
    showing it to a person.
    """
    free = _free(pieces, slots)
    order = list(slots)
    found = 0
    for before, piece in pairwise(pieces):
        if before.owner is None or piece.owner is not None or piece.kind != "markdown":
            continue
        place = slots[before.owner].index + 1
        name = order[place] if place < len(order) else ""
        if name in free and slots[name].editable and not slots[name].is_code:
            piece.owner = name
            del free[name]
            found += 1
    return found
