"""matplotlib's list of fonts, which takes seconds to make and is the same for everyone."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from autograder.session.environment import environment

MAKE = """
import matplotlib.font_manager as fonts
found = fonts.findSystemFonts
# The fonts that matplotlib brings along: a session has no others.
fonts.findSystemFonts = lambda folders=None, **k: found(folders, **k) if folders else []
for name in {folder}.glob("fontlist-*.json"):
    fonts.json_dump(fonts.FontManager(), name)
"""


def font_list() -> list[Path]:
    """Return the files of matplotlib's font list; none if it could not be made.

    Only a matter of speed: nothing here may stop a session from starting.
    """
    folder = Path(tempfile.gettempdir()) / f"autograder-fonts-{_user()}"
    with suppress(OSError):
        folder.mkdir(mode=0o700, exist_ok=True)
        status = folder.lstat()
        if not stat.S_ISDIR(status.st_mode) or not _own(status) or status.st_mode & 0o022:
            return []  # somebody else's, or open to others
        if not any(folder.glob("fontlist-*.json")):
            # Another run may look meanwhile: it finds the whole file or none.
            with tempfile.TemporaryDirectory(dir=folder) as made:
                _make(Path(made))
                for file in Path(made).glob("fontlist-*.json"):
                    file.replace(folder / file.name)
        return [file for file in sorted(folder.glob("fontlist-*.json")) if _regular(file)]
    return []


def _regular(file: Path) -> bool:
    """Whether it is a file of this user's, and no link: what it names is shown in the jail."""
    status = file.lstat()
    return stat.S_ISREG(status.st_mode) and _own(status)


def _own(status: os.stat_result) -> bool:
    return status.st_uid == _user()


def _user() -> int:
    return os.getuid() if hasattr(os, "getuid") else 0  # as files say on Windows


def _make(folder: Path) -> None:
    code = "from pathlib import Path\n" + MAKE.format(folder=f"Path({str(folder)!r})")
    subprocess.run(
        [sys.executable, "-I", "-c", code],
        env={**environment(str(folder)), "MPLCONFIGDIR": str(folder)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )
