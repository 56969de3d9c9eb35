"""Reference tables that may repeat people's rows, and the probe that finds out whether they do.

A public table that matches a row k times counts that person's row k times; by choosing k as a function of attributes
a query could weigh one person above all others and see through rounding. So for each public relation joined to people
the rewriting counts how many of its rows share a join key within one group: when it is more than one, row counts, sums
and means are hidden (rule `repeated_rows`); counts of people and of distinct values, which no weight moves, stay.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from query_guard.policy.relations.build import Written, written
from query_guard.policy.relations.source import Conjunct, JoinKind, Source, visible
from query_guard.policy.terms import Term, join_terms, quote_name


@dataclass(frozen=True)
class Repeat:
    """One public relation joined to people.

    Attributes:
        name, alias: the relation and what it is called in its own conditions.
        keys: SQL of its columns that equalities tie to the rest of the query.
        narrowing: SQL of conditions on this relation alone, with its functions and reads; or None.
        shown: where its own columns can be grouped by: (alias, column) as the present query names them -> their SQL.
    """

    name: str
    alias: str
    keys: tuple[str, ...]
    narrowing: Term | None = None
    shown: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def seen_as(self, renamed: Mapping[tuple[str, str], tuple[str, str]]) -> Repeat:
        """The same one query further out: `renamed` maps a column's name here to its name there."""
        shown = {renamed[place]: sql for place, sql in self.shown.items() if place in renamed}
        return replace(self, shown=shown)


def own_repeats(sources: tuple[Source, ...], conjuncts: tuple[Conjunct, ...]) -> tuple[Repeat, ...]:
    """The repeats of the public relations in FROM beside people's."""
    public = {source.alias: source for source in visible(sources) if not source.is_private}
    repeating = {alias: source for alias, source in public.items() if not source.relation.single_row}
    determined = frozenset(source.alias for source in sources) - set(repeating)
    found: list[Repeat] = []
    waiting = dict(repeating)
    while waiting:
        tied = next((alias for alias in waiting if _keys(alias, sources, conjuncts, determined)), next(iter(waiting)))
        source = waiting.pop(tied)
        keys = _keys(tied, sources, conjuncts, determined)
        determined |= {tied}
        shown = {(tied, column.sql): f"{tied}.{column.sql}" for column in source.relation.columns.values()}
        found.append(Repeat(source.relation.name, tied, keys, _narrowing(tied, sources, conjuncts), shown))
    return tuple(found)


def _keys(
    alias: str, sources: tuple[Source, ...], conjuncts: tuple[Conjunct, ...], determined: frozenset[str]
) -> tuple[str, ...]:
    """The columns of `alias` that equalities tie to the relations in `determined`."""
    return tuple(
        dict.fromkeys(
            column
            for conjunct in conjuncts
            if _holds_for(sources, conjunct, alias)
            for owner, column, others in conjunct.keyed
            if owner == alias and others <= determined
        )
    )


def _narrowing(alias: str, sources: tuple[Source, ...], conjuncts: tuple[Conjunct, ...]) -> Term | None:
    """Conditions on the relation alone; all others can only make fewer rows match."""
    own = [one.term for one in conjuncts if one.term.relations == {alias} and _holds_for(sources, one, alias)]
    return join_terms(" AND ".join(term.sql for term in own), own[0].kind, *own) if own else None


def _holds_for(sources: tuple[Source, ...], conjunct: Conjunct, alias: str) -> bool:
    """Whether the condition holds for every matched row of `alias`: it is in its own ON, in WHERE, or in an inner
    join's ON."""
    return conjunct.home in ("", alias) or any(
        source.alias == conjunct.home and source.join is JoinKind.INNER for source in sources
    )


def write_probe(repeat: Repeat, number: int, suffix: str, group_keys: list[Term]) -> tuple[Written, Written]:
    """Two CTE bodies: rows of the relation by join key and group key (`sde_k<number><suffix>`), and the most of them
    (`sde_u<number><suffix>`, one column `u<number>`)."""
    grouped = [repeat.shown[key.column] for key in group_keys if key.column and key.column in repeat.shown]
    keys = list(dict.fromkeys([*repeat.keys, *grouped]))
    where = f" WHERE {repeat.narrowing.sql}" if repeat.narrowing else ""
    group = f" GROUP BY {', '.join(keys)}" if keys else ""
    count = f"SELECT count(*) AS n FROM {quote_name(repeat.name)} AS {repeat.alias}{where}{group}"
    parts = [repeat.narrowing] if repeat.narrowing else []
    return (
        written(count, *parts, functions=["count_star"], reads=[repeat.name]),
        written(f"SELECT max(n) AS u{number} FROM sde_k{number}{suffix}", functions=["max"]),
    )
