"""What a student's process may say to the other side: it ends with a status, in bounded time.

Each attack is a call. It must come back as a fault of that call, soon, and the next call, which is
honest, must be answered.
"""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from autograder.errors import DeadlineExceeded, SessionLost, StudentFault, StudentRaised
from autograder.session.far import FarStudent, Limits
from autograder.values import MAX_ITEMS, Callback, Unsupported

ATTACKS = '''
# --- frames that never end, or do not come

def drips():
    LINE.sendall(struct.pack(">I", 10**6))
    while True:
        time.sleep(0.2)
        LINE.sendall(b"x")

def pauses():
    LINE.sendall(struct.pack(">I", 100) + b"x")
    time.sleep(1000)

def stops_itself():
    os.kill(os.getpid(), signal.SIGSTOP)

def asks_for_ever(f):
    while True:
        try:
            f(0.0)
        except Exception:
            pass

def asks_without_reading(f):
    while True:
        say(wire.Ask(key(), 0, wire.to_wire(((0.0,), {}))))

def asks_with_much(f):
    for _ in range(200):
        f(np.zeros(2**17))
    return 1.0

def asks_with_deep(f):
    say(wire.Ask(key(), 0, [wire.Tup(2), wire.Tup(1), *deep(300), wire.Map(0)]))
    answer = AGENT._receive()
    return answer.error

# --- frames that are not the protocol

def forges(value):
    forge(FORGED[value]())
    time.sleep(1000)

def array(dtype, shape, data=b"", layout="C"):
    return [wire.Arr(dtype, shape, data, layout)]

def deep(levels=400):
    return [wire.Seq(1)] * levels + [1.0]

FORGED = {
    "dtype": lambda: array("i4," * 10**6, (1,)),
    "object": lambda: array("O", (1,), b"12345678"),
    "dimensions": lambda: array("<f8", (0, 2**62, 2**62)),
    "dimension": lambda: array("<f8", (0, 2**64 - 1)),
    "layout": lambda: array("<f8", (), b"12345678", "view"),
    "no layout": lambda: array("<f8", (1,), b"12345678", "nonsense"),
    "deep": deep,
    "view": lambda: array("<f8", (1,), b"12345678", "view"),
    "many": lambda: [wire.Seq(10**6), *[0.0] * 10**6],
    "many in all": lambda: [wire.Seq(1000), *[wire.Seq(1000), *[0.0] * 1000] * 1000],
    "few": lambda: [wire.Seq(3), 1.0],
    "more": lambda: [1.0, 2.0],
    "none": lambda: [],
    "endless": lambda: [wire.Seq(2**63 - 1), 1.0],
    "negative": lambda: [wire.Seq(-1)],
    "key twice": lambda: [wire.Map(2), "a", 1.0, "a", 2.0],
    "odd key": lambda: [wire.Map(1), 1, 2.0],
    "wide": lambda: array("|b1", (2**23,), bytes(2**23)),
    "function": lambda: [wire.Fun(0)],
}

def says(what):
    say({
        "ready": wire.Ready(key()),
        "cell": wire.CellDone(key(), "[]"),
        "other call": wire.Value(key() ^ 1, [1.0]),
        "no key": wire.Value(2**62, [1.0]),
        "other question": wire.Ask(key() ^ 1, 0, []),
        "unknown function": wire.Ask(key(), 10**6, []),
        "many changes": wire.Value(key(), [1.0], ("x",) * 10**6),
    }[what])
    time.sleep(1000)

def babbles():
    LINE.sendall(struct.pack(">I", 12) + b"not msgpack!")
    time.sleep(1000)

def shouts():
    LINE.sendall(struct.pack(">I", 2**32 - 1))
    time.sleep(1000)

def hangs_up():
    LINE.close()

# --- ends

def falls(number):
    os.kill(os.getpid(), number)
    time.sleep(1000)

def goes_after_its_answer():
    import threading
    threading.Timer(0.3, os._exit, (0,)).start()
    return 4.0

def leaves_a_silent_child_behind():
    if os.fork():
        os._exit(0)
    time.sleep(1000)

def never_leaves():
    import atexit
    atexit.register(lambda: time.sleep(1000))
    raise SystemExit

def leaves_a_thread():
    import threading
    threading.Thread(target=lambda: time.sleep(1000)).start()
    return 1.0

# --- exceptions

class Nasty(Exception):
    def __str__(self):
        raise RuntimeError("no text for you")
    __repr__ = __str__

class Wordy(Exception):
    def __str__(self):
        return "x" * 10**8

class Endless(Exception):
    def __str__(self):
        while True:
            pass

class Broken(Exception):
    def __str__(self):
        return "half a character: \\ud800"

class Odd(BaseException):
    pass

def throws(kind):
    raise eval(kind)

# --- values

class Same(np.ndarray):
    def __eq__(self, other):
        return True
    def __array_ufunc__(self, *args, **kwargs):
        return np.float64(0.0)
    def __array_function__(self, *args, **kwargs):
        return True

class Half(float):
    def __sub__(self, other):
        return 0.0

class Pretender:
    __class__ = property(lambda self: np.float64)
    def item(self):
        return 7.0
    def __float__(self):
        return 7.0
    def __array__(self, *args, **kwargs):
        return np.zeros(3)

class Text(str):
    pass

def endless():
    while True:
        yield 0.0

def laughs():
    nested = [0.0] * 100
    for _ in range(8):
        nested = [nested] * 100
    return nested

def returns(what):
    return eval(what)

def recurses(n=0):
    return recurses(n + 1)

class Stuck:
    @property
    def value(self):
        while True:
            pass

class Sly:
    """Callable whose code object is a trap."""
    @property
    def __code__(self):
        raise RuntimeError("trap")
    def __call__(self, a):
        a[...] = 5.0
        return 1.0

sly = Sly()

class Equal:
    def __eq__(self, other):
        raise RuntimeError("trap")

def swaps(items):
    items[0] = Equal()
    items.append(Equal())
    return 1.0
'''

SOON = 8.0
"""Seconds within which an attack must end: wall deadline 3.5 s, a new session, noise."""


@contextmanager
def soon(far: FarStudent) -> Iterator[None]:
    """Fail if the block takes long, uses much memory, or leaves the student unable to answer."""
    started = time.monotonic()
    tracemalloc.start()
    try:
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert time.monotonic() - started < SOON
    assert peak < 400 * 2**20
    assert far.call("double", 3) == 6


@pytest.mark.parametrize("attack", ["drips", "pauses", "stops_itself"])
def test_a_frame_that_does_not_come_is_ended_by_the_wall_clock(
    attack: str, hostile: FarStudent
) -> None:
    with (
        soon(hostile),
        pytest.raises(DeadlineExceeded, match=r"gave no answer for 3\.5 s") as caught,
    ):
        hostile.call(attack)
    assert caught.value.wall


@pytest.mark.parametrize("attack", ["asks_for_ever", "asks_without_reading"])
def test_endless_questions_are_ended_by_a_deadline(attack: str, hostile: FarStudent) -> None:
    with soon(hostile), pytest.raises(DeadlineExceeded):
        hostile.call(attack, Callback(lambda theta: theta, max_calls=100))


def test_what_is_asked_is_not_kept_without_bound(hostile: FarStudent) -> None:
    callback = Callback(lambda _: 0.0)
    with soon(hostile), pytest.raises(StudentRaised, match="was passed more than 16 MB in all"):
        hostile.call("asks_with_much", callback)
    assert sum(call[0].nbytes for call in callback.calls) <= 16 * 2**20


def test_a_question_that_is_too_deep_is_answered_with_an_error(hostile: FarStudent) -> None:
    callback = Callback(lambda _: 0.0)
    hostile.close()  # the first function of a session has the key 0
    with soon(hostile):
        got = hostile.call("asks_with_deep", callback)
    assert got == "ProtocolError: a value nested deeper than 18 levels"
    assert callback.calls == []


@pytest.mark.parametrize(
    ("forged", "problem"),
    [
        ("dtype", "unknown dtype 'i4,i4,"),
        ("object", "unknown dtype 'O'"),
        ("dimensions", "an array of shape"),
        ("dimension", "an array of shape"),
        ("layout", "an array of layout 'view' came from the student's side"),
        ("view", "an array of layout 'view' came from the student's side"),
        ("no layout", "an array of shape (1,) and layout 'nonsense'"),
        ("deep", "a value nested deeper than 18 levels"),
        ("many", "not a message: Expected `array` of length <= 101000"),
        ("many in all", "not a message: Expected `array` of length <= 101000"),
        ("few", "a value ends early"),
        ("more", "a value is followed by more"),
        ("none", "a value ends early"),
        ("endless", "a value ends early"),
        ("negative", "a value of -1 items"),
        ("key twice", "a dictionary's key is no text, or comes twice"),
        ("odd key", "a dictionary's key is no text, or comes twice"),
        ("wide", "more than 32 MB"),
        ("function", "a generator or a function came from the student's side"),
    ],
)
def test_a_forged_value_is_a_fault_of_the_call(
    forged: str, problem: str, hostile: FarStudent
) -> None:
    hostile._refused.clear()
    with soon(hostile), pytest.raises(SessionLost) as caught:
        hostile.call("forges", forged)
    assert caught.value.problem.startswith("forges ended the notebook's process: ")
    assert problem in caught.value.problem
    assert len(caught.value.problem) < 300


@pytest.mark.parametrize(
    ("what", "problem"),
    [
        ("ready", "unexpected Ready"),
        ("cell", "unexpected CellDone"),
        ("other call", "an answer to another call came back"),
        ("no key", "not a message: Expected `int` <= 4611686018427387903"),
        ("other question", "an answer to another call came back"),
        ("unknown function", "a function that was never sent is called"),
        ("many changes", "not a message"),
    ],
)
def test_a_message_out_of_turn_is_a_fault_of_the_call(
    what: str, problem: str, hostile: FarStudent
) -> None:
    hostile._refused.clear()
    with soon(hostile), pytest.raises(SessionLost, match=problem):
        hostile.call("says", what)


@pytest.mark.parametrize(
    ("attack", "problem"),
    [
        ("babbles", "not a message"),
        ("shouts", "a frame of 4294967295 bytes, at most 33554432 are accepted"),
        ("hangs_up", "it exited with status 1"),
    ],
)
def test_a_broken_channel_is_a_fault_of_the_call(
    attack: str, problem: str, hostile: FarStudent
) -> None:
    with soon(hostile), pytest.raises(SessionLost, match=problem):
        hostile.call(attack)


def test_a_process_that_goes_after_its_answer_costs_nothing(hostile: FarStudent) -> None:
    with soon(hostile):
        assert hostile.call("goes_after_its_answer") == 4.0
        process = hostile._process
        assert process is not None
        assert "status 0" in process.exit_text()
    with soon(hostile), pytest.raises(SessionLost, match="it exited with status 0"):
        hostile.call("leaves_a_silent_child_behind")


@pytest.mark.parametrize(("number", "name"), [(9, "SIGKILL"), (11, "SIGSEGV"), (40, "signal 40")])
def test_any_signal_is_named(number: int, name: str, hostile: FarStudent) -> None:
    hostile._refused.clear()
    with soon(hostile), pytest.raises(SessionLost, match=f"killed by {name}"):
        hostile.call("falls", number)


def test_threads_and_exit_handlers_hold_nobody_up(hostile: FarStudent) -> None:
    assert hostile.call("leaves_a_thread") == 1.0
    with soon(hostile), pytest.raises(StudentRaised, match="raised SystemExit"):
        hostile.call("never_leaves")
    hostile.close()
    with soon(hostile):
        hostile.start()


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("Nasty()", "throws raised Nasty at line"),
        ("Wordy()", "throws raised Wordy: xxxxx"),
        ("Broken()", "throws raised Broken: half a character: ? at line"),
        ("Odd('x')", "throws raised Odd: x at line"),
        ("KeyboardInterrupt()", "throws raised KeyboardInterrupt."),
        ("GeneratorExit()", "throws raised GeneratorExit at line"),
        ("SystemExit(3)", "throws raised SystemExit: 3 at line"),
        ("MemoryError()", "throws raised MemoryError at line"),
    ],
)
def test_any_exception_is_a_fault_and_not_the_end(
    kind: str, said: str, hostile: FarStudent
) -> None:
    hostile.start()
    sessions = hostile._sessions
    with soon(hostile), pytest.raises(StudentRaised) as caught:
        hostile.call("throws", kind)
    assert caught.value.problem.startswith(said)
    assert len(caught.value.problem) < 1000
    assert hostile._sessions == sessions


def test_an_exception_whose_text_never_comes_runs_out_of_time(hostile: FarStudent) -> None:
    with soon(hostile), pytest.raises(DeadlineExceeded, match=r"throws .* was stopped"):
        hostile.call("throws", "Endless()")


@pytest.mark.parametrize(
    ("what", "got"),
    [
        ("np.zeros(3).view(Same)", "Same"),
        ("Half(0.5)", "Half"),
        ("Pretender()", "Pretender"),
        ("Text('x')", "Text"),
        ("endless()", f"something of more than {MAX_ITEMS} values"),
        ("[0.0] * 10**6", f"something of more than {MAX_ITEMS} values"),
        ("laughs()", f"something of more than {MAX_ITEMS} values"),
        ("np.zeros(10**7)", "something of more than 24 MB"),
        ("[np.zeros(10**6)] * 5", "something of more than 24 MB"),
        ("'x' * 10**8", "something of more than 24 MB"),
        ("10**5000", "int of more than 64 bits"),
        ("np.zeros(2, 'O')", "array of dtype object"),
    ],
)
def test_a_value_that_does_not_travel_is_named(what: str, got: str, hostile: FarStudent) -> None:
    hostile.start()
    sessions = hostile._sessions
    hostile._refused.clear()
    with soon(hostile):
        value = hostile.call("returns", what)
    assert isinstance(value, Unsupported)
    assert value.kind.removeprefix("__main__.") == got
    assert hostile._sessions == sessions


def test_half_a_character_travels_as_a_question_mark(hostile: FarStudent) -> None:
    assert hostile.call("returns", "'a\\ud800'") == "a?"
    assert hostile.call("returns", "{'\\ud800': 1}") == {"?": 1}


def test_recursion_is_an_exception(hostile: FarStudent) -> None:
    with soon(hostile), pytest.raises(StudentRaised, match="recurses raised RecursionError"):
        hostile.call("recurses")


def test_an_attribute_that_hangs_is_asked_for_once(hostile: FarStudent) -> None:
    with soon(hostile), pytest.raises(DeadlineExceeded):
        hostile.create("Stuck").get("value")
    started = time.monotonic()
    with pytest.raises(DeadlineExceeded):
        hostile.create("Stuck").get("value")
    assert time.monotonic() - started < 1.0


def test_traps_in_functions_and_arguments_are_faults_of_the_call(hostile: FarStudent) -> None:
    hostile.start()
    sessions = hostile._sessions
    with soon(hostile), pytest.raises(StudentFault):
        hostile.call("sly", np.zeros(2))
    hostile.mutations.clear()
    with soon(hostile):
        assert hostile.call("swaps", [1.0]) == 1.0
    assert hostile.mutations == [("swaps", "items")]
    assert hostile._sessions == sessions


def test_the_notebook_has_a_wall_deadline_too(start: Any) -> None:
    limits = Limits(cell_cpu=9.0, wall_factor=1.0, wall_extra=9.0, notebook_wall=9.0)
    with start("def naps():\n    time.sleep(1.5)\n    return 1.0", limits=limits) as far:
        far.call("naps")
        with pytest.raises(DeadlineExceeded, match=r"the notebook's 9 s") as caught:
            list(map(far.call, ["naps"] * 6))
        assert caught.value.wall
        assert far.wall_limited
        with pytest.raises(DeadlineExceeded, match="has used up its 9 s"):
            far.call("double", 1)


# --- outputs of cells


def test_outputs_are_bounded_by_cell_and_by_notebook(start: Any) -> None:
    forged = """
import json
dumps = json.dumps
def outputs(*found, text=None):
    # The agent writes this cell's outputs with json.dumps.
    text = text or dumps(found)
    json.dumps = lambda _: text
"""
    sources = {
        "deep": "outputs(text='[{\"output_type\": ' + '[' * 900 + ']' * 900 + '}]')",
        "odd": "outputs(1, None, {}, {'output_type': 'stream', 'text': 5}, "
        "{'output_type': 'display_data', 'data': {'text/plain': ['x'], 'text/html': 'y'}}, "
        "{'output_type': 'error', 'ename': {}, 'evalue': 'x'})",
        "large": "outputs(*[{'output_type': 'stream', 'name': 'stdout', 'text': 'x' * 10**6}] * 9)",
    }
    flood = ["outputs(*[{'output_type': 'stream', 'text': 'x' * 10**6}] * 2)"] * 12
    with start(forged, *sources.values(), *flood) as far:
        with soon(far):
            far.start()
        kept = list(far.outputs.values())
        assert kept[2] == []
        assert kept[3] == [
            {"output_type": "stream", "name": "stdout", "text": ""},
            {"output_type": "display_data", "data": {"text/html": "y"}},
            {"output_type": "error", "ename": "", "evalue": "x"},
        ]
        note = "[outputs of more than 4 MB were dropped]\n"
        assert kept[4] == [{"output_type": "stream", "name": "stdout", "text": note}]
        assert len(str(far.outputs)) < 17 * 2**20


def test_an_output_that_is_no_json_does_not_cost_the_cell(start: Any) -> None:
    source = """
class Strange:
    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/plain": "strange", "application/json": {1j: object()}}
def after():
    return 5.0
Strange()
"""
    with start(source) as far:
        assert far.call("after") == 5.0
        assert far.cell_errors == {}
        assert far.outputs["cell-1"][0]["data"] == {"text/plain": "strange"}


@pytest.mark.parametrize(
    "source",
    [
        "raise SystemExit",
        "import sys; sys.exit(3)",
        "raise KeyboardInterrupt",
        "raise GeneratorExit",
        "class E(Exception):\n    def __str__(self): raise RuntimeError\nraise E",
        "class E(Exception):\n    def __str__(self): return 'x' * 10**8\nraise E",
        "class E(BaseException): pass\nraise E",
        "raise ExceptionGroup('x', [ValueError('y')] * 1000)",
        "get_ipython().input_transformers_cleanup.append(lambda lines: 1 / 0)",
        "get_ipython().events.register('pre_run_cell', lambda info: 1 / 0)",
        "get_ipython().showtraceback = None\n1 / 0",
        "quit()",
    ],
)
def test_a_cell_that_raises_does_not_end_the_session(source: str, start: Any) -> None:
    with start("def kept():\n    return 1.0", source) as far:
        assert far.call("kept") == 1.0
        assert far._sessions == 1


@pytest.mark.parametrize(
    "source",
    [
        "get_ipython().run_cell = lambda *a, **k: None",
        "type(get_ipython()).execute = lambda self, source: ([], '')",
        "import json\njson.dumps = lambda *a: None",
        "AGENT._send = lambda message: None",
        "wire.encode = lambda message: b''",
        "wire.to_wire = lambda value: 'anything'",
        "import msgspec\nmsgspec.msgpack = None",
        "np.ndarray = list; np.array = None; np.float64 = int",
        "import builtins\nbuiltins.isinstance = lambda *a: True",
        "import builtins\nbuiltins.len = lambda *a: 0; builtins.type = None",
        "sys.modules.clear()",
        "sys.modules['numpy'] = None; sys.modules['autograder'] = None",
        "os.chdir('/'); os.environ.clear()",
        "import shutil\nshutil.rmtree(os.getcwd())",
        "import autograder.student\nautograder.student.find = lambda *a: (lambda *b: 1)",
        "sys.setrecursionlimit(50)",
        "os.fork()",
        "import resource\nresource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))",
        (
            "import threading\ndef spam():\n    while True: say(wire.Ready(0))\n"
            "threading.Thread(target=spam).start()"
        ),
    ],
)
def test_poison_in_the_process_stays_in_the_process(source: str, start: Any) -> None:
    """Whatever the process becomes, a call gives a plain value or a fault, soon."""
    limits = Limits(cell_cpu=3.0, notebook_cpu=60.0, wall_factor=1.0, wall_extra=1.0, sessions=3)
    with start("def kept():\n    return 1.0", source, limits=limits) as far:
        started = time.monotonic()
        try:
            value: object = far.call("kept")
        except StudentFault as fault:
            value = fault.problem
        assert type(value) in (float, int, str, Unsupported)
        assert time.monotonic() - started < 15.0
