"""What closes what for whom, as one SQL text: loaded opt-outs, GP journals and the check service's answer.

Each row is one closing of one person: the rank of its reason and the streams it closes, as bits.
"""

from __future__ import annotations

from collections.abc import Sequence

from governance.refusal import Refusal
from intake.feeds import region_feeds
from intake.optouts.controllers import controlled_feeds
from intake.optouts.database import Connection
from intake.optouts.policy import DenyRule
from intake.optouts.reading import OptOuts
from intake.optouts.state import in_force_sql, journal_dissent_sql
from intake.optouts.version import AnswerState
from intake.optouts.words import REASONS, STATUSES, UNANSWERED, Kind, Status, Use

JOURNAL_FEED = "gp"


def closures_sql(
    connection: Connection, opt_outs: OptOuts, use: Use, spine: str, streams: Sequence[str], people: str
) -> str:
    """SELECT person_id, rank, mask over the people of a table. Rank: place in `REASONS`; mask: bit n is streams[n].

    Raises Refusal `opt-outs-unreadable` if the file says what no rule knows.
    """
    rules = _rules(connection, opt_outs, use, streams)
    masks = {(kind, status): mask for kind, status, _, mask in rules}
    parts = ["SELECT person_id, 0 AS rank, 0 AS mask FROM asked_people WHERE FALSE"]
    if national := masks.get((Kind.NATIONAL, Status.ACTIVE), 0):
        parts.append(_national(opt_outs, national))
    if opt_outs.alias is not None and rules:
        listed = ", ".join(f"('{k}', '{s}', {_text(c)}, {REASONS.index(k)}, {mask})" for k, s, c, mask in rules)
        parts.append(f"""
            SELECT p.person_id, r.rank, r.mask FROM ({in_force_sql(opt_outs.alias, opt_outs.label.day)}) i
            JOIN (VALUES {listed}) r(kind, status, controller, rank, mask)
                ON i.kind = r.kind AND i.status = r.status AND coalesce(r.controller = i.controller, TRUE)
            JOIN numbers n USING (nhs_number) JOIN asked_people p USING (survivor)""")
    type_1 = masks.get((Kind.TYPE_1, Status.ACTIVE), 0)
    if opt_outs.alias is not None and type_1:
        parts.append(f"""
            SELECT p.person_id, {REASONS.index(Kind.TYPE_1)}, {type_1}
            FROM ({journal_dissent_sql(opt_outs.alias, opt_outs.label.day)}) j
            JOIN {spine}.link l ON l.feed = '{JOURNAL_FEED}' AND l.person_ref = j.person_ref
            LEFT JOIN survivors s ON s.person_id = l.person_id
            JOIN asked_people p ON p.survivor = coalesce(s.survivor, l.person_id)""")
    return f"WITH RECURSIVE {_people(spine, people)} {' UNION ALL '.join(parts)}"


def _people(spine: str, people: str) -> str:
    """Who is who: people merged into one another are one, whatever of it has reached the spine's numbers."""
    return f"""
        merges AS (SELECT from_person_id AS gone, to_person_id AS kept FROM {spine}.merged),
        reached(person_id, other) AS (
            SELECT gone, kept FROM merges
            UNION SELECT r.person_id, m.kept FROM reached r JOIN merges m ON m.gone = r.other),
        survivors AS (
            SELECT r.person_id, coalesce(min(r.other) FILTER (m.gone IS NULL), min(r.other)) AS survivor
            FROM reached r LEFT JOIN (SELECT DISTINCT gone FROM merges) m ON m.gone = r.other
            GROUP BY r.person_id),
        asked_people AS (
            SELECT p.person_id, coalesce(s.survivor, p.person_id) AS survivor
            FROM {people} p LEFT JOIN survivors s USING (person_id)),
        numbers AS (
            SELECT DISTINCT n.nhs_number, coalesce(s.survivor, n.person_id) AS survivor
            FROM {spine}.nhs_number n LEFT JOIN survivors s USING (person_id))"""


def _national(opt_outs: OptOuts, mask: int) -> str:
    """Everybody but those all of whose numbers were asked about and allowed, if the answer is fresh; else everybody."""
    unanswered = REASONS.index(UNANSWERED)
    if opt_outs.alias is None or opt_outs.answer is None or opt_outs.label.answer is not AnswerState.FRESH:
        return f"SELECT person_id, {unanswered} AS rank, {mask} AS mask FROM asked_people"
    request = opt_outs.answer.request
    return f"""
        SELECT p.person_id, CASE WHEN g.refused THEN {REASONS.index(Kind.NATIONAL)} ELSE {unanswered} END AS rank,
            {mask} AS mask
        FROM asked_people p LEFT JOIN (
            SELECT n.survivor, bool_and(y.nhs_number IS NOT NULL) AS allowed,
                bool_or(a.nhs_number IS NOT NULL AND y.nhs_number IS NULL) AS refused
            FROM numbers n
            LEFT JOIN (SELECT nhs_number FROM {opt_outs.alias}.asked WHERE request = {request}) a USING (nhs_number)
            LEFT JOIN (SELECT nhs_number FROM {opt_outs.alias}.allowed WHERE request = {request}) y USING (nhs_number)
            GROUP BY n.survivor) g USING (survivor)
        WHERE NOT coalesce(g.allowed, FALSE)"""


def _rules(
    connection: Connection, opt_outs: OptOuts, use: Use, streams: Sequence[str]
) -> list[tuple[Kind, Status, str | None, int]]:
    """The rules that close something for the use: kind, status, controller (None: any) and the streams as bits."""
    controllers = _controllers(connection, opt_outs)
    made: list[tuple[Kind, Status, str | None, int]] = []
    for rule in opt_outs.policy.closing(use):
        if rule.by_controller:
            made += [
                (rule.kind, rule.status, name, _mask(rule, feeds, opt_outs, streams)) for name, feeds in controllers
            ]
        else:
            made.append((rule.kind, rule.status, None, _mask(rule, None, opt_outs, streams)))
    return [rule for rule in made if rule[3]]


def _mask(rule: DenyRule, controlled: frozenset[str] | None, opt_outs: OptOuts, streams: Sequence[str]) -> int:
    closed = rule.streams(streams, controlled)
    parts = opt_outs.policy.parts
    return sum(1 << place for place, name in enumerate(streams) if name in closed or parts.get(name) in closed)


def _controllers(connection: Connection, opt_outs: OptOuts) -> list[tuple[str, frozenset[str] | None]]:
    """Every controller somebody has objected to, with the feeds it answers for (None: not known, which closes all)."""
    if opt_outs.alias is None:
        return []
    known = {(kind.value, status.value) for kind in Kind for status in STATUSES[kind]}
    said = connection.execute(f"SELECT DISTINCT kind, status, controller FROM {opt_outs.alias}.choice").fetchall()
    if {(kind, status) for kind, status, _ in said} - known:
        raise Refusal(
            "opt-outs-unreadable",
            "The file of the opt-outs holds kinds that this release does not know.",
            "It was written by a later release: install that one.",
        )
    codes: dict[str, frozenset[str]] = {}
    for code, feed in connection.execute(f"SELECT code, feed FROM {opt_outs.alias}.controller").fetchall():
        codes[code] = codes.get(code, frozenset()) | {feed}
    names = sorted({controller for kind, _, controller in said if kind == Kind.GDPR_OBJECTION})
    return [(name, controlled_feeds(name, region_feeds(), codes)) for name in names]


def _text(value: str | None) -> str:
    return "NULL::VARCHAR" if value is None else "'" + value.replace("'", "''") + "'"
