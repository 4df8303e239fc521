"""Records of grades, one JSON file per submission, for people and for later runs."""

from __future__ import annotations

import json
from pathlib import Path

from autograder.course import Course
from autograder.render import inert_json
from autograder.results import Grade

RECORDS = Path(".autograder") / "grades"


def write_record(course: Course, student: str, grade: Grade) -> Path:
    """Write ``.autograder/grades/<assignment>/<student>.json`` and return its path."""
    path = course.root / RECORDS / grade.assignment / f"{student}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".draft")
    text = json.dumps(inert_json(grade.as_json()), indent=1, ensure_ascii=True)
    draft.write_text(text + "\n", encoding="utf-8")
    draft.replace(path)
    return path
