"""What a jail shows of this machine: an interpreter, the student-side packages, system libraries.

Everything is named by an allow-list. What is not named is not there: no torch, no scikit-learn,
no reference, no course.
"""

from __future__ import annotations

import importlib.metadata
import os
import sys
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

from packaging.requirements import Requirement

import autograder
from autograder.errors import JailUnavailable

ROOTS = ("click", "ipython", "matplotlib", "msgspec", "numpy")
"""Distributions that a session shows, with all that they require."""

SYSTEM = ("/usr/lib", "/usr/lib64", "/lib", "/lib64", "/etc/ld.so.cache")
"""Shared libraries. No programs: there is nothing to start in a session."""

PACKAGE_FOLDERS = ("site-packages", "dist-packages")
"""Where distributions lie: below the interpreter and the system libraries these are hidden."""


def interpreter() -> tuple[Path, Path]:
    """Return the folder of the Python that runs, and its executable relative to that.

    Of a virtual environment it is the Python that the environment was made from.
    """
    prefix = Path(os.path.realpath(sys.base_prefix))
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    known = getattr(sys, "_base_executable", "") or sys.executable
    for found in (Path(os.path.realpath(known)), prefix / "bin" / name):
        if found.is_relative_to(prefix) and found.is_file():
            return prefix, found.relative_to(prefix)
    raise JailUnavailable(
        f"no interpreter was found below {prefix}",
        mend="Use a Python whose executable lies in the bin folder of its prefix.",
    )


def standard_library() -> Path:
    """Return the folder of the standard library, relative to the interpreter's."""
    prefix, _ = interpreter()
    return Path(os.path.realpath(os.__file__)).parent.relative_to(prefix)


@lru_cache
def packages(extra: tuple[str, ...] = ()) -> dict[str, Path]:
    """Return the student-side packages: name in the packages folder, and where it lies.

    Parameters
    ----------
    extra
        Further distributions that an assignment asks for in ``PACKAGES``.

    Raises
    ------
    JailUnavailable
        A distribution is not installed.
    """
    found = {"autograder": Path(autograder.__file__).resolve().parent}
    for distribution in _closure((*ROOTS, *extra)):
        for name, path in _top_level(distribution):
            found.setdefault(name, path)
    return dict(sorted(found.items()))


def system_folders() -> list[Path]:
    """Return the system's library folders, symbolic links among them."""
    return [path for path in map(Path, SYSTEM) if path.exists()]


def hidden_folders(folder: Path) -> Iterator[Path]:
    """Yield the package folders of a Python below `folder`, relative to it."""
    for pattern in ("python3*", "pypy3*"):
        for python in sorted(folder.glob(pattern)):
            for name in PACKAGE_FOLDERS:
                if (python / name).is_dir() and not (python / name).is_symlink():
                    yield (python / name).relative_to(folder)


def _closure(roots: Iterable[str]) -> list[importlib.metadata.Distribution]:
    """Return distributions and all that they require here, without their extras."""
    waiting, found = list(roots), dict[str, importlib.metadata.Distribution]()
    for name in waiting:
        key = name.lower().replace("_", "-")
        if key in found:
            continue
        try:
            found[key] = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError as error:
            raise JailUnavailable(
                f"the student-side package {name} is not installed",
                mend=f"python -m pip install {name}",
            ) from error
        for text in found[key].requires or ():
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                waiting.append(requirement.name)
    return list(found.values())


def _top_level(
    distribution: importlib.metadata.Distribution,
) -> Iterator[tuple[str, Path]]:
    """Yield what a distribution puts into the packages folder."""
    # A wheel may also list scripts and data beside that folder, or anywhere by an absolute path.
    names = {file.parts[0] for file in distribution.files or () if file.parts} - {"__pycache__"}
    if not names:  # a system's package manager keeps no record
        names = set((distribution.read_text("top_level.txt") or distribution.name).split())
    for name in sorted(names):
        if name in (".", "..") or "/" in name:
            continue
        path = Path(str(distribution.locate_file(name))).resolve()
        if path.exists():
            yield name, path
