"""Mistakes that students make in 03-sgd."""

import numpy as np

from autograder.catalogue import mutant

# --- sgd_update ---------------------------------------------------------------------------------


@mutant(
    "sgd_update",
    hint="The gradient points where the loss rises. Which way does your step go?",
    note="row 36: ascent",
)
def update_ascends(params, grads, lr):
    """The step goes up the slope."""
    return [p + lr * g for p, g in zip(params, grads)]


@mutant(
    "sgd_update",
    hint="Should the caller's arrays be the same afterwards? What does the text say about what is returned?",
    note="row 44",
    convention=True,
)
def update_in_place(params, grads, lr):
    """In place, as torch.optim does it: the caller's arrays are changed."""
    for p, g in zip(params, grads):
        p -= lr * g
    return params


@mutant(
    "sgd_update",
    hint="Did an entry of the list change in your loop, or only what a name refers to?",
    note="row 45",
)
def update_rebinds(params, grads, lr):
    """The loop variable is given a new array; the list keeps the old ones."""
    for p, g in zip(params, grads):
        p = p - lr * g
    return list(params)


@mutant("sgd_update", hint="What does a learning rate of 0.1 do to your step?")
def update_forgets_rate(params, grads, lr):
    """The learning rate is not used."""
    return [p - g for p, g in zip(params, grads)]


@mutant(
    "sgd_update",
    hint="If the learning rate is made smaller, is your step to become shorter or longer?",
)
def update_divides_by_rate(params, grads, lr):
    """The gradient is divided by the learning rate."""
    return [p - g / lr for p, g in zip(params, grads)]


@mutant(
    "sgd_update",
    hint="What is multiplied by the learning rate: the gradient alone, or the parameter as well?",
)
def update_scales_parameters(params, grads, lr):
    """Parameter and gradient are both multiplied by the learning rate."""
    return [lr * (p - g) for p, g in zip(params, grads)]


@mutant(
    "sgd_update",
    hint="How long is your step where the gradient is small, and how long should it be?",
)
def update_takes_sign(params, grads, lr):
    """Only the sign of the gradient counts."""
    return [p - lr * np.sign(g) for p, g in zip(params, grads)]


@mutant(
    "sgd_update",
    hint="The gradient is an average already. What else do you divide it by?",
    note="rows 24, 37",
)
def update_averages_again(params, grads, lr):
    """The gradient is divided by the number of its rows."""
    return [p - lr * g / len(g) for p, g in zip(params, grads)]


@mutant("sgd_update", hint="How many arrays come in, and how many go out?")
def update_returns_early(params, grads, lr):
    """The return stands inside the loop."""
    new = []
    for p, g in zip(params, grads):
        new.append(p - lr * g)
        return new


# --- minibatches --------------------------------------------------------------------------------


@mutant(
    "minibatches",
    hint="How many of 13 samples are in your batches of 5? What is to become of the rest?",
    note="row 38",
    convention=True,
)
def batches_drop_last(n_samples, batch_size, rng):
    """Short batch dropped: as by torch's drop_last=True."""
    order = rng.permutation(n_samples)
    n_batches = n_samples // batch_size
    return [order[k * batch_size : (k + 1) * batch_size] for k in range(n_batches)]


@mutant(
    "minibatches",
    hint="How many samples are in a slice from k to its end? Are they all there when you collect the indices?",
    note="row 39: slice - 1",
)
def batches_miss_one(n_samples, batch_size, rng):
    """Each slice ends one too early."""
    order = rng.permutation(n_samples)
    return [order[k : k + batch_size - 1] for k in range(0, n_samples, batch_size)]


@mutant(
    "minibatches",
    hint="Does the last sample of one batch come again in the next?",
    note="row 39: slice + 1",
)
def batches_overlap(n_samples, batch_size, rng):
    """Each slice ends one too late."""
    order = rng.permutation(n_samples)
    return [order[k : k + batch_size + 1] for k in range(0, n_samples, batch_size)]


@mutant(
    "minibatches",
    hint="At which place of the permutation does your second batch begin, and where did the first one end?",
    note="row 39: step + 1",
)
def batches_skip_one(n_samples, batch_size, rng):
    """The start moves on by batch_size + 1."""
    order = rng.permutation(n_samples)
    return [order[k : k + batch_size] for k in range(0, n_samples, batch_size + 1)]


@mutant(
    "minibatches",
    hint="With which place of the permutation does your first batch begin?",
    note="row 39: start",
)
def batches_start_at_one(n_samples, batch_size, rng):
    """The first batch begins with the second sample of the permutation."""
    order = rng.permutation(n_samples)
    return [order[k : k + batch_size] for k in range(1, n_samples, batch_size)]


@mutant(
    "minibatches",
    hint="With batches of 4 from 12 samples, how many batches are there? And how long is your last one?",
)
def batches_end_empty(n_samples, batch_size, rng):
    """One batch too many: it is empty where the sizes divide."""
    order = rng.permutation(n_samples)
    n_batches = n_samples // batch_size + 1
    return [order[k * batch_size : (k + 1) * batch_size] for k in range(n_batches)]


@mutant(
    "minibatches",
    hint="Which is the first row of an array in Python? Is it among your indices?",
    convention=True,
)
def batches_count_from_one(n_samples, batch_size, rng):
    """Counting from 1: the samples are numbered as in Fortran or Julia."""
    order = 1 + rng.permutation(n_samples)
    return [order[k : k + batch_size] for k in range(0, n_samples, batch_size)]


@mutant(
    "minibatches",
    hint="Does batch_size say how many samples a batch has, or how many batches there are?",
)
def batches_counted(n_samples, batch_size, rng):
    """batch_size is taken for the number of batches."""
    return list(np.array_split(rng.permutation(n_samples), min(batch_size, n_samples)))


@mutant(
    "minibatches",
    hint="How large are the batches to be, from first to last? What does the text say about the last one?",
    convention=True,
)
def batches_balanced(n_samples, batch_size, rng):
    """Batches of even size: the samples are spread instead of filling one batch after the other."""
    n_batches = -(-n_samples // batch_size)
    return list(np.array_split(rng.permutation(n_samples), n_batches))


@mutant(
    "minibatches",
    hint="Is a sample to be used twice in an epoch? See what the text says about the last batch.",
    convention=True,
)
def batches_fill_up(n_samples, batch_size, rng):
    """Last batch filled up: samples from the beginning are used again."""
    order = rng.permutation(n_samples)
    order = np.resize(order, batch_size * -(-n_samples // batch_size))
    return [order[k : k + batch_size] for k in range(0, len(order), batch_size)]


@mutant(
    "minibatches",
    hint="In which order do the samples stand in your batches, in one epoch and in the next?",
    note="row 41: no shuffle",
)
def batches_unshuffled(n_samples, batch_size, rng):
    """The samples keep their order."""
    order = np.arange(n_samples)
    return [order[k : k + batch_size] for k in range(0, n_samples, batch_size)]


@mutant(
    "minibatches",
    hint="Call it twice: are the batches the same? Where do your random numbers come from?",
    note="row 41: seed inside",
)
def batches_seed_inside(n_samples, batch_size, rng):
    """A generator of its own, seeded anew in each call."""
    order = np.random.default_rng(0).permutation(n_samples)
    return [order[k : k + batch_size] for k in range(0, n_samples, batch_size)]


@mutant(
    "minibatches",
    hint="Call it in two epochs: is a new permutation drawn each time, or the old one used again?",
    note="row 41: shuffled once",
)
def batches_kept(n_samples, batch_size, rng, kept={}):
    """The permutation is drawn at the first call and kept for all further ones."""
    if n_samples not in kept:
        kept[n_samples] = rng.permutation(n_samples)
    order = kept[n_samples]
    return [order[k : k + batch_size] for k in range(0, n_samples, batch_size)]


@mutant("minibatches", hint="Two generators with the same seed: do they give you the same batches?")
def batches_global_random(n_samples, batch_size, rng):
    """NumPy's global generator is used instead of rng."""
    order = np.random.permutation(n_samples)
    return [order[k : k + batch_size] for k in range(0, n_samples, batch_size)]


@mutant(
    "minibatches",
    hint="How often is each sample used in one of your epochs? How often does the text want it?",
    note="row 42",
    convention=True,
)
def batches_with_replacement(n_samples, batch_size, rng):
    """Sampling with replacement: every index is drawn on its own, as in the theory of SGD."""
    order = rng.integers(n_samples, size=n_samples)
    return [order[k : k + batch_size] for k in range(0, n_samples, batch_size)]


@mutant(
    "minibatches",
    hint="Each of your batches is fair, but together: is every sample in exactly one of them?",
    note="row 42",
)
def batches_drawn_apart(n_samples, batch_size, rng):
    """Each batch is drawn from all samples."""
    n_batches = -(-n_samples // batch_size)
    size = min(batch_size, n_samples)
    return [rng.choice(n_samples, size, replace=False) for _ in range(n_batches)]


@mutant("minibatches", hint="Can two neighbours ever end up in different batches?", note="row 43")
def batches_block_order(n_samples, batch_size, rng):
    """Whole blocks are shuffled, not samples; the short one stays last."""
    blocks = [np.arange(k, min(k + batch_size, n_samples)) for k in range(0, n_samples, batch_size)]
    n_full = n_samples // batch_size
    return [blocks[k] for k in rng.permutation(n_full)] + blocks[n_full:]


@mutant(
    "minibatches",
    hint="Which sample follows sample 3 in your order, in this epoch and in the next?",
    note="row 43",
)
def batches_rolled(n_samples, batch_size, rng):
    """The samples keep their order, but for the start."""
    order = np.roll(np.arange(n_samples), rng.integers(n_samples))
    return [order[k : k + batch_size] for k in range(0, n_samples, batch_size)]


@mutant("minibatches", hint="In which batches can sample 0 turn up?", note="row 43")
def batches_shuffled_inside(n_samples, batch_size, rng):
    """The samples are shuffled inside their blocks only."""
    return [
        rng.permutation(np.arange(k, min(k + batch_size, n_samples)))
        for k in range(0, n_samples, batch_size)
    ]


@mutant(
    "minibatches", hint="Can an array be indexed with what you return? What type do indices have?"
)
def batches_of_floats(n_samples, batch_size, rng):
    """The indices are floating-point numbers."""
    order = rng.permutation(np.linspace(0, n_samples - 1, n_samples))
    return [order[k : k + batch_size] for k in range(0, n_samples, batch_size)]


@mutant(
    "minibatches", hint="What kind of object is one of your batches, and what kind is asked for?"
)
def batches_of_lists(n_samples, batch_size, rng):
    """The batches are lists of Python integers, not arrays."""
    order = rng.permutation(n_samples).tolist()
    return [order[k : k + batch_size] for k in range(0, n_samples, batch_size)]


@mutant(
    "minibatches",
    hint="Does drawing a permutation change the array that you cut, or does it return a new one?",
    note="row 41: no shuffle",
    alias_of="batches_unshuffled",
)
def batches_lose_order(n_samples, batch_size, rng):
    """The permutation is drawn, but the batches are cut from the old order."""
    order = np.arange(n_samples)
    rng.permutation(order)
    return [order[k : k + batch_size] for k in range(0, n_samples, batch_size)]


# --- train --------------------------------------------------------------------------------------


@mutant("train", hint="Does the loss rise or fall from step to step?", note="row 36")
def train_ascends(weights, biases, X, T, epochs, batch_size, lr, rng):
    """The step goes up the slope."""
    for _ in range(epochs):
        for batch in minibatches(len(X), batch_size, rng):
            dWs, dbs = gradients(weights, biases, X[batch], T[batch])
            weights = [W + lr * dW for W, dW in zip(weights, dWs)]
            biases = [b + lr * db for b, db in zip(biases, dbs)]
    return weights, biases


@mutant(
    "train",
    hint="How many samples has this batch, the last one too?",
    note="row 37: partial batch / bs",
)
def train_partial_batch_over_size(weights, biases, X, T, epochs, batch_size, lr, rng):
    """The short batch is divided by batch_size, so its step is too short."""
    for _ in range(epochs):
        for batch in minibatches(len(X), batch_size, rng):
            dWs, dbs = gradients(weights, biases, X[batch], T[batch])
            scale = lr * len(batch) / min(batch_size, len(X))
            weights = sgd_update(weights, dWs, scale)
            biases = sgd_update(biases, dbs, scale)
    return weights, biases


@mutant(
    "train",
    hint="Over how many samples has each gradient been averaged, and what do you divide by?",
    note="row 37: / n",
)
def train_step_over_all_samples(weights, biases, X, T, epochs, batch_size, lr, rng):
    """Every step is divided by the number of all samples."""
    for _ in range(epochs):
        for batch in minibatches(len(X), batch_size, rng):
            dWs, dbs = gradients(weights, biases, X[batch], T[batch])
            weights = sgd_update(weights, dWs, lr * len(batch) / len(X))
            biases = sgd_update(biases, dbs, lr * len(batch) / len(X))
    return weights, biases


@mutant(
    "train",
    hint="Is what gradients returns a sum over the batch, or an average already?",
    note="row 24",
)
def train_averages_twice(weights, biases, X, T, epochs, batch_size, lr, rng):
    """The gradient, already averaged, is divided by the batch size again."""
    for _ in range(epochs):
        for batch in minibatches(len(X), batch_size, rng):
            dWs, dbs = gradients(weights, biases, X[batch], T[batch])
            weights = sgd_update(weights, dWs, lr / len(batch))
            biases = sgd_update(biases, dbs, lr / len(batch))
    return weights, biases


@mutant(
    "train",
    hint="Is the cost in the text a sum or a mean over the batch? How does your step grow with the batch?",
    note="row 23",
    convention=True,
)
def train_sums(weights, biases, X, T, epochs, batch_size, lr, rng):
    """Sum over the batch: the step is not that of the mean cost."""
    for _ in range(epochs):
        for batch in minibatches(len(X), batch_size, rng):
            dWs, dbs = gradients(weights, biases, X[batch], T[batch])
            weights = sgd_update(weights, dWs, lr * len(batch))
            biases = sgd_update(biases, dbs, lr * len(batch))
    return weights, biases


@mutant(
    "train",
    hint="Which factor stands before the sum in this course's cost? Is your step that of this cost?",
    note="row 13: factor 2",
    convention=True,
)
def train_doubles(weights, biases, X, T, epochs, batch_size, lr, rng):
    """Cost without 1/2: each step is twice as long as ours."""
    for _ in range(epochs):
        for batch in minibatches(len(X), batch_size, rng):
            dWs, dbs = gradients(weights, biases, X[batch], T[batch])
            weights = sgd_update(weights, dWs, 2 * lr)
            biases = sgd_update(biases, dbs, 2 * lr)
    return weights, biases


@mutant(
    "train",
    hint="Over what does this course's cost take the mean: samples, or samples and outputs?",
    note="row 51: mean over all entries",
    convention=True,
)
def train_averages_over_outputs(weights, biases, X, T, epochs, batch_size, lr, rng):
    """Mean over all entries: each step is divided by the number of outputs."""
    n_out = T.shape[1]
    for _ in range(epochs):
        for batch in minibatches(len(X), batch_size, rng):
            dWs, dbs = gradients(weights, biases, X[batch], T[batch])
            weights = sgd_update(weights, dWs, lr / n_out)
            biases = sgd_update(biases, dbs, lr / n_out)
    return weights, biases


@mutant(
    "train",
    hint="How many steps does an epoch of 13 samples take with batches of 5?",
    note="row 38",
    convention=True,
)
def train_drops_last(weights, biases, X, T, epochs, batch_size, lr, rng):
    """Short batch dropped: as by torch's drop_last=True."""
    size = min(batch_size, len(X))
    for _ in range(epochs):
        order = rng.permutation(len(X))
        for k in range(len(X) // size):
            batch = order[k * size : (k + 1) * size]
            dWs, dbs = gradients(weights, biases, X[batch], T[batch])
            weights = sgd_update(weights, dWs, lr)
            biases = sgd_update(biases, dbs, lr)
    return weights, biases


@mutant("train", hint="Is a sample in two of your batches?", note="row 39: slice + 1")
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


@mutant(
    "train", hint="Which samples of an epoch are in none of your batches?", note="row 39: slice - 1"
)
def train_slices_short(weights, biases, X, T, epochs, batch_size, lr, rng):
    """Each slice ends one too early."""
    for _ in range(epochs):
        order = rng.permutation(len(X))
        for k in range(0, len(X), batch_size):
            batch = order[k : k + max(batch_size - 1, 1)]
            dWs, dbs = gradients(weights, biases, X[batch], T[batch])
            weights = sgd_update(weights, dWs, lr)
            biases = sgd_update(biases, dbs, lr)
    return weights, biases


@mutant(
    "train",
    hint="Which samples stand between the end of one batch and the beginning of the next?",
    note="row 39: step + 1",
)
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


@mutant(
    "train",
    hint="Follow one sample through the shuffle: does it keep its own target?",
    note="row 40",
)
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


@mutant(
    "train", hint="When the rows of X change places, what happens to the rows of T?", note="row 40"
)
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


@mutant(
    "train", hint="How often is a permutation drawn: once, or once in each epoch?", note="row 41"
)
def train_shuffles_once(weights, biases, X, T, epochs, batch_size, lr, rng):
    """The batches are drawn once, before the epochs."""
    batches = minibatches(len(X), batch_size, rng)
    for _ in range(epochs):
        for batch in batches:
            dWs, dbs = gradients(weights, biases, X[batch], T[batch])
            weights = sgd_update(weights, dWs, lr)
            biases = sgd_update(biases, dbs, lr)
    return weights, biases


@mutant(
    "train",
    hint="Print the batches of two epochs: do they differ? Which generator draws them?",
    note="row 41: seed inside",
)
def train_seeds_inside(weights, biases, X, T, epochs, batch_size, lr, rng):
    """Each epoch starts a generator with the same seed."""
    for _ in range(epochs):
        for batch in minibatches(len(X), batch_size, np.random.default_rng(1)):
            dWs, dbs = gradients(weights, biases, X[batch], T[batch])
            weights = sgd_update(weights, dWs, lr)
            biases = sgd_update(biases, dbs, lr)
    return weights, biases


@mutant("train", hint="Train twice with equally seeded generators: are the weights the same?")
def train_own_generator(weights, biases, X, T, epochs, batch_size, lr, rng):
    """A generator of its own, without a seed, is used instead of rng."""
    rng = np.random.default_rng()
    for _ in range(epochs):
        for batch in minibatches(len(X), batch_size, rng):
            dWs, dbs = gradients(weights, biases, X[batch], T[batch])
            weights = sgd_update(weights, dWs, lr)
            biases = sgd_update(biases, dbs, lr)
    return weights, biases


@mutant("train", hint="Where in your loop are the samples shuffled?", note="row 41: no shuffle")
def train_unshuffled(weights, biases, X, T, epochs, batch_size, lr, rng):
    """The batches are cut from the old order."""
    for _ in range(epochs):
        for k in range(0, len(X), batch_size):
            rows = slice(k, k + batch_size)
            dWs, dbs = gradients(weights, biases, X[rows], T[rows])
            weights = sgd_update(weights, dWs, lr)
            biases = sgd_update(biases, dbs, lr)
    return weights, biases


@mutant(
    "train",
    hint="How often does each sample count in one of your epochs? How often does the text want it?",
    note="row 42",
    convention=True,
)
def train_with_replacement(weights, biases, X, T, epochs, batch_size, lr, rng):
    """Sampling with replacement: every batch is drawn from all samples, as in the theory of SGD."""
    for _ in range(epochs):
        for k in range(0, len(X), batch_size):
            batch = rng.integers(len(X), size=min(batch_size, len(X) - k))
            dWs, dbs = gradients(weights, biases, X[batch], T[batch])
            weights = sgd_update(weights, dWs, lr)
            biases = sgd_update(biases, dbs, lr)
    return weights, biases


@mutant("train", hint="Can two neighbours ever end up in different batches?", note="row 43")
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


@mutant(
    "train",
    hint="Should the caller's net still be the untrained one after the call? What does the text say?",
    note="row 44",
    convention=True,
)
def train_changes_weights(weights, biases, X, T, epochs, batch_size, lr, rng):
    """In place, as torch.optim does it: the caller's weights are changed."""
    for _ in range(epochs):
        for batch in minibatches(len(X), batch_size, rng):
            dWs, dbs = gradients(weights, biases, X[batch], T[batch])
            for k in range(len(weights)):
                weights[k] -= lr * dWs[k]
                biases[k] -= lr * dbs[k]
    return weights, biases


@mutant(
    "train",
    hint="Is a copy of a list a copy of the arrays in it?",
    note="row 44",
    alias_of="train_changes_weights",
)
def train_copies_shallowly(weights, biases, X, T, epochs, batch_size, lr, rng):
    """The lists are copied, the arrays in them are not."""
    weights, biases = weights.copy(), biases.copy()
    for _ in range(epochs):
        for batch in minibatches(len(X), batch_size, rng):
            dWs, dbs = gradients(weights, biases, X[batch], T[batch])
            for p, g in zip(weights + biases, dWs + dbs):
                p -= lr * g
    return weights, biases


@mutant(
    "train", hint="Are the caller's X and T in their old order after the training?", note="row 44"
)
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


@mutant(
    "train",
    hint="Do your lists of weights hold something new after a step, or is it only a name that changed?",
    note="row 45",
)
def train_rebinds(weights, biases, X, T, epochs, batch_size, lr, rng):
    """The loop variables get new arrays; the lists keep the old ones."""
    for _ in range(epochs):
        for batch in minibatches(len(X), batch_size, rng):
            dWs, dbs = gradients(weights, biases, X[batch], T[batch])
            for W, b, dW, db in zip(weights, biases, dWs, dbs):
                W = W - lr * dW
                b = b - lr * db
    return weights, biases


@mutant(
    "train",
    hint="What does sgd_update return, and who takes it?",
    note="row 45",
    alias_of="train_rebinds",
)
def train_ignores_result(weights, biases, X, T, epochs, batch_size, lr, rng):
    """What sgd_update returns is thrown away."""
    for _ in range(epochs):
        for batch in minibatches(len(X), batch_size, rng):
            dWs, dbs = gradients(weights, biases, X[batch], T[batch])
            sgd_update(weights, dWs, lr)
            sgd_update(biases, dbs, lr)
    return weights, biases


@mutant(
    "train",
    hint="With which weights is the biases' gradient taken: those before the step, or after?",
    note="row 20",
)
def train_biases_see_new_weights(weights, biases, X, T, epochs, batch_size, lr, rng):
    """The biases' gradient is taken after the weights have moved."""
    for _ in range(epochs):
        for batch in minibatches(len(X), batch_size, rng):
            weights = sgd_update(weights, gradients(weights, biases, X[batch], T[batch])[0], lr)
            biases = sgd_update(biases, gradients(weights, biases, X[batch], T[batch])[1], lr)
    return weights, biases


@mutant(
    "train",
    hint="At which weights is the gradient of the second batch taken?",
    note="row 20: stale weights",
)
def train_steps_from_start(weights, biases, X, T, epochs, batch_size, lr, rng):
    """Every gradient of an epoch is taken at the weights with which the epoch began."""
    for _ in range(epochs):
        batches = minibatches(len(X), batch_size, rng)
        steps = [gradients(weights, biases, X[batch], T[batch]) for batch in batches]
        for dWs, dbs in steps:
            weights = sgd_update(weights, dWs, lr)
            biases = sgd_update(biases, dbs, lr)
    return weights, biases


@mutant("train", hint="Which parameters of a layer are trained, and which do you train?")
def train_forgets_biases(weights, biases, X, T, epochs, batch_size, lr, rng):
    """The biases stay where they are."""
    for _ in range(epochs):
        for batch in minibatches(len(X), batch_size, rng):
            dWs, _ = gradients(weights, biases, X[batch], T[batch])
            weights = sgd_update(weights, dWs, lr)
    return weights, biases


@mutant("train", hint="Which layers move in a step?")
def train_last_layer_only(weights, biases, X, T, epochs, batch_size, lr, rng):
    """Only the last layer is trained."""
    for _ in range(epochs):
        for batch in minibatches(len(X), batch_size, rng):
            dWs, dbs = gradients(weights, biases, X[batch], T[batch])
            weights = weights[:-1] + sgd_update(weights[-1:], dWs[-1:], lr)
            biases = biases[:-1] + sgd_update(biases[-1:], dbs[-1:], lr)
    return weights, biases


@mutant("train", hint="How often does the outer loop run for three epochs? And for none?")
def train_one_epoch_more(weights, biases, X, T, epochs, batch_size, lr, rng):
    """One epoch too many."""
    for _ in range(epochs + 1):
        for batch in minibatches(len(X), batch_size, rng):
            dWs, dbs = gradients(weights, biases, X[batch], T[batch])
            weights = sgd_update(weights, dWs, lr)
            biases = sgd_update(biases, dbs, lr)
    return weights, biases


@mutant("train", hint="With epochs = 1, how many steps do you take?")
def train_one_epoch_less(weights, biases, X, T, epochs, batch_size, lr, rng):
    """One epoch too few."""
    for _ in range(1, epochs):
        for batch in minibatches(len(X), batch_size, rng):
            dWs, dbs = gradients(weights, biases, X[batch], T[batch])
            weights = sgd_update(weights, dWs, lr)
            biases = sgd_update(biases, dbs, lr)
    return weights, biases


@mutant("train", hint="In which loop does your return stand?")
def train_returns_early(weights, biases, X, T, epochs, batch_size, lr, rng):
    """The return stands inside the loop over epochs."""
    for _ in range(epochs):
        for batch in minibatches(len(X), batch_size, rng):
            dWs, dbs = gradients(weights, biases, X[batch], T[batch])
            weights = sgd_update(weights, dWs, lr)
            biases = sgd_update(biases, dbs, lr)
        return weights, biases
    return weights, biases


@mutant("train", hint="How many steps does an epoch take, and how many do you?")
def train_one_batch_per_epoch(weights, biases, X, T, epochs, batch_size, lr, rng):
    """Each epoch uses its first batch only."""
    for _ in range(epochs):
        batch = rng.permutation(len(X))[:batch_size]
        dWs, dbs = gradients(weights, biases, X[batch], T[batch])
        weights = sgd_update(weights, dWs, lr)
        biases = sgd_update(biases, dbs, lr)
    return weights, biases


@mutant(
    "train",
    hint="How many steps does an epoch of 12 samples take with batches of 4? And with yours?",
)
def train_in_one_batch(weights, biases, X, T, epochs, batch_size, lr, rng):
    """batch_size is not used: each epoch is one step for all samples."""
    for _ in range(epochs):
        for batch in minibatches(len(X), len(X), rng):
            dWs, dbs = gradients(weights, biases, X[batch], T[batch])
            weights = sgd_update(weights, dWs, lr)
            biases = sgd_update(biases, dbs, lr)
    return weights, biases


@mutant("train", hint="How many samples make up the gradient of one of your steps?")
def train_one_sample_a_step(weights, biases, X, T, epochs, batch_size, lr, rng):
    """batch_size is not used: each sample is a step of its own."""
    for _ in range(epochs):
        for batch in minibatches(len(X), 1, rng):
            dWs, dbs = gradients(weights, biases, X[batch], T[batch])
            weights = sgd_update(weights, dWs, lr)
            biases = sgd_update(biases, dbs, lr)
    return weights, biases


@mutant(
    "train",
    hint="Over the samples of a batch: does each gradient add to the others, or replace them?",
    note="row 30: = for +=",
)
def train_last_of_the_batch(weights, biases, X, T, epochs, batch_size, lr, rng):
    """In the loop over a batch the sum is overwritten: only its last sample counts."""
    for _ in range(epochs):
        for batch in minibatches(len(X), batch_size, rng):
            for n in batch:
                dWs, dbs = gradients(weights, biases, X[n : n + 1], T[n : n + 1])
            weights = sgd_update(weights, dWs, lr / len(batch))
            biases = sgd_update(biases, dbs, lr / len(batch))
    return weights, biases


@mutant("train", hint="Which samples does one of your steps see?")
def train_on_all_samples(weights, biases, X, T, epochs, batch_size, lr, rng):
    """Each step takes the gradient of all samples, not of its batch."""
    for _ in range(epochs):
        for _batch in minibatches(len(X), batch_size, rng):
            dWs, dbs = gradients(weights, biases, X, T)
            weights = sgd_update(weights, dWs, lr)
            biases = sgd_update(biases, dbs, lr)
    return weights, biases


@mutant("train", hint="Which argument counts the epochs, and which the samples in a batch?")
def train_confuses_arguments(weights, biases, X, T, epochs, batch_size, lr, rng):
    """The number of epochs and the batch size change places."""
    for _ in range(batch_size):
        for batch in minibatches(len(X), max(epochs, 1), rng):
            dWs, dbs = gradients(weights, biases, X[batch], T[batch])
            weights = sgd_update(weights, dWs, lr)
            biases = sgd_update(biases, dbs, lr)
    return weights, biases


@mutant("train", hint="Is the learning rate in the last epoch the one that was passed in?")
def train_decays_rate(weights, biases, X, T, epochs, batch_size, lr, rng):
    """The learning rate falls from epoch to epoch."""
    for epoch in range(epochs):
        for batch in minibatches(len(X), batch_size, rng):
            dWs, dbs = gradients(weights, biases, X[batch], T[batch])
            weights = sgd_update(weights, dWs, lr / (1 + epoch))
            biases = sgd_update(biases, dbs, lr / (1 + epoch))
    return weights, biases


@mutant("train", hint="Is the gradient of the last step still in that of this one?", note="row 35")
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


@mutant(
    "evaluate",
    hint="Which factor stands before the sum in this course's cost?",
    note="row 13: factor 2",
    convention=True,
)
def loss_without_half(weights, biases, X, T):
    """Cost without 1/2: the loss is twice ours."""
    output = feedforward(weights, biases, X)[1][-1]
    loss = np.mean(np.sum((output - T) ** 2, axis=1))
    return loss, np.mean(output.argmax(axis=1) == T.argmax(axis=1))


@mutant(
    "evaluate",
    hint="Use every sample twice: should the loss of a batch change?",
    note="row 23",
    convention=True,
)
def loss_summed(weights, biases, X, T):
    """Sum over the samples: the loss grows with the data."""
    output = feedforward(weights, biases, X)[1][-1]
    loss = 0.5 * np.sum((output - T) ** 2)
    return loss, np.mean(output.argmax(axis=1) == T.argmax(axis=1))


@mutant(
    "evaluate",
    hint="What does the cost do with the outputs of one sample: add up, or average?",
    note="row 51: mean over all entries",
    convention=True,
)
def loss_mean_of_entries(weights, biases, X, T):
    """Mean over all entries: the loss is averaged over the outputs, too."""
    output = feedforward(weights, biases, X)[1][-1]
    loss = 0.5 * np.mean((output - T) ** 2)
    return loss, np.mean(output.argmax(axis=1) == T.argmax(axis=1))


@mutant(
    "evaluate",
    hint="Which mean and which factor has this course's cost? For two outputs only, yours agrees.",
    note="row 51: mean over all entries, without 1/2",
    convention=True,
)
def loss_is_mean_squared_error(weights, biases, X, T):
    """Mean squared error: as torch and Keras define it, over all entries and without 1/2."""
    output = feedforward(weights, biases, X)[1][-1]
    loss = np.mean((output - T) ** 2)
    return loss, np.mean(output.argmax(axis=1) == T.argmax(axis=1))


@mutant("evaluate", hint="Is the cost of a sample a distance, or the square of one?")
def loss_of_distances(weights, biases, X, T):
    """The square root is taken: half the mean distance, not squared."""
    output = feedforward(weights, biases, X)[1][-1]
    loss = 0.5 * np.mean(np.linalg.norm(output - T, axis=1))
    return loss, np.mean(output.argmax(axis=1) == T.argmax(axis=1))


@mutant(
    "evaluate", hint="If a difference doubles, by how much does the quadratic cost grow? And yours?"
)
def loss_not_squared(weights, biases, X, T):
    """Absolute differences stand in place of squares."""
    output = feedforward(weights, biases, X)[1][-1]
    loss = 0.5 * np.mean(np.sum(np.abs(output - T), axis=1))
    return loss, np.mean(output.argmax(axis=1) == T.argmax(axis=1))


@mutant(
    "evaluate",
    hint="In which range do the numbers lie that you compare with the targets?",
    note="row 9",
)
def loss_of_last_z(weights, biases, X, T):
    """The loss is that of z, not of the activation."""
    output = feedforward(weights, biases, X)[0][-1]
    loss = 0.5 * np.mean(np.sum((output - T) ** 2, axis=1))
    return loss, np.mean(output.argmax(axis=1) == T.argmax(axis=1))


@mutant("evaluate", hint="Which cost does this notebook train with?")
def loss_is_cross_entropy(weights, biases, X, T):
    """The cross entropy is returned in place of the quadratic cost."""
    output = np.clip(feedforward(weights, biases, X)[1][-1], 1e-12, 1.0)
    loss = -np.mean(np.sum(T * np.log(output), axis=1))
    return loss, np.mean(output.argmax(axis=1) == T.argmax(axis=1))


@mutant(
    "evaluate",
    hint="The text asks for a share of the samples: between which numbers does it lie?",
    convention=True,
)
def accuracy_in_percent(weights, biases, X, T):
    """Percent: the accuracy runs to 100."""
    output = feedforward(weights, biases, X)[1][-1]
    loss = 0.5 * np.mean(np.sum((output - T) ** 2, axis=1))
    return loss, 100 * np.mean(output.argmax(axis=1) == T.argmax(axis=1))


@mutant(
    "evaluate",
    hint="How large is your accuracy if all of 50 samples are right? The text asks for a share.",
    convention=True,
)
def accuracy_as_count(weights, biases, X, T):
    """Count: the number of right samples is returned, as in a well-known textbook's code."""
    output = feedforward(weights, biases, X)[1][-1]
    loss = 0.5 * np.mean(np.sum((output - T) ** 2, axis=1))
    return loss, int(np.sum(output.argmax(axis=1) == T.argmax(axis=1)))


@mutant("evaluate", hint="Which number should a perfect net get?", convention=True)
def accuracy_is_error_rate(weights, biases, X, T):
    """Error rate: the share of wrong samples is returned."""
    output = feedforward(weights, biases, X)[1][-1]
    loss = 0.5 * np.mean(np.sum((output - T) ** 2, axis=1))
    return loss, np.mean(output.argmax(axis=1) != T.argmax(axis=1))


@mutant("evaluate", hint="Which output names the net's answer: the largest or the smallest?")
def accuracy_of_smallest(weights, biases, X, T):
    """The smallest output is taken for the net's answer."""
    output = feedforward(weights, biases, X)[1][-1]
    loss = 0.5 * np.mean(np.sum((output - T) ** 2, axis=1))
    return loss, np.mean(output.argmin(axis=1) == T.argmax(axis=1))


@mutant(
    "evaluate",
    hint="One answer per sample: along which axis do you look for the largest output?",
    note="row 48: axis 0",
)
def accuracy_along_samples(weights, biases, X, T):
    """The largest entry is sought along the samples, not along the outputs."""
    output = feedforward(weights, biases, X)[1][-1]
    loss = 0.5 * np.mean(np.sum((output - T) ** 2, axis=1))
    return loss, np.mean(output.argmax(axis=0) == T.argmax(axis=0))


@mutant(
    "evaluate",
    hint="How many comparisons do you average over? Print the shape of what you compare.",
    note="row 57: (N,) against (N, 1)",
)
def accuracy_of_all_pairs(weights, biases, X, T):
    """(N,) against (N, 1) compares every sample with every target."""
    output = feedforward(weights, biases, X)[1][-1]
    loss = 0.5 * np.mean(np.sum((output - T) ** 2, axis=1))
    return loss, np.mean(output.argmax(axis=1) == T.argmax(axis=1, keepdims=True))


@mutant("evaluate", hint="The right output is the largest, but only 0.4. Is the sample right?")
def accuracy_of_rounded(weights, biases, X, T):
    """A sample counts only if every output, rounded, is that of the target."""
    output = feedforward(weights, biases, X)[1][-1]
    loss = 0.5 * np.mean(np.sum((output - T) ** 2, axis=1))
    return loss, np.mean(np.all(np.round(output) == T, axis=1))


@mutant(
    "evaluate",
    hint="Is it a share of samples that the text asks for, or of outputs?",
    convention=True,
)
def accuracy_of_entries(weights, biases, X, T):
    """Accuracy of each output: every entry is a yes or no of its own, as in binary accuracy."""
    output = feedforward(weights, biases, X)[1][-1]
    loss = 0.5 * np.mean(np.sum((output - T) ** 2, axis=1))
    return loss, np.mean((output > 0.5) == (T > 0.5))


@mutant("evaluate", hint="Which of the two numbers does the description name first?")
def evaluate_swapped(weights, biases, X, T):
    """Accuracy and loss change places."""
    output = feedforward(weights, biases, X)[1][-1]
    loss = 0.5 * np.mean(np.sum((output - T) ** 2, axis=1))
    return np.mean(output.argmax(axis=1) == T.argmax(axis=1)), loss


@mutant(
    "evaluate",
    hint="How many numbers does the text ask for? What is to become of the samples' own ones?",
    convention=True,
)
def evaluate_per_sample(weights, biases, X, T):
    """Not reduced: one loss and one verdict are returned for each sample."""
    output = feedforward(weights, biases, X)[1][-1]
    return 0.5 * np.sum((output - T) ** 2, axis=1), output.argmax(axis=1) == T.argmax(axis=1)


@mutant("evaluate", hint="Are the caller's targets the same after the call?", note="row 44")
def evaluate_changes_targets(weights, biases, X, T):
    """The difference is formed in the caller's targets."""
    output = feedforward(weights, biases, X)[1][-1]
    right = np.mean(output.argmax(axis=1) == T.argmax(axis=1))
    T -= output
    return 0.5 * np.sum(T**2) / len(T), right


# --- labs ---------------------------------------------------------------------------------------


@mutant(
    "lab_two_features",
    hint="Which net do you return, the one that you drew or the one that was trained?",
)
def two_features_untrained(X_train, T_train, rng):
    """The random net is returned."""
    weights = [rng.standard_normal((5, 2)), rng.standard_normal((2, 5))]
    biases = [rng.standard_normal(5), rng.standard_normal(2)]
    return weights, biases


@mutant(
    "lab_two_features",
    hint="What does train return, and who takes it?",
    note="row 45",
    alias_of="two_features_untrained",
)
def two_features_ignores_result(X_train, T_train, rng):
    """What train returns is thrown away."""
    weights = [rng.standard_normal((5, 2)), rng.standard_normal((2, 5))]
    biases = [rng.standard_normal(5), rng.standard_normal(2)]
    train(weights, biases, X_train, T_train, 30, 10, 1.0, rng)
    return weights, biases


@mutant(
    "lab_two_features",
    hint="How far does the cost fall in one epoch? Compare your learning rate with the recipe's: is it the same?",
)
def two_features_tiny_rate(X_train, T_train, rng):
    """The learning rate is a thousand times too small."""
    weights = [rng.standard_normal((5, 2)), rng.standard_normal((2, 5))]
    biases = [rng.standard_normal(5), rng.standard_normal(2)]
    return train(weights, biases, X_train, T_train, 30, 10, 0.001, rng)


@mutant(
    "lab_two_features",
    hint="When the samples change places, do their targets come along?",
    note="row 40",
)
def two_features_mismatched(X_train, T_train, rng):
    """The samples are shuffled before training, their targets are not."""
    weights = [rng.standard_normal((5, 2)), rng.standard_normal((2, 5))]
    biases = [rng.standard_normal(5), rng.standard_normal(2)]
    return train(weights, biases, rng.permutation(X_train), T_train, 30, 10, 1.0, rng)


@mutant(
    "lab_two_features",
    hint="What does a row of W belong to in our nets? Which shape has the first layer's W?",
    note="rows 17, 32",
    convention=True,
)
def two_features_transposed(X_train, T_train, rng):
    """Weights as (n_in, n_out): the trained weights are returned transposed."""
    weights = [rng.standard_normal((5, 2)), rng.standard_normal((2, 5))]
    biases = [rng.standard_normal(5), rng.standard_normal(2)]
    weights, biases = train(weights, biases, X_train, T_train, 30, 10, 1.0, rng)
    return [W.T for W in weights], biases


@mutant("lab_two_features", hint="How many layers of weights has a 2-5-2 net?")
def two_features_one_layer(X_train, T_train, rng):
    """The hidden layer is left out."""
    weights, biases = [rng.standard_normal((2, 2))], [rng.standard_normal(2)]
    return train(weights, biases, X_train, T_train, 30, 10, 1.0, rng)


@mutant(
    "lab_two_features",
    hint="Does the cost of the training samples fall or rise from epoch to epoch?",
    note="row 36",
)
def two_features_climbs(X_train, T_train, rng):
    """The learning rate is negative, so the cost rises."""
    weights = [rng.standard_normal((5, 2)), rng.standard_normal((2, 5))]
    biases = [rng.standard_normal(5), rng.standard_normal(2)]
    return train(weights, biases, X_train, T_train, 30, 10, -1.0, rng)


@mutant(
    "lab_two_features",
    hint="How often does the net see each sample, and how often does the recipe want it?",
)
def two_features_one_epoch(X_train, T_train, rng):
    """It is trained for one epoch only."""
    weights = [rng.standard_normal((5, 2)), rng.standard_normal((2, 5))]
    biases = [rng.standard_normal(5), rng.standard_normal(2)]
    return train(weights, biases, X_train, T_train, 1, 10, 1.0, rng)


@mutant(
    "lab_digits", hint="Which net do you return, the one that you drew or the one that was trained?"
)
def digits_untrained(X_train, T_train, rng):
    """The random net is returned."""
    weights = [rng.normal(0, 0.5, (30, X_train.shape[1])), rng.normal(0, 0.5, (10, 30))]
    return weights, [rng.standard_normal(30), rng.standard_normal(10)]


@mutant(
    "lab_digits",
    hint="What does train return, and who takes it?",
    note="row 45",
    alias_of="digits_untrained",
)
def digits_ignores_result(X_train, T_train, rng):
    """What train returns is thrown away."""
    weights = [rng.normal(0, 0.5, (30, X_train.shape[1])), rng.normal(0, 0.5, (10, 30))]
    biases = [rng.standard_normal(30), rng.standard_normal(10)]
    train(weights, biases, X_train, T_train, 1, 10, 3.0, rng)
    return weights, biases


@mutant(
    "lab_digits",
    hint="How far does the cost fall in one epoch? Compare your learning rate with the recipe's: is it the same?",
)
def digits_tiny_rate(X_train, T_train, rng):
    """The learning rate is a thousand times too small."""
    weights = [rng.normal(0, 0.5, (30, X_train.shape[1])), rng.normal(0, 0.5, (10, 30))]
    biases = [rng.standard_normal(30), rng.standard_normal(10)]
    return train(weights, biases, X_train, T_train, 30, 10, 0.003, rng)


@mutant("lab_digits", hint="How large is z after the first steps, and how steep is sigma there?")
def digits_huge_rate(X_train, T_train, rng):
    """The learning rate is so large that the neurons saturate."""
    weights = [rng.normal(0, 0.5, (30, X_train.shape[1])), rng.normal(0, 0.5, (10, 30))]
    biases = [rng.standard_normal(30), rng.standard_normal(10)]
    return train(weights, biases, X_train, T_train, 30, 10, 300.0, rng)


@mutant(
    "lab_digits",
    hint="How often does the net see each sample, and how often does the recipe want it?",
)
def digits_one_epoch(X_train, T_train, rng):
    """It is trained for one epoch only."""
    weights = [rng.normal(0, 0.5, (30, X_train.shape[1])), rng.normal(0, 0.5, (10, 30))]
    biases = [rng.standard_normal(30), rng.standard_normal(10)]
    return train(weights, biases, X_train, T_train, 1, 10, 3.0, rng)


@mutant(
    "lab_digits",
    hint="Does each sample still have its own target when the training begins?",
    note="row 40",
)
def digits_mismatched(X_train, T_train, rng):
    """The targets are in reverse order."""
    weights = [rng.normal(0, 0.5, (30, X_train.shape[1])), rng.normal(0, 0.5, (10, 30))]
    biases = [rng.standard_normal(30), rng.standard_normal(10)]
    return train(weights, biases, X_train, T_train[::-1], 30, 10, 3.0, rng)


@mutant(
    "lab_digits",
    hint="Two hidden neurons that start alike: can they ever become different?",
    note="row 63",
)
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


@mutant("lab_digits", hint="How many hidden neurons has your net, and how many are asked for?")
def digits_wrong_width(X_train, T_train, rng):
    """The hidden layer has 10 neurons in place of 30."""
    weights = [rng.normal(0, 0.5, (10, X_train.shape[1])), rng.normal(0, 0.5, (10, 10))]
    biases = [rng.standard_normal(10), rng.standard_normal(10)]
    return train(weights, biases, X_train, T_train, 30, 10, 3.0, rng)
