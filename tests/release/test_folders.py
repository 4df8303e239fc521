"""Folders are replaced as a whole or not at all."""

import shutil
from pathlib import Path

import pytest

from autograder.adapters.nbgrader.gradebook import put_alembic_on_path
from autograder.release.folders import replace_folder, scratch


def folder(path: Path, text: str) -> Path:
    path.mkdir()
    (path / "file").write_text(text)
    return path


def test_a_folder_is_replaced(tmp_path: Path) -> None:
    fresh, target = folder(tmp_path / "fresh", "new"), folder(tmp_path / "target", "old")
    (target / "extra").write_text("old")
    replace_folder(fresh, target)
    assert [path.name for path in tmp_path.iterdir()] == ["target"]
    assert [path.read_text() for path in target.iterdir()] == ["new"]


def test_a_failure_puts_the_old_one_back(tmp_path: Path) -> None:
    target = folder(tmp_path / "target", "old")
    with pytest.raises(FileNotFoundError):
        replace_folder(tmp_path / "missing", target)
    assert [path.name for path in tmp_path.iterdir()] == ["target"]
    assert (target / "file").read_text() == "old"


def test_scratch_leaves_nothing(tmp_path: Path) -> None:
    def fail() -> None:
        with scratch(tmp_path / "build") as place:
            folder(place / "half", "done")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert list((tmp_path / "build").iterdir()) == []


def test_alembic_is_found_without_an_activated_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for before in (str(tmp_path), ""):
        monkeypatch.setenv("PATH", before)
        put_alembic_on_path()
        assert shutil.which("alembic") is not None
