"""The look at the source: what is found, what is not, and what it may cost."""

from __future__ import annotations

import time

import numpy as np
import pytest

from autograder.checks import Exercise
from autograder.checks.derivatives import COMPLEX_STEP, GRADIENT, QUOTIENT
from autograder.checks.policy import MAX_PLACES, Source, remark

NUMERICAL = {
    "central": "return (g(z + h) - g(z - h)) / (2 * h)",
    "with numbers": "return (g(z + 1e-4) - g(z - 1e-4)) / 2e-4",
    "one-sided": "e = 1e-8\n    return (g(z + e) - g(z)) / e",
    "in two steps": "d = g(z + h) - g(z - h)\n    d /= 2 * h\n    return d",
    "times the inverse": "inverse = 1 / (2 * h)\n    return (g(z + h) - g(z - h)) * inverse",
    "times a large number": "return 5e4 * (g(z + 1e-5) - g(z - 1e-5))",
    "np.divide": "return np.divide(np.subtract(g(z + h), g(z - h)), 2 * h)",
    "np.diff": "return np.diff([g(z - h), g(z + h)], axis=0)[0] / (2 * h)",
    "of expressions": "return (1 / (1 + np.exp(-z - h)) - 1 / (1 + np.exp(-z + h))) / (-2 * h)",
    "four points": "return (g(z-2*h) - 8*g(z-h) + 8*g(z+h) - g(z+2*h)) / (12 * h)",
    "a matrix in front": "return (W @ z) * (g(z + h) - g(z - h)) / (2 * h)",
    "an entry at a time": (
        "out = []\n    for k in range(9):\n        was = z[k]\n        z[k] = was + 1e-6\n"
        "        up = g(z)\n        z[k] = was - 1e-6\n        out.append((up - g(z)) / 2e-6)\n"
        "        z[k] = was\n    return out"
    ),
}


@pytest.mark.parametrize("body", NUMERICAL.values(), ids=NUMERICAL)
def test_difference_quotients_are_found(body: str) -> None:
    [place] = Source(["import numpy as np", f"def f(z, h=1e-5):\n    {body}"]).places("f")
    assert (place.what, place.cell) == (QUOTIENT, 1)


OTHERS = {
    "complex step": ("return g(z + 1j * h).imag / h", COMPLEX_STEP),
    "np.imag": ("return np.imag(g(z + 1e-30j)) / 1e-30", COMPLEX_STEP),
    "the real part": ("return (-1j * g(z + 1j * h)).real / h", COMPLEX_STEP),
    "np.gradient": ("return np.gradient(g(z), z)", GRADIENT),
}


@pytest.mark.parametrize(("body", "what"), OTHERS.values(), ids=OTHERS)
def test_other_numerical_derivatives_are_found(body: str, what: str) -> None:
    places = Source([f"def f(z, h=1e-20):\n    {body}"]).places("f")
    assert [place.what for place in places] == [what]


HARMLESS = {
    "the formula": "return g(z) * (1 - g(z))",
    "a quotient": "return np.exp(-z) / (1 + np.exp(-z)) ** 2",
    "softmax": "m = z.max()\n    s = np.exp(z - m).sum()\n    return (np.exp(z - m) - t * s) / s",
    "an average": "n = len(z)\n    return (g(z) - t).T @ z[: n - 1] / n",
    "a small number": "return (g(z) - t) / (g(z) + 1e-12)",
    "a rate": "return (z - t) / 0.2",
    "half of a difference": "return (np.tanh(z) - np.tanh(t)) / 2",
    "the real part": "return z.real",
}


@pytest.mark.parametrize("body", HARMLESS.values(), ids=HARMLESS)
def test_formulas_are_not(body: str) -> None:
    assert Source([f"def f(z, t=0):\n    {body}"]).places("f") == ()


CELLS = [
    "%matplotlib inline\nimport numpy as np\nSTEP = 1e-5",
    "def slope(f, x):\n    return (f(x + STEP) - f(x - STEP)) / (2 * STEP)",
    "def prime(z):\n    return slope(g, z)",
    "derivative = lambda z: (g(z + STEP) - g(z)) / STEP",
    "%%time\ndef second(z):\n    return prime(z)\nx = !ls",
    "def third(z):\n    'like prime'\n    return globals()['prime'](z)",
    "def broken(:",
]


def test_helpers_are_followed_and_others_left_alone() -> None:
    source = Source(CELLS)
    assert [place.cell for place in source.places("prime")] == [1]
    assert [place.cell for place in source.places("derivative")] == [3]
    assert [place.cell for place in source.places("second")] == [1]
    assert source.places("second", stop=["prime"]) == ()
    assert [place.cell for place in source.places("third")] == [1]
    assert source.places("broken") == source.places("nobody") == ()
    assert source.is_dynamic("third")
    assert not source.is_dynamic("prime")
    assert source.functions() == ["slope", "prime", "second", "third"]


def test_a_place_can_be_made_larger() -> None:
    source = Source(["é = 1; h = 0.25", "def f(z):\n    'ä'; return (g(z + h) - g(z)) / h  # ü"])
    [place] = source.places("f")
    assert (place.line, place.text) == (2, "'ä'; return (g(z + h) - g(z)) / h  # ü")
    changed = source.changed([place], 0.25)
    body = '"""ä"""\n    return (g(z + h) - g(z)) / (h / 1.25)'
    assert changed == [source.cells[0], f"def f(z):\n    {body}"]
    space = {"g": lambda z: z * z}
    for cell in changed:
        exec(cell, space)
    assert space["f"](1.0) == 1.25 * 2.25


def test_a_sigmoid_may_use_complex_numbers() -> None:
    cells = [
        "def g(z):\n    return (1 / (1 + np.exp(-z + 0j))).real",
        "def f(z):\n    return g(z) * (1 - g(z))",
    ]
    assert Source(cells).places("f", exercises=["f", "g"]) == ()
    assert [place.what for place in Source(cells).places("f")] == [COMPLEX_STEP]


COSTLY = {
    "a long sum": "return (" + "+".join(["z"] * 20_000) + ") / 1e-3",
    "deep": "return " + "(" * 150 + "z" + ")" * 150,
    "signs": "return " + "-" * 50_000 + "z",
    "attributes": "return z" + ".a" * 30_000,
    "a tower": "return (z - z) / 9**9**9**9",
    "names of names": "return (a0 - a0) / 1e-5\n"
    + "\n".join(f"a{i} = a{i + 1} + a{i + 1}" for i in range(2000)),
    "names in circles": "return (a - b) / 1e-5\na = b + 1\nb = a - 1\nh = h * h",
    "many": "\n    ".join(f"x{i} = (g(z + h) - g(z - h)) / h" for i in range(2500)),
    "nothing": "return '\\ud800 \\d \x00'",
}


@pytest.mark.parametrize("body", COSTLY.values(), ids=COSTLY)
def test_a_hostile_source_costs_little(body: str) -> None:
    began = time.process_time()
    places = Source([f"def f(z, h):\n    {body}"] * 2).places("f")
    assert len(places) <= MAX_PLACES
    assert time.process_time() - began < 10.0


FORMULA = Exercise("measured", points=1, formula=True)
FREE = Exercise("measured", points=1)


def measured(z):
    return quotient(np.tanh, z)


def quotient(f, z):
    return (f(z + 1e-5) - f(z - 1e-5)) / 2e-5


def test_a_student_is_told_at_home() -> None:
    space = {"measured": measured, "quotient": quotient, "np": np}
    assert remark(FORMULA, space, [FORMULA]) == (
        "Your code holds a difference quotient: `return (f(z + 1e-5) - f(z - 1e-5)) / 2e-5`. This "
        "exercise asks for the formula: an answer that is made of a numerical derivative earns "
        "nothing when it is graded."
    )
    assert remark(FREE, space, [FREE]) == ""
    assert remark(FORMULA, {"measured": np.tanh}, [FORMULA]) == ""
    assert remark(FORMULA, {}, [FORMULA]) == ""
