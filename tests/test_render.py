"""Tables as people read them."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from autograder.render import WIDTH, CheckTable, html_table, inert, plain_table, points
from autograder.results import CheckResult, ExerciseResult

HOSTILE = "<script>alert('x')</script> & \x1b[31mred\x07 \u202egnp.exe \ud800"


def check(title="is right", status="passed", message="", notes=(), worth=1.0, visible=True):
    return CheckResult(title, visible, worth, status, message, tuple(notes))


PARTIAL = ExerciseResult(
    "gradients",
    7,
    (
        check("agrees with the slope", "passed", worth=1.5),
        check(
            "a batch of one",
            "failed",
            "dWs[0]: expected an array of shape (3, 2), got None. Hint: Which axis is the batch?",
            worth=0.5,
        ),
    ),
)


def stub(name="sigmoid"):
    message = f"{name} is still to be written."
    return ExerciseResult(
        name, 3, (check("a", "missing", message), check("b", "missing", message, worth=0.5))
    )


def test_plain_table_says_points_coverage_complaint_and_hint():
    assert plain_table(PARTIAL) == (
        "gradients: 1.5 of 2 points in the visible checks.\n"
        "The other 5 of its 7 points are checked after submission.\n"
        "  passed   1.5/1.5  agrees with the slope\n"
        "  failed     0/0.5  a batch of one\n"
        "                    dWs[0]: expected an array of shape (3, 2), got None.\n"
        "                    Hint: Which axis is the batch?"
    )


def test_a_stub_is_mentioned_once():
    assert plain_table(stub()) == (
        "sigmoid: 0 of 1.5 points in the visible checks.\n"
        "The other 1.5 of its 3 points are checked after submission.\n"
        "sigmoid is still to be written.\n"
        "  to do      0/1  a\n"
        "  to do    0/0.5  b"
    )
    assert html_table(stub()).count("still to be written") == 1


def test_full_coverage_says_nothing_of_a_submission():
    text = plain_table(ExerciseResult("f", 1.5, (check("a"), check("b", worth=0.5))))
    assert text.splitlines()[0] == "f: 1.5 of 1.5 points."
    assert "submission" not in text


def test_notes_of_checks_and_of_the_exercise_are_shown():
    result = ExerciseResult("f", 1, (check(notes=["Right to 6e-06 only."]),), ("Tried again.",))
    for text in (plain_table(result), html_table(result)):
        assert "Right to 6e-06 only." in text
        assert "Tried again." in text


def test_no_line_of_the_plain_table_is_wider_than_its_limit():
    long = check("word " * 40, "error", "text " * 60 + "x" * 300 + " Hint: " + "why " * 40)
    result = ExerciseResult("a_long_name_" * 4, 3, (long, check()), ("note " * 40,))
    assert max(map(len, plain_table(result).splitlines())) <= WIDTH


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0"), (2.0, "2"), (1.5, "1.5"), (0.1 + 0.2, "0.3"), (100.0, "100")]
)
def test_points_read_as_a_person_would_write_them(value, text):
    assert points(value) == text


def test_control_characters_are_replaced_and_long_texts_are_cut():
    assert inert(HOSTILE).isprintable()
    assert inert("a\tb\nc\r\x00") == "a\tb\nc\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}"
    assert inert("x" * 50, 10) == "x" * 9 + "\N{HORIZONTAL ELLIPSIS}"
    assert inert("x" * 10, 10) == "x" * 10


class Elements(HTMLParser):
    """Lists the elements and attributes of a page, and what is not closed."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.attributes, self.open, self.text = set(), set(), [], ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def hostile_result():
    bad = check(HOSTILE, "failed", f"{HOSTILE}\nHint: {HOSTILE}", [HOSTILE])
    return ExerciseResult(HOSTILE, 3, (bad, check()), (HOSTILE,))


def test_html_is_a_few_harmless_elements_whatever_the_texts_say():
    page = Elements(html_table(hostile_result()))
    assert page.open == []
    assert page.tags <= {
        *("div", "p", "b", "i", "br", "span"),
        *("table", "thead", "tbody", "tr", "th", "td"),
    }
    assert page.attributes == {"style"}
    assert "<script>alert('x')</script> &" in page.text
    assert all(c.isprintable() for c in page.text)


def test_plain_table_cannot_drive_a_terminal():
    assert all(c.isprintable() or c == "\n" for c in plain_table(hostile_result()))


def test_colours_read_on_a_light_and_on_a_dark_page():
    """Contrast of at least 4.5 (WCAG AA) for the badges; other text takes the page's colour."""
    page = html_table(PARTIAL) + html_table(stub())
    backgrounds = set(re.findall(r"background-color:#(\w{6})", page))
    assert len(backgrounds) == 3
    for colour in backgrounds:
        parts = (int(colour[k : k + 2], 16) / 255 for k in (0, 2, 4))
        linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
        assert 1.05 / (luminance + 0.05) >= 4.5
    assert set(re.findall(r"[;\"]color:(#\w+)", page)) == {"#ffffff"}


def test_check_table_has_both_forms():
    table = CheckTable(PARTIAL)
    assert repr(table) == plain_table(PARTIAL)
    assert table._repr_html_() == html_table(PARTIAL)
