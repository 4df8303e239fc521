"""Where things are: the course's folders, and one assignment's checks.

An assignment has a public half, which ships (notebook, ``checks.py``, data), and a private half
in ``solutions/`` (``hidden_checks.py``, ``mutants.py``). A student's machine has the first only.
"""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

from autograder.checks.model import Check, Exercise
from autograder.errors import CourseError
from autograder.limits import Limits

CHECKS = "checks.py"
HIDDEN_CHECKS = "hidden_checks.py"
NO_PART_IN_GRADES = ("mutants.py", "variants.py", "symptoms.json")
"""Of an assignment's private folder: what no points depend on, but what is said about them."""

FIGURE_TAG = "figure"
"""Of cells that are for the eyes and not run in grading."""

CHECK_PREFIX = "check_"
"""A test cell's grade_id is this and the exercise's name."""


@dataclass(frozen=True)
class PublicAssignment:
    """What ships of one assignment.

    Parameters
    ----------
    folder
        The released folder: ``assignments/02-backprop``.
    exercises, visible
        As ``checks.py`` declares them, in order.
    data
        Names of the data files that ship beside the notebook.
    packages
        Distributions that a submission may import when it is graded, beside NumPy, matplotlib and
        IPython: ``PACKAGES`` in ``checks.py``.
    """

    folder: Path
    exercises: tuple[Exercise, ...]
    visible: tuple[Check, ...]
    data: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Name of the assignment: its folder's."""
        return self.folder.name

    def exercise(self, name: str) -> Exercise:
        """Return the exercise `name`; raise `CourseError` if there is none."""
        for exercise in self.exercises:
            if exercise.name == name:
                return exercise
        known = ", ".join(exercise.name for exercise in self.exercises)
        raise CourseError(
            f"has no exercise {name!r}; its exercises are {known}.", path=self.folder / CHECKS
        )


def load_public(folder: Path) -> PublicAssignment:
    """Load the public half of an assignment from a folder that holds ``checks.py``.

    Raises
    ------
    CourseError
        ``checks.py`` is missing, or declares no exercise, or a check of an unknown one.
    """
    path = folder / CHECKS
    if not path.is_file():
        raise CourseError(
            "not found. Keep the notebook in the folder it came in, beside its checks.py.",
            path=path,
        )
    module = load_module(path)
    exercises = tuple(_members(module, Exercise))
    visible = tuple(_members(module, Check))
    public = PublicAssignment(folder, exercises, visible, *_names(module))
    if not exercises:
        raise CourseError("declares no Exercise.", path=path)
    for check in visible:
        public.exercise(check.exercise)
    return public


@dataclass(frozen=True)
class Assignment:
    """An assignment as the grader knows it: both halves.

    Parameters
    ----------
    public
        The half that ships.
    hidden
        Checks with secret inputs.
    reference
        For each exercise that another one uses: the reference's function, NumPy in, NumPy out.
    limits
        What a submission may use: ``LIMITS`` in ``hidden_checks.py``, or the defaults.
    solutions
        The private folder: ``solutions/02-backprop``.
    """

    public: PublicAssignment
    hidden: tuple[Check, ...]
    solutions: Path
    reference: dict[str, Callable[..., Any]] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)

    @property
    def name(self) -> str:
        """Name of the assignment's folder."""
        return self.public.name

    @property
    def checks(self) -> tuple[Check, ...]:
        """Visible checks, then hidden ones."""
        return (*self.public.visible, *self.hidden)

    @property
    def exercises(self) -> tuple[Exercise, ...]:
        """The exercises, in order."""
        return self.public.exercises

    @property
    def master(self) -> Path:
        """The master notebook, as py:percent: the one file in `solutions` that is no module."""
        return self.solutions / f"{self.notebook}.py"

    @property
    def notebook(self) -> str:
        """Stem of the notebook's file name: ``backprop`` of ``02-backprop``."""
        return notebook_stem(self.name)

    @property
    def release(self) -> Path:
        """The released notebook: the canonical form of every submission."""
        return self.public.folder / f"{self.notebook}.ipynb"

    @property
    def private_files(self) -> tuple[Path, ...]:
        """The modules and thresholds in `solutions` that grades depend on, by name.

        Hidden checks may load any module that lies beside them.
        """
        found = (*self.solutions.glob("*.py"), *self.solutions.glob("*.json"))
        left_out = {self.master.name, *NO_PART_IN_GRADES}
        return tuple(sorted(path for path in found if path.name not in left_out))

    @cached_property
    def version(self) -> str:
        """Hash of everything that a grade depends on, but the grader itself."""
        digest = hashlib.sha256()
        for path in (self.release, self.public.folder / CHECKS, *self.private_files):
            digest.update(f"{path.name}\0".encode("utf-8", "surrogateescape"))
            digest.update(hashlib.sha256(path.read_bytes()).digest())
        return digest.hexdigest()[:16]


def notebook_stem(assignment: str) -> str:
    """Return the notebook's name: the folder's without its number, ``-`` as ``_``."""
    return assignment.partition("-")[2].replace("-", "_") or assignment


@dataclass(frozen=True)
class Course:
    """The folders of a course, all under one root."""

    root: Path

    @property
    def solutions(self) -> Path:
        """Instructor's masters, one folder an assignment."""
        return self.root / "solutions"

    @property
    def assignments(self) -> Path:
        """Releases."""
        return self.root / "assignments"

    @property
    def source(self) -> Path:
        """Staged solved notebooks, nbgrader's source folder."""
        return self.root / "build" / "source"

    @property
    def names(self) -> tuple[str, ...]:
        """Every assignment that has a folder in `solutions`."""
        found = (path.parent.name for path in self.solutions.glob(f"*/{CHECKS}"))
        return tuple(sorted(found))

    def require(self, name: str) -> None:
        """Raise `CourseError` unless `name` is an assignment of this course."""
        if name not in self.names:
            raise CourseError(
                f"has no assignment {name!r}; there are {', '.join(self.names) or 'none'}.",
                path=self.solutions,
            )

    def load(self, name: str) -> Assignment:
        """Load both halves of an assignment.

        Raises
        ------
        CourseError
            There is no such assignment, or its points do not add up.
        """
        self.require(name)
        folder = self.solutions / name
        public = load_public(self.assignments / name)
        return load_private(public, folder)


def load_private(public: PublicAssignment, folder: Path) -> Assignment:
    """Add the private half from `folder` to `public`."""
    path = folder / HIDDEN_CHECKS
    try:
        module = load_module(path)
    except (ImportError, CourseError):
        raise
    except Exception as error:
        raise CourseError(
            f"could not be loaded: {type(error).__name__}: {error}", path=path
        ) from error
    hidden = tuple(_members(module, Check))
    reference = dict(getattr(module, "REFERENCE", {}))
    limits = getattr(module, "LIMITS", Limits())
    if not isinstance(limits, Limits):
        raise CourseError(f"LIMITS is {limits!r}; an autograder.limits.Limits expected.", path=path)
    assignment = Assignment(public, hidden, folder, reference, limits)
    for exercise in public.exercises:
        mine = [check for check in assignment.checks if check.exercise == exercise.name]
        declared = sum(check.points for check in mine)
        if abs(declared - exercise.points) > 1e-9:
            raise CourseError(
                f"{exercise.name} is worth {exercise.points:g} points, but its checks add up to "
                f"{declared:g}.",
                path=folder,
            )
    return assignment


def find_course(start: Path | None = None) -> Course:
    """Return the course that `start` (default: the working directory) lies in.

    Raises
    ------
    CourseError
        No folder above holds ``solutions`` and ``nbgrader_config.py``.
    """
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / "solutions").is_dir() and (folder / "nbgrader_config.py").is_file():
            return Course(folder)
    raise CourseError(
        "not inside a course: no folder here or above holds solutions/ and nbgrader_config.py. "
        "Change into the course's folder.",
        path=here,
    )


def load_module(path: Path) -> ModuleType:
    """Import a file under a name of its own, so that equal file names do not collide."""
    tag = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:10]
    name = f"autograder_course_{path.parent.name.replace('-', '_')}_{path.stem}_{tag}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise CourseError("not found, or not a Python file.", path=path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _names(module: ModuleType) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return tuple(getattr(module, "DATA", ())), tuple(getattr(module, "PACKAGES", ()))


def _members(module: ModuleType, kind: type) -> list[Any]:
    return [value for value in vars(module).values() if isinstance(value, kind)]
