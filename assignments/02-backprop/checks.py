"""Visible checks of 02-backprop: no answers in here.

Slopes are compared with central differences of a cost that is built on the spot. No check knows a
formula that the notebook asks for.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograder.checks import Callback, Case, Counts, Exercise, Student, expect, visible
from autograder.errors import CheckFailed
from autograder.values import Plain, describe

DATA = ()

SIGMOID = Exercise("sigmoid", points=3)
SIGMOID_PRIME = Exercise("sigmoid_prime", points=3, uses=("sigmoid",), formula=True)
OUTPUT_DELTA = Exercise("output_delta", points=3, uses=("sigmoid", "sigmoid_prime"), formula=True)
HIDDEN_DELTA = Exercise("hidden_delta", points=4, uses=("sigmoid", "sigmoid_prime"), formula=True)
GRADIENTS = Exercise(
    "gradients",
    points=7,
    uses=("sigmoid", "sigmoid_prime", "output_delta", "hidden_delta"),
    formula=True,
)
NUMERICAL_GRADIENT = Exercise("numerical_gradient", points=4)

Array = NDArray[np.float64]

FAR = np.array([-1000.0, -300.0, 300.0, 1000.0])


# --- sigmoid ------------------------------------------------------------------------------------


@visible(
    "sigmoid",
    points=1,
    title="the log-odds of sigma(z) are z",
    hint="Which value should sigma(10) approach, and which sigma(-10)?",
)
def log_odds(student: Student, case: Case) -> None:
    """ln(sigma / (1 - sigma)) = z, and sigma(0) = 1/2: together they say what sigma is."""
    midpoint = student.call("sigmoid", np.array([0.0]))
    expect.close("sigmoid([0.0])", midpoint, [0.5], case=case, show=True)
    z = _moderate(case, (5, 4))
    got = expect.array("sigmoid(z)", student.call("sigmoid", z), z.shape, because="that of z")
    _between_0_and_1("sigmoid(z)", got)
    odds = np.log(got / (1.0 - got))
    label = "ln(sigmoid(z) / (1 - sigmoid(z)))"
    expect.close(label, odds, z, case=case, show=True, known={"z": z})


@visible(
    "sigmoid",
    points=0.5,
    title="far out sigma is 0 or 1, and finite",
    hint="Which power of e becomes too large for a float at z = -1000, which at z = 1000?",
)
def sigmoid_far_out(student: Student, case: Case) -> None:
    """No overflow spoils the value at |z| = 1000, and between it is still sigma."""
    z = np.concatenate([FAR, _moderate(case, (6,))])
    got = expect.array("sigmoid(z)", student.call("sigmoid", z), z.shape, because="that of z")
    expect.finite("sigmoid(z)", got, known={"z": z})
    for value, at in zip(got, FAR, strict=False):
        distance = abs(value - float(at > 0))
        expect.within(f"sigmoid({at:g})", distance, 0.0, 1e-8, what="distance to its limit")
    _between_0_and_1("sigmoid(z)", got[len(FAR) :])
    odds = np.log(got[len(FAR) :] / (1.0 - got[len(FAR) :]))
    expect.close("ln(sigmoid(z) / (1 - sigmoid(z)))", odds, z[len(FAR) :], case=case, show=True)
    expect.unchanged(student)


# --- sigmoid_prime ------------------------------------------------------------------------------


@visible(
    "sigmoid_prime",
    points=1,
    title="it is the slope of sigma",
    hint="Compare with a secant of sigma through two close points. Is your argument z, or already "
    "sigma(z)?",
)
def prime_is_the_slope(student: Student, case: Case) -> None:
    """Central differences of sigma, point by point."""
    z = _moderate(case, (5, 4))
    got = student.call("sigmoid_prime", z)
    expect.slope(
        "sigmoid_prime(z)",
        got,
        lambda x: float(np.sum(0.5 * np.tanh(0.5 * x))),
        z,
        of="sigma",
        known={
            "z": z,
            "sigma(z)": 0.5 * (1.0 + np.tanh(0.5 * z)),
            "the slope of tanh": 1.0 - np.tanh(z) ** 2,
            **_slopes({"sigma(z)": 0.5 * (1.0 + np.tanh(0.5 * z))}),
        },
    )
    middle = student.call("sigmoid_prime", np.array([0.0]))
    expect.close("sigmoid_prime([0.0])", middle, [0.25], case=case, show=True)
    formula_asked(student, case, "sigmoid_prime")


@visible(
    "sigmoid_prime",
    points=0.5,
    title="even in z, and flat far out",
    hint="What does your formula divide by what at z = -1000?",
)
def prime_is_even(student: Student, case: Case) -> None:
    """sigma'(-z) = sigma'(z), finite and zero at |z| = 1000, and still the slope between."""
    z = np.concatenate([FAR, _moderate(case, (6,))])
    got = expect.array(
        "sigmoid_prime(z)", student.call("sigmoid_prime", z), z.shape, because="that of z"
    )
    expect.finite("sigmoid_prime(z)", got, known={"z": z})
    for value, at in zip(got, FAR, strict=False):
        expect.within(f"sigmoid_prime({at:g})", abs(value), 0.0, 1e-8, what="distance to its limit")
    near = slice(len(FAR), None)
    expect.slope(
        "sigmoid_prime(z) at moderate z",
        got[near],
        lambda x: float(np.sum(0.5 * np.tanh(0.5 * x))),
        z[near],
        of="sigma",
    )
    mirrored = student.call("sigmoid_prime", -z)
    expect.close("sigmoid_prime(-z) against sigmoid_prime(z)", mirrored, got, case=case)
    expect.unchanged(student)
    formula_asked(student, case, "sigmoid_prime")


# --- output_delta -------------------------------------------------------------------------------


@visible(
    "output_delta",
    points=1,
    title="it is the slope of each sample's cost with respect to z",
    hint="Is your delta the slope with respect to a, or to z? And which way does the cost move "
    "when an output rises above its target?",
)
def output_delta_is_the_slope(student: Student, case: Case) -> None:
    """The costs of the samples are summed: delta belongs to a sample, nothing is averaged."""
    for n_out in (4, 3):
        _output_slope(student, case, 7, n_out)
    formula_asked(student, case, "output_delta")


@visible(
    "output_delta",
    points=0.5,
    title="also for a single sample; the arrays passed in stay",
    hint="Does anything in your formula depend on how many samples there are?",
)
def output_delta_of_one_sample(student: Student, case: Case) -> None:
    """One row in, one row out."""
    for n_out in (5, 1):
        _output_slope(student, case, 1, n_out)
    expect.unchanged(student)
    formula_asked(student, case, "output_delta")


def _output_slope(student: Student, case: Case, n: int, n_out: int) -> None:
    z = _moderate(case, (n, n_out), widest=3.0)
    a = 0.5 * (1.0 + np.tanh(0.5 * z))
    t = case.rng.uniform(0.0, 1.0, z.shape)
    t[: n // 2] = np.eye(n_out)[np.arange(n // 2) % n_out]
    while np.linalg.norm(a - t) < 0.1:  # a - t cancels digits, which float32 has not to spare
        t = case.rng.uniform(0.0, 1.0, z.shape)

    def cost(x: Array) -> float:
        return float(0.5 * np.sum((0.5 * (1.0 + np.tanh(0.5 * x)) - t) ** 2))

    got = student.call("output_delta", a, t, z)
    known = {
        "a - t": a - t,
        "z - t": z - t,
        "t / a": t / a,
        "1 - a^2": 1.0 - a**2,
        "z": z,
        "sigma(z)": a,
        **_slopes({"z": z, "a": a, "a - t": a - t}),
    }
    counts = Counts({"samples": n, "outputs": n_out}, axes=("sample", "output"))
    label = "output_delta(a, t, z)"
    expect.slope(label, got, cost, z, of="the cost", counts=counts, known=known)


def _slopes(places: dict[str, Array]) -> dict[str, Array]:
    """Return what a wrong factor sigma' may be, measured, so that no formula ships."""
    h = 1e-4
    return {
        f"sigma'({name})": 0.25 * (np.tanh(0.5 * (z + h)) - np.tanh(0.5 * (z - h))) / h
        for name, z in places.items()
    }


# --- hidden_delta -------------------------------------------------------------------------------


@visible(
    "hidden_delta",
    points=1,
    title="it carries delta back through W and sigma",
    hint="Write the shapes of delta_next and W_next side by side. What lies between a layer's z "
    "and the next layer's z?",
)
def hidden_delta_is_the_slope(student: Student, case: Case) -> None:
    """Layers of 3 and 6 neurons, then of 6 and 3."""
    for n_here, n_next in ((3, 6), (6, 3)):
        _hidden_slope(student, case, n_here, n_next)
    formula_asked(student, case, "hidden_delta")


@visible(
    "hidden_delta",
    points=0.5,
    title="also between layers of equal width; the arrays passed in stay",
    hint="Here every product of matrices runs. w_jk leads to neuron j from neuron k: over which "
    "index does the recursion sum?",
)
def hidden_delta_square(student: Student, case: Case) -> None:
    """Layers of 4 and 4 neurons, where a transposed W raises nothing."""
    _hidden_slope(student, case, 4, 4)
    expect.unchanged(student)
    formula_asked(student, case, "hidden_delta")


def _hidden_slope(student: Student, case: Case, n_here: int, n_next: int) -> None:
    z = _moderate(case, (7, n_here), widest=3.0)
    w_next = case.rng.normal(size=(n_next, n_here))
    delta_next = case.rng.normal(size=(7, n_next))

    def pulled(x: Array) -> float:
        # A cost whose slope with respect to the next layer's z is delta_next.
        z_next = (0.5 * (1.0 + np.tanh(0.5 * x))) @ w_next.T
        return float(np.sum(delta_next * z_next))

    got = student.call("hidden_delta", w_next, delta_next, z)
    counts = Counts(
        {"samples": 7, "neurons of this layer": n_here, "neurons of the next layer": n_next},
        axes=("sample", "neuron"),
    )
    a = 0.5 * (1.0 + np.tanh(0.5 * z))
    known = {"z": z, "sigma(z)": a, **_slopes({"z": z, "sigma(z)": a})}
    label = "hidden_delta(W_next, delta_next, z)"
    expect.slope(label, got, pulled, z, of="the cost", counts=counts, known=known)


# --- gradients ----------------------------------------------------------------------------------


@visible(
    "gradients",
    points=1,
    title="a net with no hidden layer, called twice",
    hint="With one layer there is no recursion: delta, the inputs, and an average over samples. "
    "Which axis is samples?",
)
def one_layer(student: Student, case: Case) -> None:
    """One layer of 4 neurons on 5 inputs."""
    _gradient_slopes(student, case, [5, 4], calls=2)
    expect.unchanged(student)
    formula_asked(student, case, "gradients")


@visible(
    "gradients",
    points=2,
    title="every layer of a deeper net",
    hint="Is the last layer right and an earlier one not? Then look at the recursion: which W, "
    "which z, which activation belong to layer l?",
)
def every_layer(student: Student, case: Case) -> None:
    """The sizes differ in the first net and agree in the second."""
    for sizes in ([5, 3, 6, 4], [4, 4, 4]):
        _gradient_slopes(student, case, sizes)
    formula_asked(student, case, "gradients")


def _gradient_slopes(student: Student, case: Case, sizes: list[int], calls: int = 1) -> None:
    weights = [case.rng.uniform(-1.2, 1.2, (n_out, n_in)) for n_in, n_out in pairwise(sizes)]
    biases = [case.rng.uniform(-1.0, 1.0, n_out) for n_out in sizes[1:]]
    inputs = case.rng.uniform(-2.0, 2.0, (7, sizes[0]))
    targets = np.eye(sizes[-1])[case.rng.permutation(7) % sizes[-1]]

    def cost(some_weights: list[Array], some_biases: list[Array]) -> float:
        a = inputs
        for w, b in zip(some_weights, some_biases, strict=True):
            a = 0.5 * (1.0 + np.tanh(0.5 * (a @ w.T + b)))
        return float(0.5 * np.sum((a - targets) ** 2) / len(inputs))

    for call in range(1, calls + 1):
        got = student.call("gradients", weights, biases, inputs, targets)
        expect.gradients_of(
            "gradients(weights, biases, X, T)",
            got,
            cost,
            (weights, biases),
            when=f" at call {call}" if call > 1 else "",
            counts=Counts({"samples": 7, "outputs": sizes[-1], "calls": call}),
        )


# --- numerical_gradient -------------------------------------------------------------------------


@visible(
    "numerical_gradient",
    points=1,
    title="exact on a parabola, whatever h is",
    hint="On a parabola the secant from theta - h to theta + h is parallel to the tangent. Which "
    "two points do you take, and are all other entries at their place meanwhile?",
)
def exact_on_a_parabola(student: Student, case: Case) -> None:
    """Any quadratic form: central differences have no truncation error, one-sided ones do."""
    for h in (0.25, 0.0625):
        # Multiples of 1/64: adding and subtracting h is exact, so theta can be restored exactly.
        theta = np.round(case.rng.uniform(-2.0, 2.0, 5) * 64) / 64
        form = case.rng.normal(size=(5, 5))
        pull = case.rng.normal(size=5)
        f = given_function(lambda x, form=form, pull=pull: x @ form @ x + pull @ x, theta.shape)
        got = student.call("numerical_gradient", f, theta, h)
        _called_with("f", f, theta.shape)
        expect.tensor(
            f"numerical_gradient(f, theta, h={h:g})",
            got,
            (form + form.T) @ theta + pull,
            case=case,
            counts=Counts({"entries": 5}, {"h": h, "2h": 2 * h}),
            known={"theta": theta},
        )
    expect.unchanged(student)


@visible(
    "numerical_gradient",
    points=1,
    title="theta may be a matrix",
    hint="How many entries has theta, and how many do you visit? f needs theta in its own shape.",
)
def matrix_theta(student: Student, case: Case) -> None:
    """The default h; f and the result take theta's shape."""
    for shape in ((2, 3), (3, 1), (2, 2, 2)):
        theta = case.rng.uniform(-1.0, 1.0, shape)
        scale = case.rng.uniform(0.5, 2.0, shape)
        f = given_function(lambda x, scale=scale: np.sum(np.sin(scale * x)), shape)
        got = student.call("numerical_gradient", f, theta)
        _called_with("f", f, shape)
        slopes = scale * np.cos(scale * theta)
        counts = Counts({"entries": theta.size}, {"h": 1e-5, "2h": 2e-5})
        label = "numerical_gradient(f, theta)"
        expect.tensor(label, got, slopes, case=case, counts=counts, known={"theta": theta})


def given_function(function: Callable[[Array], Any], shape: tuple[int, ...]) -> Callback:
    """Return `function` for the student to call; on anything but an array of `shape` it is NaN."""

    def f(theta: Plain = None, *_others: Plain) -> float:
        fits = isinstance(theta, np.ndarray) and theta.shape == shape
        return float(function(np.asarray(theta, dtype=np.float64))) if fits else float("nan")

    return Callback(f)


def _called_with(label: str, f: Callback, shape: tuple[int, ...]) -> None:
    """Fail if `f` was never called, or with anything but one array of `shape`."""
    expect.holds(bool(f.calls), label, "was never called; expected a few calls for each entry.")
    for arguments in f.calls:
        one = arguments[0] if len(arguments) == 1 else None
        fits = isinstance(one, np.ndarray) and one.shape == shape
        got = describe(one) if len(arguments) == 1 else f"{len(arguments)} arguments"
        expect.holds(fits, f"{label}(theta)", f"expected an array of shape {shape}, got {got}.")


# --- shared -------------------------------------------------------------------------------------


def _moderate(case: Case, shape: tuple[int, ...], widest: float = 6.0) -> Array:
    """Draw numbers of either sign that are neither tiny nor far out."""
    size = case.rng.uniform(0.3, widest, shape)
    drawn: Array = size * case.rng.choice([-1.0, 1.0], shape)
    return drawn


def _between_0_and_1(label: str, got: Array) -> None:
    outside = got[~((got > 0.0) & (got < 1.0))]
    if outside.size:
        raise CheckFailed(
            label, f"expected numbers between 0 and 1 at moderate z, got {outside.flat[0]:.4g}."
        )


TAILS = ((15.5, 17.5, 2e-6), (21.0, 23.0, 2e-5))
"""Stretches of z, and how far a float64 formula's slope may be from e^-z there, relatively."""


def formula_asked(student: Student, case: Case, name: str) -> None:
    """Fail if the exercise `name` answers with a difference quotient.

    Far out sigma is 1 to many digits and its slope is e^-z. A formula still gives that slope; a
    difference of two sigmas gives it with noise, too large here and too small there, or, with a
    coarse step, off by the same fraction everywhere. Values in float32, rounded to decimals, or
    of a clipped z look different. Comes last in a check: the values have been found right.

    Parameters
    ----------
    student, case
        As in a check.
    name
        One of the exercises that ask for a derivative.
    """
    for low, high, exact in TAILS:
        z = case.rng.permutation(np.linspace(low, high, 24))
        got = _slope_of_sigma(student, name, z)
        off = got * np.exp(z) - 1.0
        noisy = np.min(off) < -exact and np.max(off) > exact
        biased = exact < np.max(np.abs(off)) < 0.5 and np.ptp(off) < 0.1 * abs(np.mean(off))
        if (noisy or biased) and not (_multiples(got, 2.0**-24) or _multiples(got, 1e-12)):
            raise CheckFailed(
                name,
                "expected the formula of the derivative, got what a difference quotient gives: "
                f"where sigma is almost flat it is off by up to {np.max(np.abs(off)):.1g} of its "
                "size.",
                hint="A numerical derivative is the test of this exercise, not its answer. Do the "
                "differentiation on paper, with the chain rule.",
            )


def _slope_of_sigma(student: Student, name: str, z: Array) -> Array:
    """Call the exercise `name` such that the slope of sigma at 24 places `z` is in its answer.

    The arguments are ordinary ones, but for their size: nobody has a reason to refuse them.
    """
    layer = z.reshape(8, 3)
    outputs = np.column_stack([layer, np.zeros(8)])
    targets = np.eye(4)[np.full(8, 3)]
    arguments: dict[str, tuple[Any, ...]] = {
        "sigmoid_prime": (z,),
        "output_delta": (0.5 * (1.0 + np.tanh(0.5 * outputs)), targets, outputs),
        "hidden_delta": (np.eye(3), np.ones(layer.shape), layer),
        "gradients": (
            [np.zeros((25, 2))],
            [np.append(z, 0.0)],
            np.ones((2, 2)),
            np.eye(25)[np.full(2, 24)],
        ),
    }
    result = student.call(name, *arguments[name])
    if name == "gradients":
        (got,), _ = expect.parameters(f"{name} at large z", result, [2, 25], ("dWs", "dbs"))
    else:
        shape = {"sigmoid_prime": z.shape, "output_delta": outputs.shape}.get(name, layer.shape)
        got = expect.array(f"{name} at large z", result, shape)
    expect.finite(f"{name} at large z", got)
    if name == "gradients":
        return got[:24, 0]
    return got[:, :3].reshape(-1) if name == "output_delta" else got.reshape(-1)


def _multiples(values: Array, grain: float) -> bool:
    """Whether all `values` are whole multiples of `grain`, but for rounding."""
    grains = values / grain
    return bool(np.max(np.abs(grains - np.round(grains))) < 1e-4)
