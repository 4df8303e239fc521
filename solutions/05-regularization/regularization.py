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
import matplotlib.pyplot as plt
import numpy as np

from autograder import check

# %% [markdown]
# ## Given: what the earlier assignments built
#
# Shapes as always: `X` is $(N, n_\text{in})$, `T` is $(N, n_\text{out})$ and one-hot, $W$ of a layer
# is $(n_\text{out}, n_\text{in})$; gradients are averaged over the batch.


# %%
def feedforward(weights, biases, X):
    """Return (zs, activations) of a net of sigmoid neurons; activations[0] is X."""
    zs, activations = [], [X]
    for W, b in zip(weights, biases):
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
    return [p - lr * g for p, g in zip(params, grads)]


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
    weights = [rng.normal(size=(n, m)) / np.sqrt(m) for m, n in zip(sizes[:-1], sizes[1:])]
    return weights, [rng.normal(size=n) for n in sizes[1:]]
