"""Run nbgrader's own generate_assignment."""

from __future__ import annotations

import io
import logging
from pathlib import Path

from nbgrader.converters import GenerateAssignment
from nbgrader.converters.base import NbGraderException

from autograder.adapters.nbgrader.app import course_directory, load_config
from autograder.course import Course
from autograder.errors import ReleaseError


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
    config = load_config(course)
    root = course.root.resolve()
    config.CourseDirectory.release_directory = str(destination.resolve().relative_to(root))
    config.CourseDirectory.assignment_id = name
    config.GenerateAssignment.no_database = True
    config.SaveCells.enabled = False
    converter = GenerateAssignment(coursedir=course_directory(course, config), config=config)
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
