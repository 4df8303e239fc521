"""Right answers to 03-sgd in other styles."""

import numpy as np

from autograder.catalogue import variant

# --- sgd_update ---------------------------------------------------------------------------------


@variant("sgd_update")
def update_by_index(params, grads, lr):
    """A loop over indices, on copies."""
    new = []
    for k in range(len(params)):
        step = params[k].copy()
        step -= lr * grads[k]
        new.append(step)
    return new


@variant("sgd_update")
def update_as_generator(params, grads, lr):
    """A generator."""
    for p, g in zip(params, grads):
        yield np.subtract(p, np.multiply(lr, g))


@variant("sgd_update")
def update_as_tuple(params, grads, lr):
    """A map, returned as a tuple."""
    return tuple(map(lambda p, g: -(lr * g - p), params, grads))


@variant("sgd_update")
def update_in_float32(params, grads, lr):
    """Single precision."""
    return [
        p.astype(np.float32) - np.float32(lr) * g.astype(np.float32) for p, g in zip(params, grads)
    ]


@variant("sgd_update")
def update_adds_downhill(params, grads, lr):
    """The way downhill is added."""
    return [p + lr * downhill for p, downhill in zip(params, [-g for g in grads])]


# --- minibatches --------------------------------------------------------------------------------


@variant("minibatches")
def batches_by_split(n_samples, batch_size, rng):
    """np.split at every multiple of the batch size."""
    return np.split(rng.permutation(n_samples), np.arange(batch_size, n_samples, batch_size))


@variant("minibatches")
def batches_yielded(n_samples, batch_size, rng):
    """A generator with a while loop."""
    order = np.arange(n_samples)
    rng.shuffle(order)
    start = 0
    while start < n_samples:
        yield order[start : start + batch_size]
        start += batch_size


@variant("minibatches")
def batches_by_sorting(n_samples, batch_size, rng):
    """The order that sorts random numbers is a uniform permutation."""
    order = np.argsort(rng.random(n_samples)).astype(np.int32)
    n_batches = int(np.ceil(n_samples / batch_size))
    return tuple(order[k * batch_size : (k + 1) * batch_size] for k in range(n_batches))


@variant("minibatches")
def batches_from_list(n_samples, batch_size, rng):
    """A shuffled Python list, taken apart from the end."""
    left = list(range(n_samples))
    rng.shuffle(left)
    batches = []
    while left:
        batches.append(np.array(left[:batch_size]))
        del left[:batch_size]
    return batches


@variant("minibatches")
def batches_by_choice(n_samples, batch_size, rng):
    """Drawing without replacement, last slice by hand."""
    order = rng.choice(n_samples, size=n_samples, replace=False)
    n_full = n_samples // batch_size
    batches = [order[k * batch_size : (k + 1) * batch_size] for k in range(n_full)]
    if n_full * batch_size < n_samples:
        batches.append(order[n_full * batch_size :])
    return batches


@variant("minibatches")
def batches_numbered_from_one(n_samples, batch_size, rng):
    """The samples are numbered from 1, and 1 is taken off at the end."""
    numbers = rng.permutation(np.arange(1, n_samples + 1))
    return [numbers[k : k + batch_size] - 1 for k in range(0, n_samples, batch_size)]


# --- train --------------------------------------------------------------------------------------


@variant("train")
def train_on_shuffled_copies(weights, biases, X, T, epochs, batch_size, lr, rng):
    """Rows of shuffled copies of the data; no other exercise is called."""
    for _ in range(epochs):
        order = rng.permutation(X.shape[0])
        X_mixed, T_mixed = X[order], T[order]
        for k in range(0, X.shape[0], batch_size):
            rows = slice(k, k + batch_size)
            dWs, dbs = gradients(weights, biases, X_mixed[rows], T_mixed[rows])
            weights = [W - lr * dW for W, dW in zip(weights, dWs)]
            biases = [b - lr * db for b, db in zip(biases, dbs)]
    return weights, biases


@variant("train")
def train_in_place_on_copies(weights, biases, X, T, epochs, batch_size, lr, rng):
    """Deep copies, then changed in place."""
    import copy

    weights, biases = copy.deepcopy(weights), copy.deepcopy(biases)
    indices = np.arange(len(X))
    for _ in range(epochs):
        rng.shuffle(indices)
        for start in range(0, len(indices), batch_size):
            batch = indices[start : start + batch_size]
            dWs, dbs = gradients(weights, biases, X[batch], T[batch])
            for p, g in zip(weights + biases, dWs + dbs):
                p -= lr * g
    return weights, biases


@variant("train")
def train_sample_by_sample(weights, biases, X, T, epochs, batch_size, lr, rng):
    """The batch's gradient as a sum over single samples, in loops."""
    weights, biases = [W.copy() for W in weights], [b.copy() for b in biases]
    for _ in range(epochs):
        for batch in minibatches(len(X), batch_size, rng):
            total_W = [np.zeros_like(W) for W in weights]
            total_b = [np.zeros_like(b) for b in biases]
            for n in batch:
                dWs, dbs = gradients(weights, biases, X[n : n + 1], T[n : n + 1])
                total_W = [s + g for s, g in zip(total_W, dWs)]
                total_b = [s + g for s, g in zip(total_b, dbs)]
            weights = [W - lr / len(batch) * s for W, s in zip(weights, total_W)]
            biases = [b - lr / len(batch) * s for b, s in zip(biases, total_b)]
    return tuple(weights), tuple(biases)


@variant("train")
def train_with_rows_joined(weights, biases, X, T, epochs, batch_size, lr, rng):
    """Samples and targets side by side in one array, shuffled together."""
    n_in = X.shape[1]
    rows = np.hstack([X, T])
    for _ in range(epochs):
        rng.shuffle(rows, axis=0)
        for part in np.split(rows, range(batch_size, len(rows), batch_size)):
            dWs, dbs = gradients(weights, biases, part[:, :n_in], part[:, n_in:])
            weights, biases = sgd_update(weights, dWs, lr), sgd_update(biases, dbs, lr)
    return [weights, biases]


@variant("train")
def train_in_float32(weights, biases, X, T, epochs, batch_size, lr, rng):
    """Single precision throughout."""
    weights = [W.astype(np.float32) for W in weights]
    biases = [b.astype(np.float32) for b in biases]
    X, T, lr = X.astype(np.float32), T.astype(np.float32), np.float32(lr)
    for _ in range(epochs):
        for batch in minibatches(len(X), batch_size, rng):
            dWs, dbs = gradients(weights, biases, X[batch], T[batch])
            weights = [(W - lr * dW).astype(np.float32) for W, dW in zip(weights, dWs)]
            biases = [(b - lr * db).astype(np.float32) for b, db in zip(biases, dbs)]
    return weights, biases


@variant("train")
def train_with_own_backprop(weights, biases, X, T, epochs, batch_size, lr, rng):
    """Backpropagation written out, every layer updated as soon as it is passed."""
    weights, biases = list(weights), list(biases)
    for _ in range(epochs):
        for batch in minibatches(len(X), batch_size, rng):
            _, a = feedforward(weights, biases, X[batch])
            delta = (a[-1] - T[batch]) * a[-1] * (1 - a[-1])
            for layer in reversed(range(len(weights))):
                W = weights[layer]
                weights[layer] = W - lr * np.einsum("nj,nk->jk", delta, a[layer]) / len(batch)
                biases[layer] = biases[layer] - lr * np.mean(delta, axis=0)
                delta = delta @ W * a[layer] * (1 - a[layer])
    return weights, biases


@variant("train")
def train_with_sums(weights, biases, X, T, epochs, batch_size, lr, rng):
    """The gradient is summed over the batch, and the rate divided by its size."""
    for _ in range(epochs):
        for batch in minibatches(len(X), batch_size, rng):
            size = len(batch)
            dWs, dbs = gradients(weights, biases, X[batch], T[batch])
            dWs, dbs = [size * dW for dW in dWs], [size * db for db in dbs]
            weights = sgd_update(weights, dWs, lr / size)
            biases = sgd_update(biases, dbs, lr / size)
    return [np.array(W) for W in weights], [np.array(b) for b in biases]


# --- evaluate -----------------------------------------------------------------------------------


@variant("evaluate")
def evaluate_in_loops(weights, biases, X, T):
    """Sample by sample."""
    loss, right = 0.0, 0
    for x, t in zip(X, T):
        y = feedforward(weights, biases, x[np.newaxis])[1][-1][0]
        loss += sum(0.5 * (y_j - t_j) ** 2 for y_j, t_j in zip(y, t))
        right += int(
            max(range(len(t)), key=lambda j: y[j]) == max(range(len(t)), key=lambda j: t[j])
        )
    return loss / len(X), right / len(X)


@variant("evaluate")
def evaluate_by_norm(weights, biases, X, T):
    """Norms, einsum and a list in place of a tuple."""
    _, activations = feedforward(weights, biases, X)
    difference = activations[-1] - T
    loss = np.einsum("nj,nj->", difference, difference) / (2 * X.shape[0])
    hits = np.argmax(activations[-1], axis=-1) == np.argmax(T, axis=-1)
    return [np.asarray(loss), np.count_nonzero(hits) / hits.size]


@variant("evaluate")
def evaluate_in_float32(weights, biases, X, T):
    """Single precision."""
    output = feedforward(weights, biases, X)[1][-1].astype(np.float32)
    loss = np.float32(0.5) * ((output - T.astype(np.float32)) ** 2).sum(1).mean()
    return loss, (output.argmax(1) == T.argmax(1)).astype(np.float32).mean()


@variant("evaluate")
def evaluate_by_other_measures(weights, biases, X, T):
    """From the mean squared error of all entries and the error rate."""
    output = feedforward(weights, biases, X)[1][-1]
    squared_error = np.mean(np.square(output - T))
    wrong = np.mean(np.argmax(output, axis=1) != np.argmax(T, axis=1))
    return squared_error * T.shape[1] / 2, 1 - wrong


# --- labs ---------------------------------------------------------------------------------------


@variant("lab_two_features")
def two_features_by_the_recipe(X_train, T_train, rng):
    """The recipe, with rng.normal and a list of sizes."""
    sizes = [2, 5, 2]
    weights, biases = [], []
    for k in range(2):
        weights.append(rng.normal(0.0, 1.0, size=(sizes[k + 1], sizes[k])))
        biases.append(rng.normal(0.0, 1.0, size=sizes[k + 1]))
    return train(weights, biases, X_train, T_train, 30, 10, 1.0, rng)


@variant("lab_two_features")
def two_features_trained_longer(X_train, T_train, rng):
    """Two rounds of training, the second with shorter steps."""
    net = [rng.normal(size=(5, 2)), rng.normal(size=(2, 5))], [np.zeros(5), np.zeros(2)]
    net = train(*net, X_train, T_train, 40, 10, 2.0, rng)
    return train(*net, X_train, T_train, 40, 20, 0.5, rng)


@variant("lab_digits")
def digits_without_train(X_train, T_train, rng):
    """Everything written out, no other exercise called."""
    W1, b1 = rng.normal(scale=0.5, size=(30, X_train.shape[1])), rng.normal(size=30)
    W2, b2 = rng.normal(scale=0.5, size=(10, 30)), rng.normal(size=10)
    for _ in range(30):
        order = rng.permutation(len(X_train))
        for start in range(0, len(order), 10):
            batch = order[start : start + 10]
            dWs, dbs = gradients([W1, W2], [b1, b2], X_train[batch], T_train[batch])
            W1, W2 = W1 - 3.0 * dWs[0], W2 - 3.0 * dWs[1]
            b1, b2 = b1 - 3.0 * dbs[0], b2 - 3.0 * dbs[1]
    return (W1, W2), (b1, b2)


@variant("lab_digits")
def digits_from_smaller_weights(X_train, T_train, rng):
    """Weights that shrink with the number of inputs; more epochs, with shorter steps at the end."""
    n = X_train.shape[1]
    net = (
        [rng.normal(size=(30, n)) / np.sqrt(n), rng.normal(size=(10, 30)) / np.sqrt(30)],
        [rng.normal(size=30), rng.normal(size=10)],
    )
    for epoch in range(40):
        net = train(*net, X_train, T_train, 1, 10, 3.0 if epoch < 30 else 1.0, rng)
    return net
