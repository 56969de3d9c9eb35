"""What the proof of `relations.flow` accepts and refuses, case by case: honest joins are typed, others refused."""

from __future__ import annotations

from itertools import product

import pytest

from query_guard.policy.plan import Flow
from query_guard.policy.relations.flow import Link, NotTyped, Part, RowsType, type_rows, type_set
from query_guard.policy.relations.source import JoinKind

PEOPLE, NOBODY, PUBLISHED = Flow.PRIVATE, Flow.PUBLIC, Flow.PROTECTED


def typed(text: str, ties: str = "", outside: str = "") -> RowsType:
    """`text`: "a, left b, full c" (a capital letter is about nobody, one in quotes published); `ties`: "ab" in WHERE,
    "ab@b" in the ON of b."""
    parts = []
    for entry in text.split(", "):
        *words, name = entry.split()
        kind = JoinKind[words[0].upper()] if words else JoinKind.FIRST
        flow = PUBLISHED if name.startswith("'") else NOBODY if name.isupper() else PEOPLE
        parts.append(Part(name.strip("'"), flow, kind))
    links = [tie.partition("@") for tie in ties.split()]
    return type_rows(tuple(parts), tuple(Link(pair[0], pair[1], home) for pair, _, home in links), frozenset(outside))


HONEST = [
    ("a", "", "a"),
    ("a, inner b", "ab@b", "a"),
    ("a, cross b", "ab", "a"),
    ("a, inner b, inner c", "ab@b bc@c", "a"),
    ("a, cross b, cross c", "ac cb", "a"),
    ("a, left b", "ab@b", "a"),
    ("a, left b, left c", "ab@b bc@c", "a"),
    ("a, left b, inner c", "ab@b bc@c", "a"),
    ("a, left b, cross c", "ab@b ac", "a"),
    ("a, full b", "ab@b", "ab"),
    ("a, full b, full c", "ab@b ac@c", "abc"),
    ("a, full b, left c", "ab@b bc@c", "ab"),
    ("a, full b, inner c", "ab@b ac@c bc@c", "ab"),
    ("a, left b, full c", "ab@b ac@c", "ac"),
    ("a, semi b", "ab@b", "a"),
    ("a, anti b", "ab@b", "a"),
    ("a, semi b, anti c, inner d", "ab@b ac@c ad@d", "a"),
    ("a, inner C", "", "a"),
    ("a, cross C", "", "a"),
    ("a, left C", "", "a"),
    ("a, semi C", "", "a"),
    ("a, anti C", "", "a"),
    ("C, inner a", "", "a"),
    ("C, cross a, left b", "ab@b", "a"),
    ("C, left D, inner a", "", "a"),
    ("C, full D, inner a", "", "a"),
    ("a, inner b, left C, left D", "ab@b", "a"),
    ("a, inner 'c'", "", "a"),
    ("'c', cross a, full b", "ab@b", "ab"),
]
REFUSED = [
    ("a, cross b", "", "join-without-person", "b"),
    ("a, inner b", "", "join-without-person", "b"),
    ("a, left b", "", "join-without-person", "b"),
    ("a, left b", "ab", "join-without-person", "b"),
    ("a, full b", "", "join-without-person", "b"),
    ("a, semi b", "", "join-without-person", "b"),
    ("a, anti b", "", "join-without-person", "b"),
    ("a, inner b, inner c", "bc@c", "join-without-person", "b"),
    ("a, inner b, inner c", "ab@b", "join-without-person", "c"),
    # one relation joined to two does not make these two one person
    ("a, cross b, left c", "ac@c bc@c", "join-without-person", "b"),
    ("a, cross b, full c", "ac@c bc@c", "join-without-person", "b"),
    ("a, cross b, semi c", "ac@c bc@c", "join-without-person", "b"),
    ("a, cross b, anti c", "ac@c bc@c", "join-without-person", "b"),
    # an ON that filters nothing connects nothing but its own relation
    ("a, cross b, left c", "ac@c ab@c", "join-without-person", "b"),
    ("a, cross b, anti c", "ac@c ab@c", "join-without-person", "b"),
    ("a, cross b, left C", "ab@C", "join-without-person", "b"),
    ("a, left b, left c", "ac@c ab@c", "join-without-person", "b"),
    # rows about nobody
    ("C, left a", "", "join-keeps-nobody", "a"),
    ("C, full a", "", "join-keeps-nobody", "a"),
    ("C, semi a", "", "join-keeps-nobody", "a"),
    ("C, anti a", "", "join-keeps-nobody", "a"),
    ("a, full C", "", "join-keeps-nobody", "C"),
    ("a, full 'c'", "", "join-keeps-nobody", "c"),
    ("C, left a, inner b", "ab@b", "join-keeps-nobody", "a"),
    ("C, inner a, full D", "", "join-keeps-nobody", "D"),
]
TIED = [
    ("a", "ap", "p"),
    ("a", "aq", "pq"),
    ("a, inner b", "ab@b ap", "p"),
    ("a, inner b", "ap bp", "p"),
    ("a, left b", "ab@b ap", "p"),
    ("a, left b", "bp@b ap", "p"),
    ("a, full b", "ab@b bp", "p"),
    ("C, inner a", "ap@a", "p"),
]
UNTIED = [
    ("a", "", "p", "subquery-without-person"),
    ("a, inner b", "ab@b", "p", "subquery-without-person"),
    ("a, left b", "bp@b", "p", "subquery-without-person"),
    ("a, inner b", "ap", "p", "subquery-without-person"),
    ("a, left b", "ap", "p", "join-without-person"),
    # what an ON ties to the row around is not all that a full join keeps
    ("a, inner C, full b", "ap@C ab@b", "p", "subquery-without-person"),
    ("a, inner C, full b", "ap@C bp@b", "p", "subquery-without-person"),
    ("a, inner c, full b", "ac@c cp@c ab@b", "p", "subquery-without-person"),
]


@pytest.mark.parametrize(("text", "ties", "anchors"), HONEST)
def test_honest_joins_keep_their_persons(text: str, ties: str, anchors: str) -> None:
    assert typed(text, ties) == RowsType(PEOPLE, tuple(anchors))


@pytest.mark.parametrize(("text", "ties", "code", "alias"), REFUSED)
def test_other_joins_are_refused_at_their_place(text: str, ties: str, code: str, alias: str) -> None:
    with pytest.raises(NotTyped) as found:
        typed(text, ties)
    assert (found.value.code, found.value.alias) == (code, alias)


@pytest.mark.parametrize(("text", "ties", "outside"), TIED)
def test_subqueries_tied_to_the_row_around(text: str, ties: str, outside: str) -> None:
    assert typed(text, ties, outside).flow is PEOPLE


@pytest.mark.parametrize(("text", "ties", "outside", "code"), UNTIED)
def test_subqueries_that_would_see_other_people(text: str, ties: str, outside: str, code: str) -> None:
    with pytest.raises(NotTyped) as found:
        typed(text, ties, outside)
    assert found.value.code == code


@pytest.mark.parametrize(
    ("text", "flow"),
    [("C", NOBODY), ("C, left D", NOBODY), ("C, full D", NOBODY), ("'c'", PUBLISHED), ("C, anti 'd'", PUBLISHED)],
)
def test_rows_about_nobody(text: str, flow: Flow) -> None:
    assert typed(text) == typed(text, outside="p") == RowsType(flow)


def test_set_operations_mix_people_with_nothing_else() -> None:
    for number in (1, 2, 3, 4):
        for flows in product(Flow, repeat=number):
            if PEOPLE in flows:
                assert type_set(flows) is (PEOPLE if set(flows) == {PEOPLE} else None)
            else:
                assert type_set(flows) is (PUBLISHED if PUBLISHED in flows else NOBODY)
