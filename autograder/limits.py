"""What one submission may use: time, memory, processes, disk."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Limits of one submission.

    CPU seconds are those of the session's own processes, so that a busy machine costs nobody a
    point. Wall time is a loose backstop against code that sleeps. An assignment that needs other
    limits defines ``LIMITS`` in its ``hidden_checks.py``.

    Parameters
    ----------
    cell_cpu
        CPU seconds of one cell. A check says itself how many each of its calls may take.
    notebook_cpu
        CPU seconds of the whole notebook, in all its sessions.
    wall_factor, wall_extra
        What may take `cpu` CPU seconds is ended after ``cpu * wall_factor + wall_extra`` seconds.
    notebook_wall
        Wall seconds that all exchanges with the notebook may take.
    sessions
        How often a fresh session is started after one was lost.
    address_space_mb
        Address space of each process, in MiB.
    memory_mb
        Memory of the session in all, files in its scratch folder excepted, in MiB.
    processes
        Processes that the student's code may start. Not 0 only in a jail of level 3.
    threads
        Threads, and processes, that may be alive at a time.
    file_mb
        Size of one file, in MiB.
    scratch_mb, scratch_files
        Size of the scratch folder, in MiB, and number of files and folders in it.
    open_files
        Descriptors of each process.
    """

    cell_cpu: float = 20.0
    notebook_cpu: float = 300.0
    wall_factor: float = 4.0
    wall_extra: float = 15.0
    notebook_wall: float = 600.0
    sessions: int = 12
    address_space_mb: int = 4096
    memory_mb: int = 2048
    processes: int = 0
    threads: int = 64
    file_mb: int = 64
    scratch_mb: int = 256
    scratch_files: int = 4096
    open_files: int = 256

    def wall(self, cpu: float) -> float:
        """Wall time after which something that may take `cpu` seconds is ended."""
        return cpu * self.wall_factor + self.wall_extra
