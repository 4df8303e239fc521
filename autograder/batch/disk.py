"""What is said when the disk does not take what a run writes."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from autograder.errors import CourseError

FULL = tuple(getattr(errno, name) for name in ("ENOSPC", "EDQUOT") if hasattr(errno, name))


def is_full(error: BaseException) -> bool:
    """Whether the disk, or what one may have of it, is full: then nothing else can be written."""
    return isinstance(error, OSError) and error.errno in FULL


def full(path: Path) -> OSError:
    """Return the error of a full disk, for what says it in words of its own."""
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))


def trouble(error: OSError, place: Path) -> CourseError:
    """Say what went wrong with a file.

    Parameters
    ----------
    error
        What the system says.
    place
        What is named if the system names nothing.
    """
    path = Path(os.fsdecode(error.filename)) if isinstance(error.filename, str | bytes) else place
    said = error.strerror or str(error)
    if is_full(error):
        return CourseError(f"could not be written: {said}. Free some and run it again.", path=path)
    return CourseError(f"could not be read or written: {said}. Run it again.", path=path)


@contextmanager
def in_words(place: Path) -> Iterator[None]:
    """Raise `CourseError` for what the system says of files; `place` as in `trouble`."""
    try:
        yield
    except OSError as error:
        raise trouble(error, place) from error
