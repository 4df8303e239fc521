"""The made-up class: the same each time, the promised mixture, and what it says it is."""

from __future__ import annotations

import json
import re
from collections import Counter

import nbformat
import pytest

from autograder.bench.population import population
from autograder.grading.grade import Grader
from autograder.session.launcher import Launcher


@pytest.fixture(scope="module")
def members(assignment, solved):
    return list(population(assignment, solved, 200))


def test_it_is_the_same_each_time(assignment, solved, members):
    assert list(population(assignment, solved, 200)) == members
    others = population(assignment, solved, 200, seed=1)
    assert [m.sample.content for m in others] != [m.sample.content for m in members]


def test_the_mixture_is_the_promised_one(members):
    kinds = Counter(member.kind for member in members)
    assert kinds == {"right": 120, "wrong": 60, "unfinished": 10, "broken": 10}


def test_a_small_class_is_one_too(assignment, solved):
    assert len(list(population(assignment, solved, 1))) == 1


def test_names_are_names_of_folders_and_nobody_has_anothers(members):
    names = [member.student for member in members]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z]+-[a-z]+-\d{4}", name) for name in names)


def test_no_two_notebooks_are_graded_as_one(members):
    whole = [member.sample.content for member in members if member.kind != "broken"]
    assert len(set(whole)) == len(whole)


def test_notebooks_are_valid_and_compile(members):
    for member in members:
        if member.kind != "broken":
            notebook = nbformat.reads(member.sample.content.decode(), as_version=4)
            nbformat.validate(notebook)
            for cell in notebook.cells:
                if cell.cell_type == "code":
                    compile(cell.source.replace("%", "#%"), member.student, "exec")


def test_mistakes_are_those_that_it_names(members, assignment):
    names = {exercise.name for exercise in assignment.exercises}
    for member in members:
        if member.kind == "wrong":
            spoilt = [what.partition("/")[0] for what in member.what]
            assert 1 <= len(set(spoilt)) == len(spoilt) <= 3
            assert set(spoilt) <= names


def test_damaged_files_are_of_several_kinds(members):
    damage = {member.what[0] for member in members if member.kind == "broken"}
    assert len(damage) >= 3
    cut = [member for member in members if member.what == ("cut-off",)]
    for member in cut:
        with pytest.raises(json.JSONDecodeError):
            json.loads(member.sample.content)


def test_what_is_right_gets_all_points(assignment, members, tmp_path, launcher: Launcher):
    """Styles are tested one by one elsewhere; here some are together in one notebook."""
    grader = Grader(assignment, "0" * 32, launcher)
    for member in [member for member in members if member.kind == "right"][:4]:
        path = tmp_path / f"{member.student}.ipynb"
        path.write_bytes(member.sample.content)
        grade = grader.grade_file(path)
        assert (grade.score, grade.status) == (grade.max_score, "graded"), member.student
