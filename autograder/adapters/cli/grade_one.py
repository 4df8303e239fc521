"""``autograder grade-one``: grade a single notebook at any path, without a gradebook."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click
from rich.console import Console

from autograder.adapters.cli.jail import jail_options, open_jail
from autograder.course import find_course
from autograder.grading.grade import Grader
from autograder.grading.notebook import UNSAFE
from autograder.grading.seeds import course_key, run_seed
from autograder.render import inert, inert_json, plain_table, points
from autograder.results import Grade


@click.command("grade-one")
@click.argument("assignment")
@click.argument("notebook", type=click.Path(path_type=Path))
@jail_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def command(assignment: str, notebook: Path, jail: str, *, as_json: bool) -> None:
    """Grade one NOTEBOOK of ASSIGNMENT: visible and hidden checks.

    The notebook may lie anywhere, and neither it nor the gradebook is changed; only the course's
    key, .autograder/course.key, is made if there is none yet. The exit code is 0 whenever there
    is a grade, also a zero for a file that cannot be read.
    """
    if not os.path.lexists(notebook):  # a dangling link is there, and earns its zero
        raise click.BadParameter(f"there is no file {str(notebook)!r}.", param_hint="NOTEBOOK")
    course = find_course()
    loaded = course.load(assignment)
    launcher = open_jail(course, jail, Console(stderr=True)).launcher
    grade = Grader(loaded, run_seed(course_key(course), loaded), launcher).grade_file(notebook)
    if as_json:
        click.echo(json.dumps(inert_json(grade.as_json()), indent=2, ensure_ascii=True))
    else:
        click.echo(_text(grade))


def _text(grade: Grade) -> str:
    lines = [plain_table(result) + "\n" for result in grade.exercises]
    if grade.status == "rejected":
        lines = [f"rejected: {inert(grade.reason)}\n"]
    lines += [
        f"{'known' if found.certain else 'likely'} mistake: {found.id}: {found.title}"
        for result in grade.exercises
        for found in result.diagnosis
    ]
    lines += [f"repaired: {inert(repair)}" for repair in grade.repairs]
    lines += [f"fault of a check: {inert(problem)}" for problem in grade.problems]
    if not grade.jail:
        lines.append(UNSAFE)
    by_hand = sum(cell.max_points for cell in grade.manual)
    lines.append(
        f"{grade.assignment}: {points(grade.score)} of {points(grade.max_score)} points"
        + (f"; {points(by_hand)} more are given by hand." if by_hand else ".")
    )
    return "\n".join(lines)
