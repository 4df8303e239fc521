"""Grades of whole notebooks: right ones, untouched ones, one stub filled, hanging ones."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from autograder.course import Course, load_public
from autograder.grading.grade import Grader

Answers = Callable[[str], dict[str, str]]
Graders = Callable[[str], Grader]
Submission = Callable[[str, Mapping[str, str]], Path]

ROOT = Path(__file__).parents[2]
ASSIGNMENTS = Course(ROOT).names
EXERCISES = [
    (name, exercise.name)
    for name in ASSIGNMENTS
    for exercise in load_public(ROOT / "solutions" / name).exercises
]


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_the_solution_earns_everything(
    name: str, answers: Answers, grader: Graders, submission: Submission
) -> None:
    grade = grader(name).grade_file(submission(name, answers(name)))
    lost = {e.name: e.message for e in grade.exercises if e.points < e.max_points}
    assert lost == {}
    assert grade.status == "graded"
    assert grade.score == grade.max_score > 0
    assert grade.problems == ()
    assert grade.manual, "a written question is left to a person"


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_the_untouched_release_earns_nothing(
    name: str, grader: Graders, submission: Submission
) -> None:
    grade = grader(name).grade_file(submission(name, {}))
    assert grade.score == 0
    assert {e.name: e.status for e in grade.exercises} == dict.fromkeys(
        (e.name for e in grade.exercises), "missing"
    )
    assert grade.exercises[0].message == (f"{grade.exercises[0].name} is still to be written.")


@pytest.mark.parametrize(("name", "exercise"), EXERCISES)
def test_one_stub_filled_in_scores_just_that_stub(
    name: str, exercise: str, answers: Answers, grader: Graders, submission: Submission
) -> None:
    grade = grader(name).grade_file(submission(name, {exercise: answers(name)[exercise]}))
    points = {e.name: e.points for e in grade.exercises if e.points}
    wanted = next(e.max_points for e in grade.exercises if e.name == exercise)
    assert points == {exercise: wanted}


def test_an_exercise_that_was_paid_for_by_its_callee_says_so(
    answers: Answers, grader: Graders, submission: Submission
) -> None:
    wrong = "def minibatches(n_samples, batch_size, rng):\n    return [np.array([0])]"
    path = submission("03-sgd", {**answers("03-sgd"), "minibatches": wrong})
    grade = grader("03-sgd").grade_file(path)
    by_name = {e.name: e for e in grade.exercises}
    assert by_name["minibatches"].points < by_name["minibatches"].max_points
    assert by_name["train"].points == by_name["train"].max_points
    assert by_name["train"].notes == (
        (
            "Graded with minibatches answered by the reference, because yours is not right yet: "
            "one mistake is paid for once."
        ),
    )


def test_the_same_seed_gives_the_same_grade(
    answers: Answers, grader: Graders, submission: Submission
) -> None:
    path = submission("02-backprop", answers("02-backprop"))
    one, other = (grader("02-backprop").grade_file(path).as_json() for _ in range(2))
    assert one == other


def test_a_loop_and_a_crash_cost_their_own_exercises(
    answers: Answers, grader: Graders, submission: Submission
) -> None:
    path = submission(
        "02-backprop",
        {
            **answers("02-backprop"),
            "hidden_delta": "import os\ndef hidden_delta(W_next, delta_next, z):\n    os._exit(0)",
            "numerical_gradient": "def numerical_gradient(:",
        },
    )
    grade = grader("02-backprop").grade_file(path)
    by_name = {e.name: e for e in grade.exercises}
    assert by_name["hidden_delta"].status == "error"
    assert by_name["hidden_delta"].message == (
        "hidden_delta ended the notebook's process: it exited with status 0."
    )
    assert by_name["numerical_gradient"].status == "error"
    assert by_name["numerical_gradient"].message.startswith(
        "The cell numerical_gradient stopped with SyntaxError: "
    )
    for name in ("sigmoid", "sigmoid_prime", "output_delta"):
        assert by_name[name].points == by_name[name].max_points


def test_forged_outputs_and_points_earn_nothing(
    real_course: Course, grader: Graders, submission: Submission
) -> None:
    path = submission("02-backprop", {})
    notebook = json.loads(path.read_text())
    for cell in notebook["cells"]:
        marks = cell["metadata"].get("nbgrader", {})
        if marks.get("grade") and cell["cell_type"] == "code":
            marks["points"] = 1000
            cell["source"] = "1000.0"
            cell["outputs"] = [
                {
                    "output_type": "execute_result",
                    "data": {"text/plain": "1000.0"},
                    "metadata": {},
                    "execution_count": 1,
                }
            ]
    path.write_text(json.dumps(notebook))
    grade = grader("02-backprop").grade_file(path)
    assert (grade.score, grade.status) == (0, "repaired")
    assert grade.max_score < 1000


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda p: p.write_text("{"), "The file is not JSON"),
        (lambda p: p.mkdir(), "not a regular file"),
        (os.mkfifo, "not a regular file"),
        (lambda p: p.symlink_to("/etc/passwd"), "symbolic link"),
    ],
)
def test_a_file_that_cannot_be_read_is_a_zero_with_a_reason(
    make: Callable[[Path], object], reason: str, grader: Graders, tmp_path: Path
) -> None:
    path = tmp_path / "backprop.ipynb"
    make(path)
    grade = grader("02-backprop").grade_file(path)
    assert grade.status == "rejected"
    assert reason in grade.reason
    assert grade.score == 0
    assert grade.max_score > 0
    assert all(grade.reason in e.message for e in grade.exercises)


def test_the_secret_inputs_do_not_reach_the_records(
    answers: Answers, grader: Graders, submission: Submission
) -> None:
    """A wrong answer's message shows what the student returned, not what was expected."""
    wrong = "def sigmoid_prime(z):\n    return 0.123 + 0 * np.asarray(z)"
    path = submission("02-backprop", {**answers("02-backprop"), "sigmoid_prime": wrong})
    result = grader("02-backprop").grade_file(path).exercises[1]
    hidden = [c for c in result.checks if not c.visible and c.status == "failed"]
    assert hidden
    assert all("0.123" in c.message and "expected 0" not in c.message for c in hidden)


def test_a_device_that_is_not_there_stops_the_grader_and_costs_nobody_points(
    real_course: Course, submission: Submission
) -> None:
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("needs a machine without a GPU")
    done = subprocess.run(
        [
            Path(sys.executable).parent / "autograder",
            "grade-one",
            "02-backprop",
            submission("02-backprop", {}),
        ],
        cwd=real_course.root,
        env={**os.environ, "AUTOGRADER_DEVICE": "cuda"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "AUTOGRADER_DEVICE is 'cuda', but torch" in done.stderr
