"""Releases: what they hold, that they are equal to the byte, and what the gradebook then knows."""

import ast
import json
import os
import stat
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.nbgraderformat import MetadataValidator
from sqlalchemy.exc import SAWarning

from autograder.adapters.nbgrader.app import course_directory
from autograder.adapters.nbgrader.gradebook import register
from autograder.course import Course
from autograder.errors import ReleaseError
from autograder.release import build
from autograder.release.build import build_release
from autograder.release.marks import read_master
from autograder.release.regions import code_stub, replace_regions

Edit = Callable[..., None]
NAME = "01-toy"


@contextmanager
def gradebook(course: Course) -> Iterator[Gradebook]:
    with Gradebook(course_directory(course).db_url) as opened:
        yield opened


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def sources(notebook: Path) -> dict[str, str]:
    return {cell.id: cell.source for cell in nbformat.read(notebook, as_version=4).cells}


def test_solutions_become_stubs_that_name_their_task(course: Course) -> None:
    [path] = build_release(course, [NAME])
    assert path == course.assignments / NAME / "toy.ipynb"
    released = sources(path)
    assert released["double"] == (
        'def double(x):\n    """Return twice `x`."""\n    raise NotImplementedError("double")'
    )
    assert released["Counter"].count('\n        raise NotImplementedError("Counter")') == 2
    namespace: dict[str, object] = {}
    for name in ("given_01", "given_halve", "double", "Counter"):
        exec(released[name], namespace)
    for call in ("double(1)", "Counter()"):
        with pytest.raises(NotImplementedError, match=f"^{call.partition('(')[0]}$"):
            eval(call, namespace)
    assert released["why"] == "YOUR ANSWER HERE"
    assert "BEGIN SOLUTION" not in path.read_text()


def test_the_stub_is_the_one_that_staging_tried(course: Course) -> None:
    released = sources(build_release(course, [NAME])[0])
    for cell in read_master(course.solutions / NAME / "toy.py"):
        if cell.kind == "exercise":
            assert released[cell.name] == replace_regions(cell.source, code_stub(cell.name))


def test_the_release_is_valid_locked_and_clean(course: Course) -> None:
    [path] = build_release(course, [NAME])
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    MetadataValidator().validate_nb(notebook)
    assert sorted(content(path.parent)) == ["checks.py", "numbers.npz", "toy.ipynb"]
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    for cell in notebook.cells:
        meta = cell.metadata
        assert cell.id == meta.nbgrader.grade_id
        assert meta.nbgrader.checksum
        assert meta.deletable is False
        assert meta.get("editable") is (None if meta.nbgrader.solution else False)
        if cell.cell_type == "code":
            assert (cell.outputs, cell.execution_count) == ([], None)
    for file in path.parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o644
    assert sorted(p.name for p in course.source.parent.iterdir()) == ["source"]


def test_two_builds_are_equal_to_the_byte(course: Course) -> None:
    [path] = build_release(course, [NAME])
    first = content(path.parent)
    (path.parent / "__pycache__").mkdir()
    (path.parent / "notes.txt").write_text("nobody's")
    build_release(course, [NAME])
    assert content(path.parent) == first


def test_progress_and_all_assignments(course: Course) -> None:
    seen: list[str] = []
    assert [path.name for path in build_release(course, progress=seen.append)] == ["toy.ipynb"]
    assert seen == [NAME]


def test_the_gradebook_knows_cells_and_points(course: Course) -> None:
    build_release(course, [NAME])
    with gradebook(course) as known:
        assert known.find_assignment(NAME).max_score == pytest.approx(5.0)
        notebook = known.find_notebook("toy", NAME)
        points = {cell.name: cell.max_score for cell in notebook.grade_cells}
        assert points == {"check_double": 2, "check_Counter": 1.5, "why": 1.5}
        assert {cell.name for cell in notebook.solution_cells} == {"double", "Counter", "why"}
        assert len(notebook.source_cells) == 11


def add_submission(course: Course) -> None:
    with gradebook(course) as known, warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)  # nbgrader's own
        known.update_or_create_assignment(NAME, duedate="2030-02-03 04:05 UTC")
        known.update_or_create_student("ada")
        known.update_or_create_submission(NAME, "ada")
        grade = known.find_grade("check_double", "toy", NAME, "ada")
        grade.auto_score = 1.0
        known.find_grade("why", "toy", NAME, "ada").manual_score = 0.5
        known.find_comment("why", "toy", NAME, "ada").manual_comment = "Nearly."
        known.db.commit()


def test_building_again_keeps_due_date_grades_and_comments(course: Course, edit: Edit) -> None:
    build_release(course, [NAME])
    add_submission(course)
    edit("Why is it twice as much?", "Why is it as much as twice?")
    edit("# ## The exercise\n", "# ## The exercise\n\n# %% [markdown]\n# One more thing.\n")
    edit("def halve(x):", "def one_half(x):")
    [path] = build_release(course, [NAME])
    with gradebook(course) as known:
        assert known.find_assignment(NAME).duedate.isoformat() == "2030-02-03T04:05:00"
        assert known.find_grade("check_double", "toy", NAME, "ada").auto_score == 1.0
        assert known.find_grade("why", "toy", NAME, "ada").manual_score == 0.5
        assert known.find_comment("why", "toy", NAME, "ada").manual_comment == "Nearly."
        cells = {cell.name: cell for cell in known.find_notebook("toy", NAME).source_cells}
        assert set(cells) == set(sources(path))
        assert {name: cell.source for name, cell in cells.items()} == sources(path)


def test_changed_points_reach_the_gradebook(course: Course, edit: Edit) -> None:
    build_release(course, [NAME])
    add_submission(course)
    edit('written="why" points=1.5', 'written="why" points=3')
    build_release(course, [NAME])
    with gradebook(course) as known:
        assert known.find_grade("why", "toy", NAME, "ada").max_score == 3
        assert known.find_grade("check_double", "toy", NAME, "ada").auto_score == 1.0


def test_an_exercise_cannot_vanish_under_graded_submissions(course: Course, edit: Edit) -> None:
    [path] = build_release(course, [NAME])
    add_submission(course)
    before = content(path.parent)
    edit('written="why"', 'written="because"')
    with pytest.raises(
        ReleaseError,
        match=r"no exercise or question can be added or removed: "
        r"because, why\. Release the change as a new assignment",
    ):
        build_release(course, [NAME])
    assert content(path.parent) == before
    with gradebook(course) as known:
        assert known.find_grade("why", "toy", NAME, "ada").manual_score == 0.5


def test_before_any_submission_everything_may_change(course: Course, edit: Edit) -> None:
    build_release(course, [NAME])
    edit('written="why"', 'written="because"')
    build_release(course, [NAME])
    with gradebook(course) as known:
        assert known.find_grade_cell("because", "toy", NAME).max_score == 1.5
        with pytest.raises(MissingEntry):
            known.find_grade_cell("why", "toy", NAME)


def test_register_needs_the_release_only(course: Course) -> None:
    build_release(course, [NAME])
    with gradebook(course) as known:
        want = snapshot(known)
    for folder in (course.source.parent, course.solutions):
        folder.rename(folder.with_name(f"no_{folder.name}"))
    (course.root / "gradebook.db").unlink()
    register(course, NAME, course_directory(course).db_url)
    with gradebook(course) as known:
        assert snapshot(known) == want
    register(course, NAME, course_directory(course).db_url)
    with gradebook(course) as known:
        assert snapshot(known) == want


def snapshot(known: Gradebook) -> object:
    notebook = known.find_notebook("toy", NAME)
    graded = {cell.name: (cell.max_score, cell.cell_type) for cell in notebook.grade_cells}
    kept = {c.name: (c.source, c.checksum, c.locked, c.cell_type) for c in notebook.source_cells}
    return graded, kept, sorted(cell.name for cell in notebook.solution_cells), notebook.kernelspec


def test_register_again_writes_nothing(course: Course) -> None:
    build_release(course, [NAME])
    database = course.root / "gradebook.db"
    before = database.read_bytes()
    register(course, NAME, course_directory(course).db_url)
    assert database.read_bytes() == before


def test_register_without_a_release_says_what_to_run(course: Course) -> None:
    with pytest.raises(
        ReleaseError, match=r"the release is missing\. Run: autograder release 01-toy"
    ):
        register(course, NAME, course_directory(course).db_url)


def test_the_settings_decide_where_the_gradebook_is(course: Course, tmp_path: Path) -> None:
    settings = course.root / "nbgrader_config.py"
    elsewhere = tmp_path / "elsewhere.db"
    with settings.open("a") as file:
        file.write(f'\nc.CourseDirectory.db_url = "sqlite:///{elsewhere}"\n')
    build_release(course, [NAME])
    assert elsewhere.is_file()
    assert not (course.root / "gradebook.db").exists()


def test_a_failed_build_leaves_the_old_release(
    course: Course, edit: Edit, monkeypatch: pytest.MonkeyPatch
) -> None:
    [path] = build_release(course, [NAME])
    before = content(path.parent)
    edit("Twice a number", "Double a number")

    def refuse(fresh: Path, target: Path) -> None:
        if target == course.assignments / NAME:
            raise OSError("disk full")
        fresh.rename(target)

    with monkeypatch.context() as patch:
        patch.setattr(build, "replace_folder", refuse)
        with pytest.raises(OSError, match="disk full"):
            build_release(course, [NAME])
    assert content(path.parent) == before
    build_release(course, [NAME])
    assert b"Double a number" in content(path.parent)["toy.ipynb"]


def test_other_stubs_are_refused(course: Course) -> None:
    settings = course.root / "nbgrader_config.py"
    settings.write_text(
        settings.read_text()
        .replace("= preprocessors()", "= list(_PLAIN)")
        .replace(
            "c = get_config()",
            "from nbgrader.converters import GenerateAssignment as _G\n"
            "_PLAIN = _G.preprocessors.default(None)\nc = get_config()",
        )
    )
    with pytest.raises(ReleaseError, match="the stub of double does not name it"):
        build_release(course, [NAME])
    assert list(course.assignments.iterdir()) == []


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("c.ClearSolutions.code_stub = {}", "language 'python' has not been specified"),
        ("c.CourseDirectory.ignore = ['*']", r"nbgrader released toy\.ipynb, expected checks\.py"),
    ],
)
def test_settings_that_break_the_release(course: Course, setting: str, message: str) -> None:
    with (course.root / "nbgrader_config.py").open("a") as file:
        file.write(f"\n{setting}\n")
    with pytest.raises(ReleaseError, match=message):
        build_release(course, [NAME])
    assert list(course.assignments.iterdir()) == []


def test_a_leak_stops_the_release(course: Course, edit: Edit) -> None:
    edit("    return np.asarray(x) / 2\n", "    return x - (0.5 * x - 1.5 * x)\n")
    edit("left - (0.5 * left - 1.5 * right)", "left - (0.5 * left - 1.5 * left)")
    with pytest.raises(ReleaseError, match="would give away answers") as refusal:
        build_release(course, [NAME])
    assert (
        "cell given_halve: computes x - (0.5 * x - 1.5 * x), as does the solution of 01-toy/"
        "double" in str(refusal.value)
    )
    assert list(course.assignments.iterdir()) == []


def nbgrader(course: Course, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run nbgrader's own command as from an environment that is not activated."""
    return subprocess.run(
        [sys.executable, "-m", "nbgrader", *arguments],
        cwd=course.root,
        env={"PATH": os.defpath, "HOME": str(course.root), "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def test_nbgraders_own_command_gives_the_same_release(course: Course) -> None:
    [path] = build_release(course, [NAME])
    want = content(path.parent)
    with gradebook(course) as known:
        registered = snapshot(known)
    (course.root / "gradebook.db").unlink()
    done = nbgrader(course, "generate_assignment", NAME, "--force")
    assert done.returncode == 0, done.stderr
    assert content(path.parent) == want
    with gradebook(course) as known:
        assert snapshot(known) == registered


def test_nbgrader_validates_the_release(course: Course) -> None:
    [path] = build_release(course, [NAME])
    done = nbgrader(course, "validate", str(path))
    assert done.returncode == 0, done.stderr
    assert "VALIDATION FAILED" in done.stdout  # nothing is solved yet
    assert "SOURCE OF" not in done.stdout  # no locked cell counts as changed


def test_release_code_parses(course: Course) -> None:
    notebook = json.loads(build_release(course, [NAME])[0].read_text())
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            ast.parse("".join(cell["source"]))
