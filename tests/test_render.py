"""Tables as people read them."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from autograder.render import (
    WIDTH,
    CheckTable,
    html_table,
    inert,
    inert_json,
    overwritten,
    plain_table,
    points,
)
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


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b[38;2;1;2;3mx\x1b[2J\x1b[1;1H", "x"),
        ("\x9b31mred", "red"),
        ("\x1b]0;title\x07x", "x"),
        ("\x1b]8;;javascript:x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b]52;c;cm0=\x07x", "x"),
        ("\x1bP+q\x1b\\x\x1b_a\x9cy", "xy"),
        ("\x1bcx\x1b(0y", "xy"),
        ("\x1b]0;without an end", "0;without an end"),
        ("\x1b\x1b[31m[31mx", "\N{REPLACEMENT CHARACTER}[31mx"),
        ("a\r\nb\bc", "a\nb\N{REPLACEMENT CHARACTER}c"),
    ],
)
def test_control_sequences_are_taken_out(text, shown):
    assert inert(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "Gr\xfc\xdfe, \u05e9\u05dc\u05d5\u05dd, \u4f60\u597d\u3000\uff01",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "\u0928\u092e\u0938\u094d\u0924\u0947 \u0915\u094d\u200d\u0937",
        "\U0001f469\u200d\U0001f4bb \u2764\ufe0f",
        "e\u0301 \u1ec7 a\xa0b\u202fc",
    ],
)
def test_text_in_any_script_stays(text):
    assert inert(text) == text


@pytest.mark.parametrize(
    "hidden", [*"\u202e\u2066\u200b\ufeff\u2028\u3164\u00ad\x85", "\U000e0041"]
)
def test_what_hides_or_turns_text_is_made_visible(hidden):
    assert inert(f"a{hidden}b") == "a\N{REPLACEMENT CHARACTER}b"


def test_a_pile_of_accents_covers_nothing():
    assert len(inert("a" + "\u0301" * 500 + "b")) < 10


def test_a_hostile_text_is_read_in_linear_time():
    for text in ("\x1b]" * 200_000, "\x1b[" + "1;" * 200_000, "\r" * 200_000, "a" * 400_000):
        assert len(overwritten(inert(text, 200_000))) <= 200_000


@pytest.mark.parametrize(
    ("text", "shown"),
    [("10%\r100%", "100%"), ("10%\r100%\r\nb\n", "100%\nb\n"), ("a\n", "a\n"), ("a\r", "a")],
)
def test_what_a_terminal_would_show_of_a_progress_bar(text, shown):
    assert overwritten(text) == shown


def test_json_holds_inert_texts_only():
    raw = {"a\x1b[1m": ["\x1b[31mb", {"c": "\u202e"}], "n": 1.5, "t": True, "z": None}
    assert inert_json(raw) == {
        "a": ["b", {"c": "\N{REPLACEMENT CHARACTER}"}],
        "n": 1.5,
        "t": True,
        "z": None,
    }


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
