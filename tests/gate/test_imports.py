"""The gate is the instructor's: nothing below it knows it, and it knows no adapter."""

from __future__ import annotations

from tests.test_architecture import all_imports, closure, is_in

MAY_KNOW = ("autograder.gate", "autograder.adapters.cli")


def test_nothing_but_its_commands_knows_the_gate(student_side: tuple[str, ...]) -> None:
    found = [item for item in all_imports("autograder") if is_in(item.target, "autograder.gate")]
    assert found
    assert [item for item in found if not is_in(item.module, *MAY_KNOW)] == []
    loaded = {name for start in student_side for name in closure(start)}
    assert [name for name in loaded if is_in(name, "autograder.gate")] == []


def test_the_gate_knows_neither_batch_nor_adapters() -> None:
    mine = [item for item in all_imports("autograder") if is_in(item.module, "autograder.gate")]
    above = ("autograder.batch", "autograder.adapters", "autograder.bench")
    assert [item for item in mine if is_in(item.target, *above)] == []
