"""The hostile course, what its host looks like, and launchers of each level."""

from __future__ import annotations

import secrets
import shutil
import socket
import sysconfig
import tempfile
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from autograder.course import Assignment
from autograder.errors import JailUnavailable
from autograder.grading.grade import Grader
from autograder.jail.levels import launcher_for
from autograder.limits import Limits
from autograder.results import Grade
from autograder.session.launcher import Launcher
from tests.hostile.course import HONEST, NAME, ROOT, Target, build, submit
from tests.hostile.host import Watcher
from tests.hostile.model import QUICK, World
from tests.needs import JAILS, missing

SEED = "0123456789abcdef0123456789abcdef"


class Beacon:
    """Listens where a submission may try to get: nothing must ever arrive."""

    def __init__(self) -> None:
        self.tcp = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.tcp.getsockname()[1]
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", self.port))
        self.abstract = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.abstract.bind(f"\0autograder-beacon-{self.port}")
        self.abstract.listen()
        self._all = (self.tcp, self.udp, self.abstract)
        for line in self._all:
            line.setblocking(False)

    def heard(self) -> list[str]:
        """Return what arrived since it was last asked."""
        found: list[str] = []
        for line in self._all:
            with suppress(BlockingIOError):
                while True:
                    found.append(self._next(line))
        return found

    def _next(self, line: socket.socket) -> str:
        if line is self.udp:
            return repr(line.recv(100))
        line.accept()[0].close()
        return "a connection"

    def close(self) -> None:
        """Hang up."""
        for line in self._all:
            line.close()


@dataclass
class Ground:
    """Where cases are tried: the course, its host, and who grades."""

    target: Target
    world: World
    assignment: Assignment
    beacon: Beacon
    watcher: Watcher
    temporary: Path
    environment: str = field(default_factory=lambda: secrets.token_hex(12))
    warm: bool = True
    launchers: dict[tuple[int, bool], Launcher] = field(default_factory=dict)

    def grader(self, level: int, limits: Limits = QUICK) -> Grader:
        """Return a grader whose jail is of this level; skip where the machine has none."""
        key = level, self.warm
        if key not in self.launchers:
            try:
                self.launchers[key] = launcher_for(level, warm=self.warm)
            except JailUnavailable as unavailable:
                missing(JAILS[level], unavailable.reason)
            # Caches that are made once are there from now on.
            self.grade_honest(level)
        launcher = self.launchers[key]
        return Grader(self.assignment, SEED, launcher=launcher, limits=limits)

    def grade_honest(self, level: int) -> Grade:
        """Grade a right submission."""
        return self.grader(level).grade_folder(self.honest)

    @property
    def honest(self) -> Path:
        """The folder of a right submission."""
        return self.world.course / "submitted" / "honest" / NAME


@pytest.fixture(scope="session")
def target(tmp_path_factory: pytest.TempPathFactory) -> Target:
    """The course, below folders that only their owner may enter."""
    made = build(tmp_path_factory.mktemp("hostile"))
    submit(made.course, "honest", HONEST)
    return made


@pytest.fixture(scope="session")
def whole_ground(target: Target) -> Iterator[Ground]:
    """Everything that lasts for all cases."""
    mark = f"mark{secrets.token_hex(4)}"
    packages = Path(sysconfig.get_path("purelib"))
    # Where the grader's own temporary files go: nobody else's come and go in it.
    temporary = Path(tempfile.mkdtemp(prefix="hostile-"))
    temporary.chmod(0o1777)
    with closing(Beacon()) as beacon:
        world = World(target.course.root, target.home, ROOT, packages, mark, beacon.port)
        trees = (target.course.root, target.home, temporary, packages / "numpy" / "random")
        watcher = Watcher(trees, mark)
        yield Ground(target, world, target.course.load(NAME), beacon, watcher, temporary)
    shutil.rmtree(temporary, ignore_errors=True)


@pytest.fixture
def ground(whole_ground: Ground, monkeypatch: pytest.MonkeyPatch) -> Ground:
    """The same, with an environment that holds a secret and a home folder that is watched."""
    monkeypatch.setenv("HOSTILE_CANARY", whole_ground.environment)
    monkeypatch.setenv("HOME", str(whole_ground.target.home))
    monkeypatch.setenv("TMPDIR", str(whole_ground.temporary))
    monkeypatch.setattr(tempfile, "tempdir", str(whole_ground.temporary))
    monkeypatch.setattr(whole_ground, "warm", True)
    return whole_ground
