"""Wrong types and shapes: a question about the axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograder.diagnosis.findings import Finding

Shape = tuple[int, ...]


def read_form(value: object, shape: Shape | None) -> Finding | None:
    """Name what is wrong with the form of what should be an array of `shape`, or return None."""
    if isinstance(value, np.ndarray):
        return _read_shape(value.shape, shape) if shape is not None else None
    if isinstance(value, (bool, int, float)) and shape:
        return Finding(
            "scalar",
            f"It is a single number where {_numbers(shape)} are asked for. Over which axes is it "
            "summed or averaged, and which one should be left?",
        )
    if isinstance(value, tuple):
        return Finding(
            "tuple",
            "A function that ends with several values, set apart by commas, returns all of them. "
            f"Which of the {len(value)} is asked for?",
        )
    if isinstance(value, list):
        return Finding(
            "list", "A list is no array, although both print alike. Which line should make it one?"
        )
    return None


def read_number(value: object) -> Finding | None:
    """Name what is wrong with what should be one number, or return None."""
    if isinstance(value, np.ndarray) and value.size > 1:
        return Finding(
            "not-reduced",
            f"One number is asked for, and axes of length {_listed(value.shape)} are left. Over "
            "which of them is still to be summed or averaged?",
        )
    if isinstance(value, np.ndarray):
        return Finding(
            "extra-axis",
            "It is one number in an array. Which axis of length 1 is kept, and by which step?",
        )
    return None


def _read_shape(got: Shape, want: Shape) -> Finding | None:
    if got == ():
        return Finding(
            "scalar",
            f"It is a single number where {_numbers(want)} are asked for. Over which axes is it "
            "summed or averaged, and which one should be left?",
        )
    if len(want) == 2 and got == want[::-1]:
        return Finding(
            "transposed-shape",
            "The two axes are exchanged. What does a row belong to, and what a column?",
        )
    broad = _broadcast(got, want)
    if broad is not None:
        return broad
    if _squeezed(got) == _squeezed(want) and len(got) > len(want):
        return Finding(
            "extra-axis",
            "There is an axis of length 1 too many. Which step keeps it or puts it in?",
        )
    if _squeezed(got) == _squeezed(want) and len(got) < len(want):
        return Finding(
            "missing-axis",
            "An axis of length 1 is gone. Which step takes it away, and what counts along it?",
        )
    if len(got) + 1 == len(want):
        for axis in range(len(want)):
            if want[:axis] + want[axis + 1 :] == got:
                return Finding(
                    "summed-axis",
                    f"The axis of length {want[axis]} is gone. Is something summed, averaged or "
                    "picked out along it?",
                )
    return _same_number_of_axes(got, want)


def _same_number_of_axes(got: Shape, want: Shape) -> Finding | None:
    if len(got) == len(want):
        apart = [k for k in range(len(got)) if got[k] != want[k]]
        if len(apart) == 1 and got[apart[0]] == 1:
            return Finding(
                "summed-axis",
                f"Along axis {apart[0]} one is left of {want[apart[0]]}. Is something summed or "
                "averaged along it?",
            )
        if len(apart) == 1:
            k = apart[0]
            return Finding(
                "axis-length",
                f"Along axis {k} yours has {got[k]} where {want[k]} are asked for. What is counted "
                "along it in yours, and what should be?",
            )
    if int(np.prod(got)) == int(np.prod(want)):
        return Finding(
            "reshaped",
            "It has the right number of entries in another shape. Which step changes the shape, "
            "and does the order of the entries survive it?",
        )
    return None


def _broadcast(got: Shape, want: Shape) -> Finding | None:
    """Recognize (N, N) where N numbers are asked for: (N,) met (N, 1)."""
    long = _squeezed(want)
    if len(long) != 1 or got != (long[0], long[0]):
        return None
    n = long[0]
    return Finding(
        "broadcast",
        f"From {n} numbers {n} times {n} have come. Do arrays of shape ({n},) and ({n}, 1) meet "
        "somewhere? Print both shapes.",
    )


def read_layers(value: Any, shapes: tuple[Sequence[Shape], Sequence[Shape]]) -> Finding | None:
    """Name what is wrong with ``(weights, biases)`` as a whole, or return None.

    Parameters
    ----------
    value
        What came back.
    shapes
        The shapes of the weights and of the biases, layer by layer.
    """
    layers = len(shapes[0])
    found = [_shapes(part) for part in value] if isinstance(value, (list, tuple)) else []
    if not found or any(part is None for part in found):
        return None
    pairs = [[w, b] for w, b in zip(*shapes, strict=True)]
    if found == pairs and found != [list(shapes[0]), list(shapes[1])]:
        return Finding(
            "pairs-by-layer",
            f"It holds {layers} pair{'s' if layers > 1 else ''}, one for each layer. Is it one "
            "list of pairs that is asked for, or two lists?",
        )
    if len(found) != 2:
        return None
    first, second = found[0] or [], found[1] or []
    if [first, second] == [list(shapes[1]), list(shapes[0])] and first != second:
        return Finding(
            "swapped-lists",
            "The two lists are exchanged. Which one does the description name first?",
        )
    if first == list(shapes[0])[::-1] and second == list(shapes[1])[::-1] and layers > 1:
        if first != list(shapes[0]) or second != list(shapes[1]):
            return Finding(
                "reversed-layers",
                "The lists run from the last layer to the first. In which order did the "
                "parameters come in?",
            )
    elif (len(first), len(second)) != (layers, layers) and max(len(first), len(second)) < layers:
        return Finding(
            "layers-missing",
            f"Only {len(first)} of {layers} layers come back. How often does your loop run before "
            "the function returns?",
        )
    return None


def _shapes(part: Any) -> list[Shape] | None:
    if not isinstance(part, (list, tuple)) or not all(isinstance(a, np.ndarray) for a in part):
        return None
    return [a.shape for a in part]


def _squeezed(shape: Shape) -> Shape:
    return tuple(length for length in shape if length != 1)


def _numbers(shape: Shape) -> str:
    return f"{int(np.prod(shape))} numbers"


def _listed(shape: Shape) -> str:
    return " and ".join(map(str, shape))
