"""Who is handed out when, and what becomes of a submission whose worker does not come back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from typing import ClassVar

import pytest

from autograder.batch import pool, worker
from autograder.batch.pool import DIED, NO_START, Done, Pool, Retried
from autograder.batch.store import Store
from autograder.batch.work import Answer, Batch, Outcome, Ready, Task
from autograder.course import Course
from autograder.errors import CourseError, JailUnavailable
from autograder.grading.grade import Grader
from autograder.session.plain import PlainLauncher
from tests.batch.conftest import Class
from tests.hostile.course import HONEST, NAME

BATCH = Batch(Path(), NAME, "0" * 32, jail=0)
ADA, BOB, CARL, DORA = (Path(name) for name in ("ada", "bob", "carl", "dora"))
OK = Answer("name")
DEATH = Answer(problem="death")

Script = dict[Path, list[Answer]]


class Slot(pool.Slot):
    """A worker that answers by a script, without a process."""

    script: ClassVar[Script]
    log: ClassVar[list[str]]
    starts: ClassVar[list[Ready]]
    alive = 0

    def __init__(self, *_: object) -> None:
        self.tasks: pool.deque[tuple[Task, Future[Answer]]] = pool.deque()
        self.pid, self.since, self.patience = 1, 0.0, 0.0
        self.ready = self.dead = self.lost = self.killed = False
        self.executor = self
        self.hello = Future()
        start = self.starts.pop(0) if self.starts else Ready(1, 1e9)
        if start.problem == "death":
            self.hello.set_exception(BrokenProcessPool())
        else:
            self.hello.set_result(start)
        type(self).alive += 1

    def submit(self, *arguments: object) -> object:
        if arguments[0] is worker.not_graded:
            future: Future[Answer] = Future()
            future.set_result(Answer(f"not graded: {arguments[2]}"))
            return future
        [task] = arguments
        assert isinstance(task, Task)
        self.tasks.append((task, Future()))
        self.work()
        return True

    def pop(self) -> None:
        super().pop()
        self.work()

    def work(self) -> None:
        """Begin with what stands first, and be done at once."""
        if not self.tasks or self.tasks[0][1].done():
            return
        task, future = self.tasks[0]
        final = " alone" if task.final else ""
        self.log.append(f"{task.folder} {task.attempts}{final}")
        answer = self.script[task.folder].pop(0)
        if answer is DEATH:
            for _, each in self.tasks:
                each.set_exception(BrokenProcessPool())
        else:
            future.set_result(answer)

    def kill(self) -> None:
        self.killed = True
        for _, future in self.tasks:
            future.set_exception(BrokenProcessPool())

    def end(self, seconds: float, *, at_once: bool = False) -> None:
        type(self).alive -= 1


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch) -> type[Slot]:
    class Fresh(Slot):
        log: ClassVar[list[str]] = []
        starts: ClassVar[list[Ready]] = []

    monkeypatch.setattr(pool, "Slot", Fresh)
    return Fresh


def run(slot: type[Slot], script: Script, jobs: int = 1) -> list[object]:
    slot.script = script
    pool_ = Pool(BATCH, "", Store(Path()), jobs)
    found = [event for event in pool_.run(list(script)) if event is not None]
    assert slot.alive == 0  # all have been ended
    return found


def answers(events: list[object]) -> dict[Path, str]:
    done = [event for event in events if isinstance(event, Done)]
    assert max(Counter(event.task.folder for event in done).values()) == 1
    return {event.task.folder: event.answer.name for event in done}


def test_a_death_costs_the_one_in_work_a_second_attempt(workers: type[Slot]) -> None:
    events = run(workers, {ADA: [OK], BOB: [DEATH, OK], CARL: [OK], DORA: [OK]})
    assert answers(events) == dict.fromkeys((ADA, BOB, CARL, DORA), "name")
    assert [event for event in events if isinstance(event, Retried)] == [Retried(BOB, DIED)]
    # Carl waited in front of the worker that died, and goes on as if nothing had been.
    assert workers.log == ["ada 1", "bob 1", "carl 1", "dora 1", "bob 2"]


def test_a_second_death_is_a_fault_of_ours(workers: type[Slot]) -> None:
    events = run(workers, {ADA: [DEATH, DEATH], BOB: [OK], CARL: [OK]}, jobs=2)
    assert answers(events) == {ADA: f"not graded: {DIED}", BOB: "name", CARL: "name"}


def test_one_without_a_session_is_tried_again_at_the_end_alone(workers: type[Slot]) -> None:
    no_room = Answer(problem="no user ids are left")
    events = run(workers, {ADA: [no_room, OK], BOB: [no_room, no_room], CARL: [OK]}, jobs=2)
    assert answers(events) == {
        ADA: "name",
        BOB: "not graded: no user ids are left",
        CARL: "name",
    }
    assert workers.log[-2:] == ["ada 2 alone", "bob 2 alone"]


def test_one_that_hangs_is_ended(workers: type[Slot], monkeypatch: pytest.MonkeyPatch) -> None:
    never = Answer(problem="never")

    def work(self: Slot) -> None:
        if self.tasks and self.script[self.tasks[0][0].folder][0] is never:
            self.script[self.tasks[0][0].folder].pop(0)
            self.patience = -1e9  # a long time has passed
        elif self.patience > 0:
            Slot.work(self)

    monkeypatch.setattr(workers, "work", work)
    events = run(workers, {ADA: [never, OK], BOB: [OK]})
    assert answers(events) == {ADA: "name", BOB: "name"}
    [retried] = [event for event in events if isinstance(event, Retried)]
    assert retried.folder == ADA
    assert "was ended" in retried.why


def test_workers_that_never_start_end_the_run(workers: type[Slot]) -> None:
    workers.starts = [Ready(1, problem="death")] * 9
    with pytest.raises(CourseError, match="Is there memory enough"):
        run(workers, {ADA: [OK]})
    assert NO_START.endswith("Try -j 1.")


def test_one_start_that_fails_costs_nothing(workers: type[Slot]) -> None:
    workers.starts = [Ready(1, problem="death")]
    assert answers(run(workers, {ADA: [OK], BOB: [OK]})) == {ADA: "name", BOB: "name"}
    assert workers.log == ["ada 1", "bob 1"]


def test_why_a_worker_cannot_work_is_said(workers: type[Slot]) -> None:
    workers.starts = [Ready(1, problem="No jail: why. Mend it.")]
    with pytest.raises(CourseError, match=r"^No jail: why\. Mend it\.$"):
        run(workers, {ADA: [OK]})


class NoRoom(PlainLauncher):
    """A launcher on a machine that has run out of something."""

    def launch(self, *_: object) -> object:  # type: ignore[override]
        raise JailUnavailable("no user ids are left", mend="Wait.")


@pytest.fixture
def here(
    make_class: Callable[[], Class], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., worker.Worker]:
    """Make this process a worker, with a launcher of one's own."""

    def become(launcher: PlainLauncher) -> worker.Worker:
        made = make_class()
        batch = Batch(made.root, NAME, "0" * 32, jail=0)
        found = worker.Worker(batch, batch.basis())
        assignment = Course(made.root).load(NAME)
        vars(found)["grader"] = Grader(assignment, batch.seed, launcher)
        monkeypatch.setattr(worker, "_worker", found)
        monkeypatch.setattr(worker, "_store", Store(tmp_path / "store"))
        made.submit("ada", HONEST)
        return found

    return become


def test_a_session_that_does_not_start_is_no_grade(here: Callable[..., worker.Worker]) -> None:
    root = here(NoRoom()).batch.root
    answer = worker.grade(Task(root / "submitted" / "ada" / NAME))
    assert (answer.name, answer.problem) == ("", "no user ids are left")


def test_a_grade_that_a_clock_cut_short_counts_only_at_the_end(
    here: Callable[..., worker.Worker], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found = here(PlainLauncher())
    graded = found.grader.grade_submission(found.batch.root / "submitted" / "ada" / NAME)
    limited = replace(graded[0], wall_limited=True)
    monkeypatch.setattr(Grader, "grade_submission", lambda *_: (limited, graded[1]))
    task = Task(found.batch.root / "submitted" / "ada" / NAME)
    assert worker.grade(task).problem == worker.WALL
    assert Store(tmp_path / "store").keys() == set()
    answer = worker.grade(replace(task, final=True))
    assert Store(tmp_path / "store").keys() == {answer.name}


def test_what_changes_while_it_is_graded_is_kept_for_no_later_run(
    here: Callable[..., worker.Worker], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found = here(PlainLauncher())
    folder = found.batch.root / "submitted" / "ada" / NAME
    graded = found.grader.grade_submission(folder)

    def grade(*_: object) -> object:
        (folder / "target.ipynb").write_text("{}")
        return graded

    monkeypatch.setattr(Grader, "grade_submission", grade)
    answer = worker.grade(Task(folder))
    store = Store(tmp_path / "store")
    assert store.keys() == set()
    outcome = store.get(answer.name, folder)
    assert isinstance(outcome, Outcome)
    assert outcome.grade.score == 5.0
    assert store.get(answer.name, folder) is None  # handed over once


def test_what_was_rewritten_with_the_same_bytes_is_kept_for_no_later_run(
    here: Callable[..., worker.Worker], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Copying a file truncates it first; what is read then is nobody's submission."""
    found = here(PlainLauncher())
    folder = found.batch.root / "submitted" / "ada" / NAME
    path = folder / "target.ipynb"
    inner = Grader.grade_submission

    def torn(grader: Grader, folder: Path) -> object:
        data = path.read_bytes()
        path.write_bytes(b"")
        try:
            return inner(grader, folder)
        finally:
            path.write_bytes(data)

    monkeypatch.setattr(Grader, "grade_submission", torn)
    outcome = found.grade(Task(folder))
    assert (outcome.grade.status, outcome.key) == ("rejected", "")
    monkeypatch.undo()
    assert found.grade(Task(folder)).key


def test_one_that_says_nothing_at_all_counts_as_dead(
    workers: type[Slot], monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Slot] = []

    def silent(self: Slot, *_: object) -> None:
        Slot.__init__(self)
        if not made:
            self.hello, self.start_until = Future(), -1.0
        made.append(self)

    def kill(self: Slot) -> None:
        self.hello.set_exception(BrokenProcessPool())

    monkeypatch.setattr(workers, "__init__", silent)
    monkeypatch.setattr(workers, "kill", kill)
    assert answers(run(workers, {ADA: [OK]})) == {ADA: "name"}
    assert len(made) == 2


def test_a_failure_of_ours_stops_no_class(
    here: Callable[..., worker.Worker], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = here(PlainLauncher())

    def fail(*_: object) -> object:
        raise ZeroDivisionError("ours")

    monkeypatch.setattr(Grader, "grade_submission", fail)
    outcome = found.grade(Task(found.batch.root / "submitted" / "ada" / NAME))
    assert outcome.grade.problems == ("the grader failed on it (ZeroDivisionError: ours)",)
    assert (outcome.key, outcome.grade.score) == ("", 0.0)
    assert '"grade_id": "check_double"' in outcome.notebook


def test_what_is_not_graded_twice_is_a_fault_of_ours(here: Callable[..., worker.Worker]) -> None:
    found = here(PlainLauncher())
    task = Task(found.batch.root / "submitted" / "ada" / NAME)
    grade = found.not_graded(task, DIED).grade
    assert grade.problems == (
        "grading it failed twice (the process that graded it died): mend that and grade it again",
    )
    assert "a fault of the grader" in grade.reason
    assert (grade.score, grade.seed, grade.jail) == (0, "0" * 32, 0)


def test_words_of_a_worker_are_said_whole_or_not_at_all() -> None:
    """A pipe takes so much at once; what is killed in the middle of more would be waited for."""
    longest = Answer("once-1-" + "f" * 16, "\U0001f600" * worker.MAX_REASON, 1e6)
    assert len(ForkingPickler.dumps(longest)) < 4096 - 500
