"""Set the labs' thresholds from the reference's own distribution of accuracies over seeds.

For each lab, every correct recipe is trained from many seeds, each with data of its own as a
submission gets them, and judged on the test split; where the grader takes the mean of several
runs, so does the calibration. The threshold is the 1 % quantile of these accuracies, of the lowest
recipe where several are correct, less one test sample, rounded down to a multiple of 0.005. A
correct solution then misses at most once in a hundred attempts; since a failing lab has two further
attempts and the best counts, once in a million submissions. The recipes that learn but must not
pass are judged likewise, and their passing rate stands beside the threshold.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
import numpy as np

from reference import labs
from reference.device import Array, choose_device
from reference.ensemble import Recipe, train_ensemble
from reference.labs import Lab, ValidatedCase

QUANTILE = 0.01
STEP = 0.005
ATTEMPTS = 3
"""Attempts that a submission has; the best counts."""

DRAWS = 100_000
"""Means drawn with replacement, where an attempt is the mean of several runs."""

CHUNK = 50
"""Nets trained at once: enough to be quick, few enough to stay in the processor's cache."""


@click.command()
@click.option(
    "--lab",
    "names",
    multiple=True,
    type=click.Choice(list(labs.LABS)),
    help="Calibrate this lab; may be given again. Default: every lab.",
)
@click.option(
    "--seeds",
    default=1000,
    show_default=True,
    type=click.IntRange(min=300),
    help="Runs of each recipe.",
)
@click.option("--device", default="cpu", show_default=True, help="cpu or cuda.")
@click.option(
    "--solutions",
    default=labs.SOLUTIONS,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of the assignments, each of which keeps its thresholds.json.",
)
def calibrate(names: tuple[str, ...], seeds: int, device: str, solutions: Path) -> None:
    """Measure the labs' accuracies over seeds and write their thresholds."""
    for name in names or labs.LABS:
        lab = labs.LABS[name]
        runs = [*lab.correct.items(), *lab.wrong.items()]
        steps = _chunks(runs, seeds)
        accuracies: dict[str, list[Array]] = {title: [] for title, _ in runs}
        with click.progressbar(steps, label=name) as bar:
            for title, recipe, chunk in bar:
                accuracies[title].append(measure(lab, recipe, chunk, device))
        joined = {title: np.concatenate(parts) for title, parts in accuracies.items()}
        entry = summarize(lab, joined)
        entry["command"] = f"autograder calibrate --lab {name} --seeds {seeds}"
        path = _write(lab, entry, solutions)
        click.echo(f"{name}: threshold {entry['threshold']:.3f} -> {path}")
        for title, values in joined.items():
            share = {**entry["correct"], **entry["wrong"]}[title]["passing"]
            click.echo(
                f"  {title:24} mean {values.mean():.4f}  sd {values.std():.4f}  "
                f"min {values.min():.4f}  max {values.max():.4f}  passing {share:.4f}"
            )


def measure(lab: Lab, recipe: Recipe, seeds: Iterable[int], device: str = "cpu") -> Array:
    """Return the test accuracy of one net per seed, each on data dealt for it alone.

    Parameters
    ----------
    lab, recipe
        What is trained, and how.
    seeds
        Each gives a generator for the data and one for the net.
    device
        As in `reference.device.choose_device`.

    Returns
    -------
    Array
        (number of seeds,).
    """
    seeds = list(seeds)
    cases = [lab.case(np.random.default_rng([seed, 0])) for seed in seeds]
    rngs = [np.random.default_rng([seed, 1]) for seed in seeds]
    validation = None
    if all(isinstance(case, ValidatedCase) for case in cases):
        validation = (_stack(cases, "X_val"), _stack(cases, "T_val"))
    nets = train_ensemble(
        recipe,
        _stack(cases, "X_train"),
        _stack(cases, "T_train"),
        rngs,
        validation=validation,
        device=choose_device(device),
    )
    return nets.accuracy(_stack(cases, "X_test"), _stack(cases, "T_test"))


def summarize(lab: Lab, accuracies: dict[str, Array]) -> dict[str, Any]:
    """Return the threshold of a lab, and the numbers that it rests on.

    Parameters
    ----------
    lab
        The lab.
    accuracies
        For each of its recipes, correct and wrong, the accuracies of all seeds.

    Returns
    -------
    dict
        For each recipe ``mean``, ``sd``, ``min`` and ``max`` are those of single runs; ``quantile``
        and ``passing`` those of an attempt, which is the mean of ``runs`` runs.
    """
    attempts = {title: attempt(values, lab.runs) for title, values in accuracies.items()}
    lowest = min(float(np.quantile(attempts[title], QUANTILE)) for title in lab.correct)
    one_sample = 1.0 / len(lab.case(np.random.default_rng(0)).X_test)
    threshold = round(math.floor((lowest - one_sample) / STEP) * STEP, 3)

    def described(titles: Iterable[str]) -> dict[str, dict[str, float]]:
        return {title: _describe(accuracies[title], attempts[title], threshold) for title in titles}

    return {
        "threshold": threshold,
        "quantile": QUANTILE,
        "seeds": len(next(iter(accuracies.values()))),
        "runs": lab.runs,
        "correct": described(lab.correct),
        "wrong": described(lab.wrong),
    }


def attempt(values: Array, runs: int) -> Array:
    """Return the distribution of the mean of `runs` runs, given that of single runs."""
    if runs == 1:
        return values
    picks = np.random.default_rng(0).integers(len(values), size=(DRAWS, runs))
    means: Array = values[picks].mean(axis=1)
    return means


def _describe(values: Array, attempts: Array, threshold: float) -> dict[str, float]:
    passing = float(np.mean(attempts >= threshold))
    numbers = {
        "mean": values.mean(),
        "sd": values.std(),
        "min": values.min(),
        "max": values.max(),
        "quantile": np.quantile(attempts, QUANTILE),
        "passing": passing,
        f"passing_best_of_{ATTEMPTS}": 1.0 - (1.0 - passing) ** ATTEMPTS,
    }
    return {name: round(float(number), 6) for name, number in numbers.items()}


def _write(lab: Lab, entry: dict[str, Any], solutions: Path) -> Path:
    path = solutions / lab.assignment / labs.THRESHOLDS
    entries = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    entries[lab.name] = entry
    path.write_text(json.dumps(dict(sorted(entries.items())), indent=2) + "\n", "utf-8")
    return path


def _chunks(runs: list[tuple[str, Recipe]], seeds: int) -> list[tuple[str, Recipe, range]]:
    return [
        (title, recipe, range(start, min(start + CHUNK, seeds)))
        for title, recipe in runs
        for start in range(0, seeds, CHUNK)
    ]


def _stack(cases: list[labs.LabCase], part: str) -> Array:
    return np.stack([getattr(case, part) for case in cases])
