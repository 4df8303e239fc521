# ruff: noqa: F821  - the entries use the names of the notebook that they stand in
"""Mistakes that students make in 04-loss-and-init. Rows are those of the bug catalogue."""

import numpy as np

from autograder.catalogue import mutant

# Softmax


@mutant(
    "softmax",
    hint="Add 1000 to all scores: should the probabilities change? Which power of e is the largest then?",
    note="row 46",
)
def no_max_shift(z):
    """The exponentials overflow for large scores."""
    powers = np.exp(z)
    return powers / powers.sum(axis=1, keepdims=True)


@mutant(
    "softmax",
    hint="In a batch with one row near +1000, what becomes of a row whose scores are all near -1000?",
    note="row 47",
)
def global_max(z):
    """One maximum for the whole batch is subtracted, not each row's own."""
    powers = np.exp(z - z.max())
    return powers / powers.sum(axis=1, keepdims=True)


@mutant(
    "softmax",
    hint="One row is one sample here. In which direction do your probabilities add up to 1?",
    note="row 48: axis 0",
    convention=True,
)
def samples_in_columns(z):
    """Samples in columns: maximum and sum run over the first axis."""
    powers = np.exp(z - z.max(axis=0))
    return powers / powers.sum(axis=0)


@mutant(
    "softmax", hint="One row is one sample: along which axis is the sum 1?", note="row 48: axis 0"
)
def normalized_over_samples(z):
    """The sum runs over the samples, not over the classes."""
    powers = np.exp(z - z.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=0)


@mutant(
    "softmax",
    hint="Which sum is to be 1, that of each row or that of the whole batch?",
    note="row 48: global sum",
)
def normalized_over_everything(z):
    """The sum runs over samples and classes."""
    powers = np.exp(z - z.max())
    return powers / powers.sum()


@mutant(
    "softmax",
    hint="What shapes have the sums and z? Along which axis are they divided?",
    note="row 49",
)
def sum_without_keepdims(z):
    """The row sums are divided along the wrong axis."""
    powers = np.exp(z - z.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1)


@mutant(
    "softmax",
    hint="What shapes have the maxima and z? From which entries is each of them subtracted?",
    note="row 49",
)
def max_without_keepdims(z):
    """The row maxima are subtracted along the wrong axis."""
    powers = np.exp(z - z.max(axis=1))
    return powers / powers.sum(axis=1, keepdims=True)


@mutant("softmax", hint="After your subtraction, how large is the largest exponent?")
def subtracts_min(z):
    """The smallest score is subtracted, which makes the overflow worse."""
    powers = np.exp(z - z.min(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


@mutant(
    "softmax",
    hint="If two scores are both cut to one limit, what becomes of the difference between them?",
)
def clipped_scores(z):
    """Scores beyond +-500 are cut off, and with them their differences."""
    powers = np.exp(np.clip(z, -500.0, 500.0))
    return powers / powers.sum(axis=1, keepdims=True)


@mutant(
    "softmax",
    hint="Can a NaN be turned into the right number after the fact? Where does it come from?",
    note="row 46: NaN made 0",
)
def nan_to_zero(z):
    """The overflow is hidden behind zeros."""
    powers = np.exp(z)
    return np.nan_to_num(powers / powers.sum(axis=1, keepdims=True))


@mutant(
    "softmax",
    hint="What does a small number in the denominator do when the sum itself is tiny?",
    note="row 46: guarded",
)
def guarded_denominator(z):
    """A small number in the denominator stands in for the shift by the maximum."""
    powers = np.exp(np.minimum(z, 700.0))
    return powers / (powers.sum(axis=1, keepdims=True) + 1e-8)


@mutant("softmax", hint="Can your probabilities be negative if a score is?")
def no_exponential(z):
    """The scores themselves are divided by their sum."""
    return z / z.sum(axis=1, keepdims=True)


@mutant("softmax", hint="What do the entries of one of your rows add up to?")
def not_normalized(z):
    """The Boltzmann factors are not divided by the partition function."""
    return np.exp(z - z.max(axis=1, keepdims=True))


@mutant(
    "softmax",
    hint="Is a higher score here more probable or less? The text says what stands in for the energy.",
    convention=True,
)
def sign_of_the_exponent(z):
    """Energies: the scores are taken for energies, so that lower is more probable."""
    powers = np.exp(z.min(axis=1, keepdims=True) - z)
    return powers / powers.sum(axis=1, keepdims=True)


@mutant(
    "softmax", hint="If one score rises, what happens to the probabilities of the other classes?"
)
def sigmoid_of_each(z):
    """Each score goes through the logistic function by itself."""
    return 1.0 / (1.0 + np.exp(-z))


@mutant("softmax", hint="What do the classes that do not win get, at scores of 1.0 and 1.1?")
def hard_max(z):
    """The largest score gets everything: the maximum is hard."""
    return np.eye(z.shape[1])[z.argmax(axis=1)]


@mutant(
    "softmax",
    hint="Should the entries of a row add up to 1, or their exponentials?",
    convention=True,
)
def log_probabilities(z):
    """Logarithms: log-probabilities are returned, as by torch's log_softmax."""
    shifted = z - z.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


@mutant(
    "softmax",
    hint="By which factor should a probability grow when its score rises by 1?",
    note="row 52: base",
)
def base_two(z):
    """Powers of 2 stand in place of powers of e."""
    powers = 2.0 ** (z - z.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


@mutant("softmax", hint="Does the caller still have the scores that were passed in?", note="row 44")
def shifts_in_place(z):
    """The caller's scores are overwritten."""
    z -= z.max(axis=1, keepdims=True)
    powers = np.exp(z)
    return powers / powers.sum(axis=1, keepdims=True)


@mutant("softmax", hint="How many samples does z hold, and does each get an answer of its own?")
def first_sample_only(z):
    """Every row is given the first sample's probabilities."""
    powers = np.exp(z[0] - z[0].max())
    return np.tile(powers / powers.sum(), (len(z), 1))


# Cross entropy


@mutant(
    "cross_entropy",
    hint="What does the logarithm give if a prediction is exactly 0?",
    note="row 50",
)
def log_of_zero(y, t):
    """The logarithm meets 0, and 0 times infinity is NaN."""
    return -np.mean(np.sum(t * np.log(y), axis=1))


@mutant(
    "cross_entropy",
    hint="What does your loss say if the true class was given the probability 0?",
    note="row 50",
)
def log_of_zero_on_argmax(y, t):
    """Only the true classes are looked up, and 0 among them is infinite."""
    return -np.mean(np.log(y[np.arange(len(y)), t.argmax(axis=1)]))


@mutant(
    "cross_entropy",
    hint="Use every sample twice: should the loss change? Ours is a mean.",
    note="row 51: summed",
    convention=True,
)
def summed_over_samples(y, t):
    """Sum over the samples: not divided by N, as torch's reduction='sum'."""
    return -np.sum(t * np.log(y + 1e-12))


@mutant(
    "cross_entropy",
    hint="Over what does the text take the mean: samples, or samples and classes?",
    note="row 51: mean of all",
    convention=True,
)
def mean_over_everything(y, t):
    """Mean over all entries: 1/C of our loss."""
    return -np.mean(t * np.log(y + 1e-12))


@mutant(
    "cross_entropy",
    hint="Over what is the average taken: the samples or the classes? Which number do you divide by?",
)
def divided_by_classes(y, t):
    """The sum is divided by the number of classes in place of samples."""
    return -np.sum(t * np.log(y + 1e-12)) / y.shape[1]


@mutant(
    "cross_entropy",
    hint="What does a blind guess among C classes cost, and what does yours say? Which logarithm is it?",
    note="row 52: log10",
)
def decimal_logarithm(y, t):
    """The logarithm has base 10."""
    return -np.mean(np.sum(t * np.log10(y + 1e-12), axis=1))


@mutant(
    "cross_entropy",
    hint="In which unit is your loss? The text measures it with the natural logarithm.",
    note="row 52: log2",
    convention=True,
)
def binary_logarithm(y, t):
    """Bits: the logarithm has base 2."""
    return -np.mean(np.sum(t * np.log2(y + 1e-12), axis=1))


@mutant(
    "cross_entropy",
    hint="Is y a score, or a probability already? How often does it go through a softmax?",
    note="row 53",
    convention=True,
)
def softmax_inside(y, t):
    """Scores as argument: a softmax is applied inside, as in torch's cross_entropy."""
    return -np.mean(np.sum(t * np.log(softmax(y) + 1e-12), axis=1))


@mutant("cross_entropy", hint="The logarithm of a probability is negative. Should a cost be?")
def sign_forgotten(y, t):
    """The minus sign is missing."""
    return np.mean(np.sum(t * np.log(y + 1e-12), axis=1))


@mutant(
    "cross_entropy",
    hint="Does a class whose target is 0 add anything to the cost in the text?",
    note="the sum of both terms",
    convention=True,
)
def binary_form(y, t):
    """Yes or no for each class: the cross entropy of independent sigmoid outputs."""
    y = np.clip(y, 1e-12, 1.0 - 1e-12)
    return -np.mean(np.sum(t * np.log(y) + (1 - t) * np.log(1 - y), axis=1))


@mutant(
    "cross_entropy",
    hint="Which of the two arguments is the prediction, and of which is the logarithm taken?",
    convention=True,
)
def arguments_swapped(y, t):
    """Target first: y and t change places, as in scikit-learn and Keras."""
    return -np.mean(np.sum(y * np.log(t + 1e-12), axis=1))


@mutant(
    "cross_entropy",
    hint="Which class is charged: the true one, or the one that the net likes best?",
)
def charges_the_favourite(y, t):
    """The predicted class is charged, not the true one."""
    return -np.mean(np.log(y.max(axis=1) + 1e-12))


@mutant("cross_entropy", hint="If the targets change, does your loss?")
def entropy_of_y(y, t):
    """The entropy of the prediction is returned: the targets do not enter."""
    return -np.mean(np.sum(y * np.log(y + 1e-12), axis=1))


@mutant(
    "cross_entropy",
    hint="By how much does your guard against 0 change the cost of a probability of 0.01?",
)
def large_epsilon(y, t):
    """The guard against 0 is so large that it changes the loss."""
    return -np.mean(np.sum(t * np.log(y + 1e-3), axis=1))


@mutant(
    "cross_entropy",
    hint="What is the most that one mistake can cost with your guard? And what should it at least?",
)
def coarse_clip(y, t):
    """Clipped at 1e-3: even a certain mistake costs 6.9 at most."""
    return -np.mean(np.sum(t * np.log(np.clip(y, 1e-3, 1.0)), axis=1))


@mutant(
    "cross_entropy",
    hint="What does a sample cost in your loss whose true class was given the probability 0?",
)
def zeros_skipped(y, t):
    """Samples whose true class has probability 0 are left out."""
    logs = np.log(y, out=np.zeros_like(y), where=y > 0)
    return -np.mean(np.sum(t * logs, axis=1))


@mutant(
    "cross_entropy",
    hint="Does the caller still have the probabilities that were passed in?",
    note="row 44",
)
def clips_in_place(y, t):
    """The caller's probabilities are overwritten."""
    np.clip(y, 1e-12, 1.0, out=y)
    return -np.mean(np.sum(t * np.log(y), axis=1))


@mutant(
    "cross_entropy", hint="How many numbers is the loss of a batch in the text?", convention=True
)
def one_loss_per_sample(y, t):
    """Not reduced: one loss for each sample, as Keras's losses return."""
    return -np.sum(t * np.log(y + 1e-12), axis=1)


@mutant(
    "cross_entropy",
    hint="One row is one sample: which axis is summed, and over which one is the mean taken?",
    note="row 48: axis 0",
    convention=True,
    alias_of="divided_by_classes",
)
def samples_in_columns_of_y(y, t):
    """Samples in columns: the sum runs over the first axis, the mean over the second."""
    return -np.mean(np.sum(t * np.log(y + 1e-12), axis=0))


@mutant(
    "cross_entropy",
    hint="What shape has the array that you average? How many losses should there be?",
    note="row 57: (N,) x (N, 1)",
    alias_of="summed_over_samples",
)
def rows_against_columns(y, t):
    """(N,) times (N, 1) makes an N by N table of losses."""
    chosen = np.sum(t * y, axis=1)
    weight = t.max(axis=1, keepdims=True)
    return -np.sum(weight * np.log(chosen + 1e-12)) / len(y)


@mutant(
    "cross_entropy",
    hint="What should a probability of nearly 0 for the true class cost, and what does it in your cost?",
)
def quadratic(y, t):
    """The quadratic cost stands in place of the cross entropy."""
    return 0.5 * np.mean(np.sum((y - t) ** 2, axis=1))


@mutant(
    "cross_entropy",
    hint="Is it the mean of the logarithms that you take, or the logarithm of the mean?",
)
def log_of_the_mean(y, t):
    """The logarithm of the mean probability, not the mean of the logarithms."""
    return -np.log(np.mean(np.sum(t * y, axis=1)) + 1e-12)


# The gradient of the two together


@mutant(
    "softmax_cross_entropy_gradient",
    hint="If the score of the true class rises, which way does the cost go? A slope has that sign.",
    note="row 12",
    convention=True,
)
def target_minus_output(z, t):
    """Downhill: minus the slope, from t - y, as some books define delta."""
    return t - softmax(z)


@mutant(
    "softmax_cross_entropy_gradient",
    hint="Is the delta asked for that of one sample, or of the batch's mean? See the description.",
    note="row 24",
    convention=True,
)
def divided_by_samples(z, t):
    """Mean in delta: divided by N, as torch's mean reduction has it."""
    return (softmax(z) - t) / len(z)


@mutant(
    "softmax_cross_entropy_gradient",
    hint="Work out the sum over j on paper: does anything like the slope of sigma survive?",
    note="row 54",
)
def sigmoid_slope_kept(z, t):
    """The factor y(1 - y) of the quadratic cost is still there."""
    y = softmax(z)
    return (y - t) * y * (1.0 - y)


@mutant(
    "softmax_cross_entropy_gradient",
    hint="Is this the slope with respect to y, or with respect to the scores z?",
    note="row 55: -t/y",
)
def slope_at_the_output(z, t):
    """The derivative stops at y: the softmax is not passed."""
    return -t / (softmax(z) + 1e-12)


@mutant(
    "softmax_cross_entropy_gradient",
    hint="Does the score z_j move the other probabilities y_i, too? Where is that in your sum?",
    note="row 55: diagonal only",
)
def diagonal_only(z, t):
    """Only the diagonal of the softmax's Jacobian is used."""
    y = softmax(z)
    return -t * (1.0 - y)


@mutant(
    "softmax_cross_entropy_gradient",
    hint="How often do the scores go through a softmax until the target is subtracted?",
    note="row 53",
)
def softmax_twice(z, t):
    """The probabilities go through the softmax again."""
    return softmax(softmax(z)) - t


@mutant(
    "softmax_cross_entropy_gradient",
    hint="What turns scores into probabilities, and where is it in your function?",
)
def scores_minus_targets(z, t):
    """The scores are compared with the targets: the softmax is missing."""
    return z - t


@mutant(
    "softmax_cross_entropy_gradient",
    hint="If one score rises, do the other classes' probabilities fall in your output function?",
)
def sigmoid_output(z, t):
    """The logistic function of each score stands in place of the softmax."""
    return 1.0 / (1.0 + np.exp(-z)) - t


@mutant(
    "softmax_cross_entropy_gradient",
    hint="If the target changes, does your slope? And what is it where the net is certain and right?",
)
def targets_forgotten(z, t):
    """The probabilities alone are returned: the targets do not enter."""
    return softmax(z)


@mutant(
    "softmax_cross_entropy_gradient",
    hint="Compare with a secant of the cost: by which factor do you differ? Is there a square in this cost?",
    note="row 13: factor 2",
)
def factor_two(z, t):
    """Twice the slope, as for a square."""
    return 2.0 * (softmax(z) - t)


@mutant(
    "softmax_cross_entropy_gradient",
    hint="Compare with a secant of the cost: by which factor do you differ? Is there a 1/2 in this cost?",
    note="row 13: factor 1/2",
)
def factor_one_half(z, t):
    """Half the slope: the 1/2 of the quadratic cost is carried along."""
    return 0.5 * (softmax(z) - t)


@mutant(
    "softmax_cross_entropy_gradient",
    hint="Which of the two arguments holds the scores, and which the targets? See the description.",
    convention=True,
)
def target_first(z, t):
    """Target first: z and t change places."""
    return softmax(t) - z


@mutant(
    "softmax_cross_entropy_gradient",
    hint="Is it one slope per sample and class that you return, or one for the whole batch?",
    note="row 51: mean over the samples",
)
def averaged_over_samples(z, t):
    """The mean over the samples is taken, so that one row is left."""
    return np.mean(softmax(z) - t, axis=0)


@mutant(
    "softmax_cross_entropy_gradient",
    hint="Is it the cost of each class that you return, or its slope?",
)
def cost_in_place_of_slope(z, t):
    """The cost itself is returned, class by class, not its slope."""
    return -t * np.log(softmax(z) + 1e-12)


@mutant(
    "softmax_cross_entropy_gradient",
    hint="Which class's slope is pushed down: the true one's, or the favourite's?",
)
def subtracts_at_the_favourite(z, t):
    """1 is subtracted at the predicted class, not at the true one."""
    y = softmax(z)
    y[np.arange(len(y)), y.argmax(axis=1)] -= 1.0
    return y


@mutant(
    "softmax_cross_entropy_gradient",
    hint="If a wrong class's score rises, does the cost stay the same?",
    alias_of="diagonal_only",
)
def true_class_only(z, t):
    """The slope at the wrong classes is dropped."""
    return t * (softmax(z) - t)


@mutant(
    "softmax_cross_entropy_gradient",
    hint="Can you write it without any step h, from the sum on paper?",
    note="numerical",
)
def difference_quotient(z, t, h=1e-5):
    """A numerical derivative stands in place of the formula."""
    slope = np.zeros_like(z)
    for j in range(z.shape[1]):
        step = np.zeros_like(z)
        step[:, j] = h
        above = np.log(np.sum(t * softmax(z + step), axis=1))
        below = np.log(np.sum(t * softmax(z - step), axis=1))
        slope[:, j] = -(above - below) / (2 * h)
    return slope


@mutant(
    "softmax_cross_entropy_gradient",
    hint="Can you do the sum over j on paper, so that no step is left in your code?",
    note="numerical",
)
def complex_step(z, t):
    """A complex step, right to the last digit, stands in place of the formula."""
    slope = np.zeros(z.shape)
    z = z - z.max(axis=1, keepdims=True)
    for j in range(z.shape[1]):
        beside = z.astype(complex)
        beside[:, j] += 1e-200j
        cost = np.log(np.exp(beside).sum(axis=1)) - (t * beside).sum(axis=1)
        slope[:, j] = cost.imag / 1e-200
    return slope


@mutant(
    "softmax_cross_entropy_gradient",
    hint="Add 1000 to all scores: should the slope change? Does yours stay finite?",
    note="row 46",
)
def gradient_overflows(z, t):
    """A softmax of its own, without the shift by the maximum."""
    powers = np.exp(z)
    return powers / powers.sum(axis=1, keepdims=True) - t


@mutant(
    "softmax_cross_entropy_gradient",
    hint="In a batch with one row near +1000, what becomes of a row near -1000?",
    note="row 47",
)
def gradient_global_max(z, t):
    """A softmax of its own subtracts one maximum for the whole batch."""
    powers = np.exp(z - z.max())
    return powers / powers.sum(axis=1, keepdims=True) - t


@mutant(
    "softmax_cross_entropy_gradient",
    hint="What shapes have the sums and z? Along which axis are they divided?",
    note="row 49",
)
def gradient_without_keepdims(z, t):
    """A softmax of its own divides the row sums along the wrong axis."""
    powers = np.exp(z - z.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1) - t


@mutant(
    "softmax_cross_entropy_gradient",
    hint="One row is one sample here. In which direction do your probabilities add up to 1?",
    note="row 48: axis 0",
    convention=True,
)
def gradient_axis(z, t):
    """Samples in columns: a softmax of its own sums over the first axis."""
    powers = np.exp(z - z.max(axis=0))
    return powers / powers.sum(axis=0) - t


@mutant(
    "softmax_cross_entropy_gradient",
    hint="Does the caller still have the targets that were passed in?",
    note="row 44",
)
def changes_the_targets(z, t):
    """The caller's targets are overwritten."""
    t -= softmax(z)
    return -t


# Initial weights


@mutant(
    "init_weights",
    hint="Of n_in terms, each of spread 1: what is the spread of their sum?",
    note="row 58: not at all",
)
def unscaled(sizes, rng):
    """Every weight has standard deviation 1."""
    pairs = list(zip(sizes[:-1], sizes[1:]))
    weights = [rng.standard_normal((n_out, n_in)) for n_in, n_out in pairs]
    return weights, [rng.standard_normal(n_out) for n_out in sizes[1:]]


@mutant(
    "init_weights",
    hint="Which grows with the number of terms of a random sum like n: its variance, or its standard deviation?",
    note="row 58: 1/n",
)
def divided_by_n(sizes, rng):
    """The weights are divided by n_in in place of its square root."""
    pairs = list(zip(sizes[:-1], sizes[1:]))
    weights = [rng.standard_normal((n_out, n_in)) / n_in for n_in, n_out in pairs]
    return weights, [rng.standard_normal(n_out) for n_out in sizes[1:]]


@mutant(
    "init_weights",
    hint="What feeds one neuron, and how many such terms are there: n_in or n_out?",
    note="row 59: n_out",
    convention=True,
)
def counts_outputs(sizes, rng):
    """Count of outputs: the spread is 1/sqrt(n_out), as in the mode fan_out."""
    pairs = list(zip(sizes[:-1], sizes[1:]))
    weights = [rng.standard_normal((n_out, n_in)) / np.sqrt(n_out) for n_in, n_out in pairs]
    return weights, [rng.standard_normal(n_out) for n_out in sizes[1:]]


@mutant(
    "init_weights", hint="How many inputs has a neuron of the second layer: as many as the network?"
)
def counts_network_inputs(sizes, rng):
    """Every layer is scaled by the number of the network's inputs."""
    scale = 1.0 / np.sqrt(sizes[0])
    pairs = list(zip(sizes[:-1], sizes[1:]))
    weights = [scale * rng.standard_normal((n_out, n_in)) for n_in, n_out in pairs]
    return weights, [rng.standard_normal(n_out) for n_out in sizes[1:]]


@mutant(
    "init_weights",
    hint="Is the number that your generator takes a standard deviation or a variance? And the one that you give?",
    note="row 60",
)
def root_taken_twice(sizes, rng):
    """The standard deviation is taken for a variance: n_in to the power -1/4."""
    pairs = list(zip(sizes[:-1], sizes[1:]))
    weights = [rng.normal(0.0, n_in**-0.25, (n_out, n_in)) for n_in, n_out in pairs]
    return weights, [rng.standard_normal(n_out) for n_out in sizes[1:]]


@mutant(
    "init_weights",
    hint="Should a layer with more inputs have larger weights, or smaller ones?",
    note="row 60: the root multiplies",
)
def multiplied_by_root(sizes, rng):
    """The weights are multiplied by the root of n_in, not divided."""
    pairs = list(zip(sizes[:-1], sizes[1:]))
    weights = [rng.standard_normal((n_out, n_in)) * np.sqrt(n_in) for n_in, n_out in pairs]
    return weights, [rng.standard_normal(n_out) for n_out in sizes[1:]]


@mutant(
    "init_weights",
    hint="Which rule for the spread does this notebook derive, and for which neurons is yours made?",
    note="row 61: He",
    convention=True,
)
def he_rule(sizes, rng):
    """He's rule: the spread is larger by the root of 2, as for ReLU."""
    pairs = list(zip(sizes[:-1], sizes[1:]))
    weights = [rng.standard_normal((n_out, n_in)) * np.sqrt(2 / n_in) for n_in, n_out in pairs]
    return weights, [rng.standard_normal(n_out) for n_out in sizes[1:]]


@mutant(
    "init_weights",
    hint="Which numbers of neurons enter the rule of this notebook: n_in, n_out, or both?",
    note="row 61: Xavier",
    convention=True,
)
def xavier_rule(sizes, rng):
    """Xavier's rule: the spread takes inputs and outputs together."""
    weights, biases = [], []
    for n_in, n_out in zip(sizes[:-1], sizes[1:]):
        weights.append(rng.normal(0.0, np.sqrt(2 / (n_in + n_out)), (n_out, n_in)))
        biases.append(rng.standard_normal(n_out))
    return weights, biases


@mutant(
    "init_weights",
    hint="Look at a histogram of one layer: which distribution is it, and which is asked for?",
    note="row 62: uniform",
    convention=True,
)
def uniform_same_spread(sizes, rng):
    """Uniform draw: with the right spread, as LeCun's rule in its uniform form."""
    weights, biases = [], []
    for n_in, n_out in zip(sizes[:-1], sizes[1:]):
        limit = np.sqrt(3 / n_in)
        weights.append(rng.uniform(-limit, limit, (n_out, n_in)))
        biases.append(rng.standard_normal(n_out))
    return weights, biases


@mutant(
    "init_weights",
    hint="Is the limit of a uniform draw its standard deviation? Which distribution does the text ask for?",
    note="row 62: limit as std",
    convention=True,
)
def uniform_limit(sizes, rng):
    """Torch's default: uniform between -1/sqrt(n_in) and 1/sqrt(n_in)."""
    weights, biases = [], []
    for n_in, n_out in zip(sizes[:-1], sizes[1:]):
        limit = 1 / np.sqrt(n_in)
        weights.append(rng.uniform(-limit, limit, (n_out, n_in)))
        biases.append(rng.standard_normal(n_out))
    return weights, biases


@mutant(
    "init_weights",
    hint="Look at a histogram of one layer: how far do its tails reach, and how far a Gaussian's?",
    note="row 62: cut tails",
    convention=True,
)
def truncated(sizes, rng):
    """Truncated Gaussian: nothing beyond two standard deviations, as Keras's lecun_normal."""
    weights, biases = [], []
    for n_in, n_out in zip(sizes[:-1], sizes[1:]):
        W = rng.standard_normal((n_out, n_in))
        while np.any(np.abs(W) > 2):
            W = np.where(np.abs(W) > 2, rng.standard_normal((n_out, n_in)), W)
        weights.append(W / 0.8796 / np.sqrt(n_in))
        biases.append(rng.standard_normal(n_out))
    return weights, biases


@mutant(
    "init_weights",
    hint="Look at a histogram of one layer: does it have tails?",
    note="row 62: two values",
)
def random_signs(sizes, rng):
    """Every weight has the same size, only its sign is random."""
    pairs = list(zip(sizes[:-1], sizes[1:]))
    weights = [rng.choice([-1.0, 1.0], (n_out, n_in)) / np.sqrt(n_in) for n_in, n_out in pairs]
    return weights, [rng.standard_normal(n_out) for n_out in sizes[1:]]


@mutant("init_weights", hint="What is the mean of your weights, and what does that do to z?")
def positive_weights(sizes, rng):
    """The weights are all positive."""
    pairs = list(zip(sizes[:-1], sizes[1:]))
    weights = [np.abs(rng.standard_normal((n_out, n_in))) / np.sqrt(n_in) for n_in, n_out in pairs]
    return weights, [rng.standard_normal(n_out) for n_out in sizes[1:]]


@mutant(
    "init_weights",
    hint="With weights of zero, do two neurons of a layer ever become different?",
    note="row 63: zeros",
)
def zeros(sizes, rng):
    """All weights are zero."""
    weights = [np.zeros((n_out, n_in)) for n_in, n_out in zip(sizes[:-1], sizes[1:])]
    return weights, [rng.standard_normal(n_out) for n_out in sizes[1:]]


@mutant(
    "init_weights",
    hint="If all weights are the same number, do two neurons ever become different?",
    note="row 63: one number",
)
def constant(sizes, rng):
    """All weights of a layer are the number 1/sqrt(n_in)."""
    pairs = list(zip(sizes[:-1], sizes[1:]))
    weights = [np.full((n_out, n_in), 1 / np.sqrt(n_in)) for n_in, n_out in pairs]
    return weights, [rng.standard_normal(n_out) for n_out in sizes[1:]]


@mutant(
    "init_weights",
    hint="Compare two rows of one of your matrices: can the two neurons ever become different?",
    note="row 63: tiled rows",
)
def tiled_rows(sizes, rng):
    """Every neuron of a layer has the same weights."""
    weights, biases = [], []
    for n_in, n_out in zip(sizes[:-1], sizes[1:]):
        weights.append(np.tile(rng.standard_normal(n_in) / np.sqrt(n_in), (n_out, 1)))
        biases.append(rng.standard_normal(n_out))
    return weights, biases


@mutant(
    "init_weights",
    hint="Can a neuron of yours tell its inputs apart at the start?",
    note="row 63: tiled columns",
)
def tiled_columns(sizes, rng):
    """A neuron gives every input the same weight."""
    weights, biases = [], []
    for n_in, n_out in zip(sizes[:-1], sizes[1:]):
        weights.append(np.tile(rng.standard_normal((n_out, 1)) / np.sqrt(n_in), (1, n_in)))
        biases.append(rng.standard_normal(n_out))
    return weights, biases


@mutant(
    "init_weights",
    hint="Call it twice: are the numbers the same? Who seeds the generator?",
    note="row 64",
)
def fixed_seed(sizes, rng):
    """A generator of its own, seeded inside."""
    rng = np.random.default_rng(42)
    pairs = list(zip(sizes[:-1], sizes[1:]))
    weights = [rng.standard_normal((n_out, n_in)) / np.sqrt(n_in) for n_in, n_out in pairs]
    return weights, [rng.standard_normal(n_out) for n_out in sizes[1:]]


@mutant(
    "init_weights",
    hint="Use one generator for two networks: are their weights the same? Where is the seed?",
    note="row 64: drawn once",
)
def drawn_once(sizes, rng, drawn={}):
    """What was drawn for some sizes is kept and returned again at further calls."""
    key = tuple(sizes)
    if key not in drawn:
        pairs = list(zip(sizes[:-1], sizes[1:]))
        weights = [rng.standard_normal((n_out, n_in)) / np.sqrt(n_in) for n_in, n_out in pairs]
        drawn[key] = weights, [rng.standard_normal(n_out) for n_out in sizes[1:]]
    return drawn[key]


@mutant(
    "init_weights",
    hint="Which generator do you draw from: the one that was passed in?",
    note="row 64: another generator",
)
def global_generator(sizes, rng):
    """NumPy's global generator in place of the one that is passed in."""
    pairs = list(zip(sizes[:-1], sizes[1:]))
    weights = [np.random.randn(n_out, n_in) / np.sqrt(n_in) for n_in, n_out in pairs]
    return weights, [np.random.randn(n_out) for n_out in sizes[1:]]


@mutant(
    "init_weights",
    hint="Weights and biases: do both come from the generator that was passed in?",
    note="row 64: another generator",
)
def global_generator_for_biases(sizes, rng):
    """The biases come from NumPy's global generator."""
    pairs = list(zip(sizes[:-1], sizes[1:]))
    weights = [rng.standard_normal((n_out, n_in)) / np.sqrt(n_in) for n_in, n_out in pairs]
    return weights, [np.random.randn(n_out) for n_out in sizes[1:]]


@mutant(
    "init_weights",
    hint="Compare the first numbers of two layers: are they independent?",
    note="row 64: seed per layer",
)
def same_numbers_in_each_layer(sizes, rng):
    """Every layer starts from the same seed."""
    seed = rng.integers(2**31)
    weights, biases = [], []
    for n_in, n_out in zip(sizes[:-1], sizes[1:]):
        layer = np.random.default_rng(seed)
        weights.append(layer.standard_normal((n_out, n_in)) / np.sqrt(n_in))
        biases.append(rng.standard_normal(n_out))
    return weights, biases


@mutant(
    "init_weights", hint="Compare a layer's biases with its first weights: are they independent?"
)
def biases_repeat_the_weights(sizes, rng):
    """The biases are the weights' random numbers over again."""
    weights, biases = [], []
    for n_in, n_out in zip(sizes[:-1], sizes[1:]):
        numbers = rng.standard_normal((n_out, n_in))
        weights.append(numbers / np.sqrt(n_in))
        biases.append(numbers.ravel()[:n_out].copy())
    return weights, biases


@mutant(
    "init_weights",
    hint="A neuron adds up n_in weighted inputs, but how many biases? Does a bias need the same rule?",
    note="row 65",
)
def biases_scaled(sizes, rng):
    """The biases are scaled like the weights."""
    weights, biases = [], []
    for n_in, n_out in zip(sizes[:-1], sizes[1:]):
        weights.append(rng.standard_normal((n_out, n_in)) / np.sqrt(n_in))
        biases.append(rng.standard_normal(n_out) / np.sqrt(n_in))
    return weights, biases


@mutant(
    "init_weights", hint="From which distribution does the text draw the biases?", convention=True
)
def biases_zero(sizes, rng):
    """Zero biases: as Keras starts them."""
    pairs = list(zip(sizes[:-1], sizes[1:]))
    weights = [rng.standard_normal((n_out, n_in)) / np.sqrt(n_in) for n_in, n_out in pairs]
    return weights, [np.zeros(n_out) for n_out in sizes[1:]]


@mutant(
    "init_weights",
    hint="Look at a histogram of the biases: where is its middle, and does it have tails?",
)
def biases_uniform(sizes, rng):
    """The biases are uniform between 0 and 1."""
    pairs = list(zip(sizes[:-1], sizes[1:]))
    weights = [rng.standard_normal((n_out, n_in)) / np.sqrt(n_in) for n_in, n_out in pairs]
    return weights, [rng.random(n_out) for n_out in sizes[1:]]


@mutant(
    "init_weights",
    hint="Which comes first in the shape of W in this course: the neurons of the layer, or their inputs?",
    note="row 32",
    convention=True,
)
def weights_transposed(sizes, rng):
    """Weights as (n_in, n_out): Keras's layout."""
    pairs = list(zip(sizes[:-1], sizes[1:]))
    weights = [rng.standard_normal((n_in, n_out)) / np.sqrt(n_in) for n_in, n_out in pairs]
    return weights, [rng.standard_normal(n_out) for n_out in sizes[1:]]


@mutant(
    "init_weights",
    hint="What shape has a layer's bias in this course: one axis, or two?",
    convention=True,
)
def biases_as_columns(sizes, rng):
    """Biases as columns: their shape is (n_out, 1)."""
    pairs = list(zip(sizes[:-1], sizes[1:]))
    weights = [rng.standard_normal((n_out, n_in)) / np.sqrt(n_in) for n_in, n_out in pairs]
    return weights, [rng.standard_normal((n_out, 1)) for n_out in sizes[1:]]


@mutant(
    "init_weights",
    hint="What shape has a layer's bias in this course: a vector, or a matrix of one row?",
    convention=True,
)
def biases_as_rows(sizes, rng):
    """Biases as rows: their shape is (1, n_out)."""
    pairs = list(zip(sizes[:-1], sizes[1:]))
    weights = [rng.standard_normal((n_out, n_in)) / np.sqrt(n_in) for n_in, n_out in pairs]
    return weights, [rng.standard_normal((1, n_out)) for n_out in sizes[1:]]


@mutant(
    "init_weights",
    hint="Do you return two lists with an entry per layer, or one list with two entries per layer?",
    convention=True,
)
def pairs_by_layer(sizes, rng):
    """Pairs by layer: one list of (W, b) in place of two lists."""
    pairs = zip(sizes[:-1], sizes[1:])
    return [(rng.standard_normal((m, n)) / np.sqrt(n), rng.standard_normal(m)) for n, m in pairs]


@mutant(
    "init_weights",
    hint="Does the caller still have the list of sizes that was passed in?",
    note="row 44",
)
def sizes_used_up(sizes, rng):
    """The caller's list of sizes is taken apart."""
    weights, biases = [], []
    n_in = sizes.pop(0)
    while sizes:
        n_out = sizes.pop(0)
        weights.append(rng.standard_normal((n_out, n_in)) / np.sqrt(n_in))
        biases.append(rng.standard_normal(n_out))
        n_in = n_out
    return weights, biases


@mutant("init_weights", hint="How many layers have biases? Do the inputs?")
def biases_for_the_inputs(sizes, rng):
    """The input layer is given biases, too."""
    pairs = list(zip(sizes[:-1], sizes[1:]))
    weights = [rng.standard_normal((n_out, n_in)) / np.sqrt(n_in) for n_in, n_out in pairs]
    return weights, [rng.standard_normal(n) for n in sizes]


# The lab


@mutant(
    "lab_initialization",
    hint="How large is z of an output neuron at the start, and how steep is sigma there?",
    note="row 58: not at all",
)
def unscaled_start(sizes, X_train, T_train, rng):
    """The recipe from weights of standard deviation 1."""
    pairs = list(zip(sizes[:-1], sizes[1:]))
    weights = [rng.standard_normal((n_out, n_in)) for n_in, n_out in pairs]
    biases = [rng.standard_normal(n_out) for n_out in sizes[1:]]
    return train(weights, biases, X_train, T_train, 30, 10, 0.5, rng)


@mutant(
    "lab_initialization",
    hint="Which network do you return: the one that was drawn, or the one that was trained?",
)
def not_trained(sizes, X_train, T_train, rng):
    """The initial weights are returned."""
    return init_weights(sizes, rng)


@mutant(
    "lab_initialization",
    hint="What does train return, and where does it go?",
    note="row 45",
    alias_of="not_trained",
)
def trained_result_dropped(sizes, X_train, T_train, rng):
    """The network is trained, and the untrained one returned."""
    weights, biases = init_weights(sizes, rng)
    train(weights, biases, X_train, T_train, 30, 10, 0.5, rng)
    return weights, biases


@mutant(
    "lab_initialization",
    hint="How often does the network see each sample, and how often does the recipe want it?",
)
def two_epochs(sizes, X_train, T_train, rng):
    """It is stopped after two epochs."""
    weights, biases = init_weights(sizes, rng)
    return train(weights, biases, X_train, T_train, 2, 10, 0.5, rng)


@mutant(
    "lab_initialization",
    hint="How many steps does an epoch of the recipe have, and how many yours?",
)
def one_batch_of_everything(sizes, X_train, T_train, rng):
    """All samples stand in one batch, so that 30 epochs are 30 steps."""
    weights, biases = init_weights(sizes, rng)
    return train(weights, biases, X_train, T_train, 30, len(X_train), 0.5, rng)


@mutant(
    "lab_initialization",
    hint="Two hidden neurons that start alike: can they ever become different?",
    note="row 63",
)
def equal_start(sizes, X_train, T_train, rng):
    """All weights and biases start at zero."""
    pairs = list(zip(sizes[:-1], sizes[1:]))
    weights = [np.zeros((n_out, n_in)) for n_in, n_out in pairs]
    biases = [np.zeros(n_out) for n_out in sizes[1:]]
    return train(weights, biases, X_train, T_train, 30, 10, 0.5, rng)


@mutant(
    "lab_initialization",
    hint="When the images change places, do their targets come along?",
    note="row 40",
)
def targets_shuffled(sizes, X_train, T_train, rng):
    """The images are shuffled before training, the targets are not."""
    weights, biases = init_weights(sizes, rng)
    X_train = X_train[rng.permutation(len(X_train))]
    return train(weights, biases, X_train, T_train, 30, 10, 0.5, rng)


@mutant(
    "lab_initialization",
    hint="How far does the cost fall in the first epoch? How long is one of your steps?",
)
def learning_rate_too_small(sizes, X_train, T_train, rng):
    """The learning rate is a hundredth of the recipe's."""
    weights, biases = init_weights(sizes, rng)
    return train(weights, biases, X_train, T_train, 30, 10, 0.005, rng)
