"""``pytest assignments/07-toy``."""

from __future__ import annotations

import os
import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest

from autograder.adapters.near_run import open_notebook
from autograder.render import plain_table

WRONG = "def double(x):\n    return 2 * x + 1"


@pytest.fixture
def folder(pytester, make_folder):
    """The student's folder below the inner pytest's root."""
    made = make_folder(pytester.path / "07-toy")
    pytester.makeini("[pytest]\naddopts = -p no:cacheprovider -p no:randomly")
    return made


def test_each_exercise_is_an_item(pytester, folder, solved):
    folder.write(solved)
    result = pytester.runpytest("07-toy", "-v")
    result.stdout.fnmatch_lines(
        [
            "07-toy/toy.ipynb::double PASSED*",
            "07-toy/toy.ipynb::total PASSED*",
            "07-toy/toy.ipynb::Counter PASSED*",
        ]
    )
    assert result.ret == pytest.ExitCode.OK


def test_a_failure_is_the_notebooks_table(pytester, folder, solved):
    path = folder.write({**solved, "double": WRONG})
    table = plain_table(open_notebook(path).check("double"))
    assert "Hint: What is twice nothing?" in table
    result = pytester.runpytest("07-toy")
    assert table in result.stdout.str()
    result.stdout.fnmatch_lines(['*_ check("double") _*', "FAILED 07-toy/toy.ipynb::double*"])
    result.assert_outcomes(passed=2, failed=1)
    assert "Traceback" not in result.stdout.str()
    assert "repr_failure" not in result.stdout.str()


def test_a_stub_reads_as_work_to_be_done(pytester, folder):
    result = pytester.runpytest("07-toy", "-k", "total")
    result.stdout.fnmatch_lines(
        [
            '*_ check("total") _*',
            "total: 0 of 1.5 points.",
            "  to do    0/1.5  of one number is that number",
            "                  total is still to be written.",
        ]
    )
    result.assert_outcomes(failed=1, deselected=2)


def test_a_syntax_error_is_that_exercises_failure_alone(pytester, folder, solved):
    folder.write({**solved, "double": "def double(x)\n    return 2 * x"})
    result = pytester.runpytest("07-toy")
    result.stdout.fnmatch_lines(
        ["The cell double stopped with SyntaxError: expected ':' (line 1)."]
    )
    result.assert_outcomes(passed=2, failed=1)


def test_k_selects_and_x_stops(pytester, folder, solved):
    folder.write({**solved, "double": WRONG, "total": WRONG})
    pytester.runpytest("07-toy", "-k", "Counter").assert_outcomes(passed=1, deselected=2)
    result = pytester.runpytest("07-toy", "-x")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*stopping after 1 failures*"])


def test_one_item_can_be_named(pytester, folder, solved):
    folder.write(solved)
    pytester.runpytest("07-toy/toy.ipynb::total").assert_outcomes(passed=1)


def test_junit_xml_holds_the_table(pytester, folder, solved):
    path = folder.write({**solved, "double": WRONG})
    table = plain_table(open_notebook(path).check("double"))
    pytester.runpytest("07-toy", "--junitxml=report.xml")
    (suite,) = ET.parse(pytester.path / "report.xml").getroot()
    assert {key: suite.get(key) for key in ("tests", "failures", "errors")} == {
        "tests": "3",
        "failures": "1",
        "errors": "0",
    }
    cases = {case.get("name"): case for case in suite.iter("testcase")}
    assert list(cases) == ["double", "total", "Counter"]
    assert cases["double"].get("classname") == "07-toy.toy.ipynb"
    failure = cases["double"].find("failure")
    assert failure.text == table
    assert failure.get("message").startswith(table.splitlines()[0])


def test_what_the_function_prints_is_shown_with_its_failure(pytester, folder, solved):
    folder.write({**solved, "double": "def double(x):\n    print('x is', x)\n    return 1"})
    result = pytester.runpytest("07-toy")
    result.stdout.fnmatch_lines(["*Captured stdout call*", "x is 0.0"])


@pytest.mark.parametrize("mode", ["importlib", "prepend", "append"])
def test_every_import_mode_works_beside_other_tests(pytester, folder, solved, mode):
    folder.write(solved)
    pytester.makepyfile(test_own="def test_own():\n    assert True")
    pytester.runpytest(f"--import-mode={mode}").assert_outcomes(passed=4)


def test_two_assignments_and_strict_filters(pytester, folder, make_folder, solved):
    noisy = "def double(x):\n    np.float64(1) / np.float64(0)\n    return 2 * x"
    folder.write({**solved, "double": noisy})
    make_folder(pytester.path / "08-toy").write(solved)
    result = pytester.runpytest("-W", "error", "--strict-markers", "--strict-config")
    result.assert_outcomes(passed=6, warnings=1)
    result.stdout.fnmatch_lines(["*RuntimeWarning: divide by zero*"])


def test_a_broken_notebook_is_a_collection_error_with_the_reason(pytester, folder):
    folder.notebook.write_text('{"cells": [')
    result = pytester.runpytest("07-toy")
    result.stdout.fnmatch_lines(
        [
            "*ERROR collecting 07-toy/toy.ipynb*",
            "*07-toy/toy.ipynb: The file is not JSON (line 1, column*",
            "ERROR 07-toy/toy.ipynb",
        ]
    )
    result.assert_outcomes(errors=1)
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert "Traceback" not in result.stdout.str()


def test_broken_checks_are_a_collection_error_with_the_reason(pytester, folder):
    folder.checks.write_text("from autograder.checks import Exercise\nExercise(")
    result = pytester.runpytest("07-toy")
    result.stdout.fnmatch_lines(["*checks.py: cannot be loaded (SyntaxError:*fresh copy*"])
    result.assert_outcomes(errors=1)


@pytest.mark.parametrize(
    "place", ["build/source", "demo/assignments", "submitted/ada", "autograded/ada"]
)
def test_copies_of_a_course_are_left_alone_unless_asked_for(pytester, make_folder, place):
    make_folder(pytester.path / place / "07-toy")
    pytester.makeini("[pytest]\nnorecursedirs = nothing")
    assert pytester.runpytest().ret == pytest.ExitCode.NO_TESTS_COLLECTED
    pytester.runpytest(f"{place}/07-toy").assert_outcomes(failed=3)


def test_a_students_own_folder_may_be_called_anything(pytester, make_folder, monkeypatch):
    made = make_folder(pytester.path / "build" / "07-toy")
    monkeypatch.chdir(made.path)
    pytester.runpytest().assert_outcomes(failed=3)


def test_scratch_notebooks_and_checkpoints_are_left_alone(pytester, folder, solved):
    folder.write(solved)
    folder.write({}, name="toy-Copy1.ipynb")
    (folder.path / "Untitled.ipynb").write_text("")
    checkpoints = folder.path / ".ipynb_checkpoints"
    checkpoints.mkdir()
    for file in ("checks.py", "toy.ipynb"):
        (checkpoints / file).write_bytes((folder.path / file).read_bytes())
    pytester.makeini("[pytest]\nnorecursedirs = nothing")
    pytester.runpytest("07-toy").assert_outcomes(passed=3)
    pytester.runpytest("07-toy/toy-Copy1.ipynb").assert_outcomes(failed=3)


def test_a_renamed_notebook_is_found(pytester, folder, solved):
    folder.write(solved).rename(folder.path / "my toy (2).ipynb")
    pytester.runpytest("07-toy").assert_outcomes(passed=3)


def test_other_peoples_checks_and_notebooks_are_left_alone(pytester):
    (pytester.path / "checks.py").write_text("raise SystemExit('not ours')")
    (pytester.path / "analysis.ipynb").write_text("{}")
    (pytester.path / "binary").mkdir()
    (pytester.path / "binary" / "checks.py").write_bytes(b"\xff\xfe")
    (pytester.path / "binary" / "analysis.ipynb").write_text("{}")
    assert pytester.runpytest().ret == pytest.ExitCode.NO_TESTS_COLLECTED


def test_other_projects_pay_no_import(pytester, monkeypatch):
    """The plugin is loaded wherever this package is installed."""
    # Other plugins of this environment import NumPy themselves.
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile(
        "import sys\n\n\n"
        "def test_quick():\n"
        "    assert 'autograder.adapters.pytest_plugin' in sys.modules\n"
        "    assert not {'IPython', 'numpy', 'nbformat', 'msgspec'} & set(sys.modules)\n"
    )
    result = pytester.runpytest_subprocess("-p", "autograder.adapters.pytest_plugin")
    result.assert_outcomes(passed=1)


@pytest.mark.skipif(os.name != "posix", reason="sends a signal")
def test_ctrl_c_ends_an_endless_print(pytester, folder, solved):
    folder.write({**solved, "double": "def double(x):\n    while True:\n        print('again')"})
    code = (
        "import os, pytest, signal, sys, threading;"
        "threading.Timer(3, lambda: os.kill(os.getpid(), signal.SIGINT)).start();"
        "sys.exit(pytest.main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", code, "07-toy", "-k", "double"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == pytest.ExitCode.INTERRUPTED
    assert "KeyboardInterrupt" in done.stdout
    assert len(done.stdout) < 50_000
