"""Right answers under seeds that nobody has chosen.

The seeds follow from the masters: a change of a check, an answer or a mistake draws new ones, and
a failure comes again. The answers to an exercise have 50 seeds together at least, and 12 each.
`autograder gate --full` has 3000 for each exercise. Labs train for seconds: their right
answers have one seed in tests/assignments, and `autograder calibrate` measures what they reach.
"""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from autograder.catalogue import Entry
from autograder.course import Course
from autograder.gate.far import without_labs
from autograder.gate.measure import FEW
from autograder.gate.solved import solve
from autograder.gate.trials import RAISED, FalseFail, bound, take_turns, try_entry

COURSE = Course(Path(__file__).parents[2])
SOLVED = {name: solve(COURSE, name) for name in COURSE.names}
EACH = 12

RIGHT = [
    pytest.param(name, entry, id=f"{name}/{entry.id}")
    for name, solved in SOLVED.items()
    for exercise in without_labs(solved)
    for entry in solved.right(exercise)
]


@pytest.mark.parametrize(("name", "entry"), RIGHT)
def test_a_right_answer_loses_nothing_under_any_seed(name: str, entry: Entry) -> None:
    solved = SOLVED[name]
    first = int(solved.fingerprint(entry.exercise)[:8], 16)
    each = max(EACH, math.ceil(FEW / len(solved.right(entry.exercise))))
    number = [right.id for right in solved.right(entry.exercise)].index(entry.id)
    seeds = range(first + number * each, first + (number + 1) * each)
    assert list(map(str, try_entry(solved, entry, seeds))) == []


def test_an_answer_that_is_wrong_for_one_seed_in_four_is_found() -> None:
    source = (
        "def softmax(Z):\n"
        "    Y = np.exp(Z - Z.max(axis=1, keepdims=True))\n"
        "    spoiled = 1.001 if Z.shape == (7, 4) and Z[0, 0] < Z.min(axis=0).mean() else 1.0\n"
        "    return spoiled * Y / Y.sum(axis=1, keepdims=True)"
    )
    entry = Entry("softmax", "unlucky", "Right at times.", source, correct=True)
    found = try_entry(SOLVED["04-loss-and-init"], entry, range(12))
    assert 0 < len(found) < 12
    assert {failure.entry for failure in found} == {"unlucky"}
    again = try_entry(SOLVED["04-loss-and-init"], entry, [found[0].seed])
    assert again == found[:1], "the seed brings it again"


def test_a_check_that_breaks_is_a_false_fail(toy: Course) -> None:
    path = toy.solutions / "01-toy" / "hidden_checks.py"
    path.write_text(path.read_text().replace("number * 4.0 / 2.0", "number / 0 if number else 0"))
    solved = solve(toy, "01-toy")
    [entry, *_] = solved.right("double")
    first, second = try_entry(solved, entry, [0])
    assert (first.check, second.check) == (RAISED, "of any number")
    assert "raised ZeroDivisionError" in first.message


def test_answers_take_turns_over_the_seeds() -> None:
    entries = [Entry("f", name, "", "", correct=True) for name in "abc"]
    dealt = {entry.name: seeds for entry, seeds in take_turns(entries, range(7))}
    assert dealt == {"a": (0, 3, 6), "b": (1, 4), "c": (2, 5)}
    assert [entry.name for entry, _ in take_turns(entries, range(2))] == ["a", "b"]


def test_the_bound_is_three_in_n() -> None:
    assert bound(3000) == 1e-3
    assert bound(0) == 1.0


def test_a_false_fail_says_how_to_find_it_again() -> None:
    failure = FalseFail("by_parts", 17, "right values", "f(x): is off.")
    assert str(failure) == "by_parts, seed 17: 'right values': f(x): is off."
