"""An assignment's solved notebook and its catalogue: what the gate puts entries into."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from nbformat import NotebookNode

from autograder.catalogue import MUTANTS, VARIANTS, Entry, load_catalogue
from autograder.course import Assignment, Course, load_private, load_public
from autograder.errors import CourseError
from autograder.grading.cells import executable_cells
from autograder.grading.given import given_functions
from autograder.release.marks import expand, read_master
from autograder.sample_class import fill, solution_cells
from autograder.session.far import Cell

LAB = "lab_"
"""Begins the names of the exercises that train a net: they take seconds, not milliseconds."""


@dataclass(frozen=True)
class Solved:
    """One assignment, as its masters say it, whether or not it is released.

    Parameters
    ----------
    assignment
        Both halves, from the masters' folder.
    """

    assignment: Assignment

    @cached_property
    def notebook(self) -> NotebookNode:
        """The master with its solutions and nbgrader's metadata."""
        points = {exercise.name: exercise.points for exercise in self.assignment.exercises}
        return expand(read_master(self.assignment.master), points)

    @cached_property
    def answers(self) -> dict[str, str]:
        """The solution of each exercise (and written question)."""
        return solution_cells(self.notebook)

    @cached_property
    def given(self) -> list[str]:
        """Functions that no student writes."""
        return given_functions(self.notebook)

    @cached_property
    def mutants(self) -> tuple[Entry, ...]:
        """Mistakes, of all exercises."""
        return load_catalogue(self.assignment.solutions / MUTANTS)

    @cached_property
    def variants(self) -> tuple[Entry, ...]:
        """Right answers in other styles, of all exercises."""
        return load_catalogue(self.assignment.solutions / VARIANTS)

    def right(self, exercise: str) -> tuple[Entry, ...]:
        """Return the right answers to one exercise: the solution, then its variants."""
        title = "The solution."
        solution = Entry(exercise, "solution", title, self.answers[exercise], correct=True)
        return (solution, *(entry for entry in self.variants if entry.exercise == exercise))

    def mistakes(self, exercise: str) -> tuple[Entry, ...]:
        """Return the mistakes of one exercise."""
        return tuple(entry for entry in self.mutants if entry.exercise == exercise)

    def cells(self, answers: Mapping[str, str]) -> list[Cell]:
        """Return the cells that a session runs, some solutions replaced by `answers`."""
        return executable_cells(fill(self.notebook, {**self.answers, **answers}))

    def fingerprint(self, exercise: str) -> str:
        """Return a hash of what the gate's figures for an exercise depend on, but the engine."""
        digest = hashlib.sha256()
        for path in (*self.assignment.private_files, self.assignment.master):
            digest.update(hashlib.sha256(path.read_bytes()).digest())
        for entry in (*self.mistakes(exercise), *self.right(exercise)):
            digest.update(f"{entry.id}\0{entry.source}\0".encode())
        return digest.hexdigest()[:16]


def solve(course: Course, name: str) -> Solved:
    """Return the solved notebook of an assignment.

    Raises
    ------
    CourseError
        There is no such assignment, or it cannot be loaded.
    """
    course.require(name)
    folder = course.solutions / name
    return Solved(load_private(load_public(folder), folder))


def find_exercise(course: Course, exercise: str, assignment: str = "") -> str:
    """Return the assignment that has an exercise.

    Parameters
    ----------
    course
        The course.
    exercise
        Name of the exercise.
    assignment
        Where to look; everywhere by default.

    Raises
    ------
    CourseError
        No assignment has it, or more than one.
    """
    if assignment:
        course.require(assignment)
        load_public(course.solutions / assignment).exercise(exercise)
        return assignment
    known = {
        name: [found.name for found in load_public(course.solutions / name).exercises]
        for name in course.names
    }
    having = [name for name, exercises in known.items() if exercise in exercises]
    if len(having) == 1:
        return having[0]
    if having:
        raise CourseError(
            f"{exercise!r} is an exercise of {' and of '.join(having)}; say which one is meant: "
            f"--assignment {having[0]}, say.",
            path=course.solutions,
        )
    there = "".join(f"\n- {name}: {', '.join(exercises)}" for name, exercises in known.items())
    raise CourseError(
        f"no assignment has an exercise {exercise!r}; there are:{there}", path=course.solutions
    )
