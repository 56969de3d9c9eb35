"""The person spine: who is who in the region, kept between runs so that a person keeps their number.

Tables of `spine.duckdb` that others read:
- `person`: one row a person: person_id, nhs_number, date_of_birth, sex (M, F), postcode, surname, forename, known_from.
- `link`: feed, person_ref -> person_id, match_rank, confidence; person_id is NULL (rank 5) where nobody was found.
- `nhs_number`: every valid NHS number ever held by a person -> person_id; `own_id` is the person it was first given to.
- `merged`: from_person_id -> to_person_id, at, why.
- `identity`, `evidence`, `refused`: what the feeds say now, what they said before, and what was refused, by reason.

Person ids are dense numbers, given once, in the order of a digest: they say nothing of a person, sort and compress
well, and leave the identifiable zone only re-keyed.
"""

from __future__ import annotations

import duckdb

from governance.refusal import Refusal
from intake.linkage.engine import quote_text
from intake.places import IntakePlaces

_MEMORY = {
    "nhs_number": "nhs_number BIGINT, person_id BIGINT, own_id BIGINT",
    "merged": 'from_person_id BIGINT, to_person_id BIGINT, "at" TIMESTAMP, why VARCHAR',
}


def attach_spine(connection: duckdb.DuckDBPyConnection, places: IntakePlaces) -> None:
    """Attach the spine, read-only, as `spine`. Raises Refusal `no-spine` or `spine-unreadable`."""
    if not places.spine.is_file():
        raise Refusal("no-spine", "No people are linked yet.", "Build the region first: sde region build")
    try:
        connection.execute(f"ATTACH {quote_text(str(places.spine))} AS spine (READ_ONLY)")
    except duckdb.Error:
        raise _unreadable() from None


def remember(connection: duckdb.DuckDBPyConnection, places: IntakePlaces) -> None:
    """Copy what must survive a run from the spine in force: numbers with their ids as `known_number`, merges as
    `known_merge`. Raises Refusal `spine-unreadable`: to start anew would give everybody another id."""
    for table, columns in _MEMORY.items():
        connection.execute(f"CREATE TEMP TABLE known_{table} ({columns})")
    if not places.spine.exists():
        return
    attach_spine(connection, places)
    try:
        for table in _MEMORY:
            connection.execute(f"INSERT INTO known_{table} SELECT * FROM spine.{table}")
    except duckdb.CatalogException:
        raise _unreadable() from None
    connection.execute("DETACH spine")


def give_ids(connection: duckdb.DuckDBPyConnection) -> int:
    """Every number that is met for the first time gets the next id, in the order of a digest. Returns how many."""
    given = connection.execute(
        "INSERT INTO known_nhs_number SELECT nhs_number, given, given FROM (SELECT nhs_number, "
        "(SELECT coalesce(max(own_id), 0) FROM known_nhs_number) "
        "+ row_number() OVER (ORDER BY md5(CAST(nhs_number AS VARCHAR)), nhs_number) AS given FROM ("
        "SELECT nhs_number FROM face UNION SELECT former FROM superseded UNION SELECT present FROM superseded) "
        "WHERE nhs_number NOT IN (SELECT nhs_number FROM known_nhs_number))"
    )
    return int(given.fetchall()[0][0])


def name_faces(connection: duckdb.DuckDBPyConnection) -> None:
    """Give each face the id of its person, after merging."""
    connection.execute(
        "CREATE TEMP TABLE named AS SELECT f.* REPLACE (coalesce(s.to_id, k.own_id) AS person_id, k.own_id AS own_id) "
        "FROM face f JOIN known_nhs_number k ON k.nhs_number = f.nhs_number "
        "LEFT JOIN survivor s ON s.from_id = k.own_id"
    )
    connection.execute("DROP TABLE face")
    connection.execute("ALTER TABLE named RENAME TO face")


def write_people(connection: duckdb.DuckDBPyConnection) -> None:
    """The tables `person` and `nhs_number`. A merged person is described by the survivor's face, if there is one."""
    own = "SELECT * FROM face WHERE own_id = person_id"
    others = (
        f"SELECT * FROM face WHERE own_id <> person_id AND person_id NOT IN (SELECT person_id FROM ({own})) "
        "QUALIFY row_number() OVER (PARTITION BY person_id ORDER BY nhs_number) = 1"
    )
    connection.execute(
        "CREATE TABLE person AS "
        "SELECT person_id, nhs_number, birth AS date_of_birth, sex, postcode, surname, forename, known_from "
        f"FROM ({own} UNION ALL BY NAME {others}) ORDER BY person_id"
    )
    connection.execute(
        "CREATE TABLE nhs_number AS SELECT nhs_number, coalesce(s.to_id, own_id) AS person_id, own_id "
        "FROM known_nhs_number LEFT JOIN survivor s ON s.from_id = own_id ORDER BY own_id"
    )


def write_links(connection: duckdb.DuckDBPyConnection, nobody: int) -> None:
    """The table `link`: one row an identity; rank `nobody` and no person where none was found."""
    connection.execute(
        "CREATE TABLE link AS SELECT i.feed, i.person_ref, h.person_id, "
        "CAST(coalesce(h.match_rank, ?) AS UTINYINT) AS match_rank, coalesce(h.confidence, 0.0) AS confidence "
        "FROM identity i LEFT JOIN hit h ON h.who = i.rowid",
        [nobody],
    )
    # A steward may have named a person of whom no feed tells any more.
    connection.execute(
        "UPDATE link SET person_id = NULL, match_rank = ?, confidence = 0 WHERE match_rank = 0 "
        "AND person_id NOT IN (SELECT person_id FROM person)",
        [nobody],
    )


def _unreadable() -> Refusal:
    return Refusal(
        "spine-unreadable",
        "The spine is damaged or was written by another version.",
        "Restore spine.duckdb from a backup: a new one would give every person another number.",
    )
