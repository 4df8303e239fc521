"""The same grades from workers on other machines, which see nothing of the course.

The machines are processes here. Whatever they and theirs do with a path of the course is an error,
by a hook in each of them; and everything that they write goes to a folder of theirs.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest

from autograder.adapters.nbgrader.app import course_directory
from autograder.batch import cluster, relay, site
from autograder.batch.bundle import Asking, Opening, Said, pack_assignment, pack_submission
from autograder.batch.cluster import GONE, RemoteSlot, connected
from autograder.batch.store import Store
from autograder.batch.work import Batch
from autograder.errors import CourseError, JailUnavailable
from autograder.grading.seeds import course_key
from autograder.session.scratch import LEFT
from tests.adapters.nbgrader.gradebook_rows import rows_of
from tests.batch import test_bundle
from tests.batch.conftest import WRONG, Class, hows
from tests.batch.test_kills import KILLER, wait_until
from tests.hostile.course import HONEST, NAME

distributed = pytest.importorskip("distributed")

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

OUT_OF_REACH = "out-of-reach"
OTHER_PYTHON = "TESTS_OF_ANOTHER_PYTHON"
SLEEPS = {**HONEST, "double": "import time\ntime.sleep(3)\ndef double(x):\n    return 2 * x"}
ALL = {"ada": 5.0, "bob": 5.0, "carl": 3.0}

HOOK = f"""
import os, platform, sys

def refuse(event, arguments):
    if event in ("open", "os.listdir", "os.scandir", "os.chdir") and arguments:
        if {OUT_OF_REACH!r} in os.fsdecode(str(arguments[0])):
            raise PermissionError(f"{{event}}: {{arguments[0]}} is out of reach")

sys.addaudithook(refuse)
if {OTHER_PYTHON!r} in os.environ:
    platform.python_version = lambda: "3.0.1"
"""


def left(place: Path) -> list[str]:
    """Return the folders that sites and sessions have made and not removed."""
    return [path.name for path in place.iterdir() if LEFT.fullmatch(path.name)]


class Machines:
    """A cluster, and what it leaves on its machines."""

    def __init__(self, cluster: Any, place: Path) -> None:
        self.cluster = cluster
        self.address: str = cluster.scheduler_address
        self.place = place

    def pids(self) -> list[int]:
        """Return the numbers of the Dask workers' processes."""
        return [nanny.pid for nanny in self.cluster.workers.values() if nanny.pid]

    def sites(self) -> list[psutil.Process]:
        """Return the processes that grade."""
        found = []
        for process in psutil.process_iter():
            try:
                ours = process.environ().get("TMPDIR") == str(self.place)
                if ours and "autograder.batch.site" in process.cmdline():
                    found.append(process)
            except (psutil.Error, OSError):
                continue
        return found

    def busy(self) -> list[psutil.Process]:
        """Return those of them with a session."""
        found = []
        for process in self.sites():
            with suppress(psutil.Error):
                if len(process.children(recursive=True)) > 1:
                    found.append(process)
        return found

    def scratch(self) -> list[str]:
        """Return the folders that sites and sessions have made."""
        return left(self.place)

    def clean(self) -> bool:
        """Whether nothing is left of a run."""
        return not self.sites() and not self.scratch()


@contextmanager
def elsewhere() -> Iterator[tuple[Path, dict[str, str]]]:
    """Make a home, and the environment of processes that may not look into the course.

    Where root grades, sessions are ordinary users', who may not enter pytest's folders.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        place = Path(name)
        place.chmod(0o755)
        for folder in ("path", "temporary"):
            (place / folder).mkdir()
        (place / "path" / "sitecustomize.py").write_text(HOOK)
        yield (
            place,
            {
                "PYTHONPATH": f"{place / 'path'}{os.pathsep}{os.environ['PYTHONPATH']}",
                "HOME": name,
                "TMPDIR": str(place / "temporary"),
                "OMP_NUM_THREADS": "1",
            },
        )


@contextmanager
def machines(workers: int, threads: int = 1, **variables: str) -> Iterator[Machines]:
    """Start a scheduler here, and workers that are processes."""
    with elsewhere() as (place, shared):
        environment = {**shared, **variables}
        with pytest.MonkeyPatch.context() as patch:
            for name, value in environment.items():
                patch.setenv(name, value)
            started = distributed.LocalCluster(
                n_workers=workers,
                processes=True,
                threads_per_worker=threads,
                dashboard_address=":0",
                silence_logs="CRITICAL",
                local_directory=str(place),
                env=environment,  # also of those that take the place of killed ones
            )
        with started:
            yield Machines(started, place / "temporary")


@pytest.fixture(scope="module")
def two() -> Iterator[Machines]:
    """Two workers, which all tests here share."""
    with machines(2) as found:
        yield found


@pytest.fixture
def far(make_class: Callable[[str], Class]) -> Class:
    """Like `three`, where no worker can reach it."""
    made = make_class(OUT_OF_REACH)
    made.submit("ada", HONEST)
    made.submit("bob", {**HONEST, "why": "Because of Bob."})
    made.submit("carl", WRONG)
    return made


def graded(made: Class) -> set[str]:
    """Return whose grades are in the log."""
    return {line["student"] for log in made.lines() for line in log if line["event"] == "graded"}


Start = Callable[[Class, str], "subprocess.Popen[str]"]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start ``autograder grade``."""
    runs = []

    def begin(made: Class, address: str) -> subprocess.Popen[str]:
        run = subprocess.Popen(
            made.words("--cluster", address),
            cwd=made.root,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        runs.append(run)
        return run

    yield begin
    for run in runs:
        run.kill()
        run.communicate()


# --- the same ------------------------------------------------------------------------------------


def test_grades_are_those_of_this_machine(far: Class, two: Machines, tmp_path: Path) -> None:
    for make in test_bundle.MAKERS:
        folder = far.root / "submitted" / f"odd-{make.__name__}" / NAME
        folder.parent.mkdir(parents=True)
        make(folder)
    course_key(far.course)
    shutil.copytree(far.root, tmp_path / "local", symlinks=True, copy_function=_copy)
    local = Class(tmp_path / "local")
    local.grade(jobs=2)

    run, steps = far.run(cluster=two.address, jobs=0)
    assert set(hows(steps).values()) == {"graded"}
    assert not any(step.outcome.grade.problems or step.problem for step in steps)
    books = [rows_of(course_directory(made.course).db_url) for made in (far, local)]
    assert books[0] == books[1]
    assert {**far.scores(), **ALL} == far.scores()
    assert far.state() == local.state()  # the results' keys are among them
    [lines] = far.lines()
    assert lines[0]["cluster"] == two.address
    assert {line["worker"] for line in lines if line["event"] == "graded"} == {
        worker.worker_address for worker in two.cluster.workers.values()
    }
    assert run.jobs == 2
    assert run.totals.start_cpu_seconds > 0
    assert run.totals.worker_mb > 0
    wait_until(two.clean)

    # Results are as good here as there.
    here, _ = far.run()
    again, _ = local.run(cluster=two.address)
    assert [(run.totals.graded, run.pool.began) for run in (here, again)] == [(0, 0)] * 2


def _copy(source: str, target: str) -> None:
    if os.path.isfile(source):  # noqa: PTH113 - shutil's own names
        shutil.copy2(source, target)
    else:
        mode = os.lstat(source).st_mode
        os.mknod(target, mode)


def test_a_worker_of_two_threads_has_two_sites(far: Class) -> None:
    with machines(1, threads=2) as one:
        run, _ = far.run(cluster=one.address, jobs=0)
        assert far.scores() == ALL
        assert run.jobs == 2
        assert len({line["worker"] for line in far.lines()[0] if line["event"] == "graded"}) == 1
        again, _ = far.run(cluster=one.address, jobs=1, force=True)
        assert again.jobs == 1


def test_changed_checks_are_shown_and_then_written(far: Class, two: Machines) -> None:
    far.grade()
    before = far.state()
    text = far.hidden_checks.read_text()
    far.hidden_checks.write_text(text.replace("x * 4.0 / 2.0", "x * 6.0 / 2.0"))
    _, steps = far.run(cluster=two.address, dry=True)
    assert {step.student: step.outcome.grade.score for step in steps} == {
        "ada": 4.0,
        "bob": 4.0,
        "carl": 4.0,
    }
    assert far.scores() == ALL
    assert {name: data for name, data in far.state().items() if name in before} == before
    assert set(hows(far.grade(cluster=two.address)).values()) == {"reused"}


def test_in_a_jail(far: Class, two: Machines, jail_of: Callable[[int], object]) -> None:
    jail_of(3)
    steps = far.grade(cluster=two.address, jail="auto", jobs=1)
    assert {step.student: step.outcome.grade.score for step in steps} == ALL
    assert {step.outcome.grade.jail for step in steps} == {3}
    wait_until(two.clean)


# --- ends ----------------------------------------------------------------------------------------


def test_a_submission_that_ends_its_worker_costs_no_other_its_grade(
    far: Class, two: Machines
) -> None:
    far.submit("bob", {**HONEST, "double": KILLER})
    steps = far.grade(cluster=two.address, cold=True)
    assert hows(steps) == dict.fromkeys(ALL, "graded")
    assert far.scores() == {**ALL, "bob": 0.0}
    [bob] = [step for step in steps if step.student == "bob"]
    assert bob.outcome.grade.problems == (
        f"grading it failed twice ({GONE}): mend that and grade it again",
    )
    assert bob.outcome.grade.jail == 0
    why = [line["why"] for line in far.lines()[0] if line["event"] == "retried"]
    assert why == [GONE]
    assert len(far.results()) == 2
    wait_until(two.clean)


def test_a_worker_that_is_killed_costs_one_retry(far: Class, two: Machines, start: Start) -> None:
    # Longer than either of the two can be behind the other on a slow machine.
    far.submit("bob", {**SLEEPS, "double": SLEEPS["double"].replace("sleep(3)", "sleep(6)")})
    run = start(far, two.address)
    pids = two.pids()
    wait_until(lambda: graded(far) == {"ada", "carl"})
    wait_until(lambda: len(two.busy()) == 1)
    [busy] = two.busy()
    victim = busy.ppid()
    assert victim in pids
    os.kill(victim, signal.SIGKILL)
    wait_until(lambda: not busy.is_running())  # before it could have been done
    said, _ = run.communicate(timeout=60)
    assert run.returncode == 0, said
    assert far.scores() == ALL
    [lines] = far.lines()
    assert [(line["student"], line["why"]) for line in lines if line["event"] == "retried"] == [
        ("bob", GONE)
    ]
    [bob] = [line for line in lines if line["event"] == "graded" and line["student"] == "bob"]
    assert bob["attempts"] == 2
    wait_until(two.clean)


def test_ctrl_c_ends_what_is_in_work_there(far: Class, two: Machines, start: Start) -> None:
    for student in ("dora", "emil", "fritz"):
        far.submit(student, {**SLEEPS, "why": student})
    run = start(far, two.address)
    wait_until(lambda: graded(far) == set(ALL))
    run.send_signal(signal.SIGINT)
    said, _ = run.communicate(timeout=60)
    assert run.returncode == 130
    assert "interrupted: 3 of 6 are done and kept." in said
    assert "Traceback" not in said
    wait_until(two.clean)
    assert far.scores() == ALL


@contextmanager
def by_hand(place: Path, environment: dict[str, str]) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Start a scheduler and a worker as an administrator would."""
    file = f"--scheduler-file={place / 'scheduler.json'}"
    program = str(Path(sys.executable).parent / "dask")
    started = []
    try:
        for words in (
            ["scheduler", file, "--host=127.0.0.1", "--port=0", "--dashboard-address=:0"],
            ["worker", file, "--nthreads=1", "--nworkers=1", "--no-dashboard"],
        ):
            started.append(
                subprocess.Popen(
                    [program, *words],
                    cwd=place,
                    env={**os.environ, **environment},
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
            )
        yield started
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(20)


def test_a_scheduler_that_goes_away_ends_the_run_with_what_is_done(
    far: Class, start: Start
) -> None:
    far.submit("dora", SLEEPS)
    with elsewhere() as (place, environment):
        file = place / "scheduler.json"
        with by_hand(place, environment) as (scheduler, _):
            wait_until(file.is_file)
            run = start(far, str(file))
            wait_until(lambda: graded(far) == set(ALL))
            scheduler.kill()
            said, _ = run.communicate(timeout=90)
        assert run.returncode == 2, said
        assert f"the scheduler {file} is gone. What was done is kept" in said
        assert far.scores() == ALL
        wait_until(lambda: left(place / "temporary") == [])
    assert far.lines()[0][-2]["event"] == "failed"
    far.submit("dora", HONEST)
    assert hows(far.grade()) == {**dict.fromkeys(ALL, "skipped"), "dora": "reused"}


# --- who may not grade ---------------------------------------------------------------------------


def test_another_grader_is_named(far: Class) -> None:
    with (
        machines(1, **{OTHER_PYTHON: "1"}) as one,
        pytest.raises(CourseError) as caught,
    ):
        far.grade(cluster=one.address)
    said = str(caught.value)
    assert said.startswith("the worker tcp://")
    assert "has another grader. There: python 3.0.1 grader " in said
    assert f"Here: {site.grader()}. Install the same there as here" in said
    assert far.lines()[0][-2]["event"] == "failed"


def test_nobody_answers(far: Class, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 0.5)
    with pytest.raises(CourseError, match=r"no scheduler answers at tcp://127\.0\.0\.1:9"):
        far.grade(cluster="tcp://127.0.0.1:9")
    with pytest.raises(CourseError, match="Dask's configuration names none"):
        far.grade(cluster="tls://127.0.0.1:9")
    with pytest.raises(CourseError, match=r"none\.json: there is no such scheduler file"):
        far.grade(cluster=str(tmp_path / "none.json"))


def test_no_worker_comes(far: Class, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "NO_WORKERS_SECONDS", 0.3)
    with (
        distributed.LocalCluster(n_workers=0, dashboard_address=":0") as none,
        pytest.raises(CourseError, match="no worker has come to the scheduler tcp://"),
    ):
        far.grade(cluster=none.scheduler_address)


def test_a_worker_without_the_jail_is_named(two: Machines, tmp_path: Path) -> None:
    with connected(two.address) as client:
        terms = cluster.Terms(client, b"", "ours", Store(tmp_path), "target")
        slot = RemoteSlot.__new__(RemoteSlot)
        slot._terms, slot.address = terms, "tcp://w:1"
        ready = Said(ready=site.Ready(1, problem="No jail: none"))
        with pytest.raises(CourseError, match="the worker tcp://w:1 cannot grade: No jail: none"):
            slot._welcomed(("ours", msgspec.msgpack.encode(ready)))


def opening(made: Class, **other: Any) -> Opening:
    batch = Batch(made.root, NAME, "0" * 32, jail=0)
    files = pack_assignment(batch.outline(), made.root)
    fields = {"jail": 0, "basis": batch.basis(), **other}
    return Opening(NAME, seed=batch.seed, warm=False, limits=None, files=files, **fields)


def test_the_jail_is_tested_before_anything_is_loaded(
    far: Class, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    def choose(*arguments: object, **options: object) -> None:
        asked.append(arguments)
        raise JailUnavailable("bubblewrap is missing", mend="Install it.")

    monkeypatch.setattr(site, "choose", choose)
    monkeypatch.setattr(site.worker, "start", None)
    ready = site.Site(tmp_path).open(opening(far, jail=3))
    assert ready.problem == "No jail: bubblewrap is missing. Install it."
    hidden = tmp_path / "solutions" / NAME / "hidden_checks.py"
    assert asked == [("3", (hidden,))]
    assert hidden.is_file()


# --- the process beside a Dask worker ------------------------------------------------------------


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where sites of this process make their folders."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(relay, "_sites", {})
    return folder


def in_a_thread(function: Callable[..., Any], *arguments: object) -> Any:
    """Call from a thread that has ended when the answer is there."""
    future: Future[Any] = Future()
    thread = threading.Thread(target=lambda: future.set_result(function(*arguments)))
    thread.start()
    thread.join()
    return future.result()


def opened(made: Class, **other: Any) -> tuple[relay.Site, Said]:
    message = msgspec.msgpack.encode(opening(made, **other))
    found, said = in_a_thread(relay.open_site, "token", site.grader(), message)
    assert found == site.grader()
    return relay._sites["token"], msgspec.msgpack.decode(said, type=Said)


def asked(made: Class, student: str) -> Said:
    files = pack_submission(made.root / "submitted" / student / NAME, "target")
    said = in_a_thread(relay.ask, "token", msgspec.msgpack.encode(Asking(files, 1, final=True)))
    return msgspec.msgpack.decode(said, type=Said)


def test_sessions_do_not_hang_on_a_thread_of_dask(far: Class, place: Path) -> None:
    found, said = opened(far)
    assert said.ready is not None
    assert (said.ready.pid, said.ready.problem) == (found.pid, "")
    for student in ("ada", "bob"):
        answer = asked(far, student)
        assert answer.answer is not None
        assert answer.answer.problem == ""
        assert answer.result
    assert psutil.pid_exists(found.pid)
    relay.keep(["token", "another"])
    relay.close(["token"])
    assert relay.ask("token", b"") == b""
    wait_until(lambda: not psutil.pid_exists(found.pid))
    assert left(place) == []


def test_a_site_of_another_grader_is_told_nothing(place: Path) -> None:
    found, said = relay.open_site("token", "another", b"secret")
    assert (found, said) == (site.grader(), b"")
    assert relay._sites == {}


def test_a_site_ends_when_its_pipe_is_closed_however_busy_it_is(far: Class, place: Path) -> None:
    far.submit("ada", {**HONEST, "double": "import time\ntime.sleep(60)"})
    found, _ = opened(far)
    files = pack_submission(far.root / "submitted" / "ada" / NAME, "target")
    message = msgspec.msgpack.encode(Asking(files, 1, final=True))
    thread = threading.Thread(target=relay.ask, args=("token", message))
    thread.start()
    wait_until(lambda: len(psutil.Process(found.pid).children()) > 0)
    sessions = psutil.Process(found.pid).children()
    found._in.close()
    found._popen.wait(10)
    wait_until(lambda: not any(each.is_running() for each in sessions))
    assert left(place) == []
    thread.join(10)
    assert not thread.is_alive()


def test_a_site_ends_when_it_hears_nothing(
    far: Class, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "import autograder.batch.site as site; site.QUIET_SECONDS = 2.0; site.main()"
    monkeypatch.setattr(relay, "PROGRAM", (sys.executable, "-P", "-c", code))
    found, _ = opened(far)
    for _ in range(3):
        time.sleep(1.0)
        relay.keep(["token"])
    assert found._popen.poll() is None
    found._popen.wait(10)
    assert relay.ask("token", b"anything") == b""
    assert left(place) == []
