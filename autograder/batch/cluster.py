"""Workers on other machines, through a running Dask scheduler.

The pool is the local one, `autograder.batch.pool.Pool`: what is handed out when, what is tried
again, and when to give up is the same. Only a worker is another thing: `RemoteSlot` in place of
`autograder.batch.slot.Slot`. Tasks are pinned to their Dask worker, so that the death of one names
the submission that it was grading, which Dask would hand to the next three workers in silence.
Dask brings the machines, the connections and the news of who is there.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, InvalidStateError
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from autograder.batch import relay, site
from autograder.batch.bundle import Asking, NotSent, Opening, Said, pack_assignment, pack_submission
from autograder.batch.pool import LOOK_SECONDS, Event, Pool
from autograder.batch.slot import DEPTH, Slot
from autograder.batch.store import Store
from autograder.batch.work import Answer, Batch, Ready, Task
from autograder.errors import CourseError

if TYPE_CHECKING:
    import distributed

CONNECT_SECONDS = 15.0
NEWS_SECONDS = 1.0
KEEP_SECONDS = 30.0
"""Sites end when they hear nothing for several times as long."""

TELL_SECONDS = 3.0
FETCH_SECONDS = 60.0
NO_WORKERS_SECONDS = 600.0

MESSAGE_BYTES = "1 GB"
"""Dask warns of messages that are larger; a submission may have 200 MB."""

GONE = "the worker that graded it went away"
NO_START = (
    "the processes that grade end before they have begun, on every worker. The workers' logs say "
    "why. Is there memory enough?"
)
NO_WORKERS = "no worker has come to the scheduler {} for {:.0f} minutes. Start some, and run again."
LOST = (
    "the scheduler {} is gone. What was done is kept; the same command goes on when the scheduler "
    "is back."
)


class ClusterPool(Pool):
    """Grades submissions in the workers of a Dask scheduler.

    Parameters
    ----------
    address
        Of the scheduler, ``tcp://host:port``, or the path of its scheduler file.
    batch, basis, store, jobs, stopped
        As in `Pool`; the store is here. Workers that come later are made use of, up to `jobs`.
    """

    died = GONE
    no_start = NO_START

    def __init__(
        self,
        address: str,
        batch: Batch,
        basis: str,
        store: Store,
        jobs: int,
        stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        super().__init__(batch, basis, store, jobs, stopped)
        self.place = address
        self._most = 0
        self._news: News | None = None
        self._terms: Terms | None = None
        self._seen = time.monotonic()

    @property
    def workers(self) -> int:
        """How many have worked at a time."""
        return self._most

    def run(self, folders: Iterable[Path]) -> Iterator[Event | None]:
        """See `Pool.run`; raises `CourseError` also if the scheduler is not there any more."""
        batch, basis, store = self._needs
        assignment = batch.outline()
        opening = Opening(
            batch.assignment,
            basis,
            batch.seed,
            batch.jail,
            batch.warm,
            batch.limits,
            pack_assignment(assignment, batch.root),
        )
        with connected(self.place) as client:
            self._news = News(client)
            encoded = msgspec.msgpack.encode(opening)
            self._terms = Terms(client, encoded, site.grader(), store, assignment.notebook)
            self._seen = time.monotonic()
            try:
                yield from super().run(folders)
            finally:
                self._news.end()

    def _engage(self, more: int) -> None:
        """Take workers that are there and not engaged yet; let go of those that are gone."""
        assert self._news is not None
        assert self._terms is not None
        self._require_scheduler()
        threads = self._news.workers
        engaged = [slot for slot in self._slots if isinstance(slot, RemoteSlot)]
        for slot in engaged:
            if slot.address not in threads:
                slot.lose()
        taken = [slot.address for slot in engaged]
        free = [
            address
            for address, count in threads.items()
            for _ in range(taken.count(address), count)
        ]
        for address in free[: max(more, 0)]:
            depth = DEPTH if threads[address] == 1 else 1  # Dask deals among a worker's threads
            engaged.append(RemoteSlot(self._terms, address, depth))
        self._slots = list[Slot](engaged)
        self._news.sites = {slot.token: slot.address for slot in engaged}
        self._most = max(self._most, len(self._slots))
        if self._slots:
            self._seen = time.monotonic()
            return
        if time.monotonic() - self._seen > NO_WORKERS_SECONDS:
            raise CourseError(NO_WORKERS.format(self.place, NO_WORKERS_SECONDS / 60))
        time.sleep(LOOK_SECONDS)

    def _answers(self) -> Iterator[Event | None]:
        for event in super()._answers():
            self._require_scheduler()  # else all submissions would seem to have lost their workers
            yield event

    def _require_scheduler(self) -> None:
        if self._news is None or self._news.lost:
            raise CourseError(LOST.format(self.place))

    def not_graded(self, task: Task, why: str) -> Answer:
        """Write it here: no code of a student's runs for that, so no jail is needed."""
        batch, _, store = self._needs
        here = Pool(replace(batch, jail=0), "", store, 1)
        answer = here.not_graded(task, why)
        outcome = store.get(answer.name, task.folder)
        if outcome is None:
            return answer
        return Answer(store.put(replace(outcome, grade=replace(outcome.grade, jail=batch.jail))))

    def _end(self, seconds: float, *, at_once: bool) -> None:
        left = {s.token: s.address for s in self._slots if isinstance(s, RemoteSlot) and not s.lost}
        if left and self._terms is not None:
            tell(self._terms.client, relay.close, list(left), sorted(set(left.values())))
        for slot in self._slots:
            if isinstance(slot, RemoteSlot):
                slot.forget()
        self._slots.clear()


@contextmanager
def connected(place: str) -> Iterator[distributed.Client]:
    """Connect to a scheduler.

    Parameters
    ----------
    place
        As in `ClusterPool`. Certificates are taken from Dask's configuration.

    Raises
    ------
    CourseError
        Dask is not installed, or nobody answers.
    """
    try:
        import dask
        from distributed import Client, Security
    except ImportError:
        raise CourseError(
            "--cluster needs Dask. Install it: pip install 'autograder[cluster]'"
        ) from None
    by_file = "://" not in place
    if by_file and not Path(place).is_file():
        raise CourseError(
            "there is no such scheduler file, and it is no address (tcp://host:port) either.",
            path=Path(place),
        )
    if place.startswith("tls:") and Security().get_connection_args("client")["ssl_context"] is None:
        raise CourseError(
            f"{place} asks for certificates, and Dask's configuration names none: "
            "docs/cluster.md says how."
        )
    where = {"scheduler_file": place} if by_file else {"address": place}
    with dask.config.set({"distributed.admin.large-graph-warning-threshold": MESSAGE_BYTES}):
        try:
            client = Client(**where, timeout=CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError) as error:
            raise CourseError(f"no scheduler answers at {place}: {error}") from error
        try:
            yield client
        finally:
            client.close(timeout=relay.END_SECONDS)


class News:
    """Who is there, asked now and then by a thread of its own; it also keeps our sites alive.

    Parameters
    ----------
    client
        Connected.
    """

    def __init__(self, client: distributed.Client) -> None:
        self._client = client
        self._ended = threading.Event()
        self.workers: dict[str, int] = {}
        self.sites: dict[str, str] = {}
        self._thread = threading.Thread(target=self._follow, name="news of workers", daemon=True)
        self._thread.start()

    @property
    def lost(self) -> bool:
        """Whether the scheduler is gone."""
        return bool(self._client.status != "running")

    def end(self) -> None:
        """Ask no more."""
        self._ended.set()
        self._thread.join(NEWS_SECONDS)

    def _follow(self) -> None:
        kept = time.monotonic()
        while not self._ended.is_set():
            with suppress(Exception):  # that it is gone shows in its status
                self.workers = dict(self._client.nthreads())
                if time.monotonic() - kept > KEEP_SECONDS:
                    kept = time.monotonic()
                    self._keep()
            self._ended.wait(NEWS_SECONDS)

    def _keep(self) -> None:
        addresses = sorted(set(self.sites.values()) & set(self.workers))
        if addresses:
            tell(self._client, relay.keep, list(self.sites), addresses)


def tell(
    client: distributed.Client,
    function: Callable[[list[str]], None],
    tokens: list[str],
    workers: list[str],
) -> None:
    """Have a function of the relay called; its answer is not waited for long."""

    def say() -> None:
        with suppress(Exception):  # whoever cannot be told is gone, or goes when it hears nothing
            client.run(function, tokens, workers=workers, on_error="ignore")

    # Dask tries for half a minute to reach a worker that is gone.
    thread = threading.Thread(target=say, name="telling workers", daemon=True)
    thread.start()
    thread.join(TELL_SECONDS)


@dataclass(frozen=True)
class Terms:
    """What all remote workers of a run have in common.

    Parameters
    ----------
    client
        Connected.
    opening
        First message to each.
    grader
        What each must be, see `autograder.batch.site.grader`.
    store
        Where results go, here.
    notebook
        Stem of the notebook's name.
    """

    client: distributed.Client
    opening: bytes
    grader: str
    store: Store
    notebook: str


class RemoteSlot(Slot):
    """A worker on another machine, and what it has been handed out.

    A future here stands for one of Dask's there, and is broken, like that of a local process that
    died, when the worker is gone.

    Parameters
    ----------
    terms
        See there.
    address
        Of the Dask worker.
    depth
        Submissions at it.
    """

    def __init__(self, terms: Terms, address: str, depth: int) -> None:
        self._terms = terms
        self.address = address
        self.depth = depth
        self.token = secrets.token_hex(8)
        self.tasks: deque[tuple[Task, Future[Answer]]] = deque()
        self.pid = 0
        self.patience = self.since = 0.0
        self.ready = self.dead = self.lost = self.killed = False
        self._asked: dict[Future[Any], distributed.Future[Any]] = {}
        self.hello: Future[Ready] = self._ask(
            self._welcomed, relay.open_site, terms.grader, terms.opening
        )

    def submit(self, task: Task) -> bool:
        """See `Slot.submit`."""
        if not self.tasks:
            self.since = time.monotonic()
        future: Future[Answer]
        try:
            files = pack_submission(task.folder, self._terms.notebook)
        except (NotSent, OSError) as error:
            future = Future()
            future.set_exception(error)
        else:
            message = msgspec.msgpack.encode(Asking(files, task.attempts, task.final))
            future = self._ask(self._graded, relay.ask, message)
        self.tasks.append((task, future))
        return True

    def kill(self) -> None:
        """See `Slot.kill`."""
        self.killed = True
        self.since = time.monotonic()
        self._close()

    def end(self, seconds: float, *, at_once: bool = False) -> None:
        """End the site there, and forget what was asked."""
        self._close()
        self.forget()

    def forget(self) -> None:
        """Wait for nothing any more."""
        asked = list(self._asked.values())
        self.lose()
        with suppress(Exception):  # the scheduler is gone, and they with it
            self._terms.client.cancel(asked)

    def lose(self) -> None:
        """Know that the worker is gone."""
        for future in list(self._asked):
            _break(future)
        self.lost = True

    def _close(self) -> None:
        if not self.lost:
            tell(self._terms.client, relay.close, [self.token], [self.address])

    def _ask(
        self, understand: Callable[..., Any], function: Callable[..., Any], *arguments: object
    ) -> Future[Any]:
        ours: Future[Any] = Future()
        theirs = self._terms.client.submit(
            function, self.token, *arguments, workers=[self.address], pure=False
        )
        self._asked[ours] = theirs

        def take(theirs: distributed.Future[Any]) -> None:
            try:
                ours.set_result(understand(self._result(theirs)))
            except InvalidStateError:
                pass  # the worker was found to be gone
            except BrokenProcessPool:
                _break(ours)
            except Exception as error:  # noqa: BLE001 - raised where it is waited for
                with suppress(InvalidStateError):
                    ours.set_exception(error)
            self._asked.pop(ours, None)

        theirs.add_done_callback(take)
        return ours

    def _result(self, theirs: distributed.Future[Any]) -> Any:
        """Fetch what Dask has; raise `BrokenProcessPool` if the worker went away with it."""
        from distributed import CancelledError, KilledWorker

        try:
            return theirs.result(timeout=FETCH_SECONDS)
        except (CancelledError, KilledWorker, TimeoutError, OSError) as error:
            raise BrokenProcessPool(str(error)) from error
        except (ImportError, AttributeError) as error:
            raise CourseError(
                f"the worker {self.address} cannot grade: {error}. Install the same there as here."
            ) from error

    def _welcomed(self, greeting: tuple[str, bytes]) -> Ready:
        grader, said = greeting
        if grader and grader != self._terms.grader:
            raise CourseError(
                f"the worker {self.address} has another grader. There: {grader}. Here: "
                f"{self._terms.grader}. Install the same there as here, and start it anew."
            )
        ready = self._understood(said).ready
        assert ready is not None
        if ready.problem:
            raise CourseError(f"the worker {self.address} cannot grade: {ready.problem}")
        return ready

    def _graded(self, said: bytes) -> Answer:
        found = self._understood(said)
        answer = found.answer
        assert answer is not None
        if answer.name:
            self._terms.store.take_in(answer.name, found.result)
        return replace(answer, where=self.address)

    @staticmethod
    def _understood(said: bytes) -> Said:
        if not said:
            raise BrokenProcessPool("it has ended")
        return msgspec.msgpack.decode(said, type=Said)


def _break(future: Future[Any]) -> None:
    with suppress(InvalidStateError):
        future.set_exception(BrokenProcessPool("it has ended"))
