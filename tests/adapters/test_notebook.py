"""``check("name")`` in a real kernel, as JupyterLab and nbgrader run it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbgrader.utils import determine_grade
from nbgrader.validator import Validator

import autograder
from autograder.adapters.near_run import open_notebook
from autograder.errors import CourseError
from autograder.render import html_table, plain_table

NOISY = """\
import sys, warnings

def double(x):
    print("to stdout")
    print("to stderr", file=sys.stderr)
    warnings.warn("careful", RuntimeWarning)
    return 2 * x"""

HALF_RIGHT = "def total(xs):\n    return 3.0 * xs[5]"


@dataclass(frozen=True)
class Ran:
    """A cell that ran, or its error."""

    outputs: list[Any]

    def of(self, kind):
        return [output for output in self.outputs if output.output_type == kind]

    @property
    def table(self):
        (output,) = self.of("display_data")
        return output.data["text/plain"]

    @property
    def html(self):
        (output,) = self.of("display_data")
        return output.data["text/html"]

    @property
    def value(self):
        (output,) = self.of("execute_result")
        return output.data["text/plain"]

    @property
    def error(self):
        (output,) = self.of("error")
        return output

    @property
    def streams(self):
        return {output.name: output.text for output in self.of("stream")}


def execution(value):
    return f"import os; os.environ['NBGRADER_EXECUTION'] = {value!r}"


@pytest.fixture(scope="module")
def ran(tmp_path_factory, make_module_folder) -> dict[str, Ran]:
    """One kernel for all: a session of a student, cell by cell."""
    folder = make_module_folder(tmp_path_factory.mktemp("notebook") / "07-toy")
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    cells = {
        "import": "from autograder import check",
        "not run yet": 'check("double")',
        "stub": 'def double(x):\n    raise NotImplementedError("double")\ncheck("double")',
        "partial": 'def double(x):\n    return 2 * x + 1\ncheck("double")',
        "wrong line": HALF_RIGHT + '\ncheck("total")',
        "passed": NOISY + '\ncheck("double")',
        "by the function itself": "check(double)",
        "class": "class Counter:\n    n = 0\n    def step(self):\n        self.n += 1\n"
        '        return self.n\ncheck("Counter")',
        "unknown": 'check("triple")',
        "validate": execution("validate") + '\ncheck("double")',
        "validate partial": 'check("total")',
        "autograde": execution("autograde") + '\ncheck("double")',
        "moved away": execution("") + f'\nos.chdir({str(elsewhere)!r})\ncheck("double")',
    }
    notebook = nbformat.v4.new_notebook(cells=[*map(nbformat.v4.new_code_cell, cells.values())])
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=120,
        allow_errors=True,
        resources={"metadata": {"path": str(folder.path)}},
    )
    client.execute()
    return {name: Ran(cell.outputs) for name, cell in zip(cells, notebook.cells, strict=True)}


def test_the_table_is_shown_and_the_points_are_the_only_result(ran):
    outputs = ran["partial"].outputs
    assert [output.output_type for output in outputs] == ["display_data", "execute_result"]
    assert ran["partial"].value == "0.0"
    assert ran["partial"].table.startswith(
        "double: 0 of 1.5 points in the visible checks.\n"
        "The other 0.5 of its 2 points are checked after submission.\n"
    )
    assert "double(0): is " in ran["partial"].table
    assert "Hint: What is twice nothing?" in ran["partial"].table
    assert "<table" in ran["partial"].html


def test_points_are_a_plain_float(ran):
    """nbgrader takes ``np.float64(1.5)`` for full marks."""
    assert ran["passed"].value == "1.5"
    assert ran["class"].value == "1.0"
    assert ran["class"].table.startswith("Counter: 1 of 1 points.\n")


def test_a_stub_is_work_to_be_done(ran):
    assert "double is still to be written.\n  to do" in ran["stub"].table
    assert ran["stub"].value == "0.0"


def test_a_cell_that_was_not_run_is_named(ran):
    assert (
        "double is not defined. Has the cell that defines it been run without an error?"
        in ran["not run yet"].table
    )


def test_an_exception_names_the_students_own_line(ran):
    assert (
        "total raised IndexError: list index out of range at line 2: return 3.0 * xs[5]."
        in " ".join(ran["wrong line"].table.split())
    )


def test_the_function_itself_may_be_named(ran):
    assert ran["by the function itself"].value == "1.5"


def test_what_the_function_prints_stays_off_stderr(ran):
    """nbgrader's Validate calls a test cell failed that writes to stderr."""
    assert "to stdout\nto stderr" in ran["validate"].streams["stdout"]
    assert "RuntimeWarning: careful" in ran["passed"].streams["stdout"]
    assert set(ran["validate"].streams) == {"stdout"}


def test_validate_gets_full_points_for_a_clean_pass_and_the_table_says_what_is_open(ran):
    assert ran["validate"].value == "2.0"
    assert "The other 0.5 of its 2 points are checked after submission." in ran["validate"].table
    assert ran["validate partial"].value == "0.0"


def test_nbgrader_alone_must_not_grade(ran):
    error = ran["autograde"].error
    assert error.ename == "CourseError"
    assert "without the course's nbgrader_config.py" in error.evalue
    cell = nbformat.v4.new_code_cell('check("double")', outputs=ran["autograde"].outputs)
    cell.metadata.nbgrader = {"grade": True, "solution": False, "points": 2, "grade_id": "x"}
    assert determine_grade(cell) == (0, 2)


def test_an_unknown_exercise_is_answered_with_the_known_ones(ran):
    assert ran["unknown"].error.evalue.endswith(
        "checks.py: has no exercise 'triple'; its exercises are double, total, Counter."
    )


def test_a_notebook_that_left_its_checks_says_so(ran):
    error = ran["moved away"].error
    assert error.ename == "CourseError"
    assert error.evalue.endswith(
        "checks.py: not found. Keep the notebook in the folder it came in, beside its checks.py."
    )


def test_the_same_messages_as_in_pytest_and_on_the_command_line(ran, folder):
    run = open_notebook(folder.write({"double": "def double(x):\n    return 2 * x + 1"}))
    result = run.check("double")
    assert ran["partial"].table == plain_table(result)
    assert ran["partial"].html == html_table(result)
    run = open_notebook(folder.write({"total": HALF_RIGHT}))
    assert ran["wrong line"].table == plain_table(run.check("total"))


def test_nbgrader_validates_a_right_notebook_and_not_an_untouched_one(folder, solved):
    validator = Validator()
    untouched = validator.validate(str(folder.notebook))
    assert [failed["source"] for failed in untouched["failed"]] == [
        'check("double")',
        'check("total")',
        'check("Counter")',
    ]
    path = folder.write({**solved, "double": NOISY})
    notebook = json.loads(path.read_text())
    notebook["cells"] = [c for c in notebook["cells"] if "raise RuntimeError" not in c["source"]]
    path.write_text(json.dumps(notebook))
    assert "failed" not in validator.validate(str(path))


def test_outside_a_notebook_check_says_where_it_works(monkeypatch):
    monkeypatch.setattr("autograder.adapters.notebook.get_ipython", lambda: None)
    with pytest.raises(CourseError, match=r"works in a notebook; .* use autograder check"):
        autograder.check("double")
