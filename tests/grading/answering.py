"""Exercises of the course answered by an entry of the catalogue, as the recognition meets them."""

from __future__ import annotations

import contextlib
import io
import warnings
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

import nbformat
import numpy as np

from autograder.checks.runner import run_exercise
from autograder.checks.transcript import Transcript
from autograder.course import Assignment, Course
from autograder.gate.solved import Solved, solve
from autograder.grading.recognize import Recognizer
from autograder.grading.seeds import check_seed
from autograder.results import ExerciseResult
from autograder.student import Near

COURSE = Course(Path(__file__).parents[2])


@cache
def solved(name: str) -> Solved:
    return solve(COURSE, name)


@cache
def assignment(name: str) -> Assignment:
    return COURSE.load(name)


@cache
def recognizer(name: str) -> Recognizer:
    return Recognizer(assignment(name), nbformat.read(assignment(name).release, as_version=4))


def answered_under(
    seed: str, name: str, exercise: str, source: str, attempts: int = 3
) -> tuple[ExerciseResult, Transcript]:
    """Run all checks of an exercise on the solved notebook with one cell replaced."""
    transcript, namespace = Transcript(), {"__name__": "__main__"}
    checks = assignment(name).checks
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.chdir(assignment(name).public.folder))
        stack.enter_context(contextlib.redirect_stdout(io.StringIO()))
        stack.enter_context(np.errstate(all="ignore"))
        stack.enter_context(warnings.catch_warnings(action="ignore"))
        for cell in solved(name).cells({exercise: source}):
            exec(compile(cell.source, "<cell test>", "exec"), namespace)
        result = run_exercise(
            assignment(name).public.exercise(exercise),
            [replace(check, attempts=min(check.attempts, attempts)) for check in checks],
            Near(namespace),
            partial(check_seed, seed),
            transcript=transcript,
        )
    return result, transcript
