"""Sessions without a jail.

A `PlainLauncher` isolates nothing: the process runs as the user who grades. No expected value is
ever in its memory, but code that goes looking can read what that user can: the reference, the
hidden checks, the course key.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from autograder.jail.separate import Separation
from autograder.limits import Limits
from autograder.session.environment import environment
from autograder.session.fonts import font_list
from autograder.session.launcher import popen_on_socket, start
from autograder.session.process import StudentProcess
from autograder.session.scratch import make_scratch, remove_tree
from autograder.session.warm import Birth, Warm


class PlainLauncher:
    """Starts it as an ordinary child process: no jail, and of the limits only the deadlines."""

    level = 0

    def launch(
        self, files: Sequence[Path], limits: Limits, packages: tuple[str, ...] = ()
    ) -> StudentProcess:
        """See `Launcher.launch`."""
        scratch = furnished_scratch(files)
        return start(
            lambda channel: [
                *(sys.executable, "-I", "-m", "autograder.session.agent"),
                *(str(channel), ",".join(packages)),
            ],
            environment(str(scratch)),
            limits,
            cwd=scratch / "work",
            discard=lambda: remove_tree(scratch),
        )

    def serve(self, files: Sequence[Path], packages: tuple[str, ...] = ()) -> Warm:
        """See `autograder.session.warm.Serving.serve`."""
        scratch = furnished_scratch(())
        popen, control = popen_on_socket(
            lambda channel: [
                *(sys.executable, "-I", "-m", "autograder.session.fork_server"),
                *(str(channel), ",".join(packages)),
            ],
            environment(str(scratch)),
            cwd=scratch / "work",
            discard=lambda: remove_tree(scratch),
        )

        def birth(_limits: Limits, _others: int) -> Birth:
            own = furnished_scratch(files)
            separation = Separation(str(own / "work"), environment(str(own)))
            return Birth(separation, discard=lambda: remove_tree(own))

        return Warm(popen, control, birth, lambda: remove_tree(scratch))


def furnished_scratch(files: Sequence[Path]) -> Path:
    """Make a scratch folder with copies of the public files and of the list of fonts."""
    scratch = make_scratch()
    try:
        for name, copied in (("work", files), ("matplotlib", font_list())):
            (scratch / name).mkdir()
            for file in copied:
                shutil.copyfile(file, scratch / name / file.name)
    except BaseException:
        remove_tree(scratch)
        raise
    return scratch
