"""Drops the schemas that analysts write before OMOP tables (`cdm.person`, `dbo.person`, `@cdm.person`).

Every other qualifier stays and is refused later as an unknown table: the bare name is looked up in the project's
catalogue like any other, so a dropped schema opens nothing.
"""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from query_guard.policy.reading.refusals import refuse

DROPPED = frozenset({"cdm", "omop", "main", "public", "dbo"})


def drop_qualifiers(tree: Any) -> None:
    """Changes `tree`. Raises `table-behind-with` where the bare name would mean a WITH query instead of the table."""
    shadows: frozenset[str] | None = None
    for node in tree.find_all(exp.Table, exp.Column):
        if not (node.args.get("db") or node.args.get("catalog")) or not _drop(node) or type(node) is not exp.Table:
            continue
        if shadows is None:
            shadows = frozenset(part.alias.lower() for part in tree.find_all(exp.CTE))
        if node.name.lower() in shadows:
            raise refuse("table-behind-with", node, name=node.name)


def _drop(node: Any) -> bool:
    """Whether the qualifier was one of ours, and is gone."""
    parts = [node.args.get("catalog"), node.args.get("db")]
    if not all(not part or _is_dropped(part) for part in parts):  # cdm..person has an empty one
        return False
    node.set("catalog", None)
    node.set("db", None)
    return True


def _is_dropped(part: Any) -> bool:
    return type(part) is exp.Identifier and part.name.lower() in DROPPED
