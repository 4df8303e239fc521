"""Records of grades, one JSON file per submission, for people and for later runs."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec

from autograder.course import Course
from autograder.render import inert_json
from autograder.results import Grade

RECORDS = Path(".autograder") / "grades"

MAX_NAME_BYTES = 200
"""Most file systems take names of 255 bytes; a record's has an ending, too."""


@dataclass(frozen=True)
class Written:
    """What the batch command knows of a grade that stands in the gradebook.

    Parameters
    ----------
    key
        Of the result that was written, see `autograder.batch.keys`.
    content
        Of the submission.
    terms
        Of what else decides what stands in the gradebook: due date, time of submission.
    late
        Points that were taken off for lateness.
    """

    key: str
    content: str = ""
    terms: str = ""
    late: float = 0.0


def write_record(
    course: Course, student: str, grade: Grade, written: Written | None = None
) -> Path:
    """Write ``.autograder/grades/<assignment>/<student>.json`` and return its path.

    A very long name is cut, and ends with a hash of all of it.
    """
    path = record_path(course, student, grade.assignment)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.draft")
    tree = inert_json(grade.as_json())
    if written is not None and isinstance(tree, dict):
        tree["batch"] = asdict(written)
    text = json.dumps(tree, indent=1, ensure_ascii=True)
    draft.write_text(text + "\n", encoding="utf-8")
    draft.replace(path)
    return path


def read_record(course: Course, student: str, assignment: str) -> dict[str, Any] | None:
    """Return the record of a grade as JSON; None if there is none that can be read."""
    try:
        tree = msgspec.json.decode(record_path(course, student, assignment).read_bytes())
    except (OSError, msgspec.MsgspecError, ValueError):
        return None
    return tree if isinstance(tree, dict) else None


def written_of(record: dict[str, Any] | None) -> Written:
    """Return what the batch command noted in a record; a key of "" if it noted nothing."""
    try:
        return msgspec.convert((record or {}).get("batch"), Written)
    except msgspec.ValidationError:
        return Written("")


def record_path(course: Course, student: str, assignment: str) -> Path:
    """Return where the record of a student's grade is, or would be."""
    return course.root / RECORDS / assignment / f"{_file_name(student)}.json"


def _file_name(student: str) -> str:
    name = os.fsencode(student)
    if len(name) <= MAX_NAME_BYTES:
        return student
    mark = hashlib.sha256(name).hexdigest()[:16]
    kept = name[: MAX_NAME_BYTES - len(mark) - 1].decode("utf-8", "ignore")
    return f"{kept}-{mark}"
