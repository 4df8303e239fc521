"""Images that a student pasted into a written answer.

PNG and JPEG of bounded size stay. A reference to anything else is taken out of the text, because
the pages for formgrader and for feedback cannot be made of a notebook that refers to an
attachment which is not there.
"""

from __future__ import annotations

import html
import re
from typing import Any
from urllib.parse import unquote

from autograder.submission.inert_markdown import inert_markdown
from autograder.submission.notes import quoted
from autograder.submission.pixels import too_large

Images = dict[str, dict[str, str]]
"""Name of the attachment -> MIME type -> base64 text, as in nbformat."""

MAX_IMAGE = 5_000_000
"""Base64 characters of one image: a photograph of a handwritten page fits."""

MAX_IMAGES = 20
"""Images in one cell."""

_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_REFERENCE = re.compile(r"attachment:([^\s)>\"']*)")
_STARTS = {"image/png": "iVBORw0KGgo", "image/jpeg": "/9j/"}
"""How the base64 text of a file of that type begins, by its magic number."""


def keep_images(raw: object, notes: list[str]) -> Images:
    """Return the attachments of one cell that stay; note those that do not.

    Parameters
    ----------
    raw
        The cell's ``attachments``: any JSON value.
    notes
        Is added to.
    """
    if not isinstance(raw, dict):
        return {}
    images: Images = {}
    for name, bundle in raw.items():
        image = _image(bundle)
        if image and len(images) < MAX_IMAGES:
            images[name] = image
        else:
            notes.append(
                f"The attachment {quoted(name)} was dropped: only PNG and JPEG images of bounded "
                "size are kept."
            )
    return images


def _image(bundle: Any) -> dict[str, str]:
    if not isinstance(bundle, dict):
        return {}
    for mime, start in _STARTS.items():
        data = bundle.get(mime)
        if isinstance(data, list) and all(isinstance(part, str) for part in data):
            data = "".join(data)
        if isinstance(data, str) and len(data) <= MAX_IMAGE:
            data = "".join(data.split())
            if data.startswith(start) and _BASE64.fullmatch(data) and not too_large(data):
                return {mime: data}
    return {}


def embed(text: str, images: Images, first: int = 1) -> tuple[str, Images]:
    """Return an inert markdown text that shows only `images`, and the images under safe names.

    A name that a URL would write differently (``my plot.png``) is never found again by
    nbconvert, so each image that the text shows is renamed to ``image-1.png`` and so on, from
    number `first`.
    """
    kept: Images = {}
    names: dict[str, str] = {}

    def refer(match: re.Match[str]) -> str:
        name = unquote(match[1])
        if name not in images:
            return f"missing-attachment:{match[1]}"
        if name not in names:
            suffix = "png" if "image/png" in images[name] else "jpg"
            names[name] = f"image-{first + len(names)}.{suffix}"
            kept[names[name]] = images[name]
        return f"attachment:{names[name]}"

    text = _REFERENCE.sub(refer, text)
    if _hides_reference(text):
        return inert_markdown(_as_code(text)), {}
    return inert_markdown(text), kept


def _hides_reference(text: str) -> bool:
    """Whether a reference is spelled with character entities or backslashes."""
    try:
        seen = html.unescape(html.unescape(text.replace("\\", ""))).replace("\\", "")
    except ValueError:
        return True  # a character reference of more digits than int() reads
    return seen.count("attachment:") > text.count("attachment:")


def _as_code(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.split("\n"))
