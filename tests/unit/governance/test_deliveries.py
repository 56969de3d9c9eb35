"""Deliveries in the register: on record once, moved only as the table of moves says, each move audited."""

from __future__ import annotations

import pytest

from governance.clock import now
from governance.refusal import Refusal
from governance.registry.deliveries import (
    DELIVERY_MOVES,
    DeliveryState,
    DeliveryView,
    accepted_deliveries,
    decide_delivery,
    find_delivery,
    find_same_delivery,
    list_deliveries,
    record_delivery,
    record_validation,
)
from governance.store import Store
from governance.store.audit_log import AuditEvent

BY = "operator:test"
A, B = "a" * 64, "b" * 64


def received(store: Store, name: str = "gp-1", sha256: str = A) -> DeliveryView:
    return record_delivery(store, actor=BY, delivery=name, feed="gp", sha256=sha256, size=5, received_at=now())


def validated(store: Store, name: str = "gp-1") -> DeliveryView:
    return record_validation(
        store, actor=BY, delivery=name, rows_in=10, rows_kept=8, rows_quarantined=1, summary='{"x": 1}'
    )


def test_a_delivery_goes_from_received_to_accepted_and_counts(store: Store) -> None:
    assert received(store).state == "received"
    assert validated(store).rows_kept == 8
    decide_delivery(store, actor=BY, delivery="gp-1", state=DeliveryState.ACCEPTED, reason="within the rule")
    with store.reading() as session:
        (counted,) = accepted_deliveries(session)
        assert (counted.id, counted.number, counted.summary) == ("gp-1", 1, '{"x": 1}')
        events = [event.event for event in session.query(AuditEvent).order_by(AuditEvent.seq)]
    assert events[-3:] == ["delivery.received", "delivery.validated", "delivery.accepted"]


def test_the_same_files_are_on_record_once(store: Store) -> None:
    received(store)
    with pytest.raises(Refusal, match="already-delivered"):
        received(store, "gp-2")
    assert received(store, "gp-3", B).number == 2


def test_a_discarded_delivery_begins_anew_under_its_number(store: Store) -> None:
    received(store)
    received(store, "gp-2", B)
    decide_delivery(store, actor=BY, delivery="gp-1", state=DeliveryState.DISCARDED, reason="sent by mistake")
    assert received(store, "gp-3").number == 1
    with store.reading() as session:
        assert [view.id for view in list_deliveries(session, "gp")] == ["gp-3", "gp-2"]
        found = find_same_delivery(session, "gp", A)
        assert found is not None and found.id == "gp-3"


@pytest.mark.parametrize("state", DeliveryState)
def test_no_other_move_than_those_of_the_table(store: Store, state: DeliveryState) -> None:
    received(store)
    if state in DELIVERY_MOVES[DeliveryState.RECEIVED]:
        return
    with pytest.raises(Refusal, match="delivery-state"):
        decide_delivery(store, actor=BY, delivery="gp-1", state=state, reason="because")


def test_a_decision_has_a_reason_and_a_right(store: Store) -> None:
    received(store)
    validated(store)
    with pytest.raises(Refusal, match="reason-missing"):
        decide_delivery(store, actor=BY, delivery="gp-1", state=DeliveryState.ACCEPTED, reason=" ")
    with pytest.raises(Refusal, match="not-registered"):
        decide_delivery(store, actor="nobody", delivery="gp-1", state=DeliveryState.ACCEPTED, reason="because")
    with store.reading() as session, pytest.raises(Refusal, match="no-such-delivery"):
        find_delivery(session, "gp-9")


def test_counts_add_up(store: Store) -> None:
    received(store)
    with pytest.raises(Refusal, match="bad-count"):
        record_validation(store, actor=BY, delivery="gp-1", rows_in=1, rows_kept=1, rows_quarantined=1, summary="{}")
