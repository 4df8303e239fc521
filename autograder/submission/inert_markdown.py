r"""Make a student's markdown inert under any renderer, and leave it as readable as it was.

The text goes into ``autograded/``, where JupyterLab, nbgrader's formgrader, an editor or a
converter may render it, each with its own idea of what is safe. So nothing is left in the text that
could become an element with attributes, a request or a script:

- ``<`` before a letter, ``/``, ``!`` or ``?`` begins a tag; a space after it ends that, and is
  invisible in a formula. A few tags without attributes stay.
- ``![...]`` is an image only where it shows an attachment; elsewhere it becomes a link.
- A link may lead to http, https or mail. Any other scheme gets a space before its colon, however
  it is spelled; character references, which could spell it, are taken apart.
- Some of MathJax's commands make links, styles or attributes, move what they show to another place
  or give a new meaning to a command in all formulas of the page; a space after their backslash
  ends that. So does one before a negative distance.

It is the first of two fences: our own pages clean the HTML, too.
"""

from __future__ import annotations

import html.entities
import re

MAX_TEXT = 50_000
"""Characters of one cell that are shown. Some renderers need quadratic time."""

MAX_FORMULAS = 300
"""Beginnings of displayed formulas in one cell; nbconvert looks for the end of each to the end."""

CUT = "[The rest of this text is not shown: it is too long.]"

_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f\ufeff]"
)
"""Controls, what reverses the direction of writing, and invisible copies of ASCII."""

_PLAIN = "b|i|em|strong|u|sub|sup|kbd|br"
_TAG = re.compile(rf"<(?=[A-Za-z/!?])(?!/?(?:{_PLAIN})(?: ?/)?>)", re.IGNORECASE)

_ASCII = "|".join(
    sorted(
        name.rstrip(";")
        for name, letters in html.entities.html5.items()
        if name.endswith(";") and letters.isascii() and letters not in '<>&"'
    )
)
# A reference to "&" that begins another one is for renderers that decode twice.
_REFERENCE = re.compile(
    rf"&(?:#(?P<decimal>\d{{1,7}});|(?=#|(?:{_ASCII});|(?:amp|AMP|\#38|\#x26);(?:#|\w{{1,31}};)))"
)
_FIRST_PRINTED = 0xA1

_IMAGE = re.compile(
    r"!(?=\[)(?!\[[^\[\]\n]{0,300}\]\(attachment:image-\d{1,4}\.(?:png|jpg)(?: \"[\w .,-]*\")?\))"
)

_GAP = r"[\s\\]*"
_SCRIPT = re.compile(
    "|".join(
        _GAP.join(scheme) + rf"{_GAP}(?<! )(?=:)"
        for scheme in ("javascript", "vbscript", "livescript", "mocha", "jscript")
    )
    + rf"|{_GAP.join('data')}{_GAP}(?<! )(?=:\S)",
    re.IGNORECASE,
)
_LINK = re.compile(r"(?P<start>\]\(|\]:)(?P<gap>[\s<]*)(?P<scheme>[\w+.\-\\\t ]{1,80}?)(?=\\?:)")
_SCHEMES = frozenset({"http", "https", "mailto", "attachment", "missing-attachment"})

_COMMAND = re.compile(
    r"\\(?=(?:href|url|style|class|cssId|data|require|include\w*|html\w*|mmlToken|texttip|toggle"
    r"|action|csname|raise|raisebox|lower|move(?:left|right)|(?:math)?[rlc]lap|(?i:rule|space)"
    r"|uproot|leftroot|m?kern|[hm]skip|bbox|enclose|unicode|[gex]?def|(?:future)?let"
    r"|(?:re)?new(?:command|environment)|providecommand|Declare\w*|[hm]space\*?[\s{]*-)"
    r"(?![A-Za-z]))"
)
_ROW_BACK = re.compile(r"(\\\\\*?|\\cr)(?=\[\s*-)")
_DIAGRAM = re.compile(r"(```|~~~)((?:[ \t]*\{)?[ \t]*)mermaid", re.IGNORECASE)
_FORMULA = re.compile(r"\\(?=\\[\[(]|begin\{)")


def inert_markdown(text: str) -> str:
    """Return `text` so that no renderer of markdown finds anything live in it.

    Parameters
    ----------
    text
        Markdown that a student wrote; its images are attachments with the names that `embed`
        gives.
    """
    text = _HIDDEN.sub("", text.replace("\u2028", "\n").replace("\u2029", "\n"))
    if len(text) > MAX_TEXT:
        text = f"{text[:MAX_TEXT]}\n\n{CUT}"
    text = _TAG.sub("< ", text)
    text = _REFERENCE.sub(_spelled_out, text)
    text = _IMAGE.sub("! ", text)
    text = _SCRIPT.sub(r"\g<0> ", text)
    text = _LINK.sub(_without_scheme, text)
    text = _COMMAND.sub(r"\\ ", text)
    text = _ROW_BACK.sub(r"\1 ", text)
    text = _DIAGRAM.sub(r"\1\2text", text)
    first, *others = _FORMULA.split(text, maxsplit=MAX_FORMULAS)
    if len(others) == MAX_FORMULAS:
        others[-1] = _FORMULA.sub(r"\\ ", others[-1])
    return "\\".join([first, *others])


def _spelled_out(match: re.Match[str]) -> str:
    """Return the character that is meant if it can do nothing, else the reference taken apart."""
    code = int(match["decimal"] or 0)
    if code >= _FIRST_PRINTED:
        character = chr(code) if code < 0x110000 else ""
        return character if character.isprintable() else ""
    return match[0].replace("&", "& ", 1)


def _without_scheme(match: re.Match[str]) -> str:
    scheme = re.sub(r"[\s\\]", "", match["scheme"]).lower()
    known = scheme in _SCHEMES or match[0].endswith(" ")
    return match[0] if known else f"{match[0]} "
