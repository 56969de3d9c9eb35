"""A whole generated question: people put together into published cells, and what is computed from them afterwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from governance.disclosure import DisclosureProfile
from tests.support.guard_reference import HIDDEN
from tests.support.relations.expressions import Expression
from tests.support.relations.measures import Figures, Group, Wanted
from tests.support.relations.queries import Item
from tests.support.relations.relation import Column, Joined, Record, Relation

Line = dict[str, Any]  # output name -> published value, HIDDEN or None


@dataclass(frozen=True)
class Cells:
    """`SELECT keys, wanted FROM joined GROUP BY keys`. `levels`: the sets of keys of a ROLLUP, CUBE or GROUPING SETS.

    `crossed`, `copied`: how careful the guard is about rows that the query multiplies (see `careful`).
    """

    joined: Joined
    keys: tuple[Item, ...]
    wanted: tuple[tuple[str, Wanted], ...]
    profile: DisclosureProfile
    grouping: str = ""
    levels: tuple[tuple[int, ...], ...] = ()
    crossed: bool = False
    copied: bool = False

    @property
    def sql(self) -> str:
        """The question."""
        listed = [f"{key.sql} as {name}" for name, key in self.keys]
        listed += [f"grouping({', '.join(key.sql for _, key in self.keys)}) as level"] if self.levels else []
        listed += [f"{one.sql} as {name}" for name, one in self.wanted]
        group = f" group by {self.grouping or ', '.join(key.sql for _, key in self.keys)}" if self.keys else ""
        return f"select {', '.join(listed)} {self.joined.sql}{group}"

    def groups(self) -> list[tuple[Line, Group, bool]]:
        """Every cell with its rows, of each level, and whether it is the one of all rows (which is always there)."""
        found = []
        for level in self.levels or (tuple(range(len(self.keys))),):
            by_key: dict[tuple[Any, ...], list[Record]] = {} if level else {(): []}
            for record in self.joined.records:
                values = dict(record.values)
                by_key.setdefault(tuple(self.keys[place][1].value(values) for place in level), []).append(record)
            grouped = [self.keys[place][1].column for place in level]
            weighed = self.copied or any(repeat.happens(grouped) for repeat in self.joined.repeats)
            for key, records in by_key.items():
                line: Line = dict.fromkeys(name for name, _ in self.keys)
                line |= {self.keys[place][0]: value for place, value in zip(level, key, strict=True)}
                if self.levels:  # the bits of the keys left out, the last key's being 1
                    last = len(self.keys) - 1
                    line["level"] = sum(1 << (last - place) for place in range(last + 1) if place not in level)
                found.append((line, Group(tuple(records), self.crossed, weighed, self.profile), not level))
        return found

    def lines(self) -> list[Line]:
        """The published cells: those of too few people are not there at all (but the one row without groups is)."""
        return [
            {**line, **{name: one.of(group) for name, one in self.wanted}}
            for line, group, is_whole in self.groups()
            if is_whole or len(group.people()) >= self.profile.threshold
        ]


def as_relation(cells: Cells) -> Relation:
    """Published counts as a relation about nobody, for a query about people to read: hidden ones are NULL there."""
    columns = (
        *(Column(name, key.kind) for name, key in cells.keys),
        *(Column(name, "int") for name, _ in cells.wanted),
    )
    records = tuple(
        Record(-1, {name: None if value is HIDDEN else value for name, value in line.items()}) for line in cells.lines()
    )
    return Relation(f"({cells.sql})", columns, records, about_people=False, single=not cells.keys)


def with_total(
    joined: Joined, key: Expression | None, wanted: Wanted, kind: str, profile: DisclosureProfile
) -> tuple[Joined, Expression]:
    """A window over all people's rows of each `key`: the records with the published value (NULL where it is hidden),
    and the expression that stands for it."""
    sql = f"{wanted.sql} over ({f'partition by {key.sql}' if key else ''})"
    asked = Cells(joined, (("k", key),) if key else (), (("a", wanted),), profile)
    published = {line["k"] if key else None: line["a"] for line in asked.lines()}
    records = []
    for record in joined.records:
        value = published.get(key.value(dict(record.values)) if key else None, HIDDEN)
        records.append(Record(record.person, {**record.values, sql: None if value is HIDDEN else value}))
    reads = key.reads if key else frozenset[str]()
    return replace(joined, records=tuple(records)), Expression(sql, kind, lambda row: row[sql], reads=reads)


def looked_up(code: Expression, asked: Cells, key: str) -> Expression:
    """`(SELECT wanted FROM joined WHERE key = code)`: the published value of the row's own code, NULL where there is
    none. `asked`: one wanted number grouped by `key`."""
    published = {line["k"]: line["a"] for line in asked.lines()}
    ((_, wanted),) = asked.wanted

    def value(row: dict[str, Any]) -> Any:
        found = published.get(code.value(row), HIDDEN) if code.value(row) is not None else HIDDEN
        return None if found is HIDDEN else found

    sql = f"(select {wanted.sql} {asked.joined.sql} where {key} = {code.sql})"
    return Expression(sql, "int", value, reads=code.reads)


# what may follow a protected aggregate


@dataclass(frozen=True)
class Post:
    """A question about published values: `sql`, and what it makes of the lines of each question about cells inside it.

    `ordered`: the answer has an order.
    """

    sql: str
    cells: tuple[Cells, ...]
    after: Callable[..., list[Line]]
    ordered: bool = False

    @property
    def margins(self) -> bool:
        """Whether there are grouping sets: then more cells may be hidden than the rules for single cells say."""
        return any(one.levels for one in self.cells)

    @property
    def multiplied(self) -> bool:
        """Whether the query multiplies people's rows, so that the guard has to be careful."""
        return any(one.joined.multiplied for one in self.cells)

    def lines(self, *, crossed: bool = False, copied: bool = False) -> list[Line]:
        """The answer, where the guard is as careful about multiplied rows as it says."""
        return self.after(*(replace(one, crossed=crossed, copied=copied).lines() for one in self.cells))


def _shown(lines: list[Line], name: str) -> list[Any]:
    return [line[name] for line in lines if line[name] is not HIDDEN and line[name] is not None]


def having(cells: Cells, name: str, least: float) -> Post:
    """HAVING on a published value: hidden ones are NULL and fall out."""

    def after(lines: list[Line]) -> list[Line]:
        return [line for line in lines if any(value >= least for value in _shown([line], name))]

    return Post(f"{cells.sql} having {dict(cells.wanted)[name].sql} >= {least}", (cells,), after)


def share_of_total(cells: Cells, name: str) -> Post:
    """`100 * n / sum(n) OVER ()`: of what is shown."""

    def after(lines: list[Line]) -> list[Line]:
        total = sum(_shown(lines, name)) or None
        return [{**line, "ratio": _divided(line[name], total, 100.0)} for line in lines]

    sql = f"select q.*, 100.0 * q.{name} / sum(q.{name}) over () as ratio from ({cells.sql}) as q"
    return Post(sql, (cells,), after)


def _divided(one: Any, other: Any, times: float = 1.0) -> Any:
    if HIDDEN in (one, other):
        return HIDDEN
    return times * one / other if one is not None and other else None


def ratio(cells: Cells, one: str, other: str) -> Post:
    """A quotient of two published values, NULL by zero."""

    def after(lines: list[Line]) -> list[Line]:
        return [{**line, "ratio": _divided(line[one], line[other])} for line in lines]

    return Post(f"select q.*, q.{one} / q.{other} as ratio from ({cells.sql}) as q", (cells,), after)


def largest(cells: Cells, name: str, number: int) -> Post:
    """ORDER BY a published value and the keys, LIMIT."""
    keys = [key for key, _ in cells.keys]

    def place(line: Line) -> tuple[Any, ...]:
        seen = _shown([line], name)
        return (not seen, -seen[0] if seen else 0, *((line[key] is None, line[key] or 0) for key in keys))

    sql = f"{cells.sql} order by {', '.join([f'{name} desc nulls last', *keys])} limit {number}"
    return Post(sql, (cells,), lambda lines: sorted(lines, key=place)[:number], ordered=True)


def summed_up(cells: Cells, name: str) -> Post:
    """An aggregate of published cells: hidden ones are left out of it."""

    def after(lines: list[Line]) -> list[Line]:
        seen = _shown(lines, name)
        return [{"cells": len(lines), "whole": sum(seen) if seen else None, "most": max(seen, default=None)}]

    sql = f"select count(*) as cells, sum(q.{name}) as whole, max(q.{name}) as most from ({cells.sql}) as q"
    return Post(sql, (cells,), after)


def side_by_side(one: Cells, other: Cells, key: str, name: str) -> Post:
    """Two questions about cells, joined by their key."""

    def after(left: list[Line], right: list[Line]) -> list[Line]:
        pairs = [(mine, yours) for mine in left for yours in right if mine[key] is not None and mine[key] == yours[key]]
        return [{key: mine[key], "a": mine[name], "b": yours[name]} for mine, yours in pairs]

    listed = f"x.{key}, x.{name} as a, y.{name} as b"
    return Post(
        f"with x as ({one.sql}), y as ({other.sql}) select {listed} from x join y on x.{key} = y.{key}",
        (one, other),
        after,
    )


def stacked(one: Cells, other: Cells) -> Post:
    """Two questions about cells, one under the other."""
    return Post(f"{one.sql} union all {other.sql}", (one, other), lambda left, right: [*left, *right])


def as_they_are(cells: Cells) -> Post:
    """The published cells themselves."""
    return Post(cells.sql, (cells,), lambda lines: lines)


def difference(post: Post, ours: list[Line], theirs: list[Line]) -> str:
    """What is wrong with an answer for the reference's; empty if nothing is."""
    if not post.ordered:
        ours, theirs = _in_order(ours, post), _in_order(theirs, post)
    if len(ours) != len(theirs):
        return f"{len(ours)} lines for {len(theirs)}: {ours} for {theirs}"
    for mine, right in zip(ours, theirs, strict=True):
        for name, value in right.items():
            if not _same(mine[name], value, margins=post.margins):
                return f"{name} is {mine[name]!r} for {value!r} in {right}"
    return ""


def _same(mine: Any, right: Any, *, margins: bool) -> bool:
    if mine is HIDDEN and margins:
        return True
    if isinstance(right, Figures) and mine is not HIDDEN and mine is not None:
        return any(_readable(mine) == _readable(one) for one in right.either)
    return bool(_readable(mine) == _readable(right)) and (mine is HIDDEN) is (right is HIDDEN)


def _in_order(lines: list[Line], post: Post) -> list[Line]:
    """The lines in an order of their own: by keys first, which name a line alone where margins may hide its values."""

    def place(line: Line) -> tuple[list[str], list[str]]:
        keys = [name for name in line if not name.startswith("a")]
        values = [] if post.margins else [name for name in line if name.startswith("a")]
        return [repr(_readable(line[name])) for name in keys], [repr(_readable(line[name])) for name in values]

    return sorted(lines, key=place)


def _readable(value: Any) -> Any:
    """A number up to the last digits of a DOUBLE."""
    return float(f"{value:.9g}") if isinstance(value, int | float) and not isinstance(value, bool) else value
