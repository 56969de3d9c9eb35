"""Numbers that the rules must not believe.

Promise: the number of a twin, or of anybody else, links nobody to the wrong one of two known people: where number and
name (or number and sex) point at two people, nothing is linked; where number, date of birth and sex contradict one
another, the number is out of all later rules.
"""

from __future__ import annotations

import duckdb

from intake.linkage.refusal_reasons import ANOTHERS_NUMBER, TWO_PEOPLE
from intake.linkage.wording import same_name_sql

#: Where fewer agree, no rule would believe the number anyway, and the name may speak.
_TWO_PARTS = (
    "CAST(a.birth_year = f.birth_year AS TINYINT) + CAST(a.birth_month = f.birth_month AS TINYINT) "
    "+ coalesce(CAST(day(a.birth) = day(f.birth) AS TINYINT), 1) >= 2"
)
_SAME_BIRTH = "q.birth_year = d.birth_year AND q.birth_month = d.birth_month AND coalesce(q.birth = d.birth, true)"


def refuse_two_people(connection: duckdb.DuckDBPyConnection) -> None:
    """Take out of `asked` whoever carries one person's number, but the date of birth, the address or surname, and the
    forename (or, where forenames are not told, the sex) of another. Typically twins."""
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE doubted AS "
        "SELECT a.*, f.person_id, f.forename AS held_forename, f.sex AS held_sex "
        "FROM asked a JOIN face f ON f.nhs_number = a.nhs_number "
        f"WHERE (a.forename <> f.forename OR a.sex <> f.sex) AND {_TWO_PARTS}"
    )
    others = same_name_sql("d.forename", "q.forename")
    by_name = f"NOT {same_name_sql('d.forename', 'd.held_forename')} AND {others}"
    by_sex = f"d.sex <> d.held_sex AND d.sex = q.sex AND coalesce({others}, true)"
    either = " UNION ".join(
        f"SELECT d.who FROM doubted d JOIN face q ON q.birth_year = d.birth_year AND q.{shared} = d.{shared} "
        f"WHERE q.person_id <> d.person_id AND {_SAME_BIRTH} AND (({by_name}) OR ({by_sex}))"
        for shared in ("postcode", "surname")
    )
    connection.execute(f"CREATE OR REPLACE TEMP TABLE torn AS {either}")
    connection.execute(
        "INSERT INTO refused SELECT feed, person_ref, ? FROM doubted SEMI JOIN torn USING (who)", [TWO_PEOPLE]
    )


def refuse_numbers_of_others(connection: duckdb.DuckDBPyConnection) -> None:
    """Empty the number of everybody in `asked` whose date of birth and sex are both not those of its holder."""
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE wrong AS SELECT a.who FROM asked a JOIN face f ON f.nhs_number = a.nhs_number "
        "WHERE a.sex <> f.sex "
        "AND (a.birth_year <> f.birth_year OR a.birth_month <> f.birth_month OR a.birth <> f.birth)"
    )
    connection.execute(
        "INSERT INTO refused SELECT feed, person_ref, ? FROM asked SEMI JOIN wrong USING (who)", [ANOTHERS_NUMBER]
    )
    connection.execute("UPDATE asked SET nhs_number = NULL WHERE who IN (SELECT who FROM wrong)")
