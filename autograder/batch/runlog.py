"""The log of a run: one JSON object a line, each on disk as soon as it has happened.

Names and texts in it are inert; nothing secret is in it.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Self

from autograder.render import inert_json

RUNS = Path(".autograder") / "runs"


class RunLog:
    """A new log.

    Parameters
    ----------
    root
        Of the course.
    assignment
        Its name becomes a part of the file's.
    """

    def __init__(self, root: Path, assignment: str) -> None:
        folder = root / RUNS
        folder.mkdir(parents=True, exist_ok=True)
        began = dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H-%M-%S-%f")[:-3]
        self.path = folder / f"{began}Z-{assignment}.jsonl"
        # Line buffered: what a killed run has done is in its log.
        self._file = self.path.open("x", encoding="ascii", buffering=1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):  # of a full disk; each line has been written when it was said
            self._file.close()

    def write(self, event: str, **fields: object) -> None:
        """Add a line: the time, what happened, and what belongs to it."""
        now = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
        line = {"time": now, "event": event, **fields}
        self._file.write(json.dumps(inert_json(line), ensure_ascii=True) + "\n")


def rounded(numbers: Mapping[str, float]) -> dict[str, float]:
    """Return measured numbers as a person would write them down."""
    return {name: round(number, 4) for name, number in numbers.items()}
