"""A small feed of two tables, its files as deliveries, and what the landing made of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest

from governance.registry.deliveries import DeliveryView, accepted_deliveries
from governance.settings import Settings
from governance.store import Store
from intake import feeds
from intake.feeds import Feed, read_feed
from intake.landing.current import current_rows_sql
from intake.landing.delivery import DeliveryReport, land_delivery
from intake.places import IntakePlaces

BY = "operator:test"
#: Numbers that are not issued, with right check digits.
NUMBERS = (
    "9000000009",
    "9000000017",
    "9000000025",
    "9000000033",
    "9000000041",
    "9000000068",
    "9000000076",
    "9000000084",
)

CLINIC = read_feed(
    {
        "feed": {"name": "clinic", "title": "Clinic", "controllers": ["acute_trust"]},
        "tables": {
            "person": {
                "title": "People",
                "file": "ClinicPerson",
                "key": ["Month", "Submission", "Person"],
                "person": ["Person"],
                "period": ["Month"],
                "submission": "Submission",
                "columns": {
                    "Month": "INTEGER required | period",
                    "Submission": "BIGINT required | submission",
                    "Person": "VARCHAR required is=local_id | number",
                    "NHS": "VARCHAR is=nhs_number | number",
                    "Name": "VARCHAR is=surname | name",
                    "Born": "DATE is=date_of_birth | birth",
                    "Died": "DATE is=death_date | death",
                    "Sex": "VARCHAR is=sex codes=sex | sex",
                },
            },
            "visit": {
                "title": "Visits",
                "file": "ClinicVisit",
                "key": ["Month", "Submission", "Visit"],
                "person": ["Person"],
                "period": ["Month"],
                "submission": "Submission",
                "event_date": "Came",
                "spans": [["Came", "Went"]],
                "refers": {"person": ["Month", "Submission", "Person"]},
                "columns": {
                    "Month": "INTEGER required | period",
                    "Submission": "BIGINT required | submission",
                    "Visit": "BIGINT required | number",
                    "Person": "VARCHAR required is=local_id | number",
                    "Came": "DATE required | day",
                    "Went": "DATE | day",
                    "Score": "DOUBLE range=0..10 | score",
                    "First": "BOOLEAN | whether the first",
                    "At": "TIMESTAMP | moment",
                    "Note": "VARCHAR is=free_text | note",
                },
            },
            "entry": {
                "title": "Entries, without a key",
                "file": "ClinicEntry",
                "person": ["NHS"],
                "period": ["Reported"],
                "event_date": "Day",
                "columns": {
                    "NHS": "VARCHAR is=nhs_number | number",
                    "Day": "DATE required | day",
                    "Code": "VARCHAR required | code",
                    "Reported": "DATE | end of the period",
                },
            },
        },
    }
)

Rows = Sequence[Mapping[str, Any]]
PERSON = {"Month": 1, "Submission": 1, "Person": "p1", "NHS": NUMBERS[0], "Name": "Name", "Born": "1950-01-01"}
VISIT = {"Month": 1, "Submission": 1, "Visit": 1, "Person": "p1", "Came": "2020-01-05", "Score": 5}
ENTRY = {"NHS": NUMBERS[0], "Day": "2020-01-05", "Code": "c1", "Reported": "2020-01-31"}


@pytest.fixture
def clinic(monkeypatch: pytest.MonkeyPatch) -> Feed:
    """The feed `clinic`, known to the intake for the length of a test."""
    known = {**feeds.feeds(), CLINIC.name: CLINIC}
    monkeypatch.setattr(feeds, "feeds", lambda: known)
    return CLINIC


def write_csv(folder: Path, table: str, rows: Rows, *, name: str = "", encoding: str = "utf-8") -> Path:
    """A file of the table as a careful sender writes it."""
    columns = list(CLINIC.tables[table].columns)
    lines = [",".join(columns), *(",".join(_text(row.get(column)) for column in columns) for row in rows)]
    return write_text(folder, name or f"{CLINIC.tables[table].file}.csv", "\n".join(lines) + "\n", encoding)


def write_text(folder: Path, name: str, text: str, encoding: str = "utf-8") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(text.encode(encoding))
    return folder / name


def write_parquet(folder: Path, table: str, rows: Rows, *, name: str = "") -> Path:
    """The same as Parquet, with the schema's types."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / (name or f"{CLINIC.tables[table].file}.parquet")
    columns = CLINIC.tables[table].columns.values()
    with duckdb.connect() as connection:
        typed = ", ".join(f'"{column.name}" {column.type}' for column in columns)
        connection.execute(f"CREATE TABLE t ({typed})")
        for row in rows:
            marks = ", ".join("?" for _ in columns)
            connection.execute(f"INSERT INTO t VALUES ({marks})", [row.get(column.name) for column in columns])
        connection.execute(f"COPY t TO '{file}' (FORMAT parquet)")
    return file


def land(settings: Settings, store: Store, *paths: Path, **more: Any) -> DeliveryReport:
    return land_delivery(settings, store, CLINIC, paths, actor=BY, **more)


def accepted(store: Store) -> list[DeliveryView]:
    with store.reading() as session:
        return accepted_deliveries(session)


def current(settings: Settings, store: Store, table: str) -> list[dict[str, Any]]:
    """The rows that count now, in a fixed order."""
    sql = current_rows_sql(CLINIC, CLINIC.tables[table], accepted(store), IntakePlaces.of(settings))
    return query(sql)


def query(sql: str) -> list[dict[str, Any]]:
    with duckdb.connect() as connection:
        found = connection.execute(sql)
        names = [each[0] for each in found.description or ()]
        rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    return sorted(rows, key=lambda row: str(list(row.values())))


def staged(settings: Settings, report: DeliveryReport, table: str) -> list[dict[str, Any]]:
    folder = IntakePlaces.of(settings).delivery(report.delivery.id).staged / table
    return query(f"SELECT * FROM read_parquet('{folder}/*.parquet')")


def quarantined(settings: Settings, report: DeliveryReport, table: str) -> list[dict[str, Any]]:
    folder = IntakePlaces.of(settings).delivery(report.delivery.id).quarantine / table
    return query(f"SELECT * FROM read_parquet('{folder}/*.parquet')")


def reasons(report: DeliveryReport) -> Iterable[tuple[str, str, str, int]]:
    """(table, column, reason, rows) of everything in quarantine."""
    return [(each.table, f.column, f.reason, f.rows) for each in report.ledger.tables for f in each.faults]


def warnings(report: DeliveryReport) -> Iterable[tuple[str, str, str, int]]:
    return [(each.table, f.column, f.reason, f.rows) for each in report.ledger.tables for f in each.warnings]


def _text(value: object) -> str:
    return "" if value is None else str(value)
