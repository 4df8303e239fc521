"""Hidden checks of 02-backprop: the reference on fresh secret inputs."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from autograder.checks import Case, Counts, Strided, Student, expect, hidden
from autograder.course import load_module
from reference import numpy_api as ref

_visible = load_module(Path(__file__).with_name("checks.py"))
formula_asked = _visible.formula_asked
given_function = _visible.given_function

Array = NDArray[np.float64]

SQUARE = [4, 4, 4, 4]
"""Equal widths: a forgotten transpose raises nothing here and must be seen in the values."""

RECTANGULAR = [5, 3, 6, 4]
N = 7
"""Samples: no width of either net, so that an axis mix-up shows."""

CONDITIONED = 3e-3
"""Smallest norm of a layer's gradient: below, a wrong layer could hide in the rounding."""


# --- sigmoid, sigmoid_prime ---------------------------------------------------------------------


@hidden(
    "sigmoid",
    points=0.5,
    title="numbers, integers and any array, each in its own shape",
    hint="What dtype do you compute in when z holds integers, and what shape do you return?",
)
def sigmoid_inputs(student: Student, case: Case) -> None:
    """Elementwise: the shape of the result is that of z."""
    for label, z in _kinds(case):
        got = student.call("sigmoid", z)
        expect.close(f"sigmoid(z), z {label}", got, ref.sigmoid(_array(z)), case=case)
    expect.unchanged(student)


@hidden(
    "sigmoid",
    points=1,
    title="right values, near zero and far out",
    hint="Which value should sigma(10) approach, and which sigma(-10)?",
)
def sigmoid_values(student: Student, case: Case) -> None:
    """Entry by entry against the reference."""
    z = np.concatenate([case.rng.normal(scale=3.0, size=40).clip(-12, 12), [-12.0, 0.0, 12.0]])
    got = student.call("sigmoid", z)
    expect.close("sigmoid(z)", got, ref.sigmoid(z), case=case, known={"z": z})
    far = case.rng.uniform(50.0, 1000.0, (3, 2)) * np.array([-1.0, 1.0])
    got = expect.array("sigmoid(z)", student.call("sigmoid", far), far.shape)
    expect.finite("sigmoid(z)", got, known={"z": far})
    distance = float(np.max(np.abs(got - ref.sigmoid(far))))
    expect.within("sigmoid(z) at |z| > 50", distance, 0.0, 1e-8, what="distance to its limit")


@hidden(
    "sigmoid_prime",
    points=0.5,
    title="numbers, integers and any array, each in its own shape",
    hint="What dtype do you compute in when z holds integers, and what shape do you return?",
)
def prime_inputs(student: Student, case: Case) -> None:
    """Elementwise: the shape of the result is that of z."""
    for label, z in _kinds(case):
        got = student.call("sigmoid_prime", z)
        expect.close(f"sigmoid_prime(z), z {label}", got, ref.sigmoid_prime(_array(z)), case=case)
    expect.unchanged(student)
    formula_asked(student, case, "sigmoid_prime")


@hidden(
    "sigmoid_prime",
    points=1,
    title="right values, near zero and far out",
    hint="How often did you squash z on the way? The steepest place of sigma is z = 0.",
)
def prime_values(student: Student, case: Case) -> None:
    """Entry by entry against the reference."""
    z = np.concatenate([case.rng.normal(scale=2.0, size=40).clip(-6, 6), [-6.0, 0.0, 6.0]])
    got = student.call("sigmoid_prime", z)
    a = ref.sigmoid(z)
    known = {
        "z": z,
        "z (1 - z)": z * (1.0 - z),
        "1 - z": 1.0 - z,
        "sigma(z)": a,
        "1 - sigma(z)": 1.0 - a,
        "1 + sigma(z)": 1.0 + a,
        "1 - sigma(z)^2": 1.0 - a**2,
        "the slope of tanh": 1.0 - np.tanh(z) ** 2,
        "sigma'(sigma(z))": ref.sigmoid_prime(a),
    }
    expect.close("sigmoid_prime(z)", got, ref.sigmoid_prime(z), case=case, known=known)
    far = case.rng.uniform(50.0, 1000.0, (3, 2)) * np.array([-1.0, 1.0])
    flat = expect.array("sigmoid_prime(z)", student.call("sigmoid_prime", far), far.shape)
    expect.finite("sigmoid_prime(z)", flat, known={"z": far})
    distance = float(np.max(np.abs(flat)))
    expect.within("sigmoid_prime(z) at |z| > 50", distance, 0.0, 1e-8, what="distance to its limit")
    formula_asked(student, case, "sigmoid_prime")


def _kinds(case: Case) -> list[tuple[str, object]]:
    """Return what an elementwise function must take, with a name for each."""
    draw = case.rng.uniform
    whole = [int(k) for k in case.rng.permutation([-4, -3, -2, -1, 1, 2, 3, 4])]
    return [
        ("an int", whole[0]),
        ("a float", float(draw(-4.0, 4.0))),
        ("an array of shape ()", np.array(draw(-4.0, 4.0))),
        ("an array of integers", np.array([*whole, 0])),
        ("a matrix of integers", np.array(whole).reshape(2, 4)),
        ("one number in a matrix", draw(-4.0, 4.0, (1, 1))),
        ("a matrix in Fortran order", Strided(draw(-4.0, 4.0, (3, 5)), "F")),
        ("a view of every second element", Strided(draw(-4.0, 4.0, (4, 3)), "view")),
        ("an array of three axes", draw(-4.0, 4.0, (2, 3, 2))),
    ]


def _array(z: object) -> Array:
    return np.asarray(z.array if isinstance(z, Strided) else z, dtype=np.float64)


# --- output_delta, hidden_delta -----------------------------------------------------------------


@hidden(
    "output_delta",
    points=1,
    title="right values, sample by sample",
    hint="Differentiate 1/2 (a - t)^2 with respect to z, by the chain rule: two factors.",
)
def output_delta_values(student: Student, case: Case) -> None:
    """One-hot and soft targets; outputs as a net of moderate and of large weights gives them."""
    for scale in (0.5, 2.0):
        z, a, t = _output(case, N, 4, scale)
        _output_delta(case, student.call("output_delta", a, t, z), z, a, t, "")
    formula_asked(student, case, "output_delta")


@hidden(
    "output_delta",
    points=0.5,
    title="one sample, one output, as many samples as outputs",
    hint="The result has the shape of z, for any number of samples; nothing is averaged yet.",
)
def output_delta_shapes(student: Student, case: Case) -> None:
    """Sizes at which an axis mix-up or an average would hide or raise."""
    for n_samples, n_out in ((1, 3), (5, 1), (4, 4), (2, 10)):
        z, a, t = _output(case, n_samples, n_out, 1.0)
        got = student.call("output_delta", Strided(a, "F"), t, Strided(z, "view"))
        _output_delta(case, got, z, a, t, f" for {n_samples} x {n_out}")
    expect.unchanged(student)
    formula_asked(student, case, "output_delta")


def _output_delta(case: Case, got: object, z: Array, a: Array, t: Array, when: str) -> None:
    known = {
        "a - t": a - t,
        "z - t": z - t,
        "t / a": t / a,
        "1 - a^2": 1.0 - a**2,
        "z": z,
        "sigma(z)": a,
        "sigma'(z)": ref.sigmoid_prime(z),
        "sigma'(a)": ref.sigmoid_prime(a),
        "sigma'(a - t)": ref.sigmoid_prime(a - t),
    }
    n, n_out = z.shape
    counts = Counts({"samples": n, "outputs": n_out}, axes=("sample", "output"))
    right = ref.output_delta(a, t, z)
    label = f"output_delta(a, t, z){when}"
    expect.tensor(label, got, right, case=case, counts=counts, known=known)


def _output(case: Case, n: int, n_out: int, scale: float) -> tuple[Array, Array, Array]:
    """Return ``(z, a, t)`` of an output layer; `a` belongs to `z`."""
    z = case.rng.normal(scale=scale, size=(n, n_out)).clip(-5.0, 5.0)
    t = case.rng.uniform(0.05, 0.95, (n, n_out))
    one_hot = np.eye(max(n_out, 2))[case.rng.integers(n_out, size=n)][:, :n_out]
    rows = np.arange(n) % 2 == 0
    t[rows] = one_hot[rows]
    return z, ref.sigmoid(z), t


@hidden(
    "hidden_delta",
    points=1.5,
    title="right values, widths equal and different",
    hint="Which sum over j does a neuron k of this layer feel, and how steep is its own sigma?",
)
def hidden_delta_values(student: Student, case: Case) -> None:
    """Layers of the pinned nets, with an upstream delta that is not a difference a - t."""
    for n_here, n_next in ((4, 4), (3, 6), (6, 4)):
        _hidden_delta(student, case, N, n_here, n_next)
    formula_asked(student, case, "hidden_delta")


@hidden(
    "hidden_delta",
    points=1,
    title="one sample, layers of one neuron, any memory layout",
    hint="The result has the shape of z: one row a sample, one column a neuron of this layer.",
)
def hidden_delta_shapes(student: Student, case: Case) -> None:
    """Sizes at which broadcasting could hide a mistake, or make one."""
    for n, n_here, n_next in ((1, 3, 5), (1, 4, 4), (5, 1, 3), (5, 3, 1), (4, 4, 4), (3, 1, 1)):
        _hidden_delta(student, case, n, n_here, n_next, layout=True)
    expect.unchanged(student)
    formula_asked(student, case, "hidden_delta")


def _hidden_delta(
    student: Student, case: Case, n: int, n_here: int, n_next: int, *, layout: bool = False
) -> None:
    w_next = case.rng.normal(size=(n_next, n_here))
    delta_next = case.rng.normal(size=(n, n_next))
    z = case.rng.normal(scale=1.5, size=(n, n_here)).clip(-5.0, 5.0)
    sent = (Strided(w_next, "F"), Strided(delta_next, "view"), Strided(z, "F"))
    got = student.call("hidden_delta", *(sent if layout else (w_next, delta_next, z)))
    label = f"hidden_delta(W_next, delta_next, z) for layers of {n_here} and {n_next}"
    right = ref.hidden_delta(w_next, delta_next, z)
    counts = Counts(
        {"samples": n, "neurons of this layer": n_here, "neurons of the next layer": n_next},
        axes=("sample", "neuron"),
    )
    a = ref.sigmoid(z)
    known = {
        "z": z,
        "sigma(z)": a,
        "sigma'(z)": ref.sigmoid_prime(z),
        "sigma'(sigma(z))": ref.sigmoid_prime(a),
    }
    expect.tensor(label, got, right, case=case, counts=counts, known=known)


# --- gradients ----------------------------------------------------------------------------------


@hidden(
    "gradients",
    points=1.5,
    title="right values in every layer, widths equal and different",
    hint="Print the shapes of delta, W and the activation in each turn of the loop. Which of them "
    "belong to layer l, which to the layer before?",
)
def pinned_nets(student: Student, case: Case) -> None:
    """The two pinned nets."""
    for sizes in (RECTANGULAR, SQUARE):
        net = _net(case, sizes, N)
        _compare(student.call("gradients", *net), net, case)
    formula_asked(student, case, "gradients")


@hidden(
    "gradients",
    points=1,
    title="the direction is right: downhill is downhill",
    hint="Are all layers, weights and biases, off by the same factor? If so, look at the average; "
    "if not, look at the layer that differs.",
)
def direction(student: Student, case: Case) -> None:
    """Right up to one positive factor that all layers, weights and biases share."""
    for sizes in (RECTANGULAR, SQUARE):
        net = _net(case, sizes, N)
        got = student.call("gradients", *net)
        parts = expect.parameters("gradients(weights, biases, X, T)", got, sizes, ("dWs", "dbs"))
        mine = np.concatenate([part.ravel() for group in parts for part in group])
        right = np.concatenate([part.ravel() for group in ref.gradients(*net) for part in group])
        length = float(np.linalg.norm(mine))
        expect.holds(length > 0.0, "dWs, dbs", "expected a direction, got zeros everywhere.")
        label = "(dWs, dbs) scaled to length 1"
        expect.tensor(label, mine / length, right / np.linalg.norm(right), case=case)
    formula_asked(student, case, "gradients")


@hidden(
    "gradients",
    points=0.5,
    title="any depth, any number of samples",
    hint="Does your loop know how many layers there are? And what is an average over one sample?",
)
def depths(student: Student, case: Case) -> None:
    """No hidden layer, one, five; one sample, two, as many as neurons."""
    for sizes, n in (([3, 4], 1), ([4, 5, 3], 2), ([4, 4], 4), ([3, 4, 2, 5, 4, 3, 2], N)):
        net = _net(case, sizes, n, smallest=1e-5)
        _compare(student.call("gradients", *net), net, case)
    formula_asked(student, case, "gradients")


@hidden(
    "gradients",
    points=1,
    title="an average over the batch, the same at each call",
    hint="Give every sample twice, or call it twice: what should happen to an average?",
)
def batch_average(student: Student, case: Case) -> None:
    """One hidden layer. Doubled batch, shuffled batch, further calls: the gradient stays."""
    sizes = [5, 3, 4]
    weights, biases, inputs, targets = net = _net(case, sizes, N)
    order = case.rng.permutation(np.tile(np.arange(N), 2))
    _compare(student.call("gradients", *net), net, case)
    doubled = student.call("gradients", weights, biases, inputs[order], targets[order])
    _compare(doubled, net, case, " with every sample twice", calls=2, copies=2)
    for calls in (3, 4):
        again = student.call("gradients", *net)
        _compare(again, net, case, " at a further call", calls=calls)
    expect.unchanged(student)
    formula_asked(student, case, "gradients")


Net = tuple[list[Array], list[Array], Array, Array]


def _net(case: Case, sizes: list[int], n: int, smallest: float = CONDITIONED) -> Net:
    """Return ``(weights, biases, X, T)`` whose every gradient is at least `smallest` in norm."""
    while True:
        pairs = list(pairwise(sizes))
        weights = [case.rng.normal(size=(n_out, n_in)) for n_in, n_out in pairs]
        biases = [case.rng.normal(size=n_out) for _, n_out in pairs]
        inputs = case.rng.normal(size=(n, sizes[0]))
        targets = np.eye(sizes[-1])[case.rng.integers(sizes[-1], size=n)]
        d_weights, d_biases = ref.gradients(weights, biases, inputs, targets)
        if min(float(np.linalg.norm(g)) for g in (*d_weights, *d_biases)) >= smallest:
            return weights, biases, inputs, targets


def _compare(
    got: object, net: Net, case: Case, when: str = "", *, calls: int = 1, copies: int = 1
) -> None:
    weights, biases, inputs, targets = net
    numbers = {"samples": copies * len(inputs), "outputs": targets.shape[1], "calls": calls}
    expect.gradients(
        "gradients(weights, biases, X, T)",
        got,
        ref.gradients(*net),
        case=case,
        at=(weights, biases),
        when=when,
        counts=Counts(numbers),
    )


# --- numerical_gradient -------------------------------------------------------------------------


@hidden(
    "numerical_gradient",
    points=1,
    title="the step is h: on a cubic the error is known",
    hint="On theta^3 a central difference is off by just h^2. Which step do you really take?",
)
def cubic(student: Student, case: Case) -> None:
    """((x + h)^3 - (x - h)^3) / 2h = 3 x^2 + h^2, also for the default h at x = 0."""
    scale = case.rng.uniform(0.5, 2.0, 4)
    f = given_function(lambda x: np.sum(scale * x**3), scale.shape)
    # Near 0, where h^2 is a good part of the result, and at entries larger than 1.
    for low, high in ((0.0, 0.4), (1.5, 3.0)):
        theta = case.rng.uniform(low, high, 4) * case.rng.choice([-1.0, 1.0], 4)
        h = float(case.rng.uniform(0.2, 0.4))
        got = student.call("numerical_gradient", f, theta, h)
        label = f"numerical_gradient(f, theta, h={h:.3g})"
        right = scale * (3.0 * theta**2 + h**2)
        counts = Counts(quantities={"h": h, "2h": 2.0 * h})
        expect.tensor(label, got, right, case=case, counts=counts, known={"theta": theta})
    got = student.call("numerical_gradient", f, np.zeros(4))
    expect.tensor("numerical_gradient(f, theta) with the default h", got, scale * 1e-10, case=case)


@hidden(
    "numerical_gradient",
    points=1,
    title="any memory layout; theta is left as it was",
    hint="Is your flat view of theta a view, or a copy? And is every entry put back before the "
    "next one moves?",
)
def layouts(student: Student, case: Case) -> None:
    """A function in which all entries are entangled, on arrays that are not contiguous."""
    for layout, shape in (("view", (4,)), ("F", (2, 3)), ("view", (3, 2)), ("F", (2, 2, 2))):
        # Multiples of 1/64 and h = 1/256: theta can be put back to the last bit.
        theta = np.round(case.rng.uniform(-1.5, 1.5, shape) * 64) / 64
        form = case.rng.normal(size=(theta.size, theta.size))
        f = given_function(lambda x, form=form: x.ravel() @ form @ x.ravel(), shape)
        slopes = ((form + form.T) @ theta.ravel()).reshape(shape)
        got = student.call("numerical_gradient", f, Strided(theta, layout), h=2.0**-8)
        counts = Counts(quantities={"h": 2.0**-8, "2h": 2.0**-7})
        expect.tensor(
            "numerical_gradient(f, theta, h=1/256)", got, slopes, case=case, counts=counts
        )
        expect.unchanged(student)


REFERENCE = {
    "sigmoid": ref.sigmoid,
    "sigmoid_prime": ref.sigmoid_prime,
    "output_delta": ref.output_delta,
    "hidden_delta": ref.hidden_delta,
}
