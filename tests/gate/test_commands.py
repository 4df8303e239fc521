"""``autograder explain`` and ``autograder gate``, as an instructor types them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from autograder import marked
from autograder.adapters.cli import explain, gate
from autograder.course import Course
from autograder.errors import CourseError
from autograder.gate import record
from autograder.gate.picture import drawn_from


def invoke(command: Any, *arguments: str) -> Result:
    return CliRunner().invoke(command, arguments, catch_exceptions=False)


@pytest.fixture
def here(toy: Course, monkeypatch: pytest.MonkeyPatch) -> Course:
    monkeypatch.chdir(toy.root)
    return toy


def more_mutants(course: Course, text: str) -> None:
    path = course.solutions / "01-toy" / "mutants.py"
    path.write_text(path.read_text() + text)


SURVIVOR = '''

@mutant("double", hint="Is it wrong?")
def survivor(x):
    """Is right after all."""
    return x + x
'''


def test_explain_shows_checks_and_matrix(here: Course) -> None:
    done = invoke(explain.command, "double", "--seeds", "2")
    assert done.exit_code == 0
    assert "double of 01-toy, 2 points" in done.output
    assert "1  of 1 is 2 (visible, 1 point)" in done.output
    assert "2  of any number (hidden, 1 point)" in done.output
    assert "tolerates close: entry by entry to 1e-06, with a note to 0.0001" in done.output
    [row] = [line for line in done.output.splitlines() if line.startswith("squared_instead")]
    assert row.split()[1:] == ["●", "●", "·"]
    assert "1 of 1 mistake lose points, each under 2 seeds." in done.output
    assert "notice nothing that nothing else notices: of 1 is 2; of any number." in done.output


def test_explain_names_a_mistake_that_is_not_noticed(here: Course) -> None:
    more_mutants(here, SURVIVOR)
    done = invoke(explain.command, "double")
    assert "NOT NOTICED under 5 of 5 seeds: survivor. Is right after all." in done.output


def test_explain_as_json_with_a_picture(here: Course) -> None:
    more_mutants(here, SURVIVOR)
    done = invoke(explain.command, "double", "--json", "--picture", "matrix.png")
    found = json.loads(done.stdout)
    assert found["assignment"] == "01-toy"
    assert [check["title"] for check in found["checks"]] == ["of 1 is 2", "of any number"]
    assert found["mutants"]["squared_instead"] == {
        "title": "Squared.",
        "kills": [5, 5, 0],
        "lost": 5,
    }
    assert (found["kill_rate"], found["survivors"]) == (0.5, ["survivor"])
    assert drawn_from(Path("matrix.png"))


def test_explain_of_what_there_is_not(here: Course) -> None:
    with pytest.raises(CourseError, match="no assignment has an exercise 'triple'; there are:"):
        invoke(explain.command, "triple")
    with pytest.raises(CourseError, match="has no assignment '07-none'; there are 01-toy"):
        invoke(explain.command, "double", "--assignment", "07-none")


def test_gate_measures_keeps_and_does_not_measure_again(
    here: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks = here.root / "docs" / "checks.md"
    checks.write_text(f"before\n{marked.BEGIN}\nold\n{marked.END}\nafter\n")
    done = invoke(gate.command, "--seeds", "4", "-j", "1", "--write")
    assert done.exit_code == 0, done.output
    before, figures, after = re.split("<!-- figures: .* -->", checks.read_text())
    assert (before, after) == ("before\n", "\nafter\n")
    assert "| 01 `double` | " in figures
    assert "- False fails: 0 of 8 trials of right answers" in figures
    assert "False fails: 0 of 8 trials of right answers" in done.output
    page = (here.root / "docs" / "kill-matrix.md").read_text()
    assert "### double" in page
    picture = here.root / "docs" / "kill-matrix-01-toy.png"
    assert drawn_from(picture)
    assert len(record.read(here.root / record.FILE)) == 2
    asked: list[object] = []
    monkeypatch.setattr(gate, "measure", lambda _course, todo, *_: asked.extend(todo) or [])
    again = invoke(gate.command, "--seeds", "4", "01-toy")
    assert again.output == done.output
    assert asked == []
    invoke(gate.command, "--seeds", "4", "--force")
    assert len(asked) == 2


def test_gate_fails_for_a_mistake_that_loses_no_points(here: Course) -> None:
    more_mutants(here, SURVIVOR)
    done = invoke(gate.command, "--seeds", "1", "-j", "1")
    assert done.exit_code == 1
    assert "LOSES NO POINTS: double/survivor" in done.output
    assert not (here.root / record.FILE).exists()


def test_gate_fails_for_a_right_answer_that_loses_some(here: Course) -> None:
    path = here.solutions / "01-toy" / "variants.py"
    path.write_text(path.read_text().replace("+ 0.0 * x", "+ 0.01 * (np.asarray(x) != 1.0)"))
    done = invoke(gate.command, "--seeds", "4", "-j", "1")
    assert done.exit_code == 1
    assert "FALSE FAIL: double/added, seed 1: 'of any number': " in done.output
