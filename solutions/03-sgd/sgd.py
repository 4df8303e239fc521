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
# for the digits. After each function stands a cell with `check(...)`. It runs the tests that you
# can see, as often as you like, and says how many of the points they cover; the others are earned
# with inputs that only the grader knows.
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
# $$ C = \frac1N \sum_{n=1}^{N} C_n , \qquad C_n = \frac12 \sum_j (a^L_{nj} - t_{nj})^2 . $$
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
# The digits are small: 8 x 8 pixels, handwritten, 1201 of them. We train on three quarters and
# keep every fourth image for **validation**: the net never learns from those, so they tell how it
# does on digits that it has not seen. (The grader has others, which you have not seen either.)


# %%
def load_digits(path="digits_train.npz"):
    """Return ``(images, labels)``: grey values (N, 8, 8) from 0 to 1, and digits (N,)."""
    with np.load(path) as data:
        return data["images"] / 16.0, data["labels"].astype(int)


def two_features(images):
    """Return (N, 2): the mean of each image, and the mean of its four pixels in the middle."""
    return np.stack([images.mean(axis=(1, 2)), images[:, 3:5, 3:5].mean(axis=(1, 2))], axis=1)


images, labels = load_digits()
held_out = np.arange(len(images)) % 4 == 0
X, T = images.reshape(len(images), 64), np.eye(10)[labels]
X_train, T_train = X[~held_out], T[~held_out]
X_val, T_val = X[held_out], T[held_out]


# %% figure=true
def figure_digits():
    """The first images, with their labels."""
    _, axes = plt.subplots(2, 10, figsize=(9, 2.2))
    for ax, image, label in zip(axes.flat, images, labels, strict=False):
        ax.imshow(image, cmap="gray_r")
        ax.set_title(str(label), fontsize=9)
        ax.axis("off")
    plt.show()


figure_digits()

# %% [markdown]
# ## One step downhill
#
# Change all parameters $\theta$ by $\Delta\theta$, and to first order the cost changes by
# $\nabla C \cdot \Delta\theta$. Among all steps of a given length the one against the gradient
# lowers the cost most:
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
# It is right on average, and its standard deviation falls like $1/\sqrt m$, as for every
# measurement that is repeated $m$ times, while its price grows like $m$.
#
# One **epoch** uses every sample once: shuffle the samples, cut the shuffled row into batches of
# $m$, take a step for each. If $m$ does not divide $N$ the last batch is shorter; its samples
# count, too. The batches hold *indices*, so that `X[batch]` and `T[batch]` belong together.


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

# %% [markdown]
# How good is the estimate? A net of one layer, all weights 0, looks at the digits. Each point is
# the gradient of one minibatch, along two of the 640 weights; the cross is the gradient of all
# samples.


# %% figure=true
def figure_gradient_estimates():
    """Gradients of single minibatches around the full one, for three batch sizes."""
    weights, biases = [np.zeros((10, 64))], [np.zeros(10)]
    full = gradients(weights, biases, X_train, T_train)[0][0][3, [20, 43]]
    rng = np.random.default_rng(1)
    fig, axes = plt.subplots(1, 3, figsize=(10, 3.7), sharex=True, sharey=True)
    for ax, size in zip(axes, (1, 10, 100), strict=True):
        batches = [batch for _ in range(35) for batch in minibatches(len(X_train), size, rng)]
        estimates = [gradients(weights, biases, X_train[k], T_train[k]) for k in batches[:300]]
        cloud = np.array([dWs[0][3, [20, 43]] for dWs, _ in estimates])
        spread = np.sqrt(np.mean(np.sum((cloud - full) ** 2, axis=1)))
        ax.plot(*cloud.T, ".", alpha=0.4)
        ax.plot(*full, "k+", markersize=14, markeredgewidth=2)
        ax.set_title(f"batches of {size}: spread {spread:.4f}")
        ax.set_xlabel(r"$\partial C_B / \partial w_{3,20}$")
    axes[0].set_ylabel(r"$\partial C_B / \partial w_{3,43}$")
    fig.tight_layout()
    plt.show()


figure_gradient_estimates()

# %% [markdown]
# **Question.** You have time for a fixed number of gradients of single samples, say 90 000. You
# may spend them on 100 steps with the gradient of all 900 samples, or on 9000 steps with
# minibatches of 10. Use the formula for the spread and the picture: what do you gain with small
# batches, what do you lose, and why is the noise hardly a problem at the beginning of the
# training, but one at its end?

# %% [markdown] written="small_batches" points=2
# ### BEGIN SOLUTION
# - Gain: 90 times as many steps for the same price, each with the weights that the last one
#   improved. Exactness is expensive: ten times the batch costs ten times as much and narrows the
#   spread by $\sqrt{10} \approx 3$ only, as the picture shows. (Also right: samples resemble each
#   other, so a few tell most of the full gradient; noise helps out of flat regions.)
# - Lose: each step points a little wrong.
# - At the beginning the mean gradient is large against the spread: nearly every minibatch points
#   downhill, and errors of successive steps average out. Near a minimum the mean gradient goes to
#   0 while the spread stays, so the steps become a random walk about the minimum, wider for larger
#   $\eta$ and smaller $m$. A smaller learning rate or larger batches towards the end help.
#
# 1 point for price against accuracy, 1 point for signal against noise, early and late.
# ### END SOLUTION

# %% [markdown]
# ## Many steps
#
# Training repeats the step: for each epoch a fresh shuffle, for each batch the gradient *at the
# present weights*, then the update
#
# $$ W^l \to W^l - \frac{\eta}{m} \sum_{n \in B} \frac{\partial C_n}{\partial W^l}, \qquad
#    b^l \to b^l - \frac{\eta}{m} \sum_{n \in B} \frac{\partial C_n}{\partial b^l} , $$
#
# where $m$ is the number of samples in *this* batch. An epoch of $N$ samples is
# $\lceil N/m \rceil$ steps.


# %% exercise="train"
def train(weights, biases, X, T, epochs, batch_size, lr, rng):
    """Train a net by minibatch SGD on the mean quadratic cost.

    Parameters
    ----------
    weights, biases : list of ndarray
        The net to start from, shapes (n_out, n_in) and (n_out,). Left as it is.
    X : ndarray, shape (N, n_in)
        Training samples. Left as they are.
    T : ndarray, shape (N, n_out)
        Their targets. Left as they are.
    epochs : int
        How often every sample is used; 0 returns copies of the net.
    batch_size : int
        Samples in a batch.
    lr : float
        Learning rate.
    rng : numpy.random.Generator
        Source of randomness for the shuffles, one an epoch.

    Returns
    -------
    weights, biases : list of ndarray
        The trained net.
    """
    ### BEGIN SOLUTION
    weights = [W.copy() for W in weights]
    biases = [b.copy() for b in biases]
    for _ in range(epochs):
        for batch in minibatches(len(X), batch_size, rng):
            dWs, dbs = gradients(weights, biases, X[batch], T[batch])
            weights = sgd_update(weights, dWs, lr)
            biases = sgd_update(biases, dbs, lr)
    return weights, biases
    ### END SOLUTION


# %% check="train"
check("train")

# %% [markdown]
# ## How good is it?
#
# Two numbers say how a net does on a set of samples: its **cost** $C$, which training lowers, and
# its **accuracy**, which we care about: the share of samples for which the largest output is that
# of the right class. The accuracy has no useful slope (it jumps when one sample changes sides),
# which is why we descend the cost instead.


# %% exercise="evaluate"
def evaluate(weights, biases, X, T):
    """Return cost and accuracy of a net on a set of samples.

    Parameters
    ----------
    weights, biases : list of ndarray
        The net.
    X : ndarray, shape (N, n_in)
        Samples.
    T : ndarray, shape (N, n_out)
        Targets; two or more outputs.

    Returns
    -------
    loss : float
        Mean over the samples of 1/2 sum_j (a_j - t_j)^2.
    accuracy : float
        Share of the samples, 0 to 1, whose largest output stands where the largest target does.
    """
    ### BEGIN SOLUTION
    outputs = feedforward(weights, biases, X)[1][-1]
    loss = 0.5 * np.mean(np.sum((outputs - T) ** 2, axis=1))
    accuracy = np.mean(outputs.argmax(axis=1) == T.argmax(axis=1))
    return loss, accuracy
    ### END SOLUTION


# %% check="evaluate"
check("evaluate")

# %% [markdown]
# ## The learning rate
#
# How long may a step be? In a parabola $C = \frac12 \kappa\, \theta^2$ a step takes $\theta$ to
# $(1 - \eta\kappa)\,\theta$. For small $\eta$ it creeps; beyond $\eta = 2/\kappa$ each step leads
# higher up the other side. A net has steep and flat directions at once, and a step that is too long
# for the steep ones drives its neurons into saturation, where all slopes vanish: it stays there.
#
# The net of one layer again, from weights 0, with your `train` and `evaluate`:


# %% figure=true
def figure_learning_rates():
    """Cost of the training samples, epoch by epoch, for learning rates over four decades."""
    _, ax = plt.subplots(figsize=(6.5, 4))
    for lr in (0.01, 0.1, 1.0, 10.0, 100.0):
        rng = np.random.default_rng(2)
        net = [np.zeros((10, 64))], [np.zeros(10)]
        losses = [evaluate(*net, X_train, T_train)[0]]
        for _ in range(15):
            net = train(*net, X_train, T_train, 1, 10, lr, rng)
            losses.append(evaluate(*net, X_train, T_train)[0])
        ax.semilogy(losses, ".-", label=rf"$\eta = {lr:g}$")
    ax.set_xlabel("epoch")
    ax.set_ylabel("mean quadratic cost")
    ax.legend()
    plt.show()


figure_learning_rates()

# %% [markdown]
# ## Lab: 0 or 1, from two numbers
#
# How much of an image does one need to tell 0 from 1? `two_features` reduces each to two numbers:
# its mean grey value, and the mean of the four pixels in its middle, where a 1 is black and a 0 is
# empty.
#
# Build a net of layers **2-5-2** and train it. The recipe:
#
# - all weights and biases start as independent normal random numbers of mean 0 and standard
#   deviation 1, drawn from `rng`;
# - 30 epochs, batches of 10, learning rate 1.
#
# Your function is called with the training samples; the weights that it returns are judged on
# other images. Everything that you have written so far may be called. You may also depart from the
# recipe: what counts is the accuracy.


# %% exercise="lab_two_features"
def lab_two_features(X_train, T_train, rng):
    """Train a net to tell two digits apart by two features.

    Parameters
    ----------
    X_train : ndarray, shape (N, 2)
        Features of the training images.
    T_train : ndarray, shape (N, 2)
        One-hot targets.
    rng : numpy.random.Generator
        The only source of randomness.

    Returns
    -------
    weights, biases : list of ndarray
        The trained net: sigmoid layers of 5 and 2 neurons, so `weights` has shapes (5, 2) and
        (2, 5), `biases` (5,) and (2,).
    """
    ### BEGIN SOLUTION
    weights = [rng.standard_normal((5, 2)), rng.standard_normal((2, 5))]
    biases = [rng.standard_normal(5), rng.standard_normal(2)]
    return train(weights, biases, X_train, T_train, epochs=30, batch_size=10, lr=1.0, rng=rng)
    ### END SOLUTION


# %% check="lab_two_features"
check("lab_two_features")


# %% figure=true
def figure_two_features():
    """The plane of the two features, and the border that your net has drawn in it."""
    pair = labels < 2
    features, targets = two_features(images[pair]), np.eye(2)[labels[pair]]
    new = held_out[pair]
    net = lab_two_features(features[~new], targets[~new], np.random.default_rng(3))
    _, accuracy = evaluate(*net, features[new], targets[new])

    side = np.linspace(0, 1, 200)
    plane = np.stack(np.meshgrid(0.15 + 0.3 * side, side), axis=-1)
    outputs = feedforward(*net, plane.reshape(-1, 2))[1][-1]
    fig, ax = plt.subplots(figsize=(6.5, 4.5))
    shade = ax.contourf(
        plane[..., 0],
        plane[..., 1],
        (outputs[:, 1] - outputs[:, 0]).reshape(200, 200),
        levels=np.linspace(-1, 1, 21),
        cmap="RdBu_r",
        alpha=0.6,
    )
    fig.colorbar(shade, label="output for 1 minus output for 0")
    for digit, marker in ((0, "o"), (1, "^")):
        of_digit = labels[pair] == digit
        ax.plot(*features[of_digit & ~new].T, marker, color="0.4", markersize=4)
        ax.plot(*features[of_digit & new].T, marker, color="k", label=f"{digit} (validation)")
    ax.set_xlabel("mean of the image")
    ax.set_ylabel("mean of the middle")
    ax.set_title(f"validation accuracy {accuracy:.3f}")
    ax.legend(loc="upper left")
    plt.show()


figure_two_features()

# %% [markdown]
# ## Lab: all ten digits
#
# Now the whole image, 64 numbers, and a net of layers **n-30-10**, where n is the number of columns
# of `X_train`. The recipe:
#
# - all weights start as independent normal random numbers of mean 0 and standard deviation 0.5, all
#   biases likewise with standard deviation 1, drawn from `rng`;
# - 30 epochs, batches of 10, learning rate 3.
#
# (The lecture draws the weights, too, with standard deviation 1. With that, one net in six never
# learns one of the digits: the output for it is driven into saturation and stays there. Try it. The
# next notebook asks which width is right.)
#
# It should take a few seconds. The grader shuffles the columns of all images in the same way and
# renames the digits before it calls your function: a net in which all pixels are connected to all
# neurons learns just as well from scrambled images. (Would you?)


# %% exercise="lab_digits"
def lab_digits(X_train, T_train, rng):
    """Train a net to read handwritten digits.

    Parameters
    ----------
    X_train : ndarray, shape (N, n)
        Grey values of the training images, from 0 to 1.
    T_train : ndarray, shape (N, 10)
        One-hot targets.
    rng : numpy.random.Generator
        The only source of randomness.

    Returns
    -------
    weights, biases : list of ndarray
        The trained net: sigmoid layers of 30 and 10 neurons, so `weights` has shapes (30, n) and
        (10, 30), `biases` (30,) and (10,).
    """
    ### BEGIN SOLUTION
    weights = [rng.normal(0.0, 0.5, (30, X_train.shape[1])), rng.normal(0.0, 0.5, (10, 30))]
    biases = [rng.standard_normal(30), rng.standard_normal(10)]
    return train(weights, biases, X_train, T_train, epochs=30, batch_size=10, lr=3.0, rng=rng)
    ### END SOLUTION


# %% check="lab_digits"
check("lab_digits")

# %% [markdown]
# What does the net say? Left, the output of each image's *own* digit, right, the outputs of the
# nine others; for images that it has learned from, and for new ones. Note the logarithmic scale.


# %% figure=true
def figure_outputs():
    """Distribution of the outputs for the right digit and for the wrong ones."""
    net = lab_digits(X_train, T_train, np.random.default_rng(4))
    _, axes = plt.subplots(1, 2, figsize=(9, 3.4), sharey=True)
    for samples, targets, name in ((X_train, T_train, "training"), (X_val, T_val, "validation")):
        outputs = feedforward(*net, samples)[1][-1]
        for ax, chosen in zip(axes, (targets == 1, targets == 0), strict=True):
            share = np.full(chosen.sum(), 1 / chosen.sum())
            bins = np.linspace(0, 1, 26)
            ax.hist(outputs[chosen], bins, weights=share, histtype="step", label=name)
    axes[0].set(xlabel="output for the right digit", ylabel="share of the outputs", yscale="log")
    axes[1].set(xlabel="outputs for the wrong digits")
    axes[0].legend(loc="upper left")
    plt.show()


figure_outputs()


# %% [markdown]
# And where is it wrong? Each image is read by a net that was trained on the other half of the
# images. Above the misread ones: the true digit, the net's answer, and the output that decided it.
# Which of them would you have read correctly?


# %% figure=true
def figure_misidentified():
    """Misread images: true digit -> the net's answer (its output)."""
    half = np.arange(len(X)) % 2 == 0
    outputs = np.empty_like(T)
    for part in (half, ~half):
        net = lab_digits(X[~part], T[~part], np.random.default_rng(7))
        outputs[part] = feedforward(*net, X[part])[1][-1]
    said = outputs.argmax(axis=1)
    wrong = np.flatnonzero(said != labels)
    fig, axes = plt.subplots(3, 8, figsize=(10, 5))
    for ax, k in zip(axes.flat, wrong, strict=False):
        ax.imshow(images[k], cmap="gray_r")
        ax.set_title(rf"{labels[k]} $\to$ {said[k]} ({outputs[k, said[k]]:.2f})", fontsize=9)
    for ax in axes.flat:
        ax.axis("off")
    fig.suptitle(f"{len(wrong)} of {len(X)} misread; the first of them:")
    plt.show()


figure_misidentified()

# %% [markdown]
# ## Training against validation
#
# Train for long on few images, and watch both sets. The net starts as `lab_digits` leaves it after
# seeing ten images only, which is nearly nothing; then it gets 150, for 100 epochs.


# %% figure=true
def figure_overfitting():
    """Cost and accuracy of both sets over 100 epochs with 150 training images."""
    rng = np.random.default_rng(1)
    net = lab_digits(X_train[:10], T_train[:10], rng)
    few, targets = X_train[:150], T_train[:150]
    curves = []
    for _ in range(100):
        net = train(*net, few, targets, 1, 10, 3.0, rng)
        curves.append([*evaluate(*net, few, targets), *evaluate(*net, X_val, T_val)])
    train_loss, train_accuracy, val_loss, val_accuracy = np.transpose(curves)
    _, (left, right) = plt.subplots(1, 2, figsize=(10, 3.6))
    epochs = np.arange(1, 101)
    left.plot(epochs, train_loss, label="training")
    left.plot(epochs, val_loss, label="validation")
    right.plot(epochs, train_accuracy, label="training")
    right.plot(epochs, val_accuracy, label="validation")
    left.set(xlabel="epoch", ylabel="mean quadratic cost")
    right.set(xlabel="epoch", ylabel="accuracy")
    left.legend()
    plt.show()


figure_overfitting()

# %% [markdown]
# **Question.** Describe the two pairs of curves. From which epoch on does the net *overfit*, and
# how can you tell? What does it learn after that, and name two things that would narrow the gap.

# %% [markdown] written="overfitting" points=2
# ### BEGIN SOLUTION
# - The training cost keeps falling and the training accuracy reaches 1 (here after about 20
#   epochs); the validation cost levels off early and stays well above, the validation accuracy
#   hardly changes any more. Overfitting is where the training curves go on improving and the
#   validation curves do not.
# - Afterwards the net learns the peculiarities of the 150 images, which other images do not share;
#   it has about 2300 parameters to do so.
# - More training images (the best remedy), stopping when the validation curve stops improving, a
#   penalty on large weights, dropout, a smaller net, shifted or rotated copies of the images.
#
# 1 point for reading the curves (the gap, and where it opens), 1 point for what is learned and two
# remedies.
# ### END SOLUTION
