"""What an assignment's ``checks.py`` and ``hidden_checks.py`` are written with."""

from autograder.checks import expect
from autograder.checks.model import Case, Check, Exercise, hidden, visible
from autograder.diagnosis import Counts
from autograder.student import Student
from autograder.values import Callback, Rng, Strided

__all__ = [
    "Callback",
    "Case",
    "Check",
    "Counts",
    "Exercise",
    "Rng",
    "Strided",
    "Student",
    "expect",
    "hidden",
    "visible",
]
