"""The canonical notebook comes back, whatever was done to its cells."""

import copy

import pytest

from autograder.submission.notes import bounded
from autograder.submission.restore import canonical_only, restore
from autograder.submission.triage import triage

ORDER = [
    "cell_0", "cell_1", "sigmoid", "check_sigmoid", "cell_4", "cell_5", "sigmoid_prime",
    "check_sigmoid_prime", "cell_8", "why_saturation", "Counter", "check_Counter", "cell_12",
]  # fmt: skip
SOLVED = ("sigmoid", "sigmoid_prime", "why_saturation", "Counter")


def ids(result):
    return [cell.id for cell in result.notebook.cells]


def works(namespace):
    return (
        namespace["sigmoid"](0.0) == 0.5
        and namespace["sigmoid_prime"](0.0) == 0.25
        and namespace["Counter"]().step() == 1
    )


# Nothing to repair


def test_untouched_release(restored, untouched, release):
    result = restored(untouched)
    assert result.notebook == release
    assert result.repairs == ()
    assert result.student_cells == ()


def test_solved(restored, solved, release, run, sources):
    result = restored(solved)
    assert result.repairs == ()
    assert result.student_cells == SOLVED
    texts = sources(release) | {name: solved.find(name)["source"] for name in SOLVED}
    assert sources(result.notebook) == texts
    assert works(run(result.notebook))


def test_white_space_at_the_ends_of_locked_cells_is_no_change(restored, solved):
    solved.find("cell_1")["source"] += "\n\n"
    assert restored(solved).repairs == ()


def test_same_submission_same_result(restored, solved, own):
    solved["cells"][4:4] = [own("a = 1"), copy.deepcopy(solved.find("sigmoid")), own("b", "raw")]
    assert restored(solved) == restored(solved)


# The student's own cells


def test_own_cells_keep_their_place(restored, solved, own, run):
    solved["cells"].insert(0, own("first = 1"))
    solved.insert_after("cell_1", own("def helper(z):\n    return math.exp(-z)"))
    solved.insert_after("sigmoid", own("My notes.", "markdown"))
    solved["cells"].append(own("last = sigmoid(0.0)"))
    solved.find("sigmoid")["source"] = "def sigmoid(z):\n    return 1 / (1 + helper(z))"
    result = restored(solved)
    assert result.repairs == ()
    assert ids(result) == [
        "own-1", "cell_0", "cell_1", "own-2", "sigmoid", "own-3", *ORDER[3:], "own-4",
    ]  # fmt: skip
    assert result.student_cells == (
        "own-1", "own-2", "sigmoid", "own-3", "sigmoid_prime", "why_saturation", "Counter", "own-4",
    )  # fmt: skip
    assert result.notebook.cells[5].cell_type == "markdown"
    namespace = run(result.notebook)
    assert works(namespace)
    assert namespace["last"] == 0.5


def test_own_cells_lose_metadata_ids_and_outputs(restored, solved, own):
    cell = own("x = 1", id="sigmoid-2", outputs=[{"output_type": "stream"}], execution_count=3)
    cell["metadata"] = {"tags": ["raises-exception"], "editable": False}
    solved.insert_after("sigmoid", cell)
    found = restored(solved).notebook.cells[3]
    assert found == {
        "cell_type": "code", "id": "own-1", "metadata": {}, "source": "x = 1",
        "outputs": [], "execution_count": None,
    }  # fmt: skip


def test_own_ids_avoid_those_of_the_release(solved, release, own, write):
    taken = copy.deepcopy(release)
    taken.cells[0].id = taken.cells[0].metadata.nbgrader.grade_id = "own-1"
    solved["cells"].append(own("x = 1"))
    solved.find("cell_0")["metadata"]["nbgrader"]["grade_id"] = "own-1"
    result = restore(triage(write(solved)).notebook, taken)
    assert ids(result) == ["own-1", *ORDER[1:], "own-2"]


def test_raw_cells_become_markdown(restored, solved, own):
    solved.insert_after("cell_0", own("<script>1</script>", "raw"))
    result = restored(solved)
    assert result.notebook.cells[1].cell_type == "markdown"
    assert result.repairs == ()


def test_empty_own_cells_are_left_out(restored, solved, own):
    solved["cells"] += [own(""), own(" \n"), own("", "markdown")]
    assert ids(restored(solved)) == ORDER


def test_own_cell_that_defines_an_exercise_again_runs(restored, solved, own, run):
    solved.insert_after("check_sigmoid", own("def sigmoid(z):\n    return 'mine'"))
    result = restored(solved)
    assert ids(result) == [*ORDER[:4], "own-1", *ORDER[4:]]
    assert run(result.notebook)["sigmoid"](0.0) == "mine"


# Deleted, edited, moved, retyped


@pytest.mark.parametrize("name", ["check_sigmoid", "cell_1", "cell_4", "cell_8", "cell_12"])
def test_deleted_locked_cell(restored, solved, name):
    solved["cells"].remove(solved.find(name))
    result = restored(solved)
    assert ids(result) == ORDER
    assert result.repairs == (f"{name} had been deleted; it was put back.",)


@pytest.mark.parametrize("name", ["sigmoid", "why_saturation", "Counter"])
def test_deleted_solution(restored, solved, release, name, sources):
    solved["cells"].remove(solved.find(name))
    result = restored(solved)
    assert ids(result) == ORDER
    assert sources(result.notebook)[name] == sources(release)[name]
    assert name not in result.student_cells
    assert result.repairs == (f"{name} had been deleted; the release's cell stands in its place.",)


def test_everything_deleted(restored, solved, release):
    solved["cells"] = []
    result = restored(solved)
    assert result.notebook == release
    assert result.repairs == (
        (
            "9 cells had been deleted; they were put back: cell_0, cell_1, check_sigmoid, cell_4, "
            "cell_5, check_sigmoid_prime and 3 more."
        ),
        (
            "4 answers had been deleted; the release's cells stand in their place: sigmoid, "
            "sigmoid_prime, why_saturation, Counter."
        ),
    )
    assert result.student_cells == ()


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("check_sigmoid", "4.0"),
        ("check_sigmoid", 'check("sigmoid")\n4.0'),
        ("check_sigmoid", ""),
        ("cell_1", "import math\nimport torch"),
        ("cell_8", "**Question.** Easier?"),
    ],
)
def test_edited_locked_cell(restored, solved, release, name, source, sources):
    solved.find(name)["source"] = source
    result = restored(solved)
    assert sources(result.notebook)[name] == sources(release)[name]
    assert result.repairs == (f"{name} had been changed; it was put back.",)


@pytest.mark.parametrize("kind", ["markdown", "raw"])
def test_test_cell_turned_to_text(restored, solved, kind):
    solved.find("check_sigmoid")["cell_type"] = kind
    result = restored(solved)
    assert result.notebook.cells[3].cell_type == "code"
    assert result.repairs == ("check_sigmoid had been changed; it was put back.",)


@pytest.mark.parametrize("kind", ["markdown", "raw"])
def test_solution_turned_to_text(restored, solved, run, kind):
    solved.find("sigmoid")["cell_type"] = kind
    result = restored(solved)
    assert result.repairs == (
        f"sigmoid had been turned into a {kind} cell; its text counts as code.",
    )
    assert works(run(result.notebook))


@pytest.mark.parametrize("kind", ["code", "raw"])
def test_answer_turned_into_another_type(restored, solved, kind):
    solved.find("why_saturation")["cell_type"] = kind
    result = restored(solved)
    assert result.notebook.cells[9].cell_type == "markdown"
    assert result.notebook.cells[9].source == "Because the slope is nearly 0 far out."
    assert result.repairs == (
        "why_saturation had been turned into another type of cell; its text counts.",
    )


def test_moved_cells(restored, solved, run):
    solved["cells"].reverse()
    result = restored(solved)
    assert ids(result) == ORDER
    assert result.repairs == ("Cells had been moved; they stand in the release's order again.",)
    assert result.student_cells == SOLVED
    assert works(run(result.notebook))


def test_emptied_solution_stays_empty(restored, solved, sources):
    solved.find("sigmoid")["source"] = ""
    result = restored(solved)
    assert sources(result.notebook)["sigmoid"] == ""
    assert result.repairs == ()


# Copied and split cells


def test_identical_copies_count_once(restored, solved, run):
    solved.insert_after("cell_8", copy.deepcopy(solved.find("sigmoid")))
    result = restored(solved)
    assert ids(result) == ORDER
    assert result.repairs == (
        "sigmoid was there 2 times; all that was written in it runs in its place, in order.",
    )
    assert works(run(result.notebook))


@pytest.mark.parametrize("stub_first", [True, False])
def test_untouched_copy_is_dropped(restored, solved, untouched, run, stub_first):
    at = solved.at("sigmoid")
    solved["cells"].insert(at if stub_first else at + 3, untouched.find("sigmoid"))
    result = restored(solved)
    assert ids(result) == ORDER
    assert works(run(result.notebook))


def test_several_untouched_copies(restored, untouched, release):
    untouched["cells"].append(copy.deepcopy(untouched.find("sigmoid")))
    result = restored(untouched)
    assert result.notebook == release
    assert result.repairs == ("sigmoid was there 2 times, untouched.",)
    assert result.student_cells == ()


def test_function_split_in_the_middle_is_joined(restored, solved, run, sources):
    first, second = "def sigmoid(z):\n    e = math.exp(-z)", "    return 1 / (1 + e)"
    solved.find("sigmoid")["source"] = first
    rest = copy.deepcopy(solved.find("sigmoid"))
    rest["source"] = second
    solved.insert_after("sigmoid", rest)
    result = restored(solved)
    assert ids(result) == ORDER
    assert sources(result.notebook)["sigmoid"] == f"{first}\n{second}"
    assert works(run(result.notebook))


REST = "    return 1 / (1 + e)"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("def sigmoid(z):\n    e = math.exp(-z)", REST),
        ("def sigmoid(z):", "    e = math.exp(-z)\n" + REST),
        ("def sigmoid(z):\n    if 1:\n", "        e = math.exp(-z)\n" + REST),
    ],
)
def test_the_second_part_of_a_split_function_needs_no_metadata(
    restored, solved, run, own, sources, first, second
):
    solved.find("sigmoid")["source"] = first
    solved.insert_after("sigmoid", own(second))
    solved.insert_after("sigmoid", own("\n"))
    result = restored(solved)
    assert ids(result) == ORDER
    assert sources(result.notebook)["sigmoid"] == f"{first}\n{second}"
    assert result.repairs == ("sigmoid had been split; its parts were joined.",)
    assert works(run(result.notebook))


def test_split_in_three_with_equal_parts(restored, solved, run, own):
    whole = solved.find("Counter")["source"]
    start, step = whole[: whole.index("    def step")], whole[whole.index("    def step") :]
    solved.find("Counter")["source"] = start
    for _ in range(2):
        solved.insert_after("Counter", own(step))
    result = restored(solved)
    assert ids(result) == ORDER
    assert works(run(result.notebook))


@pytest.mark.parametrize(
    "text", ["  mine = 1", "    print(sigmoid(0.0))", "    # return\n    x = 1"]
)
def test_an_indented_cell_that_can_stand_alone_stays_the_students(restored, solved, own, text):
    """Jupyter runs such a cell; joined, it could break the solution."""
    before = solved.find("sigmoid")["source"]
    solved.insert_after("sigmoid", own(text))
    result = restored(solved)
    assert ids(result) == [*ORDER[:3], "own-1", *ORDER[3:]]
    assert result.notebook.cells[2].source == before
    assert result.notebook.cells[3].source == text
    assert result.repairs == ()


def test_nothing_is_joined_to_a_locked_cell(restored, solved, own):
    solved.insert_after("cell_1", own("    return 1"))
    result = restored(solved)
    assert ids(result) == [*ORDER[:2], "own-1", *ORDER[2:]]


def test_class_split_between_its_methods_is_joined(restored, solved, run):
    whole = solved.find("Counter")["source"]
    at = whole.index("    def step")
    rest = copy.deepcopy(solved.find("Counter"))
    solved.find("Counter")["source"], rest["source"] = whole[:at], whole[at:]
    solved.insert_after("Counter", rest)
    assert works(run(restored(solved).notebook))


def test_parts_run_in_order_and_the_last_definition_counts(restored, solved, run, sources):
    for source in ("def sigmoid(z):\n    return 'second'", "extra = sigmoid(0.0)"):
        copied = copy.deepcopy(solved.find("sigmoid"))
        copied["source"] = source
        solved["cells"].append(copied)
    result = restored(solved)
    assert ids(result) == [*ORDER[:2], "own-1", "sigmoid", "own-2", *ORDER[3:]]
    assert sources(result.notebook)["sigmoid"] == "def sigmoid(z):\n    return 'second'"
    assert run(result.notebook)["extra"] == "second"


@pytest.mark.parametrize("kind", ["code", "markdown"])
@pytest.mark.parametrize("source", ["def sigmoid(z:", "My notes, not code", "%%time\nsigmoid(1)"])
def test_a_broken_copy_before_the_solution_does_no_harm(restored, solved, run, kind, source):
    broken = {**copy.deepcopy(solved.find("sigmoid")), "source": source, "cell_type": kind}
    solved["cells"].insert(solved.at("sigmoid"), broken)
    assert works(run(restored(solved).notebook))


@pytest.mark.parametrize(
    ("kind", "source"),
    [
        ("markdown", "def sigmoid(z:"),
        ("code", "My notes, not code"),
        ("code", "%%time\nsigmoid(1)"),
    ],
)
def test_a_broken_copy_behind_the_solution_does_no_harm(restored, solved, run, kind, source):
    broken = {**copy.deepcopy(solved.find("sigmoid")), "source": source, "cell_type": kind}
    solved.insert_after("sigmoid", broken)
    assert works(run(restored(solved).notebook))


def test_a_broken_last_definition_leaves_the_one_before_it(restored, solved, run):
    """As in the student's kernel, where the cell with the error changes nothing."""
    broken = {**copy.deepcopy(solved.find("sigmoid")), "source": "def sigmoid(z:"}
    solved.insert_after("sigmoid", broken)
    namespace = run(restored(solved).notebook)
    assert works(namespace)
    assert namespace["errors"] == ["sigmoid: SyntaxError"]


def test_second_half_without_metadata_stays_behind_it(restored, solved, own, run):
    solved.find("sigmoid")["source"] = "def stable(z):\n    return 1 / (1 + math.exp(-z))"
    solved.insert_after("sigmoid", own("def sigmoid(z):\n    return stable(z)"))
    result = restored(solved)
    assert ids(result) == [*ORDER[:3], "own-1", *ORDER[3:]]
    assert result.repairs == ()
    assert works(run(result.notebook))


def test_different_answers_are_joined(restored, solved, untouched, sources):
    for source in ("And so", solved.find("why_saturation")["source"], "is the gradient."):
        copied = {**copy.deepcopy(solved.find("why_saturation")), "source": source}
        solved["cells"].append(copied)
    solved["cells"].insert(0, untouched.find("why_saturation"))
    result = restored(solved)
    assert sources(result.notebook)["why_saturation"] == (
        "Because the slope is nearly 0 far out.\n\nAnd so\n\nis the gradient."
    )
    assert "why_saturation was there 5 times; the different texts were joined." in result.repairs


def test_copies_of_locked_cells(restored, solved, run):
    for name in ("check_sigmoid", "cell_5"):
        solved["cells"].append(copy.deepcopy(solved.find(name)))
    result = restored(solved)
    assert ids(result) == ORDER
    assert result.repairs == (
        "check_sigmoid was there 2 times; the copies were dropped.",
        "cell_5 was there 2 times; the copies were dropped.",
    )


@pytest.mark.parametrize("before", [True, False])
def test_own_code_in_a_copy_of_a_locked_cell_runs(restored, solved, run, before):
    copied = {**copy.deepcopy(solved.find("check_sigmoid")), "source": "seen = 1"}
    solved["cells"].insert(solved.at("check_sigmoid") + (not before), copied)
    result = restored(solved)
    assert result.repairs == ()
    assert len(ids(result)) == 14
    assert run(result.notebook)["seen"] == 1


# Forged and lost metadata


def test_unknown_grade_id(restored, solved, own, run):
    cell = own("x = sigmoid(0.0)", id="extra")
    cell["metadata"]["nbgrader"] = {"grade_id": "free\x1b[1m points", "grade": True, "points": 1e6}
    solved.insert_after("check_sigmoid", cell)
    result = restored(solved)
    assert result.notebook.cells[4].metadata == {}
    assert result.repairs == (
        "The release has no cell named 'free[1m points'; it counts as the student's own.",
    )
    assert run(result.notebook)["x"] == 0.5


@pytest.mark.parametrize("name", [None, 3, ["sigmoid"], {"a": 1}, "", True])
def test_grade_id_that_is_no_name(restored, solved, run, name):
    solved.find("sigmoid")["metadata"]["nbgrader"]["grade_id"] = name
    result = restored(solved)
    assert result.repairs == (
        "Cells without nbgrader metadata were recognised by their id, text or place: 1.",
    )
    assert works(run(result.notebook))


@pytest.mark.parametrize(
    ("name", "forged"),
    [
        ("check_sigmoid", {"points": 400}),
        ("check_sigmoid", {"points": float("nan")}),
        ("check_sigmoid", {"grade": False}),
        ("check_sigmoid", {"solution": True, "locked": False}),
        ("check_sigmoid", {"schema_version": 99}),
        ("sigmoid", {"grade": True, "points": 100}),
        ("sigmoid", {"solution": False, "locked": True}),
        ("sigmoid", {"task": True}),
        ("why_saturation", {"points": 20}),
        ("cell_1", {"locked": False}),
    ],
)
def test_forged_marks(restored, solved, release, run, name, forged):
    solved.find(name)["metadata"]["nbgrader"] |= forged
    result = restored(solved)
    assert [cell.metadata for cell in result.notebook.cells] == [
        cell.metadata for cell in release.cells
    ]
    assert result.repairs[-1] == (
        f"The nbgrader metadata of {name} had been changed; it was put back."
    )
    assert result.student_cells == SOLVED
    assert works(run(result.notebook))


def test_swapped_grade_ids(restored, solved, run):
    first, second = solved.find("sigmoid"), solved.find("sigmoid_prime")
    for cell, name in ((first, "sigmoid_prime"), (second, "sigmoid")):
        cell["metadata"]["nbgrader"]["grade_id"] = name
    result = restored(solved)
    assert ids(result) == ORDER
    assert works(run(result.notebook))


def strip(notebook, *, also_ids):
    for cell in notebook["cells"]:
        cell["metadata"] = {}
        if also_ids:
            cell.pop("id", None)


def test_metadata_stripped_by_another_editor(restored, solved, release, run, sources):
    texts = sources(release) | {name: solved.find(name)["source"] for name in SOLVED}
    strip(solved, also_ids=False)
    result = restored(solved)
    assert sources(result.notebook) == texts
    assert result.student_cells == SOLVED
    assert result.repairs == (
        "Cells without nbgrader metadata were recognised by their id, text or place: 13.",
    )


def test_metadata_and_ids_stripped(restored, solved, release, sources, own, run):
    texts = sources(release) | {name: solved.find(name)["source"] for name in SOLVED}
    solved.insert_after("check_sigmoid", own("mine = sigmoid(0.0)"))
    strip(solved, also_ids=True)
    result = restored(solved)
    assert ids(result) == [*ORDER[:4], "own-1", *ORDER[4:]]
    assert sources(result.notebook) == texts | {"own-1": "mine = sigmoid(0.0)"}
    assert run(result.notebook)["mine"] == 0.5


def test_stripped_and_edited_cells_stay_the_students(restored, solved, run):
    solved.find("cell_1")["source"] = "import math\nimport sys"
    solved.find("sigmoid_prime")["source"] = "slope = lambda z: 1"
    strip(solved, also_ids=True)
    result = restored(solved)
    assert "cell_1 had been deleted; it was put back." in result.repairs
    assert "sigmoid_prime had been deleted; the release's cell stands in its place." in (
        result.repairs
    )
    namespace = run(result.notebook)
    assert namespace["slope"](3) == 1
    assert namespace["sigmoid"](0.0) == 0.5


def test_merged_solutions(restored, solved, run, sources):
    """Two cells merged into one: no stub may replace the second definition."""
    second = solved.find("sigmoid_prime")
    solved.find("sigmoid")["source"] += "\n\n\n" + second["source"]
    solved["cells"].remove(second)
    result = restored(solved)
    assert ids(result) == ORDER
    assert sources(result.notebook)["sigmoid_prime"] == (
        "# sigmoid_prime is defined in another cell of this notebook."
    )
    assert result.repairs == (
        "sigmoid_prime had been deleted; its definition in another cell counts.",
    )
    assert "sigmoid_prime" not in result.student_cells
    assert works(run(result.notebook))


def test_all_solutions_in_one_own_cell(restored, solved, own, run):
    names = ("Counter", "sigmoid_prime", "sigmoid")
    text = "\n\n".join(solved.find(name)["source"] for name in names)
    for name in names:
        solved["cells"].remove(solved.find(name))
    solved["cells"].append(own(text))
    assert works(run(restored(solved).notebook))


def test_deleted_and_written_again_in_an_own_cell(restored, solved, own, run):
    source = solved.find("sigmoid")["source"]
    solved["cells"].remove(solved.find("sigmoid"))
    solved.insert_after("cell_4", own(source))
    result = restored(solved)
    assert ids(result) == ORDER
    assert works(run(result.notebook))


def test_answer_in_a_cell_of_their_own_below_the_question(restored, solved, own, sources):
    solved["cells"].remove(solved.find("why_saturation"))
    solved.insert_after("cell_8", own("It saturates.", "markdown"))
    result = restored(solved)
    assert ids(result) == ORDER
    assert sources(result.notebook)["why_saturation"] == "It saturates."


@pytest.mark.parametrize("answered", ["why_saturation", "why_more"])
def test_stripped_answers_go_to_their_own_questions(solved, release, write, sources, answered):
    """One of two questions is answered; the untouched stubs look alike."""
    canonical = copy.deepcopy(release)
    for at, name in ((8, "cell_13"), (9, "why_more")):
        cell = copy.deepcopy(release.cells[at])
        cell.id = cell.metadata.nbgrader.grade_id = name
        cell.source = cell.source.replace("Why do", "When do")
        canonical.cells.append(cell)
    solved["cells"] += copy.deepcopy(canonical.cells[-2:])
    solved.find("why_saturation")["source"] = canonical.cells[9].source
    solved.find(answered)["source"] = "My answer."
    strip(solved, also_ids=True)
    result = restore(triage(write(solved)).notebook, canonical)
    texts = sources(result.notebook)
    expected = dict.fromkeys(("why_saturation", "why_more"), "YOUR ANSWER HERE")
    assert {name: texts[name] for name in expected} == expected | {answered: "My answer."}
    assert len(result.notebook.cells) == 15


def test_markdown_that_quotes_a_solution_is_not_one(restored, solved, own, release, sources):
    solved["cells"].remove(solved.find("sigmoid"))
    solved["cells"].append(own("```\ndef sigmoid(z):\n    return 1\n```", "markdown"))
    result = restored(solved)
    assert sources(result.notebook)["sigmoid"] == sources(release)["sigmoid"]


def test_kernel(restored, solved, release):
    solved["metadata"] = {"kernelspec": {"name": "julia-1.10", "language": "julia"}, "x": 1}
    result = restored(solved)
    assert result.notebook.metadata == release.metadata
    assert result.repairs == ("The kernel was 'julia-1.10'; it was set back to 'python3'.",)


@pytest.mark.parametrize("metadata", [{}, {"kernelspec": None}, {"kernelspec": {"name": 3}}])
def test_no_kernel(restored, solved, release, metadata):
    solved["metadata"] = metadata
    assert restored(solved).notebook.metadata == release.metadata


def test_notes_are_inert_and_few(restored, solved, own):
    for number in range(100):
        cell = own("1")
        cell["metadata"]["nbgrader"] = {"grade_id": f"{number}\u202e\x07\n<b>" + "x" * 500}
        solved["cells"].append(cell)
    (note,) = restored(solved).repairs
    assert note.startswith("100 cells have names that the release does not know; they count as ")
    assert note.endswith(" and 94 more.")
    assert note.isprintable()
    assert len(note) < 500


def test_past_a_bound_notes_are_only_counted():
    notes = bounded(f"Note {number}." for number in range(100))
    assert len(notes) == 21
    assert notes[-1] == "And 80 more."


def test_notes_of_a_kind_become_one_at_the_place_of_the_first():
    forged = [
        f"The nbgrader metadata of check_{n} had been changed; it was put back." for n in "abc"
    ]
    few = ["a had been changed; it was put back.", "b had been changed; it was put back."]
    assert bounded(["First.", forged[0], *few, *forged[1:], "Last."]) == (
        "First.",
        (
            "The nbgrader metadata of 3 cells had been changed; it was put back: check_a, check_b, "
            "check_c."
        ),
        *few,
        "Last.",
    )


# Rejected submissions


def test_canonical_only(release):
    before = copy.deepcopy(release)
    result = canonical_only(release, "The file is empty.")
    assert release == before
    first, *rest = result.notebook.cells
    assert rest == release.cells
    assert first.cell_type == "markdown"
    assert first.metadata == {}
    assert first.source == (
        "**This submission could not be read and earns no points.** The reason:\n\n"
        "    The file is empty."
    )
    assert (result.repairs, result.student_cells) == ((), ())
