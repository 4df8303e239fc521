"""The meter counts what a command and all below it take."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from autograder.bench.control_group import ControlGroup

BURN = "import time\nwhile time.process_time() < {seconds}: pass\n"


def measured(tmp_path: Path, *command: str) -> dict[str, Any]:
    report = tmp_path / "report.json"
    meter = [sys.executable, "-m", "autograder.bench.meter", str(report)]
    subprocess.run([*meter, *command], check=True, timeout=60)
    return json.loads(report.read_text(encoding="utf-8"))


def test_it_says_how_the_command_ended_and_how_long_it_took(tmp_path):
    report = measured(tmp_path, "sh", "-c", "sleep 0.3; exit 7")
    assert report["status"] == 7
    assert report["wall_seconds"] >= 0.3


def test_cpu_of_processes_that_were_not_waited_for_counts(tmp_path):
    burn = BURN.format(seconds=0.6)
    report = measured(tmp_path, "sh", "-c", f'("{sys.executable}" -S -c "$0" &); sleep 0.2', burn)
    assert report["cpu_seconds"] >= 0.55
    assert report["cpu_by_the_books"] >= 0.55


def test_two_ways_of_counting_agree(tmp_path):
    report = measured(tmp_path, sys.executable, "-S", "-c", BURN.format(seconds=1.0))
    assert report["cpu_by_sampling"] == pytest.approx(report["cpu_by_the_books"], abs=0.3)
    if report["cpu_by_the_group"] is not None:
        assert report["cpu_by_the_group"] == pytest.approx(report["cpu_by_the_books"], abs=0.3)
        assert report["cpu_seconds"] == report["cpu_by_the_group"]


def test_memory_is_that_of_the_largest_process(tmp_path):
    fill = "import time; filled = bytearray(80_000_000); time.sleep(0.5)"
    report = measured(tmp_path, sys.executable, "-S", "-c", fill)
    assert 80 < report["peaks"]["coordinator"]["rss_mb"] < 160


def test_what_a_command_leaves_behind_is_ended_and_counted(tmp_path):
    pid = tmp_path / "pid"
    report = measured(tmp_path, "sh", "-c", f"(sleep 300 & echo $! > {pid}); sleep 0.1")
    assert report["left_over"] == 1
    assert not psutil.pid_exists(int(pid.read_text()))


def test_a_control_group_goes_away_again():
    with ControlGroup() as group:
        entered = group.entering(["true"])
        subprocess.run(entered, check=True)
        if group.cpu_seconds is None:
            pytest.skip("this user may make no control group")
        folder = Path(entered[3])
        assert folder.is_dir()
        assert str(os.getpid()) not in (folder / "cgroup.procs").read_text().split()
    assert not folder.exists()
