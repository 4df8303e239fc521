"""How many cores this process may use, and how many threads a worker starts."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_GROUPS = Path("/sys/fs/cgroup")
_OWN_GROUPS = Path("/proc/self/cgroup")

THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
"""Libraries read them when they are imported; several workers with a thread a core are slower."""


def default_jobs() -> int:
    """Number of cores that this process may use: by its affinity, and by its container's quota."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:
        cores = os.cpu_count() or 1
    return max(1, min([cores, *map(int, quotas())]))


def quotas(own: Path = _OWN_GROUPS, groups: Path = _GROUPS) -> Iterator[float]:
    """Yield the numbers of cores that control groups allow: this process's, and those above.

    Parameters
    ----------
    own
        Names the groups, cgroups(7).
    groups
        Where they are mounted.
    """
    with suppress(OSError, ValueError):
        for line in own.read_text(encoding="utf-8").splitlines():
            _, controllers, name = line.split(":", 2)
            if controllers and "cpu" not in controllers.split(","):
                continue
            root = groups / controllers if controllers else groups
            for folder in _upwards(root, name):
                with suppress(OSError, ValueError, ZeroDivisionError):
                    quota, period = _quota(folder) if not controllers else _older_quota(folder)
                    if quota > 0:
                        yield quota / period


def _upwards(root: Path, name: str) -> Iterator[Path]:
    """Yield the folder of a group and those above; a container may see its own as the root."""
    folder = root / name.lstrip("/")
    while folder != root and root in folder.parents:
        yield folder
        folder = folder.parent
    yield root


def _quota(folder: Path) -> tuple[int, int]:
    quota, period = (folder / "cpu.max").read_text(encoding="ascii").split()
    return (-1 if quota == "max" else int(quota)), int(period)


def _older_quota(folder: Path) -> tuple[int, int]:
    """Return the quota in a group of the first version."""
    quota, period = (
        int((folder / f"cpu.cfs_{what}_us").read_text(encoding="ascii"))
        for what in ("quota", "period")
    )
    return quota, period
