"""What a submitted file may be, and what is said about one that cannot be read."""

import codecs
import json
import os
import socket
import sys
from pathlib import Path

import pytest

from autograder.errors import Rejected
from autograder.submission.reading import Limits
from autograder.submission.triage import triage

AGAIN = " Save or download the notebook again where you wrote it, and hand in that file."


def reason(path, **limits):
    with pytest.raises(Rejected) as caught:
        triage(path, Limits(**limits))
    assert str(caught.value) == caught.value.reason
    return caught.value.reason


def test_a_clean_notebook_needs_no_repair(write, solved):
    path = write(solved)
    before = path.read_bytes()
    triaged = triage(path)
    assert triaged.repairs == ()
    assert [cell["source"] for cell in triaged.notebook["cells"]] == [
        cell["source"] for cell in solved["cells"]
    ]
    assert path.read_bytes() == before


# Kind of file


def test_missing_file(tmp_path):
    assert reason(tmp_path / "backprop.ipynb") == "There is no such file."


@pytest.mark.parametrize("target", ["/etc/shadow", "/etc/passwd", "gradebook.db", "solved.ipynb"])
def test_symlink(tmp_path, solved, target):
    (tmp_path / "solved.ipynb").write_text(json.dumps(solved))
    (tmp_path / "gradebook.db").write_bytes(b"SQLite format 3\0")
    link = tmp_path / "backprop.ipynb"
    link.symlink_to(target)
    assert reason(link) == (
        "The notebook is a symbolic link, not a regular file. Hand in the notebook itself."
    )


def test_link_that_appears_after_the_first_look(tmp_path, solved, monkeypatch):
    (tmp_path / "other.ipynb").write_text(json.dumps(solved))
    link = tmp_path / "backprop.ipynb"
    link.symlink_to("other.ipynb")
    monkeypatch.setattr(os, "lstat", os.stat)  # as if it had been a file a moment ago
    assert reason(link).startswith("The file could not be read: ")


def test_folder(tmp_path):
    (tmp_path / "backprop.ipynb").mkdir()
    assert reason(tmp_path / "backprop.ipynb").startswith("The notebook is a folder, not a ")


def test_named_pipe_does_not_block(tmp_path):
    os.mkfifo(tmp_path / "backprop.ipynb")
    assert reason(tmp_path / "backprop.ipynb").startswith("The notebook is a named pipe, not a ")


def test_pipe_that_appears_after_the_first_look(tmp_path, monkeypatch):
    pipe, file = tmp_path / "backprop.ipynb", tmp_path / "file"
    os.mkfifo(pipe)
    file.touch()
    status = os.lstat(file)
    monkeypatch.setattr(os, "lstat", lambda _: status)
    assert reason(pipe).startswith("The notebook is a named pipe, not a ")


def test_socket(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the names of sockets are short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s.ipynb")
        assert reason(tmp_path / "s.ipynb").startswith("The notebook is a socket, not a ")


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no device files")
def test_device():
    assert reason(Path("/dev/zero")).startswith("The notebook is a device, not a ")


@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root reads everything")
def test_unreadable_file(write, solved):
    path = write(solved)
    path.chmod(0)
    assert reason(path) == "The file could not be read: Permission denied."


# Size


def test_file_that_is_too_large(write, solved):
    path = write(solved)
    text = reason(path, file_bytes=1000)
    assert text == (
        "The file is too large: at most 0 MB are read. Clear the outputs of all cells, save the "
        "notebook and hand it in again."
    )


def test_sparse_terabyte_is_not_read(tmp_path):
    path = tmp_path / "backprop.ipynb"
    with path.open("wb") as file:
        file.truncate(2**40)
    assert "at most 50 MB are read" in reason(path)


def test_cell_of_100_megabytes(tmp_path):
    path = tmp_path / "backprop.ipynb"
    with path.open("w") as file:
        file.write('{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{"source": "')
        for _ in range(100):
            file.write("x" * 1_000_000)
        file.write('", "cell_type": "code"}]}')
    assert "at most 50 MB are read" in reason(path)


def test_long_cell(write, solved):
    solved.find("sigmoid")["source"] = "x" * 1_000_000
    count = sum(len(cell["source"]) for cell in solved["cells"])
    assert reason(write(solved)) == (
        f"The notebook's cells hold {count} characters; at most 1000000 are read. Take data out "
        "of the cells and hand the notebook in again."
    )


def test_200_000_cells(write, solved, own):
    solved["cells"] += [own("1")] * 199_987
    assert reason(write(solved)) == (
        "The notebook has 200000 cells; at most 2000 are read. Delete the ones that you do not "
        "need and hand it in again."
    )


def test_millions_of_values(write):
    assert reason(write("[" + "[]," * 1_500_000 + "[]]")) == (
        "The file holds more than 2000000 values. Clear the outputs of all cells, save the "
        "notebook and hand it in again."
    )


def test_brackets_and_commas_inside_text_cost_nothing(write, solved):
    solved.find("sigmoid")["source"] = '"[{,' * 500 + "\\"
    triage(write(solved), Limits(values=1000, depth=10))


# Encoding


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-16-le", "utf-32-be"])
def test_wide_encodings_with_a_mark(write, solved, encoding):
    mark = {"utf-16-le": codecs.BOM_UTF16_LE, "utf-32-be": codecs.BOM_UTF32_BE}.get(encoding, b"")
    triaged = triage(write(mark + json.dumps(solved).encode(encoding)))
    name = encoding[:6].upper()
    assert triaged.repairs == (f"The file was {name} text; it was read as such.",)
    assert len(triaged.notebook["cells"]) == 13


def test_byte_order_mark(write, solved):
    triaged = triage(write(codecs.BOM_UTF8 + json.dumps(solved).encode()))
    assert triaged.repairs == ("The file began with a byte order mark, which was skipped.",)


@pytest.mark.parametrize(
    "data",
    [
        '{"a": "Schr\N{LATIN SMALL LETTER O WITH DIAERESIS}dinger"}'.encode("latin-1"),
        codecs.BOM_UTF16_LE + b"\0\xd8x",
        codecs.BOM_UTF32_LE + b"\xff\xff\xff\xff",
        b"\x80abc",
    ],
)
def test_not_text(write, data):
    assert reason(write(data)) == "The file is not UTF-8 text." + AGAIN


def test_utf_16_without_a_mark(write, solved):
    assert "not JSON" in reason(write(json.dumps(solved).encode("utf-16-le")))


@pytest.mark.parametrize("data", [b"", b" \n", codecs.BOM_UTF8])
def test_empty_file(write, data):
    assert reason(write(data)) == "The file is empty." + AGAIN


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"PK\x03\x04\x14\0\0\0", "a zip archive"),
        (b"%PDF-1.7", "a PDF document"),
        (b"<!DOCTYPE html><html>", "a web page"),
    ],
)
def test_other_kinds_of_document(write, data, kind):
    assert reason(write(data)) == (
        f"The file is {kind}, not a notebook. Hand in the .ipynb file itself."
    )


# JSON


def test_not_json(write):
    assert reason(write('{"cells": [\n{]}')) == (
        "The file is not JSON (line 2, column 2: Expecting property name enclosed in double "
        "quotes)." + AGAIN
    )


@pytest.mark.parametrize("cut", [1, 100, 1000, -1])
def test_file_that_ends_early(write, solved, cut):
    assert reason(write(json.dumps(solved)[:cut])).startswith("The file is not JSON (line 1, col")


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"a":' * 100_000, '{"a":' * 500 + "1" + "}" * 500]
)
def test_deep_nesting(write, text):
    assert reason(write(text)) == (
        "The file is nested more than 100 levels deep; a notebook never is." + AGAIN
    )


def test_depth_does_not_depend_on_the_recursion_limit(write, solved):
    deep = []  # four levels above it: notebook, cells, cell, outputs
    for _ in range(96):
        deep = [deep]
    solved.find("sigmoid")["outputs"] = [deep]
    assert "more than 100 levels" in reason(write(solved))
    solved.find("sigmoid")["outputs"] = deep
    path = write(solved)
    limit = sys.getrecursionlimit()
    try:
        sys.setrecursionlimit(400)
        assert triage(path).repairs == ()
    finally:
        sys.setrecursionlimit(limit)


@pytest.mark.parametrize("value", ["[]", "1", '"text"', "null", "[{}]", "NaN"])
def test_json_that_is_no_notebook(write, value):
    assert reason(write(value)) == "The file is JSON, but no notebook." + AGAIN


def test_constants_that_json_does_not_know(write, solved):
    solved.find("sigmoid")["outputs"] = [{"data": {"application/json": [float("nan")]}}]
    solved.find("check_sigmoid")["metadata"]["nbgrader"]["points"] = float("inf")
    assert triage(write(solved)).repairs == (
        "The file holds NaN or Infinity, which is not JSON; they were dropped.",
    )


def test_keys_given_twice(write, solved):
    text = json.dumps(solved)[:-1] + ', "cells": []}'
    triaged = triage(write(text))
    assert triaged.repairs == (
        "The file gives some keys twice; the last one counts, as in JupyterLab.",
    )
    assert triaged.notebook["cells"] == []


@pytest.mark.parametrize(
    "number", ["1" * 100_000, "-" + "9" * 5000, "1e999999", "0." + "3" * 99_999]
)
def test_long_numbers(write, solved, number):
    text = json.dumps(solved).replace('"points": 4.5', f'"points": {number}')
    assert number in text
    assert triage(write(text)).repairs == ()


def test_raw_control_characters(write, solved):
    solved.find("sigmoid")["source"] = "x = 1@y = 2"
    text = json.dumps(solved).replace("@", "\0\x1b\n")
    triaged = triage(write(text))
    assert triaged.repairs == ("Control characters in the text of a cell were dropped.",)
    assert triaged.notebook["cells"][2]["source"] == "x = 1\ny = 2"


def test_half_of_a_surrogate_pair(write, solved):
    solved.find("sigmoid")["source"] = "x = '@'"
    triaged = triage(write(json.dumps(solved).replace("@", "\\ud800")))
    assert triaged.notebook["cells"][2]["source"].encode() == b"x = ''"


def test_many_notes_stay_few(write):
    text = '{"nbformat": 4, "cells": [' + ",".join(["NaN, 1"] * 900) + "]}"
    assert triage(write(text)).repairs == (
        "The file holds NaN or Infinity, which is not JSON; they were dropped.",
        "The notebook did not say its minor format; it was read as 4.5.",
        "Some entries in the list of cells were no cells; they were dropped.",
    )
