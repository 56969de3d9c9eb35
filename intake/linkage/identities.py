"""Gathers who each feed says its people are: one identity a (feed, person_ref), from every staged table that tells.

The newest non-empty value of each fact wins: newest by the row's own date, else by its period and submission, else by
its delivery, so that the order in which deliveries arrive changes nothing that the rows themselves date. Older facts
stay as evidence. A reference that is two people at one and the same moment (date of birth and sex both differ) is
refused whole.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from intake.feeds import Feed
from intake.linkage.refusal_reasons import CONTESTED
from intake.linkage.staged import RAW_FACTS, AcceptedDelivery, facts_sql, tells_all_in_reference
from intake.linkage.wording import birth_sql, is_number_sql, number_sql, postcode_sql, sex_sql, written_name_sql
from intake.places import IntakePlaces

FACTS = ("nhs_number", "birth", "birth_year", "birth_month", "sex", "postcode", "surname", "forename")
_COLUMNS = (
    "feed VARCHAR, person_ref UBIGINT, nhs_number BIGINT, birth DATE, birth_year SMALLINT, birth_month TINYINT, "
    "sex VARCHAR, postcode VARCHAR, surname VARCHAR, forename VARCHAR"
)


def create_identities(connection: duckdb.DuckDBPyConnection) -> None:
    """Empty tables: `identity` (what counts now), `evidence` (all facts of references that had several), `refused`."""
    connection.execute(f"CREATE TABLE identity ({_COLUMNS})")
    connection.execute(f"CREATE TABLE evidence ({_COLUMNS}, moment HUGEINT)")
    connection.execute("CREATE TABLE refused (feed VARCHAR, person_ref UBIGINT, reason VARCHAR)")


def gather_identities(
    connection: duckdb.DuckDBPyConnection, feed: Feed, deliveries: Sequence[AcceptedDelivery], places: IntakePlaces
) -> None:
    """Add one feed's identities. They are few beside the rows, so facts are cleaned after they are made distinct."""
    telling = [table for table in feed.tables.values() if table.tells_identity and table.person]
    selects = [sql for table in telling if (sql := facts_sql(feed, table, deliveries, places)) is not None]
    if not selects:
        return
    rows = " UNION ALL ".join(selects)
    if all(map(tells_all_in_reference, telling)):
        _add_plain(connection, feed.name, rows)
    else:
        _add_newest(connection, feed.name, rows)


def _add_plain(connection: duckdb.DuckDBPyConnection, feed: str, rows: str) -> None:
    """Every fact is in the reference, so any row of it tells them all; grouping by one number is quick."""
    anything = ", ".join(f"any_value({fact}) AS {fact}" for fact in RAW_FACTS)
    raw = f"SELECT person_ref, {anything} FROM ({rows}) GROUP BY person_ref"
    connection.execute(f"INSERT INTO identity SELECT ?, {_clean()} FROM ({_read(raw)})", [feed])


def _add_newest(connection: duckdb.DuckDBPyConnection, feed: str, rows: str) -> None:
    """Most references say one thing, however often: one pass by number finds those, and only the rest are looked at."""
    anything = ", ".join(f"any_value({fact}) AS {fact}" for fact in RAW_FACTS)
    said = f"SELECT *, hash({', '.join(RAW_FACTS)}) AS said FROM ({rows})"
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE counted AS SELECT person_ref, {anything}, min(said) <> max(said) AS several "
        f"FROM ({said}) GROUP BY person_ref"
    )
    single = _read("FROM counted WHERE NOT several")
    connection.execute(f"INSERT INTO identity SELECT ?, {_clean()} FROM ({single})", [feed])
    several = _read(f"FROM ({rows}) WHERE person_ref IN (SELECT person_ref FROM counted WHERE several)")
    connection.execute(
        f"INSERT INTO evidence SELECT ?, * FROM (SELECT {_clean()}, max(moment) FROM ({several}) GROUP BY ALL)",
        [feed],
    )
    connection.execute("DROP TABLE counted")
    _merge_evidence(connection, feed)
    _refuse_contested(connection, feed)


def _merge_evidence(connection: duckdb.DuckDBPyConnection, feed: str) -> None:
    """`arg_max` passes over empty values, so it gives the newest there is; facts of one moment go by their text."""
    newest = {fact: f"arg_max({fact}, place)" for fact in FACTS}
    newest["birth_year"] = f"coalesce(year({newest['birth']}), {newest['birth_year']})"
    newest["birth_month"] = f"coalesce(month({newest['birth']}), {newest['birth_month']})"
    ordered = ", ".join(f"{fact} NULLS FIRST" for fact in FACTS)
    placed = (
        f"SELECT *, row_number() OVER (PARTITION BY person_ref ORDER BY moment, {ordered}) AS place "
        "FROM evidence WHERE feed = ?"
    )
    connection.execute(
        f"INSERT INTO identity SELECT feed, person_ref, {', '.join(newest[fact] for fact in FACTS)} "
        f"FROM ({placed}) GROUP BY feed, person_ref",
        [feed],
    )


def _refuse_contested(connection: duckdb.DuckDBPyConnection, feed: str) -> None:
    latest = "SELECT * FROM evidence WHERE feed = ? QUALIFY moment = max(moment) OVER (PARTITION BY person_ref)"
    connection.execute(
        f"INSERT INTO refused SELECT feed, person_ref, ? FROM ({latest}) GROUP BY feed, person_ref "
        "HAVING count(DISTINCT birth) > 1 AND count(DISTINCT sex) > 1",
        [CONTESTED, feed],
    )


def _read(raw: str) -> str:
    """Number and date read once; the check of the number names it a score of times."""
    return f"SELECT * REPLACE ({number_sql('number')} AS number, {birth_sql('birth')} AS birth) FROM ({raw})"


def _clean() -> str:
    """Columns of `identity` after `feed`, from facts as read."""
    return ", ".join(
        (
            "person_ref",
            f"CASE WHEN {is_number_sql('number')} THEN number END AS nhs_number",
            "birth",
            "CAST(coalesce(year(birth), birth_year) AS SMALLINT) AS birth_year",
            "CAST(coalesce(month(birth), birth_month) AS TINYINT) AS birth_month",
            f"{sex_sql('sex')} AS sex",
            f"{postcode_sql('postcode')} AS postcode",
            f"{written_name_sql('surname')} AS surname",
            f"{written_name_sql('forename')} AS forename",
        )
    )
