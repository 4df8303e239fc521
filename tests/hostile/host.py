"""What the host looks like, before an attack and after it."""

from __future__ import annotations

import hashlib
import os
import pwd
import resource
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from autograder.jail.stage import FIRST_USER

SETTLE_SECONDS = 2.0
MEMORY_MB = 300
AGENT = "autograder.session.agent"

Process = tuple[int, int]
"""Its number, and the time when it began: numbers are given out again."""


@dataclass(frozen=True)
class Host:
    """What must be the same afterwards.

    `processes` are all there were; `mine` is what this process is and holds.
    """

    files: dict[str, str]
    processes: frozenset[Process]
    mine: dict[str, object]
    memory: int


class Watcher:
    """Takes pictures of the host.

    Parameters
    ----------
    trees
        Folders of which every file counts: its text, owner, mode.
    mark
        Part of the names that attacks use, which must be found nowhere.
    """

    def __init__(self, trees: Iterable[Path], mark: str) -> None:
        self._trees = tuple(trees)
        self._mark = mark

    def picture(self) -> Host:
        """Return the host as it is."""
        return Host(self._files(), frozenset(_processes()), _mine(), _memory())

    def differences(self, before: Host) -> list[str]:
        """Return what differs from `before`, after some time to settle."""
        until = time.monotonic() + SETTLE_SECONDS
        while True:
            found = list(self._compare(before))
            if not found or time.monotonic() > until:
                return found
            time.sleep(0.05)

    def _compare(self, before: Host) -> Iterable[str]:
        files = self._files()
        for path in sorted(files.keys() | before.files.keys()):
            if files.get(path) != before.files.get(path):
                yield f"{path} is {files.get(path)}, was {before.files.get(path)}"
        yield from (f"process {line} is left" for line in _strays(before.processes))
        for what, now in _mine().items():
            if now != before.mine[what]:
                yield f"{what} is {now}, was {before.mine[what]}"
        for place in ("/", "/tmp", "/var/tmp", "/dev", "/dev/shm", "/run", _home()):
            with suppress(OSError):
                yield from (f"{path} is new" for path in Path(place).glob(f"*{self._mark}*"))
        grown = (_memory() - before.memory) >> 20
        if grown > MEMORY_MB:
            yield f"{grown} MB more memory are in use"

    def _files(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for tree in self._trees:
            for folder, folders, names in os.walk(tree):
                for name in [*folders, *names]:
                    path = Path(folder) / name
                    with suppress(FileNotFoundError):
                        found[str(path)] = _describe(path)
        return found


def _home() -> str:
    return pwd.getpwuid(os.getuid()).pw_dir


def _describe(path: Path) -> str:
    status = path.lstat()
    text = f"{status.st_mode:o} of {status.st_uid}"
    if path.is_file() and not path.is_symlink():
        text += f" {hashlib.sha256(path.read_bytes()).hexdigest()[:12]}"
    return text


def _processes() -> dict[Process, int]:
    """Return the parent of every process but those of the kernel."""
    found: dict[Process, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            found[int(folder.name), int(fields[19])] = int(fields[1])
    return found


def _strays(known: frozenset[Process]) -> list[str]:
    """Return new processes below this one, and sessions that nobody owns any more.

    Others may use the machine meanwhile, and grade too: what has a living owner is theirs, and what
    has ended is the system's to remove.
    """
    parents = _processes()
    by_pid = {process[0]: process for process in parents}
    strays = []
    for process in parents.keys() - known:
        ancestors: list[Process] = []
        above = by_pid.get(parents[process])
        while above is not None and above[0] > 1 and len(ancestors) < 100:
            ancestors.append(above)
            above = by_pid.get(parents[above])
        mine = os.getpid() in {pid for pid, _ in ancestors}
        with suppress(OSError):
            if mine or all(
                not _has_ended(pid) and _is_session(pid)
                for pid in (process[0], *(pid for pid, _ in ancestors))
            ):
                strays.append(f"{process[0]}: {_line(process[0])[:200]}")
    return strays


def _has_ended(pid: int) -> bool:
    text = Path(f"/proc/{pid}/stat").read_text()
    return text.rpartition(")")[2].split()[0] in {"Z", "X"}


def _line(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()


def _is_session(pid: int) -> bool:
    """Whether a process runs a student's code: by its program, or by its user."""
    line = _line(pid)
    program = line.partition(" ")[0]
    user = Path(f"/proc/{pid}").stat().st_uid
    return program.endswith("bwrap") or AGENT in line.split() or user >= FIRST_USER


def _mine() -> dict[str, object]:
    """Return what belongs to this process, or to the host, and is read cheaply."""
    limits = (resource.RLIMIT_AS, resource.RLIMIT_NPROC, resource.RLIMIT_NOFILE)
    mask = os.umask(0)
    os.umask(mask)
    reads: dict[str, Callable[[], object]] = {
        "the list of mounts": lambda: Path("/proc/self/mounts").read_text(),
        "the number of open files": lambda: len(list(Path("/proc/self/fd").iterdir())),
        "the working folder": os.getcwd,
        "the umask": lambda: mask,
        "the limits": lambda: [resource.getrlimit(limit) for limit in limits],
        "the users": lambda: (os.getresuid(), os.getresgid()),
        "shared memory": lambda: _columns("shm"),
        "message queues": lambda: _columns("msg"),
        "semaphores": lambda: _columns("sem"),
    }
    found: dict[str, object] = {}
    for what, read in reads.items():
        try:
            found[what] = read()
        except OSError:
            found[what] = None
    return found


def _columns(kind: str) -> list[str]:
    lines = Path(f"/proc/sysvipc/{kind}").read_text().splitlines()[1:]
    return [" ".join(line.split()[:3]) for line in lines]


def _memory() -> int:
    """Return the bytes that this process holds, and those of files in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    shm = os.statvfs("/dev/shm") if Path("/dev/shm").is_dir() else None
    used = (shm.f_blocks - shm.f_bfree) * shm.f_frsize if shm else 0
    return pages * os.sysconf("SC_PAGE_SIZE") + used
