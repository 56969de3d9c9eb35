"""Relations of generated questions, with their records: each record carries the person it belongs to.

The records are computed from SQL's meaning by looking at every pair; nothing is shared with query_guard.policy.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tests.support.relations.expressions import Expression, Use, Values, column

NOBODY = -1


@dataclass(frozen=True)
class Column:
    """A column of a relation as the caller names it."""

    name: str
    kind: str
    use: Use = Use.CODE


@dataclass(frozen=True)
class Record:
    """One row of one person (or of NOBODY)."""

    person: int
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Repeat:
    """A reference table joined to people's rows: how often it repeats them.

    `rows`: what conditions on it alone leave of it. `keys`: its columns in the join. `shown`: what its columns are
    called in the query at hand. `felt`: all columns there whose values come from it.
    """

    rows: tuple[Values, ...]
    keys: tuple[str, ...]
    shown: Mapping[str, str] = field(default_factory=dict)
    felt: frozenset[str] = frozenset()

    def happens(self, grouped: Iterable[str]) -> bool:
        """Whether two of its rows share the join key within one group of `grouped` columns."""
        names = [*self.keys, *(self.shown[name] for name in grouped if name in self.shown)]
        return max(Counter(tuple(row[name] for name in names) for row in self.rows).values(), default=0) > 1


@dataclass(frozen=True)
class Relation:
    """Something FROM can name.

    `sql`: a table's name or a query in brackets. `unique`: columns that no two records share (person_id: one record a
    person). `multiplied`: the query itself repeats a person's records. `single`: one row at all. `tables`: whose rows
    its rows are.
    """

    sql: str
    columns: tuple[Column, ...]
    records: tuple[Record, ...]
    about_people: bool = True
    unique: frozenset[str] = frozenset()
    multiplied: bool = False
    single: bool = False
    repeats: tuple[Repeat, ...] = ()
    tables: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Place:
    """A relation in FROM. `kind`: first, inner, left, full, semi, anti."""

    alias: str
    relation: Relation
    kind: str

    @property
    def visible(self) -> bool:
        """Whether its columns can be named further on."""
        return self.kind not in ("semi", "anti")


@dataclass(frozen=True)
class Joined:
    """FROM and WHERE: the text, the relations, the conditions, and the records with values by `alias.column`.

    `unique`: columns (`alias.column`) that no two records share. `multiplied`: whether a person's records of two
    relations meet each with each, here or further in.
    """

    sql: str
    places: tuple[Place, ...]
    records: tuple[Record, ...]
    conditions: tuple[tuple[str, Expression], ...] = ()  # (alias of the ON that holds it or empty, condition)
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # reference table's alias -> its join columns
    unique: frozenset[str] = frozenset()
    multiplied: bool = False

    @property
    def columns(self) -> tuple[Expression, ...]:
        """Every column that may be named in an expression."""
        return tuple(
            column(place.alias, one.name, one.kind, one.use)
            for place in self.places
            if place.visible
            for one in place.relation.columns
            if one.use is not Use.PERSON
        )

    @property
    def persons(self) -> tuple[str, ...]:
        """The aliases of people's relations."""
        return tuple(place.alias for place in self.places if place.visible and place.relation.about_people)

    @property
    def tables(self) -> frozenset[str]:
        """The tables about people whose rows these are."""
        kept = (place.relation for place in self.places if place.visible and place.relation.about_people)
        return frozenset().union(*(relation.tables for relation in kept))

    @property
    def person_sql(self) -> str:
        """The person of a row: of the first relation, or of what was full joined to it."""
        full = [place.alias for place in self.places if place.kind == "full"]
        names = [f"{alias}.person_id" for alias in (self.persons[0], *full)]
        return f"coalesce({', '.join(names)})" if full else names[0]

    @property
    def repeats(self) -> tuple[Repeat, ...]:
        """The reference tables that may repeat rows, here and further in."""
        found = []
        for place in (place for place in self.places if place.visible):
            if place.relation.about_people:
                found += [_renamed(repeat, place.alias) for repeat in place.relation.repeats]
            elif not place.relation.single:
                shown = {f"{place.alias}.{one.name}": one.name for one in place.relation.columns}
                found.append(Repeat(self._narrowed(place), self.keys[place.alias], shown, frozenset(shown)))
        return tuple(found)

    def _narrowed(self, place: Place) -> tuple[Values, ...]:
        inner = {other.alias for other in self.places if other.kind == "inner"}
        alone = [
            part
            for home, condition in self.conditions
            for part in condition.conjuncts
            if part.aliases == {place.alias} and (home in ("", place.alias) or home in inner)
        ]
        rows = (dict(record.values) for record in place.relation.records)
        return tuple(
            row
            for row in rows
            if all(part.value({f"{place.alias}.{name}": value for name, value in row.items()}) for part in alone)
        )

    def keep(self, condition: Expression) -> Joined:
        """One more condition in WHERE."""
        kept = tuple(record for record in self.records if condition.value(dict(record.values)))
        word = "and" if any(home == "" for home, _ in self.conditions) else "where"
        return replace(
            self, sql=f"{self.sql} {word} {condition.sql}", records=kept, conditions=(*self.conditions, ("", condition))
        )


def _renamed(repeat: Repeat, alias: str) -> Repeat:
    shown = {f"{alias}.{name}": own for name, own in repeat.shown.items()}
    return replace(repeat, shown=shown, felt=frozenset(f"{alias}.{name}" for name in repeat.felt))


def start(relation: Relation, alias: str) -> Joined:
    """FROM relation."""
    records = tuple(Record(one.person, _placed(one, alias)) for one in relation.records)
    unique = frozenset(f"{alias}.{name}" for name in relation.unique)
    place = Place(alias, relation, "first")
    return Joined(f"from {relation.sql} as {alias}", (place,), records, unique=unique, multiplied=relation.multiplied)


def _placed(record: Record | None, alias: str, names: Iterable[str] = ()) -> Values:
    values = record.values if record is not None else dict.fromkeys(names)
    return {f"{alias}.{name}": value for name, value in values.items()}


def join(
    before: Joined, place: Place, pairs: tuple[tuple[str, str], ...], more: Expression | None, *, using: bool = False
) -> Joined:
    """`before` kind JOIN relation ON pairs of (its column, alias.column before) AND more."""
    relation, alias = place.relation, place.alias
    names = [one.name for one in relation.columns]
    found: list[Record] = []
    met: set[int] = set()
    for record in before.records:
        matches = [number for number, other in enumerate(relation.records) if _meets(record, other, alias, pairs, more)]
        met.update(matches)
        found += _joined(record, [relation.records[number] for number in matches], place, names)
    if place.kind == "full":
        nothing = dict.fromkeys(before.records[0].values) if before.records else _nothing(before)
        alone = (other for number, other in enumerate(relation.records) if number not in met)
        found += [Record(other.person, {**nothing, **_placed(other, alias)}) for other in alone]
    test = " and ".join(f"{alias}.{name} = {other}" for name, other in pairs)
    on = f"using ({pairs[0][0]})" if using else f"on {test}" + (f" and {more.sql}" if more else "")
    conditions = (*before.conditions, *(((alias, more),) if more else ()))
    keys = before.keys if relation.about_people else {**before.keys, alias: tuple(name for name, _ in pairs)}
    sql = f"{before.sql} {'' if place.kind == 'inner' else place.kind + ' '}join {relation.sql} as {alias} {on}"
    unique, crossing = _unique(before, place, pairs)
    multiplied = before.multiplied or (place.visible and (crossing or relation.multiplied))
    return Joined(sql, (*before.places, place), tuple(found), conditions, keys, unique, multiplied)


def _unique(before: Joined, place: Place, pairs: tuple[tuple[str, str], ...]) -> tuple[frozenset[str], bool]:
    """The columns that stay unique in a join, and whether records of both sides meet each with each."""
    if not place.visible or not place.relation.about_people:
        return before.unique, False  # what reference tables repeat is judged apart
    once = any(name in place.relation.unique for name, _ in pairs)
    first_once = any(other in before.unique for _, other in pairs)
    own = frozenset(f"{place.alias}.{name}" for name in place.relation.unique)
    kept = (before.unique if once else frozenset()) | (own if first_once else frozenset())
    return kept, not once and not first_once


def _nothing(before: Joined) -> Values:
    return {
        f"{place.alias}.{one.name}": None for place in before.places if place.visible for one in place.relation.columns
    }


def _meets(
    record: Record, other: Record, alias: str, pairs: tuple[tuple[str, str], ...], more: Expression | None
) -> bool:
    for name, place in pairs:
        mine = record.values[place]
        if mine is None or mine != other.values[name]:
            return False
    return more is None or bool(more.value({**record.values, **_placed(other, alias)}))


def _joined(record: Record, matches: list[Record], place: Place, names: list[str]) -> list[Record]:
    if place.kind in ("semi", "anti"):
        return [record] if bool(matches) == (place.kind == "semi") else []
    kept: list[Record | None] = list(matches) or ([None] if place.kind in ("left", "full") else [])
    return [Record(record.person, {**record.values, **_placed(one, place.alias, names)}) for one in kept]
