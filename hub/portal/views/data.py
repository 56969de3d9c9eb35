"""Deliveries, versions of the region and opt-outs as a data steward sees them. Promise: counts only, and counts of
people below ten only as that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from governance.registry.deliveries import DeliveryState, DeliveryView, list_deliveries
from governance.registry.keeper import find_duty
from governance.registry.opt_outs import OptOutVersionView, opt_out_versions
from governance.registry.regions import list_regions
from governance.settings import Settings
from hub.portal.report_files import Kind, has_report
from hub.portal.words import DELIVERIES, UNKNOWN_DELIVERY, Words

FEWEST = 10
MOST_ROWS = 100  # of deliveries and versions on one page, the newest
FEEDS: Mapping[str, str] = {"gp": "GP"}
#: Part of a count's key (`type_1.active`) -> words.
KINDS: Mapping[str, str] = {
    "type_1": "Type 1 (GP records)",
    "national": "National data opt-out",
    "local": "Local",
    "gdpr_objection": "GDPR objection",
    "summary_care_record": "Summary Care Record",
    "unresolved": "Lines that could not be read",
}
ANSWER_DUTY = "watch-answer"


@dataclass(frozen=True)
class DeliveryRow:
    """One delivery. `share`: of its rows in quarantine, 0 to 1."""

    id: str
    feed: str
    received_at: datetime
    rows_in: int
    rows_kept: int
    share: float
    state: Words
    is_held: bool
    decided_by: str
    reason: str
    has_report: bool


@dataclass(frozen=True)
class RegionRow:
    """One version of the region; `deliveries`: how many it holds."""

    id: str
    people: str
    rows: int
    deliveries: int
    created_at: datetime
    is_in_force: bool
    has_report: bool


@dataclass(frozen=True)
class CountRow:
    """How many opt-outs of a kind, as may be shown."""

    kind: str
    status: str
    count: str


@dataclass(frozen=True)
class OptOutRow:
    """One state of the opt-outs."""

    number: int
    policy: str
    created_at: datetime
    has_report: bool


@dataclass(frozen=True)
class AnswerAge:
    """The check service's newest answer as the keeper saw it last."""

    answered_at: datetime
    believed_until: datetime


def read_deliveries(session: Session, settings: Settings) -> tuple[DeliveryRow, ...]:
    """The newest deliveries; those that wait for a steward first."""
    rows = [_delivery(view, settings) for view in list_deliveries(session)[::-1]]
    return tuple(sorted(rows, key=lambda row: not row.is_held)[:MOST_ROWS])


def read_regions(session: Session, settings: Settings) -> tuple[RegionRow, ...]:
    """The newest versions of the region, the one in force first."""
    return tuple(
        RegionRow(
            id=view.id,
            people=show_people(view.people),
            rows=view.rows,
            deliveries=len(view.deliveries),
            created_at=view.created_at,
            is_in_force=place == 0,
            has_report=has_report(settings, Kind.REGIONS, view.id),
        )
        for place, view in enumerate(list_regions(session)[:MOST_ROWS])
    )


def read_opt_outs(session: Session, settings: Settings) -> tuple[OptOutRow, ...]:
    """The newest states of the opt-outs, the one in force first."""
    return tuple(
        OptOutRow(view.number, view.policy, view.created_at, has_report(settings, Kind.OPT_OUTS, str(view.number)))
        for view in opt_out_versions(session)[: -MOST_ROWS - 1 : -1]
    )


def read_counts(session: Session) -> tuple[CountRow, ...]:
    """How many opt-outs by kind are in force."""
    versions = opt_out_versions(session)
    return tuple(_counts(versions[-1])) if versions else ()


def read_answer(session: Session) -> AnswerAge | None:
    """How old the check service's answer is, or None before the first."""
    duty = find_duty(session, ANSWER_DUTY)
    answered, _, until = duty.done_for.partition("/") if duty is not None else ("", "", "")
    return AnswerAge(datetime.fromisoformat(answered), datetime.fromisoformat(until)) if until else None


def has_looked(session: Session) -> bool:
    """Whether the keeper has looked for an answer at all: it does so within a minute of its start."""
    return find_duty(session, ANSWER_DUTY) is not None


def show_people(count: int) -> str:
    """A count of people as a page may show it."""
    return f"{count:,}" if count == 0 or count >= FEWEST else f"<{FEWEST}"


def name_feed(feed: str) -> str:
    """A feed for people."""
    return FEEDS.get(feed, feed.replace("_", " ").capitalize())


def _delivery(view: DeliveryView, settings: Settings) -> DeliveryRow:
    return DeliveryRow(
        id=view.id,
        feed=name_feed(view.feed),
        received_at=view.received_at,
        rows_in=view.rows_in,
        rows_kept=view.rows_kept,
        share=view.rows_quarantined / view.rows_in if view.rows_in else 0.0,
        state=DELIVERIES.get(view.state, UNKNOWN_DELIVERY),
        is_held=view.state == DeliveryState.HELD,
        decided_by=view.decided_by,
        reason=view.reason,
        has_report=has_report(settings, Kind.DELIVERIES, view.id),
    )


def _counts(view: OptOutVersionView) -> list[CountRow]:
    rows = []
    for key, count in view.counts.items():
        kind, _, status = key.partition(".")
        rows.append(CountRow(KINDS.get(kind, kind.replace("_", " ")), status.replace("_", " "), show_people(count)))
    return sorted(rows, key=lambda row: (row.kind, row.status))
