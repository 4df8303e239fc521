"""From what commands took to ratios, tables and a page: numbers that can be done by hand."""

from __future__ import annotations

import pytest

from autograder import marked
from autograder.bench import report
from autograder.bench.agreement import EVIDENCE, SECOND_TRIAL, agreement
from autograder.bench.contenders import Taken
from autograder.bench.figures import Figures, Round
from autograder.bench.population import Member
from autograder.errors import CourseError
from autograder.sample_class import Sample


def taken(size: int, wall: float, cpu: float, **more: object) -> Taken:
    peaks = {"coordinator": {"rss_mb": 100.0, "pss_mb": 50.0, "seen": 1}}
    return Taken(size, wall, cpu, peaks, {}, **more)


def line(own: float, beyond: float) -> dict[str, object]:
    return {"event": "graded", "cpu_own_s": own, "cpu_overhead_s": beyond}


LOG = [
    {"event": "run-started", "jail": 3, "warm": True},
    *(line(0.1, 0.2) for _ in range(10)),
    {"event": "run-ended"},
]


@pytest.fixture
def figures():
    kinds = ["right"] * 8 + ["broken"] * 2
    members = tuple(Member(kind, (), Sample(f"s{k}", "a", b"")) for k, kind in enumerate(kinds))
    one = Round(
        taken(10, 5.0, 8.0, log=LOG),
        taken(4, 4.0, 5.0),
        taken(1, 6.0, 5.0),
        taken(4, 15.0, 11.0),
        taken(1, 10.0, 9.0),
        taken(1, 8.0, 6.0),
    )
    grown = [taken(50, 21.0, 28.5)]
    return Figures("02-backprop", 2, members, [one], taken(1, 1.5, 4.0), grown, "7.0.0", "")


def test_the_ratio_is_that_on_the_whole_class(figures):
    found = figures.as_json()
    # nbgrader: start 3, 3 each (CPU: 3, 2), and 8 of the 10 can be read.
    assert found["ratio_vs_nbgrader"] == pytest.approx((3 + 8 * 3) / 5.0)
    assert found["ratio_vs_nbgrader_cpu"] == pytest.approx((3 + 8 * 2) / 8.0, abs=0.01)
    # With its figures 2 more each (CPU: 1).
    assert found["ratio_vs_nbgrader_with_figures"] == pytest.approx((3 + 8 * 5) / 5.0)
    assert found["ratio_vs_nbgrader_with_figures_cpu"] == pytest.approx((3 + 8 * 3) / 8.0, abs=0.01)
    assert found["ratio_vs_otter"] == pytest.approx(8 * 10.0 / 5.0)
    assert found["same_sample"] == {
        "submissions": 4,
        "ratio_vs_nbgrader": 3.75,
        "ratio_vs_nbgrader_cpu": 2.2,
    }


def test_the_overhead_is_all_but_the_students_own(figures):
    found = figures.as_json()
    assert found["student_cpu_s"] == pytest.approx(0.1)
    assert found["overhead_cpu_s"] == pytest.approx((8.0 - 1.0) / 10)
    assert found["steady_overhead_cpu_s"] == pytest.approx(0.2)


def test_growth_is_shown_with_and_without_the_start(figures):
    small, large = figures.as_json()["growth"]
    assert (small["submissions"], large["submissions"]) == (10, 50)
    assert large["seconds_per_submission"] == pytest.approx(0.42)
    assert large["cpu_beyond_start"] == pytest.approx(24.5 / 49)


def test_who_is_left_out_has_no_ratio(figures):
    alone = Figures(
        "02-backprop", 2, figures.members, [Round(figures.rounds[0].ours)], None, [], "", "not here"
    )
    found = alone.as_json()
    ratios = [found[name] for name in found if name.startswith("ratio")]
    assert ratios == [None] * 6
    assert (found["otter"], found["growth"], found["same_sample"]) == ("not here", [], None)


def test_a_start_below_zero_is_noise(figures):
    few, many = taken(1, 2.0, 2.0), taken(4, 20.0, 20.0)
    one = Round(figures.rounds[0].ours, few, few, many)
    noisy = Figures("02-backprop", 2, figures.members, [one], None, [], "", "")
    assert noisy.as_json()["others"]["nbgrader"]["seconds_per_submission"] == 5.0


def test_the_page_gets_the_figures_and_keeps_its_text(figures, tmp_path):
    machine = {
        "cpu": "Abacus",
        "usable_cores": 2,
        "memory_gb": 1.0,
        "kernel": "Linux",
        "python": "3.11",
        "versions": {"numpy": "2"},
    }
    found = {**figures.as_json(), "machine": machine, "load_before": 0.0}
    page = tmp_path / "page.md"
    page.write_text(f"before\n\n{marked.BEGIN}\nold\n{marked.END}\n\nafter\n")
    marked.write_into(page, report.page(found))
    once = page.read_text()
    marked.write_into(page, report.page(found))
    assert page.read_text() == once
    assert once.startswith("before\n")
    assert once.endswith("\nafter\n")
    assert "old" not in once
    assert "| nbgrader on the same notebook, on the class | 8.60 | 3.38 |" in once
    assert "| nbgrader on one without figures, on the class | 5.40 | 2.38 |" in once
    assert "Abacus, 2 cores" in once


def test_a_page_without_marks_is_refused(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("nothing")
    with pytest.raises(CourseError, match="has no place for the figures: a line <!-- figures"):
        marked.require_marks(page)


def test_differences_are_explained_by_what_ours_does_more():
    ours = {"a": {"f": 1.0, "g": 0.0, "h": 2.0, "k": 1.0}, "b": {"f": 1.0}}
    theirs = {"a": {"f": 1.0, "g": 3.0, "h": 0.0, "k": 0.0}}
    checks = [
        {"name": "g", "evidence": ["a quotient"]},
        {"name": "h", "notes": ["Graded with f answered by the reference, because ..."]},
        {"name": "k", "message": "wrong"},
    ]
    found = agreement(ours, theirs, {"a": {"checks": checks}})
    assert found == {
        "compared": 4,
        "equal": 1,
        "explained": {EVIDENCE: 1, SECOND_TRIAL: 1},
        "unexplained": [{"student": "a", "exercise": "k", "ours": 1.0, "theirs": 0.0}],
        "share": 0.5,
        "ungraded": ["b"],
    }
