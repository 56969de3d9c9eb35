"""What the opt-outs say on a day, as SQL over the history: who has which opt-out in force.

The rule, for each NHS number, kind and controller: of all that was said and covers the day (`from` and `to` are both
included), a withdrawal or a declined objection ends what was said before it, by `from` first and by the order of
loading where that is equal. What is left is in force, and if it says several things the strictest counts. So:
an opt-out that is added never allows more; the order of loading decides only about one and the same day; and where one
load says both yes and no of one day, the opt-out holds.
"""

from __future__ import annotations

from datetime import date

from intake.optouts.words import ENDING

_ENDS = ", ".join(f"'{status}'" for status in sorted(ENDING))


def in_force_sql(alias: str, day: date) -> str:
    """SELECT nhs_number, kind, controller, status: every opt-out in force on the day; one number may have several."""
    return f"""
        WITH covering AS (
            SELECT nhs_number, kind, controller, status, {_place("starts", "version")} AS place FROM {alias}.choice
            WHERE coalesce(starts <= DATE '{day}', TRUE) AND coalesce(ends >= DATE '{day}', TRUE)),
        ended AS (
            SELECT nhs_number, kind, controller, max(place) AS place FROM covering
            WHERE status IN ({_ENDS}) GROUP BY ALL)
        SELECT DISTINCT c.nhs_number, c.kind, c.controller, c.status
        FROM covering c LEFT JOIN ended e USING (nhs_number, kind, controller)
        WHERE c.status NOT IN ({_ENDS}) AND coalesce(c.place >= e.place, TRUE)"""


def journal_dissent_sql(alias: str, day: date) -> str:
    """SELECT person_ref: of everybody whose GP journal, as of the day, says last that they dissent (Type 1).

    A dissent with no day or a day to come is an error of writing, and holds; a withdrawal of that sort does not. On one
    day the dissent holds.
    """
    return f"""
        SELECT person_ref FROM (
            SELECT person_ref, coalesce(entered, DATE '{day}') AS entered, dissents FROM {alias}.journal_choice
            WHERE dissents OR entered <= DATE '{day}')
        GROUP BY person_ref
        HAVING max(entered) FILTER (dissents) >= coalesce(max(entered) FILTER (NOT dissents), DATE '0001-01-01')"""


def _place(starts: str, version: str) -> str:
    """A number that grows with the day and, within it, with the version; no first day comes before every day."""
    return f"(coalesce({starts} - DATE '0001-01-01', -1)::BIGINT * 4294967296 + {version})"
