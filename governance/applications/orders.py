"""Orders for extracts: an approval makes one, the keeper builds it and says how it went. Promise: an order is built or
its failure is there to read; one that broke off is built again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from governance.applications.kinds import OrderState
from governance.audit import Detail, append_event
from governance.clock import now
from governance.refusal import Refusal
from governance.registry.authority import check_can_change
from governance.roles import Role
from governance.store import Store
from governance.store.applications import ExtractOrder


@dataclass(frozen=True)
class OrderView:
    """One order as it stands. `code`, `reason`: why it failed."""

    number: int
    project: str
    application: str
    state: str
    tries: int
    code: str
    reason: str
    ordered_at: datetime
    changed_at: datetime


def place_order(session: Session, *, actor: str, project: str, application: str) -> None:
    """Order an extract in the caller's transaction."""
    moment = now()
    row = ExtractOrder(project_slug=project, application_id=application, state=OrderState.ORDERED.value)
    row.ordered_at = row.changed_at = moment
    session.add(row)
    session.flush()
    _write(session, row, actor)


def begin_order(store: Store, *, actor: str, number: int) -> None:
    """The keeper begins to build. Raises Refusal `no-such-order`, `order-built`, `role-missing`."""
    with store.transaction() as session:
        row = _find(session, actor, number)
        row.tries += 1
        _set(session, row, OrderState.BUILDING, actor)


def end_order(store: Store, *, actor: str, number: int, refusal: Refusal | None = None) -> None:
    """It is built, or failed with this refusal. Raises Refusal `no-such-order`, `order-built`, `role-missing`."""
    with store.transaction() as session:
        row = _find(session, actor, number)
        row.code, row.reason = ("", "") if refusal is None else (refusal.code, refusal.message)
        _set(session, row, OrderState.BUILT if refusal is None else OrderState.FAILED, actor)


def retry_order(store: Store, *, actor: str, number: int) -> None:
    """Put a failed order back for the keeper's next round. Raises as `begin_order`."""
    with store.transaction() as session:
        _set(session, _find(session, actor, number), OrderState.ORDERED, actor)


def open_orders(session: Session) -> tuple[OrderView, ...]:
    """Orders that are not built, oldest first."""
    rows = session.scalars(
        select(ExtractOrder).where(ExtractOrder.state != OrderState.BUILT.value).order_by(ExtractOrder.id)
    )
    return tuple(_view(row) for row in rows)


def list_orders(session: Session, project: str | None = None) -> tuple[OrderView, ...]:
    """Every order, of one project or all, newest first."""
    query = select(ExtractOrder).order_by(ExtractOrder.id.desc())
    if project is not None:
        query = query.where(ExtractOrder.project_slug == project)
    return tuple(_view(row) for row in session.scalars(query))


def find_order(session: Session, application: str) -> OrderView | None:
    """The order that an application's approval made."""
    row = session.scalars(select(ExtractOrder).where(ExtractOrder.application_id == application)).first()
    return None if row is None else _view(row)


def _find(session: Session, actor: str, number: int) -> ExtractOrder:
    check_can_change(session, actor, Role.DATA_STEWARD)
    row = session.get(ExtractOrder, number, with_for_update=True)
    if row is None:
        raise Refusal("no-such-order", "There is no such order.", "`sde application orders` names them.")
    if row.state == OrderState.BUILT:
        raise Refusal("order-built", "This order is built.", "Build again: sde extract build.")
    return row


def _set(session: Session, row: ExtractOrder, state: OrderState, actor: str) -> None:
    row.state, row.changed_at = state.value, now()
    _write(session, row, actor)


def _write(session: Session, row: ExtractOrder, actor: str) -> None:
    detail: Detail = {"order": row.id, "state": row.state, "application": row.application_id, "code": row.code}
    append_event(session, event=f"order.{row.state}", actor=actor, project=row.project_slug, detail=detail)


def _view(row: ExtractOrder) -> OrderView:
    return OrderView(
        row.id,
        row.project_slug,
        row.application_id,
        row.state,
        row.tries,
        row.code,
        row.reason,
        row.ordered_at,
        row.changed_at,
    )
