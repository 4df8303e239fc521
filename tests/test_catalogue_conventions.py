"""The catalogue as a catalogue: complete, readable, its conventions named.

That each mistake loses points and no right answer does is tested in `tests/assignments`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import pytest

from autograder.catalogue import Entry, load_catalogue
from autograder.course import Course
from autograder.errors import CourseError

COURSE = Course(Path(__file__).parents[1])
MUTANTS = {name: load_catalogue(COURSE.solutions / name / "mutants.py") for name in COURSE.names}
VARIANTS = {name: load_catalogue(COURSE.solutions / name / "variants.py") for name in COURSE.names}
ALL = [entry for entries in MUTANTS.values() for entry in entries]
ENTRIES = [pytest.param(entry, id=entry.id) for entry in ALL]

GRADIENT = "softmax_cross_entropy_gradient"
ROWS: dict[int, tuple[str, ...]] = {
    1: ("sigmoid",),
    2: ("sigmoid", "sigmoid_prime"),
    3: ("sigmoid", "sigmoid_prime"),
    4: ("sigmoid_prime",),
    5: ("sigmoid_prime", "output_delta", "hidden_delta", "gradients"),
    6: ("sigmoid_prime",),
    7: ("sigmoid", "sigmoid_prime", "output_delta"),
    8: ("gradients",),
    9: ("gradients", "evaluate"),
    10: ("gradients",),
    11: ("output_delta", "gradients"),
    12: ("output_delta", "gradients", GRADIENT),
    13: ("output_delta", "gradients", "train", "evaluate", GRADIENT),
    14: ("hidden_delta", "gradients"),
    15: ("output_delta", "hidden_delta", "gradients"),
    16: ("hidden_delta", "gradients"),
    17: ("hidden_delta", "gradients"),
    18: ("gradients",),
    19: ("gradients",),
    20: ("gradients", "train"),
    21: ("gradients",),
    22: ("gradients",),
    23: ("gradients", "train", "evaluate", "dropout_backward"),
    24: (
        *("output_delta", "hidden_delta", "gradients", "sgd_update", "train", GRADIENT),
        "dropout_backward",
    ),
    25: ("gradients",),
    26: ("gradients",),
    27: ("gradients",),
    28: ("gradients",),
    29: ("output_delta", "hidden_delta", "gradients"),
    30: ("hidden_delta", "gradients", "train"),
    31: ("hidden_delta", "gradients"),
    32: ("gradients", "lab_two_features", "init_weights"),
    33: ("output_delta", "gradients"),
    34: ("gradients",),
    35: ("gradients", "train"),
    36: ("sgd_update", "train", "lab_two_features"),
    37: ("sgd_update", "train"),
    38: ("minibatches", "train"),
    39: ("minibatches", "train"),
    40: ("train", "lab_two_features", "lab_digits", "lab_initialization", "lab_regularized"),
    41: ("minibatches", "train"),
    42: ("minibatches", "train"),
    43: ("minibatches", "train"),
    44: (
        *("sigmoid", "output_delta", "hidden_delta", "gradients", "numerical_gradient"),
        *("sgd_update", "train", "evaluate", "softmax", "cross_entropy", GRADIENT),
        *("init_weights", "dropout_forward", "dropout_backward"),
    ),
    45: ("sgd_update", "train", "lab_two_features", "lab_digits", "lab_initialization"),
    46: ("softmax", GRADIENT),
    47: ("softmax", GRADIENT),
    48: ("evaluate", "softmax", "cross_entropy", GRADIENT),
    49: ("softmax", GRADIENT),
    50: ("cross_entropy",),
    51: ("gradients", "train", "evaluate", "cross_entropy", GRADIENT),
    52: ("softmax", "cross_entropy"),
    53: ("cross_entropy", GRADIENT),
    54: (GRADIENT,),
    55: (GRADIENT,),
    57: ("evaluate", "cross_entropy"),
    58: ("init_weights", "lab_initialization"),
    59: ("init_weights",),
    60: ("init_weights",),
    61: ("init_weights",),
    62: ("init_weights",),
    63: ("lab_digits", "init_weights", "lab_initialization"),
    64: ("init_weights",),
    65: ("init_weights",),
    66: ("dropout_mask", "dropout_forward"),
    67: ("dropout_mask", "dropout_forward"),
    68: ("dropout_mask", "dropout_forward"),
    69: ("dropout_mask", "dropout_forward"),
    70: ("dropout_forward",),
    71: ("dropout_forward", "dropout_backward"),
    **dict.fromkeys(range(72, 83), ("EarlyStopping",)),
}
"""Where each row of the course's catalogue of bugs applies.

Not there: 56 (binary cross entropy), 83 to 105 (L1/L2, batch normalization, optimizers, clipping,
autodiff, search), whose exercises do not exist yet.
"""

CASES = {13: 8, 25: 4, 26: 3, 28: 2, 37: 3, 39: 7, 41: 7, 48: 6, 51: 7, 55: 2, 62: 4, 63: 6}
CASES |= {66: 9, 68: 5, 71: 4, 72: 2, 73: 5, 75: 4, 76: 3, 77: 2, 78: 6, 80: 5, 81: 8, 82: 2}
"""Of rows that name several cases: the fewest mutants that stand for them."""

ROW = re.compile(r"\brows? (\d+(?:, \d+)*)")


def rows(entry: Entry) -> set[int]:
    """Return the numbers of the rows that an entry stands for."""
    return {int(number) for found in ROW.findall(entry.note) for number in found.split(", ")}


def test_every_row_that_applies_has_its_mutants() -> None:
    found = defaultdict(set)
    for entry in ALL:
        for row in rows(entry):
            found[row].add(entry.exercise)
    missing = {row: set(wanted) - found[row] for row, wanted in ROWS.items()}
    assert {row: names for row, names in missing.items() if names} == {}


def test_rows_with_several_cases_have_a_mutant_for_each() -> None:
    counts = {row: sum(row in rows(entry) for entry in ALL) for row in CASES}
    assert {row: n for row, n in counts.items() if n < CASES[row]} == {}


# --- texts ----------------------------------------------------------------------------------------

CODE = re.compile(r"np\.|`|\w\(\w+, |==|\*\*|axis=|keepdims=|\w\[|\.T\b|@| [*/] [a-z]")
"""What looks like code or a formula of the answer."""


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_title_is_one_sentence_and_a_hint_a_question_without_code(entry: Entry) -> None:
    assert re.fullmatch(r"[^\n]{15,110}\.", entry.title), entry.title
    assert "?" in entry.hint
    assert 25 <= len(entry.hint) <= 120, entry.hint
    assert entry.hint[-1] in "?."
    assert not CODE.search(entry.hint), entry.hint


def test_only_aliases_share_a_hint() -> None:
    shared = defaultdict(set)
    for entry in ALL:
        shared[entry.exercise, entry.hint].add(entry.alias_of or entry.name)
    assert {key: names for key, names in shared.items() if len(names) > 1} == {}


# --- conventions ----------------------------------------------------------------------------------

ACCEPTED = {
    "sigmoid_prime": {"from_the_activation_inside"},
    "output_delta": {"minus_times_minus", "twice_and_half"},
    "hidden_delta": {"columns", "inputs_by_outputs"},
    "gradients": {"mean_inside_delta", "samples_as_columns", "kernels"},
    "numerical_gradient": {"flat_and_reshaped", "by_the_width"},
    "sgd_update": {"update_by_index", "update_adds_downhill"},
    "minibatches": {"batches_numbered_from_one"},
    "train": {"train_in_place_on_copies", "train_with_sums"},
    "evaluate": {"evaluate_by_other_measures"},
    "softmax": {"transposed", "energies", "powers_of_two", "log_sum_exp"},
    "cross_entropy": {"from_bits", "from_the_mean_of_all"},
    GRADIENT: {"negated_twice", "mean_undone"},
    "init_weights": {"drawn_transposed", "by_the_variance", "from_hes_rule"},
    "dropout_mask": {"binomial", "uniform_where"},
    "dropout_forward": {"scaled_apart"},
    "EarlyStopping": {"monitor_op", "as_scores"},
}
"""Right answers that go by another convention inside and come back to the contract's."""


def test_a_convention_is_named_first() -> None:
    for entry in ALL:
        if entry.convention:
            assert re.match(r"[A-Z][^:]{2,45}: ", entry.title), entry.title


def test_another_convention_that_comes_back_to_the_contract_is_a_right_answer() -> None:
    styles = {(e.exercise, e.name) for entries in VARIANTS.values() for e in entries}
    assert {(exercise, name) for exercise, names in ACCEPTED.items() for name in names} <= styles
    with_conventions = {entry.exercise for entry in ALL if entry.convention}
    assert {name for name in with_conventions if not name.startswith("lab_")} == ACCEPTED.keys()


# --- declarations ---------------------------------------------------------------------------------

DECLARATION = '''
from autograder.catalogue import mutant


@mutant("f", hint="?", alias_of="{first}")
def one(x):
    """One."""
    return x


@mutant("f", hint="?", alias_of="{second}")
def two(x):
    """Two."""
    return x


@mutant("g", hint="?", convention=True)
def other(x):
    """Other way: another exercise."""
    return x
'''


def test_an_entry_says_of_what_it_is_an_alias_and_whether_it_is_a_convention(
    tmp_path: Path,
) -> None:
    file = tmp_path / "mutants.py"
    file.write_text(DECLARATION.format(first="", second="one"), encoding="utf-8")
    declared = [(e.name, e.alias_of, e.convention) for e in load_catalogue(file)]
    assert declared == [("one", "", False), ("two", "one", False), ("other", "", True)]


@pytest.mark.parametrize(
    ("first", "second", "problem"),
    [
        ("", "three", "'f/two' is an alias of 'f/three', which is not declared"),
        ("", "other", "'f/two' is an alias of 'f/other', which is not declared"),
        ("", "two", "'f/two' is an alias of 'f/two', which is an alias itself"),
        ("two", "one", "'f/one' is an alias of 'f/two', which is an alias itself"),
    ],
)
def test_an_alias_of_nothing_is_refused(
    tmp_path: Path, first: str, second: str, problem: str
) -> None:
    file = tmp_path / "mutants.py"
    file.write_text(DECLARATION.format(first=first, second=second), encoding="utf-8")
    with pytest.raises(CourseError, match=re.escape(problem)) as caught:
        load_catalogue(file)
    assert "alias_of takes the name of a mistake of the same exercise" in str(caught.value)
