"""The people of an extract: chosen by the cohort, given a pseudonym under the project's key, a dense ordinal and a mark
under the cut's key.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import duckdb
import pyarrow as pa

from governance.extracts import MARKS
from governance.refusal import Refusal
from intake.cut.cohort import Cohort, cohort_sql
from intake.keys import MarkKey, PseudonymKey, open_project_key
from intake.sources import SourceTable, quote_name

PEOPLE = "scratch.people"  # source_person_id, person_id (the pseudonym), person_ordinal (dense, from 0)


def choose_people(
    connection: duckdb.DuckDBPyConnection, cohort: Cohort, tables: Mapping[str, SourceTable], key: PseudonymKey
) -> int:
    """Fill `PEOPLE` and return how many there are. The mapping lives in memory only and dies with the connection.

    Raises Refusal `empty-cohort`, `person-not-unique`, `pseudonym-clash` and those of `cohort_sql`.
    """
    source_ids = _identifiers(connection, cohort_sql(cohort, tables))
    if not source_ids:
        raise Refusal("empty-cohort", "Nobody in the source meets the cohort.", "Widen the cohort.")
    _check_one_row_each(connection, tables["person"])
    _store_mapping(connection, "people", "source_person_id", "person_id", source_ids, key)
    connection.execute(
        f"CREATE OR REPLACE TABLE {PEOPLE} AS SELECT *, CAST(row_number() OVER (ORDER BY person_id) - 1 AS INTEGER)"
        f" AS person_ordinal FROM {PEOPLE}"
    )
    return len(source_ids)


def write_marks(connection: duckdb.DuckDBPyConnection, key: MarkKey) -> None:
    """Write the hidden table `extract.sde_marks` (person_id, mark), in the order of the pseudonyms, which says nothing
    about the order of the source. Raises Refusal `mark-clash`."""
    people = connection.sql(f"SELECT source_person_id, person_id FROM {PEOPLE}").to_arrow_table()
    marks = pa.array(key.marks(people.column("source_person_id").to_pylist()), pa.uint64())
    connection.register("marked", pa.table({"person_id": people.column("person_id"), "mark": marks}))
    connection.execute(
        f"CREATE TABLE extract.{MARKS} AS SELECT CAST(person_id AS BIGINT) AS person_id, CAST(mark AS UBIGINT) AS mark"
        " FROM marked ORDER BY person_id"
    )
    connection.unregister("marked")


def rekey_identifiers(
    connection: duckdb.DuckDBPyConnection, domain: str, sources: list[str], keys: Path, project: str
) -> str:
    """A mapping table `scratch.<domain>` (source_id, new_id) over every value of the given SELECTs (one column each).

    Row identifiers that other tables refer to are keyed like people: two projects' extracts share no number.
    """
    union = " UNION ".join(sources)
    identifiers = _identifiers(connection, f"SELECT DISTINCT * FROM ({union})")
    _store_mapping(connection, domain, "source_id", "new_id", identifiers, open_project_key(keys, project, domain))
    return f"scratch.{domain}"


def _identifiers(connection: duckdb.DuckDBPyConnection, sql: str) -> list[int]:
    table = connection.sql(sql).to_arrow_table()
    return [value for value in table.column(0).to_pylist() if value is not None]


def _store_mapping(
    connection: duckdb.DuckDBPyConnection, name: str, old: str, new: str, identifiers: list[int], key: PseudonymKey
) -> None:
    columns = {old: pa.array(identifiers, pa.int64()), new: pa.array(key.pseudonyms(identifiers), pa.int64())}
    connection.register("mapping", pa.table(columns))
    connection.execute(f"CREATE OR REPLACE TABLE scratch.{name} AS SELECT * FROM mapping")
    connection.unregister("mapping")


def _check_one_row_each(connection: duckdb.DuckDBPyConnection, person: SourceTable) -> None:
    column = quote_name(person.columns["person_id"])
    twice = connection.execute(
        f"SELECT count(*) FROM (SELECT {column} FROM {person.relation} GROUP BY 1 HAVING count(*) > 1)"
    ).fetchall()[0][0]
    if twice:
        raise Refusal(
            "person-not-unique", f"{twice} person_ids stand more than once in person.", "Mend the source first."
        )
