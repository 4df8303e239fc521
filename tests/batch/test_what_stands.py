"""What stands in the gradebook is what was graded, whatever came between."""

from __future__ import annotations

import datetime as dt
import errno
import linecache
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from autograder.adapters.cli.grade import Wish, _standing, run_class
from autograder.adapters.cli.stopping import Stopping, stopping
from autograder.adapters.nbgrader import terms
from autograder.adapters.nbgrader.app import course_directory, quiet_sqlalchemy
from autograder.adapters.nbgrader.autograded import Autograded
from autograder.adapters.nbgrader.gradebook import open_gradebook
from autograder.adapters.nbgrader.rows import Rows
from autograder.batch import pool
from autograder.batch.compare import changes
from autograder.batch.lock import only_run
from autograder.batch.pool import DIED, Done, Pool
from autograder.batch.run import KEPT
from autograder.batch.runlog import RunLog
from autograder.batch.store import Store
from autograder.batch.work import Task
from autograder.errors import CourseError
from autograder.grading.records import read_record, written_of
from tests.batch.conftest import QUIET, WRONG, Class, hows
from tests.hostile.course import HONEST, NAME

ALL = {"ada": 5.0, "bob": 5.0, "carl": 3.0}


def test_a_gradebook_of_another_day_is_brought_up_to_date(three: Class) -> None:
    three.submit("ada", WRONG)
    three.grade()
    backup = (three.root / "gradebook.db").read_bytes()
    three.submit("ada", HONEST)
    three.grade()
    (three.root / "gradebook.db").write_bytes(backup)
    assert hows(three.grade()) == {"ada": "reused", "bob": "skipped", "carl": "skipped"}
    assert three.scores() == ALL


def test_a_notebook_that_was_taken_away_has_no_points_any_more(three: Class) -> None:
    three.grade()
    (three.root / "submitted" / "ada" / NAME / "target.ipynb").unlink()
    three.grade()
    assert three.scores() == {**ALL, "ada": 0.0}
    assert hows(three.grade())["ada"] == "skipped"


class Stopped(Stopping):
    """Stops the run that comes next as soon as it has graded one."""

    def __init__(self, made: Class) -> None:
        super().__init__()
        self._made = made
        self._before = len(made.lines())

    def asked(self) -> bool:
        """See there."""
        logs = self._made.lines()[self._before :]
        return bool(logs) and any(line["event"] == "graded" for line in logs[0])


def test_after_a_forced_run_that_was_stopped_the_rest_is_graded_again(three: Class) -> None:
    three.grade()
    began = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
    wish = Wish(jail="unsafe", jobs=1, force=True)
    run, steps = run_class(three.course, NAME, wish, QUIET, Stopped(three))
    assert run.interrupted
    assert 0 < len(steps) < 3
    # What a worker was just done with when it was stopped is kept, too.
    after = three.grade()
    assert "graded" in hows(after).values()
    assert len(after) == 3
    assert all(step.outcome.finished >= began for step in after)


def full(*_: Any, **__: Any) -> Any:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "somewhere")


FULL = r"could not be written: No space left on device\. Free some and run it again"


@pytest.mark.parametrize("where", ["log", "record", "notebook", "store"])
def test_a_full_disk_is_said_and_what_was_done_is_kept(
    three: Class, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    three.grade(students=("ada",))
    with monkeypatch.context() as patch:
        if where == "log":
            patch.setattr(RunLog, "write", full)
        elif where == "record":
            patch.setattr("autograder.batch.run.write_record", full)
        elif where == "notebook":
            patch.setattr(Autograded, "draft", full)
        else:
            patch.setattr(Pool, "run", lambda *_: full())
        with pytest.raises(CourseError, match=FULL):
            three.grade()
    assert three.scores()["ada"] == 5.0
    assert hows(three.grade())["ada"] == "skipped"
    assert three.scores() == ALL


def test_a_worker_that_cannot_write_its_result_ends_the_run(
    three: Class, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        with pytest.raises(CourseError, match=FULL):
            Store(three.root / "store").take_in("name", b"")
    three.grade(students=("ada",))
    results = three.root / ".autograder" / "results" / NAME
    for path in three.results():
        path.unlink()
    results.rmdir()
    results.write_text("in the way")
    with pytest.raises(CourseError, match=r"could not be read or written: "):
        three.grade()


def test_a_full_database_is_a_full_disk(three: Class, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> float:
        raise OperationalError("", {}, Exception("database or disk is full"))

    monkeypatch.setattr(Rows, "save", refuse)
    with pytest.raises(CourseError, match=f"gradebook.db: {FULL}"):
        three.grade()


def test_new_terms_leave_alone_what_a_person_has_graded(three: Class) -> None:
    three.grade()
    url = course_directory(three.course).db_url

    def cell() -> tuple[Any, ...]:
        with quiet_sqlalchemy(), open_gradebook(url) as gradebook:
            found = gradebook.find_grade("check_double", "target", NAME, "ada")
            return found.manual_score, found.needs_manual_grade

    with quiet_sqlalchemy(), open_gradebook(url) as gradebook:
        found = gradebook.find_grade("check_double", "target", NAME, "ada")
        found.manual_score, found.needs_manual_grade = 1.0, False
        gradebook.db.commit()
    # A manual score is one of the terms; so is the configuration.
    assert hows(three.grade()) == {"ada": "reused", "bob": "skipped", "carl": "skipped"}
    assert cell() == (1.0, False)
    with (three.root / "nbgrader_config.py").open("a") as config:
        config.write("\n# another line\n")
    assert hows(three.grade()) == dict.fromkeys(ALL, "reused")
    assert cell() == (1.0, False)
    assert three.scores() == {**ALL, "ada": 4.0}


PLUGIN = """
from nbgrader.plugins import BasePlugin

class Late(BasePlugin):
    def late_submission_penalty(self, student_id, score, total_seconds_late):
        return 1.0
"""


def test_the_source_of_the_courses_plugin_is_one_of_the_terms(
    three: Class, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = three.root / "plugin_of_this_test.py"
    place.write_text(PLUGIN)
    monkeypatch.syspath_prepend(str(three.root))
    with (three.root / "nbgrader_config.py").open("a") as config:
        config.write('\nc.AssignLatePenalties.plugin_class = "plugin_of_this_test.Late"\n')
    first = terms._plugin(three.course)
    assert terms._plugin(three.course) == first
    place.write_text(PLUGIN.replace("1.0", "2.00"))
    del sys.modules["plugin_of_this_test"]
    linecache.clearcache()
    assert terms._plugin(three.course) != first


def test_new_terms_change_time_and_penalty(three: Class) -> None:
    three.grade()
    with quiet_sqlalchemy(), open_gradebook(course_directory(three.course).db_url) as gradebook:
        gradebook.update_or_create_assignment(NAME, duedate="2026-01-01")
    with (three.root / "nbgrader_config.py").open("a") as config:
        config.write('\nc.LateSubmissionPlugin.penalty_method = "zero"\n')
    stamp = three.root / "submitted" / "ada" / NAME / "timestamp.txt"
    stamp.write_text("2026-02-01 00:00:00 UTC")
    lates = {step.student: step.late for step in three.grade()}
    assert lates["ada"] == 5.0
    assert {step.student: step.late for step in three.grade()} == lates
    stamp.write_text("2025-12-01 00:00:00 UTC")
    assert {step.student: step.late for step in three.grade()}["ada"] == 0.0


def test_points_that_could_not_be_written_are_not_taken_for_those_that_stand(
    three: Class, monkeypatch: pytest.MonkeyPatch
) -> None:
    three.grade()
    three.submit("ada", WRONG)

    def refuse(*_: object) -> float:
        raise ValueError("not today")

    with monkeypatch.context() as patch:
        patch.setattr(Rows, "save", refuse)
        [ada] = three.grade(students=("ada",))
        assert "could not be written" in ada.problem
    (three.root / "autograded" / "ada" / NAME / "target.ipynb.draft").unlink()
    [change] = changes(three.course, three.grade(dry=True), _standing(three.course, NAME))
    assert (change.student, change.before, change.after) == ("ada", 5.0, 3.0)


def test_no_key_is_drawn_while_another_run_is_at_work(three: Class) -> None:
    three.grade(students=("ada",))
    key = (three.root / ".autograder" / "course.key").read_text()
    with only_run(three.root, NAME), pytest.raises(CourseError, match="is grading this"):
        three.grade(reseed=True)
    assert (three.root / ".autograder" / "course.key").read_text() == key
    three.grade(reseed=True)
    assert (three.root / ".autograder" / "course.key").read_text() != key


def test_what_is_handed_in_while_a_run_is_on_is_kept_under_its_own_name(
    three: Class, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = Pool.run

    def handed_in(self: Pool, folders: list[Path]) -> Iterator[Any]:
        three.submit("carl", {**HONEST, "why": "Because of Carl."})
        return inner(self, folders)

    monkeypatch.setattr(Pool, "run", handed_in)
    steps = three.grade()
    [carl] = [step for step in steps if step.student == "carl"]
    assert carl.content == ""
    assert written_of(read_record(three.course, "carl", NAME)).key == ""
    monkeypatch.undo()
    assert hows(three.grade()) == {"ada": "skipped", "bob": "skipped", "carl": "reused"}
    assert three.scores() == {**ALL, "carl": 5.0}


def test_a_worker_that_died_twice_takes_no_grade_away(
    three: Class, monkeypatch: pytest.MonkeyPatch
) -> None:
    three.grade()

    def died(self: Pool, folders: list[Path]) -> Iterator[Any]:
        for folder in folders:
            task = Task(folder, attempts=2)
            answer = self.not_graded(task, DIED)
            yield Done(task, answer, given_up=True, wall_seconds=12.5)

    monkeypatch.setattr(pool.Pool, "run", died)
    three.submit("bob", {**HONEST, "why": "Because of another Bob."})
    three.submit("dora", HONEST | {"why": "Because of Dora."})
    problems = {step.student: step.problem for step in three.grade()}
    assert problems == {"ada": "", "bob": KEPT, "carl": "", "dora": ""}
    assert three.scores() == {**ALL, "dora": 0.0}
    [line] = [x for x in three.lines()[-1] if x["event"] == "graded" and x["student"] == "bob"]
    assert line["wall_s"] == 12.5
    monkeypatch.undo()
    assert hows(three.grade())["bob"] == "graded"


def test_a_second_signal_ends_it_with_the_status_of_the_signal(
    capfd: pytest.CaptureFixture[str],
) -> None:
    said = []

    def twice() -> None:
        with stopping() as state:
            os.kill(os.getpid(), signal.SIGINT)
            said.append((state.asked(), capfd.readouterr().err.strip()))
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(SystemExit) as ended:
        twice()
    assert ended.value.code == 130
    assert said == [(True, "stopping; once more ends it at once")]


def test_the_workers_that_are_named_are_those_that_started(three: Class) -> None:
    done = three.command("-j", "3")
    assert "worker" in done.stderr
    again = three.command("-j", "3")
    assert "graded 0, skipped 3 in" in again.stderr
    assert ", 3 workers" not in again.stderr
