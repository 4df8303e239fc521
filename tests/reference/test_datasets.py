"""The digits that are always there, the file that ships, and MNIST with and without a network."""

from __future__ import annotations

import gzip
import hashlib
import struct
from pathlib import Path

import numpy as np
import pytest
from sklearn import datasets as sklearn_datasets

from reference import mnist
from reference.datasets import (
    load_digits,
    load_mnist,
    one_hot,
    two_features,
    write_digits_train,
)
from reference.mnist import VARIABLE, DatasetError

ROOT = Path(__file__).resolve().parents[2]
LOCAL_MNIST = ROOT.parent / "shared" / "data" / "mnist.npz"
SHIPPED = [
    ROOT / "solutions" / name / "digits_train.npz"
    for name in ("03-sgd", "04-loss-and-init", "05-regularization")
]

# --- scikit-learn's digits


def test_digits_are_split_into_all_images_of_scikit_learn() -> None:
    digits = load_digits()
    assert digits.X_train.shape == (1201, 64)
    assert digits.T_train.shape == (1201, 10)
    assert digits.X_test.shape == (596, 64)
    assert digits.T_test.shape == (596, 10)
    rows = np.concatenate([digits.X_train, digits.X_test])
    assert sorted(map(bytes, rows)) == sorted(map(bytes, sklearn_datasets.load_digits().data / 16))
    assert rows.min() == 0.0
    assert rows.max() == 1.0


def test_the_split_takes_every_third_image_of_each_class() -> None:
    source = sklearn_datasets.load_digits()
    digits = load_digits()
    for label in range(10):
        mine = source.data[source.target == label] / 16.0
        test = digits.X_test[digits.T_test[:, label] == 1.0]
        np.testing.assert_array_equal(test, mine[2::3])


def test_no_test_image_is_also_a_training_image() -> None:
    digits = load_digits()
    assert not set(map(bytes, digits.X_train)) & set(map(bytes, digits.X_test))


def test_targets_are_one_hot() -> None:
    T = one_hot(np.array([2, 0, 1]), 3)
    np.testing.assert_array_equal(T, [[0, 0, 1], [1, 0, 0], [0, 1, 0]])
    digits = load_digits()
    assert set(np.unique(digits.T_train)) == {0.0, 1.0}
    np.testing.assert_array_equal(digits.T_train.sum(axis=1), 1.0)


def test_shared_arrays_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        load_digits().X_train[0, 0] = 2.0


def test_the_shipped_file_is_written_alike_each_time(tmp_path: Path) -> None:
    write_digits_train(tmp_path / "digits_train.npz")
    with np.load(tmp_path / "digits_train.npz") as written:
        assert written["images"].dtype == written["labels"].dtype == np.uint8
        assert written["images"].shape == (1201, 8, 8)
        digits = load_digits()
        np.testing.assert_array_equal(written["images"].reshape(-1, 64) / 16.0, digits.X_train)
        np.testing.assert_array_equal(written["labels"], digits.T_train.argmax(axis=1))
    for path in SHIPPED:
        assert path.read_bytes() == (tmp_path / "digits_train.npz").read_bytes(), path


# --- features


@pytest.mark.parametrize(("size", "middle"), [(8, np.s_[3:5, 3:5]), (28, np.s_[10:18, 11:17])])
def test_two_features_are_the_means_of_the_image_and_of_its_middle(
    size: int, middle: tuple[slice, slice]
) -> None:
    images = np.random.default_rng(0).random((3, size, size))
    X = two_features(images)
    assert X.shape == (3, 2)
    for image, row in zip(images, X, strict=True):
        np.testing.assert_allclose(row, [image.mean(), image[middle].mean()], rtol=1e-14)


@pytest.mark.parametrize("shape", [(3, 64), (3, 8, 28), (3, 9, 9), (8, 8)])
def test_two_features_refuse_other_shapes(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="expected \\(N, 8, 8\\) or \\(N, 28, 28\\), got"):
        two_features(np.zeros(shape))


# --- MNIST: where it comes from


def idx(array: np.ndarray) -> bytes:
    """Write an array of bytes as IDX, by the format's description."""
    sizes = b"".join(struct.pack(">I", size) for size in array.shape)
    return bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes()


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> dict[str, np.ndarray]:
    """A tiny data set in the place of MNIST, known by its own hashes; the arrays by name."""
    rng = np.random.default_rng(1)
    arrays = {}
    files = []
    shapes = [(6, 28, 28), (6,), (4, 28, 28), (4,)]
    for file, shape in zip(mnist.FILES, shapes, strict=True):
        arrays[file.name] = rng.integers(0, 10, shape, dtype=np.uint8)
        content = hashlib.sha256(idx(arrays[file.name])).hexdigest()
        files.append(mnist.File(file.name, content, file.key))
    monkeypatch.setattr(mnist, "FILES", tuple(files))
    monkeypatch.delenv(VARIABLE, raising=False)
    return arrays


class Mirror:
    """A downloader without a network.

    Parameters
    ----------
    files
        Content by name; a missing one cannot be had.
    """

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        self.asked: list[str] = []

    def __call__(self, url: str, path: Path) -> None:
        self.asked.append(url)
        if path.name not in self.files:
            raise ConnectionError("Name or service not known")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self.files[path.name])


def assert_is(found: mnist.Mnist, arrays: dict[str, np.ndarray]) -> None:
    parts = (found.train_images, found.train_labels, found.test_images, found.test_labels)
    for part, array in zip(parts, arrays.values(), strict=True):
        np.testing.assert_array_equal(part, array)


def test_a_download_is_unpacked_verified_and_kept(
    tiny: dict[str, np.ndarray], tmp_path: Path
) -> None:
    # Compressed otherwise than any mirror would: only the content counts.
    mirror = Mirror({f"{n}.gz": gzip.compress(idx(a), compresslevel=1) for n, a in tiny.items()})
    assert_is(mnist.load(tmp_path / "cache", mirror), tiny)
    assert mirror.asked == [f"{mnist.MIRRORS[0]}{name}.gz" for name in tiny]
    assert_is(mnist.load(tmp_path / "cache", Mirror({})), tiny)


def test_a_spoilt_cache_is_replaced(tiny: dict[str, np.ndarray], tmp_path: Path) -> None:
    mirror = Mirror({f"{n}.gz": gzip.compress(idx(a)) for n, a in tiny.items()})
    mnist.load(tmp_path, mirror)
    first = tmp_path / f"{next(iter(tiny))}.gz"
    first.write_bytes(first.read_bytes()[:-20])
    mirror.asked.clear()
    assert_is(mnist.load(tmp_path, mirror), tiny)
    assert mirror.asked == [f"{mnist.MIRRORS[0]}{first.name}"]


def test_wrong_content_is_refused_by_every_mirror_and_not_kept(
    tiny: dict[str, np.ndarray], tmp_path: Path
) -> None:
    mirror = Mirror({f"{n}.gz": gzip.compress(idx(a + 1)) for n, a in tiny.items()})
    with pytest.raises(DatasetError, match="the content is not MNIST's, by its SHA-256"):
        mnist.load(tmp_path, mirror)
    assert len(mirror.asked) == len(mnist.MIRRORS)
    assert not list(tmp_path.iterdir())


def test_offline_the_message_names_the_variable(
    tiny: dict[str, np.ndarray], tmp_path: Path
) -> None:
    with pytest.raises(DatasetError) as caught:
        mnist.load(tmp_path, Mirror({}))
    message = str(caught.value)
    assert "MNIST could not be downloaded (train-images-idx3-ubyte): https://" in message
    assert "Name or service not known" in message
    assert f"point the environment variable {VARIABLE} at the folder or file" in message


@pytest.mark.parametrize("packed", [False, True])
def test_a_local_folder_is_taken_packed_or_not(
    tiny: dict[str, np.ndarray], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packed: bool
) -> None:
    for name, array in tiny.items():
        content = gzip.compress(idx(array)) if packed else idx(array)
        (tmp_path / f"{name}{'.gz' if packed else ''}").write_bytes(content)
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    assert_is(mnist.load(fetch=Mirror({})), tiny)


def test_a_local_npz_is_taken_and_scaled(
    tiny: dict[str, np.ndarray], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "mnist.npz"
    arrays = dict(zip(("x_train", "y_train", "x_test", "y_test"), tiny.values(), strict=True))
    np.savez(path, **arrays)
    monkeypatch.setenv(VARIABLE, str(path))
    data = load_mnist()
    np.testing.assert_array_equal(data.X_train, arrays["x_train"].reshape(6, 784) / 255.0)
    np.testing.assert_array_equal(data.X_test, arrays["x_test"].reshape(4, 784) / 255.0)
    np.testing.assert_array_equal(data.T_test.argmax(axis=1), arrays["y_test"])


def test_a_local_file_with_other_content_is_refused(
    tiny: dict[str, np.ndarray], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "mnist.npz"
    keys = ("x_train", "y_train", "x_test", "y_test")
    np.savez(path, **{key: a + 1 for key, a in zip(keys, tiny.values(), strict=True)})
    monkeypatch.setenv(VARIABLE, str(path))
    with pytest.raises(DatasetError, match=r"content of train-images-idx3-ubyte is not MNIST's"):
        mnist.load()


def test_a_local_place_that_holds_nothing_is_named(
    tiny: dict[str, np.ndarray], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "nowhere"))
    with pytest.raises(DatasetError, match=r"neither a folder nor an \.npz file"):
        mnist.load()
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    with pytest.raises(
        DatasetError, match=r"train-images-idx3-ubyte\[\.gz\] is not in that folder"
    ):
        mnist.load()
    np.savez(tmp_path / "part.npz", x_train=np.zeros(1))
    monkeypatch.setenv(VARIABLE, str(tmp_path / "part.npz"))
    with pytest.raises(DatasetError, match="holds no y_train, x_test, y_test"):
        mnist.load()
    (tmp_path / "part.npz").write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(DatasetError, match=r"part\.npz is no readable \.npz file"):
        mnist.load()


@pytest.mark.skipif(not LOCAL_MNIST.is_file(), reason="needs MNIST at ../shared/data/mnist.npz")
def test_the_real_mnist_passes_its_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(LOCAL_MNIST))
    raw = mnist.load()
    assert raw.train_images.shape == (60000, 28, 28)
    assert raw.test_images.shape == (10000, 28, 28)
    assert raw.train_labels[:5].tolist() == [5, 0, 4, 1, 9]
    zeros_and_ones = raw.test_labels < 2
    X = two_features(raw.test_images[zeros_and_ones] / 255.0)
    ones = raw.test_labels[zeros_and_ones] == 1
    # The middle is bright in a 1 and dark in a 0: the lecture's second feature alone mostly tells.
    assert np.mean((X[:, 1] > 0.35) == ones) > 0.85
