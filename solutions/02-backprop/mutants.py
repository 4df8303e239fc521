"""Mistakes that students make in 02-backprop.

The rows are those of the course's catalogue of bugs.
"""

from __future__ import annotations

import numpy as np

from autograder.catalogue import mutant

# --- sigmoid ------------------------------------------------------------------------------------


@mutant(
    "sigmoid",
    hint="Which value should sigma(10) approach, and which does yours?",
    note="row 1: 1/(1+e^z)",
)
def exponent_sign(z):
    """The sign of the exponent is flipped."""
    return 1.0 / (1.0 + np.exp(z))


@mutant(
    "sigmoid",
    hint="Which parts of your fraction become too large for a float at z = 1000?",
    note="row 2: e^z/(1+e^z)",
)
def growing_exponential(z):
    """Both parts of the fraction overflow for large positive z: infinity over infinity."""
    return np.exp(z) / (1.0 + np.exp(z))


@mutant(
    "sigmoid",
    hint="Far to the right yours is 0: can a NaN be turned into the right number after the fact?",
    note="row 2: NaN made 0",
)
def nan_made_zero(z):
    """The overflow of both parts of the fraction is hidden behind zeros."""
    return np.nan_to_num(np.exp(z) / (1.0 + np.exp(z)))


@mutant(
    "sigmoid", hint="What dtype do you return when z holds integers?", note="row 3: int dtype kept"
)
def integer_buffer(z):
    """The result takes the dtype of z, so integers cut it off."""
    z = np.asarray(z)
    a = np.zeros_like(z)
    a[...] = 1.0 / (1.0 + np.exp(-z))
    return a


@mutant(
    "sigmoid", hint="Between which two values does sigma lie?", note="row 7: another activation"
)
def plain_tanh(z):
    """The hyperbolic tangent, from -1 to 1, in place of the logistic function."""
    return np.tanh(z)


@mutant("sigmoid", hint="How steep is sigma at 0, and how steep is yours?")
def tanh_without_half(z):
    """The logistic function of 2z: the half in the argument is missing."""
    return 0.5 * (1.0 + np.tanh(z))


@mutant(
    "sigmoid",
    hint="What is divided by what in your expression? Can you evaluate it by hand at z = 0?",
)
def missing_parentheses(z):
    """The division comes before the sum: 1 / 1 + e^-z."""
    return 1.0 / 1.0 + np.exp(-z)


@mutant("sigmoid", hint="Does your function work on a whole array as well as on one number?")
def one_number_only(z):
    """It takes single numbers only, not arrays."""
    import math

    return 1.0 / (1.0 + math.exp(-z))


@mutant("sigmoid", hint="Which shape should the result have when z is a matrix?")
def flattened(z):
    """The result is flat, whatever shape z has."""
    flat = np.ravel(np.asarray(z, dtype=float))
    return 1.0 / (1.0 + np.exp(-flat))


@mutant(
    "sigmoid",
    hint="Who owns the array that you negate? Is it the same after the call?",
    note="row 44",
)
def negates_its_input(z):
    """The caller's z is negated in place."""
    z *= -1
    return 1.0 / (1.0 + np.exp(z))


@mutant("sigmoid", hint="How close to 0 is sigma(-10)? And how close does your function get?")
def clipped_too_early(z):
    """z is cut at 5 to keep the exponential small, and with it the value."""
    return 1.0 / (1.0 + np.exp(-np.clip(z, -5, 5)))


@mutant("sigmoid", hint="A step has no slope. What should sigma(0.5) be?")
def step(z):
    """The step function that the sigmoid smooths."""
    return np.heaviside(z, 0.5)


@mutant("sigmoid", hint="Is the same expression right on both sides of 0?")
def one_branch_wrong(z):
    """The branch for negative z is that for positive z, so it returns 1 - sigma."""
    e = np.exp(-np.abs(z))
    return np.where(np.asarray(z) >= 0, 1.0 / (1.0 + e), 1.0 / (1.0 + e))


@mutant(
    "sigmoid", hint="Does the output of one neuron depend on the z of another?", note="softmax-like"
)
def normalized(z):
    """The exponentials are normalized over the whole array."""
    e = np.exp(z - np.max(z))
    return e / np.sum(e)


@mutant("sigmoid", hint="What does your loop do when z is a single number, or a matrix?")
def loop_over_rows(z):
    """It loops over z as if z always had exactly one axis."""
    import math

    return np.array([1.0 / (1.0 + math.exp(-x)) if x > -700 else 0.0 for x in z])


@mutant("sigmoid", hint="How many digits does your result keep? Is sigma(6) different from 1?")
def rounded(z):
    """The result is rounded to three places."""
    return np.round(1.0 / (1.0 + np.exp(-np.asarray(z, dtype=float))), 3)


@mutant("sigmoid", hint="What does your function return, and what does it only show?")
def shown_not_returned(z):
    """The value is printed, and None is returned."""
    print(1.0 / (1.0 + np.exp(-np.asarray(z, dtype=float))))


# --- sigmoid_prime ------------------------------------------------------------------------------


@mutant(
    "sigmoid_prime",
    hint="Is the argument of this function z, or sigma(z) already? What does its description say?",
    note="row 4: z(1-z)",
    convention=True,
)
def of_z_itself(z):
    """Activation as argument: z (1 - z) is the slope if sigma was applied already."""
    return z * (1.0 - z)


@mutant(
    "sigmoid_prime",
    hint="How often was z squashed before its slope is taken?",
    note="row 5: sigma'(a)",
)
def squashed_twice(z):
    """The slope is taken at sigma(z), not at z."""
    a = sigmoid(sigmoid(z))
    return a * (1.0 - a)


@mutant(
    "sigmoid_prime",
    hint="At z = 0 a secant has slope 1/4. What does yours have there?",
    note="row 6: a(1+a)",
)
def plus_sign(z):
    """A sign is wrong: a (1 + a)."""
    a = sigmoid(z)
    return a * (1.0 + a)


@mutant(
    "sigmoid_prime",
    hint="Which activation's slope can be written like that with its own value?",
    note="row 6: 1-a^2",
)
def tanh_form(z):
    """The rule for the tanh, 1 - a^2, is applied to the logistic a."""
    return 1.0 - sigmoid(z) ** 2


@mutant(
    "sigmoid_prime",
    hint="Which activation has slope 1 at z = 0? And which do we use?",
    note="row 7",
)
def tanh_slope(z):
    """It is the slope of the hyperbolic tangent."""
    return 1.0 - np.tanh(z) ** 2


@mutant("sigmoid_prime", hint="What is divided by what at z = -1000?", note="row 2: for the slope")
def overflowing_quotient(z):
    """Numerator and denominator overflow for large negative z: infinity over infinity."""
    return np.exp(-z) / (1.0 + np.exp(-z)) ** 2


@mutant(
    "sigmoid_prime",
    hint="What dtype do you return when z holds integers?",
    note="row 3: int dtype kept",
)
def integer_slopes(z):
    """The result takes the dtype of z, so integers cut it to 0."""
    a = sigmoid(z)
    return np.asarray(a * (1.0 - a)).astype(np.asarray(z).dtype)


@mutant("sigmoid_prime", hint="Is it the value of sigma or its slope that you return?")
def value_again(z):
    """Sigma itself is returned, not its slope."""
    return sigmoid(z)


@mutant(
    "sigmoid_prime",
    hint="What do you get by hand for sigma = 1/2? Which terms should be held together?",
)
def lost_parentheses(z):
    """Parentheses are lost: a * 1 - a is zero everywhere."""
    a = sigmoid(z)
    return a * 1 - a


@mutant("sigmoid_prime", hint="Sigma rises everywhere: which sign has its slope?")
def quotient_rule_sign(z):
    """The inner derivative -1 of the exponent is forgotten, so the slope is negative."""
    a = sigmoid(z)
    return -a * (1.0 - a)


@mutant(
    "sigmoid_prime",
    hint="Can you differentiate on paper? The measured slope is the test of it, not the answer.",
)
def central_difference(z):
    """A central difference stands in place of the formula."""
    h = 1e-5
    return (sigmoid(z + h) - sigmoid(z - h)) / (2 * h)


@mutant(
    "sigmoid_prime",
    hint="Can you differentiate on paper? The measured slope is the test of it, not the answer.",
    alias_of="central_difference",
)
def forward_difference(z):
    """A one-sided difference stands in place of the formula."""
    h = 1e-6
    return (sigmoid(z + h) - sigmoid(z)) / h


@mutant(
    "sigmoid_prime",
    hint="Can you differentiate on paper? The measured slope is the test of it, not the answer.",
    alias_of="central_difference",
)
def finer_step(z):
    """A central difference with a fine step stands in place of the formula."""
    return (sigmoid(np.asarray(z) + 1e-7) - sigmoid(np.asarray(z) - 1e-7)) * 5e6


@mutant(
    "sigmoid_prime",
    hint="Can you differentiate on paper? The measured slope is the test of it, not the answer.",
    alias_of="central_difference",
)
def five_points(z):
    """A difference of four values, exact to fourth order, stands in place of the formula."""
    h = 1e-2
    far = sigmoid(z + 2 * h) - sigmoid(z - 2 * h)
    near = sigmoid(z + h) - sigmoid(z - h)
    return (8 * near - far) / (12 * h)


@mutant(
    "sigmoid_prime",
    hint="Can you differentiate on paper? The measured slope is the test of it, not the answer.",
    alias_of="central_difference",
)
def slope_by_a_helper(z):
    """A central difference is taken in a function of its own."""

    def slope(f, x, step):
        ahead = f(x + step)
        behind = f(x - step)
        return (ahead - behind) / (2.0 * step)

    return slope(sigmoid, np.asarray(z, dtype=float), 1e-5)


@mutant(
    "sigmoid_prime",
    hint="Can you differentiate on paper? The measured slope is the test of it, not the answer.",
    alias_of="central_difference",
)
def slope_by_a_lambda(z):
    """A central difference is taken in a lambda."""
    derivative = lambda f, x, h=1e-6: np.divide(f(x + h) - f(x - h), 2 * h)  # noqa: E731
    return derivative(sigmoid, z)


@mutant(
    "sigmoid_prime",
    hint="Can you differentiate on paper? The measured slope is the test of it, not the answer.",
    alias_of="central_difference",
)
def richardson(z):
    """Central differences are extrapolated to a step of zero."""

    def slope(h):
        return (sigmoid(z + h) - sigmoid(z - h)) / (2 * h)

    table = [slope(0.02 / 2**k) for k in range(3)]
    for order in (1, 2):
        table = [(4**order * b - a) / (4**order - 1) for a, b in zip(table, table[1:])]
    return table[0]


@mutant(
    "sigmoid_prime",
    hint="Can you differentiate on paper? The measured slope is the test of it, not the answer.",
    alias_of="central_difference",
)
def by_numerical_gradient(z):
    """The notebook's own numerical gradient is called in place of the formula."""
    return numerical_gradient(lambda x: np.sum(sigmoid(x)), np.asarray(z, dtype=float))


@mutant(
    "sigmoid_prime",
    hint="Can you differentiate on paper? The measured slope is the test of it, not the answer.",
    alias_of="central_difference",
)
def in_extended_precision(z):
    """A central difference is taken in longdouble, whose noise is small."""
    z = np.asarray(z, dtype=np.longdouble)
    h = np.longdouble(1e-4)
    above = 1 / (1 + np.exp(-(z + h)))
    below = 1 / (1 + np.exp(-(z - h)))
    return ((above - below) / (2 * h)).astype(float)


@mutant(
    "sigmoid_prime",
    hint="Can you differentiate on paper? The measured slope is the test of it, not the answer.",
    alias_of="central_difference",
)
def complex_step(z):
    """A complex step beside the real axis, right to the last digit, replaces the formula."""
    beside = np.clip(z, -500, 500) + 1e-20j
    return np.imag(1 / (1 + np.exp(-beside))) / 1e-20


@mutant("sigmoid_prime", hint="Does the slope at one entry depend on the other entries?")
def slope_between_entries(z):
    """Differences between neighbouring entries of the array stand in for the slope."""
    flat = np.ravel(z)
    return np.gradient(sigmoid(flat), flat).reshape(np.shape(z))


@mutant(
    "sigmoid_prime", hint="At z = 0 the slope is 1/4, and it is the same at -z and at z: is yours?"
)
def squared(z):
    """One of the two factors is squared."""
    a = sigmoid(z)
    return a * (1.0 - a) ** 2


@mutant("sigmoid_prime", hint="Does sigma stand in both factors? Compare with a secant at z = 2.")
def one_factor_of_z(z):
    """Only one of the two factors holds sigma, the other one z."""
    return sigmoid(z) * (1.0 - np.asarray(z))


# --- output_delta -------------------------------------------------------------------------------


@mutant(
    "output_delta",
    hint="Is delta the slope with respect to a, or with respect to z?",
    note="row 11",
)
def no_slope(a, t, z):
    """The factor sigma'(z) is missing."""
    return a - t


@mutant(
    "output_delta",
    hint="When an output rises above its target, does the cost rise or fall? Our delta is its slope.",
    note="row 12",
    convention=True,
)
def target_minus_output(a, t, z):
    """Delta downhill: some books define delta as minus the slope, from t - a."""
    return (t - a) * sigmoid_prime(z)


@mutant(
    "output_delta",
    hint="Which factor stands before the sum in this course's cost, and what does it do to the 2?",
    note="row 13: factor 2",
    convention=True,
)
def factor_two(a, t, z):
    """Cost without 1/2: the derivative of the plain squared error, twice ours."""
    return 2.0 * (a - t) * sigmoid_prime(z)


@mutant(
    "output_delta",
    hint="What becomes of the 1/2 when the square is differentiated?",
    note="row 13: 1/2",
)
def factor_one_half(a, t, z):
    """The factor 1/2 of the cost survives the derivative."""
    return 0.5 * (a - t) * sigmoid_prime(z)


@mutant(
    "output_delta", hint="At which argument is the slope of sigma taken: z, or a?", note="row 5"
)
def slope_at_a(a, t, z):
    """sigma' is taken at a in place of z."""
    return (a - t) * sigmoid_prime(a)


@mutant(
    "output_delta",
    hint="Does our delta belong to one sample or to the batch? Where does the text take the average?",
    note="row 24",
    convention=True,
)
def averaged_already(a, t, z):
    """Mean in delta: the division by N is part of delta, as in many codes."""
    return (a - t) * sigmoid_prime(z) / len(a)


@mutant(
    "output_delta",
    hint="Delta belongs to a sample: how many rows should it have?",
    note="row 29: one row for the batch",
)
def summed_over_samples(a, t, z):
    """Delta is summed over the samples."""
    return np.sum((a - t) * sigmoid_prime(z), axis=0)


@mutant("output_delta", hint="Is it sigma or its slope that stands beside the difference?")
def value_for_slope(a, t, z):
    """sigma(z) stands in place of sigma'(z)."""
    return (a - t) * a


@mutant("output_delta", hint="How does a square change when its argument changes a little?")
def cost_not_slope(a, t, z):
    """The cost itself stands where its derivative belongs."""
    return 0.5 * (a - t) ** 2 * sigmoid_prime(z)


@mutant("output_delta", hint="May an error be negative? What would its sign tell the neuron?")
def absolute_error(a, t, z):
    """The absolute value takes the direction away."""
    return np.abs(a - t) * sigmoid_prime(z)


@mutant("output_delta", hint="What is compared with the target, z or a?", note="row 33: z for a")
def weighted_input_for_output(a, t, z):
    """z is compared with the target in place of a."""
    return (z - t) * sigmoid_prime(z)


@mutant(
    "output_delta", hint="Does an output neuron of one sample feel the slope of another sample's?"
)
def matrix_product(a, t, z):
    """A product of matrices stands where the product is entry by entry."""
    return (a - t) @ sigmoid_prime(z).T


@mutant("output_delta", hint="Who owns the array a? Is it the same after the call?", note="row 44")
def output_overwritten(a, t, z):
    """The difference is formed in the caller's array."""
    a -= t
    return a * sigmoid_prime(z)


@mutant(
    "output_delta",
    hint="Can you differentiate the cost on paper? A measured slope is only the test.",
)
def measured_delta(a, t, z):
    """A central difference of the cost stands in place of the formula."""
    h = 1e-5
    return (0.5 * (sigmoid(z + h) - t) ** 2 - 0.5 * (sigmoid(z - h) - t) ** 2) / (2 * h)


@mutant(
    "output_delta",
    hint="Can you differentiate the cost on paper? A measured slope is only the test.",
    alias_of="measured_delta",
)
def complex_step_of_the_cost(a, t, z):
    """A complex step of the cost, right to the last digit, replaces the formula."""
    y = 1 / (1 + np.exp(-(z + 1e-30j)))
    return (0.5 * (y - t) ** 2).imag * 1e30


@mutant(
    "output_delta",
    hint="Can you differentiate the cost on paper? A measured slope is only the test.",
    alias_of="measured_delta",
)
def delta_by_numerical_gradient(a, t, z):
    """The notebook's own numerical gradient of the cost is called in place of the formula."""
    return numerical_gradient(lambda x: 0.5 * np.sum((sigmoid(x) - t) ** 2), z.copy())


@mutant(
    "output_delta",
    hint="Which cost does this course use here, and what is its slope with respect to a?",
)
def cross_entropy_quotient(a, t, z):
    """The slope -t/a of the cross entropy stands in place of the quadratic cost's."""
    return -t / a * sigmoid_prime(z)


@mutant(
    "output_delta",
    hint="At a = 0 this slope is 1, the largest there is. How steep is our neuron where a is near 0?",
    note="row 7: tanh",
)
def slope_of_tanh(a, t, z):
    """The slope is that of a tanh output."""
    return (a - t) * (1.0 - a**2)


@mutant(
    "output_delta",
    hint="At which argument is the slope of sigma taken: at z, or at the error?",
    note="row 15",
)
def slope_at_the_error(a, t, z):
    """The slope is taken at the error a - t, not at z."""
    return (a - t) * sigmoid_prime(a - t)


# --- hidden_delta -------------------------------------------------------------------------------


@mutant(
    "hidden_delta",
    hint="What reaches a neuron from behind is a slope with respect to a. What lies between a and z?",
    note="row 14",
)
def no_hidden_slope(W_next, delta_next, z):
    """The factor sigma'(z) is missing."""
    return delta_next @ W_next


@mutant(
    "hidden_delta",
    hint="What does a row of our W belong to? Can you write the shapes of delta and W side by side?",
    note="row 17: raises, or runs on squares",
    convention=True,
)
def transposed(W_next, delta_next, z):
    """Weights as (n_in, n_out): in Keras's layout W would be transposed here, in ours not."""
    return (delta_next @ W_next.T) * sigmoid_prime(z)


@mutant(
    "hidden_delta",
    hint="The lecture's columns are rows here: which axis of delta counts the samples in our arrays?",
    note="row 17: the column form",
    convention=True,
)
def samples_in_columns(W_next, delta_next, z):
    """Samples in columns: the lecture's form for column vectors, taken over as it stands."""
    return (W_next.T @ delta_next) * sigmoid_prime(z)


@mutant(
    "hidden_delta",
    hint="If the cost rises with the next layer's z and the weight is positive, which way does it go with this z?",
    note="row 16",
)
def recursion_sign(W_next, delta_next, z):
    """The error changes its sign at each step back."""
    return -(delta_next @ W_next) * sigmoid_prime(z)


@mutant("hidden_delta", hint="How often is z squashed before its slope is taken?", note="row 5")
def hidden_slope_at_a(W_next, delta_next, z):
    """sigma' is taken at sigma(z) in place of z."""
    return (delta_next @ W_next) * sigmoid_prime(sigmoid(z))


@mutant(
    "hidden_delta",
    hint="At which number is the slope of a neuron's sigma taken: its own z, or what comes back?",
    note="row 15",
)
def slope_of_delta(W_next, delta_next, z):
    """The slope is taken at what travels back, not at z."""
    return sigmoid_prime(delta_next @ W_next)


@mutant(
    "hidden_delta",
    hint="Each sample has its own z. Whose slope do you multiply with?",
    note="row 29: one sample for all",
)
def first_sample_slope(W_next, delta_next, z):
    """The first sample's slope is used for all samples."""
    return (delta_next @ W_next) * sigmoid_prime(z[0])


@mutant("hidden_delta", hint="Which belongs here, the value of sigma or its slope?")
def hidden_value_for_slope(W_next, delta_next, z):
    """sigma(z) stands in place of sigma'(z)."""
    return (delta_next @ W_next) * sigmoid(z)


@mutant(
    "hidden_delta",
    hint="At which place of the algorithm is the average over samples taken, and how often?",
    note="row 24",
)
def divided_by_samples(W_next, delta_next, z):
    """Divided by the number of samples at each step."""
    return (delta_next @ W_next) * sigmoid_prime(z) / len(z)


@mutant(
    "hidden_delta",
    hint="A neuron reaches the cost over several paths: are their contributions averaged, or added up?",
    note="sum rule",
)
def mean_over_paths(W_next, delta_next, z):
    """The paths are averaged, not summed."""
    return (delta_next @ W_next) / W_next.shape[0] * sigmoid_prime(z)


@mutant(
    "hidden_delta",
    hint="How many samples does your loop visit? Try it with two.",
    note="row 31: range(N-1)",
)
def last_sample_missed(W_next, delta_next, z):
    """The loop stops one sample early."""
    delta = np.zeros(z.shape)
    for n in range(len(z) - 1):
        delta[n] = (W_next.T @ delta_next[n]) * sigmoid_prime(z[n])
    return delta


@mutant("hidden_delta", hint="Which of the next layer's neurons did you leave out?")
def one_path_missed(W_next, delta_next, z):
    """The sum over the next layer's neurons begins with the second one."""
    return (delta_next[:, 1:] @ W_next[1:]) * sigmoid_prime(z)


@mutant(
    "hidden_delta",
    hint="Do the contributions of several paths add up, or replace each other?",
    note="row 30: = for +=",
)
def last_path_only(W_next, delta_next, z):
    """Each path overwrites the one before."""
    for j in range(W_next.shape[0]):
        delta = np.outer(delta_next[:, j], W_next[j])
    return delta * sigmoid_prime(z)


@mutant("hidden_delta", hint="Does the sign of a weight matter on the way back?")
def absolute_weights(W_next, delta_next, z):
    """The signs of the weights are lost."""
    return (delta_next @ np.abs(W_next)) * sigmoid_prime(z)


@mutant("hidden_delta", hint="Who owns delta_next? Is it the same after the call?", note="row 44")
def delta_normalized_in_place(W_next, delta_next, z):
    """The caller's delta is scaled in place and not scaled back."""
    scale = np.max(np.abs(delta_next))
    delta_next /= scale
    return scale * (delta_next @ W_next) * sigmoid_prime(z)


@mutant("hidden_delta", hint="Can you write down the slope of sigma without a step h?")
def measured_hidden_slope(W_next, delta_next, z):
    """A difference quotient stands in place of sigma'."""
    return (delta_next @ W_next) * (sigmoid(z + 1e-4) - sigmoid(z - 1e-4)) / 2e-4


@mutant(
    "hidden_delta",
    hint="Can you write down the slope of sigma without a step h?",
    alias_of="measured_hidden_slope",
)
def complex_hidden_slope(W_next, delta_next, z):
    """A complex step stands in place of sigma'."""
    h = 1e-50
    slope = (1 / (1 + np.exp(-(z + 1j * h)))).imag / h
    return (delta_next @ W_next) * slope


@mutant(
    "hidden_delta",
    hint="How many factors sigma' does one step back through one layer bring?",
    note="row 15: once too often",
)
def slope_applied_twice(W_next, delta_next, z):
    """sigma'(z) is multiplied in twice."""
    return (delta_next @ W_next) * sigmoid_prime(z) ** 2


# --- gradients ----------------------------------------------------------------------------------


@mutant(
    "gradients",
    hint="In the output layer, is your delta the slope with respect to a, or to z?",
    note="row 11",
)
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


@mutant("gradients", hint="A gradient points where the cost rises: does yours?", note="row 12")
def wrong_sign(weights, biases, X, T):
    """All gradients point downhill: t - a in place of a - t."""
    zs, activations = feedforward(weights, biases, X)
    delta = (T - activations[-1]) * sigmoid_prime(zs[-1])
    dWs, dbs = [], []
    for i in reversed(range(len(weights))):
        dWs.insert(0, delta.T @ activations[i] / len(X))
        dbs.insert(0, delta.mean(axis=0))
        if i > 0:
            delta = hidden_delta(weights[i], delta, zs[i - 1])
    return dWs, dbs


@mutant(
    "gradients",
    hint="Which factor stands before the sum in this course's cost, and is it in your gradient?",
    note="row 13: factor 2",
    convention=True,
)
def doubled(weights, biases, X, T):
    """Cost without 1/2: all gradients are twice ours."""
    zs, activations = feedforward(weights, biases, X)
    delta = 2 * output_delta(activations[-1], T, zs[-1])
    dWs, dbs = [], []
    for i in reversed(range(len(weights))):
        dWs.insert(0, delta.T @ activations[i] / len(X))
        dbs.insert(0, delta.mean(axis=0))
        if i > 0:
            delta = hidden_delta(weights[i], delta, zs[i - 1])
    return dWs, dbs


@mutant(
    "gradients",
    hint="What becomes of the 1/2 of the cost when the square is differentiated?",
    note="row 13: factor 1/2",
)
def halved(weights, biases, X, T):
    """The factor 1/2 of the cost survives the derivative."""
    zs, activations = feedforward(weights, biases, X)
    delta = 0.5 * output_delta(activations[-1], T, zs[-1])
    dWs, dbs = [], []
    for i in reversed(range(len(weights))):
        dWs.insert(0, delta.T @ activations[i] / len(X))
        dbs.insert(0, delta.mean(axis=0))
        if i > 0:
            delta = hidden_delta(weights[i], delta, zs[i - 1])
    return dWs, dbs


@mutant(
    "gradients",
    hint="On the way back through a hidden layer: what lies between its a and its z?",
    note="row 14",
)
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


@mutant(
    "gradients", hint="Which entry of zs belongs to the layer that you step back to?", note="row 15"
)
def slope_of_the_wrong_layer(weights, biases, X, T):
    """The recursion takes z of the layer that it comes from."""
    zs, activations = feedforward(weights, biases, X)
    delta = output_delta(activations[-1], T, zs[-1])
    dWs, dbs = [], []
    for i in reversed(range(len(weights))):
        dWs.insert(0, delta.T @ activations[i] / len(X))
        dbs.insert(0, delta.mean(axis=0))
        if i > 0:
            delta = hidden_delta(weights[i], delta, zs[i])
    return dWs, dbs


@mutant(
    "gradients",
    hint="At which number is each slope of sigma taken: at z, or at what sigma made of it?",
    note="row 5: sigma'(a)",
    alias_of="own_forward_alias",
)
def slopes_at_the_activations(weights, biases, X, T):
    """sigma' is taken at the activations, in every layer."""
    zs, activations = feedforward(weights, biases, X)
    delta = (activations[-1] - T) * sigmoid_prime(activations[-1])
    dWs, dbs = [], []
    for i in reversed(range(len(weights))):
        dWs.insert(0, delta.T @ activations[i] / len(X))
        dbs.insert(0, delta.mean(axis=0))
        if i > 0:
            delta = hidden_delta(weights[i], delta, activations[i])
    return dWs, dbs


@mutant(
    "gradients",
    hint="Are the last layer's gradients right and the one before wrong? What happens to the sign in between?",
    note="row 16",
)
def sign_of_the_recursion(weights, biases, X, T):
    """The sign changes with each step back: every other layer is wrong."""
    zs, activations = feedforward(weights, biases, X)
    delta = output_delta(activations[-1], T, zs[-1])
    dWs, dbs = [], []
    for i in reversed(range(len(weights))):
        dWs.insert(0, delta.T @ activations[i] / len(X))
        dbs.insert(0, delta.mean(axis=0))
        if i > 0:
            delta = -hidden_delta(weights[i], delta, zs[i - 1])
    return dWs, dbs


@mutant(
    "gradients",
    hint="Can you write the shapes of delta and W below each other for each step back?",
    note="row 17",
)
def untransposed(weights, biases, X, T):
    """W is transposed once too often in the recursion: equal widths run, others raise."""
    zs, activations = feedforward(weights, biases, X)
    delta = output_delta(activations[-1], T, zs[-1])
    dWs, dbs = [], []
    for i in reversed(range(len(weights))):
        dWs.insert(0, delta.T @ activations[i] / len(X))
        dbs.insert(0, delta.mean(axis=0))
        if i > 0:
            delta = (delta @ weights[i].T) * sigmoid_prime(zs[i - 1])
    return dWs, dbs


@mutant(
    "gradients",
    hint="Which weights lead away from the layer that you step back to?",
    note="row 18: W_l for W_(l+1)",
)
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


@mutant(
    "gradients",
    hint="What exactly travels back from layer to layer: the error, or delta?",
    note="row 19",
)
def error_propagated(weights, biases, X, T):
    """The plain error travels back, and sigma' is multiplied in only where it is used."""
    zs, activations = feedforward(weights, biases, X)
    error = activations[-1] - T
    dWs, dbs = [], []
    for i in reversed(range(len(weights))):
        delta = error * sigmoid_prime(zs[i])
        dWs.insert(0, delta.T @ activations[i] / len(X))
        dbs.insert(0, delta.mean(axis=0))
        error = error @ weights[i]
    return dWs, dbs


@mutant(
    "gradients",
    hint="With which weights did the forward run go, and with which do you go back?",
    note="row 20",
)
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


@mutant("gradients", hint="Is the caller's net still the same after the call?", note="rows 20, 44")
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


@mutant("gradients", hint="What are the norms of the gradients, layer by layer?", note="row 21")
def hidden_layers_zero(weights, biases, X, T):
    """Only the last layer is computed, the others stay zero."""
    zs, activations = feedforward(weights, biases, X)
    delta = output_delta(activations[-1], T, zs[-1])
    dWs = [np.zeros_like(W) for W in weights]
    dbs = [np.zeros_like(b) for b in biases]
    dWs[-1] = delta.T @ activations[-2] / len(X)
    dbs[-1] = delta.mean(axis=0)
    return dWs, dbs


@mutant("gradients", hint="Which layer is the last one that your loop visits?", note="row 22")
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


@mutant(
    "gradients",
    hint="Give every sample twice: does your gradient change? Should that of a mean?",
    note="row 23",
    convention=True,
)
def summed(weights, biases, X, T):
    """Sum over the batch: the gradients are not divided by the number of samples."""
    zs, activations = feedforward(weights, biases, X)
    delta = output_delta(activations[-1], T, zs[-1])
    dWs, dbs = [], []
    for i in reversed(range(len(weights))):
        dWs.insert(0, delta.T @ activations[i])
        dbs.insert(0, delta.sum(axis=0))
        if i > 0:
            delta = hidden_delta(weights[i], delta, zs[i - 1])
    return dWs, dbs


@mutant("gradients", hint="How often is your result divided by N on its way?", note="row 24")
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


@mutant(
    "gradients",
    hint="Is the biases' gradient an average over the batch, like the weights'?",
    note="row 25: b summed",
)
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


@mutant(
    "gradients",
    hint="Is the weights' gradient an average over the batch, like the biases'?",
    note="row 25: W summed",
)
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


@mutant(
    "gradients",
    hint="How often is the biases' gradient divided by N, and how often the weights'?",
    note="row 25: b averaged twice",
)
def bias_averaged_twice(weights, biases, X, T):
    """The biases' gradient is divided by N twice, the weights' once."""
    zs, activations = feedforward(weights, biases, X)
    delta = output_delta(activations[-1], T, zs[-1])
    dWs, dbs = [], []
    for i in reversed(range(len(weights))):
        dWs.insert(0, delta.T @ activations[i] / len(X))
        dbs.insert(0, delta.mean(axis=0) / len(X))
        if i > 0:
            delta = hidden_delta(weights[i], delta, zs[i - 1])
    return dWs, dbs


@mutant(
    "gradients",
    hint="How often is the weights' gradient divided by N, and how often the biases'?",
    note="row 25: W averaged twice",
)
def weights_averaged_twice(weights, biases, X, T):
    """The weights' gradient is divided by N twice, the biases' once."""
    zs, activations = feedforward(weights, biases, X)
    delta = output_delta(activations[-1], T, zs[-1])
    dWs, dbs = [], []
    for i in reversed(range(len(weights))):
        dWs.insert(0, delta.T @ activations[i] / len(X) ** 2)
        dbs.insert(0, delta.mean(axis=0))
        if i > 0:
            delta = hidden_delta(weights[i], delta, zs[i - 1])
    return dWs, dbs


@mutant(
    "gradients",
    hint="Over what does this course's cost take the mean: samples, or samples and outputs?",
    note="row 51",
    convention=True,
)
def mean_over_all_entries(weights, biases, X, T):
    """Mean over all entries: as torch's MSELoss divides, by samples times outputs."""
    zs, activations = feedforward(weights, biases, X)
    delta = output_delta(activations[-1], T, zs[-1]) / T.shape[1]
    dWs, dbs = [], []
    for i in reversed(range(len(weights))):
        dWs.insert(0, delta.T @ activations[i] / len(X))
        dbs.insert(0, delta.mean(axis=0))
        if i > 0:
            delta = hidden_delta(weights[i], delta, zs[i - 1])
    return dWs, dbs


@mutant(
    "gradients",
    hint="Does each neuron's bias have a slope of its own? Over what do you sum?",
    note="row 26: filled up to the shape",
)
def one_number_for_the_biases(weights, biases, X, T):
    """The delta is summed over samples and neurons, so all biases of a layer get the same."""
    zs, activations = feedforward(weights, biases, X)
    delta = output_delta(activations[-1], T, zs[-1])
    dWs, dbs = [], []
    for i in reversed(range(len(weights))):
        dWs.insert(0, delta.T @ activations[i] / len(X))
        dbs.insert(0, np.full_like(biases[i], delta.sum() / len(X)))
        if i > 0:
            delta = hidden_delta(weights[i], delta, zs[i - 1])
    return dWs, dbs


@mutant(
    "gradients",
    hint="A layer of four neurons has four biases: how many numbers does your gradient have for them?",
    note="row 26: b = delta.sum()",
)
def one_number_per_layer(weights, biases, X, T):
    """The biases' gradient of a layer is one number, the mean over samples and neurons."""
    zs, activations = feedforward(weights, biases, X)
    delta = output_delta(activations[-1], T, zs[-1])
    dWs, dbs = [], []
    for i in reversed(range(len(weights))):
        dWs.insert(0, delta.T @ activations[i] / len(X))
        dbs.insert(0, delta.mean())
        if i > 0:
            delta = hidden_delta(weights[i], delta, zs[i - 1])
    return dWs, dbs


@mutant(
    "gradients",
    hint="Which axis of delta counts the samples, and which should be left?",
    note="row 27",
)
def wrong_axis(weights, biases, X, T):
    """The biases' gradient is averaged over neurons, not over samples."""
    zs, activations = feedforward(weights, biases, X)
    delta = output_delta(activations[-1], T, zs[-1])
    dWs, dbs = [], []
    for i in reversed(range(len(weights))):
        dWs.insert(0, delta.T @ activations[i] / len(X))
        dbs.insert(0, delta.mean(axis=1))
        if i > 0:
            delta = hidden_delta(weights[i], delta, zs[i - 1])
    return dWs, dbs


@mutant("gradients", hint="If you vary one bias, does the cost stay the same?", note="row 28: zero")
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


@mutant(
    "gradients",
    hint="How does z change with a bias? Is the last biases' slope that of the error, or of delta?",
    note="row 28: from the error",
)
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


@mutant(
    "gradients", hint="Put the samples in another order: does the gradient change?", note="row 29"
)
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


@mutant(
    "gradients",
    hint="In your loop over samples: does each one add to the sum, or overwrite it?",
    note="row 30: = for +=",
)
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


@mutant(
    "gradients",
    hint="Which samples does your loop visit in a batch of two?",
    note="row 31: range(N-1)",
)
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


@mutant(
    "gradients",
    hint="W has a row for each neuron of its layer. What does a row of your dW belong to?",
    note="row 32",
    convention=True,
)
def transposed_result(weights, biases, X, T):
    """Weights as (n_in, n_out): dW is transposed against our layout."""
    zs, activations = feedforward(weights, biases, X)
    delta = output_delta(activations[-1], T, zs[-1])
    dWs, dbs = [], []
    for i in reversed(range(len(weights))):
        dWs.insert(0, activations[i].T @ delta / len(X))
        dbs.insert(0, delta.mean(axis=0))
        if i > 0:
            delta = hidden_delta(weights[i], delta, zs[i - 1])
    return dWs, dbs


@mutant(
    "gradients",
    hint="What did W multiply on the way forward: z or a of the layer before?",
    note="row 33: z for a",
)
def weighted_inputs_for_activations(weights, biases, X, T):
    """dW of the later layers is built with z of the layer before, in place of a."""
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


@mutant(
    "gradients",
    hint="What did W multiply on the way forward: what enters the layer, or what leaves it?",
    note="row 34: a_l for a_(l-1)",
)
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


@mutant(
    "gradients",
    hint="Call it twice with the same arguments: is the result the same?",
    note="row 35",
)
def buffers_kept(weights, biases, X, T, buffers={}):
    """The sums are kept from call to call, so each call adds to the one before."""
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


@mutant(
    "gradients",
    hint="The last layer comes first in your lists. In which order did the parameters come in?",
)
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


@mutant("gradients", hint="In which loop does your return stand? How many layers come back?")
def returned_after_one_layer(weights, biases, X, T):
    """The return stands inside the loop, so only the last layer comes back."""
    zs, activations = feedforward(weights, biases, X)
    delta = output_delta(activations[-1], T, zs[-1])
    dWs, dbs = [], []
    for i in reversed(range(len(weights))):
        dWs.insert(0, delta.T @ activations[i] / len(X))
        dbs.insert(0, delta.mean(axis=0))
        if i > 0:
            delta = hidden_delta(weights[i], delta, zs[i - 1])
        return dWs, dbs


@mutant("gradients", hint="Is it a gradient that you return, or the parameters after a step?")
def parameters_after_a_step(weights, biases, X, T):
    """Parameters after a step of gradient descent are returned, not the gradients."""
    zs, activations = feedforward(weights, biases, X)
    delta = output_delta(activations[-1], T, zs[-1])
    dWs, dbs = [], []
    for i in reversed(range(len(weights))):
        dWs.insert(0, delta.T @ activations[i] / len(X))
        dbs.insert(0, delta.mean(axis=0))
        if i > 0:
            delta = hidden_delta(weights[i], delta, zs[i - 1])
    return (
        [W - dW for W, dW in zip(weights, dWs)],
        [b - db for b, db in zip(biases, dbs)],
    )


@mutant(
    "gradients", hint="From which layer does each step back start: the last one, or the next one?"
)
def always_from_the_output(weights, biases, X, T):
    """Every step back starts from the output layer's delta."""
    zs, activations = feedforward(weights, biases, X)
    delta = output = output_delta(activations[-1], T, zs[-1])
    dWs, dbs = [], []
    for i in reversed(range(len(weights))):
        dWs.insert(0, delta.T @ activations[i] / len(X))
        dbs.insert(0, delta.mean(axis=0))
        if i > 0:
            delta = hidden_delta(weights[i], output, zs[i - 1])
    return dWs, dbs


@mutant(
    "gradients",
    hint="What shape has a bias vector of ours? And yours, is it a vector or a matrix of one row?",
    convention=True,
)
def biases_as_rows(weights, biases, X, T):
    """Biases as rows: their gradients have shape (1, n), a matrix of one row."""
    zs, activations = feedforward(weights, biases, X)
    delta = output_delta(activations[-1], T, zs[-1])
    dWs, dbs = [], []
    for i in reversed(range(len(weights))):
        dWs.insert(0, delta.T @ activations[i] / len(X))
        dbs.insert(0, delta.mean(axis=0, keepdims=True))
        if i > 0:
            delta = hidden_delta(weights[i], delta, zs[i - 1])
    return dWs, dbs


@mutant(
    "gradients",
    hint="What shape has a bias vector of ours? And yours, is it a vector or a matrix of one column?",
    note="row 26: shape",
    convention=True,
)
def biases_as_columns(weights, biases, X, T):
    """Biases as columns: their gradients have shape (n, 1), as for column vectors."""
    zs, activations = feedforward(weights, biases, X)
    delta = output_delta(activations[-1], T, zs[-1])
    dWs, dbs = [], []
    for i in reversed(range(len(weights))):
        dWs.insert(0, delta.T @ activations[i] / len(X))
        dbs.insert(0, delta.mean(axis=0)[:, np.newaxis])
        if i > 0:
            delta = hidden_delta(weights[i], delta, zs[i - 1])
    return dWs, dbs


@mutant(
    "gradients",
    hint="Which of the two lists does the description name first, weights or biases?",
    convention=True,
)
def biases_first(weights, biases, X, T):
    """Biases first: the two lists come in the order of a well-known textbook's code."""
    zs, activations = feedforward(weights, biases, X)
    delta = output_delta(activations[-1], T, zs[-1])
    dWs, dbs = [], []
    for i in reversed(range(len(weights))):
        dWs.insert(0, delta.T @ activations[i] / len(X))
        dbs.insert(0, delta.mean(axis=0))
        if i > 0:
            delta = hidden_delta(weights[i], delta, zs[i - 1])
    return dbs, dWs


@mutant(
    "gradients",
    hint="Do you return two lists with an entry per layer, or one list with two entries per layer?",
    convention=True,
)
def pairs_by_layer(weights, biases, X, T):
    """Pairs by layer: one list of (dW, db) in place of two lists."""
    zs, activations = feedforward(weights, biases, X)
    delta = output_delta(activations[-1], T, zs[-1])
    dWs, dbs = [], []
    for i in reversed(range(len(weights))):
        dWs.insert(0, delta.T @ activations[i] / len(X))
        dbs.insert(0, delta.mean(axis=0))
        if i > 0:
            delta = hidden_delta(weights[i], delta, zs[i - 1])
    return list(zip(dWs, dbs))


@mutant("gradients", hint="Does your loop know how many layers there are?")
def two_layers_only(weights, biases, X, T):
    """It is written out for a net of just two layers."""
    (W1, W2), (b1, b2) = weights, biases
    (z1, z2), (_, a1, a2) = feedforward([W1, W2], [b1, b2], X)
    delta2 = output_delta(a2, T, z2)
    delta1 = hidden_delta(W2, delta2, z1)
    return (
        [delta1.T @ X / len(X), delta2.T @ a1 / len(X)],
        [delta1.mean(axis=0), delta2.mean(axis=0)],
    )


@mutant("gradients", hint="Vary a bias: does your output change?", note="row 8: bias omitted")
def own_forward_without_bias(weights, biases, X, T):
    """An own forward run forgets the biases."""
    zs, activations = feedforward(weights, [np.zeros_like(b) for b in biases], X)
    delta = output_delta(activations[-1], T, zs[-1])
    dWs, dbs = [], []
    for i in reversed(range(len(weights))):
        dWs.insert(0, delta.T @ activations[i] / len(X))
        dbs.insert(0, delta.mean(axis=0))
        if i > 0:
            delta = hidden_delta(weights[i], delta, zs[i - 1])
    return dWs, dbs


@mutant(
    "gradients",
    hint="In which range do the outputs of your net lie? And after a sigmoid?",
    note="row 9: linear output",
)
def own_forward_linear_output(weights, biases, X, T):
    """An own forward run has a linear last layer."""
    zs, activations = feedforward(weights, biases, X)
    delta = zs[-1] - T
    dWs, dbs = [], []
    for i in reversed(range(len(weights))):
        dWs.insert(0, delta.T @ activations[i] / len(X))
        dbs.insert(0, delta.mean(axis=0))
        if i > 0:
            delta = hidden_delta(weights[i], delta, zs[i - 1])
    return dWs, dbs


@mutant(
    "gradients",
    hint="Compare z and a of your forward run: are they two arrays, or one with two names?",
    note="row 10",
)
def own_forward_alias(weights, biases, X, T):
    """An own forward run overwrites z with a: both names mean one array."""
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


@mutant(
    "gradients",
    hint="A measured gradient is the test of this exercise: how would you get it from one run back?",
)
def measured_gradients(weights, biases, X, T):
    """Central differences stand in place of backpropagation."""

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


@mutant(
    "gradients",
    hint="A measured gradient is the test of this exercise: how would you get it from one run back?",
    alias_of="measured_gradients",
)
def gradients_by_numerical_gradient(weights, biases, X, T):
    """The notebook's own numerical gradient stands in place of backpropagation."""
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


@mutant(
    "gradients",
    hint="A measured gradient is the test of this exercise: how would you get it from one run back?",
    alias_of="measured_gradients",
)
def gradients_by_complex_steps(weights, biases, X, T):
    """A complex step for each parameter, right to the last digit, replaces backpropagation."""
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


@mutant(
    "numerical_gradient",
    hint="Is the secant that you measure centred on theta? To how many sides do you step?",
)
def one_sided(f, theta, h=1e-5):
    """A forward difference stands in place of the central one."""
    theta = np.array(theta, dtype=float)
    g = np.zeros(theta.shape)
    for k in np.ndindex(theta.shape):
        moved = theta.copy()
        moved[k] += h
        g[k] = (f(moved) - f(theta)) / h
    return g


@mutant("numerical_gradient", hint="How far apart are the two points of your secant?")
def divided_by_h(f, theta, h=1e-5):
    """The difference is divided by h, although the points are 2h apart."""
    g = np.zeros(theta.shape)
    for k in np.ndindex(theta.shape):
        up, down = theta.copy(), theta.copy()
        up[k] += h
        down[k] -= h
        g[k] = (f(up) - f(down)) / h
    return g


@mutant("numerical_gradient", hint="Does your step change when the caller chooses another h?")
def own_step(f, theta, h=1e-5):
    """h is ignored: the step is always the default."""
    g = np.zeros(theta.shape)
    for k in np.ndindex(theta.shape):
        up, down = theta.copy(), theta.copy()
        up[k] += 1e-5
        down[k] -= 1e-5
        g[k] = (f(up) - f(down)) / 2e-5
    return g


@mutant(
    "numerical_gradient",
    hint="Which h is taken when the caller gives none, and which does the text ask for?",
)
def coarse_default(f, theta, h=1e-3):
    """The default step is a hundred times too large."""
    g = np.zeros(theta.shape)
    for k in np.ndindex(theta.shape):
        up, down = theta.copy(), theta.copy()
        up[k] += h
        down[k] -= h
        g[k] = (f(up) - f(down)) / (2 * h)
    return g


@mutant(
    "numerical_gradient",
    hint="Is the caller's theta the same after the call as before?",
    note="row 44",
)
def not_put_back(f, theta, h=1e-5):
    """The caller's theta keeps the last step of each entry."""
    g = np.zeros(theta.shape)
    for k in np.ndindex(theta.shape):
        theta[k] += h
        up = f(theta)
        theta[k] -= 2 * h
        g[k] = (up - f(theta)) / (2 * h)
    return g


@mutant(
    "numerical_gradient",
    hint="Where do the other entries stand while you measure one? Is each back at its place?",
)
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
    """The flat view of a non-contiguous array is a copy, so f never sees the step."""
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


@mutant(
    "numerical_gradient",
    hint="How many entries does theta have, and how many do you move at a time?",
)
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


@mutant(
    "numerical_gradient",
    hint="On a function that rises, which of your two values is larger, and which is subtracted?",
)
def flipped(f, theta, h=1e-5):
    """The difference is taken the wrong way round."""
    g = np.zeros(theta.shape)
    for k in np.ndindex(theta.shape):
        up, down = theta.copy(), theta.copy()
        up[k] += h
        down[k] -= h
        g[k] = (f(down) - f(up)) / (2 * h)
    return g


@mutant("numerical_gradient", hint="Which shape has theta, and which has your result?")
def flat_result(f, theta, h=1e-5):
    """The result is flat, whatever shape theta has."""
    g = []
    for k in np.ndindex(theta.shape):
        up, down = theta.copy(), theta.copy()
        up[k] += h
        down[k] -= h
        g.append((f(up) - f(down)) / (2 * h))
    return np.array(g)


@mutant(
    "numerical_gradient", hint="In which shape does the caller's f take theta?", convention=True
)
def flat_argument(f, theta, h=1e-5):
    """Flat parameters: f gets a vector, as SciPy's routines would call it."""
    flat = theta.flatten()
    g = np.zeros(flat.shape)
    for k in range(flat.size):
        e = np.zeros(flat.shape)
        e[k] = h
        g[k] = (f(flat + e) - f(flat - e)) / (2 * h)
    return g.reshape(theta.shape)


@mutant(
    "numerical_gradient", hint="When you turn to the next entry, has the one before been set back?"
)
def direction_accumulates(f, theta, h=1e-5):
    """The direction e keeps the entries already visited."""
    g = np.zeros(theta.shape)
    e = np.zeros(theta.shape)
    for k in np.ndindex(theta.shape):
        e[k] = h
        g[k] = (f(theta + e) - f(theta - e)) / (2 * h)
    return g


@mutant(
    "numerical_gradient",
    hint="Are the two points that you compare two arrays, or one under two names?",
)
def same_array_twice(f, theta, h=1e-5):
    """Both points are the same array, so the steps cancel."""
    g = np.zeros(theta.shape)
    for k in np.ndindex(theta.shape):
        up = theta
        down = theta
        up[k] += h
        down[k] -= h
        g[k] = (f(up) - f(down)) / (2 * h)
    return g


@mutant(
    "numerical_gradient",
    hint="Is h the step itself, or a fraction of theta? What does the formula in the text say?",
    convention=True,
)
def relative_step(f, theta, h=1e-5):
    """Relative step: h is multiplied by the size of the entry, as SciPy does."""
    g = np.zeros(theta.shape)
    for k in np.ndindex(theta.shape):
        step = h * max(1.0, abs(theta[k]))
        up, down = theta.copy(), theta.copy()
        up[k] += step
        down[k] -= step
        g[k] = (f(up) - f(down)) / (2 * step)
    return g


@mutant("numerical_gradient", hint="Is every entry of theta visited, the last one included?")
def last_entry_missed(f, theta, h=1e-5):
    """The loop stops one entry early."""
    g = np.zeros(theta.shape)
    for k in list(np.ndindex(theta.shape))[:-1]:
        up, down = theta.copy(), theta.copy()
        up[k] += h
        down[k] -= h
        g[k] = (f(up) - f(down)) / (2 * h)
    return g


@mutant(
    "numerical_gradient",
    hint="Is h the step to either side, or the distance between the points? See the formula in the text.",
    convention=True,
)
def half_step(f, theta, h=1e-5):
    """Central width h: half the step to either side, so that the points are h apart."""
    g = np.zeros(theta.shape)
    for k in np.ndindex(theta.shape):
        up, down = theta.copy(), theta.copy()
        up[k] += h / 2
        down[k] -= h / 2
        g[k] = (f(up) - f(down)) / h
    return g


@mutant("numerical_gradient", hint="Is it the slope that you measure, or how the slope changes?")
def curvature(f, theta, h=1e-5):
    """The second difference is measured: the curvature, not the slope."""
    g = np.zeros(theta.shape)
    for k in np.ndindex(theta.shape):
        up, down = theta.copy(), theta.copy()
        up[k] += h
        down[k] -= h
        g[k] = (f(up) - 2 * f(theta) + f(down)) / h**2
    return g
