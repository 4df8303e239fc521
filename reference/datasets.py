"""Handwritten digits: scikit-learn's, which are always there, and MNIST, which is fetched.

scikit-learn's digits: 1797 images of 8 x 8 pixels, 0 to 16. Of each digit, in the order of the
file, every third image is a test image: 1201 for training, 596 for testing, and the split depends
on no random generator. Students get the training images only (`write_digits_train`).

MNIST: 60 000 and 10 000 images of 28 x 28 pixels, 0 to 255; `reference.mnist` finds them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from sklearn import datasets as sklearn_datasets

from reference import mnist
from reference.device import Array

Bytes: TypeAlias = NDArray[np.uint8]
Labels: TypeAlias = NDArray[np.int64]

CLASSES = 10
MIDDLE = {8: (slice(3, 5), slice(3, 5)), 28: (slice(10, 18), slice(11, 17))}
"""Rows and columns in the middle of an image, by its height: filled in a 1, empty in a 0."""


@dataclass(frozen=True)
class Dataset:
    """Images as rows of pixels in [0, 1], labels one-hot; read-only arrays.

    Parameters
    ----------
    X_train, X_test
        (N, pixels).
    T_train, T_test
        (N, 10).
    """

    X_train: Array
    T_train: Array
    X_test: Array
    T_test: Array


@cache
def load_digits() -> Dataset:
    """Return scikit-learn's digits, 64 pixels each; no download."""
    images, labels = _digits()
    test = _every_third_of_each_class(labels)
    return _dataset(images / 16.0, labels, test)


def load_mnist(cache_folder: Path | None = None) -> Dataset:
    """Return MNIST, 784 pixels each, as float64: about 440 MB.

    Taken from where ``AUTOGRADER_MNIST`` points, else from the cache, else downloaded.

    Parameters
    ----------
    cache_folder
        Where downloads are kept; by default the user's cache folder.

    Raises
    ------
    DatasetError
        It is in none of these places, or what is there is not MNIST.
    """
    raw = mnist.load(cache_folder)
    images = np.concatenate([raw.train_images, raw.test_images])
    labels = np.concatenate([raw.train_labels, raw.test_labels]).astype(np.int64)
    test = np.arange(len(labels)) >= len(raw.train_labels)
    return _dataset(images / 255.0, labels, test)


def two_features(images: Array) -> Array:
    """Return the mean of each image and the mean of its middle.

    Parameters
    ----------
    images
        (N, 8, 8) or (N, 28, 28); a 28 x 28 image's middle is the lecture's ``img[10:18, 11:17]``,
        an 8 x 8 image's the like region ``img[3:5, 3:5]``.

    Returns
    -------
    Array
        (N, 2).

    Raises
    ------
    ValueError
        The images have another shape.
    """
    if images.ndim != 3 or images.shape[1] != images.shape[2] or images.shape[1] not in MIDDLE:
        raise ValueError(f"images: expected (N, 8, 8) or (N, 28, 28), got {images.shape}.")
    rows, columns = MIDDLE[images.shape[1]]
    middle = images[:, rows, columns]
    return np.stack([images.mean(axis=(1, 2)), middle.mean(axis=(1, 2))], axis=1)


def one_hot(labels: Labels, classes: int = CLASSES) -> Array:
    """Return (N, classes) with a one in the column of each label."""
    targets = np.zeros((len(labels), classes))
    targets[np.arange(len(labels)), labels] = 1.0
    return targets


def write_digits_train(path: Path) -> None:
    """Write the training images, and none of the test images, as the file that ships.

    An uncompressed npz with ``images`` (N, 8, 8) and ``labels`` (N,), both uint8: the same bytes
    at each call.
    """
    images, labels = _digits()
    train = ~_every_third_of_each_class(labels)
    np.savez(path, images=images[train].astype(np.uint8), labels=labels[train].astype(np.uint8))


def _digits() -> tuple[NDArray[np.float64], Labels]:
    digits = sklearn_datasets.load_digits()
    return digits.images, digits.target.astype(np.int64)


def _every_third_of_each_class(labels: Labels) -> NDArray[np.bool_]:
    test = np.zeros(len(labels), dtype=bool)
    for label in range(CLASSES):
        test[np.flatnonzero(labels == label)[2::3]] = True
    return test


def _dataset(images: Array, labels: Labels, test: NDArray[np.bool_]) -> Dataset:
    X = images.reshape(len(images), -1)
    T = one_hot(labels)
    parts = (X[~test], T[~test], X[test], T[test])
    for part in parts:
        part.setflags(write=False)  # cached, so shared by all who load it
    return Dataset(*parts)
