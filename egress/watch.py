"""What is stuck, and why, for operators and for notices. Promise: a request that nobody can move, that a service has
left half-way or that has waited beyond its deadline is named here, with words; nothing waits in silence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session, lazyload

from egress.directions import Direction, direction_of
from egress.limits import AirlockLimits, limits_of
from egress.permissions import ROLES, check_never_member
from egress.policies import possible_checkers
from egress.states import RESTING, VOTING, State, Who
from governance.access import (
    can,
    check_can_review,
    check_holds_role,
    check_member_in_force,
    check_project_row,
)
from governance.calibration import planted
from governance.clock import now
from governance.roles import Role
from governance.store.airlock import EgressFile, EgressRequest, EgressVote
from governance.store.people import PersonRole
from governance.store.projects import Project


class Why(StrEnum):
    """Why a request does not go on, as a stable code."""

    SERVICE_SLOW = "service-slow"
    RELEASE_FAILING = "release-failing"
    RELEASE_WAITING = "release-waiting"
    AUTHOR_OUT_OF_FORCE = "author-out-of-force"
    PROJECT_OUT_OF_FORCE = "project-out-of-force"
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
    Why.PROJECT_OUT_OF_FORCE: "Its project is not in force, so nobody may review it. Renew the project.",
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
    turn: int


@dataclass
class _Look:
    """One round of looking; what holds of a whole project, or of one of its people, is asked once."""

    session: Session
    moment: datetime
    voters: Mapping[str, frozenset[str]]
    projects: dict[str, Project] = field(default_factory=dict)
    _able: dict[tuple[Who, str], frozenset[str]] = field(default_factory=dict)
    _authors: dict[tuple[str, str], bool] = field(default_factory=dict)

    @classmethod
    def at(cls, session: Session) -> _Look:
        """Over the register as it is now."""
        voted = select(EgressFile.request_id, EgressVote.checker).join_from(EgressVote, EgressFile).distinct()
        voted = voted.join(EgressRequest, EgressRequest.id == EgressFile.request_id)
        wanted = [State.THIRD_OPINION.value, State.AWAIT_CONTROLLER.value]
        voters: dict[str, set[str]] = {}
        for request, checker in session.execute(
            voted.where(EgressRequest.state.in_(wanted), EgressVote.turn == EgressRequest.turn)
        ):
            voters.setdefault(request, set()).add(checker)
        return cls(session, now(), {request: frozenset(who) for request, who in voters.items()})

    def limits_of(self, project: str, direction: Direction) -> AirlockLimits:
        """The limits in force for a project's requests of that direction."""
        if project not in self.projects:
            self.projects[project] = self.session.get_one(Project, project)
        return limits_of(self.projects[project], direction)

    def able(self, part: Who, project: str) -> frozenset[str]:
        """Who may review or decide on the project's requests now, as far as no single request says otherwise."""
        if (part, project) not in self._able:
            held = select(PersonRole.subject).where(PersonRole.role == ROLES[part].value)
            self._able[part, project] = frozenset(
                who for who in self.session.scalars(held) if can(ABLE[part], self.session, who, project)
            )
        return self._able[part, project]

    def is_author_in_force(self, request: EgressRequest) -> bool:
        """Whether its author may be given anything of the project now."""
        key = (request.author, request.project_slug)
        if key not in self._authors:
            self._authors[key] = can(check_member_in_force, self.session, *key)
        return self._authors[key]

    def has_waited(self, request: EgressRequest, limits: AirlockLimits) -> bool:
        """Whether it has been where it is for longer than a step of the service may take."""
        return self.moment - (request.moved_at or request.changed_at) > timedelta(minutes=limits.service_minutes)


def _check_can_decide(session: Session, subject: str, project: str) -> None:
    check_holds_role(session, subject, Role.DATA_STEWARD)
    check_never_member(session, subject, project)


ABLE: Mapping[Who, Callable[[Session, str, str], object]] = {
    Who.CHECKER: check_can_review,
    Who.CONTROLLER: _check_can_decide,
}


def find_stuck(session: Session) -> tuple[Stuck, ...]:
    """Every request under way that somebody should look after, longest waiting first."""
    under_way = EgressRequest.state.not_in([state.value for state in RESTING])
    query = select(EgressRequest).where(under_way, ~planted()).options(lazyload("*")).order_by(EgressRequest.moved_at)
    look = _Look.at(session)
    return tuple(
        _describe(request, why)
        for request in session.scalars(query)
        if (why := _find_reason(look, request)) is not None
    )


def _describe(request: EgressRequest, why: Why) -> Stuck:
    since = request.moved_at or request.changed_at
    return Stuck(request.id, request.project_slug, request.state, why, since, why.words, request.turn)


def _find_reason(look: _Look, request: EgressRequest) -> Why | None:
    """The first reason; that it is late is the last, for it says the least."""
    limits = look.limits_of(request.project_slug, direction_of(request))
    if State(request.state) in VOTING and not can(check_project_row, look.session, look.projects[request.project_slug]):
        return Why.PROJECT_OUT_OF_FORCE
    found = next(CHECKS[State(request.state)](look, request, limits), None)
    late = request.due_at is not None and request.due_at < look.moment
    return found or (Why.OVERDUE if late else None)


def _look_at_service(look: _Look, request: EgressRequest, limits: AirlockLimits) -> Iterator[Why]:
    if look.has_waited(request, limits):
        yield Why.SERVICE_SLOW


def _look_at_approved(look: _Look, request: EgressRequest, limits: AirlockLimits) -> Iterator[Why]:
    if not look.is_author_in_force(request):
        yield Why.AUTHOR_OUT_OF_FORCE
    if look.has_waited(request, limits):
        yield Why.RELEASE_WAITING


def _look_at_failed(look: _Look, request: EgressRequest, limits: AirlockLimits) -> Iterator[Why]:
    del limits
    if not look.is_author_in_force(request):
        yield Why.AUTHOR_OUT_OF_FORCE
    if request.retry_at is None:
        yield Why.RELEASE_FAILING


def _look_at_review(look: _Look, request: EgressRequest, limits: AirlockLimits) -> Iterator[Why]:
    if len(look.able(Who.CHECKER, request.project_slug) - {request.author}) < limits.approvals:
        yield Why.TOO_FEW_CHECKERS


def _look_at_dispute(look: _Look, request: EgressRequest, limits: AirlockLimits) -> Iterator[Why]:
    """Whoever has not voted at all is left; only where nobody is, a review that is not complete must be looked for."""
    del limits
    fresh = look.able(Who.CHECKER, request.project_slug) - {request.author} - look.voters.get(request.id, frozenset())
    if not fresh and not possible_checkers(look.session, request):
        yield Why.NO_FURTHER_CHECKER


def _look_at_reviewed(look: _Look, request: EgressRequest, limits: AirlockLimits) -> Iterator[Why]:
    del limits
    if not look.able(Who.CHECKER, request.project_slug) - {request.author}:
        yield Why.TOO_FEW_CHECKERS


def _look_at_controller(look: _Look, request: EgressRequest, limits: AirlockLimits) -> Iterator[Why]:
    del limits
    stewards = look.able(Who.CONTROLLER, request.project_slug) - {request.author}
    if not stewards - look.voters.get(request.id, frozenset()):
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
