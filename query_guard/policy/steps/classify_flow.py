"""Stage 4: the person data flow. Every relation is PUBLIC, PRIVATE or PROTECTED; a query is planned only if this
proof holds.

**Claim.** Every row that reaches an aggregate of a PRIVATE relation belongs to exactly one person: the one named by
`person_id` of the *anchor*, the first table about people in FROM that is joined by FROM, INNER JOIN, CROSS JOIN or
a comma.

*Proof by induction over FROM.* A base table about people has the claim by the catalogue (`TableKind.PRIVATE`: each
row has one person_id; rows whose person_id is null are dropped by the rewriting). Then, for each further relation
x:

1. *x is public, inner or cross joined:* its columns are about nobody; the row keeps its person.
2. *x is public, left joined:* the rows kept are rows that were there before; if a table about people comes first
   they have a person, and if none does the rows are still about nobody.
3. *x is about people, inner, cross or comma joined:* the equalities of person_id in WHERE and in the ONs of inner
   joins hold for every row of the result, so tables connected by them carry one person per row; a table that stays
   unconnected from the anchor is refused (`join-without-person`).
4. *x is about people, left joined:* its own ON must equate its person_id with that of a table before it, so its
   columns are null or the same person's. Only one equality that has x on one side counts: ON of a left join filters
   nothing else, and two of them (x with a, x with b) would not make a and b one person. When no table about people
   came before, the kept rows would belong to nobody: `join-keeps-nobody`. Connecting rows through x stays sound: a
   path leaves x by an equality that holds for every row (then x is not null), or by a table left joined to x.
5. *x semi or anti joined:* whether a row stays depends on rows of x. For x about people, ON must equate person_ids
   as in 4, so it depends on the same person's rows only. Columns of x are not visible afterwards.
6. *Filters and expressions* read only the row, and cannot raise (`terms`), so they neither mix people nor signal.

A person key is never compared with anything else: `Rows.column` refuses it and `conjuncts.pair_columns` admits only
equality between two different tables about people. So no predicate can select a person by key.

**Weights.** A public table that matches a row k times counts that person's row k times; by choosing k as a function
of attributes a query could weigh one person above all others and see through rounding. So each public table must be
joined by an equality of its own column with what is determined already (`reference-not-keyed`), and the rewriting
counts how many rows of the public table share such a key within one group: when it is more than one, row counts, sums
and means are hidden (rule `repeated_rows`); counts of people and of distinct values, which no weight moves, stay.

A query whose relations are all public is PUBLIC. Any aggregate over a PRIVATE relation is PROTECTED: stage 8 makes it
publishable, and everything above it works on published values only.
"""

from __future__ import annotations

from dataclasses import replace

from query_guard.policy.draft import Conjunct, Draft, JoinKind, Source
from query_guard.policy.plan import Flow, Relation
from query_guard.policy.refusing import excerpt, refuse


def classify_flow(draft: Draft) -> Draft:
    """Sets `anchor`, `flow`, `reference_keys` and the first `relations`. Raises `join-without-person`,
    `join-keeps-nobody`, `reference-not-keyed`."""
    private = tuple(draft.private_sources())
    relations = tuple(Relation(excerpt(source.node), _base_flow(source)) for source in draft.sources)
    if not private:
        return replace(draft, flow=Flow.PUBLIC, relations=relations)
    anchor = next((source for source in private if source.join.filters), None)
    if anchor is None:
        raise refuse("join-keeps-nobody", private[0].node)
    _check_people(draft, anchor)
    keys = _reference_keys(draft)
    return replace(draft, anchor=anchor, flow=Flow.PRIVATE, relations=relations, reference_keys=keys)


def _base_flow(source: Source) -> Flow:
    return Flow.PRIVATE if source.is_private else Flow.PUBLIC


def _check_people(draft: Draft, anchor: Source) -> None:
    """Cases 3 to 5 of the proof: everything about people is connected to the anchor."""
    private = tuple(draft.private_sources())
    links = _holding_links(draft)
    for place, source in enumerate(private):
        if not source.join.filters:
            links.append(_parent_link(draft, source, is_first=place == 0))
    connected = {anchor.alias}
    while grown := {alias for link in links if connected & set(link) for alias in link} - connected:
        connected |= grown
    for source in private:
        if source.alias not in connected:
            raise refuse("join-without-person", source.node)


def _parent_link(draft: Draft, source: Source, *, is_first: bool) -> tuple[str, str]:
    """The one table before it whose person a left, semi or anti joined table shares.

    One and no more: ON x.person_id = a.person_id AND x.person_id = b.person_id says nothing of a and b, whose rows
    a left join keeps when no x fits.
    """
    if is_first:
        raise refuse("join-keeps-nobody", source.node)
    links = _own_links(draft, source)
    if not links:
        raise refuse("join-without-person", source.node)
    return links[0]


def _own_links(draft: Draft, source: Source) -> list[tuple[str, str]]:
    """Equalities of person_id in the source's own ON that have the source on one side."""
    return [
        conjunct.person_link
        for conjunct in draft.conjuncts
        if conjunct.home == source.alias and conjunct.person_link and source.alias in conjunct.person_link
    ]


def _holding_links(draft: Draft) -> list[tuple[str, str]]:
    """Equalities of person_id that hold for every row of the result: of WHERE and of the ONs of inner joins."""
    holding = {source.alias for source in draft.sources if source.join is JoinKind.INNER} | {""}
    return [conjunct.person_link for conjunct in draft.conjuncts if conjunct.home in holding and conjunct.person_link]


def _reference_keys(draft: Draft) -> dict[str, tuple[str, ...]]:
    """For every public table whose rows can multiply people's rows, the columns that tie it to what is determined
    already."""
    waiting = {source.alias: source for source in draft.sources if not source.is_private and source.join.keeps_columns}
    determined = frozenset(source.alias for source in draft.sources) - set(waiting)
    keys: dict[str, tuple[str, ...]] = {}
    while waiting:
        found = next(((alias, key) for alias in waiting if (key := _key_columns(draft, alias, determined))), None)
        if found is None:
            raise refuse("reference-not-keyed", next(iter(waiting.values())).node)
        alias, keys[alias] = found
        determined |= {alias}
        del waiting[alias]
    return keys


def _key_columns(draft: Draft, alias: str, determined: frozenset[str]) -> tuple[str, ...]:
    """The columns of the public table `alias` that equalities tie to the relations in `determined`."""
    return tuple(
        column
        for conjunct in draft.conjuncts
        if holds_for(draft, conjunct, alias)
        for owner, column, others in conjunct.keyed
        if owner == alias and others <= determined
    )


def holds_for(draft: Draft, conjunct: Conjunct, alias: str) -> bool:
    """Whether the condition holds for every matched row of `alias`: it is in its own ON, in WHERE, or in an inner
    join's ON."""
    return conjunct.home in ("", alias) or any(
        source.alias == conjunct.home and source.join is JoinKind.INNER for source in draft.sources
    )
