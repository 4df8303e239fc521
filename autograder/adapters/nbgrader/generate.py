"""Run nbgrader's own generate_assignment."""

from __future__ import annotations

import io
import logging
from pathlib import Path

from nbgrader.converters import GenerateAssignment
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from autograder.course import Course
from autograder.errors import ReleaseError

CONFIG = "nbgrader_config.py"


def course_config(course: Course) -> Config:
    """Return the settings of the course's ``nbgrader_config.py``."""
    loaded: Config = PyFileConfigLoader(CONFIG, path=str(course.root)).load_config()
    return loaded


def course_directory(course: Course) -> CourseDirectory:
    """Return nbgrader's view of the course: its folders and its gradebook."""
    config = course_config(course)
    config.CourseDirectory.root = str(course.root.resolve())
    return CourseDirectory(config=config)


def generate(course: Course, name: str, destination: Path) -> Path:
    """Convert the staged assignment `name` to its release under `destination`.

    The gradebook is left alone: `register` tells it of a release that is in place.

    Parameters
    ----------
    course
        The course.
    name
        Name of the assignment.
    destination
        An empty folder inside the course.

    Returns
    -------
    Path
        The folder ``destination/name``.

    Raises
    ------
    ReleaseError
        nbgrader failed; the message holds what it logged.
    """
    config = course_config(course)
    root = course.root.resolve()
    config.CourseDirectory.root = str(root)
    config.CourseDirectory.release_directory = str(destination.resolve().relative_to(root))
    config.CourseDirectory.assignment_id = name
    config.GenerateAssignment.no_database = True
    config.SaveCells.enabled = False
    converter = GenerateAssignment(coursedir=CourseDirectory(config=config), config=config)
    said = io.StringIO()
    handler = logging.StreamHandler(said)
    converter.log = logging.getLogger("autograder.release")
    converter.log.addHandler(handler)
    converter.log.propagate = False
    try:
        converter.start()
    except NbGraderException as error:
        raise ReleaseError(
            f"nbgrader could not generate the release:\n{said.getvalue() or error}".rstrip(),
            path=course.source / name,
        ) from error
    finally:
        converter.log.removeHandler(handler)
    return destination / name
