"""The feeds are data: every schema loads, names what exists, marks what identifies; else it is refused."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator

import pytest

from governance.refusal import Refusal
from intake.feeds import IDENTIFIERS, FeedColumn, FeedTable, Meaning, code_lists, find_feed, region_feeds
from intake.feeds.schema import read_feed

TABLES = {
    "ambulance": ("call",),
    "community": ("mpi", "referral", "care_contact"),
    "gp": ("patient", "journal"),
    "hospital": ("apc", "op", "ecds"),
    "mental_health": ("mpi", "referral", "care_contact", "spell", "diagnosis"),
    "social_care": ("event",),
}


def _tables() -> Iterator[FeedTable]:
    for feed in region_feeds():
        yield from feed.tables.values()


def _columns() -> Iterator[FeedColumn]:
    for table in _tables():
        yield from table.columns.values()


def test_the_region_has_its_six_feeds_and_their_tables() -> None:
    assert {feed.name: tuple(feed.tables) for feed in region_feeds()} == TABLES
    assert all(feed.controllers for feed in region_feeds())


def test_every_code_list_named_exists_and_every_list_is_named() -> None:
    named = {column.codes for column in _columns()} - {None}
    assert named == set(code_lists())
    assert all(codes and all(codes.values()) for codes in code_lists().values())


def test_no_two_tables_of_a_feed_take_the_same_file() -> None:
    for feed in region_feeds():
        files = [table.file.lower() for table in feed.tables.values()]
        assert not any(a != b and b.startswith(a) for a in files for b in files)
        assert len(set(files)) == len(files)


def test_a_reference_has_as_many_columns_as_the_key_it_means() -> None:
    for feed in region_feeds():
        for table in feed.tables.values():
            for other, columns in table.refers.items():
                assert len(columns) == len(feed.tables[other].key)


def test_every_feed_can_tell_who_somebody_is() -> None:
    for feed in region_feeds():
        assert any(table.tells_identity for table in feed.tables.values())
        assert any(table.column_meaning(Meaning.NHS_NUMBER) for table in feed.tables.values())
        assert all(table.person for table in feed.tables.values())


@pytest.mark.parametrize("feed", sorted(TABLES))
def test_tables_of_one_feed_name_a_person_alike(feed: str) -> None:
    meanings = {
        tuple((table.columns[name].meaning, table.columns[name].type) for name in table.person)
        for table in find_feed(feed).tables.values()
    }
    assert len(meanings) == 1


def test_identifiers_are_marked() -> None:
    telling = ("nhs", "forename", "surname", "postcode", "birthdate", "date_of_birth", "date of birth", "person_id")
    for column in _columns():
        if any(word in column.name.lower() for word in telling):
            assert column.meaning in IDENTIFIERS, column.name
        if column.meaning in IDENTIFIERS:
            assert column.type in ("VARCHAR", "DATE")


def test_a_table_of_events_says_when_and_requires_it() -> None:
    people = {("patient", False), ("mpi", False)}
    assert {(table.name, bool(table.event_date)) for table in _tables() if not table.event_date} == people
    assert all(table.columns[table.event_date].required for table in _tables() if table.event_date)


def test_keys_are_required_except_where_a_number_may_be_unknown() -> None:
    for table in _tables():
        for name in table.key:
            assert table.columns[name].required or table.columns[name].meaning is Meaning.NHS_NUMBER


def test_an_unknown_feed_is_refused() -> None:
    with pytest.raises(Refusal, match="no-such-feed"):
        find_feed("dental")


GOOD = """
[feed]
name = "x"
title = "X"
controllers = ["y"]
[tables.t]
title = "T"
file = "T"
key = ["A"]
[tables.t.columns]
A = "BIGINT required range=1..9 | a"
"""


def test_a_schema_reads() -> None:
    column = read_feed(tomllib.loads(GOOD)).tables["t"].columns["A"]
    assert column == FeedColumn("A", "BIGINT", required=True, low=1, high=9, description="a")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("BIGINT", "MONEY"),
        (" | a", ""),
        ("required", "obligatory"),
        ("required", "is=somebody"),
        ("1..9", "1-9"),
        ('key = ["A"]', 'key = ["B"]'),
        ('key = ["A"]', 'event_date = "B"'),
        ('key = ["A"]', 'person = ["B"]'),
        ('title = "T"', ""),
        ('name = "x"', ""),
        ('controllers = ["y"]', ""),
        ("BIGINT required range=1..9", ""),
    ],
)
def test_a_malformed_schema_is_refused(old: str, new: str) -> None:
    assert old in GOOD
    with pytest.raises((ValueError, KeyError)):
        read_feed(tomllib.loads(GOOD.replace(old, new)))
