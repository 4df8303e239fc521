"""What is kept of the gate's figures, and the pages made of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from autograder.course import Course
from autograder.errors import CourseError
from autograder.gate import page, record
from autograder.gate.matrix import columns_of, kill_matrix
from autograder.gate.measure import MANY, Task, measure, missing, tasks
from autograder.gate.picture import digest, drawn_from
from autograder.gate.record import Measured, Trials
from autograder.gate.solved import LAB, solve
from autograder.gate.trials import FalseFail

ROOT = Path(__file__).parents[2]
COURSE = Course(ROOT)
KEPT = page.by_key(record.read(ROOT / record.FILE))
EXERCISES = [task.key for task in tasks(COURSE)]
AGAIN = "Run: autograder gate --full --write"


@pytest.fixture
def measured(toy: Course) -> list[Measured]:
    return list(measure(toy, tasks(toy, seeds=6), jobs=1))


def test_a_course_is_measured_exercise_by_exercise(toy: Course) -> None:
    told: list[tuple[str, float, float]] = []
    wanted = tasks(toy, seeds=6)
    assert wanted == [Task("01-toy", "double", 6), Task("01-toy", "Counter", 6)]
    found = page.by_key(measure(toy, wanted, 1, lambda *what: told.append(what)))
    double = found["01-toy", "double"]
    assert double.matrix == kill_matrix(solve(toy, "01-toy"), "double")
    assert double.trials == Trials(entries=2, seeds=6)
    assert found["01-toy", "Counter"].trials == Trials(entries=1, seeds=6)
    assert double.versions.keys() == {"python", "numpy", "torch", "ipython"}
    done = [seconds for _, seconds, _ in told]
    assert done == sorted(done)
    assert done[-1] == pytest.approx(told[-1][2])


def test_a_lab_has_no_seeds_of_its_own() -> None:
    seeds = {task.exercise: task.seeds for task in tasks(COURSE, ["03-sgd"], 7)}
    assert seeds["train"] == 7
    assert seeds["lab_digits"] == 0


def test_false_fails_are_kept_with_seed_and_reason(toy: Course) -> None:
    path = toy.solutions / "01-toy" / "variants.py"
    path.write_text(path.read_text().replace("+ 0.0 * x", "+ 0.01 * (np.asarray(x) > 1.1)"))
    [found] = measure(toy, [Task("01-toy", "double", 12)], 1)
    assert found.trials.failures
    for failure in found.trials.failures:
        assert (failure.entry, failure.check) == ("added", "of any number")


def test_what_is_written_is_read_again(measured: list[Measured], tmp_path: Path) -> None:
    path = tmp_path / "gate.json"
    failed = FalseFail("added", 3, "of any number", 'said "no"')
    measured[0] = Measured(
        *(getattr(measured[0], name) for name in ("assignment", "matrix")),
        Trials(2, 6, (failed,)),
        *(getattr(measured[0], name) for name in ("fingerprint", "date", "versions")),
    )
    record.write(path, page.by_key(measured))
    assert record.read(path) == measured
    assert json.loads(path.read_text())[0]["trials"]["failures"][0]["seed"] == 3
    assert list(tmp_path.glob("*.new")) == []
    assert record.read(tmp_path / "none.json") == []


@pytest.mark.parametrize("text", ["{", "[{}]", '[{"mutants": 3}]', "3"])
def test_a_record_that_cannot_be_read(tmp_path: Path, text: str) -> None:
    path = tmp_path / "gate.json"
    path.write_text(text)
    with pytest.raises(CourseError, match=r"cannot be read .* autograder gate --write"):
        record.read(path)


def test_only_what_is_missing_is_measured(toy: Course, measured: list[Measured]) -> None:
    known = page.by_key(measured)
    assert missing(toy, tasks(toy, seeds=6), known) == []
    assert missing(toy, tasks(toy, seeds=5), known) == []
    assert missing(toy, tasks(toy, seeds=7), known) == tasks(toy, seeds=7)
    assert missing(toy, tasks(toy, seeds=6), {}) == tasks(toy, seeds=6)


@pytest.mark.parametrize("file", ["mutants.py", "variants.py", "hidden_checks.py", "toy.py"])
def test_what_has_changed_is_measured_again(
    toy: Course, measured: list[Measured], file: str
) -> None:
    path = toy.solutions / "01-toy" / file
    changed = {"mutants.py": "x**2", "variants.py": "/ 2 * 4", "hidden_checks.py": "3.0"}
    old = changed.get(file, "Twice a number")
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, f"{old} "))
    again = [task.exercise for task in missing(toy, tasks(toy, seeds=6), page.by_key(measured))]
    whole = file in ("hidden_checks.py", "toy.py")
    # Spaces change no entry's source, which is unparsed.
    assert again == (["double", "Counter"] if whole else [])
    path.write_text(path.read_text().replace("x**2", "x**3").replace("/ 2 * 4", "/ 4 * 8"))
    again = [task.exercise for task in missing(toy, tasks(toy, seeds=6), page.by_key(measured))]
    assert again == (["double", "Counter"] if whole else ["double"])


# --- what is committed ----------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "exercise"), EXERCISES)
def test_the_committed_matrix_is_that_of_the_checks(name: str, exercise: str) -> None:
    solved = solve(COURSE, name)
    assert (name, exercise) in KEPT, AGAIN
    kept = KEPT[name, exercise].matrix
    titles = {entry.name: entry.title for entry in solved.mistakes(exercise)}
    assert dict(kept.titles) == titles, AGAIN
    assert kept.columns == columns_of(solved, exercise), AGAIN
    assert kept.killed == tuple(kept.kills)
    if exercise.startswith(LAB):
        return
    now = kill_matrix(solved, exercise, seeds=1)
    differ = [
        (mistake, column.title)
        for mistake, row in now.kills.items()
        for column, count, before in zip(now.columns, row, kept.kills[mistake], strict=True)
        if (before == kept.seeds and not count) or (not before and count)
    ]
    assert differ == [], AGAIN


@pytest.mark.parametrize(("name", "exercise"), EXERCISES)
def test_no_right_answer_failed_in_the_committed_trials(name: str, exercise: str) -> None:
    assert (name, exercise) in KEPT, AGAIN
    trials = KEPT[name, exercise].trials
    assert trials.failures == ()
    assert trials.seeds == (0 if exercise.startswith(LAB) else MANY), AGAIN
    assert trials.entries == len(solve(COURSE, name).right(exercise)), AGAIN


@pytest.mark.parametrize("make", [page.rates_table, page.summary])
def test_the_figures_of_the_checks_page_are_those_of_the_record(make: object) -> None:
    assert callable(make)
    wanted = make(list(KEPT.values()))
    stands = wanted in (ROOT / "docs" / "checks.md").read_text(encoding="utf-8")
    assert stands, f"checks.md is out of date. What has to stand there:\n{wanted}"


def test_the_odds_of_the_checks_page_are_computed() -> None:
    wanted = page.odds_table()
    stands = wanted in (ROOT / "docs" / "checks.md").read_text(encoding="utf-8")
    assert stands, f"checks.md is out of date. What has to stand there:\n{wanted}"


def test_the_kill_matrix_page_is_that_of_the_record() -> None:
    path = ROOT / "docs" / "kill-matrix.md"
    assert path.read_text(encoding="utf-8") == page.kill_page(list(KEPT.values())), AGAIN


@pytest.mark.parametrize("name", COURSE.names)
def test_a_picture_is_that_of_the_record_and_small(name: str) -> None:
    path = ROOT / "docs" / page.picture_name(name)
    matrices = [one.matrix for key, one in KEPT.items() if key[0] == name]
    assert drawn_from(path) == digest(matrices), AGAIN
    assert path.stat().st_size < 150_000
