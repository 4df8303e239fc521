"""Mistakes that return the same as another one: each such pair is declared, and no other.

The mistakes of an exercise are called with the same arguments and compared, what they leave of the
arguments included.
"""

from __future__ import annotations

import contextlib
import copy
import functools
import io
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import jupytext
import numpy as np
import pytest

from autograder.catalogue import Entry, load_catalogue
from autograder.course import Course, notebook_stem

COURSE = Course(Path(__file__).parents[1])
BAND = 1e-6
"""What the checks let pass: two answers that are as close are one to them."""

Call = Callable[[Any], list[Any]]


@dataclass(frozen=True)
class Seed:
    """Stands for a generator of this seed."""

    value: int


def parts(value: Any) -> Iterator[Any]:
    """Yield what a value consists of: numbers as arrays, the structure as text."""
    if isinstance(value, (list, tuple)) or hasattr(value, "__next__"):
        inside = list(value)
        yield f"{len(inside)} parts"
        for part in inside:
            yield from parts(part)
    elif isinstance(value, (np.ndarray, np.generic, float, int)):
        yield np.array(value)  # a copy: a mistake may change it at the next call
    else:
        yield str(value)


def same(one: list[Any], other: list[Any]) -> bool:
    """Whether two answers are the same within the band, and in kind."""
    return len(one) == len(other) and all(map(_close, one, other))


def _close(mine: Any, yours: Any) -> bool:
    if isinstance(mine, str) or isinstance(yours, str):
        return isinstance(mine, str) and isinstance(yours, str) and mine == yours
    if mine.shape != yours.shape or mine.dtype.kind != yours.dtype.kind:
        return False
    mine, yours = mine.astype(float), yours.astype(float)
    finite = np.isfinite(mine) & np.isfinite(yours)
    if not np.array_equal(mine[~finite], yours[~finite], equal_nan=True):
        return False
    size = np.linalg.norm(mine[finite]) + np.linalg.norm(yours[finite])
    return bool(np.linalg.norm((mine - yours)[finite]) <= BAND * size)


def called(*arguments: Any, times: int = 2) -> Call:
    """Return a fixture: a call, made `times` times, and what it leaves of its arguments."""

    def call(function: Any) -> list[Any]:
        passed = [fresh(argument) for argument in arguments]
        said = [part for _ in range(times) for part in parts(function(*passed))]
        return [*said, *parts([a for a in passed if isinstance(a, (np.ndarray, list))])]

    return call


def fresh(argument: Any) -> Any:
    """Return a copy, of an array in its kind of memory layout, of a seed its generator."""
    if isinstance(argument, Seed):
        return np.random.default_rng(argument.value)
    if isinstance(argument, np.ndarray) and not argument.flags.c_contiguous:
        padded = np.zeros((*argument.shape[:-1], 2 * argument.shape[-1]))
        padded[..., ::2] = argument
        return padded[..., ::2]
    return argument if callable(argument) else copy.deepcopy(argument)


def played(values: list[float], stoppers: int, **options: Any) -> Call:
    """Return a fixture: runs of stoppers side by side, and what they say after each epoch."""

    def call(stopper_class: Any) -> list[Any]:
        weights, said = [np.zeros(2), np.zeros(2)], []
        running = [stopper_class(**options) for _ in range(stoppers)]
        for epoch, value in enumerate(values):
            if epoch == len(values) - 4:
                weights = [np.zeros(2), np.zeros(2)]
            weights[0][...] = epoch  # in place, and by a new array
            weights[1] = np.full(2, float(epoch))
            for k, stopper in enumerate(running):
                said += parts(stopper.step(value - k, weights))
                said += parts([stopper.best, stopper.best_epoch, stopper.best_weights])
        return said

    return call


def net(rng: np.random.Generator, sizes: list[int], n: int) -> tuple[Any, ...]:
    """Draw ``(weights, biases, X, T)``."""
    weights = [rng.normal(size=(n_out, n_in)) for n_in, n_out in pairwise(sizes)]
    biases = [rng.normal(size=n_out) for n_out in sizes[1:]]
    return weights, biases, rng.normal(size=(n, sizes[0])), np.eye(sizes[-1])[np.arange(n) % 2]


@functools.cache
def fixtures() -> Mapping[str, list[Call]]:
    """Return calls of each exercise that tell its mistakes apart."""
    rng = np.random.default_rng(7)
    return _of_functions(rng) | _of_training(rng) | _of_regularization(rng)


def _of_functions(rng: np.random.Generator) -> dict[str, list[Call]]:
    draw, tied = rng.normal, draw_entangled(rng)
    far = np.array([-1000.0, -20.0, -0.5, 0.0, 2.0, 20.0, 1000.0])
    elementwise = [called(z) for z in (far, draw(size=(3, 4)), np.arange(-3, 4), 0.7, np.int64(2))]
    layers = [((4, 4), 4), ((4, 4), 7), ((5, 3), 7), ((3, 6), 3)]
    labels = np.eye(3)[[0, 1, 2, 0, 1]]
    shares = rng.dirichlet(np.ones(3), 5)
    certain = np.array([[1.0, 0.0, 0.0], [0.0, 0.5, 0.5], [0.0, 1.0, 0.0]])
    unequal = np.array([[900.0, 901.0, 899.0], [-900.0, -901.0, -5.0], [1.0, 2.0, 0.5]])
    low = np.array([[-30.0, -31.0, -29.0], [-28.0, -29.5, -28.0]])
    scores = (draw(size=(5, 3)), draw(size=(3, 3)), unequal, low)
    every_second = 3.0 * draw(size=(2, 6))[:, ::2]
    return {
        "sigmoid": elementwise,
        "sigmoid_prime": elementwise,
        "output_delta": [
            called(0.5 + 0.5 * np.tanh(0.5 * z), rng.random(z.shape), z)
            for z in (draw(size=(7, 4)), draw(size=(4, 4)))
        ],
        "hidden_delta": [
            called(draw(size=(n_next, n_here)), draw(size=(n, n_next)), draw(size=(n, n_here)))
            for (n_next, n_here), n in layers
        ],
        "numerical_gradient": [
            *(called(tied, every_second.copy(), h) for h in (1e-5, 1e-2)),
            *(called(tied, theta) for theta in (every_second, every_second.ravel())),
            called(lambda x: float(np.sum(x**3)), np.zeros(3)),
        ],
        "softmax": [called(z) for z in (*scores, unequal[:1])],
        "cross_entropy": [
            *(called(shares[:n], labels[:n]) for n in (5, 3)),
            called(certain, labels[:3]),
        ],
        "softmax_cross_entropy_gradient": [called(z, labels[: len(z)]) for z in scores],
        "init_weights": [called(sizes, Seed(2)) for sizes in ([6, 4, 5], [4, 4, 4])],
    }


def draw_entangled(rng: np.random.Generator) -> Callable[[Any], float]:
    """Draw a function of a matrix of six entries that all depend on each other."""
    form = rng.normal(size=(6, 6))

    def f(theta: Any) -> float:
        (x,) = theta.reshape(1, 6)
        return float(x @ form @ x + np.sum(x**3)) * theta.shape[0]

    return f


def _of_training(rng: np.random.Generator) -> dict[str, list[Call]]:
    nets = [net(rng, sizes, n) for sizes, n in (([5, 3, 6, 4], 7), ([4, 4, 4, 4], 7), ([4, 4], 4))]
    digits = rng.random((12, 64)), np.eye(10)[np.arange(12) % 10]
    # Every sample twice, with other targets: the training loss does not fall for ever.
    contradictory = np.tile(rng.random((15, 64)), (2, 1)), np.eye(10)[np.arange(30) * 7 % 10]
    features = rng.random((12, 2)), np.eye(2)[[0, 1] * 6]
    return {
        "gradients": [called(*net) for net in nets],
        "sgd_update": [called(rng.normal(size=(2, 2, 3)), rng.normal(size=(2, 2, 3)), 0.3)],
        "minibatches": [called(n, size, Seed(5)) for n, size in ((12, 4), (13, 5), (5, 8), (7, 1))],
        "train": [
            called(*net, epochs, size, 0.7, Seed(3), times=1)
            for net, epochs, size in ((nets[0], 3, 2), (nets[1], 2, 3), (nets[2], 0, 1))
        ],
        "evaluate": [called(*net) for net in nets],
        "lab_two_features": [called(*features, Seed(1), times=1)],
        "lab_digits": [called(*digits, Seed(1), times=1)],
        "lab_initialization": [called([64, 6, 10], *digits, Seed(1), times=1)],
        "lab_regularized": [called(*contradictory, *digits, Seed(1), times=1)],
    }


def _of_regularization(rng: np.random.Generator) -> dict[str, list[Call]]:
    x = rng.normal(size=(6, 5))
    mask = (rng.random(x.shape) > 0.3) / 0.7
    shapes = [((6, 5), 0.3), ((4, 3, 2, 2), 0.6), ((8, 3), 0.0)]
    trace = [8.0, 6.0, 5.0, 7.0, 5.0, 5.75, 4.5, np.nan, 4.0, 6.0, 6.0, 5.0, 4.5, 4.5]
    return {
        "dropout_mask": [called(shape, rate, Seed(4)) for shape, rate in shapes],
        "dropout_forward": [
            called(x, rate, Seed(4), training)
            for rate in (0.3, 0.6, 0.0)
            for training in (True, False)
        ],
        "dropout_backward": [called(rng.normal(size=x.shape), mask)],
        "EarlyStopping": [
            played([sign * value for value in trace], stoppers, **options)
            for stoppers in (1, 2)
            for sign, mode in ((1.0, "min"), (-1.0, "max"))
            for options in (
                {"mode": mode},
                *({"mode": mode, "patience": patience} for patience in (2, 3, 5)),
                {"mode": mode, "patience": 2, "min_delta": 1.0},
                {"mode": mode, "patience": 1, "min_delta": -0.5, "restore_best_weights": True},
                {"mode": mode, "start_from_epoch": 2, "restore_best_weights": True},
                {"mode": mode, "patience": 3, "start_from_epoch": 3, "baseline": -40.0 * sign},
                {"mode": mode, "patience": 2, "baseline": 5.5 * sign, "min_delta": 0.5},
            )
        ],
    }


@functools.cache
def solved(name: str) -> tuple[str, ...]:
    """Return the cells of a solved notebook that a session runs."""
    notebook = jupytext.read(COURSE.solutions / name / f"{notebook_stem(name)}.py")
    return tuple(
        cell.source.replace("from autograder import check", "")
        for cell in notebook.cells
        if cell.cell_type == "code" and not {"check", "figure"} & set(cell.metadata)
    )


def behaviour(name: str, entry: Entry) -> list[list[Any]]:
    """Return what a mistake says to each fixture of its exercise, or how it fails."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    with contextlib.chdir(COURSE.solutions / name):
        for source in (*solved(name), entry.source):
            exec(compile(source, "<cell>", "exec"), namespace)
    said = []
    for call in fixtures()[entry.exercise]:
        np.random.seed(0)
        with np.errstate(all="ignore"), contextlib.redirect_stdout(io.StringIO()):
            try:
                said.append(call(namespace[entry.exercise]))
            except Exception as error:  # noqa: BLE001 - whatever a mistake raises is what it does
                said.append([f"raises {type(error).__name__}"])
    return said


EXERCISES = [
    pytest.param(name, exercise, id=f"{name}/{exercise}")
    for name in COURSE.names
    for exercise in dict.fromkeys(
        entry.exercise for entry in load_catalogue(COURSE.solutions / name / "mutants.py")
    )
]


@pytest.mark.parametrize(("name", "exercise"), EXERCISES)
def test_mistakes_that_return_the_same_are_declared_as_aliases(name: str, exercise: str) -> None:
    catalogue = load_catalogue(COURSE.solutions / name / "mutants.py")
    entries = [entry for entry in catalogue if entry.exercise == exercise]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        said = {entry.name: behaviour(name, entry) for entry in entries}
    original = {entry.name: entry.alias_of or entry.name for entry in entries}
    found, declared = set(), set()
    for one, other in combinations(said, 2):
        if all(map(same, said[one], said[other])):
            found.add((one, other))
        if original[one] == original[other]:
            declared.add((one, other))
    assert found == declared
