"""Visible checks of 05-regularization: no answers in here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograder.checks import Case, Counts, Exercise, Student, expect, visible
from autograder.student import StudentObject
from autograder.values import Rng

DATA = ("digits_train.npz",)

DROPOUT_MASK = Exercise("dropout_mask", points=5)
DROPOUT_FORWARD = Exercise("dropout_forward", points=4, uses=("dropout_mask",))
DROPOUT_BACKWARD = Exercise("dropout_backward", points=2, formula=True)
EARLY_STOPPING = Exercise("EarlyStopping", points=8)
# A class cannot be answered from outside, so EarlyStopping is not among the uses.
LAB_REGULARIZED = Exercise(
    "lab_regularized",
    points=4,
    uses=("dropout_mask", "dropout_forward", "dropout_backward", "EarlyStopping"),
)

LAB_ACCURACY = 0.74
"""What the visible lab asks for; the grader asks for a little more. Nets without a remedy get about
0.62 with softmax and cross entropy and 0.70 with the quadratic cost."""

SIGMAS = 7
"""Half width of a statistical band: a right answer falls out of it once in 1e11 draws."""


def _kept(label: str, value: object, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return where a mask is not zero, or fail if it has more than one value there."""
    mask = expect.array(label, value, shape, because="the shape that was asked for")
    expect.finite(label, mask)
    kept: NDArray[np.bool_] = mask != 0
    expect.holds(
        bool(kept.any() and not kept.all()),
        label,
        f"{int(kept.sum())} of {kept.size} entries are not zero; expected a random part of them.",
    )
    levels = mask[kept]
    expect.holds(
        bool(np.ptp(levels) < 1e-4 * abs(levels).max() and levels[0] > 0),
        label,
        f"the entries that are not zero run from {levels.min():.4g} to {levels.max():.4g}; "
        "expected one positive value for all of them.",
    )
    return kept


def _share(label: str, kept: NDArray[np.bool_], rate: float) -> None:
    """Fail unless the share of zeros is `rate` within the band of independent draws."""
    width = SIGMAS * np.sqrt(rate * (1 - rate) / kept.size)
    expect.within(label, 1 - kept.mean(), rate - width, rate + width, what="share of zeros")


@visible(
    "dropout_mask",
    points=1,
    title="what survives is scaled up, so that the mean is kept",
    hint="A unit is there with probability 1 - rate. By what must it be multiplied then, so that "
    "its expectation stays?",
)
def mask_survivors(student: Student, case: Case) -> None:
    """Each entry that is not zero makes up for those that are."""
    for rate in (0.2, float(case.rng.uniform(0.25, 0.45)), 0.7):
        label = f"dropout_mask((40, 50), {rate:.3g}, rng)"
        got = student.call("dropout_mask", (40, 50), rate, case.generator())
        kept = _kept(label, got, (40, 50))
        mean = float(expect.array(label, got)[kept].mean()) * (1 - rate)
        expect.holds(
            abs(mean - 1) < 1e-4,
            label,
            f"(1 - rate) times the value of a survivor is {mean:.4g}; expected 1, because a "
            "survivor stands in for the units that are dropped.",
        )


@visible(
    "dropout_mask",
    points=1,
    title="a share `rate` is dropped",
    hint="Is `rate` the probability to drop a unit or to keep it? rate = 0.5 cannot tell.",
)
def mask_share(student: Student, case: Case) -> None:
    """The share of zeros is the rate, within seven standard deviations."""
    for rate in (0.2, float(case.rng.uniform(0.25, 0.4)), 0.75):
        label = f"dropout_mask((64, 100), {rate:.3g}, rng)"
        got = student.call("dropout_mask", (64, 100), rate, case.generator())
        _share(label, _kept(label, got, (64, 100)), rate)


@visible(
    "dropout_mask",
    points=0.5,
    title="each call draws a new mask, from the generator that was passed in",
    hint="Where do your random numbers come from? rng is already seeded: just draw from it.",
)
def mask_generator(student: Student, case: Case) -> None:
    """One advancing generator gives new masks, equal generators equal ones."""
    shape, rate = (30, 20), 0.3
    rng, seed = case.generator(), int(case.rng.integers(2**62))
    first, second = (
        _kept("mask", student.call("dropout_mask", shape, rate, rng), shape) for _ in range(2)
    )
    for kept in (first, second):
        _share("mask", kept, rate)
    expect.holds(
        bool((first != second).any()),
        "dropout_mask",
        "two calls with the same generator dropped the same units; expected a new draw.",
    )
    one, two = (
        _kept("mask", student.call("dropout_mask", shape, rate, Rng(seed)), shape) for _ in range(2)
    )
    expect.holds(
        bool((one == two).all()),
        "dropout_mask",
        "two generators of equal seed gave different masks; expected all randomness to come from "
        "the rng that is passed in.",
    )


def _forward(
    student: Student, x: NDArray[np.float64], rate: float, rng: object, *, training: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return ``(out, mask)`` of the student's dropout_forward."""
    got = student.call("dropout_forward", x, rate, rng, training)
    pair = expect.sequence("dropout_forward(x, rate, rng, training)", got, 2)
    out, mask = expect.arrays("(out, mask)", pair, [x.shape, x.shape])
    return out, mask


@visible(
    "dropout_forward",
    points=1,
    title="in training, out is x times the mask that is returned",
    hint="Compare out / x with the mask, unit by unit. Is it the mask that was used?",
)
def forward_training(student: Student, case: Case) -> None:
    """The mask belongs to the output, and is an inverted-dropout mask."""
    for rate in (0.2, 0.65):
        x = case.rng.uniform(0.5, 2.0, (16, 25)) * case.rng.choice([-1.0, 1.0], (16, 25))
        out, mask = _forward(student, x, rate, case.generator(), training=True)
        kept = _kept("mask", mask, x.shape)
        _share("mask", kept, rate)
        expect.holds(
            abs(float(mask[kept].mean()) * (1 - rate) - 1) < 1e-4,
            "mask",
            f"its survivors are {mask[kept].mean():.4g} at rate {rate}; expected the inverted "
            "scaling to be part of the mask.",
        )
        counts = Counts(quantities={"1 - rate": 1 - rate, "the rate": rate})
        expect.close("out / x", out / x, mask, case=case, show=True, counts=counts)
    expect.unchanged(student)


@visible(
    "dropout_forward",
    points=0.5,
    title="dropout in training only: afterwards x as it is and a mask of ones",
    hint="What should a prediction for one and the same input do when it is repeated?",
)
def forward_use(student: Student, case: Case) -> None:
    """Identity when not training; something else when training."""
    x = case.rng.normal(size=(20, 30))
    out, mask = _forward(student, x, 0.25, case.generator(), training=False)
    counts = Counts(quantities={"1 - rate": 0.75, "the rate": 0.25})
    expect.close("out", out, x, case=case, show=True, counts=counts)
    expect.close("mask", mask, np.ones_like(x), case=case, show=True)
    out, _ = _forward(student, x, 0.25, case.generator(), training=True)
    _share("out while training", out != 0, 0.25)


@visible(
    "dropout_forward",
    points=0.5,
    title="the mean over many masks is x",
    hint="Average out over masks on paper: with which probability is a unit there, and how large "
    "is it then?",
)
def forward_mean(student: Student, case: Case) -> None:
    """The expectation of the output is the input, within seven standard deviations."""
    rate, repeats = 0.3, 4000
    row = case.rng.uniform(1.0, 2.0, 6) * np.array([1, -1, 1, -1, 1, -1])
    out, _ = _forward(student, np.tile(row, (repeats, 1)), rate, case.generator(), training=True)
    _share("out", out != 0, rate)
    width = SIGMAS * np.sqrt(rate / (1 - rate) / repeats)
    for ratio in out.mean(axis=0) / row:
        expect.within("mean of out, divided by x,", float(ratio), 1 - width, 1 + width)


@visible(
    "dropout_backward",
    points=1,
    title="dropout_backward is the slope of the loss with respect to x",
    hint="out depends on x through the mask only, and the mask is fixed. What is d out / d x?",
)
def backward_slope(student: Student, case: Case) -> None:
    """Central differences of a loss whose gradient with respect to out is d_out."""
    for rate in (0.2, 0.6):
        x, d_out = case.rng.normal(size=(2, 5, 4))
        mask = case.rng.permutation(np.arange(20) >= 20 * rate).reshape(5, 4) / (1 - rate)

        def loss(
            at: NDArray[np.float64],
            d_out: NDArray[np.float64] = d_out,
            mask: NDArray[np.float64] = mask,
        ) -> float:
            return float(np.vdot(d_out, at * mask))

        expect.slope(
            "d_x",
            student.call("dropout_backward", d_out, mask),
            loss,
            x,
            counts=Counts({"samples": 5, "units": 4}, {"1 - rate": 1 - rate, "the rate": rate}),
            known={"d_out": d_out, "mask": mask},
        )
    expect.unchanged(student)


def _run(
    student: Student, values: Sequence[float], **options: Any
) -> tuple[int | None, StudentObject]:
    """Play a run; return the epoch in which it was stopped, if it was, and the object."""
    stopper = student.create("EarlyStopping", **options)
    for epoch, value in enumerate(values):
        if expect.boolean(f"step(...) in epoch {epoch}", stopper.call("step", float(value))):
            return epoch, stopper
    return None, stopper


def _play(
    student: Student,
    case: Case,
    levels: Sequence[float],
    want: tuple[int | None, int],
    **options: Any,
) -> None:
    """Play `levels`, scaled and shifted without rounding; `want` is (stop epoch, best epoch)."""
    scale, shift = 2.0 ** int(case.rng.integers(-3, 4)), int(case.rng.integers(-40, 80)) / 16
    if "min_delta" in options:
        options["min_delta"] *= scale
    values = [level * scale + shift for level in levels]
    given = ", ".join(f"{key}={value!r}" for key, value in options.items())
    label = f"EarlyStopping({given}) on {', '.join(f'{value:g}' for value in values)}"
    stopped, stopper = _run(student, values, **options)
    expect.holds(
        stopped == want[0],
        label,
        f"{_when(stopped)}; expected that it {_when(want[0])}. (Epochs count from 0.)",
    )
    best_epoch = expect.scalar(f"{label}: .best_epoch", stopper.get("best_epoch"))
    expect.holds(
        best_epoch == want[1], label, f".best_epoch ends as {best_epoch:g}; expected {want[1]}."
    )
    best = expect.scalar(f"{label}: .best", stopper.get("best"))
    expect.close(f"{label}: .best", best, values[want[1]], case=case, show=True)


def _when(epoch: int | None) -> str:
    return "never stops" if epoch is None else f"stops in epoch {epoch}"


@visible(
    "EarlyStopping",
    points=0.5,
    title="the best value so far and its epoch",
    hint="Better than which: the last value, or the best of all before?",
)
def stopping_best(student: Student, case: Case) -> None:
    """The best is tracked from the first epoch on, without a look at the stopping."""
    values = [float(value) for value in case.rng.permutation(12) + case.rng.normal()]
    values = [max(values) + 1, *values]
    stopper = student.create("EarlyStopping", patience=50)
    for epoch, value in enumerate(values):
        stopper.call("step", value)
        lowest = int(np.argmin(values[: epoch + 1]))
        seen = f"after {', '.join(f'{value:.4g}' for value in values[: epoch + 1])}: "
        best = expect.scalar(f"{seen}.best", stopper.get("best"))
        expect.close(f"{seen}.best", best, values[lowest], case=case, show=True)
        best_epoch = expect.scalar(f"{seen}.best_epoch", stopper.get("best_epoch"))
        expect.holds(
            best_epoch == lowest,
            f"{seen}.best_epoch",
            f"is {best_epoch:g}, expected {lowest}. (Epochs count from 0.)",
        )


@visible(
    "EarlyStopping",
    points=0.5,
    title="patience: epochs without an improvement, counted from the last one",
    hint="Write down for each epoch of the trace: the best so far, and the epochs since then.",
)
def stopping_patience(student: Student, case: Case) -> None:
    """A plain rise, a recovery, and a run whose epochs end first."""
    _play(student, case, [8, 6, 5, 7, 5.5, 6, 4], (5, 2), patience=3)
    _play(student, case, [8, 6, 7, 7, 5, 6, 6, 6, 3, 2], (7, 4), patience=3)
    _play(student, case, [8, 7, 5, 6, 4], (None, 4), patience=2)


@visible(
    "EarlyStopping",
    points=0.5,
    title='mode="max": larger is better',
    hint="An accuracy is to rise. What is an improvement then?",
)
def stopping_mode(student: Student, case: Case) -> None:
    """The direction can be chosen."""
    _play(student, case, [2, 5, 4, 4.5, 7, 8], (3, 1), patience=2, mode="max")


@visible(
    "EarlyStopping",
    points=0.5,
    title="min_delta: only more than that is an improvement",
    hint="Compare with the best value so far: by how much is the new one better?",
)
def stopping_min_delta(student: Student, case: Case) -> None:
    """Small steps, and one of exactly min_delta, do not count."""
    _play(student, case, [8, 7, 6.75, 6.5, 4, 3], (3, 1), patience=2, min_delta=0.5)


@visible(
    "EarlyStopping",
    points=1,
    title="best_weights is a copy of the best epoch's weights, kept on demand",
    hint="The training goes on and changes its arrays in place. What does your attribute hold "
    "afterwards?",
)
def stopping_weights(student: Student, case: Case) -> None:
    """The weights of the best epoch survive a loop that overwrites its arrays."""
    for restore in (True, False):
        stopper = student.create("EarlyStopping", patience=2, restore_best_weights=restore)
        epochs = [case.rng.normal(size=(2, 2, 3)) for _ in range(4)]
        for value, (W, V) in zip((4.0, 2.0, 3.0, 3.5), epochs, strict=True):
            stopper.call("step", value, [W, V])
        kept = stopper.get("best_weights")
        if restore:
            expect.holds(kept is not None, "best_weights", "is None; expected a copy of weights.")
            for k, array in enumerate(expect.arrays("best_weights", kept, [(2, 3)] * 2)):
                expect.close(f"best_weights[{k}]", array, epochs[1][k], case=case, show=True)
        else:
            expect.holds(
                kept is None, "best_weights", "expected None without restore_best_weights."
            )
    values = [4.0, 2.0, 3.0, 3.5]
    kept = student.call("best_weights_of_run", values, patience=2)
    for k, array in enumerate(expect.arrays("best_weights", kept, [(2, 3), (2,)])):
        expect.close(
            f"best_weights[{k}] of best_weights_of_run({values}, patience=2)",
            array,
            np.full(array.shape, 1.0),
            case=case,
            show=True,
        )


@visible(
    "lab_regularized",
    points=1.5,
    title=f"at least {LAB_ACCURACY:.0%} of digits that it has not seen, in one of three runs",
    hint="Plot the validation loss over the epochs of your training. Where do you stop, and which "
    "weights do you return?",
    attempts=3,
    cpu_seconds=120,
)
def lab_shipped(student: Student, case: Case) -> None:
    """Trains on 400 of the shipped digits and 200 for validation; counts the other 601."""
    with np.load(Path(__file__).parent / DATA[0]) as file:
        images, labels = file["images"], file["labels"].astype(int)
    order = case.rng.permutation(len(labels))
    X, truth = images[order].reshape(len(order), -1) / 16.0, labels[order]
    labels = truth.copy()
    for start, count in ((0, 400), (400, 200)):
        rows = start + case.rng.permutation(count)[: round(0.4 * count)]
        labels[rows] = (truth[rows] + case.rng.integers(1, 10, len(rows))) % 10
    T = np.eye(10)[labels]
    net = student.call(
        "lab_regularized", X[:400], T[:400], X[400:600], T[400:600], case.generator()
    )
    first, second = expect.sequence("(weights, biases)", net, 2)
    expect.sequence("biases", second, len(expect.sequence("weights", first)))
    widths = [expect.array(f"biases[{k}]", b).size for k, b in enumerate(second)]
    sizes = [64, *widths[:-1], 10]
    weights, biases = expect.parameters("(weights, biases)", net, sizes)
    a = X[600:]
    for W, b in zip(weights[:-1], biases[:-1], strict=True):
        a = 0.5 + 0.5 * np.tanh(0.5 * (a @ W.T + b))
    answers = (a @ weights[-1].T + biases[-1]).argmax(axis=1)
    share = float(np.mean(answers == truth[600:]))
    expect.holds(
        share >= LAB_ACCURACY,
        "lab_regularized",
        f"the net recognizes {share:.1%} of the digits that it has not seen; expected at least "
        f"{LAB_ACCURACY:.0%}.",
    )
    expect.unchanged(student)
