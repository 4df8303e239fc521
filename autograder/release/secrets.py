"""What must never be found in anything that students get.

Collected from the private half of the course as text and as expressions, without importing it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from autograder.course import CHECKS, HIDDEN_CHECKS, Course, notebook_stem
from autograder.release.fingerprints import answer_keys, fingerprints, squeeze, statements
from autograder.release.marks import MasterCell, read_master
from autograder.release.regions import find_regions, without_magics

MUTANTS = "mutants.py"
VARIANTS = "variants.py"

TEXT_LENGTH = 40
"""Characters, white space not counted, that make a line of prose or a mistake unmistakable."""


@dataclass
class Secrets:
    """What to look for, each with a description for the finding.

    Parameters
    ----------
    texts
        Source text without white space.
    expressions
        Fingerprints of expressions, as `fingerprints` makes them.
    """

    texts: dict[str, str] = field(default_factory=dict)
    expressions: dict[str, str] = field(default_factory=dict)


def load_secrets(course: Course, release: str | None = None) -> Secrets:
    """Collect the secrets of a course.

    Parameters
    ----------
    course
        The course.
    release
        Name of the assignment whose release is looked at. Answers of earlier ones may stand there,
        and so may pieces of later ones: a figure may compute the cost that another notebook asks
        for. (That nothing there *works* as a later answer is tested by calling it.) None for what
        must give away nothing at all: the wheel.
    """
    secrets = Secrets()
    public: set[str] = set()
    paths = (course.solutions / name / CHECKS for name in course.names)
    visible = squeeze("".join(path.read_text(encoding="utf-8") for path in paths))
    for name in course.names:
        folder = course.solutions / name
        cells = read_master(folder / f"{notebook_stem(name)}.py")
        for exercise, expressions, texts in _answers(folder, cells):
            if release is not None and name < release:
                public |= expressions | texts
            elif release in {None, name}:
                what = f"the solution of {name}/{exercise}"
                secrets.expressions |= dict.fromkeys(expressions, what)
                secrets.texts |= dict.fromkeys(texts, what)
        for question, text in _model_answers(cells):
            secrets.texts[text] = f"the model answer of {name}/{question}"
        for text, what in _private_code(folder, name):
            if text not in visible:
                secrets.texts.setdefault(text, what)
    for key in public:
        secrets.texts.pop(key, None)
        secrets.expressions.pop(key, None)
    return secrets


def _answers(
    folder: Path, cells: Sequence[MasterCell]
) -> Iterator[tuple[str, frozenset[str], set[str]]]:
    """Yield (exercise, fingerprints, texts) of each solution and each variant.

    A variant may spell out what a given cell does; that is no secret.
    """
    given = "\n".join(without_magics(cell.source) for cell in cells if cell.kind == "given")
    known = {key for key, _ in fingerprints(given)} | set(statements(given))
    for cell in cells:
        if cell.kind == "exercise":
            for region in find_regions(cell.source):
                source = _dedent(region.text)
                yield cell.name, answer_keys(source), set(statements(source))
    if (folder / VARIANTS).is_file():
        for exercise, source in _entries(folder / VARIANTS):
            yield exercise, answer_keys(source) - known, set(statements(source)) - known


def _model_answers(cells: Sequence[MasterCell]) -> Iterator[tuple[str, str]]:
    """Yield (question, text) of each line of a model answer that is long enough to be its own."""
    for cell in cells:
        if cell.kind == "written":
            for region in find_regions(cell.source):
                lines = map(squeeze, region.text.split("\n"))
                yield from ((cell.name, line) for line in lines if len(line) >= TEXT_LENGTH)


def _dedent(text: str) -> str:
    """Make the body of a function a module, whatever its first line is."""
    return f"def solution():\n{text}" if text[:1].isspace() else text


def _entries(path: Path) -> Iterator[tuple[str, str]]:
    """Yield (exercise, source) of each entry of a catalogue."""
    text = path.read_text(encoding="utf-8")
    for node in ast.parse(text).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.decorator_list:
            declared = node.decorator_list[0]
            if isinstance(declared, ast.Call) and declared.args:
                exercise = ast.literal_eval(declared.args[0])
                yield exercise, "\n".join(text.split("\n")[node.lineno - 1 : node.end_lineno])


def _private_code(folder: Path, name: str) -> Iterator[tuple[str, str]]:
    """Yield (text, what) of hidden checks and mutants."""
    hidden = (folder / HIDDEN_CHECKS).read_text(encoding="utf-8")
    for text in statements(hidden):
        yield text, f"a hidden check of {name}"
    if (folder / MUTANTS).is_file():
        for exercise, source in _entries(folder / MUTANTS):
            # A mistake is mostly right: only its text as a whole gives it away.
            definition = ast.parse(source).body[0]
            body = squeeze("\n".join(map(ast.unparse, definition.body[1:])))  # type: ignore[attr-defined]
            for text in (squeeze(source), body):
                if len(text) >= TEXT_LENGTH:
                    yield text, f"a mutant of {name}/{exercise}"
