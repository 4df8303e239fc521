"""Cores, pace, and names of records."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from autograder.batch.cores import default_jobs, quotas
from autograder.batch.pace import Pace
from autograder.course import Course
from autograder.grading.records import Written, read_record, write_record, written_of
from autograder.results import Grade

GRADE = Grade("01-a", "rejected", (), reason="why")


@pytest.mark.parametrize(
    ("own", "files", "allowed"),
    [
        ("0::/a/b", {"a/b/cpu.max": "150000 100000", "a/cpu.max": "max 100000"}, [1.5]),
        ("0::/a/b", {"a/cpu.max": "400000 100000"}, [4.0]),
        ("0::/", {"cpu.max": "50000 100000"}, [0.5]),
        ("0::/../../outside", {"cpu.max": "200000 100000"}, [2.0]),
        ("0::/a", {"a/cpu.max": "nonsense"}, []),
        (
            "4:memory:/m\n3:cpu,cpuacct:/a\n0::/",
            {"cpu,cpuacct/a/cpu.cfs_quota_us": "300000", "cpu,cpuacct/a/cpu.cfs_period_us": "1e5"},
            [],
        ),
        (
            "3:cpu,cpuacct:/a",
            {
                "cpu,cpuacct/a/cpu.cfs_quota_us": "300000",
                "cpu,cpuacct/a/cpu.cfs_period_us": "100000",
            },
            [3.0],
        ),
        ("3:cpu:/", {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, []),
        ("nonsense", {}, []),
    ],
)
def test_what_control_groups_allow(
    tmp_path: Path, own: str, files: dict[str, str], allowed: list[float]
) -> None:
    (tmp_path / "own").write_text(own)
    for name, text in files.items():
        path = tmp_path / "groups" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert list(quotas(tmp_path / "own", tmp_path / "groups")) == allowed


def test_jobs_are_the_cores_that_may_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    for allowed, jobs in (([], 8), ([2.9], 2), ([0.5], 1), ([16.0, 3.0], 3)):
        monkeypatch.setattr("autograder.batch.cores.quotas", lambda found=allowed: iter(found))
        assert default_jobs() == jobs


def test_the_pace_is_right_from_the_start_and_forgets_the_past() -> None:
    pace = Pace(began=100.0, jobs=4)
    assert pace.per_second(103.0) == 0.0
    assert pace.remaining(5, 103.0) is None
    for second in range(1, 41):  # one each second, the first of them early
        pace.done(100.0 + second)
        if second >= 8:
            assert pace.per_second(100.0 + second) == pytest.approx(1.0, rel=0.3)
    assert pace.remaining(60, 140.0) == pytest.approx(60.0, rel=0.1)
    for second in range(400):  # then two each second
        pace.done(140.0 + second / 2)
    assert pace.per_second(340.0) == pytest.approx(2.0, rel=0.02)


@pytest.mark.parametrize("letter", ["x", "\u00fc", "\N{GRINNING FACE}"])
def test_a_very_long_name_has_a_record_of_its_own(tmp_path: Path, letter: str) -> None:
    course = Course(tmp_path)
    longest = letter * (255 // len(letter.encode()))
    names = [longest, longest[:-1], "ada", "b" * 200]
    paths = [
        write_record(course, name, Grade("01-a", "rejected", (), reason=f"grade {k}"))
        for k, name in enumerate(names)
    ]
    assert [json.loads(path.read_text())["reason"] for path in paths] == [
        f"grade {k}" for k in range(4)
    ]
    assert [path.name for path in paths[2:]] == ["ada.json", "b" * 200 + ".json"]
    assert sorted(paths[0].parent.iterdir()) == sorted(paths)


def test_a_record_says_what_was_written_if_it_can_be_read(tmp_path: Path) -> None:
    course = Course(tmp_path)
    written = Written("key", "content", "terms", 1.5)
    path = write_record(course, "ada", GRADE, written)
    assert written_of(read_record(course, "ada", "01-a")) == written
    write_record(course, "ada", GRADE)
    for text in (path.read_text(), "", "[]", '{"batch": {"key": 1}}', '{"batch": []}'):
        path.write_text(text)
        assert written_of(read_record(course, "ada", "01-a")) == Written("")
