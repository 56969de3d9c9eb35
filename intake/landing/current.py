"""The rows that count now: of all accepted deliveries of a table, without what a later submission has replaced.

Promise: the same deliveries give the same rows whatever the order in which they arrived: what wins is decided by the
period, the submission and the content of a row, never by when it came or which number its delivery bears.

- A table with submissions: within one period only rows of the highest submission count.
- A table with a key: of the rows of one key the newest period's wins, then the highest submission, then the content
  (an arbitrary but fixed order). A row that lacks part of its key has none, and stays.
- A table without a key: two equal rows of one delivery are two rows; the same rows delivered again, be it for a later
  period, are not. So a row counts as often as the delivery that has it most often says.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from governance.registry.deliveries import DeliveryView
from intake.feeds import Feed, FeedTable
from intake.landing.engine import quote_file
from intake.places import IntakePlaces
from intake.sources import quote_name

RECORD, PERSON_REF = "record_id", "person_ref"
NUMBER_SHIFT = 36  # a record_id is the delivery's number above the row's number: 2**36 rows a table


def staged_files(feed: Feed, table: FeedTable, deliveries: Sequence[DeliveryView], places: IntakePlaces) -> list[Path]:
    """Staged files of a table over these deliveries (those of other feeds are passed over), oldest delivery first."""
    files: list[Path] = []
    for delivery in sorted(deliveries, key=lambda view: view.number):
        if delivery.feed == feed.name:
            files += sorted((places.delivery(delivery.id).staged / table.name).glob("*.parquet"))
    return files


def current_rows_sql(feed: Feed, table: FeedTable, deliveries: Sequence[DeliveryView], places: IntakePlaces) -> str:
    """A SELECT of the table's columns, `record_id` and `person_ref` over all accepted staged files."""
    files = staged_files(feed, table, deliveries, places)
    columns = ", ".join(quote_name(name) for name in (*table.columns, RECORD, PERSON_REF))
    if not files:
        return f"SELECT {_nothing(table)} WHERE false"
    rows = staged_rows_sql(table, files)
    if table.submission is not None:
        rows = _latest_submissions(table, rows)
    several = len({file.parent for file in files}) > 1
    if table.key and (several or not set(newness(table)) <= set(table.key)):
        return _one_of_each_key(table, rows)
    if several and not table.key:
        losers = _losers_of_copies(table, rows, _largest(feed, table, deliveries, places))
        return f"SELECT {columns} FROM ({_without(rows, losers)})"
    return rows


def superseded_sql(feed: Feed, table: FeedTable, deliveries: Sequence[DeliveryView], places: IntakePlaces) -> str:
    """A SELECT of the `record_id` of every staged row that does not count: for whoever reads the current rows several
    times, so that what wins is worked out once. Empty if every row counts."""
    files = staged_files(feed, table, deliveries, places)
    if not files:
        return ""
    rows, several = staged_rows_sql(table, files), len({file.parent for file in files}) > 1
    losers = []
    if table.submission is not None:
        losers.append(_with_latest(table, rows, RECORD, "IS DISTINCT FROM"))
        rows = _latest_submissions(table, rows)
    if table.key and (several or not set(newness(table)) <= set(table.key)):
        losers.append(_losers_of_keys(table, rows))
    elif several and not table.key:
        losers.append(_losers_of_copies(table, rows, _largest(feed, table, deliveries, places)))
    return " UNION ALL ".join(losers)


def staged_rows_sql(table: FeedTable, files: Sequence[Path]) -> str:
    """A SELECT of the table's columns, `record_id` and `person_ref` over staged files, counting or not."""
    columns = ", ".join(quote_name(name) for name in (*table.columns, RECORD, PERSON_REF))
    return f"SELECT {columns} FROM read_parquet([{', '.join(quote_file(file) for file in files)}])"


def newness(table: FeedTable) -> tuple[str, ...]:
    """The columns that say which of two rows of one key is the newer, the weightiest first."""
    return (*table.period, *((table.submission,) if table.submission else ()))


def _nothing(table: FeedTable) -> str:
    typed = [f"CAST(NULL AS {column.type}) AS {quote_name(column.name)}" for column in table.columns.values()]
    return ", ".join([*typed, f"CAST(NULL AS BIGINT) AS {RECORD}", f"CAST(NULL AS UBIGINT) AS {PERSON_REF}"])


def _latest_submissions(table: FeedTable, rows: str) -> str:
    return _with_latest(table, rows, "*", "=")


def _with_latest(table: FeedTable, rows: str, chosen: str, compared: str) -> str:
    """Rows whose submission is (`=`) or is not (`IS DISTINCT FROM`) the highest of their period."""
    submission = quote_name(str(table.submission))
    period = [quote_name(name) for name in table.period]
    latest = f"SELECT {', '.join([*period, f'max({submission}) AS latest'])} FROM ({rows}) GROUP BY ALL"
    same = " AND ".join(f"s.{name} IS NOT DISTINCT FROM l.{name}" for name in period) or "true"
    return f"SELECT s.{chosen} FROM ({rows}) s JOIN ({latest}) l ON {same} AND s.{submission} {compared} l.latest"


def _one_of_each_key(table: FeedTable, rows: str) -> str:
    return _without(rows, _losers_of_keys(table, rows))


def _losers_of_keys(table: FeedTable, rows: str) -> str:
    """Rows whose key stands once are passed through; only the others are ranked, so that nothing large is sorted."""
    key = [quote_name(name) for name in table.key]
    whole = " AND ".join(f"{name} IS NOT NULL" for name in key)
    order = [f"{quote_name(name)} DESC NULLS LAST" for name in newness(table)]
    several = f"SELECT {', '.join(key)} FROM ({rows}) WHERE {whole} GROUP BY ALL HAVING count(*) > 1"
    ranked = (
        f"SELECT {RECORD}, row_number() OVER (PARTITION BY {', '.join(key)}"
        f" ORDER BY {', '.join([*order, f'md5(CAST({_row(list(table.columns))} AS VARCHAR)) DESC', RECORD])}) AS place"
        f" FROM (SELECT r.* FROM ({rows}) r SEMI JOIN ({several}) k ON {_equal('r', 'k', key)})"
    )
    return f"SELECT {RECORD} FROM ({ranked}) WHERE place > 1"


def _largest(feed: Feed, table: FeedTable, deliveries: Sequence[DeliveryView], places: IntakePlaces) -> int:
    """The number of the delivery that has most bytes of the table."""
    held = {
        delivery.number: sum(file.stat().st_size for file in staged_files(feed, table, [delivery], places))
        for delivery in deliveries
    }
    return max(held, key=lambda number: (held[number], number))


def _losers_of_copies(table: FeedTable, rows: str, largest: int) -> str:
    """The n-th copy of a row within its delivery is the same as the n-th copy of it in another. Only rows that several
    deliveries have are numbered.

    Such a row is also in a delivery that is not the `largest`: only rows that agree with one of those in a few columns
    are looked at whole. (A late delivery is small, and to group every row of the largest would cost a sort of it.)
    """
    content = _row([name for name in table.columns if name not in table.period])
    order = [f"{quote_name(name)} DESC NULLS LAST" for name in newness(table)]
    few = [name for name in (*table.person, table.event_date) if name is not None and name not in table.period]
    agree = f"hash({_row(few)})" if few else "0"
    elsewhere = f"SELECT {agree} AS agreed FROM ({rows}) WHERE {RECORD} >> {NUMBER_SHIFT} <> {largest}"
    held = (
        f"SELECT {RECORD} >> {NUMBER_SHIFT} AS delivery, hash({content}) AS content, r.*"
        f" FROM ({rows}) r SEMI JOIN ({elsewhere}) e ON {agree} = e.agreed"
    )
    shared = "SELECT content FROM held GROUP BY content HAVING min(delivery) <> max(delivery)"
    numbered = (
        f"WITH held AS MATERIALIZED ({held})"
        " SELECT h.*,"
        f" row_number() OVER (PARTITION BY delivery, content ORDER BY {', '.join([*order, RECORD])}) AS copy"
        f" FROM held h SEMI JOIN ({shared}) s USING (content)"
    )
    place = f"row_number() OVER (PARTITION BY content, copy ORDER BY {', '.join([*order, RECORD])})"
    ranked = f"SELECT {RECORD}, {place} AS place FROM ({numbered})"
    return f"SELECT {RECORD} FROM ({ranked}) WHERE place > 1"


def _without(rows: str, losers: str) -> str:
    return f"SELECT c.* FROM ({rows}) c ANTI JOIN ({losers}) l ON c.{RECORD} = l.{RECORD}"


def _equal(left: str, right: str, names: Sequence[str]) -> str:
    return " AND ".join(f"{left}.{name} = {right}.{name}" for name in names)


def _row(names: Sequence[str]) -> str:
    return f"row({', '.join(quote_name(name) for name in names)})"
