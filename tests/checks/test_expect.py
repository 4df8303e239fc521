"""The assertions: verdict bands, and messages that name object, expected, got and place."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.checks import Case, expect
from autograder.errors import CheckFailed
from autograder.student import Near
from autograder.values import Unsupported


def message(action: object) -> str:
    with pytest.raises(CheckFailed) as caught:
        action()  # type: ignore[operator]
    return str(caught.value)


def test_array_names_shape_and_reason() -> None:
    assert message(
        lambda: expect.array("db", np.zeros((1, 3)), (3,), because="one per neuron")
    ) == (
        "db: expected an array of shape (3,), one per neuron, got an array of shape (1, 3) and "
        "dtype float64."
    )


@pytest.mark.parametrize(
    ("value", "got"),
    [
        (Unsupported("numpy.matrix"), "a value of type numpy.matrix"),
        ([[1.0]], "a list of length 1"),
        (None, "None (is a return missing?)"),
        (2.0, "the float 2.0"),
    ],
)
def test_array_refuses_what_is_no_array(value: object, got: str) -> None:
    said = message(lambda: expect.array("z", value, (1, 1)))
    assert said == f"z: expected an array of shape (1, 1), got {got}."


def test_a_number_is_an_array_without_axes() -> None:
    assert expect.array("z", 3, ()).shape == ()
    assert expect.array("z", 3).dtype == np.float64


@pytest.mark.parametrize("value", [np.float64(2), 2, np.array(2.0)])
def test_scalar(value: object) -> None:
    assert expect.scalar("loss", value) == 2.0


def test_scalar_must_be_finite_and_one_number() -> None:
    assert message(lambda: expect.scalar("loss", float("nan"))) == (
        "loss: expected a finite number, got nan."
    )
    assert "got an array of shape (2,)" in message(lambda: expect.scalar("loss", np.zeros(2)))


def test_boolean() -> None:
    assert expect.boolean("stop", np.array(True)) is True
    assert message(lambda: expect.boolean("stop", 1)) == (
        "stop: expected True or False, got the int 1."
    )


def test_sequences_are_interchangeable_but_counted() -> None:
    assert expect.sequence("dWs", (1, 2), 2) == [1, 2]
    assert message(lambda: expect.sequence("dWs", [1], 2)) == (
        "dWs: expected a list of 2 items, got a list of length 1."
    )


def test_parameters_checks_each_shape() -> None:
    good = ([np.zeros((3, 2))], [np.zeros(3)])
    assert expect.parameters("result", good, [2, 3])[0][0].shape == (3, 2)
    assert message(lambda: expect.parameters("train(...)", [np.zeros((3, 2))], [2, 3])) == (
        "train(...): expected (weights, biases), two lists, got a list of length 1 that holds "
        "arrays. Is the other list missing?"
    )
    bad = ([np.zeros((2, 3))], [np.zeros(3)])
    assert message(lambda: expect.parameters("result", bad, [2, 3])) == (
        "weights[0]: expected an array of shape (3, 2), got an array of shape (2, 3) and dtype "
        "float64."
    )


def test_finite_says_where() -> None:
    values = np.array([[0.0, np.nan], [np.inf, 1.0]])
    assert message(lambda: expect.finite("y", values)) == (
        "y: expected finite numbers, got nan at [0, 1] (2 of 4 entries are not finite)."
    )


def test_close_hides_the_expected_value_unless_it_is_public() -> None:
    got, want = np.array([1.0, 2.5]), np.array([1.0, 2.0])
    hidden = message(lambda: expect.close("y", got, want))
    assert hidden == ("y: 1 of 2 entries are off. Worst at [1]: yours is 2.5, relative error 0.11.")
    assert message(lambda: expect.close("y", got, want, show=True)) == (
        "y: 1 of 2 entries are off. Worst at [1]: yours is 2.5, expected 2."
    )
    assert message(lambda: expect.close("y", 2.5, 2.0)) == "y: is 2.5, relative error 0.11."


def test_tensor_reports_the_whole_error_and_the_worst_entry() -> None:
    want = np.array([[1.0, 2.0], [3.0, 4.0]])
    assert message(lambda: expect.tensor("dWs[0]", -want, want)) == (
        "dWs[0]: the shape is right, the values are not: relative error 1 over the whole array "
        "(at most 1e-06 passes). Worst at [1, 1]: yours is -4."
    )


@pytest.mark.parametrize(
    ("error", "passes", "noted"),
    [
        (1e-12, True, False),
        (1e-5, True, True),
        (1e-3, False, False),
    ],
)
def test_verdict_bands(error: float, passes: bool, noted: bool) -> None:
    want = np.linspace(1.0, 2.0, 5)
    for judge in (expect.close, expect.tensor):
        case = Case(0)
        if passes:
            judge("y", want * (1 + 2 * error), want, case=case)
        else:
            with pytest.raises(CheckFailed):
                judge("y", want * (1 + 2 * error), want, case=case)
        assert bool(case.notes) is noted


@given(st.floats(-30, 30), st.floats(-30, 30))
def test_float32_results_pass_with_at_most_a_note(a: float, b: float) -> None:
    want = 1.0 / (1.0 + np.exp(-np.array([a, b])))
    got = want.astype(np.float32).astype(np.float64)
    expect.close("y", got, want, case=Case(0))
    expect.tensor("y", got, want, case=Case(0))


def test_nan_never_passes() -> None:
    for judge in (expect.close, expect.tensor):
        assert "expected finite numbers, got nan" in message(
            lambda judge=judge: judge("y", np.array([np.nan]), np.array([1.0]))
        )
        assert "expected finite numbers, got inf" in message(
            lambda judge=judge: judge("y", np.array([np.inf]), np.array([np.inf]))
        )


def test_slope_shows_the_numeric_value() -> None:
    at = np.array([1.0, -2.0])

    def loss(x: np.ndarray) -> float:
        return float((x**2).sum())

    expect.slope("dx", 2 * at, loss, at)
    assert at.tolist() == [1.0, -2.0]
    assert message(lambda: expect.slope("dx", at, loss, at)) == (
        "dx: does not match the slope of the loss: relative error 0.33 (at most 1e-05 passes). "
        "Worst at [1]: yours is -2, the central difference gives -4."
    )


@pytest.mark.parametrize("order", ["C", "F", "view", "transposed"])
def test_slope_is_taken_whatever_the_memory_layout(order: str) -> None:
    """A flat copy instead of a view would leave the point where it is: every slope 0."""
    at = np.arange(12.0).reshape(3, 4)
    if order == "F":
        at = np.asfortranarray(at)
    elif order == "view":
        at = np.repeat(at, 2, axis=1)[:, ::2]
    elif order == "transposed":
        at = at.T.copy().T
    before = at.copy()

    def loss(x: np.ndarray) -> float:
        return float((x**2).sum())

    expect.slope("dW", 2 * at, loss, at)
    with pytest.raises(CheckFailed):
        expect.slope("dW", np.zeros_like(at), loss, at)
    assert np.array_equal(at, before)


def test_within() -> None:
    expect.within("rate", 0.5, 0.4, 0.6)
    assert message(lambda: expect.within("mask", 0.3, 0.4, 0.6, what="the share of zeros")) == (
        "mask: the share of zeros is 0.3, expected 0.4 to 0.6."
    )
    assert "is nan" in message(lambda: expect.within("rate", float("nan"), 0.4, 0.6))


def test_unchanged_names_function_and_argument() -> None:
    def spoil(weights: np.ndarray) -> np.ndarray:
        weights *= 2
        return weights

    student = Near({"spoil": spoil})
    student.call("spoil", np.ones(2))
    assert message(lambda: expect.unchanged(student)) == (
        "spoil: changed its input weights in place; expected it as it was."
    )
    expect.unchanged(student, except_for=("weights",))
