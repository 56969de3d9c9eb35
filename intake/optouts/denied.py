"""Writes who is denied to a use: the one table through which every cut of the region asks about opt-outs.

Promise: whoever has an opt-out in force that closes a feed for the use stands in it with that feed, under any NHS
number ever known of them, merged with whomever; so does everybody whom the check service did not answer for in time.
Every closing counts by itself: nothing opens what another has closed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from governance.refusal import Refusal
from governance.settings import Settings
from intake.feeds import region_feeds
from intake.optouts.closures import closures_sql
from intake.optouts.database import Connection, attached
from intake.optouts.reading import CheckAnswer, OptOuts, opened
from intake.optouts.version import AnswerState, OptOutLabel
from intake.optouts.words import REASONS, Use
from intake.places import IntakePlaces

DENIED = "denied"


@dataclass(frozen=True)
class DeniedCount:
    """How many people a reason (see `REASONS`) denies a feed."""

    source_feed: str
    kind: str
    people: int


@dataclass(frozen=True)
class DeniedReport:
    """What was written.

    Attributes:
        use: for which.
        label: under which opt-outs; its text is what an extract keeps.
        answer: the check service's newest answer, if there ever was one.
        people: how many were asked about.
        touched: how many of them lose at least one feed; `lost`: how many lose all of them.
        counts: by feed and reason.
    """

    use: Use
    label: OptOutLabel
    answer: CheckAnswer | None
    people: int
    touched: int
    lost: int
    counts: tuple[DeniedCount, ...]

    def check_answered(self) -> None:
        """That the check service's answer is in force, where the use needs one: without it everybody is denied and
        the cut would be empty. Raises Refusal `opt-out-answer-absent`, `opt-out-answer-stale`."""
        if self.use is Use.DIRECT_CARE or self.label.answer is AnswerState.FRESH:
            return
        said = {
            AnswerState.ABSENT: "There is no answer of the national opt-out check service",
            AnswerState.STALE: "The answer of the national opt-out check service is no longer believed",
        }[self.label.answer]
        raise Refusal(
            f"opt-out-answer-{self.label.answer}",
            f"{said}, so nobody's records may be used.",
            "Ask the service: sde optout check-export, send the file, sde optout check-import ANSWER.",
        )


def write_denied(
    connection: Connection, settings: Settings, use: Use, *, person_ids_relation: str, day: date | None = None
) -> DeniedReport:
    """Make the TEMP table `denied(person_id BIGINT, source_feed VARCHAR, kind VARCHAR)` in `connection`, replacing one
    that is there: one row for each person and feed that is closed to `use`, with the first reason that applies.

    Args:
        connection: of the intake's engine; what else is attached to it stays as it is.
        use: what the records are wanted for.
        person_ids_relation: a table, view or `(SELECT ...)` with a column person_id: whom to ask about.
        day: as of which day dated opt-outs count; today if not given. The check service's answer counts as of now.

    Raises Refusal `no-spine` and those of `intake.optouts.reading.opened`.
    """
    spine_file = IntakePlaces.of(settings).spine
    if not spine_file.is_file():
        raise Refusal("no-spine", "Nobody has been linked yet.", "Build the region first: sde region build")
    with (
        opened(connection, settings, day=day) as opt_outs,
        attached(connection, spine_file, "sde_opt_out_spine") as spine,
    ):
        try:
            return _write(connection, opt_outs, use, spine, person_ids_relation)
        finally:
            for table in ("opt_out_people", "opt_out_closed"):
                connection.execute(f"DROP TABLE IF EXISTS temp.{table}")


def _write(connection: Connection, opt_outs: OptOuts, use: Use, spine: str, relation: str) -> DeniedReport:
    streams = _streams(opt_outs, use)
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE opt_out_people AS SELECT DISTINCT CAST(person_id AS BIGINT) AS person_id"
        f" FROM {relation} AS asked WHERE person_id IS NOT NULL"
    )
    closures = closures_sql(connection, opt_outs, use, spine, streams, "temp.opt_out_people")
    firsts = ", ".join(f"min(rank) FILTER (mask & {1 << place} <> 0) AS s{place}" for place in range(len(streams)))
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE opt_out_closed AS SELECT person_id, {firsts} FROM ({closures}) GROUP BY 1"
    )
    names = "CASE {} " + " ".join(f"WHEN {rank} THEN '{reason}'" for rank, reason in enumerate(REASONS)) + " END"
    rows = " UNION ALL ".join(
        f"SELECT person_id, '{stream}' AS source_feed, {names.format(f's{place}')} AS kind"
        f" FROM temp.opt_out_closed WHERE s{place} IS NOT NULL"
        for place, stream in enumerate(streams)
    )
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {DENIED} AS {rows}")
    return _report(connection, opt_outs, use, streams)


def _report(connection: Connection, opt_outs: OptOuts, use: Use, streams: Sequence[str]) -> DeniedReport:
    closed = " AND ".join(f"s{place} IS NOT NULL" for place in range(len(streams)))
    people, touched, lost = connection.execute(
        f"SELECT (SELECT count(*) FROM temp.opt_out_people), count(*), count(*) FILTER ({closed})"
        " FROM temp.opt_out_closed"
    ).fetchall()[0]
    counts = connection.execute(
        f"SELECT source_feed, kind, count(*) FROM temp.{DENIED} GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    return DeniedReport(
        use, opt_outs.label, opt_outs.answer, people, touched, lost, tuple(DeniedCount(*row) for row in counts)
    )


def _streams(opt_outs: OptOuts, use: Use) -> tuple[str, ...]:
    """What can be closed: the feeds, and for direct care the parts of them that have rules of their own."""
    feeds = tuple(feed.name for feed in region_feeds())
    return feeds + (tuple(sorted(opt_outs.policy.parts)) if use is Use.DIRECT_CARE else ())
