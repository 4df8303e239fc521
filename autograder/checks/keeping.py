"""Copies of a call's arguments, so that the call can be made again."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from autograder.values import Callback, Rng, Strided

MAX_BYTES = 50_000
"""Size of the arguments up to which a call is kept: fixtures are small, labs are not."""

Arguments: TypeAlias = tuple[tuple[Any, ...], dict[str, Any]]


def kept_arguments(arguments: Arguments, *, generators: bool = False) -> Arguments | None:
    """Return a copy of a call's arguments, or None if the call cannot be made again.

    Parameters
    ----------
    arguments
        Positional ones, and others by name.
    generators
        Keep generators, too: a call is the same again as long as none of them has been used.
    """
    try:
        args, kwargs = _copy(arguments, [MAX_BYTES], generators=generators)
    except _NotAgain:
        return None
    return args, kwargs


class _NotAgain(Exception):
    """A call holds something that changes, or too much."""


def _copy(value: Any, room: list[int], *, generators: bool) -> Any:
    if isinstance(value, Callback) or (isinstance(value, Rng) and not generators):
        raise _NotAgain
    if isinstance(value, Strided):
        return Strided(_copy(value.array, room, generators=generators), value.order)
    if isinstance(value, np.ndarray):
        room[0] -= value.nbytes
        if room[0] < 0:
            raise _NotAgain
        return value.copy(order="K")
    if isinstance(value, (list, tuple)):
        return type(value)(_copy(item, room, generators=generators) for item in value)
    if isinstance(value, dict):
        return {key: _copy(item, room, generators=generators) for key, item in value.items()}
    return value
