"""A student's markdown after it was made inert: nothing live is left, little else is changed."""

import re
import time
from html.parser import HTMLParser
from typing import ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.submission.inert_markdown import CUT, MAX_TEXT, inert_markdown

mistune = pytest.importorskip("nbconvert.filters.markdown_mistune")
markdown_it = pytest.importorskip("markdown_it")


def as_nbconvert(text):
    renderer = mistune.IPythonRenderer(escape=False, exclude_anchor_links=True)
    return mistune.MarkdownWithMath(renderer=renderer).render(text)


def as_an_editor(text):
    """Return the HTML that markdown-it makes where everything is allowed."""
    parser = markdown_it.MarkdownIt("commonmark", {"html": True}).enable("table")
    parser.validateLink = lambda _: True
    return parser.render(text)


RENDERERS = [as_nbconvert, as_an_editor]


class Live(HTMLParser):
    """Elements and attributes that no harmless text has."""

    ATTRIBUTES: ClassVar = {
        "href",
        "title",
        "class",
        "start",
        "id",
        "type",
        "disabled",
        "checked",
        "style",
    }
    TAGS: ClassVar = {
        *("p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "code", "kbd"),
        *("b", "i", "u", "em", "strong", "del", "sub", "sup", "span", "div", "a", "input"),
        *("ul", "ol", "li", "dl", "dt", "dd", "table", "thead", "tbody", "tr", "th", "td"),
    }

    def __init__(self, html):
        super().__init__()
        self.found = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        if tag not in self.TAGS:
            self.found.append(tag)
        for name, value in attrs:
            if name not in self.ATTRIBUTES:
                self.found.append(f"{tag} {name}")
            if name == "style" and not value.startswith("text-align"):
                self.found.append(value)
            if name == "href":
                url = re.sub(r"[\t\n\r]", "", value.lstrip("".join(map(chr, range(33)))))
                scheme = re.match(r"[A-Za-z][A-Za-z0-9+.-]*(?=:)", url)
                if scheme and scheme[0].lower() not in {"http", "https", "mailto", "attachment"}:
                    self.found.append(url)

    def handle_comment(self, data):
        self.found.append(f"comment {data}")

    def handle_decl(self, decl):
        self.found.append(f"declaration {decl}")

    handle_pi = unknown_decl = handle_decl


MOVING = (
    *("uproot", "leftroot", "hskip", "mskip", "mkern", "kern", "bbox", "unicode", "raisebox"),
    *("def", "gdef", "let", "newcommand", "renewcommand", "newenvironment", "DeclareMathOperator"),
    *("require", "style", "class", "cssId", "href", "mathllap", "clap", "rlap", "enclose"),
)
"""Commands that move what they show, reach outside of their formula, or make attributes."""

PIECES = st.sampled_from(
    [
        *(
            "<script>",
            "</script>",
            "<img src=x onerror=a>",
            "<svg/onload=a>",
            "<",
            ">",
            "</",
            "<!--",
        ),
        *("-->", "<![CDATA[", "]]>", "<?", "?>", "<b>", "</b>", "<br/>", "<a href='javascript:a'>"),
        *("[x](", "![x](", "[x]: ", "![x][x]", "[x][x]", "[x]", "](", ")", "<javascript:a>", "\\"),
        *("javascript:a", "java", "script", ":", "a", "JaVaScript", "&colon;", "&#58;", "&#x3a;"),
        *("&Tab;", "\t", "\n", "\n\n", " ", "&", "amp;", "#106;avascript", "&#106;", "&lt;", "<<"),
        *(
            "data:text/html,a",
            "vbscript:a",
            "vb",
            "file:///x",
            "http://a",
            "attachment:image-1.png",
        ),
        *(
            "`",
            "``",
            "```",
            "```mermaid",
            "~~~",
            "$",
            "$$",
            "\\[",
            "\\\\[",
            "\\begin{a}",
            "\\end{a}",
        ),
        *(
            "*",
            "**",
            "_",
            "# ",
            "> ",
            "- ",
            "1. ",
            "|",
            "|-|",
            "    ",
            "'",
            '"',
            "(",
            "[",
            "]",
            "!",
        ),
        *("\x00", "\u2028", "\u202e", "\ufeff", "\r", "<\u200b", "\u017f"),
    ]
)


@pytest.mark.parametrize("render", RENDERERS)
@settings(max_examples=400, deadline=None)
@given(pieces=st.lists(PIECES, max_size=14))
def test_nothing_live_is_left(render, pieces):
    text = inert_markdown("".join(pieces))
    assert Live(render(text)).found == [], text


@pytest.mark.parametrize("render", RENDERERS)
def test_the_renderers_would_show_what_is_live(render):
    text = "<script>a</script> [x](javascript:a) <img src=x onerror=a> <!-- x -->"
    assert len(Live(render(text)).found) >= 4


@pytest.mark.parametrize(
    "text",
    [
        "For $a < b$, $\\frac{1}{4}$ and $$\\sum_{i<3} x_i$$.",
        "See [here](https://a.org/x:y?b=1&c=2).",
        "H<sub>2</sub>O, e<sup>x</sup>, <b>bold</b>, <br/> and <kbd>Ctrl</kbd>",
        "# Heading\n\n1. one\n2. two\n\n| a | b |\n|---|:-:|\n| 1 | 2 |",
        "`x = 3 < 4`, R&D, AT&amp;T, 5 &lt; 6, a &nbsp; b &alpha;",
        "![plot](attachment:image-1.png) and ![](attachment:image-12.jpg)",
        "Mail [me](mailto:a@b.org). Note: the data: 60 000 images. Time 12:30, ratio 3:1!",
        "\\begin{align} a &= b \\\\ c &= d \\end{align} \\hspace{1em} \\classify",
        "$a \\\\[4pt] b \\quad \\! \\hspace{3mu} - c \\mspace{9mu} \\lets \\kernel \\definition$",
        "\u05e9\u05dc\u05d5\u05dd \u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 \u4f60\u597d",
        "",
    ],
)
def test_honest_text_stays_as_it_is(text):
    assert inert_markdown(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("$a<b$", "$a< b$"),
        ("<https://a.org>", "< https://a.org>"),
        ("![x](http://a/b.png)", "! [x](http://a/b.png)"),
        ("[x](javascript:alert(1))", "[x](javascript :alert(1))"),
        ("[x](ms-word:ofe)", "[x](ms-word :ofe)"),
        ("&#945; &#60;b&#62;", "\u03b1 & #60;b& #62;"),
        ("$\\href{a}{b}$", "$\\ href{a}{b}$"),
        ("$a \\\\[-2em] b \\\\*[ -1em]$", "$a \\\\ [-2em] b \\\\* [ -1em]$"),
        ("$\\cr[-1em]$", "$\\cr [-1em]$"),
        ("$\\hspace{-3em} \\hspace* -1em$", "$\\ hspace{-3em} \\ hspace* -1em$"),
        ("$\\mspace{ -9mu}$", "$\\ mspace{ -9mu}$"),
        *((f"$\\{name} x$", f"$\\ {name} x$") for name in MOVING),
        ("```mermaid", "```text"),
        ("a\u202eb\x9bc\u2028d", "abc\nd"),
    ],
)
def test_what_is_changed(text, shown):
    assert inert_markdown(text) == shown


def test_it_changes_nothing_twice():
    text = "<script> [x](javascript:a) ![x](y) &#60; \\href{a}{b} ```mermaid"
    once = inert_markdown(text)
    assert inert_markdown(once) == once


def test_a_text_without_end_is_cut():
    text = inert_markdown("a" * (MAX_TEXT + 1))
    assert text == "a" * MAX_TEXT + f"\n\n{CUT}"


@pytest.mark.parametrize(
    "piece",
    [
        "[",
        "](",
        "]: ",
        "java ",
        "&",
        "&amp;",
        "![",
        "<",
        "`",
        "```  ",
        "\\[",
        "\\\\[",
        "\\begin{a}",
    ],
)
def test_no_text_takes_long(piece):
    """Neither here nor in nbconvert, which looks for the end of each formula up to the end."""
    text = (piece * MAX_TEXT)[:MAX_TEXT]
    before = time.process_time()
    shown = inert_markdown(text)
    assert time.process_time() - before < 2
    as_nbconvert(shown)
    assert time.process_time() - before < 10
