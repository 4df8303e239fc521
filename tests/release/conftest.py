"""A course of one small assignment, built for each test."""

import shutil
from collections.abc import Callable
from pathlib import Path

import nbgrader.api
import pytest

from autograder.adapters.nbgrader.gradebook import put_alembic_on_path
from autograder.course import Course

ROOT = Path(__file__).parents[2]

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
# # 1. Toy
# Twice a number: $y = 2x$.

# %%
import numpy as np

from autograder import check


# %%
def halve(x):
    """Return half of `x`."""
    return np.asarray(x) / 2


# %% [markdown]
# ## The exercise

# %% exercise="double"
def double(x):
    """Return twice `x`."""
    ### BEGIN SOLUTION
    left, right = np.asarray(x), np.asarray(x) * 1.0
    return left - (0.5 * left - 1.5 * right)
    ### END SOLUTION


# %% check="double"
check("double")


# %% figure=true
def figure_double():
    """Show it."""
    return double(2)


figure_double()


# %% exercise="Counter"
class Counter:
    """Counts."""

    total: int

    def __init__(self, start=0):
        ### BEGIN SOLUTION
        self.total = start
        ### END SOLUTION

    @property
    def twice(self):
        """Twice the total."""
        ### BEGIN SOLUTION
        return double(self.total)
        ### END SOLUTION


# %% check="Counter"
check("Counter")

# %% [markdown]
# **Question.** Why is it twice as much?

# %% [markdown] written="why" points=1.5
# ### BEGIN SOLUTION
# Because the sum of a number and itself is what we call its double.
# ### END SOLUTION
'''

CHECKS = '''\
"""Visible checks of 01-toy: no answers in here."""

from autograder.checks import Exercise, expect, visible

DATA = ("numbers.npz",)

DOUBLE = Exercise("double", points=2)
COUNTER = Exercise("Counter", points=1.5, uses=("double",))


@visible("double", points=1, title="of 1 is 2")
def of_one(student, case):
    expect.close("double(1)", student.call("double", 1.0), 2.0, show=True)


@visible("Counter", points=1.5, title="counts from its start")
def starts(student, case):
    expect.close("twice", student.create("Counter", 2).get("twice"), 4.0)
'''

HIDDEN = '''\
"""Hidden checks of 01-toy."""

from autograder.checks import expect, hidden


@hidden("double", points=1, title="of any number")
def of_any(student, case):
    number = case.rng.normal() * 3.0 + 0.25
    expect.close("double(x)", student.call("double", number), number * 4.0 / 2.0)
'''

MUTANTS = '''\
"""Mistakes of 01-toy."""

from autograder.catalogue import mutant


@mutant("double", hint="Twice, or to the power of two?")
def squared_instead(x):
    """Squared."""
    return x**2
'''

VARIANTS = '''\
"""Right answers of 01-toy in other styles."""

from autograder.catalogue import variant


@variant("double")
def added(x):
    """Added, with a given cell's expression spelled out."""
    return np.asarray(x) / 2 * 4 + 0.0 * x
'''


@pytest.fixture(scope="session")
def alembic_version() -> str:
    """What nbgrader writes into a new gradebook; asking alembic for it takes a second."""
    put_alembic_on_path()
    version: str = nbgrader.api.get_alembic_version()
    return version


@pytest.fixture(autouse=True)
def _quick_gradebooks(monkeypatch: pytest.MonkeyPatch, alembic_version: str) -> None:
    monkeypatch.setattr(nbgrader.api, "get_alembic_version", lambda: alembic_version)


@pytest.fixture
def course(tmp_path: Path) -> Course:
    """A course with the assignment 01-toy, complete and right."""
    folder = tmp_path / "solutions" / "01-toy"
    folder.mkdir(parents=True)
    (tmp_path / "assignments").mkdir()
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    (folder / "toy.py").write_text(MASTER)
    (folder / "checks.py").write_text(CHECKS)
    (folder / "hidden_checks.py").write_text(HIDDEN)
    (folder / "mutants.py").write_text(MUTANTS)
    (folder / "variants.py").write_text(VARIANTS)
    (folder / "thresholds.json").write_text("{}")
    (folder / "numbers.npz").write_bytes(b"\x93numbers\x00\xff")
    return Course(tmp_path)


@pytest.fixture
def edit(course: Course) -> Callable[..., None]:
    """Replace a piece of one of the assignment's files."""

    def replace(old: str, new: str, file: str = "toy.py") -> None:
        path = course.solutions / "01-toy" / file
        text = path.read_text()
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file}"
        path.write_text(text.replace(old, new))

    return replace


@pytest.fixture
def real() -> Course:
    """The course itself, to be read only."""
    return Course(ROOT)
