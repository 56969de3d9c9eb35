"""Deliveries in any order, repeated at will, late or resubmitted: the rows that count are the same."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.clock import now
from governance.registry.deliveries import DeliveryView
from intake.landing.current import current_rows_sql, staged_files, staged_rows_sql, superseded_sql
from intake.landing.files import DeliveredFile
from intake.landing.sources import open_sources
from intake.landing.staging import Shelf, stage_table
from intake.places import IntakePlaces
from intake.sources import open_workbench
from tests.support.deliveries import CLINIC, ENTRY, NUMBERS, PERSON, query, write_parquet

pytestmark = pytest.mark.slow  # whole pipelines or real servers: seconds, too many for `make check`

ENGINE = open_workbench()
#: Submissions of three periods; numbers grow, but the sender may deliver them in any order.
PEOPLE = st.builds(
    lambda month, submission, person, name: {
        **PERSON,
        "Month": month,
        "Submission": submission,
        "Person": f"p{person}",
        "Name": name,
    },
    st.integers(1, 3),
    st.integers(1, 3),
    st.integers(1, 3),
    st.sampled_from(["a", "b"]),
)
ENTRIES = st.builds(
    lambda number, day, code, reported: {
        **ENTRY,
        "NHS": number,
        "Day": f"2020-01-0{day}",
        "Code": code,
        "Reported": f"2020-0{reported}-28",
    },
    st.sampled_from([*NUMBERS[:2], None]),
    st.integers(1, 2),
    st.sampled_from(["c1", "c2"]),
    st.integers(2, 4),
)


def view(number: int) -> DeliveryView:
    moment = now()
    return DeliveryView(f"d{number}", number, "clinic", "0" * 64, "accepted", moment, 1, 1, 1, 0, "", None, "", "{}")


def counting_rows(table: str, deliveries: Sequence[Sequence[dict[str, Any]]]) -> list[tuple[object, ...]]:
    """The current rows after these deliveries have arrived in this order, without what tells the order."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        places = IntakePlaces(folder, folder, folder)
        views = [view(number) for number in range(1, len(deliveries) + 1)]
        for arrived, rows in zip(views, deliveries, strict=True):
            stage(folder, places, table, arrived, rows)
        found = query(current_rows_sql(CLINIC, CLINIC.tables[table], views, places))
        files = staged_files(CLINIC, CLINIC.tables[table], views, places)
        lost = superseded_sql(CLINIC, CLINIC.tables[table], views, places)
        gone = [row["record_id"] for row in query(lost)] if lost else []
        every = [row["record_id"] for row in query(staged_rows_sql(CLINIC.tables[table], files))] if files else []
        assert sorted([*gone, *(row["record_id"] for row in found)]) == sorted(every)
    return sorted((tuple(value for key, value in row.items() if key != "record_id") for row in found), key=str)


def stage(
    folder: Path, places: IntakePlaces, table: str, arrived: DeliveryView, rows: Sequence[dict[str, Any]]
) -> None:
    file = write_parquet(folder / f"in{arrived.number}", table, rows)
    shelf = Shelf(
        places.delivery(arrived.id).staged / table,
        places.delivery(arrived.id).quarantine / table,
        arrived.number,
        arrived.received_at.date(),
    )
    shelf.staged.mkdir(parents=True)
    shelf.quarantine.mkdir(parents=True)
    sources = open_sources(ENGINE, [DeliveredFile(file, table, ".parquet")], CLINIC.tables[table], folder, quiet)
    ledger = stage_table(ENGINE, CLINIC, CLINIC.tables[table], sources, shelf, quiet)
    assert ledger.rows_in == len(rows) == ledger.rows_kept + ledger.rows_duplicate


def quiet(what: str, done: int, total: int) -> None:
    """Nobody looks."""


@settings(max_examples=6)
@given(st.lists(st.lists(PEOPLE, min_size=1, max_size=5), min_size=2, max_size=3))
def test_every_order_of_arrival_gives_the_same_people(deliveries: list[list[dict[str, Any]]]) -> None:
    orders = list(itertools.permutations(deliveries))
    first = counting_rows("person", orders[0])
    for order in orders[1:]:
        assert counting_rows("person", order) == first
    newest: dict[int, int] = {}
    for row in itertools.chain(*deliveries):
        newest[row["Month"]] = max(newest.get(row["Month"], 0), row["Submission"])
    assert {(row[0], row[1]) for row in first} == set(newest.items())
    keys = [row[:3] for row in first]
    assert len(keys) == len(set(keys))


@settings(max_examples=6)
@given(st.lists(st.lists(ENTRIES, min_size=1, max_size=5), min_size=2, max_size=3))
def test_every_order_of_arrival_gives_the_same_entries(deliveries: list[list[dict[str, Any]]]) -> None:
    orders = list(itertools.permutations(deliveries))
    first = counting_rows("entry", orders[0])
    for order in orders[1:]:
        assert counting_rows("entry", order) == first

    def copies(rows: Sequence[Any]) -> dict[tuple[object, ...], int]:
        held: dict[tuple[object, ...], int] = {}
        for row in rows:
            held[row] = held.get(row, 0) + 1
        return held

    each = [copies([(row["NHS"], row["Day"], row["Code"]) for row in rows]) for rows in deliveries]
    most = {key: max(held.get(key, 0) for held in each) for key in set().union(*each)}
    assert copies([(row[0], str(row[1]), row[2]) for row in first]) == most


def test_a_delivery_without_a_table_adds_nothing() -> None:
    with TemporaryDirectory() as name, duckdb.connect() as connection:
        places = IntakePlaces(Path(name), Path(name), Path(name))
        sql = current_rows_sql(CLINIC, CLINIC.tables["visit"], [view(1)], places)
        assert connection.execute(sql).fetchall() == []
        assert [each[0] for each in connection.description] == [
            *CLINIC.tables["visit"].columns,
            "record_id",
            "person_ref",
        ]
