"""Ways around the watchdog and the limits that a review found."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from autograder.errors import StudentFault
from autograder.jail import bubblewrap, contents
from autograder.jail.measure import measure
from autograder.limits import Limits
from autograder.session import fonts, process
from autograder.session.far import Cell, FarStudent
from autograder.session.handle import Started
from autograder.session.launcher import Launcher
from autograder.session.process import StudentProcess
from autograder.session.usage import Usage

QUICK = Limits(wall_factor=1.0, wall_extra=5.0)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="jails need Linux")

both_levels = pytest.mark.parametrize("level", [3, 1])
intel_only = pytest.mark.skipif(platform.machine() != "x86_64", reason="machine code of x86_64")


def session(launcher: Launcher, source: str, limits: Limits) -> FarStudent:
    student = FarStudent(launcher, [Cell("a", source)], [], limits)
    student.cpu_seconds = 5.0
    return student


LOCKS = """
import fcntl, os
def locks(n):
    global held
    held = os.open("l", os.O_RDWR | os.O_CREAT)
    fcntl.lockf(held, fcntl.LOCK_EX, 2 * int(n), 0)
    for i in range(int(n) - 1, 0, -1):
        fcntl.lockf(held, fcntl.LOCK_UN, 1, 2 * i)
"""


@both_levels
def test_locks_take_no_memory_of_the_kernel(jail_of: Callable[[int], Launcher], level: int) -> None:
    def count() -> int:
        return len(Path("/proc/locks").read_text().splitlines())

    before = count()
    with session(jail_of(level), LOCKS, QUICK) as student:
        student.call("locks", 2000.0)
        assert count() - before < 500


# A thread with descriptors of its own: clone with CLONE_THREAD, CLONE_SIGHAND, CLONE_VM only.
OWN_DESCRIPTORS = """
import ctypes, mmap
code = bytes.fromhex(
    "4889f84889f74889d631d24d31d24d31c00f054885c07401c3b8220000000f05ebf7")
page = mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=7)
page.write(code)
place = ctypes.addressof(ctypes.c_char.from_buffer(page))
call = ctypes.CFUNCTYPE(ctypes.c_long, ctypes.c_long, ctypes.c_long, ctypes.c_long)(place)
stack = ctypes.create_string_buffer(65536)
def clone():
    return call(56, 0x10900, (ctypes.addressof(stack) + 65536) & ~15)
"""


@intel_only
@both_levels
def test_threads_share_their_descriptors(jail_of: Callable[[int], Launcher], level: int) -> None:
    with session(jail_of(level), OWN_DESCRIPTORS, QUICK) as student:
        number = student.call("clone")
        assert isinstance(number, int)
        assert number < 0


SHARED = """
import mmap
def fill(megabytes):
    global held
    held = mmap.mmap(-1, int(megabytes) << 20)
    for i in range(0, len(held), 1 << 20):
        held[i : i + (1 << 20)] = b"x" * (1 << 20)
        held.madvise(mmap.MADV_DONTNEED)
    return held[1 << 20]
"""


@both_levels
def test_shared_memory_counts(jail_of: Callable[[int], Launcher], level: int) -> None:
    limits = replace(QUICK, memory_mb=120)
    with session(jail_of(level), SHARED, limits) as student, pytest.raises(StudentFault):
        student.call("fill", 300.0)


LEADERLESS = """
import ctypes, threading, time
def memory(n):
    time.sleep(0.2)
    held = b"x" * (int(n) << 20)
    time.sleep(1)
def files(n):
    time.sleep(0.2)
    for i in range(int(n)):
        open(f"f{i}", "w").close()
    time.sleep(1)
def leave(what, n):
    threading.Thread(target=globals()[what], args=(n,)).start()
    ctypes.CDLL(None).syscall(NUMBER, 0)
""".replace("NUMBER", "60" if platform.machine() == "x86_64" else "93")


@pytest.mark.parametrize(
    ("level", "what", "amount"), [(3, "memory", 300), (1, "memory", 300), (3, "files", 900)]
)
def test_a_process_without_its_first_thread_is_watched(
    jail_of: Callable[[int], Launcher], level: int, what: str, amount: int
) -> None:
    limits = replace(QUICK, memory_mb=120, scratch_files=200)
    with (
        session(jail_of(level), LEADERLESS, limits) as student,
        pytest.raises(StudentFault) as caught,
    ):
        student.call("leave", what, float(amount))
    assert "exited with status 0" not in caught.value.problem


CHILDREN = """
import os, signal, time
def files(n):
    if os.fork() == 0:
        os._exit(0)
    time.sleep(0.1)
    for i in range(int(n)):
        open(f"f{i}", "w").close()
    time.sleep(0.5)
def work(children):
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for _ in range(int(children)):
        child = os.fork()
        if child == 0:
            while time.process_time() < 0.04:
                pass
            os._exit(0)
        try:
            os.waitpid(child, 0)
        except ChildProcessError:
            pass
"""


def test_a_zombie_does_not_hide_the_scratch_folder(cold_jail_of: Callable[[int], Launcher]) -> None:
    limits = replace(QUICK, processes=20, scratch_files=200)
    with (
        session(cold_jail_of(3), CHILDREN, limits) as student,
        pytest.raises(StudentFault, match="more than 200 files"),
    ):
        student.call("files", 900.0)


def test_children_that_are_not_waited_for_count(jail_of: Callable[[int], Launcher]) -> None:
    with session(jail_of(3), CHILDREN, replace(QUICK, processes=20)) as student:
        student.start()
        before = student.total_cpu_seconds
        student.call("work", 30.0)
        assert student.total_cpu_seconds - before > 0.7


def test_there_are_no_terminals(jail_of: Callable[[int], Launcher]) -> None:
    source = (
        "import os\ndef terminal():\n    return os.open('/dev/ptmx', os.O_RDWR | os.O_NOCTTY)\n"
    )
    with session(jail_of(3), source, QUICK) as student, pytest.raises(StudentFault):
        student.call("terminal")


HOLDER = """
import ctypes, os, sys, time
libc = ctypes.CDLL(None)
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + [ctypes.c_int] * 3 + [ctypes.c_long]
with open(sys.argv[1], "w+b") as file:
    file.write(bytes(4 << 20))
    file.flush()
    libc.mmap(None, 4096, 1, 1, file.fileno(), 0)
os.unlink(sys.argv[1])
print(flush=True)
time.sleep(20)
"""


def test_a_deleted_file_of_which_one_page_is_mapped_counts(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "file")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        found = measure(tmp_path, Limits(), holder.pid)
        holder.kill()
    assert found.hidden or found.megabytes >= 4.0


def test_a_process_that_cannot_be_watched_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "usage", lambda *_pids: Usage())
    ours, theirs = socket.socketpair()
    popen = subprocess.Popen(["sleep", "20"], start_new_session=True)
    watched = StudentProcess(Started(popen), ours, Limits())
    until = time.monotonic() + 1.5
    while not watched.ended and time.monotonic() < until:
        time.sleep(0.05)
    verdict = watched.verdict
    watched.kill()
    theirs.close()
    assert verdict


def test_a_scratch_folder_that_cannot_be_measured_is_not_empty(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_path: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "statvfs", refuse)
    assert bubblewrap._room(Path("/tmp"), [1, os.getpid()]).hidden


def test_absolute_paths_in_a_record_are_no_packages(tmp_path: Path) -> None:
    folder = tmp_path / "evil-1.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Name: evil\nVersion: 1\n")
    (folder / "RECORD").write_text("/usr/share/evil.txt,,\nevil-1.dist-info/METADATA,,\n")
    distribution = importlib.metadata.Distribution.at(folder)
    assert dict(contents._top_level(distribution)) == {"evil-1.dist-info": folder}


def test_font_lists_are_no_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    folder = tmp_path / f"autograder-fonts-{os.getuid()}"
    folder.mkdir(mode=0o700)
    secret = tmp_path / "gradebook.db"
    secret.write_text("secret")
    (folder / "fontlist-v1.json").symlink_to(secret)
    monkeypatch.setattr(fonts, "_make", lambda _folder: None)
    assert fonts.font_list() == []


def test_the_jails_programs_use_the_systems_libraries(
    monkeypatch: pytest.MonkeyPatch, cold_jail_of: Callable[[int], Launcher], tmp_path: Path
) -> None:
    if bubblewrap._place_of_python() != bubblewrap.PYTHON:
        pytest.skip("the system's own Python needs no such variable")
    seen: list[dict[str, str]] = []
    launcher = cold_jail_of(3)

    def note(_command: object, variables: dict[str, str], *_: object, **__: object) -> None:
        seen.append(variables)

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(bubblewrap, "start", note)
    launcher.launch([], Limits())
    assert "LD_LIBRARY_PATH" not in seen[0]
