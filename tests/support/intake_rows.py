"""Deliveries as rows of the register, in whatever state a test wants them."""

from __future__ import annotations

import hashlib

from governance.clock import now
from governance.registry.deliveries import DeliveryState, decide_delivery, record_delivery, record_validation
from governance.store import Store

BY = "service:test"


def add_delivery(
    store: Store,
    name: str,
    state: DeliveryState,
    *,
    feed: str = "gp",
    rows: int = 100,
    quarantined: int = 40,
    summary: str = "{}",
) -> str:
    """Record it up to that state; returns its id."""
    digest = hashlib.sha256(name.encode()).hexdigest()
    record_delivery(store, actor=BY, delivery=name, feed=feed, sha256=digest, size=1, received_at=now())
    if state is DeliveryState.RECEIVED:
        return name
    record_validation(
        store,
        actor=BY,
        delivery=name,
        rows_in=rows,
        rows_kept=rows - quarantined,
        rows_quarantined=quarantined,
        summary=summary,
    )
    decide_delivery(store, actor=BY, delivery=name, state=state, reason="a test")
    return name
