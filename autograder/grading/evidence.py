"""Is the answer to a derivative a numerical one? Ask the notebook itself.

Where an exercise asks for the formula, the values cannot tell: a difference quotient is right to
1e-10, a complex step to the last bit. Two experiments can.

**The source.** `autograder.checks.policy` finds places that look like a numerical derivative. The
notebook is run once more with those places made 25 % larger. If the answer follows, it is made of
them; if they are never run, or serve as a test, it does not. Where the changed notebook raises,
as a test in it may, it is tried again with a much smaller change, which tests forgive.

**The calls.** In another run the functions that the exercise calls (the student's own earlier ones,
the given ones) are stand-ins: their calls come to this side, are answered by the student's own
functions, and each answer is disturbed by a few parts in 100 000. A formula passes such a
disturbance on at about its size. A difference divided by a small step makes it thousands of times
larger, whatever the source looks like.

Either one is proof, and a correct formula has nothing to fear from either: what is not conclusive
(the changed notebook raises, time runs out) costs nothing. All that was found is kept for the
instructor, and so is what could not be looked at. What neither sees: a difference quotient that is
hidden from the look at the source and calls nothing but functions of its own. The checks' precision
is there for those.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from typing import Self

from autograder.checks.model import DEFAULT_CALL_SECONDS, Exercise
from autograder.checks.policy import Source
from autograder.checks.repeats import Asked
from autograder.checks.runner import refused
from autograder.checks.scaling import Place
from autograder.errors import DeadlineExceeded, StudentFault
from autograder.grading.stand_ins import DISTURBANCE, Session, StandIns, change_of, numbers
from autograder.results import NO_POINTS, ExerciseResult
from autograder.session.far import Bound, Cell
from autograder.session.watch import Spent
from autograder.student import Student

LARGER = (0.25, 1e-7, 1e-11)
"""By how much the places in the source are made larger; the next one if the notebook raises."""

FOLLOWS = (1e-3, 1e-8, 1e-12)
"""Relative change of an answer from which on it follows them."""

AMPLIFIED = 50.0
"""A formula makes of it 1 to 10 times as much at moderate arguments, a step of 1e-3 some 1000."""

MAX_CALLS = 8
ENOUGH_CALLS = 2
MAX_EVIDENCE = 20

HINT = (
    "Hint: a numerical derivative is the test of this exercise, not its answer. Do the "
    "differentiation on paper, with the chain rule."
)

Launch = Callable[[Spent, Sequence[Cell], Mapping[str, Bound]], Session]


@dataclass(frozen=True)
class _World:
    """What an exercise was graded in, and the time that its inspection has used."""

    student: Student
    bindings: Mapping[str, Bound]
    spent: Spent


class Inspection:
    """Looks for numerical derivatives in one notebook.

    Parameters
    ----------
    exercises
        All exercises of the assignment.
    cells
        The code cells that ran.
    given
        Functions that the notebook gives: their calls tell something, too.
    student
        The session in which the checks ran; it answers for the stand-ins.
    launch
        Returns a student of other cells, some names answered by functions of ours. Each exercise
        has time of its own, so that none can use up that of the others.
    asked
        For each exercise, calls that its checks made.
    answered
        For exercises whose second trial counted, what the reference answered in it.
    students
        For some of these, the session of that trial.
    seed
        Of the run.
    """

    def __init__(
        self,
        exercises: Sequence[Exercise],
        cells: Sequence[Cell],
        given: Sequence[str],
        student: Student,
        launch: Launch,
        asked: Mapping[str, Sequence[Asked]],
        answered: Mapping[str, Mapping[str, Bound]],
        students: Mapping[str, Student],
        seed: str,
    ) -> None:
        self._exercises = {e.name for e in exercises}
        self._formulas = {e.name for e in exercises if e.formula}
        self._callees = self._exercises | set(given)
        self._cells = list(cells)
        self._source = Source([cell.source for cell in cells])
        self._student = student
        self._launch = launch
        self._asked = asked
        self._answered = answered
        self._students = students
        self._spent: list[Spent] = []
        self._faults: list[StudentFault] = []
        self._seed = int.from_bytes(
            hashlib.sha256(f"{seed}\0evidence".encode()).digest()[:8], "big"
        )
        self._unheard: set[str] = set()
        self._unsound: set[str] = set()
        self._sessions: list[Session] = []
        self._shared: dict[int, StandIns] = {}
        self._open = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def judge(self, results: Sequence[ExerciseResult]) -> tuple[ExerciseResult, ...]:
        """Return `results` with the evidence, and with nothing earned where there is proof."""
        self._unsound = {r.name for r in results if r.status != "passed"} | set(self._answered)
        return tuple(map(self._judge, results))

    def _judge(self, result: ExerciseResult) -> ExerciseResult:
        name = result.name
        if name not in self._formulas or result.status == "missing":
            return result
        places = self._source.places(name, self._formulas, self._exercises)
        evidence = list(dict.fromkeys(self._where(name, place) for place in places))
        evidence = evidence[:MAX_EVIDENCE]
        for cell in self._source.unseen(name, self._formulas)[:MAX_EVIDENCE]:
            evidence.append(f"The cell {self._cells[cell].id} could not be looked at in full.")
        if not result.points:
            return replace(result, evidence=tuple(evidence))
        self._faults.clear()
        proof = []
        world = self._world(name)
        if places:
            follows = self._follows(world, name, places)
            if follows:
                proof.append(f"{evidence[0]} Your answer is made of it.")
            elif follows is None:
                evidence.append("Changed there, the notebook gives no answer to compare.")
        from_calls, proved = self._from_calls(world, name, bool(places))
        evidence += from_calls
        if proved:
            proof += from_calls
        if not proof:
            if any(isinstance(fault, DeadlineExceeded) for fault in self._faults):
                evidence.append("Not inspected to the end: the time ran out.")
            return replace(result, evidence=tuple(evidence))
        complaint = (
            f"{name}: expected the formula of the derivative, got a numerical derivative. "
            f"{' '.join(proof)} {HINT}"
        )
        return replace(refused(result, complaint), notes=(), evidence=(*evidence, NO_POINTS))

    def _world(self, name: str) -> _World:
        """Return what the exercise `name` was graded in."""
        bindings = self._answered.get(name, {})
        spent = self._new_spent()
        student = self._students.get(name) if bindings else self._student
        if student is None:
            student = self._open.enter_context(closing(self._start(spent, self._cells, bindings)))
        student.cpu_seconds = DEFAULT_CALL_SECONDS
        return _World(student, bindings, spent)

    def _new_spent(self) -> Spent:
        self._spent.append(Spent())
        return self._spent[-1]

    @property
    def cpu_seconds(self) -> float:
        """CPU time that it took, in sessions that are closed."""
        return sum(spent.own for spent in self._spent)

    def _where(self, name: str, place: Place) -> str:
        cell = self._cells[place.cell].id
        where = "its cell" if cell == name else f"the cell {cell}"
        return f"Line {place.line} of {where} holds {place.what}: `{place.text}`."

    def _fixtures(self, name: str) -> Iterator[Asked]:
        """Yield the first call of each check, then the second ones: ordinary arguments."""
        turns: dict[int, int] = {}
        ranked: list[tuple[int, int, Asked]] = []
        for call in self._asked.get(name, ()):
            turn = turns[call.check] = turns.get(call.check, -1) + 1
            ranked.append((turn, len(ranked), call))
        return (call for _, _, call in sorted(ranked)[:MAX_CALLS])

    def _start(self, spent: Spent, cells: Sequence[Cell], bindings: Mapping[str, Bound]) -> Session:
        session = self._launch(spent, cells, bindings)
        self._sessions.append(session)
        return session

    @property
    def wall_limited(self) -> bool:
        """Whether a loose wall-clock backstop ended something."""
        return any(getattr(session, "wall_limited", False) for session in self._sessions)

    # --- the source ------------------------------------------------------------------------------

    def _follows(self, world: _World, name: str, places: Sequence[Place]) -> bool | None:
        """Whether the answer changes with what stands at `places`; None if that cannot be said."""
        # Two fresh sessions with the same calls: what is left of earlier calls is the same in both.
        with closing(self._start(world.spent, self._cells, world.bindings)) as one:
            for larger, threshold in zip(LARGER, FOLLOWS, strict=True):
                try:
                    changed = self._source.changed(places, larger)
                except ValueError:
                    return None
                cells = [
                    Cell(cell.id, text) for cell, text in zip(self._cells, changed, strict=True)
                ]
                with closing(self._start(world.spent, cells, world.bindings)) as other:
                    follows = self._changes(name, one, other, threshold)
                if follows is not None:
                    return follows
        return None

    def _changes(self, name: str, one: Session, other: Session, threshold: float) -> bool | None:
        """Whether an answer of `other` differs from that of `one`; None if one is missing."""
        missing, compared = False, 0
        for call in self._fixtures(name):
            before = numbers(one, call, self._faults)
            if before is None:
                continue
            compared += 1
            change = change_of(before, numbers(other, call, self._faults))
            if change is None:
                missing = True
            elif change > threshold:
                noise = change_of(before, numbers(one, call, self._faults))
                if noise is not None and noise < 0.1 * threshold:
                    return True
                missing = True
        return None if missing or not compared else False

    # --- the calls -------------------------------------------------------------------------------

    def _from_calls(
        self,
        world: _World,
        name: str,
        has_places: bool,  # noqa: FBT001
    ) -> tuple[list[str], bool]:
        """Return what the calls of the other functions tell, and whether it is proof.

        First all derivatives of the notebook share sessions, in which only functions that are no
        derivatives are disturbed. An answer that is amplified there may owe it to another exercise
        that it calls, so it is tried again with that one answered, too.
        """
        leaves = self._callees - self._formulas
        unsound = self._unsound - {name} - set(world.bindings)
        if not self._may_call(name, leaves) or self._may_call(name, unsound):
            # A function that is wrong itself may make anything of a disturbance.
            return [], False
        first, heard = self._first_look(world, name, leaves)
        if heard.refused:
            # It takes a function, say, which does not travel: that one goes unheard.
            self._unheard |= heard.refused
            self._shared.clear()
            first, heard = self._first_look(world, name, leaves)
        if first is not None and first < AMPLIFIED:
            return [], False
        with self._stand_ins(world, self._callees - {name} - self._unheard) as own:
            amplified, heard = self._amplified(name, own)
        found = heard.evidence()
        if amplified is None:
            # A complex step ends here: the stand-in takes no complex numbers.
            return found, bool(heard.complex) and not has_places
        if amplified < AMPLIFIED:
            return [], False
        found.append(
            f"It makes errors in the functions that it calls {_times(amplified)} times as large, "
            "as the division by a small step does."
        )
        return found, True

    def _may_call(self, name: str, names: set[str]) -> bool:
        if not names:
            return False
        if self._source.is_dynamic(name) or self._source.unseen(name, self._formulas):
            return True
        return not names.isdisjoint(self._source.reaches(name))

    def _first_look(
        self, world: _World, name: str, leaves: set[str]
    ) -> tuple[float | None, StandIns]:
        """Disturb `leaves`, in sessions that exercises with the same surroundings share."""
        key = id(world.student)
        if key not in self._shared:
            lasting = replace(world, spent=self._new_spent())
            stand_ins = self._stand_ins(lasting, leaves - self._unheard)
            self._shared[key] = self._open.enter_context(stand_ins)
        return self._amplified(name, self._shared[key])

    def _stand_ins(self, world: _World, names: set[str]) -> StandIns:
        # Only what is there: a stand-in for nothing would hide that a name is not defined.
        defined = names & set(self._source.names())

        def launch(bindings: Mapping[str, Bound]) -> Session:
            return self._start(world.spent, self._cells, {**world.bindings, **bindings})

        return StandIns(world.student, sorted(defined), launch, self._seed, self._faults)

    def _amplified(self, name: str, others: StandIns) -> tuple[float | None, StandIns]:
        """Return how many times as large a disturbance becomes; the least of a few calls."""
        others.forget()
        least, usable = float("inf"), 0
        for call in self._fixtures(name):
            change = others.disturbed(call, AMPLIFIED * DISTURBANCE)
            if change is not None:
                least, usable = min(least, change / DISTURBANCE), usable + 1
            if least < AMPLIFIED or others.refused:
                break
        return (least if usable >= ENOUGH_CALLS or least < AMPLIFIED else None), others


def _times(factor: float) -> str:
    """Write a factor to one digit: ``"60 000"``."""
    return f"{float(f'{factor:.1g}'):,.0f}".replace(",", " ")
