"""What a hostile case is made of."""

from __future__ import annotations

import json
import platform
import re
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.limits import Limits
from autograder.results import Grade

QUICK = Limits(
    cell_cpu=1.5, notebook_cpu=15.0, wall_factor=10.0, wall_extra=10.0, notebook_wall=120.0
)
"""A call of the hostile course may take 1 CPU second, so 20 s in all: the machine may be busy."""

SLEEPY = Limits(
    cell_cpu=1.5, notebook_cpu=15.0, wall_factor=2.0, wall_extra=1.5, notebook_wall=60.0
)
"""For attacks that wait, which only the clock on the wall ends: 3.5 s a call."""

EVERYWHERE = (3, 1)
BY_NUMBER = EVERYWHERE if platform.machine() == "x86_64" else ()
"""Where system calls are made by their numbers: elsewhere these are others."""

Notebook = dict[str, Any]
Write = Callable[[Notebook, Path, "World"], None]


@dataclass(frozen=True)
class World:
    """What the attacker is assumed to know: where everything lies.

    Parameters
    ----------
    course
        The course's root, with gradebook, key, solutions and other students' submissions.
    home
        The home folder of whoever grades.
    repository
        The checkout of the suite itself.
    packages
        The folder from which whoever grades imports.
    mark
        Part of every file name and process that an attack makes, so that leftovers are found.
    port
        Where something of the host's listens, on TCP and on UDP.
    """

    course: Path
    home: Path
    repository: Path
    packages: Path
    mark: str
    port: int

    def fill(self, source: str) -> str:
        """Put what is known into an attack: ``@course@``, ``@mark@``, ..."""
        return re.sub(r"@(\w+)@", lambda m: str(getattr(self, m[1])), source)


@dataclass(frozen=True)
class Lost:
    """How an exercise ends that earns nothing.

    Parameters
    ----------
    says
        Pattern that is found in the message: what the student is told.
    status
        The exercise's status; several where the kernel may choose.
    """

    says: str
    status: str = "error"


@dataclass(frozen=True)
class Seen:
    """What an attack left on our side, for a case that looks closer."""

    grade: Grade
    notebook: Any
    page: Callable[[], str]


@dataclass(frozen=True)
class Attack:
    """One submission.

    Parameters
    ----------
    name
        What it tries, in a few words.
    cells
        Sources by exercise; the others are solved honestly and must earn their points.
    lost
        How each attacked exercise ends.
    write
        Changes the submitted notebook, or writes the submission's folder itself.
    status
        Of the notebook.
    reason
        Pattern found in the grade's reason, or among its repairs.
    limits
        Deadlines and sizes.
    levels
        Where it is tried, if not wherever its case is.
    look
        Further assertions.
    """

    name: str
    cells: Mapping[str, str] = field(default_factory=dict)
    lost: Mapping[str, Lost] = field(default_factory=dict)
    write: Write | None = None
    status: str = "graded"
    reason: str = ""
    limits: Limits = QUICK
    levels: tuple[int, ...] = EVERYWHERE
    look: Callable[[Seen], None] | None = None


@dataclass(frozen=True)
class Case:
    """One numbered case of the hostile list.

    Parameters
    ----------
    number
        Its number.
    title
        What it does.
    held_by
        What holds it, by level. A level that is missing cannot hold it.
    attacks
        Submissions that try.
    gap
        Why a level cannot.
    """

    number: int
    title: str
    held_by: Mapping[int, str]
    attacks: tuple[Attack, ...]
    gap: str = ""


def both(text: str) -> dict[int, str]:
    """What holds a case at either level."""
    return {3: text, 1: text}


def code(source: str) -> str:
    """Return a source without its common indent."""
    return textwrap.dedent(source).strip("\n")


def attack(
    name: str,
    source: str,
    says: str,
    status: str = "error",
    *,
    on: str = "double",
    **more: Any,
) -> Attack:
    """Return an attack by the solution cell of one exercise."""
    return Attack(name, {on: code(source)}, {on: Lost(says, status)}, **more)


def together(name: str, *attacks: Attack, **more: Any) -> Attack:
    """Return several attacks on different exercises as one submission."""
    cells = {on: source for part in attacks for on, source in part.cells.items()}
    lost = {on: end for part in attacks for on, end in part.lost.items()}
    return Attack(name, cells, lost, **more)


def solution(notebook: Notebook, name: str) -> Notebook:
    """Return the cell of a submitted notebook with a grade_id."""
    found: Notebook = next(
        cell
        for cell in notebook["cells"]
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == name
    )
    return found


def save(notebook: Notebook, folder: Path) -> Path:
    """Write a notebook, however broken, under the name that is asked for."""
    path = folder / "target.ipynb"
    path.write_text(json.dumps(notebook), encoding="utf-8")
    return path
