"""Register actions on deliveries of the feeds: received, validated, accepted or held, decided by a steward.

Promise: a delivery of one feed and one SHA-256 is on record once; it moves only as `DELIVERY_MOVES` says; each move is
audited in its own transaction; nothing here is a value of the data, only counts and digests.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from governance.audit import Detail, append_event
from governance.clock import now
from governance.refusal import Refusal
from governance.registry.authority import check_can_change
from governance.registry.validation import check_name, check_sha256, check_text
from governance.roles import Role
from governance.store import Store
from governance.store.intake import Delivery


class DeliveryState(StrEnum):
    """Where a delivery is in its life."""

    RECEIVED = "received"  # its files are in the identifiable zone; may be resumed
    VALIDATED = "validated"  # its rows are staged and counted
    ACCEPTED = "accepted"
    HELD = "held"  # too much in quarantine: a steward decides
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"  # accepted once, and taken back by the sender or a steward
    DISCARDED = "discarded"  # given up before it was decided; its files may be landed again


#: Which states a delivery may move to.
DELIVERY_MOVES: Mapping[DeliveryState, frozenset[DeliveryState]] = {
    DeliveryState.RECEIVED: frozenset({DeliveryState.VALIDATED, DeliveryState.DISCARDED}),
    DeliveryState.VALIDATED: frozenset({DeliveryState.ACCEPTED, DeliveryState.HELD, DeliveryState.DISCARDED}),
    DeliveryState.HELD: frozenset({DeliveryState.ACCEPTED, DeliveryState.REJECTED}),
    DeliveryState.ACCEPTED: frozenset({DeliveryState.WITHDRAWN}),
    DeliveryState.REJECTED: frozenset(),
    DeliveryState.WITHDRAWN: frozenset(),
    DeliveryState.DISCARDED: frozenset(),
}
#: Decided by a person, with a reason.
DECISIONS = frozenset({DeliveryState.ACCEPTED, DeliveryState.REJECTED, DeliveryState.WITHDRAWN})


@dataclass(frozen=True)
class DeliveryView:
    """One delivery. `rows_in` less kept and quarantined are
        rows left out because another row of the delivery has their key; `summary`:
    JSON of counts by table and reason."""

    id: str
    number: int
    feed: str
    sha256: str
    state: str
    received_at: datetime
    bytes: int
    rows_in: int
    rows_kept: int
    rows_quarantined: int
    decided_by: str
    decided_at: datetime | None
    reason: str
    summary: str


def record_delivery(
    store: Store, *, actor: str, delivery: str, feed: str, sha256: str, size: int, received_at: datetime
) -> DeliveryView:
    """Put a delivery on record as received; a discarded one of the same bytes begins anew under its number.

    Args:
        delivery: its id, the name of its folder.
        sha256: over the names and bytes of its files.
        size: bytes of all files.

    Raises Refusal `already-delivered`, `bad-digest`, `bad-name`, `role-missing`.
    """
    check_sha256(sha256)
    check_name(delivery, "delivery")
    with store.transaction() as session:
        check_can_change(session, actor, Role.DATA_STEWARD)
        known = _find_same(session, feed, sha256)
        if known is not None and known.state != DeliveryState.DISCARDED:
            raise Refusal("already-delivered", "This delivery is on record already.", "`sde delivery list` shows it.")
        number = known.number if known is not None else (session.scalar(select(func.max(Delivery.number))) or 0) + 1
        if known is not None:
            session.delete(known)
            session.flush()
        row = Delivery(
            id=delivery,
            number=number,
            feed=feed,
            sha256=sha256,
            state=DeliveryState.RECEIVED,
            received_at=received_at,
            bytes=size,
            rows_in=0,
            rows_kept=0,
            rows_quarantined=0,
            summary="{}",
            decided_by="",
            reason="",
        )
        session.add(row)
        detail: Detail = {"delivery": delivery, "feed": feed, "sha256": sha256, "bytes": size}
        append_event(session, event="delivery.received", actor=actor, detail=detail)
        return _view(row)


def record_validation(
    store: Store, *, actor: str, delivery: str, rows_in: int, rows_kept: int, rows_quarantined: int, summary: str
) -> DeliveryView:
    """Write down what the checks found. Raises Refusal `no-such-delivery`, `delivery-state`, `bad-count`."""
    if min(rows_in, rows_kept, rows_quarantined) < 0 or rows_in < rows_kept + rows_quarantined:
        raise Refusal("bad-count", "Counts of rows are not negative, and no more come out than went in.")
    with store.transaction() as session:
        check_can_change(session, actor, Role.DATA_STEWARD)
        row = _move(session, delivery, DeliveryState.VALIDATED)
        row.rows_in, row.rows_kept, row.rows_quarantined = rows_in, rows_kept, rows_quarantined
        row.summary = summary
        counts: Detail = {"delivery": delivery, "rows_in": rows_in, "kept": rows_kept, "quarantined": rows_quarantined}
        append_event(session, event="delivery.validated", actor=actor, detail=counts)
        return _view(row)


def decide_delivery(store: Store, *, actor: str, delivery: str, state: DeliveryState, reason: str) -> DeliveryView:
    """Accept, hold, reject, withdraw or discard a delivery, with a reason in words (no data value).

    Raises Refusal `no-such-delivery`, `delivery-state`, `reason-missing`, `role-missing`.
    """
    why = check_text(reason, "reason")
    if not why:
        raise Refusal("reason-missing", "A decision on a delivery has a reason.", "Say why in a few words.")
    with store.transaction() as session:
        check_can_change(session, actor, Role.DATA_STEWARD)
        row = _move(session, delivery, state)
        if state in DECISIONS:
            row.decided_by, row.decided_at = actor, now()
        row.reason = why
        detail: Detail = {"delivery": delivery, "feed": row.feed, "reason": why}
        append_event(session, event=f"delivery.{state}", actor=actor, detail=detail)
        return _view(row)


def find_delivery(session: Session, delivery: str) -> DeliveryView:
    """One delivery by id. Raises Refusal `no-such-delivery`."""
    return _view(_find(session, delivery))


def find_same_delivery(session: Session, feed: str, sha256: str) -> DeliveryView | None:
    """The delivery of these very files, if it is on record."""
    row = _find_same(session, feed, sha256)
    return _view(row) if row is not None else None


def list_deliveries(session: Session, feed: str | None = None) -> list[DeliveryView]:
    """Every delivery, oldest first."""
    query = select(Delivery).order_by(Delivery.number)
    if feed is not None:
        query = query.where(Delivery.feed == feed)
    return [_view(row) for row in session.scalars(query)]


def accepted_deliveries(session: Session) -> list[DeliveryView]:
    """Those whose rows count, oldest first."""
    return [view for view in list_deliveries(session) if view.state == DeliveryState.ACCEPTED]


def _move(session: Session, delivery: str, to: DeliveryState) -> Delivery:
    row = _find(session, delivery)
    if to not in DELIVERY_MOVES[DeliveryState(row.state)]:
        raise Refusal(
            "delivery-state",
            f"The delivery is {row.state}; it cannot become {to}.",
            "`sde delivery show` tells where it stands.",
        )
    row.state = to
    return row


def _find(session: Session, delivery: str) -> Delivery:
    row = session.get(Delivery, delivery)
    if row is None:
        raise Refusal("no-such-delivery", "There is no such delivery.", "`sde delivery list` names them.")
    return row


def _find_same(session: Session, feed: str, sha256: str) -> Delivery | None:
    return session.scalars(select(Delivery).where(Delivery.feed == feed, Delivery.sha256 == sha256)).first()


def _view(row: Delivery) -> DeliveryView:
    return DeliveryView(
        row.id,
        row.number,
        row.feed,
        row.sha256,
        row.state,
        row.received_at,
        row.bytes,
        row.rows_in,
        row.rows_kept,
        row.rows_quarantined,
        row.decided_by,
        row.decided_at,
        row.reason,
        row.summary,
    )
