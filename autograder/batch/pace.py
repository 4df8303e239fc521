"""How fast a run goes, and when it will be done."""

from __future__ import annotations

from collections import deque

WINDOW_SECONDS = 120.0
LEAST = 20
"""So many of the last submissions count at least, however long ago they were done."""


class Pace:
    """Rate over the last while, from the times at which submissions were done.

    Parameters
    ----------
    began
        When the first worker was ready; seconds on a clock that never goes back.
    jobs
        Workers: while each of them has yet to finish its first submission, too few are done for
        the time that has passed, so the beginning is taken to be a part of what is under way.
    """

    def __init__(self, began: float, jobs: int) -> None:
        self._began = began
        self._jobs = jobs
        self._times: deque[float] = deque()
        self._dropped: float | None = None

    def done(self, now: float) -> None:
        """Count one submission."""
        self._times.append(now)
        while len(self._times) > LEAST and self._times[0] < now - WINDOW_SECONDS:
            self._dropped = self._times.popleft()

    def per_second(self, now: float) -> float:
        """Submissions per second; 0.0 if none is done yet."""
        if not self._times:
            return 0.0
        since = self._began if self._dropped is None else self._dropped
        # On average half a submission of each worker is under way and not counted yet.
        under_way = self._jobs / 2 if self._dropped is None else 0.0
        return (len(self._times) + under_way) / max(now - since, 1e-3)

    def remaining(self, count: int, now: float) -> float | None:
        """Seconds until `count` more are done; None if nobody can say yet."""
        rate = self.per_second(now)
        return count / rate if rate else None
