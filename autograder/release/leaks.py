"""Look for answers in what students get: a release, the wheel, a feedback page.

A finding is an answer's text (whatever its layout, in code, prose or output), an expression that
a solution computes (whatever its variables are called), the text of a hidden check or a mutant,
an import of the reference, or a private file.
"""

from __future__ import annotations

import ast
import html
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from autograder.course import HIDDEN_CHECKS, NO_PART_IN_GRADES
from autograder.release.fingerprints import fingerprints, squeeze
from autograder.release.regions import BEGIN, END, without_magics
from autograder.release.secrets import Secrets

PRIVATE_FILES = (HIDDEN_CHECKS, *NO_PART_IN_GRADES, "thresholds.json")
PRIVATE_FOLDERS = ("reference", "solutions")
PRIVATE_DECORATORS = ("hidden", "mutant", "variant")
_REFERENCE_IMPORT = re.compile(r"^\s*(?:from|import)\s+(?:reference|solutions)\b", re.MULTILINE)
_TAG = re.compile(r"<[^>]*>")


@dataclass(frozen=True)
class Finding:
    """One leak.

    Parameters
    ----------
    file
        The file, as it is called in what was searched.
    cell
        Id of the cell, if it is a notebook.
    what
        What it gives away.
    """

    file: str
    cell: str
    what: str

    def __str__(self) -> str:
        place = f"{self.file}, cell {self.cell}" if self.cell else self.file
        return f"{place}: {self.what}"


def find_leaks(target: Path, secrets: Secrets) -> list[Finding]:
    """Search a folder, a wheel or a single file.

    Parameters
    ----------
    target
        A released folder, a wheel (or other zip file), a notebook, a page, a Python file.
    secrets
        What to look for, from `load_secrets`.

    Returns
    -------
    list of Finding
        Each leak once for each cell; empty if there is none.
    """
    found = [finding for name, text in _files(target) for finding in _search(name, text, secrets)]
    return list(dict.fromkeys(found))


def _files(target: Path) -> Iterator[tuple[str, str]]:
    """Yield (name, text) of each file; data that is no text is empty."""
    if target.is_dir():
        for path in sorted(target.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path.relative_to(target).as_posix(), _text(path.read_bytes())
    elif zipfile.is_zipfile(target):
        with zipfile.ZipFile(target) as archive:
            for name in sorted(archive.namelist()):
                yield name, _text(archive.read(name))
    else:
        yield target.name, _text(target.read_bytes())


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return ""


def _search(name: str, text: str, secrets: Secrets) -> Iterator[Finding]:
    *folders, last = name.split("/")
    if last in PRIVATE_FILES or any(folder in PRIVATE_FOLDERS for folder in folders):
        yield Finding(name, "", "is a private file")
    if last.endswith(".ipynb"):
        for cell in json.loads(text)["cells"]:
            source, outputs = "".join(cell["source"]), json.dumps(cell.get("outputs", []))
            whats = set(_in_text(source, secrets)) | set(_in_text(outputs, secrets))
            if cell["cell_type"] == "code":
                whats |= set(_in_code(source, secrets))
            if BEGIN in source or END in source:
                whats.add("holds the marks of a solution")
            yield from (Finding(name, cell.get("id", ""), what) for what in sorted(whats))
        return
    if last.endswith(".html"):
        text = html.unescape(_TAG.sub("", text))
    whats = set(_in_text(text, secrets))
    if last.endswith(".py"):
        whats |= set(_in_code(text, secrets))
    yield from (Finding(name, "", what) for what in sorted(whats))


def _in_text(text: str, secrets: Secrets) -> Iterator[str]:
    squeezed = squeeze(text)
    for secret, what in secrets.texts.items():
        if secret in squeezed:
            yield f"holds the text of {what}"
    if _REFERENCE_IMPORT.search(text):
        yield "imports the reference or the solutions"


def _in_code(source: str, secrets: Secrets) -> Iterator[str]:
    code = without_magics(source)
    try:
        tree = ast.parse(code)
    except SyntaxError:
        return
    for key, expression in fingerprints(code):
        if key in secrets.expressions:
            yield f"computes {ast.unparse(expression)}, as does {secrets.expressions[key]}"
    for node in ast.walk(tree):
        for decorator in getattr(node, "decorator_list", []):
            called = decorator.func if isinstance(decorator, ast.Call) else decorator
            if isinstance(called, ast.Name) and called.id in PRIVATE_DECORATORS:
                yield f"declares a {called.id}"
