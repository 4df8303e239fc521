"""What a net, or what stands in its place, tells of its training."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograder.catalogue import SYMPTOMS as TABLE
from autograder.checks.runner import run_exercise
from autograder.checks.transcript import Answer, Transcript
from autograder.course import Course
from autograder.errors import CourseError
from autograder.grading.lab_table import COMMAND, read_table, signs_of, write_table
from autograder.grading.playback import Call, played_back
from autograder.grading.symptoms import SYMPTOMS, form_of, numbers_of
from autograder.student import Near
from autograder.values import Plain, Rng, Unsupported

ROOT = Path(__file__).parents[2]


# --- what anybody may return ----------------------------------------------------------------------

RNG = np.random.default_rng(0)
X, T = RNG.random((90, 3)), np.eye(2)[RNG.integers(0, 2, 90)]


def call(value: Plain, *arguments: Any) -> Call:
    return Call(arguments or (X, T, Rng(5)), Answer("lab", value))


def net(*sizes: int, fill: float = 1.0, dtype: str = "f8") -> Plain:
    pairs = list(pairwise(sizes))
    weights: list[Plain] = [np.full((n_out, n_in), fill, dtype) for n_in, n_out in pairs]
    biases: list[Plain] = [np.full(n_out, fill, dtype) for _, n_out in pairs]
    return weights, biases


HOSTILE: list[Plain] = [
    None,
    "x" * 10**6,
    [],
    ([], []),
    ((), (), ()),
    (1, 2),
    ([None], [None]),
    {"weights": [], "biases": []},
    Unsupported("function"),
    np.zeros((2, 3)),
    np.zeros((0, 5)),
    [np.zeros(()), np.zeros(2)],
    ([np.zeros((2, 3))], [np.zeros((2, 1))]),
    ([np.zeros((2, 3, 1))], [np.zeros(2)]),
    ([np.zeros((0, 3)), np.zeros((2, 0))], [np.zeros(0), np.zeros(2)]),
    ([np.zeros((2, 3))] * 50_000, [np.zeros(2)] * 50_000),
    ([np.zeros((1500, 1500))], [np.zeros(1500)]),
    net(3, 30_000, 2),
    net(3, 2),
    net(3, 4, 2, fill=np.nan),
    net(3, 4, 2, fill=np.inf),
    net(3, 4, 2, fill=1e308),
    net(3, 4, 2, fill=5e-324),
    net(3, 4, 2, fill=0.0),
    net(3, 4, 2, dtype="?"),
    net(3, 4, 2, dtype="u8", fill=2**63),
    net(3, 4, 2, dtype="f2"),
    net(3, *[40] * 7, 2),
]


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_whatever_comes_back_has_a_form_and_numbers_or_none(number: int) -> None:
    began = time.process_time()
    asked = [call(HOSTILE[number]), call(HOSTILE[number], X, T, X[:5], T[:5]), call(3, "no data")]
    for one in asked:
        signs = signs_of([one])
        assert 0 < len(signs.form) < 300
        assert numbers_of(one).shape == (len(SYMPTOMS),)
        assert not np.isinf(signs.numbers).any()
    assert signs_of([]).form == ""
    assert time.process_time() - began < 2.0


def test_forms_say_what_is_wrong_without_numbers() -> None:
    assert form_of(call(net(3, 4, 2))) == "3-4-2"
    weights, biases = net(3, 4, 2)  # type: ignore[misc]
    assert form_of(call(([W.T for W in weights], biases))) == "transposed 3-4-2"  # type: ignore[union-attr]
    assert form_of(call(net(3, 4, 5))).startswith("a net of as many outputs")
    assert form_of(call(net(4, 4, 2))) == "layers that do not fit"
    assert form_of(call(net(3, 4, 2, fill=np.inf))) == "a net that is not finite"
    assert form_of(call([1, 2, 3])) == "a list of length 0"
    raised = Answer("lab", raised="ValueError", text="shapes (3, 4) and (5,)")
    assert form_of(Call((X, T), raised)) == "raised ValueError: shapes (0, 0) and (0,)"


# --- the parts ------------------------------------------------------------------------------------


def numbers(value: Plain, *arguments: Any) -> dict[str, float]:
    return dict(zip(SYMPTOMS, numbers_of(call(value, *arguments)).tolist(), strict=True))


def drawn(seed: int, step: float) -> Plain:
    """Return a net of the generator's numbers, a step away from them."""
    rng, other = np.random.default_rng(seed), np.random.default_rng(99)
    arrays = [rng.standard_normal(shape) for shape in ((4,), (4, 3), (2,), (2, 4))]
    arrays = [0.3 * (x + step * other.standard_normal(x.shape)) for x in arrays]
    return [arrays[1], arrays[3]], [arrays[0], arrays[2]]


def test_how_far_a_net_has_moved_is_seen_whatever_the_order_and_scale_of_the_draws() -> None:
    moved = [numbers(drawn(5, step))["moved"] for step in (0.0, 1e-3, 1e-1)]
    assert moved[0] == pytest.approx(-6.0)
    assert moved[1] == pytest.approx(-3.0, abs=0.3)
    assert moved[2] == pytest.approx(-1.0, abs=0.3)
    assert numbers(drawn(6, 0.0))["moved"] > -0.5
    assert np.isnan(numbers(drawn(5, 0.0), X, T)["moved"])


def test_numbers_mean_what_they_say() -> None:
    found = numbers(net(3, 4, 2), X, T, X[:5], T[:5], Rng(5))
    assert found["alike"] == pytest.approx(1.0)
    assert found["first weights"] == pytest.approx(0.0, abs=1e-5)
    assert found["accuracy"] == pytest.approx(np.mean(T[:, 0]))
    assert found["validation accuracy"] == pytest.approx(np.mean(T[:5, 0]))
    assert numbers(net(3, 4, 2, fill=50.0))["saturated"] == pytest.approx(1.0)
    assert np.isnan(numbers(net(3, 2))["saturated"])


def test_the_arguments_of_a_check_are_had_again() -> None:
    asked: list[Sequence[Any]] = []

    def lab_initialization(*arguments: Any) -> Any:
        asked.append([np.array(x) for x in arguments[:3]])
        return [np.zeros((200, 64)), np.zeros((10, 200))], [np.zeros(200), np.zeros(10)]

    assignment = Course(ROOT).load("04-loss-and-init")
    exercise = assignment.public.exercise("lab_initialization")
    checks = [check for check in assignment.checks if check.exercise == exercise.name]
    transcript = Transcript()
    student = Near({exercise.name: lab_initialization})
    run_exercise(exercise, checks, student, lambda _: 3, transcript=transcript)
    again = []
    for number, check in enumerate(checks):
        again += played_back(check, transcript.answers[number], 3)
    assert len(again) == len(asked) == 6
    for had, given in zip(again, asked, strict=True):
        assert isinstance(had.arguments[3], Rng)
        for one, other in zip(had.arguments[:3], given, strict=True):
            np.testing.assert_array_equal(one, other)


def test_a_table_is_read_as_it_was_written(tmp_path: Path) -> None:
    kept = ROOT / "solutions" / "03-sgd" / TABLE
    rows = read_table(kept)
    write_table(tmp_path / TABLE, rows)
    assert (tmp_path / TABLE).read_bytes() == kept.read_bytes()
    assert len((tmp_path / TABLE).read_text().splitlines()) == len(rows) + 3
    assert read_table(tmp_path / "none.json") == []
    tree = json.loads((tmp_path / TABLE).read_text())
    (tmp_path / TABLE).write_text(json.dumps({**tree, "symptoms": ["others"]}))
    assert read_table(tmp_path / TABLE) == []
    (tmp_path / TABLE).write_text('{"symptoms": 1')
    with pytest.raises(CourseError, match=f"is not a table of symptoms .* {COMMAND}"):
        read_table(tmp_path / TABLE)
