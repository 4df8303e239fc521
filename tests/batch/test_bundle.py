"""What travels of an assignment and of a submission: what a grade depends on, and no more."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from autograder.batch import bundle, keys
from autograder.batch.bundle import File, NotSent, pack_assignment, pack_submission, unpack
from autograder.batch.work import Batch
from autograder.errors import Rejected
from autograder.submission.reading import LIMITS
from autograder.submission.triage import locate, triage
from tests.batch.conftest import Class
from tests.hostile.course import HONEST, NAME

STEM = "target"


def empty(folder: Path) -> None:
    folder.mkdir()


def honest(folder: Path) -> None:
    folder.mkdir()
    (folder / "target.ipynb").write_text("{}")


def with_others(folder: Path) -> None:
    honest(folder)
    (folder / "target (1).ipynb").write_text("[]")
    (folder / "secret.txt").symlink_to("/etc/hostname")
    (folder / "deep").mkdir()


def renamed(folder: Path) -> None:
    folder.mkdir()
    (folder / "my target.ipynb").write_text("{}")
    (folder / os.fsdecode(b"\xff\n.txt")).write_text("no text's name")


def two_renamed(folder: Path) -> None:
    renamed(folder)
    (folder / "My Target.ipynb").write_text("[]")
    (folder / "target 2.ipynb").symlink_to("/etc/hostname")


def too_deep(folder: Path) -> None:
    (folder / "inner").mkdir(parents=True)
    (folder / "inner" / "target.ipynb").write_text("{}")
    (folder / "inner" / "more.txt").write_text("more")


def too_deep_and_no_file(folder: Path) -> None:
    (folder / "inner" / "target.ipynb").mkdir(parents=True)


def link(folder: Path) -> None:
    folder.mkdir()
    (folder / "target.ipynb").symlink_to("/etc/hostname")


def linked_folder(folder: Path) -> None:
    folder.symlink_to("/etc")


def nothing(folder: Path) -> None:
    pass


def pipe(folder: Path) -> None:
    folder.mkdir()
    os.mkfifo(folder / "target.ipynb")


def a_socket(folder: Path) -> None:
    folder.mkdir()
    place = Path.cwd()
    os.chdir(folder)  # a socket's path is short
    try:
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind("target.ipynb")
    finally:
        os.chdir(place)


def too_large(folder: Path) -> None:
    folder.mkdir()
    with (folder / "target.ipynb").open("wb") as file:
        file.truncate(LIMITS.file_bytes + 5)


def read(folder: Path) -> object:
    """Return what grading sees of a submission."""
    try:
        path, notes = locate(folder, STEM)
        return path.name, notes, triage(path)
    except Rejected as rejected:
        return rejected.reason


MAKERS = [
    empty,
    honest,
    with_others,
    renamed,
    two_renamed,
    too_deep,
    too_deep_and_no_file,
    link,
    linked_folder,
    nothing,
    pipe,
    a_socket,
    too_large,
]


@pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)
def test_a_submission_is_there_what_it_is_here(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    here, there = tmp_path / "ada" / NAME, tmp_path / "there" / NAME
    here.parent.mkdir()
    make(here)
    files = pack_submission(here, STEM)
    unpack(files, there)
    assert keys.content(there, STEM) == keys.content(here, STEM) != ""
    assert read(there) == read(here)
    assert not any(b"ada" in file.path for file in files)
    assert sum(len(file.data) for file in files) <= 4


def test_only_what_is_read_travels(tmp_path: Path) -> None:
    with_others(tmp_path / NAME)
    (tmp_path / NAME / "thoughts.txt").write_text("private")
    paths = {file.path for file in pack_submission(tmp_path / NAME, STEM) if file.kind == "file"}
    assert paths == {b"target.ipynb", b"target (1).ipynb"}  # the second's name only
    assert [file.data for file in pack_submission(tmp_path / NAME, STEM)].count(b"[]") == 0


def test_what_is_too_much_is_not_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    two_renamed(tmp_path / NAME)
    monkeypatch.setattr(bundle, "MAX_BYTES", 3)
    with pytest.raises(NotSent, match="its notebooks are larger than"):
        pack_submission(tmp_path / NAME, STEM)
    monkeypatch.setattr(bundle, "MAX_NAMES", 2)
    with pytest.raises(NotSent, match="it has more than 2 files"):
        pack_submission(tmp_path / NAME, STEM)


def test_what_cannot_be_read_here_is_not_judged_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest(tmp_path / NAME)

    def refuse(*_: object) -> bytes:
        raise Rejected("The file could not be read: Permission denied.")

    monkeypatch.setattr(bundle, "read_regular", refuse)
    with pytest.raises(NotSent, match="Permission denied"):
        pack_submission(tmp_path / NAME, STEM)


@pytest.mark.parametrize("path", [b"../above", b"/etc/passwd", b"a/../../b"])
def test_no_path_leads_elsewhere(tmp_path: Path, path: bytes) -> None:
    with pytest.raises(ValueError, match="no path below"):
        unpack([File(path)], tmp_path)


def test_an_assignment_is_there_what_it_is_here(
    make_class: Callable[[str], Class], tmp_path: Path
) -> None:
    made = make_class("course")
    made.submit("ada", HONEST)
    (made.root / "solutions" / NAME / "symptoms.json").write_text("{}")
    (made.root / ".autograder").mkdir(exist_ok=True)
    (made.root / ".autograder" / "course.key").write_text("ab" * 32)
    batch = Batch(made.root, NAME, "0" * 32, jail=3)
    files = pack_assignment(batch.outline(), made.root)
    there = tmp_path / "there"
    unpack(files, there)
    assert Batch(there, NAME, "0" * 32, jail=3).basis() == batch.basis()
    found = {str(path.relative_to(there)) for path in there.rglob("*") if path.is_file()}
    assert found == {
        f"assignments/{NAME}/checks.py",
        f"assignments/{NAME}/target.ipynb",
        f"solutions/{NAME}/checks.py",
        f"solutions/{NAME}/hidden_checks.py",
        f"solutions/{NAME}/mutants.py",
        f"solutions/{NAME}/symptoms.json",
        f"solutions/{NAME}/thresholds.json",
        f"solutions/{NAME}/variants.py",
    }
    shutil.rmtree(made.root)
    assert Batch(there, NAME, "0" * 32, jail=3).course.load(NAME).hidden
