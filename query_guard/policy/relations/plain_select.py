"""SELECT where there is nothing to protect: of reference tables, and of published values (with their companions)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from query_guard.policy.refusing import refuse
from query_guard.policy.relations.build import Written, written
from query_guard.policy.relations.clauses import Clauses
from query_guard.policy.relations.column import Column
from query_guard.policy.relations.compiled import Compiled
from query_guard.policy.relations.limits import limit_sql
from query_guard.policy.relations.ordering import group_sql, order_sql
from query_guard.policy.relations.origin import Origin, write_from
from query_guard.policy.relations.plain_rows import grouped_rows
from query_guard.policy.relations.relation import Relation
from query_guard.policy.relations.states import shown, state_functions, worst_state
from query_guard.policy.terms import Term


@dataclass(frozen=True)
class Parts:
    """The written expressions of a SELECT: outputs, entries of ORDER BY that are no output, the rest of the text.

    `tail` is what stands between FROM and ORDER BY; `ties` orders rows that the caller's ORDER BY leaves equal.
    """

    outputs: tuple[Term, ...]
    ordered: tuple[Term, ...]
    qualify: Term | None
    tail: Written
    ties: tuple[str, ...] = ()


def compile_plain(origin: Origin, clauses: Clauses, *, is_root: bool) -> Compiled:
    """A SELECT of a PUBLIC or PROTECTED origin. Raises `grouping-sets-not-available` and the refusals of
    expressions."""
    if clauses.levelled:
        raise refuse("grouping-sets-not-available", clauses.node)
    if origin.unknown is not None and (clauses.aggregated or clauses.windowed):
        raise origin.unknown
    keys = [origin.rows.write(key) for key in clauses.keys]
    grouped = frozenset(key.sql for key in keys) if clauses.aggregated else None
    rows = grouped_rows(origin.rows, grouped)
    selecting = replace(rows, windows=True)
    tail = [write_from(origin)]
    if keys:
        tail.append(written(f"GROUP BY {', '.join(map(group_sql, keys))}", *keys))
    if clauses.having is not None:
        test = rows.deciding(clauses.having)
        tail.append(written(f"HAVING {test.sql}", test))
    parts = Parts(
        outputs=tuple(selecting.write(item.node) for item in clauses.items),
        ordered=tuple(selecting.write(item.node) for item in clauses.order if not item.output),
        qualify=selecting.deciding(clauses.qualify) if clauses.qualify is not None else None,
        tail=written(" ".join(part.sql for part in tail if part.sql), *tail),
    )
    single = clauses.limit == 1 or (clauses.aggregated and not keys) or not origin.sources
    if is_root and all(term.withheld for term in parts.outputs):
        raise refuse(min(parts.outputs[0].withheld), clauses.items[0].node)
    size = 1 if single else origin.size
    whole = Relation(origin.flow, "", free=origin.free, single_row=single, size=size, unknown=origin.unknown)
    return assemble(parts, clauses, whole, is_root=is_root)


def assemble(parts: Parts, clauses: Clauses, whole: Relation, *, is_root: bool) -> Compiled:
    """The whole text: outputs c1, s1 (its companion, where it has one), c2 ... and the relation they make, of which
    `whole` knows all but its columns."""
    columns = {
        item.name.lower(): _column(item.name, number, term)
        for number, (item, term) in enumerate(zip(clauses.items, parts.outputs, strict=True), 1)
    }
    selected = [text for number, term in enumerate(parts.outputs, 1) for text in _selected(term, number)]
    hidden = [f"{shown(term)} AS o{number}" for number, term in enumerate(parts.ordered, 1)]
    distinct = "DISTINCT " if clauses.distinct else ""
    if distinct and hidden:
        raise refuse("distinct-not-available", clauses.node)
    order = _order(parts, clauses, columns.values(), is_root=is_root)
    sql = f"SELECT {distinct}{', '.join([*selected, *hidden])} {parts.tail.sql}".rstrip()
    every = [*parts.outputs, *parts.ordered]
    if parts.qualify is not None:
        every.append(parts.qualify)
        sql = f"SELECT {', '.join([*selected, *hidden, f'{parts.qualify.sql} AS kept'])} {parts.tail.sql}"
        outer = ", ".join(name for column in columns.values() for name in _names(column))
        sql = f"SELECT {distinct}{outer} FROM ({sql}) AS windowed WHERE kept"
    sql += (f" ORDER BY {', '.join(order)}" if order else "") + limit_sql(clauses.limit, clauses.offset)
    rendered = (*parts.outputs, *parts.ordered)  # conditions are not rendered with their companions
    functions = frozenset().union(*(term.state_functions | state_functions(term.states) for term in rendered))
    body = written(sql, parts.tail, *every, functions=functions)
    return Compiled(body, replace(whole, columns=columns))


def _column(name: str, number: int, term: Term) -> Column:
    state = f"s{number}" if term.states else ""
    return Column(name, f"c{number}", term.kind, state=state, notes=term.notes, withheld=term.withheld)


def _selected(term: Term, number: int) -> list[str]:
    value = f"{shown(term)} AS c{number}"
    return [value, f"{worst_state(term.states)} AS s{number}"] if term.states else [value]


def _names(column: Column) -> list[str]:
    return [column.sql, column.state] if column.state else [column.sql]


def _order(parts: Parts, clauses: Clauses, columns: Iterable[Column], *, is_root: bool) -> list[str]:
    """ORDER BY, where it means something; ties are broken, so that an answer is repeatable and LIMIT too."""
    if not is_root and clauses.limit is None and not clauses.offset:
        return []
    entries, number = [], 0
    for item in clauses.order:
        number += not item.output
        sql = f"c{item.output}" if item.output else f"o{number}"
        entries.append(order_sql(sql, descending=item.descending, nulls_first=item.nulls_first))
    ties = [*parts.ties, *(column.sql for column in columns)]
    return entries + [order_sql(sql, descending=False, nulls_first=False) for sql in ties]
