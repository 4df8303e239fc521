"""What goes wrong while a class is graded costs no submission its grade."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from autograder.course import Course
from autograder.errors import JailUnavailable
from autograder.grading import batch
from autograder.grading.grade import Grader
from autograder.grading.records import write_record
from autograder.results import Grade
from autograder.session.launcher import PlainLauncher

Graders = Callable[[str], Grader]

NAME = "02-backprop"
SEED = "0" * 32


class NoRoom(PlainLauncher):
    """A launcher on a machine that has run out of something."""

    def launch(self, *_: object) -> object:  # type: ignore[override]
        raise JailUnavailable("no user ids are left", mend="Wait.")


def test_a_session_that_does_not_start_is_no_grade(
    grader: Graders, monkeypatch: pytest.MonkeyPatch
) -> None:
    assignment = grader(NAME).assignment
    monkeypatch.setattr(batch, "_grader", Grader(assignment, SEED, NoRoom()))
    folder = assignment.release.parent
    assert batch._grade_folder(folder) == "no user ids are left"


@pytest.mark.parametrize("second", ["a grade", "no user ids are left"])
def test_it_is_tried_again_alone_and_then_the_fault_is_ours(
    real_course: Course, grader: Graders, monkeypatch: pytest.MonkeyPatch, second: str
) -> None:
    given = grader(NAME).reject("stands for a grade")
    asked: list[tuple[list[str], int]] = []

    def run(
        _: batch.Batch, folders: Sequence[Path], jobs: int
    ) -> Iterator[tuple[Path, Grade | str]]:
        asked.append(([folder.name for folder in folders], jobs))
        for folder in folders:
            failed = folder.name == "ada" and (len(asked) == 1 or second != "a grade")
            yield folder, "no user ids are left" if failed else given

    monkeypatch.setattr(batch, "_run", run)
    what = batch.Batch(real_course.root, NAME, SEED, jail=3)
    found = dict(batch.grade_all(what, [Path("ada"), Path("bob")], 2))

    assert asked == [(["ada", "bob"], 2), (["ada"], 1)]
    assert found[Path("bob")] is given
    if second == "a grade":
        assert found[Path("ada")] is given
        return
    ada = found[Path("ada")]
    assert ada.problems == (
        "grading it failed twice (no user ids are left): mend that and grade it again",
    )
    assert "a fault of the grader" in ada.reason
    assert (ada.score, ada.seed, ada.jail) == (0, SEED, 3)


@pytest.mark.parametrize("letter", ["x", "\u00fc", "\N{GRINNING FACE}"])
def test_a_very_long_name_has_a_record_of_its_own(
    tmp_path: Path, grader: Graders, letter: str
) -> None:
    course = Course(tmp_path)
    longest = letter * (255 // len(letter.encode()))
    names = [longest, longest[:-1], "ada", "b" * 200]
    paths = [
        write_record(course, name, grader(NAME).reject(f"grade {k}"))
        for k, name in enumerate(names)
    ]
    assert [json.loads(path.read_text())["reason"] for path in paths] == [
        f"grade {k}" for k in range(4)
    ]
    assert [path.name for path in paths[2:]] == ["ada.json", "b" * 200 + ".json"]
    assert sorted(paths[0].parent.iterdir()) == sorted(paths)
