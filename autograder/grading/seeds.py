"""Secret and reproducible inputs: seeds from a course key.

The seed of an assignment's run is an HMAC of the course key and the assignment's version. The seed
of a submission in that run is an HMAC of its code under the run's seed, and each check's seed
follows from it. So nobody without the key can know the inputs beforehand, and what a submission
tells about the inputs that it saw (in the text of an exception, say) is of no use to any other, nor
to itself when one letter of its code is changed.

The run's seed is recorded with the grade: with it and the same file the grade can be made again.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from autograder.checks.model import Check
from autograder.course import HIDDEN_CHECKS, Assignment, Course
from autograder.session.far import Cell

KEY_FILE = Path(".autograder") / "course.key"


def secrets_of(course: Course) -> tuple[Path, ...]:
    """Return files of the course that no student's code may read."""
    return (course.root / KEY_FILE, *sorted(course.solutions.glob(f"*/{HIDDEN_CHECKS}")))


def course_key(course: Course, *, renew: bool = False) -> bytes:
    """Return the course's secret key, made at first use.

    Parameters
    ----------
    course
        Its root holds ``.autograder/course.key`` (mode 0600, never committed).
    renew
        Make a new one: all hidden inputs change.
    """
    path = course.root / KEY_FILE
    if renew:
        path.unlink(missing_ok=True)
    if not path.is_file():
        path.parent.mkdir(exist_ok=True)
        _create(path, secrets.token_hex(32))
    return path.read_text(encoding="ascii").strip().encode()


def _create(path: Path, text: str) -> None:
    """Write a file that only its owner reads, whole or not at all; the first writer wins."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def run_seed(key: bytes, assignment: Assignment) -> str:
    """Return the seed of an assignment's run, as hexadecimal text; grades record it."""
    message = f"{assignment.name}\0{assignment.version}".encode()
    return hmac.new(key, message, hashlib.sha256).hexdigest()[:32]


def submission_seed(seed: str, cells: Sequence[Cell]) -> str:
    """Return the seed of one submission's hidden inputs in the run `seed`, as hexadecimal text.

    Parameters
    ----------
    seed
        Of the run.
    cells
        What is executed of the restored notebook. Equal code gets equal inputs, whoever hands it
        in and whatever else (outputs, written answers) the file holds.
    """
    message = json.dumps([[cell.id, cell.source] for cell in cells]).encode()
    return hmac.new(seed.encode(), message, hashlib.sha256).hexdigest()[:32]


def check_seed(seed: str, check: Check) -> int:
    """Return the seed of one check of the submission with the seed `seed`."""
    text = f"{seed}\0{check.exercise}\0{check.title}".encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:8], "big")
