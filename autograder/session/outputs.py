"""A cell's outputs as the student's process reports them: doubted, bounded, reduced to texts."""

from __future__ import annotations

import json
from typing import Any

from autograder.values import clean

MAX_CELL = 4 * 2**20
"""Characters of JSON that are read of one cell; what the shell keeps is well below."""

MAX_NOTEBOOK = 16 * 2**20
"""Characters of JSON that are read of one notebook."""

MAX_OUTPUTS = 1000

Output = dict[str, Any]


def read_outputs(text: str, room: int = MAX_NOTEBOOK) -> list[Output]:
    """Return outputs of nbformat's kinds, every part of them a text.

    Parameters
    ----------
    text
        JSON, or anything.
    room
        Characters that may still be read of this notebook.
    """
    if len(text) > min(MAX_CELL, room):
        limit = f"of more than {MAX_CELL // 2**20} MB" if len(text) > MAX_CELL else "past 16 MB"
        return [stream(f"[outputs {limit} were dropped]\n")]
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return []
    raw = [output for output in found if isinstance(output, dict)] if type(found) is list else []
    return [output for output in map(_output, raw[:MAX_OUTPUTS]) if output]


def stream(text: str) -> Output:
    """Return an output that is printed text."""
    return {"output_type": "stream", "name": "stdout", "text": text}


def _output(raw: Output) -> Output | None:
    kind = raw.get("output_type")
    if kind == "stream":
        return stream(_text(raw.get("text")))
    if kind == "error":
        return {"output_type": kind} | {k: _text(raw.get(k)) for k in ("ename", "evalue")}
    data = raw.get("data")
    if kind in ("display_data", "execute_result") and isinstance(data, dict):
        texts = {clean(mime): clean(part) for mime, part in data.items() if isinstance(part, str)}
        return {"output_type": kind, "data": texts}
    return None


def _text(value: object) -> str:
    # JSON can hold halves of characters, which no file can.
    return clean(value) if isinstance(value, str) else ""
