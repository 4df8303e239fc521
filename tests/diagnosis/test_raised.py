"""Exceptions as Python and NumPy raise them, and the student's own line, near and far."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograder.checks import Case, Check, Student
from autograder.checks.runner import run_check
from autograder.diagnosis.raised import read_raised
from autograder.session.far import Cell, FarStudent
from autograder.session.plain import PlainLauncher
from autograder.student import Near


def unbound() -> int:
    if not np:
        value = 1
    return value


def none_plus() -> Any:
    nothing: Any = None
    return nothing + 1


def in_place(integers: Any) -> None:
    integers -= 0.5


def forever(n: int) -> int:
    return forever(n + 1)


def read_only() -> None:
    array = np.ones(3)
    array.flags.writeable = False
    array[0] = 2.0


Z = np.zeros
ANY: Any = 3
RAISED: dict[str, tuple[Callable[[], Any], str]] = {
    "matmul": (lambda: Z((7, 4)) @ Z((6, 3)), "has length 4 in the first and 6 in the second"),
    "matmul dot": (lambda: np.dot(Z((7, 4)), Z((6, 3))), "The shapes are (7,4) and (6,3)"),
    "matmul number": (lambda: Z((7, 4)) @ ANY, "is a single number"),
    "broadcast": (lambda: Z((7, 4)) * Z((7,)), "Write the shapes (7,4) and (7,) below each other"),
    "broadcast into": (lambda: Z((3,)).__setitem__(slice(0, 3), Z((7, 4))), "shape (7,4)"),
    "broadcast in place": (lambda: Z((3,)).__iadd__(Z((7, 3))), "has shape (7,3)"),
    "unpacking": (lambda: [a for a, b in [(1, 2, 3)]], "There are 2 names on the left"),
    "unpacking few": (lambda: [a for a, b, c in [(1, 2)]], "There are 3 names on the left"),
    "axis": (lambda: Z(3).sum(axis=1), "this array has 1: is there an axis 1?"),
    "too-many-indices": (lambda: Z(3)[0, 0], "The array has 1 axes"),
    "index": (lambda: Z(3)[3], "the length is 3 here"),
    "index list": (lambda: list(range(2))[5], "How long is the list"),
    "index-type": (lambda: Z(3)[1.5], "An index must be a whole number"),
    "empty": (lambda: Z(0)[0], "The array is empty there"),
    "unbound": (unbound, "On which way through your code"),
    "name": (lambda: undefined, "Look at its spelling"),  # type: ignore[name-defined] # noqa: F821
    "none": (none_plus, "Something is None"),
    "none attribute": (lambda: getattr(None, "shape"), "Something is None"),  # noqa: B009
    "arguments": (forever, "Compare the call"),
    "arguments many": (lambda: forever(1, 2), "Compare the call"),  # type: ignore[call-arg]
    "not-callable": (lambda: ANY(2), "Round brackets call"),
    "one-number-only": (lambda: math.exp(Z(3)), "A function for single numbers"),  # type: ignore[arg-type]
    "no-index": (lambda: ANY[0], "A single number stands"),
    "no-index iterated": (lambda: list(ANY), "A single number stands"),
    "no-index length": (lambda: len(ANY), "A single number stands"),
    "no-index floats": (lambda: [1, 2][ANY / 2], "A list takes one whole number"),
    "list-arithmetic": (lambda: [1, 2] - [1], "Lists do not compute"),  # type: ignore[operator]
    "list-arithmetic attribute": (lambda: [1].shape, "an array has"),  # type: ignore[attr-defined]
    "truth-value": (lambda: bool(Z(3) > 1), "An if asks one question"),
    "ragged": (lambda: np.array([[1, 2], [3]], dtype=float), "different shapes"),
    "reshape": (lambda: Z(6).reshape(4, 2), "How many entries has shape (4,2)"),
    "integer": (lambda: in_place(np.arange(3)), "no room for fractions"),
    "read-only": (read_only, "must not be written to"),
    "division-by-zero": (lambda: 1 // 0, "for which input does it become 0"),
    "overflow": (lambda: math.exp(1000), "too large for a float"),
    "domain": (lambda: math.log(-1), "A logarithm or a root"),
    "recursion": (lambda: forever(0), "calls itself again and again"),
    "key": (lambda: {}["W"], "Which keys"),
    "attribute": (lambda: Z(3).shapes, "What type does the object before the dot"),  # type: ignore[attr-defined]
}


@pytest.mark.parametrize("name", RAISED)
def test_what_numpy_and_python_raise_has_a_question(name: str) -> None:
    action, says = RAISED[name]
    with pytest.raises(Exception) as caught:  # noqa: PT011 - any kind
        action()
    finding = read_raised(type(caught.value).__name__, str(caught.value))
    assert finding is not None, f"{type(caught.value).__name__}: {caught.value}"
    assert finding.rule == f"raised-{name.partition(' ')[0]}"
    assert says in finding.sentence
    assert "Hint:" not in finding.sentence


def test_what_a_student_raises_says_nothing() -> None:
    assert read_raised("ValueError", "my own") is None
    assert read_raised("Nasty", "matmul: size 3 is different from 4") is None
    assert read_raised("SystemExit", "3") is None


def test_a_question_quotes_numbers_only() -> None:
    text = "operands could not be broadcast together with shapes (<b>,) (7,)"
    assert read_raised("ValueError", text) is None
    assert read_raised("MemoryError", "x" * 10**6) is not None


CELL = """
def helper(x):
    return np.zeros((7, 4)) @ x

def f(x):
    y = helper(x)
    return y
"""


def near() -> Student:
    namespace: dict[str, Any] = {"np": np}
    exec(compile(CELL, "<cell f>", "exec"), namespace)
    return Near(namespace)


def asks(student: Student, case: Case) -> None:
    student.call("f", np.zeros((6, 3)))


CHECK = Check("f", 1, "title", asks, visible=True, hint="About values.")


def test_the_message_names_the_students_own_line_and_asks() -> None:
    result = run_check(CHECK, near(), 1)
    assert (result.status, result.rule) == ("error", "raised-matmul")
    assert " at line 3 of helper. Hint: Write the shapes of the two factors" in result.message
    assert "runner" not in result.message
    assert "student.py" not in result.message


def test_far_it_is_the_same_sentence() -> None:
    with FarStudent(PlainLauncher(), [Cell("f", f"import numpy as np{CELL}")], []) as far:
        result = run_check(CHECK, far, 1)
    assert (result.status, result.rule) == ("error", "raised-matmul")
    at = "at line 3 of helper: return np.zeros((7, 4)) @ x. Hint: Write the shapes"
    assert at in result.message
    assert ".py" not in result.message
