"""The proof of `relations.flow` against a brute-force meaning of FROM: whatever it accepts holds on all small data.

Every combination of up to three relations, flows, ways of joining and equalities of persons is typed; what is typed
PRIVATE is evaluated on every choice of two people's records: each row must hold one person's keys only, and must be
there in the same way when the other person's records are taken out of every table.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, product
from random import Random

import pytest

from query_guard.policy.plan import Flow
from query_guard.policy.relations.flow import Link, NotTyped, Part, RowsType, type_rows
from query_guard.policy.relations.source import JoinKind
from tests.support.relations.joins import (
    KINDS,
    OUTSIDE,
    WHERE,
    Entry,
    Join,
    Tables,
    Tie,
    broken_claim,
    broken_tie,
    possible_ties,
)

pytestmark = pytest.mark.slow

ONE, TWO = (1, 0), (2, 0)
PEOPLE: tuple[tuple[Entry, ...], ...] = ((), (ONE,), (TWO,), (ONE, TWO))
REFERENCE: tuple[tuple[Entry, ...], ...] = ((), ((0, 0),))
ASKER = OUTSIDE


def typed(join: Join, outside: tuple[int, ...] = ()) -> RowsType | None:
    """What the proof says of a join; None for a refusal."""
    parts = tuple(
        Part(f"t{place}", Flow.PRIVATE if people else Flow.PUBLIC, JoinKind[join.kind(place).upper()])
        for place, people in enumerate(join.about_people)
    )
    links = tuple(
        Link(f"t{tie.one}", f"t{tie.other}", "" if tie.home == WHERE else f"t{tie.home}") for tie in join.ties
    )
    try:
        return type_rows(parts, links, frozenset(f"t{place}" for place in outside))
    except NotTyped:
        return None


def anchors_of(rows: RowsType) -> tuple[int, ...]:
    return tuple(int(alias.removeprefix("t")) for alias in rows.anchors)


def joins(relations: int, outside: tuple[int, ...] = (), most_ties: int = 99) -> Iterator[Join]:
    """Every join of so many relations."""
    for about_people in product((True, False), repeat=relations):
        for kinds in product(KINDS, repeat=relations - 1):
            ties = possible_ties(about_people, kinds, outside)
            for size in range(min(most_ties, len(ties)) + 1):
                for chosen in combinations(ties, size):
                    yield Join(about_people, kinds, chosen)


def small_data(about_people: tuple[bool, ...]) -> Iterator[Tables]:
    return product(*(PEOPLE if people else REFERENCE for people in about_people))


@pytest.mark.parametrize("relations", [1, 2, 3])
def test_what_is_typed_private_keeps_every_row_with_one_person(relations: int) -> None:
    accepted = 0
    for join in joins(relations):
        rows = typed(join)
        if rows is None or rows.flow is not Flow.PRIVATE:
            continue
        accepted += 1
        for tables in small_data(join.about_people):
            assert not broken_claim(join, tables, anchors_of(rows), (1, 2)), (join, tables)
    assert accepted >= (1, 17, 1063)[relations - 1]  # a stricter proof would refuse honest joins


@pytest.mark.parametrize(("relations", "askers", "most_ties"), [(1, 1, 9), (2, 1, 9), (2, 2, 3), (3, 1, 2)], ids=str)
def test_a_subquery_beside_a_person_sees_this_persons_records_only(relations: int, askers: int, most_ties: int) -> None:
    outside = tuple(ASKER + number for number in range(askers))
    beside: list[dict[int, Entry | None]] = [dict.fromkeys(outside, ONE)]
    beside += [{**dict.fromkeys(outside, ONE), missing: None} for missing in outside]
    for join in joins(relations, outside, most_ties):
        rows = typed(join, outside)
        if rows is None or rows.flow is not Flow.PRIVATE:
            continue
        for tables, around in product(small_data(join.about_people), beside):
            assert not broken_tie(join, tables, anchors_of(rows), around, 1), (join, tables)


def test_larger_joins_with_repeated_and_nameless_records_and_further_conditions() -> None:
    chance, accepted = Random(20), 0
    while accepted < 1500:
        join = _any_join(chance, chance.choice((3, 4, 5)))
        rows = typed(join)
        if rows is None or rows.flow is not Flow.PRIVATE:
            continue
        accepted += 1
        for _ in range(6):
            tables = tuple(_any_table(chance, about_people=people) for people in join.about_people)
            assert not broken_claim(join, tables, anchors_of(rows), (1, 2)), (join, tables)


def _any_join(chance: Random, relations: int) -> Join:
    about_people = tuple(chance.random() < 0.75 for _ in range(relations))
    kinds = tuple(chance.choice(KINDS) for _ in range(relations - 1))
    ties = possible_ties(about_people, kinds)
    chosen = tuple(tie for tie in ties if chance.random() < 2 * relations / (len(ties) + 1))
    choosy = frozenset(place for place in range(1, relations) if kinds[place - 1] != "cross" and chance.random() < 0.4)
    return Join(about_people, kinds, chosen, choosy)


def _any_table(chance: Random, *, about_people: bool) -> tuple[Entry, ...]:
    persons = (1, 1, 2, 2, None) if about_people else (0,)
    return tuple((chance.choice(persons), chance.choice((0, 1))) for _ in range(chance.choice((0, 1, 2, 3))))


def test_the_model_finds_what_a_wrong_proof_would_let_through() -> None:
    """The brute force is no rubber stamp: each of these joins breaks the claim on some small data."""
    people = (True, True, True)
    wrong = [
        Join((True, True), ("cross",), ()),
        Join((True, True), ("left",), ()),
        Join((True, True), ("anti",), ()),
        Join(people, ("cross", "left"), (Tie(0, 2, 2), Tie(1, 2, 2))),
        Join(people, ("cross", "left"), (Tie(0, 2, 2), Tie(0, 1, 2))),
        Join(people, ("cross", "anti"), (Tie(0, 2, 2), Tie(1, 2, 2))),
        Join(people, ("full", "left"), (Tie(0, 1, 1),)),
    ]
    for join in wrong:
        assert any(broken_claim(join, tables, (0,), (1, 2)) for tables in small_data(join.about_people)), join
        assert typed(join) is None
