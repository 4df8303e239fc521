# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 5. Regularization: dropout and early stopping
#
# A net with thousands of parameters can learn a few hundred samples by heart, noise included. The
# cost on these samples then goes on falling while the net gets worse at all others: it
# **overfits**. This notebook is about two remedies that cost next to nothing. *Dropout* makes the
# net unreliable on purpose, so that no unit can count on a certain other one. *Early stopping*
# watches samples that the training does not see, and ends it in time.
#
# You write three functions and a class, and put them to use in a lab:
#
# | exercise | what it is | points |
# |---|---|---|
# | `dropout_mask` | who is there this time | 5 |
# | `dropout_forward` | dropout as a layer, in training and in use | 4 |
# | `dropout_backward` | the way back | 2 |
# | `EarlyStopping` | when to stop | 8 |
# | `lab_regularized` | a small, noisy training set | 4 |
#
# Two questions are answered in words (2 points each).
#
# **Given**, from earlier assignments: `feedforward`, `gradients`, `sgd_update`, `minibatches`,
# `train`, `evaluate`, `softmax`, `cross_entropy`, `softmax_cross_entropy_gradient`, `init_weights`.
# After each exercise stands a cell with `check(...)`: it runs the tests that you can see, as often
# as you like, and says how many of the points they cover. The others are earned with inputs that
# only the grader knows.

# %%
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np

from autograder import check

# %% [markdown]
# ## Given: what the earlier assignments built
#
# Shapes as always: `X` is $(N, n_\text{in})$, `T` is $(N, n_\text{out})$ and one-hot, $W$ of a
# layer is $(n_\text{out}, n_\text{in})$; gradients are averaged over the batch.


# %%
def feedforward(weights, biases, X):
    """Return (zs, activations) of a net of sigmoid neurons; activations[0] is X."""
    zs, activations = [], [X]
    for W, b in zip(weights, biases, strict=True):
        z = activations[-1] @ W.T + b
        decay = np.exp(-np.abs(z))
        zs.append(z)
        activations.append(np.where(z >= 0, 1.0, decay) / (1.0 + decay))
    return zs, activations


def gradients(weights, biases, X, T):
    """Return (dWs, dbs) of the mean quadratic cost, by backpropagation."""
    _, activations = feedforward(weights, biases, X)
    a = activations[-1]
    delta = (a - T) * a * (1 - a)
    dWs, dbs = [], []
    for layer in range(len(weights) - 1, -1, -1):
        dWs.insert(0, delta.T @ activations[layer] / len(X))
        dbs.insert(0, delta.mean(axis=0))
        if layer > 0:
            a = activations[layer]
            delta = (delta @ weights[layer]) * a * (1 - a)
    return dWs, dbs


def sgd_update(params, grads, lr):
    """Return new arrays, one step downhill."""
    return [p - lr * g for p, g in zip(params, grads, strict=True)]


def minibatches(n_samples, batch_size, rng):
    """Return a list of index arrays: a fresh permutation, cut into batches."""
    order = rng.permutation(n_samples)
    return [order[k : k + batch_size] for k in range(0, n_samples, batch_size)]


def train(weights, biases, X, T, epochs, batch_size, lr, rng):
    """Return (weights, biases) after minibatch SGD on the quadratic cost."""
    weights, biases = [W.copy() for W in weights], [b.copy() for b in biases]
    for _ in range(epochs):
        for batch in minibatches(len(X), batch_size, rng):
            dWs, dbs = gradients(weights, biases, X[batch], T[batch])
            weights, biases = sgd_update(weights, dWs, lr), sgd_update(biases, dbs, lr)
    return weights, biases


def evaluate(weights, biases, X, T):
    """Return (loss, accuracy): mean quadratic cost, share of right answers."""
    a = feedforward(weights, biases, X)[1][-1]
    right = a.argmax(axis=1) == T.argmax(axis=1)
    return float(0.5 * ((a - T) ** 2).sum(axis=1).mean()), float(right.mean())


def softmax(z):
    """Return the softmax over the last axis."""
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def cross_entropy(y, t):
    """Return the mean over samples of -sum_j t_j ln y_j."""
    return float(-(t * np.log(np.maximum(y, 1e-12))).sum(axis=-1).mean())


def softmax_cross_entropy_gradient(z, t):
    """Return the slope of the cross entropy with respect to the logits, per sample."""
    return softmax(z) - t


def init_weights(sizes, rng):
    """Return random (weights, biases); W has standard deviation 1/sqrt(n_in)."""
    weights = [rng.normal(size=(n, m)) / np.sqrt(m) for m, n in pairwise(sizes)]
    return weights, [rng.normal(size=n) for n in sizes[1:]]


# %% [markdown]
# ## Dropout: the mask
#
# Fit the same net to another training set of the same size, and you get another function. How far
# these functions scatter about their mean is the **variance** of the method. For the mean squared
# error at a point, averaged over training sets,
#
# $$\big\langle (f - y)^2 \big\rangle
#   = \underbrace{\big(\langle f\rangle - \langle y\rangle\big)^2}_{\text{bias}^2}
#   + \underbrace{\big\langle (f - \langle f\rangle)^2\big\rangle}_{\text{variance}}
#   + \underbrace{\big\langle (y - \langle y\rangle)^2\big\rangle}_{\text{noise}} .$$
#
# A large net on little data has a small bias and a large variance: that is overfitting. Whoever
# measures knows what to do against scatter: repeat, and take the mean. The mean over $K$
# independent nets has $1/K$ of the variance. Only: who trains $K$ nets?
#
# **Dropout** trains them all at once. In each step of the training, each unit of a layer is left
# out with probability $p$ (the *rate*), independently of all others. What remains is a *thinned*
# net; with $n$ units there are $2^n$ of them, and they share their weights. The trained net then
# answers like a mean over this ensemble. You know such means: one over the disorder of a sample,
# where each site is occupied or empty. And no unit can rely on one certain partner, which might
# be gone.
#
# A unit that is left out some of the time contributes less on average. So that the next layer finds
# the same mean input in training and later, when all units are there, the survivors are scaled up
# (*inverted* dropout). The layer's output $x$ becomes $m \odot x$ with a mask
#
# $$m_i = \begin{cases} 0 & \text{with probability } p\\[2pt]
#   \dfrac{1}{1-p} & \text{otherwise}\end{cases}
# \qquad\Rightarrow\qquad
# \langle m_i \rangle = p\cdot 0 + (1-p)\cdot\frac{1}{1-p} = 1 .$$
#
# Averaged over the masks, the next layer's input is the one without dropout,
# $\langle w\cdot(m\odot x)\rangle = w\cdot x$, for any rate and any weights. Therefore nothing has
# to be done when the net is used. (Behind a nonlinear function the mean is no longer exact; in
# practice the approximation, a mean-field one, is good.) The price: fluctuations, of variance
# $p/(1-p)$ for each $m_i$.
#
# "Independently" is meant: the *number* of dropped units fluctuates too. All randomness comes from
# the `rng` that is passed in, so that a run can be repeated.


# %% exercise="dropout_mask"
def dropout_mask(shape, rate, rng):
    """Draw a mask for inverted dropout.

    Parameters
    ----------
    shape : tuple of int
        Shape of the mask, any number of axes.
    rate : float
        Probability that a unit is dropped, 0 <= rate < 1.
    rng : numpy.random.Generator
        Source of all randomness.

    Returns
    -------
    ndarray of shape `shape`
        0 with probability `rate`, else 1 / (1 - rate); each entry independent of the others.
    """
    ### BEGIN SOLUTION
    # random() lies in [0, 1): never below 0, so that rate = 0 drops nothing.
    kept = rng.random(shape) >= rate
    return kept / (1.0 - rate)
    ### END SOLUTION


# %% check="dropout_mask"
check("dropout_mask")


# %% figure=true
def figure_mask():
    """Draw a mask, and how the mean over masks approaches 1."""
    rng = np.random.default_rng(5)
    fig, (left, right) = plt.subplots(1, 2, figsize=(9.5, 3.4), layout="constrained")
    image = left.imshow(dropout_mask((12, 24), 0.3, rng), cmap="Blues", vmin=0, aspect="auto")
    fig.colorbar(image, ax=left, ticks=[0, 1 / 0.7], format="%.2f")
    left.set(xlabel="unit", ylabel="sample", title="One mask, rate 0.3")
    count = np.arange(1, 2001)
    for rate, color in ((0.1, "tab:green"), (0.3, "tab:blue"), (0.7, "tab:orange")):
        masks = dropout_mask((2000, 8), rate, rng)
        means = masks.cumsum(axis=0) / count[:, None]
        right.plot(count, means, color=color, lw=0.7, alpha=0.4)
        width = np.sqrt(rate / (1 - rate) / count)
        right.plot(count, 1 + width, color=color, label=f"rate {rate}")
        right.plot(count, 1 - width, color=color)
    right.set(xscale="log", ylim=(0, 2.6), xlabel="number $K$ of masks", ylabel="mean of $m_i$")
    right.set_title(r"Mean kept, scatter $\pm\sqrt{p/(1-p)/K}$")
    right.legend()
    plt.show()


figure_mask()

# %% [markdown]
# ## Dropout as a layer
#
# `dropout_forward` draws a mask in training, applies it, and returns it as well, because the way
# back needs *the same* mask. When the net is used (`training=False`) a prediction is not to be
# random: the output is `x` as it is, and the mask is all ones. The same holds for `rate = 0`.


# %% exercise="dropout_forward"
def dropout_forward(x, rate, rng, training):
    """Apply dropout to the activations of a layer.

    Parameters
    ----------
    x : ndarray, any shape
        Activations. Not changed.
    rate : float
        Probability that a unit is dropped, 0 <= rate < 1.
    rng : numpy.random.Generator
        Source of all randomness.
    training : bool
        Whether to drop at all.

    Returns
    -------
    out : ndarray, shape of `x`
        x times the mask, entry by entry.
    mask : ndarray, shape of `x`
        The mask that was used, scaling included; ones where nothing is dropped.
    """
    ### BEGIN SOLUTION
    if not training or rate == 0:
        return x.copy(), np.ones_like(x)
    mask = dropout_mask(x.shape, rate, rng)
    return x * mask, mask
    ### END SOLUTION


# %% check="dropout_forward"
check("dropout_forward")

# %% [markdown]
# On the way back the loss $L$ has told us its slope with respect to the layer's output, $\partial
# L/\partial\,\text{out}$ (`d_out`). Wanted is the slope with respect to the layer's input,
# $\partial L/\partial x$. The mask of this forward pass was drawn; from then on it is a constant.


# %% exercise="dropout_backward"
def dropout_backward(d_out, mask):
    """Carry a gradient back through dropout.

    Parameters
    ----------
    d_out : ndarray, any shape
        Slope of the loss with respect to the output of `dropout_forward`. Not changed.
    mask : ndarray, same shape
        The mask that `dropout_forward` returned.

    Returns
    -------
    ndarray, same shape
        Slope of the loss with respect to `x`.
    """
    ### BEGIN SOLUTION
    # out_i = m_i x_i, with m_i a constant; one factor per unit, no sum.
    return d_out * mask
    ### END SOLUTION


# %% check="dropout_backward"
check("dropout_backward")

# %% [markdown]
# ## Early stopping
#
# Put part of your samples aside, the **validation set**, and never train on it. After each epoch,
# evaluate the net there. At first this loss falls along with that of the training; from some
# epoch on it rises again, and from there on the net learns nothing but accidents of its training
# set. That would be the moment to stop, if the curve were smooth. It is not: it goes up and down
# from epoch to epoch. So we wait a few epochs before we give up, and go back to the best.
#
# `EarlyStopping` does the bookkeeping. The training loop calls `step(value, weights)` once per
# epoch and ends when that returns True. The rules are those of a widespread library (Keras 3.15.1):
#
# 1. **Epochs** are counted from 0, one per call of `step`.
# 2. **Warm-up.** Epochs before `start_from_epoch` are not looked at: `step` returns False, and
#    nothing is remembered of them but that they have passed.
# 3. **Improvement.** A value is an improvement if it is better than the best so far by *more
#    than* `min_delta`, whose absolute value counts. Equal is not better. Better is smaller with
#    `mode="min"` and larger with `mode="max"`. The first value that counts is an improvement in
#    any case. NaN never is one.
# 4. **The best.** At an improvement, and only then, `best` becomes the value, `best_epoch` its
#    epoch and, if `restore_best_weights` is set, `best_weights` a copy of the list of arrays
#    `weights`. Before the first such epoch they are None, 0 and None; without
#    `restore_best_weights`, `best_weights` stays None. (The caller restores; `step` never changes
#    `weights`.)
# 5. **Patience.** Each epoch that counts makes the wait longer by one, and an improvement sets it
#    back to zero. An epoch *without* an improvement ends the training when the wait has reached
#    `patience` epochs: with `patience=3` the third fruitless epoch in a row does. A patience of 0
#    acts like 1. An epoch *with* an improvement never ends the training.
# 6. **Baseline.** If `baseline` is given, an improvement sets the wait back only if it beats the
#    baseline as well, by more than `min_delta` again. Otherwise it is the new best all the same,
#    but the wait goes on: a net that gets better, yet not good enough in time, is given up at its
#    next epoch without improvement.
#
# An example, with `patience=2`:
#
# | epoch | 0 | 1 | 2 | 3 | 4 | 5 | 6 |
# |---|---|---|---|---|---|---|---|
# | value | 0.9 | 0.6 | 0.7 | 0.5 | 0.5 | 0.8 | 0.1 |
# | improvement | yes | yes | no | yes | no | no | |
# | wait after the epoch | 0 | 0 | 1 | 0 | 1 | 2 | |
# | `step` returns | False | False | False | False | False | **True** | never called |
#
# Here is a training loop that changes its arrays in place, as many do. The checks use it to see
# whether your `best_weights` are still those of the best epoch when it has ended.


# %%
def best_weights_of_run(values, **options):
    """Play a run in which every weight is k in epoch k; return the stopper's best_weights."""
    stopper = EarlyStopping(restore_best_weights=True, **options)
    weights = [np.zeros((2, 3)), np.zeros(2)]
    for epoch, value in enumerate(values):
        for array in weights:
            array[...] = epoch
        if stopper.step(value, weights):
            break
    return stopper.best_weights


# %% exercise="EarlyStopping"
class EarlyStopping:
    """Says when to stop a training, and remembers the best epoch.

    One object is one run.

    Parameters
    ----------
    patience : int
        Epochs without an improvement after which to stop; 0 acts like 1.
    min_delta : float
        By more than this (absolute value) a value must be better to be an improvement.
    mode : "min" or "max"
        Whether smaller or larger values are better.
    baseline : float or None
        Only an improvement that beats it as well sets the wait back.
    restore_best_weights : bool
        Whether to keep a copy of the best epoch's weights.
    start_from_epoch : int
        Epochs before this one are not looked at.

    Attributes
    ----------
    best : float or None
        Best value; None before the first that counts.
    best_epoch : int
        Its epoch, from 0.
    best_weights : list of ndarray or None
        Copy of the weights of that epoch, if `restore_best_weights`.
    """

    def __init__(
        self,
        patience=0,
        min_delta=0.0,
        mode="min",
        baseline=None,
        restore_best_weights=False,
        start_from_epoch=0,
    ):
        ### BEGIN SOLUTION
        self.patience = patience
        self.min_delta = abs(min_delta)
        self.mode = mode
        self.baseline = baseline
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = start_from_epoch
        self.best = None
        self.best_epoch = 0
        self.best_weights = None
        self._epoch = -1
        self._wait = 0
        ### END SOLUTION

    def step(self, value, weights=None):
        """Take the value of one more epoch.

        Parameters
        ----------
        value : float
            What is watched, such as the validation loss.
        weights : list of ndarray, optional
            The parameters after this epoch. Not changed.

        Returns
        -------
        bool
            Whether to stop.
        """
        ### BEGIN SOLUTION
        self._epoch += 1
        if self._epoch < self.start_from_epoch:
            return False

        def beats(bar):
            # False for NaN, like every comparison with it.
            if self.mode == "min":
                return value < bar - self.min_delta
            return value > bar + self.min_delta

        self._wait += 1
        if self.best is not None and not beats(self.best):
            return self._wait >= self.patience
        self.best = value
        self.best_epoch = self._epoch
        if self.restore_best_weights and weights is not None:
            # The loop may go on to write into these very arrays.
            self.best_weights = [np.array(array) for array in weights]
        if self.baseline is None or beats(self.baseline):
            self._wait = 0
        return False
        ### END SOLUTION


# %% check="EarlyStopping"
check("EarlyStopping")

# %% [markdown]
# ## Lab: few samples, and four labels in ten wrong
#
# The file beside this notebook holds handwritten digits, 8 x 8 pixels each. To make overfitting
# easy we keep 400 of them for training and 200 for validation, and replace 40 % of the labels of
# both by wrong ones, at random: think of a detector whose labels come from an unreliable
# simulation. The other 601 digits keep their right labels and are the test set: never used in
# training, and looked at only in the end.


# %%
def noisy_digits(seed):
    """Return X_train, T_train, X_val, T_val, X_test, T_test, and which labels are wrong.

    `wrong` holds the rows of the training set whose label is wrong.
    """
    with np.load("digits_train.npz") as file:
        images, labels = file["images"], file["labels"].astype(int)
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(labels))
    X, labels = images[order].reshape(len(order), -1) / 16.0, labels[order]
    train_rows, val_rows, test_rows = slice(0, 400), slice(400, 600), slice(600, None)
    wrong = rng.permutation(400)[:160]
    for rows in (wrong, 400 + rng.permutation(200)[:80]):
        labels[rows] = (labels[rows] + rng.integers(1, 10, len(rows))) % 10
    T = np.eye(10)[labels]
    split = [part[rows] for rows in (train_rows, val_rows, test_rows) for part in (X, T)]
    return *split, wrong


# %% figure=true
def figure_overfitting():
    """Train without any remedy; mark where your EarlyStopping would have stopped."""
    X_train, T_train, X_val, T_val, *_ = noisy_digits(4)
    rng = np.random.default_rng(3)
    weights, biases = init_weights([64, 30, 10], rng)
    stopper, stopped = EarlyStopping(patience=10), None
    losses = []
    for epoch in range(100):
        weights, biases = train(weights, biases, X_train, T_train, 1, 10, 3.0, rng)
        losses.append(
            [evaluate(weights, biases, X, T)[0] for X, T in ((X_train, T_train), (X_val, T_val))]
        )
        if stopped is None and stopper.step(losses[-1][1]):
            stopped = epoch
    training, validation = np.transpose(losses)
    _, axes = plt.subplots(figsize=(7.5, 3.6), layout="constrained")
    axes.plot(training, color="tab:blue", label="training")
    axes.plot(validation, color="tab:orange", label="validation")
    if stopped is not None:
        axes.axvspan(stopper.best_epoch, stopped, color="0.9", label="patience, 10 epochs")
        axes.axvline(stopped, color="black", lw=1, ls="--", label=f"stop, epoch {stopped}")
    axes.plot(
        stopper.best_epoch,
        stopper.best,
        "o",
        color="tab:red",
        label=f"best, epoch {stopper.best_epoch}",
    )
    axes.set(xlabel="epoch", ylabel="mean quadratic cost", ylim=(0, None))
    axes.set_title("The training cost falls for ever, the validation cost does not")
    axes.legend(ncols=2)
    plt.show()


figure_overfitting()

# %% [markdown]
# Now use what you have built. `lab_regularized` gets such a training and validation set and
# returns the `weights` and `biases` of a net of sigmoid neurons. Which output is the largest
# decides, so the last layer may as well be trained as a softmax.
#
# A recipe that works: layers 64-30-10, `init_weights`, minibatches of 20, learning rate 0.2,
# softmax with cross entropy at the output, whose slope with respect to the logits you know.
# Dropout sits on the *hidden* activations: forward after the sigmoid, backward before its slope.
# Each epoch, evaluate *without* dropout on the validation set and ask your `EarlyStopping`. Left
# alone, the net needs about 500 epochs to know the wrong labels by heart; with early stopping you
# need a fraction of that. Dropout makes learning slower and its curve more ragged: give it more
# patience. The penalty on large weights of the lecture is a third remedy, and you may mix all
# three.
#
# The grader deals a training and a validation set of its own, with the pixels and the classes
# permuted, and counts how many of several hundred other digits, with right labels, your net
# recognizes. A net that has learned its training set by heart gets 60 to 70 % and fails; every
# remedy alone, used well, gets about 80 % and passes. If a run fails, the grader tries two more
# seeds and the best one counts.


# %% exercise="lab_regularized"
def lab_regularized(X_train, T_train, X_val, T_val, rng):
    """Train a net on few, partly mislabelled samples so that it does well on others.

    Parameters
    ----------
    X_train : ndarray, shape (N, n_in)
        Training samples.
    T_train : ndarray, shape (N, n_out)
        Their one-hot labels, 40 % of them wrong.
    X_val, T_val : ndarrays, shapes (M, n_in) and (M, n_out)
        Validation samples and labels, as unreliable.
    rng : numpy.random.Generator
        Source of all randomness.

    Returns
    -------
    weights, biases : lists of ndarrays
        One (n_out, n_in) matrix and one (n_out,) vector per layer, for use without dropout; as many
        hidden sigmoid layers as you like.
    """
    ### BEGIN SOLUTION
    weights, biases = init_weights([X_train.shape[1], 30, T_train.shape[1]], rng)
    stopper = EarlyStopping(patience=20, restore_best_weights=True)
    for _ in range(500):
        for batch in minibatches(len(X_train), 20, rng):
            X, T = X_train[batch], T_train[batch]
            hidden = feedforward(weights[:1], biases[:1], X)[1][-1]
            dropped, mask = dropout_forward(hidden, 0.3, rng, training=True)
            logits = dropped @ weights[1].T + biases[1]
            delta = softmax_cross_entropy_gradient(logits, T)
            below = dropout_backward(delta @ weights[1], mask) * hidden * (1 - hidden)
            grads = [below.T @ X, delta.T @ dropped, below.sum(axis=0), delta.sum(axis=0)]
            params = sgd_update([*weights, *biases], grads, 0.2 / len(X))
            weights, biases = params[:2], params[2:]
        logits = feedforward(weights, biases, X_val)[0][-1]
        if stopper.step(cross_entropy(softmax(logits), T_val), [*weights, *biases]):
            break
    return stopper.best_weights[:2], stopper.best_weights[2:]
    ### END SOLUTION


# %% check="lab_regularized"
check("lab_regularized")


# %% figure=true
def figure_lab():
    """Compare nets with and without regularization: the test set, and what they know by heart."""
    fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    for seed in range(4):
        X_train, T_train, X_val, T_val, X_test, T_test, wrong = noisy_digits(seed)
        rng = np.random.default_rng(seed)
        free = init_weights([64, 30, 10], rng)
        free = train(*free, X_train, T_train, 300, 10, 3.0, rng)
        bound = lab_regularized(X_train, T_train, X_val, T_val, rng)
        for axes, X, T in ((left, X_test, T_test), (right, X_train[wrong], T_train[wrong])):
            shares = [evaluate(*net, X, T)[1] for net in (free, bound)]
            axes.plot([0, 1], shares, "o-", color=f"C{seed}")
    left.set(ylabel="share of right answers", title="Test set")
    right.set(ylabel="share learned by heart", title="Wrong labels of the training set")
    for axes in (left, right):
        axes.set(xlim=(-0.4, 1.4), ylim=(0, 1))
        axes.set_xticks([0, 1], ["without remedy", "lab_regularized"])
        axes.axhline(0.1, color="0.7", lw=1, ls=":")
    fig.suptitle("Four training sets (dotted: guessing)")
    plt.show()


figure_lab()

# %% [markdown]
# ## In your own words
#
# **Question 1.** Somebody trains with masks of zeros and ones at rate 0.5, without the factor
# $1/(1-p)$, and changes nothing when the net is used. How does the input $z$ of a unit in the
# next layer differ between training and use, and what does that do to its answer $\sigma(z)$? Why
# does the inverted scaling cure the first exactly, whatever the weights, and the second only
# approximately?

# %% [markdown] written="why_scaling" points=2
# ### BEGIN SOLUTION
# In training a term $w_i x_i$ of $z$ is there with probability 1/2 only, in use always: without
# the factor the mean weighted input is twice as large in use (but for the bias), a value the
# layers above have never seen. The sigmoid is driven towards saturation, and its answers are
# overconfident. With the factor $\langle m_i\rangle = 1$, and since $z$ is linear in the mask,
# $\langle z\rangle$ equals the value in use for any weights. But $\langle\sigma(z)\rangle \ne
# \sigma(\langle z\rangle)$ for a curved function: to second order they differ by half of
# $\sigma''$ times the variance of $z$, which dropout makes proportional to $p/(1-p)$. The net in
# use is the mean-field approximation of the mean over thinned nets. (1 point: the factor 2 and
# its effect; 1 point: linearity against curvature.)
# ### END SOLUTION

# %% [markdown]
# **Question 2.** Early stopping returns the epoch with the lowest validation loss. Why is this
# lowest loss too good to be quoted as the net's expected loss on new data, and what should be
# quoted instead? And what goes wrong if the patience is chosen too small, or very large?

# %% [markdown] written="why_validation" points=2
# ### BEGIN SOLUTION
# The minimum of many fluctuating numbers lies below the mean at that epoch: the epoch was chosen
# because the validation samples happened to look good there, so they have taken part in the fit
# and are biased. A third set that decided nothing, the test set, is evaluated once, in the end.
# Too little patience stops at the first upward fluctuation, long before the minimum
# (underfitting); very large patience wastes epochs, and picks the minimum among more
# fluctuations, but costs no quality if the best weights are restored; without restoring them, the
# net overfits. (1 point: selection bias and the test set; 1 point: both sides of the patience.)
# ### END SOLUTION
