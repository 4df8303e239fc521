"""The adapters: the curriculum's signatures, float64 out, inputs untouched, devices alike."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

from reference import backprop, losses, regularization, sgd
from reference import numpy_api as ref
from reference.device import DeviceError, to_array, to_tensor

SIGNATURES = {
    "sigmoid": "z",
    "sigmoid_prime": "z",
    "feedforward": "weights, biases, X",
    "output_delta": "a, t, z",
    "hidden_delta": "W_next, delta_next, z",
    "gradients": "weights, biases, X, T",
    "numerical_gradient": "f, theta, h=1e-05",
    "sgd_update": "params, grads, lr",
    "minibatches": "n_samples, batch_size, rng",
    "train": "weights, biases, X, T, epochs, batch_size, lr, rng",
    "evaluate": "weights, biases, X, T",
    "softmax": "z",
    "cross_entropy": "y, t",
    "softmax_cross_entropy_gradient": "z, t",
    "init_weights": "sizes, rng",
    "dropout_mask": "shape, rate, rng",
    "dropout_forward": "x, rate, rng, training",
    "dropout_backward": "d_out, mask",
    "EarlyStopping": "patience=0, min_delta=0.0, mode='min', baseline=None, "
    "restore_best_weights=False, start_from_epoch=0",
}


def signature_of(function: Callable[..., Any]) -> str:
    """Return the parameters as the curriculum writes them."""
    parameters = inspect.signature(function).parameters.values()
    return ", ".join(
        p.name if p.default is p.empty else f"{p.name}={p.default!r}" for p in parameters
    )


def test_every_function_has_the_curriculums_signature() -> None:
    got = {name: signature_of(getattr(ref, name)) for name in ref.__all__}
    assert got == dict(sorted(SIGNATURES.items()))


def arguments() -> dict[str, tuple[Any, ...]]:
    """Return arguments for each function, freshly made: 7 samples of a 5-3-4 net."""
    rng = np.random.default_rng(0)

    def generator() -> np.random.Generator:
        return np.random.default_rng(1)

    weights = [rng.standard_normal((3, 5)), rng.standard_normal((4, 3))]
    biases = [rng.standard_normal(3), rng.standard_normal(4)]
    X, z, a = (rng.standard_normal((7, n)) for n in (5, 4, 4))
    T = np.eye(4)[rng.integers(0, 4, 7)]
    y = rng.dirichlet(np.ones(4), 7)
    return {
        "sigmoid": (z,),
        "sigmoid_prime": (z,),
        "feedforward": (weights, biases, X),
        "output_delta": (a, T, z),
        "hidden_delta": (weights[1], a, X[:, :3]),
        "gradients": (weights, biases, X, T),
        "numerical_gradient": (lambda p: float(np.sin(p).sum()), X),
        "sgd_update": (weights, [2.0 * W for W in weights], 0.3),
        "minibatches": (7, 3, generator()),
        "train": (weights, biases, X, T, 3, 2, 0.5, generator()),
        "evaluate": (weights, biases, X, T),
        "softmax": (z,),
        "cross_entropy": (y, T),
        "softmax_cross_entropy_gradient": (z, T),
        "init_weights": ([5, 3, 4], generator()),
        "dropout_mask": ((7, 4), 0.3, generator()),
        "dropout_forward": (z, 0.3, generator(), True),
        "dropout_backward": (a, z),
    }


FUNCTIONS = sorted(arguments())


def leaves(value: Any) -> list[Any]:
    """Return the arrays and numbers in nested lists and tuples."""
    if isinstance(value, (list, tuple)):
        return [leaf for item in value for leaf in leaves(item)]
    return [value]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_results_are_float64_and_inputs_stay(name: str) -> None:
    args = arguments()[name]
    before = copy.deepcopy(args)
    results = leaves(getattr(ref, name)(*args))
    wanted = np.int64 if name == "minibatches" else np.float64
    for result in results:
        assert type(result) is float or result.dtype == wanted
    for now, was in zip(leaves(args), leaves(before), strict=True):
        if isinstance(was, np.ndarray):
            np.testing.assert_array_equal(now, was)
    shared = leaves(args) if name != "feedforward" else leaves(args[:2])
    for result in results:
        assert not any(np.may_share_memory(result, arg) for arg in shared)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_memory_layout_of_the_input_does_not_matter(name: str) -> None:
    def layout(value: Any) -> Any:
        if isinstance(value, list):
            return tuple(layout(item) for item in value)
        if isinstance(value, np.ndarray):
            wide = np.repeat(np.asfortranarray(value), 2, axis=-1)[..., ::2]
            wide.setflags(write=False)
            return wide
        return value

    want = getattr(ref, name)(*arguments()[name])
    got = getattr(ref, name)(*(layout(arg) for arg in arguments()[name]))
    for ours, theirs in zip(leaves(got), leaves(want), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("value", [0, 2.5, True, [1, -2], np.array(3), np.float32(0.5)], ids=repr)
def test_elementwise_functions_take_any_number(value: Any) -> None:
    for function in (ref.sigmoid, ref.sigmoid_prime):
        got = function(value)
        assert isinstance(got, np.ndarray)
        assert got.shape == np.shape(value)
        np.testing.assert_array_equal(got, function(np.asarray(value, dtype=np.float64)))


MODULES = {
    backprop: [
        "sigmoid",
        "sigmoid_prime",
        "feedforward",
        "output_delta",
        "hidden_delta",
        "gradients",
    ],
    sgd: ["sgd_update", "train", "evaluate"],
    losses: ["softmax", "cross_entropy", "softmax_cross_entropy_gradient"],
    regularization: ["dropout_forward", "dropout_backward"],
}


@pytest.mark.parametrize(
    ("module", "name"), [(module, name) for module, names in MODULES.items() for name in names]
)
def test_adapters_return_what_the_modules_compute(module: ModuleType, name: str) -> None:
    def tensors(value: Any) -> Any:
        if isinstance(value, list):
            return [tensors(item) for item in value]
        return to_tensor(value) if isinstance(value, np.ndarray) else value

    got = leaves(getattr(ref, name)(*arguments()[name]))
    want = leaves(getattr(module, name)(*(tensors(arg) for arg in arguments()[name])))
    for ours, theirs in zip(got, want, strict=True):
        array = to_array(theirs) if isinstance(theirs, torch.Tensor) else theirs
        np.testing.assert_array_equal(ours, array)


def test_the_first_activation_is_the_input_itself() -> None:
    weights, biases, X = arguments()["feedforward"]
    assert ref.feedforward(weights, biases, X)[1][0] is X


def test_numerical_gradient_gives_the_function_its_own_float64_arrays() -> None:
    theta = np.asfortranarray(np.arange(6).reshape(2, 3))
    seen: list[np.ndarray] = []

    def f(point: np.ndarray) -> np.float64:
        seen.append(point)
        value: np.float64 = np.square(point).sum()
        point[:] = 0.0
        return value

    got = ref.numerical_gradient(f, theta, h=0.25)
    np.testing.assert_allclose(got, 2.0 * theta, rtol=1e-14)
    assert theta.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert len(seen) == 12
    assert all(point.shape == (2, 3) and point.dtype == np.float64 for point in seen)


def test_a_bad_device_is_reported_by_any_function(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOGRADER_DEVICE", "abacus")
    with pytest.raises(DeviceError, match="AUTOGRADER_DEVICE is 'abacus'"):
        ref.sigmoid(0.0)


@pytest.mark.gpu
@pytest.mark.parametrize("name", FUNCTIONS)
def test_cpu_and_gpu_agree(name: str, cuda: str, monkeypatch: pytest.MonkeyPatch) -> None:
    results = []
    for device in ("cpu", cuda):
        monkeypatch.setenv("AUTOGRADER_DEVICE", device)
        results.append(leaves(getattr(ref, name)(*arguments()[name])))
    for on_cpu, on_gpu in zip(*results, strict=True):
        # A gradient by differences divides the rounding of f by 2e-5.
        atol = 1e-9 if name == "numerical_gradient" else 1e-14
        np.testing.assert_allclose(on_gpu, on_cpu, rtol=1e-12, atol=atol)


@pytest.mark.gpu
def test_extremes_agree_on_either_device(cuda: str, monkeypatch: pytest.MonkeyPatch) -> None:
    z = np.array([[-1e300, -1000.0, -0.0, 1000.0, 1e300], [1.0, 2.0, 3.0, 4.0, -1e300]])
    monkeypatch.setenv("AUTOGRADER_DEVICE", "cpu")
    want = [f(z) for f in (ref.sigmoid, ref.sigmoid_prime, ref.softmax)]
    zero = ref.cross_entropy(np.eye(2), np.eye(2)[::-1])
    monkeypatch.setenv("AUTOGRADER_DEVICE", cuda)
    got = [f(z) for f in (ref.sigmoid, ref.sigmoid_prime, ref.softmax)]
    np.testing.assert_allclose(got, want, rtol=1e-13)
    assert ref.cross_entropy(np.eye(2), np.eye(2)[::-1]) == pytest.approx(zero, rel=1e-13)
