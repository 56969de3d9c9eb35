"""No event holds a fact that is not on the list of facts: every place that puts a detail together is read."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from governance.audit import append_event
from governance.audit.facts import FACTS, PERSONAL
from governance.store import Store

ROOT = Path(__file__).parents[2]
ROOMS = ("governance", "hub", "query_guard", "egress", "intake")
NAMES = {"detail", "facts"}


def details(tree: ast.AST) -> Iterator[ast.AST]:
    """Expressions that become a detail: given by keyword, kept in a variable of that name, returned as a Detail."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from (keyword.value for keyword in node.keywords if keyword.arg in NAMES)
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign) and node.value is not None:
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name) and target.value.id in NAMES:
                yield ast.Dict([target.slice], [node.value])
            elif isinstance(target, ast.Name) and target.id in NAMES:
                yield node.value
        elif isinstance(node, ast.FunctionDef) and node.returns is not None and "Detail" in ast.unparse(node.returns):
            yield node


def keys(tree: ast.AST) -> set[str]:
    dicts = (part for detail in details(tree) for part in ast.walk(detail) if isinstance(part, ast.Dict))
    named = (key for one in dicts for key in one.keys)
    return {key.value for key in named if isinstance(key, ast.Constant) and isinstance(key.value, str)}


def test_every_fact_of_every_event_is_on_the_list() -> None:
    found: dict[str, set[str]] = {}
    for room in ROOMS:
        for file in (ROOT / room).rglob("*.py"):
            text = file.read_text(encoding="utf-8")
            if "detail" in text or "facts" in text or "Detail" in text:
                found[str(file.relative_to(ROOT))] = keys(ast.parse(text))
    unknown = {file: sorted(names - FACTS) for file, names in found.items() if names - FACTS}
    assert not unknown, f"add to governance/audit/facts.py what names nobody: {unknown}"
    assert len(set().union(*found.values())) > 50, "the walk finds what it is meant to find"


def test_nothing_personal_is_on_the_list_and_none_gets_into_an_event(store: Store) -> None:
    assert not FACTS & PERSONAL
    for name in PERSONAL:
        with pytest.raises(ValueError, match="personal"), store.transaction() as session:
            append_event(session, event="a.b", actor="x", detail={name: "y"})
