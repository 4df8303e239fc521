"""A course of one tiny assignment, with secrets that nobody may see, built by the real release."""

from __future__ import annotations

import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

import nbformat

from autograder.course import Course
from autograder.grading.seeds import course_key
from autograder.release.build import build_release
from autograder.sample_class import fill
from tests.hostile.model import QUICK

ROOT = Path(__file__).parents[2]
NAME = "01-target"

HONEST = {
    "double": "def double(x):\n    return 2 * x",
    "mean_square": "def mean_square(x):\n    return np.mean(np.square(x))",
    "draw": "def draw(n, rng):\n    return rng.standard_normal(n)",
    "why": "Because it adds up.",
}
POINTS = {"double": 2.0, "mean_square": 2.0, "draw": 1.0}

MASTER = '''\
# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     name: python3
# ---

# %% [markdown]
# # 1. Target
# Twice a number, the mean of squares, and some draws.

# %%
import numpy as np

from autograder import check


# %% exercise="double"
def double(x):
    """Return twice `x`."""
    ### BEGIN SOLUTION
    left, right = np.asarray(x), np.asarray(x) * 1.0
    return left - (0.5 * left - 1.5 * right)
    ### END SOLUTION


# %% check="double"
check("double")


# %% exercise="mean_square"
def mean_square(x):
    """Return the mean of the squares of `x`."""
    ### BEGIN SOLUTION
    flat = np.ravel(x)
    return np.dot(flat, flat) / flat.size
    ### END SOLUTION


# %% check="mean_square"
check("mean_square")


# %% exercise="draw"
def draw(n, rng):
    """Return `n` standard normal draws of `rng`."""
    ### BEGIN SOLUTION
    drawn = rng.standard_normal(n)
    return drawn
    ### END SOLUTION


# %% check="draw"
check("draw")

# %% [markdown]
# **Question.** Why?

# %% [markdown] written="why" points=1
# ### BEGIN SOLUTION
# Because the sum of a number and itself is what we call its double.
# ### END SOLUTION
'''

CHECKS = '''\
"""Visible checks of 01-target: no answers in here."""

import numpy as np

from autograder.checks import Exercise, expect, visible

DOUBLE = Exercise("double", points=2)
MEAN_SQUARE = Exercise("mean_square", points=2)
DRAW = Exercise("draw", points=1)


@visible("double", points=1, title="adds up", cpu_seconds=1.0)
def adds_up(student, case):
    for _ in range(3):
        a, b = case.rng.normal(size=(2, 4)) + 3.0
        two = [student.call("double", v) for v in (a, b, a + b, a)]
        of_a, of_b, of_both, again = (expect.array("double(x)", v, (4,)) for v in two)
        expect.close("double(a) + double(b)", of_a + of_b, of_both)
        expect.close("double(a), asked again", again, of_a)
        expect.close("double(a) - a", of_a - a, a)
    expect.unchanged(student)


@visible("mean_square", points=1, title="of one number repeated", cpu_seconds=1.0)
def of_one(student, case):
    for _ in range(3):
        number = case.rng.uniform(1.0, 5.0)
        got = expect.scalar("mean_square(x)", student.call("mean_square", np.full(5, number)))
        expect.close("the root of mean_square(x)", np.sqrt(abs(got)), number)
        expect.holds(got > 0, "mean_square(x)", "is not positive.")


@visible("draw", points=0.5, title="hangs on its generator", cpu_seconds=1.0)
def hangs_on_its_generator(student, case):
    one, other = case.generator(), case.generator()
    first, second, third = (
        expect.array("draw(n, rng)", student.call("draw", 400, rng), (400,))
        for rng in (one, one, other)
    )
    for values in (first, second, third):
        expect.within("draw(n, rng)", float(values.std()), 0.7, 1.3, what="its spread")
        expect.within("draw(n, rng)", float(values.mean()), -0.4, 0.4, what="its mean")
    for a, b in ((first, second), (first, third)):
        expect.holds(not np.array_equal(a, b), "draw(n, rng)", "draws the same twice.")
'''

HIDDEN = '''\
"""Hidden checks of 01-target."""

import numpy as np

from autograder.checks import expect, hidden
from autograder.limits import Limits

LIMITS = @limits@
CANARY = "@canary@"


@hidden("double", points=1, title="of any array, doubled", cpu_seconds=1.0)
def of_any(student, case):
    for shape in ((3,), (2, 4), (5, 1)):
        x = case.rng.normal(size=shape) * 3.0 + 0.25
        expect.close("double(x)", student.call("double", x), x * 4.0 / 2.0)
    expect.unchanged(student)


@hidden("mean_square", points=1, title="of any array", cpu_seconds=1.0)
def of_any_array(student, case):
    for size in (3, 7):
        x = case.rng.normal(size=size)
        expect.close("mean_square(x)", student.call("mean_square", x), np.vdot(x, x) / size)
    expect.unchanged(student)


@hidden("draw", points=0.5, title="draws what its generator draws", cpu_seconds=1.0)
def as_its_generator(student, case):
    rng = case.generator()
    want = np.random.default_rng(rng.seed).standard_normal(6)
    expect.close("draw(6, rng)", student.call("draw", 6, rng), want)
'''


@dataclass(frozen=True)
class Target:
    """The course, and texts that no submission may ever show."""

    course: Course
    home: Path
    canaries: dict[str, str]


def build(root: Path) -> Target:
    """Make the course, a home folder and their secrets below `root`."""
    course, home = Course(root / "course"), root / "home"
    hidden, book, other, host = (f"{secrets.token_hex(12)}" for _ in range(4))
    folder = course.solutions / NAME
    folder.mkdir(parents=True)
    course.assignments.mkdir()
    shutil.copy(ROOT / "nbgrader_config.py", course.root)
    (folder / "target.py").write_text(MASTER)
    (folder / "checks.py").write_text(CHECKS)
    (folder / "hidden_checks.py").write_text(
        HIDDEN.replace("@canary@", hidden).replace("@limits@", repr(QUICK))
    )
    (folder / "mutants.py").write_text("")
    (folder / "variants.py").write_text("")
    (folder / "thresholds.json").write_text("{}")
    build_release(course, [NAME])
    key = course_key(course).decode()
    submit(course, "ada", {**HONEST, "double": f"# {other}\n{HONEST['double']}"})
    book_file = course.root / "gradebook.db"
    with book_file.open("ab") as gradebook:  # SQLite reads no further than it wrote
        gradebook.write(book.encode())
    (home / ".ssh").mkdir(parents=True)
    (home / ".ssh" / "id_ed25519").write_text(host)
    canaries = {
        "hidden_checks.py": hidden,
        "gradebook.db": book,
        "another submission": other,
        "the home folder": host,
        "the course's key": key,
    }
    return Target(course, home, canaries)


def submit(course: Course, student: str, cells: dict[str, str]) -> Path:
    """Write a submission of the released notebook; return its folder."""
    folder = course.root / "submitted" / student / NAME
    folder.mkdir(parents=True, exist_ok=True)
    release = nbformat.read(course.load(NAME).release, as_version=4)
    nbformat.write(fill(release, cells), folder / "target.ipynb")
    return folder
