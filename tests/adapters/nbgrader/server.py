"""A PostgreSQL server of a test's own: a folder, a socket in it, no port."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.needs import missing

PLACES = "/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin"
SETTINGS = "-c listen_addresses='' -c fsync=off -c unix_socket_directories="


def program(name: str) -> str:
    """Return the path of one of PostgreSQL's programs; skip the test if there is none."""
    found = [
        str(folder)
        for place in PLACES
        for folder in sorted(Path("/").glob(place[1:]), reverse=True)
    ]
    path = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), *found]))
    return path or missing("postgresql", f"no {name} on the path or below {', '.join(PLACES)}")


@contextmanager
def server() -> Iterator[str]:
    """Start a server and yield the URL of its database."""
    pytest.importorskip("psycopg")
    initdb, pg_ctl = program("initdb"), program("pg_ctl")
    user = _unprivileged()
    with tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        if user:
            os.chown(folder, user["user"], user["group"])
        data = folder / "data"
        _run(user, folder, initdb, "-D", data, "-U", "grader", "-A", "trust", "-E", "UTF8", "-N")
        options = f"{SETTINGS}{folder}"
        _run(user, folder, pg_ctl, "-D", data, "-l", folder / "log", "-w", "-o", options, "start")
        try:
            yield f"postgresql+psycopg://grader@/postgres?host={folder}"
        finally:
            _run(user, folder, pg_ctl, "-D", data, "-m", "immediate", "-w", "stop")


def _unprivileged() -> dict[str, Any]:
    """Return whom to run the server as: it refuses to be root."""
    if os.getuid():
        return {}
    for name in ("postgres", "nobody"):
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": found.pw_uid, "group": found.pw_gid, "extra_groups": []}
    return missing("postgresql", "no user that the server could run as")


def _run(user: dict[str, Any], folder: Path, *command: str | Path) -> None:
    done = subprocess.run(
        command,
        **user,
        cwd=folder,
        env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if command[-1] != "start" else subprocess.DEVNULL,
        stderr=subprocess.STDOUT if command[-1] != "start" else subprocess.DEVNULL,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, (command, done.stdout)
