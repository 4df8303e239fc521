"""Whether two graders gave the same points, and where not, whether it is known why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from autograder.bench.contenders import Scores
from autograder.checks.repeats import COMPLAINT

EVIDENCE = "numerical derivative"
SECOND_TRIAL = "second trial"
ASKED_AGAIN = "asked again"

WHY = {
    EVIDENCE: "a formula was asked for and a numerical derivative found: only ours looks",
    SECOND_TRIAL: "tried again with a failed callee answered by the reference: only ours does",
    ASKED_AGAIN: "another answer when asked again: only ours asks",
}

MAX_SHOWN = 20


def agreement(
    ours: Scores, theirs: Scores, records: Mapping[str, Mapping[str, Any]]
) -> dict[str, object]:
    """Compare the points of each exercise of each student that both graded.

    Parameters
    ----------
    ours, theirs
        Points by student and exercise.
    records
        Our records of the grades, which say what was done beyond the checks.

    Returns
    -------
    dict
        ``compared`` and ``equal`` exercises, ``explained`` differences by reason, ``unexplained``
        ones (the first of them), ``share`` of the exercises that are equal where ours did nothing
        beyond the checks, and ``ungraded``, whom only we graded.
    """
    counts: Counter[str] = Counter()
    explained: Counter[str] = Counter()
    unexplained: list[dict[str, object]] = []
    for student in sorted(ours.keys() & theirs.keys()):
        checked = {check["name"]: check for check in records.get(student, {}).get("checks", [])}
        for exercise, mine in ours[student].items():
            got = theirs[student].get(exercise)
            counts["compared"] += 1
            if got is not None and abs(got - mine) < 1e-6:
                counts["equal"] += 1
                continue
            reason = _reason(exercise, checked.get(exercise, {}))
            if reason:
                explained[reason] += 1
            else:
                what = {"student": student, "exercise": exercise, "ours": mine, "theirs": got}
                unexplained.append(what)
    plain = counts["equal"] + len(unexplained)
    return {
        "compared": counts["compared"],
        "equal": counts["equal"],
        "explained": dict(sorted(explained.items())),
        "unexplained": unexplained[:MAX_SHOWN],
        "share": round(counts["equal"] / plain, 6) if plain else None,
        "ungraded": sorted(ours.keys() - theirs.keys())[:MAX_SHOWN],
    }


def _reason(exercise: str, check: Mapping[str, Any]) -> str:
    """Say what ours did beyond the checks; empty if nothing."""
    if check.get("evidence"):
        return EVIDENCE
    if any("answered by the reference" in note for note in check.get("notes", ())):
        return SECOND_TRIAL
    if str(check.get("message", "")) == COMPLAINT.format(name=exercise):
        return ASKED_AGAIN
    return ""
