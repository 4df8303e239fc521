"""What has been graded is not graded again, unless it, or what grades it, has changed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from autograder.batch import keys, worker
from autograder.batch.lock import only_run
from autograder.batch.runlog import RUNS
from autograder.batch.store import Store
from autograder.errors import CourseError
from tests.batch.conftest import WRONG, Class, hows
from tests.hostile.course import HONEST, NAME

ALL = {"ada": 5.0, "bob": 5.0, "carl": 3.0}


def test_a_second_run_grades_nothing_and_shows_the_same(three: Class) -> None:
    run, first = three.run()
    assert hows(first) == dict.fromkeys(ALL, "graded")
    assert three.scores() == ALL
    before = three.state()
    again, second = three.run()
    assert hows(second) == dict.fromkeys(ALL, "skipped")
    assert [step.outcome.grade for step in second] == [step.outcome.grade for step in first]
    assert three.state() == before
    assert (run.totals.graded, again.totals.graded) == (3, 0)
    assert again.pool.began == 0  # no worker was started

    assert hows(three.grade(force=True)) == dict.fromkeys(ALL, "graded")
    assert hows(three.grade(students=("bob",))) == {"bob": "skipped"}
    assert len(three.results()) == 3


def test_only_a_submission_that_changed_is_graded_again(three: Class) -> None:
    three.grade()
    three.submit("carl", {**HONEST, "why": "Because of Carl."})
    (three.root / "submitted" / "ada" / NAME / "thoughts.txt").write_text("about nothing")
    assert hows(three.grade()) == {"ada": "skipped", "bob": "skipped", "carl": "graded"}
    assert three.scores() == {**ALL, "carl": 5.0}


def test_what_is_not_in_the_gradebook_is_written_without_grading(three: Class) -> None:
    three.grade()
    (three.root / "gradebook.db").unlink()
    (three.root / "autograded" / "bob" / NAME / "target.ipynb").unlink()
    assert hows(three.grade()) == dict.fromkeys(ALL, "reused")
    assert three.scores() == ALL
    (three.records() / "ada.json").write_text("{}")
    assert hows(three.grade()) == {"ada": "reused", "bob": "skipped", "carl": "skipped"}
    assert json.loads((three.records() / "ada.json").read_text())["score"] == 5.0


def test_a_new_time_of_submission_or_configuration_is_written_without_grading(
    three: Class,
) -> None:
    three.grade()
    stamp = three.root / "submitted" / "ada" / NAME / "timestamp.txt"
    stamp.write_text("2026-02-01 00:00:00 UTC")
    assert hows(three.grade()) == {"ada": "reused", "bob": "skipped", "carl": "skipped"}
    with (three.root / "nbgrader_config.py").open("a") as config:
        config.write('\nc.LateSubmissionPlugin.penalty_method = "zero"\n')
    assert hows(three.grade()) == dict.fromkeys(ALL, "reused")
    assert hows(three.grade()) == dict.fromkeys(ALL, "skipped")


def test_a_damaged_result_is_graded_again(three: Class) -> None:
    three.submit("dora", {**HONEST, "why": "Because of Dora."})
    three.grade()
    cut, empty, other, typed = three.results()
    data = cut.read_bytes()
    store = Store(cut.parent)
    outcome = store.get(typed.stem, three.root)
    assert outcome is not None
    store.put(replace(outcome, wall_seconds="long"))  # type: ignore[arg-type]
    cut.write_bytes(data[: len(data) // 2])
    empty.write_bytes(b"")
    other.write_bytes(data)
    everyone = {**ALL, "dora": 5.0}
    assert [store.get(path.stem, three.root) for path in three.results()] == [None] * 4
    assert hows(three.grade()) == dict.fromkeys(everyone, "graded")
    assert hows(three.grade()) == dict.fromkeys(everyone, "skipped")
    assert three.scores() == everyone


def test_equal_submissions_are_graded_once_and_name_nobody(
    make_class: Callable[[], Class],
) -> None:
    made = make_class()
    names = ["zoe-unmistakable", "adam-unmistakable", "eve-unmistakable"]
    for name in names:
        made.submit(name, HONEST)
    run, steps = made.run()
    assert sorted(hows(steps).values()) == ["graded", "reused", "reused"]
    assert made.scores() == dict.fromkeys(names, 5.0)
    assert run.totals.graded == 1
    [path] = made.results()
    outcome = Store(path.parent).get(path.stem, made.root)
    assert outcome is not None
    assert "unmistakable" not in f"{outcome.grade}{outcome.notebook}"


def test_an_edited_check_shows_whose_grades_would_change_and_writes_nothing(three: Class) -> None:
    three.grade()
    before, scores = three.state(), three.scores()
    three.submit("bob", {**HONEST, "why": "Because of Bob and Eve."})
    three.submit("dora", HONEST)
    text = three.hidden_checks.read_text()
    three.hidden_checks.write_text(text.replace("x * 4.0 / 2.0", "x * 3.0"))

    done = three.command("--changed-checks", "-j", "2")
    assert done.returncode == 0, done.stderr
    lines = {line.split()[0]: line for line in done.stdout.splitlines() if line.strip()}
    assert re.match(r"ada +5 +4 +double 2 → 1 +double\(x\): \d+ of \d+ entries", lines["ada"])
    assert re.match(r"bob +5 +4 +double 2 → 1 +Handed in again\. double\(x\)", lines["bob"])
    assert re.match(r"carl +3 +4 +double 0 → 1 +passed: of any array, doubled", lines["carl"])
    assert re.match(r"dora +- +4 +Not graded before\.", lines["dora"])
    assert "4 submissions: 1 would gain points, 2 would lose some, 0 would change" in done.stdout
    assert f"Nothing was written. autograder grade {NAME} writes these grades" in done.stdout
    kept = {name: data for name, data in three.state().items() if not name.endswith(".result")}
    assert kept == {name: data for name, data in before.items() if not name.endswith(".result")}
    assert three.scores() == scores
    assert before.keys() < three.state().keys()  # the results so far are kept, too

    assert set(hows(three.grade()).values()) == {"reused"}
    assert three.scores() == {"ada": 4.0, "bob": 4.0, "carl": 4.0, "dora": 4.0}
    three.hidden_checks.write_text(text)
    assert hows(three.grade(students=("ada",))) == {"ada": "reused"}
    nothing = three.command("--changed-checks")
    assert "ada" not in nothing.stdout


def test_a_fault_of_ours_is_kept_for_no_later_run(three: Class) -> None:
    text = three.hidden_checks.read_text()
    broken = text.replace("rng = case.generator()", 'raise KeyError("ours")')
    three.hidden_checks.write_text(broken)
    first = three.grade()
    assert all("KeyError" in step.outcome.grade.problems[0] for step in first)
    assert three.results() == []
    assert hows(three.grade()) == dict.fromkeys(ALL, "graded")


def test_one_run_at_a_time(three: Class) -> None:
    with (
        only_run(three.root, NAME),
        pytest.raises(CourseError, match="is grading this assignment"),
    ):
        three.grade()
    assert three.lines() == []


def test_checks_that_change_in_the_middle_end_the_run(
    three: Class, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker, which loads them, finds another basis than the run began with."""
    monkeypatch.setattr(keys, "basis", lambda *_: "another one")
    with pytest.raises(CourseError, match=worker.CHANGED):
        three.grade()
    assert [line["event"] for line in three.lines()[0]] == ["run-started", "failed", "run-ended"]


def test_the_log_says_what_happened_and_nothing_secret(three: Class) -> None:
    (three.root / "submitted" / "carl").rename(three.root / "submitted" / "c\x1b[2Jarl")
    three.submit("bob", WRONG)
    three.grade()
    three.grade()
    first, second = three.lines()
    events = [line["event"] for line in first]
    assert (events[0], events[-1]) == ("run-started", "run-ended")
    # Two submissions are equal; under one's name no gradebook can hold a grade.
    assert sorted(events[1:-1]) == ["failed", "graded", "graded", "reused"]
    started, ended = first[0], first[-1]
    assert started["jobs"] == 1
    assert started["jail"] == 0
    assert {"python", "numpy", "grader"} <= started["versions"].keys()
    graded = next(line for line in first if line.get("student") == "ada")
    assert (graded["score"], graded["max_score"], graded["attempts"]) == (5.0, 5.0, 1)
    assert graded["cpu_overhead_s"] > 0
    assert ended["graded"] == 2
    assert ended["coordinator_peak_mb"] > 10
    assert second[-1]["skipped"] == 2
    text = "".join(path.read_text() for path in (three.root / RUNS).glob("*.jsonl"))
    key = (three.root / ".autograder" / "course.key").read_text().strip()
    seed = json.loads((three.records() / "ada.json").read_text())["seed"]
    assert key not in text
    assert seed not in text
    assert "\\u001b" not in text
