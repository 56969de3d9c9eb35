"""Writes small staged feeds in the shape that landing leaves, for tests of what reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from intake.feeds import find_feed
from intake.linkage.staged import quote_name
from intake.places import IntakePlaces

Row = Mapping[str, object]
PERSON_REF = "person_ref"


@dataclass(frozen=True)
class StagedDelivery:
    """An accepted delivery, as far as its readers ask."""

    id: str
    number: int
    feed: str


def stage(
    places: IntakePlaces, feed: str, tables: Mapping[str, Sequence[Row]], *, number: int, name: str = ""
) -> StagedDelivery:
    """Write rows (official column names; `person_ref` if the schema's own would not do) as one delivery."""
    delivery = StagedDelivery(name or f"{feed}-{number}", number, feed)
    for table, rows in tables.items():
        folder = places.delivery(delivery.id).staged / table
        folder.mkdir(mode=0o700, parents=True)
        _write(folder / "part.parquet", feed, table, rows, number)
    return delivery


def valid_number(serial: int) -> str:
    """The NHS number of the range not issued that begins with 900000000 + serial, or with the next that has one."""
    while True:
        digits = str(900_000_000 + serial)
        check = -sum(int(digit) * weight for digit, weight in zip(digits, range(10, 1, -1), strict=True)) % 11
        if check < 10:
            return f"{digits}{check}"
        serial += 100_000  # keep off the neighbours


def _write(file: Path, feed: str, table: str, rows: Sequence[Row], number: int) -> None:
    schema = find_feed(feed).tables[table]
    with duckdb.connect(":memory:") as connection:
        columns = ", ".join(f"{quote_name(name)} {column.type}" for name, column in schema.columns.items())
        connection.execute(f"CREATE TABLE rows ({columns}, record_id BIGINT, person_ref UBIGINT)")
        for place, row in enumerate(rows):
            values = [_text(row.get(name)) for name in schema.columns]
            held = [_text(row.get(name)) for name in schema.person]
            digest = "NULL" if not any(held) else "md5_number_lower(?)"
            marks = ", ".join("?" for _ in values)
            told = [] if not any(held) else ["\x1f".join([feed, *(each or "" for each in held)])]
            connection.execute(
                f"INSERT INTO rows VALUES ({marks}, {(number << 36) | place}, {digest})", [*values, *told]
            )
        connection.execute(f"COPY rows TO '{file}' (FORMAT parquet)")


def _text(value: object) -> str | None:
    if value is None:
        return None
    return value.isoformat() if isinstance(value, date) else str(value)
