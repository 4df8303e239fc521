"""What students install: the engine alone, on any system."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from autograder.catalogue import load_catalogue

ROOT = Path(__file__).parents[1]
ENGINE = ROOT / "autograder"

NOT_ON_WINDOWS = ("fcntl", "grp", "pty", "pwd", "resource", "syslog", "termios", "tty")
NOT_IN_OS = (
    *("fork", "getegid", "geteuid", "getgid", "getpgid", "getuid", "getloadavg", "killpg"),
    *("mkfifo", "nice", "openpty", "sched_getaffinity", "setgid", "setpgid", "setsid", "setuid"),
    *("uname", "wait3", "wait4"),
)
NOT_INSTALLED = ("jupytext", "nbgrader", "psutil", "reference", "rich", "sklearn", "torch")

AS_ON_A_STUDENTS_WINDOWS = """
import importlib, os, sys

class Block:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {blocked!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

class Gone:
    "Other packages ask for the system, and then use what it has."
    def __init__(self, name):
        self.name, self.real = name, getattr(os, name)
    def __call__(self, *args):
        caller = sys._getframe(1).f_globals["__name__"]
        if caller.startswith("autograder"):
            raise AttributeError(f"module 'os' has no attribute {{self.name!r}}")
        return self.real(*args)

for name in {blocked!r} & set(sys.modules):
    del sys.modules[name]
for name in {gone!r}:
    if hasattr(os, name):
        setattr(os, name, Gone(name))
sys.meta_path.insert(0, Block())
sys.path.insert(0, {place!r})
{code}
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> zipfile.ZipFile:
    """The student wheel, built here without a network."""
    place = tmp_path_factory.mktemp("wheel")
    command = ["-m", "build", "--wheel", "--no-isolation", "--outdir", str(place), str(ROOT)]
    subprocess.run(
        [sys.executable, *command], cwd=place, check=True, capture_output=True, timeout=120
    )
    (path,) = place.glob("*.whl")
    with zipfile.ZipFile(path) as opened:
        yield opened


@pytest.fixture(scope="module")
def on_a_students_windows(wheel, tmp_path_factory):
    """Run code with the wheel's modules, as if nothing of POSIX or an instructor's were there."""
    place = tmp_path_factory.mktemp("installed")
    wheel.extractall(place)

    def run(code, cwd=place):
        program = AS_ON_A_STUDENTS_WINDOWS.format(
            blocked={*NOT_ON_WINDOWS, *NOT_INSTALLED}, gone=NOT_IN_OS, place=str(place), code=code
        )
        return subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            cwd=cwd,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            timeout=120,
            check=False,
        )

    return run


def test_a_students_modules_import_on_windows_without_an_instructors_packages(
    on_a_students_windows, student_side
):
    done = on_a_students_windows(
        f"for name in {student_side!r}:\n"
        "    importlib.import_module(name)\n"
        "from autograder import check\n"
        "print(sys.modules['autograder'].__file__)"
    )
    assert done.returncode == 0, done.stderr
    assert str(ROOT) not in done.stdout, "the wheel's modules are meant"


def test_the_simulation_notices_what_a_students_windows_has_not(on_a_students_windows):
    for code, missing in {
        "import autograder.session.launcher": "psutil",
        "import resource": "resource",
        "exec('import os; os.getuid()', {'__name__': 'autograder.sample'})": "getuid",
    }.items():
        done = on_a_students_windows(code)
        assert done.returncode == 1
        assert missing in done.stderr.splitlines()[-1]


def test_check_works_on_windows_without_an_instructors_packages(on_a_students_windows, tmp_path):
    (tmp_path / "checks.py").write_text(
        "from autograder.checks import Exercise, expect, visible\n"
        "DOUBLE = Exercise('double', points=1)\n"
        "@visible('double', points=1, title='of 1 is 2')\n"
        "def of_one(student, case):\n"
        "    expect.close('double(1)', student.call('double', 1.0), 2.0)\n"
    )
    cell = {"cell_type": "code", "metadata": {}, "source": "def double(x): return 2 * x"}
    notebook = {"nbformat": 4, "nbformat_minor": 5, "cells": [cell]}
    (tmp_path / "a.ipynb").write_text(json.dumps(notebook))
    start = "from autograder.adapters.cli.main import main; main()"
    done = on_a_students_windows(f"sys.argv = ['autograder', 'check']\n{start}", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("1 of 1 points in the visible checks; 1 can be earned in all.\n\n")


def test_the_wheel_holds_the_engine_and_nothing_else(wheel):
    ours = {
        path.relative_to(ROOT).as_posix()
        for path in ENGINE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    held = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert held == ours
    assert {Path(name).suffix for name in held} == {".py", ".typed"}
    rest = {name.partition(".dist-info/")[2] for name in wheel.namelist()} - {""}
    assert rest == {"METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE"}


def test_no_mistake_and_no_answer_of_the_catalogues_is_in_the_wheel(wheel):
    text = "\n".join(wheel.read(name).decode() for name in wheel.namelist())
    catalogues = [*ROOT.glob("solutions/*/mutants.py"), *ROOT.glob("solutions/*/variants.py")]
    assert catalogues
    for path in catalogues:
        for entry in load_catalogue(path):
            lines = [line.strip() for line in entry.source.splitlines() if len(line) > 40]
            assert [line for line in lines if line in text] == [], entry.name


def test_the_wheel_says_what_a_student_needs_and_how_it_starts(wheel):
    read = {name.rpartition("/")[2]: wheel.read(name).decode() for name in wheel.namelist()}
    required = [
        line.partition(":")[2].strip()
        for line in read["METADATA"].splitlines()
        if line.startswith("Requires-Dist:")
    ]
    always = {text.partition(">=")[0] for text in required if "extra ==" not in text}
    assert always == {"click", "ipython", "numpy"}
    assert not [text for text in required if text.startswith(("torch", "scikit"))]
    assert "Requires-Python: >=3.11" in read["METADATA"]
    assert "autograder = autograder.adapters.cli.main:main" in read["entry_points.txt"]
    assert "[pytest11]\nautograder = autograder.adapters.pytest_plugin" in read["entry_points.txt"]
