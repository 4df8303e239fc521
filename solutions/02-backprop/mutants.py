"""Mistakes that students make in 02-backprop.

The rows are those of the course's catalogue of bugs.
"""

from __future__ import annotations

import numpy as np

from autograder.catalogue import mutant

# --- sigmoid ------------------------------------------------------------------------------------


@mutant("sigmoid", hint="Which value should sigma(10) approach?", note="row 1: 1/(1+e^z)")
def exponent_sign(z):
    """The sign of the exponent is flipped."""
    return 1.0 / (1.0 + np.exp(z))


@mutant("sigmoid", hint="Which term explodes at z = 1000?", note="row 2: e^z/(1+e^z)")
def growing_exponential(z):
    """Both parts of the fraction overflow for large positive z."""
    return np.exp(z) / (1.0 + np.exp(z))


@mutant("sigmoid", hint="What dtype do you return when z holds integers?", note="row 3")
def integer_buffer(z):
    """The result takes the dtype of z, so integers cut it off."""
    z = np.asarray(z)
    a = np.zeros_like(z)
    a[...] = 1.0 / (1.0 + np.exp(-z))
    return a


@mutant("sigmoid", hint="Between which two values does sigma lie?")
def plain_tanh(z):
    """The hyperbolic tangent, from -1 to 1, in place of the logistic function."""
    return np.tanh(z)


@mutant("sigmoid", hint="How steep is sigma at 0?")
def tanh_without_half(z):
    """The logistic function of 2z: the half in the argument is missing."""
    return 0.5 * (1.0 + np.tanh(z))


@mutant("sigmoid", hint="What is divided by what? Evaluate it at z = 0 by hand.")
def missing_parentheses(z):
    """1 / 1 + e^-z: the division comes before the sum."""
    return 1.0 / 1.0 + np.exp(-z)


@mutant("sigmoid", hint="Does your function work on a whole array, and on one number?")
def one_number_only(z):
    """It takes single numbers, not arrays."""
    import math

    return 1.0 / (1.0 + math.exp(-z))


@mutant("sigmoid", hint="Which shape has the result for a matrix z?")
def flattened(z):
    """The result is flat, whatever shape z has."""
    flat = np.ravel(np.asarray(z, dtype=float))
    return 1.0 / (1.0 + np.exp(-flat))


@mutant("sigmoid", hint="Who owns the array that you negate?")
def negates_its_input(z):
    """The caller's array is overwritten."""
    z *= -1
    return 1.0 / (1.0 + np.exp(z))


@mutant("sigmoid", hint="sigma(-1000) is how close to 0? And sigma(-10)?")
def clipped_too_early(z):
    """z is cut at 5 to keep the exponential small, and with it the value."""
    return 1.0 / (1.0 + np.exp(-np.clip(z, -5, 5)))


@mutant("sigmoid", hint="A step has no slope. What should sigma(0.5) be?")
def step(z):
    """The step function that the sigmoid smooths."""
    return np.heaviside(z, 0.5)


@mutant("sigmoid", hint="Is the same expression right on both sides of 0?")
def one_branch_wrong(z):
    """The branch for negative z returns 1 - sigma."""
    e = np.exp(-np.abs(z))
    return np.where(np.asarray(z) >= 0, 1.0 / (1.0 + e), 1.0 / (1.0 + e))


@mutant("sigmoid", hint="Does each entry depend on the others?", note="softmax-like")
def normalized(z):
    """The exponentials are normalized over the whole array."""
    e = np.exp(z - np.max(z))
    return e / np.sum(e)


@mutant("sigmoid", hint="Call it with a single number, then with a matrix.")
def loop_over_rows(z):
    """It loops over z as if z always had exactly one axis."""
    import math

    return np.array([1.0 / (1.0 + math.exp(-x)) if x > -700 else 0.0 for x in z])


# --- sigmoid_prime ------------------------------------------------------------------------------


@mutant("sigmoid_prime", hint="Can sigma ever slope down?", note="row 4: z(1-z)")
def of_z_itself(z):
    """z (1 - z): sigma was not applied."""
    return z * (1.0 - z)


@mutant("sigmoid_prime", hint="How often did you squash z?", note="row 5: sigma'(a)")
def squashed_twice(z):
    """The slope at sigma(z), not at z."""
    a = sigmoid(sigmoid(z))
    return a * (1.0 - a)


@mutant("sigmoid_prime", hint="Compare with a secant slope at 0.", note="row 6: a(1+a)")
def plus_sign(z):
    """a (1 + a): a sign is wrong."""
    a = sigmoid(z)
    return a * (1.0 + a)


@mutant("sigmoid_prime", hint="Compare with a secant slope at 0.", note="row 6: 1-a^2")
def tanh_form(z):
    """1 - a^2, the rule for the tanh, applied to the logistic a."""
    return 1.0 - sigmoid(z) ** 2


@mutant("sigmoid_prime", hint="Which activation is this the slope of?", note="row 7")
def tanh_slope(z):
    """The slope of the hyperbolic tangent."""
    return 1.0 - np.tanh(z) ** 2


@mutant("sigmoid_prime", hint="What is divided by what at z = -1000?", note="row 2 for the slope")
def overflowing_quotient(z):
    """Infinity over infinity for large negative z."""
    return np.exp(-z) / (1.0 + np.exp(-z)) ** 2


@mutant("sigmoid_prime", hint="What dtype do you return when z holds integers?", note="row 3")
def integer_slopes(z):
    """The result takes the dtype of z, so integers cut it to 0."""
    a = sigmoid(z)
    return np.asarray(a * (1.0 - a)).astype(np.asarray(z).dtype)


@mutant("sigmoid_prime", hint="Is it the value or the slope?")
def value_again(z):
    """Sigma itself, not its slope."""
    return sigmoid(z)


@mutant("sigmoid_prime", hint="Which product do the parentheses hold together?")
def lost_parentheses(z):
    """a * 1 - a is zero everywhere."""
    a = sigmoid(z)
    return a * 1 - a


@mutant("sigmoid_prime", hint="Differentiate 1 / (1 + e^-z) once more: which sign, which powers?")
def quotient_rule_sign(z):
    """The inner derivative -1 of the exponent is forgotten."""
    a = sigmoid(z)
    return -a * (1.0 - a)


@mutant("sigmoid_prime", hint="Differentiate on paper; the measured slope is the test of it.")
def central_difference(z):
    """A central difference in place of the formula."""
    h = 1e-5
    return (sigmoid(z + h) - sigmoid(z - h)) / (2 * h)


@mutant("sigmoid_prime", hint="Differentiate on paper; the measured slope is the test of it.")
def forward_difference(z):
    """A one-sided difference in place of the formula."""
    h = 1e-6
    return (sigmoid(z + h) - sigmoid(z)) / h


@mutant("sigmoid_prime", hint="Differentiate on paper; the measured slope is the test of it.")
def finer_step(z):
    """A central difference with a finer step."""
    return (sigmoid(np.asarray(z) + 1e-7) - sigmoid(np.asarray(z) - 1e-7)) * 5e6


@mutant("sigmoid_prime", hint="Differentiate on paper; the measured slope is the test of it.")
def five_points(z):
    """A difference of four values, exact to the fourth order of its coarse step."""
    h = 1e-2
    far = sigmoid(z + 2 * h) - sigmoid(z - 2 * h)
    near = sigmoid(z + h) - sigmoid(z - h)
    return (8 * near - far) / (12 * h)


@mutant("sigmoid_prime", hint="Differentiate on paper; the measured slope is the test of it.")
def slope_by_a_helper(z):
    """A central difference in a function of its own."""

    def slope(f, x, step):
        ahead = f(x + step)
        behind = f(x - step)
        return (ahead - behind) / (2.0 * step)

    return slope(sigmoid, np.asarray(z, dtype=float), 1e-5)


@mutant("sigmoid_prime", hint="Differentiate on paper; the measured slope is the test of it.")
def slope_by_a_lambda(z):
    """A central difference in a lambda."""
    derivative = lambda f, x, h=1e-6: np.divide(f(x + h) - f(x - h), 2 * h)  # noqa: E731
    return derivative(sigmoid, z)


@mutant("sigmoid_prime", hint="Differentiate on paper; the measured slope is the test of it.")
def richardson(z):
    """Central differences, extrapolated to a step of zero."""

    def slope(h):
        return (sigmoid(z + h) - sigmoid(z - h)) / (2 * h)

    table = [slope(0.02 / 2**k) for k in range(3)]
    for order in (1, 2):
        table = [(4**order * b - a) / (4**order - 1) for a, b in zip(table, table[1:])]
    return table[0]


@mutant("sigmoid_prime", hint="Differentiate on paper; the measured slope is the test of it.")
def by_numerical_gradient(z):
    """The notebook's own numerical gradient."""
    return numerical_gradient(lambda x: np.sum(sigmoid(x)), np.asarray(z, dtype=float))


@mutant("sigmoid_prime", hint="Differentiate on paper; the measured slope is the test of it.")
def in_extended_precision(z):
    """A central difference in longdouble, whose noise is small."""
    z = np.asarray(z, dtype=np.longdouble)
    h = np.longdouble(1e-4)
    above = 1 / (1 + np.exp(-(z + h)))
    below = 1 / (1 + np.exp(-(z - h)))
    return ((above - below) / (2 * h)).astype(float)


@mutant("sigmoid_prime", hint="Differentiate on paper; the measured slope is the test of it.")
def complex_step(z):
    """The imaginary part of sigma just beside the real axis, right to the last digit."""
    beside = np.clip(z, -500, 500) + 1e-20j
    return np.imag(1 / (1 + np.exp(-beside))) / 1e-20


@mutant("sigmoid_prime", hint="Does the slope at one entry depend on the other entries?")
def slope_between_entries(z):
    """Differences between neighbouring entries of the array."""
    flat = np.ravel(z)
    return np.gradient(sigmoid(flat), flat).reshape(np.shape(z))


@mutant("sigmoid_prime", hint="At z = 0 the slope is 1/4: yours?")
def squared(z):
    """One of the two factors is squared."""
    a = sigmoid(z)
    return a * (1.0 - a) ** 2


# --- output_delta -------------------------------------------------------------------------------


@mutant("output_delta", hint="Is delta the slope with respect to a, or to z?", note="row 11")
def no_slope(a, t, z):
    """The factor sigma'(z) is missing."""
    return a - t


@mutant("output_delta", hint="Which way does the cost move when a rises above t?", note="row 12")
def target_minus_output(a, t, z):
    """The sign of the difference is flipped."""
    return (t - a) * sigmoid_prime(z)


@mutant("output_delta", hint="Differentiate the cost of this course.", note="row 13: factor 2")
def factor_two(a, t, z):
    """The cost without its factor 1/2 was differentiated."""
    return 2.0 * (a - t) * sigmoid_prime(z)


@mutant("output_delta", hint="What becomes of the 1/2 under the derivative?", note="row 13: 1/2")
def factor_one_half(a, t, z):
    """The factor 1/2 of the cost is kept."""
    return 0.5 * (a - t) * sigmoid_prime(z)


@mutant("output_delta", hint="At which argument is the slope taken?", note="row 5")
def slope_at_a(a, t, z):
    """sigma'(a) in place of sigma'(z)."""
    return (a - t) * sigmoid_prime(a)


@mutant("output_delta", hint="Delta belongs to one sample.", note="row 24")
def averaged_already(a, t, z):
    """Divided by the number of samples, which comes later."""
    return (a - t) * sigmoid_prime(z) / len(a)


@mutant("output_delta", hint="How many rows should delta have?")
def summed_over_samples(a, t, z):
    """The samples are summed."""
    return np.sum((a - t) * sigmoid_prime(z), axis=0)


@mutant("output_delta", hint="Is it sigma or its slope that stands beside the difference?")
def value_for_slope(a, t, z):
    """sigma(z) in place of sigma'(z)."""
    return (a - t) * a


@mutant("output_delta", hint="Differentiate the square.")
def cost_not_slope(a, t, z):
    """The cost itself stands where its derivative belongs."""
    return 0.5 * (a - t) ** 2 * sigmoid_prime(z)


@mutant("output_delta", hint="May an error be negative?")
def absolute_error(a, t, z):
    """The absolute value takes the direction away."""
    return np.abs(a - t) * sigmoid_prime(z)


@mutant("output_delta", hint="What is compared with the target: z or a?")
def weighted_input_for_output(a, t, z):
    """z - t in place of a - t."""
    return (z - t) * sigmoid_prime(z)


@mutant("output_delta", hint="Which shape has a product of matrices, which one entry by entry?")
def matrix_product(a, t, z):
    """A product of matrices where the product is entry by entry."""
    return (a - t) @ sigmoid_prime(z).T


@mutant("output_delta", hint="Who owns the array a?")
def output_overwritten(a, t, z):
    """The difference is formed in the caller's array."""
    a -= t
    return a * sigmoid_prime(z)


@mutant("output_delta", hint="Differentiate the cost on paper.")
def measured_delta(a, t, z):
    """A central difference of the cost in place of the formula."""
    h = 1e-5
    return (0.5 * (sigmoid(z + h) - t) ** 2 - 0.5 * (sigmoid(z - h) - t) ** 2) / (2 * h)


@mutant("output_delta", hint="Differentiate the cost on paper.")
def complex_step_of_the_cost(a, t, z):
    """The imaginary part of the cost just beside the real axis."""
    y = 1 / (1 + np.exp(-(z + 1e-30j)))
    return (0.5 * (y - t) ** 2).imag * 1e30


@mutant("output_delta", hint="Differentiate the cost on paper.")
def delta_by_numerical_gradient(a, t, z):
    """The notebook's own numerical gradient of the cost."""
    return numerical_gradient(lambda x: 0.5 * np.sum((sigmoid(x) - t) ** 2), z.copy())


@mutant("output_delta", hint="Which terms belong to the cost of this course?")
def cross_entropy_quotient(a, t, z):
    """The slope -t/a of another cost."""
    return -t / a * sigmoid_prime(z)


# --- hidden_delta -------------------------------------------------------------------------------


@mutant("hidden_delta", hint="What lies between W and z?", note="row 14")
def no_hidden_slope(W_next, delta_next, z):
    """The factor sigma'(z) is missing."""
    return delta_next @ W_next


@mutant("hidden_delta", hint="Write the shapes.", note="row 17: raises, or runs on squares")
def transposed(W_next, delta_next, z):
    """W is transposed once too often."""
    return (delta_next @ W_next.T) * sigmoid_prime(z)


@mutant("hidden_delta", hint="Re-sign one hidden unit: what should its delta do?", note="row 16")
def recursion_sign(W_next, delta_next, z):
    """The error changes its sign at each step back."""
    return -(delta_next @ W_next) * sigmoid_prime(z)


@mutant("hidden_delta", hint="At which argument is the slope taken?", note="row 5")
def hidden_slope_at_a(W_next, delta_next, z):
    """sigma'(sigma(z)) in place of sigma'(z)."""
    return (delta_next @ W_next) * sigmoid_prime(sigmoid(z))


@mutant("hidden_delta", hint="Whose slope is it: this layer's or the next one's?", note="row 15")
def slope_of_delta(W_next, delta_next, z):
    """The slope is taken at what travels back."""
    return sigmoid_prime(delta_next @ W_next)


@mutant("hidden_delta", hint="Each sample has its own z.", note="row 31's kin")
def first_sample_slope(W_next, delta_next, z):
    """The first sample's slope is used for all."""
    return (delta_next @ W_next) * sigmoid_prime(z[0])


@mutant("hidden_delta", hint="Is it sigma or its slope?")
def hidden_value_for_slope(W_next, delta_next, z):
    """sigma(z) in place of sigma'(z)."""
    return (delta_next @ W_next) * sigmoid(z)


@mutant("hidden_delta", hint="Is the average over samples due already?", note="row 24")
def divided_by_samples(W_next, delta_next, z):
    """Divided by the number of samples at each step."""
    return (delta_next @ W_next) * sigmoid_prime(z) / len(z)


@mutant("hidden_delta", hint="Over how many paths do you add up?", note="sum rule")
def mean_over_paths(W_next, delta_next, z):
    """The paths are averaged, not summed."""
    return (delta_next @ W_next) / W_next.shape[0] * sigmoid_prime(z)


@mutant("hidden_delta", hint="Count the samples that you visit.", note="row 31: range(N-1)")
def last_sample_missed(W_next, delta_next, z):
    """The loop stops one sample early."""
    delta = np.zeros(z.shape)
    for n in range(len(z) - 1):
        delta[n] = (W_next.T @ delta_next[n]) * sigmoid_prime(z[n])
    return delta


@mutant("hidden_delta", hint="Which of the next layer's neurons did you leave out?")
def one_path_missed(W_next, delta_next, z):
    """The sum over j begins with the second neuron."""
    return (delta_next[:, 1:] @ W_next[1:]) * sigmoid_prime(z)


@mutant("hidden_delta", hint="Several paths: do their contributions add up, or replace each other?")
def last_path_only(W_next, delta_next, z):
    """Each path overwrites the one before."""
    for j in range(W_next.shape[0]):
        delta = np.outer(delta_next[:, j], W_next[j])
    return delta * sigmoid_prime(z)


@mutant("hidden_delta", hint="Does the sign of a weight matter on the way back?")
def absolute_weights(W_next, delta_next, z):
    """The signs of the weights are lost."""
    return (delta_next @ np.abs(W_next)) * sigmoid_prime(z)


@mutant("hidden_delta", hint="Who owns delta_next?")
def delta_normalized_in_place(W_next, delta_next, z):
    """The caller's delta is scaled and not scaled back."""
    scale = np.max(np.abs(delta_next))
    delta_next /= scale
    return scale * (delta_next @ W_next) * sigmoid_prime(z)


@mutant("hidden_delta", hint="Differentiate sigma on paper.")
def measured_hidden_slope(W_next, delta_next, z):
    """A difference quotient in place of sigma'."""
    return (delta_next @ W_next) * (sigmoid(z + 1e-4) - sigmoid(z - 1e-4)) / 2e-4


@mutant("hidden_delta", hint="Differentiate sigma on paper.")
def complex_hidden_slope(W_next, delta_next, z):
    """A complex step in place of sigma'."""
    h = 1e-50
    slope = (1 / (1 + np.exp(-(z + 1j * h)))).imag / h
    return (delta_next @ W_next) * slope


@mutant("hidden_delta", hint="Which factor belongs to the next layer already?", note="row 15")
def slope_applied_twice(W_next, delta_next, z):
    """sigma'(z) is multiplied in twice."""
    return (delta_next @ W_next) * sigmoid_prime(z) ** 2


# --- gradients ----------------------------------------------------------------------------------


@mutant("gradients", hint="Is delta with respect to a or to z?", note="row 11")
def no_output_slope(weights, biases, X, T):
    """sigma' is missing in the output layer."""
    zs, activations = feedforward(weights, biases, X)
    delta = activations[-1] - T
    dWs, dbs = [], []
    for i in reversed(range(len(weights))):
        dWs.insert(0, delta.T @ activations[i] / len(X))
        dbs.insert(0, delta.mean(axis=0))
        if i > 0:
            delta = hidden_delta(weights[i], delta, zs[i - 1])
    return dWs, dbs


@mutant("gradients", hint="Which way does the cost move?", note="row 12")
def wrong_sign(weights, biases, X, T):
    """All gradients point downhill: t - a."""
    zs, activations = feedforward(weights, biases, X)
    delta = (T - activations[-1]) * sigmoid_prime(zs[-1])
    dWs, dbs = [], []
    for i in reversed(range(len(weights))):
        dWs.insert(0, delta.T @ activations[i] / len(X))
        dbs.insert(0, delta.mean(axis=0))
        if i > 0:
            delta = hidden_delta(weights[i], delta, zs[i - 1])
    return dWs, dbs


@mutant("gradients", hint="Differentiate the cost of this course.", note="row 13")
def doubled(weights, biases, X, T):
    """A factor 2 from a cost without 1/2."""
    zs, activations = feedforward(weights, biases, X)
    delta = 2 * output_delta(activations[-1], T, zs[-1])
    dWs, dbs = [], []
    for i in reversed(range(len(weights))):
        dWs.insert(0, delta.T @ activations[i] / len(X))
        dbs.insert(0, delta.mean(axis=0))
        if i > 0:
            delta = hidden_delta(weights[i], delta, zs[i - 1])
    return dWs, dbs


@mutant("gradients", hint="What lies between W and z?", note="row 14")
def no_slope_in_recursion(weights, biases, X, T):
    """sigma' is missing in the hidden layers."""
    zs, activations = feedforward(weights, biases, X)
    delta = output_delta(activations[-1], T, zs[-1])
    dWs, dbs = [], []
    for i in reversed(range(len(weights))):
        dWs.insert(0, delta.T @ activations[i] / len(X))
        dbs.insert(0, delta.mean(axis=0))
        if i > 0:
            delta = delta @ weights[i]
    return dWs, dbs


@mutant("gradients", hint="List index against layer: which z?", note="row 15")
def slope_of_the_wrong_layer(weights, biases, X, T):
    """The recursion takes z of the layer it comes from."""
    zs, activations = feedforward(weights, biases, X)
    delta = output_delta(activations[-1], T, zs[-1])
    dWs, dbs = [], []
    for i in reversed(range(len(weights))):
        dWs.insert(0, delta.T @ activations[i] / len(X))
        dbs.insert(0, delta.mean(axis=0))
        if i > 0:
            delta = hidden_delta(weights[i], delta, zs[i])
    return dWs, dbs


@mutant("gradients", hint="Re-sign one hidden unit.", note="row 16")
def sign_of_the_recursion(weights, biases, X, T):
    """Earlier layers have the wrong sign in turn."""
    zs, activations = feedforward(weights, biases, X)
    delta = output_delta(activations[-1], T, zs[-1])
    dWs, dbs = [], []
    for i in reversed(range(len(weights))):
        dWs.insert(0, delta.T @ activations[i] / len(X))
        dbs.insert(0, delta.mean(axis=0))
        if i > 0:
            delta = -hidden_delta(weights[i], delta, zs[i - 1])
    return dWs, dbs


@mutant("gradients", hint="Write the shapes.", note="row 17")
def untransposed(weights, biases, X, T):
    """W is transposed in the recursion: equal widths run, others raise."""
    zs, activations = feedforward(weights, biases, X)
    delta = output_delta(activations[-1], T, zs[-1])
    dWs, dbs = [], []
    for i in reversed(range(len(weights))):
        dWs.insert(0, delta.T @ activations[i] / len(X))
        dbs.insert(0, delta.mean(axis=0))
        if i > 0:
            delta = (delta @ weights[i].T) * sigmoid_prime(zs[i - 1])
    return dWs, dbs


@mutant("gradients", hint="Which weights leave this layer?", note="row 18: W_l for W_(l+1)")
def weights_of_the_wrong_layer(weights, biases, X, T):
    """The recursion takes the weights that enter the layer."""
    zs, activations = feedforward(weights, biases, X)
    delta = output_delta(activations[-1], T, zs[-1])
    dWs, dbs = [], []
    for i in reversed(range(len(weights))):
        dWs.insert(0, delta.T @ activations[i] / len(X))
        dbs.insert(0, delta.mean(axis=0))
        if i > 0:
            delta = hidden_delta(weights[i - 1], delta, zs[i - 1])
    return dWs, dbs


@mutant("gradients", hint="What exactly travels back?", note="row 19")
def error_propagated(weights, biases, X, T):
    """The plain error travels back, sigma' is multiplied in only at the end."""
    zs, activations = feedforward(weights, biases, X)
    error = activations[-1] - T
    dWs, dbs = [], []
    for i in reversed(range(len(weights))):
        delta = error * sigmoid_prime(zs[i])
        dWs.insert(0, delta.T @ activations[i] / len(X))
        dbs.insert(0, delta.mean(axis=0))
        error = error @ weights[i]
    return dWs, dbs


@mutant("gradients", hint="Which W did the forward pass use?", note="row 20")
def updated_before_the_recursion(weights, biases, X, T):
    """A layer is updated before the error has passed through it."""
    zs, activations = feedforward(weights, biases, X)
    weights = [W.copy() for W in weights]
    delta = output_delta(activations[-1], T, zs[-1])
    dWs, dbs = [], []
    for i in reversed(range(len(weights))):
        dWs.insert(0, delta.T @ activations[i] / len(X))
        dbs.insert(0, delta.mean(axis=0))
        weights[i] -= 0.1 * dWs[0]
        if i > 0:
            delta = hidden_delta(weights[i], delta, zs[i - 1])
    return dWs, dbs


@mutant("gradients", hint="Is the caller's net still the same afterwards?", note="rows 20, 44")
def trains_the_callers_net(weights, biases, X, T):
    """The gradients are right, but the caller's weights are updated on the way."""
    zs, activations = feedforward(weights, biases, X)
    delta = output_delta(activations[-1], T, zs[-1])
    dWs, dbs = [], []
    for i in reversed(range(len(weights))):
        dWs.insert(0, delta.T @ activations[i] / len(X))
        dbs.insert(0, delta.mean(axis=0))
        if i > 0:
            delta = hidden_delta(weights[i], delta, zs[i - 1])
    for W, dW in zip(weights, dWs):
        W -= 0.5 * dW
    return dWs, dbs


@mutant("gradients", hint="Print the norms of the gradients.", note="row 21")
def hidden_layers_zero(weights, biases, X, T):
    """Only the last layer is computed, the others stay zero."""
    zs, activations = feedforward(weights, biases, X)
    delta = output_delta(activations[-1], T, zs[-1])
    dWs = [np.zeros_like(W) for W in weights]
    dbs = [np.zeros_like(b) for b in biases]
    dWs[-1] = delta.T @ activations[-2] / len(X)
    dbs[-1] = delta.mean(axis=0)
    return dWs, dbs


@mutant("gradients", hint="Which layer is the last one of your loop?", note="row 22")
def first_layer_missed(weights, biases, X, T):
    """The loop stops before layer 0, whose gradients stay zero."""
    zs, activations = feedforward(weights, biases, X)
    dWs = [np.zeros_like(W) for W in weights]
    dbs = [np.zeros_like(b) for b in biases]
    delta = output_delta(activations[-1], T, zs[-1])
    for i in range(len(weights) - 1, 0, -1):
        dWs[i] = delta.T @ activations[i] / len(X)
        dbs[i] = delta.mean(axis=0)
        delta = hidden_delta(weights[i], delta, zs[i - 1])
    return dWs, dbs


@mutant("gradients", hint="Give every sample twice: does the gradient change?", note="row 23")
def summed(weights, biases, X, T):
    """The samples are summed, not averaged."""
    zs, activations = feedforward(weights, biases, X)
    delta = output_delta(activations[-1], T, zs[-1])
    dWs, dbs = [], []
    for i in reversed(range(len(weights))):
        dWs.insert(0, delta.T @ activations[i])
        dbs.insert(0, delta.sum(axis=0))
        if i > 0:
            delta = hidden_delta(weights[i], delta, zs[i - 1])
    return dWs, dbs


@mutant("gradients", hint="Count the divisions by N.", note="row 24")
def averaged_twice(weights, biases, X, T):
    """Divided by N in delta and once more at the end."""
    zs, activations = feedforward(weights, biases, X)
    delta = output_delta(activations[-1], T, zs[-1]) / len(X)
    dWs, dbs = [], []
    for i in reversed(range(len(weights))):
        dWs.insert(0, delta.T @ activations[i] / len(X))
        dbs.insert(0, delta.mean(axis=0))
        if i > 0:
            delta = hidden_delta(weights[i], delta, zs[i - 1])
    return dWs, dbs


@mutant("gradients", hint="Compare W and b: are both averages?", note="row 25: b summed")
def bias_summed(weights, biases, X, T):
    """The weights' gradient is averaged, the biases' summed."""
    zs, activations = feedforward(weights, biases, X)
    delta = output_delta(activations[-1], T, zs[-1])
    dWs, dbs = [], []
    for i in reversed(range(len(weights))):
        dWs.insert(0, delta.T @ activations[i] / len(X))
        dbs.insert(0, delta.sum(axis=0))
        if i > 0:
            delta = hidden_delta(weights[i], delta, zs[i - 1])
    return dWs, dbs


@mutant("gradients", hint="Compare W and b: are both averages?", note="row 25: W summed")
def weights_summed(weights, biases, X, T):
    """The biases' gradient is averaged, the weights' summed."""
    zs, activations = feedforward(weights, biases, X)
    delta = output_delta(activations[-1], T, zs[-1])
    dWs, dbs = [], []
    for i in reversed(range(len(weights))):
        dWs.insert(0, delta.T @ activations[i])
        dbs.insert(0, delta.mean(axis=0))
        if i > 0:
            delta = hidden_delta(weights[i], delta, zs[i - 1])
    return dWs, dbs


@mutant("gradients", hint="Average over samples only. How many outputs are there?", note="row 51")
def mean_over_all_entries(weights, biases, X, T):
    """Divided by N times the number of outputs."""
    zs, activations = feedforward(weights, biases, X)
    delta = output_delta(activations[-1], T, zs[-1]) / T.shape[1]
    dWs, dbs = [], []
    for i in reversed(range(len(weights))):
        dWs.insert(0, delta.T @ activations[i] / len(X))
        dbs.insert(0, delta.mean(axis=0))
        if i > 0:
            delta = hidden_delta(weights[i], delta, zs[i - 1])
    return dWs, dbs


@mutant("gradients", hint="Which shape has the gradient of a bias vector?", note="row 26")
def one_number_for_the_biases(weights, biases, X, T):
    """delta.sum() over samples and neurons: all biases get the same."""
    zs, activations = feedforward(weights, biases, X)
    delta = output_delta(activations[-1], T, zs[-1])
    dWs, dbs = [], []
    for i in reversed(range(len(weights))):
        dWs.insert(0, delta.T @ activations[i] / len(X))
        dbs.insert(0, np.full_like(biases[i], delta.sum() / len(X)))
        if i > 0:
            delta = hidden_delta(weights[i], delta, zs[i - 1])
    return dWs, dbs


@mutant("gradients", hint="Which axis is samples?", note="row 27")
def wrong_axis(weights, biases, X, T):
    """The biases' gradient is averaged over neurons."""
    zs, activations = feedforward(weights, biases, X)
    delta = output_delta(activations[-1], T, zs[-1])
    dWs, dbs = [], []
    for i in reversed(range(len(weights))):
        dWs.insert(0, delta.T @ activations[i] / len(X))
        dbs.insert(0, delta.mean(axis=1))
        if i > 0:
            delta = hidden_delta(weights[i], delta, zs[i - 1])
    return dWs, dbs


@mutant("gradients", hint="Vary one bias: does the cost stay the same?", note="row 28: zero")
def biases_forgotten(weights, biases, X, T):
    """The biases' gradient stays zero."""
    zs, activations = feedforward(weights, biases, X)
    delta = output_delta(activations[-1], T, zs[-1])
    dWs = []
    dbs = [np.zeros_like(b) for b in biases]
    for i in reversed(range(len(weights))):
        dWs.insert(0, delta.T @ activations[i] / len(X))
        if i > 0:
            delta = hidden_delta(weights[i], delta, zs[i - 1])
    return dWs, dbs


@mutant("gradients", hint="Vary one bias: what does the cost do?", note="row 28: from the error")
def biases_from_the_error(weights, biases, X, T):
    """The last biases' gradient is the mean error, without sigma'."""
    zs, activations = feedforward(weights, biases, X)
    delta = output_delta(activations[-1], T, zs[-1])
    dWs, dbs = [], []
    for i in reversed(range(len(weights))):
        dWs.insert(0, delta.T @ activations[i] / len(X))
        dbs.insert(0, delta.mean(axis=0))
        if i > 0:
            delta = hidden_delta(weights[i], delta, zs[i - 1])
    dbs[-1] = (activations[-1] - T).mean(axis=0)
    return dWs, dbs


@mutant("gradients", hint="Permute the batch: does the gradient change?", note="row 29")
def biases_of_the_first_sample(weights, biases, X, T):
    """The biases' gradient is that of the first sample."""
    zs, activations = feedforward(weights, biases, X)
    delta = output_delta(activations[-1], T, zs[-1])
    dWs, dbs = [], []
    for i in reversed(range(len(weights))):
        dWs.insert(0, delta.T @ activations[i] / len(X))
        dbs.insert(0, delta[0])
        if i > 0:
            delta = hidden_delta(weights[i], delta, zs[i - 1])
    return dWs, dbs


@mutant("gradients", hint="Who overwrites the sum over samples?", note="row 30: = for +=")
def last_sample_only(weights, biases, X, T):
    """In the loop over samples the sum is overwritten."""
    dWs = [np.zeros_like(W) for W in weights]
    dbs = [np.zeros_like(b) for b in biases]
    for n in range(len(X)):
        zs, activations = feedforward(weights, biases, X[n : n + 1])
        delta = output_delta(activations[-1], T[n : n + 1], zs[-1])
        for i in reversed(range(len(weights))):
            dWs[i] = delta.T @ activations[i] / len(X)
            dbs[i] = delta[0] / len(X)
            if i > 0:
                delta = hidden_delta(weights[i], delta, zs[i - 1])
    return dWs, dbs


@mutant("gradients", hint="Try a batch of two samples.", note="row 31: range(N-1)")
def one_sample_short(weights, biases, X, T):
    """The loop over samples leaves the last one out."""
    dWs = [np.zeros_like(W) for W in weights]
    dbs = [np.zeros_like(b) for b in biases]
    for n in range(len(X) - 1):
        zs, activations = feedforward(weights, biases, X[n : n + 1])
        delta = output_delta(activations[-1], T[n : n + 1], zs[-1])
        for i in reversed(range(len(weights))):
            dWs[i] += delta.T @ activations[i] / len(X)
            dbs[i] += delta[0] / len(X)
            if i > 0:
                delta = hidden_delta(weights[i], delta, zs[i - 1])
    return dWs, dbs


@mutant("gradients", hint="What does a row of W mean?", note="row 32")
def transposed_result(weights, biases, X, T):
    """dW is transposed: to and from are mixed up."""
    zs, activations = feedforward(weights, biases, X)
    delta = output_delta(activations[-1], T, zs[-1])
    dWs, dbs = [], []
    for i in reversed(range(len(weights))):
        dWs.insert(0, activations[i].T @ delta / len(X))
        dbs.insert(0, delta.mean(axis=0))
        if i > 0:
            delta = hidden_delta(weights[i], delta, zs[i - 1])
    return dWs, dbs


@mutant("gradients", hint="What did W multiply on the way forward?", note="row 33: z for a")
def weighted_inputs_for_activations(weights, biases, X, T):
    """dW of the later layers is built with z of the layer before, not a."""
    zs, activations = feedforward(weights, biases, X)
    entering = [X, *zs]
    delta = output_delta(activations[-1], T, zs[-1])
    dWs, dbs = [], []
    for i in reversed(range(len(weights))):
        dWs.insert(0, delta.T @ entering[i] / len(X))
        dbs.insert(0, delta.mean(axis=0))
        if i > 0:
            delta = hidden_delta(weights[i], delta, zs[i - 1])
    return dWs, dbs


@mutant("gradients", hint="What did W multiply on the way forward?", note="row 34: a_l")
def own_activation(weights, biases, X, T):
    """dW is built with the activation that leaves the layer."""
    zs, activations = feedforward(weights, biases, X)
    delta = output_delta(activations[-1], T, zs[-1])
    dWs, dbs = [], []
    for i in reversed(range(len(weights))):
        dWs.insert(0, delta.T @ activations[i + 1] / len(X))
        dbs.insert(0, delta.mean(axis=0))
        if i > 0:
            delta = hidden_delta(weights[i], delta, zs[i - 1])
    return dWs, dbs


@mutant("gradients", hint="Call it twice: is the result the same?", note="row 35")
def buffers_kept(weights, biases, X, T, buffers={}):
    """The sums live on from call to call."""
    key = str([W.shape for W in weights])
    if key not in buffers:
        buffers[key] = ([np.zeros_like(W) for W in weights], [np.zeros_like(b) for b in biases])
    dWs, dbs = buffers[key]
    zs, activations = feedforward(weights, biases, X)
    delta = output_delta(activations[-1], T, zs[-1])
    for i in reversed(range(len(weights))):
        dWs[i] += delta.T @ activations[i] / len(X)
        dbs[i] += delta.mean(axis=0)
        if i > 0:
            delta = hidden_delta(weights[i], delta, zs[i - 1])
    return dWs, dbs


@mutant("gradients", hint="In which order did the parameters come in?")
def reversed_lists(weights, biases, X, T):
    """The lists run from the last layer to the first."""
    zs, activations = feedforward(weights, biases, X)
    delta = output_delta(activations[-1], T, zs[-1])
    dWs, dbs = [], []
    for i in reversed(range(len(weights))):
        dWs.append(delta.T @ activations[i] / len(X))
        dbs.append(delta.mean(axis=0))
        if i > 0:
            delta = hidden_delta(weights[i], delta, zs[i - 1])
    return dWs, dbs


@mutant("gradients", hint="Compare the shapes of dbs[0] and biases[0].")
def biases_as_rows(weights, biases, X, T):
    """The biases' gradients have shape (1, n)."""
    zs, activations = feedforward(weights, biases, X)
    delta = output_delta(activations[-1], T, zs[-1])
    dWs, dbs = [], []
    for i in reversed(range(len(weights))):
        dWs.insert(0, delta.T @ activations[i] / len(X))
        dbs.insert(0, delta.mean(axis=0, keepdims=True))
        if i > 0:
            delta = hidden_delta(weights[i], delta, zs[i - 1])
    return dWs, dbs


@mutant("gradients", hint="Does your loop know how many layers there are?")
def two_layers_only(weights, biases, X, T):
    """Written out for a net of just two layers."""
    (W1, W2), (b1, b2) = weights, biases
    (z1, z2), (_, a1, a2) = feedforward([W1, W2], [b1, b2], X)
    delta2 = output_delta(a2, T, z2)
    delta1 = hidden_delta(W2, delta2, z1)
    return (
        [delta1.T @ X / len(X), delta2.T @ a1 / len(X)],
        [delta1.mean(axis=0), delta2.mean(axis=0)],
    )


@mutant("gradients", hint="Vary b: what changes in the output?", note="row 8: bias omitted")
def own_forward_without_bias(weights, biases, X, T):
    """A forward run of one's own that forgets the biases."""
    zs, activations = feedforward(weights, [np.zeros_like(b) for b in biases], X)
    delta = output_delta(activations[-1], T, zs[-1])
    dWs, dbs = [], []
    for i in reversed(range(len(weights))):
        dWs.insert(0, delta.T @ activations[i] / len(X))
        dbs.insert(0, delta.mean(axis=0))
        if i > 0:
            delta = hidden_delta(weights[i], delta, zs[i - 1])
    return dWs, dbs


@mutant("gradients", hint="In which range do the outputs lie?", note="row 9: linear output")
def own_forward_linear_output(weights, biases, X, T):
    """A forward run of one's own whose last layer is linear."""
    zs, activations = feedforward(weights, biases, X)
    delta = zs[-1] - T
    dWs, dbs = [], []
    for i in reversed(range(len(weights))):
        dWs.insert(0, delta.T @ activations[i] / len(X))
        dbs.insert(0, delta.mean(axis=0))
        if i > 0:
            delta = hidden_delta(weights[i], delta, zs[i - 1])
    return dWs, dbs


@mutant("gradients", hint="Are z and a of your forward run the same object?", note="row 10")
def own_forward_alias(weights, biases, X, T):
    """A forward run of one's own that overwrites z with a."""
    zs, activations = [], [X]
    for W, b in zip(weights, biases):
        z = activations[-1] @ W.T + b
        zs.append(z)
        z[...] = sigmoid(z)
        activations.append(z)
    delta = output_delta(activations[-1], T, zs[-1])
    dWs, dbs = [], []
    for i in reversed(range(len(weights))):
        dWs.insert(0, delta.T @ activations[i] / len(X))
        dbs.insert(0, delta.mean(axis=0))
        if i > 0:
            delta = hidden_delta(weights[i], delta, zs[i - 1])
    return dWs, dbs


@mutant("gradients", hint="A measured gradient is the test of this exercise, not its answer.")
def measured_gradients(weights, biases, X, T):
    """Central differences in place of backpropagation."""

    def cost():
        output = feedforward(weights, biases, X)[1][-1]
        return 0.5 * np.mean(np.sum((output - T) ** 2, axis=1))

    weights = [np.array(W) for W in weights]
    biases = [np.array(b) for b in biases]
    grads = []
    for p in weights + biases:
        g = np.zeros_like(p)
        for k in np.ndindex(p.shape):
            was = p[k]
            p[k] = was + 1e-5
            up = cost()
            p[k] = was - 1e-5
            g[k] = (up - cost()) / 2e-5
            p[k] = was
        grads.append(g)
    return grads[: len(weights)], grads[len(weights) :]


@mutant("gradients", hint="A measured gradient is the test of this exercise, not its answer.")
def gradients_by_numerical_gradient(weights, biases, X, T):
    """The notebook's own numerical gradient in place of backpropagation."""
    weights, biases = [W.copy() for W in weights], [b.copy() for b in biases]

    def cost_with(parameters, k):
        def cost(theta):
            kept, parameters[k] = parameters[k], theta
            output = feedforward(weights, biases, X)[1][-1]
            parameters[k] = kept
            return 0.5 * np.sum((output - T) ** 2) / len(X)

        return cost

    dWs = [numerical_gradient(cost_with(weights, k), W) for k, W in enumerate(weights)]
    dbs = [numerical_gradient(cost_with(biases, k), b) for k, b in enumerate(biases)]
    return dWs, dbs


@mutant("gradients", hint="A measured gradient is the test of this exercise, not its answer.")
def gradients_by_complex_steps(weights, biases, X, T):
    """A complex step for each parameter, right to the last digit."""
    h = 1e-30
    parameters = [np.array(p, dtype=complex) for p in (*weights, *biases)]
    grads = [np.zeros(p.shape) for p in parameters]
    for p, g in zip(parameters, grads):
        for k in np.ndindex(p.shape):
            p[k] += 1j * h
            a = X
            for W, b in zip(parameters[: len(weights)], parameters[len(weights) :]):
                a = 1 / (1 + np.exp(-(a @ W.T + b)))
            g[k] = (0.5 * np.sum((a - T) ** 2) / len(X)).imag / h
            p[k] -= 1j * h
    return grads[: len(weights)], grads[len(weights) :]


# --- numerical_gradient -------------------------------------------------------------------------


@mutant("numerical_gradient", hint="How many sides do you look at?")
def one_sided(f, theta, h=1e-5):
    """A forward difference."""
    theta = np.array(theta, dtype=float)
    g = np.zeros(theta.shape)
    for k in np.ndindex(theta.shape):
        moved = theta.copy()
        moved[k] += h
        g[k] = (f(moved) - f(theta)) / h
    return g


@mutant("numerical_gradient", hint="How far apart are the two points?")
def divided_by_h(f, theta, h=1e-5):
    """Divided by h, although the points are 2h apart."""
    g = np.zeros(theta.shape)
    for k in np.ndindex(theta.shape):
        up, down = theta.copy(), theta.copy()
        up[k] += h
        down[k] -= h
        g[k] = (f(up) - f(down)) / h
    return g


@mutant("numerical_gradient", hint="Whose step do you take: the caller's?")
def own_step(f, theta, h=1e-5):
    """h is ignored."""
    g = np.zeros(theta.shape)
    for k in np.ndindex(theta.shape):
        up, down = theta.copy(), theta.copy()
        up[k] += 1e-5
        down[k] -= 1e-5
        g[k] = (f(up) - f(down)) / 2e-5
    return g


@mutant("numerical_gradient", hint="Which default does the exercise ask for?")
def coarse_default(f, theta, h=1e-3):
    """The default step is a hundred times too large."""
    g = np.zeros(theta.shape)
    for k in np.ndindex(theta.shape):
        up, down = theta.copy(), theta.copy()
        up[k] += h
        down[k] -= h
        g[k] = (f(up) - f(down)) / (2 * h)
    return g


@mutant("numerical_gradient", hint="Is theta the same afterwards?")
def not_put_back(f, theta, h=1e-5):
    """theta keeps the last step of each entry."""
    g = np.zeros(theta.shape)
    for k in np.ndindex(theta.shape):
        theta[k] += h
        up = f(theta)
        theta[k] -= 2 * h
        g[k] = (up - f(theta)) / (2 * h)
    return g


@mutant("numerical_gradient", hint="Is theta the same afterwards, for every h?")
def half_put_back(f, theta, h=1e-5):
    """The copy is not put back: later entries are measured at another point."""
    point = np.array(theta, dtype=float)
    g = np.zeros(point.shape)
    for k in np.ndindex(point.shape):
        point[k] += h
        up = f(point)
        point[k] -= 2 * h
        g[k] = (up - f(point)) / (2 * h)
    return g


@mutant("numerical_gradient", hint="Is your flat array a view of theta, or a copy?")
def flat_copy(f, theta, h=1e-5):
    """ravel of a non-contiguous array is a copy: f never sees the step."""
    flat = theta.ravel()
    g = np.zeros(theta.size)
    for k in range(theta.size):
        was = flat[k]
        flat[k] = was + h
        up = f(theta)
        flat[k] = was - h
        g[k] = (up - f(theta)) / (2 * h)
        flat[k] = was
    return g.reshape(theta.shape)


@mutant("numerical_gradient", hint="How many entries does theta have?")
def rows_at_once(f, theta, h=1e-5):
    """A whole row of a matrix is moved together."""
    g = np.zeros(theta.shape)
    for k in range(len(theta)):
        up, down = theta.copy(), theta.copy()
        up[k] += h
        down[k] -= h
        g[k] = (f(up) - f(down)) / (2 * h)
    return g


@mutant("numerical_gradient", hint="Which entries stay fixed while one moves?")
def all_at_once(f, theta, h=1e-5):
    """All entries are moved together."""
    return np.full(theta.shape, (f(theta + h) - f(theta - h)) / (2 * h))


@mutant("numerical_gradient", hint="Which point comes first in the difference?")
def flipped(f, theta, h=1e-5):
    """The difference is taken the wrong way round."""
    g = np.zeros(theta.shape)
    for k in np.ndindex(theta.shape):
        up, down = theta.copy(), theta.copy()
        up[k] += h
        down[k] -= h
        g[k] = (f(down) - f(up)) / (2 * h)
    return g


@mutant("numerical_gradient", hint="Which shape should the result have?")
def flat_result(f, theta, h=1e-5):
    """The result is flat."""
    g = []
    for k in np.ndindex(theta.shape):
        up, down = theta.copy(), theta.copy()
        up[k] += h
        down[k] -= h
        g.append((f(up) - f(down)) / (2 * h))
    return np.array(g)


@mutant("numerical_gradient", hint="In which shape does f get theta?")
def flat_argument(f, theta, h=1e-5):
    """f is called with a flat array."""
    flat = theta.flatten()
    g = np.zeros(flat.shape)
    for k in range(flat.size):
        e = np.zeros(flat.shape)
        e[k] = h
        g[k] = (f(flat + e) - f(flat - e)) / (2 * h)
    return g.reshape(theta.shape)


@mutant("numerical_gradient", hint="When is the direction set back to zero?")
def direction_accumulates(f, theta, h=1e-5):
    """The direction e keeps the entries already visited."""
    g = np.zeros(theta.shape)
    e = np.zeros(theta.shape)
    for k in np.ndindex(theta.shape):
        e[k] = h
        g[k] = (f(theta + e) - f(theta - e)) / (2 * h)
    return g


@mutant("numerical_gradient", hint="Is up another array than down?")
def same_array_twice(f, theta, h=1e-5):
    """Both points are the same array, so that the steps cancel."""
    g = np.zeros(theta.shape)
    for k in np.ndindex(theta.shape):
        up = theta
        down = theta
        up[k] += h
        down[k] -= h
        g[k] = (f(up) - f(down)) / (2 * h)
    return g


@mutant("numerical_gradient", hint="Is h the step, or a fraction of theta?")
def relative_step(f, theta, h=1e-5):
    """The step is h times the entry."""
    g = np.zeros(theta.shape)
    for k in np.ndindex(theta.shape):
        step = h * max(1.0, abs(theta[k]))
        up, down = theta.copy(), theta.copy()
        up[k] += step
        down[k] -= step
        g[k] = (f(up) - f(down)) / (2 * step)
    return g


@mutant("numerical_gradient", hint="Is every entry visited?")
def last_entry_missed(f, theta, h=1e-5):
    """The loop stops one entry early."""
    g = np.zeros(theta.shape)
    for k in list(np.ndindex(theta.shape))[:-1]:
        up, down = theta.copy(), theta.copy()
        up[k] += h
        down[k] -= h
        g[k] = (f(up) - f(down)) / (2 * h)
    return g


@mutant("numerical_gradient", hint="From where to where does the difference reach?")
def half_step(f, theta, h=1e-5):
    """Half the step to either side: h is the distance of the points, not the step."""
    g = np.zeros(theta.shape)
    for k in np.ndindex(theta.shape):
        up, down = theta.copy(), theta.copy()
        up[k] += h / 2
        down[k] -= h / 2
        g[k] = (f(up) - f(down)) / h
    return g
