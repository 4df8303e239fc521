"""What ``nbgrader autograde`` needs to give our grades: three plugs and three guards.

`nbgrader_config.py` names them. `only_the_notebook` (a pre-convert hook) reduces a submission to
the one notebook that is asked for, `RestoringExporter` reads it through triage and restore, and
`GradeStep` takes the place of nbgrader's execution. All three are needed: files that are not JSON
or bear another name fail in nbgrader before any preprocessor runs.
"""

from __future__ import annotations

import datetime as dt
import glob
import os
import re
import stat
from functools import lru_cache
from pathlib import Path
from typing import Any

from nbconvert.exporters import NotebookExporter
from nbformat import NotebookNode
from nbgrader.converters import Autograde
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import parse_utc

from autograder.course import Course, find_course, notebook_stem
from autograder.errors import Rejected
from autograder.grading.grade import Grader
from autograder.grading.notebook import write_grade
from autograder.grading.records import write_record
from autograder.grading.restoring import Restorer
from autograder.grading.seeds import course_key, run_seed, secrets_of
from autograder.jail.levels import choose
from autograder.submission.triage import locate

SUBMITTED = "submitted"
MAX_TIMESTAMP_BYTES = 200

_LIVE = re.compile(r"[<>\"\\`\x00-\x1f\x7f-\x9f\u202a-\u202e\u2028\u2029\u2066-\u2069]")


@lru_cache(maxsize=8)
def grader(course: Course, assignment: str) -> Grader:
    """Return the grader of an assignment, in a tested jail; loading it imports torch, so once."""
    loaded = course.load(assignment)
    seed = run_seed(course_key(course), loaded)
    return Grader(loaded, seed, choose(secrets=secrets_of(course)).launcher)


@lru_cache(maxsize=8)
def restorer(course: Course, assignment: str) -> Restorer:
    """Return what reads the submissions of an assignment."""
    return Restorer(course.load(assignment))


def only_the_notebook(*, notebooks: list[str], **_: str) -> None:
    """Let nbgrader visit exactly the assignment's notebook, whatever the files are called.

    Parameters
    ----------
    notebooks
        Paths of the submission's notebooks, edited in place. nbgrader's other arguments are
        patterns, not names.
    """
    if not notebooks:
        return
    folder = Path(notebooks[0]).parent
    course = find_course(folder)
    if folder.name in course.names:
        notebooks[:] = [str(folder / f"{notebook_stem(folder.name)}.ipynb")]


class RestoringExporter(NotebookExporter):
    """Reads submissions through triage and restore."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        converter = self.parent
        if converter is not None and converter.coursedir is not None:
            guard(converter.coursedir)
            if isinstance(converter, Autograde):
                guard_names(converter)

    def from_filename(
        self, filename: str, resources: Any = None, **kwargs: Any
    ) -> tuple[NotebookNode, Any]:
        """Convert the notebook `filename`.

        The first of nbgrader's two passes reads what was submitted; the second reads what the
        first one wrote.
        """
        folder = Path(filename).parent
        course = find_course(folder)
        if not getattr(self.parent, "_sanitizing", False) or folder.name not in course.names:
            read: tuple[NotebookNode, Any] = super().from_filename(filename, resources, **kwargs)
            return read
        restored = restorer(course, folder.name).restored_or_canonical(folder)
        resources["metadata"] = {"name": Path(filename).stem, "path": str(folder)}
        done: tuple[NotebookNode, Any] = self.from_notebook_node(
            restored.notebook, resources, **kwargs
        )
        return done


class GradeStep(NbGraderPreprocessor):
    """Grades the submission outside this process and writes the outcome into the notebook."""

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        """Fill the outputs of a restored notebook."""
        names = resources["nbgrader"]
        student, assignment = names["student"], names["assignment"]
        course = find_course()
        folder = course.root / SUBMITTED / student / assignment
        grade = grader(course, assignment).grade_folder(folder)
        write_grade(nb, grade)
        write_record(course, student, grade)
        return nb, resources


def guard(coursedir: Any) -> None:
    """Close two holes that nbgrader leaves to a submission's other files.

    Files beside the notebook are not copied (nbgrader follows symbolic links when it does), and a
    ``timestamp.txt`` that cannot be read counts as none (nbgrader ends the whole run).
    """
    # nbgrader joins what it ignores to the folder of a file and globs for that, so "*" would not
    # hold for a student `x [x]`: what the pattern with the root matches does not depend on names.
    anything = coursedir.directory_structure.format(
        nbgrader_step=glob.escape(coursedir.submitted_directory), student_id="*", assignment_id="*"
    )
    everything = str(Path(glob.escape(coursedir.root)) / anything)
    coursedir.ignore = [*coursedir.ignore, "*", everything]
    coursedir.get_existing_timestamp = timestamp


def guard_names(converter: Any) -> None:
    """Let a student's unusual name neither hide a submission nor stop the class.

    nbgrader globs twice and escapes nothing the second time, so a student ``x [x]`` has no
    notebooks; and it ends the run at a name with a line break. The first are put back and the
    second left out, with an error in the log. Where no other submission is found, nbgrader gives
    up before this runs: ``autograder grade`` does not.
    """
    names = converter.coursedir
    pattern = converter._format_source(names.assignment_id, names.student_id)  # noqa: SLF001
    found = dict(converter.assignments)
    for folder in map(Path, glob.glob(pattern)):  # noqa: PTH207 - nbgrader's own pattern
        if folder.is_dir() and not folder.is_symlink() and has_notebook(folder):
            found.setdefault(str(folder), [str(notebook_path(folder))])
    for path in list(found):
        why = unwritable(Path(path).parent.name)
        if why:
            converter.log.error("Left out %r: %s", path, why)
            del found[path]
    converter.assignments = found


def notebook_path(folder: Path) -> Path:
    """Return where the notebook of a submission stands, or should."""
    return folder / f"{notebook_stem(folder.name)}.ipynb"


def has_notebook(folder: Path) -> bool:
    """Whether a submission holds anything to be read, if only to be rejected.

    Without, nbgrader keeps no row for it.
    """
    if any(folder.glob("*.ipynb")):
        return True
    try:
        locate(folder, notebook_stem(folder.name))
    except Rejected:
        return False
    return True


def unwritable(student: str) -> str:
    """Say why nbgrader can hold no grade under a student's name; empty if it can."""
    if "\n" in student:
        return "nbgrader cannot hold a name with a line break. Rename the folder"
    if _LIVE.search(student):
        # formgrader writes names into its pages, and into their scripts, as they are.
        return (
            "the name holds a character that would be live in formgrader's pages "
            '(one of < > " \\ ` or a control character). Rename the folder'
        )
    try:
        student.encode()
    except UnicodeEncodeError:
        return "the name is not UTF-8 text. Rename the folder"
    return ""


def timestamp(folder: str | Path) -> dt.datetime | None:
    """Return when a submission was handed in, in UTC; None if its ``timestamp.txt`` cannot say."""
    path = Path(folder) / "timestamp.txt"
    try:
        found = path.lstat()
        if not stat.S_ISREG(found.st_mode) or found.st_size > MAX_TIMESTAMP_BYTES:
            return None
        parsed = parse_utc(path.read_text(encoding="utf-8").strip())
    except (OSError, ValueError, OverflowError, TypeError):
        return None
    return parsed if isinstance(parsed, dt.datetime) else None


def submissions(course: Course, assignment: str) -> list[Path]:
    """Return the submitted folders of an assignment, by student.

    A folder that is a symbolic link is not followed: it is left out. So is one whose name begins
    with a dot, as nbgrader does.
    """
    root = course.root / SUBMITTED
    if not root.is_dir():
        return []
    with os.scandir(root) as entries:
        students = sorted(
            entry.name
            for entry in entries
            if entry.is_dir(follow_symlinks=False) and not entry.name.startswith(".")
        )
    found = [root / student / assignment for student in students]
    return [folder for folder in found if folder.is_dir() and not folder.is_symlink()]
