"""The course's own assignments: committed as built, whole, and without answers."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from autograder.course import Course, load_public, notebook_stem
from autograder.release.build import build_release
from autograder.release.leaks import find_leaks
from autograder.release.secrets import load_secrets

COURSE = Course(Path(__file__).parents[2])
IGNORED = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
LEFT_BY_USE = {"__pycache__", ".ipynb_checkpoints", ".pytest_cache"}

TOO_SHORT = {"softmax_cross_entropy_gradient", "dropout_backward"}
"""Solutions of one operation between two arguments, which no scan can tell from other code."""

pytestmark = [
    pytest.mark.xdist_group("release of the course"),  # built once
    pytest.mark.parametrize("name", COURSE.names),
]


@pytest.fixture(scope="module")
def rebuilt(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Course]:
    """The whole course, built from its masters somewhere else."""
    root = tmp_path_factory.mktemp("course")
    shutil.copytree(COURSE.solutions, root / "solutions", ignore=IGNORED)
    shutil.copy(COURSE.root / "nbgrader_config.py", root)
    course = Course(root)
    build_release(course)
    yield course
    shutil.rmtree(root)


def content(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.iterdir() if path.name not in LEFT_BY_USE)
    return {path.name: path.read_bytes() for path in files}


def test_the_committed_release_is_what_the_master_gives(name: str, rebuilt: Course) -> None:
    committed, built = content(COURSE.assignments / name), content(rebuilt.assignments / name)
    assert sorted(committed) == sorted(built)
    stale = [file for file in built if committed[file] != built[file]]
    assert stale == [], f"stale: run .venv/bin/autograder release {name}"


def test_exactly_the_allow_list_ships(name: str, rebuilt: Course) -> None:
    want = {f"{notebook_stem(name)}.ipynb", "checks.py", *load_public(COURSE.solutions / name).data}
    assert set(content(rebuilt.assignments / name)) == want
    assert set(content(rebuilt.source / name)) == want


def test_the_release_gives_nothing_away(name: str, rebuilt: Course) -> None:
    assert find_leaks(rebuilt.assignments / name, load_secrets(COURSE, name)) == []


def test_the_scan_would_find_the_solutions(name: str, rebuilt: Course, tmp_path: Path) -> None:
    """Solutions and model answers are recognized, also without the marks around them."""
    notebook = nbformat.read(rebuilt.source / name / f"{notebook_stem(name)}.ipynb", as_version=4)
    for cell in notebook.cells:
        cell.source = re.sub(".*(BEGIN|END) SOLUTION.*", "", cell.source)
    nbformat.write(notebook, tmp_path / "solved.ipynb")
    found = {finding.cell for finding in find_leaks(tmp_path, load_secrets(COURSE, name))}
    solved = {cell.id for cell in notebook.cells if cell.metadata.nbgrader.solution}
    assert {cell for cell in solved - found if not cell.startswith("lab_")} <= TOO_SHORT


def test_every_stub_names_its_task(name: str, rebuilt: Course) -> None:
    notebook = nbformat.read(
        rebuilt.assignments / name / f"{notebook_stem(name)}.ipynb", as_version=4
    )
    cells = {cell.id: cell for cell in notebook.cells}
    total = 0.0
    for exercise in load_public(COURSE.solutions / name).exercises:
        last = cells[exercise.name].source.rstrip().split("\n")[-1]
        assert last.strip() == f'raise NotImplementedError("{exercise.name}")'
        test = cells[f"check_{exercise.name}"]
        assert test.source == f'check("{exercise.name}")'
        assert test.metadata.nbgrader.points == exercise.points
        total += exercise.points
    assert total > 0
    assert any(cell.source == "YOUR ANSWER HERE" for cell in notebook.cells)


def test_nothing_of_the_making_is_left(name: str, rebuilt: Course) -> None:
    path = rebuilt.assignments / name / f"{notebook_stem(name)}.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    assert set(notebook["metadata"]) == {"kernelspec", "language_info"}
    keys = {key for cell in notebook["cells"] for key in cell["metadata"]}
    assert keys == {"nbgrader", "deletable", "editable", "tags"}
    assert str(rebuilt.root) not in path.read_text(encoding="utf-8")


def test_checks_import_nothing_that_students_lack(name: str, rebuilt: Course) -> None:
    """checks.py works where only the student's packages are installed."""
    code = (
        "import sys\n"
        "for missing in ('torch', 'sklearn', 'reference', 'nbgrader', 'jupytext', 'scipy'):\n"
        "    sys.modules[missing] = None\n"
        "from pathlib import Path\n"
        "from autograder.course import load_public\n"
        "public = load_public(Path(sys.argv[1]))\n"
        "assert public.visible\n"
    )
    folder = rebuilt.assignments / name
    subprocess.run([sys.executable, "-B", "-c", code, str(folder)], check=True, timeout=60)
