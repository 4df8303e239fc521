"""What travels, and what becomes an `Unsupported` that names its type."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import count, islice, repeat
from typing import NamedTuple

import numpy as np
import pytest

from autograder.values import (
    MAX_DEPTH,
    MAX_ITEMS,
    MAX_MEGABYTES,
    Strided,
    Unsupported,
    describe,
    plain,
)


class Liar:
    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]


class Number(float):
    pass


class Scalar(np.float64):
    def item(self, *args: object) -> object:  # type: ignore[override]
        return Liar()


class Pair(NamedTuple):
    weights: object
    biases: object


class Batches(list[int]):
    pass


class Count:
    """An iterator by what it can do."""

    def __init__(self) -> None:
        self.at = iter(range(2))

    def __iter__(self) -> Count:
        return self

    def __next__(self) -> int:
        return next(self.at)


class Pretender:
    __class__ = np.float64  # type: ignore[assignment]

    def item(self) -> float:
        return 7.0


@pytest.mark.parametrize(
    ("value", "want"),
    [
        (np.float32(0.5), 0.5),
        (np.longdouble(0.5), 0.5),
        (Scalar(0.5), 0.5),
        (Pretender(), Unsupported("test_values.Pretender")),
        (np.timedelta64(3, "s"), Unsupported("NumPy scalar of dtype timedelta64[s]")),
        ("half \ud800", "half ?"),
        ({"\ud800": 1}, {"?": 1}),
        (np.int64(3), 3),
        (np.True_, True),
        (range(3), [0, 1, 2]),
        (zip([1], [2], strict=True), [(1, 2)]),
        (Pair(1, np.float64(2.0)), (1, 2.0)),
        (Pair([Pair(1, 2)], None), ([(1, 2)], None)),
        (deque([1, 2], maxlen=2), [1, 2]),
        (Batches([1, 2]), [1, 2]),
        (Count(), [0, 1]),
        (islice(count(), 2), [0, 1]),
        (map(float, "12"), [1.0, 2.0]),
        ((k for k in "ab"), ["a", "b"]),
        (reversed([1, 2]), [2, 1]),
        (deque([{1}]), [Unsupported("set")]),
        ({"a": np.float64(1)}, {"a": 1.0}),
        (Liar(), Unsupported("test_values.Liar")),
        (Number(1.0), Unsupported("test_values.Number")),
        (np.ma.masked_array([1]), Unsupported("numpy.ma.MaskedArray")),
        (np.array([None]), Unsupported("array of dtype object")),
        (np.array([1j]), Unsupported("array of dtype complex128")),
        (np.complex128(1j), Unsupported("NumPy scalar of dtype complex128")),
        (2**70, Unsupported("int of more than 64 bits")),
        ({1, 2}, Unsupported("set")),
        ({"a": 1}.keys(), Unsupported("dict_keys")),
        (memoryview(b"a"), Unsupported("memoryview")),
    ],
    ids=lambda value: type(value).__name__,
)
def test_plain(value: object, want: object) -> None:
    got = plain(value)
    if isinstance(got, Unsupported) and isinstance(want, Unsupported):
        assert got.kind.rpartition(".")[2] == want.kind.rpartition(".")[2]
    else:
        assert got == want
        assert type(got) is type(want)


def test_arrays_are_copied_and_native() -> None:
    source = np.arange(3, dtype=">f8")
    got = plain(source)
    assert isinstance(got, np.ndarray)
    assert got.dtype == np.dtype("f8")
    source[0] = 9
    assert got.tolist() == [0.0, 1.0, 2.0]


def test_longdouble_becomes_float64() -> None:
    got = plain(np.ones(2, dtype=np.longdouble))
    assert isinstance(got, np.ndarray)
    assert got.dtype == np.float64


def test_deep_nesting_stops() -> None:
    nested: list[object] = []
    nested.append(nested)
    got: object = plain(nested)
    for _ in range(MAX_DEPTH + 1):
        assert isinstance(got, list)
        got = got[0]
    assert got == Unsupported(f"something nested deeper than {MAX_DEPTH} levels")


def endless() -> Iterator[float]:
    while True:
        yield 0.0


def test_what_a_generator_yields_is_copied_before_it_goes_on() -> None:
    def epochs() -> Iterator[np.ndarray]:
        weights = np.zeros(1)
        for _ in range(3):
            weights += 1.0
            yield weights

    assert [float(w[0]) for w in plain(epochs())] == [1.0, 2.0, 3.0]  # type: ignore[union-attr]


def test_what_is_too_much_is_said_to_be() -> None:
    full = [0.0] * (MAX_ITEMS - 1)
    assert plain(full) == full
    many = Unsupported(f"something of more than {MAX_ITEMS} values")
    assert plain([*full, 0.0]) == many
    assert plain([full, full]) == many
    assert plain(endless()) == many
    assert plain(count()) == many
    assert plain(repeat([0.0] * 10)) == many
    assert plain(deque([0.0] * MAX_ITEMS)) == many
    large = Unsupported(f"something of more than {MAX_MEGABYTES} MB")
    wide = np.broadcast_to(0.0, (10**6, 10**6))
    for value in (
        wide,
        [np.zeros(10**6)] * 4,
        np.zeros(2**22, bool),
        "x" * 2**25,
        {"x" * 2**25: 1},
    ):
        assert plain(value) == large


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.zeros((2, 3)), "an array of shape (2, 3) and dtype float64"),
        (None, "None (is a return missing?)"),
        ([1, 2], "a list of length 2"),
        ((1,), "a tuple of length 1"),
        ({}, "a dict of length 0"),
        (1.5, "the float 1.5"),
        (Unsupported("numpy.matrix"), "a value of type numpy.matrix"),
        (Unsupported("array of dtype object"), "array of dtype object"),
    ],
)
def test_describe(value: object, text: str) -> None:
    assert describe(value) == text


def test_strided_keeps_values() -> None:
    array = np.arange(6.0).reshape(2, 3)
    for order in ("F", "view"):
        built = Strided(array, order).build()
        assert np.array_equal(built, array)
        assert not built.flags.c_contiguous
