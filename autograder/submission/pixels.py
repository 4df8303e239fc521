"""How large an image is when it is shown: a small file can say a number that fills any memory."""

from __future__ import annotations

import base64
import struct

MAX_PIXELS = 60_000_000
"""A photograph of a good camera. A browser needs four bytes for each."""

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""JPEG segments that begin a picture; the three others are tables."""


def too_large(data: str) -> bool:
    """Whether a PNG or JPEG in base64 says that it has more than `MAX_PIXELS`.

    One that says no size is not shown by any browser.
    """
    try:
        raw = base64.b64decode(data)
    except ValueError:  # binascii.Error, and what is not ASCII
        return False
    width, height = _size(raw)
    return width * height > MAX_PIXELS


def _size(raw: bytes) -> tuple[int, int]:
    try:
        if raw.startswith(_PNG):
            width, height = struct.unpack_from(">II", raw, 16)
            return width, height
        return _jpeg_size(raw) if raw.startswith(_JPEG) else (0, 0)
    except (struct.error, IndexError):
        return 0, 0


def _jpeg_size(raw: bytes) -> tuple[int, int]:
    """Walk the segments: a mark of two bytes, then a length that counts itself."""
    at = 2
    while raw[at] == 0xFF:
        kind = raw[at + 1]
        if kind == 0xFF:  # padding
            at += 1
            continue
        (length,) = struct.unpack_from(">H", raw, at + 2)
        if kind in _FRAMES:
            height, width = struct.unpack_from(">HH", raw, at + 5)
            return width, height
        at += 2 + max(length, 2)
    return 0, 0
