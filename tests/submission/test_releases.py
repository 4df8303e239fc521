"""Every release of the course passes triage and restore as it is."""

from pathlib import Path

import nbformat
import pytest

from autograder.submission.restore import canonical_only, restore
from autograder.submission.triage import locate, triage

ROOT = Path(__file__).parents[2]
RELEASES = sorted((ROOT / "assignments").glob("*/*.ipynb"))


@pytest.mark.parametrize("path", RELEASES, ids=lambda path: path.stem)
def test_a_release_restores_to_itself(path):
    canonical = nbformat.read(path, as_version=4)
    assert locate(path.parent, path.stem) == (path, ())
    triaged = triage(path)
    assert triaged.repairs == ()
    result = restore(triaged.notebook, canonical)
    assert result.notebook == canonical
    assert result.repairs == ()
    assert result.student_cells == ()


@pytest.mark.parametrize("path", RELEASES, ids=lambda path: path.stem)
def test_a_release_without_metadata_is_recognised_whole(path):
    canonical = nbformat.read(path, as_version=4)
    notebook = triage(path).notebook
    for cell in notebook["cells"]:
        cell["metadata"] = {}
        del cell["id"]
    result = restore(notebook, canonical)
    assert result.notebook == canonical
    assert len(result.repairs) == 1


@pytest.mark.parametrize("path", RELEASES, ids=lambda path: path.stem)
def test_a_release_below_the_reason_of_a_rejection(path):
    canonical = nbformat.read(path, as_version=4)
    assert canonical_only(canonical, "The file is empty.").notebook.cells[1:] == canonical.cells
