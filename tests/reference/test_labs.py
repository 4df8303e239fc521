"""The labs' data, the judging of weights, and the thresholds that the calibration left."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from reference import labs
from reference.calibrate import attempt, calibrate, measure, summarize
from reference.datasets import load_digits, two_features
from reference.labs import LABS, LabCase, ValidatedCase

FRESH = range(10_000, 10_003)
"""Seeds that the calibration did not use, as many as a submission has attempts."""


def columns_of(case: LabCase, X_test: np.ndarray) -> list[int]:
    """Return which column of `X_test` each column of the case's test split is."""
    return [int(np.flatnonzero((column == X_test.T).all(axis=1))[0]) for column in case.X_test.T]


def names_of(case: LabCase, labels: np.ndarray) -> dict[int, int]:
    """Return what each label is called in the case."""
    return dict(zip(labels.tolist(), case.T_test.argmax(axis=1).tolist(), strict=True))


def true_names(case: LabCase) -> Callable[[np.ndarray], list[int]]:
    """Return a function that gives the case's right names of rows of its training pool."""
    digits = load_digits()
    columns = np.array(columns_of(case, digits.X_test))
    told_apart = case.X_test.any(axis=0)  # columns that are blank in the test split are not
    names = names_of(case, digits.T_test.argmax(axis=1))
    pool = digits.X_train[:, columns[told_apart]]
    known = {bytes(x): names[int(t.argmax())] for x, t in zip(pool, digits.T_train, strict=True)}
    return lambda X: [known[bytes(x)] for x in X[:, told_apart]]


# --- data


@pytest.mark.parametrize("name", LABS)
def test_equal_generators_deal_equal_cases_and_others_do_not(name: str) -> None:
    first, same, other = (LABS[name].case(np.random.default_rng(seed)) for seed in (1, 1, 2))
    for part in vars(first):
        np.testing.assert_array_equal(getattr(first, part), getattr(same, part))
    assert not np.array_equal(first.X_train, other.X_train)
    assert not np.array_equal(first.T_train, other.T_train)


@pytest.mark.parametrize("name", ["lab_digits", "lab_initialization", "lab_regularized"])
def test_columns_and_labels_are_permuted_alike_in_both_splits(name: str) -> None:
    digits = load_digits()
    case = LABS[name].case(np.random.default_rng(3))
    columns = columns_of(case, digits.X_test)
    np.testing.assert_array_equal(case.X_test, digits.X_test[:, columns])
    assert columns != sorted(columns)
    names = names_of(case, digits.T_test.argmax(axis=1))
    assert sorted(names) == sorted(names.values()) == list(range(10))
    assert any(old != new for old, new in names.items())
    assert len({bytes(x) for x in case.X_train}) == len(case.X_train)
    right = true_names(case)(case.X_train)
    if name != "lab_regularized":
        assert len(case.X_train) == labs.DIGITS_TRAINING
        np.testing.assert_array_equal(right, case.T_train.argmax(axis=1))


def test_two_features_are_dealt_with_columns_and_labels_swapped_at_random() -> None:
    digits = load_digits()
    labels = digits.T_test.argmax(axis=1)
    chosen = labels < 2
    X_test = two_features(digits.X_test[chosen].reshape(-1, 8, 8))
    seen = set()
    for seed in range(12):
        case = labs.two_features_case(np.random.default_rng(seed))
        assert case.X_train.shape == case.T_train.shape == (labs.TWO_FEATURES_TRAINING, 2)
        columns = columns_of(case, X_test)
        np.testing.assert_array_equal(case.X_test, X_test[:, columns])
        names = names_of(case, labels[chosen])
        # In a 1 the middle is brighter than in a 0, whatever the two are called.
        middle = case.X_train[:, columns.index(1)]
        is_one = case.T_train[:, names[1]] == 1.0
        assert middle[is_one].mean() > middle[~is_one].mean() + 0.3
        seen.add((columns[0], names[0]))
    assert seen == {(0, 0), (0, 1), (1, 0), (1, 1)}


def test_the_regularized_lab_mislabels_training_and_validation_but_not_the_test() -> None:
    case = labs.regularized_case(np.random.default_rng(4))
    right = true_names(case)
    for X, T, count in (
        (case.X_train, case.T_train, labs.REGULARIZED_TRAINING),
        (case.X_val, case.T_val, labs.REGULARIZED_VALIDATION),
    ):
        assert X.shape == (count, 64)
        assert T.shape == (count, 10)
        assert np.mean(right(X) != T.argmax(axis=1)) == pytest.approx(labs.WRONG_LABELS)
    assert not {bytes(x) for x in case.X_train} & {bytes(x) for x in case.X_val}


def test_mislabelled_events_take_every_wrong_class_and_the_input_stays() -> None:
    labels = np.repeat(np.arange(3), 400)
    before = labels.copy()
    new = labs.mislabel(labels, 0.5, 3, np.random.default_rng(0))
    np.testing.assert_array_equal(labels, before)
    assert np.sum(new != labels) == 600
    for label in range(3):
        changed = new[(labels == label) & (new != label)]
        assert len(np.unique(changed)) == 2
        assert np.all(np.abs(np.bincount(changed, minlength=3)[np.unique(changed)] - 100) < 40)


# --- judging


def test_accuracy_is_the_share_of_right_answers() -> None:
    X = np.array([[0.0, 1.0], [1.0, 0.0], [0.5, 1.0], [1.0, 0.2]])
    T = np.eye(2)[[1, 0, 0, 0]]
    assert labs.accuracy([np.eye(2)], [np.zeros(2)], X, T) == 0.75
    # The hidden layer is sigmoid: it turns both signs around without changing who is larger.
    assert labs.accuracy([-np.eye(2), -np.eye(2)], [np.zeros(2)] * 2, X, T) == 0.75


def test_saturated_outputs_do_not_tie() -> None:
    X, T = np.array([[1.0]]), np.array([[0.0, 1.0]])
    assert labs.accuracy([np.array([[100.0], [200.0]])], [np.zeros(2)], X, T) == 1.0


# --- thresholds


@pytest.mark.parametrize("name", LABS)
def test_the_committed_threshold_is_what_its_numbers_give(name: str) -> None:
    lab = LABS[name]
    entry = json.loads((labs.SOLUTIONS / lab.assignment / labs.THRESHOLDS).read_text())[name]
    assert labs.threshold(name) == entry["threshold"]
    assert entry["seeds"] >= 300
    assert entry.get("runs", 1) == lab.runs
    assert set(entry["correct"]) == set(lab.correct)
    assert set(entry["wrong"]) == set(lab.wrong)
    lowest = min(recipe["quantile"] for recipe in entry["correct"].values())
    assert lowest - 0.02 < entry["threshold"] < lowest
    assert all(recipe["passing"] >= 0.99 for recipe in entry["correct"].values())


@pytest.mark.parametrize("name", ["lab_digits", "lab_initialization", "lab_regularized"])
def test_the_wrong_recipes_do_not_reach_the_threshold(name: str) -> None:
    lab = LABS[name]
    entry = json.loads((labs.SOLUTIONS / lab.assignment / labs.THRESHOLDS).read_text())[name]
    assert all(recipe["passing_best_of_3"] < 0.01 for recipe in entry["wrong"].values())


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("lab_two_features", "recipe"),
        ("lab_digits", "recipe"),
        ("lab_initialization", "scaled weights"),
        ("lab_regularized", "early stopping"),
    ],
)
def test_a_correct_recipe_passes_on_fresh_seeds(name: str, title: str) -> None:
    lab = LABS[name]
    assert measure(lab, lab.correct[title], FRESH).max() >= labs.threshold(name)


def test_weights_that_were_not_scaled_miss_on_fresh_seeds() -> None:
    lab = LABS["lab_initialization"]
    wrong = lab.wrong["weights from N(0, 1)"]
    assert measure(lab, wrong, FRESH).max() < labs.threshold("lab_initialization")


def test_measure_judges_as_the_grader_does() -> None:
    lab = LABS["lab_two_features"]
    recipe = replace(labs.TWO_FEATURES, epochs=2)
    together = measure(lab, recipe, range(5))
    alone = [measure(lab, recipe, [seed])[0] for seed in range(5)]
    np.testing.assert_array_equal(together, alone)


def test_summarize_takes_the_lowest_quantile_less_one_sample() -> None:
    lab = LABS["lab_regularized"]
    even = np.linspace(0.8, 0.9, 1001)
    accuracies = {
        "L2": even,
        "dropout": even - 0.1,
        "early stopping": even,
        "not regularized": even - 0.2,
    }
    entry = summarize(lab, accuracies)
    # 1 % quantile of the dropout nets: 0.701; one of 596 test samples: 0.0017.
    assert entry["threshold"] == 0.695
    assert entry["correct"]["dropout"]["quantile"] == pytest.approx(0.701)
    assert entry["wrong"]["not regularized"]["passing"] == pytest.approx(0.05, abs=1e-3)
    assert entry["wrong"]["not regularized"]["passing_best_of_3"] == pytest.approx(
        1 - 0.95**3, abs=3e-3
    )


def test_an_attempt_of_several_runs_is_their_mean() -> None:
    values = np.array([0.0, 1.0])
    np.testing.assert_array_equal(attempt(values, 1), values)
    shares = [np.mean(np.isclose(attempt(values, 3), mean)) for mean in (0, 1 / 3, 2 / 3, 1)]
    np.testing.assert_allclose(shares, [1 / 8, 3 / 8, 3 / 8, 1 / 8], atol=0.01)
    np.testing.assert_array_equal(attempt(values, 3), attempt(values, 3))


def test_threshold_of_an_unknown_lab_names_the_known_ones() -> None:
    with pytest.raises(LookupError, match=r"no lab 'lab_digit'; there are lab_two_features, lab_"):
        labs.threshold("lab_digit")


def test_threshold_before_the_calibration_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(LookupError, match="Run: autograder calibrate --lab lab_digits"):
        labs.threshold("lab_digits", tmp_path)


def test_calibrate_writes_one_lab_and_keeps_the_others(tmp_path: Path) -> None:
    folder = tmp_path / "03-sgd"
    folder.mkdir()
    (folder / labs.THRESHOLDS).write_text('{"lab_digits": {"threshold": 0.5}}')
    arguments = ["--lab", "lab_two_features", "--seeds", "300", "--solutions", str(tmp_path)]
    result = CliRunner().invoke(calibrate, arguments)
    assert result.exit_code == 0, result.output
    assert "lab_two_features: threshold 0.955" in result.output
    assert labs.threshold("lab_digits", tmp_path) == 0.5
    assert labs.threshold("lab_two_features", tmp_path) == 0.955
    entry = json.loads((folder / labs.THRESHOLDS).read_text())["lab_two_features"]
    assert entry["command"] == "autograder calibrate --lab lab_two_features --seeds 300"


def test_calibrate_refuses_too_few_seeds() -> None:
    result = CliRunner().invoke(calibrate, ["--seeds", "20"])
    assert result.exit_code == 2
    assert "20 is not in the range x>=300" in result.output


def test_regularized_cases_bring_a_validation_set() -> None:
    assert isinstance(labs.regularized_case(np.random.default_rng(0)), ValidatedCase)
