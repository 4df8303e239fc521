"""The three that grade the same class: our batch command, stock nbgrader, Otter-Grader.

Each works on a fresh copy of its course in a temporary folder, as a command of its own under
`autograder.bench.meter`, with one thread a process.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.bench.classic import Classic, search_path
from autograder.bench.population import Member
from autograder.course import Assignment, Course, notebook_stem
from autograder.errors import CourseError
from autograder.sample_class import submit

Scores = dict[str, dict[str, float]]
"""Points by student and exercise."""

Tick = Callable[[float], None]
"""Told now and then for how many seconds a command has been running."""

TICK = 0.5
TAIL = 2000
"""Characters of a failed command's output that are shown."""

RUN_LOGS = Path(".autograder") / "runs"

_OTTER_NEEDS = (
    "import otter, ipykernel, matplotlib, autograder.bench.in_kernel, reference; "
    "print(otter.__version__)"
)


@dataclass(frozen=True)
class Taken:
    """What one command took.

    Parameters
    ----------
    submissions
        How many it graded.
    wall_seconds, cpu_seconds
        Of the whole command, its start included.
    peaks
        Of each kind of process, see `autograder.bench.meter`.
    scores
        What it gave.
    log
        The lines of our own run log; empty for the others.
    grades
        Our own records, by student: with the notes that say why.
    report
        All that the meter said.
    """

    submissions: int
    wall_seconds: float
    cpu_seconds: float
    peaks: dict[str, dict[str, float]]
    scores: Scores
    log: list[dict[str, Any]] = field(default_factory=list)
    grades: dict[str, dict[str, Any]] = field(default_factory=dict)
    report: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Setting:
    """What all contenders share.

    Parameters
    ----------
    place
        Temporary folder; each run gets one of its own below.
    course
        A copy of the course without secrets, released, with an empty gradebook; read only.
    assignment
        Loaded from there.
    classic
        Makes the classic forms.
    read_scores
        Reads the points of the exercises from the gradebook of the course in a folder.
    """

    place: Path
    course: Course
    assignment: Assignment
    classic: Classic
    read_scores: Callable[[Path, str], Scores]

    @contextmanager
    def fresh(self, name: str) -> Iterator[Path]:
        """Make a folder for one run; it is removed afterwards."""
        folder = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self.place))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class Ours:
    """``autograder grade``.

    Parameters
    ----------
    setting
        What is graded.
    jobs
        Worker processes.
    options
        Further options of the command: the jail, a cold start.
    """

    setting: Setting
    jobs: int
    options: tuple[str, ...] = ()

    def grade(self, members: Sequence[Member], tick: Tick) -> Taken:
        """Grade these submissions from scratch; raise `CourseError` if that fails."""
        name = self.setting.assignment.name
        with self.setting.fresh("autograder") as place:
            folder = place / "course"
            shutil.copytree(self.setting.course.root, folder)
            submit(Course(folder), name, (member.sample for member in members))
            command = [sys.executable, "-m", "autograder.adapters.cli.main", "grade", name]
            command += ["--jobs", str(self.jobs), *self.options]
            report, said = run_measured(command, folder, tick)
            log = _run_log(folder)
            grades = {member.student: _record(folder, name, member.student) for member in members}
            if report["status"] not in (0, 1) or not all(grades.values()):
                # A class that was not graded takes no time.
                raise _failure("autograder grade", report, said)
            scores = self.setting.read_scores(folder, name)
        return _taken(members, report, scores, log, grades)


@dataclass(frozen=True)
class Nbgrader:
    """``nbgrader autograde`` with nbgrader's own settings, on the classic notebook.

    Parameters
    ----------
    setting
        What is graded.
    figures
        Draw the notebook's figures, too, as it does with any notebook.
    """

    setting: Setting
    figures: bool = False

    def prepare(self) -> None:
        """Release the classic notebook, once; raise `CourseError` if nbgrader fails."""
        folder = self._released
        self.setting.classic.write_course(folder, figures=self.figures)
        name = self.setting.assignment.name
        command = [sys.executable, "-m", "nbgrader", "generate_assignment", name]
        report, said = run_measured(command, folder, _ignore)
        if report["status"] != 0:
            raise _failure("nbgrader generate_assignment", report, said)

    def grade(self, members: Sequence[Member], tick: Tick) -> Taken:
        """Grade these submissions; raise `CourseError` if none of them gets a grade."""
        name = self.setting.assignment.name
        with self.setting.fresh("nbgrader") as place:
            folder = place / "course"
            shutil.copytree(self._released, folder)
            submit(Course(folder), name, (member.sample for member in members))
            command = [sys.executable, "-m", "nbgrader", "autograde", name]
            report, said = run_measured(command, folder, tick)
            scores = self.setting.read_scores(folder, name)
        if not scores:
            raise _failure("nbgrader autograde", report, said)
        return _taken(members, report, scores)

    @property
    def _released(self) -> Path:
        return self.setting.place / ("classic-figures" if self.figures else "classic")


@dataclass(frozen=True)
class Otter:
    """Otter-Grader's local run on the classic notebook, one process for all submissions.

    Parameters
    ----------
    setting
        What is graded.
    python
        A Python that has Otter-Grader, and what the checks and the notebook import.
    """

    setting: Setting
    python: str

    def version(self) -> str:
        """Return Otter-Grader's version; raise `CourseError` with the reason if it cannot run."""
        environment = _environment(self.setting.place, search_path())
        try:
            done = subprocess.run(
                [self.python, "-c", _OTTER_NEEDS],
                check=False,
                capture_output=True,
                text=True,
                env=environment,
            )
        except OSError as error:
            raise CourseError(f"{self.python} cannot be run ({error.strerror})") from error
        if done.returncode:
            lines = done.stderr.strip().splitlines()
            raise CourseError(f"{self.python}: {lines[-1] if lines else 'failed'}")
        return done.stdout.strip()

    def grade(self, members: Sequence[Member], tick: Tick) -> Taken:
        """Grade these submissions; raise `CourseError` if none of them gets a grade."""
        name = self.setting.assignment.release.name
        with self.setting.fresh("otter") as folder:
            archive, report_path = folder / "autograder.zip", folder / "scores.json"
            self.setting.classic.write_otter(archive)
            paths = {}
            for member in members:
                path = folder / member.student / name
                path.parent.mkdir()
                path.write_bytes(self.setting.classic.otter_submission(member.sample.content))
                paths[str(path)] = member.student
            script = str(Path(__file__).with_name("otter_run.py"))
            command = [self.python, script, str(archive), str(report_path), *paths]
            report, said = run_measured(command, folder, tick, search_path())
            found: dict[str, Any] = {}
            with suppress(OSError, ValueError):
                found = json.loads(report_path.read_text(encoding="utf-8"))
        scores = {paths[path]: points for path, points in found.items() if isinstance(points, dict)}
        if not scores:
            raise _failure("Otter-Grader", report, f"{said}\n{found or ''}")
        return _taken(members, report, scores)


def run_measured(
    command: Sequence[str], folder: Path, tick: Tick, search: str = ""
) -> tuple[dict[str, Any], str]:
    """Run a command in `folder` under the meter; return its report, and the end of what it said.

    `search` is its PYTHONPATH, if it needs one.
    """
    books, said = folder / "meter.json", folder / "said.txt"
    with said.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-I", "-m", "autograder.bench.meter", str(books), *command],
            cwd=folder,
            env=_environment(folder, search),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            _watch(process, tick)
        except BaseException:
            process.terminate()  # the meter hands it on, and waits for all that is left
            process.wait()
            raise
    text = said.read_text(encoding="utf-8", errors="replace")[-TAIL:]
    try:
        report: dict[str, Any] = json.loads(books.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise CourseError(f"the meter of {command[0]} failed:\n{text}", path=folder) from None
    return report, text


def _watch(process: subprocess.Popen[bytes], tick: Tick) -> None:
    seconds = 0.0
    while True:
        try:
            process.wait(TICK)
        except subprocess.TimeoutExpired:
            seconds += TICK
            tick(seconds)
        else:
            return


def _environment(folder: Path, search: str = "") -> dict[str, str]:
    """Return the environment of all contenders: one thread, no settings of the user's."""
    scripts = sysconfig.get_path("scripts")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("JUPYTER_")}
    return {
        **kept,
        "OMP_NUM_THREADS": "1",
        "PATH": os.pathsep.join(filter(None, (scripts, os.environ.get("PATH")))),
        "JUPYTER_CONFIG_DIR": str(folder / "no-settings"),
        **({"PYTHONPATH": search} if search else {}),
    }


def release(course: Course, assignment: str) -> Path:
    """Release an assignment, which creates the gradebook; return the staged notebook.

    Raises
    ------
    CourseError
        It cannot be released.
    """
    command = [sys.executable, "-m", "autograder.adapters.cli.main", "release", assignment]
    report, said = run_measured(command, course.root, _ignore)
    if report["status"] != 0:
        raise _failure("autograder release", report, said)
    return course.source / assignment / f"{notebook_stem(assignment)}.ipynb"


def copy_course(source: Course, root: Path, names: Sequence[str]) -> None:
    """Copy masters, releases and nbgrader's settings of some assignments, and nothing secret."""
    unwanted = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
    for name in names:
        for folder in (source.solutions, source.assignments):
            shutil.copytree(folder / name, root / folder.name / name, ignore=unwanted)
    shutil.copyfile(source.root / "nbgrader_config.py", root / "nbgrader_config.py")


def _taken(
    members: Sequence[Member],
    report: dict[str, Any],
    scores: Scores,
    log: list[dict[str, Any]] | None = None,
    grades: Mapping[str, dict[str, Any]] | None = None,
) -> Taken:
    return Taken(
        len(members),
        report["wall_seconds"],
        report["cpu_seconds"],
        report["peaks"],
        scores,
        log or [],
        dict(grades or {}),
        report,
    )


def _run_log(root: Path) -> list[dict[str, Any]]:
    paths = sorted((root / RUN_LOGS).glob("*.jsonl"))
    text = paths[-1].read_text(encoding="utf-8") if paths else ""
    return [json.loads(line) for line in text.splitlines()]


def _record(root: Path, assignment: str, student: str) -> dict[str, Any]:
    path = root / ".autograder" / "grades" / assignment / f"{student}.json"
    with suppress(OSError, ValueError):
        record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return record
    return {}


def _failure(what: str, report: Mapping[str, Any], said: str) -> CourseError:
    return CourseError(f"{what} failed (exit code {report['status']}). It said last:\n{said}")


def _ignore(_: float) -> None:
    return
