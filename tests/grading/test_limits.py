"""What an assignment says of itself: its limits, and packages beside the usual ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.course import load_private, load_public
from autograder.errors import CourseError, StudentRaised
from autograder.limits import Limits
from autograder.session.far import Cell, FarStudent
from autograder.session.launcher import Launcher

CHECKS = """
from autograder.checks import Exercise, visible
TWICE = Exercise("twice", points=1)

@visible("twice", points=1, title="two")
def two(student, case):
    student.call("twice", 1.0)
"""


def folder(root: Path, public: str = "", private: str = "") -> Path:
    (root / "checks.py").write_text(CHECKS + public)
    (root / "hidden_checks.py").write_text(private)
    return root


def test_an_assignment_sets_its_own_limits(tmp_path: Path) -> None:
    private = "from autograder.limits import Limits\nLIMITS = Limits(notebook_cpu=900)\n"
    place = folder(tmp_path, private=private)
    assert load_private(load_public(place), place).limits == Limits(notebook_cpu=900)


def test_the_defaults_hold_otherwise(tmp_path: Path) -> None:
    place = folder(tmp_path)
    assignment = load_private(load_public(place), place)
    assert assignment.limits == Limits()
    assert assignment.public.packages == ()


def test_limits_of_another_kind_are_refused(tmp_path: Path) -> None:
    place = folder(tmp_path, private="LIMITS = {'notebook_cpu': 900}\n")
    with pytest.raises(CourseError, match=r"LIMITS is .*; an autograder.limits.Limits expected"):
        load_private(load_public(place), place)


IMPORTER = "def version():\n    import scipy\n    return str(scipy.__version__)"


def test_a_package_is_there_if_the_assignment_asks_for_it(
    launcher: Launcher, tmp_path: Path
) -> None:
    packages = load_public(folder(tmp_path, 'PACKAGES = ("scipy",)\n')).packages
    with FarStudent(launcher, [Cell("a", IMPORTER)], [], packages=packages) as far:
        assert str(far.call("version"))[0].isdigit()


def test_a_package_is_not_there_otherwise(launcher: Launcher) -> None:
    importing = FarStudent(launcher, [Cell("a", IMPORTER)], [])
    with importing as far, pytest.raises(StudentRaised, match="ModuleNotFoundError"):
        far.call("version")
