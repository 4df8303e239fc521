"""What a run comes to, in numbers."""

from __future__ import annotations

import heapq
import time
from collections import Counter
from dataclasses import dataclass, field

from autograder.batch.runlog import rounded
from autograder.batch.work import Outcome

SLOWEST = 5


@dataclass
class Totals:
    """Sums over the submissions of a run.

    The CPU times of submissions are of those that were graded now. A worker's start and the
    coordinator's own work are counted once a run.
    """

    submissions: int
    counts: Counter[str] = field(default_factory=Counter)
    retried: int = 0
    to_grade: int = 0
    own_cpu_seconds: float = 0.0
    overhead_cpu_seconds: float = 0.0
    start_cpu_seconds: float = 0.0
    coordinator_cpu_seconds: float = 0.0
    worker_mb: float = 0.0
    coordinator_mb: float = 0.0
    began: float = field(default_factory=time.monotonic)
    cpu_began: float = field(default_factory=time.process_time)
    ended: float = 0.0
    _slowest: list[tuple[float, str]] = field(default_factory=list)

    @property
    def done(self) -> int:
        """Submissions that are done with, however."""
        return self.counts.total()

    @property
    def graded(self) -> int:
        """Submissions that were graded now."""
        return self.counts["graded"]

    @property
    def wall_seconds(self) -> float:
        """How long the run took, or has taken so far."""
        return (self.ended or time.monotonic()) - self.began

    @property
    def slowest(self) -> list[tuple[str, float]]:
        """Students whose submissions took longest, and their seconds."""
        return [(student, seconds) for seconds, student in sorted(self._slowest, reverse=True)]

    def count(self, student: str, how: str, outcome: Outcome) -> None:
        """Add one submission."""
        self.counts[how] += 1
        if how != "graded":
            return
        own = outcome.grade.cpu_seconds
        self.own_cpu_seconds += own
        self.overhead_cpu_seconds += max(outcome.cpu_seconds - own, 0.0)
        heapq.heappush(self._slowest, (outcome.wall_seconds, student))
        if len(self._slowest) > SLOWEST:
            heapq.heappop(self._slowest)

    def as_json(self) -> dict[str, object]:
        """Return the last line of a run's log."""
        return {
            "submissions": self.submissions,
            "graded": self.graded,
            "reused": self.counts["reused"],
            "skipped": self.counts["skipped"],
            "retried": self.retried,
            **rounded(
                {
                    "wall_s": self.wall_seconds,
                    "cpu_own_s": self.own_cpu_seconds,
                    "cpu_overhead_s": self.overhead_cpu_seconds,
                    "cpu_worker_starts_s": self.start_cpu_seconds,
                    "cpu_coordinator_s": self.coordinator_cpu_seconds,
                    "coordinator_peak_mb": self.coordinator_mb,
                    "worker_peak_mb": self.worker_mb,
                }
            ),
        }
