"""Results by the key of what they depend on, one file each: what makes a run resumable.

A file is written whole or not at all, by whoever graded. What is read is decoded strictly, and what
cannot be decoded is graded again. Nothing here is pickled.
"""

from __future__ import annotations

import json
import os
import re
import zlib
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from autograder.batch.disk import trouble
from autograder.batch.work import Outcome
from autograder.errors import CourseError
from autograder.results import Grade

RESULTS = Path(".autograder") / "results"

MAX_BYTES = 200_000_000
"""Of a result, unpacked: a damaged file must not cost all memory."""

_ENDING = ".result"
_NAME = re.compile(r"[0-9a-z-]{1,80}")


@dataclass(frozen=True)
class _Stored:
    """An `Outcome` as it is in a file: without the student's folder."""

    name: str
    grade: Grade
    notebook: str
    key: str
    wall_seconds: float
    cpu_seconds: float
    attempts: int
    worker: int
    finished: str


class Store:
    """The results of one assignment.

    Parameters
    ----------
    folder
        Made at the first result.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, outcome: Outcome) -> str:
        """Write a result under its key, or a name for one reading if it has none; return that."""
        name = outcome.key or f"once-{os.getpid()}-{os.urandom(8).hex()}"
        stored = _Stored(
            name,
            outcome.grade,
            outcome.notebook,
            outcome.key,
            outcome.wall_seconds,
            outcome.cpu_seconds,
            outcome.attempts,
            outcome.worker,
            outcome.finished,
        )
        self.take_in(name, zlib.compress(_encoded(stored), 1))
        return name

    def get(self, name: str, folder: Path) -> Outcome | None:
        """Return a result as that of the submission in `folder`; None if there is none to be used.

        One without a key is removed: it is handed over once.
        """
        if not _NAME.fullmatch(name):
            return None
        path = self._path(name)
        try:
            unpacker = zlib.decompressobj()
            data = unpacker.decompress(path.read_bytes(), MAX_BYTES)
            found = msgspec.json.decode(data, type=_Stored) if unpacker.eof else None
        except (OSError, zlib.error, msgspec.MsgspecError, ValueError):
            found = None
        if found is None or found.name != name or found.key not in (name, ""):
            return None
        if not found.key:
            with suppress(OSError):
                path.unlink()
        return Outcome(
            folder,
            found.grade,
            found.notebook,
            found.key,
            found.wall_seconds,
            found.cpu_seconds,
            found.attempts,
            found.worker,
            found.finished,
        )

    def take_out(self, name: str) -> bytes:
        """Return a result as it is in its file, which is removed; empty if there is none."""
        if not _NAME.fullmatch(name):
            return b""
        try:
            data = self._path(name).read_bytes()
            self._path(name).unlink()
        except OSError:
            return b""
        return data

    def take_in(self, name: str, data: bytes) -> None:
        """Keep what another store's `take_out` gave; `get` looks at it."""
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name of a result")
        draft = self.folder / f"{name}.{os.getpid()}.draft"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            draft.write_bytes(data)
            draft.replace(self._path(name))
        except OSError as error:
            with suppress(OSError):
                draft.unlink()
            # In words: it ends the run, also when it comes from a worker.
            raise CourseError(str(trouble(error, self.folder))) from None

    def keys(self) -> set[str]:
        """Return the keys under which there is something; it may be damaged."""
        return {path.stem for path in self._files(_ENDING) if not path.stem.startswith("once-")}

    def tidy(self) -> None:
        """Remove what killed runs left behind; no other run may be at work."""
        for path in self._files(".draft"):
            path.unlink(missing_ok=True)
        for path in self._files(_ENDING):
            if path.stem.startswith("once-"):
                path.unlink(missing_ok=True)

    def drop(self, keys: Iterable[str]) -> None:
        """Remove these results."""
        for key in keys:
            if _NAME.fullmatch(key):
                self._path(key).unlink(missing_ok=True)

    def keep_only(self, keys: Collection[str]) -> None:
        """Remove all other results."""
        for path in self._files(_ENDING):
            if path.stem not in keys:
                path.unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}{_ENDING}"

    def _files(self, ending: str) -> list[Path]:
        with suppress(OSError):
            return [path for path in self.folder.iterdir() if path.name.endswith(ending)]
        return []


def _encoded(stored: _Stored) -> bytes:
    try:
        return msgspec.json.encode(stored)
    except UnicodeEncodeError:
        # A file's name that is no text, say. What no file can hold no gradebook could.
        tree = msgspec.to_builtins(stored)
        return json.dumps(tree, ensure_ascii=False).encode("utf-8", "replace")
