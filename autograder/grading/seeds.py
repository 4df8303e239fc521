"""Secret and reproducible inputs: seeds from a course key.

The seed of an assignment's run is an HMAC of the course key and the assignment's version; each
check's seed follows from it. It is recorded with the grade, so any grade can be made again, and
nobody without the key can know the inputs beforehand.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from autograder.checks.model import Check
from autograder.course import HIDDEN_CHECKS, Assignment, Course

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
    """Return the seed of an assignment's hidden inputs, as hexadecimal text."""
    message = f"{assignment.name}\0{assignment.version}".encode()
    return hmac.new(key, message, hashlib.sha256).hexdigest()[:32]


def check_seed(seed: str, check: Check) -> int:
    """Return the seed of one check in the run `seed`."""
    text = f"{seed}\0{check.exercise}\0{check.title}".encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:8], "big")
