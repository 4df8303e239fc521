"""The reference answers a student's questions in bounded time and memory."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.grading.oracle import Oracle, Refused

CHECKS = """
import os

def double(x):
    return 2 * x

def loop():
    while True:
        pass

def fill(n):
    return bytearray(n)

def leave():
    os._exit(3)

REFERENCE = {"double": double, "loop": loop, "fill": fill, "leave": leave}
"""


@pytest.fixture(scope="module")
def oracle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Oracle]:
    path = tmp_path_factory.mktemp("01-any") / "hidden_checks.py"
    path.write_text(CHECKS)
    found = Oracle(path, seconds=2.0, megabytes=1024)
    yield found
    found.close()


def test_it_answers(oracle: Oracle) -> None:
    functions = oracle.bindings(["double"])
    assert list(functions) == ["double"]
    assert functions["double"](21) == 42


@pytest.mark.parametrize(
    ("name", "args", "problem"),
    [
        ("loop", (), r"the reference took more than 2 s"),
        ("fill", (2**31,), r"MemoryError"),
        ("fill", (2**26,), r"the answer is larger than 32 MB"),
        ("leave", (), r"the reference ended on these arguments"),
        ("double", (None,), r"TypeError: unsupported operand"),
    ],
)
def test_what_costs_too_much_is_refused_and_the_next_is_answered(
    name: str, args: tuple[object, ...], problem: str, oracle: Oracle
) -> None:
    functions = oracle.bindings([name, "double"])
    started = time.monotonic()
    with pytest.raises(Refused, match=problem):
        functions[name](*args)
    assert time.monotonic() - started < 4.0
    assert functions["double"](1) == 2


FORKS = """
import os, sys, time
from pathlib import Path
from autograder.course import load_module
from autograder.grading.oracle import Oracle, Refused

path = Path(sys.argv[1])
reference = {**load_module(path).REFERENCE, "pid": os.getpid, "parent": os.getppid}
found = Oracle(path, seconds=1.0)
found.fork(reference)
functions = found.bindings(["double", "pid", "parent", "loop"])
assert functions["double"](21) == 42
assert functions["parent"]() == os.getpid() != functions["pid"](), "a copy that has what we have"
try:
    functions["loop"]()
except Refused as refused:
    print(refused)
assert functions["double"](2) == 4, "started anew"
try:
    functions["pid"]()
except Refused as refused:
    print(refused)
found.close()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="counts threads in /proc")
def test_a_copy_of_this_process_answers_and_one_that_starts_by_itself_after_it(
    tmp_path: Path,
) -> None:
    path = tmp_path / "hidden_checks.py"
    path.write_text(CHECKS)
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", FORKS, str(path)],
        check=False,
        capture_output=True,
        text=True,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.splitlines()
    assert first == "the reference took more than 1 s"
    assert second == "the reference ended on these arguments", "it knows its file only"


def test_a_process_of_several_threads_is_not_copied(tmp_path: Path) -> None:
    path = tmp_path / "hidden_checks.py"
    path.write_text(CHECKS)
    over = threading.Event()
    thread = threading.Thread(target=over.wait)
    thread.start()
    found = Oracle(path)
    found.fork({"double": abs})
    over.set()
    thread.join()
    assert found.bindings(["double"])["double"](-3) == -6, "the file's own"
    found.close()


def test_a_reference_that_cannot_be_loaded_is_said_aloud(tmp_path: Path) -> None:
    path = tmp_path / "hidden_checks.py"
    path.write_text("raise ImportError")
    with pytest.raises(RuntimeError, match=r"the reference of .* could not be started"):
        Oracle(path).bindings(["double"])
