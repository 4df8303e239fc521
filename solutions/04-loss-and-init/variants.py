# ruff: noqa: F821  - the entries use the names of the notebook that they stand in
"""Right answers of 04-loss-and-init in other styles: none may lose a point."""

import numpy as np

from autograder.catalogue import variant

# Softmax


@variant("softmax")
def log_sum_exp(z):
    """Through the logarithm of the partition function."""
    top = np.max(z, axis=-1, keepdims=True)
    return np.exp(z - (top + np.log(np.sum(np.exp(z - top), axis=-1, keepdims=True))))


@variant("softmax")
def loops(z):
    """Plain Python loops and math.exp."""
    import math

    rows = []
    for row in z:
        top = max(row)
        powers = [math.exp(score - top) for score in row]
        rows.append([power / sum(powers) for power in powers])
    return np.array(rows)


@variant("softmax")
def one_row_at_a_time(z):
    """A loop over the samples into an empty array."""
    y = np.empty(z.shape)
    for n in range(len(z)):
        powers = np.exp(z[n] - z[n].max())
        y[n] = powers / powers.sum()
    return y


@variant("softmax")
def transposed(z):
    """Transposed, so that no axis is kept."""
    columns = z.T
    powers = np.exp(columns - columns.max(axis=0))
    return (powers / powers.sum(axis=0)).T


@variant("softmax")
def along_the_axis(z):
    """apply_along_axis with a helper of one row."""

    def one(row):
        powers = np.exp(row - np.max(row))
        return powers / np.sum(powers)

    return np.apply_along_axis(one, 1, z)


@variant("softmax")
def single_precision(z):
    """Computed and returned in float32."""
    scores = z.astype(np.float32)
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


@variant("softmax")
def einsum_and_newaxis(z):
    """New axes in place of keepdims, a sum by einsum."""
    powers = np.exp(z - z.max(axis=1)[:, None])
    return powers * (1.0 / np.einsum("nc->n", powers))[:, None]


@variant("softmax")
def pairwise_differences(z):
    """1 / sum_k exp(z_k - z_j), bounded from above by hand."""
    gaps = np.clip(z[:, None, :] - z[:, :, None], -700.0, 700.0)
    return 1.0 / np.exp(gaps).sum(axis=2)


@variant("softmax")
def energies(z):
    """Boltzmann factors of energies, counted from the ground state."""
    energy = -z
    factors = np.exp(-(energy - energy.min(axis=1, keepdims=True)))
    return factors / factors.sum(axis=1, keepdims=True)


@variant("softmax")
def powers_of_two(z):
    """Powers of 2, of scores in units of ln 2."""
    bits = (z - z.max(axis=1, keepdims=True)) * np.log2(np.e)
    powers = np.exp2(bits)
    return powers / powers.sum(axis=1, keepdims=True)


# Cross entropy


@variant("cross_entropy")
def take_on_argmax(y, t):
    """The true classes' probabilities are looked up."""
    chosen = np.take_along_axis(y, t.argmax(axis=1)[:, None], axis=1)
    return -np.log(np.clip(chosen, 1e-15, 1.0)).mean()


@variant("cross_entropy")
def index_pairs(y, t):
    """Fancy indexing, a Python float."""
    labels = np.argmax(t, axis=1)
    chosen = y[np.arange(len(y)), labels]
    return float(-np.sum(np.log(chosen + 1e-9)) / len(y))


@variant("cross_entropy")
def largest_epsilon(y, t):
    """1e-7 is added before the logarithm."""
    return -np.mean(np.sum(t * np.log(y + 1e-7), axis=1))


@variant("cross_entropy")
def clip_from_both_sides(y, t):
    """Clipped to 1e-7 and 1 - 1e-7, as in Keras."""
    return -np.sum(t * np.log(np.clip(y, 1e-7, 1.0 - 1e-7))) / y.shape[0]


@variant("cross_entropy")
def smallest_float(y, t):
    """Guarded by the smallest normal float."""
    return -(t * np.log(np.maximum(y, np.finfo(float).tiny))).sum(axis=1).mean()


@variant("cross_entropy")
def where_it_is_zero(y, t):
    """Zeros are replaced in a copy."""
    safe = np.where(y == 0.0, 1e-12, y)
    return -np.einsum("nc,nc->", t, np.log(safe)) / len(t)


@variant("cross_entropy")
def double_loop(y, t):
    """Plain loops and math.log."""
    import math

    total = 0.0
    for row, target in zip(y, t):
        for p, wanted in zip(row, target):
            if wanted:
                total -= wanted * math.log(max(p, 1e-12))
    return total / len(y)


@variant("cross_entropy")
def loss_in_single_precision(y, t):
    """Computed in float32."""
    safe = np.clip(y, 1e-7, 1.0).astype(np.float32)
    return np.mean(-np.sum(t.astype(np.float32) * np.log(safe), axis=1))


@variant("cross_entropy")
def zero_dimensional(y, t):
    """A 0-d array by a trace."""
    return np.asarray(-np.trace(t @ np.log(y + 1e-12).T) / len(y))


@variant("cross_entropy")
def from_bits(y, t):
    """In bits first, then in units of the natural logarithm."""
    bits = -np.sum(t * np.log2(np.maximum(y, 1e-12)), axis=1)
    return np.mean(bits) * np.log(2)


@variant("cross_entropy")
def from_the_mean_of_all(y, t):
    """The mean over all entries, times the number of classes."""
    return -np.mean(t * np.log(y + 1e-12)) * y.shape[1]


# The gradient of the two together


@variant("softmax_cross_entropy_gradient")
def one_off_at_the_label(z, t):
    """1 is subtracted at the true class."""
    y = softmax(z).copy()
    y[np.arange(len(z)), t.argmax(axis=1)] -= 1
    return y


@variant("softmax_cross_entropy_gradient")
def own_softmax(z, t):
    """With a softmax of its own, transposed."""
    powers = np.exp((z.T - z.max(axis=1)).T)
    return (powers.T / powers.sum(axis=1)).T - t


@variant("softmax_cross_entropy_gradient")
def full_jacobian(z, t):
    """The Jacobian of the softmax, sample by sample, with 1/y multiplied through."""
    rows = []
    for scores, target in zip(z, t):
        y = softmax(scores[None, :])[0]
        rows.append((np.outer(y, np.ones_like(y)) - np.eye(len(y))) @ target)
    return np.array(rows)


@variant("softmax_cross_entropy_gradient")
def gradient_in_single_precision(z, t):
    """Computed in float32."""
    scores = z.astype(np.float32)
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True) - t.astype(np.float32)


@variant("softmax_cross_entropy_gradient")
def through_log_sum_exp(z, t):
    """The derivative of ln Z, less the target."""
    ln_partition = np.logaddexp.reduce(z, axis=1, keepdims=True)
    return np.subtract(np.exp(z - ln_partition), t)


@variant("softmax_cross_entropy_gradient")
def probabilities_clipped(z, t):
    """The probabilities are kept from 0 and 1."""
    y = np.clip(softmax(z), 1e-12, 1 - 1e-12)
    return y - t


@variant("softmax_cross_entropy_gradient")
def probabilities_barely_clipped(z, t):
    """The probabilities are kept from 0 and 1 by little more than rounding."""
    return np.clip(softmax(z), 1e-15, 1 - 1e-15) - t


@variant("softmax_cross_entropy_gradient")
def probabilities_clipped_and_normalised(z, t):
    """The probabilities are kept from 0 by 1e-7, and add up to 1 again."""
    y = np.maximum(softmax(z), 1e-7)
    return y / y.sum(axis=1, keepdims=True) - t


@variant("softmax_cross_entropy_gradient")
def small_number_added_to_powers(z, t):
    """1e-12 is added to every power of e."""
    powers = np.exp(z - z.max(axis=1, keepdims=True)) + 1e-12
    return powers / powers.sum(axis=1, keepdims=True) - t


@variant("softmax_cross_entropy_gradient")
def small_number_added(z, t):
    """1e-12 is added to the probabilities."""
    return softmax(z) + 1e-12 - t


@variant("softmax_cross_entropy_gradient")
def negated_twice(z, t):
    """t minus y, negated."""
    return -(t - softmax(z))


@variant("softmax_cross_entropy_gradient")
def mean_undone(z, t):
    """The slope of the batch's mean, times the number of samples."""
    of_the_mean = (softmax(z) - t) / len(z)
    return of_the_mean * len(z)


# Initial weights


@variant("init_weights")
def normal_with_scale(sizes, rng):
    """rng.normal with its scale argument, in a loop."""
    weights = []
    biases = []
    for layer in range(1, len(sizes)):
        n_in, n_out = sizes[layer - 1], sizes[layer]
        weights.append(rng.normal(loc=0.0, scale=1 / np.sqrt(n_in), size=(n_out, n_in)))
        biases.append(rng.normal(size=n_out))
    return weights, biases


@variant("init_weights")
def biases_first(sizes, rng):
    """All biases before all weights, as tuples, in a list."""
    biases = tuple(rng.standard_normal(n) for n in sizes[1:])
    weights = tuple(rng.standard_normal((m, n)) * n**-0.5 for n, m in zip(sizes, sizes[1:]))
    return [weights, biases]


@variant("init_weights")
def generators_of_arrays(sizes, rng):
    """Generators in place of lists."""
    pairs = list(zip(sizes[:-1], sizes[1:]))
    weights = (rng.standard_normal((m, n)) / np.sqrt(n) for n, m in pairs)
    biases = (rng.standard_normal(m) for _, m in pairs)
    return weights, biases


@variant("init_weights")
def drawn_transposed(sizes, rng):
    """Drawn as (n_in, n_out) and transposed."""
    weights = [
        rng.normal(0, 1, (n_in, n_out)).T / n_in**0.5 for n_in, n_out in zip(sizes[:-1], sizes[1:])
    ]
    return weights, [rng.normal(0, 1, n_out) for n_out in sizes[1:]]


@variant("init_weights")
def drawn_in_single_precision(sizes, rng):
    """float32 numbers."""
    weights, biases = [], []
    for n_in, n_out in zip(sizes[:-1], sizes[1:]):
        W = rng.standard_normal((n_out, n_in), dtype=np.float32)
        weights.append(W / np.float32(np.sqrt(n_in)))
        biases.append(rng.standard_normal(n_out, dtype=np.float32))
    return weights, biases


@variant("init_weights")
def one_neuron_at_a_time(sizes, rng):
    """Row by row, each neuron's weights and then its bias."""
    weights, biases = [], []
    for n_in, n_out in zip(sizes[:-1], sizes[1:]):
        rows = [(rng.standard_normal(n_in) / np.sqrt(n_in), rng.normal()) for _ in range(n_out)]
        weights.append(np.array([row for row, _ in rows]))
        biases.append(np.array([bias for _, bias in rows]))
    return weights, biases


@variant("init_weights")
def one_long_draw(sizes, rng):
    """One long draw, cut into pieces."""
    counts = [(m, n) for n, m in zip(sizes, sizes[1:])]
    numbers = rng.standard_normal(sum(m * n + m for m, n in counts))
    weights, biases, start = [], [], 0
    for m, n in counts:
        weights.append(numbers[start : start + m * n].reshape(m, n) / np.sqrt(n))
        biases.append(numbers[start + m * n : start + m * n + m])
        start += m * n + m
    return weights, biases


@variant("init_weights")
def generator_with_a_child(sizes, rng):
    """A child generator, seeded from the one that is passed in."""
    child = np.random.default_rng(rng.integers(2**63))
    weights = [child.normal(0, 1 / np.sqrt(n), (m, n)) for n, m in zip(sizes[:-1], sizes[1:])]
    return weights, [child.normal(0, 1, m) for m in sizes[1:]]


@variant("init_weights")
def spawned_generators(sizes, rng):
    """One spawned generator per layer."""
    weights, biases = [], []
    for child, n_in, n_out in zip(rng.spawn(len(sizes) - 1), sizes[:-1], sizes[1:]):
        weights.append(child.standard_normal((n_out, n_in)) / np.sqrt(n_in))
        biases.append(child.standard_normal(n_out))
    return weights, biases


@variant("init_weights")
def by_the_variance(sizes, rng):
    """The variance first, then its root."""
    weights, biases = [], []
    for n_in, n_out in zip(sizes[:-1], sizes[1:]):
        variance = 1 / n_in
        weights.append(variance**0.5 * rng.normal(0, 1, size=(n_out, n_in)))
        biases.append(rng.normal(0, 1, size=n_out))
    return weights, biases


@variant("init_weights")
def from_hes_rule(sizes, rng):
    """He's rule, divided by the root of 2."""
    weights = []
    for n_in, n_out in zip(sizes[:-1], sizes[1:]):
        he = rng.normal(0.0, np.sqrt(2 / n_in), (n_out, n_in))
        weights.append(he / np.sqrt(2))
    return weights, [rng.standard_normal(n_out) for n_out in sizes[1:]]


# The lab


@variant("lab_initialization")
def own_training_loop(sizes, X_train, T_train, rng):
    """Its own loop over epochs and batches, more of them."""
    weights, biases = init_weights(sizes, rng)
    for _ in range(40):
        for batch in minibatches(len(X_train), 8, rng):
            dWs, dbs = gradients(weights, biases, X_train[batch], T_train[batch])
            for layer in range(len(weights)):
                weights[layer] -= 0.5 * dWs[layer]
                biases[layer] -= 0.5 * dbs[layer]
    return tuple(weights), tuple(biases)


@variant("lab_initialization")
def softmax_head(sizes, X_train, T_train, rng):
    """Softmax outputs and the cross entropy, for fewer epochs."""
    (W1, W2), (b1, b2) = init_weights(sizes, rng)
    for _ in range(15):
        for batch in minibatches(len(X_train), 10, rng):
            zs, activations = feedforward([W1, W2], [b1, b2], X_train[batch])
            hidden = activations[1]
            delta = softmax_cross_entropy_gradient(zs[1], T_train[batch])
            delta_hidden = delta @ W2 * hidden * (1 - hidden)
            W2 = W2 - 0.5 * delta.T @ hidden / len(batch)
            b2 = b2 - 0.5 * delta.mean(axis=0)
            W1 = W1 - 0.5 * delta_hidden.T @ X_train[batch] / len(batch)
            b1 = b1 - 0.5 * delta_hidden.mean(axis=0)
    return [W1, W2], [b1, b2]


@variant("lab_initialization")
def in_ten_pieces(sizes, X_train, T_train, rng):
    """The recipe in ten pieces, for more epochs in all."""
    net = init_weights(sizes, rng)
    for _ in range(10):
        net = train(*net, X_train, T_train, 4, 10, 0.5, rng)
    return net
