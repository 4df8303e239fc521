"""Lines that are for a notebook only cost no code of the cells that they stand in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

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
