"""What a student's code leaves behind is removed, however it is built."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from autograder.session import scratch as module
from autograder.session.scratch import make_scratch, remove_tree


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


def nest(folder: Path, name: str, levels: int) -> None:
    """Make folders in folders, without ever using a path of more than one name."""
    place = os.open(folder, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir(name, dir_fd=place)
        inner = os.open(name, os.O_RDONLY, dir_fd=place)
        os.close(place)
        place = inner
    os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=place))
    os.close(place)


@pytest.mark.parametrize(("name", "levels"), [("x", 3000), ("x" * 250, 40)])
def test_depth_does_not_matter(name: str, levels: int, scratch: Path) -> None:
    nest(scratch, name, levels)
    (scratch / "beside").touch()
    remove_tree(scratch)
    assert list(scratch.parent.iterdir()) == []


def test_folders_that_cannot_be_listed_are_removed(scratch: Path) -> None:
    for mode in (0o000, 0o300, 0o500):
        inner = scratch / f"{mode:o}"
        (inner / "inner").mkdir(parents=True)
        (inner / "file").touch()
        inner.chmod(mode)
    remove_tree(scratch)
    assert list(scratch.parent.iterdir()) == []


def test_links_are_not_followed(scratch: Path, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir(mode=0o755)
    (precious / "file").touch()
    for name, target in (("folder", precious), ("file", precious / "file"), ("none", "nowhere")):
        (scratch / name).symlink_to(target)
    os.mkfifo(scratch / "fifo")
    remove_tree(scratch)
    assert [path.name for path in tmp_path.iterdir()] == ["precious"]
    assert (precious / "file").is_file()
    assert precious.stat().st_mode & 0o777 == 0o755


def test_what_is_gone_already_is_no_fault(scratch: Path) -> None:
    remove_tree(scratch / "nothing")
    assert scratch.is_dir()


def test_what_a_killed_grader_left_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    left = tmp_path / f"autograder-{module._space()}-{ended.pid}-abc_12"
    others = [
        tmp_path / f"autograder-{module._space()}-{os.getppid()}-abc",  # is still there
        tmp_path / f"autograder-1{module._space()}-{ended.pid}-abc",  # counts processes otherwise
        tmp_path / f"autograder-fonts-{ended.pid}",
        tmp_path / "precious",
    ]
    for folder in (left, *others):
        (folder / "inner").mkdir(parents=True)
    link = tmp_path / f"{left.name}-link"
    link.symlink_to(tmp_path / "precious")
    made = make_scratch()
    assert sorted(tmp_path.iterdir()) == sorted([made, link, *others])
    assert (tmp_path / "precious" / "inner").is_dir()
    assert made.stat().st_mode & 0o777 == 0o700
