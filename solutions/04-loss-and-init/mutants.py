# ruff: noqa: F821  - the entries use the names of the notebook that they stand in
"""Mistakes that students make in 04-loss-and-init. Rows are those of the bug catalogue."""

import numpy as np

from autograder.catalogue import mutant

# Softmax


@mutant("softmax", hint="Add 1000 to all scores: should the result change?", note="row 46")
def no_max_shift(z):
    """The exponentials overflow for large scores."""
    powers = np.exp(z)
    return powers / powers.sum(axis=1, keepdims=True)


@mutant("softmax", hint="What becomes of a row whose scores are all near -1000?", note="row 47")
def global_max(z):
    """One maximum for the whole batch is subtracted, not each row's own."""
    powers = np.exp(z - z.max())
    return powers / powers.sum(axis=1, keepdims=True)


@mutant("softmax", hint="One row is one sample: which sum is 1?", note="row 48")
def normalized_over_samples(z):
    """The sum runs over the samples, not over the classes."""
    powers = np.exp(z - z.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=0)


@mutant("softmax", hint="Which sum is 1, that of a row or that of the whole batch?", note="row 48")
def normalized_over_everything(z):
    """The sum runs over samples and classes."""
    powers = np.exp(z - z.max())
    return powers / powers.sum()


@mutant("softmax", hint="Print the shape of the sum beside that of z.", note="row 49")
def sum_without_keepdims(z):
    """The row sums are divided along the wrong axis."""
    powers = np.exp(z - z.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1)


@mutant("softmax", hint="Print the shape of the maximum beside that of z.", note="row 49")
def max_without_keepdims(z):
    """The row maxima are subtracted along the wrong axis."""
    powers = np.exp(z - z.max(axis=1))
    return powers / powers.sum(axis=1, keepdims=True)


@mutant("softmax", hint="After the subtraction, is any exponent still positive?")
def subtracts_min(z):
    """The smallest score is subtracted, which makes the overflow worse."""
    powers = np.exp(z - z.min(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


@mutant("softmax", hint="What do the largest and the second largest score become if both are cut?")
def clipped_scores(z):
    """Scores beyond +-500 are cut off, and with them their differences."""
    powers = np.exp(np.clip(z, -500.0, 500.0))
    return powers / powers.sum(axis=1, keepdims=True)


@mutant("softmax", hint="Can NaN be turned into the right number after the fact?")
def nan_to_zero(z):
    """The overflow is hidden behind zeros."""
    powers = np.exp(z)
    return np.nan_to_num(powers / powers.sum(axis=1, keepdims=True))


@mutant("softmax", hint="Does a denominator of 1e-8 more matter when the sum itself is tiny?")
def guarded_denominator(z):
    """A small number in the denominator stands in for the shift by the maximum."""
    powers = np.exp(np.minimum(z, 700.0))
    return powers / (powers.sum(axis=1, keepdims=True) + 1e-8)


@mutant("softmax", hint="Where is the exponential?")
def no_exponential(z):
    """The scores themselves are divided by their sum."""
    return z / z.sum(axis=1, keepdims=True)


@mutant("softmax", hint="What is left to do after the exponential?")
def not_normalized(z):
    """The Boltzmann factors are not divided by the partition function."""
    return np.exp(z - z.max(axis=1, keepdims=True))


@mutant("softmax", hint="Does a higher score mean a higher probability?")
def sign_of_the_exponent(z):
    """The exponent has the wrong sign, as if the scores were energies."""
    powers = np.exp(z.min(axis=1, keepdims=True) - z)
    return powers / powers.sum(axis=1, keepdims=True)


@mutant("softmax", hint="Do your probabilities compete, or is each score squashed by itself?")
def sigmoid_of_each(z):
    """Each score goes through the logistic function by itself."""
    return 1.0 / (1.0 + np.exp(-z))


@mutant("softmax", hint="Softmax is soft: what do the losing classes get?")
def hard_max(z):
    """The largest score gets everything."""
    return np.eye(z.shape[1])[z.argmax(axis=1)]


@mutant("softmax", hint="Should your result be probabilities, or their logarithms?")
def log_probabilities(z):
    """The logarithm of the softmax is returned."""
    shifted = z - z.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


@mutant("softmax", hint="Which base does the exponential have?")
def base_two(z):
    """Powers of 2 in place of powers of e."""
    powers = 2.0 ** (z - z.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


@mutant("softmax", hint="Who else still needs z?", note="row 44")
def shifts_in_place(z):
    """The caller's scores are overwritten."""
    z -= z.max(axis=1, keepdims=True)
    powers = np.exp(z)
    return powers / powers.sum(axis=1, keepdims=True)


@mutant("softmax", hint="How many samples does z hold?")
def first_sample_only(z):
    """Every row is given the first sample's probabilities."""
    powers = np.exp(z[0] - z[0].max())
    return np.tile(powers / powers.sum(), (len(z), 1))


# Cross entropy


@mutant("cross_entropy", hint="What if a prediction is exactly 0?", note="row 50")
def log_of_zero(y, t):
    """The logarithm meets 0."""
    return -np.mean(np.sum(t * np.log(y), axis=1))


@mutant("cross_entropy", hint="What if the true class has probability exactly 0?", note="row 50")
def log_of_zero_on_argmax(y, t):
    """Only the true classes are looked up, and 0 among them is infinite."""
    return -np.mean(np.log(y[np.arange(len(y)), t.argmax(axis=1)]))


@mutant("cross_entropy", hint="Average over what?", note="row 51")
def summed_over_samples(y, t):
    """The sum over the samples is not divided by N."""
    return -np.sum(t * np.log(y + 1e-12))


@mutant("cross_entropy", hint="Average over what?", note="row 51")
def mean_over_everything(y, t):
    """The mean runs over samples and classes: 1/C too small."""
    return -np.mean(t * np.log(y + 1e-12))


@mutant("cross_entropy", hint="Is it the samples or the classes that are averaged over?")
def divided_by_classes(y, t):
    """Divided by the number of classes in place of the number of samples."""
    return -np.sum(t * np.log(y + 1e-12)) / y.shape[1]


@mutant("cross_entropy", hint="Which base?", note="row 52")
def decimal_logarithm(y, t):
    """log10 in place of ln."""
    return -np.mean(np.sum(t * np.log10(y + 1e-12), axis=1))


@mutant("cross_entropy", hint="Which base?", note="row 52")
def binary_logarithm(y, t):
    """log2 in place of ln."""
    return -np.mean(np.sum(t * np.log2(y + 1e-12), axis=1))


@mutant("cross_entropy", hint="Is y probabilities or scores?", note="row 53")
def softmax_inside(y, t):
    """The probabilities go through a second softmax."""
    return -np.mean(np.sum(t * np.log(softmax(y) + 1e-12), axis=1))


@mutant("cross_entropy", hint="Can a cost of this kind be negative?")
def sign_forgotten(y, t):
    """The minus sign is missing."""
    return np.mean(np.sum(t * np.log(y + 1e-12), axis=1))


@mutant("cross_entropy", hint="What do the wrong classes add?", note="row 56's opposite")
def binary_form(y, t):
    """Each class is charged as a yes-no question of its own."""
    y = np.clip(y, 1e-12, 1.0 - 1e-12)
    return -np.mean(np.sum(t * np.log(y) + (1 - t) * np.log(1 - y), axis=1))


@mutant("cross_entropy", hint="Which of the two is the prediction?")
def arguments_swapped(y, t):
    """y and t have changed places."""
    return -np.mean(np.sum(y * np.log(t + 1e-12), axis=1))


@mutant("cross_entropy", hint="Which class is charged, the true one or the favourite?")
def charges_the_favourite(y, t):
    """The predicted class is charged, not the true one."""
    return -np.mean(np.log(y.max(axis=1) + 1e-12))


@mutant("cross_entropy", hint="Where do the targets enter?")
def entropy_of_y(y, t):
    """The entropy of the prediction, without the targets."""
    return -np.mean(np.sum(y * np.log(y + 1e-12), axis=1))


@mutant("cross_entropy", hint="How much does your guard change a probability of 0.01?")
def large_epsilon(y, t):
    """The guard against 0 is so large that it changes the loss."""
    return -np.mean(np.sum(t * np.log(y + 1e-3), axis=1))


@mutant("cross_entropy", hint="How much can a certain mistake cost at most with your clip?")
def coarse_clip(y, t):
    """Clipped at 1e-3: a certain mistake costs 6.9 at most."""
    return -np.mean(np.sum(t * np.log(np.clip(y, 1e-3, 1.0)), axis=1))


@mutant("cross_entropy", hint="What should a certain mistake cost?")
def zeros_skipped(y, t):
    """Samples whose true class has probability 0 are left out."""
    logs = np.log(y, out=np.zeros_like(y), where=y > 0)
    return -np.mean(np.sum(t * logs, axis=1))


@mutant("cross_entropy", hint="Who else still needs y?", note="row 44")
def clips_in_place(y, t):
    """The caller's probabilities are overwritten."""
    np.clip(y, 1e-12, 1.0, out=y)
    return -np.mean(np.sum(t * np.log(y), axis=1))


@mutant("cross_entropy", hint="How many numbers is the loss of a batch?")
def one_loss_per_sample(y, t):
    """The mean over the samples is missing."""
    return -np.sum(t * np.log(y + 1e-12), axis=1)


@mutant("cross_entropy", hint="Print the shape of what you average.", note="row 57")
def rows_against_columns(y, t):
    """(N,) times (N, 1) makes an N by N table of losses."""
    chosen = np.sum(t * y, axis=1)
    weight = t.max(axis=1, keepdims=True)
    return -np.sum(weight * np.log(chosen + 1e-12)) / len(y)


@mutant("cross_entropy", hint="Is this the cost of a probability, or of a distance?")
def quadratic(y, t):
    """The quadratic cost in place of the cross entropy."""
    return 0.5 * np.mean(np.sum((y - t) ** 2, axis=1))


@mutant("cross_entropy", hint="Multiply, then take the logarithm: which probabilities belong in?")
def log_of_the_mean(y, t):
    """The logarithm of the mean probability, not the mean of the logarithms."""
    return -np.log(np.mean(np.sum(t * y, axis=1)) + 1e-12)


# The gradient of the two together


@mutant("softmax_cross_entropy_gradient", hint="Which way does the loss move?", note="row 12")
def target_minus_output(z, t):
    """The sign is flipped."""
    return t - softmax(z)


@mutant(
    "softmax_cross_entropy_gradient",
    hint="Is a delta per sample, or averaged over the batch?",
    note="row 24",
)
def divided_by_samples(z, t):
    """The average over the batch is taken here already."""
    return (softmax(z) - t) / len(z)


@mutant("softmax_cross_entropy_gradient", hint="What cancels?", note="row 54")
def sigmoid_slope_kept(z, t):
    """The factor y(1 - y) of the quadratic cost is still there."""
    y = softmax(z)
    return (y - t) * y * (1.0 - y)


@mutant(
    "softmax_cross_entropy_gradient",
    hint="Is this the slope with respect to y or to z?",
    note="row 55",
)
def slope_at_the_output(z, t):
    """The derivative stops at y."""
    return -t / (softmax(z) + 1e-12)


@mutant("softmax_cross_entropy_gradient", hint="Does z_j affect y_i?", note="row 55")
def diagonal_only(z, t):
    """Only the diagonal of the softmax's Jacobian is used."""
    y = softmax(z)
    return -t * (1.0 - y)


@mutant("softmax_cross_entropy_gradient", hint="Are your z scores or probabilities?", note="row 53")
def softmax_twice(z, t):
    """The probabilities go through the softmax again."""
    return softmax(softmax(z)) - t


@mutant("softmax_cross_entropy_gradient", hint="What turns scores into probabilities?")
def scores_minus_targets(z, t):
    """The softmax is missing."""
    return z - t


@mutant("softmax_cross_entropy_gradient", hint="Which output belongs to this cost?")
def sigmoid_output(z, t):
    """The logistic function in place of the softmax."""
    return 1.0 / (1.0 + np.exp(-z)) - t


@mutant("softmax_cross_entropy_gradient", hint="Where do the targets enter?")
def targets_forgotten(z, t):
    """The probabilities alone."""
    return softmax(z)


@mutant("softmax_cross_entropy_gradient", hint="Differentiate your own cost.", note="row 13")
def factor_two(z, t):
    """Twice the slope, as for a square."""
    return 2.0 * (softmax(z) - t)


@mutant("softmax_cross_entropy_gradient", hint="Whose class loses 1: the favourite's?")
def subtracts_at_the_favourite(z, t):
    """1 is subtracted at the predicted class, not at the true one."""
    y = softmax(z)
    y[np.arange(len(y)), y.argmax(axis=1)] -= 1.0
    return y


@mutant("softmax_cross_entropy_gradient", hint="Do the other classes feel anything?")
def true_class_only(z, t):
    """The slope at the wrong classes is dropped."""
    return t * (softmax(z) - t)


@mutant("softmax_cross_entropy_gradient", hint="Can you write it without any h?", note="numeric")
def difference_quotient(z, t, h=1e-5):
    """A numerical derivative in place of the formula."""
    slope = np.zeros_like(z)
    for j in range(z.shape[1]):
        step = np.zeros_like(z)
        step[:, j] = h
        above = np.log(np.sum(t * softmax(z + step), axis=1))
        below = np.log(np.sum(t * softmax(z - step), axis=1))
        slope[:, j] = -(above - below) / (2 * h)
    return slope


@mutant("softmax_cross_entropy_gradient", hint="Can you write it without any h?", note="numeric")
def complex_step(z, t):
    """The imaginary part of the cost just beside the real axis, right to the last digit."""
    slope = np.zeros(z.shape)
    z = z - z.max(axis=1, keepdims=True)
    for j in range(z.shape[1]):
        beside = z.astype(complex)
        beside[:, j] += 1e-200j
        cost = np.log(np.exp(beside).sum(axis=1)) - (t * beside).sum(axis=1)
        slope[:, j] = cost.imag / 1e-200
    return slope


@mutant("softmax_cross_entropy_gradient", hint="Add 1000 to all scores.", note="row 46")
def gradient_overflows(z, t):
    """A softmax of its own, without the shift by the maximum."""
    powers = np.exp(z)
    return powers / powers.sum(axis=1, keepdims=True) - t


@mutant("softmax_cross_entropy_gradient", hint="Which sum is 1?", note="row 48")
def gradient_axis(z, t):
    """A softmax of its own, over the samples."""
    powers = np.exp(z - z.max(axis=0))
    return powers / powers.sum(axis=0) - t


@mutant("softmax_cross_entropy_gradient", hint="Who else still needs the targets?", note="row 44")
def changes_the_targets(z, t):
    """The caller's targets are overwritten."""
    t -= softmax(z)
    return -t


# Initial weights


@mutant("init_weights", hint="What is the spread of a sum of n_in such terms?", note="unscaled")
def unscaled(sizes, rng):
    """Every weight has standard deviation 1."""
    pairs = list(zip(sizes[:-1], sizes[1:]))
    weights = [rng.standard_normal((n_out, n_in)) for n_in, n_out in pairs]
    return weights, [rng.standard_normal(n_out) for n_out in sizes[1:]]


@mutant("init_weights", hint="Variance of a sum?", note="row 58")
def divided_by_n(sizes, rng):
    """1/n_in in place of 1/sqrt(n_in)."""
    pairs = list(zip(sizes[:-1], sizes[1:]))
    weights = [rng.standard_normal((n_out, n_in)) / n_in for n_in, n_out in pairs]
    return weights, [rng.standard_normal(n_out) for n_out in sizes[1:]]


@mutant("init_weights", hint="What feeds one neuron?", note="row 59")
def counts_outputs(sizes, rng):
    """1/sqrt(n_out) in place of 1/sqrt(n_in)."""
    pairs = list(zip(sizes[:-1], sizes[1:]))
    weights = [rng.standard_normal((n_out, n_in)) / np.sqrt(n_out) for n_in, n_out in pairs]
    return weights, [rng.standard_normal(n_out) for n_out in sizes[1:]]


@mutant("init_weights", hint="Does this layer's n_in enter, or the first layer's?")
def counts_network_inputs(sizes, rng):
    """Every layer is scaled by the number of the network's inputs."""
    scale = 1.0 / np.sqrt(sizes[0])
    pairs = list(zip(sizes[:-1], sizes[1:]))
    weights = [scale * rng.standard_normal((n_out, n_in)) for n_in, n_out in pairs]
    return weights, [rng.standard_normal(n_out) for n_out in sizes[1:]]


@mutant("init_weights", hint="Standard deviation or variance?", note="row 60")
def root_taken_twice(sizes, rng):
    """The standard deviation is taken for a variance: n_in to the power -1/4."""
    pairs = list(zip(sizes[:-1], sizes[1:]))
    weights = [rng.normal(0.0, n_in**-0.25, (n_out, n_in)) for n_in, n_out in pairs]
    return weights, [rng.standard_normal(n_out) for n_out in sizes[1:]]


@mutant("init_weights", hint="Which rule is asked for here?", note="row 61")
def he_rule(sizes, rng):
    """He's rule: sqrt(2/n_in)."""
    pairs = list(zip(sizes[:-1], sizes[1:]))
    weights = [rng.standard_normal((n_out, n_in)) * np.sqrt(2 / n_in) for n_in, n_out in pairs]
    return weights, [rng.standard_normal(n_out) for n_out in sizes[1:]]


@mutant("init_weights", hint="Which rule is asked for here?", note="row 61")
def xavier_rule(sizes, rng):
    """Xavier's rule: sqrt(2/(n_in + n_out))."""
    weights, biases = [], []
    for n_in, n_out in zip(sizes[:-1], sizes[1:]):
        weights.append(rng.normal(0.0, np.sqrt(2 / (n_in + n_out)), (n_out, n_in)))
        biases.append(rng.standard_normal(n_out))
    return weights, biases


@mutant("init_weights", hint="Look at the histogram.", note="row 62")
def uniform_same_spread(sizes, rng):
    """Uniform numbers with the right standard deviation."""
    weights, biases = [], []
    for n_in, n_out in zip(sizes[:-1], sizes[1:]):
        limit = np.sqrt(3 / n_in)
        weights.append(rng.uniform(-limit, limit, (n_out, n_in)))
        biases.append(rng.standard_normal(n_out))
    return weights, biases


@mutant("init_weights", hint="Is the limit of a uniform draw its spread?", note="row 62")
def uniform_limit(sizes, rng):
    """Uniform numbers between -1/sqrt(n_in) and 1/sqrt(n_in)."""
    weights, biases = [], []
    for n_in, n_out in zip(sizes[:-1], sizes[1:]):
        limit = 1 / np.sqrt(n_in)
        weights.append(rng.uniform(-limit, limit, (n_out, n_in)))
        biases.append(rng.standard_normal(n_out))
    return weights, biases


@mutant("init_weights", hint="Look at the histogram: does it have tails?")
def random_signs(sizes, rng):
    """Every weight has the same size, only its sign is random."""
    pairs = list(zip(sizes[:-1], sizes[1:]))
    weights = [rng.choice([-1.0, 1.0], (n_out, n_in)) / np.sqrt(n_in) for n_in, n_out in pairs]
    return weights, [rng.standard_normal(n_out) for n_out in sizes[1:]]


@mutant("init_weights", hint="What is the mean of your weights?")
def positive_weights(sizes, rng):
    """The weights are all positive."""
    pairs = list(zip(sizes[:-1], sizes[1:]))
    weights = [np.abs(rng.standard_normal((n_out, n_in))) / np.sqrt(n_in) for n_in, n_out in pairs]
    return weights, [rng.standard_normal(n_out) for n_out in sizes[1:]]


@mutant("init_weights", hint="Can two units ever become different?", note="row 63")
def zeros(sizes, rng):
    """All weights are zero."""
    weights = [np.zeros((n_out, n_in)) for n_in, n_out in zip(sizes[:-1], sizes[1:])]
    return weights, [rng.standard_normal(n_out) for n_out in sizes[1:]]


@mutant("init_weights", hint="Can two units ever become different?", note="row 63")
def tiled_rows(sizes, rng):
    """Every neuron of a layer has the same weights."""
    weights, biases = [], []
    for n_in, n_out in zip(sizes[:-1], sizes[1:]):
        weights.append(np.tile(rng.standard_normal(n_in) / np.sqrt(n_in), (n_out, 1)))
        biases.append(rng.standard_normal(n_out))
    return weights, biases


@mutant("init_weights", hint="Can a neuron tell its inputs apart?", note="row 63")
def tiled_columns(sizes, rng):
    """A neuron gives every input the same weight."""
    weights, biases = [], []
    for n_in, n_out in zip(sizes[:-1], sizes[1:]):
        weights.append(np.tile(rng.standard_normal((n_out, 1)) / np.sqrt(n_in), (1, n_in)))
        biases.append(rng.standard_normal(n_out))
    return weights, biases


@mutant("init_weights", hint="Call it twice.", note="row 64")
def fixed_seed(sizes, rng):
    """A generator of its own, seeded inside."""
    rng = np.random.default_rng(42)
    pairs = list(zip(sizes[:-1], sizes[1:]))
    weights = [rng.standard_normal((n_out, n_in)) / np.sqrt(n_in) for n_in, n_out in pairs]
    return weights, [rng.standard_normal(n_out) for n_out in sizes[1:]]


@mutant("init_weights", hint="Which generator do you draw from?")
def global_generator(sizes, rng):
    """NumPy's global generator in place of the one that is passed in."""
    pairs = list(zip(sizes[:-1], sizes[1:]))
    weights = [np.random.randn(n_out, n_in) / np.sqrt(n_in) for n_in, n_out in pairs]
    return weights, [np.random.randn(n_out) for n_out in sizes[1:]]


@mutant("init_weights", hint="Where do the biases' numbers come from?")
def global_generator_for_biases(sizes, rng):
    """The biases come from NumPy's global generator."""
    pairs = list(zip(sizes[:-1], sizes[1:]))
    weights = [rng.standard_normal((n_out, n_in)) / np.sqrt(n_in) for n_in, n_out in pairs]
    return weights, [np.random.randn(n_out) for n_out in sizes[1:]]


@mutant("init_weights", hint="Compare the first numbers of two layers.")
def same_numbers_in_each_layer(sizes, rng):
    """Every layer starts from the same seed."""
    seed = rng.integers(2**31)
    weights, biases = [], []
    for n_in, n_out in zip(sizes[:-1], sizes[1:]):
        layer = np.random.default_rng(seed)
        weights.append(layer.standard_normal((n_out, n_in)) / np.sqrt(n_in))
        biases.append(rng.standard_normal(n_out))
    return weights, biases


@mutant("init_weights", hint="Compare a layer's biases with its first weights.")
def biases_repeat_the_weights(sizes, rng):
    """The biases are the weights' random numbers over again."""
    weights, biases = [], []
    for n_in, n_out in zip(sizes[:-1], sizes[1:]):
        numbers = rng.standard_normal((n_out, n_in))
        weights.append(numbers / np.sqrt(n_in))
        biases.append(numbers.ravel()[:n_out].copy())
    return weights, biases


@mutant("init_weights", hint="Same rule for b?", note="row 65")
def biases_scaled(sizes, rng):
    """The biases are scaled like the weights."""
    weights, biases = [], []
    for n_in, n_out in zip(sizes[:-1], sizes[1:]):
        weights.append(rng.standard_normal((n_out, n_in)) / np.sqrt(n_in))
        biases.append(rng.standard_normal(n_out) / np.sqrt(n_in))
    return weights, biases


@mutant("init_weights", hint="What do the biases start from in the text?")
def biases_zero(sizes, rng):
    """The biases start at zero."""
    pairs = list(zip(sizes[:-1], sizes[1:]))
    weights = [rng.standard_normal((n_out, n_in)) / np.sqrt(n_in) for n_in, n_out in pairs]
    return weights, [np.zeros(n_out) for n_out in sizes[1:]]


@mutant("init_weights", hint="Look at a histogram of the biases.")
def biases_uniform(sizes, rng):
    """The biases are uniform between 0 and 1."""
    pairs = list(zip(sizes[:-1], sizes[1:]))
    weights = [rng.standard_normal((n_out, n_in)) / np.sqrt(n_in) for n_in, n_out in pairs]
    return weights, [rng.random(n_out) for n_out in sizes[1:]]


@mutant("init_weights", hint="W has one row per neuron: which number comes first?", note="row 32")
def weights_transposed(sizes, rng):
    """The weights have shape (n_in, n_out)."""
    pairs = list(zip(sizes[:-1], sizes[1:]))
    weights = [rng.standard_normal((n_in, n_out)) / np.sqrt(n_in) for n_in, n_out in pairs]
    return weights, [rng.standard_normal(n_out) for n_out in sizes[1:]]


@mutant("init_weights", hint="Write down the shape of one layer's biases.")
def biases_as_columns(sizes, rng):
    """The biases have shape (n_out, 1)."""
    pairs = list(zip(sizes[:-1], sizes[1:]))
    weights = [rng.standard_normal((n_out, n_in)) / np.sqrt(n_in) for n_in, n_out in pairs]
    return weights, [rng.standard_normal((n_out, 1)) for n_out in sizes[1:]]


@mutant("init_weights", hint="Do the inputs have biases?")
def biases_for_the_inputs(sizes, rng):
    """The input layer is given biases, too."""
    pairs = list(zip(sizes[:-1], sizes[1:]))
    weights = [rng.standard_normal((n_out, n_in)) / np.sqrt(n_in) for n_in, n_out in pairs]
    return weights, [rng.standard_normal(n) for n in sizes]


# The lab


@mutant("lab_initialization", hint="How large is z of an output neuron at the start?", note="lab")
def unscaled_start(sizes, X_train, T_train, rng):
    """The recipe from weights of standard deviation 1."""
    pairs = list(zip(sizes[:-1], sizes[1:]))
    weights = [rng.standard_normal((n_out, n_in)) for n_in, n_out in pairs]
    biases = [rng.standard_normal(n_out) for n_out in sizes[1:]]
    return train(weights, biases, X_train, T_train, 30, 10, 0.5, rng)


@mutant("lab_initialization", hint="Does the network learn anything before it is returned?")
def not_trained(sizes, X_train, T_train, rng):
    """The initial weights are returned."""
    return init_weights(sizes, rng)


@mutant("lab_initialization", hint="What does train return, and where does it go?", note="row 45")
def trained_result_dropped(sizes, X_train, T_train, rng):
    """The network is trained, and the untrained one returned."""
    weights, biases = init_weights(sizes, rng)
    train(weights, biases, X_train, T_train, 30, 10, 0.5, rng)
    return weights, biases


@mutant("lab_initialization", hint="How many epochs does the recipe have?")
def two_epochs(sizes, X_train, T_train, rng):
    """Stopped after two epochs."""
    weights, biases = init_weights(sizes, rng)
    return train(weights, biases, X_train, T_train, 2, 10, 0.5, rng)


@mutant("lab_initialization", hint="How many steps does an epoch have?")
def one_batch_of_everything(sizes, X_train, T_train, rng):
    """All samples in one batch: 30 steps in all."""
    weights, biases = init_weights(sizes, rng)
    return train(weights, biases, X_train, T_train, 30, len(X_train), 0.5, rng)


@mutant("lab_initialization", hint="Can two hidden neurons ever become different?", note="row 63")
def equal_start(sizes, X_train, T_train, rng):
    """All weights and biases start at zero."""
    pairs = list(zip(sizes[:-1], sizes[1:]))
    weights = [np.zeros((n_out, n_in)) for n_in, n_out in pairs]
    biases = [np.zeros(n_out) for n_out in sizes[1:]]
    return train(weights, biases, X_train, T_train, 30, 10, 0.5, rng)


@mutant("lab_initialization", hint="Do images and targets still belong together?", note="row 40")
def targets_shuffled(sizes, X_train, T_train, rng):
    """The images are shuffled before training, the targets are not."""
    weights, biases = init_weights(sizes, rng)
    X_train = X_train[rng.permutation(len(X_train))]
    return train(weights, biases, X_train, T_train, 30, 10, 0.5, rng)


@mutant("lab_initialization", hint="How far does one step go?")
def learning_rate_too_small(sizes, X_train, T_train, rng):
    """A hundredth of the recipe's learning rate."""
    weights, biases = init_weights(sizes, rng)
    return train(weights, biases, X_train, T_train, 30, 10, 0.005, rng)
