"""What a machine may lack for some tests."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest

VARIABLE = "AUTOGRADER_TESTS_NEED"
"""Names of what must be there, set where it was installed for the tests."""

JAILS = {3: "bubblewrap", 1: "landlock"}
"""Their names, by level."""


def missing(what: str, reason: str) -> NoReturn:
    """Skip the test that runs, for what this machine lacks; fail it where that must be there."""
    if what in os.environ.get(VARIABLE, "").split():
        pytest.fail(f"{what} must be here: {reason}")
    pytest.skip(f"no {what} here: {reason}")
