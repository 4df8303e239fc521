"""The command ``autograder``, as a student and as an instructor types it."""

from __future__ import annotations

import importlib.metadata
import json
import os
import subprocess
import sys
from pathlib import Path

import click
import nbformat
import pytest
from click.testing import CliRunner

from autograder import __version__
from autograder.adapters.cli import check, doctor, main
from autograder.adapters.near_run import open_notebook
from autograder.render import plain_table
from autograder.sample_class import fill

ROOT = Path(__file__).parents[2]

BLOCK = """
import importlib.abc, sys

class Block(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {blocked!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Block())
sys.argv = ["autograder", *{arguments!r}]
from autograder.adapters.cli.main import main
try:
    main()
finally:
    print("loaded:", *sorted(set(sys.modules) & {watched!r}), file=sys.stderr)
"""

HEAVY = {"IPython", "numpy", "nbformat", "nbgrader", "torch", "rich", "sklearn", "matplotlib"}


def autograder(*arguments, cwd=None, blocked=frozenset(), env=None):
    """Run the command in a process of its own, as if `blocked` were not installed."""
    code = BLOCK.format(blocked=set(blocked), arguments=arguments, watched=HEAVY)
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=cwd,
        env={**os.environ, **(env or {})},
        timeout=120,
        check=False,
    )


def invoke(command, *arguments):
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


# --- check --------------------------------------------------------------------------------------


def test_check_passes_with_the_tables_of_the_notebook(folder, solved):
    path = folder.write(solved)
    done = invoke(check.command, path)
    assert done.exit_code == 0
    tables = [plain_table(open_notebook(path).check(name)) for name in solved]
    assert done.output == (
        "07-toy/toy.ipynb\n\n"
        + "".join(f"{table}\n\n" for table in tables)
        + "4 of 4 points in the visible checks; 4.5 can be earned in all.\n\n"
    )


def test_check_fails_with_status_1(folder, solved):
    done = invoke(check.command, folder.write({**solved, "double": "def double(x):\n    return 1"}))
    assert done.exit_code == 1
    assert "Hint: What is twice nothing?" in done.output
    assert "2.5 of 4 points in the visible checks" in done.output


def test_check_of_one_exercise(folder, solved):
    folder.write({"total": solved["total"]})
    done = invoke(check.command, folder.path, "-k", "total")
    assert done.exit_code == 0
    assert done.output.count("points in the visible checks") == 1
    assert "double" not in done.output
    done = invoke(check.command, folder.path, "-k", "total", "--exercise", "Counter")
    assert done.exit_code == 1
    assert "1.5 of 2.5 points in the visible checks; 2.5 can" in done.output


def test_check_without_an_argument_takes_the_folder_here(folder, solved, monkeypatch):
    folder.write(solved)
    monkeypatch.chdir(folder.path)
    assert invoke(check.command).exit_code == 0


def test_check_of_a_folder_of_assignments(make_folder, solved, tmp_path):
    make_folder("07-toy").write(solved)
    make_folder("08-toy")
    make_folder("build")
    done = invoke(check.command, tmp_path)
    assert done.exit_code == 1
    names = [line for line in done.output.splitlines() if line.endswith(".ipynb")]
    assert names == ["07-toy/toy.ipynb", "08-toy/toy.ipynb"]


def test_check_shows_what_the_students_code_prints(folder, solved):
    noisy = "def double(x):\n    print('x is \\x1b[31m', x)\n    return 2 * x"
    done = invoke(check.command, folder.write({**solved, "double": noisy}), "-k", "double")
    assert "\n\ndouble printed:\nx is  0.0" in done.output


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["nowhere"], "Path 'nowhere' does not exist."),
        (["empty"], "no notebook with a checks.py of this course beside it. Name the"),
        (["07-toy", "-k", "triple"], "has no exercise 'triple'; its exercises are double, total"),
        (["07-toy/broken.ipynb"], "broken.ipynb: The file is not JSON (line 1"),
        (["lonely.ipynb"], "checks.py: not found. Keep the notebook in the folder it came in"),
    ],
)
def test_check_of_what_cannot_be_checked_is_one_message_and_status_2(
    folder, tmp_path, arguments, problem
):
    (folder.path / "broken.ipynb").write_text("no")
    (tmp_path / "lonely.ipynb").write_text("{}")
    (tmp_path / "empty").mkdir()
    done = autograder("check", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert problem in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_check_needs_no_window_and_no_keyboard(folder, solved):
    code = (
        "import matplotlib.pyplot as plt\n\n"
        "def double(x):\n    plt.plot([1, 2])\n    plt.show()\n    print(plt.get_backend())\n"
        "    return 2 * x"
    )
    folder.write({**solved, "double": code}, "input('name?')")
    done = autograder("check", "-k", "double", cwd=folder.path, env={"MPLBACKEND": "tkagg"})
    assert done.returncode == 0
    assert "inline" in done.stdout


def test_any_text_can_be_printed_anywhere(folder, solved):
    code = "def double(x):\n    raise ValueError('\N{SNOWMAN}')"
    folder.write({**solved, "double": code})
    done = autograder("check", cwd=folder.path, env={"PYTHONIOENCODING": "cp1252"})
    assert done.returncode == 1
    assert "double raised ValueError: ?" in done.stdout
    assert done.stderr.startswith("loaded:")


# --- the command as a whole ---------------------------------------------------------------------

INSTRUCTOR_MODULES = {"nbgrader", "torch", "rich", "jupytext", "psutil", "sklearn", "reference"}


def test_help_is_quick_and_needs_nothing_of_an_instructor():
    done = autograder("--help", blocked=INSTRUCTOR_MODULES | {"numpy", "IPython", "nbformat"})
    assert done.returncode == 0
    assert done.stderr == "loaded:\n"
    for name in ("check", "doctor", "demo", "feedback", "grade", "grade-one", "release"):
        assert f"\n  {name} " in done.stdout
    assert done.stdout.index("For students:") < done.stdout.index("For instructors:")


def test_summaries_are_those_of_the_commands():
    for name, summary in {**main.STUDENTS, **main.INSTRUCTORS}.items():
        command = main.cli.get_command(click.Context(main.cli), name)
        assert command.name == name
        assert command.help
        assert summary.endswith(".")
        assert len(summary) <= 66, "one line of 80 columns"


def test_commands_of_other_distributions_are_listed_and_loaded():
    done = invoke(main.cli, "--help")
    assert "calibrate  Measure the labs' recipes" in done.output
    assert "--seeds" in invoke(main.cli, "calibrate", "--help").output


def test_check_and_doctor_need_nothing_of_an_instructor(folder, solved):
    folder.write(solved)
    done = autograder("check", cwd=folder.path, blocked=INSTRUCTOR_MODULES)
    assert done.returncode == 0
    assert "nbgrader" not in done.stderr


@pytest.mark.parametrize("command", ["grade", "grade-one", "release", "feedback", "demo"])
def test_an_instructors_command_says_what_it_misses(command):
    done = autograder(command, "--help", blocked={"rich", "psutil", "nbgrader", "torch"})
    assert (done.returncode, "Traceback" in done.stderr) in ((0, False), (2, False))
    if done.returncode:
        assert "which is not installed. autograder doctor says how to mend that." in done.stderr


def test_grading_without_torch_says_what_it_misses(folder):
    notebook = str(folder.notebook)
    done = autograder("grade-one", "02-backprop", notebook, cwd=ROOT, blocked={"torch"})
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(
        "autograder: this command needs torch, which is not installed. "
        "autograder doctor says how to mend that.\n"
    )


def test_an_unknown_command_and_the_version():
    done = invoke(main.cli, "grad")
    assert done.exit_code == 2
    assert "No such command 'grad'" in done.output
    assert invoke(main.cli, "--version").output == f"autograder, version {__version__}\n"


def test_outside_a_course_an_instructors_command_says_where_to_go(tmp_path):
    done = autograder("grade-one", "02-backprop", str(tmp_path), cwd=tmp_path)
    assert done.returncode == 2
    assert "not inside a course: no folder here or above holds solutions/" in done.stderr
    assert "Traceback" not in done.stderr


# --- doctor -------------------------------------------------------------------------------------


@pytest.fixture
def installed(monkeypatch):
    """Pretend that packages are missing (None) or of another version."""
    real = importlib.metadata.version

    def pretend(**versions):
        def version(name):
            name = name.replace("-", "_")
            if versions.get(name, "") is None:
                raise importlib.metadata.PackageNotFoundError(name)
            return versions.get(name) or real(name)

        monkeypatch.setattr(importlib.metadata, "version", version)

    return pretend


@pytest.fixture
def outside(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def course(tmp_path, monkeypatch):
    (tmp_path / "solutions" / "01-a").mkdir(parents=True)
    (tmp_path / "solutions" / "01-a" / "checks.py").touch()
    (tmp_path / "nbgrader_config.py").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AUTOGRADER_DEVICE", raising=False)
    monkeypatch.delenv("AUTOGRADER_MNIST", raising=False)
    return tmp_path


def release(course):
    (course / "assignments" / "01-a").mkdir(parents=True)


def test_doctor_of_a_whole_course(course):
    release(course)
    done = invoke(doctor.command)
    assert done.exit_code == 0, done.output
    assert "  ok      course            1 of 1 assignments are released\n" in done.output
    assert done.output.endswith("\nNothing is missing.\n")
    subjects = [line.split()[1] for line in done.output.splitlines() if line.startswith("  ok")]
    assert len(subjects) == len(set(subjects))
    assert {"Python", "numpy", "jupyterlab", "nbgrader", "torch", "device"} <= set(subjects)


def test_doctor_of_a_student_takes_what_instructors_need_for_notes(installed, outside):
    installed(nbgrader=None, autograder_reference=None, rich=None)
    done = invoke(doctor.command)
    assert done.exit_code == 0
    assert "  note    nbgrader          not installed\n" in done.output
    assert "  note    course            not inside a course's folder\n" in done.output
    assert "MISSING" not in done.output


def test_doctor_names_what_is_missing_or_too_old_and_how_to_mend_it(installed, outside):
    installed(jupyterlab=None, numpy="1.26.4")
    done = invoke(doctor.command)
    assert done.exit_code == 1
    assert (
        "  MISSING jupyterlab        not installed\n"
        "                            python -m pip install 'jupyterlab>=4.2'\n"
    ) in done.output
    assert (
        "  MISSING numpy             1.26.4 is too old\n"
        "                            python -m pip install 'numpy>=2.0'\n"
    ) in done.output
    assert done.output.endswith("\nMissing: numpy, jupyterlab.\n")


def test_doctor_of_a_course_requires_what_instructors_need(installed, course):
    installed(autograder_reference=None)
    done = invoke(doctor.command)
    assert done.exit_code == 1
    assert (
        "  MISSING course            0 of 1 assignments are released\n"
        "                            autograder release 01-a\n"
    ) in done.output
    assert (
        "  MISSING reference         not installed\n"
        "                            In the course's folder: python -m pip install -e reference\n"
    ) in done.output


def test_doctor_looks_at_the_settings(course, monkeypatch):
    release(course)
    monkeypatch.setenv("AUTOGRADER_DEVICE", "gpu")
    monkeypatch.setenv("AUTOGRADER_MNIST", "/nowhere/mnist.npz")
    done = invoke(doctor.command)
    assert done.exit_code == 1
    assert "MISSING device            AUTOGRADER_DEVICE=gpu" in done.output
    assert "Set AUTOGRADER_DEVICE to cpu, or unset it." in done.output
    assert "note    MNIST             /nowhere/mnist.npz\n" in done.output


def test_doctor_survives_a_torch_that_cannot_be_imported(course, monkeypatch):
    release(course)
    monkeypatch.setitem(sys.modules, "torch", None)
    done = invoke(doctor.command)
    assert done.exit_code == 1
    assert "MISSING device            torch cannot be imported" in done.output


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("click>=8.1", ("click", "8.1", None)),
        ("types-psutil; extra == 'dev'", ("types-psutil", None, "dev")),
        ('jupyterlab >=4.2 ; extra == "student"', ("jupyterlab", "4.2", "student")),
        ("autograder[student]; extra == 'instructor'", None),
    ],
)
def test_requirements_are_read(text, parts):
    found = doctor.REQUIREMENT.fullmatch(text)
    assert (found and (found["name"], found["least"], found["extra"])) == parts


# --- grade-one ----------------------------------------------------------------------------------


def test_grade_one_json_is_one_object_and_nothing_else(tmp_path):
    path = tmp_path / "anything.ipynb"
    path.write_text("not json")
    done = autograder("grade-one", "02-backprop", str(path), "--json", cwd=ROOT)
    assert done.returncode == 0
    grade = json.loads(done.stdout)
    assert (grade["status"], grade["score"]) == ("rejected", 0)
    assert grade["reason"].startswith("The file is not JSON")
    assert {"name", "points", "max_points", "status", "message", "diagnosis"} <= set(
        grade["checks"][0]
    )
    assert grade["manual"]


def test_grade_one_names_the_mistakes(tmp_path):
    release = ROOT / "assignments" / "02-backprop" / "backprop.ipynb"
    wrong = "def sigmoid(z):\n    return 1.0 / (1.0 + np.exp(z))"
    notebook = fill(nbformat.read(release, as_version=4), {"sigmoid": wrong})
    path = tmp_path / "mine.ipynb"
    nbformat.write(notebook, path)
    done = autograder("grade-one", "02-backprop", str(path), cwd=ROOT)
    assert "\nknown mistake: sigmoid/exponent_sign: The sign of the exponent" in done.stdout
    grade = json.loads(autograder("grade-one", "02-backprop", str(path), "--json", cwd=ROOT).stdout)
    (found,) = grade["checks"][0]["diagnosis"]
    assert (found["id"], found["certain"]) == ("sigmoid/exponent_sign", True)
    assert grade["checks"][0]["advice"] == f"A question to start from: {found['hint']}"
    assert all(check["diagnosis"] == [] for check in grade["checks"][1:])


def test_grade_one_says_in_words_why_a_file_earns_nothing(tmp_path):
    done = invoke(main.cli, "grade-one", "02-backprop", tmp_path / "gone.ipynb")
    assert done.exit_code == 2
    assert "there is no file" in done.output
