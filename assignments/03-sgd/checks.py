"""Visible checks of 03-sgd: no answers in here.

Steps are compared with central differences of a cost that is built on the spot. What `train` does
with its batches is read off the weights of a net that keeps a separate column for every sample.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from autograder.checks import Case, Counts, Exercise, Rng, Student, expect, visible
from autograder.values import describe

DATA = ("digits_train.npz",)

SGD_UPDATE = Exercise("sgd_update", points=2)
MINIBATCHES = Exercise("minibatches", points=4)
TRAIN = Exercise("train", points=7, uses=("sgd_update", "minibatches"))
EVALUATE = Exercise("evaluate", points=3)
LAB_TWO_FEATURES = Exercise(
    "lab_two_features", points=3, uses=("sgd_update", "minibatches", "train", "evaluate")
)
LAB_DIGITS = Exercise(
    "lab_digits", points=4, uses=("sgd_update", "minibatches", "train", "evaluate")
)

Array = NDArray[np.float64]
Indices = NDArray[np.int64]
Layers = list[Array]

TINY_RATE = 1e-3
"""So small a step that the weights tell of each batch alone, to a part in a thousand."""


# --- sgd_update ---------------------------------------------------------------------------------


@visible(
    "sgd_update",
    points=1,
    title="the step divided by the learning rate is minus the gradient",
    hint="Which way does the cost fall, and how far does one step go? Whose array is it that you "
    "write to?",
)
def step_over_rate(student: Student, case: Case) -> None:
    """Solve the update for the gradient; the shapes differ, so that each array counts."""
    worked = student.call("sgd_update", [np.array([1.0, 2.0])], [np.array([10.0, -10.0])], 0.05)
    (got,) = expect.sequence("sgd_update([p], [g], 0.05)", worked, 1)
    label = "sgd_update([[1, 2]], [[10, -10]], 0.05)[0]"
    got = expect.array(label, got, (2,), because="that of p")
    expect.close(
        label,
        got,
        [0.5, 2.5],
        show=True,
        counts=Counts({"entries": 2}, {"the learning rate": 0.05}),
        known={"p": [1.0, 2.0], "g": [10.0, -10.0]},
        seen_as=("(p - new) / lr", (np.array([1.0, 2.0]) - got) / 0.05, [10.0, -10.0]),
    )

    shapes = [(3, 4), (3,), (2, 3), (2,)]
    params = [case.rng.standard_normal(shape) for shape in shapes]
    grads = [case.rng.standard_normal(shape) for shape in shapes]
    rate = float(case.rng.uniform(0.5, 2.0))
    returned = student.call("sgd_update", params, grads, rate)
    new = expect.arrays("sgd_update(params, grads, lr)", returned, shapes)
    for k, (p, p_new, g) in enumerate(zip(params, new, grads, strict=True)):
        expect.tensor(
            f"(params[{k}] - new[{k}]) / lr",
            (p - p_new) / rate,
            g,
            case=case,
            counts=Counts({"rows": len(p)}, {"the learning rate": rate}),
            known={f"params[{k}]": p, f"params[{k}] / lr": p / rate},
        )
    expect.unchanged(student)


# --- minibatches --------------------------------------------------------------------------------


@visible(
    "minibatches",
    points=1,
    title="every sample is in exactly one batch, and only the last batch is short",
    hint="Collect all indices and sort them. How many batches does it take, and how large is the "
    "last one?",
)
def cut_without_loss(student: Student, case: Case) -> None:
    """Sizes that divide and sizes that do not, one batch and batches of one."""
    n = int(case.rng.integers(30, 60))
    sizes = [(12, 4), (13, 5), (7, 1), (6, 6), (5, 8), (1, 1), (n, int(case.rng.integers(2, 20)))]
    for n_samples, batch_size in sizes:
        partition(student, n_samples, batch_size, case.generator())


@visible(
    "minibatches",
    points=1,
    title="each call shuffles anew, by the generator alone",
    hint="Call it twice with one generator, and twice with equally seeded ones. Which results "
    "should differ?",
)
def fresh_each_call(student: Student, case: Case) -> None:
    """One generator goes on; equal generators agree; 40! orders do not coincide by chance."""
    n, size = 40, 7
    rng, other = case.generator(), case.generator()
    first = np.concatenate(partition(student, n, size, rng))
    second = np.concatenate(partition(student, n, size, rng))
    again = np.concatenate(partition(student, n, size, Rng(rng.seed)))
    different = np.concatenate(partition(student, n, size, other))
    label = f"minibatches({n}, {size}, rng)"
    expect.holds(
        not np.array_equal(first, np.arange(n)),
        label,
        "the samples stand in their old order 0, 1, 2, ...; expected them shuffled.",
    )
    expect.holds(
        not np.array_equal(first, second),
        label,
        "two calls with the same generator gave the same batches; expected a fresh shuffle.",
    )
    expect.holds(
        np.array_equal(first, again),
        label,
        "two generators with the same seed gave different batches; expected the same, because "
        "all randomness comes from rng.",
    )
    expect.holds(
        not np.array_equal(first, different),
        label,
        "two generators with different seeds gave the same batches; expected different ones, "
        "because all randomness comes from rng.",
    )


def partition(student: Student, n_samples: int, batch_size: int, rng: Rng) -> list[Indices]:
    """Return the student's batches, or fail if they do not cut up 0..n_samples-1 as they should."""
    label = f"minibatches({n_samples}, {batch_size}, rng)"
    batches = expect.sequence(label, student.call("minibatches", n_samples, batch_size, rng))
    for k, batch in enumerate(batches):
        expect.holds(
            isinstance(batch, np.ndarray) and batch.ndim == 1 and batch.dtype.kind in "iu",
            f"{label}[{k}]",
            f"expected a 1-d array of integer indices, got {describe(batch)}.",
        )
        expect.holds(len(batch) > 0, f"{label}[{k}]", "expected no empty batch, got one.")
    indices = np.concatenate(batches).astype(np.int64) if batches else np.zeros(0, np.int64)
    for k in indices.tolist():
        expect.holds(
            0 <= k < n_samples, label, f"expected indices from 0 to {n_samples - 1}, got {k}."
        )
    for k, count in enumerate(np.bincount(indices, minlength=n_samples)):
        expect.holds(count > 0, label, f"sample {k} is in no batch.")
        expect.holds(count == 1, label, f"sample {k} is used {count} times; expected once.")
    lengths = [len(batch) for batch in batches]
    expect.holds(
        all(length == batch_size for length in lengths[:-1]) and lengths[-1] <= batch_size,
        label,
        f"the batches have {lengths} samples; expected {batch_size} in each but the last, which "
        "takes what is left.",
    )
    return [np.asarray(batch, np.int64) for batch in batches]


# --- train --------------------------------------------------------------------------------------


@visible(
    "train",
    points=1,
    title="one batch of all samples is one step down the slope of the mean quadratic cost",
    hint="Follow one step with pencil and paper: what is subtracted from W, what from b, and with "
    "which weights is the gradient taken?",
)
def one_step_is_the_slope(student: Student, case: Case) -> None:
    """Solve one full-batch step for the gradient, and compare it with central differences."""
    rate = 50.0  # large against rounding; a single step is linear in it
    weights, biases, X, T = draw_problem(case, (4, 3, 2), 7)
    result = student.call("train", weights, biases, X, T, 1, len(X), rate, case.generator())
    new_weights, new_biases = expect.parameters("train(...)", result, (4, 3, 2))
    start = [*weights, *biases]
    names = ["weights[0]", "weights[1]", "biases[0]", "biases[1]"]
    for k, (name, new) in enumerate(zip(names, [*new_weights, *new_biases], strict=True)):

        def cost(theta: Array, k: int = k) -> float:
            W0, W1, b0, b1 = (theta if j == k else p for j, p in enumerate(start))
            hidden = 0.5 + 0.5 * np.tanh(0.5 * (X @ W0.T + b0))
            output = 0.5 + 0.5 * np.tanh(0.5 * (hidden @ W1.T + b1))
            return float(np.sum((output - T) ** 2)) / (2 * len(X))

        expect.slope(
            f"({name} before - after) / lr",
            (start[k] - new) / rate,
            cost,
            start[k],
            counts=Counts({"samples": 7, "outputs": 2}, {"the learning rate": rate}),
        )


@visible(
    "train",
    points=1,
    title="in an epoch every sample counts once, with its own target, in a batch of its own size",
    hint="How many samples does this batch have, and how many did all batches together have? Do "
    "the rows of X and T stay together?",
)
def every_sample_counts(student: Student, case: Case) -> None:
    """Read off the weights how large a batch each sample was in; the last batch is short."""
    for n, batch_size in ((13, 5), (12, 4)):
        labels = case.rng.permutation(np.arange(n) % 3)
        shares = _shares(student, labels, 1, batch_size, case.generator())
        in_short = n % batch_size
        want = np.repeat(1.0 / np.array([batch_size, in_short or 1]), [n - in_short, in_short])
        got = np.sort(shares)
        worst = int(np.argmax(np.abs(got - want)))
        expect.holds(
            bool(np.all(np.abs(got - want) < 0.02 * want)),
            f"train(...) for one epoch of {n} samples, batch_size={batch_size}",
            f"a sample moved its weights {got[worst]:.3g} times as far as it would alone; expected "
            f"1/{1 / want[worst]:.0f}, one over the number of samples in its batch.",
        )


@visible(
    "train",
    points=1,
    title="each epoch shuffles anew, by the generator alone",
    hint="Print the batches of two epochs. Where is the permutation drawn, and from which "
    "generator?",
)
def epochs_differ(student: Student, case: Case) -> None:
    """Over eight epochs the short batch of 4 must not hold the same samples of 13 each time."""
    n, batch_size, epochs = 13, 9, 8
    labels = case.rng.permutation(np.arange(n) % 3)
    rng, other = case.generator(), case.generator()
    first = _shares(student, labels, epochs, batch_size, rng)
    label = f"train(...) for {epochs} epochs of {n} samples, batch_size={batch_size}"
    always_full, always_short = epochs / batch_size, epochs / (n % batch_size)
    settled = np.minimum(np.abs(first - always_full), np.abs(first - always_short)) < 0.05
    expect.holds(
        not (settled.all() and np.ptp(first) > 0.05),
        label,
        "the samples are always batched together in the same way; expected a fresh shuffle in each "
        "epoch.",
    )
    second = _shares(student, labels, epochs, batch_size, rng)
    again = _shares(student, labels, epochs, batch_size, Rng(rng.seed))
    different = _shares(student, labels, epochs, batch_size, other)
    expect.holds(
        bool(np.allclose(first, again, rtol=1e-6)),
        label,
        "two generators with the same seed led to different weights; expected the same, because "
        "all randomness comes from rng.",
    )
    for what, shares in (
        ("two runs with one generator", second),
        ("two different seeds", different),
    ):
        expect.holds(
            not np.allclose(first, shares, rtol=1e-6),
            label,
            f"{what} led to exactly the same weights; expected different shuffles.",
        )


@visible(
    "train",
    points=0.5,
    title="three epochs are one epoch and then two, and no epoch is no step",
    hint="How often does the loop over epochs run? Which weights does the next step start from, "
    "and which does the caller still hold?",
)
def epochs_add_up(student: Student, case: Case) -> None:
    """With all samples in one batch nothing is random, so the steps must compose."""
    sizes, rate = (4, 3, 2), 0.2
    weights, biases, X, T = draw_problem(case, sizes, 6)

    def run(start: tuple[Layers, Layers], epochs: int) -> tuple[Layers, Layers]:
        result = student.call("train", *start, X, T, epochs, len(X), rate, case.generator())
        return expect.parameters(f"train(..., epochs={epochs}, ...)", result, sizes)

    none, three = run((weights, biases), 0), run((weights, biases), 3)
    two_more = run(run((weights, biases), 1), 2)
    for k in range(len(weights)):
        expect.tensor(f"weights[{k}] after no epoch", none[0][k], weights[k], case=case)
        expect.tensor(f"biases[{k}] after no epoch", none[1][k], biases[k], case=case)
        expect.tensor(f"weights[{k}] after 1 + 2 epochs", two_more[0][k], three[0][k], case=case)
        expect.tensor(f"biases[{k}] after 1 + 2 epochs", two_more[1][k], three[1][k], case=case)
    costs = []
    for (W0, W1), (b0, b1) in ((weights, biases), three):
        hidden = 0.5 + 0.5 * np.tanh(0.5 * (X @ W0.T + b0))
        output = 0.5 + 0.5 * np.tanh(0.5 * (hidden @ W1.T + b1))
        costs.append(float(np.sum((output - T) ** 2)) / (2 * len(X)))
    before, after = costs
    expect.holds(
        after < before,
        "train(..., epochs=3, ...)",
        f"the mean quadratic cost went from {before:.6g} to {after:.6g}; expected it to fall.",
    )
    expect.unchanged(student)


def draw_problem(
    case: Case, sizes: tuple[int, ...], n_samples: int
) -> tuple[Layers, Layers, Array, Array]:
    """Return ``(weights, biases, X, T)`` of a small problem with dense, distinct samples."""
    rng = case.rng
    weights = [rng.normal(size=(m, n)) for n, m in pairwise(sizes)]
    biases = [rng.normal(size=m) for m in sizes[1:]]
    X = rng.normal(size=(n_samples, sizes[0]))
    T = np.eye(sizes[-1])[rng.permutation(np.arange(n_samples) % sizes[-1])]
    return weights, biases, X, T


def _shares(student: Student, labels: Indices, epochs: int, batch_size: int, rng: Rng) -> Array:
    """Return for each sample the sum over epochs of 1 / (size of its batch).

    Sample n has input 1 on its own line n and 0 elsewhere, so column n of the only weight matrix
    is moved by sample n alone. All weights start at 0, where the slope is the same for every
    sample but for the sign: up for the output of its target, down for the others.
    """
    n, n_classes = len(labels), 3
    T = np.eye(n_classes)[labels]
    start = [np.zeros((n_classes, n))], [np.zeros(n_classes)]
    result = student.call("train", *start, np.eye(n), T, epochs, batch_size, TINY_RATE, rng)
    (W,), _ = expect.parameters("train(...)", result, (n, n_classes))
    alone = TINY_RATE / 8  # (1/2 - t) / 4 is the slope at output 1/2
    pull = W.T / alone
    label = f"train(...) with {n} samples, batch_size={batch_size}, epochs={epochs}"
    expect.holds(
        not np.all(pull * (2 * T - 1) < 0),
        label,
        "every sample moved its output away from its target; expected a step down the slope.",
    )
    for k in range(n):
        expect.holds(
            bool(np.any(np.abs(pull[k]) > 0.01)),
            label,
            f"sample {k} left no trace in the weights: it was in no batch.",
        )
        expect.holds(
            bool(np.all(pull[k] * (2 * T[k] - 1) > 0)),
            label,
            f"sample {k} was not moved towards its own target.",
            hint="Do the rows of X and T stay together when they are shuffled?",
        )
    return np.asarray(np.abs(pull).mean(axis=1))


# --- evaluate -----------------------------------------------------------------------------------


@visible(
    "evaluate",
    points=0.5,
    title="the loss where it can be told in advance",
    hint="Write down the cost of a single sample first. Then: sum or mean over the outputs, sum or "
    "mean over the samples?",
)
def loss_told_in_advance(student: Student, case: Case) -> None:
    """Outputs of 1/2 cost 1/8 each; a confident net pays 1 for each wrong sample."""
    n_out = int(case.rng.choice([3, 5, 6]))
    weights, biases, X, T = draw_problem(case, (4, 3, n_out), 11)
    weights[-1], biases[-1] = np.zeros_like(weights[-1]), np.zeros_like(biases[-1])
    loss, _ = expect.sequence("evaluate(...)", student.call("evaluate", weights, biases, X, T), 2)
    expect.close(
        f"loss where all {n_out} outputs are 1/2",
        expect.scalar("loss", loss),
        n_out / 8,
        show=True,
        counts=Counts({"samples": len(X), "outputs": n_out}),
    )
    net, X, T, n_wrong = _confident(case)
    loss, _ = expect.sequence("evaluate(...)", student.call("evaluate", *net, X, T), 2)
    expect.close(
        f"loss of a confident net that gets {n_wrong} of {len(X)} samples wrong",
        expect.scalar("loss", loss),
        n_wrong / len(X),
        show=True,
        counts=Counts({"samples": len(X), "outputs": T.shape[1]}),
    )
    expect.unchanged(student)


@visible(
    "evaluate",
    points=0.5,
    title="the accuracy where it can be told in advance",
    hint="Which output decides what the net says of a sample? A share of what, between 0 and 1?",
)
def accuracy_told_in_advance(student: Student, case: Case) -> None:
    """A confident net that is wrong on a known number of samples."""
    for _ in range(2):
        net, X, T, n_wrong = _confident(case)
        _, accuracy = expect.sequence("evaluate(...)", student.call("evaluate", *net, X, T), 2)
        expect.close(
            f"accuracy of a net that gets {n_wrong} of {len(X)} samples wrong",
            expect.scalar("accuracy", accuracy),
            1 - n_wrong / len(X),
            show=True,
            counts=Counts(
                {"samples": len(X), "outputs": T.shape[1]},
                {"what makes a percentage of a share": 100.0},
            ),
        )


def _confident(case: Case) -> tuple[tuple[Layers, Layers], Array, Array, int]:
    """Return ``(net, X, T, n_wrong)``: the net repeats its one-hot input, some targets differ."""
    n, n_classes = int(case.rng.integers(17, 40)), 4
    n_wrong = int(case.rng.integers(2, n // 3))
    said = case.rng.integers(n_classes, size=n)
    meant = said.copy()
    where = case.rng.choice(n, n_wrong, replace=False)
    meant[where] = (said[where] + case.rng.integers(1, n_classes, size=n_wrong)) % n_classes
    net = [80.0 * np.eye(n_classes)], [np.full(n_classes, -40.0)]
    return net, np.eye(n_classes)[said], np.eye(n_classes)[meant], n_wrong


# --- labs ---------------------------------------------------------------------------------------


@visible(
    "lab_two_features",
    points=1,
    title="the trained net tells 0 from 1, whichever of the two comes first",
    hint="Which net do you return, the one that you started with or the trained one? Does the cost "
    "of the training samples fall?",
    attempts=3,
    cpu_seconds=120,
)
def reads_zeros_and_ones(student: Student, case: Case) -> None:
    """Train on 180 images, read the other 61: three splits, each with the outputs exchanged, too.

    An untrained net may tell the digits apart by luck, but then not under both names; and no luck
    lasts for three splits. The mean counts.
    """
    images, labels = _shipped_digits()
    images, labels = images[labels < 2], labels[labels < 2]
    features = np.stack([images.mean(axis=(1, 2)), images[:, 3:5, 3:5].mean(axis=(1, 2))], axis=1)
    shares = []
    for _ in range(3):
        order, seed = case.rng.permutation(len(labels)), case.generator().seed
        learn, judge = order[:180], order[180:]
        for meant in (labels, 1 - labels):
            targets = np.eye(2)[meant[learn]]
            result = student.call("lab_two_features", features[learn], targets, Rng(seed))
            (W0, W1), (b0, b1) = expect.parameters("lab_two_features(...)", result, (2, 5, 2))
            hidden = 0.5 + 0.5 * np.tanh(0.5 * (features[judge] @ W0.T + b0))
            shares.append(np.mean((hidden @ W1.T + b1).argmax(axis=1) == meant[judge]))
    expect_accuracy("lab_two_features", float(np.mean(shares)), 0.875)


@visible(
    "lab_digits",
    points=1.5,
    title="the trained net reads the ten digits",
    hint="Which net do you return, the one that you started with or the trained one? Does the cost "
    "of the training samples fall?",
    attempts=3,
    cpu_seconds=120,
)
def reads_digits(student: Student, case: Case) -> None:
    """Train on 900 images, read the other 301."""
    images, labels = _shipped_digits()
    pixels = images.reshape(len(images), 64)
    order = case.rng.permutation(len(labels))
    learn, judge = order[:900], order[900:]
    targets = np.eye(10)[labels[learn]]
    result = student.call("lab_digits", pixels[learn], targets, case.generator())
    (W0, W1), (b0, b1) = expect.parameters("lab_digits(...)", result, (64, 30, 10))
    hidden = 0.5 + 0.5 * np.tanh(0.5 * (pixels[judge] @ W0.T + b0))
    share = np.mean((hidden @ W1.T + b1).argmax(axis=1) == labels[judge])
    expect_accuracy("lab_digits", float(share), 0.8)


def expect_accuracy(name: str, share: float, least: float) -> None:
    """Fail unless the net that `name` returned reads at least the share `least` of new images."""
    expect.holds(
        share >= least,
        f"{name}(...)",
        f"the net reads {share:.1%} of images that it has not seen; expected {least:.1%} or more.",
    )


def _shipped_digits() -> tuple[Array, Indices]:
    with np.load(Path(__file__).with_name(DATA[0])) as data:
        return data["images"] / 16.0, data["labels"].astype(np.int64)
