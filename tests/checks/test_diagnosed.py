"""A pattern that a rule recognizes takes the place of the check's hint; the rest stays."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from autograder.checks import Case, Check, Counts, Student, expect
from autograder.checks.runner import run_check
from autograder.errors import CheckFailed
from autograder.results import CheckResult
from autograder.student import Near

Array = NDArray[np.float64]
WANT = np.array([[0.5, -1.5, 2.0], [1.0, 3.0, -0.7]])
COUNTS = Counts({"samples": 7})


def caught(action: Callable[[], object]) -> CheckFailed:
    with pytest.raises(CheckFailed) as info:
        action()
    return info.value


def run(function: Callable[[Student, Case], None], *, visible: bool) -> CheckResult:
    return run_check(Check("f", 1, "title", function, visible, hint="Its own."), Near({}), 1)


def test_close_and_tensor_and_slope() -> None:
    failed = caught(lambda: expect.close("y", 7 * WANT, WANT, counts=COUNTS, hint="Given."))
    assert failed.rule == "times-count"
    assert failed.hint.startswith("Every entry is 7 times what it should be. 7 is the number of")
    assert str(failed).startswith("y: 6 of 6 entries are off. Worst at [1, 1]: yours is 21")
    failed = caught(lambda: expect.tensor("y", -WANT, WANT))
    assert (failed.rule, failed.index) == ("sign", (1, 1))
    failed = caught(lambda: expect.slope("y", 4 * WANT, lambda x: float((x**2).sum()), WANT))
    assert failed.rule == "twice"
    assert "does not match the slope of the loss" in str(failed)


def test_without_a_pattern_all_is_as_before() -> None:
    got = WANT + np.array([[0.3, 0.1, -0.2], [0.5, 0.9, 0.4]])
    failed = caught(lambda: expect.tensor("y", got, WANT, hint="Given."))
    assert (failed.rule, failed.hint) == ("", "Given.")

    def check(student: Student, case: Case) -> None:
        expect.tensor("y", got, WANT, case=case)

    result = run(check, visible=True)
    assert result.rule == ""
    assert result.message.endswith(" Hint: Its own.")


def test_the_rule_reaches_the_result() -> None:
    def check(student: Student, case: Case) -> None:
        expect.tensor("y", 7 * WANT, WANT, case=case, counts=COUNTS)

    for visible in (True, False):
        result = run(check, visible=visible)
        assert result.rule == "times-count"
        assert "Its own." not in result.message
        assert result.message.count(" Hint: ") == 1
    assert run(lambda _s, _c: None, visible=True).rule == ""


@pytest.mark.parametrize("right", [0.7, [0.7, -0.3], [0.7, -0.3, 0.2]])
def test_few_numbers_in_a_hidden_check(right: object) -> None:
    """With a ratio and one's own number one would have the right one."""
    want = np.array(right)

    def check(student: Student, case: Case) -> None:
        expect.close("y", 7 * want, want, case=case, counts=COUNTS)

    assert run(check, visible=True).rule == "times-count"
    result = run(check, visible=False)
    assert result.rule == ""
    assert result.message.endswith(" Hint: Its own.")
    assert caught(lambda: expect.close("y", 7 * want, want, counts=COUNTS)).rule == "", "no case"
    shown = caught(lambda: expect.close("y", 7 * want, want, counts=COUNTS, show=True))
    assert shown.rule == "times-count", "the right number is printed"


def test_a_form_in_which_a_factor_shows() -> None:
    p, g = np.array([1.0, 2.0, 4.0, -1.0]), np.array([3.0, -1.0, 0.5, 2.0])
    got = p - g
    failed = caught(
        lambda: expect.tensor(
            "new",
            got,
            p - 0.05 * g,
            counts=Counts(quantities={"the learning rate": 0.05}),
            seen_as=("(p - new) / lr", (p - got) / 0.05, g),
        )
    )
    assert failed.rule == "over-quantity"
    assert failed.hint.startswith("Look at (p - new) / lr. Every entry is 20 times what it should")


def test_sums_to_one() -> None:
    powers = np.exp(WANT)
    expect.sums_to_one("y", powers / powers.sum(axis=1, keepdims=True))
    failed = caught(lambda: expect.sums_to_one("y", powers / powers.sum(axis=0), hint="Given."))
    assert str(failed).startswith("y: row ")
    assert failed.rule == "normalized-columns"
    assert caught(lambda: expect.sums_to_one("y", powers, hint="Given.")).hint == "Given."


# --- gradients ----------------------------------------------------------------------------------

SIZES = (3, 4, 2)


def net() -> tuple[list[Array], list[Array]]:
    rng = np.random.default_rng(2)
    pairs = list(pairwise(SIZES))
    return [rng.normal(size=(m, n)) for n, m in pairs], [rng.normal(size=m) for _, m in pairs]


def cost(weights: list[Array], biases: list[Array]) -> float:
    parts = [*weights, *biases]
    return float(sum((k + 1) * np.sum(p**2) for k, p in enumerate(parts)))


def gradient() -> tuple[list[Array], list[Array]]:
    weights, biases = net()
    both = [2.0 * (k + 1) * p for k, p in enumerate([*weights, *biases])]
    return both[:2], both[2:]


def test_gradients_pass_and_note_float32() -> None:
    case = Case(1)
    expect.gradients("g", gradient(), gradient(), case=case)
    expect.gradients_of("g", gradient(), cost, net())
    assert case.notes == []
    single = tuple([p.astype(np.float32) * np.float32(1 + 5e-6) for p in g] for g in gradient())
    expect.gradients("g", single, gradient(), case=case)
    assert "computed in float32" in case.notes[0]


def test_gradients_of_leave_the_parameters_alone() -> None:
    at = net()
    expect.gradients_of("g", gradient(), cost, at)
    assert all(
        np.array_equal(p, q)
        for a, b in zip(at, net(), strict=True)
        for p, q in zip(a, b, strict=True)
    )


@pytest.mark.parametrize("exact", [True, False])
def test_gradients_are_read_together(exact: bool) -> None:
    def fail(d_weights: list[Array], d_biases: list[Array]) -> CheckFailed:
        got = (d_weights, d_biases)
        if exact:
            return caught(lambda: expect.gradients("g", got, gradient(), counts=COUNTS, at=net()))
        return caught(lambda: expect.gradients_of("g", got, cost, net(), counts=COUNTS))

    d_weights, d_biases = gradient()
    failed = fail(d_weights, [7 * b for b in d_biases])
    assert failed.rule == "biases-times-count"
    assert str(failed).startswith("dbs[1]: "), "from the last layer back"
    failed = fail([0 * d_weights[0], d_weights[1]], [0 * d_biases[0], d_biases[1]])
    assert failed.rule == "stops-early"
    assert str(failed).startswith("dbs[0]: ")
    failed = fail([d_weights[0], d_weights[1][::-1]], d_biases)
    assert failed.rule == "what-entered"
    assert str(failed).startswith("dWs[1]: ")


def test_parameters_in_place_of_a_gradient() -> None:
    weights, biases = net()
    d_weights, d_biases = gradient()
    got = (
        [w - 0.1 * g for w, g in zip(weights, d_weights, strict=True)],
        [b - 0.1 * g for b, g in zip(biases, d_biases, strict=True)],
    )
    failed = caught(lambda: expect.gradients("g", got, gradient(), at=net(), when=" at call 2"))
    assert failed.rule == "stepped"
    assert str(failed).startswith("dbs[1] at call 2: ")
