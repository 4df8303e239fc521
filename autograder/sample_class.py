"""A small class of submissions, made from the solutions and the catalogue of mistakes."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from autograder.catalogue import MUTANTS, Entry, load_catalogue
from autograder.course import Assignment, Course

_MARKS = re.compile(r"^ *### (BEGIN|END) SOLUTION\n?", re.MULTILINE)


@dataclass(frozen=True)
class Sample:
    """One submission of the class: who, and the bytes of which file."""

    student: str
    file_name: str
    content: bytes


def fill(notebook: NotebookNode, answers: Mapping[str, str]) -> NotebookNode:
    """Return a copy of a released notebook with some solution cells filled in.

    Parameters
    ----------
    notebook
        The release.
    answers
        Source by exercise name.
    """
    filled = copy.deepcopy(notebook)
    for cell in filled.cells:
        marks = cell.metadata.get("nbgrader", {})
        if marks.get("solution") and marks.get("grade_id") in answers:
            cell.source = answers[marks["grade_id"]]
    return filled


def solution_cells(solved: NotebookNode) -> dict[str, str]:
    """Return the solution cells of a staged notebook, by exercise, without the region marks."""
    return {
        cell.metadata["nbgrader"]["grade_id"]: _MARKS.sub("", cell.source)
        for cell in solved.cells
        if cell.metadata.get("nbgrader", {}).get("solution")
    }


def make_class(assignment: Assignment, solved: NotebookNode) -> Iterator[Sample]:
    """Yield a class: perfect, untouched, every mistake's first of each exercise, broken files.

    Parameters
    ----------
    assignment
        Released, with a catalogue of mistakes.
    solved
        Its staged notebook.
    """
    release = nbformat.read(assignment.release, as_version=4)
    answers = solution_cells(solved)
    name = assignment.release.name
    right = fill(release, answers)
    yield Sample("01-perfect", name, _bytes(right))
    yield Sample("02-untouched", name, _bytes(release))
    number = 3
    for entry in _one_per_exercise(load_catalogue(assignment.solutions / MUTANTS)):
        wrong = fill(release, {**answers, entry.exercise: entry.source})
        label = entry.name.replace("_", "-")
        yield Sample(f"{number:02d}-{label}", name, _bytes(wrong))
        number += 1
    half = dict(list(answers.items())[: len(answers) // 2])
    others = {
        "half-done": (name, _bytes(fill(release, half))),
        **spoiled(right, assignment.notebook),
    }
    for label, (file_name, content) in others.items():
        yield Sample(f"{number:02d}-{label}", file_name, content)
        number += 1


def spoiled(notebook: NotebookNode, stem: str) -> dict[str, tuple[str, bytes]]:
    """Return what becomes of a notebook by accident: file name and bytes, by kind of damage."""
    name, content = f"{stem}.ipynb", _bytes(notebook)
    return {
        "renamed": (f"My {stem} (2).ipynb", content),
        "duplicated-cell": (name, _bytes(_with_first_solution_twice(notebook))),
        "cut-off": (name, content[:2000]),
        "utf-16": (name, content.decode().encode("utf-16")),
        "unknown-format": (name, json.dumps({"nbformat": 99, "cells": []}).encode()),
    }


def submit(course: Course, assignment: str, samples: Iterator[Sample]) -> list[Path]:
    """Write samples to ``submitted/<student>/<assignment>/`` and return the folders."""
    folders = []
    for sample in samples:
        folder = course.root / "submitted" / sample.student / assignment
        folder.mkdir(parents=True, exist_ok=True)
        (folder / sample.file_name).write_bytes(sample.content)
        folders.append(folder)
    return folders


def _one_per_exercise(entries: tuple[Entry, ...]) -> list[Entry]:
    first: dict[str, Entry] = {}
    for entry in entries:
        first.setdefault(entry.exercise, entry)
    return list(first.values())


def _with_first_solution_twice(notebook: NotebookNode) -> NotebookNode:
    twice = copy.deepcopy(notebook)
    for k, cell in enumerate(twice.cells):
        if cell.metadata.get("nbgrader", {}).get("solution"):
            twice.cells.insert(k + 1, copy.deepcopy(cell))
            twice.cells[k + 1].id = f"{cell.id[:50]}-copy"
            break
    return twice


def _bytes(notebook: NotebookNode) -> bytes:
    text: str = nbformat.writes(notebook)
    return text.encode()
