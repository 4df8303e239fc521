"""How much is in a scratch folder that lies on the host's disk."""

from __future__ import annotations

import mmap
import os
import sys
from pathlib import Path
from typing import NoReturn

import pytest

from autograder.jail import measure as module
from autograder.jail.measure import DEPTH, measure
from autograder.limits import Limits
from autograder.session.scratch import remove_tree

MEGABYTE = 2**20
LIMITS = Limits(scratch_mb=8, scratch_files=50)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="jails need Linux")


def test_files_and_folders_are_counted(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "file").write_bytes(bytes(2 * MEGABYTE))
    found = measure(tmp_path, LIMITS, os.getpid())
    assert found.files == 3
    assert 2.0 <= found.megabytes < 2.5
    assert not found.hidden


def test_counting_ends_beyond_the_limit(tmp_path: Path) -> None:
    for number in range(90):
        (tmp_path / str(number)).touch()
    assert measure(tmp_path, LIMITS).files == LIMITS.scratch_files + 1


@pytest.mark.parametrize("mapped", [False, True])
def test_deleted_files_that_are_still_held_are_counted(tmp_path: Path, mapped: bool) -> None:
    path = tmp_path / "file"
    with path.open("w+b") as file:
        file.write(bytes(4 * MEGABYTE))
        file.flush()
        with mmap.mmap(file.fileno(), 0) as region:
            path.unlink()
            if mapped:
                file.close()
            assert len(region) == 4 * MEGABYTE
            assert 4.0 <= measure(tmp_path, LIMITS, os.getpid()).megabytes < 4.5
    assert measure(tmp_path, LIMITS, os.getpid()).megabytes == 0.0


def nest(folder: Path, levels: int) -> None:
    """Make folders in folders whose path is longer than a path may be."""
    place = os.open(folder, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir("x" * 250, dir_fd=place)
        inner = os.open("x" * 250, os.O_RDONLY, dir_fd=place)
        os.close(place)
        place = inner
    os.close(place)


def test_a_path_that_is_too_long_hides_nothing(tmp_path: Path) -> None:
    nest(tmp_path, 30)
    found = measure(tmp_path, LIMITS)
    assert (found.files, found.hidden) == (30, False)


def test_more_depth_than_can_be_looked_into_hides_nothing(tmp_path: Path) -> None:
    nest(tmp_path, DEPTH + 2)
    before = len(list(Path("/proc/self/fd").iterdir()))
    assert measure(tmp_path, Limits()).hidden
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    remove_tree(tmp_path)


def test_a_name_that_always_changes_hides_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "file").write_bytes(bytes(2 * MEGABYTE))
    renames = iter("bcdbcdbcdbcdbcd")
    look = module._open

    def rename_first(folder: Path | str, place: int | None = None) -> int:
        if place is not None and left:
            left.pop()
            next(tmp_path.iterdir()).rename(tmp_path / next(renames))
        return look(folder, place)

    monkeypatch.setattr(module, "_open", rename_first)
    left = [None] * 3
    found = measure(tmp_path, LIMITS)
    assert (found.files, found.hidden) == (2, False)
    assert found.megabytes >= 2.0
    left = [None] * module.TRIES
    assert measure(tmp_path, LIMITS).hidden


def test_a_process_that_cannot_be_looked_into_hides_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> NoReturn:
        raise PermissionError

    monkeypatch.setattr(module, "_nameless", refuse)
    assert measure(tmp_path, LIMITS, os.getpid()).hidden
    monkeypatch.undo()
    assert not measure(tmp_path, LIMITS, 2**22 + 1).hidden


def test_a_mapped_file_that_cannot_be_looked_at_counts_as_the_biggest() -> None:
    assert module._mapped(Path("/proc/self/map_files/0-1"), LIMITS) == LIMITS.file_mb * MEGABYTE


def test_a_folder_that_may_not_be_listed_hides_nothing(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may list every folder")
    (tmp_path / "inner").mkdir(mode=0o300)
    assert measure(tmp_path, LIMITS).hidden
