"""What students at home and instructors in the class table read of a numerical derivative."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import nbformat

from autograder.adapters.cli.grade import Graded
from autograder.adapters.near_run import open_notebook
from autograder.course import Course
from autograder.results import NO_POINTS, CheckResult, ExerciseResult, Grade
from autograder.sample_class import fill

COURSE = Course(Path(__file__).parents[2])
NAME = "02-backprop"

STEP = """
def sigmoid_prime(z):
    beside = np.clip(z, -500, 500) + 1e-20j
    return np.imag(1 / (1 + np.exp(-beside))) / 1e-20
"""


def test_a_student_reads_it_before_handing_in(tmp_path: Path) -> None:
    assignment = COURSE.load(NAME)
    shutil.copy(assignment.public.folder / "checks.py", tmp_path)
    path = tmp_path / "backprop.ipynb"
    release = nbformat.read(assignment.release, as_version=4)
    nbformat.write(fill(release, {"sigmoid_prime": STEP}), path)
    result = open_notebook(path).check("sigmoid_prime")
    assert result.points == result.covered > 0
    [note] = result.notes
    assert note == (
        "Your code holds the imaginary part of a complex step: `return np.imag(1 / (1 + "
        "np.exp(-beside))) / 1e-20`. This exercise asks for the formula: an answer that is made "
        "of a numerical derivative earns nothing when it is graded."
    )


def test_an_instructor_reads_it_in_the_table_and_in_the_record() -> None:
    passed = (CheckResult("a", visible=True, max_points=1.0, status="passed"),)
    exercises = (
        ExerciseResult("right", 1.0, passed),
        ExerciseResult("tested", 1.0, passed, evidence=("Line 3 of its cell holds h.",)),
        ExerciseResult("measured", 1.0, passed, evidence=("Line 2.", NO_POINTS)),
    )
    grade = Grade(NAME, "graded", exercises, jail=3)
    assert Graded("ada", grade).remarks == (
        "Numerical derivative, no points for measured: see the record. "
        "Traces of a numerical derivative in tested: see the record."
    )
    listed = json.loads(json.dumps(grade.as_json()))["checks"]
    assert [entry["evidence"] for entry in listed] == [
        [],
        ["Line 3 of its cell holds h."],
        ["Line 2.", NO_POINTS],
    ]
