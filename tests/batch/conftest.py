"""A course of one tiny assignment, and a class whose submissions are graded in no time."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from autograder.adapters.cli.grade import Wish, run_class
from autograder.adapters.cli.stopping import Stopping
from autograder.adapters.nbgrader.app import course_directory, quiet_sqlalchemy
from autograder.adapters.nbgrader.gradebook import open_gradebook
from autograder.batch.run import Run
from autograder.batch.step import Step
from autograder.course import Course
from tests.hostile.course import HONEST, NAME, build, submit

WRONG = {**HONEST, "double": "def double(x):\n    return 3 * x"}
QUIET = Console(quiet=True)


class Class:
    """A course with submissions, and what one asks of it."""

    def __init__(self, root: Path) -> None:
        self.course = Course(root)
        self.root = root

    def submit(self, student: str, cells: dict[str, str]) -> Path:
        """Write a submission; return its folder."""
        return submit(self.course, student, cells)

    def grade(self, **wish: Any) -> list[Step]:
        """Grade without a jail, in this process's workers."""
        return self.run(**wish)[1]

    def run(self, **wish: Any) -> tuple[Run, list[Step]]:
        """Like `grade`; also return the run."""
        asked = Wish(**{"jail": "unsafe", "jobs": 1, **wish})
        return run_class(self.course, NAME, asked, QUIET, Stopping())

    def command(self, *options: str) -> subprocess.CompletedProcess[str]:
        """Run ``autograder grade``."""
        return subprocess.run(
            self.words(*options),
            cwd=self.root,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    @staticmethod
    def words(*options: str) -> list[str]:
        """Return the command line."""
        program = str(Path(sys.executable).parent / "autograder")
        return [program, "grade", NAME, "--unsafe", *options]

    def scores(self) -> dict[str, float]:
        """Return what the gradebook says."""
        url = course_directory(self.course).db_url
        with quiet_sqlalchemy(), open_gradebook(url) as gradebook:
            rows = gradebook.assignment_submissions(NAME)
            return {row.student.id: row.score for row in rows}

    def lines(self) -> list[list[dict[str, Any]]]:
        """Return all logs, each as its lines."""
        logs = sorted((self.root / ".autograder" / "runs").glob("*.jsonl"))
        return [[json.loads(line) for line in log.read_text().splitlines()] for log in logs]

    def state(self) -> dict[str, bytes]:
        """Return what grading leaves, but logs, keys and databases: path and bytes."""
        places = ("autograded", f".autograder/grades/{NAME}", f".autograder/results/{NAME}")
        paths = [path for place in places for path in (self.root / place).rglob("*")]
        return {
            str(path.relative_to(self.root)): b"" if path.suffix == ".result" else path.read_bytes()
            for path in paths
            if path.is_file()
        }

    def records(self) -> Path:
        """Return the folder of records."""
        return self.root / ".autograder" / "grades" / NAME

    def results(self) -> list[Path]:
        """Return the files of the store."""
        return sorted((self.root / ".autograder" / "results" / NAME).glob("*"))

    @property
    def hidden_checks(self) -> Path:
        """The file that a check is edited in."""
        return self.course.solutions / NAME / "hidden_checks.py"


def hows(steps: Sequence[Step]) -> dict[str, str]:
    """Return what was done for whom."""
    return {step.student: step.how for step in steps}


@pytest.fixture(scope="session", autouse=True)
def quick_imports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Spare every process here a grammar that jsonschema would read, for a format of addresses.

    It takes a second, which is most of what these runs would take. Without it, jsonschema does not
    check that format; notebooks have none.
    """
    place = tmp_path_factory.mktemp("path")
    (place / "rfc3987_syntax.py").write_text("raise ImportError\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(place), prepend=os.pathsep)
        yield


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The course as it was released, without submissions."""
    root = build(tmp_path_factory.mktemp("batch")).course.root
    shutil.rmtree(root / "submitted")
    return root


@pytest.fixture
def make_class(built: Path, tmp_path: Path) -> Callable[[str], Class]:
    """Make a course without submissions, under a name."""

    def make(name: str = "course") -> Class:
        shutil.copytree(built, tmp_path / name)
        return Class(tmp_path / name)

    return make


@pytest.fixture
def three(make_class: Callable[[], Class]) -> Class:
    """Ada's and Bob's submissions are right, Carl's is not."""
    made = make_class()
    made.submit("ada", HONEST)
    made.submit("bob", {**HONEST, "why": "Because of Bob."})
    made.submit("carl", WRONG)
    return made
