"""``autograder bench batch`` on a tiny class: ratios only, since times depend on the machine."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from autograder.adapters.cli.bench import command

pytestmark = pytest.mark.xdist_group("bench")  # measured once

ROOT = Path(__file__).parents[2]

TINY = (
    *("bench", "batch", "--json", "--submissions", "10", "--sample", "2", "--jobs", "1"),
    *("--unsafe", "--compare", "nbgrader"),
)
"""So small that starting the commands is most of the work, and still faster."""


@pytest.fixture(scope="module")
def found(course):
    done = subprocess.run(
        [sys.executable, "-m", "autograder.adapters.cli.main", *TINY],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    assert "submissions; about" in done.stderr
    return json.loads(done.stdout)  # nothing else is on stdout


def test_the_object_has_the_promised_fields(found):
    assert (found["assignment"], found["submissions"], found["jobs"]) == ("02-backprop", 10, 1)
    assert (found["jail"], found["warm"]) == (0, True)
    assert found["machine"]["cores"] >= found["machine"]["usable_cores"] >= 1
    assert {"autograder", "numpy", "torch", "nbgrader"} <= found["machine"]["versions"].keys()
    assert found["ratio_vs_otter"] is found["ratio_vs_otter_cpu"] is None
    assert found["otter"] == "not asked for"
    for kind in ("coordinator", "worker", "session"):
        assert found["peak_mb"][kind] > 20
    assert found["growth"] == []
    own, beyond = found["student_cpu_s"], found["overhead_cpu_s"]
    assert own > 0
    assert beyond > found["steady_overhead_cpu_s"] > 0
    assert own + beyond == pytest.approx(found["cpu_per_submission"], abs=1e-3)


def test_ours_is_faster(found):
    assert found["ratio_vs_nbgrader"] > 1
    assert found["ratio_vs_nbgrader_cpu"] > 1


def test_the_scores_agree(found):
    agreement = found["agreement"]["nbgrader"]
    assert agreement["compared"] == 12
    assert agreement["unexplained"] == agreement["ungraded"] == []
    assert agreement["equal"] >= 10


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--sizes", "50,many"], "numbers expected, as in 50,200,1000"),
        (["--sizes", "0"], "at least one submission"),
        (["--compare", "gradescope"], "gradescope; expected nbgrader, otter or none"),
    ],
)
def test_wrong_options_say_what_is_right(arguments, complaint):
    done = CliRunner().invoke(command, ["batch", *arguments])
    assert done.exit_code == 2
    assert complaint in done.output
