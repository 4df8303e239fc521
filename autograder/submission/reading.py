"""From a path to bounded JSON: nothing here trusts the file, or what kind of file it is."""

from __future__ import annotations

import codecs
import json
import os
import re
import stat
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

from autograder.errors import Rejected

SAVE_AGAIN = "Open the notebook in JupyterLab, save it and hand it in again."
FETCH_AGAIN = "Save or download the notebook again where you wrote it, and hand in that file."
"""Where JupyterLab could not open the file either."""


@dataclass(frozen=True)
class Limits:
    """What a submitted file may cost the grader.

    Parameters
    ----------
    file_bytes
        Size of the file. Honest notebooks full of figures stay far below.
    values
        Texts, lists, objects and their members in the whole file. The parser needs about 100
        bytes for each, so the size of a file alone does not bound its memory.
    depth
        Nesting of lists and objects. Far below Python's recursion limit, so that the verdict on
        a file depends neither on the Python version nor on who calls.
    cells
        Cells of the notebook.
    characters
        Text of all cells together, without outputs. A solved notebook has some 30 000; the pages
        that show it take time in proportion.
    """

    file_bytes: int = 50_000_000
    values: int = 2_000_000
    depth: int = 100
    cells: int = 2_000
    characters: int = 1_000_000


LIMITS = Limits()
"""What is used unless a caller says otherwise."""


def read_json(path: Path, limits: Limits, notes: list[str]) -> Any:
    """Return the JSON value in the file `path`; what had to be mended is added to `notes`.

    Raises
    ------
    Rejected
        It is no regular file, too large, not text, not JSON, or nested too deeply.
    """
    return _parse(_decode(read_regular(path, limits.file_bytes), notes), limits, notes)


_KINDS = (
    (stat.S_ISLNK, "a symbolic link"),
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISCHR, "a device"),
)


def read_regular(path: Path, limit: int) -> bytes:
    """Return the bytes of a regular file; raise `Rejected` if it is none, or too large."""
    # A link could name a file of the grader's; opening a pipe or a device could block for ever.
    flags = os.O_RDONLY
    for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_NOCTTY", "O_CLOEXEC", "O_BINARY"):
        flags |= getattr(os, name, 0)
    try:
        _require_regular(os.lstat(path))
        with os.fdopen(os.open(path, flags), "rb") as file:
            # Asked again of what was really opened: the path may have changed in between.
            status = os.fstat(file.fileno())
            _require_regular(status)
            _require_size(status.st_size, limit)
            data = file.read(limit + 1)
    except FileNotFoundError:
        raise Rejected("There is no such file.") from None
    except OSError as error:
        raise Rejected(f"The file could not be read: {error.strerror or 'OSError'}.") from None
    _require_size(len(data), limit)
    return data


def _require_regular(status: os.stat_result) -> None:
    if stat.S_ISREG(status.st_mode):
        return
    kind = next((words for test, words in _KINDS if test(status.st_mode)), "something special")
    raise Rejected(f"The notebook is {kind}, not a regular file. Hand in the notebook itself.")


def _require_size(size: int, limit: int) -> None:
    if size > limit:
        raise Rejected(
            f"The file is too large: at most {limit / 1e6:.0f} MB are read. Clear the outputs of "
            "all cells, save the notebook and hand it in again."
        )


_BOMS = (
    # UTF-32 first: its little-endian mark begins with that of UTF-16.
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)

_LOOKS_LIKE = (
    (b"PK\x03\x04", "a zip archive"),
    (b"%PDF", "a PDF document"),
    (b"<", "a web page"),
)


def _decode(data: bytes, notes: list[str]) -> str:
    for mark, kind in _LOOKS_LIKE:
        if data.startswith(mark):
            raise Rejected(f"The file is {kind}, not a notebook. Hand in the .ipynb file itself.")
    encoding = "utf-8"
    if data.startswith(codecs.BOM_UTF8):
        encoding = "utf-8-sig"
        notes.append("The file began with a byte order mark, which was skipped.")
    for mark, codec, name in _BOMS:
        if data.startswith(mark):
            encoding = codec
            notes.append(f"The file was {name} text; it was read as such.")
            break
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        raise Rejected(f"The file is not UTF-8 text. {FETCH_AGAIN}") from None
    if not text.strip():
        raise Rejected(f"The file is empty. {FETCH_AGAIN}")
    return text


_STRING = re.compile(rb'"[^"]*"?')
_STEP = [0] * 256
for _mark, _step in (("[", 1), ("{", 1), ("]", -1), ("}", -1)):
    _STEP[ord(_mark)] = _step
_NO_MARK = bytes(code for code in range(256) if code not in b"[]{},")


def _require_shape(text: str, limits: Limits) -> None:
    """Bound what the parser will build, before it does, by counting quotes and brackets."""
    # Escapes go first, so that every quote left begins or ends a string.
    data = text.encode().replace(b"\\\\", b"").replace(b'\\"', b"")
    _require_count(data.count(b'"') // 2, limits)
    marks = _STRING.sub(b"", data).translate(None, delete=_NO_MARK)
    _require_count(sum(marks.count(mark) for mark in (b"[", b"{", b",")), limits)
    if max(accumulate(map(_STEP.__getitem__, marks)), default=0) > limits.depth:
        raise Rejected(
            f"The file is nested more than {limits.depth} levels deep; a notebook never is. "
            f"{FETCH_AGAIN}"
        )


def _require_count(count: int, limits: Limits) -> None:
    if count > limits.values:
        raise Rejected(
            f"The file holds more than {limits.values} values. Clear the outputs of all cells, "
            "save the notebook and hand it in again."
        )


def _parse(text: str, limits: Limits, notes: list[str]) -> Any:
    _require_shape(text, limits)

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        kept = dict(pairs)
        if len(kept) < len(pairs):
            notes.append("The file gives some keys twice; the last one counts, as in JupyterLab.")
        return kept

    def constant(_: str) -> None:
        notes.append("The file holds NaN or Infinity, which is not JSON; they were dropped.")

    try:
        return json.loads(
            text,
            strict=False,  # raw control characters are dropped later, with a note
            object_pairs_hook=members,
            parse_constant=constant,
            # No notebook needs an integer of more digits, and int() may refuse long ones.
            parse_int=lambda digits: int(digits) if len(digits) < 20 else float(digits),
        )
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}: {error.msg}"
        raise Rejected(f"The file is not JSON ({where}). {FETCH_AGAIN}") from None
    except (ValueError, RecursionError):
        raise Rejected(f"The file is not JSON that can be read. {FETCH_AGAIN}") from None
