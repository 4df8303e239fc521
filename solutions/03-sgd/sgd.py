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
# # 3. Stochastic gradient descent
#
# Backpropagation told us the slope of the cost along every weight. Now we walk: a small step
# downhill, the slope again, the next step. The landscape has as many dimensions as the net has
# parameters, and we never see it whole; a few of the training samples at a time give a noisy but
# cheap idea of where down is. That is **stochastic gradient descent** (SGD), and with it your net
# will learn to read.
#
# You write six functions:
#
# | function | what it is |
# |---|---|
# | `sgd_update` | one step downhill |
# | `minibatches` | the samples of an epoch, shuffled and cut into batches |
# | `train` | many steps |
# | `evaluate` | how good is the net? |
# | `lab_two_features` | a net that tells 0 from 1 by two numbers |
# | `lab_digits` | a net that reads all ten digits |
#
# Two questions are answered in words; a person reads them.
#
# **Given:** `feedforward` and `gradients`, which you wrote last time, `two_features`, and a loader
# for the digits. After each function stands a cell with `check(...)`. It runs the tests that you can
# see, as often as you like, and says how many of the points they cover; the others are earned with
# inputs that only the grader knows.
#
# **Conventions**, as before: samples are rows. `X` is $(N, n_\text{in})$, the targets `T` are
# $(N, n_\text{out})$ and one-hot, a layer's `W` is $(n_\text{out}, n_\text{in})$ and its `b` is
# $(n_\text{out},)$. `weights` and `biases` are lists over the layers. All randomness comes from the
# generator `rng` that is passed in, so that a run can be repeated.

# %%
import matplotlib.pyplot as plt
import numpy as np

from autograder import check

# %% [markdown]
# ## What is given
#
# Sigmoid neurons in every layer and the mean quadratic cost
#
# $$ C = \frac1N \sum_{n=1}^{N} C_n , \qquad C_n = \frac12 \sum_j \left(a^L_{nj} - t_{nj}\right)^2 . $$
#
# `gradients` returns the slopes of this mean: it has divided by the number of samples already.


# %%
def feedforward(weights, biases, X):
    """Return ``(zs, activations)`` of a sigmoid network; ``activations[0]`` is `X`."""
    zs, activations = [], [X]
    for W, b in zip(weights, biases, strict=True):
        zs.append(activations[-1] @ W.T + b)
        activations.append(0.5 * (1.0 + np.tanh(0.5 * zs[-1])))
    return zs, activations


def gradients(weights, biases, X, T):
    """Return ``(dWs, dbs)`` of the mean quadratic cost by backpropagation."""
    _, activations = feedforward(weights, biases, X)
    dWs, dbs = [], []
    last = activations[-1]
    delta = (last - T) * last * (1.0 - last)
    for layer in reversed(range(len(weights))):
        below = activations[layer]
        dWs.insert(0, delta.T @ below / len(X))
        dbs.insert(0, delta.mean(axis=0))
        if layer > 0:
            delta = (delta @ weights[layer]) * below * (1.0 - below)
    return dWs, dbs


# %% [markdown]
# ## One step downhill
#
# Change all parameters $\theta$ by $\Delta\theta$, and to first order the cost changes by
# $\nabla C \cdot \Delta\theta$. Among all steps of a given length the one against the gradient lowers
# the cost most:
#
# $$ \theta \;\to\; \theta - \eta\, \nabla C . $$
#
# It is the motion of a ball in honey: the velocity, not the acceleration, follows the force
# $-\nabla C$. The **learning rate** $\eta$ is the length of a time step.

# %% exercise="sgd_update"
def sgd_update(params, grads, lr):
    """Return the parameters after one step of gradient descent.

    Parameters
    ----------
    params : list of ndarray
        Parameters, of any shapes. The list and its arrays are left as they are.
    grads : list of ndarray
        Slope of the cost along each parameter, shaped like `params`.
    lr : float
        Learning rate.

    Returns
    -------
    list of ndarray
        New arrays, shaped like `params`.
    """
    ### BEGIN SOLUTION
    return [p - lr * g for p, g in zip(params, grads, strict=True)]
    ### END SOLUTION


# %% check="sgd_update"
check("sgd_update")

# %% [markdown]
# ## A few samples at a time
#
# The exact gradient is a mean over all $N$ samples. To know a mean roughly one does not ask
# everybody: a random **minibatch** $B$ of $m$ samples gives the estimate
#
# $$ \nabla C \;\approx\; \frac1m \sum_{n \in B} \nabla C_n . $$
#
# It is right on average, and its standard deviation falls like $1/\sqrt m$, as for every measurement
# that is repeated $m$ times, while its price grows like $m$.
#
# One **epoch** uses every sample once: shuffle the samples, cut the shuffled row into batches of $m$,
# take a step for each. If $m$ does not divide $N$ the last batch is shorter; its samples count, too.
# The batches hold *indices*, so that `X[batch]` and `T[batch]` belong together.

# %% exercise="minibatches"
def minibatches(n_samples, batch_size, rng):
    """Cut one fresh, uniformly random permutation of the samples into batches.

    Parameters
    ----------
    n_samples : int
        Number of samples, 1 or more.
    batch_size : int
        Samples in a batch, 1 or more; may exceed `n_samples`.
    rng : numpy.random.Generator
        Source of randomness. It advances: the next call gives other batches.

    Returns
    -------
    list of ndarray of int
        1-d index arrays. Each of 0 ... n_samples - 1 stands in exactly one of them; all hold
        `batch_size` indices but the last, which takes what is left, and is never empty.
    """
    ### BEGIN SOLUTION
    order = rng.permutation(n_samples)
    return [order[start : start + batch_size] for start in range(0, n_samples, batch_size)]
    ### END SOLUTION


# %% check="minibatches"
check("minibatches")

