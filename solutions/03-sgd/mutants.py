"""Mistakes that students make in 03-sgd."""

import numpy as np

from autograder.catalogue import mutant

# --- sgd_update ---------------------------------------------------------------------------------


@mutant("sgd_update", hint="Does the loss rise?", note="row 36: ascent")
def update_ascends(params, grads, lr):
    """The step goes up the slope."""
    return [p + lr * g for p, g in zip(params, grads)]


@mutant("sgd_update", hint="Who owns the array that you write to?", note="row 44")
def update_in_place(params, grads, lr):
    """The caller's arrays are changed."""
    for p, g in zip(params, grads):
        p -= lr * g
    return params


@mutant("sgd_update", hint="Did the list change, or only a name?", note="row 45")
def update_rebinds(params, grads, lr):
    """The loop variable is given a new array; the list keeps the old ones."""
    for p, g in zip(params, grads):
        p = p - lr * g
    return list(params)


@mutant("sgd_update", hint="What does a learning rate of 0.1 do to the step?")
def update_forgets_rate(params, grads, lr):
    """The learning rate is not used."""
    return [p - g for p, g in zip(params, grads)]


@mutant("sgd_update", hint="What does a small learning rate do to the step?")
def update_divides_by_rate(params, grads, lr):
    """The gradient is divided by the learning rate."""
    return [p - g / lr for p, g in zip(params, grads)]


@mutant("sgd_update", hint="What is multiplied by lr: the gradient, or the difference?")
def update_scales_parameters(params, grads, lr):
    """The brackets stand around the wrong terms."""
    return [lr * (p - g) for p, g in zip(params, grads)]


@mutant("sgd_update", hint="How large is the step where the gradient is small?")
def update_takes_sign(params, grads, lr):
    """Only the sign of the gradient counts."""
    return [p - lr * np.sign(g) for p, g in zip(params, grads)]


@mutant("sgd_update", hint="Has the gradient been averaged already?", note="row 24, 37")
def update_averages_again(params, grads, lr):
    """The gradient is divided by the number of its rows."""
    return [p - lr * g / len(g) for p, g in zip(params, grads)]


@mutant("sgd_update", hint="How many arrays come in, how many go out?")
def update_returns_early(params, grads, lr):
    """The return stands inside the loop."""
    new = []
    for p, g in zip(params, grads):
        new.append(p - lr * g)
        return new


# --- minibatches --------------------------------------------------------------------------------


@mutant("minibatches", hint="Count samples seen.", note="row 38")
def batches_drop_last(n_samples, batch_size, rng):
    """The short last batch is dropped."""
    order = rng.permutation(n_samples)
    n_batches = n_samples // batch_size
    return [order[k * batch_size : (k + 1) * batch_size] for k in range(n_batches)]


@mutant("minibatches", hint="Collect the indices of all batches.", note="row 39")
def batches_miss_one(n_samples, batch_size, rng):
    """Each slice ends one too early."""
    order = rng.permutation(n_samples)
    return [order[k : k + batch_size - 1] for k in range(0, n_samples, batch_size)]


@mutant("minibatches", hint="Is a sample in two batches?", note="row 39")
def batches_overlap(n_samples, batch_size, rng):
    """Each slice ends one too late."""
    order = rng.permutation(n_samples)
    return [order[k : k + batch_size + 1] for k in range(0, n_samples, batch_size)]


@mutant("minibatches", hint="Where does the second batch begin?", note="row 39")
def batches_skip_one(n_samples, batch_size, rng):
    """The start moves on by batch_size + 1."""
    order = rng.permutation(n_samples)
    return [order[k : k + batch_size] for k in range(0, n_samples, batch_size + 1)]


@mutant("minibatches", hint="How long is the last batch if 4 divides 12?")
def batches_end_empty(n_samples, batch_size, rng):
    """One batch too many: it is empty where the sizes divide."""
    order = rng.permutation(n_samples)
    n_batches = n_samples // batch_size + 1
    return [order[k * batch_size : (k + 1) * batch_size] for k in range(n_batches)]


@mutant("minibatches", hint="Is 0 a sample? Is n_samples?")
def batches_count_from_one(n_samples, batch_size, rng):
    """The samples are numbered from 1."""
    order = 1 + rng.permutation(n_samples)
    return [order[k : k + batch_size] for k in range(0, n_samples, batch_size)]


@mutant("minibatches", hint="Does batch_size say how many samples, or how many batches?")
def batches_counted(n_samples, batch_size, rng):
    """batch_size is taken for the number of batches."""
    return list(np.array_split(rng.permutation(n_samples), min(batch_size, n_samples)))


@mutant("minibatches", hint="Which sizes have the batches, from first to last?")
def batches_balanced(n_samples, batch_size, rng):
    """The samples are spread evenly instead of filling one batch after the other."""
    n_batches = -(-n_samples // batch_size)
    return list(np.array_split(rng.permutation(n_samples), n_batches))


@mutant("minibatches", hint="How many samples does the last batch have left?")
def batches_fill_up(n_samples, batch_size, rng):
    """The last batch is filled up with samples from the beginning."""
    order = rng.permutation(n_samples)
    order = np.resize(order, batch_size * -(-n_samples // batch_size))
    return [order[k : k + batch_size] for k in range(0, len(order), batch_size)]


@mutant("minibatches", hint="Compare two epochs.", note="row 41: no shuffle")
def batches_unshuffled(n_samples, batch_size, rng):
    """The samples keep their order."""
    order = np.arange(n_samples)
    return [order[k : k + batch_size] for k in range(0, n_samples, batch_size)]


@mutant("minibatches", hint="Call it twice.", note="row 41: seed inside")
def batches_seed_inside(n_samples, batch_size, rng):
    """A generator of its own, seeded anew in each call."""
    order = np.random.default_rng(0).permutation(n_samples)
    return [order[k : k + batch_size] for k in range(0, n_samples, batch_size)]


@mutant("minibatches", hint="Does the same seed give the same batches?")
def batches_global_random(n_samples, batch_size, rng):
    """NumPy's global generator is used instead of rng."""
    order = np.random.permutation(n_samples)
    return [order[k : k + batch_size] for k in range(0, n_samples, batch_size)]


@mutant("minibatches", hint="Sort the indices.", note="row 42")
def batches_with_replacement(n_samples, batch_size, rng):
    """Every index is drawn on its own."""
    order = rng.integers(n_samples, size=n_samples)
    return [order[k : k + batch_size] for k in range(0, n_samples, batch_size)]


@mutant("minibatches", hint="Sort the indices of all batches together.", note="row 42")
def batches_drawn_apart(n_samples, batch_size, rng):
    """Each batch is drawn from all samples."""
    n_batches = -(-n_samples // batch_size)
    size = min(batch_size, n_samples)
    return [rng.choice(n_samples, size, replace=False) for _ in range(n_batches)]


@mutant("minibatches", hint="Can neighbours separate?", note="row 43")
def batches_block_order(n_samples, batch_size, rng):
    """Only the order of the blocks is shuffled; the short one stays last."""
    blocks = [np.arange(k, min(k + batch_size, n_samples)) for k in range(0, n_samples, batch_size)]
    n_full = n_samples // batch_size
    return [blocks[k] for k in rng.permutation(n_full)] + blocks[n_full:]


@mutant("minibatches", hint="Can neighbours separate?", note="row 43")
def batches_rolled(n_samples, batch_size, rng):
    """The samples keep their order, but for the start."""
    order = np.roll(np.arange(n_samples), rng.integers(n_samples))
    return [order[k : k + batch_size] for k in range(0, n_samples, batch_size)]


@mutant("minibatches", hint="In which batches can sample 0 be?", note="row 43")
def batches_shuffled_inside(n_samples, batch_size, rng):
    """The samples are shuffled inside their blocks only."""
    return [
        rng.permutation(np.arange(k, min(k + batch_size, n_samples)))
        for k in range(0, n_samples, batch_size)
    ]


@mutant("minibatches", hint="Can an array be indexed with your result?")
def batches_of_floats(n_samples, batch_size, rng):
    """The indices are floating-point numbers."""
    order = rng.permutation(np.linspace(0, n_samples - 1, n_samples))
    return [order[k : k + batch_size] for k in range(0, n_samples, batch_size)]


@mutant("minibatches", hint="What is k after the last full batch?")
def batches_lose_order(n_samples, batch_size, rng):
    """The permutation is drawn, but the batches are cut from the old order."""
    order = np.arange(n_samples)
    rng.permutation(order)
    return [order[k : k + batch_size] for k in range(0, n_samples, batch_size)]


# --- train --------------------------------------------------------------------------------------


@mutant("train", hint="Does the loss rise?", note="row 36")
def train_ascends(weights, biases, X, T, epochs, batch_size, lr, rng):
    """The step goes up the slope."""
    for _ in range(epochs):
        for batch in minibatches(len(X), batch_size, rng):
            dWs, dbs = gradients(weights, biases, X[batch], T[batch])
            weights = [W + lr * dW for W, dW in zip(weights, dWs)]
            biases = [b + lr * db for b, db in zip(biases, dbs)]
    return weights, biases


@mutant("train", hint="How big is this batch?", note="row 37: the last step is too short")
def train_partial_batch_over_size(weights, biases, X, T, epochs, batch_size, lr, rng):
    """The short batch is divided by batch_size."""
    for _ in range(epochs):
        for batch in minibatches(len(X), batch_size, rng):
            dWs, dbs = gradients(weights, biases, X[batch], T[batch])
            scale = lr * len(batch) / min(batch_size, len(X))
            weights = sgd_update(weights, dWs, scale)
            biases = sgd_update(biases, dbs, scale)
    return weights, biases


@mutant("train", hint="How many samples did this gradient average over?", note="row 37: / n")
def train_step_over_all_samples(weights, biases, X, T, epochs, batch_size, lr, rng):
    """Every step is divided by the number of all samples."""
    for _ in range(epochs):
        for batch in minibatches(len(X), batch_size, rng):
            dWs, dbs = gradients(weights, biases, X[batch], T[batch])
            weights = sgd_update(weights, dWs, lr * len(batch) / len(X))
            biases = sgd_update(biases, dbs, lr * len(batch) / len(X))
    return weights, biases


@mutant("train", hint="Has the gradient been averaged already?", note="row 24")
def train_averages_twice(weights, biases, X, T, epochs, batch_size, lr, rng):
    """The gradient, already averaged, is divided by the batch size again."""
    for _ in range(epochs):
        for batch in minibatches(len(X), batch_size, rng):
            dWs, dbs = gradients(weights, biases, X[batch], T[batch])
            weights = sgd_update(weights, dWs, lr / len(batch))
            biases = sgd_update(biases, dbs, lr / len(batch))
    return weights, biases


@mutant("train", hint="Is the gradient a sum or a mean over the batch?", note="row 23")
def train_sums(weights, biases, X, T, epochs, batch_size, lr, rng):
    """The gradient is summed over the batch."""
    for _ in range(epochs):
        for batch in minibatches(len(X), batch_size, rng):
            dWs, dbs = gradients(weights, biases, X[batch], T[batch])
            weights = sgd_update(weights, dWs, lr * len(batch))
            biases = sgd_update(biases, dbs, lr * len(batch))
    return weights, biases


@mutant("train", hint="Count samples seen.", note="row 38")
def train_drops_last(weights, biases, X, T, epochs, batch_size, lr, rng):
    """The short last batch is dropped."""
    size = min(batch_size, len(X))
    for _ in range(epochs):
        order = rng.permutation(len(X))
        for k in range(len(X) // size):
            batch = order[k * size : (k + 1) * size]
            dWs, dbs = gradients(weights, biases, X[batch], T[batch])
            weights = sgd_update(weights, dWs, lr)
            biases = sgd_update(biases, dbs, lr)
    return weights, biases


@mutant("train", hint="Collect the indices of one epoch.", note="row 39")
def train_slices_overlap(weights, biases, X, T, epochs, batch_size, lr, rng):
    """Each slice ends one too late."""
    for _ in range(epochs):
        order = rng.permutation(len(X))
        for k in range(0, len(X), batch_size):
            batch = order[k : k + batch_size + 1]
            dWs, dbs = gradients(weights, biases, X[batch], T[batch])
            weights = sgd_update(weights, dWs, lr)
            biases = sgd_update(biases, dbs, lr)
    return weights, biases


@mutant("train", hint="Collect the indices of one epoch.", note="row 39")
def train_slices_skip(weights, biases, X, T, epochs, batch_size, lr, rng):
    """The start moves on by batch_size + 1."""
    for _ in range(epochs):
        order = rng.permutation(len(X))
        for k in range(0, len(X), batch_size + 1):
            batch = order[k : k + batch_size]
            dWs, dbs = gradients(weights, biases, X[batch], T[batch])
            weights = sgd_update(weights, dWs, lr)
            biases = sgd_update(biases, dbs, lr)
    return weights, biases


@mutant("train", hint="Track one pair.", note="row 40")
def train_shuffles_apart(weights, biases, X, T, epochs, batch_size, lr, rng):
    """Samples and targets are shuffled each in their own way."""
    for _ in range(epochs):
        X_mixed, T_mixed = rng.permutation(X), rng.permutation(T)
        for k in range(0, len(X), batch_size):
            rows = slice(k, k + batch_size)
            dWs, dbs = gradients(weights, biases, X_mixed[rows], T_mixed[rows])
            weights = sgd_update(weights, dWs, lr)
            biases = sgd_update(biases, dbs, lr)
    return weights, biases


@mutant("train", hint="Track one pair.", note="row 40")
def train_shuffles_inputs_only(weights, biases, X, T, epochs, batch_size, lr, rng):
    """Only the samples are shuffled; the targets stay."""
    for _ in range(epochs):
        X_mixed = X[rng.permutation(len(X))]
        for k in range(0, len(X), batch_size):
            rows = slice(k, k + batch_size)
            dWs, dbs = gradients(weights, biases, X_mixed[rows], T[rows])
            weights = sgd_update(weights, dWs, lr)
            biases = sgd_update(biases, dbs, lr)
    return weights, biases


@mutant("train", hint="Compare two epochs.", note="row 41")
def train_shuffles_once(weights, biases, X, T, epochs, batch_size, lr, rng):
    """The batches are drawn once, before the epochs."""
    batches = minibatches(len(X), batch_size, rng)
    for _ in range(epochs):
        for batch in batches:
            dWs, dbs = gradients(weights, biases, X[batch], T[batch])
            weights = sgd_update(weights, dWs, lr)
            biases = sgd_update(biases, dbs, lr)
    return weights, biases


@mutant("train", hint="Compare two epochs.", note="row 41")
def train_seeds_inside(weights, biases, X, T, epochs, batch_size, lr, rng):
    """Each epoch starts a generator with the same seed."""
    for _ in range(epochs):
        for batch in minibatches(len(X), batch_size, np.random.default_rng(1)):
            dWs, dbs = gradients(weights, biases, X[batch], T[batch])
            weights = sgd_update(weights, dWs, lr)
            biases = sgd_update(biases, dbs, lr)
    return weights, biases


@mutant("train", hint="Train twice with the same seed.")
def train_own_generator(weights, biases, X, T, epochs, batch_size, lr, rng):
    """A generator of its own is used instead of rng."""
    rng = np.random.default_rng()
    for _ in range(epochs):
        for batch in minibatches(len(X), batch_size, rng):
            dWs, dbs = gradients(weights, biases, X[batch], T[batch])
            weights = sgd_update(weights, dWs, lr)
            biases = sgd_update(biases, dbs, lr)
    return weights, biases


@mutant("train", hint="Compare two epochs.", note="row 41: no shuffle")
def train_unshuffled(weights, biases, X, T, epochs, batch_size, lr, rng):
    """The batches are cut from the old order."""
    for _ in range(epochs):
        for k in range(0, len(X), batch_size):
            rows = slice(k, k + batch_size)
            dWs, dbs = gradients(weights, biases, X[rows], T[rows])
            weights = sgd_update(weights, dWs, lr)
            biases = sgd_update(biases, dbs, lr)
    return weights, biases


@mutant("train", hint="Sort the indices.", note="row 42")
def train_with_replacement(weights, biases, X, T, epochs, batch_size, lr, rng):
    """Every batch is drawn from all samples."""
    for _ in range(epochs):
        for k in range(0, len(X), batch_size):
            batch = rng.integers(len(X), size=min(batch_size, len(X) - k))
            dWs, dbs = gradients(weights, biases, X[batch], T[batch])
            weights = sgd_update(weights, dWs, lr)
            biases = sgd_update(biases, dbs, lr)
    return weights, biases


@mutant("train", hint="Can neighbours separate?", note="row 43")
def train_shuffles_blocks(weights, biases, X, T, epochs, batch_size, lr, rng):
    """Whole blocks of neighbours are shuffled."""
    starts = np.arange(0, len(X), batch_size)
    for _ in range(epochs):
        for k in rng.permutation(starts):
            rows = slice(k, k + batch_size)
            dWs, dbs = gradients(weights, biases, X[rows], T[rows])
            weights = sgd_update(weights, dWs, lr)
            biases = sgd_update(biases, dbs, lr)
    return weights, biases


@mutant("train", hint="Who owns the weights?", note="row 44")
def train_changes_weights(weights, biases, X, T, epochs, batch_size, lr, rng):
    """The caller's weights are changed in place."""
    for _ in range(epochs):
        for batch in minibatches(len(X), batch_size, rng):
            dWs, dbs = gradients(weights, biases, X[batch], T[batch])
            for k in range(len(weights)):
                weights[k] -= lr * dWs[k]
                biases[k] -= lr * dbs[k]
    return weights, biases


@mutant("train", hint="Is a copy of a list a copy of its arrays?", note="row 44")
def train_copies_shallowly(weights, biases, X, T, epochs, batch_size, lr, rng):
    """The lists are copied, the arrays in them are not."""
    weights, biases = weights.copy(), biases.copy()
    for _ in range(epochs):
        for batch in minibatches(len(X), batch_size, rng):
            dWs, dbs = gradients(weights, biases, X[batch], T[batch])
            for p, g in zip(weights + biases, dWs + dbs):
                p -= lr * g
    return weights, biases


@mutant("train", hint="Who owns the data?", note="row 44")
def train_shuffles_data(weights, biases, X, T, epochs, batch_size, lr, rng):
    """The caller's samples and targets are shuffled in place."""
    for _ in range(epochs):
        order = rng.permutation(len(X))
        X[:], T[:] = X[order], T[order]
        for k in range(0, len(X), batch_size):
            rows = slice(k, k + batch_size)
            dWs, dbs = gradients(weights, biases, X[rows], T[rows])
            weights = sgd_update(weights, dWs, lr)
            biases = sgd_update(biases, dbs, lr)
    return weights, biases


@mutant("train", hint="Did the object change?", note="row 45")
def train_rebinds(weights, biases, X, T, epochs, batch_size, lr, rng):
    """The loop variables get new arrays; the lists keep the old ones."""
    for _ in range(epochs):
        for batch in minibatches(len(X), batch_size, rng):
            dWs, dbs = gradients(weights, biases, X[batch], T[batch])
            for W, b, dW, db in zip(weights, biases, dWs, dbs):
                W = W - lr * dW
                b = b - lr * db
    return weights, biases


@mutant("train", hint="What does sgd_update return, and who takes it?", note="row 45")
def train_ignores_result(weights, biases, X, T, epochs, batch_size, lr, rng):
    """What sgd_update returns is thrown away."""
    for _ in range(epochs):
        for batch in minibatches(len(X), batch_size, rng):
            dWs, dbs = gradients(weights, biases, X[batch], T[batch])
            sgd_update(weights, dWs, lr)
            sgd_update(biases, dbs, lr)
    return weights, biases


@mutant("train", hint="Which weights does the gradient see?", note="row 20")
def train_biases_see_new_weights(weights, biases, X, T, epochs, batch_size, lr, rng):
    """The biases' gradient is taken after the weights have moved."""
    for _ in range(epochs):
        for batch in minibatches(len(X), batch_size, rng):
            weights = sgd_update(weights, gradients(weights, biases, X[batch], T[batch])[0], lr)
            biases = sgd_update(biases, gradients(weights, biases, X[batch], T[batch])[1], lr)
    return weights, biases


@mutant("train", hint="Where was the gradient taken?")
def train_steps_from_start(weights, biases, X, T, epochs, batch_size, lr, rng):
    """Every gradient of an epoch is taken at the weights with which the epoch began."""
    for _ in range(epochs):
        batches = minibatches(len(X), batch_size, rng)
        steps = [gradients(weights, biases, X[batch], T[batch]) for batch in batches]
        for dWs, dbs in steps:
            weights = sgd_update(weights, dWs, lr)
            biases = sgd_update(biases, dbs, lr)
    return weights, biases


@mutant("train", hint="Which parameters of a layer are trained?")
def train_forgets_biases(weights, biases, X, T, epochs, batch_size, lr, rng):
    """The biases stay where they are."""
    for _ in range(epochs):
        for batch in minibatches(len(X), batch_size, rng):
            dWs, _ = gradients(weights, biases, X[batch], T[batch])
            weights = sgd_update(weights, dWs, lr)
    return weights, biases


@mutant("train", hint="Which layers move?")
def train_last_layer_only(weights, biases, X, T, epochs, batch_size, lr, rng):
    """Only the last layer is trained."""
    for _ in range(epochs):
        for batch in minibatches(len(X), batch_size, rng):
            dWs, dbs = gradients(weights, biases, X[batch], T[batch])
            weights = weights[:-1] + sgd_update(weights[-1:], dWs[-1:], lr)
            biases = biases[:-1] + sgd_update(biases[-1:], dbs[-1:], lr)
    return weights, biases


@mutant("train", hint="How often does the outer loop run?")
def train_one_epoch_more(weights, biases, X, T, epochs, batch_size, lr, rng):
    """One epoch too many."""
    for _ in range(epochs + 1):
        for batch in minibatches(len(X), batch_size, rng):
            dWs, dbs = gradients(weights, biases, X[batch], T[batch])
            weights = sgd_update(weights, dWs, lr)
            biases = sgd_update(biases, dbs, lr)
    return weights, biases


@mutant("train", hint="How often does the outer loop run?")
def train_one_epoch_less(weights, biases, X, T, epochs, batch_size, lr, rng):
    """One epoch too few."""
    for _ in range(1, epochs):
        for batch in minibatches(len(X), batch_size, rng):
            dWs, dbs = gradients(weights, biases, X[batch], T[batch])
            weights = sgd_update(weights, dWs, lr)
            biases = sgd_update(biases, dbs, lr)
    return weights, biases


@mutant("train", hint="In which loop does the return stand?")
def train_returns_early(weights, biases, X, T, epochs, batch_size, lr, rng):
    """The return stands inside the loop over epochs."""
    for _ in range(epochs):
        for batch in minibatches(len(X), batch_size, rng):
            dWs, dbs = gradients(weights, biases, X[batch], T[batch])
            weights = sgd_update(weights, dWs, lr)
            biases = sgd_update(biases, dbs, lr)
        return weights, biases
    return weights, biases


@mutant("train", hint="How many steps does an epoch take?")
def train_one_batch_per_epoch(weights, biases, X, T, epochs, batch_size, lr, rng):
    """Each epoch uses its first batch only."""
    for _ in range(epochs):
        batch = rng.permutation(len(X))[:batch_size]
        dWs, dbs = gradients(weights, biases, X[batch], T[batch])
        weights = sgd_update(weights, dWs, lr)
        biases = sgd_update(biases, dbs, lr)
    return weights, biases


@mutant("train", hint="Which samples does one step see?")
def train_on_all_samples(weights, biases, X, T, epochs, batch_size, lr, rng):
    """Each step takes the gradient of all samples, not of its batch."""
    for _ in range(epochs):
        for _batch in minibatches(len(X), batch_size, rng):
            dWs, dbs = gradients(weights, biases, X, T)
            weights = sgd_update(weights, dWs, lr)
            biases = sgd_update(biases, dbs, lr)
    return weights, biases


@mutant("train", hint="Does batch_size say how many samples, or how many batches?")
def train_confuses_arguments(weights, biases, X, T, epochs, batch_size, lr, rng):
    """Epochs and batch size change places."""
    for _ in range(batch_size):
        for batch in minibatches(len(X), max(epochs, 1), rng):
            dWs, dbs = gradients(weights, biases, X[batch], T[batch])
            weights = sgd_update(weights, dWs, lr)
            biases = sgd_update(biases, dbs, lr)
    return weights, biases


@mutant("train", hint="Is the learning rate the same in the last epoch?")
def train_decays_rate(weights, biases, X, T, epochs, batch_size, lr, rng):
    """The learning rate falls from epoch to epoch."""
    for epoch in range(epochs):
        for batch in minibatches(len(X), batch_size, rng):
            dWs, dbs = gradients(weights, biases, X[batch], T[batch])
            weights = sgd_update(weights, dWs, lr / (1 + epoch))
            biases = sgd_update(biases, dbs, lr / (1 + epoch))
    return weights, biases


@mutant("train", hint="Is the gradient of the last step still in there?", note="row 35")
def train_keeps_old_gradients(weights, biases, X, T, epochs, batch_size, lr, rng):
    """The gradients are added up and never set back to zero."""
    sum_W = [np.zeros_like(W) for W in weights]
    sum_b = [np.zeros_like(b) for b in biases]
    for _ in range(epochs):
        for batch in minibatches(len(X), batch_size, rng):
            dWs, dbs = gradients(weights, biases, X[batch], T[batch])
            sum_W = [s + g for s, g in zip(sum_W, dWs)]
            sum_b = [s + g for s, g in zip(sum_b, dbs)]
            weights = sgd_update(weights, sum_W, lr)
            biases = sgd_update(biases, sum_b, lr)
    return weights, biases


# --- evaluate -----------------------------------------------------------------------------------


@mutant("evaluate", hint="Differentiate your cost.", note="row 13")
def loss_without_half(weights, biases, X, T):
    """The factor one half is missing."""
    output = feedforward(weights, biases, X)[1][-1]
    loss = np.mean(np.sum((output - T) ** 2, axis=1))
    return loss, np.mean(output.argmax(axis=1) == T.argmax(axis=1))


@mutant("evaluate", hint="Duplicate the batch: does the loss change?", note="row 23")
def loss_summed(weights, biases, X, T):
    """The loss is summed over the samples."""
    output = feedforward(weights, biases, X)[1][-1]
    loss = 0.5 * np.sum((output - T) ** 2)
    return loss, np.mean(output.argmax(axis=1) == T.argmax(axis=1))


@mutant("evaluate", hint="Average over what?", note="row 51: mean over all entries")
def loss_mean_of_entries(weights, biases, X, T):
    """The loss is averaged over the outputs, too."""
    output = feedforward(weights, biases, X)[1][-1]
    loss = 0.5 * np.mean((output - T) ** 2)
    return loss, np.mean(output.argmax(axis=1) == T.argmax(axis=1))


@mutant("evaluate", hint="Is the cost a distance, or a squared distance?")
def loss_of_distances(weights, biases, X, T):
    """The square root is taken."""
    output = feedforward(weights, biases, X)[1][-1]
    loss = 0.5 * np.mean(np.linalg.norm(output - T, axis=1))
    return loss, np.mean(output.argmax(axis=1) == T.argmax(axis=1))


@mutant("evaluate", hint="Can an error of -1 cancel one of +1?")
def loss_not_squared(weights, biases, X, T):
    """Absolute differences in place of squares."""
    output = feedforward(weights, biases, X)[1][-1]
    loss = 0.5 * np.mean(np.sum(np.abs(output - T), axis=1))
    return loss, np.mean(output.argmax(axis=1) == T.argmax(axis=1))


@mutant("evaluate", hint="Check the output range.", note="row 9")
def loss_of_last_z(weights, biases, X, T):
    """The loss is that of z, not of the activation."""
    output = feedforward(weights, biases, X)[0][-1]
    loss = 0.5 * np.mean(np.sum((output - T) ** 2, axis=1))
    return loss, np.mean(output.argmax(axis=1) == T.argmax(axis=1))


@mutant("evaluate", hint="Which cost did the gradient belong to?")
def loss_is_cross_entropy(weights, biases, X, T):
    """The cross entropy is returned."""
    output = np.clip(feedforward(weights, biases, X)[1][-1], 1e-12, 1.0)
    loss = -np.mean(np.sum(T * np.log(output), axis=1))
    return loss, np.mean(output.argmax(axis=1) == T.argmax(axis=1))


@mutant("evaluate", hint="How large can a share be?")
def accuracy_in_percent(weights, biases, X, T):
    """The accuracy is given in percent."""
    output = feedforward(weights, biases, X)[1][-1]
    loss = 0.5 * np.mean(np.sum((output - T) ** 2, axis=1))
    return loss, 100 * np.mean(output.argmax(axis=1) == T.argmax(axis=1))


@mutant("evaluate", hint="How large can a share be?")
def accuracy_as_count(weights, biases, X, T):
    """The right samples are counted, not their share."""
    output = feedforward(weights, biases, X)[1][-1]
    loss = 0.5 * np.mean(np.sum((output - T) ** 2, axis=1))
    return loss, int(np.sum(output.argmax(axis=1) == T.argmax(axis=1)))


@mutant("evaluate", hint="What does a perfect net get?")
def accuracy_is_error_rate(weights, biases, X, T):
    """The share of wrong samples is returned."""
    output = feedforward(weights, biases, X)[1][-1]
    loss = 0.5 * np.mean(np.sum((output - T) ** 2, axis=1))
    return loss, np.mean(output.argmax(axis=1) != T.argmax(axis=1))


@mutant("evaluate", hint="Which output names the class?")
def accuracy_of_smallest(weights, biases, X, T):
    """The smallest output is taken for the net's answer."""
    output = feedforward(weights, biases, X)[1][-1]
    loss = 0.5 * np.mean(np.sum((output - T) ** 2, axis=1))
    return loss, np.mean(output.argmin(axis=1) == T.argmax(axis=1))


@mutant("evaluate", hint="Which axis is samples?", note="row 48")
def accuracy_along_samples(weights, biases, X, T):
    """The largest entry is sought along the samples."""
    output = feedforward(weights, biases, X)[1][-1]
    loss = 0.5 * np.mean(np.sum((output - T) ** 2, axis=1))
    return loss, np.mean(output.argmax(axis=0) == T.argmax(axis=0))


@mutant("evaluate", hint="Is a sample right if the largest output is only 0.4?")
def accuracy_of_rounded(weights, biases, X, T):
    """A sample counts only if every output, rounded, is that of the target."""
    output = feedforward(weights, biases, X)[1][-1]
    loss = 0.5 * np.mean(np.sum((output - T) ** 2, axis=1))
    return loss, np.mean(np.all(np.round(output) == T, axis=1))


@mutant("evaluate", hint="A share of samples, or of outputs?")
def accuracy_of_entries(weights, biases, X, T):
    """The outputs are judged one by one."""
    output = feedforward(weights, biases, X)[1][-1]
    loss = 0.5 * np.mean(np.sum((output - T) ** 2, axis=1))
    return loss, np.mean((output > 0.5) == (T > 0.5))


@mutant("evaluate", hint="Which comes first?")
def evaluate_swapped(weights, biases, X, T):
    """Accuracy and loss change places."""
    output = feedforward(weights, biases, X)[1][-1]
    loss = 0.5 * np.mean(np.sum((output - T) ** 2, axis=1))
    return np.mean(output.argmax(axis=1) == T.argmax(axis=1)), loss


@mutant("evaluate", hint="How many numbers are asked for?")
def evaluate_per_sample(weights, biases, X, T):
    """One loss and one verdict for each sample."""
    output = feedforward(weights, biases, X)[1][-1]
    return 0.5 * np.sum((output - T) ** 2, axis=1), output.argmax(axis=1) == T.argmax(axis=1)


# --- labs ---------------------------------------------------------------------------------------


@mutant("lab_two_features", hint="Which net do you return?")
def two_features_untrained(X_train, T_train, rng):
    """The random net is returned."""
    weights = [rng.standard_normal((5, 2)), rng.standard_normal((2, 5))]
    biases = [rng.standard_normal(5), rng.standard_normal(2)]
    return weights, biases


@mutant("lab_two_features", hint="What does train return, and who takes it?", note="row 45")
def two_features_ignores_result(X_train, T_train, rng):
    """What train returns is thrown away."""
    weights = [rng.standard_normal((5, 2)), rng.standard_normal((2, 5))]
    biases = [rng.standard_normal(5), rng.standard_normal(2)]
    train(weights, biases, X_train, T_train, 30, 10, 1.0, rng)
    return weights, biases


@mutant("lab_two_features", hint="How far does the cost fall in an epoch?")
def two_features_tiny_rate(X_train, T_train, rng):
    """The learning rate is a thousand times too small."""
    weights = [rng.standard_normal((5, 2)), rng.standard_normal((2, 5))]
    biases = [rng.standard_normal(5), rng.standard_normal(2)]
    return train(weights, biases, X_train, T_train, 30, 10, 0.001, rng)


@mutant("lab_two_features", hint="Track one pair.", note="row 40")
def two_features_mismatched(X_train, T_train, rng):
    """The samples are shuffled before training, their targets are not."""
    weights = [rng.standard_normal((5, 2)), rng.standard_normal((2, 5))]
    biases = [rng.standard_normal(5), rng.standard_normal(2)]
    return train(weights, biases, rng.permutation(X_train), T_train, 30, 10, 1.0, rng)


@mutant("lab_two_features", hint="Write the shapes.", note="row 17, 32")
def two_features_transposed(X_train, T_train, rng):
    """The trained weights are returned transposed."""
    weights = [rng.standard_normal((5, 2)), rng.standard_normal((2, 5))]
    biases = [rng.standard_normal(5), rng.standard_normal(2)]
    weights, biases = train(weights, biases, X_train, T_train, 30, 10, 1.0, rng)
    return [W.T for W in weights], biases


@mutant("lab_two_features", hint="How many layers of weights has a 2-5-2 net?")
def two_features_one_layer(X_train, T_train, rng):
    """The hidden layer is left out."""
    weights, biases = [rng.standard_normal((2, 2))], [rng.standard_normal(2)]
    return train(weights, biases, X_train, T_train, 30, 10, 1.0, rng)


@mutant("lab_two_features", hint="How often is every sample used?")
def two_features_one_epoch(X_train, T_train, rng):
    """One epoch only."""
    weights = [rng.standard_normal((5, 2)), rng.standard_normal((2, 5))]
    biases = [rng.standard_normal(5), rng.standard_normal(2)]
    return train(weights, biases, X_train, T_train, 1, 10, 1.0, rng)


@mutant("lab_digits", hint="Which net do you return?")
def digits_untrained(X_train, T_train, rng):
    """The random net is returned."""
    weights = [rng.normal(0, 0.5, (30, X_train.shape[1])), rng.normal(0, 0.5, (10, 30))]
    return weights, [rng.standard_normal(30), rng.standard_normal(10)]


@mutant("lab_digits", hint="How far does the cost fall in an epoch?")
def digits_tiny_rate(X_train, T_train, rng):
    """The learning rate is a thousand times too small."""
    weights = [rng.normal(0, 0.5, (30, X_train.shape[1])), rng.normal(0, 0.5, (10, 30))]
    biases = [rng.standard_normal(30), rng.standard_normal(10)]
    return train(weights, biases, X_train, T_train, 30, 10, 0.003, rng)


@mutant("lab_digits", hint="How large are the first steps?")
def digits_huge_rate(X_train, T_train, rng):
    """The learning rate is so large that the neurons saturate."""
    weights = [rng.normal(0, 0.5, (30, X_train.shape[1])), rng.normal(0, 0.5, (10, 30))]
    biases = [rng.standard_normal(30), rng.standard_normal(10)]
    return train(weights, biases, X_train, T_train, 30, 10, 300.0, rng)


@mutant("lab_digits", hint="How often is every sample used?")
def digits_one_epoch(X_train, T_train, rng):
    """One epoch only."""
    weights = [rng.normal(0, 0.5, (30, X_train.shape[1])), rng.normal(0, 0.5, (10, 30))]
    biases = [rng.standard_normal(30), rng.standard_normal(10)]
    return train(weights, biases, X_train, T_train, 1, 10, 3.0, rng)


@mutant("lab_digits", hint="Track one pair.", note="row 40")
def digits_mismatched(X_train, T_train, rng):
    """The targets are in reverse order."""
    weights = [rng.normal(0, 0.5, (30, X_train.shape[1])), rng.normal(0, 0.5, (10, 30))]
    biases = [rng.standard_normal(30), rng.standard_normal(10)]
    return train(weights, biases, X_train, T_train[::-1], 30, 10, 3.0, rng)


@mutant("lab_digits", hint="Can units differ?", note="row 63")
def digits_from_zero(X_train, T_train, rng):
    """All weights and biases start at 0."""
    weights = [np.zeros((30, X_train.shape[1])), np.zeros((10, 30))]
    return train(weights, [np.zeros(30), np.zeros(10)], X_train, T_train, 30, 10, 3.0, rng)


@mutant("lab_digits", hint="How many of the training samples does the net see?")
def digits_from_few_samples(X_train, T_train, rng):
    """Only the first 50 samples are used."""
    weights = [rng.normal(0, 0.5, (30, X_train.shape[1])), rng.normal(0, 0.5, (10, 30))]
    biases = [rng.standard_normal(30), rng.standard_normal(10)]
    return train(weights, biases, X_train[:50], T_train[:50], 30, 10, 3.0, rng)


@mutant("lab_digits", hint="Count the hidden neurons.")
def digits_wrong_width(X_train, T_train, rng):
    """The hidden layer has 10 neurons in place of 30."""
    weights = [rng.normal(0, 0.5, (10, X_train.shape[1])), rng.normal(0, 0.5, (10, 10))]
    biases = [rng.standard_normal(10), rng.standard_normal(10)]
    return train(weights, biases, X_train, T_train, 30, 10, 3.0, rng)
