"""Judge a submitted file: a bounded notebook comes out, or `Rejected` with a reason.

What comes out is plain JSON that holds only what `restore` reads: the cells' types, ids, text and
images, their nbgrader marks, and the kernel's name. Outputs are never looked at.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.errors import Rejected
from autograder.submission.cells import (
    FIRST_MINOR_WITH_IDS,
    NBFORMAT,
    bounded_cell,
    kernel,
    raw_cells,
)
from autograder.submission.notes import bounded, quoted
from autograder.submission.reading import FETCH_AGAIN, LIMITS, Limits, read_json

NOTEBOOK = re.compile(r"\.ipynb(\.(txt|json))?$", re.IGNORECASE)
"""Browsers like to add an extension of their own."""

_MAX_CANDIDATES = 20


@dataclass(frozen=True)
class Triaged:
    """A submission that can be read.

    Parameters
    ----------
    notebook
        ``{"cells": [...], "metadata": {...}, "nbformat": 4, "nbformat_minor": 5}``; every cell
        has ``cell_type``, ``source`` (one string) and ``metadata``, some have ``id`` and
        ``attachments``.
    repairs
        What was mended on the way, one sentence each.
    """

    notebook: dict[str, Any]
    repairs: tuple[str, ...] = ()


def triage(path: Path, limits: Limits = LIMITS) -> Triaged:
    """Read a submitted notebook; nothing on disk is changed.

    Parameters
    ----------
    path
        Any path; the student chose what lies there.
    limits
        What it may cost.

    Raises
    ------
    Rejected
        The file cannot be read as a notebook.
    """
    notes: list[str] = []
    tree = read_json(path, limits, notes)
    if not isinstance(tree, dict):
        raise Rejected(f"The file is JSON, but no notebook. {FETCH_AGAIN}")
    cells = [bounded_cell(raw, notes) for raw in raw_cells(tree, limits, notes)]
    characters = sum(len(cell["source"]) for cell in cells)
    if characters > limits.characters:
        raise Rejected(
            f"The notebook's cells hold {characters} characters; at most {limits.characters} are "
            "read. Take data out of the cells and hand the notebook in again."
        )
    notebook = {
        "cells": cells,
        "metadata": kernel(tree.get("metadata")),
        "nbformat": NBFORMAT,
        "nbformat_minor": FIRST_MINOR_WITH_IDS,
    }
    return Triaged(notebook, bounded(notes))


def locate(
    folder: Path, stem: str, known: Collection[str] = (), limits: Limits = LIMITS
) -> tuple[Path, tuple[str, ...]]:
    """Find the notebook of a submission, under its own name or a changed one.

    Parameters
    ----------
    folder
        The submission's folder. If no notebook lies directly in it, but in the only folder in it
        (an archive that was unpacked a level too deep), then that one is read.
    stem
        The notebook's name without ``.ipynb``.
    known
        The release's grade_ids: of several renamed notebooks, the one that holds most of them is
        meant. Any grade_id counts if none are given.
    limits
        What looking into several candidates may cost.

    Returns
    -------
    path
        The file to triage. It may be anything but a regular file.
    repairs
        What was done to find it.

    Raises
    ------
    Rejected
        There is no notebook, or more than one that could be meant.
    """
    expected = f"{stem}.ipynb"
    names, folders = listing(folder)
    notebooks = [name for name in names if NOTEBOOK.search(name)]
    if expected in notebooks:
        others = ", ".join(quoted(name) for name in notebooks[:4] if name != expected)
        notes = (f"Only {expected} was read, not {others}.",) if others else ()
        return folder / expected, notes
    if not notebooks:
        return _in_the_only_folder(folder, expected, names, folders)
    like = [name for name in notebooks if _plain_name(name) == _plain_name(expected)]
    best = _fullest(folder, like or notebooks, known, limits)
    if len(best) > 1:
        found = ", ".join(quoted(name) for name in best[:4])
        raise Rejected(
            f"There is no {expected}, and it is not clear which of {found} is meant. Hand in one "
            "notebook under that name."
        )
    return folder / best[0], (f"The notebook {quoted(best[0])} was read as {expected}.",)


def _in_the_only_folder(
    folder: Path, expected: str, names: list[str], folders: list[str]
) -> tuple[Path, tuple[str, ...]]:
    """Return the notebook that lies one folder too deep; raise `Rejected` if there is none."""
    if len(folders) == 1:
        path = folder / folders[0] / expected
        try:
            # A link was no folder for `listing`, and is no regular file here.
            regular = stat.S_ISREG(path.lstat().st_mode)
        except OSError:
            regular = False
        if regular:
            return path, (
                f"{expected} was read from the folder {quoted(folders[0])}, in which it lay.",
            )
    found = [quoted(name) for name in names[:3]]
    found += [f"a folder {quoted(name)}" for name in folders[:3]]
    reason = f"There is no notebook: expected {expected}, found {', '.join(found) or 'nothing'}."
    if folders:
        reason += " The notebook must lie directly in what is handed in, not in a folder of it."
    raise Rejected(reason)


def listing(folder: Path) -> tuple[list[str], list[str]]:
    """Return the names of the files and of the folders in a submission's folder, sorted.

    Hidden ones are left out, and so is what macOS adds to archives. Raises `Rejected` if it cannot
    be read.
    """
    try:
        # A linked folder would hand in somebody else's work, or read the grader's files.
        if not stat.S_ISDIR(folder.lstat().st_mode):
            raise Rejected("The submission is not a folder.")
        files: list[str] = []
        folders: list[str] = []
        with os.scandir(folder) as entries:
            for entry in entries:
                inside = entry.is_dir(follow_symlinks=False)
                if not entry.name.startswith((".", "__MACOSX")):
                    (folders if inside else files).append(entry.name)
    except FileNotFoundError:
        raise Rejected("Nothing was handed in.") from None
    except OSError as error:
        raise Rejected(f"The submission could not be read: {error.strerror}.") from None
    return sorted(files), sorted(folders)


def _plain_name(name: str) -> str:
    """Return a file name without what systems and people add: case, spaces, copies, numbers."""
    plain = NOTEBOOK.sub("", name).casefold().replace(".ipynb", "")
    plain = re.sub(r"^copy[ _-]of[ _-]|[ _-]*\(\d{1,3}\)|[ _-]+copy[ _-]?\d{0,3}$", "", plain)
    return re.sub(r"[\s_-]+", "_", plain).strip("_")


def _fullest(folder: Path, names: list[str], known: Collection[str], limits: Limits) -> list[str]:
    """Return those of `names` whose notebooks hold the most known grade_ids."""
    if len(names) == 1:
        return names
    counts: dict[str, int] = {}
    for name in names[:_MAX_CANDIDATES]:
        try:
            cells = triage(folder / name, limits).notebook["cells"]
        except Rejected:
            counts[name] = -1
            continue
        ids = {cell["metadata"].get("nbgrader", {}).get("grade_id") for cell in cells} - {None}
        counts[name] = len(ids & set(known) if known else ids)
    most = max(counts.values())
    return [name for name, count in counts.items() if count == most]
