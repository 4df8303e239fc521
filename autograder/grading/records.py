"""Records of grades, one JSON file per submission, for people and for later runs."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

from autograder.course import Course
from autograder.render import inert_json
from autograder.results import Grade

RECORDS = Path(".autograder") / "grades"

MAX_NAME_BYTES = 200
"""Most file systems take names of 255 bytes; a record's has an ending, too."""


def write_record(course: Course, student: str, grade: Grade) -> Path:
    """Write ``.autograder/grades/<assignment>/<student>.json`` and return its path.

    A very long name is cut, and ends with a hash of all of it.
    """
    path = course.root / RECORDS / grade.assignment / f"{_file_name(student)}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.draft")
    text = json.dumps(inert_json(grade.as_json()), indent=1, ensure_ascii=True)
    draft.write_text(text + "\n", encoding="utf-8")
    draft.replace(path)
    return path


def _file_name(student: str) -> str:
    name = os.fsencode(student)
    if len(name) <= MAX_NAME_BYTES:
        return student
    mark = hashlib.sha256(name).hexdigest()[:16]
    kept = name[: MAX_NAME_BYTES - len(mark) - 1].decode("utf-8", "ignore")
    return f"{kept}-{mark}"
