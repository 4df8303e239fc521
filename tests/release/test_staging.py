"""Masters become nbgrader's source notebooks, or are refused with a sentence that helps."""

import json
import re
from collections.abc import Callable

import nbformat
import pytest

from autograder.course import Course
from autograder.errors import CourseError, ReleaseError
from autograder.release.staging import stage

Edit = Callable[..., None]


def test_marks_become_nbgrader_metadata(course: Course) -> None:
    notebook = nbformat.read(stage(course, "01-toy"), as_version=4)
    nbformat.validate(notebook)
    meta = {cell.id: cell.metadata for cell in notebook.cells}
    assert list(meta) == [
        "text_01",
        "given_01",
        "given_halve",
        "text_02",
        "double",
        "check_double",
        "figure_double",
        "Counter",
        "check_Counter",
        "text_03",
        "why",
    ]
    assert meta["double"].nbgrader == {
        "grade": False,
        "grade_id": "double",
        "locked": False,
        "schema_version": 3,
        "solution": True,
        "task": False,
    }
    assert meta["check_double"].nbgrader == {
        "grade": True,
        "grade_id": "check_double",
        "locked": True,
        "points": 2,
        "schema_version": 3,
        "solution": False,
        "task": False,
    }
    assert meta["check_Counter"].nbgrader.points == pytest.approx(1.5)
    why = meta["why"].nbgrader
    assert (why.grade, why.solution, why.locked, why.points) == (True, True, False, 1.5)
    for locked in ("text_01", "given_01", "given_halve", "figure_double"):
        nbgrader = meta[locked].nbgrader
        assert (nbgrader.locked, nbgrader.grade, nbgrader.solution) == (True, False, False)
    assert meta["figure_double"].tags == ["figure", "raises-exception"]
    assert all("tags" not in meta[name] for name in meta if name != "figure_double")


def test_the_staged_notebook_is_solved_and_plain(course: Course) -> None:
    path = stage(course, "01-toy")
    assert path == course.source / "01-toy" / "toy.ipynb"
    text = path.read_text()
    assert "jupytext" not in text
    notebook = json.loads(text)
    assert notebook["metadata"] == {
        "kernelspec": {
            "display_name": "Python 3 (ipykernel)",
            "language": "python",
            "name": "python3",
        },
        "language_info": {"name": "python"},
    }
    namespace: dict[str, object] = {}
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            assert cell["execution_count"] is None
            assert cell["outputs"] == []
            assert set(cell["metadata"]) <= {"nbgrader", "tags"}
            if not cell["id"].startswith(("check_", "figure_")):
                exec("".join(cell["source"]), namespace)
    assert namespace["double"](3) == 6  # type: ignore[operator]
    test_cell = next(cell for cell in notebook["cells"] if cell["id"] == "check_double")
    assert "".join(test_cell["source"]) == 'check("double")'


def test_only_the_allow_list_is_staged(course: Course) -> None:
    folder = stage(course, "01-toy").parent
    (folder / "left_over.txt").write_text("from an earlier version")
    stage(course, "01-toy")
    assert sorted(path.name for path in folder.iterdir()) == [
        "checks.py",
        "numbers.npz",
        "toy.ipynb",
    ]
    assert (folder / "numbers.npz").read_bytes() == b"\x93numbers\x00\xff"
    assert [path.name for path in course.source.parent.iterdir()] == ["source"]


def test_a_new_paragraph_renames_no_code(course: Course, edit: Edit) -> None:
    before = [cell.id for cell in nbformat.read(stage(course, "01-toy"), as_version=4).cells]
    edit("# ## The exercise\n", "# ## The exercise\n\n# %% [markdown]\n# One more thing.\n")
    after = [cell.id for cell in nbformat.read(stage(course, "01-toy"), as_version=4).cells]
    assert set(after) - set(before) == {"text_04"}


BODY = """    ### BEGIN SOLUTION
    left, right = np.asarray(x), np.asarray(x) * 1.0
    return left - (0.5 * left - 1.5 * right)
    ### END SOLUTION
"""
TESTS = '# %% check="double"\ncheck("double")\n'
WRITTEN = '# %% [markdown] written="why" points=1.5'

WRONG = {
    "no solution cell": (
        '# %% exercise="Counter"\n',
        "# %%\n",
        '- checks.py declares Counter, but no cell is marked exercise="Counter"; add one.',
    ),
    "no test cell": (
        TESTS,
        "",
        'checks.py declares double, but no cell is marked check="double"; add one.',
    ),
    "unknown exercise": (
        '# %% exercise="double"\ndef double',
        '# %% exercise="duoble"\ndef double',
        (
            'cell 5 (exercise="duoble"): checks.py declares no Exercise("duoble"); add it there, '
            "or remove the cell."
        ),
    ),
    "test above its exercise": (
        '# %% [markdown]\n# ## The exercise\n\n# %% exercise="double"',
        '# %% check="double"\ncheck("double")\n\n# %% exercise="double"',
        "cell 4 checks double above the cell 5 that defines it; move it below.",
    ),
    "a test cell that does more": (
        'check("Counter")\n',
        'check("Counter")\nprint()\n',
        'cell 9 (check="Counter"): its only line must be check("Counter").',
    ),
    "duplicate names": (
        'written="why"',
        'written="double"',
        (
            "cells 5, 11 would all have the grade_id 'double'; rename what they are marked with, "
            "or what they define first."
        ),
    ),
    "no written question": (
        WRITTEN,
        "# %% [markdown]",
        'there is no written question; add a markdown cell written="its_name" points=2.',
    ),
    "no model answer": (
        (
            "# ### BEGIN SOLUTION\n# Because the sum of a number and itself is what we call its "
            "double.\n# ### END SOLUTION\n"
        ),
        "# Think.\n",
        'cell 11 (written="why"): put the model answer between one BEGIN SOLUTION and END ',
    ),
    "no region": (
        BODY,
        "    return 2 * x\n",
        (
            'cell 5 (exercise="double"): has no BEGIN SOLUTION and END SOLUTION; put them around '
            "what students must write."
        ),
    ),
    "region without end": (
        BODY,
        BODY.replace("    ### END SOLUTION\n", ""),
        (
            'cell 5 (exercise="double"): the solution that begins in line 3 has no END SOLUTION; '
            "mend the marks."
        ),
    ),
    "code outside the region": (
        BODY,
        "    x = np.asarray(x)\n" + BODY,
        (
            'cell 5 (exercise="double"): line 3 of double lies outside BEGIN and END SOLUTION, so '
            "it ships; move it inside."
        ),
    ),
    "two definitions": (
        BODY,
        BODY + "\n\ndef helper():\n    pass\n",
        'cell 5 (exercise="double"): must define double and nothing else at its top level.',
    ),
    "no docstring": (
        '    """Return twice `x`."""\n',
        "",
        (
            'cell 5 (exercise="double"): has no docstring; students need to know arguments, '
            "results and shapes."
        ),
    ),
    "class attribute with a value": (
        "    total: int\n",
        "    total: int = 0\n",
        (
            'cell 8 (exercise="Counter"): line 4 of the class ships as it stands; move it into a '
            "method's solution."
        ),
    ),
    "method without a region": (
        "        ### BEGIN SOLUTION\n        self.total = start\n        ### END SOLUTION\n",
        "        self.total = start\n",
        (
            'cell 8 (exercise="Counter"): __init__ has 0 solutions between BEGIN and END; put all '
            "of its body but the docstring into one."
        ),
    ),
    "a stub that is no Python": (
        BODY,
        BODY.replace("    ### BEGIN", "  ### BEGIN"),
        (
            'cell 5 (exercise="double"): the stub is no valid Python: unindent does not match any '
            "outer indentation level; indent BEGIN SOLUTION like the code in it."
        ),
    ),
    "a stub outside its function": (
        BODY,
        BODY.replace("    ### BEGIN", "### BEGIN"),
        (
            'cell 5 (exercise="double"): the stub of double does not end in raise '
            'NotImplementedError("double"); indent BEGIN SOLUTION like it.'
        ),
    ),
    "no Python": (
        "return left - (0.5",
        "return left - - - - ((0.5",
        "cell 5 (exercise=\"double\"): is no valid Python: line 5: '(' was never closed.",
    ),
    "solution in a plain cell": (
        "    return np.asarray(x) / 2\n",
        "    ### BEGIN SOLUTION\n    return np.asarray(x) / 2\n    ### END SOLUTION\n",
        'cell 3 (given): holds a solution; mark it exercise="name" or written="name".',
    ),
    "a given cell that answers": (
        "def halve(x):",
        "double = lambda x: 2 * x\n\n\ndef halve(x):",
        "cell 3 (given): defines double, which is an exercise; a locked cell would answer it.",
    ),
    "a figure that defines": (
        "figure_double()\n\n\n",
        "figure_double()\nsize = 3\n\n\n",
        (
            "cell 7 (figure): is a figure but defines size, which nothing else may use; move that "
            "into a function figure_..., or into a cell that is no figure."
        ),
    ),
    "no import of check": (
        "from autograder import check\n",
        "",
        "no cell imports check; put 'from autograder import check' into the first code cell.",
    ),
    "unknown mark": (
        '# %% exercise="double"',
        '# %% excercise="double"',
        (
            "cell 5: unknown mark 'excercise'; the marks are exercise, check, written, figure and "
            "points."
        ),
    ),
    "two marks": (
        "# %% figure=true",
        '# %% figure=true check="double"',
        "cell 7: is marked check and figure; keep one.",
    ),
    "figure=false": (
        "# %% figure=true",
        "# %% figure=false",
        "cell 7: figure=False; write figure=true, or remove the mark.",
    ),
    "points without a question": (
        "# %% [markdown]\n# # 1. Toy",
        "# %% [markdown] points=2\n# # 1. Toy",
        'cell 1: has points, but is no written question; add written="its_name".',
    ),
    "question without points": (
        WRITTEN,
        '# %% [markdown] written="why"',
        "cell 11: a written question needs its points: add points=2, say.",
    ),
    "exercise with points": (
        '# %% exercise="double"',
        '# %% exercise="double" points=2',
        "cell 5: has points of its own; those of an exercise stand in checks.py.",
    ),
    "markdown exercise": (
        '# %% exercise="double"',
        '# %% [markdown] exercise="double"',
        "cell 5: is marked exercise, so it must be a code cell.",
    ),
    "no name": (
        'written="why"',
        'written="why not"',
        "cell 11: written='why not' is no name; use letters, digits and _ only.",
    ),
    "raw cell": (
        "# %% [markdown]\n# ## The exercise",
        "# %% [raw]\n# ## The exercise",
        "cell 4: is a raw cell; make it code or markdown.",
    ),
}


@pytest.mark.parametrize(("old", "new", "message"), WRONG.values(), ids=WRONG)
def test_a_wrong_master_is_refused(
    course: Course, edit: Edit, old: str, new: str, message: str
) -> None:
    edit(old, new)
    with pytest.raises(ReleaseError) as refusal:
        stage(course, "01-toy")
    text = str(refusal.value)
    assert text.startswith(str(course.solutions / "01-toy" / "toy.py"))
    assert message in text
    assert not course.source.exists()


def test_all_problems_are_told_at_once(course: Course, edit: Edit) -> None:
    edit(TESTS, "")
    edit(WRITTEN, "# %% [markdown]")
    with pytest.raises(ReleaseError, match=r"there are \d problems:\n- .*\n- "):
        stage(course, "01-toy")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            "hidden_checks.py",
            "DATA names 'hidden_checks.py'; it may name data files in this folder",
        ),
        ("../01-toy/numbers.npz", "it may name data files in this folder only"),
        ("thresholds.json", "it may name data files in this folder only, no .py, .ipynb, .json."),
        (
            "missing.npz",
            "DATA names 'missing.npz', which is not there; make it, or remove the name.",
        ),
    ],
)
def test_only_data_files_may_ship(course: Course, edit: Edit, data: str, message: str) -> None:
    edit("numbers.npz", data, file="checks.py")
    with pytest.raises(ReleaseError, match=re.escape(message)):
        stage(course, "01-toy")


def test_a_link_is_no_data_file(course: Course) -> None:
    numbers = course.solutions / "01-toy" / "numbers.npz"
    numbers.unlink()
    numbers.symlink_to(course.solutions / "01-toy" / "hidden_checks.py")
    with pytest.raises(ReleaseError, match="which is not there"):
        stage(course, "01-toy")


def test_points_must_add_up(course: Course, edit: Edit) -> None:
    edit('Exercise("double", points=2)', 'Exercise("double", points=3)', file="checks.py")
    with pytest.raises(CourseError, match="double is worth 3 points, but its checks add up to 2"):
        stage(course, "01-toy")


def test_unknown_assignment_and_missing_master(course: Course) -> None:
    with pytest.raises(CourseError, match="has no assignment '09-none'; there are 01-toy"):
        stage(course, "09-none")
    (course.solutions / "01-toy" / "toy.py").unlink()
    with pytest.raises(ReleaseError, match="the master notebook is missing"):
        stage(course, "01-toy")


def test_an_exercise_declared_twice(course: Course, edit: Edit) -> None:
    edit(
        "COUNTER = ",
        'AGAIN = Exercise("double", points=2)\nCOUNTER = ',
        file="checks.py",
    )
    with pytest.raises(ReleaseError, match=r"checks\.py declares double 2 times; keep one\."):
        stage(course, "01-toy")
