"""Does the jail hold? Tried before any student's code runs, and failing means no grading.

Code that behaves like the worst student's asks for what it must not get: files, the network,
other processes, more time, new processes. Each thing that it gets is named.
"""

from __future__ import annotations

import os
import socket
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from autograder.errors import DeadlineExceeded, JailUnavailable, StudentFault
from autograder.limits import Limits
from autograder.session.far import Cell, FarStudent
from autograder.session.launcher import Launcher
from autograder.session.usage import family, usage

SECONDS = 1.0
"""Of CPU time for the loop that does not end."""

START_SECONDS = 15.0
"""Of CPU time to start: a cold start takes half a second, on a slow and busy machine several."""

FILES, MEGABYTES = 300, 64
LIMITS = Limits(
    cell_cpu=START_SECONDS, wall_factor=10.0, wall_extra=20.0, sessions=4, scratch_files=FILES
)

PROBE = """
import os, socket, sys

def attempt(action, *args):
    try:
        action(*args)
    except BaseException:
        return False
    return True

def readable(paths):
    return [path for path in paths if attempt(lambda: open(path, "rb").read(1))]

def writable(paths):
    return [path for path in paths if attempt(lambda: open(path, "ab").close())]

def network(port, path):
    found = []
    for family, address in ((socket.AF_INET, ("127.0.0.1", port)), (socket.AF_UNIX, path)):
        if attempt(lambda: socket.socket(family, socket.SOCK_STREAM).connect(address)):
            found.append(str(address))
    return found

def processes(pid):
    found = [f"/proc/{pid}"] if attempt(os.listdir, f"/proc/{pid}/fd") else []
    return found + (["signals"] if attempt(os.kill, pid, 0) else [])

def forked():
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return True

def works(x):
    import json, decimal, numpy.linalg, matplotlib.pyplot
    with open("scratch.txt", "w") as file:
        file.write("written")
    return 2 * x

def hold(megabytes):
    global held
    held = b"x" * (int(megabytes) << 20)

def flood(files):
    import time
    for number in range(int(files)):
        open(f"flood-{number}", "w").close()
    time.sleep(2)

def environment():
    return list(os.environ.values())

def imported(names):
    return [name for name in names if attempt(__import__, name)]

def spin():
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass
"""

ESCAPE = "/escaped-from-the-jail"
"""A file that a session without a jail makes where root may."""

FOREIGN = ("torch", "scipy", "sklearn", "nbgrader", "reference")
"""Installed where instructors grade, and none of a session's business."""


def require_held(launcher: Launcher, secrets: Sequence[Path] = ()) -> None:
    """Start a session in the jail and try to get out.

    Parameters
    ----------
    launcher
        The jail.
    secrets
        Files that nobody inside may read. Those that do not exist are left out.

    Raises
    ------
    JailUnavailable
        It does not start, does not do its work, or does not hold.
    """
    found = list(breaches(launcher, secrets))
    if found:
        raise JailUnavailable(
            f"the jail of level {launcher.level} does not hold: {'; '.join(found)}",
            mend="Do not grade on this machine as it is. docs/security.md says what each level "
            "needs; please report this.",
        )


def breaches(launcher: Launcher, secrets: Sequence[Path] = ()) -> Iterator[str]:
    """Yield what code in the jail could do and must not."""
    with _bait() as bait, FarStudent(launcher, [Cell("probe", PROBE)], [], LIMITS) as probe:
        try:
            if probe.call("works", 21.0) != 42.0:
                yield "it computes wrongly"
            paths = [bait.file, *(path.resolve() for path in secrets if path.is_file())]
            mine = [*map(str, paths), "/proc/1/environ", "/etc/shadow"]
            for what, got in (
                ("read", probe.call("readable", mine)),
                ("write", probe.call("writable", [*mine, sys.executable, __file__, ESCAPE])),
                ("connect to", probe.call("network", bait.port, bait.socket)),
                ("see this process by", probe.call("processes", os.getpid())),
                ("import", probe.call("imported", list(FOREIGN))),
            ):
                if got:
                    yield f"it could {what} {got}"
            if bait.word in _texts(probe.call("environment")):
                yield "it could see this process's environment"
            before = _memory(probe)
            probe.call("hold", float(MEGABYTES))
            if _memory(probe) - before < MEGABYTES / 2:
                yield "its memory could not be measured"
        except StudentFault as fault:
            yield f"a probe failed: {fault.problem}"
        yield from _forks(probe)
        yield from _floods(probe)
        yield from _outlives(probe)


def _memory(probe: FarStudent) -> float:
    return usage(family(probe.pid)).memory_mb if probe.pid is not None else 0.0


def _floods(probe: FarStudent) -> Iterator[str]:
    """Make more files than it may; either the kernel or the watchdog has to notice."""
    try:
        probe.call("flood", 2.0 * FILES)
    except StudentFault:
        return
    yield "its scratch folder could not be measured"


def _forks(probe: FarStudent) -> Iterator[str]:
    try:
        probe.call("forked")
    except StudentFault:
        return
    yield "it could start processes"


def _outlives(probe: FarStudent) -> Iterator[str]:
    """Ask for what never ends; the session must be gone afterwards."""
    probe.cpu_seconds = SECONDS
    pid = probe.pid
    began = time.monotonic()
    try:
        probe.call("spin")
    except DeadlineExceeded as late:
        if late.wall:
            yield "its CPU time could not be measured"
        if pid is not None and Path(f"/proc/{pid}").exists():
            yield "it goes on after its deadline"
        return
    except StudentFault as fault:
        yield f"an endless loop ended otherwise than by its deadline: {fault.problem}"
        return
    yield f"an endless loop came back after {time.monotonic() - began:.0f} s"


class _Bait:
    """Things on this machine that must be out of reach."""

    def __init__(self, folder: Path, port: int) -> None:
        self.word = os.urandom(16).hex()
        self.port = port
        self.file = folder / "gradebook.db"
        self.file.write_text(self.word, encoding="ascii")
        self.file.chmod(0o644)
        self.socket = str(folder / "service.socket")


@contextmanager
def _bait() -> Iterator[_Bait]:
    with (
        tempfile.TemporaryDirectory(prefix="autograder-bait-") as name,
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as local,
    ):
        folder = Path(name)
        folder.chmod(0o755)  # reachable for whoever is not held
        bait = _Bait(folder, tcp.getsockname()[1])
        local.bind(bait.socket)
        local.listen()
        Path(bait.socket).chmod(0o777)
        os.environ["BAIT_OF_THE_JAIL_TEST"] = bait.word
        try:
            yield bait
        finally:
            del os.environ["BAIT_OF_THE_JAIL_TEST"]


def _texts(values: object) -> list[str]:
    return [value for value in values if isinstance(value, str)] if isinstance(values, list) else []
