"""Signals at any moment: nothing that was done is lost, nothing is done twice, nothing is left."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from autograder.session.fonts import font_list
from autograder.session.scratch import LEFT
from tests.batch.conftest import WRONG, Class, hows
from tests.hostile.course import HONEST

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

ROUNDS = 7
"""Each of three moments: the run is killed, killed again, and then one of its workers."""

SUBMISSIONS = 12
SECONDS = 60.0


class Runs:
    """Runs of the command whose processes and folders can be told from all others."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.environment = {**os.environ, "TMPDIR": str(place), "OMP_NUM_THREADS": "1"}

    def start(self, made: Class, *options: str) -> subprocess.Popen[str]:
        """Start a run, and wait until it is about to hand out."""
        before = len(made.lines())
        run = subprocess.Popen(
            made.words("-j", "2", *options),
            cwd=made.root,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        deadline = time.monotonic() + SECONDS
        while not made.lines()[before:] and run.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        return run

    def finish(self, made: Class, *options: str) -> tuple[str, float]:
        """Run to the end; return what was said, and the seconds since it handed out."""
        run = self.start(made, *options)
        began = time.monotonic()
        said, _ = run.communicate(timeout=SECONDS)
        assert run.returncode == 0, said
        return said, time.monotonic() - began

    def processes(self) -> list[psutil.Process]:
        """Return all that live."""
        found = []
        for process in psutil.process_iter():
            try:
                if any(str(self.place) in value for value in process.environ().values()):
                    found.append(process)
            except (psutil.Error, OSError):
                continue
        return found

    def scratch(self) -> list[str]:
        """Return the folders of sessions."""
        return [path.name for path in self.place.iterdir() if LEFT.fullmatch(path.name)]


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runs]:
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(place))
    font_list()  # else the first session of each run would make it
    found = Runs(place)
    yield found
    for process in found.processes():
        process.kill()


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 90  # a slow and busy machine takes long to start workers
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def workers(run: subprocess.Popen[str]) -> list[psutil.Process]:
    found = []
    for child in psutil.Process(run.pid).children():
        try:
            if any("spawn_main" in word for word in child.cmdline()):
                found.append(child)
        except psutil.Error:
            continue
    return found


def gradings(made: Class) -> dict[str, set[tuple[int, str]]]:
    """Return who graded each submission, and when it was finished, in all logs together."""
    found = defaultdict(set)
    for lines in made.lines():
        for line in lines:
            if line["event"] in {"graded", "reused"}:
                found[line["student"]].add((line["worker"], line["finished"]))
    return found


def once(made: Class) -> None:
    """Assert that each submission has been graded, and once."""
    found = gradings(made)
    assert len(found) == SUBMISSIONS
    assert {student: len(times) for student, times in found.items()} == dict.fromkeys(found, 1)


@pytest.fixture
def dozen(make_class: Callable[[str], Class]) -> Class:
    made = make_class("dozen")
    for number in range(SUBMISSIONS):
        cells = WRONG if number % 3 == 0 else HONEST
        made.submit(f"student-{number:02d}", {**cells, "why": f"Because of {number}."})
    return made


def test_killed_at_any_moment(dozen: Class, runs: Runs, tmp_path: Path) -> None:
    course = tmp_path / "undisturbed"
    shutil.copytree(dozen.root, course)
    undisturbed = Class(course)
    _, whole = runs.finish(undisturbed)
    wanted = undisturbed.scores(), undisturbed.state()
    assert len(wanted[0]) == SUBMISSIONS
    dice = random.Random()
    # Somewhere between the first worker's start and the last grade.
    moments = [[dice.uniform(0.0, 1.1 * whole) for _ in range(3)] for _ in range(ROUNDS)]
    print("moments:", moments)  # noqa: T201 - shown where it fails

    def one_round(number: int) -> Class:
        made = Class(tmp_path / f"round-{number}")
        shutil.copytree(dozen.root, made.root)
        *kills, final = moments[number]
        for moment in kills:
            run = runs.start(made)
            time.sleep(moment)
            run.kill()
            run.communicate(timeout=SECONDS)
        run = runs.start(made)
        time.sleep(min(final, 0.6 * whole))
        victims = workers(run)
        if victims:
            random.choice(victims).kill()
        said, _ = run.communicate(timeout=SECONDS)
        assert run.returncode == 0, said
        once(made)
        assert (made.scores(), made.state()) == wanted
        assert not [path for path in made.results() if path.suffix != ".result"]
        return made

    with ThreadPoolExecutor(2) as both:
        *_, last = both.map(one_round, range(ROUNDS))
    said, _ = runs.finish(last)
    assert f"graded 0, skipped {SUBMISSIONS} " in said
    wait_until(lambda: not runs.processes())
    assert runs.scratch() == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_told_to_stop_keeps_what_is_done(
    dozen: Class, runs: Runs, number: signal.Signals
) -> None:
    dozen.submit("student-00", {**HONEST, "double": "import time\ntime.sleep(60)"})
    run = runs.start(dozen)
    # The one that sleeps holds up one worker; the other one has done some.
    wait_until(lambda: len(gradings(dozen)) > 2)
    began = time.monotonic()
    if number == signal.SIGINT:
        for process in [*workers(run), psutil.Process(run.pid)]:
            process.send_signal(number)  # as from a terminal
    else:
        run.send_signal(number)
    said, _ = run.communicate(timeout=SECONDS)
    assert time.monotonic() - began < 4.0  # on a busy machine
    assert run.returncode == 128 + number
    assert "Traceback" not in said
    done = gradings(dozen)
    assert f"interrupted: {len(done)} of {SUBMISSIONS} are done and kept." in said
    assert "Run the same command again to go on." in said
    assert [line["event"] for line in dozen.lines()[0]][-2:] == ["interrupted", "run-ended"]
    assert dozen.scores().keys() == done.keys()
    wait_until(lambda: not runs.processes())

    dozen.submit("student-00", HONEST)
    said, _ = runs.finish(dozen)
    assert f"skipped {len(done)}" in said
    once(dozen)
    assert runs.scratch() == []


KILLER = """
import os, signal, time

def parent(pid):
    with open(f"/proc/{pid}/stat") as file:
        return int(file.read().rpartition(")")[2].split()[1])

os.kill(parent(os.getpid()), signal.SIGKILL)
time.sleep(60)
"""


def test_a_submission_that_ends_its_worker_costs_no_other_its_grade(three: Class) -> None:
    """Without a jail it can; cold, since then the worker is the parent of its process."""
    three.submit("bob", {**HONEST, "double": KILLER})
    steps = three.grade(cold=True, jobs=2)
    assert hows(steps) == dict.fromkeys(("ada", "bob", "carl"), "graded")
    [bob] = [step for step in steps if step.student == "bob"]
    assert bob.outcome.grade.problems == (
        "grading it failed twice (the process that graded it died): mend that and grade it again",
    )
    assert three.scores() == {"ada": 5.0, "bob": 0.0, "carl": 3.0}
    why = [line["why"] for line in three.lines()[0] if line["event"] == "retried"]
    assert why == ["the process that graded it died"]
    assert len(three.results()) == 2

    three.submit("bob", HONEST)
    assert sorted(hows(three.grade()).values()) == ["reused", "skipped", "skipped"]
    assert three.scores()["bob"] == 5.0


def test_students_notebooks_are_graded_alike_warm_and_cold(three: Class) -> None:
    three.grade()
    scores, state = three.scores(), three.state()
    assert set(hows(three.grade(cold=True)).values()) == {"skipped"}
    assert set(hows(three.grade(cold=True, force=True)).values()) == {"graded"}
    assert (three.scores(), three.state()) == (scores, state)
