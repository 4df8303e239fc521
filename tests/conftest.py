"""What all tests share."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]


@pytest.fixture(scope="session")
def student_side() -> tuple[str, ...]:
    """Modules that a student's notebook, pytest and command line import."""
    return (
        "autograder",
        "autograder.checks",
        "autograder.course",
        "autograder.render",
        "autograder.student",
        "autograder.adapters.notebook",
        "autograder.adapters.near_run",
        "autograder.adapters.pytest_plugin",
        "autograder.adapters.cli.main",
        "autograder.adapters.cli.check",
        "autograder.adapters.cli.doctor",
    )
