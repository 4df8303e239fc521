"""The writer leaves what ``nbgrader autograde`` leaves, in gradebook and files, and survives kills.

Grades are made up here, and nbgrader's own converter gets the same ones: no session is started.
"""

from __future__ import annotations

import gc
import json
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_notebook
from nbgrader.api import MissingEntry
from nbgrader.preprocessors import LimitOutput

from autograder.adapters.nbgrader import autograded, plugin, rows, writer
from autograder.adapters.nbgrader.writer import Writer
from autograder.course import Assignment, Course
from autograder.errors import CourseError
from autograder.grading import records
from autograder.grading.notebook import CUT, write_grade
from autograder.results import Grade
from tests.adapters.nbgrader.gradebook_rows import rows_of
from tests.adapters.nbgrader.made_up import (
    CASES,
    IN_TIME,
    LATE,
    NAME,
    Case,
    by_hand,
    files_of,
    give,
    grade_of,
    hand_in,
    needing,
    ours,
    records_of,
    text_of,
    url_of,
)


def test_gradebook_and_files_are_nbgraders(
    make: Callable[..., Course],
    theirs: Callable[[Course, dict[str, Grade]], None],
    assignment: Assignment,
) -> None:
    one, other = make("ours"), make("theirs")
    first = {student: grade_of(assignment, case) for student, case in CASES.items()}
    penalties = ours(one, first)
    theirs(other, first)
    assert rows_of(url_of(one)) == rows_of(url_of(other))
    assert files_of(one) == files_of(other)
    whole = first["ada"].score
    assert {name: off for name, off in penalties.items() if off} == {
        "late": pytest.approx(whole / 2),
        "late-more": whole,
        "late-int": 2.0,
        "x [x]": pytest.approx(whole / 2),
    }
    assert CUT in files_of(one)[f"talks/{NAME}/backprop.ipynb"][1].decode()

    # A person grades, some hand in again, and everyone is graded again.
    for course in (one, other):
        give(course)
        assert ("ada", "slow_when_wrong") not in needing(course)
        (course.root / "submitted" / "half" / NAME / "timestamp.txt").unlink()
        (course.root / "submitted" / "ada" / NAME / "timestamp.txt").write_text(LATE)
        release = nbformat.read(assignment.release, as_version=4)
        hand_in(course, "untouched", Case(), release)
    second = {**first, "ada": first["half"], "half": first["ada"], "untouched": first["ada"]}
    ours(one, second)
    theirs(other, second)
    assert rows_of(url_of(one)) == rows_of(url_of(other))
    assert files_of(one) == files_of(other)
    assert needing(one) == needing(other)
    assert {("ada", "slow_when_wrong"), ("late", "check_sigmoid")} <= needing(one)
    with by_hand(one) as gradebook:
        ada = gradebook.find_grade("slow_when_wrong", "backprop", NAME, "ada")
        assert (ada.manual_score, ada.auto_score, ada.score) == (1.5, None, 1.5)
        assert str(gradebook.find_submission(NAME, "half").timestamp) == "2026-01-15 00:00:00"


@given(st.lists(st.sampled_from([0, 1, 3, 499, 500, 998, 999, 1000, 1001, 2500]), max_size=4))
def test_what_a_cell_printed_is_cut_where_nbgrader_cuts(lines: list[int]) -> None:
    raw = [{"output_type": "stream", "name": "stdout", "text": "x\n" * count} for count in lines]
    raw.append({"output_type": "display_data", "data": {"text/plain": "shown"}})
    cells = [new_code_cell("1", id=name) for name in ("cut", "whole")]
    write_grade(new_notebook(cells=cells), Grade(NAME, "graded", (), outputs={"cut": raw}))
    cells[1].outputs = nbformat.from_dict([{**output, "metadata": {}} for output in raw])
    LimitOutput().preprocess_cell(cells[1], {}, 0)
    assert [output.get("text") for output in cells[0].outputs] == [
        output.get("text") for output in cells[1].outputs
    ]


def test_permissions_are_nbgraders(
    make: Callable[..., Course],
    theirs: Callable[[Course, dict[str, Grade]], None],
    assignment: Assignment,
) -> None:
    grades = {student: grade_of(assignment, CASES[student]) for student in ("ada", "late")}
    for line, mode in (
        ("c.CourseDirectory.groupshared = True", 0o664),
        ("c.Autograde.permissions = 640", 0o640),
    ):
        one, other = make(f"ours-{mode}", line), make(f"theirs-{mode}", line)
        for course in (one, other):
            for folder in (course.root / "submitted").iterdir():
                if folder.name not in grades:
                    shutil.rmtree(folder)
        ours(one, grades)
        theirs(other, grades)
        assert files_of(one) == files_of(other)
        assert files_of(one)[f"ada/{NAME}/backprop.ipynb"][0] & 0o777 == mode
        assert one.root.joinpath("autograded").stat().st_mode == (
            other.root.joinpath("autograded").stat().st_mode
        )


def test_writing_twice_changes_nothing(make: Callable[..., Course], assignment: Assignment) -> None:
    course = make("twice")
    grades = {student: grade_of(assignment, case) for student, case in CASES.items()}
    penalties = ours(course, grades)
    database = (course.root / "gradebook.db").read_bytes()
    files, kept = files_of(course), records_of(course)
    assert ours(course, grades) == penalties
    assert (course.root / "gradebook.db").read_bytes() == database
    assert (files_of(course), records_of(course)) == (files, kept)


def test_what_else_lies_in_the_folder_goes(
    make: Callable[..., Course], assignment: Assignment
) -> None:
    course = make("swept")
    folder = course.root / "autograded" / "ada" / NAME
    (folder / ".ipynb_checkpoints").mkdir(parents=True)
    (folder / ".ipynb_checkpoints" / "backprop-checkpoint.ipynb").write_text("{}")
    outside = course.root / "outside"
    outside.mkdir()
    (outside / "kept.txt").write_text("kept")
    (folder / "link").symlink_to(outside)
    ours(course, {"ada": grade_of(assignment, CASES["ada"])})
    assert [path.name for path in folder.iterdir()] == ["backprop.ipynb"]
    assert (outside / "kept.txt").is_file()


def test_written_names_those_who_are_in_the_gradebook_and_in_the_folder(
    make: Callable[..., Course], assignment: Assignment
) -> None:
    course = make("written")
    (course.root / "submitted" / "nobody" / NAME).mkdir(parents=True)
    grade = grade_of(assignment, CASES["ada"])
    with Writer(course, NAME) as written:
        assert written.written() == set()
        for student in ("ada", "half", "Zo\u00eb"):
            folder = course.root / "submitted" / student / NAME
            written.write(folder, grade, text_of(course, student, grade))
        assert written.write(course.root / "submitted" / "nobody" / NAME, grade, "") == 0.0
        assert written.written() == {"ada", "half", "Zo\u00eb"}
        (course.root / "autograded" / "half" / NAME / "backprop.ipynb").unlink()
        assert written.written() == {"ada", "Zo\u00eb"}
    with by_hand(course) as gradebook:
        gradebook.remove_submission(NAME, "ada")
        with pytest.raises(MissingEntry):
            gradebook.find_submission(NAME, "nobody")
    with Writer(course, NAME) as written:
        assert written.written() == {"Zo\u00eb"}
    assert "nobody.json" in records_of(course)


# --- faults ---------------------------------------------------------------------------------------


class Killed(BaseException):
    """Ends a write in its middle; nothing may catch it."""


OURS = {module.__file__ for module in (autograded, records, rows, writer)}


@contextmanager
def killed_at(lines: set[tuple[str, int]]) -> Iterator[None]:
    """Raise `Killed` before the first line of our modules that is not in `lines`; add it."""

    def trace(frame: FrameType, event: str, _: object) -> Any:
        if frame.f_code.co_filename not in OURS:
            return None
        line = frame.f_code.co_filename, frame.f_lineno
        if event == "line" and line not in lines:
            lines.add(line)
            raise Killed
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(before)


def test_a_kill_at_any_line_leaves_old_or_new_and_a_rewrite_mends_it(
    make: Callable[..., Course], assignment: Assignment
) -> None:
    course = make("killed")
    folder = course.root / "submitted" / "late" / NAME
    place = course.root / "autograded" / "late" / NAME / "backprop.ipynb"
    grades = [grade_of(assignment, case) for case in (CASES["ada"], CASES["half"])]
    texts = [text_of(course, "late", grade) for grade in grades]

    def state() -> tuple[str, ...]:
        with closing(sqlite3.connect(course.root / "gradebook.db")) as database:
            told = "\n".join(database.iterdump())
        return told, place.read_text(), records_of(course)["late.json"]

    with Writer(course, NAME) as written:

        def write(k: int) -> None:
            written.write(folder, grades[k], texts[k])

        write(1)
        new = state()
        write(0)
        old = state()
        killed: set[tuple[str, int]] = set()
        seen = {"old": 0, "mixed": 0, "new": 0}
        while True:
            with killed_at(killed):
                try:
                    write(1)
                    break
                except Killed:
                    pass
            now = state()
            assert all(now[k] in {old[k], new[k]} for k in range(len(now)))
            if "late" in written.written():
                assert now in {old, new}
                seen["old" if now == old else "new"] += 1
            else:
                seen["mixed"] += 1
            write(1)
            assert state() == new
            assert [path.name for path in place.parent.iterdir()] == ["backprop.ipynb"]
            write(0)
            assert state() == old
    assert state() == new
    assert len(killed) > 60
    assert min(seen.values()) > 0, seen


def test_a_first_write_that_was_killed_does_not_count(
    make: Callable[..., Course], assignment: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    course = make("first")
    grade = grade_of(assignment, CASES["ada"])
    folder = course.root / "submitted" / "ada" / NAME
    text = text_of(course, "ada", grade)

    def kill(*_: object) -> None:
        raise Killed

    with Writer(course, NAME) as written:
        with monkeypatch.context() as patch:
            patch.setattr(Path, "replace", kill)
            with pytest.raises(Killed):
                written.write(folder, grade, text)
        assert written.written() == set()
        assert len(rows_of(url_of(course))["submitted_notebook"]) == 1
        written.write(folder, grade, text)
        assert written.written() == {"ada"}


def test_a_locked_database_costs_one_grade_and_says_so(
    make: Callable[..., Course], assignment: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    course = make("locked", 'c.CourseDirectory.db_url = "sqlite:///gradebook.db?timeout=0.05"')
    monkeypatch.chdir(course.root)
    grade = grade_of(assignment, CASES["ada"])
    ada, half = (course.root / "submitted" / name / NAME for name in ("ada", "half"))
    with Writer(course, NAME) as written:
        written.write(half, grade, text_of(course, "half", grade))
        with closing(sqlite3.connect(course.root / "gradebook.db")) as other:
            other.execute("BEGIN EXCLUSIVE")
            with pytest.raises(CourseError) as caught:
                written.write(ada, grade, text_of(course, "ada", grade))
            assert str(caught.value) == (
                "the grade could not be written into the gradebook: another program holds its "
                "database. End that (formgrader?) and grade again."
            )
            with pytest.raises(CourseError, match=r"cannot be read: another program holds"):
                written.written()
            other.rollback()
        assert "ada.json" in records_of(course)
        assert written.written() == {"half"}
        written.write(half, grade, text_of(course, "half", grade))
        written.write(ada, grade, text_of(course, "ada", grade))
        assert written.written() == {"ada", "half"}


def test_a_database_that_is_gone_or_exchanged_is_not_written_to(
    make: Callable[..., Course], assignment: Assignment
) -> None:
    course = make("gone")
    grade = grade_of(assignment, CASES["ada"])
    folder = course.root / "submitted" / "ada" / NAME
    text = text_of(course, "ada", grade)
    database = course.root / "gradebook.db"
    with Writer(course, NAME) as written:
        written.write(folder, grade, text)
        aside = database.rename(course.root / "aside.db")
        for _ in range(2):
            with pytest.raises(CourseError, match=r"its database was taken away or exchanged\."):
                written.write(folder, grade, text)
        assert not database.exists()
        shutil.copyfile(aside, database)
        with pytest.raises(CourseError, match=r"its database was taken away or exchanged\."):
            written.write(folder, grade, text)
        written.close()
        written.write(folder, grade, text)
        assert written.written() == {"ada"}


def test_a_plugin_that_raises_leaves_the_old_state(
    make: Callable[..., Course], assignment: Assignment
) -> None:
    course = make("plugin")
    release = nbformat.read(assignment.release, as_version=4)
    folder = hand_in(course, "late-broken", Case(stamp=IN_TIME), release)
    first, second = (grade_of(assignment, CASES[name]) for name in ("ada", "half"))
    with Writer(course, NAME) as written:
        written.write(folder, first, text_of(course, "late-broken", first))
        before = rows_of(url_of(course)), files_of(course)
        (folder / "timestamp.txt").write_text(LATE)
        with pytest.raises(CourseError) as caught:
            written.write(folder, second, text_of(course, "late-broken", second))
        assert str(caught.value) == (
            "the grade could not be written into the gradebook: see nbgrader's log at "
            f"{Path('.autograder') / 'nbgrader.log'}."
        )
        after = rows_of(url_of(course)), files_of(course)
        del after[1][f"late-broken/{NAME}/backprop.ipynb.draft"]
        assert after == before
        ada = course.root / "submitted" / "ada" / NAME
        written.write(ada, second, text_of(course, "ada", second))
        with by_hand(course) as gradebook:
            assert gradebook.find_submission(NAME, "late-broken").score == first.score
            assert gradebook.find_submission(NAME, "ada").score == second.score
        assert written.written() == {"ada"}
    log = (course.root / ".autograder" / "nbgrader.log").read_text()
    assert "ZeroDivisionError: the plugin is broken" in log
    assert json.loads(records_of(course)["late-broken.json"])["score"] == second.score


def test_a_notebook_that_does_not_say_the_grade_is_refused(
    make: Callable[..., Course], assignment: Assignment
) -> None:
    """To nbgrader, a test cell without outputs has all its points."""
    course = make("unfilled")
    folder = course.root / "submitted" / "half" / NAME
    grade = grade_of(assignment, CASES["half"])
    empty = nbformat.writes(plugin.restorer(course, NAME).restored_or_canonical(folder).notebook)
    other = text_of(course, "half", grade_of(assignment, CASES["ada"]))
    with Writer(course, NAME) as written:
        for wrong in (empty, other):
            with pytest.raises(CourseError, match="the graded notebook and the grade disagree"):
                written.write(folder, grade, wrong)
        assert written.written() == set()
    assert rows_of(url_of(course))["submitted_assignment"] == []


def test_an_unknown_assignment_is_refused(
    make: Callable[..., Course], assignment: Assignment
) -> None:
    course = make("unknown")
    with by_hand(course) as gradebook:
        gradebook.remove_assignment(NAME)
    grade = grade_of(assignment, CASES["ada"])
    with Writer(course, NAME) as written, pytest.raises(CourseError, match="could not be written"):
        written.write(
            course.root / "submitted" / "ada" / NAME, grade, text_of(course, "ada", grade)
        )


def test_memory_does_not_grow(make: Callable[..., Course], assignment: Assignment) -> None:
    course = make("memory")
    grade = grade_of(assignment, CASES["ada"])
    text = text_of(course, "ada", grade)
    source = course.root / "submitted" / "ada" / NAME / "backprop.ipynb"
    counts = []
    with Writer(course, NAME) as written:
        for k in range(90):
            folder = course.root / "submitted" / f"s{k}" / NAME
            folder.mkdir(parents=True)
            shutil.copy(source, folder)
            written.write(folder, grade, text)
            if k in (29, 89):
                gc.collect()
                counts.append(len(gc.get_objects()))
    assert counts[1] - counts[0] < 300
