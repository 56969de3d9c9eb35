"""FROM, JOIN and WHERE of one SELECT: the relations, the conditions as written terms, and what the data flow says of
the rows."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from governance.refusal import Refusal
from query_guard.policy.plan import Flow
from query_guard.policy.refusing import refuse
from query_guard.policy.relations.build import Build, Written, written
from query_guard.policy.relations.conjuncts import join_conditions, pair_columns, read_conjuncts
from query_guard.policy.relations.flow import Link, NotTyped, Part, RowsType, type_rows
from query_guard.policy.relations.naming import name_relation
from query_guard.policy.relations.nobody_rows import check_not_asked_for, kept_by_people
from query_guard.policy.relations.relation import Relation
from query_guard.policy.relations.repeats import Repeat, own_repeats
from query_guard.policy.relations.sizes import size_of_rows
from query_guard.policy.relations.source import Conjunct, Found, JoinKind, Source, visible
from query_guard.policy.relations.unknown_rows import why_unknown
from query_guard.policy.rows import Rows
from query_guard.policy.terms import quote_name

if TYPE_CHECKING:
    from query_guard.policy.relations.nested import Nested


@dataclass(frozen=True)
class Origin:
    """The rows of one SELECT before it groups.

    Attributes:
        sources, conjuncts: what FROM names; the conditions of ON, USING and WHERE.
        rows: the context of expressions over these rows.
        flow: PUBLIC, PRIVATE or PROTECTED.
        persons: SQL of persons; the first that is there names the row's. None for rows about nobody.
        free: whether the rows are among published values and not beside the data.
        repeats, amplified, copied, rows_of, unknown, left_out, size: see Relation.
    """

    sources: tuple[Source, ...]
    conjuncts: tuple[Conjunct, ...]
    rows: Rows
    flow: Flow
    persons: tuple[str, ...] = ()
    free: bool = False
    repeats: tuple[Repeat, ...] = ()
    amplified: bool = False
    copied: bool = False
    rows_of: frozenset[str] = frozenset()
    unknown: Refusal | None = None
    left_out: bool = False
    size: int = 1

    @property
    def person(self) -> str:
        """SQL of each row's person, empty for rows about nobody."""
        return person_sql(self.persons)


def person_sql(persons: tuple[str, ...]) -> str:
    """The first person that is there."""
    return f"COALESCE({', '.join(persons)})" if len(persons) > 1 else "".join(persons)


@dataclass(frozen=True)
class _Reading:
    """FROM as far as it has been read."""

    nested: Nested
    outer: Rows | None
    aliases: dict[str, Any]
    sources: tuple[Source, ...] = ()
    conjuncts: tuple[Conjunct, ...] = ()
    merged: dict[str, frozenset[str]] = field(default_factory=dict)

    def rows(self, *more: Source) -> Rows:
        """The context of conditions over what is visible so far."""
        return Rows((*visible(self.sources), *more), self.nested, self.merged, self.aliases, self.outer)


def read_origin(build: Build, nested: Nested, select: Any, outer: Rows | None, *, free: bool | None = None) -> Origin:
    """FROM and WHERE of a SELECT. `free`: the world of the query around, where it matters; None to choose.

    Raises `unknown-table`, `duplicate-alias`, the codes of NotTyped and the refusals of expressions.
    """
    entries = list(_entries(build, nested, select))
    aliases = {item.alias.lower(): item.this for item in reversed(select.expressions) if type(item) is exp.Alias}
    entries, free = _bring_together(build, entries, free)
    missed = None
    if outer is None:  # a subquery written in place would mean something else without them, and could not say so
        joins, missed = kept_by_people((entry.kind, entry.relation.is_private) for entry in entries)
        entries = [replace(entry, kind=kind) for entry, kind in zip(entries, joins, strict=True)]
    reading = _Reading(nested, outer, aliases)
    for entry in entries:
        reading = _add(build, reading, entry)
    where = select.args.get("where")
    if where is not None:
        conditions = tuple(read_conjuncts(where.this, reading.rows(), ""))
        reading = replace(reading, conjuncts=(*reading.conjuncts, *conditions))
    if missed is not None:
        check_not_asked_for(reading.sources[missed], reading.conjuncts)
    left_out = missed is not None or any(source.relation.left_out for source in reading.sources)
    return replace(_typed(build, reading, outer, free=free), left_out=left_out)


@dataclass(frozen=True)
class _Entry:
    """One relation of FROM as written: its node, its join (None for the first) and how it is joined."""

    node: Any
    join: Any
    kind: JoinKind
    relation: Relation
    name: str


def _entries(build: Build, nested: Nested, select: Any) -> list[_Entry]:
    first = select.args.get("from_")
    if first is None:
        return []
    found = [_entry(build, nested, first.this, None, JoinKind.FIRST)]
    for join in select.args.get("joins") or ():
        if join.args.get("side") == "RIGHT":
            if len(found) > 1 or join.args.get("kind") not in (None, "OUTER"):
                raise refuse("join-not-available", join)
            turned = replace(found[0], join=join, kind=JoinKind.LEFT)
            found = [_entry(build, nested, join.this, None, JoinKind.FIRST), turned]
        else:
            found.append(_entry(build, nested, join.this, join, _join_kind(join)))
    names = [entry.name for entry in found if entry.name]
    for entry in found:
        if names.count(entry.name) > 1:
            raise refuse("duplicate-alias", entry.node)
    return found


def _entry(build: Build, nested: Nested, node: Any, join: Any, kind: JoinKind) -> _Entry:
    relation, name = name_relation(build, nested, node)
    return _Entry(node, join, kind, relation, name)


def _join_kind(join: Any) -> JoinKind:
    side, kind = join.args.get("side"), join.args.get("kind")
    if side in ("LEFT", "FULL") and kind in (None, "OUTER"):
        return JoinKind.LEFT if side == "LEFT" else JoinKind.FULL
    if side not in (None, "LEFT") or kind == "OUTER" or (side and kind not in ("SEMI", "ANTI")):
        raise refuse("join-not-available", join)
    if kind in ("SEMI", "ANTI"):
        return JoinKind.SEMI if kind == "SEMI" else JoinKind.ANTI
    conditioned = join.args.get("on") is not None or join.args.get("using")
    return JoinKind.INNER if conditioned and kind != "CROSS" else JoinKind.CROSS


def _bring_together(build: Build, entries: list[_Entry], free: bool | None) -> tuple[list[_Entry], bool]:
    """All relations in one world: beside the data where people are read, else among published values if any are."""
    if free is None:
        private = any(entry.relation.is_private for entry in entries)
        free = not private and any(entry.relation.free for entry in entries)
    if free:
        moved = [
            entry if entry.relation.is_private else replace(entry, relation=build.ship(entry.relation))
            for entry in entries
        ]
    else:
        moved = [replace(entry, relation=build.land(entry.relation)) for entry in entries]
    return moved, free


def _add(build: Build, reading: _Reading, entry: _Entry) -> _Reading:
    source = Source(build.alias(), entry.name, entry.relation, entry.kind, entry.node)
    if entry.join is None:
        return replace(reading, sources=(*reading.sources, source))
    on, using = entry.join.args.get("on"), entry.join.args.get("using") or []
    if entry.kind is JoinKind.CROSS and (on is not None or using):
        raise refuse("join-not-available", entry.join)
    found = list(read_conjuncts(on, reading.rows(source), source.alias)) if on is not None else []
    merged = dict(reading.merged)
    for column in using:
        left, right = _using_pair(column, reading.rows(), source)
        found.append(pair_columns(left, right, column, source.alias))
        name = column.name.lower()
        merged[name] = merged.get(name, frozenset()) | {left.source.alias, source.alias}
    return replace(reading, sources=(*reading.sources, source), conjuncts=(*reading.conjuncts, *found), merged=merged)


def _using_pair(column: Any, before: Rows, source: Source) -> tuple[Found, Found]:
    """The columns that USING(column) equates: of the relations so far, and of the joined one."""
    name = column.name.lower()
    left = before.find_here(exp.Column(this=exp.Identifier(this=name)))
    right = source.relation.columns.get(name)
    if left is None or right is None:
        raise refuse("unknown-column", column, name=column.name)
    return left, Found(source, right)


def _typed(build: Build, reading: _Reading, outer: Rows | None, *, free: bool) -> Origin:
    for source in reading.sources:
        build.explain(source.node, source.relation.flow)
    typed = _type(reading, outer)
    by_alias = {source.alias: source for source in reading.sources}
    persons = tuple(by_alias[alias].person for alias in typed.anchors)
    repeats: tuple[Repeat, ...] = ()
    if typed.flow is Flow.PRIVATE:
        repeats = own_repeats(reading.sources, reading.conjuncts)
        repeats += tuple(one for source in reading.sources for one in _inherited(source))
    return Origin(
        reading.sources,
        reading.conjuncts,
        replace(reading.rows(), person=person_sql(persons)),
        typed.flow,
        persons,
        free,
        repeats,
        _is_amplified(reading),
        *_rows_of(reading),
        why_unknown(reading.sources, typed.flow),
        size=1 if free else size_of_rows(reading.sources, reading.conjuncts, outer),
    )


def _inherited(source: Source) -> tuple[Repeat, ...]:
    """Repeats inside a subquery about people, its columns now named by the source's alias."""
    renamed = {("", column.sql): (source.alias, column.sql) for column in source.relation.columns.values()}
    return tuple(repeat.seen_as(renamed) for repeat in source.relation.repeats) if source.join.keeps_columns else ()


def _type(reading: _Reading, outer: Rows | None) -> RowsType:
    parts = tuple(Part(source.alias, source.relation.flow, source.join) for source in reading.sources)
    links = tuple(Link(*one.link, one.home) for one in reading.conjuncts if one.link)
    outside: frozenset[str] = frozenset()
    if outer is not None:
        around = [outer, *outer.around()]
        outside = frozenset(source.alias for rows in around for source in rows.sources if source.is_private)
    try:
        return type_rows(parts, links, outside)
    except NotTyped as error:
        place = next(source.node for source in reading.sources if source.alias == error.alias)
        raise refuse(error.code, place) from None


def _is_amplified(reading: _Reading) -> bool:
    """Whether a person's rows of two relations meet each with each: joined by the person alone, many with many."""
    many = {s.alias for s in reading.sources if s.is_private and s.join.keeps_columns and not s.relation.one_per_person}
    met = {frozenset(one.link) for one in reading.conjuncts if one.by_row and one.link and set(one.link) <= many}
    reached = set(list(many)[:1])
    while grown := {alias for pair in met if pair & reached for alias in pair} - reached:
        reached |= grown
    crowded = reached != many
    return crowded or any(source.relation.amplified for source in reading.sources if source.join.keeps_columns)


def _rows_of(reading: _Reading) -> tuple[bool, frozenset[str]]:
    """Whether rows of one table can meet one another, and whose rows there are. A table with one row a person meets
    itself once."""
    kept = [source.relation for source in visible(reading.sources) if source.is_private]
    many = [relation for relation in kept if not relation.one_per_person]
    tables = [table for relation in many for table in relation.rows_of]
    copied = len(tables) > len(set(tables)) or any(relation.copied for relation in kept)
    return copied, frozenset(table for relation in kept for table in relation.rows_of)


def write_from(origin: Origin) -> Written:
    """FROM, joins and WHERE; empty without relations."""
    if not origin.sources:
        alone = join_conditions(list(origin.conjuncts))
        return written(f"WHERE {alone.sql}" if origin.conjuncts else "", alone)
    parts = [_write_source(origin, source) for source in origin.sources]
    where = [conjunct for conjunct in origin.conjuncts if not conjunct.home]
    condition = join_conditions(where)
    tests = [condition.sql] if where else []
    if origin.person:  # a row without a person is nobody's and is left out
        tests.append(f"{origin.person} IS NOT NULL")
    sql = "FROM " + " ".join(part.sql for part in parts) + (f" WHERE {' AND '.join(tests)}" if tests else "")
    return written(sql, condition, *parts)


def _write_source(origin: Origin, source: Source) -> Written:
    condition = join_conditions([one for one in origin.conjuncts if one.home == source.alias])
    table = f"{quote_name(source.relation.name)} AS {source.alias}"
    reads = [source.relation.name]
    if source.join is JoinKind.FIRST:
        return written(table, condition, reads=reads)
    if source.join is JoinKind.CROSS:
        return written(f"CROSS JOIN {table}", condition, reads=reads)
    return written(f"{source.join.value} {table} ON {condition.sql}", condition, reads=reads)
