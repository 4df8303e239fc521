"""How much is in a scratch folder that lies on the host's disk."""

from __future__ import annotations

import mmap
import os
import sys
from pathlib import Path

import pytest

from autograder.jail.confined import measure
from autograder.limits import Limits

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


def test_a_path_that_is_too_long_hides_nothing(tmp_path: Path) -> None:
    place = os.open(tmp_path, os.O_RDONLY)
    for _ in range(30):
        os.mkdir("x" * 250, dir_fd=place)
        inner = os.open("x" * 250, os.O_RDONLY, dir_fd=place)
        os.close(place)
        place = inner
    os.close(place)
    assert measure(tmp_path, LIMITS).hidden


def test_a_folder_that_may_not_be_listed_hides_nothing(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may list every folder")
    (tmp_path / "inner").mkdir(mode=0o300)
    assert measure(tmp_path, LIMITS).hidden
