"""Whole notebooks that cheat or attack: no point is earned, and nobody else's is lost."""

from __future__ import annotations

import stat
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest

from autograder.batch.pool import Done, Pool
from autograder.batch.store import Store
from autograder.batch.work import Batch
from autograder.checks import expect
from autograder.checks.runner import run_exercise
from autograder.course import Course
from autograder.grading.cells import executable_cells
from autograder.grading.grade import Grader
from autograder.grading.notebook import write_grade
from autograder.grading.restoring import Restorer
from autograder.grading.seeds import submission_seed
from autograder.limits import Limits
from autograder.results import ExerciseResult, Grade
from autograder.session.launcher import Launcher
from autograder.session.usage import family
from autograder.session.watch import Spent
from autograder.student import Near

Answers = Callable[[str], dict[str, str]]
Graders = Callable[[str], Grader]
Submission = Callable[[str, Mapping[str, str]], Path]

NAME = "02-backprop"
QUICK = Limits(cell_cpu=60.0, notebook_cpu=3000.0, wall_factor=0.05, wall_extra=2.0, sessions=40)
"""A call's 20 CPU seconds give 3 s of wall time, a cell's 60 give 5 s."""

FORGER = """
import gc, os, signal, socket, struct, sys, time
import numpy as np
from autograder.session import messages as wire

AGENT = next(o for o in gc.get_objects() if type(o).__name__ == "Agent")
LINE = AGENT._channel

def key():
    frame = sys._getframe()
    while "request" not in frame.f_locals:
        frame = frame.f_back
    return frame.f_locals["request"].key

def say(message):
    LINE.sendall(wire.encode(message))
"""


@pytest.fixture(scope="module")
def quick(grader: Graders) -> Grader:
    return replace(grader(NAME), limits=QUICK)


def by_name(grade: Grade) -> dict[str, ExerciseResult]:
    return {exercise.name: exercise for exercise in grade.exercises}


def points(grade: Grade) -> dict[str, float]:
    return {exercise.name: exercise.points for exercise in grade.exercises if exercise.points}


POISON = """
import builtins, json
import msgspec
import autograder.checks.expect as expect, autograder.checks.runner as runner
import autograder.results as results

class Right:
    def __eq__(self, other): return True
    __ne__ = __lt__ = __gt__ = lambda self, other: False
    __le__ = __ge__ = __eq__
    __float__ = lambda self: 0.5
    __hash__ = None
    def __array__(self, dtype=None, copy=None): return np.full((5, 4), 0.5)
    def __sub__(self, other): return 0.0
    __rsub__ = __abs__ = __sub__

class Tensor(np.ndarray):
    def __array_ufunc__(self, *args, **kwargs): return np.float64(0.0)
    def __array_function__(self, *args, **kwargs): return True

class Number(float):
    def __sub__(self, other): return 0.0

np.allclose = np.array_equal = np.isclose = lambda *args, **kwargs: True
np.testing.assert_allclose = lambda *args, **kwargs: None
np.linalg.norm = lambda *args, **kwargs: 0.0
np.random.default_rng = lambda *args: __import__("random")
for name in ("array", "close", "tensor", "slope", "holds", "within", "finite"):
    setattr(expect, name, lambda *args, **kwargs: np.zeros(1))
runner.run_check = None
results.CheckResult.points = 100.0
time.process_time = time.monotonic = time.time = lambda: 0.0
get_ipython().run_cell = lambda *args, **kwargs: None
"""

CHEATS = {
    "an always-equal object": "Right()",
    "an ndarray subclass": "np.zeros(np.shape(args[0])).view(Tensor)",
    "a float subclass": "Number(0.5)",
    "an object array": "np.array([Right()] * 20, dtype=object).reshape(5, 4)",
    "NaN": "np.full(np.shape(args[0]), np.nan)",
    "infinity": "np.full(np.shape(args[0]), np.inf)",
    "the input": "args[0]",
    "nothing": "None",
}


@pytest.mark.parametrize("first", [0, 4])
def test_lying_values_and_patched_libraries_earn_nothing(
    first: int, quick: Grader, submission: Submission
) -> None:
    """Each exercise tries another cheat; the first cell holds the poison."""
    names = [exercise.name for exercise in quick.assignment.exercises]
    bodies = list(CHEATS.values()) * 2
    cells = {
        name: f"def {name}(*args, **kwargs):\n    return {body}"
        for name, body in zip(names, bodies[first:], strict=False)
    }
    cells[names[0]] = FORGER + POISON + cells[names[0]]
    grade = quick.grade_file(submission(NAME, cells))
    assert points(grade) == {}
    assert grade.problems == ()
    assert all(check.message for e in grade.exercises for check in e.checks)


def test_forged_frames_foreign_answers_and_old_inputs_earn_nothing(
    quick: Grader, submission: Submission, answers: Answers
) -> None:
    seen = _inputs_of_the_visible_checks(quick, answers(NAME)["sigmoid"])
    assert seen
    cheats = {
        # What was right in the student's own notebook is remembered.
        "sigmoid": f"SEEN = {seen!r}\n"
        "def sigmoid(z):\n"
        "    known = SEEN.get(np.asarray(z).tobytes().hex())\n"
        "    return np.zeros_like(z) if known is None else np.array(known).reshape(z.shape)",
        "sigmoid_prime": "def sigmoid_prime(z):\n"
        "    from reference import numpy_api\n"
        "    return numpy_api.sigmoid_prime(z)",
        # A reply before the reply, and messages that claim a verdict.
        "output_delta": "def output_delta(a, t, z):\n"
        "    say(wire.Value(key(), wire.to_wire(np.zeros(z.shape))))\n"
        "    say({'type': 'passed', 'points': 100})",
        "hidden_delta": "def hidden_delta(W_next, delta_next, z):\n"
        "    for module in list(sys.modules.values()):\n"
        "        if hasattr(module, 'REFERENCE'):\n"
        "            return module.REFERENCE['hidden_delta'](W_next, delta_next, z)\n"
        "    raise LookupError('no reference')",
        # Whatever array of the right shape lies in memory.
        "gradients": "def gradients(weights, biases, X, T):\n"
        "    def find(shape):\n"
        "        for o in gc.get_objects():\n"
        "            if type(o) is np.ndarray and o.shape == shape and o is not X:\n"
        "                return o\n"
        "        return np.zeros(shape)\n"
        "    return [find(w.shape) for w in weights], [find(b.shape) for b in biases]",
        "numerical_gradient": "def numerical_gradient(f, theta, h=1e-5):\n"
        "    for odd in (np.full(theta.shape, np.nan), np.zeros(10**6), [[1], [2, 3]], None,\n"
        "                {'a': 1}, 'x', np.zeros((0, 5)), np.full(theta.shape, 1e308)):\n"
        "        f(odd)\n"
        "    return f(theta) * np.ones_like(theta)",
    }
    cheats["sigmoid"] = FORGER + cheats["sigmoid"]
    grade = quick.grade_file(submission(NAME, cheats))
    assert points(grade) == {}
    assert grade.problems == ()
    found = by_name(grade)
    assert "No module named 'reference'" in found["sigmoid_prime"].message
    assert "LookupError: no reference" in found["hidden_delta"].message


def _inputs_of_the_visible_checks(grader: Grader, source: str) -> dict[str, Any]:
    """Return right answers by the bytes of the inputs that a student can see at home."""
    seen: dict[str, Any] = {}
    namespace: dict[str, Any] = {"np": np}
    exec(source, namespace)
    right = namespace["sigmoid"]

    def watched(z: Any) -> Any:
        seen[np.asarray(z).tobytes().hex()] = np.asarray(right(z)).ravel().tolist()
        return right(z)

    public = grader.assignment.public
    at_home = run_exercise(public.exercise("sigmoid"), public.visible, Near({"sigmoid": watched}))
    assert at_home.status == "passed"
    return seen


def test_attacks_cost_their_own_exercises_only(
    quick: Grader, submission: Submission, answers: Answers
) -> None:
    right = answers(NAME)
    attacks = {
        "sigmoid": FORGER + right["sigmoid"] + "\ncheck('sigmoid')",
        "sigmoid_prime": "def sigmoid_prime(z):\n    os.kill(os.getpid(), 40)",
        "output_delta": "def output_delta(a, t, z):\n"
        "    LINE.sendall(struct.pack('>I', 10**6))\n"
        "    while True:\n"
        "        time.sleep(0.2)\n"
        "        LINE.sendall(b'x')",
        "hidden_delta": "def hidden_delta(W_next, delta_next, z):\n"
        "    say(wire.Value(key(), [wire.Arr('<f8', (0, 2**62), b'')]))",
        "numerical_gradient": "def numerical_gradient(f, theta, h=1e-5):\n"
        "    while True:\n"
        "        try:\n"
        "            f(theta)\n"
        "        except ValueError:\n"
        "            pass",
    }
    started = time.monotonic()
    grade = quick.grade_file(submission(NAME, {**right, **attacks}))
    assert time.monotonic() - started < 60.0
    found = by_name(grade)
    assert grade.problems == ()
    assert points(grade) == {name: found[name].max_points for name in ("sigmoid", "gradients")}
    assert {name: found[name].status for name in attacks} == {
        "sigmoid": "passed",
        "sigmoid_prime": "error",
        "output_delta": "timeout",
        "hidden_delta": "error",
        "numerical_gradient": "timeout",
    }
    assert "PermissionError" in found["sigmoid_prime"].message
    assert "an array of shape (0, " in found["hidden_delta"].message
    assert found["gradients"].notes, "its callees were answered by the reference"


def test_a_stub_is_not_paid_for_by_the_reference_of_its_callee(
    quick: Grader, submission: Submission
) -> None:
    """In the second trial sigmoid is the reference's; whoever asks around gets just that."""
    thief = (
        FORGER
        + """
def sigmoid_prime(z):
    for number in range(20):
        say(wire.Ask(key(), number, wire.to_wire(((z,), {}))))
        answer = AGENT._receive()
        if not answer.error:
            return wire.from_wire(answer.value)
"""
    )
    grade = quick.grade_file(submission(NAME, {"sigmoid_prime": thief}))
    assert points(grade) == {}
    assert grade.problems == ()


def test_hostile_outputs_are_written_inert(quick: Grader, submission: Submission) -> None:
    source = r"""
import json
from IPython.display import HTML, display
print("half \ud800 of a character \x1b[31m")
display(HTML("<script>alert(1)</script>"))
dumps = json.dumps
def forged(outputs):
    deep = "[" * 900 + "]" * 900
    return dumps([*outputs, {"output_type": "error", "ename": "\ud800"},
        {"output_type": "execute_result", "data": {"text/plain": "999.0"}},
        {"output_type": "stream", "name": "stderr", "text": "x"}])[:-1] + (
        ', {"output_type": "error", "ename": ' + deep + "}]")
json.dumps = forged
"""
    path = submission(NAME, {"sigmoid": source})
    grade = quick.grade_file(path)
    notebook = Restorer(quick.assignment).restore_file(path).notebook
    write_grade(notebook, grade)
    nbformat.writes(notebook).encode()
    cell = next(cell for cell in notebook.cells if cell.id == "sigmoid")
    assert {output.output_type for output in cell.outputs} == {"stream", "display_data"}
    assert {o.name for o in cell.outputs if o.output_type == "stream"} == {"stdout"}
    assert "script" not in str(cell.outputs)
    assert points(grade) == {}


def test_outputs_too_deep_to_travel_do_not_stop_a_class(
    real_course: Course, submission: Submission, tmp_path: Path, launcher: Launcher
) -> None:
    """A result comes back from its worker as a file, whose reader gives up on deep lists."""
    source = """
import json
deep = "[" * 950 + "]" * 950
json.dumps = lambda outputs: '[{"output_type": "error", "ename": ' + deep + "}]"
"""
    folder = tmp_path / "submitted" / "student" / NAME
    folder.mkdir(parents=True)
    submission(NAME, {"sigmoid": source}).rename(folder / "backprop.ipynb")
    store = Store(tmp_path / "results")
    pool = Pool(Batch(real_course.root, NAME, "0" * 32, launcher.level), "", store, 1)
    [done] = [event for event in pool.run([folder]) if isinstance(event, Done)]
    outcome = store.get(done.answer.name, folder)
    assert outcome is not None
    assert (outcome.grade.status, outcome.grade.problems) == ("graded", ())


def test_nothing_secret_is_in_the_process(
    quick: Grader, submission: Submission, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its memory is searched from outside after all checks ran on wrong answers."""
    monkeypatch.setenv("SECRET_OF_THE_HOST", "in the environment")
    names = [exercise.name for exercise in quick.assignment.exercises]
    zeros = {name: f"def {name}(*args):\n    return 0.0 * args[0]" for name in names}
    zeros["gradients"] = (
        "def gradients(weights, biases, X, T):\n"
        "    return [0.0 * w for w in weights], [0.0 * b for b in biases]"
    )
    zeros["numerical_gradient"] = (
        "def numerical_gradient(f, theta, h=1e-5):\n    return f(theta) * np.zeros_like(theta)"
    )
    zeros["sigmoid"] += (
        "\nimport os, sys\ndef look():\n"
        "    kinds = {}\n"
        "    for number in range(256):\n"
        "        try:\n"
        "            kinds[str(number)] = os.fstat(number).st_mode\n"
        "        except OSError:\n"
        "            pass\n"
        "    return [sorted(os.environ), sys.argv[1:], sorted(os.listdir()), kinds]"
    )
    expected: list[bytes] = []

    def spy(judge: Callable[..., None]) -> Callable[..., None]:
        def judged(label: str, got: object, want: Any, **kwargs: Any) -> None:
            right = np.asarray(want, dtype=np.float64)
            if right.size > 3 and np.ptp(right) > 0:
                expected.append(right.tobytes()[:24])
            judge(label, got, want, **kwargs)

        return judged

    monkeypatch.setattr(expect, "close", spy(expect.close))
    monkeypatch.setattr(expect, "tensor", spy(expect.tensor))
    notebook = Restorer(quick.assignment).restore_file(submission(NAME, zeros)).notebook
    seed_of = quick._seeds_of(notebook)
    with quick._student(notebook, Spent()) as student:
        for exercise in quick.assignment.exercises:
            result = run_exercise(exercise, quick.assignment.hidden, student, seed_of)
            assert result.points == 0.0
        environment, arguments, files, descriptors = student.call("look")  # type: ignore[misc]
        assert student._process is not None
        memory = _memory(family(student._process.pid)[-1])
    assert len(expected) >= 5
    hidden = [check.title for check in quick.assignment.hidden]
    own = submission_seed(quick.seed, executable_cells(notebook))
    needles = [quick.seed, own, "SECRET_OF_THE_HOST", "numpy_api", *hidden]
    assert [needle for needle in needles if needle.encode() in memory] == []
    assert [values for values in expected if values in memory] == []
    assert b"look" in memory
    assert len(arguments) == 2, "the descriptor of the fork server, packages"
    assert files == ["checks.py"]
    kinds = {int(number): mode for number, mode in descriptors.items()}
    assert [number for number, mode in kinds.items() if stat.S_ISCHR(mode)] == [0, 1, 2]
    assert [stat.S_ISSOCK(mode) for number, mode in kinds.items() if number > 2] == [True]
    assert "PATH" in environment


def _memory(pid: int) -> bytes:
    """Return what a process can write to and has written."""
    found = []
    with Path(f"/proc/{pid}/maps").open() as maps, Path(f"/proc/{pid}/mem").open("rb", 0) as memory:
        for line in maps:
            span, rights = line.split()[:2]
            start, end = (int(part, 16) for part in span.split("-"))
            if not rights.startswith("rw") or end - start > 2**28:
                continue
            memory.seek(start)
            try:
                found.append(memory.read(end - start))
            except OSError:
                continue
    return b"".join(found)
