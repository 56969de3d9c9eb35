"""What is stuck, and why, for operators and for notices. Promise: a request that nobody can move, that a service has
left half-way or that has waited beyond its deadline is named here, with words; nothing waits in silence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session, lazyload

from egress.limits import AirlockLimits, limits_of
from egress.permissions import ROLES, check_may
from egress.policies import possible_checkers, project_of
from egress.states import RESTING, Action, State, Who
from governance.access import can, check_can_review, check_member_in_force
from governance.clock import now
from governance.store.airlock import EgressRequest
from governance.store.people import PersonRole


class Why(StrEnum):
    """Why a request does not go on, as a stable code."""

    SERVICE_SLOW = "service-slow"
    RELEASE_FAILING = "release-failing"
    RELEASE_WAITING = "release-waiting"
    AUTHOR_OUT_OF_FORCE = "author-out-of-force"
    TOO_FEW_CHECKERS = "too-few-checkers"
    NO_FURTHER_CHECKER = "no-further-checker"
    NO_CONTROLLER = "no-controller"
    OVERDUE = "overdue"

    @property
    def words(self) -> str:
        """What is wrong and what mends it."""
        return WORDS[self]


WORDS = {
    Why.SERVICE_SLOW: "A step of the service does not end. If it is not taken up again soon, restart the service.",
    Why.RELEASE_FAILING: "The release keeps failing. See its problem; a checker may try again or return it.",
    Why.RELEASE_WAITING: "It is approved, but something a release needs does not hold now. Its page says what.",
    Why.AUTHOR_OUT_OF_FORCE: "It is approved, but its author may not be given anything now: training, membership or"
    " project has ended. Renew it, or have a checker return it.",
    Why.TOO_FEW_CHECKERS: "There are too few output checkers in force who may review it. Register or retrain one.",
    Why.NO_FURTHER_CHECKER: "The reviews differ and nobody is left to give a further opinion. Register another output"
    " checker, or have one of the two return it.",
    Why.NO_CONTROLLER: "No data steward in force may decide on it. Register or retrain one.",
    Why.OVERDUE: "It should have been answered by now.",
}


@dataclass(frozen=True)
class Stuck:
    """One request that does not go on by itself."""

    request: str
    project: str
    state: str
    why: Why
    since: datetime
    words: str


@dataclass
class _Look:
    """One round of looking; what holds of a whole project is asked once."""

    session: Session
    moment: datetime
    reviewers: dict[str, int] = field(default_factory=dict)

    def reviewers_of(self, project: str) -> int:
        """How many people may review the project's requests now."""
        if project not in self.reviewers:
            held = _holders(self.session, Who.CHECKER)
            self.reviewers[project] = sum(can(check_can_review, self.session, who, project) for who in held)
        return self.reviewers[project]


def find_stuck(session: Session) -> tuple[Stuck, ...]:
    """Every request under way that somebody should look after, longest waiting first."""
    under_way = EgressRequest.state.not_in([state.value for state in RESTING])
    query = select(EgressRequest).where(under_way).options(lazyload("*")).order_by(EgressRequest.moved_at)
    look = _Look(session, now())
    return tuple(
        Stuck(request.id, request.project_slug, request.state, why, request.moved_at or request.changed_at, why.words)
        for request in session.scalars(query)
        if (why := _find_reason(look, request)) is not None
    )


def _find_reason(look: _Look, request: EgressRequest) -> Why | None:
    """The first reason; that it is late is the last, for it says the least."""
    limits = limits_of(project_of(look.session, request))
    found = next(CHECKS[State(request.state)](look, request, limits), None)
    late = request.due_at is not None and request.due_at < look.moment
    return found or (Why.OVERDUE if late else None)


def _look_at_service(look: _Look, request: EgressRequest, limits: AirlockLimits) -> Iterator[Why]:
    since = request.moved_at or request.changed_at
    if look.moment - since > timedelta(minutes=limits.service_minutes):
        yield Why.SERVICE_SLOW


def _look_at_approved(look: _Look, request: EgressRequest, limits: AirlockLimits) -> Iterator[Why]:
    if not can(check_member_in_force, look.session, request.author, request.project_slug):
        yield Why.AUTHOR_OUT_OF_FORCE
    since = request.moved_at or request.changed_at
    if look.moment - since > timedelta(minutes=limits.service_minutes):
        yield Why.RELEASE_WAITING


def _look_at_failed(look: _Look, request: EgressRequest, limits: AirlockLimits) -> Iterator[Why]:
    del limits
    if not can(check_member_in_force, look.session, request.author, request.project_slug):
        yield Why.AUTHOR_OUT_OF_FORCE
    if request.retry_at is None:
        yield Why.RELEASE_FAILING


def _look_at_review(look: _Look, request: EgressRequest, limits: AirlockLimits) -> Iterator[Why]:
    if look.reviewers_of(request.project_slug) < limits.approvals:
        yield Why.TOO_FEW_CHECKERS


def _look_at_dispute(look: _Look, request: EgressRequest, limits: AirlockLimits) -> Iterator[Why]:
    del limits
    if not possible_checkers(look.session, request):
        yield Why.NO_FURTHER_CHECKER


def _look_at_reviewed(look: _Look, request: EgressRequest, limits: AirlockLimits) -> Iterator[Why]:
    del limits
    if not look.reviewers_of(request.project_slug):
        yield Why.TOO_FEW_CHECKERS


def _look_at_controller(look: _Look, request: EgressRequest, limits: AirlockLimits) -> Iterator[Why]:
    del limits
    held = _holders(look.session, Who.CONTROLLER)
    if not any(can(check_may, look.session, who, request, Action.DECIDE) for who in held):
        yield Why.NO_CONTROLLER


CHECKS: dict[State, Callable[[_Look, EgressRequest, AirlockLimits], Iterator[Why]]] = {
    State.SUBMITTED: _look_at_service,
    State.SCREENING: _look_at_service,
    State.BLOCKED: _look_at_service,
    State.IN_REVIEW: _look_at_review,
    State.PART_REVIEWED: _look_at_review,
    State.THIRD_OPINION: _look_at_dispute,
    State.REVIEWED: _look_at_reviewed,
    State.AWAIT_CONTROLLER: _look_at_controller,
    State.APPROVED: _look_at_approved,
    State.RELEASING: _look_at_service,
    State.RELEASE_FAILED: _look_at_failed,
}


def _holders(session: Session, part: Who) -> list[str]:
    return list(session.scalars(select(PersonRole.subject).where(PersonRole.role == ROLES[part].value)))
