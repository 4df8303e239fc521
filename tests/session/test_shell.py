"""Lines that are for a notebook only cost no code of the cells that they stand in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.catalogue import MUTANTS, VARIANTS, load_catalogue
from autograder.course import Course
from autograder.session.far import Cell, FarStudent
from autograder.session.plain import PlainLauncher

PASSED_OVER = [
    "!ls",
    "files = !ls",
    "files = !ls\nfor name in files.n: print(name)",
    "!!ls",
    "%sx ls",
    "%pip install numpy",
    "%conda install numpy",
    "%autosave 60",
    "%load_ext of_another_machine",
    "get_ipython().system('ls')",
    "count = len(get_ipython().getoutput('ls'))",
]
RUN = [
    "%matplotlib notebook",
    "%matplotlib widget",
    "%matplotlib",
    "%config InlineBackend.figure_format = 'retina'",
    "%load_ext autoreload\n%autoreload 2",
    "%%time",
    "%%capture",
    "%timeit -n1 -r1 1",
    "n = 1\n%timeit -n1 -r1 n + 1",
    "%precision 3",
    "sum?",
]


@pytest.fixture(scope="module")
def student() -> Iterator[FarStudent]:
    cells = [
        Cell(str(k), f"{line}\ndef line_{k}(x):\n    return x + 1\n")
        for k, line in enumerate([*PASSED_OVER, *RUN])
    ]
    with FarStudent(PlainLauncher(), cells, []) as student:
        student.start()
        yield student


@pytest.mark.parametrize("line", [*PASSED_OVER, *RUN])
def test_what_stands_below_is_defined(student: FarStudent, line: str) -> None:
    number = [*PASSED_OVER, *RUN].index(line)
    assert student.call(f"line_{number}", 1.0) == 2.0


@pytest.mark.parametrize("line", PASSED_OVER)
def test_what_is_not_run_says_so(student: FarStudent, line: str) -> None:
    (said, *_) = student.outputs[str(PASSED_OVER.index(line))]
    assert "Not run while this is graded: " in said["text"]


def test_a_magic_sees_the_variables_of_the_cell() -> None:
    cells = [Cell("a", "def f():\n    k = 3\n    %env NAME=$k\n    return k\nf()\nv = %env NAME")]
    with FarStudent(PlainLauncher(), cells, []) as student:
        student.start()
        assert "env: NAME=3" in str(student.outputs["a"])


ODD = [
    "",
    "\n",
    "ls",
    "ls\n",
    "\n\nx = 1\ny = 2",
    "  \nx = 1\ny = 2",
    "    x = 1\n    y = 2",
    "x = 1\n   \ny = 2",
    "text = '''a\n   \nb'''",
    "text = '''\n>>> f(1)\n2\n'''",
    ">>> x = 1\n>>> y = 2",
    "In [1]: x\nIn [2]: y",
    "def f():\n    ...\n    return 1",
    "x = 1\n%time x\n",
    "x = 1\n!ls",
    "%%time\nx = 1",
    "x = 1\nx?",
    "x = 1 # ?\ny = 2 # ?",
    "x = 5 \\\n% 3\ny = f'{x!r}'",
    "text = '\\d'\nx = 1",
    "def f(:\n    pass",
    "await f()\nx = 1",
    "x = 1\r\ny = 2\r\n",
    "x = 1\x0c\ny = 2",
]


def test_plain_python_is_run_as_ipython_runs_it() -> None:
    """What is left out is work only: the same text comes out."""
    course = Course(Path(__file__).parents[2])
    files = [
        course.solutions / name / kind for name in course.names for kind in (MUTANTS, VARIANTS)
    ]
    sources = ODD + [entry.source for file in files for entry in load_catalogue(file)]
    compare = f"""
from IPython.core.interactiveshell import InteractiveShell

def transform_of(kind, source):
    try:
        return kind.transform_cell(get_ipython(), source)
    except SyntaxError as error:
        return str(error)

shell = type(get_ipython())
sources = {sources!r}
different = [s for s in sources if transform_of(shell, s) != transform_of(InteractiveShell, s)]
print(different)
"""
    with FarStudent(PlainLauncher(), [Cell("a", compare)], []) as student:
        student.start()
        assert [output["text"] for output in student.outputs["a"]] == ["[]\n"]


def test_a_students_own_transformation_is_heeded() -> None:
    change = "lambda lines: [line.replace('old', 'new') for line in lines]"
    cells = [
        Cell("a", f"get_ipython().input_transformers_post.append({change})"),
        Cell("b", "word = 'old'\nprint(word)"),
    ]
    with FarStudent(PlainLauncher(), cells, []) as student:
        student.start()
        assert student.outputs["b"][0]["text"] == "new\n"
