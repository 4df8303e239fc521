"""How much is in a scratch folder that lies on the host's disk.

Whoever fills it goes on meanwhile, and may try to hide what is there.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from autograder.limits import Limits
from autograder.session.process import Room

DEPTH = 200
"""How deep a scratch folder may be: each level takes a descriptor of ours to look into."""
TRIES = 10


def measure(folder: Path, limits: Limits, pid: int | None = None) -> Room:
    """Measure a scratch folder, no further than its limits.

    Parameters
    ----------
    folder
        The folder.
    limits
        What it may hold.
    pid
        The process that uses it: what it has deleted and still holds open is counted too.
    """
    tally = _Tally(limits)
    try:
        if pid is not None:
            tally.size += _nameless(folder, pid, limits)
        # By descriptors, not by paths: a folder that is renamed meanwhile stays the same.
        place = _open(folder)
    except FileNotFoundError:
        return tally.room()
    except OSError:
        tally.hidden = True
        return tally.room()
    try:
        _count(place, tally, depth=0)
    finally:
        os.close(place)
    return tally.room()


class _Tally:
    """What has been counted so far."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.size = 0
        self.files = 0
        self.hidden = False

    @property
    def full(self) -> bool:
        """Whether there is too much already, or something that cannot be counted."""
        too_big = self.size > self._limits.scratch_mb * 2**20
        return self.hidden or too_big or self.files > self._limits.scratch_files

    def room(self) -> Room:
        """Return the result."""
        return Room(self.size / 2**20, self.files, self.hidden)


def _count(place: int, tally: _Tally, depth: int) -> None:
    """Count what is in an open folder and below it.

    What has another name, or none, as soon as it is looked at is looked for again: names that
    change all the time would else hide what they name.
    """
    seen: set[int] = set()
    for _ in range(TRIES):
        missed = False
        try:
            with os.scandir(place) as entries:
                for entry in entries:
                    if tally.full:
                        return
                    if entry.inode() in seen:
                        continue
                    try:
                        _count_one(place, entry, tally, depth)
                        seen.add(entry.inode())
                    except FileNotFoundError:
                        missed = True
        except OSError:
            # Not to be listed or opened: no honest program does that.
            tally.hidden = True
        if not missed or tally.hidden:
            return
    tally.hidden = True


def _count_one(place: int, entry: os.DirEntry[str], tally: _Tally, depth: int) -> None:
    status = entry.stat(follow_symlinks=False)
    inner = None
    if stat.S_ISDIR(status.st_mode):
        if depth == DEPTH:
            tally.hidden = True
            return
        inner = _open(entry.name, place)
    tally.files += 1
    tally.size += status.st_blocks * 512
    if inner is not None:
        try:
            _count(inner, tally, depth + 1)
        finally:
            os.close(inner)


def _open(folder: Path | str, place: int | None = None) -> int:
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=place)


def _nameless(folder: Path, pid: int, limits: Limits) -> int:
    """Return the bytes of deleted files that a process holds by a descriptor or a mapping.

    Raises
    ------
    OSError
        It is not to be looked at.
    """
    process = Path(f"/proc/{pid}")
    held: dict[int, int] = {}
    with suppress(FileNotFoundError, ProcessLookupError):
        for descriptor in (process / "fd").iterdir():
            with suppress(FileNotFoundError, ProcessLookupError):
                status = descriptor.stat()
                if stat.S_ISREG(status.st_mode) and not status.st_nlink:
                    held[status.st_ino] = status.st_blocks * 512
        for line in (process / "maps").read_text(errors="replace").splitlines():
            if line.endswith(" (deleted)") and f" {folder}/" in line:
                span, _, _, _, inode = line.split()[:5]
                if int(inode) not in held:
                    held[int(inode)] = _mapped(process / "map_files" / span, limits)
    return sum(held.values())


def _mapped(place: Path, limits: Limits) -> int:
    """Return the bytes of a mapped file: one page of it holds all of it."""
    try:
        return place.stat().st_blocks * 512
    except OSError:
        # Only root may look. Honest code has a descriptor beside the mapping, as of `mmap.mmap`.
        return limits.file_mb * 2**20
