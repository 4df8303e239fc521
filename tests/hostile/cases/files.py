"""Cases 69 to 80: what is handed in is no honest notebook.

Most of these are mended: the student's text counts, what stands around it is the release's.
"""

from __future__ import annotations

import copy
import io
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.hostile.course import HONEST
from tests.hostile.model import (
    Attack,
    Case,
    Lost,
    Notebook,
    Seen,
    World,
    both,
    save,
    solution,
)

Change = Callable[[Notebook], Notebook | None]
HandIn = Callable[[str, Path, World], None]

RESTORED = both("the release's cells, points and order are put back; only the text counts")
TRIAGED = both("triage: a regular file of bounded size that is a notebook, or a zero with a reason")
STUBS = {name: f'def {name}(*args):\n    raise NotImplementedError("{name}")' for name in HONEST}
UNWRITTEN = {
    name: Lost(f"{name} is still to be written", "missing")
    for name in ("double", "mean_square", "draw")
}


def changed(
    name: str, change: Change, *, reason: str, status: str = "repaired", **more: Any
) -> Attack:
    """Return an attack by a right notebook that `change` spoils."""

    def write(notebook: Notebook, folder: Path, world: World) -> None:
        spoiled = change(notebook)
        save(notebook if spoiled is None else spoiled, folder)

    return Attack(name, write=write, status=status, reason=reason, **more)


def handed_in(
    name: str, write: HandIn, *, reason: str, status: str = "rejected", **more: Any
) -> Attack:
    """Return an attack by files; `write` gets the folder and what there is to know."""

    def into(notebook: Notebook, folder: Path, world: World) -> None:
        write(json.dumps(notebook), folder, world)

    return Attack(name, write=into, status=status, reason=reason, **more)


def content(name: str, make: Callable[[str], bytes], **more: Any) -> Attack:
    """Return an attack by the bytes of the notebook, made from its text."""

    def write(text: str, folder: Path, world: World) -> None:
        (folder / "target.ipynb").write_bytes(make(text))

    return handed_in(name, write, **more)


def score_cells(notebook: Notebook) -> list[Notebook]:
    """Return the cells whose outputs are the score."""
    return [c for c in notebook["cells"] if c["metadata"].get("nbgrader", {}).get("points", 0)]


def forge_points(notebook: Notebook) -> None:
    for cell in score_cells(notebook):
        cell["metadata"]["nbgrader"]["points"] = 1000
    solution(notebook, "double")["metadata"]["nbgrader"] |= {"grade": True, "points": 1000}


def forge_names(notebook: Notebook) -> None:
    solution(notebook, "check_double")["metadata"]["nbgrader"]["grade_id"] = "check_triple"
    solution(notebook, "double")["metadata"]["nbgrader"]["grade_id"] = "check_mean_square"


def delete_tests(notebook: Notebook) -> None:
    notebook["cells"] = [c for c in notebook["cells"] if not c["source"].startswith("check(")]


def duplicate(notebook: Notebook) -> None:
    cells = notebook["cells"]
    notebook["cells"] = [*cells[::-1], *copy.deepcopy(cells)]


def retype(notebook: Notebook) -> None:
    kinds = iter(("markdown", "raw", "markdown"))
    for cell in notebook["cells"]:
        if cell["source"].startswith("check("):
            cell["cell_type"] = next(kinds)
            del cell["outputs"], cell["execution_count"]


def forge_outputs(notebook: Notebook) -> None:
    for name, source in STUBS.items():
        if name != "why":
            solution(notebook, name)["source"] = source
    score = {
        "output_type": "execute_result",
        "data": {"text/plain": "1000.0"},
        "metadata": {},
        "execution_count": 1,
    }
    for cell in score_cells(notebook):
        if cell["cell_type"] == "code":
            cell["outputs"] = [score]
            cell["source"] = "1000.0"


def no_score_is_forged(seen: Seen) -> None:
    assert "1000" not in str(seen.notebook)
    assert seen.grade.max_score == 5.0


def other_kernel(notebook: Notebook) -> None:
    notebook["metadata"]["kernelspec"] = {"name": "bash; rm -rf /", "display_name": "\x1b[2J"}
    notebook["metadata"]["language_info"] = {"name": "bash"}


def is_inert(seen: Seen) -> None:
    said = str(seen.grade.repairs) + seen.grade.reason
    assert "\x1b" not in said


def old_format(notebook: Notebook) -> Notebook:
    cells = [
        {
            "cell_type": "code",
            "input": c["source"],
            "language": "python",
            "outputs": [],
            "metadata": c["metadata"],
        }
        if c["cell_type"] == "code"
        else c
        for c in notebook["cells"]
    ]
    return {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": cells}]}


def many_cells(notebook: Notebook) -> None:
    cell: Notebook = {
        "cell_type": "code",
        "id": "x",
        "metadata": {},
        "source": "1",
        "outputs": [],
        "execution_count": None,
    }
    notebook["cells"] += [cell] * 200_000


def bomb(text: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../target.ipynb", text)
        archive.writestr("zeros", bytes(50_000_000))
    return packed.getvalue()


def latin(text: str) -> bytes:
    return text.replace("Twice", "Zw\u00f6lfmal").encode("latin-1")


def archive_beside(text: str, folder: Path, world: World) -> None:
    (folder / "target.zip").write_bytes(bomb(text))


def link_to(place: str) -> HandIn:
    def write(text: str, folder: Path, world: World) -> None:
        (folder / "target.ipynb").symlink_to(world.fill(place))

    return write


def linked_folder(text: str, folder: Path, world: World) -> None:
    (folder / "inner").symlink_to(world.course / "submitted" / "ada" / "01-target")


def device(text: str, folder: Path, world: World) -> None:
    try:
        os.mknod(folder / "target.ipynb", 0o20666, os.makedev(1, 5))  # /dev/zero
    except PermissionError:  # only root makes devices; a link does as well
        (folder / "target.ipynb").symlink_to("/dev/zero")


def shadows(text: str, folder: Path, world: World) -> None:
    (folder / "target.ipynb").write_text(text)
    for name in (
        "numpy",
        "msgspec",
        "autograder",
        "sitecustomize",
        "os",
        "checks",
        "ipython_config",
    ):
        (folder / f"{name}.py").write_text(f"open('/tmp/{world.mark}', 'w')\nraise SystemExit")
    (folder / "numpy").mkdir()
    (folder / "numpy" / "__init__.py").write_text("raise SystemExit")


CASES = [
    Case(
        69,
        "forged points or grade_id",
        RESTORED,
        (
            changed(
                "1000 points",
                forge_points,
                reason="The nbgrader metadata of .* had been changed",
                look=no_score_is_forged,
            ),
            changed("other names", forge_names, reason="no cell named .check_triple"),
        ),
    ),
    Case(
        70,
        "deleted test cells",
        RESTORED,
        (changed("all of them", delete_tests, reason="3 cells had been deleted"),),
    ),
    Case(
        71,
        "duplicated or moved cells",
        RESTORED,
        (changed("backwards, and again", duplicate, reason="was there 2 times|had been moved"),),
    ),
    Case(
        72,
        "test cells turned to markdown or raw",
        RESTORED,
        (changed("all of them", retype, reason="had been changed"),),
    ),
    Case(
        73,
        "forged outputs",
        both("outputs are never read; a test cell's source is the release's"),
        (
            changed(
                "a score in each test cell",
                forge_outputs,
                reason="had been changed",
                lost=UNWRITTEN,
                look=no_score_is_forged,
            ),
        ),
    ),
    Case(
        74,
        "nbformat 3, nbformat 99",
        TRIAGED,
        (
            changed("3", old_format, reason="(?i)format"),
            changed(
                "99",
                lambda notebook: {**notebook, "nbformat": 99},
                reason="(?i)format",
                status="rejected",
            ),
        ),
    ),
    Case(
        75,
        "a wrong kernelspec",
        RESTORED,
        (
            changed(
                "a shell command",
                other_kernel,
                reason="The kernel was 'bash; rm -rf /'",
                look=is_inert,
            ),
        ),
    ),
    Case(
        76,
        "malformed JSON, BOM, not UTF-8",
        TRIAGED,
        (
            content("cut off", lambda text: text[:500].encode(), reason="The file is not JSON"),
            content("nothing", lambda _: b"", reason="The file is empty"),
            content("Latin-1", latin, reason="The file is not UTF-8"),
            content(
                "a byte order mark: no point is lost",
                lambda text: b"\xef\xbb\xbf" + text.encode(),
                reason="byte order mark",
                status="repaired",
            ),
            content("deep", lambda _: b"[" * 100_000, reason="levels deep"),
        ),
    ),
    Case(
        77,
        "200 000 cells",
        TRIAGED,
        (changed("of a line each", many_cells, reason="more than|at most", status="rejected"),),
    ),
    Case(
        78,
        "a zip bomb, names that begin with dots and a slash",
        both("triage; nothing is ever unpacked"),
        (
            content("as the notebook", bomb, reason="The file is a zip archive"),
            handed_in("beside no notebook", archive_beside, reason="There is no notebook"),
        ),
    ),
    Case(
        79,
        "a link to `/etc/shadow` or the gradebook, a fifo, a device",
        TRIAGED,
        (
            handed_in("/etc/shadow", link_to("/etc/shadow"), reason="a symbolic link"),
            handed_in("the gradebook", link_to("@course@/gradebook.db"), reason="symbolic link"),
            handed_in(
                "another student's work",
                link_to("@course@/submitted/ada/01-target/target.ipynb"),
                reason="a symbolic link",
            ),
            handed_in("a linked folder", linked_folder, reason="There is no notebook"),
            handed_in(
                "a fifo",
                lambda _text, folder, _world: os.mkfifo(folder / "target.ipynb"),
                reason="a named pipe",
            ),
            handed_in("a device", device, reason="a device|a symbolic link"),
        ),
    ),
    Case(
        80,
        "`numpy.py` beside the notebook",
        both("only the notebook is taken of a submission"),
        (handed_in("and others: no point is lost", shadows, reason="", status="graded"),),
    ),
]
