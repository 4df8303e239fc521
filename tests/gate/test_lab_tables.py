"""The tables by which the mistakes behind labs are named: complete, up to date, and telling."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from autograder.adapters.cli import gate
from autograder.catalogue import SYMPTOMS as TABLE
from autograder.catalogue import Entry
from autograder.course import Course
from autograder.gate.labs import (
    RUNS,
    entries_of,
    labs_of,
    out_of_date,
    recognize_again,
    row_of,
    rows_of,
)
from autograder.gate.solved import Solved, solve
from autograder.grading.lab_table import COMMAND, Row, read_table, write_table
from autograder.grading.symptoms import is_net

ROOT = Path(__file__).parents[2]
COURSE = Course(ROOT)
AGAIN = f"Run: {COMMAND}"
ALL_AGAIN = f"{AGAIN} --force"
NAME = "04-loss-and-init"


@cache
def solved(name: str) -> Solved:
    return solve(COURSE, name)


LABS = [(name, lab) for name in COURSE.names for lab in labs_of(solved(name))]


def entry_of(known: str) -> tuple[Solved, Entry, Row]:
    lab, _, _ = known.partition("/")
    [name] = [name for name, other in LABS if other == lab]
    [entry] = [entry for entry in entries_of(solved(name)) if entry.id == known]
    [row] = [row for row in rows_of(solved(name)) if row.id == known]
    return solved(name), entry, row


@pytest.mark.parametrize("name", COURSE.names)
def test_a_table_has_each_entry_of_the_labs_as_it_is(name: str) -> None:
    assert [entry.id for entry in out_of_date(solved(name))] == [], AGAIN
    rows = read_table(COURSE.solutions / name / TABLE)
    assert [row.id for row in rows] == [entry.id for entry in entries_of(solved(name))], AGAIN
    for row in rows:
        assert len(row.signs.numbers) == (RUNS if is_net(row.signs.form) else 0), (row.id, AGAIN)


@pytest.mark.parametrize("name", COURSE.names)
def test_no_points_hang_on_a_table(name: str) -> None:
    private = [path.name for path in solved(name).assignment.private_files]
    assert "hidden_checks.py" in private
    assert TABLE not in private


@pytest.mark.parametrize(("name", "lab"), LABS)
def test_each_run_is_named_by_those_of_the_other_seeds(name: str, lab: str) -> None:
    again = recognize_again(solved(name), lab, rows_of(solved(name)))
    assert again.missed == ()
    assert again.accused == ()
    assert again.first >= 0.8 * again.runs


def test_nine_of_ten_are_named_first() -> None:
    found = [recognize_again(solved(name), lab, rows_of(solved(name))) for name, lab in LABS]
    assert sum(again.first for again in found) >= 0.9 * sum(again.runs for again in found)


@pytest.mark.parametrize(
    "known",
    [
        "lab_two_features/two_features_one_epoch",
        "lab_digits/digits_from_few_samples",
        "lab_initialization/two_epochs",
        "lab_regularized/one_epoch",
    ],
)
def test_a_table_is_what_the_entries_do(known: str) -> None:
    there, entry, row = entry_of(known)
    now = row_of(there, entry, runs=1)
    assert (now.id, now.source, now.signs.form) == (row.id, row.source, row.signs.form)
    assert np.allclose(now.signs.numbers[0], row.signs.numbers[0], atol=0.02, equal_nan=True), (
        ALL_AGAIN
    )


def test_another_source_or_other_symptoms_are_noticed(tmp_path: Path) -> None:
    there, entry, row = entry_of("lab_initialization/two_epochs")
    shutil.copytree(there.assignment.solutions, tmp_path / "solutions" / NAME)
    copied = solve(Course(tmp_path), NAME)
    path = copied.assignment.solutions / TABLE
    assert out_of_date(copied) == []
    path.write_text(path.read_text().replace(row.source, "0" * 12))
    assert out_of_date(copied) == [entry]
    assert out_of_date(copied, force=True) == list(entries_of(copied))
    path.write_text(path.read_text().replace('"moved"', '"moves"'))
    assert out_of_date(copied) == list(entries_of(copied))


def test_the_command_runs_what_is_out_of_date_and_shows_what_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("solutions", "assignments"):
        shutil.copytree(ROOT / folder / NAME, tmp_path / folder / NAME)
    (tmp_path / "nbgrader_config.py").touch()
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "solutions" / NAME / TABLE
    rows = read_table(path)
    write_table(path, [row for row in rows if not row.id.endswith("/not_trained")])
    done = CliRunner().invoke(gate.command, ["--labs", "--write", "-j", "1"])
    assert done.exit_code == 0, done.output
    [line] = [line for line in done.output.splitlines() if line.startswith("lab_initialization")]
    assert line.split()[1:4] == ["8", "80", "80"]
    for old, new in zip(rows, read_table(path), strict=True):
        assert (new.id, new.source, new.signs.form) == (old.id, old.source, old.signs.form)
        np.testing.assert_allclose(new.signs.numbers, old.signs.numbers, atol=0.02)
