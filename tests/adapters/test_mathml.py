"""Formulas of the feedback pages: those of the releases, and those of people who mean no good."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.adapters.nbgrader.mathml import MAX_FORMULA, formula

ROOT = Path(__file__).parents[2]
FORMULA = re.compile(r"\$\$(.+?)\$\$|(?<![\\$])\$([^$]+?)\$(?!\$)", re.DOTALL)


def texts(part):
    return [part.text, *(text for child in part.children for text in texts(child))]


def attributes(part):
    return part.attributes | {
        name: value for child in part.children for name, value in attributes(child).items()
    }


def formulas():
    for path in sorted(ROOT.glob("assignments/*/*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] == "markdown":
                for match in FORMULA.finditer("".join(cell["source"])):
                    yield match[1] or match[2]


def test_every_formula_of_the_releases_is_shown():
    found = list(formulas())
    assert len(found) > 100
    assert [tex for tex in found if formula(tex, display=True) is None] == []


def test_a_formula_is_a_tree_of_names_and_texts():
    root = formula(r"\sigma'(z) = \ln\frac{a}{b}", display=False)
    assert root is not None
    assert root.name == "math"
    assert root.attributes == {"display": "inline"}
    assert [text for text in texts(root) if text] == [*"\u03c3\u2032(z)=", "ln", "a", "b"]


def test_less_than_is_text():
    root = formula(r"a < b \text{<script>}", display=False)
    assert root is not None
    assert "<" in texts(root)
    assert "<script>" in texts(root)


@pytest.mark.parametrize(
    "tex",
    [
        r"\href{javascript:alert(1)}{x}",
        r"\style{background:url(http://a)}{x}",
        r"\class{a}{x}",
        r'\color{red" onload="x}{y}',
        r"\rule{1000em}{1000em}",
        r"\hspace{-99em} x",
        r"\Huge x",
    ],
)
def test_attributes_are_few_and_small(tex):
    root = formula(tex, display=True)
    assert root is None or attributes(root).keys() <= {"display", "stretchy", "displaystyle"}


@pytest.mark.parametrize(
    "tex",
    [
        *("", "{", r"\frac", r"\left( x", r"\unknown{x}", "a_1_2", "%", "x" * (MAX_FORMULA + 1)),
        *("{" * 3000, r"\sqrt{" * 600, "x^{" * 900 + "}" * 900, r"\begin{array}{c}" * 200),
    ],
)
def test_what_is_no_formula_is_none(tex):
    assert formula(tex, display=False) is None


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                *(
                    "\\frac",
                    "\\sqrt",
                    "{",
                    "}",
                    "[",
                    "]",
                    "^",
                    "_",
                    "&",
                    "\\\\",
                    "'",
                    "x",
                    "1",
                    " ",
                ),
                *("\\text{<b>}", "\\href{a}", "\\style{a}", "\\color{red}", "\\left(", "\\right)"),
                *("\\begin{align}", "\\end{align}", "\\hspace{9em}", "\\unicode{x3c}", "&lt;", '"'),
                *("\\mathbb", "\\hat", "\\sum", "\\operatorname{a}", "\\tag{1}", "\\not", "\\"),
            ]
        ),
        max_size=12,
    ).map("".join)
)
def test_anything_is_a_checked_tree_or_none(tex):
    root = formula(tex, display=True)
    assert root is None or not any(text.startswith("\\") for text in texts(root))
