"""Properties of opt-outs over time: adding one never opens anything, order of loading does not matter, taking one back
takes back that one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import duckdb
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from intake.optouts.database import SCHEMA
from intake.optouts.state import in_force_sql, journal_dissent_sql

pytestmark = pytest.mark.slow  # whole pipelines or real servers: seconds, too many for `make check`

START = date(2026, 1, 1)
ENDS = ("withdrawn", "declined")
Key = tuple[int, str, str]


@dataclass(frozen=True)
class Said:
    key: Key
    status: str
    starts: date | None
    ends: date | None


def days() -> st.SearchStrategy[date]:
    return st.integers(0, 12).map(lambda days: START + timedelta(days=days))


@st.composite
def sayings(draw: st.DrawFn, *, ending: bool | None = None) -> Said:
    kind = draw(st.sampled_from(["type_1", "local", "gdpr_objection"]))
    controller = draw(st.sampled_from(["gp", "hospital"])) if kind == "gdpr_objection" else ""
    allowed = ["pending", "upheld", "declined", "withdrawn"] if kind == "gdpr_objection" else ["active", "withdrawn"]
    status = draw(st.sampled_from([word for word in allowed if ending is None or (word in ENDS) == ending]))
    starts = draw(days() if status in ENDS else st.none() | days())
    ends = draw(st.none() | st.integers(0, 6).map(lambda length: (starts or START) + timedelta(days=length)))
    return Said((draw(st.integers(1, 2)), kind, controller), status, starts, ends)


@pytest.fixture(scope="module")
def database() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("ATTACH ':memory:' AS o")
    connection.execute("USE o")
    connection.execute(SCHEMA)
    return connection


def found(database: duckdb.DuckDBPyConnection, said: Sequence[Said], day: date) -> set[tuple[Key, str]]:
    database.execute("DELETE FROM choice")
    for version, one in enumerate(said, 1):
        database.execute(
            "INSERT INTO choice VALUES (?, ?, ?, ?, ?, ?, ?)", [version, *one.key, one.status, one.starts, one.ends]
        )
    return {((row[0], row[1], row[2]), row[3]) for row in database.execute(in_force_sql("o", day)).fetchall()}


def expected(said: Sequence[Said], day: date) -> set[tuple[Key, str]]:
    """The rule read off its words: through what covers the day, oldest first; an ending empties the slate."""
    slate: dict[Key, set[str]] = {}
    covering = [
        (one.starts or date.min, version, one)
        for version, one in enumerate(said)
        if (one.starts is None or one.starts <= day) and (one.ends is None or day <= one.ends)
    ]
    for _, _, one in sorted(covering, key=lambda row: row[:2]):
        if one.status in ENDS:
            slate[one.key] = set()
        else:
            slate.setdefault(one.key, set()).add(one.status)
    return {(key, status) for key, statuses in slate.items() for status in statuses}


@examples(max_examples=100)
@given(said=st.lists(sayings(), max_size=7), day=days())
def test_what_is_in_force_follows_the_rule(database: duckdb.DuckDBPyConnection, said: list[Said], day: date) -> None:
    assert found(database, said, day) == expected(said, day)


@examples(max_examples=80)
@given(said=st.lists(sayings(), max_size=6), more=sayings(ending=False), place=st.integers(0, 6), day=days())
def test_adding_an_opt_out_never_allows_more(
    database: duckdb.DuckDBPyConnection, said: list[Said], more: Said, place: int, day: date
) -> None:
    before = found(database, said, day)
    after = found(database, [*said[:place], more, *said[place:]], day)
    assert before <= after


@examples(max_examples=80)
@given(said=st.lists(sayings(), max_size=6), day=days(), data=st.data())
def test_the_order_of_loading_does_not_matter_where_days_differ(
    database: duckdb.DuckDBPyConnection, said: list[Said], day: date, data: st.DataObject
) -> None:
    distinct = list({(one.key, one.starts): one for one in said}.values())
    assert found(database, distinct, day) == found(database, data.draw(st.permutations(distinct)), day)


@examples(max_examples=80)
@given(said=st.lists(sayings(), max_size=5), more=sayings(ending=False), day=days())
def test_taking_back_what_was_just_said_leaves_what_was_there_before(
    database: duckdb.DuckDBPyConnection, said: list[Said], more: Said, day: date
) -> None:
    """Of a person who had no opt-out of the kind: whoever has one and withdraws, withdraws all of the kind."""
    others = [one for one in said if one.key != more.key]
    begins = more.starts or START
    opted = Said(more.key, more.status, begins, None)
    back = Said(more.key, "withdrawn", begins, None)
    assert found(database, [*others, opted, back], day) == found(database, others, day)
    again = Said(more.key, more.status, begins + timedelta(days=2), None)
    assert ((more.key, more.status) in found(database, [*others, opted, again, back], day)) == (day >= again.starts)


def test_one_load_that_says_yes_and_no_of_one_day_is_an_opt_out(database: duckdb.DuckDBPyConnection) -> None:
    database.execute("DELETE FROM choice")
    for status in ("active", "withdrawn"):
        database.execute("INSERT INTO choice VALUES (1, 5, 'local', '', ?, DATE '2026-01-01', NULL)", [status])
    assert database.execute(in_force_sql("o", START)).fetchall() == [(5, "local", "", "active")]


@examples(max_examples=80)
@given(entries=st.lists(st.tuples(days(), st.booleans()), max_size=6), day=days())
def test_the_newest_journal_entry_counts_and_a_dissent_to_come_holds(
    database: duckdb.DuckDBPyConnection, entries: list[tuple[date, bool]], day: date
) -> None:
    database.execute("DELETE FROM journal_choice")
    for entered, dissents in entries:
        database.execute("INSERT INTO journal_choice VALUES (9, ?, ?)", [entered, dissents])
    counted = [(entered, dissents) for entered, dissents in entries if dissents or entered <= day]
    newest = max(counted, default=(START, False))  # True comes after False: on one day the dissent holds
    assert database.execute(journal_dissent_sql("o", day)).fetchall() == ([(9,)] if newest[1] else [])
