"""Removing what a student's code has left behind, whatever it looks like."""

from __future__ import annotations

import os
from contextlib import suppress
from itertools import count
from pathlib import Path

OWNER = 0o700


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
