"""Every case of the hostile list, at each level that holds it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbgrader.converters import GenerateFeedback

from autograder.adapters.nbgrader.app import course_directory, load_config
from autograder.adapters.nbgrader.pages import FeedbackExporter
from autograder.course import Course
from autograder.grading.grade import Grader
from autograder.grading.notebook import write_grade
from autograder.grading.restoring import Restorer
from autograder.results import Grade
from autograder.sample_class import fill
from tests.hostile.catalogue import CASES, LEVELS, table
from tests.hostile.conftest import Ground
from tests.hostile.course import HONEST, NAME, POINTS
from tests.hostile.model import Attack, Case, Seen, World, save

HELD = [
    pytest.param(case, level, start, id=f"{case.number:02d}-level{level}-{start}")
    for case in CASES
    for level in LEVELS
    for start in ("warm", "cold")
    if level in case.held_by
]


@pytest.mark.parametrize(("case", "level", "start"), HELD)
def test_the_case_is_held(case: Case, level: int, start: str, ground: Ground) -> None:
    ground.warm = start == "warm"
    grader = ground.grader(level)
    before = ground.watcher.picture()
    for attack in case.attacks:
        if level in attack.levels:
            try_it(attack, ground, level)
    honest = ground.grade_honest(level)
    assert (honest.score, honest.status, honest.problems) == (5.0, "graded", ())
    assert honest.as_json()["jail"] == level
    assert grader.launcher.level == level
    assert ground.watcher.differences(before) == []
    assert ground.beacon.heard() == []


def try_it(attack: Attack, ground: Ground, level: int) -> None:
    """Grade an attack and compare what comes of it with what should."""
    folder = ground.world.course / "submitted" / "mallory" / NAME
    folder.mkdir(parents=True)
    try:
        write(attack, folder, ground, ground.world)
        grader = ground.grader(level, attack.limits)
        grade = grader.grade_folder(folder)
        judge(attack, grade, ground)
        if attack.look is not None:
            attack.look(seen(grader, folder, grade))
    finally:
        shutil.rmtree(folder.parent)


def write(attack: Attack, folder: Path, ground: Ground, world: World) -> None:
    """Write what is handed in."""
    cells = {name: world.fill(source) for name, source in attack.cells.items()}
    release = nbformat.read(ground.assignment.release, as_version=4)
    notebook = json.loads(nbformat.writes(fill(release, HONEST | cells)))
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"])
    if attack.write is None:
        save(notebook, folder)
    else:
        attack.write(notebook, folder, world)


def judge(attack: Attack, grade: Grade, ground: Ground) -> None:
    """Assert status, points, messages, and that nothing secret is shown."""
    name = attack.name
    assert grade.status == attack.status, (name, grade.reason, grade.repairs)
    assert grade.problems == (), name
    assert re.search(attack.reason, " ".join([grade.reason, *grade.repairs])), (name, grade.repairs)
    for exercise in grade.exercises:
        lost = attack.lost.get(exercise.name)
        found = (name, exercise.name, exercise.status, exercise.message)
        if attack.status == "rejected":
            assert (exercise.points, exercise.status) == (0.0, "error"), found
            assert grade.reason in exercise.message, found
        elif lost is None:
            assert (exercise.points, exercise.status) == (POINTS[exercise.name], "passed"), found
        else:
            assert exercise.points == 0.0, found
            assert exercise.status in lost.status.split("|"), found
            messages = "\n".join(check.message for check in exercise.checks)
            assert re.search(lost.says, messages, re.DOTALL), found
            assert len(messages) < 10_000, name
    shown = json.dumps(grade.as_json()) + repr(grade.outputs)
    secrets = {**ground.target.canaries, "the environment": ground.environment}
    assert [what for what, secret in secrets.items() if secret in shown] == [], name


def seen(grader: Grader, folder: Path, grade: Grade) -> Seen:
    """Return what an attack left on our side."""
    notebook = Restorer(grader.assignment).restore_folder(folder).notebook
    write_grade(notebook, grade)
    return Seen(grade, notebook, lambda: page(grader, notebook))


def page(grader: Grader, notebook: nbformat.NotebookNode) -> str:
    """Return the feedback page of a graded notebook, as this course is configured."""
    course = Course(grader.assignment.solutions.parents[1])
    config = load_config(course)
    # Knows where nbgrader's templates lie.
    converter = GenerateFeedback(coursedir=course_directory(course, config), config=config)
    for cell in notebook.cells:
        cell.metadata.nbgrader = {"score": 1.0, "comment": "", **cell.metadata.get("nbgrader", {})}
    marks = {"score": 5.0, "max_score": 6.0, "late_penalty": 0.0}
    resources = {"nbgrader": marks, "metadata": {"name": "target"}}
    shown, _ = FeedbackExporter(config=converter.config).from_notebook_node(notebook, resources)
    return shown


HELD_BY_THE_JAIL = (6, 7, 24, 30, 31, 33, 35, 36, 37, 38, 39, 40, 61, 62, 63)
"""Of these, what the first attack tries would succeed without a jail, and hurt nobody."""


@pytest.mark.parametrize("number", HELD_BY_THE_JAIL)
def test_without_a_jail_it_would_be_noticed(number: int, ground: Ground) -> None:
    """The attacks are real ones, and the test above would fail."""
    with pytest.raises(AssertionError):
        try_it(CASES[number - 1].attacks[0], ground, level=0)
    assert bool(ground.beacon.heard()) == (number == 37)


def test_a_leftover_would_be_noticed(ground: Ground, tmp_path: Path) -> None:
    before = ground.watcher.picture()
    assert ground.watcher.differences(before) == []
    gradebook = ground.world.course / "gradebook.db"
    traces = [ground.temporary / "scratch", Path("/dev/shm") / ground.world.mark]
    with (
        gradebook.open("ab") as opened,
        subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as left,
    ):
        for trace in traces:
            trace.touch()
        found = "\n".join(ground.watcher.differences(before))
        assert opened.name
        left.kill()
    for trace in traces:
        trace.unlink()
    for what in (f"{traces[0]} is", f"{traces[1]} is new", f"process {left.pid}", "open files"):
        assert what in found
    assert ground.watcher.differences(before) == []


def test_the_list_is_complete() -> None:
    assert [case.number for case in CASES] == list(range(1, 87))
    for case in CASES:
        assert case.attacks, case.number
        assert 3 in case.held_by, case.number
        assert bool(case.gap) == (1 not in case.held_by), case.number
        for level in case.held_by:
            assert any(level in attack.levels for attack in case.attacks), case.number


def test_the_table_has_a_row_for_each() -> None:
    lines = table().splitlines()
    assert len(lines) == 2 + len(CASES)
    assert all(line.count(" | ") == 3 for line in lines)
