"""Rules about one array: each pattern is named, and nothing is said of what has none."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from autograder.diagnosis import Counts
from autograder.diagnosis.findings import distinct
from autograder.diagnosis.residuals import EXACT, LOOSE, read
from autograder.errors import AutograderError

Array = NDArray[np.float64]

NONE = Counts()
COUNTS = Counts({"samples": 7, "outputs": 4}, {"the learning rate": 0.3}, ("sample", "output"))


def drawn(seed: int, shape: tuple[int, ...], scale: float = 1.0) -> Array:
    """Numbers of either sign, none of them tiny."""
    rng = np.random.default_rng(seed)
    sizes = rng.uniform(0.3, 3.0, shape)
    return scale * sizes * rng.choice([-1.0, 1.0], shape)


def rule(got: NDArray[np.generic], want: Array, counts: Counts = NONE, **options: object) -> str:
    finding = read(got, want, counts, **options)  # type: ignore[arg-type]
    return finding.rule if finding else ""


def sentence(got: NDArray[np.generic], want: Array, counts: Counts = NONE, **more: object) -> str:
    finding = read(got, want, counts, **more)  # type: ignore[arg-type]
    return finding.sentence if finding else ""


SHAPES = st.sampled_from([(7, 4), (4, 4), (3, 5), (6,), (2, 3, 4), (9, 2)])
SEEDS = st.integers(0, 10**6)
SCALES = st.sampled_from([1e-12, 1e-4, 1.0, 1e5, 1e120])


# --- factors ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("factor", "name", "says"),
    [
        (-1.0, "sign", "minus what it should be"),
        (7.0, "times-count", "7 times what it should be. 7 is the number of samples"),
        (1 / 7, "over-count", "1/7 of what it should be. 7 is the number of samples"),
        (0.25, "over-count", "4 is the number of outputs"),
        (1 / 28, "over-product", "28 is the number of samples times that of outputs"),
        (28.0, "times-product", "28 is the number of samples times that of outputs"),
        (-7.0, "times-count", "7 times what it should be, with the wrong sign"),
        (2.0, "twice", "twice what it should be"),
        (0.5, "half", "half of what it should be"),
        (0.3, "times-quantity", "0.3 is the learning rate"),
        (1 / 0.3, "over-quantity", "0.3 is the learning rate"),
        (0.09, "times-quantity", "0.09 is the square of the learning rate"),
        (1 / np.log(10.0), "log-base", "1/ln 10"),
        (1 / np.log(2.0), "log-base", "1/ln 2"),
        (3.21, "constant", "3.21 times what it should be"),
        (0.0, "zero", "Every entry is 0"),
    ],
)
@given(seed=SEEDS, shape=SHAPES, scale=SCALES)
@settings(max_examples=15, deadline=None)
def test_a_factor_is_named(
    factor: float, name: str, says: str, seed: int, shape: tuple[int, ...], scale: float
) -> None:
    want = drawn(seed, shape, scale)
    for exact in (True, False):
        finding = read(factor * want, want, COUNTS, exact=exact)
        assert finding is not None
        assert finding.rule == name
        assert says in finding.sentence


def test_two_meanings_of_a_number_are_both_told() -> None:
    want = drawn(1, (4, 5))
    said = sentence(4 * want, want, Counts({"samples": 4, "outputs": 4}))
    assert "4 is the number of samples and of outputs" in said
    said = sentence(2 * want, want, Counts({"samples": 2}))
    assert "2 is the number of samples" in said
    assert "Or does one term count double" in said
    said = sentence(want / 5, want, Counts({"samples": 5}, {"the rate": 0.2}))
    assert "5 is the number of samples" in said
    assert "Or 0.2 is the rate" in said
    said = sentence(2 * want, want, Counts({"samples": 2, "calls": 2}))
    assert "samples and of calls" in said
    assert "Or does each call start from zero?" in said


def test_a_count_of_one_means_nothing() -> None:
    want = drawn(1, (1, 5))
    assert rule(want * 1.0, want, Counts({"samples": 1})) == ""
    assert rule(-want, want, Counts({"samples": 1})) == "sign"


def test_a_single_number_may_be_twice_another_by_chance() -> None:
    for factor in (2.0, 0.5, 3.21, 0.0):
        assert rule(np.array(factor * 0.7), np.array(0.7)) == ""
    for number in (0.0, 0.5, 1.0, 0.75, 0.375):
        assert rule(np.array(1.0 - number), np.array(number)) == ""
    assert sentence(np.array(0.3), np.array(0.7)).startswith("It is 1 minus the right one.")
    assert rule(np.array(7 * 0.7), np.array(0.7), COUNTS) == "times-count"
    assert sentence(np.array(-0.7), np.array(0.7)).startswith("It is minus")
    # A thousand equal entries are no more than one.
    assert rule(np.full((30, 40), 2.4), np.full((30, 40), 0.8)) == ""


def test_counts_must_be_numbers_that_a_factor_could_be() -> None:
    with pytest.raises(AutograderError, match=r"expected positive numbers, got 0\.0 for 'h'"):
        Counts(quantities={"h": 0.0})


@given(seed=SEEDS, shape=SHAPES, scale=SCALES, factor=st.floats(0.01, 100.0))
@settings(max_examples=60, deadline=None)
def test_no_count_is_named_for_another_factor(
    seed: int, shape: tuple[int, ...], scale: float, factor: float
) -> None:
    named = [7.0, 4.0, 28.0, 0.3, 0.09, 2.0, 1.0, np.log(10.0), np.log(2.0)]
    assume(all(abs(factor / n - 1) > 1e-4 and abs(factor * n - 1) > 1e-4 for n in named))
    want = drawn(seed, shape, scale)
    assert rule(factor * want, want, COUNTS) == "constant"


# --- what is right, and what has no pattern -----------------------------------------------------


@given(seed=SEEDS, shape=SHAPES, scale=SCALES, dtype=st.sampled_from(["f8", "f4"]))
@settings(max_examples=60, deadline=None)
def test_nothing_is_said_of_a_right_answer(
    seed: int, shape: tuple[int, ...], scale: float, dtype: str
) -> None:
    if dtype == "f4":
        assume(1e-30 < scale < 1e30)
    want = drawn(seed, shape, scale)
    known = {"z": drawn(seed + 1, shape), "a": want}
    assert rule(want.astype(dtype), want, COUNTS, known=known) == ""
    assert rule(want * (1 + 1e-14), want, COUNTS, known=known) == ""
    assert rule(want * (1 + 3e-9), want, COUNTS, known=known, exact=False) == ""


@given(seed=SEEDS, shape=SHAPES)
@settings(max_examples=80, deadline=None)
def test_nothing_is_said_of_what_has_no_pattern(seed: int, shape: tuple[int, ...]) -> None:
    want, got = drawn(seed, shape), drawn(seed + 1, shape)
    known = {"z": drawn(seed + 2, shape), "a": drawn(seed + 3, shape)}
    assert rule(got, want, COUNTS, known=known) == ""
    assert rule(want + 0.01 * got, want, COUNTS, known=known) == ""


def test_a_result_in_float32_is_read_with_its_precision() -> None:
    want = drawn(3, (7, 4))
    off = 1 + 3e-6 * np.random.default_rng(1).uniform(-1, 1, want.shape)
    assert rule((7 * want * off).astype(np.float32), want, COUNTS) == "times-count"
    assert rule(7 * want * off, want, COUNTS) == ""
    assert LOOSE > 7e-6 > EXACT, "what correct float32 code differs by lies between the bands"


@pytest.mark.parametrize("got", [np.full((2, 2), np.nan), np.array([[np.inf, 1], [1, 1]])])
def test_what_is_not_finite_is_left_to_another_rule(got: Array) -> None:
    assert rule(got, drawn(1, (2, 2))) == ""


def test_empty_arrays_and_zeros_have_no_ratio() -> None:
    assert rule(np.zeros((0, 3)), np.zeros((0, 3))) == ""
    assert rule(drawn(1, (3, 3)), np.zeros((3, 3))) == ""


# --- entries ------------------------------------------------------------------------------------

FORMS: dict[str, Callable[[Array], Array]] = {
    "complement": lambda x: 1.0 - x,
    "absolute": np.abs,
    "inverse": lambda x: 1.0 / x,
    "square": lambda x: x**2,
    "exponential": np.exp,
}


@pytest.mark.parametrize("name", FORMS)
@given(seed=SEEDS, shape=SHAPES)
@settings(max_examples=15, deadline=None)
def test_a_function_of_each_entry(name: str, seed: int, shape: tuple[int, ...]) -> None:
    want = drawn(seed, shape)
    assume((want < 0).sum() >= 1 and not (want < 0).all())
    assert rule(FORMS[name](want), want) == name


def test_roots_and_logarithms() -> None:
    want = np.abs(drawn(5, (3, 4)))
    assert rule(np.sqrt(want), want) == "root"
    assert rule(np.log(want), want) == "logarithm"


def test_some_signs_only() -> None:
    want = drawn(5, (3, 4))
    got = want.copy()
    got[0, :2] *= -1
    assert "2 of 12 signs are not" in sentence(got, want)


def test_integers() -> None:
    want = drawn(5, (3, 4))
    for dtype in ("i8", "i4"):
        assert (
            dtype.replace("i", "int").replace("8", "64").replace("4", "32")
            in sentence(want.astype(dtype), want)
            or rule(want.astype(dtype), want) == "integer"
        )
    assert rule(np.trunc(want), want) == "integer"
    assert rule(np.floor(want), want) == "integer"
    assert rule(np.round(want), want) == "integer"
    assert rule(np.zeros((3, 4)), want) == "zero"
    assert rule(np.zeros((3, 4), dtype=np.int64), want) == "integer"
    whole = np.arange(12).reshape(3, 4) + 1.0
    assert rule((2 * whole).astype(np.int64), whole) == "twice", "no fraction was lost"
    small = np.abs(want) / 10
    assert rule(np.trunc(small), small) == "zero", "zeros have lost their fraction, too"


def test_rounding() -> None:
    want = drawn(5, (3, 4))
    assert "rounded to 3 decimals" in sentence(np.round(want, 3), want)
    assert rule(want.astype(np.float16).astype(np.float64), want) == "half-precision"


# --- places -------------------------------------------------------------------------------------


def test_transposed() -> None:
    want = drawn(2, (4, 4))
    assert rule(want.T, want) == "transposed"
    symmetric = want + want.T
    assert rule(symmetric.T, symmetric) == ""


@pytest.mark.parametrize(("shape", "axis"), [((5, 3), 0), ((4, 6), 1), ((8,), 0)])
def test_another_order(shape: tuple[int, ...], axis: int) -> None:
    want = drawn(2, shape)
    assert "in reverse order" in sentence(np.flip(want, axis), want)
    assert "in another order" in sentence(np.roll(want, 1, axis), want)
    assert rule(np.flip(want, axis), want) == "permuted"


def test_equal_lines_have_no_order() -> None:
    want = np.tile(drawn(2, (1, 4)), (3, 1))
    assert rule(np.roll(want, 1, axis=0), want) == ""


@pytest.mark.parametrize("k", [0, 2, 6])
def test_one_row_column_or_entry_off(k: int) -> None:
    want = drawn(2, (7, 8))
    got = want.copy()
    got[k] += 1.0
    place = {0: "sample 0 (row 0, the first)", 2: "sample 2 (row 2)"}.get(
        k, "sample 6 (row 6, the last)"
    )
    assert f"All is right but {place}, which is off." in sentence(got, want, COUNTS)
    got[k] = 0.0
    assert f"All is right but row {k}" in sentence(got, want)
    assert "which is 0." in sentence(got, want)
    got = want.copy()
    got[:, k] = 0.0
    assert rule(got, want) == "one-column"
    got = want.copy()
    got[k, k] = 0.0
    assert f"the entry at [{k}, {k}]" in sentence(got, want)
    assert rule(got[k], want[k]) == "one-entry"


def test_only_one_row_right() -> None:
    want = drawn(2, (7, 4))
    got = drawn(3, (7, 4))
    got[0] = want[0]
    assert "Only sample 0 (row 0, the first) is right." in sentence(got, want, COUNTS)
    got[1:] = 0.0
    assert "; the others are 0." in sentence(got, want, COUNTS)
    got = drawn(3, (7, 4))
    want[0] = got[0] = 1.0
    assert rule(got, want) == "", "many a mistake leaves a row of ones"


def test_a_side_of_the_input() -> None:
    z = np.linspace(-4.0, 4.0, 17)
    want = z + 5.0
    got = np.where(z >= 0, want, 2.0 * want)
    assert "off wherever z lies below" in sentence(got, want, known={"z": z})
    got = np.where(np.abs(z) > 2.2, np.exp(-z), want)
    assert "off wherever |z| lies above 2.25" in sentence(got, want, known={"z": z})
    assert rule(got, want, known={"delta": z}) == "", "not an input"


def test_uniform() -> None:
    want = drawn(2, (5,))
    assert "the sum of the right ones" in sentence(np.full(5, want.sum()), want)
    assert "the average of the right ones" in sentence(np.full(5, want.mean()), want)
    assert "one and the same number" in sentence(np.full(5, 0.123), want)
    want = drawn(2, (5, 4))
    assert "All rows are the same" in sentence(np.tile(drawn(3, (1, 4)), (5, 1)), want)
    assert "All columns are the same" in sentence(np.tile(drawn(3, (5, 1)), (1, 4)), want)


def test_stuck_at_one_value() -> None:
    want = np.abs(drawn(2, (5, 4)))
    got = np.minimum(want, np.sort(want.ravel())[12])
    assert rule(got, want) == "stuck"


def test_lines_with_factors_of_their_own() -> None:
    want = np.abs(drawn(2, (5, 4)))
    factors = np.array([2.0, 3.0, 4.0, 5.0, 6.0])
    assert rule(want * factors[:, np.newaxis], want) == "scaled-rows"
    assert rule((want * factors[:, np.newaxis]).T, want.T) == "scaled-columns"
    rank_one = np.outer(factors, np.arange(1.0, 5.0))
    assert rule(rank_one * factors[:, np.newaxis], rank_one) == "", "its rows are all alike"


def test_shifts() -> None:
    want = drawn(2, (5, 4))
    assert rule(want + 0.7, want) == "shift"
    assert rule(want + np.arange(1.0, 6.0)[:, np.newaxis], want) == "shifted-rows"
    assert rule(want + np.arange(1.0, 5.0), want) == "shifted-columns"


def test_normalized_along_the_wrong_axis() -> None:
    powers = np.abs(drawn(2, (5, 4)))
    want = powers / powers.sum(axis=1, keepdims=True)
    said = sentence(powers / powers.sum(axis=0), want, COUNTS)
    assert said.startswith("The sum is 1 in each column, where it should be 1 in each row.")
    assert rule(powers / powers.sum(), want) == "normalized-all"


# --- known arrays -------------------------------------------------------------------------------


@given(seed=SEEDS)
@settings(max_examples=15, deadline=None)
def test_known_arrays(seed: int) -> None:
    shape = (7, 4)
    z, a, want = drawn(seed, shape), np.abs(drawn(seed + 1, shape)), drawn(seed + 2, shape)
    known = {"z": z, "a": a}
    assert rule(z, want, known=known) == rule(-z, want, known=known) == "known-itself"
    assert rule(want / a, want, known=known) == "known-missing"
    assert rule(0.5 * want * a, want, known=known) == "known-twice"
    assert rule(want * a / z, want, known=known) == "known-for-known"
    assert rule(a - want, want, known=known) == rule(a + want, want, known=known)
    assert "a minus the right result" in sentence(a - want, want, known=known)


def test_no_sentence_names_what_belongs_there() -> None:
    z, a, want = drawn(1, (7, 4)), np.abs(drawn(2, (7, 4))), drawn(3, (7, 4))
    known = {"wrong": a, "secret": z}
    for got in (want / z, want * a / z):
        assert "secret" not in sentence(got, want, known=known)


# --- hidden checks ------------------------------------------------------------------------------


@pytest.mark.parametrize("want", [0.7, [0.7, -0.3], [0.7, -0.3, 0.2], [[0.8] * 5] * 9])
@pytest.mark.parametrize("factor", [2.0, 0.5, 7.0, 1 / 7, 3.21, 0.3, 1 / np.log(10.0), 0.0])
def test_of_few_numbers_a_hidden_check_tells_no_ratio(want: object, factor: float) -> None:
    right = np.array(want)
    assert distinct(right) < 4
    assert rule(factor * right, right, COUNTS, public=False) == ""
    assert rule(1.0 - right, right, COUNTS, public=False) == ""


@pytest.mark.parametrize("want", [0.7, [0.7, -0.3], [0.7, -0.3, 0.2]])
def test_of_few_numbers_a_hidden_check_tells_sign_and_dtype(want: object) -> None:
    right = np.array(want)
    assert rule(-right, right, COUNTS, public=False) == "sign"
    assert rule(right.astype(np.int64), right, COUNTS, public=False) == "integer"


@given(seed=SEEDS, shape=SHAPES)
@settings(max_examples=30, deadline=None)
def test_no_sentence_holds_a_right_number(seed: int, shape: tuple[int, ...]) -> None:
    """Whatever is done to them, the right numbers are not told."""
    want = drawn(seed, shape)
    known = {"z": drawn(seed + 1, shape)}
    for got in (7 * want, want + 1.0, np.sort(want, axis=0), np.abs(want), np.round(want, 2)):
        said = sentence(got, want, COUNTS, known=known, public=False)
        told = [text for number in want.flat if (text := f"{abs(number):.4g}") in said]
        assert not [text for text in told if len(text) > 4], "more than a count or a rate"
