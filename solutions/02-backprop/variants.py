"""Right answers to 02-backprop in other styles; none may lose a point."""

from __future__ import annotations

import numpy as np

from autograder.catalogue import variant

# --- sigmoid ------------------------------------------------------------------------------------


@variant("sigmoid")
def textbook(z):
    """The formula as it stands; NumPy warns at -1000 and is right."""
    return 1 / (1 + np.exp(-z))


@variant("sigmoid")
def through_tanh(z):
    """By the hyperbolic tangent."""
    return 0.5 * (1 + np.tanh(np.multiply(z, 0.5)))


@variant("sigmoid")
def through_logaddexp(z):
    """By the logarithm."""
    return np.exp(-np.logaddexp(0, -np.asarray(z)))


@variant("sigmoid")
def clipped(z):
    """The argument is clipped well beyond where it matters."""
    return 1.0 / (1.0 + np.exp(-np.clip(z, -500, 500)))


@variant("sigmoid")
def clipped_at_30(z):
    """The argument is clipped where the value is 0 or 1 to thirteen digits."""
    return 1.0 / (1.0 + np.exp(-np.clip(z, -30, 30)))


@variant("sigmoid")
def piecewise(z):
    """Boolean masks, one formula for each sign."""
    z = np.asarray(z, dtype=float)
    a = np.empty_like(z)
    pos = z >= 0
    a[pos] = 1 / (1 + np.exp(-z[pos]))
    e = np.exp(z[~pos])
    a[~pos] = e / (1 + e)
    return a


@variant("sigmoid")
def where_both_branches(z):
    """np.where, both branches computed, with silenced warnings."""
    with np.errstate(all="ignore"):
        return np.where(np.asarray(z) < 0, np.exp(z) / (1 + np.exp(z)), 1 / (1 + np.exp(-z)))


@variant("sigmoid")
def entry_by_entry(z):
    """math.exp in a loop over all entries; a number for a number."""
    import math

    def one(x):
        if x < 0:
            return math.exp(x) / (1 + math.exp(x))
        return 1 / (1 + math.exp(-x))

    if np.ndim(z) == 0:
        return one(float(z))
    return np.array([one(x) for x in np.asarray(z).flat]).reshape(np.shape(z))


@variant("sigmoid")
def np_vectorize(z):
    """np.vectorize over a scalar function."""
    import math

    return np.vectorize(lambda x: 1 / (1 + math.exp(-x)) if x > -700 else 0.0, otypes=[float])(z)


@variant("sigmoid")
def recursive(z):
    """The symmetry as a recursion, entry by entry."""
    if np.ndim(z) > 0:
        return np.array([recursive(x) for x in z])
    if z < 0:
        return 1 - recursive(-z)
    return 1 / (1 + np.exp(-float(z)))


@variant("sigmoid")
def single_precision(z):
    """Computed and returned in float32."""
    z = np.asarray(z, dtype=np.float32)
    return 1 / (1 + np.exp(-z))


@variant("sigmoid")
def extended_precision(z):
    """Computed in longdouble."""
    return 1 / (1 + np.exp(-np.asarray(z, dtype=np.longdouble)))


@variant("sigmoid")
def in_place_on_a_copy(z):
    """Every operation in place, on a copy."""
    a = np.array(z, dtype=float)
    np.negative(a, out=a)
    np.exp(a, out=a)
    a += 1
    np.reciprocal(a, out=a)
    return a


# --- sigmoid_prime ------------------------------------------------------------------------------


@variant("sigmoid_prime")
def difference_of_squares(z):
    """a - a^2."""
    return sigmoid(z) - sigmoid(z) ** 2


@variant("sigmoid_prime")
def product_of_both_sides(z):
    """sigma(z) sigma(-z)."""
    return sigmoid(z) * sigmoid(-np.asarray(z))


@variant("sigmoid_prime")
def stable_quotient(z):
    """e^-|z| / (1 + e^-|z|)^2, without the student's sigmoid."""
    e = np.exp(-np.abs(z))
    return e / (1 + e) ** 2


@variant("sigmoid_prime")
def hyperbolic(z):
    """A quarter of 1 - tanh^2(z/2)."""
    return 0.25 * (1 - np.tanh(np.asarray(z) / 2) ** 2)


@variant("sigmoid_prime")
def hyperbolic_cosine(z):
    """1 / (2 + 2 cosh z)."""
    with np.errstate(over="ignore"):
        return 1 / (2 + 2 * np.cosh(np.asarray(z, dtype=float)))


@variant("sigmoid_prime")
def self_contained(z):
    """With its own sigmoid inside."""

    def s(x):
        return 1 / (1 + np.exp(-np.clip(x, -200, 200)))

    return s(z) * (1 - s(z))


@variant("sigmoid_prime")
def slope_entry_by_entry(z):
    """A loop over all entries."""
    z = np.asarray(z)
    slopes = np.zeros(z.shape)
    for k in np.ndindex(z.shape):
        a = float(sigmoid(float(z[k])))
        slopes[k] = a * (1 - a)
    return slopes


@variant("sigmoid_prime")
def slope_in_single_precision(z):
    """Computed in float32, returned as float32."""
    a = np.asarray(sigmoid(z), dtype=np.float32)
    return a * (1 - a)


@variant("sigmoid_prime")
def slope_single_inside(z):
    """Computed in float32, returned as float64."""
    e = np.exp(-np.asarray(z, dtype=np.float32))
    a = 1 / (1 + e)
    return (a * (1 - a)).astype(float)


@variant("sigmoid_prime")
def clipped_slope(z):
    """The argument is clipped at 20, where the slope is 2e-9."""
    a = 1 / (1 + np.exp(-np.clip(z, -20, 20)))
    return a * (1 - a)


@variant("sigmoid_prime")
def compared_on_the_way(z):
    """The formula, compared with a central difference before it is returned."""
    z = np.asarray(z, dtype=float)
    slope = sigmoid(z) * (1 - sigmoid(z))
    h = 1e-5
    measured = (sigmoid(z + h) - sigmoid(z - h)) / (2 * h)
    assert np.allclose(slope, measured, atol=1e-6)
    return slope


@variant("sigmoid_prime")
def with_a_switch(z, numerically=False, h=1e-6):
    """The formula; the difference quotient is there for comparison, when it is asked for."""
    if numerically:
        return (sigmoid(z + h) - sigmoid(z - h)) / (2 * h)
    return sigmoid(z) * (1 - sigmoid(z))


@variant("sigmoid_prime")
def remembered(z, known={}):
    """What was computed once is kept."""
    key = np.asarray(z, dtype=float).tobytes(), np.shape(z)
    if key not in known:
        known[key] = sigmoid(z) * (1 - sigmoid(z))
    return known[key]


@variant("sigmoid_prime")
def guarded_quotient(z):
    """A small number keeps a division from failing that never does."""
    e = np.exp(-np.abs(z))
    return e / ((1 + e) ** 2 + 1e-300)


@variant("sigmoid_prime")
def from_the_activation_inside(z):
    """A helper that takes the activation, called with the activation."""

    def slope_at(activation):
        return activation * (1 - activation)

    return slope_at(sigmoid(z))


# --- output_delta -------------------------------------------------------------------------------


@variant("output_delta")
def from_the_activation(a, t, z):
    """sigma' from the activation that is passed in."""
    return (a - t) * a * (1 - a)


@variant("output_delta")
def forward_again(a, t, z):
    """The activation is computed anew; a is not used."""
    s = sigmoid(z)
    return (s - t) * s * (1 - s)


@variant("output_delta")
def minus_times_minus(a, t, z):
    """The sign is kept in front, as some books do."""
    return -(t - a) * sigmoid_prime(z)


@variant("output_delta")
def by_einsum(a, t, z):
    """einsum for an entrywise product."""
    return np.einsum("nj,nj->nj", np.subtract(a, t), sigmoid_prime(z))


@variant("output_delta")
def sample_by_sample(a, t, z):
    """A loop over samples and outputs."""
    delta = np.empty(z.shape)
    for n in range(z.shape[0]):
        for j in range(z.shape[1]):
            delta[n, j] = (a[n, j] - t[n, j]) * sigmoid_prime(z[n, j])
    return delta


@variant("output_delta")
def list_of_rows(a, t, z):
    """Rows from zip, stacked at the end."""
    return np.vstack([(x - y) * sigmoid_prime(s) for x, y, s in zip(a, t, z)])


@variant("output_delta")
def product_in_place(a, t, z):
    """In place, on an array of one's own."""
    delta = a - t
    delta *= sigmoid_prime(z)
    return delta


@variant("output_delta")
def delta_in_single_precision(a, t, z):
    """Computed in float32."""
    a, t = np.float32(a), np.float32(t)
    return (a - t) * a * (1 - a)


@variant("output_delta")
def twice_and_half(a, t, z):
    """The slope of the plain squared error, halved."""
    return 2.0 * (a - t) * sigmoid_prime(z) / 2.0


# --- hidden_delta -------------------------------------------------------------------------------


@variant("hidden_delta")
def columns(W_next, delta_next, z):
    """The lecture's column form, transposed at both ends."""
    return (W_next.T @ delta_next.T).T * sigmoid_prime(z)


@variant("hidden_delta")
def hidden_by_einsum(W_next, delta_next, z):
    """The recursion's indices in einsum."""
    return np.einsum("nj,jk,nk->nk", delta_next, W_next, sigmoid_prime(z))


@variant("hidden_delta")
def hidden_sample_by_sample(W_next, delta_next, z):
    """A product of matrix and vector for each sample."""
    rows = [W_next.T.dot(d) * sigmoid_prime(s) for d, s in zip(delta_next, z)]
    return np.array(rows)


@variant("hidden_delta")
def three_loops(W_next, delta_next, z):
    """The sum over j written out."""
    delta = np.zeros_like(z)
    for n in range(len(z)):
        for k in range(z.shape[1]):
            for j in range(delta_next.shape[1]):
                delta[n, k] += delta_next[n, j] * W_next[j, k] * sigmoid_prime(z[n, k])
    return delta


@variant("hidden_delta")
def broadcast(W_next, delta_next, z):
    """Every path as its own entry, then the sum over paths."""
    s = 1 / (1 + np.exp(-z))
    return (delta_next[:, :, None] * W_next[None] * (s * (1 - s))[:, None, :]).sum(axis=1)


@variant("hidden_delta")
def slope_into_the_weights(W_next, delta_next, z):
    """np.matmul, the slope first."""
    return np.multiply(sigmoid_prime(z), np.matmul(delta_next, W_next))


@variant("hidden_delta")
def hidden_in_single_precision(W_next, delta_next, z):
    """Computed in float32, returned in Fortran order."""
    back = delta_next.astype(np.float32) @ W_next.astype(np.float32)
    return np.asfortranarray(back * np.float32(sigmoid_prime(z)))


@variant("hidden_delta")
def inputs_by_outputs(W_next, delta_next, z):
    """The weights are turned into the layout (n_in, n_out) first."""
    kernel = np.transpose(W_next)
    return np.dot(delta_next, kernel.T) * sigmoid_prime(z)


# --- gradients ----------------------------------------------------------------------------------


@variant("gradients")
def all_inlined(weights, biases, X, T):
    """Nothing of the notebook is called: forward, slopes and recursion inside."""
    acts = [X]
    for W, b in zip(weights, biases):
        acts.append(1.0 / (1.0 + np.exp(-(acts[-1].dot(W.T) + b))))
    n = X.shape[0]
    dWs = [None] * len(weights)
    dbs = [None] * len(biases)
    d = (acts[-1] - T) * acts[-1] * (1 - acts[-1])
    for l in range(1, len(weights) + 1):
        dWs[-l] = np.dot(d.T, acts[-l - 1]) / n
        dbs[-l] = np.sum(d, axis=0) / n
        d = np.dot(d, weights[-l]) * acts[-l - 1] * (1 - acts[-l - 1])
    return dWs, dbs


@variant("gradients")
def accumulated_over_samples(weights, biases, X, T):
    """Column vectors, one sample at a time, summed up and divided at the end."""
    dWs = [np.zeros(W.shape) for W in weights]
    dbs = [np.zeros(b.shape) for b in biases]
    for x, t in zip(X, T):
        a = x.reshape(-1, 1)
        t = t.reshape(-1, 1)
        acts, zs = [a], []
        for W, b in zip(weights, biases):
            z = W @ a + b[:, None]
            a = sigmoid(z)
            zs.append(z)
            acts.append(a)
        delta = (a - t) * sigmoid_prime(zs[-1])
        for l in range(len(weights) - 1, -1, -1):
            dWs[l] += delta @ acts[l].T
            dbs[l] += delta[:, 0]
            if l:
                delta = (weights[l].T @ delta) * sigmoid_prime(zs[l - 1])
    return [dW / len(X) for dW in dWs], [db / len(X) for db in dbs]


@variant("gradients")
def tuples_and_einsum(weights, biases, X, T):
    """Deltas first, then all gradients by einsum, as tuples."""
    zs, acts = feedforward(weights, biases, X)
    deltas = [output_delta(acts[-1], T, zs[-1])]
    for W, z in zip(weights[:0:-1], zs[-2::-1]):
        deltas.append(hidden_delta(W, deltas[-1], z))
    deltas.reverse()
    dWs = tuple(np.einsum("nj,nk->jk", d, a) / len(X) for d, a in zip(deltas, acts))
    return dWs, tuple(np.einsum("nj->j", d) / len(X) for d in deltas)


@variant("gradients")
def as_generators(weights, biases, X, T):
    """Two generators."""
    zs, acts = feedforward(weights, biases, X)
    deltas = [output_delta(acts[-1], T, zs[-1])]
    for i in range(len(weights) - 1, 0, -1):
        deltas.insert(0, hidden_delta(weights[i], deltas[0], zs[i - 1]))
    dWs = (d.T @ a / len(X) for d, a in zip(deltas, acts))
    return dWs, (np.average(d, axis=0) for d in deltas)


@variant("gradients")
def recursive_layers(weights, biases, X, T):
    """A recursion over layers that returns delta from behind."""
    n = len(X)

    def back(i, a):
        if i == len(weights):
            return a - T, [], []
        z = a @ weights[i].T + biases[i]
        error, dWs, dbs = back(i + 1, sigmoid(z))
        delta = error * sigmoid_prime(z)
        dW, db = delta.T @ a / n, delta.sum(0) / n
        return delta @ weights[i], [dW, *dWs], [db, *dbs]

    _, dWs, dbs = back(0, X)
    return dWs, dbs


@variant("gradients")
def mean_inside_delta(weights, biases, X, T):
    """The cost is divided by N at the start, so that everything later is a plain sum."""
    zs, acts = feedforward(weights, biases, X)
    delta = output_delta(acts[-1], T, zs[-1]) / X.shape[0]
    dWs, dbs = [delta.T @ acts[-2]], [delta.sum(axis=0)]
    for i in range(2, len(weights) + 1):
        delta = hidden_delta(weights[-i + 1], delta, zs[-i])
        dWs.append(delta.T @ acts[-i - 1])
        dbs.append(delta.sum(axis=0))
    return dWs[::-1], dbs[::-1]


@variant("gradients")
def mean_of_outer_products(weights, biases, X, T):
    """One outer product a sample, then the mean over the first axis."""
    zs, acts = feedforward(weights, biases, X)
    delta = output_delta(acts[-1], T, zs[-1])
    out = []
    for i in reversed(range(len(weights))):
        out.append((np.mean(delta[:, :, None] * acts[i][:, None, :], axis=0), delta.mean(0)))
        delta = hidden_delta(weights[i], delta, zs[i - 1]) if i else None
    dWs, dbs = zip(*reversed(out))
    return list(dWs), list(dbs)


@variant("gradients")
def everything_in_single_precision(weights, biases, X, T):
    """All arrays in float32, and returned so."""
    weights = [W.astype(np.float32) for W in weights]
    biases = [b.astype(np.float32) for b in biases]
    X, T = X.astype(np.float32), T.astype(np.float32)
    acts = [X]
    for W, b in zip(weights, biases):
        acts.append(np.float32(1) / (1 + np.exp(-(acts[-1] @ W.T + b))))
    delta = (acts[-1] - T) * acts[-1] * (1 - acts[-1])
    dWs, dbs = [], []
    for i in reversed(range(len(weights))):
        dWs.insert(0, delta.T @ acts[i] / np.float32(len(X)))
        dbs.insert(0, delta.mean(axis=0))
        delta = (delta @ weights[i]) * acts[i] * (1 - acts[i])
    return dWs, dbs


@variant("gradients")
def bias_as_a_weight(weights, biases, X, T):
    """Bias and weights in one matrix, with a constant input of 1, split at the end."""
    n = len(X)
    one = np.ones((n, 1))
    big = [np.hstack([W, b[:, None]]) for W, b in zip(weights, biases)]
    inputs, a = [], X
    for M in big:
        inputs.append(np.hstack([a, one]))
        a = sigmoid(inputs[-1] @ M.T)
    delta = (a - T) * a * (1 - a)
    grads = []
    for M, x in zip(big[::-1], inputs[::-1]):
        grads.append(delta.T @ x / n)
        a = x[:, :-1]
        delta = (delta @ M[:, :-1]) * a * (1 - a)
    grads = grads[::-1]
    return [g[:, :-1] for g in grads], [g[:, -1] for g in grads]


@variant("gradients")
def dictionaries_by_layer(weights, biases, X, T):
    """Books kept in dictionaries whose keys count layers from 1, as on the blackboard."""
    L = len(weights)
    w = {l: weights[l - 1] for l in range(1, L + 1)}
    zs, acts = feedforward(weights, biases, X)
    z = dict(enumerate(zs, start=1))
    a = dict(enumerate(acts))
    delta = {L: output_delta(a[L], T, z[L])}
    for l in range(L - 1, 0, -1):
        delta[l] = hidden_delta(w[l + 1], delta[l + 1], z[l])
    N = len(X)
    dW = {l: delta[l].T @ a[l - 1] / N for l in delta}
    db = {l: delta[l].sum(axis=0) / N for l in delta}
    return [dW[l] for l in sorted(dW)], [db[l] for l in sorted(db)]


@variant("gradients")
def counted_and_checked(weights, biases, X, T, calls=[0]):
    """Counts its calls; measures one entry and remarks on it if it differs."""
    calls[0] += 1
    zs, acts = feedforward(weights, biases, X)
    delta = output_delta(acts[-1], T, zs[-1])
    dWs, dbs = [], []
    for i in reversed(range(len(weights))):
        dWs.insert(0, delta.T @ acts[i] / len(X))
        dbs.insert(0, delta.mean(axis=0))
        if i:
            delta = hidden_delta(weights[i], delta, zs[i - 1])

    def cost(step):
        moved = [b.copy() for b in biases]
        moved[-1][0] += step
        return 0.5 * np.sum((feedforward(weights, moved, X)[1][-1] - T) ** 2) / len(X)

    measured = (cost(1e-5) - cost(-1e-5)) / 2e-5
    if abs(measured - dbs[-1][0]) > 1e-6:
        print("call", calls[0], "differs:", measured, dbs[-1][0])
    return dWs, dbs


@variant("gradients")
def samples_as_columns(weights, biases, X, T):
    """The lecture's form throughout: a sample is a column, a bias too."""
    a, zs = X.T, []
    acts = [a]
    for W, b in zip(weights, biases):
        zs.append(W @ a + b.reshape(-1, 1))
        a = sigmoid(zs[-1])
        acts.append(a)
    delta = (a - T.T) * sigmoid_prime(zs[-1])
    dWs, dbs = [], []
    for l in range(len(weights) - 1, -1, -1):
        dWs.append(delta @ acts[l].T / X.shape[0])
        dbs.append(np.mean(delta, axis=1))
        if l:
            delta = (weights[l].T @ delta) * sigmoid_prime(zs[l - 1])
    dWs.reverse()
    dbs.reverse()
    return dWs, dbs


@variant("gradients")
def kernels(weights, biases, X, T):
    """Inside, the layout is (n_in, n_out) and a bias is a row; both are turned at the end."""
    kernels = [W.T.copy() for W in weights]
    rows = [b[None, :] for b in biases]
    outputs = [X]
    for K, r in zip(kernels, rows):
        outputs.append(sigmoid(outputs[-1] @ K + r))
    grads = []
    error = (outputs[-1] - T) / len(X)
    for K, into, out in zip(kernels[::-1], outputs[-2::-1], outputs[:0:-1]):
        delta = error * out * (1 - out)
        grads.append((into.T @ delta, delta.sum(axis=0, keepdims=True)))
        error = delta @ K.T
    return [dK.T for dK, _ in grads[::-1]], [row[0] for _, row in grads[::-1]]


# --- numerical_gradient -------------------------------------------------------------------------


@variant("numerical_gradient")
def unit_vectors(f, theta, h=1e-5):
    """A fresh step array for each entry."""
    slopes = np.zeros_like(theta)
    for k in np.ndindex(*theta.shape):
        step = np.zeros(theta.shape)
        step[k] = h
        slopes[k] = (f(theta + step) - f(theta - step)) / (2.0 * h)
    return slopes


@variant("numerical_gradient")
def in_place_and_restored(f, theta, h=1e-5):
    """The caller's theta is moved and put back."""
    slopes = np.zeros(theta.shape)
    it = np.nditer(theta, flags=["multi_index"], op_flags=["readwrite"])
    while not it.finished:
        k = it.multi_index
        was = theta[k]
        theta[k] = was + h
        up = f(theta)
        theta[k] = was - h
        down = f(theta)
        theta[k] = was
        slopes[k] = (up - down) / (2 * h)
        it.iternext()
    return slopes


@variant("numerical_gradient")
def stepped_back(f, theta, h=1e-5):
    """The caller's theta is moved by +h, -2h, +h: restored up to rounding."""
    slopes = np.zeros(theta.shape)
    for k in np.ndindex(theta.shape):
        theta[k] += h
        up = f(theta)
        theta[k] -= 2 * h
        down = f(theta)
        theta[k] += h
        slopes[k] = (up - down) / (2 * h)
    return slopes


@variant("numerical_gradient")
def flat_iterator(f, theta, h=1e-5):
    """theta.flat, which is no copy, and a list of slopes."""
    slopes = []
    for k in range(theta.size):
        was = theta.flat[k]
        theta.flat[k] = was + h
        up = f(theta)
        theta.flat[k] = was - h
        slopes.append((up - f(theta)) / h / 2)
        theta.flat[k] = was
    return np.array(slopes).reshape(theta.shape)


@variant("numerical_gradient")
def flat_and_reshaped(f, theta, h=1e-5):
    """A flat copy, reshaped for each call of f."""
    flat = theta.reshape(-1).copy()
    out = np.empty(flat.size)
    for k in range(flat.size):
        values = []
        for side in (1, -1):
            moved = flat.copy()
            moved[k] = moved[k] + side * h
            values.append(f(moved.reshape(theta.shape)))
        out[k] = (values[0] - values[1]) / (2 * h)
    return out.reshape(theta.shape)


@variant("numerical_gradient")
def rows_of_the_identity(f, theta, h=1e-5):
    """A comprehension over the rows of a unit matrix."""
    steps = h * np.eye(theta.size).reshape((theta.size, *theta.shape))
    slopes = [(f(theta + e) - f(theta - e)) / (2 * h) for e in steps]
    return np.array(slopes).reshape(theta.shape)


@variant("numerical_gradient")
def two_half_differences(f, theta, h=1e-5):
    """The mean of the forward and the backward difference."""
    here = f(theta)
    slopes = np.zeros(theta.shape)
    for k in np.ndindex(theta.shape):
        up, down = theta.copy(), theta.copy()
        up[k] += h
        down[k] -= h
        slopes[k] = 0.5 * ((f(up) - here) / h + (here - f(down)) / h)
    return slopes


@variant("numerical_gradient")
def with_enumerate(f, theta, h=1e-5):
    """np.ndenumerate over a copy, the result in Fortran order."""
    point = np.copy(theta)
    slopes = np.zeros(theta.shape, order="F")
    for k, value in np.ndenumerate(theta):
        point[k] = value + h
        above = f(point)
        point[k] = value - h
        slopes[k] = (above - f(point)) / (2 * h)
        point[k] = value
    return slopes


@variant("numerical_gradient")
def by_the_width(f, theta, h=1e-5):
    """The width of the secant is 2h, and half of it is stepped to either side."""
    width = 2 * h
    slopes = np.zeros(theta.shape)
    for k in np.ndindex(theta.shape):
        right, left = np.array(theta), np.array(theta)
        right[k] += width / 2
        left[k] -= width / 2
        slopes[k] = (f(right) - f(left)) / width
    return slopes
