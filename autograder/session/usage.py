"""What a session's processes use, read from the kernel while they run."""

from __future__ import annotations

import os
import sys
from collections.abc import Container, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

LINUX = sys.platform == "linux"
_PROC = Path("/proc")
_ENDED = (b"Z", b"X")
_PF_EXITING = 4

FEW = 4
"""Processes of a session that starts none: a jail's, and its own."""


@dataclass(frozen=True)
class Usage:
    """CPU seconds, memory in MiB, and number of processes.

    `hidden` counts those that may not be looked at, `leaderless` those whose first thread has ended
    while others go on: the kernel then shows neither memory nor root folder of them.
    """

    cpu: float = 0.0
    memory_mb: float = 0.0
    processes: int = 0
    hidden: int = 0
    leaderless: int = 0


def family(pid: int) -> list[int]:
    """Return a process and everything that descends from it."""
    if not LINUX or not (_PROC / str(pid) / "task" / str(pid) / "children").exists():
        with suppress(psutil.Error):
            return [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]
        return [pid]
    # The kernel's own lists: to read the whole process table at each look would cost more than
    # the student's code on a busy host.
    found = [pid]
    for parent in found:
        found += _children(parent)
    return found


def usage(pids: Iterable[int], weightless: Container[int] = ()) -> Usage:
    """Return what the living processes among `pids` use, and the children that they waited for.

    Memory that forks share counts once where there are many, and in each of them where there are
    few: it takes the kernel longer to tell than all else. That of processes which are `weightless`
    does not count.
    """
    pids = list(pids)
    memory_of = _shared_memory if len(pids) > FEW and LINUX else _memory
    cpu = memory = 0.0
    count = hidden = leaderless = 0
    for pid in pids:
        try:
            used, held = _cpu(pid), 0.0 if pid in weightless else memory_of(pid)
            leaderless += _leaderless(pid)
        except (PermissionError, psutil.AccessDenied):
            hidden += 1
        except (psutil.Error, OSError, ValueError, IndexError):
            continue  # it is gone
        else:
            cpu += used
            memory += held
            count += 1
    return Usage(cpu, memory, count, hidden, leaderless)


def _children(pid: int) -> list[int]:
    found: list[int] = []
    with suppress(OSError):
        for task in (_PROC / str(pid) / "task").iterdir():
            with suppress(OSError):
                found += map(int, (task / "children").read_text(encoding="ascii").split())
    return found


def _cpu(pid: int) -> float:
    if not LINUX:
        times = psutil.Process(pid).cpu_times()
        return float(times.user + times.system + times.children_user + times.children_system)
    return sum(map(int, _fields(_PROC / str(pid))[11:15])) / os.sysconf("SC_CLK_TCK")


def _fields(folder: Path) -> list[bytes]:
    """Return the fields of a process's or thread's stat file (proc(5)), from the third on."""
    # The name, in brackets, is the process's to choose.
    return (folder / "stat").read_bytes().rpartition(b")")[2].split()


def _leaderless(pid: int) -> bool:
    """Whether the first thread has ended and another neither has nor is about to."""
    folder = _PROC / str(pid)
    if not LINUX or _fields(folder)[0] not in _ENDED:
        return False
    for thread in (folder / "task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):
            fields = _fields(thread)
            if fields[0] not in _ENDED and not int(fields[6]) & _PF_EXITING:
                return True
    return False


def _memory(pid: int) -> float:
    if not LINUX:
        return float(psutil.Process(pid).memory_info().rss) / 2**20
    # Libraries that are mapped from files belong to everyone.
    return _kilobytes(_PROC / str(pid) / "status", b"RssAnon:", b"RssShmem:", b"VmSwap:") / 1024


def _shared_memory(pid: int) -> float:
    """Return a process's memory, with its share of what it has in common with others."""
    shares = b"Pss_Anon:", b"Pss_Shmem:", b"SwapPss:"
    return _kilobytes(_PROC / str(pid) / "smaps_rollup", *shares) / 1024


def _kilobytes(file: Path, *names: bytes) -> int:
    lines = file.read_bytes().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith(names))
