"""Starting the student's process: the one seam where a jail goes.

A `Launcher` gets a command, an environment and a scratch folder, and returns a process that
talks over the given socket. `PlainLauncher` isolates nothing: the process runs as the user who
grades. No expected value is ever in its memory, but code that goes looking can read what that user
can: the reference, the hidden checks, the course key. A jail has to take the files away.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import psutil


class StudentProcess:
    """A running student's process and everything it started.

    Parameters
    ----------
    popen
        The process, leader of its own process group.
    channel
        Our end of the socket.
    scratch
        Its working folder, removed at the end.
    """

    def __init__(
        self, popen: subprocess.Popen[bytes], channel: socket.socket, scratch: Path
    ) -> None:
        self._popen = popen
        self._scratch = scratch
        self._last = 0.0
        self.channel = channel

    def cpu_seconds(self) -> float:
        """CPU time used so far by the process and its living and reaped children."""
        with suppress(psutil.Error):
            root = psutil.Process(self._popen.pid)
            times = [root.cpu_times()]
            for child in root.children(recursive=True):
                with suppress(psutil.Error):
                    times.append(child.cpu_times())
            used = sum(t.user + t.system for t in times)
            used += times[0].children_user + times[0].children_system
            self._last = max(self._last, used)
        return self._last

    @property
    def ended(self) -> bool:
        """Whether the process itself is gone; what it started may go on."""
        return self._popen.poll() is not None

    def exit_text(self) -> str:
        """Say how the process ended, in a few words."""
        with suppress(subprocess.TimeoutExpired):
            code = self._popen.wait(timeout=1.0)
            if code >= 0:
                return f"it exited with status {code}"
            # Real-time signals have no names.
            names = {number.value: number.name for number in signal.Signals}
            return f"killed by {names.get(-code, f'signal {-code}')}"
        return "it closed its channel"

    def kill(self) -> None:
        """End the process and all that it started, close the channel, remove its folder."""
        self.cpu_seconds()
        self.channel.close()
        with suppress(psutil.Error):
            for child in psutil.Process(self._popen.pid).children(recursive=True):
                with suppress(psutil.Error):
                    child.kill()
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._popen.pid, signal.SIGKILL)
        self._popen.wait()
        shutil.rmtree(self._scratch, ignore_errors=True)


class Launcher(Protocol):
    """Starts the process in which a student's code runs."""

    def launch(self, files: Sequence[Path]) -> StudentProcess:
        """Start a process whose working folder holds copies of `files` and nothing else."""
        ...


class PlainLauncher:
    """Starts it as an ordinary child process: no jail."""

    def launch(self, files: Sequence[Path]) -> StudentProcess:
        """See `Launcher.launch`."""
        scratch = Path(tempfile.mkdtemp(prefix="autograder-"))
        work = scratch / "work"
        work.mkdir()
        for file in files:
            shutil.copyfile(file, work / file.name)
        _copy_font_cache(scratch)
        ours, theirs = socket.socketpair()
        try:
            popen = subprocess.Popen(
                [sys.executable, "-I", "-m", "autograder.session.agent", str(theirs.fileno())],
                cwd=work,
                env=student_environment(scratch),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        except BaseException:
            ours.close()
            shutil.rmtree(scratch, ignore_errors=True)
            raise
        finally:
            theirs.close()
        return StudentProcess(popen, ours, scratch)


def student_environment(scratch: Path) -> dict[str, str]:
    """Return the whole environment of the student's process: nothing of the host's."""
    home = str(scratch)
    return {
        "HOME": home,
        "TMPDIR": home,
        "IPYTHONDIR": f"{home}/ipython",
        "MPLCONFIGDIR": f"{home}/matplotlib",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "PYTHONHASHSEED": "0",
    }


def _copy_font_cache(scratch: Path) -> None:
    """Give matplotlib its font list, which takes seconds to make and is the same for everyone."""
    cache = scratch / "matplotlib"
    cache.mkdir()
    # Only a matter of speed: nothing that lies there may stop a session from starting.
    with suppress(OSError):
        for file in _font_cache().glob("fontlist-*.json"):
            if file.is_file():
                shutil.copyfile(file, cache / file.name)


def _font_cache() -> Path:
    """Return a folder of ours with matplotlib's font list, made at first use."""
    folder = Path(tempfile.gettempdir()) / f"autograder-fonts-{os.getuid()}"
    if not any(folder.glob("fontlist-*.json")):
        folder.mkdir(mode=0o700, exist_ok=True)
        subprocess.run(
            [sys.executable, "-I", "-c", "import matplotlib.font_manager"],
            env={**student_environment(folder), "MPLCONFIGDIR": str(folder)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )
    return folder
