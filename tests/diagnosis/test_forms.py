"""Wrong types and shapes: a question about the axes, and none where nothing can be said."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.checks import expect
from autograder.diagnosis.forms import read_form, read_layers, read_number
from autograder.errors import CheckFailed


@pytest.mark.parametrize(
    ("got", "want", "rule", "says"),
    [
        ((4, 7), (7, 4), "transposed-shape", "What does a row belong to"),
        ((1, 4), (4,), "extra-axis", "an axis of length 1 too many"),
        ((4, 1), (4,), "extra-axis", ""),
        ((4,), (1, 4), "missing-axis", "An axis of length 1 is gone"),
        ((4,), (7, 4), "summed-axis", "The axis of length 7 is gone"),
        ((7,), (7, 4), "summed-axis", "The axis of length 4 is gone"),
        ((1, 4), (7, 4), "summed-axis", "Along axis 0 one is left of 7"),
        ((), (4,), "scalar", "where 4 numbers are asked for"),
        ((7, 7), (7,), "broadcast", "Do arrays of shape (7,) and (7, 1) meet"),
        ((7, 7), (7, 1), "broadcast", "From 7 numbers 7 times 7"),
        ((6, 4), (7, 4), "axis-length", "Along axis 0 yours has 6 where 7 are asked for"),
        ((7,), (4,), "axis-length", "What is counted along it"),
        ((20,), (5, 4), "reshaped", "the right number of entries in another shape"),
    ],
)
def test_shapes(got: tuple[int, ...], want: tuple[int, ...], rule: str, says: str) -> None:
    finding = read_form(np.zeros(got), want)
    assert finding is not None
    assert finding.rule == rule
    assert says in finding.sentence


@given(
    got=st.lists(st.integers(1, 5), max_size=4).map(tuple),
    want=st.lists(st.integers(1, 5), max_size=4).map(tuple),
)
def test_any_two_shapes_can_be_read(got: tuple[int, ...], want: tuple[int, ...]) -> None:
    finding = read_form(np.zeros(got), want)
    if finding is not None and got != want:
        assert "?" in finding.sentence


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        (0.5, "scalar"),
        ([0.5, 0.2], "list"),
        ((np.zeros(2), np.zeros(2)), "tuple"),
        (None, ""),
        ("text", ""),
    ],
)
def test_types(value: object, rule: str) -> None:
    finding = read_form(value, (2,))
    assert (finding.rule if finding else "") == rule


def test_what_should_be_one_number() -> None:
    for value, rule in ((np.zeros(7), "not-reduced"), (np.zeros((1, 1)), "extra-axis")):
        finding = read_number(value)
        assert finding is not None
        assert finding.rule == rule
    assert read_number("text") is None


SIZES = (5, 3, 4)
SHAPES = ([(m, n) for n, m in pairwise(SIZES)], [(m,) for m in SIZES[1:]])


def net() -> tuple[list[np.ndarray], list[np.ndarray]]:
    return [np.zeros(shape) for shape in SHAPES[0]], [np.zeros(shape) for shape in SHAPES[1]]


def test_lists_of_layers() -> None:
    weights, biases = net()
    for value, rule in (
        ((biases, weights), "swapped-lists"),
        ((weights[::-1], biases[::-1]), "reversed-layers"),
        (list(zip(weights, biases, strict=True)), "pairs-by-layer"),
        ((weights[-1:], biases[-1:]), "layers-missing"),
        ((weights, biases), ""),
        ((weights, [b[:, np.newaxis] for b in biases]), ""),
        (None, ""),
        ([1.0, 2.0], ""),
        (([], []), "layers-missing"),
    ):
        finding = read_layers(value, SHAPES)
        assert (finding.rule if finding else "") == rule, rule


def test_the_message_keeps_its_first_sentence() -> None:
    with pytest.raises(CheckFailed) as caught:
        expect.array("db", np.zeros((1, 3)), (3,), because="one per neuron")
    failed = caught.value
    assert str(failed).startswith("db: expected an array of shape (3,), one per neuron, got an")
    assert (failed.rule, failed.form) == ("extra-axis", True)
    assert failed.hint.endswith("?")
    weights, biases = net()
    with pytest.raises(CheckFailed) as caught:
        expect.parameters("net", (biases, weights), SIZES)
    assert caught.value.rule == "swapped-lists"
    assert str(caught.value).startswith("weights[0]: expected an array of shape (3, 5), got")
    with pytest.raises(CheckFailed) as caught:
        expect.parameters("net", (weights, [b[np.newaxis] for b in biases]), SIZES)
    assert caught.value.rule == "extra-axis"
