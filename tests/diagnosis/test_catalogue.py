"""Mistakes of the catalogue under the checks of the course: which rule speaks, near.

The rule is that of the first check that fails. What stands here has been read as a tutor would.
"""

from __future__ import annotations

import contextlib
import functools
import io
import warnings
from pathlib import Path
from typing import Any

import pytest

from autograder.checks.runner import run_exercise
from autograder.course import Course
from autograder.gate.solved import Solved, solve
from autograder.results import ExerciseResult
from autograder.student import Near

COURSE = Course(Path(__file__).parents[2])

RULES = {
    "02-backprop": {
        "sigmoid/exponent_sign": "sign",
        "sigmoid/growing_exponential": "nan",
        "sigmoid/integer_buffer": "integer",
        "sigmoid/clipped_too_early": "divided",
        "sigmoid/one_branch_wrong": "absolute",
        "sigmoid/flattened": "reshaped",
        "sigmoid/one_number_only": "raised-one-number-only",
        "sigmoid_prime/value_again": "known-itself",
        "sigmoid_prime/lost_parentheses": "zero",
        "output_delta/no_slope": "known-itself",
        "output_delta/target_minus_output": "sign",
        "output_delta/factor_two": "twice",
        "output_delta/factor_one_half": "half",
        "output_delta/slope_at_a": "known-for-known",
        "output_delta/averaged_already": "over-count",
        "output_delta/summed_over_samples": "summed-axis",
        "output_delta/cost_not_slope": "known-twice",
        "hidden_delta/no_hidden_slope": "known-missing",
        "hidden_delta/transposed": "raised-matmul",
        "hidden_delta/first_sample_slope": "one-row-right",
        "hidden_delta/last_sample_missed": "one-row",
        "hidden_delta/mean_over_paths": "over-count",
        "hidden_delta/slope_applied_twice": "known-twice",
        "gradients/wrong_sign": "sign",
        "gradients/summed": "times-count",
        "gradients/averaged_twice": "over-count",
        "gradients/bias_summed": "biases-times-count",
        "gradients/weights_averaged_twice": "weights-over-count",
        "gradients/mean_over_all_entries": "over-count",
        "gradients/one_number_for_the_biases": "biases-uniform",
        "gradients/biases_forgotten": "biases-zero",
        "gradients/biases_of_the_first_sample": "biases-only",
        "gradients/wrong_axis": "axis-length",
        "gradients/no_slope_in_recursion": "recursion",
        "gradients/sign_of_the_recursion": "recursion-sign",
        "gradients/updated_before_the_recursion": "nearly",
        "gradients/hidden_layers_zero": "stops-early",
        "gradients/weighted_inputs_for_activations": "what-entered",
        "gradients/transposed_result": "transposed-shape",
        "gradients/reversed_lists": "reversed-layers",
        "gradients/biases_first": "swapped-lists",
        "gradients/pairs_by_layer": "pairs-by-layer",
        "gradients/returned_after_one_layer": "layers-missing",
        "numerical_gradient/flipped": "sign",
        "numerical_gradient/all_at_once": "uniform",
        "numerical_gradient/last_entry_missed": "one-entry",
    },
    "03-sgd": {
        "sgd_update/update_ascends": "sign",
        "sgd_update/update_forgets_rate": "over-quantity",
        "sgd_update/update_rebinds": "known-itself",
        "train/train_sums": "times-count",
        "evaluate/loss_mean_of_entries": "over-count",
        "evaluate/accuracy_in_percent": "times-quantity",
        "evaluate/accuracy_as_count": "times-count",
        "evaluate/evaluate_per_sample": "not-reduced",
    },
    "04-loss-and-init": {
        "softmax/normalized_over_samples": "normalized-columns",
        "softmax/normalized_over_everything": "normalized-all",
        "softmax/sum_without_keepdims": "raised-broadcast",
        "softmax/base_two": "log-base",
        "cross_entropy/log_of_zero_on_argmax": "infinite",
        "cross_entropy/summed_over_samples": "times-count",
        "cross_entropy/mean_over_everything": "over-count",
        "cross_entropy/decimal_logarithm": "log-base",
        "softmax_cross_entropy_gradient/targets_forgotten": "known-and-right",
        "init_weights/biases_as_columns": "extra-axis",
    },
    "05-regularization": {
        "dropout_forward/scaled_in_use": "times-quantity",
        "dropout_backward/backward_without_mask": "known-itself",
        "dropout_backward/backward_unscaled": "times-quantity",
        "dropout_backward/backward_divides": "times-quantity",
    },
}


@functools.cache
def solved(name: str) -> Solved:
    return solve(COURSE, name)


def checked(name: str, exercise: str, source: str) -> ExerciseResult:
    """Run the checks of one exercise, visible and hidden, on the solved notebook."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    with (
        contextlib.chdir(COURSE.solutions / name),
        contextlib.redirect_stdout(io.StringIO()),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        for cell in solved(name).cells({exercise: source}):
            exec(compile(cell.source, "<cell test>", "exec"), namespace)
        assignment = solved(name).assignment
        return run_exercise(
            assignment.public.exercise(exercise), assignment.checks, Near(namespace)
        )


@pytest.mark.parametrize("name", RULES)
def test_the_first_complaint_names_its_pattern(name: str) -> None:
    found = {}
    for entry in solved(name).mutants:
        if entry.id in RULES[name]:
            result = checked(name, entry.exercise, entry.source)
            found[entry.id] = next((c.rule for c in result.checks if c.rule), "")
            assert f" Hint: {result.message.rpartition(' Hint: ')[2]}" in result.message
    assert found == RULES[name]


SINGLE = ("evaluate", "cross_entropy")
"""Exercises whose answers are single numbers."""


def test_hidden_checks_tell_no_ratio_of_a_single_number() -> None:
    for name in ("03-sgd", "04-loss-and-init"):
        for entry in solved(name).mutants:
            if entry.exercise in SINGLE:
                result = checked(name, entry.exercise, entry.source)
                rules = {check.rule for check in result.checks if not check.visible}
                assert not {r for r in rules if r.startswith(("times", "over", "log", "twice"))}
