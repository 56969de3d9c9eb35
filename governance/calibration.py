"""Who is shown a planted request. Promise: it looks like any other to the output checkers it is meant for, until each
of them has voted; to everybody else, its supposed author first of all, it is not there.

Whoever may read the results (administrators, auditors) would know it for what it is, and is never asked.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import Session

from governance.clock import now
from governance.roles import Role
from governance.store.airlock import EgressRequest
from governance.store.calibration import EgressPlant, EgressPlantAnswer
from governance.store.people import PersonRole

#: May read everybody's results, and thus know which requests are planted.
KNOWING = frozenset({Role.ADMINISTRATOR, Role.AUDITOR})


def may_be_calibrated(session: Session, subject: str) -> bool:
    """An output checker who cannot look up what is planted."""
    held = set(session.scalars(select(PersonRole.role).where(PersonRole.subject == subject)))
    return Role.OUTPUT_CHECKER.value in held and held.isdisjoint(KNOWING)


def is_planted(session: Session, request_id: str) -> bool:
    """Whether the request is planted. No page for people may tell, but for those of the results."""
    return session.get(EgressPlant, request_id) is not None


def is_hidden_from(session: Session, viewer: str, request: EgressRequest) -> bool:
    """Whether the request is planted and not, or no longer, meant for `viewer`."""
    plant = session.get(EgressPlant, request.id)
    if plant is None:
        return False
    if viewer == request.author or plant.ends_at <= now() or not may_be_calibrated(session, viewer):
        return True
    return session.scalar(_answered_by(viewer).where(EgressPlantAnswer.request_id == request.id)) is not None


def hidden_from(session: Session, viewer: str) -> ColumnElement[bool]:
    """`is_hidden_from` as a condition on egress requests."""
    if not may_be_calibrated(session, viewer):
        return planted()
    open_now = select(EgressPlant.request_id).where(EgressPlant.ends_at > now())
    meant = open_now.where(EgressPlant.request_id.not_in(_answered_by(viewer)))
    return and_(planted(), or_(EgressRequest.author == viewer, EgressRequest.id.not_in(meant)))


def planted() -> ColumnElement[bool]:
    """Planted requests, as a condition on egress requests; for counts and lists of what people made, turned round."""
    return EgressRequest.id.in_(select(EgressPlant.request_id))


def _answered_by(checker: str) -> Select[str]:
    return select(EgressPlantAnswer.request_id).where(EgressPlantAnswer.checker == checker)
