"""Images in answers, and what formgrader and the feedback pages make of restored notebooks."""

import base64
import copy
from urllib.parse import quote

import nbformat
import pytest

from autograder.submission.attachments import MAX_IMAGE, MAX_IMAGES, embed, keep_images
from autograder.submission.restore import canonical_only

HTMLExporter = pytest.importorskip("nbconvert.exporters").HTMLExporter

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(60)).decode()
JPEG = base64.b64encode(b"\xff\xd8\xff\xe0" + bytes(60)).decode()


def page(notebook):
    return HTMLExporter(template_name="basic").from_notebook_node(notebook)[0]


def markdown_page(text, images):
    cell = nbformat.v4.new_markdown_cell(text)
    if images:
        cell.attachments = images
    return page(nbformat.v4.new_notebook(cells=[cell]))


@pytest.mark.parametrize("name", ["plot.png", "my plot (1).png", "\xdcberblick.png", "a'\"<b>.png"])
def test_pasted_image_is_shown(restored, solved, name):
    answer = solved.find("why_saturation")
    answer["source"] = f"See ![sketch](attachment:{quote(name)})."
    answer["attachments"] = {name: {"image/png": PNG}}
    result = restored(solved)
    cell = result.notebook.cells[9]
    assert cell.source == "See ![sketch](attachment:image-1.png)."
    assert cell.attachments == {"image-1.png": {"image/png": PNG}}
    assert result.repairs == ()
    assert f"data:image/png;base64,{PNG}" in page(result.notebook)


def test_images_of_joined_answers(restored, solved):
    answer = solved.find("why_saturation")
    other = copy.deepcopy(answer)
    answer |= {
        "source": "![](attachment:image.png)",
        "attachments": {"image.png": {"image/png": PNG}},
    }
    other |= {
        "source": "Then ![](attachment:image.png)",
        "attachments": {"image.png": {"image/jpeg": JPEG}},
    }
    solved["cells"].append(other)
    cell = restored(solved).notebook.cells[9]
    assert cell.source == "![](attachment:image-1.png)\n\nThen ![](attachment:image-2.jpg)"
    assert cell.attachments == {
        "image-1.png": {"image/png": PNG},
        "image-2.jpg": {"image/jpeg": JPEG},
    }


@pytest.mark.parametrize(
    "bundle",
    [
        {"image/svg+xml": "<svg onload=alert(1)>"},
        {"image/png": "AAAA"},
        {"image/png": PNG + '"><script>'},
        {"image/png": JPEG},
        {"image/png": "iVBORw0KGgo" + "A" * MAX_IMAGE},
        {"image/png": [PNG, 3]},
        {"text/html": "<b>x</b>"},
        {},
        None,
        "image",
    ],
)
def test_other_attachments_are_dropped(bundle):
    notes = []
    assert keep_images({"a\n.png": bundle}, notes) == {}
    assert notes == [
        "The attachment 'a .png' was dropped: only PNG and JPEG images of bounded size are kept."
    ]


@pytest.mark.parametrize("raw", [None, [], "x", 3])
def test_attachments_that_are_none(raw):
    notes = []
    assert keep_images(raw, notes) == {}
    assert notes == []


def test_base64_in_lines():
    lines = [PNG[:20] + "\n", PNG[20:]]
    assert keep_images({"a": {"image/png": lines}}, []) == {"a": {"image/png": PNG}}


def test_not_too_many_images():
    notes = []
    raw = {f"{number}.png": {"image/png": PNG} for number in range(MAX_IMAGES + 3)}
    assert len(keep_images(raw, notes)) == MAX_IMAGES
    assert len(notes) == 3


@pytest.mark.parametrize(
    "text",
    [
        "![x](attachment:gone.png)",
        "![x](<attachment:two words.png>)",
        "![x][r]\n\n[r]: attachment:gone.png",
        "![x](attachment\\:gone.png)",
        "![x](&#97;ttachment:gone.png)",
        "![x](&#x61;ttachment&colon;gone.png)",
        "![x](attachment:)",
        "![x](attachment:image.png) ![x](&#97;ttachment:gone.png)",
        "> - ![x](attach&#109;ent:gone.png)",
    ],
)
def test_references_to_nothing_do_not_break_the_page(text):
    text, images = embed(text, {"image.png": {"image/png": PNG}})
    assert markdown_page(text, images)


def test_reference_to_nothing_in_an_own_raw_cell(restored, solved, own):
    solved["cells"].append(own("![x](attachment:gone.png)", "raw"))
    assert page(restored(solved).notebook)


@pytest.mark.parametrize(
    "reason",
    [
        "<script>alert(1)</script> [a](javascript:alert(1)) ![](http://x/y.png)",
        "~~~\n</code></pre><img src=x onerror=alert(1)>",
        "$\\href{javascript:alert(1)}{x}$ \x1b[31m &lt;b&gt;",
        "# Heading " + "<b>word</b> " * 40,
    ],
)
def test_the_reason_of_a_rejection_is_inert(release, reason):
    result = canonical_only(release, reason)
    html = page(nbformat.v4.new_notebook(cells=result.notebook.cells[:1]))
    body = html[html.index("The reason:") :]
    for live in ("<script", "<img", "<a ", "<b>", "<h1", "</b>"):
        assert live not in body.replace('<a class="anchor-link"', "")
    assert "\x1b" not in html
    assert body.count("<pre>") == 1
