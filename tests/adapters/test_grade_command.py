"""What ``autograder grade`` and ``demo`` show; that the grades are right is tested elsewhere."""

from __future__ import annotations

import io

import pytest
from click.testing import CliRunner
from rich.console import Console

from autograder.adapters.cli import demo, grade
from autograder.adapters.cli.grade import Graded
from autograder.adapters.nbgrader.plugin import submissions
from autograder.course import Course
from autograder.errors import CourseError
from autograder.results import CheckResult, ExerciseResult, Grade

STATES = ("passed", "failed", "error", "timeout", "missing")


def exercise(name, *states):
    checks = tuple(CheckResult("a", True, 1.0, state) for state in states)
    return ExerciseResult(name, float(len(states)), checks)


def graded(status="graded", **more):
    exercises = (*(exercise(s, s) for s in STATES), exercise("partial", "passed", "failed"))
    return Grade("02-backprop", status, exercises, **{"jail": 3, **more})


def shown(*rows):
    out = io.StringIO()
    grade.show_table(Console(file=out, width=100), [Graded(*row) for row in rows])
    return out.getvalue()


def test_the_table_has_a_line_for_each_student():
    text = shown(("ada", graded()), ("bob", graded("rejected", reason="The file is empty.")))
    lines = [line.split() for line in text.splitlines()]
    assert lines[1] == ["ada", "graded", "2/7", "●○○○·◐"]
    assert lines[2] == ["bob", "rejected", "2/7", "●○○○·◐", "The", "file", "is", "empty."]
    assert text.endswith(
        "\n● all points  ◐ some  ○ none  · not written\n2 submissions, mean 2.00 points.\n"
    )


def test_names_and_remarks_can_neither_style_nor_drive_the_terminal():
    text = shown(("[red]x[/red]\x1b[2J", graded(repairs=("[bold]\x07", "moved"))))
    assert "\n[red]x[/red] " in text
    assert "[bold]\N{REPLACEMENT CHARACTER}. moved." in text
    assert "\x1b" not in text


def test_remarks_are_sentences_and_name_what_lateness_costs():
    row = Graded("ada", graded("repaired", repairs=("It is an own.", "Cells moved.")), 24.0)
    assert row.remarks == "late: 24 points off. It is an own. Cells moved."
    assert Graded("ada", graded()).remarks == ""
    assert Graded("ada", graded(jail=0)).remarks == "Graded without a jail (--unsafe)."
    assert "late: 24 points off." in shown(row)


def test_a_line_break_in_a_name_or_remark_breaks_no_line():
    assert shown(("a\nb\tc", graded(repairs=("one\ntwo",)))).splitlines()[1].startswith("a b c  ")


def test_without_a_terminal_a_remark_stays_on_its_line(monkeypatch, capsys):
    monkeypatch.delenv("COLUMNS", raising=False)
    remark = "A long remark, word by word. " * 6
    grade.show_table(grade.table_console(), [Graded("ada", graded("rejected", reason=remark))])
    assert remark.strip() in capsys.readouterr().out
    monkeypatch.setenv("COLUMNS", "70")
    assert grade.table_console().width == 70


def test_a_grade_that_cannot_be_written_does_not_stop_the_class(course, monkeypatch):
    folders = [course.root / "submitted" / name / "01-a" for name in ("ada", "b\nb", "carl")]

    class OurWriter:
        def write(self, folder, _grade):
            if "\n" in folder.parent.name:
                raise CourseError("the grade could not be written into the gradebook: why.")
            return 1.5

    rows = [grade._written(OurWriter(), folder, graded()) for folder in folders]
    monkeypatch.setattr(grade, "grade_class", lambda *_, **__: rows)
    done = CliRunner().invoke(grade.command, ["01-a", "-j", "1"])
    assert done.exit_code == 1
    assert [row.late for row in rows] == [1.5, 0.0, 1.5]
    assert (
        "fault of ours b b: the grade could not be written into the gradebook: why." in done.output
    )


def test_hidden_folders_are_no_students(course):
    for name in ("ada", ".git", ".x"):
        (course.root / "submitted" / name / "01-a").mkdir(parents=True)
    assert submissions(course, "01-a") == [course.root / "submitted" / "ada" / "01-a"]


@pytest.fixture
def course(tmp_path, monkeypatch):
    (tmp_path / "solutions" / "01-a").mkdir(parents=True)
    (tmp_path / "solutions" / "01-a" / "checks.py").touch()
    (tmp_path / "nbgrader_config.py").touch()
    monkeypatch.chdir(tmp_path)
    return Course(tmp_path)


@pytest.mark.parametrize(("problems", "status"), [((), 0), (("check 'a' raised KeyError",), 1)])
def test_the_exit_code_says_whether_every_check_worked(course, monkeypatch, problems, status):
    class_of_one = [Graded("ada", graded(problems=problems))]
    monkeypatch.setattr(grade, "grade_class", lambda *_, **__: class_of_one)
    done = CliRunner().invoke(grade.command, ["01-a", "-j", "1"])
    assert done.exit_code == status
    assert ("fault of ours ada: check 'a' raised KeyError" in done.output) == bool(problems)


def test_an_unknown_assignment_is_answered_with_the_known_ones(course):
    done = CliRunner().invoke(grade.command, ["02-b"])
    assert isinstance(done.exception, CourseError)
    assert str(done.exception).endswith("solutions: has no assignment '02-b'; there are 01-a.")


def test_without_submissions_there_is_nothing_to_grade(course):
    done = CliRunner().invoke(grade.command, ["01-a", "--student", "ada"])
    assert isinstance(done.exception, CourseError)
    assert "no submission of ada for 01-a. Put them at submitted/<student>/01-a/" in str(
        done.exception
    )


def test_demo_replaces_no_folder_but_its_own(course):
    precious = course.root / "demo"
    precious.mkdir()
    (precious / "thesis.tex").touch()
    done = CliRunner().invoke(demo.command, ["01-a"])
    assert isinstance(done.exception, CourseError)
    assert "exists and is not a demo. Name another --folder." in str(done.exception)
    assert (precious / "thesis.tex").is_file()
