"""Running a notebook in this very process."""

from __future__ import annotations

import os
import signal
import sys
import threading
import warnings
from pathlib import Path

import nbformat
import pytest

from autograder.adapters.near_run import MAX_PRINTED, executable, open_notebook
from autograder.course import Course
from autograder.errors import CourseError
from autograder.grading.cells import executable_cells
from autograder.submission.triage import triage

ROOT = Path(__file__).parents[2]
RELEASES = sorted(path.parent.name for path in (ROOT / "assignments").glob("*/checks.py"))


def test_a_solved_notebook_passes(folder, solved):
    run = open_notebook(folder.write(solved))
    assert run.names == ["double", "total", "Counter"]
    assert [run.check(name).status for name in run.names] == ["passed"] * 3


def test_a_released_notebook_is_all_to_do(folder):
    run = open_notebook(folder.notebook)
    assert [run.check(name).status for name in run.names] == ["missing"] * 3
    assert run.check("Counter").message == "Counter is still to be written."


def test_nothing_runs_before_the_first_check_and_everything_once(folder, solved):
    run = open_notebook(folder.write(solved, "print(1, file=open('log.txt', 'a'))"))
    assert not (folder.path / "log.txt").exists()
    run.check("double")
    run.check("total")
    assert (folder.path / "log.txt").read_text() == "1\n"


def test_a_cell_that_stops_is_named_with_its_error(folder, solved):
    run = open_notebook(folder.write({**solved, "double": "def double(x)\n    return 2 * x"}))
    result = run.check("double")
    assert result.status == "error"
    assert [check.message for check in result.checks] == [
        "The cell double stopped with SyntaxError: expected ':' (line 1)."
    ] * 2
    assert run.check("total").status == "passed"


def test_an_error_after_the_definition_does_no_harm(folder, solved):
    run = open_notebook(folder.write({**solved, "double": solved["double"] + "\n1 / 0"}))
    assert run.check("double").status == "passed"


def test_a_students_own_check_or_input_stops_its_cell_only(folder, solved):
    own = 'from autograder import check\ncheck("double")'
    run = open_notebook(folder.write(solved, own, "input()", "exit()", "%matplotlib inline"))
    assert run.check("double").status == "passed"


def test_what_an_exercise_prints_is_kept_within_bounds(folder, solved):
    noisy = "import sys\ndef double(x):\n    print('x' * 10**6)\n    return 2 * x"
    quiet = "def total(xs):\n    print('here', xs)\n    return sum(xs)"
    run = open_notebook(folder.write({**solved, "double": noisy, "total": quiet}))
    assert run.check("double").status == "passed"
    assert len(run.printed["double"]) == MAX_PRINTED
    assert run.printed["double"].endswith("x\N{HORIZONTAL ELLIPSIS}")
    run.check("total")
    assert run.printed["total"] == "here [3.0]\n"


def test_what_cells_print_is_not_shown(folder, solved, capfd):
    open_notebook(folder.write(solved, "print('x' * 10**7)", "1 + 1")).check("double")
    assert capfd.readouterr() == ("", "")


def test_this_process_stays_as_it_was(folder, solved):
    (folder.path / "helper.py").write_text("answer = 2")
    before = Path.cwd(), list(sys.path), dict(os.environ), sys.modules["__main__"], sys.stdin
    own = "import os, sys, helper\nos.chdir('/')\nos.environ['MINE'] = '1'\nsys.path.clear()"
    code = "def double(x):\n    return helper.answer * x"
    run = open_notebook(folder.write({**solved, "double": code}, own))
    assert run.check("double").status == "passed"
    after = Path.cwd(), list(sys.path), dict(os.environ), sys.modules["__main__"], sys.stdin
    assert after == before
    assert "helper" not in sys.modules


def test_two_folders_may_have_helpers_of_one_name(make_folder, solved):
    for name, factor in (("01-toy", 2), ("02-toy", 3)):
        folder = make_folder(name)
        (folder.path / "helper.py").write_text(f"factor = {factor}")
        own = f"import helper\nassert helper.factor == {factor}\nfine = True"
        code = "def double(x):\n    import helper\n    assert fine\n    return 2 * x"
        run = open_notebook(folder.write({**solved, "double": code}, own))
        assert run.check("double").message == ""


def test_a_warning_of_numpy_is_no_error_whatever_the_filters_say(folder, solved):
    code = "def double(x):\n    np.float64(1) / np.float64(0)\n    return 2 * x"
    run = open_notebook(folder.write({**solved, "double": code}))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.warns(RuntimeWarning, match="divide by zero"):
            assert run.check("double").status == "passed"


@pytest.mark.skipif(os.name != "posix", reason="sends a signal")
@pytest.mark.parametrize("place", ["cell", "function"])
def test_ctrl_c_ends_an_endless_loop(folder, solved, place):
    loop = "while True:\n        print('again')"
    own = [f"if True:\n    {loop}"] if place == "cell" else []
    code = f"def double(x):\n    {loop}" if place == "function" else solved["double"]
    run = open_notebook(folder.write({**solved, "double": code}, *own))
    ended = threading.Event()

    def press() -> None:
        # More than once, as a person does: IPython swallows one that comes between two cells.
        while not ended.wait(1.0):
            os.kill(os.getpid(), signal.SIGINT)

    keyboard = threading.Thread(target=press)
    keyboard.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            run.check("double")
    finally:
        ended.set()
        keyboard.join()


def test_visible_checks_draw_the_same_inputs_at_each_run(folder, solved):
    code = "def double(x):\n    print(repr(x))\n    return 2 * x"
    printed = []
    for _ in range(2):
        run = open_notebook(folder.write({**solved, "double": code}))
        run.check("double")
        printed.append(run.printed["double"])
    assert printed[0] == printed[1]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"not json", "The file is not JSON (line 1, column 1"),
        (b"", "The file is empty."),
        (b'{"nbformat": 99, "cells": []}', "The notebook is in format 99"),
        (b"PK\x03\x04", "The file is a zip archive"),
    ],
)
def test_a_broken_notebook_is_refused_with_the_reason(folder, content, problem):
    folder.notebook.write_bytes(content)
    with pytest.raises(CourseError) as caught:
        open_notebook(folder.notebook)
    assert str(caught.value).startswith(f"{folder.notebook}: {problem}")


def test_without_checks_there_is_nothing_to_run(folder):
    folder.checks.unlink()
    with pytest.raises(CourseError, match=r"checks\.py: not found\. Keep the notebook"):
        open_notebook(folder.notebook)


def test_broken_checks_are_told_from_a_broken_notebook(folder):
    folder.checks.write_text("from autograder.checks import Exercise\n1 / 0")
    with pytest.raises(CourseError, match=r"cannot be loaded .ZeroDivisionError: .* fresh copy"):
        open_notebook(folder.notebook)


def test_an_unknown_exercise_is_answered_with_the_known_ones(folder):
    with pytest.raises(CourseError, match="no exercise 'triple'; its exercises are double, total"):
        open_notebook(folder.notebook).check("triple")


def test_an_old_notebook_runs_as_it_would_be_graded(folder, solved):
    notebook = nbformat.read(folder.write(solved), as_version=4)
    nbformat.write(nbformat.convert(notebook, 3), folder.notebook)
    assert open_notebook(folder.notebook).check("double").status == "passed"


@pytest.mark.parametrize("name", RELEASES)
def test_near_and_far_run_the_same_cells(name):
    release = Course(ROOT).load(name).release
    far = executable_cells(nbformat.read(release, as_version=4))
    near = executable(triage(release).notebook["cells"])
    assert [cell["source"] for cell in near] == [cell.source for cell in far]
