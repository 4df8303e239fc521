r"""Formulas for pages without scripts: from TeX to MathML, which browsers show by themselves.

`latex2mathml` translates; it was not written for hostile formulas (``\href`` and ``\style`` become
attributes, and texts are not escaped). So only the elements and attributes below are taken from its
tree, and the texts become text.
"""

from __future__ import annotations

import html
import re
from functools import lru_cache
from typing import Any, NamedTuple

from latex2mathml.converter import convert_to_element

MAX_FORMULA = 4_000
"""Characters of one formula that are translated."""

_ELEMENTS = frozenset(
    {
        *("math", "mrow", "mi", "mn", "mo", "ms", "mtext", "mspace", "mstyle", "mpadded"),
        *("mfrac", "msqrt", "mroot", "msub", "msup", "msubsup", "munder", "mover", "munderover"),
        *("mmultiscripts", "mprescripts", "mtable", "mtr", "mtd", "menclose", "mphantom"),
    }
)
_WORD = re.compile(r"[a-z][a-z-]{0,20}|#[0-9a-fA-F]{3,6}")
_SMALL = re.compile(r"-?[0-4]?(?:\.[0-9]{1,4})?(?:em|ex|pt|mu)?(?: -?[0-9](?:\.[0-9]+)?em){0,40}")
_ATTRIBUTES = {
    "display": re.compile("inline|block"),
    **dict.fromkeys(
        (
            *("accent", "accentunder", "columnalign", "displaystyle", "fence", "form", "largeop"),
            *("mathcolor", "mathvariant", "movablelimits", "notation", "rowalign", "separator"),
            *("stretchy", "symmetric"),
        ),
        _WORD,
    ),
    **dict.fromkeys(
        (
            *("columnspacing", "linethickness", "lspace", "maxsize", "minsize", "rowspacing"),
            *("rspace", "scriptlevel", "width"),
        ),
        _SMALL,
    ),
}
_LEFT_OVER = {r"\langle": "\u27e8", r"\rangle": "\u27e9", r"\lbrace": "{", r"\rbrace": "}"}
"""Delimiters that version 3.81 leaves as they are after ``\big``."""

_PRIMES = frozenset({"\u2032", "\u2033", "\u2034", "\u2057"})
"""Variables to the translator, but a browser places only operators right."""

_OPENING = ("(", "[")

_IGNORED = re.compile(r"\\(?:label\s*\{[^{}]*\}|nonumber|notag)(?![A-Za-z])|(?<!\\)%[^\n]*")


class Formula(NamedTuple):
    """An element of MathML: only known names, and texts that are still to be escaped."""

    name: str
    attributes: dict[str, str]
    text: str
    children: tuple[Formula, ...]


@lru_cache(maxsize=2_000)
def formula(tex: str, *, display: bool) -> Formula | None:
    r"""Translate a formula, or return None if it cannot be done faithfully.

    Parameters
    ----------
    tex
        Without its dollars; environments with ``\begin`` and ``\end``. Anything at all.
    display
        Whether it stands on a line of its own.
    """
    tex = _IGNORED.sub("", tex).strip()
    if not tex or len(tex) > MAX_FORMULA:
        return None
    try:
        root = convert_to_element(tex, display="block" if display else "inline")
        return _checked(root)
    except (Exception, RecursionError):  # noqa: BLE001 - it raises all kinds for what is no TeX
        return None


def _checked(element: Any) -> Formula:
    if element.tag not in _ELEMENTS or element.tail:
        raise ValueError(element.tag)
    text = html.unescape(element.text or "")
    text = _LEFT_OVER.get(text, text)
    if text.startswith("\\"):
        raise ValueError(text)  # a command that it does not know
    kept = {
        name: value
        for name, value in element.attrib.items()
        if name in _ATTRIBUTES and _ATTRIBUTES[name].fullmatch(value)
    }
    name = "mo" if text in _PRIMES else element.tag
    return Formula(name, kept, text, _spaced([_checked(child) for child in element]))


def _spaced(parts: list[Formula]) -> tuple[Formula, ...]:
    """Put a thin space between the name of a function and an argument without parentheses."""
    following = [part.text for part in parts[1:]]
    for at, text in enumerate(following):
        part = parts[at]
        if (
            part.name == "mi"
            and len(part.text) > 1
            and part.text.isalpha()
            and text not in _OPENING
        ):
            parts[at] = Formula("mo", {"lspace": "0em", "rspace": "0.17em"}, part.text, ())
    return tuple(parts)
