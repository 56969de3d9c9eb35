"""Queries inside generated questions that stay about people: rows, windows, one person's groups, set operations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cmp_to_key
from typing import Any

from tests.support.relations.expressions import Expression, Use, Values
from tests.support.relations.relation import Column, Joined, Record, Relation, Repeat

Item = tuple[str, Expression]


def rows_query(
    joined: Joined,
    items: Sequence[Item],
    *,
    distinct: bool = False,
    qualify: Expression | None = None,
    person: str = "",
) -> Relation:
    """`SELECT person_id, items FROM ...`. `person`: the relation whose person_id is selected (else the row's own)."""
    records = [record for record in joined.records if qualify is None or qualify.value(dict(record.values))]
    made = []
    for record in records:
        values = {name: item.value(dict(record.values)) for name, item in items}
        key = record.values[f"{person}.person_id"] if person else record.person
        made.append(Record(record.person, {"person_id": key, **values}))
    if distinct:
        made = list({(one.person, tuple(one.values.items())): one for one in made}.values())
    listed = ", ".join(f"{item.sql} as {name}" for name, item in items)
    words = (
        f"select {'distinct ' if distinct else ''}{f'{person}.person_id' if person else joined.person_sql} as person_id"
    )
    sql = f"({words}{', ' if items else ''}{listed} {joined.sql}{f' qualify {qualify.sql}' if qualify else ''})"
    places = {name: item.column for name, item in items if item.column}
    unique = {name for name, place in places.items() if place in joined.unique}
    if {f"{alias}.person_id" for alias in joined.persons} & joined.unique:
        unique.add("person_id")
    columns = (_person(), *(Column(name, item.kind, item.use) for name, item in items))
    seen = tuple(_seen(repeat, items) for repeat in joined.repeats)
    counting = any(item.counts for _, item in items)
    repeats = tuple(repeat for repeat in seen if not distinct or counting or repeat.felt)
    alone = distinct and not counting and len({alias for _, item in items for alias in item.aliases}) <= 1
    return Relation(
        sql,
        columns,
        tuple(made),
        unique=frozenset(unique),
        multiplied=joined.multiplied and not alone,
        repeats=repeats,
        tables=joined.tables,
    )


def _person() -> Column:
    return Column("person_id", "int", Use.PERSON)


def _seen(repeat: Repeat, items: Sequence[Item]) -> Repeat:
    """A repeat as the query further out sees it."""
    shown = {name: repeat.shown[item.column] for name, item in items if item.column in repeat.shown}
    return replace(repeat, shown=shown, felt=frozenset(name for name, item in items if item.reads & repeat.felt))


# windows


@dataclass(frozen=True)
class Ordering:
    """`ORDER BY expression [DESC], ...`, NULLs last."""

    terms: tuple[tuple[Expression, bool], ...]  # (expression, descending)

    @property
    def sql(self) -> str:
        """The text behind ORDER BY."""
        return ", ".join(f"{term.sql}{' desc' if down else ''}" for term, down in self.terms)

    def compare(self, one: Values, other: Values) -> int:
        """-1, 0 or 1."""
        for term, down in self.terms:
            left, right = term.value(one), term.value(other)
            if left == right:
                continue
            if left is None or right is None:
                return 1 if left is None else -1
            return (-1 if left < right else 1) * (-1 if down else 1)
        return 0


def with_window(
    joined: Joined,
    call: str,
    result: tuple[str, Use],
    compute: Callable[[list[Values], int, Ordering], Any],
    person: str,
    *,
    by: Expression | None = None,
    order: Ordering | None = None,
    frame: str = "",
) -> tuple[Joined, Expression]:
    """A window over one person's rows: the records with its value, and the expression that stands for it."""
    order = order or Ordering(())
    over = f"partition by {person}.person_id" + (f", {by.sql}" if by else "")
    over += (f" order by {order.sql}" if order.terms else "") + frame
    sql = f"{call} over ({over})"
    groups: dict[Any, list[tuple[int, Values]]] = {}
    for number, record in enumerate(joined.records):
        values = dict(record.values)
        groups.setdefault((record.person, by.value(values) if by else None), []).append((number, values))
    found: dict[int, Any] = {}
    for group in groups.values():
        in_order = cmp_to_key(order.compare)
        ordered = sorted(group, key=lambda numbered: in_order(numbered[1]))
        rows = [values for _, values in ordered]
        found.update({number: compute(rows, place, order) for place, (number, _) in enumerate(ordered)})
    records = tuple(
        Record(record.person, {**record.values, sql: found[number]}) for number, record in enumerate(joined.records)
    )
    kind, use = result
    return replace(joined, records=records), Expression(sql, kind, lambda row: row[sql], use, counts=True)


def row_number(rows: list[Values], place: int, order: Ordering) -> int:
    """`row_number()`."""
    return place + 1


def rank(rows: list[Values], place: int, order: Ordering) -> int:
    """`rank()`: equals share the number of the first of them."""
    return next(number for number, row in enumerate(rows, 1) if order.compare(row, rows[place]) == 0)


def rows_in_all(rows: list[Values], place: int, order: Ordering) -> int:
    """`count(*)` without order."""
    return len(rows)


def neighbour(value: Expression, steps: int) -> Callable[[list[Values], int, Ordering], Any]:
    """`lag(value, steps)`; negative steps are `lead`."""

    def compute(rows: list[Values], place: int, order: Ordering) -> Any:
        return value.value(rows[place - steps]) if 0 <= place - steps < len(rows) else None

    return compute


def running_sum(value: Expression) -> Callable[[list[Values], int, Ordering], Any]:
    """`sum(value)` of all rows up to this one."""

    def compute(rows: list[Values], place: int, order: Ordering) -> Any:
        there = [found for row in rows[: place + 1] if (found := value.value(row)) is not None]
        return sum(there) if there else None

    return compute


# groups of one person


@dataclass(frozen=True)
class Summary:
    """An aggregate over one person's rows."""

    sql: str
    kind: str
    use: Use
    value: Callable[[list[Values]], Any]
    moved: bool = True  # whether a repeated row changes it


def _there(rows: list[Values], operand: Expression) -> list[Any]:
    return [value for row in rows if (value := operand.value(row)) is not None]


def count_rows(kept: Expression | None = None) -> Summary:
    """`count(*) [filter (where ...)]`."""
    sql = "count(*)" + (f" filter (where {kept.sql})" if kept else "")
    return Summary(sql, "int", Use.TALLY, lambda rows: len([row for row in rows if kept is None or kept.value(row)]))


def count_values(operand: Expression, *, distinct: bool) -> Summary:
    """`count([distinct] operand)`."""
    sql = f"count({'distinct ' if distinct else ''}{operand.sql})"

    def value(rows: list[Values]) -> int:
        found = _there(rows, operand)
        return len(set(found)) if distinct else len(found)

    return Summary(sql, "int", Use.TALLY, value, moved=not distinct)


def extreme(operand: Expression, name: str) -> Summary:
    """`min(operand)` or `max(operand)`."""
    pick = min if name == "min" else max
    return Summary(
        f"{name}({operand.sql})",
        operand.kind,
        operand.use,
        lambda rows: pick(_there(rows, operand), default=None),
        moved=False,
    )


def total(operand: Expression) -> Summary:
    """`sum(operand)` of a measure: too fine to group by, whatever its operand was."""

    def value(rows: list[Values]) -> float | None:
        found = _there(rows, operand)
        return sum(found) if found else None

    return Summary(f"sum({operand.sql})", operand.kind, Use.MEASURE, value)


def mean(operand: Expression) -> Summary:
    """`avg(operand)` of a measure."""

    def value(rows: list[Values]) -> float | None:
        found = _there(rows, operand)
        return sum(found) / len(found) if found else None

    return Summary(f"avg({operand.sql})", "double", Use.MEASURE, value)


def groups_query(
    joined: Joined,
    keys: Sequence[Item],
    summaries: Sequence[tuple[str, Summary]],
    having: tuple[str, Callable[[list[Values]], bool]] | None = None,
) -> Relation:
    """`SELECT person_id, keys, summaries ... GROUP BY person_id, keys [HAVING ...]`."""
    groups: dict[Any, list[Values]] = {}
    for record in joined.records:
        values = dict(record.values)
        groups.setdefault((record.person, *(key.value(values) for _, key in keys)), []).append(values)
    records = []
    for (person, *found), rows in groups.items():
        if having is None or having[1](rows):
            named = dict(zip((name for name, _ in keys), found, strict=True))
            summed = {name: summary.value(rows) for name, summary in summaries}
            records.append(Record(person, {"person_id": person, **named, **summed}))
    listed = [f"{joined.person_sql} as person_id", *(f"{key.sql} as {name}" for name, key in keys)]
    listed += [f"{summary.sql} as {name}" for name, summary in summaries]
    grouped = ", ".join(
        [joined.person_sql if "coalesce" not in joined.person_sql else "1", *(key.sql for _, key in keys)]
    )
    sql = f"(select {', '.join(listed)} {joined.sql} group by {grouped}{f' having {having[0]}' if having else ''})"
    columns = (
        _person(),
        *(Column(name, key.kind, key.use) for name, key in keys),
        *(Column(name, summary.kind, summary.use) for name, summary in summaries),
    )
    moved = any(summary.moved for _, summary in summaries)
    seen = (_seen(repeat, keys) for repeat in joined.repeats)
    crossing = moved or len({alias for _, key in keys for alias in key.aliases}) > 1
    return Relation(
        sql,
        columns,
        tuple(records),
        unique=frozenset() if keys else frozenset({"person_id"}),
        multiplied=joined.multiplied and crossing,
        repeats=tuple(repeat for repeat in seen if moved or repeat.felt),
        tables=joined.tables,
    )


# set operations


def set_query(one: Relation, word: str, other: Relation) -> Relation:
    """`one UNION | INTERSECT | EXCEPT [ALL] other` of two relations about people with the same columns."""
    every = word.endswith(" all")
    left, right = ([(record.person, tuple(record.values.values())) for record in side.records] for side in (one, other))
    if word.startswith("union"):
        found = left + right if every else list(dict.fromkeys(left + right))
    else:
        found = _without_order(Counter(left), Counter(right), word)
    names = [column.name for column in one.columns]
    records = tuple(Record(person, dict(zip(names, values, strict=True))) for person, values in found)
    columns = tuple(
        replace(
            first,
            kind=first.kind if first.kind == second.kind else "double",
            use=first.use if first.use is second.use else _coarser(first.use, second.use),
        )
        for first, second in zip(one.columns, other.columns, strict=True)
    )
    repeats = tuple(replace(repeat, shown={}) for side in (one, other) for repeat in side.repeats)
    twice = word == "union all" and bool(one.tables & other.tables)
    return Relation(
        f"({one.sql[1:-1]} {word} {other.sql[1:-1]})",
        columns,
        records,
        multiplied=twice or one.multiplied or other.multiplied,
        repeats=repeats,
        tables=one.tables | other.tables,
    )


_MEASURES, _GROUPED = {Use.MEASURE, Use.BOUNDED}, {Use.CODE, Use.TALLY, Use.BOUNDED}


def _coarser(one: Use, other: Use) -> Use:
    """What may still be done with values of two sorts."""
    if {one, other} <= _MEASURES:
        return Use.MEASURE
    return Use.CODE if {one, other} <= _GROUPED else Use.DATE


def _without_order(left: Counter[Any], right: Counter[Any], word: str) -> list[Any]:
    if word == "intersect":
        return list((left & right).keys())
    if word == "except":
        return [one for one in left if one not in right]
    return list(((left & right) if word == "intersect all" else (left - right)).elements())
