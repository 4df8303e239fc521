"""Sessions that are forks of a server: as separate as cold ones, and what goes wrong with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from autograder.errors import DeadlineExceeded, JailUnavailable, SessionLost
from autograder.jail.levels import launcher_for
from autograder.limits import Limits
from autograder.session import agent, fork_server, warm
from autograder.session.far import Cell, FarStudent
from autograder.session.launcher import Launcher
from autograder.session.plain import PlainLauncher
from autograder.session.warm import WarmLauncher

pytestmark = pytest.mark.skipif(not warm.CAN_FORK, reason="sessions are forked on Linux only")

JailOf = Callable[[int], Launcher]
LEVELS = [3, 1, 0]

SOURCE = """
import os, random
import numpy as np

def double(x): return 2 * x
def pid(): return os.getpid()
def draws(): return [random.random(), float(np.random.rand())]
def files(): return sorted(os.listdir("."))
def leave(): open("left", "w").write("x"); os.environ["LEFT"] = "x"; np.left = 1
def left(): return [os.path.exists("left"), "LEFT" in os.environ, hasattr(np, "left")]
def die(): os._exit(3)
def count(): return get_ipython().execution_count
def alive(number):
    try:
        os.kill(int(number), 0)
        return True
    except OSError:
        return False
"""


def session(launcher: Launcher, source: str = SOURCE, files: tuple[Path, ...] = ()) -> FarStudent:
    return FarStudent(launcher, [Cell("a", source)], list(files), Limits())


@pytest.fixture(params=LEVELS)
def launcher(request: pytest.FixtureRequest, jail_of: JailOf) -> Iterator[WarmLauncher]:
    """A launcher with a server of its own."""
    if request.param:
        jail_of(request.param)  # skips where this machine has none
    made = warm_launcher(request.param)
    yield made
    made.close()


def warm_launcher(level: int) -> WarmLauncher:
    made = launcher_for(level)
    assert isinstance(made, WarmLauncher)
    return made


def server(launcher: WarmLauncher) -> psutil.Process:
    """Return the fork server's process: the last in a chain of first children."""
    (running,) = launcher._servers.values()
    process = psutil.Process(running._handle.pid)
    while not any("fork_server" in part for part in process.cmdline()[:5]) or (
        "bwrap" in process.name()
    ):
        (process,) = process.children()
    return process


def test_sessions_of_one_server_share_nothing_that_changes(launcher: WarmLauncher) -> None:
    seen = []
    for _ in range(2):
        with session(launcher, files=(Path(__file__),)) as student:
            assert student.call("left") == [False, False, False]
            student.call("leave")
            assert student.call("left") == [True, True, True]
            assert student.call("files") == ["left", Path(__file__).name]
            assert student.call("count") == 2
            seen.append(student.call("draws"))
    assert seen[0] != seen[1]


def test_two_sessions_at_a_time_do_not_see_each_other(launcher: WarmLauncher) -> None:
    with session(launcher) as one, session(launcher) as other:
        one.call("leave")
        assert other.call("left") == [False, False, False]
        assert one.call("draws") != other.call("draws")
        if launcher.level:
            assert other._process is not None
            agent = other._process._handle.members()[-1]
            assert one.call("alive", float(agent)) is False


def test_a_forked_session_has_no_rights(launcher: WarmLauncher) -> None:
    if launcher.level == 0:
        pytest.skip("there is no jail")
    with session(launcher) as student:
        student.start()
        assert student._process is not None
        members = student._process._handle.members()
        assert len(members) == (2 if launcher.level == 3 else 1)
        for number, pid in enumerate(members):
            text = Path(f"/proc/{pid}/status").read_text()
            status = dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)
            for kind in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
                assert int(status[kind], 16) == 0, (number, kind)
            if launcher.level == 3:
                assert int(status["CapBnd"], 16) == 0
            if pid == members[-1]:
                assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
                assert status["Threads"] == "1"


def test_namespaces_are_the_sessions_own(jail_of: JailOf) -> None:
    jail_of(3)
    launcher = warm_launcher(3)
    kinds = ("pid", "net", "ipc", "mnt", "uts")

    def namespaces(pid: int) -> dict[str, str]:
        return {kind: str(Path(f"/proc/{pid}/ns/{kind}").readlink()) for kind in kinds}

    with session(launcher) as one, session(launcher) as other:
        found = [namespaces(os.getpid())]
        for student in (one, other):
            student.start()
            assert student._process is not None
            found.append(namespaces(student._process._handle.members()[-1]))
        found.append(namespaces(server(launcher).pid))
    for kind in kinds:
        assert len({spaces[kind] for spaces in found}) == 4, kind
    launcher.close()


LOOK = """
import os
shell = get_ipython()
%cd -q ..
%cd -q work
shell.db["kept"] = 1
%bookmark here
import matplotlib
def triple(x): return 3 * x * (matplotlib.pyplot is not None)
def places():
    home = os.environ["HOME"]
    found = [os.getcwd(), shell.ipython_dir, shell.profile_dir.location, shell.starting_dir]
    found += [shell.home_dir, *map(str, shell.user_ns["_dh"]), matplotlib.get_configdir()]
    return [place.replace(home, "HOME") for place in found]
def state():
    import matplotlib.font_manager as fonts
    return [len(fonts.fontManager.ttflist), matplotlib.rcParams["lines.linewidth"], os.umask(0)]
def depth(n=1):
    try:
        return depth(n + 1)
    except RecursionError:
        return n
"""


@pytest.mark.parametrize("level", LEVELS)
def test_a_forked_session_looks_like_one_that_started_by_itself(
    jail_of: JailOf, tmp_path: Path, level: int
) -> None:
    if level:
        jail_of(level)
    settings = tmp_path / "matplotlibrc"
    settings.write_text("lines.linewidth: 7\n")
    found = []
    for launcher in (warm_launcher(level), launcher_for(level, warm=False)):
        with session(launcher, LOOK, (settings,)) as student:
            assert student.call("triple", 1.0) == 3.0
            assert student.cell_errors == {}
            got = [student.call(name) for name in ("places", "state", "depth")]
            found.append(got)
    if level == 0:
        for got in found:
            got[0] = got[0][:-1]  # type: ignore[index]  # matplotlib looked in the server's home
    assert found[0] == found[1]


def test_what_a_session_used_counts_also_when_it_ends_by_itself(launcher: WarmLauncher) -> None:
    source = """
import os, threading
def burn():
    threading.Thread(target=spin, daemon=True).start()
def spin():
    while True: pass
def wait():
    import time
    time.sleep(0.6)
    os._exit(0)
"""
    with session(launcher, source) as student:
        student.call("burn")
        with pytest.raises(SessionLost):
            student.call("wait")
        assert student.total_cpu_seconds > 0.2


def test_the_last_word_on_cpu_time_is_the_kernels(launcher: WarmLauncher) -> None:
    """Also of a session that is killed together with its namespace."""
    with session(launcher, "def f():\n    for _ in range(10**7): pass\n") as student:
        student.call("f")
        process = student._process
        assert process is not None
        student.close()
        assert process._handle.final_cpu > 0.05
        assert process.cpu_seconds() >= process._handle.final_cpu


def test_short_calls_use_up_the_notebooks_time_too(launcher: WarmLauncher) -> None:
    source = "def work(n):\n    for _ in range(int(n)): pass\n"
    limits = Limits(notebook_cpu=0.5)
    answers: list[object] = []
    with FarStudent(launcher, [Cell("a", source)], [], limits) as student:
        while not any(isinstance(answer, DeadlineExceeded) for answer in answers):
            answers = list(student.call_each([("work", (2e5,), {})] * 3))
    assert "has used up its 0.5 s of CPU time" in str(answers[-1])


def test_a_session_ends_like_any_other(launcher: WarmLauncher) -> None:
    with session(launcher) as student:
        with pytest.raises(SessionLost, match=r"die ended .*: it exited with status 3\."):
            student.call("die")
        assert student.call("double", 2.0) == 4.0  # in a fresh one
        assert student._process is not None
        members = student._process._handle.members()
        student.close()
        assert [pid for pid in members if psutil.pid_exists(pid)] == []


def test_a_server_that_was_killed_is_replaced(launcher: WarmLauncher) -> None:
    with session(launcher) as student:
        assert student.call("double", 1.0) == 2.0
        assert student._process is not None
        members = [psutil.Process(pid) for pid in student._process._handle.members()]
        old = server(launcher)
        old.kill()
        psutil.wait_procs([old, *members], timeout=10)
        assert [member for member in members if member.is_running()] == []
        assert student.call("double", 1.0) == 2.0
        assert server(launcher).pid != old.pid


def test_that_a_server_dies_in_a_call_is_not_the_students_fault(launcher: WarmLauncher) -> None:
    with session(launcher, "def loop():\n    while True: pass") as student:
        student.start()
        old = server(launcher)
        timer = threading.Timer(0.3, old.kill)
        timer.start()
        with pytest.raises(JailUnavailable, match="the fork server of the session has ended"):
            student.call("loop")
        timer.join()


def test_nothing_is_left_behind(launcher: WarmLauncher) -> None:
    with session(launcher) as student:
        student.start()

    def open_files() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    before = open_files()
    for _ in range(5):
        with session(launcher) as student:
            student.call("leave")
    assert open_files() == before
    running = server(launcher)
    scratch = set(Path(tempfile.gettempdir()).glob(f"autograder-*-{os.getpid()}-*"))
    launcher.close()
    psutil.wait_procs([running], timeout=10)
    assert not running.is_running()
    left = set(Path(tempfile.gettempdir()).glob(f"autograder-*-{os.getpid()}-*"))
    assert len(left) == len(scratch) - (launcher.level != 3 or os.geteuid() == 0)


ORPHAN = """
import sys
from autograder.jail.levels import launcher_for
from autograder.session.far import Cell, FarStudent
far = FarStudent(launcher_for({level}), [Cell("a", "def loop():\\n    while True: pass")], [])
far.start()
print(*far._process._handle.members(), flush=True)
far.call("loop")
"""


@pytest.mark.parametrize("level", LEVELS)
def test_servers_and_sessions_end_with_the_process_that_grades(jail_of: JailOf, level: int) -> None:
    if level:
        jail_of(level)
    command = [sys.executable, "-c", ORPHAN.format(level=level)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as grader:
        assert grader.stdout is not None
        members = [psutil.Process(int(pid)) for pid in grader.stdout.readline().split()]
        members += [parent for parent in members[0].parents() if parent.pid not in _our_parents()]
        members = [process for process in members if process.pid != grader.pid]
        assert len(members) >= 2
        grader.send_signal(signal.SIGKILL)
        grader.wait()
        _, alive = psutil.wait_procs(members, timeout=10)
    assert [process for process in alive if process.status() != psutil.STATUS_ZOMBIE] == []


def _our_parents() -> set[int]:
    me = psutil.Process()
    return {me.pid, *(parent.pid for parent in me.parents())}


def test_a_session_that_cannot_be_set_apart_is_a_fault_of_ours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    launcher = WarmLauncher(PlainLauncher())
    with session(launcher) as student:
        student.start()
    monkeypatch.setattr(
        warm.Separation, "to_bytes", lambda _: b'{"work": "/nowhere", "environment": {}}'
    )
    with (
        session(launcher) as student,
        pytest.raises(JailUnavailable, match=r"the session was not forked: .*'/nowhere'"),
    ):
        student.start()
    launcher.close()


def test_a_server_that_does_not_start_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    launcher = WarmLauncher(PlainLauncher())
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with (
        session(launcher) as student,
        pytest.raises(JailUnavailable, match="the fork server did not start: it said nothing"),
    ):
        student.start()


def test_a_server_with_several_threads_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fork would copy the locks of threads that it does not copy."""
    fork_server._only_one_thread_of(1)
    with pytest.raises(RuntimeError, match="the fork server has 2 threads, and must have one"):
        fork_server._only_one_thread_of(2)


def test_what_is_usually_imported_exists() -> None:
    code = "import sys, importlib\nfor name in sys.argv[1:]: importlib.import_module(name)"
    subprocess.run([sys.executable, "-c", code, *agent.USUAL], check=True)
