"""Stage 3: FROM and JOIN against the project's catalogue, and every condition of ON, USING and WHERE as a written
term."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlglot import exp

from governance.catalogue import CatalogueTable
from query_guard.policy.conjuncts import pair_columns, read_conjuncts
from query_guard.policy.draft import Conjunct, Draft, JoinKind, Source
from query_guard.policy.refusing import refuse
from query_guard.policy.rows import Rows

_RESERVED = "sde_"  # the guard's own CTEs


def resolve_sources(draft: Draft) -> Draft:
    """Sets `sources`, `merged`, `conjuncts` and `aliases`. Raises `no-table`, `unknown-table`, `duplicate-alias`
    and the refusals of expressions."""
    first = draft.tree.args.get("from_")
    if first is None:
        raise refuse("no-table", draft.tree)
    draft = replace(draft, aliases=_output_names(draft.tree))
    draft = _add_source(draft, first.this, JoinKind.FIRST)
    for join in draft.tree.args.get("joins") or ():
        draft = _add_join(draft, join)
    where = draft.tree.args.get("where")
    if where is None:
        return draft
    return replace(draft, conjuncts=(*draft.conjuncts, *read_conjuncts(where.this, rows_of(draft), "")))


def rows_of(draft: Draft) -> Rows:
    """The context of WHERE, GROUP BY and aggregates: every table whose columns live on after its join."""
    visible = tuple(source for source in draft.sources if source.join.keeps_columns)
    return Rows(visible, draft.merged, draft.aliases)


def _output_names(tree: Any) -> dict[str, Any]:
    """Output name -> expression; the first of two with one name wins, as in DuckDB."""
    names: dict[str, Any] = {}
    for item in tree.expressions:
        if type(item) is exp.Alias:
            names.setdefault(item.alias.lower(), item.this)
    return names


def _add_join(draft: Draft, join: Any) -> Draft:
    kind = _join_kind(join)
    before = rows_of(draft)
    draft = _add_source(draft, join.this, kind)
    source = draft.sources[-1]
    on, using = join.args.get("on"), join.args.get("using") or []
    if kind is JoinKind.CROSS and (on is not None or using):
        raise refuse("join-not-available", join)
    seeing = replace(before, sources=(*before.sources, source))
    found: list[Conjunct] = list(read_conjuncts(on, seeing, source.alias)) if on is not None else []
    merged = dict(draft.merged)
    for column in using:
        name = column.name.lower()
        left, right = _using_pair(column, before, source)
        found.append(pair_columns(left, right, column, source.alias))
        merged[name] = merged.get(name, frozenset()) | {left[0].alias, source.alias}
    return replace(draft, conjuncts=(*draft.conjuncts, *found), merged=merged)


def _using_pair(column: Any, before: Rows, source: Source) -> Any:
    """The columns that USING(column) equates: of the tables so far, and of the joined one."""
    name = column.name.lower()
    left = before.find(exp.Column(this=exp.Identifier(this=name)))
    right = source.table.columns.get(name)
    if left is None or right is None:
        raise refuse("unknown-column", column, name=column.name)
    return left, (source, right)


def _join_kind(join: Any) -> JoinKind:
    side, kind = join.args.get("side"), join.args.get("kind")
    if side == "LEFT" and kind in (None, "OUTER"):
        return JoinKind.LEFT
    if side is not None or kind == "OUTER":
        raise refuse("join-not-available", join)
    if kind in ("SEMI", "ANTI"):
        return JoinKind.SEMI if kind == "SEMI" else JoinKind.ANTI
    conditioned = join.args.get("on") is not None or join.args.get("using")
    return JoinKind.INNER if conditioned and kind != "CROSS" else JoinKind.CROSS


def _add_source(draft: Draft, node: Any, join: JoinKind) -> Draft:
    table = _find_table(node, draft)
    name = (node.alias or node.name).lower()
    if any(source.name == name for source in draft.sources):
        raise refuse("duplicate-alias", node)
    source = Source(f"t{len(draft.sources) + 1}", name, table, join, node)
    return replace(draft, sources=(*draft.sources, source))


def _find_table(node: Any, draft: Draft) -> CatalogueTable:
    """The catalogue's table. Files, functions, schemas and forbidden tables all get one text."""
    name = node.name.lower()
    table = draft.catalogue.tables.get(name)
    plain = type(node) is exp.Table and type(node.this) is exp.Identifier
    plain = plain and not node.args.get("db") and not node.args.get("catalog")
    if table is None or not plain or name.startswith(_RESERVED):
        raise refuse("unknown-table", node, name=node.sql(dialect="duckdb"))
    return table
