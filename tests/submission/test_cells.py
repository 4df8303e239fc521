"""Notebook formats, and cells whose fields are not what they should be."""

import copy
import json

import nbformat
import pytest

from autograder.errors import Rejected
from autograder.submission.restore import restore
from autograder.submission.triage import triage

AGAIN = " Open the notebook in JupyterLab, save it and hand it in again."


@pytest.mark.parametrize("version", [99, 5, 2, 1, 0, -1])
def test_unknown_format(write, solved, version):
    solved["nbformat"] = version
    with pytest.raises(Rejected) as caught:
        triage(write(solved))
    assert caught.value.reason == (
        f"The notebook is in format {version}; formats 3 and 4 are read." + AGAIN
    )


@pytest.mark.parametrize("version", [None, "4", 4.0, True, [4], {}, 10**30])
def test_format_that_is_no_number(write, solved, version):
    solved["nbformat"] = version
    with pytest.raises(Rejected) as caught:
        triage(write(solved))
    assert caught.value.reason == ("The file does not say which notebook format it is in." + AGAIN)


@pytest.mark.parametrize("cells", [None, {}, "cells", 3])
def test_no_list_of_cells(write, solved, cells):
    solved["cells"] = cells
    with pytest.raises(Rejected) as caught:
        triage(write(solved))
    assert caught.value.reason == "The notebook has no list of cells." + AGAIN


@pytest.mark.parametrize("worksheets", [None, {}, [3], [{}], [{"cells": {}}]])
def test_format_3_without_cells(write, worksheets):
    with pytest.raises(Rejected, match="has no list of cells"):
        triage(write({"nbformat": 3, "worksheets": worksheets}))


def test_format_4_4_without_ids(write, solved, release):
    solved["nbformat_minor"] = 4
    for cell in solved["cells"]:
        del cell["id"]
    triaged = triage(write(solved))
    assert triaged.repairs == ("The notebook was in format 4.4; it was upgraded to 4.5.",)
    result = restore(triaged.notebook, release)
    assert result.repairs == ()
    assert result.student_cells == ("sigmoid", "sigmoid_prime", "why_saturation", "Counter")


@pytest.mark.parametrize("minor", [None, "5", 4.5])
def test_minor_format_that_is_no_number(write, solved, minor):
    solved["nbformat_minor"] = minor
    assert triage(write(solved)).repairs == (
        "The notebook did not say its minor format; it was read as 4.5.",
    )


def test_later_minor_format(write, solved):
    solved["nbformat_minor"] = 99
    assert triage(write(solved)).repairs == ()


def test_format_3_reads_as_nbformat_converts_it(write, solved, release):
    old = nbformat.convert(nbformat.from_dict(copy.deepcopy(dict(solved))), 3)
    assert old.worksheets[0].cells[2].input == solved.find("sigmoid")["source"]
    assert old.worksheets[0].cells[0].cell_type == "heading"
    html = {"cell_type": "html", "source": "<b>x</b>", "metadata": {}}
    old.worksheets.append(nbformat.from_dict({"cells": [html]}))
    triaged = triage(write(json.dumps(old)))
    assert triaged.repairs == ("The notebook was in the old format 3; it was upgraded to 4.5.",)

    expected = nbformat.convert(copy.deepcopy(old), 4)
    shape = [(cell.cell_type, cell.source) for cell in expected.cells]
    assert [(c["cell_type"], c["source"]) for c in triaged.notebook["cells"]] == shape
    assert restore(triaged.notebook, release).repairs == ()


def test_what_a_notebook_of_format_3_may_hold_instead(write):
    cells = [
        {"cell_type": "heading", "level": level, "source": ["a\n", "b"]}
        for level in (2, 7, 0, True, "x", 2.0, [], None)
    ]
    triaged = triage(write({"nbformat": 3, "worksheets": [{"cells": cells}]}))
    texts = [cell["source"] for cell in triaged.notebook["cells"]]
    assert texts == ["## a b"] + ["# a b"] * 7


def test_cells_that_are_no_objects(write, solved):
    solved["cells"][1:1] = [None, 3, "text", ["cell"]]
    triaged = triage(write(solved))
    assert triaged.repairs == (
        "Some entries in the list of cells were no cells; they were dropped.",
    )
    assert len(triaged.notebook["cells"]) == 13


@pytest.mark.parametrize("kind", [None, 3, "widget", ["code"], {}])
def test_unknown_cell_type(write, solved, kind, release):
    solved.find("sigmoid")["cell_type"] = kind
    triaged = triage(write(solved))
    assert triaged.repairs == ("A cell was of no known type; it was read as plain text.",)
    result = restore(triaged.notebook, release)
    assert result.repairs == ("sigmoid had been turned into a raw cell; its text counts as code.",)
    assert result.notebook.cells[2].source == solved.find("sigmoid")["source"]


@pytest.mark.parametrize(
    ("source", "text", "noted"),
    [
        ("a\nb", "a\nb", False),
        (["a\n", "b"], "a\nb", False),
        ("a\r\nb\rc", "a\nb\nc", False),
        ([], "", False),
        (["a\n", 3, None, "b"], "a\nb", True),
        (None, "", True),
        (12, "", True),
        ({"a": "b"}, "", True),
        ([["a"]], "", True),
    ],
)
def test_source(write, solved, source, text, noted):
    solved.find("sigmoid")["source"] = source
    triaged = triage(write(solved))
    assert triaged.notebook["cells"][2]["source"] == text
    assert triaged.repairs == (
        ("The text of a cell was not text; what was none was dropped.",) if noted else ()
    )


def test_cell_without_source(write, solved):
    del solved.find("sigmoid")["source"]
    assert triage(write(solved)).notebook["cells"][2]["source"] == ""


@pytest.mark.parametrize("metadata", [None, [], "x", {"nbgrader": []}, {"nbgrader": None}])
def test_metadata_of_wrong_types(write, solved, metadata):
    solved["metadata"] = metadata
    for cell in solved["cells"]:
        cell["metadata"] = metadata
    triaged = triage(write(solved))
    assert triaged.notebook["metadata"] == {}
    assert all(cell["metadata"] == {} for cell in triaged.notebook["cells"])


def test_only_bounded_scalars_of_the_metadata_are_kept(write, solved):
    marks = solved.find("sigmoid")["metadata"]["nbgrader"]
    marks |= {
        "grade_id": "x" * 500,
        "points": [1],
        "grade": {"a": 1},
        "extra": "y",
        "locked": "\0a",
    }
    solved.find("sigmoid_prime")
    kept = triage(write(solved)).notebook["cells"][2]["metadata"]
    assert kept == {
        "nbgrader": {
            "grade_id": "x" * 200, "grade": None, "solution": True, "locked": "a",
            "task": False, "points": None, "schema_version": 3,
        }
    }  # fmt: skip


@pytest.mark.parametrize("name", ["", "has space", "x" * 65, 3, None, "<b>", "é", "a\n"])
def test_ids_that_are_none(write, solved, name):
    solved.find("sigmoid")["id"] = name
    assert "id" not in triage(write(solved)).notebook["cells"][2]


def test_outputs_are_dropped_unseen(write, solved, release):
    check = solved.find("check_sigmoid")
    check["execution_count"] = 7
    check["outputs"] = [
        {"output_type": "execute_result", "data": {"text/plain": "4.0"}, "metadata": {}},
        "not even an output",
    ]
    result = restore(triage(write(solved)).notebook, release)
    assert result.repairs == ()
    assert all(c.outputs == [] and c.execution_count is None
               for c in result.notebook.cells if c.cell_type == "code")  # fmt: skip
