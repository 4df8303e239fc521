"""Labs: the mistake behind a net that was trained badly is named, and no net is trained for it."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial

import pytest

from autograder.gate.labs import entries_of, labs_of
from autograder.grading.seeds import check_seed
from autograder.results import Diagnosis
from tests.grading.answering import COURSE, answered_under, recognizer, solved

SEED = "7" * 32

LABS = [(name, lab) for name in COURSE.names for lab in labs_of(solved(name))]


answered = partial(answered_under, SEED)


def diagnosed(name: str, lab: str, source: str) -> tuple[Diagnosis, ...]:
    result, transcript = answered(name, lab, source)
    assert result.status != "passed"
    return recognizer(name).recognize(result, transcript, partial(check_seed, SEED))


def source_of(known: str) -> tuple[str, str, str]:
    lab, _, _ = known.partition("/")
    [name] = [name for name, other in LABS if other == lab]
    [entry] = [entry for entry in entries_of(solved(name)) if entry.id == known]
    return name, lab, entry.source


@pytest.mark.parametrize(
    ("known", "alias"),
    [
        ("lab_two_features/two_features_untrained", "two_features_ignores_result"),
        ("lab_two_features/two_features_transposed", ""),
        ("lab_two_features/two_features_one_layer", ""),
        ("lab_two_features/two_features_one_epoch", ""),
        ("lab_digits/digits_untrained", "digits_ignores_result"),
        ("lab_digits/digits_from_few_samples", ""),
        ("lab_digits/digits_wrong_width", ""),
        ("lab_initialization/not_trained", "trained_result_dropped"),
        ("lab_initialization/two_epochs", ""),
        ("lab_regularized/decay_too_strong", ""),
    ],
)
def test_a_known_mistake_is_named_from_its_nets(known: str, alias: str) -> None:
    name, lab, source = source_of(known)
    found = diagnosed(name, lab, source)
    names = [known, f"{lab}/{alias}"] if alias else [known]
    assert [d.id for d in found][: len(names)] == names
    assert not any(d.certain for d in found)
    assert found[0].hint
    assert found[0].title


OTHER_STYLES = {
    "lab_digits/digits_untrained": """
def lab_digits(X_train, T_train, rng):
    b = [rng.standard_normal(30), rng.standard_normal(10)]
    return [0.4 * rng.standard_normal((30, 64)), 0.4 * rng.standard_normal((10, 30))], b
""",
    "lab_digits/digits_one_epoch": """
def lab_digits(X_train, T_train, rng):
    net = [rng.normal(0, 0.6, (30, 64)), rng.normal(0, 0.6, (10, 30))], [np.zeros(30), np.zeros(10)]
    return train(*net, X_train, T_train, epochs=1, batch_size=10, lr=2.5, rng=rng)
""",
    "lab_digits/digits_wrong_width": """
def lab_digits(X_train, T_train, rng):
    net = [rng.normal(0, 0.5, (20, 64)), rng.normal(0, 0.5, (10, 20))], [np.zeros(20), np.zeros(10)]
    return train(*net, X_train, T_train, epochs=2, batch_size=10, lr=3.0, rng=rng)
""",
}


@pytest.mark.parametrize("known", OTHER_STYLES)
def test_a_mistake_is_named_in_other_styles(known: str) -> None:
    found = diagnosed("03-sgd", "lab_digits", OTHER_STYLES[known])
    assert found[0].id == known


UNKNOWN = {
    "outputs in reverse": """
def lab_two_features(X_train, T_train, rng):
    W, b = [rng.standard_normal((5, 2)), rng.standard_normal((2, 5))], [np.zeros(5), np.zeros(2)]
    W, b = train(W, b, X_train, T_train, 30, 10, 1.0, rng)
    return [W[0], W[1][::-1]], [b[0], b[1][::-1]]
""",
    "raises": """
def lab_two_features(X_train, T_train, rng):
    return train([np.ones((5, 3))], [np.ones(5)], X_train, T_train, 30, 10, 1.0, rng)
""",
    "nothing": "def lab_two_features(X_train, T_train, rng):\n    return None",
    "not finite": """
def lab_two_features(X_train, T_train, rng):
    return [np.full((5, 2), np.nan), np.ones((2, 5))], [np.ones(5), np.ones(2)]
""",
    "ones": """
def lab_two_features(X_train, T_train, rng):
    return [np.full((5, 2), 1e300), np.ones((2, 5))], [np.ones(5), np.ones(2)]
""",
}


@pytest.mark.parametrize("what", UNKNOWN)
def test_an_unknown_mistake_is_not_made_a_known_one(what: str) -> None:
    assert diagnosed("03-sgd", "lab_two_features", UNKNOWN[what]) == ()


def test_a_right_net_with_bad_luck_is_not_accused() -> None:
    for lab, source in (
        ("lab_two_features", solved("03-sgd").answers["lab_two_features"]),
        ("lab_initialization", solved("04-loss-and-init").answers["lab_initialization"]),
    ):
        [name] = [name for name, other in LABS if other == lab]
        result, transcript = answered(name, lab, source, attempts=1)
        assert result.status == "passed"
        recognize = partial(recognizer(name).recognize, seed_of=partial(check_seed, SEED))
        assert recognize(result, transcript) == ()
        lost = tuple(replace(check, status="failed", message="no") for check in result.checks)
        assert recognize(replace(result, checks=lost), transcript) == ()


def test_it_costs_next_to_nothing() -> None:
    """Beside what the lab itself took: no net is trained."""
    name, lab, source = source_of("lab_digits/digits_from_zero")
    began = time.process_time()
    result, transcript = answered(name, lab, source)
    trained = time.process_time() - began
    recognize = partial(recognizer(name).recognize, result, transcript, partial(check_seed, SEED))
    recognize()  # reads table and data
    began = time.process_time()
    assert recognize() != ()
    assert time.process_time() - began < trained / 6
    assert recognize(until=time.process_time() - 1.0) == ()
