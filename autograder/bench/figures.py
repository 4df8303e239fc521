"""From what the commands took to the figures of a benchmark."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from autograder.bench.agreement import agreement
from autograder.bench.contenders import Taken
from autograder.bench.meter import COORDINATOR, SESSION, WORKER
from autograder.bench.population import Member

KINDS = (COORDINATOR, WORKER, SESSION)

Cost = Callable[[Taken], float]


@dataclass
class Round:
    """One round of all contenders on the same class.

    `ours` graded all of it; `ours_sample` and `nbgrader` the same sample; `nbgrader_few`, `drawing`
    (nbgrader with the notebook's figures) and `otter` the same part of that sample.
    """

    ours: Taken
    ours_sample: Taken | None = None
    nbgrader_few: Taken | None = None
    nbgrader: Taken | None = None
    otter: Taken | None = None
    drawing: Taken | None = None


@dataclass(frozen=True)
class Line:
    """A cost that is linear in the number of submissions."""

    start: float
    each: float

    def at(self, size: int) -> float:
        """Return the cost of a class."""
        return self.start + size * self.each


@dataclass(frozen=True)
class Figures:
    """What was measured.

    Parameters
    ----------
    assignment, jobs
        Of the plan.
    members
        The class.
    rounds
        At least one.
    start
        Ours on one submission: what starting it takes. None if no growth was asked for.
    grown
        Ours on classes of other sizes.
    otter_version
        Of Otter-Grader.
    otter_reason
        Why it was left out.
    """

    assignment: str
    jobs: int
    members: tuple[Member, ...]
    rounds: Sequence[Round]
    start: Taken | None
    grown: Sequence[Taken]
    otter_version: str
    otter_reason: str

    def as_json(self) -> dict[str, Any]:
        """Return the figures; medians where there is more than one round."""
        size = len(self.members)
        first = self.rounds[0]
        started = next((line for line in first.ours.log if line["event"] == "run-started"), {})
        return {
            "assignment": self.assignment,
            "submissions": size,
            "mixture": dict(Counter(member.kind for member in self.members)),
            "jobs": self.jobs,
            "jail": started.get("jail"),
            "warm": started.get("warm"),
            "rounds": len(self.rounds),
            "ratio_vs_nbgrader": self._ratio(wall, _nbgrader_class),
            "ratio_vs_nbgrader_cpu": self._ratio(cpu, _nbgrader_class),
            "ratio_vs_nbgrader_with_figures": self._ratio(wall, _nbgrader_drawing),
            "ratio_vs_nbgrader_with_figures_cpu": self._ratio(cpu, _nbgrader_drawing),
            "ratio_vs_otter": self._ratio(wall, _otter_class),
            "ratio_vs_otter_cpu": self._ratio(cpu, _otter_class),
            "otter": self.otter_version or self.otter_reason,
            "seconds_per_submission": _rounded(
                median(_each(one.ours, wall) for one in self.rounds)
            ),
            "cpu_per_submission": _rounded(median(_each(one.ours, cpu) for one in self.rounds)),
            **self._split(),
            "others": self._others(),
            "same_sample": self._same_sample(),
            "peak_mb": self._peaks("rss_mb"),
            "peak_pss_mb": self._peaks("pss_mb"),
            "growth": self._growth(),
            "agreement": self._agreement(),
            "accounting": _accounting(first.ours),
        }

    def _ratio(self, cost: Cost, other: Callable[[Round, Cost, int, int], float | None]) -> Any:
        size = len(self.members)
        readable = sum(member.kind != "broken" for member in self.members)
        found = [other(one, cost, size, readable) for one in self.rounds]
        ratios = [
            theirs / cost(one.ours)
            for one, theirs in zip(self.rounds, found, strict=True)
            if theirs is not None
        ]
        return round(median(ratios), 2) if ratios else None

    def _split(self) -> dict[str, float | None]:
        """Return the students' own CPU time and what goes beyond it, a submission."""
        splits = [split for one in self.rounds if (split := own_and_beyond(one.ours)) is not None]
        names = ("student_cpu_s", "overhead_cpu_s", "steady_overhead_cpu_s")
        if not splits:
            return dict.fromkeys(names)
        return {
            name: _rounded(median(split[k] for split in splits)) for k, name in enumerate(names)
        }

    def _others(self) -> dict[str, Any]:
        """Return the others' costs: start and each submission for nbgrader, each for Otter."""
        lines = [
            (
                _line(one.nbgrader_few, one.nbgrader, wall),
                _line(one.nbgrader_few, one.nbgrader, cpu),
            )
            for one in self.rounds
            if one.nbgrader is not None and one.nbgrader_few is not None
        ]
        otters = [one.otter for one in self.rounds if one.otter is not None]
        found: dict[str, Any] = {"nbgrader": None, "otter": None}
        if lines and (first := self.rounds[0]).nbgrader_few and first.nbgrader:
            found["nbgrader"] = {
                "submissions": [first.nbgrader_few.submissions, first.nbgrader.submissions],
                "start_seconds": _rounded(median(line.start for line, _ in lines)),
                "seconds_per_submission": _rounded(median(line.each for line, _ in lines)),
                "cpu_per_submission": _rounded(median(line.each for _, line in lines)),
                "peak_mb": _peaks_of(first.nbgrader, "rss_mb"),
            }
        if otters:
            found["otter"] = {
                "submissions": otters[0].submissions,
                "seconds_per_submission": _rounded(median(_each(one, wall) for one in otters)),
                "cpu_per_submission": _rounded(median(_each(one, cpu) for one in otters)),
                "peak_mb": _peaks_of(otters[0], "rss_mb"),
            }
        return found

    def _same_sample(self) -> dict[str, Any] | None:
        """Compare whole commands, starts included, on the sample that both graded."""
        pairs = [
            (one.ours_sample, one.nbgrader)
            for one in self.rounds
            if one.ours_sample is not None and one.nbgrader is not None
        ]
        if not pairs:
            return None
        return {
            "submissions": pairs[0][0].submissions,
            "ratio_vs_nbgrader": round(median(wall(b) / wall(a) for a, b in pairs), 2),
            "ratio_vs_nbgrader_cpu": round(median(cpu(b) / cpu(a) for a, b in pairs), 2),
        }

    def _peaks(self, what: str) -> dict[str, float | None]:
        runs = [one.ours for one in self.rounds]
        found = [_peaks_of(run, what) for run in runs]
        return {
            kind: max((peak for peaks in found if (peak := peaks[kind]) is not None), default=None)
            for kind in KINDS
        }

    def _growth(self) -> list[dict[str, Any]]:
        """Return the cost of each class of ours; without the start where that was measured."""
        if self.start is None:
            return []
        runs = sorted([self.rounds[0].ours, *self.grown], key=lambda run: run.submissions)
        return [
            {
                "submissions": run.submissions,
                "seconds_per_submission": _rounded(_each(run, wall)),
                "cpu_per_submission": _rounded(_each(run, cpu)),
                "seconds_beyond_start": _rounded(_beyond(run, self.start, wall)),
                "cpu_beyond_start": _rounded(_beyond(run, self.start, cpu)),
                "coordinator_mb": _peaks_of(run, "rss_mb")[COORDINATOR],
            }
            for run in runs
        ]

    def _agreement(self) -> dict[str, Any]:
        first = self.rounds[0]
        found: dict[str, Any] = {"nbgrader": None, "otter": None}
        if first.ours_sample is not None and first.nbgrader is not None:
            mine = first.ours_sample
            found["nbgrader"] = agreement(mine.scores, first.nbgrader.scores, mine.grades)
        if first.otter is not None:
            graded = set(first.otter.scores)
            scores = {who: got for who, got in first.ours.scores.items() if who in graded}
            found["otter"] = agreement(scores, first.otter.scores, first.ours.grades)
        return found


def wall(taken: Taken) -> float:
    """Wall time of a whole command."""
    return taken.wall_seconds


def cpu(taken: Taken) -> float:
    """CPU time of a whole command and all of its processes."""
    return taken.cpu_seconds


def own_and_beyond(taken: Taken) -> tuple[float, float, float] | None:
    """Return CPU seconds a submission: the students' own, all beyond it, that without starting.

    None if the run's log does not say how much was the students' own. The last of the three is
    what the workers and the sessions took for a submission beyond the student's own, which the
    log counts itself; the second is all of the command's processes by the kernel's books.
    """
    graded = [line for line in taken.log if line["event"] == "graded" and "cpu_own_s" in line]
    if not graded:
        return None
    own = sum(line["cpu_own_s"] for line in graded)
    steady = sum(line["cpu_overhead_s"] for line in graded)
    size = taken.submissions
    return own / size, (taken.cpu_seconds - own) / size, steady / size


def _nbgrader_class(one: Round, cost: Cost, _size: int, readable: int) -> float | None:
    """Return what the whole class would cost nbgrader: its start, and each that it can read."""
    if one.nbgrader is None or one.nbgrader_few is None:
        return None
    return _line(one.nbgrader_few, one.nbgrader, cost).at(readable)


def _nbgrader_drawing(one: Round, cost: Cost, _size: int, readable: int) -> float | None:
    """Return the same with the notebook's figures: so much more for each submission."""
    plain = _nbgrader_class(one, cost, _size, readable)
    if plain is None or one.nbgrader_few is None or one.drawing is None:
        return None
    return plain + (_each(one.drawing, cost) - _each(one.nbgrader_few, cost)) * readable


def _otter_class(one: Round, cost: Cost, _size: int, readable: int) -> float | None:
    """Return what the whole class would cost Otter."""
    return None if one.otter is None else _each(one.otter, cost) * readable


def _line(few: Taken | None, many: Taken | None, cost: Cost) -> Line:
    """Return the line through two runs; through the origin if noise gives a start below zero."""
    if few is None or many is None:
        raise ValueError("a line needs two runs")
    apart = many.submissions - few.submissions
    each = (cost(many) - cost(few)) / apart if apart else 0.0
    start = cost(few) - few.submissions * each
    if not apart or start < 0 or each <= 0:
        return Line(0.0, _each(many, cost))
    return Line(start, each)


def _each(taken: Taken, cost: Cost) -> float:
    return cost(taken) / taken.submissions


def _beyond(run: Taken, start: Taken, cost: Cost) -> float | None:
    more = run.submissions - start.submissions
    return (cost(run) - cost(start)) / more if more else None


def _peaks_of(taken: Taken, what: str) -> dict[str, float | None]:
    return {kind: taken.peaks.get(kind, {}).get(what) for kind in KINDS}


def _accounting(taken: Taken) -> str:
    exact = taken.report.get("cpu_by_the_group") is not None
    return "control group" if exact else "the larger of rusage and sampling"


def _rounded(number: float | None) -> float | None:
    return None if number is None else round(number, 4)
