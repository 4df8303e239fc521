"""Whatever is handed in: one of two outcomes, and the release's cells in the release's order."""

import copy
import json

import nbformat
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from autograder.errors import Rejected
from autograder.submission.restore import restore
from autograder.submission.triage import triage

KEYS = (
    "cells", "worksheets", "nbformat", "nbformat_minor", "metadata", "kernelspec", "name",
    "nbgrader", "grade_id", "points", "solution", "cell_type", "id", "source", "input",
    "attachments", "outputs", "level",
)  # fmt: skip
WORDS = (
    "code", "markdown", "raw", "heading", "sigmoid", "check_sigmoid", "why_saturation",
    "def sigmoid(z):", "    return z", "![](attachment:a.png)", "\x00\ud800", "image/png",
)  # fmt: skip

scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.integers(3, 5), st.floats(), st.sampled_from(WORDS),
    st.text(st.characters(codec=None), max_size=20),
)  # fmt: skip
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=5),
        st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=5), inner, max_size=6),
    ),
    max_leaves=30,
)
cells = st.fixed_dictionaries(
    {"cell_type": st.sampled_from(["code", "markdown", "raw", "heading"]) | values},
    optional={
        "source": st.sampled_from(WORDS) | st.lists(st.sampled_from(WORDS)) | values,
        "id": st.sampled_from(WORDS) | values,
        "metadata": st.fixed_dictionaries(
            {"nbgrader": st.fixed_dictionaries({"grade_id": st.sampled_from(WORDS) | values})}
        )
        | values,
        "attachments": values,
        "level": values,
    },
)
notebooks = st.fixed_dictionaries(
    {"nbformat": st.sampled_from([4, 4, 4, 3]) | scalars},
    optional={
        "cells": st.lists(cells | values, max_size=8),
        "worksheets": st.lists(st.fixed_dictionaries({"cells": st.lists(cells)}) | values),
        "nbformat_minor": st.integers(0, 6) | values,
        "metadata": values,
    },
)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("submission") / "backprop.ipynb"


def triaged_or_reason(path):
    try:
        return triage(path)
    except Rejected as rejected:
        return rejected.reason


def check_restored(submitted, release):
    """Every promise about a restored notebook that holds for any submission."""
    result = restore(submitted, release)
    notebook = result.notebook
    nbformat.validate(notebook)
    nbformat.writes(notebook).encode()
    ids = [cell.id for cell in notebook.cells]
    assert len(ids) == len(set(ids))
    canonical = {cell.id: cell for cell in release.cells}
    kept = [cell for cell in notebook.cells if cell.id in canonical]
    assert [cell.id for cell in kept] == list(canonical)
    for cell in kept:
        assert cell.metadata == canonical[cell.id].metadata
        assert cell.cell_type == canonical[cell.id].cell_type
        if not cell.metadata.nbgrader.solution:
            assert cell.source == canonical[cell.id].source
    assert all(cell.metadata == {} for cell in notebook.cells if cell.id not in canonical)
    assert all(not cell.get("outputs") for cell in notebook.cells)
    assert notebook.metadata == release.metadata
    assert set(result.student_cells) <= set(ids)
    assert len(result.repairs) <= 21
    assert all(note.isprintable() and len(note) < 200 for note in result.repairs)
    return result


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(values | notebooks)
@example({"nbformat": 4, "cells": [{"metadata": {"nbgrader": {"grade_id": ["sigmoid"]}}}]})
@example({"nbformat": 3, "worksheets": [{"cells": [{"cell_type": "heading", "level": 2.0}]}]})
def test_any_json_is_triaged_or_rejected(path, release, value):
    path.write_text(json.dumps(value))
    triaged = triaged_or_reason(path)
    if isinstance(triaged, str):
        assert triaged.isprintable()
        return
    json.dumps(triaged.notebook, allow_nan=False).encode()
    assert len(triaged.repairs) <= 21
    check_restored(triaged.notebook, release)


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=200) | st.text('[]{},:"\\0123456789.eE+-ntfu \n').map(str.encode))
def test_any_bytes_are_triaged_or_rejected(path, data):
    path.write_bytes(data)
    with pytest.raises(Rejected):
        triage(path)


damage = st.lists(
    st.tuples(
        st.sampled_from(["delete", "copy", "move", "retype", "strip", "strip id", "edit", "own"]),
        st.integers(0, 99),
        st.integers(0, 99),
    ),
    max_size=12,
)


def harm(notebook, what, here, there):
    cells = notebook["cells"]
    if not cells:
        return
    at = here % len(cells)
    cell = copy.deepcopy(cells[at])
    if what in ("delete", "move"):
        del cells[at]
    if what in ("copy", "move"):
        cells.insert(there % (len(cells) + 1), cell)
    if what == "retype":
        cells[at]["cell_type"] = ("code", "markdown", "raw")[there % 3]
    if what == "strip":
        cells[at]["metadata"] = {}
    if what == "strip id":
        cells[at].pop("id", None)
    if what == "edit":
        cells[at]["source"] += f"\nedited = {there}"
    if what == "own":
        cells.insert(at, {"cell_type": "code", "metadata": {}, "source": f"mine = {there}"})


@settings(deadline=None, max_examples=300)
@given(damage)
def test_any_damage_leaves_the_canonical_cells_in_order(path, release, solve_afresh, steps):
    notebook = solve_afresh()
    for step in steps:
        harm(notebook, *step)
    path.write_text(json.dumps(notebook))
    triaged = triage(path)
    result = check_restored(triaged.notebook, release)
    assert result == restore(triaged.notebook, release)


@settings(deadline=None, max_examples=100)
@given(st.permutations(range(13)), st.lists(st.integers(0, 12), max_size=13))
def test_shuffled_and_copied_cells_lose_nothing(path, release, solve_afresh, run, order, copies):
    notebook = solve_afresh()
    notebook["cells"] = [copy.deepcopy(notebook["cells"][at]) for at in (*order, *copies)]
    path.write_text(json.dumps(notebook))
    result = check_restored(triage(path).notebook, release)
    assert len(result.notebook.cells) == 13
    assert result.student_cells == ("sigmoid", "sigmoid_prime", "why_saturation", "Counter")
    namespace = run(result.notebook)
    assert namespace["sigmoid_prime"](0.0) == 0.25
    assert namespace["Counter"]().step() == 1
