"""Hidden checks of 04-loss-and-init: the reference on fresh inputs."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from autograder.checks import Case, Counts, Strided, Student, expect, hidden
from autograder.course import load_module
from reference import labs
from reference import numpy_api as ref

Array = NDArray[np.float64]

is_floor = load_module(Path(__file__).with_name("checks.py")).is_floor

SIGMAS = 7.0
"""Half width of every statistical band: one false alarm in 4e11 for a normal statistic."""


@hidden(
    "softmax",
    points=1.5,
    title="right probabilities for many, one, and as many samples as classes",
    hint="Try a batch of one sample, and a square batch: which sum does each axis take?",
)
def softmax_values(student: Student, case: Case) -> None:
    """A square batch runs even where a kept axis is forgotten, and shows it in the values."""
    wide = int(case.rng.integers(5, 9))
    for shape in ((8, 4), (1, 5), (5, 5), (3, wide)):
        z = case.rng.normal(case.rng.normal(), 2.0, shape)
        _expect_softmax(case, student.call("softmax", z), z)
    z = case.rng.normal(0.0, 2.0, (6, 3))
    got = student.call("softmax", Strided(z, "F"))
    _expect_softmax(case, got, z, " for z in Fortran order")
    expect.unchanged(student)


@hidden(
    "softmax",
    points=1,
    title="very unequal rows in one batch",
    hint="One row near +1000, the next near -1000: does each row have its own zero of the scores?",
)
def softmax_unequal_rows(student: Student, case: Case) -> None:
    """Offsets far apart between rows, and within one; float32 holds all of them."""
    z = np.round(8.0 * case.rng.normal(0.0, 1.5, (6, 4))) / 8.0
    z[1] -= 1000.0
    z[2] += 1000.0
    z[3] = case.rng.permutation([1e30, 0.0, -1e30, 1.0])
    z[4] = case.rng.permutation([-1000.0, -1001.0, -5000.0, -1002.0])
    z[5] = -1e4
    z = z[case.rng.permutation(6)]
    _expect_softmax(case, student.call("softmax", z), z)


def _expect_softmax(case: Case, got: object, z: Array, which: str = "") -> None:
    counts = Counts({"samples": len(z), "classes": z.shape[1]}, axes=("sample", "class"))
    with np.errstate(over="ignore"):
        powers = np.exp(z)
    known = {"exp(z)": powers} if np.isfinite(powers).all() else {}
    label = f"softmax(z){which}"
    expect.close(label, got, ref.softmax(z), case=case, counts=counts, known=known)


def _draw_batch(
    rng: np.random.Generator, n_samples: int, n_classes: int, low: float, high: float
) -> tuple[Array, Array]:
    """Draw probabilities and one-hot targets; at the targets they lie in `low` to `high`."""
    chosen = rng.uniform(low, high, n_samples)
    shares = rng.dirichlet(np.full(n_classes - 1, 3.0), n_samples)
    labels = rng.integers(n_classes, size=n_samples)
    y = np.empty((n_samples, n_classes))
    for n, (label, p) in enumerate(zip(labels, chosen, strict=True)):
        y[n] = np.insert((1.0 - p) * shares[n], label, p)
    return y, np.eye(n_classes)[labels]


@hidden(
    "cross_entropy",
    points=1,
    title="right value for many, one, and as many samples as classes",
    hint="Double the batch by repeating it: should the loss change? And does a wrong class, where "
    "t is 0, add anything?",
)
def cross_entropy_values(student: Student, case: Case) -> None:
    """N = C hides a mean over the wrong axis, N != C shows it."""
    for n_samples, n_classes in ((9, 4), (1, 6), (5, 5), (4, 10), (3, 2)):
        y, t = _draw_batch(case.rng, n_samples, n_classes, 0.1, 0.95)
        got = expect.scalar("cross_entropy(y, t)", student.call("cross_entropy", y, t))
        expect.close("cross_entropy(y, t)", got, ref.cross_entropy(y, t), case=case)
    expect.unchanged(student)


@hidden(
    "cross_entropy",
    points=1,
    title="small probabilities keep their true cost",
    hint="How much does your guard against ln 0 add to a probability of 0.001?",
)
def cross_entropy_small(student: Student, case: Case) -> None:
    """A guard of 1e-7 moves these by less than the band, one of 1e-5 does not."""
    y, t = _draw_batch(case.rng, 6, 3, 1e-3, 2e-3)
    got = expect.scalar("cross_entropy(y, t)", student.call("cross_entropy", y, t))
    expect.close(
        "cross_entropy(y, t) for small y at the true class",
        got,
        ref.cross_entropy(y, t),
        case=case,
    )


def _expect_gradient(student: Student, case: Case, z: Array, t: Array) -> None:
    """Fail unless the gradient is the reference's, tiny entries of wrong classes included."""
    label = "softmax_cross_entropy_gradient(z, t)"
    want = ref.softmax_cross_entropy_gradient(z, t)
    got = expect.array(label, student.call("softmax_cross_entropy_gradient", z, t), z.shape)
    counts = Counts({"samples": len(z), "classes": z.shape[1]}, axes=("sample", "class"))
    known = {"y": want + t, "t": t, "y (1 - y)": (want + t) * (1.0 - want - t)}
    expect.tensor(label, got, want, case=case, counts=counts, known=known)
    far = (want > 1e-30) & (want < 1e-12)
    small = (want > 1e-12) & (want < 1e-3)
    fine = bool((np.abs(got[far] / want[far] - 1.0) < 1e-3).all())
    floor = 0.0
    if not fine and bool((got[far] > 0.0).all()) and is_floor(got[far], z[far.any(axis=1)]):
        fine, floor = True, float(got[far].max())
    error = np.abs(got[small] - want[small])
    expect.holds(
        fine and bool((error < 1e-3 * want[small] + floor).all()),
        label,
        "its small entries are lost. A formula gets them right, a difference quotient does not.",
    )


@hidden(
    "softmax_cross_entropy_gradient",
    points=1,
    title="right values for many, one, and as many samples as classes",
    hint="Is each row the same when its sample stands alone in the batch?",
)
def gradient_values(student: Student, case: Case) -> None:
    """One wrong class of each row is 45 below the rest: no difference quotient resolves it."""
    for n_samples, n_classes in ((8, 4), (1, 5), (5, 5), (3, 7)):
        z = case.rng.normal(1.0, 1.5, (n_samples, n_classes))
        labels = case.rng.integers(n_classes, size=n_samples)
        z[np.arange(n_samples), (labels + 1) % n_classes] = z.max(axis=1) - 45.0
        _expect_gradient(student, case, z, np.eye(n_classes)[labels])
    expect.unchanged(student)


@hidden(
    "softmax_cross_entropy_gradient",
    points=1,
    title="right values for very unequal rows",
    hint="One row near +1000, the next near -1000, and a target that is all but excluded: what "
    "does each factor in your result do there?",
)
def gradient_unequal_rows(student: Student, case: Case) -> None:
    """Rows far apart, and a confident mistake in each."""
    n_classes = 4
    z = np.round(8.0 * case.rng.normal(0.0, 1.5, (6, n_classes))) / 8.0
    labels = case.rng.integers(n_classes, size=6)
    rows = np.arange(6)
    z[rows[:3], labels[:3]] -= 45.0
    z[rows[3:], (labels[3:] + 2) % n_classes] -= 45.0
    z += case.rng.permutation([1000.0, -1000.0, 3000.0, 0.0, -3000.0, 0.0])[:, np.newaxis]
    _expect_gradient(student, case, z, np.eye(n_classes)[labels])


def _draw_scaled(student: Student, case: Case, sizes: list[int]) -> tuple[list[Array], list[Array]]:
    """Return parameters whose weights have the right spread: no point is for biases alone."""
    result = student.call("init_weights", sizes, case.generator())
    weights, biases = expect.parameters("init_weights(sizes, rng)", result, sizes)
    for k, W in enumerate(weights):
        half = SIGMAS / np.sqrt(2.0 * W.size)
        expect.within(
            f"weights[{k}]",
            float(np.sqrt(np.mean(W**2) * W.shape[1])),
            1.0 - half,
            1.0 + half,
            what="its root mean square, times sqrt(n_in),",
        )
    return weights, biases


def _dispersion(units: Array, axis: int) -> float:
    """Return the scatter of the sums along `axis`, in units of what independent draws give."""
    sums = units.sum(axis=axis) / np.sqrt(units.shape[axis])
    return float(np.mean(sums**2))


def _correlation(first: Array, second: Array) -> float:
    """Return the correlation of the entries that two arrays have in common, times sqrt(n)."""
    n = min(first.size, second.size)
    a, b = first.ravel()[:n], second.ravel()[:n]
    norm = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / norm * np.sqrt(n) if norm > 0.0 else 0.0


@hidden(
    "init_weights",
    points=1,
    title="scaled weights are Gaussian, and independent of each other",
    hint="Plot a histogram of one layer's weights, then compare two of its rows, and two layers.",
)
def init_gaussian(student: Student, case: Case) -> None:
    """Shape of the distribution, repeated rows or columns, repeated layers."""
    weights, _ = _draw_scaled(student, case, [50, 200, 120, 120, 120])
    for k, W in enumerate(weights):
        label = f"weights[{k}]"
        units = W / np.sqrt(np.mean(W**2))
        scatter = SIGMAS * np.sqrt(0.0455 * 0.9545 / W.size)
        expect.within(
            label,
            float(np.mean(np.abs(units) > 2.0)),
            0.0455 - scatter,
            0.0455 + scatter,
            what="the share of its entries beyond two standard deviations",
        )
        largest = float(np.abs(units).max())
        expect.holds(
            largest > 2.6,
            label,
            f"its largest entry lies {largest:.2f} standard deviations out; {W.size} Gaussian "
            "numbers reach further.",
        )
        mean = float(np.mean(units)) * np.sqrt(W.size)
        expect.within(label, mean, -SIGMAS, SIGMAS, what="its mean, in standard errors,")
        for axis, what in ((0, "columns"), (1, "rows")):
            ratio = _dispersion(units, axis)
            half = SIGMAS * np.sqrt(2.0 / units.shape[1 - axis])
            low, high = max(0.2, 1.0 - half), 1.0 + 1.3 * half
            expect.within(label, ratio, low, high, what=f"the scatter of the sums of its {what}")
        distinct = len(np.unique(W)) / W.size
        expect.holds(
            distinct > 0.9, label, f"only {distinct:.0%} of its entries are different numbers."
        )
    for k, (before, after) in enumerate(pairwise(weights)):
        expect.within(
            f"weights[{k}] and weights[{k + 1}]",
            _correlation(before, after),
            -SIGMAS,
            SIGMAS,
            what="their correlation, in standard errors,",
        )


@hidden(
    "init_weights",
    points=1,
    title="beside scaled weights, Gaussian biases of standard deviation 1",
    hint="A neuron has one bias, not n_in of them: does the same rule apply to it?",
)
def init_biases(student: Student, case: Case) -> None:
    """All biases together: their spread, mean, tails, and independence of the weights."""
    weights, biases = _draw_scaled(student, case, [40, 500, 700, 500])
    for k, (W, b) in enumerate(zip(weights, biases, strict=True)):
        half = SIGMAS / np.sqrt(2.0 * b.size)
        root = float(np.sqrt(np.mean(b**2)))
        expect.within(f"biases[{k}]", root, 1 - half, 1 + half, what="its root mean square")
        mean = float(np.mean(b)) * np.sqrt(b.size)
        expect.within(f"biases[{k}]", mean, -SIGMAS, SIGMAS, what="its mean, in standard errors,")
        expect.within(
            f"biases[{k}] and weights[{k}]",
            _correlation(b, W),
            -SIGMAS,
            SIGMAS,
            what="their correlation, in standard errors,",
        )
        distinct = len(np.unique(b)) / b.size
        expect.holds(
            distinct > 0.9,
            f"biases[{k}]",
            f"only {distinct:.0%} of its entries are different numbers.",
        )
    for k, (before, after) in enumerate(pairwise(biases)):
        expect.within(
            f"biases[{k}] and biases[{k + 1}]",
            _correlation(before, after),
            -SIGMAS,
            SIGMAS,
            what="their correlation, in standard errors,",
        )
    together = np.concatenate(biases)
    share = float(np.mean(np.abs(together) > 2.0))
    expect.within("biases", share, 0.011, 0.085, what="the share of entries beyond 2")
    largest = float(np.abs(together).max())
    expect.holds(
        largest > 2.3,
        "biases",
        f"the largest of {together.size} entries is {largest:.2f}; Gaussian numbers reach further.",
    )


@hidden(
    "lab_initialization",
    points=2.5,
    title="reads new digits as well as a scaled start lets it",
    hint="Plot the accuracy against the epoch, and the histogram of z in each layer before the "
    "first of them.",
    attempts=3,
    cpu_seconds=120,
)
def lab_new_digits(student: Student, case: Case) -> None:
    """Weights come back; the test split, permuted like the training split, never goes in."""
    data = labs.initialization_case(case.rng)
    sizes = list(labs.INITIALIZATION.sizes)
    label = "lab_initialization(sizes, X_train, T_train, rng)"
    result = student.call("lab_initialization", sizes, data.X_train, data.T_train, case.generator())
    weights, biases = expect.parameters(label, result, sizes)
    share = labs.accuracy(weights, biases, data.X_test, data.T_test)
    wanted = labs.threshold("lab_initialization")
    expect.holds(
        share >= wanted,
        label,
        f"{share:.1%} of the new digits are read correctly, expected at least {wanted:.1%}.",
    )


REFERENCE = {"softmax": ref.softmax, "init_weights": ref.init_weights}
