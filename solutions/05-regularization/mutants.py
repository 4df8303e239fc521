"""Mistakes that students make in 05-regularization."""

from __future__ import annotations

import inspect

import numpy as np

from autograder.catalogue import Entry, mutant

# dropout_mask -------------------------------------------------------------------------------------


@mutant("dropout_mask", hint="Is the mean preserved?", note="row 66: unscaled")
def unscaled(shape, rate, rng):
    """What survives is not scaled up."""
    return (rng.random(shape) >= rate).astype(float)


@mutant("dropout_mask", hint="Is the mean preserved?", note="row 66: x keep")
def scaled_by_keep(shape, rate, rng):
    """What survives is multiplied by the keep probability instead of divided by it."""
    return (rng.random(shape) >= rate) * (1.0 - rate)


@mutant("dropout_mask", hint="Is the mean preserved?", note="row 66: 1/p")
def scaled_by_rate(shape, rate, rng):
    """What survives is divided by the drop probability."""
    return (rng.random(shape) >= rate) / max(rate, 1e-12)


@mutant("dropout_mask", hint="Is the mean preserved?", note="row 66: square root")
def scaled_by_root(shape, rate, rng):
    """The scaling preserves the mean square, not the mean."""
    return (rng.random(shape) >= rate) / np.sqrt(1.0 - rate)


@mutant("dropout_mask", hint="Whose mean is preserved: this mask's or that of all masks?")
def normalized_to_mean_one(shape, rate, rng):
    """Each mask is divided by its own mean, not by the probability."""
    kept = rng.random(shape) >= rate
    return kept / max(kept.mean(), 1e-12)


@mutant("dropout_mask", hint="What does rate = 0 do?", note="row 67")
def keep_and_drop_swapped(shape, rate, rng):
    """`rate` is taken for the probability to keep, with the matching scale."""
    return (rng.random(shape) < rate) / max(rate, 1e-12)


@mutant("dropout_mask", hint="What does rate = 0 do?", note="row 67, scale of the right rate")
def comparison_swapped(shape, rate, rng):
    """The comparison is turned round: units are kept with probability `rate`."""
    return (rng.random(shape) < rate) / (1.0 - rate)


@mutant("dropout_mask", hint="Does the comparison use the rate?")
def half_always(shape, rate, rng):
    """The share is one half whatever the rate."""
    return (rng.random(shape) >= 0.5) / (1.0 - rate)


@mutant("dropout_mask", hint="Two rows: the same zeros?", note="row 68: shared across the batch")
def shared_across_batch(shape, rate, rng):
    """One mask for all samples."""
    row = rng.random(shape[1:]) >= rate
    return np.broadcast_to(row, shape) / (1.0 - rate)


@mutant("dropout_mask", hint="Are whole samples dropped?", note="row 68: shared across features")
def shared_across_features(shape, rate, rng):
    """Whole samples are dropped: one draw per row."""
    kept = rng.random(shape[:1]) >= rate
    kept = kept.reshape(-1, *[1] * (len(shape) - 1))
    return np.broadcast_to(kept, shape) / (1.0 - rate)


@mutant("dropout_mask", hint="Does every axis take part in the draw?", note="row 68, 4-d")
def shared_across_pixels(shape, rate, rng):
    """With more than two axes whole channels are dropped."""
    if len(shape) <= 2:
        return (rng.random(shape) >= rate) / (1.0 - rate)
    kept = rng.random(shape[:2]) >= rate
    kept = kept.reshape(*shape[:2], *[1] * (len(shape) - 2))
    return np.broadcast_to(kept, shape) / (1.0 - rate)


@mutant("dropout_mask", hint="Call it twice.", note="row 69: fixed seed")
def seeded_inside(shape, rate, rng):
    """A generator of its own with a fixed seed: always the same mask."""
    rng = np.random.default_rng(0)
    return (rng.random(shape) >= rate) / (1.0 - rate)


@mutant("dropout_mask", hint="Whose generator draws?", note="row 69: global generator")
def global_generator(shape, rate, rng):
    """The generator that is passed in is not used."""
    return (np.random.rand(*shape) >= rate) / (1.0 - rate)


@mutant("dropout_mask", hint="Is the number of dropped units a random number?")
def exactly_k(shape, rate, rng):
    """Exactly the share `rate` of the units is dropped."""
    size = int(np.prod(shape))
    mask = np.full(size, 1.0 / (1.0 - rate))
    mask[rng.choice(size, round(size * rate), replace=False)] = 0.0
    return mask.reshape(shape)


@mutant("dropout_mask", hint="Is the number of dropped units a random number?")
def exactly_k_per_row(shape, rate, rng):
    """Each row drops exactly the share `rate` of its units."""
    order = rng.random(shape).argsort(axis=-1)
    return (order >= round(shape[-1] * rate)) / (1.0 - rate)


@mutant("dropout_mask", hint="With which probability is a normal number below the rate?")
def normal_numbers(shape, rate, rng):
    """Normal instead of uniform random numbers are compared with the rate."""
    return (rng.normal(size=shape) >= rate) / (1.0 - rate)


@mutant("dropout_mask", hint="What do you return where a unit survives?")
def random_numbers_themselves(shape, rate, rng):
    """The uniform numbers are returned where they exceed the rate."""
    u = rng.random(shape)
    return np.where(u >= rate, u, 0.0) / (1.0 - rate)


@mutant("dropout_mask", hint="Which values can a mask have that zeroes some units?")
def noise(shape, rate, rng):
    """Gaussian noise of mean 1: keeps the mean, drops nothing."""
    return 1.0 + rng.normal(size=shape) * np.sqrt(rate / (1.0 - rate))


@mutant("dropout_mask", hint="Which shape was asked for?")
def one_axis_only(shape, rate, rng):
    """A flat mask is returned."""
    return (rng.random(int(np.prod(shape))) >= rate) / (1.0 - rate)


# dropout_forward ----------------------------------------------------------------------------------


@mutant("dropout_forward", hint="Are predictions random?", note="row 70: active at test")
def active_in_use(x, rate, rng, training):
    """`training` is ignored."""
    mask = dropout_mask(x.shape, rate, rng)
    return x * mask, mask


@mutant("dropout_forward", hint="Scaled twice?", note="row 70: scaled at test")
def scaled_in_use(x, rate, rng, training):
    """Predictions are scaled by 1 - rate as well, as without the inverted form."""
    if not training:
        return x * (1.0 - rate), np.ones_like(x)
    mask = dropout_mask(x.shape, rate, rng)
    return x * mask, mask


@mutant("dropout_forward", hint="When is something dropped?", note="row 70: condition negated")
def training_negated(x, rate, rng, training):
    """Drops in use, and not in training."""
    if training or rate == 0:
        return x.copy(), np.ones_like(x)
    mask = dropout_mask(x.shape, rate, rng)
    return x * mask, mask


@mutant("dropout_forward", hint="Out / x: is it the mask?", note="row 66, in the layer")
def forward_unscaled(x, rate, rng, training):
    """A mask of zeros and ones in training."""
    if not training:
        return x.copy(), np.ones_like(x)
    mask = (rng.random(x.shape) >= rate).astype(float)
    return x * mask, mask


@mutant("dropout_forward", hint="Is the scaling part of the mask?")
def mask_without_scale(x, rate, rng, training):
    """The output is scaled, the mask that is returned is not."""
    if not training:
        return x.copy(), np.ones_like(x)
    kept = rng.random(x.shape) >= rate
    return x * kept / (1.0 - rate), kept.astype(float)


@mutant("dropout_forward", hint="Out / x: is it the mask?")
def scaled_twice(x, rate, rng, training):
    """The scaling is applied to the mask and again to the output."""
    if not training:
        return x.copy(), np.ones_like(x)
    mask = dropout_mask(x.shape, rate, rng)
    return x * mask / (1.0 - rate), mask


@mutant("dropout_forward", hint="How often is a mask drawn in one call?")
def second_mask_returned(x, rate, rng, training):
    """The mask that is returned is drawn anew."""
    if not training:
        return x.copy(), np.ones_like(x)
    return x * dropout_mask(x.shape, rate, rng), dropout_mask(x.shape, rate, rng)


@mutant("dropout_forward", hint="Two rows: the same zeros?", note="row 68")
def one_mask_for_the_batch(x, rate, rng, training):
    """All samples of the batch share a mask."""
    if not training:
        return x.copy(), np.ones_like(x)
    mask = np.ones_like(x) * dropout_mask(x.shape[1:], rate, rng)
    return x * mask, mask


@mutant("dropout_forward", hint="Call it twice.", note="row 69")
def forward_seeded_inside(x, rate, rng, training):
    """The mask is the same at each call."""
    if not training:
        return x.copy(), np.ones_like(x)
    mask = dropout_mask(x.shape, rate, np.random.default_rng(1))
    return x * mask, mask


@mutant("dropout_forward", hint="Who owns x?")
def in_place(x, rate, rng, training):
    """The caller's x is multiplied in place."""
    mask = dropout_mask(x.shape, rate, rng) if training and rate > 0 else np.ones_like(x)
    x *= mask
    return x, mask


@mutant("dropout_forward", hint="What is the mask when nothing is dropped?")
def no_mask_in_use(x, rate, rng, training):
    """In use the mask is zero."""
    if not training:
        return x.copy(), np.zeros_like(x)
    mask = dropout_mask(x.shape, rate, rng)
    return x * mask, mask


@mutant("dropout_forward", hint="Is `rate` the share that goes or the share that stays?", note="67")
def forward_keep_and_drop_swapped(x, rate, rng, training):
    """`1 - rate` is passed on as the rate."""
    if not training or rate == 0:
        return x.copy(), np.ones_like(x)
    mask = dropout_mask(x.shape, 1.0 - rate, rng)
    return x * mask, mask


@mutant("dropout_forward", hint="Which of the two is `out`?")
def mask_first(x, rate, rng, training):
    """The two results are returned in the wrong order."""
    mask = dropout_mask(x.shape, rate, rng) if training else np.ones_like(x)
    return mask, x * mask


# dropout_backward ---------------------------------------------------------------------------------


@mutant("dropout_backward", hint="Which units saw signal?", note="row 71: no mask")
def backward_without_mask(d_out, mask):
    """The gradient passes every unit."""
    return d_out.copy()


@mutant("dropout_backward", hint="By what was the signal multiplied?", note="row 71: unscaled")
def backward_unscaled(d_out, mask):
    """Dropped units are zeroed, the survivors' factor is forgotten."""
    return d_out * (mask > 0)


@mutant("dropout_backward", hint="Which units saw signal?", note="row 71: new mask")
def backward_new_mask(d_out, mask):
    """A new mask of the same rate is drawn."""
    new = np.random.default_rng().permutation(mask.ravel()).reshape(mask.shape)
    return d_out * new


@mutant("dropout_backward", hint="Is the slope of c * x equal to 1/c?")
def backward_divides(d_out, mask):
    """The gradient is divided by the mask where that is not zero."""
    return np.where(mask > 0, d_out / np.where(mask > 0, mask, 1.0), 0.0)


@mutant("dropout_backward", hint="The scaling is in the mask already, is it not?")
def backward_scaled_twice(d_out, mask):
    """The factor of the survivors is applied twice."""
    return d_out * mask * mask


@mutant("dropout_backward", hint="Which units saw signal?")
def backward_dropped_units_only(d_out, mask):
    """The gradient goes to the dropped units."""
    return d_out * (mask == 0)


@mutant("dropout_backward", hint="Where has the mean over the batch been taken already?")
def backward_averaged(d_out, mask):
    """Divided by the number of samples as well."""
    return d_out * mask / len(d_out)


@mutant("dropout_backward", hint="Who owns d_out?")
def backward_in_place(d_out, mask):
    """The caller's gradient is changed."""
    d_out *= mask
    return d_out


# EarlyStopping: the right class but for one mistake -----------------------------------------------


class _Right:
    def __init__(
        self,
        patience=0,
        min_delta=0.0,
        mode="min",
        baseline=None,
        restore_best_weights=False,
        start_from_epoch=0,
    ):
        self.patience = patience
        self.min_delta = abs(min_delta)
        self.sign = 1.0 if mode == "min" else -1.0
        self.baseline = baseline
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = start_from_epoch
        self.best = None
        self.best_epoch = 0
        self.best_weights = None
        self.epoch, self.wait = -1, 0

    def better(self, value, than):
        return self.sign * value + self.min_delta < self.sign * than

    def step(self, value, weights=None):
        self.epoch += 1
        if self.epoch < self.start_from_epoch:
            return False
        self.wait += 1
        if self.best is None or self.better(value, self.best):
            self.best = value
            self.best_epoch = self.epoch
            if self.restore_best_weights and weights is not None:
                self.best_weights = [np.array(array) for array in weights]
            if self.baseline is None or self.better(value, self.baseline):
                self.wait = 0
            return False
        return self.wait >= self.patience


_SOURCE = inspect.getsource(_Right).replace("_Right", "EarlyStopping")


def _stopper(name: str, title: str, *changes: tuple[str, str], hint: str, note: str = "") -> Entry:
    """Return the right class with each ``(old, new)`` replaced; `old` stands there once."""
    source = _SOURCE
    for old, new in changes:
        if source.count(old) != 1:
            raise ValueError(f"{name}: {old!r} stands {source.count(old)} times in the class.")
        source = source.replace(old, new)
    return Entry("EarlyStopping", name, title, source, hint, note)


late_by_one = _stopper(
    "late_by_one",
    "Stops when the wait exceeds the patience.",
    (">= self.patience", "> self.patience"),
    hint="Count the bad epochs.",
    note="row 72",
)
early_by_one = _stopper(
    "early_by_one",
    "Stops one epoch too early.",
    ("self.wait >= self.patience", "self.wait + 1 >= self.patience"),
    hint="Count the bad epochs.",
    note="row 72",
)
patience_zero_for_ever = _stopper(
    "patience_zero_for_ever",
    "With patience 0 it never stops.",
    ("self.wait >= self.patience", "self.patience > 0 and self.wait >= self.patience"),
    hint="How long does somebody without patience wait?",
)
stops_although_improving = _stopper(
    "stops_although_improving",
    "An epoch that improves can stop the training.",
    ("self.wait = 0\n            return False\n        return", "self.wait = 0\n        return"),
    hint="Would you stop in the best epoch of all?",
)
returns_nothing = _stopper(
    "returns_nothing",
    "The decision is stored, not returned.",
    ("return self.wait >= self.patience", "self.stopped = self.wait >= self.patience"),
    hint="How does the training loop learn of the decision?",
)
min_delta_ignored = _stopper(
    "min_delta_ignored",
    "min_delta is not used.",
    (" + self.min_delta", ""),
    hint="Is .001 progress?",
    note="row 73",
)
min_delta_sign = _stopper(
    "min_delta_sign",
    "min_delta makes it easier to improve.",
    (" + self.min_delta", " - self.min_delta"),
    hint="Is .001 worse progress?",
    note="row 73",
)
min_delta_relative = _stopper(
    "min_delta_relative",
    "min_delta is taken as a share of the best value.",
    (" + self.min_delta", " + self.min_delta * abs(than)"),
    hint="Which unit does min_delta have?",
    note="row 73",
)
min_delta_signed = _stopper(
    "min_delta_signed",
    "A negative min_delta is not turned into its absolute value.",
    ("abs(min_delta)", "min_delta"),
    hint="min_delta counts by its absolute value.",
    note="row 73",
)
min_delta_in_max_mode = _stopper(
    "min_delta_in_max_mode",
    "min_delta goes the wrong way when larger is better.",
    (" + self.min_delta", " + self.sign * self.min_delta"),
    hint="In which direction is the bar shifted?",
    note="row 73, max only",
)
best_creeps = _stopper(
    "best_creeps",
    "Improvements smaller than min_delta update the best value without counting.",
    (
        "        return self.wait >=",
        "        if self.sign * value < self.sign * self.best:\n"
        "            self.best, self.best_epoch = value, self.epoch\n"
        "        return self.wait >=",
    ),
    hint="Many small steps: are they progress in the end?",
    note="row 76: best updated by every smaller value",
)
ties_improve = _stopper(
    "ties_improve",
    "An equal value counts as an improvement.",
    ("< self.sign * than", "<= self.sign * than"),
    hint="Is equal better?",
    note="row 74",
)
mode_ignored = _stopper(
    "mode_ignored",
    "Smaller is always better.",
    ('1.0 if mode == "min" else -1.0', "1.0"),
    hint="Which way is good?",
    note="row 75",
)
mode_inverted = _stopper(
    "mode_inverted",
    "The two modes are swapped.",
    ('mode == "min"', 'mode == "max"'),
    hint="Which way is good?",
    note="row 75",
)
best_in_other_sign = _stopper(
    "best_in_other_sign",
    "In max mode .best is the negative of the value.",
    ("self.best = value", "self.best = self.sign * value"),
    ("self.better(value, self.best)", "self.better(value, self.sign * self.best)"),
    hint="What would you read off .best?",
    note="row 75",
)
versus_previous = _stopper(
    "versus_previous",
    "Each value is compared with the one before.",
    (
        "        self.wait += 1\n",
        "        self.wait += 1\n        last = getattr(self, 'last', value)\n        self.last = value\n",
    ),
    ("self.better(value, self.best)", "self.better(value, last)"),
    hint="Better than which?",
    note="row 76",
)
best_always_updated = _stopper(
    "best_always_updated",
    "The best value is overwritten in every epoch.",
    ("        return self.wait >=", "        self.best = value\n        return self.wait >="),
    hint="Better than which?",
    note="row 76",
)
wait_not_reset = _stopper(
    "wait_not_reset",
    "An improvement does not reset the wait.",
    ("                self.wait = 0\n", "                pass\n"),
    hint="After a recovery?",
    note="row 77: counts all epochs",
)
wait_cumulative = _stopper(
    "wait_cumulative",
    "Bad epochs add up over the whole run.",
    ("                self.wait = 0\n", "                self.wait -= 1\n"),
    hint="After a recovery?",
    note="row 77",
)
best_weights_alias = _stopper(
    "best_weights_alias",
    "best_weights is the caller's list.",
    ("[np.array(array) for array in weights]", "weights"),
    hint="Copy or reference?",
    note="row 78",
)
best_weights_shallow = _stopper(
    "best_weights_shallow",
    "The list is copied, the arrays in it are not.",
    ("[np.array(array) for array in weights]", "list(weights)"),
    hint="Copy or reference?",
    note="row 78",
)
last_weights = _stopper(
    "last_weights",
    "best_weights are those of the last epoch.",
    (
        "        self.wait += 1\n",
        "        self.wait += 1\n"
        "        if self.restore_best_weights and weights is not None:\n"
        "            kept = [np.array(array) for array in weights]\n",
    ),
    (
        "        return self.wait >=",
        "        if self.restore_best_weights and weights is not None:\n"
        "            self.best_weights = kept\n"
        "        return self.wait >=",
    ),
    hint="Of which epoch are they?",
    note="row 78: not restored",
)
weights_never_kept = _stopper(
    "weights_never_kept",
    "best_weights stays None.",
    ("self.best_weights = [np.array(array) for array in weights]", "pass"),
    hint="What is restore_best_weights for?",
    note="row 78: not restored",
)
first_weights_kept = _stopper(
    "first_weights_kept",
    "best_weights are those of the first epoch.",
    ("and weights is not None", "and self.best_weights is None"),
    hint="Of which epoch are they?",
    note="row 78",
)
weights_only_if_stopped = _stopper(
    "weights_only_if_stopped",
    "best_weights is set only when the patience runs out.",
    ("self.best_weights = [np", "self.kept = [np"),
    (
        "        return self.wait >=",
        "        if self.wait >= self.patience and self.restore_best_weights:\n"
        "            self.best_weights = getattr(self, 'kept', None)\n"
        "        return self.wait >=",
    ),
    hint="The budget ends first: which weights then?",
    note="row 79",
)
weights_always_kept = _stopper(
    "weights_always_kept",
    "best_weights is filled without restore_best_weights.",
    ("self.restore_best_weights and weights", "weights"),
    hint="What does restore_best_weights=False ask for?",
)
warm_up_too_long = _stopper(
    "warm_up_too_long",
    "The first epoch after the warm-up is skipped as well.",
    ("< self.start_from_epoch", "<= self.start_from_epoch"),
    hint="First counted epoch?",
    note="row 80",
)
warm_up_too_short = _stopper(
    "warm_up_too_short",
    "The last epoch of the warm-up counts.",
    ("self.epoch < self.start", "self.epoch + 1 < self.start"),
    hint="First counted epoch?",
    note="row 80",
)
warm_up_ignored = _stopper(
    "warm_up_ignored",
    "start_from_epoch is not used.",
    ("self.epoch < self.start_from_epoch", "False"),
    hint="First counted epoch?",
    note="row 80",
)
warm_up_tracked = _stopper(
    "warm_up_tracked",
    "The best value is tracked during the warm-up too.",
    (
        "start_from_epoch:\n            return False",
        "start_from_epoch:\n"
        "            if self.best is None or self.better(value, self.best):\n"
        "                self.best, self.best_epoch = value, self.epoch\n"
        "            return False",
    ),
    hint="Is an epoch of the warm-up looked at?",
    note="row 80",
)
warm_up_waits = _stopper(
    "warm_up_waits",
    "The epochs of the warm-up count as waiting.",
    ("        self.wait += 1\n", ""),
    ("        self.epoch += 1\n", "        self.epoch += 1\n        self.wait += 1\n"),
    hint="What is the wait when the warm-up is over?",
    note="row 80; seen only with a baseline that is not beaten",
)
epochs_from_warm_up = _stopper(
    "epochs_from_warm_up",
    "best_epoch is counted from the end of the warm-up.",
    ("self.best_epoch = self.epoch", "self.best_epoch = self.epoch - self.start_from_epoch"),
    hint="Where is epoch 0?",
)
epochs_from_one = _stopper(
    "epochs_from_one",
    "best_epoch is counted from 1.",
    ("self.best_epoch = self.epoch", "self.best_epoch = self.epoch + 1"),
    hint="Where is epoch 0?",
)
best_starts_infinite = _stopper(
    "best_starts_infinite",
    "best is infinite instead of None before the first counted value.",
    ("self.best = None", "self.best = self.sign * np.inf"),
    hint="What is the best of no value at all?",
)
baseline_ignored = _stopper(
    "baseline_ignored",
    "Every improvement resets the wait, whatever the baseline.",
    ("if self.baseline is None or self.better(value, self.baseline):", "if True:"),
    hint="Below target?",
    note="row 81; the behaviour of later versions of Keras",
)
baseline_is_first_best = _stopper(
    "baseline_is_first_best",
    "The baseline is taken for the best value at the start.",
    ("self.best = None", "self.best = baseline"),
    hint="Below target: is there no best value then?",
    note="row 81",
)
baseline_needed_to_improve = _stopper(
    "baseline_needed_to_improve",
    "A value that does not beat the baseline is never the best.",
    (
        "if self.best is None or self.better(value, self.best):",
        "if (self.best is None or self.better(value, self.best)) and (\n"
        "            self.baseline is None or self.better(value, self.baseline)\n"
        "        ):",
    ),
    hint="Below target: is there no best value then?",
    note="row 81",
)
baseline_alone_resets = _stopper(
    "baseline_alone_resets",
    "Any value that beats the baseline resets the wait, improvement or not.",
    (
        "        return self.wait >=",
        "        if self.baseline is not None and self.better(value, self.baseline):\n"
        "            self.wait = 0\n"
        "        return self.wait >=",
    ),
    hint="Good enough for ever?",
    note="row 81",
)
baseline_without_min_delta = _stopper(
    "baseline_without_min_delta",
    "The baseline need not be beaten by min_delta.",
    ("self.better(value, self.baseline)", "self.sign * value < self.sign * self.baseline"),
    hint="Is .001 below the baseline progress?",
    note="row 81",
)
nan_improves = _stopper(
    "nan_improves",
    "NaN counts as an improvement: the comparison is negated.",
    (
        "return self.sign * value + self.min_delta < self.sign * than",
        "return not self.sign * value + self.min_delta >= self.sign * than",
    ),
    hint="NaN?",
    note="row 81",
)
nan_stops = _stopper(
    "nan_stops",
    "NaN stops at once.",
    ("return self.wait >= self.patience", "return self.wait >= self.patience or np.isnan(value)"),
    hint="NaN?",
    note="row 81",
)
nan_skipped = _stopper(
    "nan_skipped",
    "An epoch with NaN does not count as waiting.",
    (
        "        self.wait += 1\n",
        "        if np.isnan(value):\n            return False\n        self.wait += 1\n",
    ),
    hint="NaN: how many epochs of that before you lose patience?",
    note="row 81",
)
state_kept_across_runs = _stopper(
    "state_kept_across_runs",
    "The wait lives in a default argument and outlives the run.",
    ("start_from_epoch=0,\n", "start_from_epoch=0,\n        counts={'wait': 0},  # noqa: B006\n"),
    ("self.epoch, self.wait = -1, 0", "self.epoch, self.counts = -1, counts"),
    ("        self.wait += 1\n", "        self.counts['wait'] += 1\n"),
    ("                self.wait = 0\n", "                self.counts['wait'] = 0\n"),
    ("return self.wait >=", "return self.counts['wait'] >="),
    hint="Fit twice.",
    note="row 82",
)
state_shared_by_objects = _stopper(
    "state_shared_by_objects",
    "The best value is kept on the class, so that two stoppers share it.",
    ("self.best = None", "EarlyStopping.best = None"),
    ("self.best = value", "EarlyStopping.best = value"),
    hint="Two runs at a time?",
    note="row 82",
)

# lab_regularized ----------------------------------------------------------------------------------


@mutant("lab_regularized", hint="What keeps the net from learning the wrong labels?")
def without_remedy(X_train, T_train, X_val, T_val, rng):
    """Trains to the end without any regularization."""
    weights, biases = init_weights([X_train.shape[1], 30, T_train.shape[1]], rng)
    return train(weights, biases, X_train, T_train, 300, 10, 3.0, rng)


@mutant("lab_regularized", hint="Which samples should decide when to stop?")
def stops_on_training_loss(X_train, T_train, X_val, T_val, rng):
    """Watches the training loss, which goes on falling."""
    weights, biases = init_weights([X_train.shape[1], 30, T_train.shape[1]], rng)
    stopper = EarlyStopping(patience=30, restore_best_weights=True)
    for _ in range(300):
        weights, biases = train(weights, biases, X_train, T_train, 1, 10, 3.0, rng)
        if stopper.step(evaluate(weights, biases, X_train, T_train)[0], [*weights, *biases]):
            break
    return stopper.best_weights[:2], stopper.best_weights[2:]


@mutant("lab_regularized", hint="Is a falling loss good or bad?")
def loss_is_to_rise(X_train, T_train, X_val, T_val, rng):
    """Watches the validation loss in max mode."""
    weights, biases = init_weights([X_train.shape[1], 30, T_train.shape[1]], rng)
    stopper = EarlyStopping(patience=10, mode="max", restore_best_weights=True)
    for _ in range(300):
        weights, biases = train(weights, biases, X_train, T_train, 1, 10, 3.0, rng)
        if stopper.step(evaluate(weights, biases, X_val, T_val)[0], [*weights, *biases]):
            break
    return stopper.best_weights[:2], stopper.best_weights[2:]


@mutant("lab_regularized", hint="Of which epoch are the weights that you return?")
def returns_last_weights(X_train, T_train, X_val, T_val, rng):
    """Finds the best epoch, trains on with endless patience, returns the last weights."""
    weights, biases = init_weights([X_train.shape[1], 30, T_train.shape[1]], rng)
    stopper = EarlyStopping(patience=1000, restore_best_weights=True)
    for _ in range(300):
        weights, biases = train(weights, biases, X_train, T_train, 1, 10, 3.0, rng)
        stopper.step(evaluate(weights, biases, X_val, T_val)[0], [*weights, *biases])
    return weights, biases


@mutant("lab_regularized", hint="What are the validation samples for?")
def trains_on_validation_set(X_train, T_train, X_val, T_val, rng):
    """Trains on both sets without a remedy: more data, as many wrong labels."""
    weights, biases = init_weights([X_train.shape[1], 30, T_train.shape[1]], rng)
    X, T = np.concatenate([X_train, X_val]), np.concatenate([T_train, T_val])
    return train(weights, biases, X, T, 300, 10, 3.0, rng)


@mutant("lab_regularized", hint="How long does a net of this size need?")
def one_epoch(X_train, T_train, X_val, T_val, rng):
    """Stops after a single epoch."""
    weights, biases = init_weights([X_train.shape[1], 30, T_train.shape[1]], rng)
    return train(weights, biases, X_train, T_train, 1, 20, 0.5, rng)
