"""What stands in one canonical cell: the release's text, or what the student wrote.

Several cells with the name of one solution cell (copied or split cells) run as they did in the
student's kernel, in the document's order. An indented continuation is joined to the cell that it
was split from; any other part becomes a cell of the student's own right beside the solution. So a
copy with a syntax error in it, or with notes, does not take the solution down with it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from autograder.submission.attachments import Images, embed
from autograder.submission.matching import Piece, Slot, starts_indented
from autograder.submission.notes import CHANGED, DELETED, FORGED, UNDONE

COMPARED = ("grade", "solution", "locked", "task", "points", "cell_type", "schema_version")


@dataclass
class Fill:
    """What is put into a canonical cell and around it.

    Parameters
    ----------
    text
        The cell's text; None leaves the release's.
    by_student
        Whether the student wrote `text`.
    images
        Attachments of a written answer.
    before, after
        Other parts of the same name, which become cells of the student's own.
    """

    text: str | None = None
    by_student: bool = False
    images: Images = field(default_factory=dict)
    before: list[Piece] = field(default_factory=list)
    after: list[Piece] = field(default_factory=list)


def fill_slot(slot: Slot, bearers: list[Piece], defined: set[str], notes: list[str]) -> Fill:
    """Choose what stands in a canonical cell.

    Parameters
    ----------
    slot
        The canonical cell.
    bearers
        The submitted cells that belong to it, in the document's order.
    defined
        Names that the student's code defines anywhere.
    notes
        Is added to.
    """
    if any(_differs(slot, piece) for piece in bearers):
        notes.append(FORGED.format(slot.name))
    if not slot.editable:
        return _fill_locked(slot, bearers, notes)
    if not bearers:
        return _fill_deleted(slot, defined, notes)
    written = [piece for piece in bearers if not slot.says(piece.text)]
    # An emptied cell is a choice of the student's, but an empty copy is none.
    parts = [piece for piece in written if piece.text.strip()] or written[:1]
    if not parts:
        if len(bearers) > 1:
            notes.append(f"{slot.name} was there {len(bearers)} times, untouched.")
        return Fill()
    return (_fill_solution if slot.is_code else _fill_answer)(slot, parts, len(bearers), notes)


def _differs(slot: Slot, piece: Piece) -> bool:
    """Whether the nbgrader metadata of a submitted cell is not the release's."""
    ours = slot.cell.metadata.get("nbgrader", {})
    return any(
        piece.marks[key] != ours[key] if key in ours else piece.marks[key]
        for key in COMPARED
        if key in piece.marks
    )


def _fill_locked(slot: Slot, bearers: list[Piece], notes: list[str]) -> Fill:
    if not bearers:
        notes.append(DELETED.format(slot.name))
    elif not all(slot.says(p.text) and p.kind == slot.cell.cell_type for p in bearers):
        notes.append(CHANGED.format(slot.name))
    if len(bearers) > 1:
        notes.append(f"{slot.name} was there {len(bearers)} times; the copies were dropped.")
    return Fill()


def _fill_deleted(slot: Slot, defined: set[str], notes: list[str]) -> Fill:
    if slot.is_code and slot.name in defined:
        # The stub, put back, would run after that definition and replace it.
        notes.append(f"{slot.name} had been deleted; its definition in another cell counts.")
        return Fill(f"# {slot.name} is defined in another cell of this notebook.")
    notes.append(UNDONE.format(slot.name))
    return Fill()


def _fill_solution(slot: Slot, parts: list[Piece], times: int, notes: list[str]) -> Fill:
    units = _join_continuations(_without_repeats(parts))
    usable = [at for at, unit in enumerate(units) if unit.kind == "code"]
    if not usable:
        notes.append(
            f"{slot.name} had been turned into a {units[-1].kind} cell; its text counts as code."
        )
        usable = list(range(len(units)))
    defining = [at for at in usable if slot.name in units[at].defines]
    chosen = (defining or usable)[-1]
    if times > 1:
        notes.append(
            f"{slot.name} was there {times} times; all that was written in it runs in its place, "
            "in order."
        )
    return Fill(
        units[chosen].text, by_student=True, before=units[:chosen], after=units[chosen + 1 :]
    )


def _fill_answer(slot: Slot, parts: list[Piece], times: int, notes: list[str]) -> Fill:
    if any(piece.kind != "markdown" for piece in parts):
        notes.append(f"{slot.name} had been turned into another type of cell; its text counts.")
    texts: list[str] = []
    images: Images = {}
    for piece in _first_of_each(parts):
        text, shown = embed(piece.text, piece.images, first=len(images) + 1)
        texts.append(text)
        images |= shown
    if times > 1:
        notes.append(f"{slot.name} was there {times} times; the different texts were joined.")
    return Fill("\n\n".join(texts), by_student=True, images=images)


def _first_of_each(parts: Iterable[Piece]) -> list[Piece]:
    found: dict[str, Piece] = {}
    for piece in parts:
        found.setdefault(piece.text.strip(), piece)
    return list(found.values())


def _without_repeats(parts: list[Piece]) -> list[Piece]:
    """Drop identical copies but the last: the last definition wins, as in the kernel."""
    return _first_of_each(reversed(parts))[::-1]


def _join_continuations(parts: list[Piece]) -> list[Piece]:
    """Join what was split in the middle of a function or class: it starts with an indent."""
    units: list[list[Piece]] = []
    for piece in parts:
        if units and starts_indented(piece.text) and piece.kind == units[-1][-1].kind == "code":
            units[-1].append(piece)
        else:
            units.append([piece])
    return [replace(unit[0], text="\n".join(part.text for part in unit)) for unit in units]
