"""Counts opt-outs by kind and status: never people's names, never numbers of theirs."""

from __future__ import annotations

from datetime import date

from intake.optouts.database import Connection
from intake.optouts.state import in_force_sql, journal_dissent_sql

JOURNAL = "type_1.in_journal"
NATIONAL_REFUSED, NATIONAL_ALLOWED = "national.active", "national.allowed"


def count_in_force(connection: Connection, alias: str, day: date) -> dict[str, int]:
    """How many NHS numbers have which opt-out in force on a day (`type_1.active`), how many people dissent in their GP
    journal, and what the newest answer of the check service said."""
    rows = connection.execute(
        f"SELECT kind || '.' || status, count(DISTINCT nhs_number) FROM ({in_force_sql(alias, day)}) GROUP BY 1"
    ).fetchall()
    counts = {str(name): int(count) for name, count in rows}
    dissents = connection.execute(f"SELECT count(*) FROM ({journal_dissent_sql(alias, day)})").fetchall()[0][0]
    if dissents:
        counts[JOURNAL] = dissents
    answers = connection.execute(f"SELECT asked, allowed FROM {alias}.answer ORDER BY version DESC LIMIT 1").fetchall()
    for asked, allowed in answers:
        counts |= {NATIONAL_REFUSED: asked - allowed, NATIONAL_ALLOWED: allowed}
    if unresolved := count_unresolved(connection, alias):
        counts["unresolved"] = unresolved
    return counts


def count_unresolved(connection: Connection, alias: str) -> int:
    """How many lines were left over from loads and have not been dealt with."""
    rows = connection.execute(
        f"SELECT count(*) FROM {alias}.unresolved WHERE version > (SELECT coalesce(max(upto), 0) FROM {alias}.resolved)"
    ).fetchall()
    return int(rows[0][0])
