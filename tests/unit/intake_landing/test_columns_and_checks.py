"""Each value becomes one of its type or nothing; each check finds its fault and no other."""

from __future__ import annotations

import random
from datetime import date, datetime, time

import duckdb
import pytest

from intake.feeds import read_feed
from intake.landing.checks import CHECKS, OTHER_REASONS, any_fault, faults_of, list_faults
from intake.landing.columns import staged_value, typed_rows
from intake.landing.headers import match_columns
from intake.landing.sources import Source
from intake.landing.survey import WARNINGS

RECEIVED = date(2026, 1, 31)


def read(definition: str, value: object, kind: str = "VARCHAR") -> tuple[object, list[str]]:
    """The staged value of one column of one row, and the reasons against it."""
    feed = read_feed(
        {
            "feed": {"name": "f", "title": "t", "controllers": []},
            "tables": {"t": {"title": "t", "file": "T", "event_date": "x", "columns": {"x": f"{definition} | x"}}},
        }
    )
    table = feed.tables["t"]
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE given (x {kind}, file_row_number BIGINT)")
        connection.execute("INSERT INTO given VALUES (?, 0)", [value])
        source = Source("f", "given", {"x": "x"}, {"x": kind}, 1)
        faults = faults_of(table, source, RECEIVED)
        column = table.columns["x"]
        said = f"{staged_value(column)}, {any_fault(faults)}, {list_faults(faults)}"
        sql = f"SELECT {said} FROM ({typed_rows(table, source)})"
        staged, bad, places = connection.execute(sql).fetchall()[0]
    reasons = [faults[place].reason for place in places]
    assert bad == bool(reasons)
    return staged, reasons


@pytest.mark.parametrize(
    ("definition", "text", "expected"),
    [
        ("VARCHAR", "words", "words"),
        ("VARCHAR", "", None),
        ("INTEGER", "12", 12),
        ("INTEGER", "+12.00", 12),
        ("BIGINT", "-900719925474099", -900719925474099),
        ("DOUBLE", "1.5e3", 1500.0),
        ("BOOLEAN", "Y", True),
        ("BOOLEAN", "false", False),
        ("DATE", "2020-02-29", date(2020, 2, 29)),
        ("DATE", "29/02/2020", date(2020, 2, 29)),
        ("DATE", "20200229", date(2020, 2, 29)),
        ("DATE", "2020-02-29 10:11", date(2020, 2, 29)),
        ("TIME", "10:11:12", time(10, 11, 12)),
        ("TIMESTAMP", "2020-02-29T10:11:12", datetime(2020, 2, 29, 10, 11, 12)),
        ("TIMESTAMP", "29/02/2020 10:11", datetime(2020, 2, 29, 10, 11)),
        ("VARCHAR is=nhs_number", "900 000 0009", "9000000009"),
        ("BIGINT is=nhs_number", "9000000009", 9000000009),
        ("VARCHAR is=nhs_number", "9000000008", None),
        ("VARCHAR is=nhs_number", "nobody", None),
    ],
)
def test_texts_that_are_of_their_type(definition: str, text: str, expected: object) -> None:
    assert read(definition, text) == (expected, [])


@pytest.mark.parametrize(
    ("definition", "text"),
    [
        ("INTEGER", "12.5"),
        ("INTEGER", "1e3"),
        ("INTEGER", "99999999999"),
        ("INTEGER", "0x10"),
        ("BIGINT", "1_000"),
        ("DOUBLE", "nan"),
        ("DOUBLE", "inf"),
        ("DOUBLE", "1_0"),
        ("BOOLEAN", "maybe"),
        ("DATE", "2020-02-30"),
        ("DATE", "30/02/2020"),
        ("DATE", "epoch"),
        ("DATE", "infinity"),
        ("DATE", "yesterday"),
        ("TIME", "25:00"),
        ("TIMESTAMP", "2020-02-29T25:11:12"),
    ],
)
def test_texts_that_are_not(definition: str, text: str) -> None:
    assert read(definition, text) == (None, ["wrong-type"])


@pytest.mark.parametrize(
    ("definition", "value", "kind", "expected", "reasons"),
    [
        ("INTEGER", 1.5, "DOUBLE", None, ["wrong-type"]),
        ("INTEGER", 2.0, "DOUBLE", 2, []),
        ("INTEGER", 2**40, "BIGINT", None, ["wrong-type"]),
        ("DOUBLE", float("nan"), "DOUBLE", None, ["wrong-type"]),
        ("VARCHAR", 7, "BIGINT", "7", []),
        ("DATE", datetime(2020, 1, 2, 3, 4), "TIMESTAMP", date(2020, 1, 2), []),
        ("VARCHAR is=nhs_number", 9000000009, "BIGINT", "9000000009", []),
        ("VARCHAR is=nhs_number", 101010105, "BIGINT", None, []),
    ],
)
def test_values_that_come_typed(
    definition: str, value: object, kind: str, expected: object, reasons: list[str]
) -> None:
    assert read(definition, value, kind) == (expected, reasons)


@pytest.mark.parametrize(
    ("definition", "text", "reasons"),
    [
        ("VARCHAR required", "", ["missing-value"]),
        ("INTEGER required", "x", ["wrong-type"]),
        ("VARCHAR codes=sex", "banana", ["unknown-code"]),
        ("VARCHAR codes=sex", "", []),
        ("INTEGER range=0..10", "11", ["out-of-range"]),
        ("INTEGER range=0..10", "-1", ["out-of-range"]),
        ("INTEGER range=0..10", "10", []),
        ("DATE", "1899-12-31", ["too-early"]),
        ("DATE", "1900-01-01", []),
        ("DATE", "2026-02-01", []),
        ("DATE", "2026-02-02", ["too-late"]),
        ("TIMESTAMP", "2026-02-01 23:59:59", []),
        ("TIMESTAMP", "2026-02-02 00:00:00", ["too-late"]),
        ("DATE is=date_of_birth", "2999-01-01", ["too-late"]),
    ],
)
def test_each_check_finds_its_fault_and_no_other(definition: str, text: str, reasons: list[str]) -> None:
    assert read(definition, text)[1] == reasons


def test_the_check_digit_agrees_with_the_definition() -> None:
    """The sum over the digits as the NHS Data Dictionary says it, against the shorter way in SQL."""
    numbers = [f"{random.Random(seed).randrange(10**10):010}" for seed in range(2000)]
    feed = read_feed(
        {
            "feed": {"name": "f", "title": "t", "controllers": []},
            "tables": {"t": {"title": "t", "file": "T", "columns": {"x": "VARCHAR is=nhs_number | x"}}},
        }
    )
    table = feed.tables["t"]
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE given AS SELECT unnest(?) AS x, 0 AS file_row_number", [numbers])
        rows = typed_rows(table, Source("f", "given", {"x": "x"}, {"x": "VARCHAR"}, 1))
        found = connection.execute(f"SELECT {staged_value(table.columns['x'])} FROM ({rows})").fetchall()
    right = [
        text if sum(w * int(d) for w, d in zip(range(10, 0, -1), text, strict=True)) % 11 == 0 else None
        for text in numbers
    ]
    assert [row[0] for row in found] == right
    assert 100 < sum(text is not None for text in right) < 300


def test_column_names_match_whatever_their_case() -> None:
    feed = read_feed(
        {
            "feed": {"name": "f", "title": "t", "controllers": []},
            "tables": {"t": {"title": "t", "file": "T", "columns": {"Call Date": "DATE | d", "ID": "BIGINT | i"}}},
        }
    )
    assert match_columns(feed.tables["t"], "T.csv", [" id", "CALL DATE "]) == {"Call Date": "CALL DATE ", "ID": " id"}


def test_every_reason_has_words_and_one_name() -> None:
    names = [*(check.reason for check in CHECKS), *OTHER_REASONS, *WARNINGS]
    assert len(names) == len(set(names))
