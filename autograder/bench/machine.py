"""What a benchmark ran on."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from contextlib import suppress
from pathlib import Path

from autograder import __version__
from autograder.batch.cores import default_jobs

LIBRARIES = ("numpy", "torch", "nbgrader", "nbconvert", "nbclient", "ipykernel", "sqlalchemy")


def machine() -> dict[str, object]:
    """Return the processor, cores, memory, system and versions."""
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count() or 1,
        "usable_cores": default_jobs(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "kernel": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "versions": {"autograder": __version__, **_versions()},
    }


def load() -> float:
    """Return the load of the last minute: processes that wanted a core."""
    return round(os.getloadavg()[0], 2)


def _cpu() -> str:
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _versions() -> dict[str, str]:
    found = {}
    for name in LIBRARIES:
        with suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found
