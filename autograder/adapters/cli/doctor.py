"""``autograder doctor``: what is installed, what is missing, how to mend it."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import click

from autograder.errors import AutograderError

REQUIREMENT = re.compile(
    r"(?P<name>[\w.-]+)\s*(?:>=\s*(?P<least>[\d.]+))?\s*(?:;\s*extra == ['\"](?P<extra>\w+)['\"])?"
)
"""``jupyterlab>=4.2; extra == 'student'``. What refers to another extra does not match."""

PYTHON = "3.11"
REFERENCE = "autograder-reference"
INSTALL_REFERENCE = "In the course's folder: python -m pip install -e reference"


@dataclass(frozen=True)
class Finding:
    """One line: is it well, what was found, how to mend it; a note is no reason to fail."""

    good: bool
    subject: str
    found: str
    mend: str = ""
    needed: bool = True

    @property
    def mark(self) -> str:
        """One word for it."""
        return "ok" if self.good else ("MISSING" if self.needed else "note")


def _fine(subject: str, found: str) -> Finding:
    return Finding(good=True, subject=subject, found=found)


def _wrong(subject: str, found: str, mend: str) -> Finding:
    return Finding(good=False, subject=subject, found=found, mend=mend)


def _note(subject: str, found: str, mend: str) -> Finding:
    return Finding(good=False, subject=subject, found=found, mend=mend, needed=False)


@click.command("doctor")
def command() -> None:
    """Say what this machine has for the course, what it lacks, and how to mend it.

    What only instructors need is required inside a course's folder, and a note elsewhere. The
    exit code is 1 if something that is required is missing.
    """
    course = _course()
    instructors = [course, *_instructors()]
    if not course.needed:
        instructors = [replace(finding, needed=False) for finding in instructors]
    groups = {
        "For everyone": [*_everyone()],
        "For notebooks": [*_packages("autograder", "student")],
        "For instructors": instructors,
    }
    shown: dict[str, Finding] = {}  # an extra repeats what it builds on
    for title, findings in groups.items():
        click.echo(title)
        for finding in findings:
            if shown.setdefault(finding.subject, finding) is finding:
                _show(finding)
    missing = [f.subject for f in shown.values() if f.needed and not f.good]
    click.echo(f"\nMissing: {', '.join(missing)}." if missing else "\nNothing is missing.")
    raise SystemExit(1 if missing else 0)


def _show(finding: Finding) -> None:
    click.echo(f"  {finding.mark:<8}{finding.subject:<18}{finding.found}")
    if finding.mend and not finding.good:
        click.echo(f"{'':<28}{finding.mend}")


def _everyone() -> Iterator[Finding]:
    version = platform.python_version()
    if _is_at_least(version, PYTHON):
        yield _fine("Python", version)
    else:
        yield _wrong("Python", version, f"Install Python {PYTHON} or newer.")
    installed = _package("autograder")
    yield replace(installed, mend="In the course's folder: python -m pip install -e .")
    yield from _packages("autograder", None)


def _packages(distribution: str, extra: str | None) -> Iterator[Finding]:
    """Look for what an installed distribution requires, by itself or with an extra."""
    for text in _requirements(distribution):
        found = REQUIREMENT.fullmatch(text)
        if found is not None and found["extra"] == extra and found["name"] != "autograder":
            yield _package(found["name"], found["least"] or "0")


def _requirements(distribution: str) -> list[str]:
    try:
        return importlib.metadata.requires(distribution) or []
    except importlib.metadata.PackageNotFoundError:
        return []


def _package(name: str, least: str = "0") -> Finding:
    mend = f"python -m pip install '{name}>={least}'"
    try:
        version = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return _wrong(name, "not installed", mend)
    if not _is_at_least(version, least):
        return _wrong(name, f"{version} is too old", mend)
    return _fine(name, version)


def _is_at_least(version: str, least: str) -> bool:
    have, want = ([int(part) for part in re.findall(r"\d+", text)] for text in (version, least))
    return have >= want


def _instructors() -> Iterator[Finding]:
    yield from _packages("autograder", "instructor")
    if _package(REFERENCE).good:
        yield _fine("reference", "installed")
        yield from _packages(REFERENCE, None)
        yield _device()
    else:
        yield _wrong("reference", "not installed", INSTALL_REFERENCE)
    if os.name == "posix":
        yield _fine("sessions", "submissions run in processes of their own")
    else:
        mend = "Grade on Linux or macOS; students' machines may run anything."
        yield _wrong("sessions", "not on this operating system", mend)
    yield _jail()
    yield _mnist()


def _jail() -> Finding:
    """Try the jails as `autograder grade` does."""
    try:
        from autograder.jail.levels import NAMES, choose

        jail = choose("auto")
    except AutograderError as error:
        found = getattr(error, "reason", str(error))
        mend = getattr(error, "mend", "") + " See docs/security.md."
        return _wrong("jail", f"none: {' '.join(found.split())[-300:]}", mend.strip())
    except ImportError as error:
        return _wrong("jail", f"cannot be tried: {error}", "Install what is missing above.")
    found = f"level {jail.level} ({NAMES[jail.level]}): holds"
    if jail.obstacle is not None:
        slow = f"{found}; no fork server: {jail.obstacle.reason}"
        return _note("jail", slow, "Grading works, but starts each session by itself. Report this.")
    if jail.missed:
        better = jail.missed[0]
        return _note("jail", f"{found}; no better one: {better.reason}", better.mend)
    return _fine("jail", found)


def _device() -> Finding:
    try:
        import torch
    except (ImportError, OSError) as error:
        return _wrong("device", f"torch cannot be imported: {error}", INSTALL_REFERENCE)
    asked = os.environ.get("AUTOGRADER_DEVICE", "auto") or "auto"
    has_gpu = torch.cuda.is_available()
    if asked not in ("auto", "cpu", "cuda") or (asked == "cuda" and not has_gpu):
        found = f"AUTOGRADER_DEVICE={asked}" + ("" if has_gpu else ", but torch sees no GPU")
        return _wrong("device", found, "Set AUTOGRADER_DEVICE to cpu, or unset it.")
    if has_gpu and asked != "cpu":
        return _fine("device", f"cuda ({torch.cuda.get_device_name()})")
    return _fine("device", "cpu; grading needs no GPU")


def _course() -> Finding:
    from autograder.course import find_course

    try:
        course = find_course()
    except AutograderError:
        mend = "Change into the folder that holds solutions/ and nbgrader_config.py."
        return _note("course", "not inside a course's folder", mend)
    released = [name for name in course.names if (course.assignments / name).is_dir()]
    waiting = sorted(set(course.names) - set(released))
    found = f"{len(released)} of {len(course.names)} assignments are released"
    if waiting:
        return _wrong("course", found, f"autograder release {' '.join(waiting)}")
    return _fine("course", found)


def _mnist() -> Finding:
    place = os.environ.get("AUTOGRADER_MNIST", "")
    if not place:
        return _fine("MNIST", "downloaded when first asked for; no grading needs it")
    if Path(place).exists():
        return _fine("MNIST", place)
    mend = "AUTOGRADER_MNIST names no file or folder that exists. Correct or unset it."
    return _note("MNIST", place, mend)
