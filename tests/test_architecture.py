"""Dependencies point one way; a test walks the imports."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

STUDENTS_MAY_LOAD = (
    *("autograder", "autograder.adapters", "autograder.adapters.cli", "autograder.session"),
    *("autograder.adapters.discovery", "autograder.adapters.near_run"),
    *("autograder.adapters.notebook", "autograder.adapters.pytest_plugin"),
    *("autograder.adapters.cli.check", "autograder.adapters.cli.doctor"),
    *("autograder.adapters.cli.main", "autograder.session.shell"),
    *("autograder.course", "autograder.errors", "autograder.lean", "autograder.limits"),
    *("autograder.render", "autograder.results"),
    *("autograder.student", "autograder.values"),
)
"""Beside ``autograder.checks``, ``diagnosis`` and ``submission``; the rest is an instructor's."""

FRAMEWORKS = {"click", "pytest", "nbgrader", "rich"}
"""Only adapters know them."""

PRINTS = {"print", "sys.stdout.write", "sys.stderr.write"}

POSIX = {"fcntl", "grp", "pty", "pwd", "resource", "syslog", "termios", "tty"}

INTO_ADAPTERS = {
    "autograder": "autograder.adapters.notebook",  # from autograder import check
    "autograder.release.build": "autograder.adapters.nbgrader",  # its generator makes the release
}
"""The engine's few imports of an adapter, all at the time of the call."""


@dataclass(frozen=True)
class Import:
    """One import: who, what, and whether it happens when the module is loaded."""

    module: str
    target: str
    at_load: bool


def _is_package(path: Path) -> bool:
    return path.name == "__init__.py"


@cache
def modules(package: str) -> dict[str, Path]:
    """Return every module of a package of ours, by name."""
    found = {}
    for path in sorted((ROOT / package).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if _is_package(path) else parts)] = path
    return found


def _nodes(tree: ast.AST, *, at_load: bool = True) -> Iterator[tuple[ast.AST, bool]]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        later = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        yield node, at_load
        yield from _nodes(node, at_load=at_load and not later)


@cache
def imports(name: str, path: Path) -> tuple[Import, ...]:
    """Return the imports of a module, type checking's excepted."""
    found = []
    for node, at_load in _nodes(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [Import(name, alias.name, at_load) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name}: a relative import"
            known = modules(node.module.partition(".")[0]) if node.module else {}
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                found.append(Import(name, full if full in known else node.module, at_load))
    return tuple(found)


def all_imports(package: str) -> list[Import]:
    return [item for name, path in modules(package).items() for item in imports(name, path)]


def closure(start: str) -> set[str]:
    """Return the modules of ours that loading `start` loads."""
    known, seen, waiting = modules("autograder"), set(), [start]
    while waiting:
        name = waiting.pop()
        if name not in known or name in seen:
            continue
        seen.add(name)
        parents = [name.rsplit(".", k)[0] for k in range(1, name.count(".") + 1)]
        waiting += parents
        waiting += [item.target for item in imports(name, known[name]) if item.at_load]
    return seen


def top(name: str) -> str:
    return name.partition(".")[0]


def is_in(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def test_the_engine_knows_no_answers():
    strangers = {"reference", "solutions", "assignments", "tests", "hidden_checks", "mutants"}
    assert [item for item in all_imports("autograder") if top(item.target) in strangers] == []


def test_the_reference_knows_no_engine():
    assert [
        item
        for item in all_imports("reference")
        if top(item.target) in {"autograder", "solutions", "assignments", "tests"}
    ] == []


def test_only_a_command_of_the_reference_knows_click():
    users = {item.module for item in all_imports("reference") if top(item.target) in FRAMEWORKS}
    assert users <= {"reference.calibrate"}


def test_only_adapters_know_the_frameworks():
    assert [
        item
        for item in all_imports("autograder")
        if top(item.target) in FRAMEWORKS and not is_in(item.module, "autograder.adapters")
    ] == []


def test_only_the_cluster_knows_dask():
    found = [
        item for item in all_imports("autograder") if top(item.target) in {"dask", "distributed"}
    ]
    assert {item.module for item in found} == {"autograder.batch.cluster"}
    assert not any(item.at_load for item in found)


def test_the_engine_calls_its_adapters_from_documented_places_only():
    found = [
        item
        for item in all_imports("autograder")
        if is_in(item.target, "autograder.adapters")
        and not is_in(item.module, "autograder.adapters")
    ]
    assert {item.module for item in found} == set(INTO_ADAPTERS)
    for item in found:
        assert is_in(item.target, INTO_ADAPTERS[item.module])
        assert not item.at_load


def test_checks_know_neither_grading_nor_rendering():
    """What a check is written with can be read by itself."""
    assert {name for name in closure("autograder.checks") if name.count(".") == 1} == {
        "autograder.checks",
        "autograder.diagnosis",
        "autograder.errors",
        "autograder.student",
        "autograder.values",
    }


ABOVE = {
    "autograder.diagnosis": ("autograder.checks", "autograder.grading", "autograder.batch"),
    "autograder.checks": ("autograder.grading", "autograder.batch"),
    "autograder.submission": ("autograder.session", "autograder.grading", "autograder.batch"),
    "autograder.session": ("autograder.grading", "autograder.batch"),
    "autograder.jail": ("autograder.grading", "autograder.batch"),
    "autograder.release": ("autograder.batch",),
    "autograder.grading": ("autograder.batch",),
    "autograder.batch": ("autograder.release", "autograder.bench", "autograder.adapters"),
}
"""Packages, and which ones they may not know: grading knows one submission, the batch a class."""


@pytest.mark.parametrize("package", ABOVE)
def test_what_is_below_knows_nothing_of_what_is_above(package):
    found = [item for item in all_imports("autograder") if is_in(item.module, package)]
    assert found
    assert [item for item in found if is_in(item.target, *ABOVE[package])] == []


def test_of_our_own_only_adapters_and_the_benchmark_know_the_batch():
    users = {
        item.module
        for item in all_imports("autograder")
        if is_in(item.target, "autograder.batch") and not is_in(item.module, "autograder.batch")
    }
    assert all(is_in(user, "autograder.adapters", "autograder.bench") for user in users), users


def test_a_students_modules_load_no_instructors_module(student_side):
    loaded = {name for start in student_side for name in closure(start)}
    shared = ("autograder.checks", "autograder.diagnosis", "autograder.submission")
    assert {name for name in loaded if not is_in(name, *shared)} == set(STUDENTS_MAY_LOAD)
    known = modules("autograder")
    outside = {
        top(item.target)
        for name in loaded
        for item in imports(name, known[name])
        if item.at_load and top(item.target) != "autograder"
    }
    libraries = outside - set(sys.stdlib_module_names)
    assert libraries <= {"IPython", "click", "numpy", "pytest", "traitlets"}
    assert outside & POSIX == set()


def test_posix_modules_are_loaded_nowhere_at_import():
    assert [
        item for item in all_imports("autograder") if item.at_load and top(item.target) in POSIX
    ] == []


def test_only_the_command_line_prints():
    for package in ("autograder", "reference"):
        for name, path in modules(package).items():
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                called = isinstance(node, ast.Call) and ast.unparse(node.func)
                if not is_in(name, "autograder.adapters.cli"):
                    assert called not in PRINTS, f"{name}: {node.lineno}"


def test_nothing_is_unpickled_and_no_text_is_executed():
    """What comes back from a student's process is data.

    The oracle alone pickles: both of its ends are ours, and it is told plain values only. What is
    executed are the catalogue's entries, in the release's cells: the course's own.
    """
    for name, path in modules("autograder").items():
        targets = {top(item.target) for item in imports(name, path)}
        if name != "autograder.grading.oracle":
            assert not targets & {"pickle", "marshal", "shelve", "dill", "cloudpickle"}, name
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            called = isinstance(node, ast.Call) and ast.unparse(node.func)
            if name != "autograder.grading.replays":
                executes = called in {"eval", "exec", "compile", "__import__"}
                assert not executes, f"{name}: {node.lineno}"


def test_the_walk_sees_what_it_should(tmp_path):
    path = tmp_path / "sample.py"
    path.write_text(
        "from typing import TYPE_CHECKING\n"
        "import os.path\n"
        "if TYPE_CHECKING:\n    import torch\n"
        "try:\n    from autograder import errors\nexcept ImportError:\n    import rich.table\n"
        "class A:\n    import click\n    def method(self):\n        import nbgrader\n"
    )
    assert imports("sample", path) == (
        Import("sample", "typing", at_load=True),
        Import("sample", "os.path", at_load=True),
        Import("sample", "autograder.errors", at_load=True),
        Import("sample", "rich.table", at_load=True),
        Import("sample", "click", at_load=True),
        Import("sample", "nbgrader", at_load=False),
    )
