"""The student in another process: calls, objects, functions, faults, deadlines."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from autograder.errors import (
    DeadlineExceeded,
    NotWritten,
    SessionLost,
    StubCalled,
    StudentFault,
    StudentRaised,
)
from autograder.session.far import Cell, FarStudent, Limits
from autograder.session.plain import PlainLauncher
from autograder.values import BoundClass, Callback, Rng, Strided, Unsupported

CELLS = {
    "setup": "import numpy as np\nimport os\nprint('hello')",
    "functions": """
def double(z):
    return 2 * z
def twice(r):
    return r.random()
def change(a, b):
    b[0] = 99.0
    return a
def slope(f, theta):
    return np.array([f(theta + 1.0), f(theta - 1.0)])
def contiguous(a):
    return a.flags.c_contiguous
def numbers():
    return (n * n for n in range(4))
def matrix():
    return np.matrix([[1.0]])
def fails(z):
    first = 1
    return first + undefined
def stub():
    raise NotImplementedError("stub")
def calls_stub():
    return stub()
def loops():
    while True:
        pass
def sleeps():
    import time
    time.sleep(1000)
def dies():
    os._exit(7)
def leaves():
    raise SystemExit
def environment():
    return [sorted(os.environ), os.getcwd(), sorted(os.listdir())]
def forks():
    if os.fork() == 0:
        while True:
            pass
    return 1
class Counter:
    def __init__(self, start):
        self.value = start
    def step(self, by):
        self.value += by
        return self.value > 3
""",
    "wrong": "def wrong(:",
    "shown": "3 + 4",
}


def cells(**more: str) -> list[Cell]:
    return [Cell(name, source) for name, source in {**CELLS, **more}.items()]


@pytest.fixture(scope="module")
def student() -> Iterator[FarStudent]:
    with FarStudent(PlainLauncher(), cells(), [Path(__file__)]) as far:
        yield far


@pytest.fixture
def fresh() -> Iterator[FarStudent]:
    limits = Limits(cell_cpu=3.0, wall_factor=1.0, wall_extra=2.0)
    with FarStudent(PlainLauncher(), cells(), [], limits) as far:
        far.cpu_seconds = 0.5
        yield far


def test_a_call_returns_plain_values(student: FarStudent) -> None:
    got = student.call("double", np.arange(3.0))
    assert isinstance(got, np.ndarray)
    assert got.tolist() == [0.0, 2.0, 4.0]
    assert student.call("double", 2) == 4
    assert student.call("numbers") == [0, 1, 4, 9]
    assert student.call("matrix") == Unsupported("numpy.matrix")


def test_one_generator_advances_and_equal_seeds_are_equal(student: FarStudent) -> None:
    one, other = Rng(5), Rng(5)
    first, second = student.call("twice", one), student.call("twice", one)
    assert first == np.random.default_rng(5).random() == student.call("twice", other)
    assert first != second


def test_changed_arguments_are_named_and_ours_stay(student: FarStudent) -> None:
    mine = np.zeros(2)
    student.mutations.clear()
    student.call("change", mine, mine)
    assert student.mutations == [("change", "b")]
    assert mine.tolist() == [0.0, 0.0]


def test_a_function_of_ours_is_called_back(student: FarStudent) -> None:
    callback = Callback(lambda theta: float((theta**2).sum()))
    got = student.call("slope", callback, np.zeros(2))
    assert isinstance(got, np.ndarray)
    assert got.tolist() == [2.0, 2.0]
    assert [call[0].tolist() for call in callback.calls] == [[1.0, 1.0], [-1.0, -1.0]]


def test_an_exception_in_our_function_reaches_the_student_as_theirs(student: FarStudent) -> None:
    callback = Callback(lambda _: 1 / 0)
    with pytest.raises(StudentRaised, match="slope raised ValueError: ZeroDivisionError"):
        student.call("slope", callback, np.zeros(2))


def test_views_arrive_as_views(student: FarStudent) -> None:
    assert student.call("contiguous", np.zeros((2, 3))) is True
    assert student.call("contiguous", Strided(np.zeros((2, 3)))) is False


def test_an_object_stays_there(student: FarStudent) -> None:
    counter = student.create("Counter", 1)
    assert counter.call("step", 1) is False
    assert counter.call("step", by=2) is True
    assert counter.get("value") == 4
    with pytest.raises(StudentRaised, match=r"Counter\.nothing raised AttributeError"):
        counter.get("nothing")


def test_an_exception_names_the_students_line(student: FarStudent) -> None:
    with pytest.raises(StudentRaised) as caught:
        student.call("fails", 1.0)
    assert caught.value.problem == (
        "fails raised NameError: name 'undefined' is not defined at line 18: "
        "return first + undefined."
    )


def test_a_stub_is_work_to_do_and_another_stub_is_not_ones_own(student: FarStudent) -> None:
    with pytest.raises(NotWritten) as caught:
        student.call("stub")
    assert caught.value.problem == "stub is still to be written."
    with pytest.raises(StubCalled) as called:
        student.call("calls_stub")
    assert called.value.problem == "calls_stub calls stub, which is still to be written."
    with pytest.raises(NotWritten, match="nothing is not defined in the notebook"):
        student.call("nothing")


def test_a_given_function_is_called_as_it_was_given_whatever_a_cell_made_of_it() -> None:
    cells = [
        Cell("given", "def triple(z):\n    return 3 * double(z)"),
        Cell("own", CELLS["functions"].replace("return r.random()", "return triple(r)")),
        Cell("trick", "def triple(z):\n    return 'tricked'"),
    ]
    given = {"triple": "def triple(z):\n    return 1.5 * double(z)"}
    with FarStudent(PlainLauncher(), cells, [], given=given) as student:
        assert student.call("twice", 1.0) == "tricked"
        assert student.call("triple", 2.0) == 6.0
        assert student.call("triple", 3.0) == 9.0
    with FarStudent(
        PlainLauncher(), cells, [], given=given, bindings={"triple": lambda z: -z}
    ) as student:
        assert student.call("triple", 2.0) == -2.0


def test_a_given_function_that_cannot_be_defined_is_the_students_fault() -> None:
    given = {"triple": "def triple(z=undefined):\n    return z"}
    with (
        FarStudent(PlainLauncher(), [], [], given=given) as student,
        pytest.raises(StudentRaised, match="undefined"),
    ):
        student.call("triple")


def test_a_cell_that_fails_says_why_its_function_is_missing(student: FarStudent) -> None:
    with pytest.raises(SessionLost) as caught:
        student.call("wrong")
    assert caught.value.problem.startswith("The cell wrong stopped with SyntaxError: ")
    assert "ipython-input" not in caught.value.problem


def test_outputs_are_kept_by_cell(student: FarStudent) -> None:
    student.start()
    assert student.outputs["setup"] == [
        {"output_type": "stream", "name": "stdout", "text": "hello\n"}
    ]
    assert student.outputs["shown"][0]["data"] == {"text/plain": "7"}
    assert student.outputs["wrong"][0]["ename"] == "SyntaxError"


def test_system_exit_in_a_call_is_an_exception_like_others(student: FarStudent) -> None:
    with pytest.raises(StudentRaised, match="leaves raised SystemExit"):
        student.call("leaves")


@pytest.mark.parametrize("library", ["torch", "scipy.special", "sklearn", "reference"])
def test_libraries_that_hold_answers_are_not_there(library: str) -> None:
    with FarStudent(PlainLauncher(), cells(wants=f"import {library}"), []) as far:
        assert far.call("double", 1) == 2
        assert far.cell_errors["wants"].startswith(
            "The cell wants stopped with ModuleNotFoundError"
        )


def test_the_process_sees_nothing_of_the_host(
    fresh: FarStudent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_OF_THE_HOST", "1")
    fresh.cpu_seconds = 10.0
    names, folder, files = fresh.call("environment")  # type: ignore[misc]
    assert "SECRET_OF_THE_HOST" not in names
    assert str(folder).endswith("/work")
    assert files == []


def test_an_endless_loop_costs_its_own_function_only(fresh: FarStudent) -> None:
    with pytest.raises(DeadlineExceeded) as caught:
        fresh.call("loops")
    assert caught.value.problem == (
        "loops used more than 0.5 s of CPU time and was stopped. Is there a loop that does not end?"
    )
    assert caught.value.seconds == 0.5
    assert not caught.value.wall
    assert fresh.call("double", 1) == 2
    with pytest.raises(DeadlineExceeded, match="loops used more than"):
        fresh.call("loops")


def test_sleeping_is_ended_by_the_wall_clock(fresh: FarStudent) -> None:
    with pytest.raises(DeadlineExceeded, match=r"sleeps gave no answer for 2\.5 s") as caught:
        fresh.call("sleeps")
    assert caught.value.wall
    assert fresh.wall_limited


def test_a_dead_process_costs_its_own_function_only(fresh: FarStudent) -> None:
    counter = fresh.create("Counter", 1)
    with pytest.raises(SessionLost) as caught:
        fresh.call("dies")
    assert caught.value.problem == "dies ended the notebook's process: it exited with status 7."
    with pytest.raises(SessionLost, match="The process that held this Counter has ended"):
        counter.call("step", 1)
    assert fresh.call("double", 1) == 2


def test_a_cell_that_never_ends_is_skipped_from_then_on() -> None:
    limits = Limits(cell_cpu=2.0)
    with FarStudent(PlainLauncher(), cells(endless="while True: pass"), [], limits) as far:
        assert far.call("double", 1) == 2
        assert far.cell_errors["endless"].startswith("The cell endless did not finish: ")
        assert "used more than 2 s of CPU time" in str(far.outputs["endless"])


def test_the_notebook_as_a_whole_has_a_deadline() -> None:
    limits = Limits(cell_cpu=20.0, notebook_cpu=3.0)
    with FarStudent(PlainLauncher(), cells(), [], limits) as far:
        with pytest.raises(DeadlineExceeded, match="ran when the notebook's 3 s were used up"):
            far.call("loops")
        with pytest.raises(DeadlineExceeded, match="has used up its 3 s of CPU time"):
            far.call("double", 1)


def test_nothing_is_left_running() -> None:
    before = {child.pid for child in psutil.Process(os.getpid()).children(recursive=True)}
    with FarStudent(PlainLauncher(), cells(), []) as far:
        far.call("forks")
    after = {child.pid for child in psutil.Process(os.getpid()).children(recursive=True)}
    assert after <= before


def test_a_bound_name_is_answered_by_us_with_a_generator_of_the_students() -> None:
    source = "def outer(rng):\n    return double(z=3) + inner(rng)"
    bindings = {"double": lambda z: 10 * z, "inner": lambda rng: float(rng.random() < 2)}
    with FarStudent(PlainLauncher(), cells(outer=source), [], bindings=bindings) as far:
        assert far.call("outer", Rng(1)) == 31.0


def test_an_object_of_a_bound_class_stays_with_us() -> None:
    made: list[list[float]] = []

    def create(start: float) -> int:
        made.append([start])
        return len(made) - 1

    def member(number: int, name: str, *args: float) -> float:
        if name == "add":
            made[number].append(*args)
        return sum(made[number])

    source = (
        "def total(n):\n"
        "    pile, other = Pile(start=1.0), Pile(100.0)\n"
        "    for k in range(n):\n"
        "        pile.add(2.0)\n"
        "    return pile.height, other.height, type(pile).__name__"
    )
    bindings = {"Pile": BoundClass(create, member, ("add",))}
    with FarStudent(PlainLauncher(), cells(total=source), [], bindings=bindings) as far:
        assert far.call("total", 3) == (7.0, 100.0, "Pile")
    assert made == [[1.0, 2.0, 2.0, 2.0], [100.0]]


def test_a_fork_of_the_students_cannot_answer_for_the_process() -> None:
    source = "import os\nchild = os.fork()\ndef which():\n    return child > 0"
    with FarStudent(PlainLauncher(), cells(forking=source), []) as far:
        assert far.call("which") is True
        assert far.call("double", 2) == 4


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no parent-death signal")
def test_a_session_ends_with_the_process_that_grades() -> None:
    program = (
        "import os, sys, threading\n"
        "from autograder.session.far import Cell, FarStudent\n"
        "from autograder.session.plain import PlainLauncher\n"
        "far = FarStudent(PlainLauncher(), [Cell('a', 'def pid():\\n    import os\\n    "
        "return os.getpid()\\ndef loop():\\n    while True: pass')], [])\n"
        "print(far.call('pid'), flush=True)\n"
        "far.call('loop')\n"
    )
    grader = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    with grader:
        assert grader.stdout is not None
        session = psutil.Process(int(grader.stdout.readline()))
        grader.kill()
    session.wait(timeout=10)


# --- answers that are forged ahead of time

FORGED_AHEAD = """
import gc, os, secrets, socket, struct, threading
from autograder.session import messages as wire

KEYS = [0, 1, 2, 2**62 - 1, secrets.randbits(62)]
KINDS = {
    "ready": wire.Ready,
    "cell": lambda key: wire.CellDone(key, "[]"),
    "value": lambda key: wire.Value(key, [777.0]),
    "raised": lambda key: wire.Raised(key, "", ""),
    "ask": lambda key: wire.Ask(key, 0, wire.to_wire(((777.0,), {}))),
}

def frames(kind):
    return b"".join(wire.encode(KINDS[kind](key)) for key in KEYS)

def by_descriptor(kind):
    for number in range(3, 1024):
        try:
            os.set_blocking(number, False)
            os.write(number, frames(kind))
            os.set_blocking(number, True)
        except OSError:
            pass

def by_socket(kind):
    for found in gc.get_objects():
        if type(found) is socket.socket:
            found.sendall(frames(kind))

def by_agent(kind):
    for found in gc.get_objects():
        if type(found).__name__ == "Agent":
            KEYS.append(found._key)
            found._channel.sendall(frames(kind))

def later(kind):
    threading.Timer(0.2, by_agent, (kind,)).start()
    return 1.0
"""
KINDS = ("ready", "cell", "value", "raised", "ask")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", ["by_descriptor", "by_socket", "by_agent"])
def test_answers_that_are_written_ahead_earn_nothing(way: str, kind: str) -> None:
    """The cell that does it costs itself; no call is ever answered by what it wrote."""
    more = {"forging": f"{FORGED_AHEAD}\n{way}('{kind}')"}
    with FarStudent(PlainLauncher(), cells(**more), []) as far:
        assert far.call("double", 3) == 6
        with pytest.raises(StudentFault):
            far.call("nowhere")
        assert "another call came back" in far.cell_errors["forging"]


@pytest.mark.parametrize("kind", KINDS)
def test_an_answer_that_is_written_between_two_calls_is_none(kind: str) -> None:
    with FarStudent(PlainLauncher(), cells(forging=FORGED_AHEAD), []) as far:
        assert far.call("later", kind) == 1.0
        time.sleep(0.6)
        with pytest.raises(SessionLost, match=r"double ended the .*: an answer to another call"):
            far.call("double", 3)
        far._refused.clear()
        assert far.call("double", 3) == 6


def test_a_view_that_changes_later_changes_nothing_here() -> None:
    source = (
        "import threading\nheld = np.zeros(3)\ndef view():\n"
        "    threading.Timer(0.1, held.fill, (7.0,)).start()\n    return held[:]\n"
        "def again():\n    held.fill(9.0)\n    return held[::-1]"
    )
    with FarStudent(PlainLauncher(), cells(view=source), []) as far:
        first = far.call("view")
        time.sleep(0.3)
        second = far.call("again")
        assert isinstance(first, np.ndarray)
        assert isinstance(second, np.ndarray)
        assert (first.tolist(), second.tolist()) == ([0.0] * 3, [9.0] * 3)
        assert type(first) is np.ndarray
        assert first.flags.c_contiguous


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("np.zeros(2).view(type('S', (np.ndarray,), {}))", "__main__.S"),
        ("type('F', (float,), {})(1.0)", "__main__.F"),
        ("type('I', (int,), {})(1)", "__main__.I"),
        ("np.array([1.0, None])", "array of dtype object"),
        ("np.zeros(2, [('a', 'f8')])", "array of dtype [('a', '<f8')]"),
        ("np.zeros(2, complex)", "array of dtype complex128"),
        ("np.array(['x'])", "array of dtype <U1"),
        ("np.zeros(2, 'M8[s]')", "array of dtype datetime64[s]"),
        ("np.ma.array([1.0])", "numpy.ma.MaskedArray"),
        ("np.rec.array([(1.0,)])", "numpy.rec.recarray"),
    ],
)
def test_only_exact_types_travel(value: str, kind: str) -> None:
    with FarStudent(PlainLauncher(), cells(get=f"def get():\n    return {value}"), []) as far:
        got = far.call("get")
        assert isinstance(got, Unsupported)
        assert got.kind.replace("IPython.core.interactiveshell", "__main__") == kind
