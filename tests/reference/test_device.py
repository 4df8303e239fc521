"""Choosing a device, and the way from NumPy to torch and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from reference import backprop, device, initialization, losses, regularization, sgd
from reference.device import DeviceError, choose_device, to_array, to_tensor

if TYPE_CHECKING:
    from tests.reference.conftest import MakeNet


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pretend that there is a GPU."""
    monkeypatch.setattr(device, "cuda_is_there", lambda: True)


@pytest.fixture
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pretend that there is none."""
    monkeypatch.setattr(device, "cuda_is_there", lambda: False)


@pytest.mark.parametrize("value", [None, "", "auto", " AUTO "])
@pytest.mark.usefixtures("gpu")
def test_automatic_takes_the_gpu_where_there_is_one(
    monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    monkeypatch.delenv("AUTOGRADER_DEVICE", raising=False)
    if value is not None:
        monkeypatch.setenv("AUTOGRADER_DEVICE", value)
    assert choose_device().type == "cuda"


@pytest.mark.usefixtures("no_gpu")
def test_automatic_is_the_cpu_where_there_is_no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AUTOGRADER_DEVICE", raising=False)
    assert choose_device() == torch.device("cpu")


@pytest.mark.usefixtures("gpu")
def test_the_environment_chooses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOGRADER_DEVICE", "CPU")
    assert choose_device() == torch.device("cpu")


def test_the_argument_comes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOGRADER_DEVICE", "nonsense")
    assert choose_device("cpu") == torch.device("cpu")
    assert choose_device(torch.device("meta")) == torch.device("meta")


@pytest.mark.usefixtures("no_gpu")
def test_a_bad_value_is_named_with_its_source(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOGRADER_DEVICE", "tpu")
    with pytest.raises(DeviceError) as caught:
        choose_device()
    assert str(caught.value) == (
        "AUTOGRADER_DEVICE is 'tpu': expected 'cpu' or 'cuda', or nothing to choose automatically."
    )
    assert caught.value.asked == "tpu"
    with pytest.raises(DeviceError, match=r"^device is 'gpu': expected 'cpu' or 'cuda'"):
        choose_device("gpu")


@pytest.mark.usefixtures("no_gpu")
def test_cuda_that_is_not_there_is_said_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOGRADER_DEVICE", "cuda")
    with pytest.raises(DeviceError) as caught:
        choose_device()
    message = str(caught.value)
    assert message.startswith("AUTOGRADER_DEVICE is 'cuda', but torch ")
    assert message.endswith("Install a CUDA build of torch and check nvidia-smi, or ask for 'cpu'.")


@pytest.mark.parametrize(
    "value",
    [3, 2.5, True, [1, 2], np.float32(0.1), np.arange(6).reshape(2, 3), np.zeros((0, 3))],
    ids=repr,
)
def test_there_and_back_is_float64_of_the_same_shape(value: Any) -> None:
    back = to_array(to_tensor(value, "cpu"))
    assert back.dtype == np.float64
    assert back.shape == np.shape(value)
    np.testing.assert_array_equal(back, np.asarray(value, dtype=np.float64))


def test_any_memory_layout_is_as_good() -> None:
    base = np.arange(24.0).reshape(4, 6)
    frozen = base.copy()
    frozen.setflags(write=False)
    for array in (base[::2, ::-1], np.asfortranarray(base), base.T, frozen, base.astype(">f8")):
        np.testing.assert_array_equal(to_array(to_tensor(array, "cpu")), array)


def test_every_tensor_is_made_where_the_inputs_are(make_net: MakeNet) -> None:
    # The meta device holds shapes only and refuses to mix with the CPU: a GPU for those without.
    meta = torch.device("meta")
    net = make_net([5, 3, 4])
    weights, biases = ([p.to(meta) for p in params] for params in (net.weights, net.biases))
    X, T = net.X.to(meta), net.T.to(meta)
    rng = np.random.default_rng(0)
    results = [
        *sgd.train(weights, biases, X, T, 2, 3, 0.5, rng),
        backprop.feedforward(weights, biases, X)[1],
        [losses.softmax_cross_entropy_gradient(T, T)],
        *initialization.init_weights([5, 3, 4], rng, meta),
        [regularization.dropout_mask((7, 5), 0.5, rng, meta)],
        regularization.dropout_forward(X, 0.5, rng, training=True),
        regularization.dropout_forward(X, 0.5, rng, training=False),
    ]
    for tensors in results:
        assert all(t.device == meta and t.dtype == torch.float64 for t in tensors)


def test_nothing_is_shared() -> None:
    array = np.ones(3)
    tensor = to_tensor(array, "cpu")
    back = to_array(tensor)
    tensor[:] = 5.0
    assert array.tolist() == back.tolist() == [1.0, 1.0, 1.0]
