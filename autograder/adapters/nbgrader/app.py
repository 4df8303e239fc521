"""nbgrader as a library: its configuration for this course, and quiet logging."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nbgrader.coursedir import CourseDirectory
from sqlalchemy.exc import SAWarning
from traitlets.config import Config, PyFileConfigLoader

from autograder.course import Course

CONFIG_FILE = "nbgrader_config.py"
FEEDBACK_EXPORTER = "autograder.adapters.nbgrader.pages.FeedbackExporter"
LOG_FILE = Path(".autograder") / "nbgrader.log"


def load_config(course: Course) -> Config:
    """Return the course's ``nbgrader_config.py``, as ``nbgrader`` itself would read it.

    Feedback pages without scripts are not a matter of taste: an older configuration gets them too.
    """
    config: Config = PyFileConfigLoader(CONFIG_FILE, path=str(course.root)).load_config()
    config.CourseDirectory.root = str(course.root.resolve())
    config.GenerateFeedback.exporter_class = FEEDBACK_EXPORTER
    return config


def course_directory(course: Course, config: Config | None = None) -> CourseDirectory:
    """Return nbgrader's view of the course's folders."""
    return CourseDirectory(config=config or load_config(course))


@contextmanager
def quiet_sqlalchemy() -> Iterator[None]:
    """Silence what SQLAlchemy 2.1 says of nbgrader 0.9's autoflush: nobody here can mend it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)
        yield


def quiet_logger(course: Course) -> logging.Logger:
    """Return a logger that writes to ``.autograder/nbgrader.log`` instead of the terminal."""
    logger = logging.getLogger(f"autograder.nbgrader.{course.root}")
    if not logger.handlers:
        path = course.root / LOG_FILE
        path.parent.mkdir(exist_ok=True)
        handler = logging.FileHandler(path, encoding="utf-8")
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        logger.propagate = False
    return logger
