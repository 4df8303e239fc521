"""The documentation against the code: commands, files, links, variables, tables, the example.

A table of docs/checks.md that is out of date is shown as it should be, to be pasted there.
"""

from __future__ import annotations

import importlib
import json
import re
import shlex
import shutil
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import click
import nbformat
import pytest
from nbgrader.apps.nbgraderapp import NbGraderApp

from autograder.adapters.cli.main import cli
from autograder.catalogue import load_catalogue
from autograder.checks import Check
from autograder.checks.runner import run_exercise
from autograder.course import Assignment, Course, load_private, load_public
from autograder.grading.cells import executable_cells
from autograder.grading.grade import Grader
from autograder.release.build import build_release
from autograder.sample_class import fill, solution_cells
from autograder.session.launcher import Launcher
from autograder.student import Near
from tests.hostile import catalogue

ROOT = Path(__file__).parents[1]
COURSE = Course(ROOT)
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
CHECKS_PAGE = ROOT / "docs" / "checks.md"
SECURITY_PAGE = ROOT / "docs" / "security.md"
EXAMPLE = "08-softplus"

FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
PATH = re.compile(r"[\w.*<>-]+(?:/[\w.*<>-]+)*/?")
VARIABLE = re.compile(r"\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\b")
DOTTED = re.compile(r"(?:autograder|reference)(?:\.\w+)+")
EXAMPLE_FILE = re.compile(
    r"^(Append to )?`(solutions/08-softplus/\w+\.py)`\n\n```python\n(.*?)\n```$",
    re.MULTILINE | re.DOTALL,
)


def prose(page: Path) -> str:
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def spans(page: Path) -> list[str]:
    return SPAN.findall(prose(page))


def commands(program: str) -> list[Any]:
    """Return each command of `program` that a page shows, in a block or in a line, as words."""
    found = []
    for page in PAGES:
        blocks = FENCE.findall(page.read_text(encoding="utf-8"))
        lines = [line.strip() for kind, text in blocks if not kind for line in text.split("\n")]
        for line in dict.fromkeys([*lines, *spans(page)]):
            if line.startswith(f"{program} "):
                words = tuple(shlex.split(line, comments=True)[1:])
                found.append(pytest.param(words, id=f"{page.stem}: {' '.join(words)}"))
    return found


# --- commands -------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", commands("autograder"))
def test_a_command_exists_with_its_options(words: tuple[str, ...]) -> None:
    name, *arguments = words
    command = cli.get_command(click.Context(cli), name)
    assert command is not None, f"there is no command {name}"
    if isinstance(command, click.Group):
        name, *arguments = arguments
        command = command.get_command(click.Context(command), name)
        assert command is not None, f"there is no command {' '.join(words[:2])}"
    parser = command.make_parser(click.Context(command))
    _, extra, _ = parser.parse_args(arguments)  # raises for an option that there is not
    assert extra == []


def test_every_command_is_documented() -> None:
    shown = {parameter.values[0][0] for parameter in commands("autograder")}
    assert set(cli.list_commands(click.Context(cli))) <= shown


@pytest.mark.parametrize("words", commands("make"))
def test_a_make_target_exists(words: tuple[str, ...]) -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(words) <= set(targets)


@pytest.mark.parametrize("words", commands("nbgrader"))
def test_nbgrader_has_the_command(words: tuple[str, ...]) -> None:
    assert words[0] in NbGraderApp.subcommands


# --- what is named --------------------------------------------------------------------------------


def slug(heading: str) -> str:
    """Return the anchor that pages give a heading."""
    kept = re.sub(r"[^\w\- ]", "", heading.lower())
    return kept.replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(prose(page)):
        if target.startswith("https://"):
            continue
        name, _, anchor = target.partition("#")
        linked = page.parent / name if name else page
        assert linked.is_file(), target
        if anchor:
            assert anchor in map(slug, HEADING.findall(prose(linked))), target


def generated() -> set[str]:
    """Folders that are not there before something was run: git ignores them."""
    lines = (ROOT / ".gitignore").read_text().split()
    return {line.rstrip("/") for line in lines if line.endswith("/")} | {"downloaded"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_that_are_named_exist(page: Path) -> None:
    for name in spans(page):
        if "/" not in name or not PATH.fullmatch(name) or EXAMPLE in name:
            continue
        if name.partition("/")[0] in generated():
            continue
        # Of a path with a placeholder, what stands before it.
        known = name.partition("<")[0].rpartition("/")[0] or "*" if "<" in name else name
        assert any(ROOT.glob(known)) or any(page.parent.glob(known)), name


def test_the_tree_of_the_readme_exists() -> None:
    blocks = [text for _, text in FENCE.findall((ROOT / "README.md").read_text(encoding="utf-8"))]
    [tree] = [text for text in blocks if text.startswith("solutions/")]
    named = {name.rstrip("/") for name in re.findall(r"[\w-]+(?:/|\.py)", tree)}
    assert len(named) > 20
    folders = [ROOT / name for name in named if (ROOT / name).is_dir()]
    there = {path.name for folder in [ROOT, *folders] for path in folder.glob("*")}
    there |= {path.name for path in (ROOT / "solutions").glob("*/*")}
    assert named <= there


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_names_in_modules_exist(page: Path) -> None:
    for name in spans(page):
        if DOTTED.fullmatch(name) and name != "autograder.commands":  # an entry-point group
            module, _, attribute = name.rpartition(".")
            try:
                importlib.import_module(name)
            except ModuleNotFoundError:
                assert hasattr(importlib.import_module(module), attribute), name


def code() -> str:
    paths = [ROOT / "Makefile", *ROOT.glob("autograder/**/*.py"), *ROOT.glob("reference/*.py")]
    return "\n".join(path.read_text(encoding="utf-8") for path in paths)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_variables_that_are_named_exist(page: Path) -> None:
    known = set(VARIABLE.findall(code()))
    assert {name for span in spans(page) for name in VARIABLE.findall(span)} <= known


def test_every_setting_is_documented() -> None:
    ours = {name for name in VARIABLE.findall(code()) if name.startswith("AUTOGRADER_")}
    assert ours <= set(spans(ROOT / "README.md"))
    assert ours <= set(spans(ROOT / "docs" / "instructors.md"))


# --- the tables of docs/checks.md -----------------------------------------------------------------


def load(name: str) -> Assignment:
    folder = COURSE.solutions / name
    return load_private(load_public(folder), folder)


def table(*rows: list[Any]) -> str:
    return "\n".join(f"| {' | '.join(map(str, row))} |" for row in rows)


def exercise_table() -> str:
    """Points, and how many checks, mutants and variants each exercise has."""
    head = ["exercise", "points", "visible", "checks", "hidden", "mutants", "variants"]
    rows: list[list[Any]] = [head, ["---", *["---:"] * (len(head) - 1)]]
    total = Counter[str]()
    for name in COURSE.names:
        assignment = load(name)
        files = {what: COURSE.solutions / name / f"{what}.py" for what in ("mutants", "variants")}
        entries = {
            what: Counter(entry.exercise for entry in load_catalogue(path))
            for what, path in files.items()
        }
        for exercise in assignment.exercises:
            mine = [check for check in assignment.checks if check.exercise == exercise.name]
            visible = [check for check in mine if check.visible]
            numbers = {
                "points": exercise.points,
                "visible": sum(check.points for check in visible),
                "checks": len(visible),
                "hidden": len(mine) - len(visible),
                **{what: count[exercise.name] for what, count in entries.items()},
            }
            total.update(numbers)
            shown = [f"{number:g}" for number in numbers.values()]
            rows.append([f"{name[:2]} `{exercise.name}`", *shown])
    return table(*rows, ["all", *(f"{number:g}" for number in total.values())])


def threshold_table() -> str:
    """What each recipe of a lab reaches, and the threshold."""
    head = ["lab", "recipe", "runs", "mean", "sd", "max"]
    head += ["an attempt takes", "1 % quantile", "threshold", "passing"]
    rows: list[list[Any]] = [head, ["---", "---", *["---:"] * (len(head) - 2)]]
    for path in sorted(COURSE.solutions.glob("*/thresholds.json")):
        for lab, entry in json.loads(path.read_text(encoding="utf-8")).items():
            for kind in ("correct", "wrong"):
                for recipe, found in entry[kind].items():
                    runs = [f"{found[what]:.3f}" for what in ("mean", "sd", "max")]
                    attempt = [entry.get("runs", 1), f"{found['quantile']:.3f}"]
                    threshold = f"{entry['threshold']:.3f}" if kind == "correct" else ""
                    share = f"{found['passing']:.1%}".replace("%", " %")
                    start = [f"`{lab}`", recipe, entry["seeds"]]
                    rows.append([*start, *runs, *attempt, threshold, share])
    return table(*rows)


@pytest.mark.parametrize(
    ("page", "make"),
    [
        (CHECKS_PAGE, exercise_table),
        (CHECKS_PAGE, threshold_table),
        (SECURITY_PAGE, catalogue.table),
    ],
)
def test_a_table_is_up_to_date(page: Path, make: Any) -> None:
    wanted = make()
    stands = wanted in page.read_text(encoding="utf-8")
    assert stands, f"{page.name} is out of date. What has to stand there:\n{wanted}"


# --- the example of docs/maintainers.md -----------------------------------------------------------


@pytest.fixture
def course(tmp_path: Path) -> Course:
    """The assignment of the page, without the exercise that is appended later."""
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    write_example(tmp_path, appended=False)
    return Course(tmp_path)


def write_example(root: Path, *, appended: bool) -> None:
    text = (ROOT / "docs" / "maintainers.md").read_text(encoding="utf-8")
    for append, name, source in EXAMPLE_FILE.findall(text):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if bool(append) == appended:
            before = f"{path.read_text()}\n\n" if append else ""
            path.write_text(f"{before}{source}\n")


def earned(assignment: Assignment, cells: list[str], exercise: str) -> float:
    namespace: dict[str, Any] = {"__name__": "__main__"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy's, of mistakes
        for cell in cells:
            exec(cell, namespace)
        wanted = assignment.public.exercise(exercise)
        return run_exercise(wanted, assignment.checks, Near(namespace)).points


def test_the_example_is_a_whole_assignment(course: Course, launcher: Launcher) -> None:
    [release] = build_release(course, [EXAMPLE])
    assignment = course.load(EXAMPLE)
    solved = nbformat.read(course.source / EXAMPLE / release.name, as_version=4)
    staged = course.source / EXAMPLE / release.name
    grader = Grader(assignment, "0" * 32, launcher)
    grades = [grader.grade_file(path) for path in (staged, release)]
    assert [(grade.score, grade.max_score, grade.problems) for grade in grades] == [
        (3.0, 3.0, ()),
        (0.0, 3.0, ()),
    ]
    assert solution_cells(solved).keys() == {"softplus", "slope_of_softplus"}


def test_the_example_with_one_exercise_more(course: Course) -> None:
    write_example(course.root, appended=True)
    [release] = build_release(course, [EXAMPLE])
    assignment = course.load(EXAMPLE)
    solved = nbformat.read(course.source / EXAMPLE / release.name, as_version=4)
    points = {"softplus": 3.0, "smooth_max": 2.0}
    assert {exercise.name: exercise.points for exercise in assignment.exercises} == points
    seen: Counter[tuple[str, bool]] = Counter()
    for file in ("mutants.py", "variants.py"):
        for entry in load_catalogue(assignment.solutions / file):
            answered = fill(solved, {entry.exercise: entry.source})
            cells = [cell.source for cell in executable_cells(answered)]
            won = earned(assignment, cells, entry.exercise)
            assert (won == points[entry.exercise]) is entry.correct, entry.id
            seen[entry.exercise, entry.correct] += 1
    assert seen.keys() == {(name, correct) for name in points for correct in (True, False)}


def test_the_example_retries_what_its_callee_spoils(course: Course, launcher: Launcher) -> None:
    write_example(course.root, appended=True)
    [release] = build_release(course, [EXAMPLE])
    solved = nbformat.read(course.source / EXAMPLE / release.name, as_version=4)
    wrong = fill(solved, {"softplus": "def softplus(z):\n    return 0.0 * z"})
    path = course.root / release.name
    nbformat.write(wrong, path)
    grader = Grader(course.load(EXAMPLE), "0" * 32, launcher)
    softplus, smooth_max = grader.grade_file(path).exercises
    assert (softplus.points, smooth_max.points) == (0.0, 2.0)
    assert "one mistake is paid for once" in smooth_max.notes[0]


def test_no_check_of_the_course_is_declared_twice_under_one_title() -> None:
    """Seeds hang on the exercise and the title."""
    checks: list[Check] = [check for name in COURSE.names for check in load(name).checks]
    titles = Counter((check.exercise, check.title) for check in checks)
    assert [key for key, count in titles.items() if count > 1] == []
