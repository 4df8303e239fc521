"""What a session's processes use, and what the watchdog makes of what it cannot see."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from autograder.errors import SessionLost
from autograder.jail import selftest
from autograder.limits import Limits
from autograder.session import handle, process, usage
from autograder.session.far import Cell, FarStudent
from autograder.session.handle import Started
from autograder.session.launcher import Launcher
from autograder.session.process import Room, StudentProcess

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes of Linux")

CLOCK = os.sysconf("SC_CLK_TCK") if sys.platform == "linux" else 100


class Processes:
    """A folder like /proc."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, pid: int, children: str = "", state: str = "S", kilobytes: int = 0) -> Path:
        """Add a process that used a second of CPU time; `children` are its first thread's."""
        place = self.folder / str(pid)
        place.mkdir()
        memory = f"Name:\tx\nRssAnon:\t{kilobytes} kB\nRssFile:\t9999 kB\nVmSwap:\t1024 kB\n"
        (place / "status").write_text(memory if kilobytes else "Name:\tx\n")
        self.thread(pid, pid, children, state)
        (place / "stat").write_text((place / "task" / str(pid) / "stat").read_text())
        return place

    def thread(
        self, pid: int, number: int, children: str = "", state: str = "S", flags: int = 0
    ) -> None:
        """Add a thread."""
        place = self.folder / str(pid) / "task" / str(number)
        place.mkdir(parents=True)
        (place / "children").write_text(children)
        times = f"{CLOCK // 2} {CLOCK // 2} 0 0"
        (place / "stat").write_text(
            f"{number} (a) b) (c) {state} 1 1 1 0 -1 {flags} 0 0 0 0 {times} 20"
        )


@pytest.fixture
def processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Processes:
    monkeypatch.setattr(usage, "_PROC", tmp_path)
    return Processes(tmp_path)


def test_a_family_is_read_from_the_kernels_lists(processes: Processes) -> None:
    processes.add(10, "11 12 ")
    processes.add(11)
    processes.thread(11, 21, "13 ")
    processes.add(12)
    processes.add(13, "14 ")  # 14 has ended meanwhile
    processes.add(99)
    assert usage.family(10) == [10, 11, 12, 13, 14]


def test_without_such_lists_the_family_is_the_same() -> None:
    script = "import subprocess as s, sys; s.run([sys.executable, '-c', 'input()'])"
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE) as parent:
        while len(found := usage.family(parent.pid)) < 2:
            pass
        assert found[0] == parent.pid
        assert parent.stdin is not None
        parent.stdin.close()


def test_what_a_family_uses_is_added_up(processes: Processes) -> None:
    processes.add(10, kilobytes=3072)
    processes.add(11, kilobytes=1024)
    processes.add(12, state="Z")
    found = usage.usage([10, 11, 12, 13])
    assert (found.cpu, found.memory_mb, found.processes) == (3.0, 6.0, 3)
    assert (found.hidden, found.leaderless) == (0, 0)


def test_a_process_without_its_first_thread_is_told(processes: Processes) -> None:
    for pid, state, flags in ((10, "S", 0), (20, "Z", 0), (30, "R", usage._PF_EXITING)):
        processes.add(pid, state="Z")
        processes.thread(pid, pid + 1, state=state, flags=flags)
    assert [usage.usage([pid]).leaderless for pid in (10, 20, 30)] == [1, 0, 0]


def test_a_process_that_may_not_be_looked_at_is_told(
    processes: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_pid: int) -> float:
        raise PermissionError

    processes.add(10)
    monkeypatch.setattr(usage, "_memory", refuse)
    assert usage.usage([10]) == usage.Usage(hidden=1)


Watched = Callable[[list[Room]], StudentProcess]


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    """A process that sleeps, whose watchdog looks only when a test asks."""
    monkeypatch.setattr(process, "WATCH_SECONDS", 100.0)
    made: list[tuple[StudentProcess, socket.socket]] = []

    def start(rooms: list[Room]) -> StudentProcess:
        ours, theirs = socket.socketpair()
        popen = subprocess.Popen(["sleep", "20"], start_new_session=True)
        held = iter(rooms)
        made.append((StudentProcess(Started(popen), ours, Limits(), lambda _: next(held)), theirs))
        return made[-1][0]

    yield start
    for student, theirs in made:
        student.kill()
        theirs.close()


SEEN, UNSEEN = Room(1.0, 1), Room(0.0, 0, hidden=True)
TOLD = "its scratch folder could not be measured"


def test_one_look_that_shows_nothing_is_no_verdict(watched: Watched) -> None:
    rooms = [SEEN, UNSEEN, SEEN, UNSEEN, UNSEEN]
    student = watched(rooms)
    assert [student._excess() for _ in rooms] == ["", "", "", "", TOLD]


def test_a_jail_that_starts_cannot_be_measured_yet(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    rooms = [UNSEEN] * 4
    student = watched(rooms)
    assert [student._excess() for _ in rooms[:2]] == ["", ""]
    monkeypatch.setattr(process, "START_SECONDS", 0.0)
    assert [student._excess() for _ in rooms[2:]] == ["", TOLD]


def test_a_process_that_may_not_be_killed_is_not_waited_for(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As root without CAP_KILL."""

    def refuse(*_: object) -> None:
        raise PermissionError

    student = watched([])
    with monkeypatch.context() as patch:
        patch.setattr(handle, "END_SECONDS", 0.1)
        patch.setattr(os, "kill", refuse)
        patch.setattr(os, "killpg", refuse)
        patch.setattr(student._handle._popen, "kill", refuse)
        student._handle.end()
        assert not student.ended


@pytest.mark.parametrize("level", [3, 1])
def test_short_of_memory_the_kernel_ends_a_session_first(
    jail_of: Callable[[int], Launcher], level: int
) -> None:
    with FarStudent(jail_of(level), [Cell("a", "def f(x): return x")], [], Limits()) as student:
        assert student.call("f", 1.0) == 1.0
        assert student.pid is not None
        pids = usage.family(student.pid)
        scores = {Path(f"/proc/{pid}/oom_score_adj").read_text() for pid in pids}
    assert scores == {"1000\n"}


def test_there_are_three_devices(jail_of: Callable[[int], Launcher]) -> None:
    source = "import os\ndef f(): return sorted(os.listdir('/dev'))\n"
    source += "def w(): open(os.devnull, 'w').write('x'); return len(os.urandom(3))\n"
    with FarStudent(jail_of(3), [Cell("a", source)], [], Limits()) as student:
        assert student.call("f") == ["null", "random", "urandom"]
        assert student.call("w") == 3


def test_a_jail_whose_clock_shows_nothing_is_not_used(
    jail_of: Callable[[int], Launcher], monkeypatch: pytest.MonkeyPatch
) -> None:
    launcher = jail_of(1)  # tests itself before it is handed out: not with a clock that stands
    monkeypatch.setattr(process, "usage", lambda *pids: replace(usage.usage(*pids), cpu=0.0))
    monkeypatch.setattr(selftest, "LIMITS", replace(selftest.LIMITS, wall_factor=1, wall_extra=1))
    probe = FarStudent(launcher, [Cell("probe", selftest.PROBE)], [], selftest.LIMITS)
    with probe:
        assert list(selftest._outlives(probe)) == ["its CPU time could not be measured"]


def test_a_watchdog_that_fails_ends_what_it_watches() -> None:
    def broken(_pid: int) -> Room:
        raise ValueError("no such thing")

    ours, theirs = socket.socketpair()
    popen = subprocess.Popen(["sleep", "20"], start_new_session=True)
    student = StudentProcess(Started(popen), ours, Limits(), broken)
    assert popen.wait(timeout=20) != 0
    assert student.exit_text() == "the watchdog failed on it (ValueError: no such thing)"
    student.kill()
    theirs.close()


def test_what_the_watchdog_ends_is_gone_and_no_zombie(jail_of: Callable[[int], Launcher]) -> None:
    """The jail's own parent has to see its end: nobody else may be there to do so."""
    source = "import numpy as np, time\ndef f():\n    x = np.ones(2**26)\n    time.sleep(20)\n"
    limits = Limits(memory_mb=200)
    with FarStudent(jail_of(3), [Cell("a", source)], [], limits) as student:
        student.start()
        assert student.pid is not None
        pids = usage.family(student.pid)
        with pytest.raises(SessionLost, match="it used more than 200 MB of memory"):
            student.call("f")
    assert len(pids) >= 2
    assert [pid for pid in pids if Path(f"/proc/{pid}").exists()] == []
