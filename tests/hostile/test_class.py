"""A class of 30, every third of it hostile, graded by the command that instructors use."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from autograder.adapters.nbgrader.app import course_directory
from autograder.adapters.nbgrader.gradebook import open_gradebook
from autograder.course import Course
from tests.hostile.catalogue import CASES
from tests.hostile.conftest import Ground
from tests.hostile.course import HONEST, NAME, POINTS, build, submit
from tests.hostile.host import Watcher
from tests.hostile.model import Attack, World
from tests.hostile.test_cases import write

HOSTILE = (1, 6, 9, 14, 27, 36, 37, 45, 68, 79)
"""A deadline, processes, memory, disk, an end, files, the network, lies, forged frames, a link."""

JOBS = 2
START_SECONDS = 60.0
"""For imports, the jail's test and the gradebook, on a busy machine."""

HONEST_SECONDS = 10.0


def submit_class(ground: Ground, world: World) -> dict[str, Attack | None]:
    """Write 29 submissions beside the one that is there; return who tries what."""
    numbers = iter(HOSTILE)
    tried: dict[str, Attack | None] = {"ada": None}
    for place in range(29):
        attack = CASES[next(numbers) - 1].attacks[0] if place % 3 == 1 else None
        student = f"{place:02d}-{'mallory' if attack else 'honest'}"
        folder = submit(Course(world.course), student, HONEST)
        if attack is not None:
            (folder / "target.ipynb").unlink()
            write(attack, folder, ground, world)
        tried[student] = attack
    return tried


def expected(attack: Attack | None) -> float:
    """Return the points that a submission earns."""
    if attack is not None and attack.status == "rejected":
        return 0.0
    return sum(POINTS.values()) - sum(POINTS[name] for name in (attack.lost if attack else ()))


@pytest.mark.parametrize("level", [3, 1])
def test_honest_submissions_of_a_hostile_class_earn_everything(
    level: int, ground: Ground, tmp_path: Path
) -> None:
    ground.grader(level)  # skips where there is no such jail, and fills the caches
    target = build(tmp_path)
    there = ground.world
    world = World(
        target.course.root, target.home, there.repository, there.packages, there.mark, there.port
    )
    tried = submit_class(ground, world)
    trees = [world.course / name for name in ("submitted", "solutions", "assignments")]
    watcher = Watcher([*trees, target.home, ground.temporary], world.mark)
    before = watcher.picture()
    deadlines = sum(attack.limits.notebook_wall for attack in tried.values() if attack)
    honest = HONEST_SECONDS * sum(attack is None for attack in tried.values())
    bound = (deadlines + honest) / JOBS + START_SECONDS

    began = time.monotonic()
    program = Path(sys.executable).parent / "autograder"
    done = subprocess.run(
        [program, "grade", NAME, "--jobs", str(JOBS), "--jail", str(level)],
        cwd=world.course,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=bound,
    )
    took = time.monotonic() - began

    assert done.returncode == 0, done.stdout + done.stderr
    grades = world.course / ".autograder" / "grades" / NAME
    found = {path.stem: json.loads(path.read_text()) for path in grades.glob("*.json")}
    assert found.keys() == tried.keys()
    assert {name: grade["score"] for name, grade in found.items()} == {
        name: expected(attack) for name, attack in tried.items()
    }
    with open_gradebook(course_directory(target.course).db_url) as gradebook:
        rows = {row.student.id: row.score for row in gradebook.assignment_submissions(NAME)}
    assert rows == {name: grade["score"] for name, grade in found.items()}
    assert {grade["jail"] for grade in found.values()} == {level}
    assert sum(grade["score"] == 5.0 for grade in found.values()) == 20
    assert all(name in done.stdout for name in tried)
    assert took < bound
    assert watcher.differences(before) == []
    assert ground.beacon.heard() == []
    shown = done.stdout + done.stderr + json.dumps(found)
    secrets = {**target.canaries, "the environment": ground.environment}
    assert [what for what, secret in secrets.items() if secret in shown] == []
