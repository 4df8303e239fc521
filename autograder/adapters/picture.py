"""A picture of a graded class: who earned what, and where the class stands."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from autograder.render import inert
from autograder.results import Grade

MAX_HEIGHT = 100.0
"""Inches; the names of some 400 students can be read."""


def draw_class(graded: Sequence[tuple[str, Grade]], path: Path) -> None:
    """Draw students against exercises, coloured by the share of points earned.

    Parameters
    ----------
    graded
        (student, grade), all of one assignment; at least one.
    path
        PNG file to write.
    """
    exercises = graded[0][1].exercises
    share = np.array(
        [[e.points / e.max_points if e.max_points else 1.0 for e in g.exercises] for _, g in graded]
    )
    height = min(1.9 + 0.24 * len(graded), MAX_HEIGHT)
    figure = Figure(figsize=(7.5 + 0.35 * len(exercises), height), layout="constrained")
    grid, bars = figure.subplots(1, 2, width_ratios=[2.2, 1], sharey=True)
    image = grid.imshow(share, cmap="cividis", vmin=0, vmax=1, aspect="auto")
    grid.set_xticks(range(len(exercises)), [e.name for e in exercises], rotation=35, ha="right")
    # A dollar sign in a folder's name would begin a formula.
    names = [inert(student, 32).replace("$", r"\$") for student, _ in graded]
    grid.set_yticks(range(len(graded)), names)
    grid.set_title(f"{graded[0][1].assignment}: share of points by exercise")
    grid.set_xticks(np.arange(len(exercises) + 1) - 0.5, minor=True)
    grid.set_yticks(np.arange(len(graded) + 1) - 0.5, minor=True)
    grid.grid(which="minor", color="white", linewidth=1.5)
    grid.tick_params(which="both", length=0)
    for spine in grid.spines.values():
        spine.set_visible(False)
    scores = [grade.score for _, grade in graded]
    bars.barh(range(len(graded)), scores, color="#4c72b0", height=0.7)
    bars.set_xlim(0, graded[0][1].max_score or 1.0)
    bars.axvline(float(np.mean(scores)), color="black", linestyle="--", linewidth=1)
    bars.set_title(f"score (mean {np.mean(scores):.1f} of {graded[0][1].max_score:g})")
    bars.tick_params(which="both", left=False, labelleft=False)
    for side in ("top", "right", "left"):
        bars.spines[side].set_visible(False)
    figure.colorbar(image, ax=bars, label="share of points", pad=0.02)
    figure.savefig(path, dpi=130)
