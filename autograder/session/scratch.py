"""Folders for sessions: making them, and removing what a student's code has left behind."""

from __future__ import annotations

import os
import re
import tempfile
from contextlib import suppress
from functools import lru_cache
from itertools import count
from pathlib import Path

import psutil

OWNER = 0o700
NAME = "autograder-{space}-{grader}-"
LEFT = re.compile(NAME.format(space=r"(\d+)", grader=r"(\d{1,9})") + r"[\w-]+")


def make_scratch() -> Path:
    """Make a folder for a session; the first time also remove those of graders that were killed."""
    _remove_left_once(tempfile.gettempdir())
    return Path(tempfile.mkdtemp(prefix=NAME.format(space=_space(), grader=os.getpid())))


def remove_left(place: str = "") -> None:
    """Remove the folders of graders that were killed."""
    with suppress(OSError), os.scandir(place or tempfile.gettempdir()) as entries:
        for entry in list(entries):
            name = LEFT.fullmatch(entry.name)
            if name is None or name[1] != _space() or psutil.pid_exists(int(name[2])):
                continue
            with suppress(OSError):
                if entry.is_dir(follow_symlinks=False) and _own(entry):
                    remove_tree(Path(entry.path))


_remove_left_once = lru_cache(remove_left)


@lru_cache
def _space() -> str:
    """Return which process numbers these are: containers that share a folder have others."""
    with suppress(OSError, AttributeError):
        return re.sub(r"\D", "", str(Path("/proc/self/ns/pid").readlink()))
    return "0"


def _own(entry: os.DirEntry[str]) -> bool:
    return not hasattr(os, "getuid") or entry.stat(follow_symlinks=False).st_uid == os.getuid()


def remove_tree(folder: Path) -> None:
    """Remove a folder and all that is in it; what cannot be removed stays.

    `shutil.rmtree` gives up on folders that may not be listed, on paths that are longer than the
    system takes, and at Python's recursion limit. So each folder in the tree is opened to its
    owner and moved up, beside `folder`, before it is looked into.

    Parameters
    ----------
    folder
        A folder of which no process makes use any more.
    """
    waiting = [folder]
    beside = (folder.with_name(f"{folder.name}-{number}") for number in count())
    while waiting:
        place = waiting.pop()
        with suppress(OSError), os.scandir(place) as entries:
            for entry in list(entries):
                with suppress(OSError):
                    if not entry.is_dir(follow_symlinks=False):
                        Path(entry.path).unlink()
                        continue
                    inner = Path(entry.path)
                    inner.chmod(OWNER)
                    moved = next(beside)
                    inner.rename(moved)
                    waiting.append(moved)
        with suppress(OSError):
            place.rmdir()
