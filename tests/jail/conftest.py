"""Running snippets in a process of their own, under the policy that a test asks for."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from autograder.jail import landlock, seccomp
from autograder.jail.confine import Policy
from tests.needs import JAILS, missing

ROOT = Path(__file__).parents[2]

START = """
import sys
from autograder.jail.confine import Policy, apply
apply(Policy.from_argument(sys.argv[1]), keep=3)
exec(sys.argv[2])
"""

Run = Callable[..., str]
"""Runs a snippet under a policy and returns what it printed; asserts that it ended well."""

readable = (
    *("/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/dev/null", "/dev/urandom"),
    *(sys.prefix, sys.base_prefix, str(ROOT / "autograder")),
)


def environment(scratch: Path) -> dict[str, str]:
    return {
        "HOME": str(scratch),
        "TMPDIR": str(scratch),
        "MPLCONFIGDIR": str(scratch),
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "IPYTHONDIR": str(scratch / "ipython"),
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "PATH": os.environ["PATH"],
    }


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working folder."""
    return tmp_path_factory.mktemp("scratch")


@pytest.fixture(scope="module")
def attempt(scratch: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a snippet under a policy, however it ends."""

    def start(
        snippet: str, policy: Policy, *arguments: str, user: int | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-I", "-c", START, policy.to_argument(), snippet, *arguments],
            cwd=scratch,
            env=environment(scratch),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            user=user,
        )

    return start


@pytest.fixture(scope="module")
def run(attempt: Callable[..., subprocess.CompletedProcess[str]]) -> Run:
    """Run a snippet under a policy and return what it printed; assert that it ended well."""

    def start(snippet: str, policy: Policy, *arguments: str) -> str:
        done = attempt(snippet, policy, *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return start


@pytest.fixture(scope="session")
def program() -> bytes:
    """The seccomp program without processes; skips where there is none."""
    if reason := seccomp.available():
        missing(JAILS[1], reason)
    return seccomp.compile_policy()


@pytest.fixture(scope="session")
def landlocked() -> int:
    """The version of Landlock; skips where there is none."""
    if reason := landlock.available():
        missing(JAILS[1], reason)
    return landlock.abi()


@pytest.fixture(scope="module")
def level_1(program: bytes, landlocked: int, scratch: Path) -> Policy:
    """Everything that a process can do to itself."""
    rlimits = {"AS": 4 << 30, "NOFILE": 256, "FSIZE": 1 << 20, "MEMLOCK": 0}
    writable = [str(scratch), "/dev/null"]
    return Policy.of(rlimits, program, [*readable], writable)


@pytest.fixture(scope="module")
def filtered(program: bytes) -> Policy:
    """The seccomp program alone."""
    return Policy.of({}, program)
