"""One class, three ways to grade it, one gradebook.

`autograder grade` with one and with two workers and `nbgrader autograde` must agree in scores,
maxima, needs_manual_grade, comments and late penalties, broken files and late submissions
included; and a re-grade must keep what a person gave.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook
from nbgrader.converters import Autograde

from autograder.adapters.nbgrader.app import course_directory, load_config, quiet_sqlalchemy
from autograder.adapters.nbgrader.gradebook import register
from autograder.adapters.nbgrader.plugin import RestoringExporter, restorer, submissions
from autograder.adapters.nbgrader.writer import Writer, write_feedback
from autograder.course import Course
from autograder.errors import CourseError
from autograder.grading.grade import Grader
from autograder.grading.notebook import autograded_text
from autograder.release.staging import stage
from autograder.sample_class import make_class, submit
from tests.adapters.nbgrader.gradebook_rows import rows_of

NAME = "02-backprop"
LATE = "03-late"
Run = Callable[..., subprocess.CompletedProcess[str]]
Dump = dict[str, dict[str, object]]


def run(course: Course, tool: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).parent / tool
    return subprocess.run(
        [program, *arguments],
        cwd=course.root,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


@pytest.fixture(scope="module")
def submitted(real_course: Course, tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A course with a class of submissions, a due date, a late penalty, and a course key."""
    root = tmp_path_factory.mktemp("class") / "course"
    shutil.copytree(real_course.root, root)
    course = Course(root)
    assignment = course.load(NAME)
    staged = nbformat.read(stage(course, NAME), as_version=4)
    samples = list(make_class(assignment, staged))
    late = samples[2].__class__(LATE, samples[2].file_name, samples[2].content)
    submit(course, NAME, iter([*samples, late]))
    (root / "submitted" / LATE / NAME / "timestamp.txt").write_text("2026-02-01 00:00:00 UTC\n")
    hostile = root / "submitted" / "01-perfect" / NAME
    (hostile / "timestamp.txt").write_text("the day after tomorrow")
    (hostile / "secret.txt").symlink_to("/etc/hostname")
    (root / "submitted" / "nobody" / NAME).mkdir(parents=True)
    with (root / "nbgrader_config.py").open("a") as config:
        config.write('\nc.LateSubmissionPlugin.penalty_method = "zero"\n')
    prepare(course)
    key = root / ".autograder" / "course.key"
    key.parent.mkdir()
    key.write_text("ab" * 32)
    return course


def url(course: Course) -> str:
    return str(course_directory(course).db_url)


def prepare(course: Course) -> None:
    register(course, NAME, url(course))
    with quiet_sqlalchemy(), Gradebook(url(course)) as gradebook:
        gradebook.update_or_create_assignment(NAME, duedate="2026-01-15 00:00:00 UTC")


def copy(course: Course, root: Path) -> Course:
    shutil.copytree(course.root, root, symlinks=True)
    return Course(root)


def dump(course: Course) -> Dump:
    found: Dump = {}
    with quiet_sqlalchemy(), Gradebook(url(course)) as gradebook:
        for submission in gradebook.find_assignment(NAME).submissions:
            (notebook,) = submission.notebooks
            found[submission.student.id] = {
                "score": submission.score,
                "max_score": submission.max_score,
                "needs_manual_grade": submission.needs_manual_grade,
                "timestamp": str(submission.timestamp),
                "late": notebook.late_submission_penalty,
                "grades": sorted(
                    (g.name, g.auto_score, g.manual_score, g.max_score, g.needs_manual_grade)
                    for g in notebook.grades
                ),
                "comments": sorted(
                    (c.name, c.auto_comment, c.manual_comment) for c in notebook.comments
                ),
            }
    return found


@pytest.fixture(scope="module")
def graded(submitted: Course, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Course]:
    """The class, graded in three ways."""
    place = tmp_path_factory.mktemp("ways")
    ways = {way: copy(submitted, place / way) for way in ("jobs-1", "jobs-2", "nbgrader")}
    for jobs in ("1", "2"):
        done = run(ways[f"jobs-{jobs}"], "autograder", "grade", NAME, "--jobs", jobs)
        assert done.returncode == 0, done.stderr
        jail = done.stderr.splitlines()[0]
        assert re.fullmatch(r"jail: level [13] \((bubblewrap|Landlock)\), tested", jail)
    done = run(ways["nbgrader"], "nbgrader", "autograde", NAME)
    assert done.returncode == 0, done.stderr
    return ways


def test_three_ways_one_gradebook(graded: dict[str, Course]) -> None:
    books = {way: dump(course) for way, course in graded.items()}
    assert books["jobs-1"] == books["jobs-2"] == books["nbgrader"]
    assert len(books["jobs-1"]) == 15, "an empty folder has no row, all others have one"
    one, two, theirs = (rows_of(url(course)) for course in graded.values())
    assert one == two == theirs, "every column of every table"


def test_the_scores_are_those_of_the_class(graded: dict[str, Course]) -> None:
    book = dump(graded["jobs-2"])
    by_label = {student[3:]: row for student, row in book.items()}
    whole = by_label["perfect"]["score"]
    assert whole
    for same in ("renamed", "duplicated-cell", "utf-16"):
        assert by_label[same]["score"] == whole
    for nothing in ("untouched", "cut-off", "unknown-format"):
        assert by_label[nothing]["score"] == 0
    assert 0 < by_label["half-done"]["score"] < whole  # type: ignore[operator]
    assert by_label["late"]["late"] == by_label["late"]["score"] > 0  # type: ignore[operator]
    assert by_label["perfect"]["timestamp"] == "None", "an unreadable timestamp counts as none"


def test_the_notebooks_are_the_same(graded: dict[str, Course]) -> None:
    first, *others = (
        {
            path.relative_to(course.root): nbformat.read(path, as_version=4)
            for path in sorted((course.root / "autograded").rglob("*.ipynb"))
        }
        for course in graded.values()
    )
    assert len(first) == 15
    assert all(other == first for other in others)


def test_nothing_else_of_a_submission_is_copied(graded: dict[str, Course]) -> None:
    for course in graded.values():
        files = {path.name for path in (course.root / "autograded").rglob("*") if path.is_file()}
        assert files == {"backprop.ipynb"}


def test_submissions_stay_as_they_were(submitted: Course, graded: dict[str, Course]) -> None:
    def content(course: Course) -> dict[Path, bytes]:
        folder = course.root / "submitted"
        return {
            path.relative_to(folder): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file() and not path.is_symlink()
        }

    assert all(content(course) == content(submitted) for course in graded.values())


def test_every_score_that_nbgrader_reads_is_a_plain_float(graded: dict[str, Course]) -> None:
    for path in (graded["jobs-1"].root / "autograded").rglob("*.ipynb"):
        for cell in nbformat.read(path, as_version=4).cells:
            marks = cell.metadata.get("nbgrader", {})
            if not (marks.get("grade") and cell.cell_type == "code"):
                continue
            kinds = [output.output_type for output in cell.outputs]
            assert kinds == ["display_data", "execute_result"]
            assert 0 <= float(cell.outputs[1].data["text/plain"]) <= marks["points"]


@pytest.mark.parametrize("way", ["jobs-2", "nbgrader"])
def test_a_regrade_keeps_what_a_person_gave(
    way: str, graded: dict[str, Course], tmp_path: Path
) -> None:
    course = copy(graded[way], tmp_path / "again")
    student = "01-perfect"
    with quiet_sqlalchemy(), Gradebook(url(course)) as gradebook:
        (notebook,) = gradebook.find_submission(NAME, student).notebooks
        written = next(grade for grade in notebook.grades if grade.auto_score is None)
        name = written.name
        written.manual_score = 1.5
        gradebook.find_comment(name, "backprop", NAME, student).manual_comment = "Nice."
        gradebook.db.commit()
    if way == "nbgrader":
        done = run(course, "nbgrader", "autograde", NAME, "--student", student, "--force")
    else:
        done = run(course, "autograder", "grade", NAME, "--student", student, "--force")
    assert done.returncode == 0, done.stderr
    row = dump(course)[student]
    assert (name, None, 1.5, 2.0, True) in row["grades"]  # type: ignore[operator]
    assert (name, None, "Nice.") in row["comments"]  # type: ignore[operator]


NAMES = ("x [x]", "Doe, Jane [jd123]", "a*?", "-f", "O'Hara {0}", "Zo\u00eb", " pad ", "50%")


@pytest.fixture
def odd(submitted: Course, tmp_path: Path) -> Course:
    """A course whose students bear unusual names, and nobody else."""
    course = copy(submitted, tmp_path / "odd")
    shutil.rmtree(course.root / "submitted")
    for name in (*NAMES, "line\nbreak", os.fsdecode(b"latin-\xe9")):
        shutil.copytree(
            submitted.root / "submitted" / "01-perfect" / NAME,
            course.root / "submitted" / name / NAME,
            symlinks=True,
        )
    (course.root / "submitted" / "x [x]" / NAME / "timestamp.txt").write_text(
        "2026-02-01 00:00:00 UTC"
    )
    deep = course.root / "submitted" / "Zo\u00eb" / NAME
    (deep / "backprop").mkdir()
    (deep / "backprop.ipynb").rename(deep / "backprop" / "backprop.ipynb")
    return course


def test_no_name_stops_the_class(odd: Course, grader: Callable[[str], Grader]) -> None:
    """The grade itself is made once and at no cost: an untouched release."""
    whole = replace(grader(NAME).reject("free"), status="graded")
    first, *rest = whole.exercises
    checks = tuple(replace(check, status="passed") for check in first.checks)
    one = replace(whole, exercises=(replace(first, checks=checks), *rest))
    late, faults = {}, {}
    with Writer(odd, NAME) as writer:
        for folder in submissions(odd, NAME):
            notebook = restorer(odd, NAME).restored_or_canonical(folder).notebook
            try:
                late[folder.parent.name] = writer.write(folder, one, autograded_text(notebook, one))
            except CourseError as error:
                faults[folder.parent.name] = str(error)
        assert writer.written() == set(NAMES)
    wrong = "the grade could not be written into the gradebook: "
    assert faults == {
        "line\nbreak": f"{wrong}nbgrader cannot hold a name with a line break. Rename the folder.",
        os.fsdecode(b"latin-\xe9"): f"{wrong}the name is not UTF-8 text. Rename the folder.",
    }
    book = dump(odd)
    assert set(book) == set(NAMES)
    assert {row["score"] for row in book.values()} == {one.score}
    assert {student: off for student, off in late.items() if off} == {"x [x]": one.score}
    records = odd.root / ".autograder" / "grades" / NAME
    assert (records / "line\nbreak.json").is_file()
    write_feedback(odd, NAME)
    for name in NAMES:
        assert (odd.root / "feedback" / name / NAME / "backprop.html").is_file()


def test_nbgraders_own_command_finds_unusual_names_too(odd: Course) -> None:
    """Of the converter only what finds the submissions runs."""
    config = load_config(odd)
    coursedir = course_directory(odd, config)
    coursedir.assignment_id = NAME
    converter = Autograde(coursedir=coursedir, config=config)
    converter.init_notebooks()
    assert not any("x [x]" in folder for folder in converter.assignments)
    RestoringExporter(parent=converter)
    assert {Path(folder).parent.name for folder in converter.assignments} == set(NAMES)
    assert all(
        found == [f"{folder}/backprop.ipynb"] for folder, found in converter.assignments.items()
    )


def test_export_and_feedback_work_on_the_same_course(
    graded: dict[str, Course], tmp_path: Path
) -> None:
    course = graded["jobs-1"]
    done = run(course, "nbgrader", "export", "--to", str(tmp_path / "grades.csv"))
    assert done.returncode == 0, done.stderr
    lines = (tmp_path / "grades.csv").read_text().splitlines()
    assert len([line for line in lines if NAME in line]) >= 15
    done = run(course, "autograder", "feedback", NAME, "--student", "01-perfect")
    assert (done.returncode, done.stdout.strip()) == (0, "feedback")
    page = course.root / "feedback" / "01-perfect" / NAME / "backprop.html"
    assert "3 of 3 points" in page.read_text()
    done = run(graded["nbgrader"], "nbgrader", "generate_feedback", NAME, "--student", "01-perfect")
    assert done.returncode == 0, done.stderr
    assert (graded["nbgrader"].root / "feedback" / "01-perfect" / NAME / page.name).is_file()
