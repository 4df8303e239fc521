"""Finding the submitted notebook, under its own name or a changed one."""

import json
import os

import pytest

from autograder.errors import Rejected
from autograder.submission.triage import locate, triage

KNOWN = {"sigmoid", "sigmoid_prime", "Counter"}


def reason(folder, stem="backprop"):
    with pytest.raises(Rejected) as caught:
        locate(folder, stem)
    return caught.value.reason


def test_own_name(write, solved, tmp_path):
    path = write(solved)
    write("{}", "checks.py")
    assert locate(tmp_path, "backprop") == (path, ())


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("backprop", "Backprop.ipynb"),
        ("backprop", "backprop.IPYNB"),
        ("backprop", "backprop (1).ipynb"),
        ("backprop", "backprop-Copy1.ipynb"),
        ("backprop", "Copy of backprop.ipynb"),
        ("backprop", "Copy_of_backprop (2).ipynb"),
        ("backprop", "backprop.ipynb.txt"),
        ("backprop", "backprop.ipynb.json"),
        ("backprop", "homework 2, Emmy Noether.ipynb"),
        ("loss_and_init", "Loss and Init.ipynb"),
        ("loss_and_init", "loss-and-init.ipynb"),
    ],
)
def test_one_renamed_notebook(write, solved, tmp_path, stem, name):
    path = write(solved, name)
    assert locate(tmp_path, stem) == (path, (f"The notebook '{name}' was read as {stem}.ipynb.",))


def test_the_name_decides_between_renamed_notebooks(write, solved, tmp_path):
    write(solved, "scratch.ipynb")
    path = write(solved, "Backprop (1).ipynb")
    assert locate(tmp_path, "backprop")[0] == path


def test_the_known_cells_decide_between_renamed_notebooks(write, solved, untouched, tmp_path):
    for cell in untouched["cells"]:
        cell["metadata"]["nbgrader"]["grade_id"] += "_of_another_assignment"
    untouched["cells"] *= 2
    write(untouched, "a.ipynb")
    write("no notebook", "b.ipynb")
    path = write(solved, "hand-in.ipynb")
    write({**solved, "cells": solved["cells"][:3]}, "z.ipynb")
    assert locate(tmp_path, "backprop", KNOWN) == (
        path,
        ("The notebook 'hand-in.ipynb' was read as backprop.ipynb.",),
    )


def test_no_telling_which_is_meant(write, solved, tmp_path):
    write(solved, "backprop (1).ipynb")
    write(solved, "backprop (2).ipynb")
    write(solved, "other.ipynb")
    assert reason(tmp_path) == (
        "There is no backprop.ipynb, and it is not clear which of 'backprop (1).ipynb', "
        "'backprop (2).ipynb' is meant. Hand in one notebook under that name."
    )


def test_other_notebooks_beside_it_are_not_read(write, solved, tmp_path):
    path = write(solved)
    write(solved, "backprop (1).ipynb")
    assert locate(tmp_path, "backprop") == (
        path,
        ("Only backprop.ipynb was read, not 'backprop (1).ipynb'.",),
    )


def test_no_notebook(write, tmp_path):
    assert reason(tmp_path) == "There is no notebook: expected backprop.ipynb, found nothing."
    write("x", "backprop.pdf")
    write("x", "backprop.py")
    write("x", ".DS_Store")
    assert reason(tmp_path) == (
        "There is no notebook: expected backprop.ipynb, found 'backprop.pdf', 'backprop.py'."
    )


def test_hidden_files_and_checkpoints_are_no_notebooks(tmp_path, solved):
    checkpoints = tmp_path / ".ipynb_checkpoints"
    checkpoints.mkdir()
    (checkpoints / "backprop-checkpoint.ipynb").write_text(json.dumps(solved))
    (tmp_path / "._backprop.ipynb").write_text("resource fork of macOS")
    (tmp_path / "__MACOSX").mkdir()
    (tmp_path / "__MACOSX" / "backprop.ipynb").write_text(json.dumps(solved))
    assert reason(tmp_path) == "There is no notebook: expected backprop.ipynb, found nothing."


@pytest.mark.parametrize("name", ["02-backprop", "backprop.ipynb"])
def test_a_notebook_one_folder_too_deep_is_read(tmp_path, solved, name):
    inner = tmp_path / name
    inner.mkdir()
    (tmp_path / "timestamp.txt").touch()
    (inner / "backprop.ipynb").write_text(json.dumps(solved))
    assert locate(tmp_path, "backprop") == (
        inner / "backprop.ipynb",
        (f"backprop.ipynb was read from the folder '{name}', in which it lay.",),
    )


def test_a_folder_that_is_handed_in_is_named(tmp_path):
    inner = tmp_path / "02-backprop"
    inner.mkdir()
    assert reason(tmp_path) == (
        "There is no notebook: expected backprop.ipynb, found a folder '02-backprop'. The "
        "notebook must lie directly in what is handed in, not in a folder of it."
    )


def test_of_two_folders_none_is_read(tmp_path, solved):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "backprop.ipynb").write_text(json.dumps(solved))
    assert "found a folder 'a', a folder 'b'." in reason(tmp_path)


def test_links_lead_to_no_notebook(tmp_path, solved):
    away = tmp_path / "away"
    folder = tmp_path / "folder"
    away.mkdir()
    folder.mkdir()
    (away / "backprop.ipynb").write_text(json.dumps(solved))
    (folder / "link").symlink_to(away)
    assert "found 'link'." in reason(folder)
    (folder / "link").unlink()
    (folder / "inner").mkdir()
    (folder / "inner" / "backprop.ipynb").symlink_to(away / "backprop.ipynb")
    assert "found a folder 'inner'." in reason(folder)


def test_nothing_handed_in(tmp_path):
    assert reason(tmp_path / "noether") == "Nothing was handed in."


def test_linked_folder(tmp_path, write, solved):
    write(solved)
    link = tmp_path / "link"
    link.symlink_to(tmp_path)
    assert reason(link) == "The submission is not a folder."


def test_linked_notebook_is_found_and_then_rejected(tmp_path):
    (tmp_path / "backprop.ipynb").symlink_to("/etc/shadow")
    path, _ = locate(tmp_path, "backprop")
    with pytest.raises(Rejected, match="symbolic link"):
        triage(path)


def test_names_are_inert(tmp_path, solved):
    name = "a\x1b[31m\n\u202e" + "b" * 100 + ".ipynb"
    (tmp_path / name).write_text(json.dumps(solved))
    _, (note,) = locate(tmp_path, "backprop")
    assert note.isprintable()
    assert len(note) < 120


def test_name_that_is_not_text(tmp_path, solved):
    path = os.fsencode(tmp_path) + b"/\xff\xfe.ipynb"
    with open(path, "w") as file:  # noqa: PTH123 - the name is bytes
        json.dump(solved, file)
    _, (note,) = locate(tmp_path, "backprop")
    assert note.encode()
