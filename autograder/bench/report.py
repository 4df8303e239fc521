"""A benchmark's figures as tables, for the terminal and for a page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from autograder.bench.agreement import WHY

Rows = list[list[str]]

NOTHING = "-"


def tables(found: Mapping[str, Any]) -> list[tuple[str, Rows]]:
    """Return titles and rows; the first row is the head."""
    shown = [("Cost of a submission", _costs(found)), ("Ratios", _ratios(found))]
    shown.append(("Peak memory of one process", _memory(found)))
    if found["growth"]:
        shown.append(("How the cost grows", _growth(found)))
    return shown


def remarks(found: Mapping[str, Any]) -> list[str]:
    """Return what belongs below the tables, a sentence or two each."""
    machine = found["machine"]
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items())
    mixture = ", ".join(f"{number} {kind}" for kind, number in found["mixture"].items())
    jail = "no jail" if found["jail"] == 0 else f"jail level {found['jail']}"
    start = "warm" if found["warm"] else "cold"
    what = (
        f"Class: {found['submissions']} submissions of {found['assignment']} ({mixture}); "
        f"{found['jobs']} workers, {jail}, {start} sessions; "
        f"{_plural(found['rounds'], 'round')}."
    )
    where = (
        f"Machine: {machine['cpu']}, {_plural(machine['usable_cores'], 'core')}, "
        f"{machine['memory_gb']} GB, {machine['kernel']}, Python {machine['python']}, {versions}; "
        f"load of other programs at the start {found['load_before']}."
    )
    said = [what, where, f"CPU time by {found['accounting']}."]
    for name, title in (("nbgrader", "nbgrader"), ("otter", "Otter-Grader")):
        if found["agreement"][name] is not None:
            said.append(f"Scores against {title}: {_agreement(found['agreement'][name])}")
    if found["ratio_vs_otter"] is None:
        said.append(f"Otter-Grader was left out: {found['otter']}.")
    else:
        said.append(f"Otter-Grader {found['otter']}.")
    return said


def page(found: Mapping[str, Any]) -> str:
    """Return the tables and remarks as Markdown."""
    parts = []
    for title, (head, *body) in ((title, rows) for title, rows in tables(found)):
        lines = [head, ["---", *["---:"] * (len(head) - 1)], *body]
        text = "\n".join(f"| {' | '.join(row)} |" for row in lines)
        parts.append(f"**{title}**\n\n{text}")
    parts.append("\n".join(f"- {line}" for line in remarks(found)))
    return "\n\n".join(parts)


def _costs(found: Mapping[str, Any]) -> Rows:
    rows = [["", "wall seconds", "CPU seconds", "graded"]]
    rows.append(
        [
            "autograder grade, all included",
            _number(found["seconds_per_submission"]),
            _number(found["cpu_per_submission"]),
            str(found["submissions"]),
        ]
    )
    rows += [
        [title, "", _number(found[name]), ""]
        for name, title in (
            ("student_cpu_s", "of that, the student's own"),
            ("overhead_cpu_s", "of that, beyond it"),
            ("steady_overhead_cpu_s", "beyond it, without the command's start"),
        )
    ]
    for name, title in (
        ("nbgrader", "nbgrader autograde, without its start"),
        ("otter", "Otter-Grader"),
    ):
        other = found["others"][name]
        if other is not None:
            sizes = other["submissions"]
            graded = " and ".join(map(str, sizes)) if isinstance(sizes, list) else str(sizes)
            costs = (other["seconds_per_submission"], other["cpu_per_submission"])
            rows.append([title, *map(_number, costs), graded])
    return rows


def _ratios(found: Mapping[str, Any]) -> Rows:
    rows = [["how many times the cost of ours", "wall", "CPU"]]
    for name, title in (
        ("nbgrader_with_figures", "nbgrader on the same notebook, on the class"),
        ("nbgrader", "nbgrader on one without figures, on the class"),
        ("otter", "Otter-Grader, on the class"),
    ):
        ratios = (found[f"ratio_vs_{name}"], found[f"ratio_vs_{name}_cpu"])
        rows.append([title, *(_number(ratio, 2) for ratio in ratios)])
    same = found["same_sample"]
    if same is not None:
        title = f"the latter on {same['submissions']} submissions, starts included"
        ratios = (same["ratio_vs_nbgrader"], same["ratio_vs_nbgrader_cpu"])
        rows.append([title, *(_number(ratio, 2) for ratio in ratios)])
    return rows


def _memory(found: Mapping[str, Any]) -> Rows:
    rows = [["MB", "resident", "proportional share"]]
    for kind, resident in found["peak_mb"].items():
        rows.append([kind, _number(resident, 0), _number(found["peak_pss_mb"][kind], 0)])
    for name, other in found["others"].items():
        if other is not None and other["peak_mb"]["session"] is not None:
            rows.append([f"kernel, {name}", _number(other["peak_mb"]["session"], 0), NOTHING])
    return rows


def _growth(found: Mapping[str, Any]) -> Rows:
    head = ["submissions", "wall seconds each", "CPU seconds each"]
    head += ["wall without the start", "CPU without the start", "coordinator, MB"]
    return [
        head,
        *(
            [
                str(line["submissions"]),
                _number(line["seconds_per_submission"]),
                _number(line["cpu_per_submission"]),
                _number(line["seconds_beyond_start"]),
                _number(line["cpu_beyond_start"]),
                _number(line["coordinator_mb"], 0),
            ]
            for line in found["growth"]
        ),
    ]


def _agreement(found: Mapping[str, Any]) -> str:
    text = f"{found['equal']} of {found['compared']} exercises equal."
    for reason, number in found["explained"].items():
        text += f" {number}: {WHY[reason]}."
    if found["unexplained"]:
        text += f" {len(found['unexplained'])} or more differ otherwise."
    if found["ungraded"]:
        text += f" {len(found['ungraded'])} or more got no grade from the other."
    return text


def _number(value: float | None, digits: int = 3) -> str:
    return NOTHING if value is None else f"{value:.{digits}f}"


def _plural(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
