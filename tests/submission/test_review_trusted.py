"""What a submission can do to the code that reads, shows and judges it, outside of the jail.

From a review: what took quadratic time, raised where nothing catches, or was passed over.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable

import pytest

from autograder.checks.policy import Source
from autograder.errors import ProtocolError
from autograder.grading.notebook import _student_output
from autograder.render import inert
from autograder.session.flat import Arr, untrusted
from autograder.submission.attachments import embed
from autograder.submission.pixels import too_large

DIGITS = 5000  # more than int() reads


def seconds(action: Callable[[], object]) -> float:
    """CPU seconds that `action` takes."""
    before = time.process_time()
    action()
    return time.process_time() - before


# --- reading ------------------------------------------------------------------------------------


def test_a_character_reference_of_many_digits_costs_nobody_a_grade() -> None:
    text, images = embed(f"before &#{'1' * DIGITS}; after", {})
    assert text.strip().startswith("before")
    assert "after" in text
    assert images == {}


def test_a_hidden_reference_to_an_attachment_is_still_found_behind_one() -> None:
    hidden = f"&#{'1' * DIGITS}; ![x](&#97;ttachment:secret.png)"
    text, images = embed(hidden, {"secret.png": {"image/png": "iVBORw0KGgo="}})
    assert images == {}
    assert "](attachment:" not in text


# --- writing ------------------------------------------------------------------------------------


@pytest.mark.parametrize("space", ["\u2003", "\u00a0", "\u2028", "\x85"])
def test_an_image_with_spaces_beyond_ascii_is_dropped(space: str) -> None:
    data = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(30)).decode()
    raw = {"output_type": "display_data", "data": {"image/png": data + space}}
    assert _student_output(raw) == []
    assert not too_large(data + space)


@pytest.mark.parametrize("start", ["\x9d", "\x90", "\x98", "\x9e", "\x9f", "\x9d\x90", "\x1b]"])
def test_many_beginnings_of_sequences_without_end_take_linear_time(start: str) -> None:
    text = (start * 200_000)[:200_000]
    assert seconds(lambda: inert(text, 200_000)) < 1.0


def test_a_window_title_is_still_taken_out_as_a_whole() -> None:
    assert inert("a\x9d0;title\x9cb\x1b]0;title\x07c") == "abc"


# --- the trust line -----------------------------------------------------------------------------


@pytest.mark.parametrize("layout", ["C", "F"])
@pytest.mark.parametrize("shape", [(0, 2**25, 2**25, 2**25), (2**24, 0, 2**24, 2**24), (0, -1)])
def test_an_empty_array_of_impossible_shape_is_no_message(
    shape: tuple[int, ...], layout: str
) -> None:
    with pytest.raises(ProtocolError, match="an array of shape"):
        untrusted([Arr("<f8", shape, b"", layout)])


@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0, 4), (0,) * 16])
def test_an_empty_array_of_ordinary_shape_travels(shape: tuple[int, ...]) -> None:
    assert untrusted([Arr("<f8", shape, b"", "C")]).shape == shape


# --- pages --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "source",
    [
        "a = 1" + " \n" * 8000 + "b = 1",
        "a = 1" + "\n" * 18_000 + "b = 1",
        "a." * 9000,
        ("a" * 990 + "\n" + " " * 190) * 10,
        "1+" * 200_000,
    ],
    ids=["blank-lines", "newlines", "attributes", "just-below", "long"],
)
def test_no_code_makes_the_highlighting_slow(source: str) -> None:
    pages = pytest.importorskip("autograder.adapters.nbgrader.pages")
    assert seconds(lambda: pages.inert_highlight(source)) < 3.0


def test_code_that_is_not_highlighted_is_escaped_and_marked() -> None:
    pages = pytest.importorskip("autograder.adapters.nbgrader.pages")
    page = pages.inert_highlight("<script>\u202e" + "\n" * 300)
    assert "&lt;script&gt;" in page
    assert "<script" not in page
    assert "&lt;U+202E&gt;" in page


@pytest.mark.parametrize("part", ["> `a\n1.\n", "> \\]a\n+ \n"])
def test_markdown_that_nests_without_end_is_shown_as_it_was_written(part: str) -> None:
    nbconvert = pytest.importorskip("nbconvert.exporters")
    nbformat = pytest.importorskip("nbformat")
    pages = pytest.importorskip("autograder.adapters.nbgrader.pages")
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [
        nbformat.v4.new_markdown_cell(part * 500 + "<script>x</script>"),
        nbformat.v4.new_markdown_cell("the next cell"),
    ]
    exporter = nbconvert.HTMLExporter(template_name="classic", filters=pages.FILTERS)
    page, _ = exporter.from_notebook_node(notebook)
    assert "the next cell" in page
    assert "<script>x" not in page


def test_a_page_of_many_texts_takes_bounded_time() -> None:
    nbformat = pytest.importorskip("nbformat")
    pages = pytest.importorskip("autograder.adapters.nbgrader.pages")
    notebook = nbformat.v4.new_notebook()
    cells = [nbformat.v4.new_markdown_cell(f"cell {k}\n" + "a " * 24_000) for k in range(20)]
    notebook.cells = [*cells, nbformat.v4.new_code_cell("x = 1")]
    page, _ = pages.FeedbackExporter(template_name="classic").from_notebook_node(notebook)
    shown = [k for k in range(20) if f"cell {k}\n" in page]
    assert shown == [0, 1, 2, 3, 4]
    assert page.count(pages.NOT_SHOWN) == 15
    assert cells[-1].source.startswith("cell 19"), "the notebook is left as it was"


def test_a_page_translates_so_many_formulas_and_shows_the_others_as_they_are() -> None:
    pages = pytest.importorskip("autograder.adapters.nbgrader.pages")
    part = f'<span class="{pages._MATH}">$a$</span> '
    count = 2 * pages.MAX_PAGE_MATH // pages.FORMULA_OVERHEAD
    page = pages.without_scripts(f"<html><head></head><body>{part * count}</body></html>")
    translated = pages.MAX_PAGE_MATH // (pages.FORMULA_OVERHEAD + 3)
    assert page.count("<math") == translated
    assert page.count("<code>$a$</code>") == count - translated


# --- the look at the source ---------------------------------------------------------------------

QUOTIENT = """\
def sigmoid_prime(z):
    h = 1e-5
{}
    return (sigmoid(z + h) - sigmoid(z - h)) / (2 * h)
"""


def places(source: str) -> int:
    return len(Source([source]).places("sigmoid_prime"))


def test_a_difference_quotient_is_found() -> None:
    assert places(QUOTIENT.format("")) == 1


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("    print('h=%g' % h)", id="percent in a string"),
        pytest.param("    print(f'{h=!r}')", id="f-string"),
        pytest.param("    n = (5\n      % 2)", id="modulo on a line of its own"),
        pytest.param("    '''\n    what?\n    '''", id="a question in a docstring"),
    ],
)
def test_no_line_of_ordinary_python_hides_a_cell_from_the_look(line: str) -> None:
    assert places(QUOTIENT.format(line)) == 1


@pytest.mark.parametrize(
    "source",
    [
        QUOTIENT.format("") + "#" * 100_001,
        QUOTIENT.format("    if 0: z" + ".a" * 4000),
    ],
    ids=["long", "deep"],
)
def test_a_cell_that_cannot_be_looked_at_is_known_to_be_dynamic(source: str) -> None:
    """Then what it calls is disturbed, and the instructor sees a trace."""
    seen = Source([source])
    assert "sigmoid_prime" in seen.names() or seen.is_dynamic("sigmoid_prime")


def test_a_long_chain_of_names_does_not_stop_the_look() -> None:
    chain = "".join(f" b{k}=b{k + 1}\n" for k in range(2000))
    source = f"def sigmoid_prime(z):\n{chain} return {'*'.join(['b0'] * 40)}\n"
    assert seconds(lambda: places(source)) < 1.5
