"""Tables of which the region holds a row for each person and feed become one row a person. Promise: the row tells
nothing of a feed that may not be used: it is chosen, or its ends are found, among the others only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import duckdb

from governance.catalogue import PERSON_KEY
from intake.cut.people import PEOPLE
from intake.cut.rules import SPANS
from intake.cut.source import Source
from intake.sources import SourceTable, quote_name

TYPE = "period_type_concept_id"


def is_reduced(table: str, source: Source) -> bool:
    """Whether the table has a row for each person and feed."""
    return bool(source.feeds) and table in _REDUCTIONS


def reduce_rows(connection: duckdb.DuckDBPyConnection, table: str, source: Source) -> SourceTable:
    """One row for each person of the extract, in `scratch`, made of rows that may be used."""
    held = source.tables[table]
    relation = f"scratch.reduced_{table}"
    usable = (
        f"FROM {held.relation} s JOIN {PEOPLE} m ON m.source_person_id = {held.person_sql('s')}"
        f" WHERE {source.closed_sql('s.source_feed', 'm.closed')} = 0"
    )
    connection.execute(f"CREATE OR REPLACE TABLE {relation} AS {_REDUCTIONS[table](held, source, usable)}")
    columns = [str(row[0]) for row in connection.execute(f"DESCRIBE {relation}").fetchall()]
    return SourceTable(table, relation, {column.lower(): column for column in columns}, held.is_empty)


def _of_the_persons_feed(held: SourceTable, source: Source, usable: str) -> str:
    """The row of the feed that was chosen with the people, so that the cohort and the extract say the same."""
    del held
    return f"SELECT s.* {usable} AND {source.feed_place_sql('s.source_feed')} = m.feed"


def _of_the_first_feed(held: SourceTable, source: Source, usable: str) -> str:
    del held
    order = source.feed_place_sql("s.source_feed")
    return f"SELECT s.* {usable} QUALIFY row_number() OVER (PARTITION BY m.source_person_id ORDER BY {order}) = 1"


def _first_to_last_day(held: SourceTable, source: Source, usable: str) -> str:
    del source
    first, last = (quote_name(held.columns[column]) for column in SPANS["observation_period"])
    kind = quote_name(held.columns[TYPE]) if TYPE in held.columns else "0"
    return (
        f"SELECT CAST(1 AS BIGINT) AS observation_period_id, m.source_person_id AS {PERSON_KEY},"
        f" min(s.{first}) AS {first}, max(s.{last}) AS {last},"
        f" CASE WHEN min({kind}) = max({kind}) THEN min({kind}) ELSE 0 END AS {TYPE} {usable} GROUP BY 2"
    )


_REDUCTIONS: Mapping[str, Callable[[SourceTable, Source, str], str]] = {
    "person": _of_the_persons_feed,
    "death": _of_the_first_feed,
    "observation_period": _first_to_last_day,
}
