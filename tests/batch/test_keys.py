"""What a result's key hangs on, and what not."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from autograder.batch import keys
from autograder.batch.work import Batch
from autograder.limits import Limits
from tests.batch.conftest import Class
from tests.hostile.course import NAME

Change = Callable[[Path], object]


def make(root: Path) -> Path:
    folder = root / "ada" / NAME
    folder.mkdir(parents=True)
    (folder / "target.ipynb").write_text("{}")
    return folder


OTHER: dict[str, Change] = {
    "its notebook": lambda f: (f / "target.ipynb").write_text("{ }"),
    "another name": lambda f: (f / "target.ipynb").rename(f / "My target.ipynb"),
    "one folder deeper": lambda f: [
        (f / "in").mkdir(),
        (f / "target.ipynb").rename(f / "in" / "target.ipynb"),
    ],
    "another file, which may be named": lambda f: (f / "other.ipynb").touch(),
    "a link in its place": lambda f: [
        (f / "target.ipynb").rename(f / ".hidden"),
        (f / "target.ipynb").symlink_to(".hidden"),
    ],
    "a pipe in its place": lambda f: [
        (f / "target.ipynb").unlink(),
        os.mkfifo(f / "target.ipynb"),
    ],
    "nothing": lambda f: (f / "target.ipynb").unlink(),
}
SAME: dict[str, Change] = {
    "a hidden file": lambda f: (f / ".DS_Store").write_text("x"),
    "a file beside it": lambda f: (f / "thoughts.txt").write_text("about nothing"),
    "a time": lambda f: os.utime(f / "target.ipynb", (1, 1)),
}


@pytest.mark.parametrize("what", OTHER)
def test_what_is_read_of_a_submission_changes_its_hash(tmp_path: Path, what: str) -> None:
    folder = make(tmp_path)
    before = keys.content(folder, "target")
    OTHER[what](folder)
    assert keys.content(folder, "target") not in (before, "")


@pytest.mark.parametrize("what", SAME)
def test_what_is_not_read_does_not(tmp_path: Path, what: str) -> None:
    folder = make(tmp_path)
    before = keys.content(folder, "target")
    SAME[what](folder)
    assert keys.content(folder, "target") == before


def test_the_student_is_not_in_it(tmp_path: Path) -> None:
    one, other = make(tmp_path / "one"), make(tmp_path / "other")
    assert keys.content(one, "target") == keys.content(other, "target")


def test_with_a_changed_name_each_notebook_counts(tmp_path: Path) -> None:
    folder = make(tmp_path)
    (folder / "target.ipynb").rename(folder / "a.ipynb")
    (folder / "b.ipynb").write_text("[]")
    before = keys.content(folder, "target")
    (folder / "b.ipynb").write_text("[1]")
    assert keys.content(folder, "target") != before
    for number in range(keys.MAX_FILES):
        (folder / f"{number}.ipynb").touch()
    assert keys.content(folder, "target") == ""
    assert keys.key("basis", "") == ""


@pytest.mark.parametrize(
    "part",
    [
        "checks",
        "hidden checks",
        "a module beside them",
        "thresholds",
        "release",
        "data",
        "their own data",
    ],
)
def test_every_part_of_the_assignment_counts(make_class: Callable[[], Class], part: str) -> None:
    made = make_class()
    public, private = made.course.assignments / NAME, made.course.solutions / NAME
    (private / "shared.py").write_text("")
    if "data" in part:
        with (public / "checks.py").open("a") as checks:
            checks.write('\nDATA = ("digits.npz",)\n')
        (public / "digits.npz").write_bytes(b"1")
        (private / "digits.npz").write_bytes(b"1")
    batch = Batch(made.root, NAME, "0" * 32, jail=0)
    before = batch.basis()
    path = {
        "checks": public / "checks.py",
        "hidden checks": private / "hidden_checks.py",
        "thresholds": private / "thresholds.json",
        "release": public / "target.ipynb",
        "a module beside them": private / "shared.py",
        "data": public / "digits.npz",
        "their own data": private / "digits.npz",
    }[part]
    with path.open("ab") as file:
        file.write(b"\n")
    assert batch.basis() != before


def test_so_do_seed_jail_and_limits_but_not_how_sessions_start(
    make_class: Callable[[], Class],
) -> None:
    batch = Batch(make_class().root, NAME, "0" * 32, jail=0)
    others = [
        replace(batch, seed="1" * 32),
        replace(batch, jail=1),
        replace(batch, limits=Limits()),
    ]
    assert len({batch.basis(), *(other.basis() for other in others)}) == 4
    assert replace(batch, warm=False).basis() == batch.basis()


def test_the_graders_sources_count(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    package = tmp_path / "engine"
    (package / "adapters" / "cli").mkdir(parents=True)
    (package / "a.py").write_text("1")
    (package / "adapters" / "cli" / "b.py").write_text("1")
    monkeypatch.setattr(keys, "_packages", lambda: [package])
    version = keys.grader_version.__wrapped__
    before = version()
    (package / "adapters" / "cli" / "b.py").write_text("2")
    assert version() == before
    (package / "a.py").write_text("2")
    assert version() != before


def test_engine_and_reference_are_both_the_grader() -> None:
    assert [path.name for path in keys._packages()] == ["autograder", "reference"]


def test_the_master_does_not_count(make_class: Callable[[], Class]) -> None:
    made = make_class()
    batch = Batch(made.root, NAME, "0" * 32, jail=0)
    before = batch.basis()
    with (made.course.solutions / NAME / "target.py").open("a") as file:
        file.write("\n")
    assert batch.basis() == before


@pytest.mark.parametrize("name", ["mutants.py", "variants.py", "symptoms.json"])
def test_the_catalogue_changes_what_is_said_but_no_points(
    name: str, make_class: Callable[[], Class]
) -> None:
    made = make_class()
    batch = Batch(made.root, NAME, "0" * 32, jail=0)
    basis, version = batch.basis(), batch.outline().version
    with (made.course.solutions / NAME / name).open("a") as file:
        file.write("\n")
    assert batch.basis() != basis
    assert batch.outline().version == version, "the secret inputs would change, and so the points"


def test_versions_of_the_assignments_own_packages_count(
    make_class: Callable[[], Class], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make_class()
    with (made.course.assignments / NAME / "checks.py").open("a") as checks:
        checks.write('\nPACKAGES = ("scipy",)\n')
    batch = Batch(made.root, NAME, "0" * 32, jail=0)
    keys.grader_version()
    before = batch.basis()
    monkeypatch.setattr(keys, "_version", lambda name: f"another {name}")
    assert batch.basis() != before
