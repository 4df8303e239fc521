"""What ``autograder grade`` and ``demo`` show; that the grades are right is tested elsewhere."""

from __future__ import annotations

import io
import signal
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from rich.console import Console

from autograder.adapters.cli import class_table, demo, grade
from autograder.adapters.cli.class_table import Graded
from autograder.adapters.nbgrader.plugin import submissions
from autograder.batch.compare import Change
from autograder.batch.step import Step
from autograder.batch.totals import Totals
from autograder.batch.work import Outcome
from autograder.course import Course
from autograder.errors import CourseError
from autograder.results import CheckResult, Diagnosis, ExerciseResult, Grade

STATES = ("passed", "failed", "error", "timeout", "missing")


def exercise(name, *states):
    checks = tuple(CheckResult("a", True, 1.0, state) for state in states)
    return ExerciseResult(name, float(len(states)), checks)


def graded(status="graded", **more):
    exercises = (*(exercise(s, s) for s in STATES), exercise("partial", "passed", "failed"))
    return Grade("02-backprop", status, exercises, **{"jail": 3, **more})


def shown(*rows):
    out = io.StringIO()
    class_table.show_table(Console(file=out, width=100), [Graded(*row) for row in rows])
    return out.getvalue()


def test_the_table_has_a_line_for_each_student():
    text = shown(("ada", graded()), ("bob", graded("rejected", reason="The file is empty.")))
    lines = [line.split() for line in text.splitlines()]
    assert lines[1] == ["ada", "graded", "2/7", "●○○○·◐"]
    assert lines[2] == ["bob", "rejected", "2/7", "●○○○·◐", "The", "file", "is", "empty."]
    assert text.endswith(
        "\n● all points  ◐ some  ○ none  · not written\n2 submissions, mean 2.00 points.\n"
    )


def mistaken(*names, certain=True):
    found = tuple(Diagnosis(f"f/{name}", f"It is {name}.", certain=certain) for name in names)
    return Grade("02-backprop", "graded", (ExerciseResult("f", 1.0, (), diagnosis=found),))


def test_the_mistakes_that_most_of_the_class_made_are_listed():
    rows = [("a", mistaken("late")), ("b", mistaken("odd", "late")), ("c", mistaken("late"))]
    rows.append(("d", mistaken("vague", certain=False)))
    assert shown(*rows).endswith(
        "\nMost frequent mistakes:\n   2  f/late: It is late.\n   1  f/odd: It is odd.\n"
    )
    assert "Most frequent" not in shown(("a", mistaken()))


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
    class_table.show_table(
        class_table.table_console(), [Graded("ada", graded("rejected", reason=remark))]
    )
    assert remark.strip() in capsys.readouterr().out
    monkeypatch.setenv("COLUMNS", "70")
    assert class_table.table_console().width == 70


@pytest.fixture
def commanded(course, monkeypatch):
    """Run the command on steps that are given; return what it says."""

    def run(*steps, options=(), interrupted=False, compared=()):
        totals = Totals(len(steps) + interrupted)
        for step in steps:
            totals.count(step.student, step.how, step.outcome)
        log = course.root / ".autograder" / "runs" / "now.jsonl"
        done = SimpleNamespace(
            totals=totals,
            pool=SimpleNamespace(started=2),
            log_path=log,
            interrupted=interrupted,
        )
        asked = []

        def run_class(_course, _assignment, wish, _console, state):
            asked.append(wish)
            if interrupted:
                state.take(signal.SIGINT, None)
            return done, list(steps)

        monkeypatch.setattr(grade, "run_class", run_class)
        monkeypatch.setattr(grade, "changes", lambda *_: iter(compared))
        result = CliRunner().invoke(grade.command, ["01-a", *options])
        return result, asked[0] if asked else None

    return run


def step(student, how="graded", given=None, **more):
    numbers = {"wall_seconds": 2.0, "cpu_seconds": 1.5}
    outcome = Outcome(Path("submitted") / student / "01-a", given or graded(), "", **numbers)
    return Step(outcome, how, **more)


def test_a_grade_that_could_not_be_written_is_a_fault(commanded):
    problem = "the grade could not be written into the gradebook: why."
    done, _ = commanded(step("ada", late=1.5), step("b\nb", problem=problem), step("carl"))
    assert done.exit_code == 1
    assert "late: 1.5 points off." in done.stdout
    assert f"fault of ours b b: {problem}" in done.stderr
    assert "fault" not in done.stdout


def test_the_summary_tells_students_time_from_ours(commanded):
    done, wish = commanded(
        step("ada", given=graded(cpu_seconds=0.5)), step("bob", "reused"), step("carl", "skipped")
    )
    assert done.exit_code == 0
    lines = done.stderr.splitlines()
    assert lines[0].startswith("graded 1, reused 1, skipped 1 in ")
    assert lines[0].endswith(", 2 workers")
    assert "CPU time of each: 0.50 s the student's own, 1.00 s ours; beside these" in lines[1]
    assert lines[2] == "slowest: ada 2.0 s"
    assert lines[-1] == "log: .autograder/runs/now.jsonl"
    assert wish == grade.Wish(jail="auto")


def test_options_reach_the_run(commanded):
    options = ("-j", "3", "--student", "ada", "--force", "--cold", "--jail", "1", "--reseed")
    _, wish = commanded(step("ada"), options=options)
    assert wish == grade.Wish(("ada",), 3, "1", cold=True, force=True, reseed=True)


def test_an_interrupted_run_says_how_to_go_on(commanded):
    done, _ = commanded(step("ada"), interrupted=True)
    assert done.exit_code == 130
    assert "interrupted: 1 of 2 are done and kept. Run the same command again to go on." in (
        " ".join(done.stderr.split())
    )
    assert "1 submission, mean" in done.stdout
    done, _ = commanded(step("ada"), interrupted=True, options=("--force",))
    assert "Run the same command again, without --force, to go on." in " ".join(done.stderr.split())


def test_changes_are_shown_and_named_by_exercise(commanded):
    compared = (
        Change("zoe", 3.0, 4.5, (("sum", 1.0, 2.5),), "passed: all"),
        Change("ada", 5.0, 4.0, (("sum", 2.0, 1.0),), "[red]off", handed_in_again=True),
        Change("new", None, 4.0),
    )
    done, wish = commanded(step("ada"), options=("--changed-checks",), compared=compared)
    assert done.exit_code == 0
    assert wish.dry
    lines = [line.rstrip() for line in done.stdout.splitlines()]
    assert lines[1].split() == [
        "ada",
        "5",
        "4",
        "sum",
        "2",
        "→",
        "1",
        "Handed",
        "in",
        "again.",
        "[red]off",
    ]
    assert lines[2].split() == ["new", "-", "4", "Not", "graded", "before."]
    assert lines[3].split() == ["zoe", "3", "4.5", "sum", "1", "→", "2.5", "passed:", "all"]
    said = "1 would gain points, 1 would lose some, 0 would change otherwise, 1 not graded before."
    assert said in done.stdout
    assert "autograder grade 01-a writes these grades" in done.stdout


def test_nothing_can_be_compared_under_a_new_key(course):
    done = CliRunner().invoke(grade.command, ["01-a", "--changed-checks", "--reseed"])
    assert done.exit_code == 2
    assert "--reseed changes the inputs" in done.stderr


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.04, "0.0 s"),
        (59.94, "59.9 s"),
        (60.2, "1 min 0 s"),
        (250, "4 min 10 s"),
        (4801, "1 h 20 min"),
    ],
)
def test_times_are_written_as_a_person_would(seconds, text):
    assert class_table.duration(seconds) == text


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
def test_the_exit_code_says_whether_every_check_worked(commanded, problems, status):
    done, _ = commanded(step("ada", given=graded(problems=problems)))
    assert done.exit_code == status
    assert ("fault of ours ada: check 'a' raised KeyError" in done.stderr) == bool(problems)


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
