"""Mistakes that students make in 05-regularization."""

from __future__ import annotations

import inspect

import numpy as np

from autograder.catalogue import Entry, mutant

# dropout_mask -------------------------------------------------------------------------------------


@mutant(
    "dropout_mask",
    hint="Averaged over many masks, what is the mean of your entries? In this course the mask itself makes up for it.",
    note="row 66: unscaled",
    convention=True,
)
def unscaled(shape, rate, rng):
    """Scaling at test time: survivors stay 1, as in the original dropout."""
    return (rng.random(shape) >= rate).astype(float)


@mutant(
    "dropout_mask",
    hint="Should a unit that is dropped have a 0 or a 1 in the mask? x is multiplied by it.",
    note="row 67: ones where dropped",
    convention=True,
)
def marks_the_dropped(shape, rate, rng):
    """Ones mark the dropped: the mask says what goes, as for torch's masked_fill."""
    return (rng.random(shape) < rate).astype(float)


@mutant(
    "dropout_mask",
    hint="A unit is there with probability 1 - rate: must it become larger or smaller to keep the mean?",
    note="row 66: x keep",
)
def scaled_by_keep(shape, rate, rng):
    """What survives is multiplied by the keep probability instead of divided by it."""
    return (rng.random(shape) >= rate) * (1.0 - rate)


@mutant(
    "dropout_mask",
    hint="With which probability does a unit survive: that is what its factor has to make up for. Does yours?",
    note="row 66: 1/p",
)
def scaled_by_rate(shape, rate, rng):
    """What survives is divided by the drop probability."""
    return (rng.random(shape) >= rate) / max(rate, 1e-12)


@mutant(
    "dropout_mask",
    hint="What is to be kept on average: the unit, or its square?",
    note="row 66: square root",
)
def scaled_by_root(shape, rate, rng):
    """The scaling keeps the mean square, not the mean."""
    return (rng.random(shape) >= rate) / np.sqrt(1.0 - rate)


@mutant(
    "dropout_mask",
    hint="Is the factor of a survivor the same in every mask? Whose mean is kept: this mask's, or that of all masks?",
    note="row 66: by the mask's own mean",
)
def normalized_to_mean_one(shape, rate, rng):
    """Each mask is divided by its own mean, not by the probability."""
    kept = rng.random(shape) >= rate
    return kept / max(kept.mean(), 1e-12)


@mutant(
    "dropout_mask",
    hint="What should happen to the units at a rate of 0? Is it the share that goes or that stays?",
    note="row 67: with its scale",
    convention=True,
)
def keep_and_drop_swapped(shape, rate, rng):
    """Rate to keep: `rate` is taken for the probability to keep, as keep_prob once was."""
    return (rng.random(shape) < rate) / max(rate, 1e-12)


@mutant(
    "dropout_mask",
    hint="What share of your units is zero at a rate of 0.2? And at 0?",
    note="row 67: the comparison",
)
def comparison_swapped(shape, rate, rng):
    """The comparison is turned round: units are kept with probability `rate`, at the right scale."""
    return (rng.random(shape) < rate) / (1.0 - rate)


@mutant(
    "dropout_mask", hint="With which number do you compare your random numbers? Is it the rate?"
)
def half_always(shape, rate, rng):
    """Half of the units are dropped, whatever the rate."""
    return (rng.random(shape) >= 0.5) / (1.0 - rate)


@mutant(
    "dropout_mask",
    hint="Compare two rows of your mask: are their zeros at the same places?",
    note="row 68: shared across the batch",
)
def shared_across_batch(shape, rate, rng):
    """All samples share one mask."""
    row = rng.random(shape[1:]) >= rate
    return np.broadcast_to(row, shape) / (1.0 - rate)


@mutant(
    "dropout_mask",
    hint="Look at one row of your mask: can some of its units be dropped and others not?",
    note="row 68: shared across features",
)
def shared_across_features(shape, rate, rng):
    """Whole samples are dropped: there is one draw per row."""
    kept = rng.random(shape[:1]) >= rate
    kept = kept.reshape(-1, *[1] * (len(shape) - 1))
    return np.broadcast_to(kept, shape) / (1.0 - rate)


@mutant(
    "dropout_mask",
    hint="Call it twice with one generator: is anything new drawn the second time?",
    note="row 69: mask fixed",
)
def mask_kept(shape, rate, rng, masks={}):
    """The first mask of a shape and rate is kept for all further calls."""
    key = tuple(shape), rate
    if key not in masks:
        masks[key] = (rng.random(shape) >= rate) / (1.0 - rate)
    return masks[key]


@mutant(
    "dropout_mask",
    hint="Is each entry of the mask drawn by itself, for any number of axes?",
    note="row 68: further axes",
    convention=True,
)
def shared_across_pixels(shape, rate, rng):
    """Spatial dropout: with more than two axes whole channels are dropped."""
    if len(shape) <= 2:
        return (rng.random(shape) >= rate) / (1.0 - rate)
    kept = rng.random(shape[:2]) >= rate
    kept = kept.reshape(*shape[:2], *[1] * (len(shape) - 2))
    return np.broadcast_to(kept, shape) / (1.0 - rate)


@mutant(
    "dropout_mask",
    hint="Call it twice: are the masks the same? Who seeds the generator?",
    note="row 69: fixed seed",
)
def seeded_inside(shape, rate, rng):
    """An own generator with a fixed seed always gives the same mask."""
    rng = np.random.default_rng(0)
    return (rng.random(shape) >= rate) / (1.0 - rate)


@mutant(
    "dropout_mask",
    hint="Which generator draws your numbers: the one that was passed in?",
    note="row 69: global generator",
)
def global_generator(shape, rate, rng):
    """NumPy's global generator is used, not the one that is passed in."""
    return (np.random.rand(*shape) >= rate) / (1.0 - rate)


@mutant(
    "dropout_mask",
    hint="Is each unit dropped independently of the others in your mask? How does the number of zeros scatter?",
    convention=True,
)
def exactly_k(shape, rate, rng):
    """Exactly k: the number of dropped units is fixed, not random."""
    size = int(np.prod(shape))
    mask = np.full(size, 1.0 / (1.0 - rate))
    mask[rng.choice(size, round(size * rate), replace=False)] = 0.0
    return mask.reshape(shape)


@mutant(
    "dropout_mask",
    hint="Is each unit dropped independently of the others? How many zeros have the rows of your mask?",
    convention=True,
)
def exactly_k_per_row(shape, rate, rng):
    """Exactly k in each row: every sample drops the same number of units."""
    order = rng.random(shape).argsort(axis=-1)
    return (order >= round(shape[-1] * rate)) / (1.0 - rate)


@mutant("dropout_mask", hint="With which probability is one of your random numbers below the rate?")
def normal_numbers(shape, rate, rng):
    """Normal numbers are compared with the rate, not uniform ones."""
    return (rng.normal(size=shape) >= rate) / (1.0 - rate)


@mutant("dropout_mask", hint="How many different values should the entries of a mask have?")
def random_numbers_themselves(shape, rate, rng):
    """The uniform numbers are returned where they exceed the rate."""
    u = rng.random(shape)
    return np.where(u >= rate, u, 0.0) / (1.0 - rate)


@mutant(
    "dropout_mask",
    hint="How many of your entries are zero, and how many should be?",
    convention=True,
)
def noise(shape, rate, rng):
    """Gaussian dropout: noise of mean 1 multiplies the units, and none is dropped."""
    return 1.0 + rng.normal(size=shape) * np.sqrt(rate / (1.0 - rate))


@mutant("dropout_mask", hint="Which shape was asked for, and which has your mask?")
def one_axis_only(shape, rate, rng):
    """A flat mask is returned, whatever shape was asked for."""
    return (rng.random(int(np.prod(shape))) >= rate) / (1.0 - rate)


# dropout_forward ----------------------------------------------------------------------------------


@mutant(
    "dropout_forward",
    hint="Ask the net twice for a prediction of the same input: should the answers differ?",
    note="row 70: active at test",
)
def active_in_use(x, rate, rng, training):
    """`training` is ignored: units are dropped in use as well."""
    mask = dropout_mask(x.shape, rate, rng)
    return x * mask, mask


@mutant(
    "dropout_forward",
    hint="If training makes up for the dropped units already, what is left to do when nothing is dropped?",
    note="row 70: scaled at test",
)
def scaled_in_use(x, rate, rng, training):
    """Predictions are multiplied by 1 - rate although training has scaled up already."""
    if not training:
        return x * (1.0 - rate), np.ones_like(x)
    mask = dropout_mask(x.shape, rate, rng)
    return x * mask, mask


@mutant(
    "dropout_forward",
    hint="When are units to be dropped: in training, or afterwards?",
    note="row 70: condition negated",
)
def training_negated(x, rate, rng, training):
    """It drops in use, and not in training."""
    if training or rate == 0:
        return x.copy(), np.ones_like(x)
    mask = dropout_mask(x.shape, rate, rng)
    return x * mask, mask


@mutant(
    "dropout_forward",
    hint="Over many masks, what is the mean of your output, compared with x?",
    note="row 66: unscaled",
)
def forward_unscaled(x, rate, rng, training):
    """Survivors are not scaled up, neither in training nor in use."""
    if not training:
        return x.copy(), np.ones_like(x)
    mask = (rng.random(x.shape) >= rate).astype(float)
    return x * mask, mask


@mutant(
    "dropout_forward",
    hint="When does this course make up for the dropped units: in training, or when the net is used?",
    note="rows 66, 70: scaled at test",
    convention=True,
)
def scaled_at_test_time(x, rate, rng, training):
    """Scaling at test time: zeros and ones in training, x times 1 - rate in use, as originally."""
    if not training:
        return x * (1.0 - rate), np.full_like(x, 1.0 - rate)
    mask = (rng.random(x.shape) >= rate).astype(float)
    return x * mask, mask


@mutant(
    "dropout_forward",
    hint="A unit is there with probability 1 - rate: must it become larger or smaller to keep the mean?",
    note="row 66: x keep",
)
def forward_scaled_by_keep(x, rate, rng, training):
    """Survivors are multiplied by the keep probability instead of divided by it."""
    if not training:
        return x.copy(), np.ones_like(x)
    mask = (rng.random(x.shape) >= rate) * (1.0 - rate)
    return x * mask, mask


@mutant(
    "dropout_forward",
    hint="With which probability does a unit survive, and which one is in your factor?",
    note="row 66: 1/p",
)
def forward_scaled_by_rate(x, rate, rng, training):
    """Survivors are divided by the drop probability."""
    if not training or rate == 0:
        return x.copy(), np.ones_like(x)
    mask = (rng.random(x.shape) >= rate) / rate
    return x * mask, mask


@mutant(
    "dropout_forward",
    hint="Divide your output by x: is it the mask that you return? The way back has nothing else.",
    convention=True,
)
def mask_without_scale(x, rate, rng, training):
    """Mask of zeros and ones: the output is scaled, the factor is not in the mask, as in torch's native_dropout."""
    if not training:
        return x.copy(), np.ones_like(x)
    kept = rng.random(x.shape) >= rate
    return x * kept / (1.0 - rate), kept.astype(float)


@mutant(
    "dropout_forward",
    hint="The mask holds the factor already. How often is a survivor scaled?",
    note="row 66: twice",
)
def scaled_twice(x, rate, rng, training):
    """The scaling is applied to the mask and again to the output."""
    if not training:
        return x.copy(), np.ones_like(x)
    mask = dropout_mask(x.shape, rate, rng)
    return x * mask / (1.0 - rate), mask


@mutant(
    "dropout_forward",
    hint="How often is a mask drawn in one call? Which of them do you return?",
    note="row 71: new mask",
)
def second_mask_returned(x, rate, rng, training):
    """Another mask is returned than the one that was used."""
    if not training:
        return x.copy(), np.ones_like(x)
    return x * dropout_mask(x.shape, rate, rng), dropout_mask(x.shape, rate, rng)


@mutant(
    "dropout_forward",
    hint="Compare two rows of the mask: are their zeros at the same places?",
    note="row 68: shared across the batch",
)
def one_mask_for_the_batch(x, rate, rng, training):
    """All samples of the batch share one mask."""
    if not training:
        return x.copy(), np.ones_like(x)
    mask = np.ones_like(x) * dropout_mask(x.shape[1:], rate, rng)
    return x * mask, mask


@mutant(
    "dropout_forward",
    hint="Look at one row of the mask: can some of its units be dropped and others not?",
    note="row 68: shared across the features",
)
def whole_samples_dropped(x, rate, rng, training):
    """Whole samples are dropped: there is one draw per row."""
    if not training:
        return x.copy(), np.ones_like(x)
    mask = np.ones_like(x) * dropout_mask((len(x), 1), rate, rng)
    return x * mask, mask


@mutant(
    "dropout_forward",
    hint="Is a new mask drawn in each call, or the first one used again?",
    note="row 69: mask fixed",
)
def forward_mask_kept(x, rate, rng, training, masks={}):
    """The first mask is kept for all further calls."""
    if not training:
        return x.copy(), np.ones_like(x)
    key = x.shape, rate
    if key not in masks:
        masks[key] = dropout_mask(x.shape, rate, rng)
    return x * masks[key], masks[key]


@mutant(
    "dropout_forward",
    hint="Call it twice in training: is the same dropped? Which generator draws?",
    note="row 69",
)
def forward_seeded_inside(x, rate, rng, training):
    """A generator with a fixed seed gives the same mask at each call."""
    if not training:
        return x.copy(), np.ones_like(x)
    mask = dropout_mask(x.shape, rate, np.random.default_rng(1))
    return x * mask, mask


@mutant("dropout_forward", hint="Is the caller's x the same after the call?", note="row 44")
def in_place(x, rate, rng, training):
    """The caller's x is multiplied in place."""
    mask = dropout_mask(x.shape, rate, rng) if training and rate > 0 else np.ones_like(x)
    x *= mask
    return x, mask


@mutant("dropout_forward", hint="By what is x multiplied when nothing is dropped?")
def no_mask_in_use(x, rate, rng, training):
    """In use the mask is zero."""
    if not training:
        return x.copy(), np.zeros_like(x)
    mask = dropout_mask(x.shape, rate, rng)
    return x * mask, mask


@mutant(
    "dropout_forward",
    hint="What does your function return beside the output when nothing is dropped? The way back needs it.",
    convention=True,
)
def none_for_a_mask(x, rate, rng, training):
    """No mask in use: None is returned in place of a mask of ones."""
    if not training:
        return x.copy(), None
    mask = dropout_mask(x.shape, rate, rng)
    return x * mask, mask


@mutant("dropout_forward", hint="How many results are asked for? What will the way back need?")
def output_only(x, rate, rng, training):
    """Only the output is returned, not the mask."""
    return x * dropout_mask(x.shape, rate if training else 0.0, rng)


@mutant("dropout_forward", hint="Is the mask that you draw put to use? Compare your output with x.")
def mask_not_applied(x, rate, rng, training):
    """The mask is drawn and returned, but x stays as it is."""
    if not training:
        return x.copy(), np.ones_like(x)
    return x.copy(), dropout_mask(x.shape, rate, rng)


@mutant(
    "dropout_forward",
    hint="Is the rate the share that goes, or the share that stays? What happens at a rate of 0.1?",
    note="row 67",
    convention=True,
)
def forward_keep_and_drop_swapped(x, rate, rng, training):
    """Rate to keep: `1 - rate` is passed on as the rate."""
    if not training or rate == 0:
        return x.copy(), np.ones_like(x)
    mask = dropout_mask(x.shape, 1.0 - rate, rng)
    return x * mask, mask


@mutant("dropout_forward", hint="Which of the two results does the description name first?")
def mask_first(x, rate, rng, training):
    """The mask is returned first, the output second."""
    mask = dropout_mask(x.shape, rate, rng) if training else np.ones_like(x)
    return mask, x * mask


# dropout_backward ---------------------------------------------------------------------------------


@mutant(
    "dropout_backward",
    hint="If a unit was dropped, does the loss feel a change of its x? And your gradient?",
    note="row 71: no mask",
)
def backward_without_mask(d_out, mask):
    """The gradient passes every unit."""
    return d_out.copy()


@mutant(
    "dropout_backward",
    hint="By what was a unit that survived multiplied on the way forward, and is that in its slope?",
    note="row 71: unscaled",
)
def backward_unscaled(d_out, mask):
    """Survivors' factor forgotten: dropped units get 0, the others d_out as it is."""
    return d_out * (mask > 0)


@mutant(
    "dropout_backward",
    hint="Which units saw the signal on the way forward? Where is that written down?",
    note="row 71: new mask",
)
def backward_new_mask(d_out, mask):
    """A new mask of the same rate is drawn."""
    new = np.random.default_rng().permutation(mask.ravel()).reshape(mask.shape)
    return d_out * new


@mutant(
    "dropout_backward",
    hint="If a number is multiplied by 2, what is the slope of the result: 2 or 1/2?",
)
def backward_divides(d_out, mask):
    """The gradient is divided by the mask where that is not zero."""
    return np.where(mask > 0, d_out / np.where(mask > 0, mask, 1.0), 0.0)


@mutant(
    "dropout_backward",
    hint="The mask holds the survivors' factor already. How often is it in your result?",
    note="row 71: scaled twice",
)
def backward_scaled_twice(d_out, mask):
    """The factor of the survivors is applied twice."""
    return d_out * mask * mask


@mutant(
    "dropout_backward",
    hint="Which units saw the signal: those where the mask is zero, or the others?",
)
def backward_dropped_units_only(d_out, mask):
    """The gradient goes to the units that were dropped."""
    return d_out * (mask == 0)


@mutant(
    "dropout_backward",
    hint="Does dropout mix the samples? Where is the mean over the batch taken?",
    note="row 24",
)
def backward_averaged(d_out, mask):
    """The result is divided by the number of samples as well."""
    return d_out * mask / len(d_out)


@mutant(
    "dropout_backward",
    hint="What arrives from behind, and where is it in your result?",
)
def backward_returns_mask(d_out, mask):
    """The slope of out with respect to x is returned, without what comes from behind."""
    return mask.copy()


@mutant(
    "dropout_backward",
    hint="Each sample has its own x: how many rows should its gradient have?",
    note="row 23",
)
def backward_summed(d_out, mask):
    """The samples are summed."""
    return np.sum(d_out * mask, axis=0)


@mutant("dropout_backward", hint="Is the caller's gradient the same after the call?", note="row 44")
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


def _stopper(
    name: str,
    title: str,
    *changes: tuple[str, str],
    hint: str,
    note: str = "",
    convention: bool = False,
) -> Entry:
    """Return the right class with each ``(old, new)`` replaced; `old` stands there once."""
    source = _SOURCE
    for old, new in changes:
        if source.count(old) != 1:
            raise ValueError(f"{name}: {old!r} stands {source.count(old)} times in the class.")
        source = source.replace(old, new)
    return Entry("EarlyStopping", name, title, source, hint, note, convention=convention)


late_by_one = _stopper(
    "late_by_one",
    "More than patience: stops when the wait exceeds it, as scikit-learn does.",
    (">= self.patience", "> self.patience"),
    hint="With patience 3, after how many epochs without improvement is it to stop: the third, or the fourth?",
    note="row 72: > for >=",
    convention=True,
)
early_by_one = _stopper(
    "early_by_one",
    "Stops one epoch too early.",
    ("self.wait >= self.patience", "self.wait + 1 >= self.patience"),
    hint="With patience 3, how many epochs without an improvement do you wait for?",
    note="row 72: early by 1",
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
    hint="Can your stopper end the training in the best epoch of all?",
    note="seen only with a baseline that is not beaten",
)
returns_nothing = _stopper(
    "returns_nothing",
    "The decision is stored, not returned.",
    ("return self.wait >= self.patience", "self.stopped = self.wait >= self.patience"),
    hint="How does the training loop learn of your decision? What does step return?",
)


returns_go_on = _stopper(
    "returns_go_on",
    "step says whether to go on, not whether to stop.",
    ("            return False\n        self.wait", "            return True\n        self.wait"),
    (
        "                self.wait = 0\n            return False",
        "                self.wait = 0\n            return True",
    ),
    ("return self.wait >= self.patience", "return self.wait < self.patience"),
    hint="If step returns True, is the training to stop or to go on?",
)
min_delta_ignored = _stopper(
    "min_delta_ignored",
    "min_delta is not used.",
    (" + self.min_delta", ""),
    hint="With a min_delta of 1, is a gain of 0.001 an improvement?",
    note="row 73: ignored",
)
min_delta_sign = _stopper(
    "min_delta_sign",
    "min_delta makes it easier to improve.",
    (" + self.min_delta", " - self.min_delta"),
    hint="With a min_delta of 1, is a value that is slightly worse an improvement of yours?",
    note="row 73: sign",
)
min_delta_relative = _stopper(
    "min_delta_relative",
    "Relative min_delta: a share of the best value, as torch's schedulers take their threshold.",
    (" + self.min_delta", " + self.min_delta * abs(than)"),
    hint="Is min_delta a loss, or a share of one? Try it where the best value is 64.",
    note="row 73: relative",
    convention=True,
)
min_delta_signed = _stopper(
    "min_delta_signed",
    "A negative min_delta is not turned into its absolute value.",
    ("abs(min_delta)", "min_delta"),
    hint="What does the description say of a negative min_delta?",
    note="row 73: sign of the argument",
)
min_delta_in_max_mode = _stopper(
    "min_delta_in_max_mode",
    "min_delta goes the wrong way when larger is better.",
    (" + self.min_delta", " + self.sign * self.min_delta"),
    hint="When larger is better, in which direction does min_delta shift the bar?",
    note="row 73: sign, max only",
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
    hint="Many steps, each smaller than min_delta: does the bar for the next value move with them?",
    note="row 76: best updated by every smaller value",
)
ties_improve = _stopper(
    "ties_improve",
    "An equal value counts as an improvement.",
    ("< self.sign * than", "<= self.sign * than"),
    hint="Is a value that equals the best one an improvement?",
    note="row 74",
)
mode_ignored = _stopper(
    "mode_ignored",
    "Smaller is always better.",
    ('1.0 if mode == "min" else -1.0', "1.0"),
    hint="You watch an accuracy: which values are good, and does your stopper know?",
    note="row 75: ignored",
)
mode_inverted = _stopper(
    "mode_inverted",
    "The two modes are swapped.",
    ('mode == "min"', 'mode == "max"'),
    hint='With mode="min", is a smaller value better or worse in your code?',
    note="row 75: swapped",
)
best_in_other_sign = _stopper(
    "best_in_other_sign",
    "In max mode .best is the negative of the value.",
    ("self.best = value", "self.best = self.sign * value"),
    ("self.better(value, self.best)", "self.better(value, self.sign * self.best)"),
    hint="What does somebody expect to read in .best who watches an accuracy?",
    note="row 75: sign leaks out",
)
versus_previous = _stopper(
    "versus_previous",
    "Each value is compared with the one before.",
    (
        "        self.wait += 1\n",
        "        self.wait += 1\n        last = getattr(self, 'last', value)\n        self.last = value\n",
    ),
    ("self.better(value, self.best)", "self.better(value, last)"),
    hint="Is a value to be better than the one before, or than the best of all before?",
    note="row 76: versus previous",
)
best_always_updated = _stopper(
    "best_always_updated",
    "The best value is overwritten in every epoch.",
    ("        return self.wait >=", "        self.best = value\n        return self.wait >="),
    hint="After a bad epoch, what does your .best hold?",
    note="row 76: best always updated",
)
wait_not_reset = _stopper(
    "wait_not_reset",
    "An improvement does not reset the wait: all epochs count.",
    ("                self.wait = 0\n", "                pass\n"),
    hint="Where does the count of epochs without improvement start again?",
    note="row 77: not reset",
)
wait_cumulative = _stopper(
    "wait_cumulative",
    "Bad epochs add up over the whole run.",
    ("                self.wait = 0\n", "                self.wait -= 1\n"),
    hint="Two bad epochs, a new best, two bad epochs: for how many have you waited then?",
    note="row 77: cumulative",
)
best_weights_alias = _stopper(
    "best_weights_alias",
    "best_weights is the caller's list itself.",
    ("[np.array(array) for array in weights]", "weights"),
    hint="The training goes on and changes its weights. Does what you kept change, too?",
    note="row 78: alias",
)
best_weights_shallow = _stopper(
    "best_weights_shallow",
    "The list is copied, the arrays in it are not.",
    ("[np.array(array) for array in weights]", "list(weights)"),
    hint="Your list is a copy. Are the arrays in it?",
    note="row 78: shallow copy",
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
    hint="From which epoch are the weights that you keep: the best, or the last?",
    note="row 78: not restored",
)
weights_never_kept = _stopper(
    "weights_never_kept",
    "best_weights stays None.",
    ("self.best_weights = [np.array(array) for array in weights]", "pass"),
    hint="Where are the weights of the best epoch when the run is over?",
    note="row 78: not kept",
)
first_weights_kept = _stopper(
    "first_weights_kept",
    "best_weights stays at the first counted epoch's.",
    ("and weights is not None", "and self.best_weights is None"),
    hint="When a better epoch comes, do its weights take the place of the old ones?",
    note="row 78: first ones",
)
weights_only_if_stopped = _stopper(
    "weights_only_if_stopped",
    "Older Keras: best_weights is there only when the patience has run out.",
    ("self.best_weights = [np", "self.kept = [np"),
    (
        "        return self.wait >=",
        "        if self.wait >= self.patience and self.restore_best_weights:\n"
        "            self.best_weights = getattr(self, 'kept', None)\n"
        "        return self.wait >=",
    ),
    hint="The budget of epochs ends before the patience does: are the best weights there?",
    note="row 79",
    convention=True,
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
    hint="With start_from_epoch=2, which is the first epoch that counts? Epochs are counted from 0.",
    note="row 80: + 1",
)
warm_up_too_short = _stopper(
    "warm_up_too_short",
    "The last epoch of the warm-up counts.",
    ("self.epoch < self.start", "self.epoch + 1 < self.start"),
    hint="With start_from_epoch=2, does epoch 1 count? Epochs are counted from 0.",
    note="row 80: - 1",
)
warm_up_ignored = _stopper(
    "warm_up_ignored",
    "start_from_epoch is not used.",
    ("self.epoch < self.start_from_epoch", "False"),
    hint="With start_from_epoch=2, what becomes of the first two values?",
    note="row 80: ignored",
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
    hint="The best value of all falls into the warm-up. Is it to be .best?",
    note="row 80: tracked",
)
warm_up_waits = _stopper(
    "warm_up_waits",
    "The epochs of the warm-up count as waiting.",
    ("        self.wait += 1\n", ""),
    ("        self.epoch += 1\n", "        self.epoch += 1\n        self.wait += 1\n"),
    hint="For how many epochs have you waited when the warm-up is just over?",
    note="row 80; seen only with a baseline that is not beaten",
)
epochs_from_warm_up = _stopper(
    "epochs_from_warm_up",
    "best_epoch is counted from the end of the warm-up.",
    ("self.best_epoch = self.epoch", "self.best_epoch = self.epoch - self.start_from_epoch"),
    hint="Which epoch is number 0: the first of the run, or the first after the warm-up?",
)
epochs_from_one = _stopper(
    "epochs_from_one",
    "Counting from 1: best_epoch of the first epoch is 1.",
    ("self.best_epoch = self.epoch", "self.best_epoch = self.epoch + 1"),
    hint="Which number has the first epoch in the description?",
    convention=True,
)
best_starts_infinite = _stopper(
    "best_starts_infinite",
    "Infinity at the start: .best is infinite before the first counted value, as in older Keras.",
    ("self.best = None", "self.best = self.sign * np.inf"),
    hint="What is the best of no value at all? What does the description say?",
    convention=True,
)
baseline_ignored = _stopper(
    "baseline_ignored",
    "Later Keras: every improvement resets the wait, whatever the baseline.",
    ("if self.baseline is None or self.better(value, self.baseline):", "if True:"),
    hint="The loss improves, but is still worse than the baseline: does the wait start again here?",
    note="row 81: baseline ignored",
    convention=True,
)
baseline_is_first_best = _stopper(
    "baseline_is_first_best",
    "Baseline as first best: the best value starts at the baseline, as in older Keras.",
    ("self.best = None", "self.best = baseline"),
    hint="No value has beaten the baseline yet. Which is the best so far?",
    note="row 81: baseline at the start",
    convention=True,
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
    hint="A value is the smallest so far, but worse than the baseline. Is it to be .best?",
    note="row 81: baseline for the best",
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
    hint="A value beats the baseline, but not the best before: is that an improvement?",
    note="row 81: baseline alone",
)
baseline_without_min_delta = _stopper(
    "baseline_without_min_delta",
    "The baseline need not be beaten by min_delta.",
    ("self.better(value, self.baseline)", "self.sign * value < self.sign * self.baseline"),
    hint="Is the baseline beaten by a value that is 0.001 better, with a min_delta of 1?",
    note="row 81: without min_delta",
)
nan_improves = _stopper(
    "nan_improves",
    "NaN counts as an improvement: the comparison is negated.",
    (
        "return self.sign * value + self.min_delta < self.sign * than",
        "return not self.sign * value + self.min_delta >= self.sign * than",
    ),
    hint="What does a comparison with NaN give, and what its negation?",
    note="row 81: NaN improves",
)
nan_stops = _stopper(
    "nan_stops",
    "Stop at NaN: the run ends at once, as Lightning's check for finite values has it.",
    ("return self.wait >= self.patience", "return self.wait >= self.patience or np.isnan(value)"),
    hint="What is a NaN here: the end of the run, or an epoch without improvement?",
    note="row 81: NaN stops",
    convention=True,
)
nan_skipped = _stopper(
    "nan_skipped",
    "An epoch with NaN does not count as waiting.",
    (
        "        self.wait += 1\n",
        "        if np.isnan(value):\n            return False\n        self.wait += 1\n",
    ),
    hint="If NaN comes epoch after epoch, does your patience ever run out?",
    note="row 81: NaN skipped",
)
state_kept_across_runs = _stopper(
    "state_kept_across_runs",
    "The wait lives in a default argument and outlives the run.",
    ("start_from_epoch=0,\n", "start_from_epoch=0,\n        counts={'wait': 0},  # noqa: B006\n"),
    ("self.epoch, self.wait = -1, 0", "self.epoch, self.counts = -1, counts"),
    ("        self.wait += 1\n", "        self.counts['wait'] += 1\n"),
    ("                self.wait = 0\n", "                self.counts['wait'] = 0\n"),
    ("return self.wait >=", "return self.counts['wait'] >="),
    hint="Use a new stopper for a second run: does it begin with a wait of zero?",
    note="row 82: default argument",
)
state_shared_by_objects = _stopper(
    "state_shared_by_objects",
    "The best value is kept on the class, so that two stoppers share it.",
    ("self.best = None", "EarlyStopping.best = None"),
    ("self.best = value", "EarlyStopping.best = value"),
    hint="Two stoppers at a time, one for each of two runs: does each know its own best value?",
    note="row 82: on the class",
)

# lab_regularized ----------------------------------------------------------------------------------


@mutant("lab_regularized", hint="What keeps the net from learning the wrong labels?")
def without_remedy(X_train, T_train, X_val, T_val, rng):
    """It trains to the end without any regularization."""
    weights, biases = init_weights([X_train.shape[1], 30, T_train.shape[1]], rng)
    return train(weights, biases, X_train, T_train, 300, 10, 3.0, rng)


@mutant(
    "lab_regularized",
    hint="Do the weights grow or shrink under your penalty? Which way should it pull?",
    note="row 83: sign",
)
def decay_with_wrong_sign(X_train, T_train, X_val, T_val, rng):
    """The penalty on the squared weights has the wrong sign, so that they grow."""
    weights, biases = init_weights([X_train.shape[1], 30, T_train.shape[1]], rng)
    for _ in range(60):
        for batch in minibatches(len(X_train), 20, rng):
            dWs, dbs = gradients(weights, biases, X_train[batch], T_train[batch])
            dWs = [dW - 0.02 * W for W, dW in zip(weights, dWs)]
            weights, biases = sgd_update(weights, dWs, 1.0), sgd_update(biases, dbs, 1.0)
    return weights, biases


@mutant(
    "lab_regularized",
    hint="What is left of the weights under your penalty? Compare its pull with that of the data.",
)
def decay_too_strong(X_train, T_train, X_val, T_val, rng):
    """The penalty on the squared weights is so strong that nothing is learned."""
    weights, biases = init_weights([X_train.shape[1], 30, T_train.shape[1]], rng)
    for _ in range(20):
        for batch in minibatches(len(X_train), 20, rng):
            dWs, dbs = gradients(weights, biases, X_train[batch], T_train[batch])
            dWs = [dW + 0.5 * W for W, dW in zip(weights, dWs)]
            weights, biases = sgd_update(weights, dWs, 1.0), sgd_update(biases, dbs, 1.0)
    return weights, biases


@mutant(
    "lab_regularized",
    hint="Does each sample still have its own target when the training begins?",
    note="row 40",
)
def targets_in_another_order(X_train, T_train, X_val, T_val, rng):
    """The samples are shuffled before the training, the targets are not."""
    weights, biases = init_weights([X_train.shape[1], 30, T_train.shape[1]], rng)
    stopper = EarlyStopping(patience=10, restore_best_weights=True)
    X_train = rng.permutation(X_train)
    for _ in range(100):
        weights, biases = train(weights, biases, X_train, T_train, 1, 10, 3.0, rng)
        if stopper.step(evaluate(weights, biases, X_val, T_val)[0], [*weights, *biases]):
            break
    return stopper.best_weights[:2], stopper.best_weights[2:]


@mutant(
    "lab_regularized",
    hint="Which samples should decide when to stop?",
    note="row 104's kin: which data decide",
)
def stops_on_training_loss(X_train, T_train, X_val, T_val, rng):
    """It watches the training loss, which goes on falling."""
    weights, biases = init_weights([X_train.shape[1], 30, T_train.shape[1]], rng)
    stopper = EarlyStopping(patience=30, restore_best_weights=True)
    for _ in range(300):
        weights, biases = train(weights, biases, X_train, T_train, 1, 10, 3.0, rng)
        if stopper.step(evaluate(weights, biases, X_train, T_train)[0], [*weights, *biases]):
            break
    return stopper.best_weights[:2], stopper.best_weights[2:]


@mutant(
    "lab_regularized",
    hint="Is a falling loss good or bad, and does your stopper know?",
    note="row 75",
)
def loss_is_to_rise(X_train, T_train, X_val, T_val, rng):
    """It watches the validation loss in max mode."""
    weights, biases = init_weights([X_train.shape[1], 30, T_train.shape[1]], rng)
    stopper = EarlyStopping(patience=10, mode="max", restore_best_weights=True)
    for _ in range(300):
        weights, biases = train(weights, biases, X_train, T_train, 1, 10, 3.0, rng)
        if stopper.step(evaluate(weights, biases, X_val, T_val)[0], [*weights, *biases]):
            break
    return stopper.best_weights[:2], stopper.best_weights[2:]


@mutant(
    "lab_regularized",
    hint="Of which epoch are the weights that you return?",
    note="row 78",
    alias_of="without_remedy",
)
def returns_last_weights(X_train, T_train, X_val, T_val, rng):
    """It finds the best epoch, but returns the last weights."""
    weights, biases = init_weights([X_train.shape[1], 30, T_train.shape[1]], rng)
    stopper = EarlyStopping(patience=1000, restore_best_weights=True)
    for _ in range(300):
        weights, biases = train(weights, biases, X_train, T_train, 1, 10, 3.0, rng)
        stopper.step(evaluate(weights, biases, X_val, T_val)[0], [*weights, *biases])
    return weights, biases


@mutant(
    "lab_regularized",
    hint="What are the validation samples for? Can they tell you anything once they are trained on?",
)
def trains_on_validation_set(X_train, T_train, X_val, T_val, rng):
    """Trains on both sets without a remedy: more data, as many wrong labels."""
    weights, biases = init_weights([X_train.shape[1], 30, T_train.shape[1]], rng)
    X, T = np.concatenate([X_train, X_val]), np.concatenate([T_train, T_val])
    return train(weights, biases, X, T, 300, 10, 3.0, rng)


@mutant("lab_regularized", hint="How far has the validation loss fallen when you stop?")
def one_epoch(X_train, T_train, X_val, T_val, rng):
    """It stops after a single epoch."""
    weights, biases = init_weights([X_train.shape[1], 30, T_train.shape[1]], rng)
    return train(weights, biases, X_train, T_train, 1, 20, 0.5, rng)
