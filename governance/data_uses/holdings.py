"""What data is held: of the region in force, who sends what, since when, and about how many people.

Promise: years and rounded counts; a year is named only if enough rows lie in one of its months.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from governance.data_uses.rounding import coarse
from governance.data_uses.words import TABLES, say_feed
from governance.registry.regions import current_region
from governance.roles import ALL_TABLES
from governance.store.intake import Delivery

FEWEST_ROWS = 100  # of a month, for its year to be named


@dataclass(frozen=True)
class Source:
    """One sender. `records`: rounded, None if fewer than a thousand; years: 0 where none is known."""

    feed: str
    name: str
    tells: str
    records: int | None
    first_year: int
    last_year: int
    newest_arrival: date


@dataclass(frozen=True)
class Holdings:
    """All of it. `kinds`: what the records are about, in the common format that projects are given."""

    built_on: date
    people: int | None
    sources: tuple[Source, ...]
    kinds: tuple[str, ...]


def read_holdings(session: Session) -> Holdings | None:
    """What is held, or None before the first region is built."""
    region = current_region(session)
    if region is None:
        return None
    arrived: dict[str, list[Delivery]] = {}
    for row in session.scalars(select(Delivery).where(Delivery.id.in_(region.deliveries)).order_by(Delivery.feed)):
        arrived.setdefault(row.feed, []).append(row)
    kinds = dict.fromkeys(words for table, words in TABLES.items() if table != ALL_TABLES)
    sources = tuple(_source(feed, rows) for feed, rows in arrived.items())
    return Holdings(region.created_at.date(), coarse(region.people), sources, tuple(kinds))


def _source(feed: str, rows: list[Delivery]) -> Source:
    name, tells = say_feed(feed)
    years = sorted(year for row in rows for year in _years(row.summary))
    kept = coarse(sum(row.rows_kept for row in rows))
    newest = max(row.received_at for row in rows).date()
    return Source(feed, name, tells, kept, years[0] if years else 0, years[-1] if years else 0, newest)


def _years(summary: str) -> set[int]:
    """Of a delivery's ledger as the landing wrote it."""
    tables = json.loads(summary).get("tables", ())
    months = [pair for table in tables for pair in (table.get("months") or {}).items()]
    return {int(month[:4]) for month, rows in months if rows >= FEWEST_ROWS and month[:4].isdecimal()}
