"""The clauses of one SELECT but FROM and WHERE: selected, grouped, ordered, limited. Positions, GROUP BY ALL, ORDER BY
ALL, grouping sets, named windows and stars become plain expressions here, so that nothing later knows them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from sqlglot import exp

from query_guard.policy.refusing import as_name, refuse
from query_guard.policy.relations.limits import whole_number
from query_guard.policy.relations.origin import Origin
from query_guard.policy.relations.source import visible
from query_guard.policy.walking import has_aggregate, has_window

MOST_LEVELS = 16


@dataclass(frozen=True)
class OutputItem:
    """One expression after SELECT with its final name."""

    name: str
    node: Any


@dataclass(frozen=True)
class OrderItem:
    """One expression after ORDER BY; `output` is the number (from 1) of the output column it is, or 0."""

    node: Any
    descending: bool
    nulls_first: bool
    output: int = 0


@dataclass(frozen=True)
class Clauses:
    """What the caller asks of the rows.

    Attributes:
        items: the output columns.
        keys: expressions to group by; `levels` lists the sets of key numbers to group by (one set unless the caller
            wrote grouping sets); `levelled` whether he did.
        aggregated: whether rows are grouped at all, be it into one.
        distinct: SELECT DISTINCT.
        having, qualify: conditions, or None.
        windowed: whether a window is asked for.
    """

    node: Any
    items: tuple[OutputItem, ...]
    keys: tuple[Any, ...]
    levels: tuple[tuple[int, ...], ...]
    levelled: bool
    aggregated: bool
    distinct: bool
    having: Any
    qualify: Any
    order: tuple[OrderItem, ...]
    limit: int | None
    offset: int
    windowed: bool

    @property
    def order_beside(self) -> bool:
        """Whether ORDER BY names anything that is no output column."""
        return any(not item.output for item in self.order)

    @property
    def aliases(self) -> dict[str, Any]:
        """Output names that the caller gave, as expressions; the first of two with one name wins, as in DuckDB."""
        written = [item for item in self.node.expressions if type(item) is exp.Alias]
        return {item.alias.lower(): item.this for item in reversed(written)}


def read_clauses(select: Any, origin: Origin) -> Clauses:
    """Raises `position-out-of-range`, `distinct-not-available`, `limit-not-a-number`, `too-complex`."""
    select = _first_of_each(_with_named_windows(select))
    distinct, group = select.args.get("distinct"), select.args.get("group")
    items = _output_items(select, origin)
    keys, levels = _group_keys(items, group)
    having, qualify = select.args.get("having"), select.args.get("qualify")
    order = select.args.get("order")
    return Clauses(
        node=select,
        items=items,
        keys=keys,
        levels=levels or (tuple(range(len(keys))),),
        levelled=levels is not None,
        aggregated=group is not None or having is not None or any(has_aggregate(item.node) for item in items),
        distinct=distinct is not None,
        having=having.this if having is not None else None,
        qualify=qualify.this if qualify is not None else None,
        order=tuple(_order_items(items, order.expressions)) if order is not None else (),
        limit=whole_number(select.args.get("limit")),
        offset=whole_number(select.args.get("offset")) or 0,
        windowed=any(has_window(item.node) for item in items) or qualify is not None,
    )


def _first_of_each(select: Any) -> Any:
    """SELECT DISTINCT ON (a) as the first row of each a. Raises `distinct-not-available` beside a QUALIFY."""
    distinct = select.args.get("distinct")
    on = distinct.args.get("on") if distinct is not None else None
    if on is None:
        return select
    if select.args.get("qualify") is not None or type(on) is not exp.Tuple:
        raise refuse("distinct-not-available", select)
    select = select.copy()
    first = exp.Window(this=exp.RowNumber(), partition_by=list(on.expressions), order=select.args.get("order"))
    select.set("qualify", exp.Qualify(this=exp.EQ(this=first, expression=exp.Literal.number(1))))
    select.set("distinct", None)
    return select


def _with_named_windows(select: Any) -> Any:
    """`OVER w` as the window that WINDOW w AS (...) says. Raises `unknown-window`."""
    named = {window.this.name.lower(): window for window in select.args.get("windows") or ()}
    if not any(node.args.get("alias") is not None for node in _own_windows(select)):
        return select
    select = select.copy()
    for node in _own_windows(select):
        name = node.args.get("alias")
        if name is None:
            continue
        definition = named.get(name.name.lower())
        extended = any(node.args.get(part) for part in ("partition_by", "order", "spec"))
        if definition is None or extended or definition.args.get("alias") is not None:
            raise refuse("unknown-window", node, name=name.name)
        for part in ("partition_by", "order", "spec"):
            node.set(part, definition.args.get(part))
        node.set("alias", None)
    return select


def _own_windows(select: Any) -> list[Any]:
    """The windows of a query, without those of queries inside it."""
    return [node for node in select.find_all(exp.Window) if node.find_ancestor(exp.Select) is select]


def _output_items(select: Any, origin: Origin) -> tuple[OutputItem, ...]:
    items: list[OutputItem] = []
    taken: set[str] = set()
    for node in select.expressions:
        for name, expression in _expand_star(node, origin):
            unique = _unused(name, taken)
            taken.add(unique.lower())
            items.append(OutputItem(unique, expression))
    if not items:  # nothing is written, or everything behind the star was left out
        raise refuse("sql-not-read", select, remedy="Name a column or an aggregate after SELECT.")
    return tuple(items)


def _unused(name: str, taken: set[str]) -> str:
    """`n`, or `n_1` when there is an `n` already: two output columns never share a name."""
    unique, number = name, 0
    while unique.lower() in taken:
        number += 1
        unique = f"{name}_{number}"
    return unique


def _expand_star(node: Any, origin: Origin) -> Iterator[tuple[str, Any]]:
    """(name, expression) of one item. `*` and `t.*` become columns, each column of USING once."""
    owner = node.args.get("table") if type(node) is exp.Column else None
    star = node.this if type(node) is exp.Column and type(node.this) is exp.Star else node
    if type(star) is exp.Star:
        left_out = {column.name.lower() for column in star.args.get("except_") or ()}
        if owner is not None and owner.name.lower() not in {source.name for source in visible(origin.sources)}:
            raise refuse("unknown-table", node, name=owner.name)
        yield from _columns(origin, owner.name.lower() if owner is not None else None, left_out)
    elif type(node) is exp.Alias:
        yield node.alias, node.this
    else:
        yield node.name if type(node) is exp.Column else as_name(node), node


def _columns(origin: Origin, owner: str | None, left_out: set[str]) -> Iterator[tuple[str, Any]]:
    seen: set[str] = set()
    for source in visible(origin.sources):
        if owner is not None and source.name != owner:
            continue
        for name, column in source.relation.columns.items():
            merged = owner is None and source.alias in origin.rows.merged.get(name, ())
            if name in left_out or (merged and name in seen):
                continue
            seen.add(name)
            place = None if merged or not source.name else exp.to_identifier(source.name, quoted=True)
            yield column.name, exp.Column(this=exp.to_identifier(column.name, quoted=True), table=place)


def _group_keys(
    items: tuple[OutputItem, ...], group: Any
) -> tuple[tuple[Any, ...], tuple[tuple[int, ...], ...] | None]:
    """The keys, and the sets of them to group by (None where the caller wrote no grouping sets)."""
    if group is None:
        return (), None
    if group.args.get("all"):
        return tuple(item.node for item in items if not has_aggregate(item.node)), None
    sets = [_levels_of(entry) for entry in group.expressions]
    for argument in ("rollup", "cube", "grouping_sets"):
        sets += [_levels_of(entry) for entry in group.args.get(argument) or ()]
    if all(len(one) == 1 for one in sets):
        return tuple(_at_position(items, node) for one in sets for node in one[0]), None
    return _number_levels(items, sets)


def _levels_of(entry: Any) -> list[list[Any]]:
    """The sets of expressions that one entry of GROUP BY stands for."""
    if type(entry) is exp.Rollup:
        parts = [_members(part) for part in entry.expressions]
        return [[node for part in parts[:size] for node in part] for size in range(len(parts), -1, -1)]
    if type(entry) is exp.Cube:
        parts = [_members(part) for part in entry.expressions]
        chosen = [picked for size in range(len(parts), -1, -1) for picked in combinations(parts, size)]
        return [[node for part in picked for node in part] for picked in chosen]
    if type(entry) is exp.GroupingSets:
        return [level for part in entry.expressions for level in _levels_of_set(part)]
    return [[entry]]


def _levels_of_set(part: Any) -> list[list[Any]]:
    return _levels_of(part) if type(part) in (exp.Rollup, exp.Cube) else [_members(part)]


def _members(part: Any) -> list[Any]:
    if type(part) is exp.Tuple:
        return list(part.expressions)
    return [part.unnest()]


def _number_levels(
    items: tuple[OutputItem, ...], sets: list[list[list[Any]]]
) -> tuple[tuple[Any, ...], tuple[tuple[int, ...], ...]]:
    """Every combination of one set of each entry, as numbers into the list of all different keys."""
    combined: list[list[Any]] = [[]]
    for entry in sets:
        combined = [[*before, *level] for before in combined for level in entry]
        if len(combined) > MOST_LEVELS:
            raise refuse("too-complex", "GROUP BY")
    keys: list[Any] = []
    levels = []
    for level in combined:
        numbers = []
        for node in (_at_position(items, part) for part in level):
            if node not in keys:
                keys.append(node)
            numbers.append(keys.index(node))
        levels.append(tuple(sorted(set(numbers))))
    return tuple(keys), tuple(dict.fromkeys(levels))


def _at_position(items: tuple[OutputItem, ...], node: Any) -> Any:
    """The output column that a whole number stands for; other expressions stand for themselves."""
    place = _position(items, node)
    return items[place - 1].node if place else node


def _position(items: tuple[OutputItem, ...], node: Any) -> int:
    if type(node) is not exp.Literal or node.is_string:
        return 0
    if not str(node.this).isdigit() or not 1 <= int(node.this) <= len(items):
        raise refuse("position-out-of-range", node)
    return int(node.this)


def _order_items(items: tuple[OutputItem, ...], ordered: list[Any]) -> Iterator[OrderItem]:
    for entry in ordered:
        down, nulls = bool(entry.args.get("desc")), bool(entry.args.get("nulls_first"))
        if type(entry.this) is exp.Var and str(entry.this.this).upper() == "ALL":
            yield from (OrderItem(item.node, down, nulls, place) for place, item in enumerate(items, 1))
        else:
            place = output_place(items, entry.this)
            yield OrderItem(items[place - 1].node if place else entry.this, down, nulls, place)


def output_place(items: tuple[OutputItem, ...], node: Any) -> int:
    """The number of the output column that an entry of ORDER BY names by position, by name (which comes before a
    column of the same name, as in DuckDB) or as the column `t.x` that it is, or 0."""
    if type(node) is exp.Column and node.args.get("table") is not None:
        return next((place for place, item in enumerate(items, 1) if _same_column(item.node, node)), 0)
    if type(node) is exp.Column and node.args.get("table") is None:
        names = [item.name.lower() for item in items]
        return names.index(node.name.lower()) + 1 if node.name.lower() in names else 0
    return _position(items, node)


def _same_column(one: Any, other: Any) -> bool:
    """Whether both are one column by table and name."""
    return type(one) is exp.Column and (one.name.lower(), one.table.lower()) == (
        other.name.lower(),
        other.table.lower(),
    )
