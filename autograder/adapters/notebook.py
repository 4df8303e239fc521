"""``check("name")`` in the student's own notebook."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import redirect_stderr
from dataclasses import replace
from pathlib import Path

from IPython.core.getipython import get_ipython
from IPython.display import display

from autograder.checks.policy import remark
from autograder.checks.runner import run_exercise
from autograder.course import load_public
from autograder.errors import CourseError
from autograder.render import CheckTable
from autograder.student import Near


def check(name: str | Callable[..., object]) -> float:
    """Check one exercise of this notebook and show what came of it.

    Parameters
    ----------
    name
        Name of the function or class: ``check("sigmoid")``. The function itself will do.

    Returns
    -------
    float
        The points of the visible checks that passed. Under nbgrader's Validate an exercise whose
        visible checks all pass returns its full points, since Validate calls anything less a
        failure; the table still says what is checked only after submission.

    Raises
    ------
    CourseError
        There is no such exercise, the notebook is not beside its ``checks.py``, or nbgrader
        grades without this course's ``nbgrader_config.py``.
    """
    shell = get_ipython()
    if shell is None:
        raise CourseError("check() works in a notebook; on the command line use autograder check.")
    execution = os.environ.get("NBGRADER_EXECUTION", "")
    if execution == "autograde":
        raise CourseError(
            "nbgrader runs this notebook without the course's nbgrader_config.py, so nothing here "
            "can be graded. Run nbgrader in the course's folder."
        )
    public = load_public(Path.cwd())
    exercise = public.exercise(name if isinstance(name, str) else name.__name__)
    # Validate takes anything on stderr, a warning of NumPy's say, for a failure of the test cell.
    with redirect_stderr(sys.stdout):
        result = run_exercise(exercise, public.visible, Near(shell.user_ns))
    said = remark(exercise, shell.user_ns, public.exercises)
    result = replace(result, notes=(*result.notes, said) if said else result.notes)
    display(CheckTable(result))
    if execution == "validate" and result.status == "passed":
        return float(exercise.points)
    return float(result.points)
