"""Finds people who are one: two numbers that a controller's own record says followed each other, or a steward's word.

Merges are worked out anew each run, so one that no longer holds (a number turns up again as somebody's) undoes itself;
a merged person's numbers all stay theirs, and opt-outs on any of them count.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from governance.clock import now
from intake.linkage.decisions import Decision, Kind

SUPERSEDED, DECIDED = "number-superseded", "steward"

#: A record that carried one valid number and now carries another, date of birth the same and sex not another; nobody
#: carries the former now. One former number with two successors tells nothing.
_SUPERSEDED = """
SELECT former, min(present) AS present FROM (
    SELECT e.nhs_number AS former, i.nhs_number AS present
    FROM evidence e JOIN identity i ON i.feed = e.feed AND i.person_ref = e.person_ref
    WHERE e.nhs_number <> i.nhs_number AND e.birth = i.birth AND coalesce(e.sex = i.sex, true)
) ANTI JOIN identity carried ON carried.nhs_number = former
GROUP BY former HAVING min(present) = max(present)
"""


def find_superseded(connection: duckdb.DuckDBPyConnection) -> None:
    """Fill `superseded` (former, present)."""
    connection.execute(f"CREATE TEMP TABLE superseded AS {_SUPERSEDED}")


def find_survivors(connection: duckdb.DuckDBPyConnection, decisions: Sequence[Decision]) -> None:
    """Fill `survivor` (from_id, to_id, why): who lives on in whom, through any number of steps. Stewards' merges come
    first; a merge that would close a ring is left out."""
    asked = [(each.person_id, each.into, DECIDED) for each in decisions if each.kind is Kind.MERGE]
    asked += [
        (int(former), int(present), SUPERSEDED)
        for former, present in connection.execute(
            "SELECT f.own_id, p.own_id FROM superseded s JOIN known_nhs_number f ON f.nhs_number = s.former "
            "JOIN known_nhs_number p ON p.nhs_number = s.present ORDER BY ALL"
        ).fetchall()
    ]
    into: dict[int, tuple[int, str]] = {}
    for source, target, why in asked:
        if source not in into and _last(into, target) != source:
            into[source] = (target, why)
    connection.execute("CREATE TEMP TABLE survivor (from_id BIGINT, to_id BIGINT, why VARCHAR)")
    rows = [[source, _last(into, source), why] for source, (_, why) in into.items()]
    if rows:
        connection.executemany("INSERT INTO survivor VALUES (?, ?, ?)", rows)


def write_merged(connection: duckdb.DuckDBPyConnection) -> None:
    """The table `merged`, with the moment each merge was first found."""
    connection.execute(
        "CREATE TABLE merged AS SELECT s.from_id AS from_person_id, s.to_id AS to_person_id, "
        'coalesce(k."at", CAST(? AS TIMESTAMP)) AS "at", s.why FROM survivor s LEFT JOIN known_merged k '
        "ON k.from_person_id = s.from_id AND k.to_person_id = s.to_id ORDER BY ALL",
        [now().replace(tzinfo=None)],
    )


def _last(into: dict[int, tuple[int, str]], person: int) -> int:
    while person in into:
        person = into[person][0]
    return person
