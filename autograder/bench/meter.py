"""Run one command and say what it took: wall time, CPU time of all its processes, peak memory.

A program of its own (``python -m autograder.bench.meter report.json command...``), so that the
kernel's books of its children hold nothing but the command. It declares itself their subreaper: a
process whose parent died is handed to it, and counted. CPU time is measured in three ways:

by the group
    in a control group of its own, which counts everything; not every user may make one;
by the books
    what the kernel added up for all children that were waited for, by anyone below. It misses what
    nobody waits for: the processes of a namespace whose first process is killed;
by sampling
    the last that ``/proc`` said of each process, ten times a second. It misses the end of every
    process.

Without a group the larger one of the others counts. Memory is sampled: the resident set of each
process ten times a second, and once a second its proportional share (PSS), in which pages that
forks share are counted once.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from autograder.bench.control_group import ControlGroup

PERIOD = 0.1
SHARES_EVERY = 10
"""Samples between two readings of the proportional shares, which are dear."""

GRACE = 3.0
"""Seconds that processes get to end after the command has."""

COORDINATOR, WORKER, SESSION, OTHER = "coordinator", "worker", "session", "other"

_SUBREAPER = 36
_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICK = os.sysconf("SC_CLK_TCK")
_MB = 1e6
_SPAWNED = "--multiprocessing-fork"
_OURS_NOT_STUDENTS = ("resource_tracker", "alembic")


@dataclass
class _Process:
    """What is known of one process."""

    kind: str
    cpu: float = 0.0
    rss: float = 0.0
    pss: float = 0.0
    peak_rss: float = 0.0
    peak_pss: float = 0.0


@dataclass
class _Stat:
    """One line of ``/proc/<pid>/stat``."""

    parent: int
    started: int
    cpu: float
    rss: float


@dataclass
class Sampler:
    """Follows a process and all below it.

    Parameters
    ----------
    root
        The command's process; what was seen below it is followed also when it gets a new parent.
    """

    root: int
    known: dict[tuple[int, int], _Process] = field(default_factory=dict)
    alive: dict[int, tuple[int, int]] = field(default_factory=dict)
    peak_all: float = 0.0

    def sample(self, *, shares: bool) -> None:
        """Look at all processes once; read the proportional shares too if asked."""
        stats = {pid: stat for pid in _pids() if (stat := _read_stat(pid)) is not None}
        mine = self._mine(stats)
        self.alive = {pid: (pid, stats[pid].started) for pid in mine}
        for pid in mine:
            stat = stats[pid]
            key = (pid, stat.started)
            kind = self._kind(pid, stat)
            process = self.known.setdefault(key, _Process(kind))
            process.kind = kind
            process.cpu, process.rss = stat.cpu, stat.rss
            process.peak_rss = max(process.peak_rss, stat.rss)
            if shares:
                process.pss = _share(pid)
                process.peak_pss = max(process.peak_pss, process.pss)
        if shares:
            total = sum(self.known[key].pss for key in self.alive.values())
            self.peak_all = max(self.peak_all, total)

    @property
    def cpu(self) -> float:
        """CPU seconds of all processes, as last seen."""
        return sum(process.cpu for process in self.known.values())

    def peaks(self) -> dict[str, dict[str, float]]:
        """Return the largest process of each kind, in MB, and how many there were."""
        found: dict[str, dict[str, float]] = {}
        for process in self.known.values():
            entry = found.setdefault(process.kind, {"rss_mb": 0.0, "pss_mb": 0.0, "seen": 0})
            entry["rss_mb"] = max(entry["rss_mb"], round(process.peak_rss / _MB, 1))
            entry["pss_mb"] = max(entry["pss_mb"], round(process.peak_pss / _MB, 1))
            entry["seen"] += 1
        return found

    def _mine(self, stats: dict[int, _Stat]) -> list[int]:
        children: dict[int, list[int]] = {}
        for pid, stat in stats.items():
            children.setdefault(stat.parent, []).append(pid)
        mine: list[int] = []
        seen = {
            pid for pid, started in self.known if pid in stats and stats[pid].started == started
        }
        # The command, what was handed to this process when its parent died, what was seen before.
        adopted = set(children.get(os.getpid(), []))
        waiting = [self.root, *sorted((adopted | seen) - {self.root})]
        visited: set[int] = set()
        while waiting:
            pid = waiting.pop(0)
            if pid in visited or pid not in stats:
                continue
            visited.add(pid)
            mine.append(pid)  # parents come before their children
            waiting = [*children.get(pid, []), *waiting]
        return mine

    def _kind(self, pid: int, stat: _Stat) -> str:
        if pid == self.root:
            return COORDINATOR
        line = _command(pid)
        if any(name in line for name in _OURS_NOT_STUDENTS):
            return OTHER
        above = self._known_kind(stat.parent)
        if "ipykernel" in line or above == SESSION:
            return SESSION
        if _SPAWNED in line:
            return OTHER if above == WORKER else WORKER
        if above == WORKER or "autograder.session" in line:
            return SESSION
        before = self.known.get((pid, stat.started))
        return before.kind if before is not None else OTHER

    def _known_kind(self, pid: int) -> str:
        key = self.alive.get(pid)
        process = self.known.get(key) if key is not None else None
        return process.kind if process is not None else ""


def _pids() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def _read_stat(pid: int) -> _Stat | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    # The name in parentheses may hold anything, parentheses and spaces too.
    words = text.rpartition(b")")[2].split()
    cpu = (int(words[11]) + int(words[12])) / _TICK
    return _Stat(int(words[1]), int(words[19]), cpu, int(words[21]) * _PAGE)


def _command(pid: int) -> str:
    try:
        return (
            Path(f"/proc/{pid}/cmdline")
            .read_bytes()
            .replace(b"\0", b" ")
            .decode("utf-8", "replace")
        )
    except OSError:
        return ""


def _share(pid: int) -> float:
    """Return the proportional set size, in bytes; zero where it may not be read."""
    with suppress(OSError, ValueError, IndexError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
            if line.startswith("Pss:"):
                return float(line.split()[1]) * 1024
    return 0.0


def measure(command: list[str]) -> dict[str, object]:
    """Run `command` with this process's standard streams and return what it took."""
    with ControlGroup() as group:
        return _measure(command, group)


def _measure(command: list[str], group: ControlGroup) -> dict[str, object]:
    ctypes.CDLL(None).prctl(_SUBREAPER, *map(ctypes.c_ulong, (1, 0, 0, 0)))
    before = _books()
    began = time.monotonic()
    process = subprocess.Popen(group.entering(command))
    sampler = Sampler(process.pid)
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal sends it to the command, too
    count = 0
    while True:
        sampler.sample(shares=count % SHARES_EVERY == 0)
        count += 1
        try:
            status = process.wait(PERIOD)
        except subprocess.TimeoutExpired:
            continue
        break
    wall = time.monotonic() - began
    left = _wait_for_all(sampler)
    by_the_books = _books() - before
    by_the_group = group.cpu_seconds
    larger = max(by_the_books, sampler.cpu)
    return {
        "status": status,
        "wall_seconds": wall,
        "cpu_seconds": larger if by_the_group is None else by_the_group,
        "cpu_by_the_group": by_the_group,
        "cpu_by_the_books": by_the_books,
        "cpu_by_sampling": sampler.cpu,
        "peaks": sampler.peaks(),
        "peak_all_pss_mb": round(sampler.peak_all / _MB, 1),
        "samples": count,
        "left_over": left,
    }


def _books() -> float:
    import resource  # not on Windows, where nobody grades

    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _wait_for_all(sampler: Sampler) -> int:
    """Wait for what the command left behind, end what stays; return how many had to be ended."""
    until = time.monotonic() + GRACE
    killed: set[int] = set()
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return len(killed)
        if pid:
            continue
        sampler.sample(shares=False)
        if time.monotonic() > until:
            for left in sampler.alive:
                killed.add(left)
                with suppress(OSError):
                    os.kill(left, signal.SIGKILL)
        time.sleep(0.02)


if __name__ == "__main__":
    report = measure(sys.argv[2:])
    Path(sys.argv[1]).write_text(json.dumps(report), encoding="utf-8")
