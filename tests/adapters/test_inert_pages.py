"""What a submission puts into the pages that people open: nothing of it runs, loads or listens.

The cases 81 to 86 of the threat model. Each payload is looked for in the HTML; then Chromium, where
there is one, opens the feedback pages that a class of hostile submissions got.
"""

from __future__ import annotations

import base64
import io
import json
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from functools import cache
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import nbformat
import nbgrader
import pytest
from nbconvert.exporters import HTMLExporter
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from nbgrader.converters import GenerateFeedback
from rich.console import Console
from traitlets.config import Config, PyFileConfigLoader

from autograder.adapters.cli.grade import Graded, show_table
from autograder.adapters.nbgrader import pages
from autograder.adapters.nbgrader.app import course_directory, load_config
from autograder.adapters.nbgrader.gradebook import register
from autograder.adapters.nbgrader.plugin import restorer, unwritable
from autograder.adapters.nbgrader.writer import Writer, write_feedback
from autograder.course import Assignment, Course
from autograder.grading.notebook import autograded_text, write_grade
from autograder.results import CheckResult, ExerciseResult, Grade
from autograder.submission.attachments import embed
from tests.needs import missing

ROOT = Path(__file__).parents[2]
NAME = "02-backprop"
TEMPLATES = Path(nbgrader.__file__).parent / "server_extensions" / "formgrader" / "templates"
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)

SCORE = 0.5
"""Points that each exercise earns in these grades."""

HOST = "http://127.0.0.1:9"
RUN = "document.documentElement.setAttribute(/data-owned/.source,1)"
"""Without quotes, spaces and =, so that it needs no quotes where it stands."""
PNG = base64.b64encode(
    bytes.fromhex(
        "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
        "1f15c4890000000d49444154789c6360f8cfc000000301010018dd8db0"
        "0000000049454e44ae426082"
    )
).decode()

MARKDOWN = {
    "script": f"<script>{RUN}</script>",
    "script in capitals": f"<ScRiPt\n>{RUN}</sCrIpT\n>",
    "image": f"![x]({HOST}/image.png)",
    "image by reference": f"![x][r]\n\n[r]: {HOST}/reference.png",
    "image in a link": f"[![x]({HOST}/inner.png)](javascript:{RUN})",
    "onerror": f'<img src="{HOST}/onerror.png" onerror="{RUN}">',
    "onerror without quotes": f"<img/src={HOST}/slash.png/onerror={RUN}>",
    "svg": f"<svg onload={RUN}><script>{RUN}</script></svg>",
    "svg image": f"<svg><image href='{HOST}/svg.png'/></svg>",
    "svg animation": f"<svg><a><animate attributeName=href values=javascript:{RUN} /></a></svg>",
    "mathml": f"<math><mtext><table><mglyph><style><img src=x onerror={RUN}></style></mglyph>",
    "iframe": f'<iframe src="{HOST}/frame"></iframe>',
    "srcdoc": f'<iframe srcdoc="<script>parent.{RUN}</script>"></iframe>',
    "object": f'<object data="{HOST}/object"></object><embed src="{HOST}/embed">',
    "javascript": f"[click](javascript:{RUN})",
    "javascript with entities": f"[click](&#106;ava&#x73;cript&colon;{RUN})",
    "javascript with tabs": f"[click](<java\tscript:{RUN}>)",
    "javascript with backslashes": f"[click](javascript\\:{RUN})",
    "javascript after a space": f"[click](< javascript:{RUN}>)",
    "javascript by reference": f"[click][j]\n\n[j]: JaVaScRiPt:{RUN}",
    "javascript as autolink": f"<javascript:{RUN}>",
    "vbscript": "[click](vbscript:MsgBox(1))",
    "data link": f"[click](data:text/html,<script>{RUN}</script>)",
    "data link in base64": "[click](data:text/html;base64,PHNjcmlwdD4=)",
    "other program": "[click](ms-word:ofe|u|http://127.0.0.1:9/x.docm)",
    "closing the page": "</div></div></div></body></html><h1>Score 100 / 100</h1>",
    "style": "<style>h4 { display: none }</style>",
    "style by attribute": '<div style="position:fixed;inset:0;background:url(/x)">100</div>',
    "imported style": f'<style>@import "{HOST}/style.css";</style>',
    "linked style": f'<link rel="stylesheet" href="{HOST}/linked.css">',
    "refresh": f'<meta http-equiv="refresh" content="0;url={HOST}/refresh">',
    "base": f'<base href="{HOST}/">',
    "form": f'<form action="{HOST}/form"><input autofocus onfocus={RUN}><button>Go</button></form>',
    "comment": f"<!--><script>{RUN}</script>-->",
    "unclosed comment": "<!-- the score below is hidden",
    "declaration": f"<!DOCTYPE x [<!ENTITY y SYSTEM '{HOST}/entity'>]>",
    "cdata": f"<![CDATA[<script>{RUN}</script>]]>",
    "processing instruction": f"<?xml-stylesheet href='{HOST}/xsl'?><?php <script>{RUN}</script>?>",
    "unclosed textarea": "<textarea>",
    "unclosed title": f"<title></title><img src=x onerror={RUN}>",
    "noscript": f'<noscript><p title="</noscript><img src=x onerror={RUN}>">',
    "html block": f"<div>\n\n**bold** <img src=x onerror={RUN}>\n\n</div>",
    "html in code": f"```\n</code></pre><img src=x onerror={RUN}>\n```",
    "html in an info string": f'```"><img/src=x/onerror={RUN}>\nx\n```',
    "mermaid": f"```mermaid\n<img src=x onerror={RUN}>\n```",
    "html in a title": f'[x](http://a "\\"><img src=x onerror={RUN}>")',
    "html in a formula": f"$\\text{{<img src=x onerror={RUN}>}}$",
    "formula with a link": f"$\\href{{javascript:{RUN}}}{{x}}$",
    "formula with a style": f"$\\style{{x:url({HOST}/tex)}}{{x}}$",
    "formula with a colour": f'$\\color{{red" onload="{RUN}}}{{x}}$',
    "formula in a title": '[x](http://a "$\\text{a}$")',
    "formula that covers the page": "$\\rule{1000em}{1000em}$",
    "heading with the id of a score": "# check_sigmoid",
    "heading of html": f"# <a name=check_sigmoid onclick={RUN}>x</a>",
    "table": f"| a |\n|---|\n| <img src=x onerror={RUN}> |",
    "control characters": f"<\x00script>{RUN}</script> \x1b[2J\u202e",
    "nested half tags": f"<<script>script>{RUN}<</script>/script>",
    "entities twice": f"&amp;lt;script&amp;gt; [x](&amp;#106;avascript:{RUN})",
}

BUNDLES = {
    "html": {"text/html": f"<script>{RUN}</script>", "text/plain": "<b>x</b>"},
    "javascript": {"application/javascript": RUN},
    "svg": {"image/svg+xml": f"<svg xmlns='http://www.w3.org/2000/svg' onload='{RUN}'/>"},
    "markdown": {"text/markdown": f"<img src=x onerror={RUN}>"},
    "latex": {"text/latex": f"$\\href{{javascript:{RUN}}}{{x}}$"},
    "mermaid": {"text/vnd.mermaid": f"<img src=x onerror={RUN}>"},
    "vega": {"application/vnd.vegalite.v5+json": f'{{"data":{{"url":"{HOST}/vega"}}}}'},
    "widget": {"application/vnd.jupyter.widget-view+json": '{"model_id":"x"}'},
    "quote in base64": {"image/png": f'{PNG}" onload="{RUN}'},
    "html as image": {"image/png": base64.b64encode(b"<svg onload=x>").decode()},
    "name that is html": {f'text/html"><img src=x onerror={RUN}>': "x"},
    "plain text": {"text/plain": f"</pre><script>{RUN}</script>\x1b]8;;javascript:x\x07"},
}
OUTPUTS = [
    *({"output_type": "display_data", "data": bundle} for bundle in BUNDLES.values()),
    {
        "output_type": "display_data",
        "data": {"image/png": PNG},
        "metadata": {"image/png": {"width": f"1 onload={RUN}", "alt": "x"}, "isolated": True},
    },
    {"output_type": "execute_result", "data": {"text/plain": "100.0"}, "execution_count": RUN},
    {"output_type": "stream", "name": f"stdout'><img src=x onerror={RUN}>", "text": "<script>"},
    {"output_type": "stream", "name": "stderr", "text": f"\x1b[31m<img src=x onerror={RUN}>"},
    {
        "output_type": "error",
        "ename": f"<img src=x onerror={RUN}>",
        "evalue": "\x1b]0;title\x07\x1b[1Aup",
        "traceback": [f"<script>{RUN}</script>"],
    },
    {"output_type": "update_display_data", "data": {"text/html": f"<script>{RUN}</script>"}},
]


class Page(HTMLParser):
    """What is in a page that could run, load or listen."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.scripts = 0
        self.tags: list[str] = []
        self.handlers: list[str] = []
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.ids: list[str] = []
        self.styles: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.scripts += tag == "script"
        for name, value in attrs:
            if name.startswith("on"):
                self.handlers.append(f"{tag} {name}={value}")
            if name in ("src", "href", "data", "action", "srcdoc", "poster", "xlink:href"):
                (self.links if (tag, name) == ("a", "href") else self.loaded).append(value or "")
            if name in ("id", "name"):
                self.ids.append(value or "")
            if name == "style":
                self.styles.append(value or "")

    def handle_data(self, data: str) -> None:
        self.text += data

    @property
    def schemes(self) -> set[str]:
        """Where the links lead, as a browser reads them."""
        read = [
            re.sub(r"[\t\n\r]", "", url.lstrip("".join(map(chr, range(33))))) for url in self.links
        ]
        found = (re.match(r"[A-Za-z][A-Za-z0-9+.-]*(?=:)", url) for url in read)
        return {match[0].lower() for match in found if match}


ALLOWED = frozenset(
    {
        *("html", "head", "meta", "title", "style", "body", "main", "div", "span", "a", "p", "img"),
        *(
            "b",
            "i",
            "u",
            "s",
            "em",
            "strong",
            "del",
            "sub",
            "sup",
            "br",
            "hr",
            "code",
            "kbd",
            "pre",
        ),
        *("h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "dl", "dt", "dd", "blockquote"),
        *("table", "thead", "tbody", "tr", "th", "td", "math", "mrow", "mi", "mn", "mo", "mtext"),
        *("mspace", "mstyle", "mfrac", "msqrt", "msub", "msup", "msubsup", "munder", "mover"),
        *("munderover", "mtable", "mtr", "mtd"),
    }
)


def resources() -> dict[str, object]:
    marks = {"notebook": "backprop", "score": 1.5, "max_score": 25.0, "late_penalty": 0}
    return {"metadata": {"name": "backprop", "path": ""}, "nbgrader": marks}


@cache
def feedback_exporter() -> pages.FeedbackExporter:
    config = Config()
    config.HTMLExporter.template_name = "feedback"
    config.HTMLExporter.extra_template_basedirs = [str(TEMPLATES)]
    static = TEMPLATES.parent / "static" / "node_modules" / "bootstrap" / "dist" / "css"
    config.HTMLExporter.extra_template_paths = [str(static)]
    return pages.FeedbackExporter(config=config)


@cache
def formgrader_exporter(*, filtered: bool) -> HTMLExporter:
    """Return what formgrader makes its pages with."""
    config = Config()
    config.HTMLExporter.template_name = "formgrade"
    config.HTMLExporter.extra_template_basedirs = [str(TEMPLATES)]
    if filtered:
        config.HTMLExporter.filters = dict(pages.FILTERS)
    return HTMLExporter(config=config)


def feedback_page(notebook: NotebookNode) -> str:
    return feedback_exporter().from_notebook_node(notebook, resources())[0]


def formgrader_page(notebook: NotebookNode, *, filtered: bool = True) -> str:
    names = {"index": 0, "total": 1, "base_url": "", "notebook_id": "backprop", "student": "a"}
    exporter = formgrader_exporter(filtered=filtered)
    return exporter.from_notebook_node(notebook, resources() | names)[0]


def stock_page(notebook: NotebookNode) -> str:
    """Return what nbgrader would have made of it."""
    return formgrader_page(notebook, filtered=False)


def written(text: str, *, neutral: bool) -> NotebookNode:
    """Return a notebook with a written answer, as it is or as it goes into autograded/."""
    marks = {"grade": True, "solution": True, "points": 2, "grade_id": "why", "score": 1.0}
    cell = new_markdown_cell(embed(text, {})[0] if neutral else text, metadata={"nbgrader": marks})
    return new_notebook(cells=[cell])


@pytest.mark.parametrize("neutral", [True, False], ids=["autograded", "as it is"])
@pytest.mark.parametrize("name", MARKDOWN)
def test_feedback_of_hostile_markdown(name: str, neutral: bool) -> None:
    """Either fence holds alone: the neutral text, and the filter of our pages."""
    page = Page(feedback_page(written(MARKDOWN[name], neutral=neutral)))
    assert set(page.tags) <= ALLOWED
    assert page.handlers == []
    assert page.loaded == []
    assert page.schemes <= {"http", "https"}
    assert page.ids.count("check_sigmoid") == 0
    assert all(style.startswith("text-align") for style in page.styles)
    assert page.tags.count("style") == Page(feedback_page(written("x", neutral=True))).tags.count(
        "style"
    )
    assert "Score: 1.0 / 2" in page.text


@pytest.mark.parametrize("filtered", [True, False], ids=["filtered", "stock nbgrader"])
@pytest.mark.parametrize("name", MARKDOWN)
def test_formgrader_and_any_other_renderer(name: str, filtered: bool) -> None:
    """The text in autograded/ is inert also where our configuration is not read."""
    page = Page(formgrader_page(written(MARKDOWN[name], neutral=True), filtered=filtered))
    empty = Page(formgrader_page(written("x", neutral=True), filtered=filtered))
    assert page.scripts == empty.scripts
    assert page.handlers == empty.handlers
    assert set(page.tags) - set(empty.tags) <= ALLOWED
    assert page.tags.count("img") == 0
    assert page.styles == empty.styles or name == "table"
    assert page.loaded == empty.loaded
    assert page.schemes <= {"http", "https"}


def test_the_payloads_are_live_without_the_fences() -> None:
    """Of nbgrader's own page as much is live as these tests look for."""
    text = "\n\n".join(MARKDOWN[name] for name in ("script", "onerror", "svg", "javascript"))
    page = Page(stock_page(written(text, neutral=False)))
    empty = Page(stock_page(written("x", neutral=False)))
    assert page.scripts > empty.scripts
    assert len(page.handlers) > len(empty.handlers)
    assert "javascript" in page.schemes
    assert "svg" in page.tags


def graded_notebook(outputs: list[dict[str, object]]) -> NotebookNode:
    cell = new_code_cell("1", id="own-1")
    cell.outputs = [new_output("display_data", data={"text/html": "<script>forged</script>"})]
    notebook = new_notebook(cells=[cell])
    write_grade(notebook, Grade(NAME, "graded", (), outputs={"own-1": outputs}))
    return notebook


@pytest.mark.parametrize("render", [feedback_page, formgrader_page, stock_page])
def test_hostile_outputs(render: Callable[[NotebookNode], str]) -> None:
    notebook = graded_notebook(OUTPUTS)
    nbformat.validate(notebook)
    page, empty = Page(render(notebook)), Page(render(graded_notebook([])))
    assert page.scripts == empty.scripts
    assert page.handlers == empty.handlers
    assert set(page.tags) - set(empty.tags) <= {"img", "pre", "div"}
    assert [url for url in page.loaded if url not in empty.loaded] == [
        f"data:image/png;base64,{PNG}"
    ]
    assert "\x1b" not in page.text
    assert f"</pre><script>{RUN}</script>\n" in page.text + "\n"


def test_only_text_and_pixels_without_metadata_are_written() -> None:
    (cell,) = graded_notebook(OUTPUTS).cells
    kinds = {mime for output in cell.outputs for mime in output.get("data", {})}
    assert kinds == {"text/plain", "image/png"}
    assert {output.output_type for output in cell.outputs} == {"display_data", "stream"}
    assert all(output.get("metadata", {}) == {} for output in cell.outputs)
    assert all(output.name == "stdout" for output in cell.outputs if "name" in output)
    texts = [output.text for output in cell.outputs if "text" in output]
    assert texts == [
        "<script>",
        f"<img src=x onerror={RUN}>",
        f"<img src=x onerror={RUN}>: up\n",
    ]


def test_progress_bars_show_their_last_state() -> None:
    raw = {"output_type": "stream", "name": "stdout", "text": "a\r\n 10%\r100%\r\ndone\n"}
    (cell,) = graded_notebook([raw]).cells
    assert cell.outputs[0].text == "a\n100%\ndone\n"


def test_code_cannot_look_like_other_code() -> None:
    """'Trojan source': the text is not changed, because it runs, but its page says what it is."""
    cell = new_code_cell("ok = '\u202e' # \u2066 hidden \u2069", id="own-1")
    for render in (feedback_page, formgrader_page):
        text = Page(render(new_notebook(cells=[cell]))).text
        assert "<U+202E>" in text
        assert not set(text) & set("\u202e\u2066\u2069")
    assert "\u202e" in cell.source


WORLD = (
    "Gr\u00fc\u00dfe, \u05e9\u05dc\u05d5\u05dd, \u4f60\u597d, "
    "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"
)
"""German, Hebrew, Chinese, and Persian with a joiner that it cannot do without."""


def test_honest_text_reads_as_it_was_written() -> None:
    text = (
        "# H<sub>2</sub>O\n\nFor $a<b$ the *slope* is `x<y`, see "
        "[here](https://example.org/a?b=1&c=2).\n\n| a | b |\n|:-:|--:|\n| 1 | 2 |\n\n"
        "1. one\n2. two\n\n> quoted\n\n```python\nif a < b:\n    pass\n```\n\n"
        f"![plot](attachment:plot.png)\n\n{WORLD}"
    )
    source, images = embed(text, {"plot.png": {"image/png": PNG}})
    notebook = new_notebook(cells=[new_markdown_cell(source, attachments=images)])
    html = feedback_page(notebook)
    page = Page(html)
    for tag in ("h1", "sub", "em", "code", "table", "ol", "blockquote", "math"):
        assert tag in page.tags
    assert "https://example.org/a?b=1&c=2" in page.links
    assert f"data:image/png;base64,{PNG}" in page.loaded
    assert {"text-align:center", "text-align:right"} <= set(page.styles)
    assert 'rel="noopener noreferrer nofollow"' in html
    assert WORLD in page.text
    assert "$a&lt; b$" in formgrader_page(notebook), "for MathJax"


def test_a_missing_attachment_costs_no_page() -> None:
    cell = new_markdown_cell("![x](attachment:gone.png) and text")
    for render in (feedback_page, formgrader_page):
        assert "and text" in Page(render(new_notebook(cells=[cell]))).text


@pytest.mark.parametrize(
    "name",
    [
        "<img src=x onerror=alert(1)>",
        'x" onmouseover="alert(1)',
        'a";alert(1);"',
        "back\\slash",
        "tab\tand\x1b[2J",
        "\u202egnp",
    ],
)
def test_a_name_that_would_be_live_in_formgrader_is_not_written(name: str) -> None:
    assert unwritable(name).startswith("the name holds a character that would be live")


@pytest.mark.parametrize(
    "name", ["O'Hara {0}", "Zo\u00eb", "\u674e \u5c0f\u9f99", "R&D (1) [2]; #3", "a=b+c"]
)
def test_unusual_names_are_written(name: str) -> None:
    assert unwritable(name) == ""


def test_the_table_of_the_class_is_inert() -> None:
    said = "[bold]x[/] \x1b]0;owned\x07\x1b[2J\u202eevil"
    grade = Grade(NAME, "rejected", (), reason=said, repairs=(said,))
    console = Console(record=True, width=200, file=io.StringIO())
    show_table(console, [Graded(f"<b>{said}", grade)])
    text = console.export_text()
    assert "<b>[bold]x[/] \N{REPLACEMENT CHARACTER}evil" in text
    assert all(character.isprintable() or character == "\n" for character in text)


class Requests:
    """A server of this test that remembers who asked."""

    def __init__(self) -> None:
        paths = self.paths = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                """Note the path and find nothing."""
                paths.append(self.path)
                self.send_response(404)
                self.end_headers()

            def do_POST(self) -> None:
                self.do_GET()

            def log_message(self, *_: object) -> None:
                """Be quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture(scope="module")
def server() -> Iterator[Requests]:
    found = Requests()
    thread = threading.Thread(target=found.server.serve_forever, daemon=True)
    thread.start()
    yield found
    found.server.shutdown()
    found.server.server_close()
    thread.join()


def browse(page: Path, profile: Path) -> str:
    """Return the DOM that Chromium has after it has opened a page and waited."""
    if CHROMIUM is None:
        missing("chromium", "no chromium, chromium-browser or google-chrome was found")
    flags = [
        *("--headless", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
        *("--disable-background-networking", "--disable-component-update"),
        *("--virtual-time-budget=4000", "--dump-dom"),
    ]
    # Chromium's own sandbox does not start as root.
    root = ["--no-sandbox"] if getattr(os, "geteuid", lambda: 1)() == 0 else []
    done = subprocess.run(
        [CHROMIUM, *flags, *root, f"--user-data-dir={profile}", page.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return done.stdout


HIDING = ("unclosed comment", "unclosed textarea", "closing the page", "unclosed title", "style")
"""Payloads that would hide those after them: each has a submission of its own."""


def hostile_grade(assignment: Assignment, url: str) -> Grade:
    """Return a grade whose messages quote what the student's code said."""
    said = f"sigmoid raised <img src={url}/message onerror={RUN}>: \x1b]0;x\x07\u202e"
    exercises = []
    for exercise in assignment.exercises:
        first = CheckResult("is right", True, SCORE, "passed", notes=(said,))
        other = CheckResult(said, False, exercise.points - SCORE, "error", said)
        exercises.append(ExerciseResult(exercise.name, exercise.points, (first, other), (said,)))
    outputs = json.loads(json.dumps(OUTPUTS).replace(HOST, url))
    return Grade(NAME, "graded", tuple(exercises), outputs={"sigmoid": outputs})


def submissions() -> dict[str, list[str]]:
    """Return each student's texts, one per markdown cell."""
    together = [text for name, text in MARKDOWN.items() if name not in HIDING]
    return {
        "honest": ["A *slope* of $\\frac{1}{4}$."],
        "all": together,
        "joined": ["\n\n".join(together)],
        **{f"hiding-{name}": [MARKDOWN[name]] for name in HIDING},
    }


@pytest.fixture(scope="module")
def hostile_class(tmp_path_factory: pytest.TempPathFactory, server: Requests) -> Course:
    """Everybody graded, with hostile outputs and messages, and feedback written."""
    root = tmp_path_factory.mktemp("pages") / "course"
    unwanted = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
    for name in (f"solutions/{NAME}", f"assignments/{NAME}"):
        shutil.copytree(ROOT / name, root / name, ignore=unwanted)
    shutil.copyfile(ROOT / "nbgrader_config.py", root / "nbgrader_config.py")
    course = Course(root)
    assignment = course.load(NAME)
    for student, texts in submissions().items():
        notebook = nbformat.read(assignment.release, as_version=4)
        for cell in notebook.cells:
            if cell.cell_type == "markdown" and cell.metadata.nbgrader.solution:
                cell.source = texts[0].replace(HOST, server.url)
        notebook.cells[1:1] = [new_markdown_cell(text.replace(HOST, server.url)) for text in texts]
        notebook.metadata.title = f"</title><script>{RUN}</script>"
        notebook.metadata.widgets = {
            "application/vnd.jupyter.widget-state+json": f"</script><script>{RUN}</script>"
        }
        notebook.metadata.language_info = {"name": "python", "pygments_lexer": "<script>"}
        folder = root / "submitted" / student / NAME
        folder.mkdir(parents=True)
        (folder / assignment.release.name).write_text(json.dumps(notebook), encoding="utf-8")
    grade = hostile_grade(assignment, server.url)
    register(course, NAME, course_directory(course).db_url)
    writer = Writer(course, NAME)
    for student in submissions():
        folder = root / "submitted" / student / NAME
        notebook = restorer(course, NAME).restored_or_canonical(folder).notebook
        writer.write(folder, grade, autograded_text(notebook, grade))
    write_feedback(course, NAME)
    return course


def feedback_of(hostile_class: Course, student: str) -> Path:
    return hostile_class.root / "feedback" / student / NAME / "backprop.html"


@pytest.mark.parametrize("student", submissions())
def test_the_browser_runs_and_fetches_nothing(
    hostile_class: Course, server: Requests, student: str, tmp_path: Path
) -> None:
    page = feedback_of(hostile_class, student)
    assert pages.POLICY in page.read_text(encoding="utf-8")
    server.paths.clear()
    dom = browse(page, tmp_path / "profile")
    assert server.paths == []
    assert "data-owned" not in dom.split("<head", 1)[0]
    seen = Page(dom)
    assert seen.scripts == 0
    assert seen.handlers == []
    assert set(seen.tags) <= ALLOWED
    score = SCORE * len(hostile_class.load(NAME).exercises)
    assert re.search(rf"<h4>backprop \(Score: {score} / [0-9.]+\)</h4>", dom)
    assert "Score 100 / 100</h1>" not in dom
    assert "check_sigmoid" in seen.text, "what follows the payloads is there"


def test_the_browser_would_have_noticed(server: Requests, tmp_path: Path) -> None:
    """The same payloads in a page of nbgrader's own, without its scripts from elsewhere."""
    text = "\n\n".join(MARKDOWN[name] for name in ("script", "image", "onerror", "iframe", "svg"))
    html = stock_page(written(text.replace(HOST, server.url), neutral=False))
    html = without_nbgraders_scripts(html)
    page = tmp_path / "stock.html"
    page.write_text(html, encoding="utf-8")
    server.paths.clear()
    dom = browse(page, tmp_path / "profile")
    assert 'data-owned="1"' in dom.split("<head", 1)[0]
    assert {"/image.png", "/onerror.png", "/frame"} <= set(server.paths)


def without_nbgraders_scripts(html: str) -> str:
    return re.sub(r'<(?:script|link)[^>]*(?:src|href)="[^"]*(?:cdnjs|/formgrader)[^>]*>', "", html)


@pytest.mark.parametrize("fence", ["the filter", "the text"])
def test_in_the_browser_either_fence_holds_alone(
    server: Requests, tmp_path: Path, fence: str
) -> None:
    """Of a feedback page without its policy, and of a page of nbgrader's own."""
    texts = [text.replace(HOST, server.url) for text in MARKDOWN.values()]
    if fence == "the filter":
        cells = [new_markdown_cell(text) for text in texts]
        html = feedback_page(new_notebook(cells=cells)).replace(pages.POLICY, "")
        assert "default-src" not in html
    else:
        cells = [new_markdown_cell(embed(text, {})[0]) for text in texts]
        html = without_nbgraders_scripts(stock_page(new_notebook(cells=cells)))
    page = tmp_path / "page.html"
    page.write_text(html, encoding="utf-8")
    server.paths.clear()
    dom = browse(page, tmp_path / "profile")
    assert "data-owned" not in dom.split("<head", 1)[0]
    assert server.paths == []
    assert "Score 100 / 100" in Page(dom).text


def test_what_is_in_autograded_is_inert(hostile_class: Course) -> None:
    config = load_config(hostile_class)
    coursedir = course_directory(hostile_class, config)
    for student in submissions():
        folder = Path(coursedir.format_path(coursedir.autograded_directory, student, NAME))
        notebook = nbformat.read(folder / "backprop.ipynb", as_version=4)
        assert set(notebook.metadata) <= {"kernelspec", "language_info"}
        assert RUN not in json.dumps(notebook.metadata)
        page, empty = Page(formgrader_page(notebook)), Page(formgrader_page(new_notebook()))
        assert page.scripts == empty.scripts
        assert page.handlers == empty.handlers
        for cell in notebook.cells:
            if cell.cell_type == "markdown":
                assert not re.search(r"<(?:script|img|svg|iframe|!--|style|meta)", cell.source)
            for output in cell.get("outputs", ()):
                assert output.get("metadata", {}) == {}


def test_formgrader_reads_the_filters(hostile_class: Course) -> None:
    """Formgrader makes `HTMLExporter(config=...)` of the course's configuration."""
    config = load_config(hostile_class)
    exporter = HTMLExporter(config=config)
    assert exporter.environment.filters["markdown2html"] is pages.inert_markdown2html
    assert exporter.filters["highlight_code"].endswith("inert_highlight")


def test_nbgraders_own_command_writes_our_pages(hostile_class: Course) -> None:
    """`nbgrader generate_feedback` reads the configuration without us."""
    loader = PyFileConfigLoader("nbgrader_config.py", path=str(hostile_class.root))
    converter = GenerateFeedback(config=loader.load_config())
    assert converter.exporter_class is pages.FeedbackExporter
