"""Every rule stands in the table of the page of checks, and every sentence asks."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "checks.md").read_text(encoding="utf-8")


def findings() -> Iterator[tuple[str, str]]:
    """The rule and the sentence of each finding in the source; placeholders are ``...``."""
    for path in (ROOT / "autograder" / "diagnosis").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            if name in ("Finding", "_Entry"):
                rule, sentence = text(node.args[0]), text(node.args[-1])
                yield (f"raised-{rule}" if name == "_Entry" else rule), sentence


def text(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(text(part) for part in node.values)
    return "..."


def test_each_rule_stands_in_the_table() -> None:
    documented = set(re.findall(r"`([a-z0-9-]+(?:\.\.\.)?)`", PAGE))
    names = {rule for rule, _ in findings() if "..." not in rule}
    assert len(names) > 60
    families = tuple(name.removesuffix("...") for name in documented if name.endswith("-..."))
    missing = {name for name in names if name not in documented and not name.startswith(families)}
    assert missing == set()


def test_each_sentence_asks() -> None:
    for rule, sentence in findings():
        if sentence.replace(".", "").strip():
            assert "?" in sentence or sentence.startswith("..."), rule
        assert "Hint: " not in sentence, rule
