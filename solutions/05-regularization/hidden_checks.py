"""Hidden checks of 05-regularization: secret inputs, the reference, early-stopping traces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograder.checks import Case, Counts, Student, expect, hidden
from autograder.errors import CheckFailed
from autograder.values import Rng, Strided, describe
from reference import labs
from reference import numpy_api as ref

SIGMAS = 7
"""Half width of a statistical band: a right answer falls out of it once in 1e11 draws."""

DISPERSION = (0.2, 4.0)
"""Band of a count's variance over the binomial one: a mask that is shared along an axis of length
n has n, one that keeps exactly k has 0."""

Flags = NDArray[np.bool_]


# Dropout ------------------------------------------------------------------------------------------


def inverted(label: str, value: object, shape: tuple[int, ...], rate: float) -> Flags:
    """Return where an inverted-dropout mask keeps, or fail if it is none of this rate."""
    mask = expect.array(label, value, shape, because="the shape that was asked for")
    expect.finite(label, mask)
    kept: Flags = mask != 0
    expect.close(
        f"{label} where it is not zero",
        mask[kept],
        np.full(kept.sum(), 1 / (1 - rate)),
        counts=_rates(rate),
    )
    share(label, kept, rate)
    return kept


def _rates(rate: float, samples: int = 1) -> Counts:
    """Return what a wrong factor of a mask may be."""
    shares = {"1 - rate": 1.0 - rate, "the rate": rate}
    present = {name: value for name, value in shares.items() if value > 0.0}
    return Counts({"samples": samples}, present)


def share(label: str, kept: Flags, rate: float) -> None:
    """Fail unless the share of zeros is `rate` within the band of independent draws."""
    width = SIGMAS * np.sqrt(rate * (1 - rate) / kept.size)
    expect.within(label, 1 - kept.mean(), rate - width, rate + width, what="share of zeros")


def independent(label: str, kept: Flags, rate: float) -> None:
    """Fail unless the counts along each axis scatter like those of independent draws."""
    for axis, length in enumerate(kept.shape):
        counts = kept.sum(axis=axis)
        scatter = np.mean((counts - length * (1 - rate)) ** 2) / (length * rate * (1 - rate))
        scattered(f"{label} along axis {axis}", float(scatter))


def scattered(label: str, scatter: float) -> None:
    """Fail unless `scatter`, 1 for independent draws, is in the band."""
    if scatter > DISPERSION[1]:
        problem = "whole rows, columns or blocks are dropped together"
    elif scatter < DISPERSION[0]:
        problem = "the number of dropped units is all but fixed"
    else:
        return
    raise CheckFailed(
        label,
        f"{problem} (scatter of the counts {scatter:.2g}, for independent draws about 1); "
        "expected each unit to be dropped on its own.",
    )


@hidden(
    "dropout_mask",
    points=1,
    title="each unit is dropped on its own",
    hint="Is there one random number per entry, compared with the rate?",
)
def mask_independence(student: Student, case: Case) -> None:
    """Dispersion along the axes, and of the total over many small masks."""
    for rate in (0.2, 0.4):
        got = student.call("dropout_mask", (64, 100), rate, case.generator())
        independent("mask", inverted("mask", got, (64, 100), rate), rate)
    rate, rng = 0.3, case.generator()
    totals = np.array(
        [
            np.count_nonzero(
                expect.array("mask", student.call("dropout_mask", (8, 6), rate, rng), (8, 6))
            )
            for _ in range(80)
        ]
    )
    scatter = np.mean((totals - 48 * (1 - rate)) ** 2) / (48 * rate * (1 - rate))
    scattered("number of kept units in 80 masks of shape (8, 6)", float(scatter))


@hidden(
    "dropout_mask",
    points=1,
    title="rates from 0 to 0.95",
    hint="Put rate = 0 and rate = 0.9 into the scaling factor.",
)
def mask_rates(student: Student, case: Case) -> None:
    """Small and large rates; with rate 0 nothing is dropped."""
    for rate in (0.02, 0.1, float(case.rng.uniform(0.15, 0.85)), 0.9, 0.95):
        label = f"dropout_mask((120, 100), {rate:.3g}, rng)"
        got = student.call("dropout_mask", (120, 100), rate, case.generator())
        inverted(label, got, (120, 100), rate)
    got = student.call("dropout_mask", (7, 9), 0.0, case.generator())
    expect.close("dropout_mask((7, 9), 0.0, rng)", got, np.ones((7, 9)), show=True)


@hidden(
    "dropout_mask",
    points=0.5,
    title="masks of any number of axes",
    hint="Does every axis of `shape` take part in the draw?",
)
def mask_shapes(student: Student, case: Case) -> None:
    """One, three and four axes, independent along each."""
    rng = case.generator()
    for shape in ((4000,), (12, 15, 20), (8, 9, 10, 11)):
        label = f"dropout_mask({shape}, 0.35, rng)"
        kept = inverted(label, student.call("dropout_mask", shape, 0.35, rng), shape, 0.35)
        if len(shape) > 1:
            independent(label, kept, 0.35)


def forward(
    student: Student, x: object, shape: tuple[int, ...], rate: float, rng: Rng, *, training: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return ``(out, mask)`` of the student's dropout_forward."""
    got = student.call("dropout_forward", x, rate, rng, training)
    pair = expect.sequence("dropout_forward(x, rate, rng, training)", got, 2)
    out, mask = expect.arrays("(out, mask)", pair, [shape, shape])
    return out, mask


@hidden(
    "dropout_forward",
    points=1,
    title="a fresh mask for each call, each sample and each unit",
    hint="Look at two rows of out: are the same units missing? At two calls?",
)
def forward_independence(student: Student, case: Case) -> None:
    """Share, scaling and dispersion of the mask; calls differ, equal seeds agree."""
    rate, shape = 0.2, (64, 100)
    x = case.rng.uniform(0.5, 2.0, shape)
    rng, seed = case.generator(), int(case.rng.integers(2**62))
    masks = []
    for generator in (rng, rng, Rng(seed), Rng(seed)):
        out, mask = forward(student, x, shape, rate, generator, training=True)
        expect.close("out / x", out / x, mask, case=case, counts=_rates(rate))
        masks.append(inverted("mask", mask, shape, rate))
        independent("mask", masks[-1], rate)
    expect.holds(
        bool((masks[0] != masks[1]).any()),
        "mask",
        "two calls with one generator dropped the same units; expected a new draw.",
    )
    expect.holds(
        bool((masks[2] == masks[3]).all()),
        "mask",
        "two generators of equal seed gave different masks; expected all randomness from rng.",
    )


@hidden(
    "dropout_forward",
    points=0.5,
    title="any shape and memory layout; x stays as it was",
    hint="Does every line build a new array, or does one write into x?",
)
def forward_shapes(student: Student, case: Case) -> None:
    """One to four axes, Fortran order and views, several rates."""
    for rate, shape, order in (
        (0.3, (800,), "view"),
        (0.15, (20, 50), "F"),
        (0.8, (40, 30), "view"),
        (0.45, (6, 7, 8, 9), ""),
    ):
        x = case.rng.uniform(0.5, 2.0, shape) * case.rng.choice([-1.0, 1.0], shape)
        sent = Strided(x, order) if order else x
        out, mask = forward(student, sent, shape, rate, case.generator(), training=True)
        inverted("mask", mask, shape, rate)
        expect.close("out / x", out / x, mask, case=case, counts=_rates(rate))
    expect.unchanged(student)


@hidden(
    "dropout_forward",
    points=0.5,
    title="identity in use and at rate 0",
    hint="In which two cases is there nothing to drop? What is the mask then?",
)
def forward_identity(student: Student, case: Case) -> None:
    """No dropping and no scaling; and dropping in between, so that a plain identity fails."""
    rng = case.generator()
    for shape in ((9, 11), (30,), (2, 3, 4, 5)):
        x = case.rng.normal(size=shape)
        for rate, training in ((0.9, False), (0.0, True), (0.4, False), (0.0, False)):
            out, mask = forward(student, x, shape, rate, rng, training=training)
            label = f"rate={rate}, training={training}"
            expect.close(f"out at {label}", out, x, case=case, counts=_rates(rate))
            expect.close(f"mask at {label}", mask, np.ones(shape), case=case)
        wide = case.rng.uniform(0.5, 2.0, (40, 50))
        _, mask = forward(student, wide, (40, 50), 0.4, rng, training=True)
        inverted("mask at rate=0.4, training=True", mask, (40, 50), 0.4)
    expect.unchanged(student)


@hidden(
    "dropout_backward",
    points=1,
    title="dropout_backward agrees with the reference",
    hint="A unit that was dropped did nothing for the loss, one that was scaled did more.",
)
def backward_reference(student: Student, case: Case) -> None:
    """Random masks and upstream gradients of several shapes and layouts, and a mask of ones."""
    for rate, shape, order in ((0.2, (7, 5), "F"), (0.75, (40,), "view"), (0.4, (3, 2, 4, 5), "")):
        size = int(np.prod(shape))
        kept = case.rng.permutation(np.arange(size) >= round(size * rate)).reshape(shape)
        d_out = case.rng.normal(size=shape)
        sent = Strided(d_out, order) if order else d_out
        for mask in (kept / (1 - rate), np.ones(shape)):
            want = ref.dropout_backward(d_out, mask)
            expect.close(
                "d_x",
                student.call("dropout_backward", sent, mask),
                want,
                case=case,
                counts=_rates(rate, shape[0]),
                known={"d_out": d_out, "mask": mask},
            )
    # A unit with an upstream gradient of zero may be kept all the same.
    d_out, mask = np.array([[0.0, 2.0, -3.0]]), np.array([[2.5, 0.0, 2.5]])
    got = student.call("dropout_backward", d_out, mask)
    expect.close("d_x", got, ref.dropout_backward(d_out, mask), case=case)
    expect.unchanged(student)


# Early stopping -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Trace:
    """A run, with the options of the stopper.

    Attributes
    ----------
    values
        Multiples of 1/16, so that ties stay exact under scaling by powers of two.
    epochs, best
        Epochs that are run, and the best of them, counted from 0.
    options
        Arguments of EarlyStopping.
    """

    values: Sequence[float]
    epochs: int
    best: int
    options: dict[str, Any] = field(default_factory=dict)

    def disguised(self, rng: np.random.Generator, *, flip: bool = False) -> Trace:
        """Return the like trace in other units, so that no answer can be remembered."""
        scale = 2.0 ** int(rng.integers(-4, 5))
        shift = int(rng.integers(-160, 160)) / 16
        sign = -1.0 if flip else 1.0
        options = dict(self.options)
        if flip:
            options["mode"] = "min" if options.get("mode") == "max" else "max"
        elif "mode" not in options and rng.random() < 0.5:
            options["mode"] = "min"
        if options.get("baseline") is not None:
            options["baseline"] = sign * (options["baseline"] * scale + shift)
        if "min_delta" in options:
            options["min_delta"] *= scale
        values = [sign * (value * scale + shift) for value in self.values]
        return replace(self, values=values, options=options)

    @property
    def label(self) -> str:
        """The stopper as the student would write it."""
        given = ", ".join(f"{key}={value!r}" for key, value in self.options.items())
        return f"EarlyStopping({given})"


NAN = float("nan")
T1 = Trace([16, 14, 12, 13, 13, 14, 14, 15], 6, 2, {"patience": 3})
T2 = Trace([16, 14, 15, 12, 13, 10, 11, 11, 12, 12], 9, 5, {"patience": 3})
T3 = Trace([16, 15.5, 15, 14.5, 14, 13.5, 13, 12.5], 8, 6, {"patience": 3, "min_delta": 1.0})
T4 = Trace([16, 15, 14, 13, 12], 5, 4, {"patience": 2, "min_delta": 1.0})
T5 = Trace([8, 10, 12, 11, 11, 10, 4], 6, 2, {"patience": 3, "mode": "max"})
T6 = Trace([16, 12, 12, 12, 12, 12], 4, 1, {"patience": 2})
T7 = Trace([16, 10, 14, 15], 4, 1, {"patience": 5})
T8 = Trace([2, 3, 14, 12, 13, 14, 14, 15], 6, 3, {"patience": 2, "start_from_epoch": 2})
T9 = Trace([16, 14, 12, 13, 11, 13, 14, 15, 15], 4, 2, {"patience": 3, "baseline": 8.0})
T10 = Trace([16, 8, 10, NAN, 12, 13, 14], 5, 1, {"patience": 3})
T11 = Trace([64, 60, 56, 58, 59, 60], 5, 2, {"patience": 2, "min_delta": 3.0})
T12 = Trace([16, 14, 14, 13], 3, 1, {"patience": 0})
# Beyond the study: improvements that never beat the baseline, with the patience used up; a baseline
# that is beaten at once, tied, or beaten by less than min_delta; several NaN in a row; a warm-up
# that has the best value of all.
LATE_BASELINE = Trace([16, 14, 12, 10, 9, 10, 8], 6, 4, {"patience": 2, "baseline": 4.0})
EARLY_BASELINE = Trace([6, 7, 5, 6, 7, 5], 5, 2, {"patience": 2, "baseline": 8.0})
NEAR_BASELINE = Trace(
    [16, 12, 7.5, 8, 4, 2], 4, 2, {"patience": 3, "baseline": 8.0, "min_delta": 1.0}
)
TIED_BASELINE = Trace([9, 8, 8.5, 3, 4], 3, 1, {"patience": 3, "baseline": 8.0})
NANS = Trace([16, 8, NAN, NAN, 4, NAN, 5, 3], 8, 7, {"patience": 3})
LONG_WARM_UP = Trace([1, 1, 1, 1, 9, 9, 8, 8, 9, 7], 9, 6, {"patience": 2, "start_from_epoch": 4})
PATIENCE_ONE = Trace([16, 14, 12, 13, 11], 4, 2, {"patience": 1})
WARM_UP_BASELINE = Trace(
    [1, 1, 16, 17, 15, 16, 14], 6, 4, {"patience": 3, "start_from_epoch": 2, "baseline": 0.5}
)
DEFAULTS = Trace([16, 14, 12, 12, 11], 4, 2)


def judge(student: Student, case: Case, trace: Trace) -> None:
    """Play a trace and compare the stop and the best epoch with what the trace is to give."""
    stopper = student.create("EarlyStopping", **trace.options)
    stopped = None
    for epoch, value in enumerate(trace.values):
        if expect.boolean(f"step(...) in epoch {epoch}", stopper.call("step", value)):
            stopped = epoch
            break
    last = trace.epochs - 1 if trace.epochs < len(trace.values) else None
    if stopped != last:
        early = stopped is not None and (last is None or stopped < last)
        problem = "did not stop in time."
        if stopped is not None:
            problem = f"stopped after {stopped + 1} epochs, too {'early' if early else 'late'}."
        raise CheckFailed(trace.label, problem)
    best_epoch = expect.scalar(f"{trace.label}: .best_epoch", stopper.get("best_epoch"))
    expect.holds(
        best_epoch == trace.best,
        trace.label,
        f"stopped in time, but .best_epoch is {best_epoch:g}, which is not the best epoch.",
    )
    best = expect.scalar(f"{trace.label}: .best", stopper.get("best"))
    expect.close(f"{trace.label}: .best", best, trace.values[trace.best], case=case)


def judge_all(student: Student, case: Case, *traces: Trace, flip: bool = False) -> None:
    """Judge each trace as it is and in other units."""
    for trace in traces:
        for _ in range(2):
            judge(student, case, trace.disguised(case.rng, flip=flip))


@hidden(
    "EarlyStopping",
    points=1,
    title="patience: ties, recoveries, small patience, a run that ends first",
    hint="Is an equal value an improvement? When does the count of waiting epochs start again?",
)
def patience(student: Student, case: Case) -> None:
    """Traces without further options."""
    judge_all(student, case, T1, T2, T6, T7, T12, PATIENCE_ONE, DEFAULTS)


@hidden(
    "EarlyStopping",
    points=1,
    title="min_delta: slow progress, exact ties",
    hint="Slow steps add up when each is compared with the best, not with the previous value.",
)
def min_delta(student: Student, case: Case) -> None:
    """Improvements smaller than, equal to and larger than min_delta."""
    judge_all(student, case, T3, T4, T11)


@hidden(
    "EarlyStopping",
    points=0.5,
    title='mode="max", with and without min_delta',
    hint="In which direction does min_delta shift the bar when larger is better?",
)
def mode(student: Student, case: Case) -> None:
    """Traces turned upside down."""
    judge_all(student, case, T5)
    judge_all(student, case, T1, T4, T11, flip=True)


@hidden(
    "EarlyStopping",
    points=0.5,
    title="start_from_epoch: the warm-up is not looked at",
    hint="Which is the first epoch that counts? What are .best and .best_epoch before it?",
)
def warm_up(student: Student, case: Case) -> None:
    """Two warm-ups, and the attributes before the first counted value."""
    stopper = student.create("EarlyStopping", patience=1, start_from_epoch=3)
    for value in case.rng.normal(size=3):
        stopped = expect.boolean("step(...) in the warm-up", stopper.call("step", float(value)))
        expect.holds(not stopped, "step", "stopped during the warm-up.")
        best, best_epoch = stopper.get("best"), stopper.get("best_epoch")
        expect.holds(
            best is None and expect.scalar(".best_epoch", best_epoch) == 0,
            "during the warm-up",
            f".best is {describe(best)} and .best_epoch {describe(best_epoch)}; "
            "expected None and 0 before the first counted value.",
        )
    judge_all(student, case, T8, LONG_WARM_UP)


@hidden(
    "EarlyStopping",
    points=0.5,
    title="baseline: progress that stays worse than it does not reset the wait",
    hint="Two questions about each value: is it the best so far, and does it beat the baseline? "
    "What does each decide?",
)
def baseline(student: Student, case: Case) -> None:
    """Baselines that are never beaten, beaten at once, tied and just beaten."""
    judge_all(student, case, T9, LATE_BASELINE, EARLY_BASELINE, NEAR_BASELINE, TIED_BASELINE)
    judge_all(student, case, WARM_UP_BASELINE)


@hidden(
    "EarlyStopping",
    points=0.5,
    title="NaN is an epoch without improvement",
    hint="What does a comparison with NaN give? And its negation?",
)
def nan_values(student: Student, case: Case) -> None:
    """One NaN and several, in both modes."""
    judge_all(student, case, T10, NANS)
    judge_all(student, case, T10, flip=True)


@hidden(
    "EarlyStopping",
    points=0.5,
    title="best_weights: at any time, as copies, on demand",
    hint="Are the best weights there as well when the epochs end before the patience does?",
)
def best_weights(student: Student, case: Case) -> None:
    """Weights of the best epoch after stopped and unstopped runs."""
    for source in (T1, T2, T7, T8, T9):
        trace = source.disguised(case.rng)
        for restore in (True, False):
            options = {**trace.options, "restore_best_weights": restore}
            stopper = student.create("EarlyStopping", **options)
            weights = [
                [case.rng.normal(size=shape) for shape in ((3, 4), (3,), (2, 3))]
                for _ in trace.values
            ]
            for epoch in range(trace.epochs):
                stopper.call("step", trace.values[epoch], weights[epoch])
            got = stopper.get("best_weights")
            if not restore:
                expect.holds(
                    got is None, "best_weights", "expected None without restore_best_weights."
                )
                continue
            expect.holds(got is not None, "best_weights", "is None; expected a copy of weights.")
            kept = expect.arrays("best_weights", got, [(3, 4), (3,), (2, 3)])
            for k, (array, want) in enumerate(zip(kept, weights[trace.best], strict=True)):
                expect.close(f"best_weights[{k}]", array, want, case=case)
        changed = student.call("best_weights_of_run", trace.values, **trace.options)
        for k, array in enumerate(expect.arrays("best_weights", changed, [(2, 3), (2,)])):
            label = f"best_weights[{k}] of a run that changes its weights in place"
            expect.close(label, array, np.full(array.shape, float(trace.best)), case=case)
    expect.unchanged(student)


def random_run(rng: np.random.Generator) -> tuple[list[float], dict[str, Any]]:
    """Draw a run on a grid of 1/16, so that ties are exact, and options that matter for it."""
    mode = str(rng.choice(["min", "max"]))
    # Most steps go the right way, or hardly a trace would outlive its patience.
    steps = rng.integers(-12, 9, 14) * (1 if mode == "min" else -1)
    values = (float(rng.integers(-100, 100)) + np.cumsum(steps)) / 16
    start = int(rng.integers(0, 4))
    values[[epoch for epoch in range(start + 1, 14) if rng.random() < 0.06]] = np.nan
    options: dict[str, Any] = {
        "patience": int(rng.integers(0, 5)),
        "mode": mode,
        "start_from_epoch": start,
    }
    if rng.random() < 0.6:
        options["min_delta"] = float(rng.choice([-4, -2, 2, 4, 8])) / 16
    if rng.random() < 0.5:
        options["baseline"] = float(values[0] + steps.sum() / 16 * rng.choice([0.0, 0.25, 0.5]))
    return [float(value) for value in values], options


@hidden(
    "EarlyStopping",
    points=0.5,
    title="all options together; each object is a run of its own",
    hint="Which of the rules have you tried together? min_delta counts by its absolute value.",
)
def together(student: Student, case: Case) -> None:
    """Random runs, two at a time, against the reference after each epoch."""
    for _ in range(30):
        pair = [random_run(case.rng) for _ in range(2)]
        mine = [ref.EarlyStopping(**options) for _, options in pair]
        theirs = [student.create("EarlyStopping", **options) for _, options in pair]
        running = [True, True]
        for epoch in range(14):
            for k, (values, options) in enumerate(pair):
                if not running[k]:
                    continue
                value = values[epoch]
                label = Trace(values, 0, 0, options).label
                stop = expect.boolean("step(...)", theirs[k].call("step", value))
                right = mine[k].step(value)
                problem = f"{'stopped' if stop else 'went on'} after epoch {epoch}, wrongly."
                expect.holds(stop == right, label, problem)
                running[k] = not stop
        for k, (_, options) in enumerate(pair):
            label = Trace((), 0, 0, options).label
            best_epoch = expect.scalar(f"{label}: .best_epoch", theirs[k].get("best_epoch"))
            expect.holds(
                best_epoch == mine[k].best_epoch,
                label,
                f"stopped in time, but .best_epoch is {best_epoch:g}, which is not the best epoch.",
            )
            best = mine[k].best
            if best is not None:
                got = expect.scalar(f"{label}: .best", theirs[k].get("best"))
                expect.close(f"{label}: .best", got, best, case=case)


# The lab ------------------------------------------------------------------------------------------


@hidden(
    "lab_regularized",
    points=2.5,
    title="well on unseen digits, after training on data of the grader's",
    hint="A net that follows its training set to the end learns the wrong labels. Which of your "
    "remedies is at work, and are the weights that you return those of the best epoch?",
    attempts=3,
    cpu_seconds=120,
)
def lab_secret(student: Student, case: Case) -> None:
    """Permuted columns and labels; the test split never goes in."""
    deal = labs.regularized_case(case.rng)
    net = student.call(
        "lab_regularized", deal.X_train, deal.T_train, deal.X_val, deal.T_val, case.generator()
    )
    first, second = expect.sequence("(weights, biases)", net, 2)
    expect.sequence("biases", second, len(expect.sequence("weights", first)))
    widths = [expect.array(f"biases[{k}]", b).size for k, b in enumerate(second)]
    expect.holds(
        max(widths, default=0) <= 1000,
        "lab_regularized",
        f"a layer of {max(widths, default=0)} neurons is more than the 1000 that are judged.",
    )
    sizes = [deal.X_train.shape[1], *widths[:-1], deal.T_train.shape[1]]
    weights, biases = expect.parameters("(weights, biases)", net, sizes)
    reached = labs.accuracy(weights, biases, deal.X_test, deal.T_test)
    expect.holds(
        reached >= labs.threshold("lab_regularized"),
        "lab_regularized",
        f"the net recognizes {reached:.1%} of the digits that it has not seen: too few for a net "
        "that was kept from learning the wrong labels by heart.",
    )
    expect.unchanged(student)


REFERENCE = {
    "dropout_mask": ref.dropout_mask,
    "dropout_forward": ref.dropout_forward,
    "dropout_backward": ref.dropout_backward,
    "EarlyStopping": ref.EarlyStopping,
}
