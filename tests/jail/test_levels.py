"""Choosing a jail: the best one that holds, never a worse one silently."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pytest

from autograder.errors import JailUnavailable
from autograder.jail import bubblewrap, confined, contents, landlock, levels
from autograder.jail.advice import APPARMOR, NAMESPACES, ORDINARY_USER, advised
from autograder.jail.levels import UNSAFE, VARIABLE, choose, launcher_for
from autograder.jail.selftest import breaches, require_held
from autograder.jail.stage import FIRST_USER, Stage, session_user, stage_command
from autograder.session.plain import PlainLauncher
from autograder.session.warm import CAN_FORK, WarmLauncher

ROOT = Path(__file__).parents[2]


@pytest.fixture
def without_bubblewrap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bubblewrap.shutil, "which", lambda _name: None)


@pytest.fixture
def without_landlock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landlock, "available", lambda: "this kernel offers no Landlock")


def test_the_best_jail_is_taken(jail_of):
    best = jail_of(3)
    jail = choose()
    assert (jail.level, jail.missed) == (best.level, ())


def test_a_jail_can_be_asked_for(jail_of, monkeypatch):
    jail_of(1)
    assert choose("1").level == 1
    monkeypatch.setenv(VARIABLE, "1")
    assert choose().level == 1
    assert choose("").level == 1


def test_the_second_best_is_taken_with_the_reason(jail_of, without_bubblewrap):
    jail_of(1)
    jail = choose()
    assert jail.level == 1
    [missed] = jail.missed
    assert missed.reason == "bubblewrap (bwrap) is not installed"
    assert "apt install bubblewrap" in missed.mend


def test_nothing_is_taken_where_nothing_holds(without_bubblewrap, without_landlock):
    with pytest.raises(JailUnavailable) as caught:
        choose()
    assert caught.value.reason == (
        "bubblewrap (bwrap) is not installed; this kernel offers no Landlock"
    )
    assert "apt install bubblewrap" in caught.value.mend
    assert "Landlock" in caught.value.mend


def test_what_is_asked_for_is_not_replaced(without_bubblewrap):
    with pytest.raises(JailUnavailable, match="bubblewrap"):
        choose("3")


def test_no_jail_is_taken_only_by_name():
    assert choose(UNSAFE).level == 0
    with pytest.raises(JailUnavailable, match="'none' is no jail") as caught:
        choose("none")
    assert caught.value.mend == "Set AUTOGRADER_JAIL to one of auto, 3, 1, unsafe."


def test_a_level_that_does_not_exist():
    with pytest.raises(ValueError, match="there is no jail of level 2; the levels are 3, 1 and 0"):
        launcher_for(2)


@pytest.mark.parametrize("level", [3, 1])
def test_the_jail_holds(jail_of, level, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("x")
    secret.chmod(0o644)
    assert list(breaches(jail_of(level), [secret])) == []


def test_without_a_jail_the_test_finds_everything(tmp_path, monkeypatch):
    """The test of the jail is worth something: each of its probes succeeds where nothing holds."""
    monkeypatch.setattr("autograder.jail.selftest.ESCAPE", str(tmp_path / "escaped"))
    secret = tmp_path / "secret"
    secret.write_text("x")
    found = list(breaches(PlainLauncher(), [secret]))
    told = "\n".join(found)
    for part in ("could read", "could write", "could connect", "could see", "could start"):
        assert f"it {part}" in told
    assert str(secret) in told
    assert "gradebook.db" in told
    assert secret.read_text() == "x"
    with pytest.raises(JailUnavailable, match="the jail of level 0 does not hold: it could read"):
        require_held(PlainLauncher())


def test_a_jail_that_leaks_is_not_used(monkeypatch, jail_of):
    jail_of(1)

    def leaks(launcher, secrets=()):
        if launcher.level == 3:
            raise JailUnavailable("it could read ['gradebook.db']", mend="Report it.")

    monkeypatch.setattr(levels, "require_held", leaks)
    jail = choose()
    assert jail.level == 1
    assert [missed.reason for missed in jail.missed] in (
        ["it could read ['gradebook.db']"],
        ["bubblewrap (bwrap) is not installed"],
    )


@pytest.mark.parametrize(
    ("said", "mend"),
    [
        ("bwrap: setting up uid map: Permission denied", APPARMOR),
        ("bwrap: loopback: Failed RTM_NEWADDR: Operation not permitted", APPARMOR),
        ("bwrap: No permissions to create a new namespace", NAMESPACES),
        ("bwrap: Creating new namespace failed: Operation not permitted", NAMESPACES),
        ("PermissionError: cannot enter a mount namespace: Operation not permitted", ORDINARY_USER),
    ],
)
def test_known_obstacles_come_with_their_way_out(said, mend):
    error = advised(JailUnavailable(f"the session did not start: Traceback\n{said}\n", mend="?"))
    assert error.reason.endswith(said)
    assert "\n" not in error.reason
    assert error.mend == mend


def test_unknown_obstacles_are_told_as_they_are():
    error = JailUnavailable("something else", mend="Ask.")
    assert advised(error) is error


def test_a_session_that_does_not_start_says_why(cold_jail_of, monkeypatch):
    launcher = cold_jail_of(3)
    monkeypatch.setattr(bubblewrap, "font_list", lambda: [Path("/nowhere/fonts.json")])
    with pytest.raises(JailUnavailable, match="the session did not start: ") as caught:
        require_held(launcher)
    assert re.search("cannot mount|Can't find source path", caught.value.reason)
    assert "/nowhere/fonts.json" in caught.value.reason


ORDINARY = """
import os, sys
sys.path += {path!r}
from autograder.jail.levels import launcher_for
from autograder.jail.selftest import breaches
assert os.geteuid() != 0
print(list(breaches(launcher_for({level}))))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
@pytest.mark.parametrize("level", [3, 1])
def test_an_ordinary_user_gets_the_same(jail_of, level):
    """Interpreter and checkout may be root's alone: a stage shows them to the other user."""
    jail_of(level)
    prefix, executable = contents.interpreter()
    with (
        tempfile.TemporaryDirectory(prefix="stage-") as folder,
        tempfile.TemporaryDirectory(prefix="theirs-") as temporary,
    ):
        Path(temporary).chmod(0o1777)
        shown = {"python": prefix, "site": Path(np.__file__).parents[1], "checkout": ROOT}
        path = [f"{folder}/{name}" for name in ("checkout", "site")]
        command = [f"{folder}/python/{executable}", "-I", "-c"]
        stage = Stage(
            folder,
            [(source, name) for name, source in shown.items()],
            [*command, ORDINARY.format(path=path, level=level)],
            {
                "PATH": os.environ["PATH"],
                "LD_LIBRARY_PATH": f"{folder}/python/lib",
                "TMPDIR": temporary,
            },
        )
        done = subprocess.run(stage_command(stage), capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_session_users_differ_and_fit_the_container(monkeypatch):
    def maps(text):
        monkeypatch.setattr(Path, "read_text", lambda *_a, **_k: text)

    maps("         0          0 4294967295\n")
    assert len({session_user(pid) for pid in (1, 2, 4194303)}) == 3
    assert session_user(77) == FIRST_USER + 77
    for hole in ("0 0 65536\n", "0 0 65536\n2000000000 2000000000 1000000\n"):
        maps(hole)
        assert session_user(77) < FIRST_USER
    maps("0 1000 1\n1 100000 65536\n")
    assert 0 < session_user(77) <= 65536
    assert 0 < session_user(4194303) <= 65536
    maps("0 1000 1\n")
    with pytest.raises(OSError, match="the container maps too few users: up to 0"):
        session_user(77)


def test_no_rule_of_level_1_covers_a_folder_that_is_to_be_hidden():
    """A link to a folder is that folder to Landlock: /lib stands for all of /usr/lib."""
    prefix, _ = contents.interpreter()
    read, _listed = confined._readable(prefix, Path("/nowhere"))
    shown = [Path(path).resolve() for path in read]
    for folder in (*contents.system_folders(), prefix / "lib"):
        for hidden in contents.hidden_folders(folder.resolve()):
            covered = (folder.resolve() / hidden).resolve()
            assert [str(path) for path in shown if covered.is_relative_to(path)] == []


def test_where_no_fork_server_holds_sessions_start_by_themselves(monkeypatch, jail_of):
    jail_of(1)

    def holds(launcher, secrets=()):
        if isinstance(launcher, WarmLauncher):
            raise JailUnavailable("the fork server did not start: it said nothing", mend="?")

    monkeypatch.setattr(levels, "require_held", holds)
    jail = choose("1")
    assert (jail.level, jail.warm, jail.missed) == (1, False, ())
    assert jail.obstacle.reason == "the fork server did not start: it said nothing"
    assert not isinstance(jail.launcher, WarmLauncher)


def test_a_cold_start_can_be_asked_for(jail_of):
    jail_of(1)
    jail = choose("1", warm=False)
    assert (jail.warm, jail.obstacle) == (False, None)
    assert not isinstance(jail.launcher, WarmLauncher)
    assert isinstance(launcher_for(0), WarmLauncher) == CAN_FORK
    assert isinstance(launcher_for(0, warm=False), PlainLauncher)
