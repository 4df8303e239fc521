"""``autograder doctor``: what is installed, what is missing, how to mend it."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from autograder import __version__
from autograder.course import find_course
from autograder.errors import AutograderError

INSTALL = "pip install 'autograder[{extra}]'"


@dataclass(frozen=True)
class Finding:
    """One line: is it well, what was found, how to mend it."""

    good: bool
    subject: str
    found: str
    mend: str = ""
    needed: bool = True


@click.command("doctor")
def command() -> None:
    """Say what this machine has for the course, what it lacks, and how to mend it.

    The exit code is 1 if something that students or instructors need is missing.
    """
    groups = (
        ("For everyone", _everyone()),
        ("For students: notebooks", _packages("student", ("jupyterlab", "matplotlib", "pytest"))),
        ("For instructors: grading", _instructors()),
    )
    bad = False
    for title, findings in groups:
        click.echo(f"{title}")
        for finding in findings:
            bad = bad or (finding.needed and not finding.good)
            mark = "ok     " if finding.good else ("MISSING" if finding.needed else "note   ")
            click.echo(f"  {mark} {finding.subject:<22} {finding.found}")
            if not finding.good and finding.mend:
                click.echo(f"          {'':<22} {finding.mend}")
    raise SystemExit(1 if bad else 0)


def _everyone() -> Iterator[Finding]:
    yield Finding(True, "autograder", __version__)  # noqa: FBT003
    version = platform.python_version()
    supported = sys.version_info >= (3, 11)
    yield Finding(supported, "Python", version, "Install Python 3.11 or newer.")
    yield from _packages("student", ("numpy", "IPython", "nbformat", "msgspec", "click"))


def _packages(extra: str, names: tuple[str, ...]) -> Iterator[Finding]:
    for name in names:
        if importlib.util.find_spec(name) is None:
            yield Finding(False, name, "not installed", INSTALL.format(extra=extra))  # noqa: FBT003
        else:
            yield Finding(True, name, importlib.metadata.version(name))  # noqa: FBT003


def _instructors() -> Iterator[Finding]:
    yield from _packages("instructor", ("nbgrader", "jupytext", "psutil", "rich"))
    if importlib.util.find_spec("reference") is None:
        yield Finding(False, "reference", "not installed", "pip install -e reference")  # noqa: FBT003
    else:
        yield from _torch()
    posix = os.name == "posix"
    yield Finding(
        posix,
        "separate process",
        "sessions run in a process of their own" if posix else "not on this operating system",
        "Grade on Linux or macOS; students' machines may run anything.",
    )
    yield Finding(
        good=False,
        subject="jail",
        found="none: a submission's code runs with your rights",
        mend="Grade in a container or a virtual machine that holds nothing else of value.",
        needed=False,
    )
    yield _course()
    yield _mnist()


def _torch() -> Iterator[Finding]:
    if importlib.util.find_spec("torch") is None:
        yield Finding(False, "torch", "not installed", "pip install -e reference")  # noqa: FBT003
        return
    import torch

    yield Finding(True, "torch", torch.__version__)  # noqa: FBT003
    asked = os.environ.get("AUTOGRADER_DEVICE", "auto") or "auto"
    has_gpu = torch.cuda.is_available()
    if asked not in ("auto", "cpu", "cuda") or (asked == "cuda" and not has_gpu):
        found = f"AUTOGRADER_DEVICE={asked}" + ("" if has_gpu else ", but torch sees no GPU")
        yield Finding(False, "device", found, "Set AUTOGRADER_DEVICE to cpu, or unset it.")  # noqa: FBT003
    elif has_gpu and asked != "cpu":
        yield Finding(True, "device", f"cuda ({torch.cuda.get_device_name()})")  # noqa: FBT003
    else:
        yield Finding(True, "device", "cpu; grading needs no GPU")  # noqa: FBT003


def _course() -> Finding:
    try:
        course = find_course()
    except AutograderError:
        return Finding(
            good=False,
            subject="course",
            found="not inside a course folder",
            mend="Change into the folder that holds solutions/ and nbgrader_config.py.",
            needed=False,
        )
    released = [name for name in course.names if (course.assignments / name).is_dir()]
    waiting = sorted(set(course.names) - set(released))
    return Finding(
        not waiting,
        "course",
        f"{len(released)} of {len(course.names)} assignments are released",
        f"autograder release {' '.join(waiting)}",
    )


def _mnist() -> Finding:
    place = os.environ.get("AUTOGRADER_MNIST", "")
    if place:
        return Finding(
            Path(place).exists(),
            "AUTOGRADER_MNIST",
            place,
            "There is no such file or folder.",
            needed=False,
        )
    return Finding(
        good=True, subject="MNIST", found="downloaded when first asked for; no grading needs it"
    )
