"""Register actions on who is who: that a steward decided on a link, that somebody looked a person up.

Promise: no identifier, person id or reference is in an event; a decision is named by its number in the identifiable
zone.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from governance.audit import append_event
from governance.registry.authority import check_can_change
from governance.roles import Role


def record_link_decision(session: Session, *, actor: str, decision: int, kind: str) -> None:
    """Audit one decision in the caller's transaction. Raises Refusal `role-missing`."""
    check_can_change(session, actor, Role.DATA_STEWARD)
    append_event(session, event="link.decided", actor=actor, detail={"decision": decision, "kind": kind})


def record_link_withdrawal(session: Session, *, actor: str, decision: int) -> None:
    """Audit that a decision counts no longer. Raises Refusal `role-missing`."""
    check_can_change(session, actor, Role.DATA_STEWARD)
    append_event(session, event="link.withdrawn", actor=actor, detail={"decision": decision})


def record_link_lookup(session: Session, *, actor: str, found: int) -> None:
    """Audit that somebody asked by an NHS number which links a person has. Raises Refusal `role-missing`."""
    check_can_change(session, actor, Role.DATA_STEWARD)
    append_event(session, event="link.looked-up", actor=actor, detail={"links": found})
