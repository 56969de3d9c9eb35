"""Who the region's people are: seeded from those registered with a practice, extended by other feeds.

A face is one valid NHS number with what is known of its holder; two faces of one merged person share a person_id.
Promise: no face is made where it may be somebody who is known already, by another number that is mistyped: an
opt-out on the right number would then miss rows under the wrong one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from intake.linkage.refusal_reasons import NEAR_ANOTHER, UNSURE_NUMBER
from intake.linkage.wording import similar_name_sql

SEED = "gp"
_FACTS = "nhs_number, birth, birth_year, birth_month, sex, postcode, surname, forename"


def create_faces(connection: duckdb.DuckDBPyConnection) -> None:
    """An empty table of faces."""
    connection.execute(
        "CREATE TEMP TABLE face (person_id BIGINT, own_id BIGINT, nhs_number BIGINT, birth DATE, birth_year SMALLINT, "
        "birth_month TINYINT, sex VARCHAR, postcode VARCHAR, surname VARCHAR, forename VARCHAR, known_from VARCHAR)"
    )


def seed_faces(connection: duckdb.DuckDBPyConnection) -> None:
    """One face for each number that practices register with a date of birth. A number that two references hold (it is
    the GP feed's own reference, so none should) is nobody's."""
    connection.execute(
        f"INSERT INTO face SELECT NULL, NULL, {_FACTS}, feed FROM identity i "
        "ANTI JOIN refused r ON r.feed = i.feed AND r.person_ref = i.person_ref "
        "ANTI JOIN (SELECT nhs_number FROM identity WHERE feed = $1 GROUP BY nhs_number HAVING count(*) > 1) twice "
        "ON twice.nhs_number = i.nhs_number WHERE i.feed = $1 AND nhs_number IS NOT NULL AND birth IS NOT NULL",
        [SEED],
    )


def extend_faces(connection: duckdb.DuckDBPyConnection) -> None:
    """A face for each number of `asked` that nobody holds yet, if more than half of the identities with it agree on one
    date of birth, and nobody known lives at that postcode with that date of birth and sex, or has a number like it."""
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE newcomer AS SELECT a.* FROM asked a "
        "ANTI JOIN face f ON f.nhs_number = a.nhs_number WHERE a.nhs_number IS NOT NULL AND a.birth IS NOT NULL"
    )
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE holder AS FROM ("
        "SELECT *, count(*) OVER (PARTITION BY nhs_number) AS claims, "
        "count(*) OVER (PARTITION BY nhs_number, birth) AS agreeing FROM newcomer) "
        "QUALIFY row_number() OVER (PARTITION BY nhs_number "
        "ORDER BY agreeing DESC, length(coalesce(forename, '')) DESC, feed, "
        "birth, sex, postcode, surname, forename) = 1"
    )
    _refuse_newcomers(connection, UNSURE_NUMBER, "2 * agreeing <= claims")
    _refuse_newcomers(connection, NEAR_ANOTHER, _near_another())
    connection.execute(f"INSERT INTO face SELECT NULL, NULL, {_FACTS}, feed FROM holder")


@contextmanager
def only_newcomers(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Within the block `face` holds those whom no practice knows: few beside a whole region."""
    connection.execute("ALTER TABLE face RENAME TO everybody")
    connection.execute("CREATE TEMP TABLE face AS SELECT * FROM everybody WHERE known_from <> ?", [SEED])
    yield
    connection.execute("DROP TABLE face")
    connection.execute("ALTER TABLE everybody RENAME TO face")


def _near_another() -> str:
    number = "CAST({}.nhs_number AS VARCHAR)"
    same_digits = f"damerau_levenshtein({number.format('holder')}, {number.format('f')}) <= 2"
    other_name = f"coalesce(NOT {similar_name_sql('holder.forename', 'f.forename')}, false)"
    return (
        "EXISTS (SELECT 1 FROM face f WHERE f.birth = holder.birth AND coalesce(f.sex = holder.sex, true) "
        f"AND ((f.postcode = holder.postcode AND NOT {other_name}) OR {same_digits}))"
    )


def _refuse_newcomers(connection: duckdb.DuckDBPyConnection, reason: str, condition: str) -> None:
    connection.execute(f"CREATE OR REPLACE TEMP TABLE unfit AS SELECT nhs_number FROM holder WHERE {condition}")
    connection.execute(
        "INSERT INTO refused SELECT feed, person_ref, ? FROM newcomer SEMI JOIN unfit USING (nhs_number)", [reason]
    )
    connection.execute("DELETE FROM holder WHERE nhs_number IN (SELECT nhs_number FROM unfit)")
