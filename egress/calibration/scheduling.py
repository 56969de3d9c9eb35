"""When a checker is given a planted request: after about so many reviews of their own, at an hour in which people work.
Promise: off means off, nobody has two before them at once, and the next one cannot be counted down to.
"""

from __future__ import annotations

from datetime import datetime
from random import Random

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from egress.airlock import Airlock
from egress.calibration.planting import SERVICE, plant
from egress.statistics import DAY_BEGINS, DAY_ENDS, SATURDAY
from governance.access import can, check_can_review, check_holds_role
from governance.calibration import hidden_from, may_be_calibrated, planted
from governance.clock import now
from governance.refusal import Refusal
from governance.roles import Role
from governance.store.airlock import EgressFile, EgressRequest, EgressVote
from governance.store.calibration import EgressPlant, EgressPlantAnswer
from governance.store.people import PersonRole

log = structlog.get_logger()


def plant_due(airlock: Airlock, random: Random | None = None) -> int:
    """One round; returns how many were planted. What cannot be planted now waits for another round."""
    every = airlock.settings.calibration_every
    if every == 0 or not is_working_time(now()):
        return 0
    with airlock.store.reading() as session:
        held = select(PersonRole.subject).where(PersonRole.role == Role.OUTPUT_CHECKER.value)
        checkers = sorted(session.scalars(held))
    return sum(_plant_if_due(airlock, checker, every, random) for checker in checkers)


def is_working_time(moment: datetime) -> bool:
    """Monday to Friday, from nine to five (UTC)."""
    return moment.weekday() < SATURDAY and DAY_BEGINS <= moment.time() < DAY_ENDS


def is_due(session: Session, checker: str, every: int) -> bool:
    """Whether a checker in force has reviewed enough since their last planted request, and has none before them."""
    if not (can(check_holds_role, session, checker, Role.OUTPUT_CHECKER) and may_be_calibrated(session, checker)):
        return False
    before = select(EgressRequest.project_slug).where(planted(), ~hidden_from(session, checker)).distinct()
    if any(can(check_can_review, session, checker, slug) for slug in session.scalars(before)):
        return False
    answers = select(EgressPlantAnswer.voted_at, EgressPlant.gap).join(EgressPlant)
    last = session.execute(
        answers.where(EgressPlantAnswer.checker == checker).order_by(EgressPlantAnswer.id.desc()).limit(1)
    ).first()
    since, gap = last if last is not None else (None, every)
    return _count_reviews(session, checker, since) >= gap


def _count_reviews(session: Session, checker: str, since: datetime | None) -> int:
    """How many turns of requests the checker voted on after that moment."""
    turns = select(EgressFile.request_id, EgressVote.turn).join(EgressVote, EgressVote.file_id == EgressFile.id)
    turns = turns.where(EgressVote.checker == checker).distinct()
    if since is not None:
        turns = turns.where(EgressVote.voted_at > since)
    return session.scalar(select(func.count()).select_from(turns.subquery())) or 0


def _plant_if_due(airlock: Airlock, checker: str, every: int, random: Random | None) -> bool:
    with airlock.store.reading() as session:
        if not is_due(session, checker, every):
            return False
    try:
        plant(airlock, actor=SERVICE, checker=checker, every=every, random=random)
    except Refusal as refusal:
        log.warning("egress.not_planted", code=refusal.code)
        return False
    return True
