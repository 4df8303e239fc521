"""From a submission's folder to the canonical notebook that holds its text."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from autograder.course import Assignment
from autograder.errors import Rejected
from autograder.submission.notes import bounded
from autograder.submission.restore import Restored, canonical_only, restore
from autograder.submission.triage import locate, triage


@dataclass(frozen=True)
class Restorer:
    """Reads submissions of one assignment; runs nothing of them."""

    assignment: Assignment

    def canonical(self) -> NotebookNode:
        """Return the released notebook, which is read once: it must not be changed."""
        release = self.assignment.release
        return _read(release, release.stat().st_mtime_ns)

    def restore_folder(self, folder: Path) -> Restored:
        """Return the canonical notebook with the text of the submission in `folder`.

        Raises
        ------
        Rejected
            There is no notebook that could be read.
        """
        known = {cell.id for cell in self.canonical().cells}
        path, moved = locate(folder, self.assignment.notebook, known)
        restored = self.restore_file(path)
        return replace(restored, repairs=bounded((*moved, *restored.repairs)))

    def restore_file(self, path: Path) -> Restored:
        """Return the canonical notebook with the text of the file `path`; raise `Rejected`."""
        triaged = triage(path)
        restored = restore(triaged.notebook, self.canonical())
        return replace(restored, repairs=bounded((*triaged.repairs, *restored.repairs)))

    def restored_or_canonical(self, folder: Path) -> Restored:
        """Like `restore_folder`; a rejected submission gives the untouched release, marked."""
        try:
            return self.restore_folder(folder)
        except Rejected as rejected:
            return canonical_only(self.canonical(), rejected.reason)


@lru_cache(maxsize=16)
def _read(release: Path, changed: int) -> NotebookNode:
    """Read a release, as it is since it was last `changed`."""
    del changed
    return nbformat.read(release, as_version=4)
