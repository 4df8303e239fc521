"""The same gradebook in PostgreSQL: a real server, where one is installed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from autograder.adapters.nbgrader import rows
from autograder.adapters.nbgrader.writer import Writer, write_feedback
from autograder.course import Assignment, Course
from autograder.errors import CourseError
from autograder.results import Grade
from tests.adapters.nbgrader.gradebook_rows import rows_of
from tests.adapters.nbgrader.made_up import (
    CASES,
    NAME,
    announce,
    files_of,
    give,
    grade_of,
    needing,
    ours,
    text_of,
    url_of,
)
from tests.adapters.nbgrader.server import server

pytestmark = pytest.mark.xdist_group("postgresql")

END_ALL_OTHERS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE pid <> pg_backend_pid() AND datname = 'grades'
"""


@pytest.fixture(scope="module")
def postgresql() -> Iterator[str]:
    """URL of a server's database."""
    with server() as url:
        yield url


@pytest.fixture
def database(postgresql: str) -> Iterator[str]:
    """URL of an empty database."""
    engine = create_engine(postgresql, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("DROP DATABASE IF EXISTS grades WITH (FORCE)"))
        connection.execute(text("CREATE DATABASE grades"))
    engine.dispose()
    return postgresql.replace("/postgres?", "/grades?")


def test_the_same_gradebook_as_in_sqlite(
    make: Callable[..., Course],
    theirs: Callable[[Course, dict[str, Grade]], None],
    assignment: Assignment,
    database: str,
) -> None:
    grades = {student: grade_of(assignment, case) for student, case in CASES.items()}
    again = {**grades, "ada": grades["half"], "late": grades["ada"]}
    plain = make("sqlite")
    server_side = make("postgresql", f"c.CourseDirectory.db_url = {database!r}")
    assert url_of(server_side) == database
    announce(server_side)
    announce(server_side)
    for course in (plain, server_side):
        ours(course, grades)
        give(course)
        ours(course, again)
    assert rows_of(database) == rows_of(url_of(plain))
    assert files_of(server_side) == files_of(plain)
    assert needing(server_side) == needing(plain)
    with Writer(server_side, NAME) as written:
        assert written.written() == set(CASES)
    theirs(server_side, again)
    assert rows_of(database) == rows_of(url_of(plain))

    write_feedback(server_side, NAME, ["ada"])
    assert (server_side.root / "feedback" / "ada" / NAME / "backprop.html").is_file()
    program = Path(sys.executable).parent / "nbgrader"
    for command in (("export", "--to", "grades.csv"), ("db", "upgrade")):
        done = subprocess.run(
            [program, *command],
            cwd=server_side.root,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    lines = (server_side.root / "grades.csv").read_text().splitlines()
    assert len([line for line in lines if NAME in line]) == len(CASES)


def test_what_goes_wrong_is_said(
    make: Callable[..., Course],
    assignment: Assignment,
    database: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    course = make("wrong", f"c.CourseDirectory.db_url = {database!r}")
    announce(course)
    monkeypatch.setattr(rows, "LOCK_TIMEOUT", "100ms")
    grade, none = (grade_of(assignment, CASES[name]) for name in ("ada", "untouched"))
    ada, half = (course.root / "submitted" / name / NAME for name in ("ada", "half"))
    long = course.root / "submitted" / ("n" * 129) / NAME
    long.parent.mkdir()
    ada.rename(long)
    notebook = text_of(course, "half", grade)
    other = create_engine(database)
    with Writer(course, NAME) as written:
        written.write(half, grade, notebook)
        with pytest.raises(CourseError, match=r"its database refuses it \(value too long for"):
            written.write(long, grade, notebook)
        with other.connect() as connection:
            connection.execute(text("LOCK TABLE grade IN ACCESS EXCLUSIVE MODE"))
            with pytest.raises(CourseError, match="another program holds its database"):
                written.write(half, none, text_of(course, "half", none))
        with other.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(END_ALL_OTHERS))
        with pytest.raises(CourseError, match="its database does not answer"):
            written.write(half, grade, notebook)
        written.write(half, grade, notebook)
        assert written.written() == {"half"}
    other.dispose()


def test_a_server_that_is_not_there(make: Callable[..., Course], tmp_path: Path) -> None:
    url = f"postgresql+psycopg://grader@/grades?host={tmp_path}"
    pytest.importorskip("psycopg")
    course = make("nowhere", f"c.CourseDirectory.db_url = {url!r}")
    with pytest.raises(CourseError, match="the gradebook cannot be opened: its database does not"):
        announce(course)
    with Writer(course, NAME) as written, pytest.raises(CourseError, match="cannot be opened"):
        written.written()


def test_a_driver_that_is_not_there(
    make: Callable[..., Course], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    course = make("driverless", "c.CourseDirectory.db_url = 'postgresql+psycopg://x@/y'")
    with pytest.raises(CourseError, match=r"pip install 'autograder\[postgresql\]'\.$"):
        announce(course)
