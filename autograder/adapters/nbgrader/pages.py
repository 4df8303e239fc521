"""Pages that people look at: what a submission put into them neither runs nor loads anything.

`inert_markdown2html` and `inert_highlight` take the place of nbconvert's filters wherever nbgrader
makes a page, in formgrader too. `FeedbackExporter` makes the feedback pages: they stand alone, hold
no script, and say so in a content security policy that a browser enforces.
"""

from __future__ import annotations

import html
import re
from typing import Any

import nh3
from bs4 import BeautifulSoup, Tag
from jinja2 import pass_context
from jinja2.runtime import Context
from nbconvert.exporters import HTMLExporter
from nbconvert.filters import Highlight2HTML
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode
from pygments.token import STANDARD_TYPES

from autograder.adapters.nbgrader.mathml import Formula, formula

FILTERS = {
    "markdown2html": "autograder.adapters.nbgrader.pages.inert_markdown2html",
    "highlight_code": "autograder.adapters.nbgrader.pages.inert_highlight",
}
"""For ``c.HTMLExporter.filters``, by name: a configuration may be printed as JSON."""

POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; font-src data:; "
    "base-uri 'none'; form-action 'none'"
)
"""Nothing runs, nothing is fetched, nothing is sent."""

_TAGS = frozenset(
    {
        *("p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "code", "kbd"),
        *("b", "i", "u", "s", "em", "strong", "del", "sub", "sup", "span", "div", "a", "img"),
        *("ul", "ol", "li", "dl", "dt", "dd", "table", "thead", "tbody", "tr", "th", "td"),
    }
)
_URLS = {
    "href": re.compile(r"(?:https?://|mailto:)[^\s]+", re.IGNORECASE),
    "src": re.compile(r"data:image/(?:png|jpeg);base64,[A-Za-z0-9+/=]+"),
}


def _kept(_tag: str, name: str, value: str) -> str | None:
    pattern = _URLS.get(name)
    return value if pattern is None or pattern.fullmatch(value) else None


_MATH = "math-source"
"""Class of the elements that hold a formula as it was written."""

_CLEANER = nh3.Cleaner(
    tags=set(_TAGS),
    clean_content_tags={"script", "style", "title", "textarea", "iframe", "noscript", "svg"},
    attributes={
        "a": {"href", "title"},
        "img": {"src", "alt", "title"},
        "th": {"style"},
        "td": {"style"},
        "ol": {"start"},
    },
    attribute_filter=_kept,
    url_schemes={"http", "https", "mailto", "data"},
    link_rel="noopener noreferrer nofollow",
    allowed_classes={
        "span": {_MATH, *filter(None, STANDARD_TYPES.values())},
        "div": {"highlight"},
    },
    filter_style_properties={"text-align"},
)
_DIRECTIONS = re.compile("[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]")
"""What makes code look like other code: 'Trojan source'."""

MAX_HIGHLIGHTED = 20_000
"""Characters of a cell that is highlighted; a longer one is shown without colours."""

MAX_PAGE_MARKDOWN = 250_000
"""Characters of markdown on a feedback page; it is the author's own, and tables take long."""

NOT_SHOWN = "[This text is not shown: all texts together are too long for a page.]"

MAX_PAGE_MATH = 200_000
"""Characters of all formulas of a page that are translated; the others are shown as written."""

FORMULA_OVERHEAD = 40
"""What a formula counts beside its characters."""

_SLOW = re.compile(r"\s{200}|[\w.]{1000}")
"""What the lexer of IPython's code takes quadratic time for."""


class _Renderer(IPythonRenderer):
    """nbconvert's renderer, which marks formulas so that they are found again."""

    def inline_math(self, body: str) -> str:
        return f'<span class="{_MATH}">{super().inline_math(body)}</span>'

    def block_math(self, body: str) -> str:
        return f'<span class="{_MATH}">{super().block_math(body)}</span>'

    def latex_environment(self, name: str, body: str) -> str:
        return f'<span class="{_MATH}">{super().latex_environment(name, body)}</span>'

    def block_mermaidjs(self, code: str) -> str:
        return f"<pre><code>{self.escape_html(code)}</code></pre>"


@pass_context
def inert_markdown2html(context: Context, source: str) -> str:
    """Render markdown as nbconvert does, and keep of the HTML what is on a list.

    Formulas stay as they are written, for MathJax. Headings have no ids: one that is equal to an
    id of formgrader's own would be taken for it.
    """
    attachments = context.get("cell", {}).get("attachments", {})
    # In nbconvert an attachment that is missing ends the page; here a picture is missing.
    renderer = _Renderer(
        escape=False,
        attachments=_Attachments(attachments),
        exclude_anchor_links=True,
    )
    try:
        rendered = MarkdownWithMath(renderer=renderer).render(source)
    except RecursionError:  # lists in quotations in lists: one such cell would cost the page
        rendered = f"<pre>{html.escape(source)}</pre>"
    return str(_CLEANER.clean(rendered))


class _Attachments(dict[str, Any]):
    def __contains__(self, name: object) -> bool:
        return True

    def __missing__(self, name: str) -> dict[str, str]:
        return {"image/png": ""}


def inert_highlight(source: str, metadata: Any = None) -> str:
    """Highlight Python, with a mark where the direction of writing would change."""
    shown = _DIRECTIONS.sub(lambda match: f"<U+{ord(match[0]):04X}>", source)
    if len(shown) > MAX_HIGHLIGHTED or _SLOW.search(shown):
        return f'<div class="highlight"><pre>{html.escape(shown)}</pre></div>'
    return str(Highlight2HTML(pygments_lexer="ipython3")(shown, metadata=metadata))


class FeedbackExporter(HTMLExporter):
    """Writes the pages that students get.

    nbgrader's template, without its scripts. So formulas are shown by the browser itself, and the
    page looks the same on a train as in ten years.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        # Also where the course's configuration is older than these filters.
        self.filters: dict[str, Any] = {**self.filters, **FILTERS}

    def from_notebook_node(
        self, nb: NotebookNode, resources: Any = None, **kwargs: Any
    ) -> tuple[str, Any]:
        """Convert a notebook to a page without scripts."""
        page, resources = super().from_notebook_node(_bounded(nb), resources, **kwargs)
        return without_scripts(page), resources


def _bounded(nb: NotebookNode) -> NotebookNode:
    """Return a notebook whose texts beyond what a page may hold are left out; `nb` stays."""
    room = MAX_PAGE_MARKDOWN
    cells = []
    for cell in nb.cells:
        if cell.cell_type == "markdown":
            room -= len(cell.source)
            if room < 0:
                cell = NotebookNode({**cell, "source": NOT_SHOWN})  # noqa: PLW2901
        cells.append(cell)
    return NotebookNode({**nb, "cells": cells})


_ACTIVE = (
    *("script", "iframe", "object", "embed", "base", "link", "form", "button", "input", "applet"),
    *("frame", "frameset", "audio", "video", "source", "portal", "svg", "template"),
)
_STYLE = """
div.cell { contain: paint; }
math[display="block"] { margin: 0.6em 0; overflow: auto hidden; }
.rendered_html img { max-width: 100%; }
"""
"""A cell paints nothing outside its own place."""


def without_scripts(page: str) -> str:
    """Return a page with its formulas as MathML, and with nothing in it that runs or loads."""
    soup = BeautifulSoup(page, "html.parser")
    for tag in soup.find_all(_ACTIVE):
        tag.decompose()
    for tag in soup.find_all("meta", attrs={"http-equiv": True}):
        tag.decompose()
    for tag in soup.find_all():
        for name in [name for name in tag.attrs if name.lower().startswith("on")]:
            del tag.attrs[name]
    _show_formulas(soup)
    head = soup.head
    if head is None:
        raise ValueError("the template of the feedback pages has no <head>")
    style = soup.new_tag("style")
    style.string = _STYLE
    head.append(style)
    for name, content in (
        ("referrer", "no-referrer"),
        ("viewport", "width=device-width, initial-scale=1"),
    ):
        head.insert(0, soup.new_tag("meta", attrs={"name": name, "content": content}))
    policy = {"http-equiv": "Content-Security-Policy", "content": POLICY}
    head.insert(0, soup.new_tag("meta", attrs=policy))
    return str(soup)


_DELIMITED = re.compile(
    r"\$\$(?P<block>.*)\$\$|\$(?P<inline>.*)\$|(?P<environment>\\begin.*)", re.DOTALL
)


def _show_formulas(soup: BeautifulSoup) -> None:
    """Put MathML in the place of each formula's source, or show the source as code.

    So are formulas shown beyond what a page may hold of them.
    """
    room = MAX_PAGE_MATH
    for tag in soup.find_all("span", class_=_MATH):
        text = tag.get_text().strip()
        room -= len(text) + FORMULA_OVERHEAD
        found = _formula_of(text) if room >= 0 else None
        if found is None:
            tag.name, tag.attrs = "code", {}
        else:
            tag.replace_with(_element(soup, found))


def _formula_of(text: str) -> Formula | None:
    match = _DELIMITED.fullmatch(text)
    inline = match["inline"] if match else None
    tex = (match["block"] or match["environment"] or inline or "") if match else ""
    return formula(tex, display=inline is None)


def _element(soup: BeautifulSoup, part: Formula) -> Tag:
    tag = soup.new_tag(part.name, attrs=part.attributes)
    if part.text:
        tag.append(soup.new_string(part.text))
    for child in part.children:
        tag.append(_element(soup, child))
    return tag
