"""Find the four files of MNIST: a local copy, the cache, or a public mirror.

A file is recognized by the SHA-256 of its *uncompressed* content, so that any container with the
right content will do: gzip of any level, plain IDX, or an npz of arrays.
"""

from __future__ import annotations

import gzip
import hashlib
import logging
import os
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pooch
from numpy.typing import NDArray

Bytes: TypeAlias = NDArray[np.uint8]
Fetch: TypeAlias = Callable[[str, Path], None]
"""Download an address to a file; raises OSError where that does not work."""

VARIABLE = "AUTOGRADER_MNIST"

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)


class DatasetError(RuntimeError):
    """A data set is not there, or not what it should be.

    Parameters
    ----------
    problem
        What is wrong, and what to do next.
    """

    def __init__(self, problem: str) -> None:
        self.problem = problem
        super().__init__(problem)


@dataclass(frozen=True)
class File:
    """One of the four files.

    Parameters
    ----------
    name
        Its name, without ``.gz``.
    sha256
        Of the uncompressed content: IDX header and bytes.
    key
        Name of the array in an npz.
    """

    name: str
    sha256: str
    key: str


FILES = (
    File(
        "train-images-idx3-ubyte",
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "x_train",
    ),
    File(
        "train-labels-idx1-ubyte",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "y_train",
    ),
    File(
        "t10k-images-idx3-ubyte",
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "x_test",
    ),
    File(
        "t10k-labels-idx1-ubyte",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        "y_test",
    ),
)


@dataclass(frozen=True)
class Mnist:
    """MNIST as it is stored: images (N, 28, 28) and labels (N,), uint8."""

    train_images: Bytes
    train_labels: Bytes
    test_images: Bytes
    test_labels: Bytes


def load(cache_folder: Path | None = None, fetch: Fetch | None = None) -> Mnist:
    """Return MNIST from ``AUTOGRADER_MNIST``, the cache or a mirror, in this order.

    Parameters
    ----------
    cache_folder
        Where downloads are kept; by default ``autograder/mnist`` in the user's cache folder.
    fetch
        Downloads one file; by default with pooch, which shows a progress bar.

    Raises
    ------
    DatasetError
        It cannot be had, or its content is not MNIST's.
    """
    local = os.environ.get(VARIABLE, "").strip()
    if local:
        return Mnist(*(_decode(content) for content in _read_local(Path(local).expanduser())))
    folder = cache_folder or Path(pooch.os_cache("autograder")) / "mnist"
    return Mnist(*(_decode(_download(file, folder, fetch or _fetch)) for file in FILES))


def _read_local(path: Path) -> list[bytes]:
    if path.is_dir():
        contents = [_unpack(_find(path, file)) for file in FILES]
    elif path.suffix == ".npz" and path.is_file():
        contents = _read_npz(path)
    else:
        raise DatasetError(
            f"{VARIABLE} is {str(path)!r}, which is neither a folder nor an .npz file. Point it "
            "at a folder that holds the four IDX files (.gz or not), or at an .npz with "
            f"{', '.join(file.key for file in FILES)}."
        )
    for file, content in zip(FILES, contents, strict=True):
        if not _is_right(file, content):
            raise DatasetError(
                f"{path}: the content of {file.name} is not MNIST's: expected SHA-256 "
                f"{file.sha256}, got {hashlib.sha256(content).hexdigest()}. Replace the file, or "
                f"unset {VARIABLE} to download it."
            )
    return contents


def _find(folder: Path, file: File) -> Path:
    for name in (file.name, f"{file.name}.gz"):
        if (folder / name).is_file():
            return folder / name
    raise DatasetError(
        f"{VARIABLE} is {str(folder)!r}, but {file.name}[.gz] is not in that folder. Put the four "
        f"IDX files there: {', '.join(each.name for each in FILES)}."
    )


def _read_npz(path: Path) -> list[bytes]:
    try:
        # Opened here, because NumPy leaves a file that is no zip archive open.
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
            missing = [file.key for file in FILES if file.key not in arrays]
            if not missing:
                return [_encode(arrays[file.key]) for file in FILES]
    except (OSError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        raise DatasetError(
            f"{path} is no readable .npz file ({_short(error)}); {VARIABLE} points at it."
        ) from error
    raise DatasetError(f"{path} holds no {', '.join(missing)}; {VARIABLE} points at it.")


def _download(file: File, folder: Path, fetch: Fetch) -> bytes:
    path = folder / f"{file.name}.gz"
    if path.is_file():
        content = _unpack(path)
        if _is_right(file, content):
            return content
        path.unlink()  # cut short, or changed since
    problems = []
    for mirror in MIRRORS:
        try:
            fetch(mirror + path.name, path)
            content = _unpack(path)
        except OSError as error:  # requests' exceptions are OSErrors
            problems.append(f"{mirror}: {_short(error)}")
            continue
        if _is_right(file, content):
            return content
        path.unlink()
        problems.append(f"{mirror}: the content is not MNIST's, by its SHA-256")
    raise DatasetError(
        f"MNIST could not be downloaded ({file.name}): {'; '.join(problems)}. "
        "Offline? Copy the four IDX files (.gz or not) or an .npz of MNIST to this machine and "
        f"point the environment variable {VARIABLE} at the folder or file. "
        "The built-in digits (reference.datasets.load_digits) need no download."
    )


def _fetch(url: str, path: Path) -> None:
    # The hash is checked after decompression; pooch would hash the container, and say so.
    pooch.get_logger().setLevel(logging.WARNING)
    pooch.retrieve(
        url,
        known_hash=None,
        fname=path.name,
        path=path.parent,
        progressbar=True,
    )


def _unpack(path: Path) -> bytes:
    content = path.read_bytes()
    if not content.startswith(b"\x1f\x8b"):
        return content
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error):
        return b""  # no content at all: fails the hash


def _is_right(file: File, content: bytes) -> bool:
    return hashlib.sha256(content).hexdigest() == file.sha256


def _encode(array: Bytes) -> bytes:
    """Return an array of bytes in IDX form: magic number, shape, bytes."""
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    return header + np.ascontiguousarray(array, dtype=np.uint8).tobytes()


def _decode(content: bytes) -> Bytes:
    """Return the array of an IDX file of bytes whose hash was checked."""
    ndim = content[3]
    shape = struct.unpack(f">{ndim}I", content[4 : 4 + 4 * ndim])
    return np.frombuffer(content, dtype=np.uint8, offset=4 + 4 * ndim).reshape(shape)


def _short(error: Exception) -> str:
    text = str(error)
    kind = type(error).__name__
    return f"{kind}: {text}" if 0 < len(text) <= 100 else kind  # requests' are a screen long
