"""Landlock: what is given can be reached, and nothing else."""

from __future__ import annotations

import ctypes
import errno
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from autograder.errors import JailUnavailable
from autograder.jail import landlock
from autograder.jail.confine import Policy

PRELUDE = """
import errno, json, os, sys
from pathlib import Path
here = Path(sys.argv[3])
answers = {}
def attempt(name, step):
    try:
        answers[name] = step() or ""
    except OSError as error:
        answers[name] = errno.errorcode[error.errno]
"""

ATTEMPTS = """
attempt("read what is given", lambda: (here / "given/file").read_text())
attempt("read beneath", lambda: (here / "given/deep/file").read_text())
attempt("list what is given", lambda: sorted(os.listdir(here / "given")))
attempt("read a given file", lambda: (here / "one").read_text())
attempt("write what is given", lambda: (here / "given/file").write_text("x"))
attempt("append to what is given", lambda: open(here / "given/file", "a"))
attempt("empty what is given", lambda: os.truncate(here / "given/file", 0))
attempt("empty by opening", lambda: os.open(here / "given/file", os.O_RDONLY | os.O_TRUNC))
attempt("make beside it", lambda: (here / "given/new").write_text("x"))
attempt("remove it", lambda: os.unlink(here / "given/file"))
attempt("rename it", lambda: os.rename(here / "given/file", here / "given/moved"))
attempt("move it into scratch", lambda: os.rename(here / "given/file", here / "scratch/moved"))
attempt("execute it", lambda: os.execv(here / "given/program", ["program"]))

attempt("write in scratch", lambda: (here / "scratch/new").write_text("x") and "written")
attempt("read in scratch", lambda: (here / "scratch/new").read_text())
attempt("folders in scratch", lambda: os.makedirs(here / "scratch/a/b"))
attempt("move in scratch", lambda: os.rename(here / "scratch/new", here / "scratch/a/b/new"))
attempt("empty in scratch", lambda: open(here / "scratch/a/b/new", "w").close())
attempt("remove in scratch", lambda: os.unlink(here / "scratch/a/b/new"))
attempt("remove folders", lambda: os.removedirs(here / "scratch/a/b"))
attempt("symlink in scratch", lambda: os.symlink("/etc", here / "scratch/link"))
attempt("fifo in scratch", lambda: os.mkfifo(here / "scratch/fifo"))
attempt("device in scratch", lambda: os.mknod(here / "scratch/node", 0o20600, 0))
attempt("hard link out", lambda: os.link(here / "given/file", here / "scratch/link"))
attempt("follow a link out", lambda: (here / "scratch/out").read_text())
attempt("climb out", lambda: (here / "scratch/../secret").read_text())

attempt("read a secret", lambda: (here / "secret").read_text())
attempt("write a secret", lambda: (here / "secret").write_text("x"))
attempt("remove a secret", lambda: os.unlink(here / "secret"))
attempt("list around", lambda: os.listdir(here))
attempt("list a folder", lambda: sorted(os.listdir(here / "listed")))
attempt("read in a listed folder", lambda: (here / "listed/file").read_text())
attempt("read /etc/shadow", lambda: Path("/etc/shadow").read_text())
attempt("read of the parent", lambda: Path(f"/proc/{os.getppid()}/environ").read_bytes().decode())
attempt("read itself", lambda: Path("/proc/self/status").read_text())
attempt("make in /tmp", lambda: (here.parent / "stranger").write_text("x"))
attempt("make in /dev/shm", lambda: Path("/dev/shm/stranger").write_text("x"))
attempt("connect", lambda: __import__("socket").create_connection(("127.0.0.1", int(sys.argv[4]))))
attempt("listen", lambda: __import__("socket").create_server(("127.0.0.1", 0)))
attempt("signal the parent", lambda: os.kill(os.getppid(), 0))
attempt("size of a secret", lambda: str((here / "secret").stat().st_size))
print(json.dumps(answers))
"""

WANTED = {
    "read what is given": "content",
    "read beneath": "deep",
    "list what is given": ["deep", "file", "program"],
    "read a given file": "one",
    "write what is given": "EACCES",
    "append to what is given": "EACCES",
    "empty what is given": "EACCES",
    "empty by opening": "EACCES",
    "make beside it": "EACCES",
    "remove it": "EACCES",
    "rename it": "EACCES",
    "move it into scratch": "EACCES",
    "execute it": "EACCES",
    "write in scratch": "written",
    "read in scratch": "x",
    "folders in scratch": "",
    "move in scratch": "",
    "empty in scratch": "",
    "remove in scratch": "",
    "remove folders": "",
    "symlink in scratch": "EACCES",
    "fifo in scratch": "EACCES",
    "device in scratch": "EACCES",
    "hard link out": "EXDEV",
    "follow a link out": "EACCES",
    "climb out": "EACCES",
    "read a secret": "EACCES",
    "write a secret": "EACCES",
    "remove a secret": "EACCES",
    "list around": "EACCES",
    "list a folder": ["file"],
    "read in a listed folder": "EACCES",
    "read /etc/shadow": "EACCES",
    "read of the parent": "EACCES",
    "read itself": "EACCES",
    "make in /tmp": "EACCES",
    "make in /dev/shm": "EACCES",
    "connect": "EACCES",
    "listen": "EACCES",
    "signal the parent": "EPERM",
    "size of a secret": "6",
}

SINCE = {
    "move in scratch": 2,
    "empty what is given": 3,
    "empty by opening": 3,
    "connect": 4,
    "listen": 4,
    "signal the parent": 6,
}
"""Versions of Landlock before which the answer is another; seccomp answers those."""


@pytest.fixture(scope="module")
def places(scratch: Path) -> Path:
    """A folder with things to reach and things not to."""
    for name in ("given/deep", "scratch", "listed"):
        (scratch / name).mkdir(parents=True)
    (scratch / "given/file").write_text("content")
    (scratch / "given/deep/file").write_text("deep")
    (scratch / "given/program").write_text("#!/bin/sh\n")
    (scratch / "given/program").chmod(0o755)
    (scratch / "listed/file").write_text("hidden")
    (scratch / "one").write_text("one")
    (scratch / "secret").write_text("secret")
    (scratch / "scratch/out").symlink_to(scratch / "secret")
    return scratch


@pytest.fixture(scope="module")
def policy(landlocked: int, places: Path) -> Policy:
    """Landlock alone."""
    read = [sys.prefix, sys.base_prefix, "/usr", "/lib", "/lib64"]
    read += [str(places / "given"), str(places / "one"), str(places / "absent")]
    return Policy.of({}, b"", read, [str(places / "scratch")], [str(places / "listed")])


@pytest.fixture(scope="module")
def answers(run, policy, places) -> dict[str, object]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        return json.loads(run(PRELUDE + ATTEMPTS, policy, str(places), port))


@pytest.mark.parametrize("what", WANTED)
def test_what_can_be_reached(answers, landlocked, what):
    if landlocked < SINCE.get(what, 1):
        pytest.skip(f"Landlock {SINCE[what]} answers this, this kernel has {landlocked}")
    assert answers[what] == WANTED[what]


def test_everything_is_as_before(answers, places):
    assert (places / "given/file").read_text() == "content"
    assert (places / "secret").read_text() == "secret"
    assert sorted(path.name for path in (places / "scratch").iterdir()) == ["out"]
    assert not Path("/dev/shm/stranger").exists()
    assert not (places.parent / "stranger").exists()


ORDINARY_USER = """
import os, sys
from autograder.jail import landlock
os.setgroups([]); os.setgid(65534); os.setuid(65534)
open("/etc/passwd").close(); print("readable")
landlock.restrict(["/usr", "/lib", "/lib64", sys.prefix, sys.base_prefix], [sys.argv[1]])
open(sys.argv[1] + "/mine", "w").close()
try: open("/etc/passwd")
except PermissionError: print("denied")
"""


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="changes to another user")
def test_it_needs_no_rights(landlocked):
    """An ordinary user reads /etc/passwd, and cannot any more."""
    folder = Path(tempfile.mkdtemp())
    os.chown(folder, 65534, 65534)
    try:
        done = subprocess.run(
            [sys.executable, "-c", ORDINARY_USER, str(folder)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout == "readable\ndenied\n", done.stderr
        assert [path.name for path in folder.iterdir()] == ["mine"]
    finally:
        shutil.rmtree(folder)


CHILDREN = """
attempt("a child", lambda: __import__("subprocess").check_output(
    [sys.executable, "-c", f"open({str(here / 'secret')!r})"], stderr=-3) and "")
"""


def test_executing_is_not_among_what_is_given(run, policy, places):
    printed = run(PRELUDE + CHILDREN + "print(json.dumps(answers))", policy, str(places))
    assert json.loads(printed) == {"a child": "EACCES"}


def test_it_holds_in_forked_children_and_new_threads(run, policy, places):
    snippet = (
        PRELUDE
        + """
import threading
pid = os.fork()
secret = lambda: (here / "secret").read_text()
if pid == 0:
    try: secret()
    except PermissionError: os._exit(7)
    os._exit(0)
answers["fork"] = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
thread = threading.Thread(target=attempt, args=("thread", secret)); thread.start(); thread.join()
print(json.dumps(answers))
"""
    )
    assert json.loads(run(snippet, policy, str(places))) == {"fork": 7, "thread": "EACCES"}


def test_it_cannot_be_widened(run, policy, places):
    snippet = (
        PRELUDE
        + """
from autograder.jail import landlock
attempt("again", lambda: landlock.restrict([str(here)], [str(here)]))
attempt("read a secret", lambda: (here / "secret").read_text())
print(json.dumps(answers))
"""
    )
    # The paths can be opened as places (O_PATH), and the thread list of /proc cannot be read.
    given = json.loads(run(snippet, policy, str(places)))
    assert given == {"again": "EACCES", "read a secret": "EACCES"}


def test_a_second_thread_would_stay_free(landlocked):
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    try:
        with pytest.raises(JailUnavailable, match=r"has \d+ threads") as caught:
            landlock.restrict([], [])
    finally:
        stop.set()
        thread.join()
    assert "OMP_NUM_THREADS=1" in caught.value.mend


MISSING = """
from autograder.jail import landlock
try: landlock.restrict(["/absent"], ["/absent/too"])
except FileNotFoundError as error: print(error.filename)
print(len(open("/proc/self/status").read()) > 0)
"""


UNREACHABLE = """
import os
from autograder.jail import landlock
os.setgroups([]); os.setgid(65534); os.setuid(65534)
landlock.restrict(["/root/anything", "/root"], [])
try: os.listdir("/root")
except PermissionError: print("denied")
"""


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="changes to another user")
def test_what_the_user_cannot_reach_is_left_out_of_what_may_be_read(landlocked):
    done = subprocess.run(
        [sys.executable, "-c", UNREACHABLE], capture_output=True, text=True, check=False
    )
    assert done.stdout == "denied\n", done.stderr


def test_a_missing_folder_to_write_is_an_error_and_restricts_nothing(landlocked):
    done = subprocess.run(
        [sys.executable, "-c", MISSING], capture_output=True, text=True, check=True
    )
    assert done.stdout == "/absent/too\nTrue\n"


@pytest.mark.parametrize(
    ("version", "rights", "size"),
    [
        (1, 0x1FFF, 8),
        (2, 0x3FFF, 8),
        (3, 0x7FFF, 8),
        (4, 0x7FFF, 16),
        (5, 0xFFFF, 16),
        (6, 0xFFFF, 24),
        (7, 0xFFFF, 24),
    ],
)
def test_each_version_is_asked_for_all_that_it_knows(monkeypatch, version, rights, size):
    calls = []

    def syscall(number: int, *args: object) -> int:
        if number == 444 and args[2] == 1:
            return version
        if number == 444:
            structure = args[0]._obj
            fields = structure.handled_access_fs, structure.handled_access_net, structure.scoped
            calls.append((fields, args[1]))
            return os.open(os.devnull, os.O_RDONLY)
        calls.append((number, args[1:]))
        return 0

    monkeypatch.setattr(landlock, "_syscall", syscall)
    monkeypatch.setattr(landlock, "_require_one_thread", lambda: None)
    monkeypatch.setattr(landlock, "forbid_new_privileges", lambda: None)
    assert landlock.restrict([], []) == version
    network = 3 if version >= 4 else 0
    scope = 3 if version >= 6 else 0
    flags = 1 if version >= 7 else 0
    assert calls == [((rights, network, scope), size), (446, (flags,))]


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.EOPNOTSUPP, "Landlock is built into this kernel but switched off at boot"),
        (errno.ENOSYS, "this kernel offers no Landlock"),
    ],
)
def test_without_landlock_the_reason_is_said(monkeypatch, number, reason):
    def syscall(*_: object) -> int:
        ctypes.set_errno(number)
        return -1

    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(landlock, "_syscall", syscall)
    assert landlock.abi() == 0
    assert landlock.available() == reason
    with pytest.raises(JailUnavailable) as caught:
        landlock.restrict([], [])
    assert caught.value.reason == reason
    assert "5.13" in caught.value.mend


def test_elsewhere_there_is_none(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert landlock.abi() == 0
    assert landlock.available() == "Landlock is a part of Linux"


def test_a_refusal_is_an_error(monkeypatch):
    def syscall(number: int, *args: object) -> int:
        if number == 444 and args[2] == 1:
            return 7
        ctypes.set_errno(errno.EPERM)
        return -1

    monkeypatch.setattr(landlock, "_syscall", syscall)
    monkeypatch.setattr(landlock, "_require_one_thread", lambda: None)
    monkeypatch.setattr(landlock, "forbid_new_privileges", lambda: None)
    with pytest.raises(JailUnavailable, match="landlock_create_ruleset failed") as caught:
        landlock.restrict([], [])
    assert "container" in caught.value.mend
