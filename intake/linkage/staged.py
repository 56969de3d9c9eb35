"""Reads from staged tables what tells who somebody is, under names that no feed has of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from intake.feeds import Feed, FeedTable, Meaning
from intake.linkage.engine import quote_text
from intake.places import IntakePlaces

#: Our name of a fact -> what a feed's column must mean, and the type it is read as.
RAW_FACTS = {
    "number": (Meaning.NHS_NUMBER, "VARCHAR"),
    "birth": (Meaning.DATE_OF_BIRTH, "DATE"),
    "birth_year": (Meaning.BIRTH_YEAR, "SMALLINT"),
    "birth_month": (Meaning.BIRTH_MONTH, "TINYINT"),
    "sex": (Meaning.SEX, "VARCHAR"),
    "postcode": (Meaning.POSTCODE, "VARCHAR"),
    "surname": (Meaning.SURNAME, "VARCHAR"),
    "forename": (Meaning.FORENAME, "VARCHAR"),
}


_SPAN = 2**62  # parts of a moment are weighed so that an earlier one always outweighs a later one


class AcceptedDelivery(Protocol):
    """What linking needs of a delivery: its id, and the feed it is of."""

    @property
    def id(self) -> str:
        """Names its folder."""

    @property
    def feed(self) -> str:
        """Name of the feed."""


def tells_all_in_reference(table: FeedTable) -> bool:
    """Whether `person_ref` is a digest of every fact in the row, so that one reference never has two sets of facts."""
    facts = {column.name for name, (meaning, _) in RAW_FACTS.items() if (column := table.column_meaning(meaning))}
    return facts <= set(table.person)


def facts_sql(feed: Feed, table: FeedTable, deliveries: Sequence[AcceptedDelivery], places: IntakePlaces) -> str | None:
    """A SELECT of person_ref, the raw facts and `moment` (larger is newer) of each staged row; None without files."""
    rows = _rows_sql(table, [each for each in deliveries if each.feed == feed.name], places)
    if rows is None:
        return None
    facts = ", ".join(
        f"CAST({quote_name(column.name) if (column := table.column_meaning(meaning)) else 'NULL'} AS {kind}) AS {name}"
        for name, (meaning, kind) in RAW_FACTS.items()
    )
    return f"SELECT person_ref, {facts}, {_moment_sql(table)} AS moment FROM ({rows}) WHERE person_ref IS NOT NULL"


def quote_name(name: str) -> str:
    """An identifier of SQL."""
    return '"' + name.replace('"', '""') + '"'


def _moment_sql(table: FeedTable) -> str:
    """Larger is newer: by the row's own date; else by its period, within that by its submission; else by delivery."""
    if table.event_date is not None:
        return f"CAST({_number_sql(table, table.event_date)} AS HUGEINT)"
    parts = [_number_sql(table, name) for name in table.period if table.columns[name].type != "VARCHAR"]
    if table.submission is not None:
        parts.append(_number_sql(table, table.submission))
    moment = "CAST(0 AS HUGEINT)"
    for part in parts:
        moment = f"({moment} * {_SPAN} + {part})"
    return moment if parts else "CAST(record_id >> 36 AS HUGEINT)"


def _number_sql(table: FeedTable, name: str) -> str:
    column = quote_name(name)
    if table.columns[name].type in ("DATE", "TIMESTAMP"):
        return f"coalesce(date_diff('day', DATE '1700-01-01', CAST({column} AS DATE)), 0)"
    return f"coalesce(TRY_CAST({column} AS BIGINT), 0)"


def _rows_sql(table: FeedTable, deliveries: Sequence[AcceptedDelivery], places: IntakePlaces) -> str | None:
    files = [str(file) for each in deliveries for file in _files(places.delivery(each.id).staged, table.name)]
    if not files:
        return None
    return f"SELECT * FROM read_parquet([{', '.join(map(quote_text, sorted(files)))}], union_by_name = true)"


def _files(staged: Path, table: str) -> list[Path]:
    single = staged / f"{table}.parquet"
    if single.is_file():
        return [single]
    folder = single if single.is_dir() else staged / table
    return sorted(folder.glob("*.parquet"))
