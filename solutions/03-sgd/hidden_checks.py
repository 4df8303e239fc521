"""Hidden checks of 03-sgd: secret inputs, the reference's answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from autograder.checks import Case, Counts, Rng, Strided, Student, expect, hidden
from autograder.course import load_module
from reference import labs
from reference import numpy_api as ref

public = load_module(Path(__file__).with_name("checks.py"))

Array = NDArray[np.float64]
Layers = list[Array]
Net = tuple[Layers, Layers]

MIN_GRADIENT = 3e-3
DRAWS = 400
BAND = (6, 96)
"""Counts of a binomial of 400 draws at 1/8 (mean 50) leave it once in 1e9."""


# --- sgd_update ---------------------------------------------------------------------------------


@hidden(
    "sgd_update",
    points=1,
    title="new arrays p - lr * g for arrays of any shape and layout",
    hint="Try a learning rate that is not 1 and arrays of different shapes. Does each meet its own "
    "gradient?",
)
def update_values(student: Student, case: Case) -> None:
    """Several rates, shapes and memory layouts; integers among the rates."""
    shapes = [(5, 3), (5,), (4, 5), (4,), (2, 3, 2)]
    for rate in (float(case.rng.uniform(0.01, 0.1)), float(case.rng.uniform(1.5, 4.0)), 2):
        params = [case.rng.standard_normal(shape) for shape in shapes]
        grads = [3.0 * case.rng.standard_normal(shape) for shape in shapes]
        sent = [Strided(params[0], "F"), Strided(params[1], "view"), *params[2:]]
        got = expect.arrays(
            "sgd_update(params, grads, lr)",
            student.call("sgd_update", sent, grads, rate),
            shapes,
        )
        for k, want in enumerate(ref.sgd_update(params, grads, rate)):
            expect.tensor(
                f"sgd_update(params, grads, lr)[{k}]",
                got[k],
                want,
                case=case,
                counts=Counts({"rows": len(want)}, {"the learning rate": float(rate)}),
                known={
                    f"params[{k}]": params[k],
                    f"grads[{k}]": grads[k],
                    f"params[{k}] - grads[{k}]": params[k] - grads[k],
                    f"params[{k}] + lr * grads[{k}]": params[k] + rate * grads[k],
                    f"lr * grads[{k}]": rate * grads[k],
                },
                seen_as=(f"(params[{k}] - new[{k}]) / lr", (params[k] - got[k]) / rate, grads[k]),
            )


# --- minibatches --------------------------------------------------------------------------------


@hidden(
    "minibatches",
    points=1,
    title="every sample is equally often at every place",
    hint="Follow sample 0 over many calls: in which batches does it turn up, and how often?",
)
def places_are_uniform(student: Student, case: Case) -> None:
    """Count places of 8 samples over 400 calls of one generator: each cell has mean 50."""
    orders = _orders(student, case.generator())
    counts = np.array([np.bincount(orders[:, place], minlength=8) for place in range(8)])
    place, sample = np.unravel_index(np.argmax(np.abs(counts - DRAWS / 8)), counts.shape)
    expect.holds(
        bool(np.all((counts >= BAND[0]) & (counts <= BAND[1]))),
        "minibatches(8, 3, rng)",
        f"sample {sample} stood at place {place} in {counts[place, sample]} of {DRAWS} calls; "
        f"expected about {DRAWS // 8}.",
    )


@hidden(
    "minibatches",
    points=1,
    title="neighbours are separated",
    hint="Can samples 3 and 4 end up in different batches? Are single samples shuffled, or whole "
    "blocks?",
)
def neighbours_are_separated(student: Student, case: Case) -> None:
    """Count which sample follows which: every ordered pair has mean 50."""
    orders = _orders(student, case.generator())
    counts = np.zeros((8, 8), dtype=int)
    np.add.at(counts, (orders[:, :-1].ravel(), orders[:, 1:].ravel()), 1)
    pairs = ~np.eye(8, dtype=bool)
    first, second = np.unravel_index(
        np.argmax(np.where(pairs, np.abs(counts - DRAWS / 8), -1)), counts.shape
    )
    expect.holds(
        bool(np.all((counts[pairs] >= BAND[0]) & (counts[pairs] <= BAND[1]))),
        "minibatches(8, 3, rng)",
        f"sample {second} came right after sample {first} in {counts[first, second]} of {DRAWS} "
        f"calls; expected about {DRAWS // 8}.",
    )


def _orders(student: Student, rng: Rng) -> NDArray[np.int64]:
    return np.array([np.concatenate(public.partition(student, 8, 3, rng)) for _ in range(DRAWS)])


# --- train --------------------------------------------------------------------------------------


@hidden(
    "train",
    points=1.5,
    title="minibatches of equal samples: every step is known",
    hint="With all samples equal, every batch has the same gradient. How many steps does an epoch "
    "take, and how long is each, the last one included?",
)
def steps_of_equal_samples(student: Student, case: Case) -> None:
    """Whatever the shuffle, the result is that of epochs * ceil(N / batch_size) equal steps."""
    for sizes in ((4, 4, 4, 4), (5, 3, 6, 4)):
        net, X, T = _problem(case, sizes, 7)
        X, T = np.tile(X[:1], (7, 1)), np.tile(T[:1], (7, 1))
        _compare(student, case, net, X, T, epochs=3, batch_size=3, rate=1.3)


@hidden(
    "train",
    points=1,
    title="all samples in one batch: plain gradient descent, for several epochs",
    hint="Is the gradient taken anew in each step, for every layer, before any parameter moves?",
)
def full_batch_descent(student: Student, case: Case) -> None:
    """Nothing is random here; the batch size may exceed the number of samples."""
    for sizes, batch_size in (((4, 4, 4, 4), 7), ((5, 3, 6, 4), 10)):
        net, X, T = _problem(case, sizes, 7)
        _compare(student, case, net, X, T, epochs=5, batch_size=batch_size, rate=1.7)


@hidden(
    "train",
    points=1,
    title="minibatches of different samples: the whole epoch adds up",
    hint="Add up the gradients of all batches of an epoch: which sample is missing, which counts "
    "twice, which has another one's target?",
)
def epoch_adds_up(student: Student, case: Case) -> None:
    """For a small rate the order hardly matters (0.5 % of the change): compare with several."""
    for sizes in ((4, 4, 4, 4), (5, 3, 6, 4)):
        net, X, T = _problem(case, sizes, 24)
        epochs, batch_size, rate = 2, 4, 0.005
        result = student.call("train", *net, X, T, epochs, batch_size, rate, case.generator())
        got = _moves(expect.parameters("train(...)", result, sizes), net)
        orders = [
            _moves(ref.train(*net, X, T, epochs, batch_size, rate, case.rng), net) for _ in range(8)
        ]
        for name, move in got.items():
            want = np.mean([order[name] for order in orders], axis=0)
            error = float(np.linalg.norm(move - want) / np.linalg.norm(want))
            expect.within(f"the change of {name}", error, 0.0, 0.05, what="its relative error")


def _problem(case: Case, sizes: tuple[int, ...], n_samples: int) -> tuple[Net, Array, Array]:
    """Return ``(net, X, T)`` whose gradients are not small, for all samples and for the first."""
    for _ in range(1000):
        weights, biases, X, T = public.draw_problem(case, sizes, n_samples)
        both = ref.gradients(weights, biases, X, T), ref.gradients(weights, biases, X[:1], T[:1])
        norms = [np.linalg.norm(g) for dWs, dbs in both for g in (*dWs, *dbs)]
        if min(norms) >= MIN_GRADIENT:
            return (weights, biases), X, T
    raise RuntimeError("no well-conditioned problem in 1000 draws")


def _compare(
    student: Student,
    case: Case,
    net: Net,
    X: Array,
    T: Array,
    *,
    epochs: int,
    batch_size: int,
    rate: float,
) -> None:
    """Compare how far each parameter moved with the reference."""
    sizes = (X.shape[1], *(len(b) for b in net[1]))
    result = student.call("train", *net, X, T, epochs, batch_size, rate, case.generator())
    got = _moves(expect.parameters("train(...)", result, sizes), net)
    want = _moves(ref.train(*net, X, T, epochs, batch_size, rate, case.rng), net)
    samples, steps = len(X), -(-len(X) // batch_size)
    counts = Counts(
        {"samples": samples, "samples in a batch": batch_size, "steps": steps, "epochs": epochs},
        {"the learning rate": rate},
    )
    for name, move in want.items():
        expect.tensor(f"the change of {name}", got[name], move, case=case, counts=counts)


def _moves(after: Net, before: Net) -> dict[str, Array]:
    return {
        f"{name}[{k}]": new - old
        for name, news, olds in zip(("weights", "biases"), after, before, strict=True)
        for k, (new, old) in enumerate(zip(news, olds, strict=True))
    }


# --- evaluate -----------------------------------------------------------------------------------


@hidden(
    "evaluate",
    points=1,
    title="the mean quadratic cost of a random net",
    hint="Is the cost of one sample half the squared distance, summed over the outputs, and is the "
    "mean taken over the samples?",
)
def loss_of_random_nets(student: Student, case: Case) -> None:
    """Targets one-hot and not."""
    for sizes in ((4, 4, 4, 4), (5, 3, 6, 2)):
        weights, biases, X, T = public.draw_problem(case, sizes, 23)
        for targets in (T, case.rng.uniform(size=T.shape)):
            loss, _ = expect.sequence(
                "evaluate(...)", student.call("evaluate", weights, biases, X, targets), 2
            )
            want, _ = ref.evaluate(weights, biases, X, targets)
            expect.close("loss", expect.scalar("loss", loss), want, case=case)


@hidden(
    "evaluate",
    points=1,
    title="the share of samples that a random net gets right",
    hint="Compare the place of the largest output with the place of the largest target, sample by "
    "sample. Along which axis?",
)
def accuracy_of_random_nets(student: Student, case: Case) -> None:
    """The targets are the net's own answers, but for a secret number of samples.

    In the first net no output reaches one half; in none are the two largest nearly equal.
    """
    for sizes, shift in (((4, 4, 4, 4), -8.0), ((5, 3, 6, 3), 0.0), ((2, 5, 2), 0.0)):
        weights, biases, X, _ = public.draw_problem(case, sizes, 80)
        biases[-1] += shift
        z = ref.feedforward(weights, biases, X)[0][-1]
        ranked = np.sort(z, axis=1)
        clear = np.flatnonzero(ranked[:, -1] - ranked[:, -2] > 0.01)[:31]
        X, said = X[clear], z[clear].argmax(axis=1)
        wrong = case.rng.choice(len(X), int(case.rng.integers(5, 14)), replace=False)
        said[wrong] = (said[wrong] + 1) % sizes[-1]
        _, accuracy = expect.sequence(
            "evaluate(...)",
            student.call("evaluate", weights, biases, X, np.eye(sizes[-1])[said]),
            2,
        )
        want = 1 - len(wrong) / len(X)
        expect.close("accuracy", expect.scalar("accuracy", accuracy), want, case=case)


# --- labs ---------------------------------------------------------------------------------------


@hidden(
    "lab_two_features",
    points=2,
    title="the net tells 0 from 1 on images that it has never seen",
    hint="Compare the accuracy on the training samples with that on your validation samples, epoch "
    "by epoch. Which of the recipe's numbers do you use?",
    attempts=3,
    cpu_seconds=120,
)
def two_features_of_new_images(student: Student, case: Case) -> None:
    """Secret splits, each with the outputs exchanged, too: luck alone does not pass."""
    shares = []
    for _ in range(labs.LABS["lab_two_features"].runs):
        data, seed = labs.two_features_case(case.rng), case.generator().seed
        for outputs in ([0, 1], [1, 0]):
            targets = data.T_train[:, outputs]
            result = student.call("lab_two_features", data.X_train, targets, Rng(seed))
            net = expect.parameters("lab_two_features(...)", result, (2, 5, 2))
            shares.append(labs.accuracy(*net, data.X_test, data.T_test[:, outputs]))
    least = labs.threshold("lab_two_features")
    public.expect_accuracy("lab_two_features", float(np.mean(shares)), least)


@hidden(
    "lab_digits",
    points=2.5,
    title="the net reads digits that it has never seen",
    hint="Compare the accuracy on the training samples with that on your validation samples, epoch "
    "by epoch. Which of the recipe's numbers do you use?",
    attempts=3,
    cpu_seconds=120,
)
def digits_of_new_images(student: Student, case: Case) -> None:
    """Secret splits, columns and labels permuted; one net in six misses a digit by bad luck."""
    shares = []
    for _ in range(labs.LABS["lab_digits"].runs):
        data = labs.digits_case(case.rng)
        result = student.call("lab_digits", data.X_train, data.T_train, case.generator())
        net = expect.parameters("lab_digits(...)", result, (64, 30, 10))
        shares.append(labs.accuracy(*net, data.X_test, data.T_test))
    least = labs.threshold("lab_digits")
    public.expect_accuracy("lab_digits", float(np.mean(shares)), least)


REFERENCE = {
    "sgd_update": ref.sgd_update,
    "minibatches": ref.minibatches,
    "train": ref.train,
    "evaluate": ref.evaluate,
}
