"""Visible checks of 04-loss-and-init: no answers in here."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from autograder.checks import Case, Counts, Exercise, Rng, Student, expect, visible

DATA = ("digits_train.npz",)

Array = NDArray[np.float64]

SOFTMAX = Exercise("softmax", points=5)
CROSS_ENTROPY = Exercise("cross_entropy", points=4)
GRADIENT = Exercise("softmax_cross_entropy_gradient", points=4, uses=("softmax",), formula=True)
INIT_WEIGHTS = Exercise("init_weights", points=4)
LAB = Exercise("lab_initialization", points=4, uses=("init_weights",))

LAB_SIZES = [64, 200, 10]
LAB_ACCURACY = 0.90
"""What every scaled start reaches on held-out images of the shipped data, and no unscaled one:
0.949 +- 0.012 against 0.46 +- 0.23 for the notebook's recipe. The grader asks for more."""


def _expect_boltzmann(label: str, got: object, scores: Array) -> None:
    """Fail unless each row of `got` sums to 1 and its logarithms differ as the scores do."""
    y = expect.array(label, got, scores.shape, because="the shape of z")
    counts = Counts({"samples": len(scores), "classes": scores.shape[1]}, axes=("sample", "class"))
    expect.finite(label, y, counts=counts)
    smallest = float(y.min())
    expect.holds(
        smallest > 0.0,
        label,
        f"expected positive probabilities, the smallest of yours is {smallest:.4g}.",
    )
    expect.sums_to_one(label, y, counts=counts)
    expect.tensor(
        f"ln y_(j+1) - ln y_j of {label}",
        np.diff(np.log(y), axis=1),
        np.diff(scores, axis=1),
        counts=counts,
        hint="In each row y_i / y_j must be exp(z_i - z_j): the difference of the scores, no more.",
    )


@visible(
    "softmax",
    points=1.5,
    title="each row sums to 1, its classes in the Boltzmann ratio exp(z_i - z_j)",
    hint="One row is one sample. Over which axis does the partition function sum?",
)
def softmax_ratios(student: Student, case: Case) -> None:
    """Together the two properties leave one function only."""
    for n_samples, n_classes in ((7, 4), (3, 6)):
        z = case.rng.normal(0.0, 1.5, (n_samples, n_classes))
        _expect_boltzmann("softmax(z)", student.call("softmax", z), z)


@visible(
    "softmax",
    points=1,
    title="the zero of the scores is free: +1000 and -1000 on all change nothing, z included",
    hint="Which power of e is the largest that your code takes? Which zero of the scores is safe?",
)
def softmax_shift(student: Student, case: Case) -> None:
    """The scores are multiples of 1/8, which float32 holds exactly even at 1000."""
    z = np.round(8.0 * case.rng.normal(0.0, 1.5, (5, 3))) / 8.0
    for shift, text in ((1000.0, "z + 1000"), (-1000.0, "z - 1000")):
        _expect_boltzmann(f"softmax({text})", student.call("softmax", z + shift), z)
    expect.unchanged(student)


def _draw_predictions(
    rng: np.random.Generator, n_samples: int, n_classes: int
) -> tuple[Array, Array, Array]:
    """Draw rows of probabilities, one-hot targets, and the probabilities at the targets."""
    chosen = rng.uniform(0.15, 0.9, n_samples)
    shares = rng.uniform(0.2, 1.0, (n_samples, n_classes))
    targets = np.eye(n_classes)[rng.integers(n_classes, size=n_samples)]
    shares[targets == 1.0] = 0.0
    shares *= ((1.0 - chosen) / shares.sum(axis=1))[:, np.newaxis]
    shares[targets == 1.0] = chosen
    return shares, targets, chosen


@visible(
    "cross_entropy",
    points=1,
    title="exp(-N L) is the likelihood: the product of the true classes' probabilities",
    hint="Natural logarithm, a minus sign, a sum over the classes, a mean over the samples: "
    "which of these is missing, or one too many?",
)
def cross_entropy_likelihood(student: Student, case: Case) -> None:
    """The loss is tested through what it means, so nothing here computes it."""
    for n_samples, n_classes in ((6, 4), (3, 5), (1, 3)):
        y, t, chosen = _draw_predictions(case.rng, n_samples, n_classes)
        loss = expect.scalar("cross_entropy(y, t)", student.call("cross_entropy", y, t))
        expect.holds(loss >= 0.0, "cross_entropy(y, t)", f"expected at least 0, got {loss:.4g}.")
        expect.close(
            f"exp(-N cross_entropy(y, t)) for N = {n_samples}",
            np.exp(-n_samples * loss),
            np.prod(chosen),
            show=True,
            counts=Counts({"samples": n_samples, "classes": n_classes}),
            seen_as=("the loss itself", loss, np.log(1.0 / np.prod(chosen)) / n_samples),
        )
    expect.unchanged(student)


@visible(
    "cross_entropy",
    points=1,
    title="a probability of exactly 0 costs nothing where it is right, at least 10 where wrong",
    hint="What is ln 0? Keep the argument of the logarithm away from it, by 1e-7 or less, "
    "in a copy of y.",
)
def cross_entropy_zeros(student: Student, case: Case) -> None:
    """Public limits: certain and right, certain and wrong, and a coin toss beside a zero."""
    n_classes = int(case.rng.integers(3, 6))
    n_samples = n_classes + 2
    right = np.eye(n_classes)[case.rng.permutation(n_samples) % n_classes]
    wrong = np.roll(right, 1, axis=1)

    label = "cross_entropy(y, t) for y = t"
    loss = expect.scalar(label, student.call("cross_entropy", right, right))
    expect.holds(abs(loss) <= 1e-5, label, f"expected 0 (to 1e-5), got {loss:.4g}.")

    label = "cross_entropy(y, t) for y = 0 at every true class"
    loss = expect.scalar(label, student.call("cross_entropy", wrong, right))
    expect.holds(loss >= 10.0, label, f"expected at least 10, got {loss:.4g}.")

    mixed = right.copy()
    mixed[0] = 0.5 * (right[0] + wrong[0])
    expect.close(
        f"cross_entropy(y, t) for one coin toss among {n_samples} samples",
        student.call("cross_entropy", mixed, right),
        np.log(2.0) / n_samples,
        show=True,
        counts=Counts({"samples": n_samples, "classes": n_classes}),
    )
    expect.unchanged(student)


def _expect_small_entries(label: str, got: Array, scores: Array, targets: Array) -> None:
    """Fail unless the wrong classes' entries stand in Boltzmann ratios, the tiny ones too.

    A formula keeps an entry of 1e-20 to all its digits; a difference quotient cannot see it. Who
    keeps the probabilities away from 0 has the same small number there in every row.
    """
    problem = (
        "expected positive entries at the wrong classes, in the ratio exp(z_i - z_j) down to "
        "the smallest; yours are not. A formula gets them right, a difference quotient "
        "does not."
    )
    wrong = targets == 0.0
    expect.holds(bool((got[wrong] > 0.0).all()), label, problem)
    far = scores.argmin(axis=1)[:, np.newaxis] == np.arange(scores.shape[1])
    right = True
    for row, z, asked in zip(got, scores, wrong & ~far, strict=True):
        error = np.abs(np.diff(np.log(row[asked])) - np.diff(z[asked]))
        expect.holds(bool((error < 1e-3).all()), label, problem)
    for row, z, mine, asked in zip(got, scores, far, wrong & ~far, strict=True):
        error = np.log(row[mine]) - np.log(row[asked][0]) - (z[mine] - z[asked][0])
        right = right and bool((np.abs(error) < 1e-3).all())
    expect.holds(right or is_floor(got[far], scores), label, problem)


def is_floor(smallest: Array, scores: Array) -> bool:
    """Whether all rows have the same small number in place of y, or of a power of e."""
    top = scores.max(axis=1)
    log_sums = np.logaddexp.reduce(scores, axis=1)
    floors = (np.log(smallest) + offset for offset in (0.0, log_sums, log_sums - top))
    return bool(smallest.max() < 1e-6) and any(np.ptp(floor) < 1e-3 for floor in floors)


def _draw_scores(rng: np.random.Generator, n_samples: int, n_classes: int) -> tuple[Array, Array]:
    """Draw scores and one-hot targets; one wrong class of each row lies 45 below the rest."""
    z = rng.normal(1.0, 1.0, (n_samples, n_classes))
    labels = rng.integers(n_classes, size=n_samples)
    rows = np.arange(n_samples)
    far = (labels + rng.integers(1, n_classes, size=n_samples)) % n_classes
    z[rows, far] = z.max(axis=1) - 45.0
    return z, np.eye(n_classes)[labels]


@visible(
    "softmax_cross_entropy_gradient",
    points=1,
    title="matches the slope of each sample's cross entropy",
    hint="The cost of one sample is -ln y at its true class. Nudge one score z_j: which of the "
    "y_i move? And is a delta divided by the number of samples?",
)
def gradient_slope(student: Student, case: Case) -> None:
    """Central differences of the summed cost: its slope at z[n] is sample n's own."""
    for n_samples, n_classes in ((6, 4), (3, 5)):
        z, t = _draw_scores(case.rng, n_samples, n_classes)

        def cost(scores: Array, t: Array = t) -> float:
            return float(np.logaddexp.reduce(scores, axis=1).sum() - (scores * t).sum())

        label = "softmax_cross_entropy_gradient(z, t)"
        result = student.call("softmax_cross_entropy_gradient", z, t)
        got = expect.array(label, result, z.shape, because="the shape of z")
        counts = Counts({"samples": n_samples, "classes": n_classes}, axes=("sample", "class"))
        expect.slope(label, got, cost, z, counts=counts, known={"t": t})
        _expect_small_entries(label, got, z, t)
    expect.unchanged(student)


@visible(
    "softmax_cross_entropy_gradient",
    points=1,
    title="certain and right: 0; certain and wrong: full size, however far the scores are",
    hint="Does your result still hold a factor that dies out where y saturates? "
    "What is left when everything that cancels has cancelled?",
)
def gradient_saturated(student: Student, case: Case) -> None:
    """The limits are public, and the last rows are ordinary ones."""
    ordinary, targets = _draw_scores(case.rng, 3, 4)
    one = np.eye(4)
    sure, other = case.rng.permutation(4)[:2]
    z = np.vstack([1000.0 * one[sure], 1000.0 * one[sure], ordinary])
    t = np.vstack([one[sure], one[other], targets])

    label = "softmax_cross_entropy_gradient(z, t)"
    result = student.call("softmax_cross_entropy_gradient", z, t)
    got = expect.array(label, result, z.shape, because="the shape of z")
    # To 1e-5: probabilities may be kept away from 0 and 1.
    for row, limit, text in ((0, np.zeros(4), "right"), (1, one[sure] - one[other], "wrong")):
        distance = float(np.abs(got[row] - limit).max())
        where = f"{label} where certain and {text}"
        expect.within(where, distance, 0.0, 1e-5, what="distance to its limit")
    worst = float(np.abs(got.sum(axis=1)).max())
    expect.holds(worst < 1e-4, label, f"expected rows that sum to 0, one sums to {worst:.4g}.")
    _expect_small_entries(label, got[2:], ordinary, targets)


def _draw_sizes(rng: np.random.Generator) -> list[int]:
    """Draw layer sizes: rectangles that widen and narrow, with thousands of weights each."""
    return [int(rng.integers(*span)) for span in ((40, 60), (180, 220), (80, 110))]


def _expect_scaled(student: Student, sizes: list[int], rng: Rng) -> tuple[list[Array], list[Array]]:
    """Return the student's parameters, or fail unless the weights have the asked-for spread.

    The bands are seven standard deviations of the sample's own scatter.
    """
    result = student.call("init_weights", sizes, rng)
    weights, biases = expect.parameters("init_weights(sizes, rng)", result, sizes)
    for k, W in enumerate(weights):
        scale = np.sqrt(W.shape[1])
        expect.within(
            f"weights[{k}]",
            float(np.sqrt(np.mean(W**2)) * scale),
            1.0 - 7.0 / np.sqrt(2.0 * W.size),
            1.0 + 7.0 / np.sqrt(2.0 * W.size),
            what="its root mean square, times sqrt(n_in),",
        )
        limit = 7.0 / np.sqrt(W.size)
        expect.within(
            f"weights[{k}]",
            float(np.mean(W) * scale),
            -limit,
            limit,
            what="its mean, times sqrt(n_in),",
        )
    return weights, biases


@visible(
    "init_weights",
    points=1,
    title="the weights into a neuron have mean 0 and the spread that keeps z of order 1",
    hint="The variance of a sum of n_in independent terms is n_in times that of one. Is your "
    "number a variance or a standard deviation, and which layer does n_in count?",
)
def init_scale(student: Student, case: Case) -> None:
    """Widening and narrowing layers tell n_in from n_out."""
    for _ in range(2):
        _expect_scaled(student, _draw_sizes(case.rng), case.generator())
    expect.unchanged(student)


@visible(
    "init_weights",
    points=1,
    title="scaled weights and their biases come from rng, and from nothing else",
    hint="Which generator do you draw from? Every random number must come from the one that "
    "was passed in.",
)
def init_reproducible(student: Student, case: Case) -> None:
    """Equal seeds agree; the same generator used again, or another seed, does not."""
    sizes = _draw_sizes(case.rng)
    rng = case.generator()
    first = _expect_scaled(student, sizes, rng)
    second = _expect_scaled(student, sizes, rng)
    again = _expect_scaled(student, sizes, Rng(rng.seed))
    other = _expect_scaled(student, sizes, case.generator())
    for k, name in enumerate(("weights", "biases")):
        for layer, _ in enumerate(pairwise(sizes)):
            label = f"{name}[{layer}]"
            mine = first[k][layer]
            expect.holds(
                np.array_equal(mine, again[k][layer]),
                label,
                "expected the same numbers from two generators of equal seed, got others.",
            )
            expect.holds(
                not np.array_equal(mine, second[k][layer]),
                label,
                "expected new numbers from a second call with the same generator, got the same.",
            )
            expect.holds(
                not np.array_equal(mine, other[k][layer]),
                label,
                "expected other numbers from a generator of another seed, got the same.",
            )


@visible(
    "lab_initialization",
    points=1.5,
    title=f"at least {LAB_ACCURACY:.0%} of the digits that were held out are read correctly",
    hint="Is every layer's z of order 1 at the start? Is what you return the trained network, "
    "after all the epochs? A little luck is part of it: a run that fails is repeated twice.",
    attempts=3,
    cpu_seconds=120,
)
def lab_held_out(student: Student, case: Case) -> None:
    """Train on three quarters of the shipped digits, shuffled like the grader's own."""
    with np.load(Path(__file__).parent / DATA[0]) as data:
        X = data["images"].reshape(-1, 64)[:, case.rng.permutation(64)] / 16.0
        T = np.eye(10)[case.rng.permutation(10)[data["labels"]]]
    order = case.rng.permutation(len(X))
    # 900 samples fill batches of 10. One more would be a batch of its own in each epoch, and a step
    # of full length for a single sample can undo the others': 5 % of such runs end below 90 %.
    training, held_out = order[:900], order[900:]
    result = student.call(
        "lab_initialization", list(LAB_SIZES), X[training], T[training], case.generator()
    )
    label = "lab_initialization(sizes, X_train, T_train, rng)"
    (W1, W2), (b1, b2) = expect.parameters(label, result, LAB_SIZES)
    hidden = 0.5 + 0.5 * np.tanh(0.5 * (X[held_out] @ W1.T + b1))
    answers = (hidden @ W2.T + b2).argmax(axis=1)
    share = float(np.mean(answers == T[held_out].argmax(axis=1)))
    expect.holds(
        share >= LAB_ACCURACY,
        label,
        f"{share:.1%} of {len(held_out)} held-out digits are read correctly, expected at least "
        f"{LAB_ACCURACY:.0%}.",
    )
    expect.unchanged(student)
