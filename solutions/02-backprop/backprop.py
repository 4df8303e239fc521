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
# # 2. Backpropagation
#
# A network of sigmoid neurons is one long formula: numbers $x$ go in, numbers $a^L$ come out, and
# the weights $w$ and biases $b$ in between decide what it does. To train it we say how wrong its
# output is, as one number, the cost $C$, and then walk downhill. For a step downhill we need the
# slope of $C$ along every single parameter: the gradient.
#
# One could measure a slope as in the lab: turn one knob by a little, look how much $C$ changes.
# The lecture's net for handwritten digits, 784-30-10, has 23 860 knobs, and each turn costs a run
# through the whole net. **Backpropagation** is the chain rule, organized such that *all* slopes
# come out of one run forward and one run backward.
#
# You write six functions:
#
# | function | what it is |
# |---|---|
# | `sigmoid` | the neuron's response |
# | `sigmoid_prime` | its slope |
# | `output_delta` | where the error enters |
# | `hidden_delta` | how it travels back |
# | `gradients` | all of it together |
# | `numerical_gradient` | the measurement in the lab, to test the rest |
#
# Two questions at the end are answered in words; a person reads them.
#
# **Given:** `feedforward`, the run forward. After each function stands a cell with `check(...)`.
# It runs the tests that you can see, as often as you like, and says how many of the points they
# cover; the others are earned with inputs that only the grader knows. A check compares numbers, not
# styles: loops are as welcome as matrices.

# %%
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np

from autograder import check

# %% [markdown]
# ## The neuron and its slope
#
# A neuron adds up what comes in, $z = \sum_k w_k a_k + b$, and answers with
#
# $$a = \sigma(z) = \frac{1}{1 + e^{-z}} .$$
#
# You know this curve from physics: it is the occupation of a two-level system in a heat bath, with
# $z$ the energy advantage over $k_B T$. Solved for $z$ it says $\ln\frac{a}{1-a} = z$, the
# log-odds.
#
# Why not a step from 0 to 1? A step has no slope: nearly everywhere a small change of a weight
# would change nothing, and there would be no direction to walk in.
#
# **Mind the range.** The function has a perfectly good value at $z = \pm 1000$, but $e^{1000}$ is
# larger than any float. A warning from NumPy costs nothing; a wrong value does.


# %% exercise="sigmoid"
def sigmoid(z):
    """Return the logistic function 1 / (1 + e^-z), entry by entry.

    Parameters
    ----------
    z : int, float or ndarray, any shape
        Weighted inputs, of any size, also -1000 or 1000. Not changed.

    Returns
    -------
    float or ndarray, same shape as `z`
        Activations between 0 and 1.
    """
    ### BEGIN SOLUTION
    z = np.asarray(z, dtype=float)
    # e^-|z| is at most 1, so nothing overflows; for z < 0 the fraction is expanded by e^z.
    decay = np.exp(-np.abs(z))
    return np.where(z >= 0, 1.0, decay) / (1.0 + decay)
    ### END SOLUTION


# %% check="sigmoid"
check("sigmoid")

# %% [markdown]
# Now the slope $\sigma'(z) = \dfrac{d\sigma}{dz}$. Differentiate the fraction on paper; the result
# can be written with $\sigma(z)$ alone, and then costs almost nothing, because the run forward has
# computed $\sigma(z)$ already. To test what you found:
#
# - at $z = 0$ the slope is $\frac14$, and nowhere is it larger;
# - $\sigma'(-z) = \sigma'(z)$;
# - far out it falls off like $e^{-|z|}$: there the neuron is *saturated*.
#
# The formula is asked for, here and in the next three exercises: a difference quotient is a good
# test, but earns no points as the answer.


# %% exercise="sigmoid_prime"
def sigmoid_prime(z):
    """Return the slope of the logistic function at `z`, entry by entry.

    Parameters
    ----------
    z : int, float or ndarray, any shape
        Weighted inputs (not activations), of any size. Not changed.

    Returns
    -------
    float or ndarray, same shape as `z`
        d sigma / dz.
    """
    ### BEGIN SOLUTION
    a = sigmoid(z)
    return a * (1.0 - a)
    ### END SOLUTION


# %% check="sigmoid_prime"
check("sigmoid_prime")


# %% figure=true
def figure_sigmoid():
    """Draw sigma with tangents of your slope, and the slope itself."""
    z = np.linspace(-8, 8, 401)
    _, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
    left.plot(z, sigmoid(z), color="black")
    for touch, color in ((0.0, "tab:blue"), (2.5, "tab:orange"), (-5.0, "tab:green")):
        near = touch + np.array([-1.6, 1.6])
        left.plot(near, sigmoid(touch) + sigmoid_prime(touch) * (near - touch), color=color, lw=2)
        left.plot(touch, sigmoid(touch), "o", color=color)
        right.plot(touch, sigmoid_prime(touch), "o", color=color)
    left.set(xlabel="$z$", ylabel=r"$\sigma(z)$", title="The neuron and three tangents")
    right.plot(z, sigmoid_prime(z), color="black", zorder=0)
    for side in (-1, 1):
        right.axvspan(4 * side, 8 * side, color="gray", alpha=0.2, lw=0)
        right.text(6 * side, 0.12, "saturated", ha="center", color="dimgray")
    right.axhline(0.25, color="gray", ls=":", zorder=0)
    right.text(-7.8, 0.252, r"$\frac{1}{4}$", va="bottom")
    right.set(xlabel="$z$", ylabel=r"$\sigma'(z)$", ylim=(-0.01, 0.3), title="Its slope")
    plt.show()


figure_sigmoid()

# %% [markdown]
# ## The run forward
#
# Layer $l$ computes, from the activations of the layer before,
#
# $$z^l_j = \sum_k w^l_{jk}\, a^{l-1}_k + b^l_j , \qquad a^l_j = \sigma(z^l_j), \qquad a^0 = x .$$
#
# $w^l_{jk}$ leads **to** neuron $j$ of layer $l$ **from** neuron $k$ of layer $l-1$. We feed $N$
# samples at once, one in each row, so that a layer is one product of matrices:
# `Z = A_prev @ W.T + b`. Whenever you are stuck, write these shapes down:
#
# | object | in the code | shape |
# |---|---|---|
# | inputs, targets | `X`, `T` | (N, n_in), (N, n_out) |
# | weights into a layer | `weights[i]` | (neurons here, neurons before) |
# | biases of a layer | `biases[i]` | (neurons here,) |
# | weighted inputs of a layer | `zs[i]` | (N, neurons here) |
# | activations *entering* that layer | `activations[i]` | (N, neurons before) |
# | activations *leaving* it | `activations[i + 1]` | (N, neurons here) |
# | delta of a layer | `delta` | (N, neurons here) |
# | gradients | `dWs[i]`, `dbs[i]` | as `weights[i]`, `biases[i]` |
#
# The index `i` counts the layers that have weights, from 0; the list `activations` is one longer
# than the others, because it begins with `X` itself.


# %%
def feedforward(weights, biases, X):
    """Run the net forward and keep everything on the way.

    Parameters
    ----------
    weights : list of ndarray, each (n_out, n_in)
    biases : list of ndarray, each (n_out,)
    X : ndarray, (N, n_in)

    Returns
    -------
    zs, activations : lists of ndarray
        ``zs[i]`` and ``activations[i + 1]`` belong to the layer of ``weights[i]``;
        ``activations[0]`` is `X`.
    """
    zs, activations = [], [X]
    for W, b in zip(weights, biases, strict=True):
        zs.append(activations[-1] @ W.T + b)
        # The logistic function once more: so this function works whatever `sigmoid` does.
        activations.append(0.5 * (1.0 + np.tanh(0.5 * zs[-1])))
    return zs, activations


# %% [markdown]
# ## Where the error enters
#
# The quadratic cost of one sample is
#
# $$C_n = \tfrac12 \sum_j \left(a^L_j - t_j\right)^2 ,$$
#
# and the cost of a batch is the mean $C = \frac1N \sum_n C_n$. The central quantity of
# backpropagation is the slope of one sample's cost with respect to a weighted input,
#
# $$\delta^l_j = \frac{\partial C_n}{\partial z^l_j} :$$
#
# how much would the cost change if someone at neuron $j$ turned up its input a little? In mechanics
# you would call (minus) this quantity the force on the coordinate $z^l_j$. In the output layer only
# two links lie between $z$ and the cost, $z^L_j \to a^L_j \to C_n$, and the chain rule multiplies
# them:
#
# $$\delta^L_j = \frac{\partial C_n}{\partial a^L_j}\;\sigma'(z^L_j) .$$
#
# Both factors are yours to fill in. Delta belongs to a *sample*: nothing is divided by $N$ yet.


# %% exercise="output_delta"
def output_delta(a, t, z):
    """Return delta of the output layer: quadratic cost, sigmoid neurons.

    Parameters
    ----------
    a : ndarray, (N, n_out)
        Activations of the output layer, ``sigmoid(z)``.
    t : ndarray, (N, n_out)
        Targets.
    z : ndarray, (N, n_out)
        Weighted inputs of the output layer.

    Returns
    -------
    ndarray, (N, n_out)
        dC_n / dz, one row a sample.
    """
    ### BEGIN SOLUTION
    return (a - t) * sigmoid_prime(z)
    ### END SOLUTION


# %% check="output_delta"
check("output_delta")

# %% [markdown]
# ## How it travels back
#
# A hidden neuron $k$ touches the cost only through the next layer, but there through *every*
# neuron $j$. One path for each $j$, and the contributions of all paths add up:
#
# $$\delta^{l}_k = \sum_j \frac{\partial C_n}{\partial z^{l+1}_j}\,
#   \frac{\partial z^{l+1}_j}{\partial a^{l}_k}\,\frac{d a^{l}_k}{d z^{l}_k}
#   = \Bigl(\sum_j \delta^{l+1}_j\, w^{l+1}_{jk}\Bigr)\, \sigma'(z^{l}_k) .$$
#
# This is the **delta recursion**. On the way forward $w_{jk}$ was summed over $k$, here it is
# summed over $j$: the error runs through the same wires in the other direction.


# %% exercise="hidden_delta"
def hidden_delta(W_next, delta_next, z):
    """Return delta of a hidden layer from that of the next layer.

    Parameters
    ----------
    W_next : ndarray, (n_next, n)
        Weights that lead from this layer to the next one.
    delta_next : ndarray, (N, n_next)
        Delta of the next layer.
    z : ndarray, (N, n)
        Weighted inputs of this layer.

    Returns
    -------
    ndarray, (N, n)
        dC_n / dz of this layer, one row a sample.
    """
    ### BEGIN SOLUTION
    return (delta_next @ W_next) * sigmoid_prime(z)
    ### END SOLUTION


# %% check="hidden_delta"
check("hidden_delta")

# %% [markdown]
# ## All gradients
#
# A weight changes the cost only through the $z$ of its own neuron, and $z^l_j$ depends on
# $w^l_{jk}$ with the factor $a^{l-1}_k$ and on $b^l_j$ with the factor 1. Averaged over the batch,
#
# $$\frac{\partial C}{\partial w^l_{jk}} = \frac1N \sum_{n} \delta^l_{j}\, a^{l-1}_{k} , \qquad
#   \frac{\partial C}{\partial b^l_{j}} = \frac1N \sum_{n} \delta^l_{j} ,$$
#
# with $\delta$ and $a$ of sample $n$ under the sum. The whole algorithm:
#
# 1. run forward, keep every $z^l$ and $a^l$;
# 2. find $\delta^L$ of the output layer;
# 3. layer by layer, from the last to the first: note the gradients, then step back to
#    $\delta^{l-1}$.
#
# Here the average over the batch is taken, once. A useful test: with every sample given twice, the
# gradient must stay the same.


# %% exercise="gradients"
def gradients(weights, biases, X, T):
    """Return the gradient of the mean quadratic cost with respect to every weight and bias.

    Parameters
    ----------
    weights : list of ndarray, each (n_out, n_in)
        One array a layer, one layer or more.
    biases : list of ndarray, each (n_out,)
    X : ndarray, (N, n_in)
    T : ndarray, (N, n_out)

    Returns
    -------
    dWs, dbs : lists of ndarray
        Shaped like `weights` and `biases`, in the same order, averaged over the N samples.
    """
    ### BEGIN SOLUTION
    zs, activations = feedforward(weights, biases, X)
    delta = output_delta(activations[-1], T, zs[-1])
    dWs, dbs = [], []
    for i in reversed(range(len(weights))):
        dWs.insert(0, delta.T @ activations[i] / len(X))
        dbs.insert(0, delta.mean(axis=0))
        if i > 0:
            delta = hidden_delta(weights[i], delta, zs[i - 1])
    return dWs, dbs
    ### END SOLUTION


# %% check="gradients"
check("gradients")

# %% [markdown]
# To see what you computed, turn one weight by hand. The curve is the cost while a single weight
# moves and all others stay; the straight line has the slope that your `gradients` gives.


# %% figure=true
def figure_one_knob():
    """Draw the cost along single weights, with tangents of your gradients."""
    rng = np.random.default_rng(3)
    sizes = [2, 4, 4, 2]
    weights = [rng.normal(size=(m, n)) for n, m in pairwise(sizes)]
    biases = [rng.normal(size=m) for m in sizes[1:]]
    X = rng.normal(size=(50, 2))
    T = np.stack([X[:, 0] * X[:, 1] > 0, X[:, 0] * X[:, 1] <= 0], axis=1).astype(float)
    dWs, _ = gradients(weights, biases, X, T)
    _, axes = plt.subplots(1, 3, figsize=(10, 3.2), layout="constrained")
    for i, ax in enumerate(axes):
        j, k = np.unravel_index(np.argmax(np.abs(dWs[i])), dWs[i].shape)
        here = weights[i][j, k]
        turns = here + np.linspace(-4, 4, 81)
        costs = []
        for value in turns:
            turned = [W.copy() for W in weights]
            turned[i][j, k] = value
            output = feedforward(turned, biases, X)[1][-1]
            costs.append(0.5 * np.mean(np.sum((output - T) ** 2, axis=1)))
        middle = costs[len(costs) // 2]
        ax.plot(turns, costs, color="black", label="cost")
        near = here + np.array([-2, 2])
        ax.plot(
            near,
            middle + dWs[i][j, k] * (near - here),
            color="tab:orange",
            lw=2,
            label="slope from gradients",
        )
        ax.plot(here, middle, "o", color="tab:orange")
        ax.set(xlabel=f"weights[{i}][{j}, {k}]", title=f"layer {i + 1}: slope {dWs[i][j, k]:.4f}")
        ax.margins(y=0.25)
    axes[0].set_ylabel("$C$")
    axes[0].legend(frameon=False, fontsize="small")
    plt.show()


figure_one_knob()

# %% [markdown]
# ## The test bench: central differences
#
# How do you know that a gradient is right? Measure it. Step to both sides of $\theta_k$, all other
# entries held fixed:
#
# $$\frac{\partial f}{\partial \theta_k} \approx
#   \frac{f(\theta + h\, e_k) - f(\theta - h\, e_k)}{2h} ,$$
#
# where $e_k$ has a 1 at entry $k$ and 0 elsewhere. Expand both terms in $h$: the even powers
# cancel, and what is left over begins with $\frac{h^2}{6} f'''$. A one-sided difference is off by
# $\frac{h}{2} f''$, which is much more.
#
# Leave `theta` as you found it: the caller still needs it. And `theta` may have any shape and any
# memory layout (a transposed matrix, every second column of another one), so visit its entries in a
# way that works for all of them.


# %% exercise="numerical_gradient"
def numerical_gradient(f, theta, h=1e-5):
    """Return the gradient of `f` at `theta`, measured by central differences.

    Parameters
    ----------
    f : callable
        Takes an array shaped like `theta`, returns a float.
    theta : ndarray of floats, any shape, contiguous or not
        The point. The same afterwards as before.
    h : float
        Step to either side.

    Returns
    -------
    ndarray, same shape as `theta`
        Slope of `f` along each entry of `theta`.
    """
    ### BEGIN SOLUTION
    theta = np.array(theta, dtype=float)  # our own copy: the caller's stays as it is
    slopes = np.zeros(theta.shape)
    for index in np.ndindex(theta.shape):
        middle = theta[index]
        theta[index] = middle + h
        above = f(theta)
        theta[index] = middle - h
        below = f(theta)
        theta[index] = middle
        slopes[index] = (above - below) / (2 * h)
    return slopes
    ### END SOLUTION


# %% check="numerical_gradient"
check("numerical_gradient")

# %% [markdown]
# ### Which step?
#
# The figure compares your two gradients of a small net, for steps $h$ over fourteen decades. To the
# right the parabola under the curve runs out: *truncation*, growing like $h^2$. To the left the
# computer runs out of digits: it knows $f$ to about $\varepsilon \approx 10^{-16}$ of its size, and
# dividing by $2h$ magnifies that: *round-off*, growing like $\varepsilon / h$. Between them is the
# best that central differences can do. If your curve stays high everywhere, one of the two
# gradients is wrong.


# %% figure=true
def figure_step():
    """Draw the disagreement of numerical_gradient and gradients against h."""
    rng = np.random.default_rng(5)
    sizes = [5, 3, 6, 4]
    weights = [rng.normal(size=(m, n)) for n, m in pairwise(sizes)]
    biases = [rng.normal(size=m) for m in sizes[1:]]
    X, T = rng.normal(size=(7, 5)), np.eye(4)[rng.integers(4, size=7)]
    dWs, _ = gradients(weights, biases, X, T)

    def cost(W):
        output = feedforward([W, *weights[1:]], biases, X)[1][-1]
        return 0.5 * np.mean(np.sum((output - T) ** 2, axis=1))

    steps = np.logspace(-14, 0, 57)
    size = np.linalg.norm(dWs[0])
    errors = [
        np.linalg.norm(numerical_gradient(cost, weights[0], h) - dWs[0]) / size for h in steps
    ]
    _, ax = plt.subplots(figsize=(7, 4), layout="constrained")
    ax.loglog(steps, errors, ".-", color="black", label="your two gradients")
    fine, coarse = steps[steps < 3e-4], steps[steps > 1e-6]
    noise = np.median(np.array(errors)[steps < 1e-7] * steps[steps < 1e-7])
    ax.loglog(fine, noise / fine, "--", color="tab:blue", label=r"round-off $\propto 1/h$")
    curve = errors[-9] / steps[-9] ** 2
    parabola = curve * coarse**2
    ax.loglog(coarse, parabola, "--", color="tab:orange", label=r"truncation $\propto h^2$")
    ax.axvline(1e-5, color="gray", ls=":", label="$h = 10^{-5}$")
    ax.set(
        xlabel="step $h$",
        ylabel="relative error",
        ylim=(1e-12, 1e1),
        title="Central differences against backpropagation",
    )
    ax.legend(frameon=False)
    plt.show()


figure_step()

# %% [markdown]
# ## What the recursion does in deep nets
#
# Each step back multiplies delta by weights and by $\sigma' \le \frac14$. What becomes of it over
# many layers? The figure sends one error back through twelve layers of thirty neurons, with weights
# of standard deviation $\sigma_w / \sqrt{30}$.


# %% figure=true
def figure_depth():
    """Draw the size of delta against depth, for three sizes of the weights."""
    rng = np.random.default_rng(7)
    depth, width = 12, 30
    X = rng.normal(size=(100, width))
    T = rng.integers(2, size=(100, width)).astype(float)
    _, ax = plt.subplots(figsize=(7, 4), layout="constrained")
    for sigma_w, color in ((1, "tab:blue"), (4, "tab:orange"), (12, "tab:green")):
        weights = [rng.normal(size=(width, width)) * sigma_w / width**0.5 for _ in range(depth)]
        # Each bias cancels the mean of what comes in, so that no neuron starts off saturated.
        biases = [-0.5 * W.sum(axis=1) for W in weights]
        # In a batch of one sample the gradient of the biases is delta itself.
        squares = np.zeros(depth)
        for n in range(len(X)):
            _, deltas = gradients(weights, biases, X[n : n + 1], T[n : n + 1])
            squares += [np.mean(delta**2) for delta in deltas]
        sizes = np.sqrt(squares / len(X))
        layers = np.arange(1, depth + 1)
        ax.semilogy(layers, sizes, "o-", color=color, label=rf"$\sigma_w = {sigma_w}$")
    ax.set(
        xlabel="layer $l$ (1 is next to the input)",
        ylabel=r"root mean square of $\delta^l$",
        xticks=range(1, depth + 1),
        title="An error on its way back",
    )
    ax.legend(frameon=False)
    plt.show()


figure_depth()

# %% [markdown]
# With ordinary weights ($\sigma_w = 1$) the layers near the input hear almost nothing of the error:
# the gradient **vanishes**, and these layers hardly learn. With very large weights delta grows on
# its way back instead. Between them lies a narrow pass; we come back to it in assignment 4.

# %% [markdown]
# ## Two questions in words
#
# **Question 1.** An output neuron says $a = 0.999$ where the target is $t = 0$: it could hardly be
# more wrong. Another says $a = 0.6$ for $t = 0$. Compare their deltas. Which of the two neurons
# learns faster, and what does that tell you about the quadratic cost with sigmoid outputs?

# %% [markdown] written="slow_when_wrong" points=2
# ### BEGIN SOLUTION
# $\delta = (a - t)\,\sigma'(z)$ with $\sigma' = a(1-a)$. For $a = 0.999$ this is
# $0.999 \cdot 0.000999 \approx 0.001$; for $a = 0.6$ it is $0.6 \cdot 0.24 = 0.144$, about 140
# times as much. The neuron that is more wrong learns far more slowly: it is saturated, $\sigma'$ is
# almost zero, and the factor $a - t$, at most 1, cannot make up for it. With the quadratic cost,
# learning is slow just where the error is largest; a cost whose slope cancels $\sigma'$ (cross
# entropy, assignment 4) does not have this fault.
#
# One point for the two deltas or an equivalent argument with $\sigma'$; one for the conclusion.
# ### END SOLUTION

# %% [markdown]
# **Question 2.** Central differences need no calculus, and your figure shows how well they agree
# with backpropagation. Why is the net not trained with them? Estimate the cost of one gradient in
# runs through the 784-30-10 net, both ways. And why does $h = 10^{-12}$ give a *worse* gradient
# than $h = 10^{-5}$, although the limit is $h \to 0$?

# %% [markdown] written="price_of_differences" points=2
# ### BEGIN SOLUTION
# $784\cdot30 + 30 + 30\cdot10 + 10 = 23\,860$ parameters. Central differences take two runs forward
# for each: about 47 700 runs for one gradient. Backpropagation takes one run forward and one
# backward of about twice the price: some three runs, whatever the number of parameters. So
# differences are about 16 000 times slower, at each step of the training.
#
# $f(\theta + h)$ and $f(\theta - h)$ agree in more and more leading digits as $h$ falls; their
# difference keeps an absolute error of about $10^{-16} |f|$, which the division by $2h$ magnifies.
# At $h = 10^{-12}$ that is $10^{-4}$, while truncation, of order $h^2$, is long negligible. The
# best step balances the two, $h \approx \varepsilon^{1/3} \approx 10^{-5}$.
#
# One point for the count of runs; one for round-off against truncation.
# ### END SOLUTION
