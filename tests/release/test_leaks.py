"""The leak scan finds answers in every disguise that copying gives them, and nothing else."""

import ast
import json
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

from autograder.course import Course
from autograder.release.build import build_release
from autograder.release.fingerprints import fingerprints
from autograder.release.leaks import Finding, find_leaks
from autograder.release.secrets import load_secrets

Edit = Callable[..., None]
NAME = "01-toy"
ANSWER = "left - (0.5 * left - 1.5 * right)"
SOLUTION = "the solution of 01-toy/double"


def whats(course: Course, target: Path, release: str | None = NAME) -> list[str]:
    return [finding.what for finding in find_leaks(target, load_secrets(course, release))]


def notebook(folder: Path, *sources: str, kind: str = "code") -> Path:
    make = nbformat.v4.new_code_cell if kind == "code" else nbformat.v4.new_markdown_cell
    cells = [make(source, id=f"cell_{number}") for number, source in enumerate(sources)]
    path = folder / "some.ipynb"
    path.write_text(nbformat.writes(nbformat.v4.new_notebook(cells=cells)))
    return path


def test_a_right_release_gives_nothing_away(course: Course) -> None:
    [path] = build_release(course, [NAME])
    assert find_leaks(path.parent, load_secrets(course, NAME)) == []


def test_the_staged_solution_gives_everything_away(course: Course) -> None:
    build_release(course, [NAME])
    found = find_leaks(course.source / NAME, load_secrets(course, NAME))
    assert {finding.cell for finding in found} == {"double", "Counter", "why"}
    assert Finding("toy.ipynb", "why", "holds the text of the model answer of 01-toy/why") in found
    assert Finding("toy.ipynb", "double", f"holds the text of {SOLUTION}") in found
    assert Finding("toy.ipynb", "Counter", "holds the marks of a solution") in found


@pytest.mark.parametrize(
    "code",
    [
        f"y = {ANSWER}",
        "y = left-(.5*left-1.50*right)",
        "def f(a, b):\n    return a - (0.5 * a\n        - 1.5 * b)",
        "print(np.abs(u - (0.5 * u - 1.5 * v)) + 1)",
        "%matplotlib inline\ny = p - (0.5 * p - 1.5 * q)",
    ],
)
def test_the_expression_is_found_whatever_its_names(
    course: Course, tmp_path: Path, code: str
) -> None:
    [what, *_] = whats(course, notebook(tmp_path, "import numpy", code))
    assert what.startswith("computes ")
    assert what.endswith(f"as does {SOLUTION}")


@pytest.mark.parametrize(
    "code", ["y = a - (0.5 * b - 1.5 * a)", "y = left - right", "double(left)"]
)
def test_other_expressions_are_left_alone(course: Course, tmp_path: Path, code: str) -> None:
    assert whats(course, notebook(tmp_path, code)) == []


@pytest.mark.parametrize(
    "text", [f"Try `{ANSWER}`.", "so $y$ is left - (0.5*left - \n 1.5*right), as you see"]
)
def test_prose_is_searched(course: Course, tmp_path: Path, text: str) -> None:
    found = find_leaks(notebook(tmp_path, text, kind="markdown"), load_secrets(course, NAME))
    assert found == [Finding("some.ipynb", "cell_0", f"holds the text of {SOLUTION}")]
    assert str(found[0]) == f"some.ipynb, cell cell_0: holds the text of {SOLUTION}"


def test_outputs_comments_and_docstrings_are_searched(course: Course, tmp_path: Path) -> None:
    path = notebook(tmp_path, f"# {ANSWER}", f'"""{ANSWER}"""', "1")
    content = json.loads(path.read_text())
    output = {"output_type": "stream", "name": "stdout", "text": [f"{ANSWER}\n"]}
    content["cells"][2]["outputs"] = [output]
    path.write_text(json.dumps(content))
    found = find_leaks(path, load_secrets(course, NAME))
    assert [finding.cell for finding in found] == ["cell_0", "cell_1", "cell_2"]


def test_pages_are_searched_without_their_tags(course: Course, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("<pre>left <b>-</b> (0.5 * <i>left</i>\n - 1.5 * right)</pre> number &gt; 1")
    assert whats(course, page) == [f"holds the text of {SOLUTION}"]


def test_hidden_checks_mutants_and_the_reference_are_found(course: Course, tmp_path: Path) -> None:
    (tmp_path / "checks.py").write_text(
        "from reference import numpy_api as ref\n"
        "from autograder.checks import hidden\n"
        "@hidden('double', points=1, title='x')\n"
        "def check(student, case):\n"
        "    number = case.rng.normal() * 3.0 + 0.25\n"
    )
    (tmp_path / "mutants.py").write_text((course.solutions / NAME / "mutants.py").read_text())
    (tmp_path / "symptoms.json").write_text("{}")
    found = {
        (finding.file, finding.what)
        for finding in find_leaks(tmp_path, load_secrets(course, NAME))
        if "/" not in finding.file
    }
    assert found >= {
        ("checks.py", "declares a hidden"),
        ("checks.py", "holds the text of a hidden check of 01-toy"),
        ("checks.py", "imports the reference or the solutions"),
        ("mutants.py", "declares a mutant"),
        ("mutants.py", "is a private file"),
        ("symptoms.json", "is a private file"),
        ("mutants.py", "holds the text of a mutant of 01-toy/double"),
    }


def test_wheels_are_searched(course: Course, tmp_path: Path) -> None:
    wheel = tmp_path / "autograder-0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("autograder/fine.py", "x = 1\n")
        archive.writestr("autograder/bad.py", f"left = right = 2\ny = {ANSWER}\n")
        archive.writestr("reference/__init__.py", "")
        archive.writestr("autograder/logo.png", b"\xff\x00")
    found = {finding.file for finding in find_leaks(wheel, load_secrets(course))}
    assert found == {"autograder/bad.py", "reference/__init__.py"}


def test_answers_of_earlier_assignments_may_be_given(course: Course, tmp_path: Path) -> None:
    later = course.solutions / "02-later"
    later.mkdir()
    for path in (course.solutions / NAME).iterdir():
        (later / path.name.replace("toy", "later")).write_bytes(path.read_bytes())
    path = notebook(tmp_path, f"y = {ANSWER}")
    assert whats(course, path, NAME)
    assert whats(course, path, "02-later") == []
    assert whats(course, path, None)


def test_what_given_cells_spell_out_is_no_secret_of_a_variant(course: Course) -> None:
    keys = load_secrets(course, NAME).expressions
    assert not any("np.asarray(x) / 2.0" in key and "*" not in key for key in keys)
    assert any("np.asarray(x) / 2.0 * 4.0" in key for key in keys)


def test_the_engine_gives_nothing_away(real: Course) -> None:
    """What the wheel holds; answers of every assignment are secret there."""
    assert find_leaks(real.root / "autograder", load_secrets(real)) == []


def test_a_tree_that_others_hang_on_shared_nodes_is_not_copied():
    """Traceback libraries set ``parent`` on nodes, and ``ast.Load()`` is one object for all."""
    load = ast.parse("x").body[0].value.ctx
    load.parent = threading.Lock()  # cannot be copied
    try:
        assert fingerprints.__wrapped__("y = np.exp(a + 2 * b) / (1 + np.exp(a * b) - c)")
    finally:
        del load.parent
