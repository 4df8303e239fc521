"""What a grade depends on, as hashes: equal keys, equal grades.

The key of a result is made of the submission as it is read, the assignment (release, checks, data,
thresholds), the grader (sources and libraries), the seed, the jail and the limits. The student's
name is not in it: two submissions of equal bytes have one result.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import json
import platform
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path

from autograder.course import NO_PART_IN_GRADES, Assignment
from autograder.errors import Rejected
from autograder.limits import Limits
from autograder.submission.reading import LIMITS, read_regular
from autograder.submission.triage import NOTEBOOK, listing

MAX_FILES = 40
MAX_BYTES = 200_000_000
"""Of a submission without a notebook under the right name, where several are looked into."""

LIBRARIES = ("ipython", "matplotlib", "nbformat", "numpy", "torch")
"""Whose versions a grade may hang on."""

REFERENCE = "reference"
"""The package of the answers; the engine knows its name for its hash, and imports it nowhere."""

_OUTSIDE_GRADING = ("adapters/cli", "adapters/nbgrader", "bench")


def content(folder: Path, stem: str) -> str:
    """Return the hash of all that is read of a submission; empty if that is too much to hash.

    What cannot be read counts by the reason for which it is rejected.

    Parameters
    ----------
    folder
        ``submitted/<student>/<assignment>``.
    stem
        The notebook's name without ``.ipynb``.
    """
    try:
        paths, parts = _read(folder, stem)
    except Rejected as rejected:
        return _hash([rejected.reason])
    if len(paths) > MAX_FILES:
        return ""
    room = MAX_BYTES
    for path in paths:
        try:
            data = read_regular(path, LIMITS.file_bytes)
        except Rejected as rejected:
            parts.append(rejected.reason)
            continue
        room -= len(data)
        if room < 0:
            return ""
        parts.append(hashlib.sha256(data).hexdigest())
    return _hash(parts)


def traces(folder: Path, stem: str) -> list[object]:
    """Return what a change of the files that are read leaves, also of one that was taken back.

    Parameters
    ----------
    folder, stem
        As in `content`.
    """
    try:
        paths, _ = _read(folder, stem)
    except Rejected as rejected:
        return [rejected.reason]
    return [_trace(path) for path in paths]


def _trace(path: Path) -> object:
    try:
        found = path.lstat()
    except OSError as error:
        return error.errno
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _read(folder: Path, stem: str) -> tuple[list[Path], list[object]]:
    """Return the files of a submission that are read, and what else of it counts."""
    names, folders = listing(folder)
    expected = f"{stem}.ipynb"
    candidates = [name for name in names if NOTEBOOK.search(name)]
    if expected in candidates:
        return [folder / expected], [candidates]  # a note names the others
    if not candidates and len(folders) == 1:
        return [folder / folders[0] / expected], [names, folders]
    return [folder / name for name in candidates], [names, folders]


def basis(assignment: Assignment, seed: str, jail: int, limits: Limits | None) -> str:
    """Return the hash of all that the grades of a run depend on, but the submissions.

    Parameters
    ----------
    assignment
        Its hidden half need not be loaded.
    seed, jail, limits
        As in `autograder.batch.work.Batch`.
    """
    public = assignment.public
    data = [
        _hash_files(folder, [path for name in public.data if (path := folder / name).is_file()])
        for folder in (public.folder, assignment.solutions)
    ]
    packages = {name: _version(name) for name in public.packages}
    bounds = None if limits is None else asdict(limits)
    version = assignment.version
    # No points depend on the catalogue, but what is said about them does.
    paths = (assignment.solutions / name for name in NO_PART_IN_GRADES)
    catalogue = [path for path in paths if path.is_file()]
    data.append(_hash_files(assignment.solutions, catalogue))
    return _hash([assignment.name, version, data, packages, grader_version(), seed, jail, bounds])


def key(basis: str, content: str) -> str:
    """Return the key of a submission's result; empty if the submission has no hash."""
    return _hash([basis, content])[:40] if content else ""


@lru_cache
def grader_version() -> str:
    """Return the hash of the grader: sources of engine and reference, versions of libraries."""
    versions = {name: _version(name) for name in LIBRARIES}
    sources = [_hash_files(root, _modules(root)) for root in _packages()]
    return _hash([sources, platform.python_version(), versions])


def versions() -> dict[str, str]:
    """Return versions that a log of a run should name."""
    names = ("autograder", *LIBRARIES, "nbgrader")
    found = {"python": platform.python_version(), "grader": grader_version()[:16]}
    return found | {name: version for name in names if (version := _version(name))}


def _packages() -> Iterator[Path]:
    yield Path(__file__).parents[1]
    spec = importlib.util.find_spec(REFERENCE)
    for place in (spec and spec.submodule_search_locations) or ():
        yield Path(place)


def _modules(root: Path) -> list[Path]:
    found = sorted(root.rglob("*.py"))
    return [
        path for path in found if not path.relative_to(root).as_posix().startswith(_OUTSIDE_GRADING)
    ]


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _hash_files(root: Path, paths: Iterable[Path]) -> str:
    return _hash(
        [[path.relative_to(root).as_posix(), _hash_bytes(path.read_bytes())] for path in paths]
    )


def _hash(parts: object) -> str:
    # Names of files need not be UTF-8; as JSON in ASCII every text has one form.
    return _hash_bytes(json.dumps(parts).encode("ascii"))


def _hash_bytes(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
