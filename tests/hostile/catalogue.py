"""The hostile list: every way in which a submission is known to cheat or attack.

Each case has a number, and submissions that try it. A test grades them at each level that holds
the case, and asserts four things:

1. what each exercise earns, its status, and that the message says why;
2. that no secret (hidden checks, gradebook, the course's key, another submission, the home
   folder, the environment) is in the grade or in the outputs;
3. that an honest submission, graded next in the same run, earns everything;
4. that the host is as before: its processes, files, owners, mounts, shared memory, sockets, and
   this process's own descriptors, limits and memory.

===============  ===========================================
`cases`          the submissions: short, to be read
`model`          what a case is made of
`course`         the tiny course that is attacked
`host`           pictures of the host
`test_cases`     the test
`test_class`     a class of 30, every third of it hostile
===============  ===========================================
"""

from __future__ import annotations

from tests.hostile.cases import files, host, integrity, outputs, resources
from tests.hostile.model import Case

CASES: list[Case] = [
    case for family in (resources, host, integrity, files, outputs) for case in family.CASES
]

LEVELS = (3, 1)


def table() -> str:
    """Return the cases and what holds each, as a table of the documentation."""
    rows: list[tuple[str, ...]] = [
        ("", "case", "level 3", "level 1"),
        ("---:", "---", "---", "---"),
    ]
    for case in CASES:
        held = [case.held_by.get(level) or f"not held: {case.gap}" for level in LEVELS]
        if held[0] == held[1]:
            held[1] = "the same"
        rows.append((str(case.number), case.title, *held))
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
