"""Kill matrices as a picture: a row for each mistake, a column for each check."""

from __future__ import annotations

import hashlib
import io
import textwrap
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image, PngImagePlugin

from autograder.gate.matrix import Column, KillMatrix

VISIBLE, HIDDEN, POLICY, EMPTY = "#2f6b9a", "#c8702a", "#7a5195", "#eef0f2"
INK, PALE = "#20262c", "#6b7680"

ROW = 0.17
"""Inches: the height of a row, the width of a column and, nearly, that of a line of text."""

CELL = 0.24
NAME = 2.75
WIDTH = 5.0
MARGIN = 0.3
HEAD = 0.85
WRAP = 78
DPI = 100
COLORS = 64

KEY = "Kill matrices"
"""Of the text in a picture's file that says what it was drawn from."""


def draw(matrices: Sequence[KillMatrix], path: Path, title: str, columns: int = 1) -> None:
    """Draw kill matrices below and beside each other.

    Parameters
    ----------
    matrices
        One for each exercise.
    path
        PNG file to write.
    title
        Of the picture.
    columns
        How many stand beside each other.
    """
    places, height = _pack(matrices, columns)
    size = (columns * WIDTH + 2 * MARGIN, height + 2 * MARGIN + HEAD)
    figure = Figure(figsize=size, dpi=DPI, facecolor="white")
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_xlim(0, size[0])
    axes.set_ylim(size[1], 0)
    axes.axis("off")
    axes.text(MARGIN, MARGIN + 0.1, title, fontsize=15, color=INK, va="center", weight="bold")
    _legend(axes, MARGIN + 0.45, narrow=columns == 1)
    for matrix, (x, y) in zip(matrices, places, strict=True):
        _panel(axes, matrix, MARGIN + x, MARGIN + HEAD + y)
    _save(figure, path, digest(matrices))


def digest(matrices: Sequence[KillMatrix]) -> str:
    """Return a hash of all that a picture shows."""
    shown = [
        (m.exercise, m.columns, sorted(m.kills.items()), sorted(m.lost.items()), m.seeds)
        for m in matrices
    ]
    return hashlib.sha256(repr(shown).encode()).hexdigest()[:16]


def drawn_from(path: Path) -> str:
    """Return the hash of what a picture was drawn from; an empty string if it does not say."""
    with Image.open(path) as image:
        return str(image.info.get(KEY, ""))


def _save(figure: Figure, path: Path, shown: str) -> None:
    """Write few colours, which is a third of the size, and what the picture was drawn from."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    note = PngImagePlugin.PngInfo()
    note.add_text(KEY, shown)
    with Image.open(buffer) as image:
        image.convert("RGB").quantize(COLORS, dither=Image.Dither.NONE).save(
            path, format="PNG", optimize=True, pnginfo=note
        )


def _pack(matrices: Sequence[KillMatrix], columns: int) -> tuple[list[tuple[float, float]], float]:
    """Return the place of each panel, the tallest first in the emptiest column, and the height."""
    filled = [0.0] * columns
    column = [0] * len(matrices)
    for k in sorted(range(len(matrices)), key=lambda k: -_height(matrices[k])):
        column[k] = filled.index(min(filled))
        filled[column[k]] += _height(matrices[k])
    below = [0.0] * columns
    places = []
    for k, matrix in enumerate(matrices):
        places.append((column[k] * WIDTH, below[column[k]]))
        below[column[k]] += _height(matrix)
    return places, max(filled)


def _height(matrix: KillMatrix) -> float:
    lines = sum(len(_lines(k, column)) for k, column in enumerate(matrix.columns))
    return ROW * (len(matrix.kills) + lines + 6.5)


def _lines(number: int, column: Column) -> list[str]:
    points = f" ({column.points:g})" if column.is_check else ""
    return textwrap.wrap(f"{number + 1}  {column.title}{points}", WRAP, subsequent_indent="    ")


def _color(column: Column) -> str:
    if not column.is_check:
        return POLICY
    return VISIBLE if column.visible else HIDDEN


def _panel(axes: Axes, matrix: KillMatrix, left: float, top: float) -> None:
    """Draw one exercise: its name, the matrix, how many each notices, and what the columns are."""
    share = f"{len(matrix.killed)} of {len(matrix.kills)} noticed"
    y = top + ROW
    axes.text(left, y, matrix.exercise, fontsize=11, color=INK, weight="bold", va="center")
    across = left + NAME + CELL * len(matrix.columns)
    axes.text(across, y, share, fontsize=8, color=PALE, va="center", ha="right")
    y += 1.3 * ROW
    for k, column in enumerate(matrix.columns):
        x = left + NAME + CELL * (k + 0.5)
        axes.text(
            x,
            y,
            str(k + 1),
            fontsize=8,
            color=_color(column),
            weight="bold",
            ha="center",
            va="center",
        )
    y += 0.8 * ROW
    for name, row in _sorted(matrix):
        _row(axes, matrix, name, row, left, y)
        y += ROW
    alone = Counter(matrix.alone.values())
    y += 0.6 * ROW
    axes.text(
        left + NAME - 0.1,
        y,
        "alone",
        fontsize=7.5,
        color=PALE,
        ha="right",
        va="center",
        style="italic",
    )
    for k in range(len(matrix.columns)):
        x = left + NAME + CELL * (k + 0.5)
        axes.text(x, y, str(alone[k] or "-"), fontsize=7.5, color=INK, ha="center", va="center")
    y += 1.2 * ROW
    for k, column in enumerate(matrix.columns):
        for line in _lines(k, column):
            axes.text(
                left, y, line, fontsize=7, color=_color(column), va="center", parse_math=False
            )
            y += ROW


def _sorted(matrix: KillMatrix) -> list[tuple[str, tuple[int, ...]]]:
    """Return the rows, those that hang by a thread first."""
    return sorted(matrix.kills.items(), key=lambda item: (sum(map(bool, item[1])), item[1]))


def _row(
    axes: Axes, matrix: KillMatrix, name: str, row: Sequence[int], left: float, y: float
) -> None:
    label = textwrap.shorten(name.replace("_", " "), 46, placeholder=" ...")
    lost = matrix.lost[name] == matrix.seeds
    axes.text(
        left + NAME - 0.1,
        y + ROW / 2,
        label,
        fontsize=7.5,
        color=INK if lost else "#c00000",
        ha="right",
        va="center",
        parse_math=False,
    )
    for k, count in enumerate(row):
        x = left + NAME + CELL * k
        color = _color(matrix.columns[k]) if count else EMPTY
        strength = 0.35 + 0.65 * count / matrix.seeds if count else 1.0
        strength = strength if count in (0, matrix.seeds) else 0.5 * strength
        axes.add_patch(
            Rectangle((x, y), CELL, ROW, facecolor=color, alpha=strength, edgecolor="white", lw=0.8)
        )
        if matrix.alone.get(name) == k:
            axes.plot(x + CELL / 2, y + ROW / 2, "o", ms=4.2, mfc="white", mec="white")


def _legend(axes: Axes, y: float, *, narrow: bool) -> None:
    x = MARGIN
    kinds = (
        (VISIBLE, "visible check"),
        (HIDDEN, "hidden check"),
        (POLICY, "looks at the whole exercise"),
        (PALE, "no other notices it"),
    )
    for k, (color, text) in enumerate(kinds):
        if narrow and k == 2:
            x, y = MARGIN, y + 0.2
        axes.add_patch(Rectangle((x, y - 0.06), 0.18, 0.12, facecolor=color))
        if color == PALE:
            axes.plot(x + 0.09, y, "o", ms=4.2, mfc="white", mec="white")
        axes.text(x + 0.24, y, text, fontsize=8, color=INK, va="center")
        x += 0.5 + 0.064 * len(text)
