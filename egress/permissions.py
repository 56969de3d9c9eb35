"""Who may act on a request. Promise: an author acts on an own request as its author and as nothing else; a checker or
controller's delegate is nobody's colleague in the project; a stranger cannot tell a request from one that is not there.

When an action is possible is the business of egress.policies; who sees what, of egress.visibility.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy.orm import Session

from egress.states import TRANSITIONS, Action, Who
from governance.access import (
    check_can_review,
    check_egress_open,
    check_holds_role,
    check_member_in_force,
    check_person_in_force,
)
from governance.calibration import is_hidden_from
from governance.refusal import Refusal
from governance.roles import Role
from governance.store.airlock import EgressRequest
from governance.store.people import Person
from governance.store.projects import Project

#: What people may do besides moving a request.
BESIDE: Mapping[Action, tuple[Who, ...]] = {
    Action.DESCRIBE: (Who.AUTHOR,),
    Action.ADD_FILE: (Who.AUTHOR,),
    Action.REMOVE_FILE: (Who.AUTHOR,),
    Action.GROUP: (Who.AUTHOR,),
    Action.COMMENT: (Who.AUTHOR, Who.CHECKER, Who.CONTROLLER),
    Action.VIEW: (Who.AUTHOR, Who.CHECKER, Who.CONTROLLER, Who.ADMINISTRATOR),
    Action.PREVIEW: (Who.CHECKER, Who.CONTROLLER),
    Action.DOWNLOAD: (Who.AUTHOR,),
}
#: The release service releases, a checker or the controller's delegate asks it to: no person copies files.
ASKED_FOR: Mapping[Action, tuple[Who, ...]] = {Action.RELEASE: (Who.CHECKER, Who.CONTROLLER)}
PERMISSIONS: Mapping[Action, tuple[Who, ...]] = {
    **{row.action: row.who for row in TRANSITIONS},
    **BESIDE,
    **ASKED_FOR,
}

#: What stays possible while all egress is stopped: to look, to talk, and whatever keeps something in.
DESPITE_A_STOP = frozenset(
    {
        Action.VIEW,
        Action.PREVIEW,
        Action.COMMENT,
        Action.DESCRIBE,
        Action.ADD_FILE,
        Action.REMOVE_FILE,
        Action.GROUP,
        Action.REOPEN,
        Action.RECALL,
        Action.WITHDRAW,
    }
)

ROLES: Mapping[Who, Role] = {
    Who.CHECKER: Role.OUTPUT_CHECKER,
    Who.CONTROLLER: Role.DATA_STEWARD,
    Who.ADMINISTRATOR: Role.ADMINISTRATOR,
}


def no_such_request() -> Refusal:
    """One text for a request that is not there and one that is not yours to see."""
    return Refusal("no-such-request", "There is no such request, or you have no part in it.", "Open your own list.")


def check_may(session: Session, actor: str, request: EgressRequest, action: Action) -> Who:
    """The part in which `actor` may do `action`.

    Raises Refusal `own-request`, `no-such-request`, `role-missing`, `controller-is-member`, `controller-voted`,
    `egress-stopped` and those of governance.access.
    """
    part = _find_part(session, actor, request, action)
    if action not in DESPITE_A_STOP:
        check_egress_open(session)
    return part


def _find_part(session: Session, actor: str, request: EgressRequest, action: Action) -> Who:
    person = check_person_in_force(session, actor)
    if is_hidden_from(session, actor, request):
        raise no_such_request()
    allowed = PERMISSIONS[action]
    if actor == request.author:
        if Who.AUTHOR not in allowed:
            raise Refusal("own-request", "Nobody does this with a request of their own.", "Leave it to others.")
        check_member_in_force(session, actor, request.project_slug)
        return Who.AUTHOR
    return _check_service_part(session, person, request, allowed)


def _check_service_part(session: Session, person: Person, request: EgressRequest, allowed: tuple[Who, ...]) -> Who:
    held = {role.role for role in person.roles}
    if held.isdisjoint(ROLES.values()):
        raise no_such_request()
    reasons = []
    for who in allowed:
        if who in ROLES and ROLES[who] in held:
            try:
                CHECKS[who](session, person.subject, request)
            except Refusal as refusal:
                reasons.append(refusal)
            else:
                return who
    if reasons:
        raise reasons[0]
    needed = " or ".join(who.value for who in allowed)
    raise Refusal("role-missing", f"This is for the {needed}.", "Leave it to others.")


def check_may_leave(session: Session, request: EgressRequest) -> None:
    """That neither egress nor the request's project or author was stopped or ended since its release began. Raises
    those of governance.access."""
    check_egress_open(session)
    check_member_in_force(session, request.author, request.project_slug)


def check_is_checker(session: Session, actor: str, request: EgressRequest) -> None:
    """An output checker in force, never a member of the project, the project in force."""
    check_can_review(session, actor, request.project_slug)


def check_is_controller(session: Session, actor: str, request: EgressRequest) -> None:
    """A data steward in force who is no member of the project and has not voted in this turn."""
    check_holds_role(session, actor, Role.DATA_STEWARD)
    check_never_member(session, actor, request.project_slug)
    voted = {vote.checker for file in request.files for vote in file.votes if vote.turn == request.turn}
    if actor in voted:
        raise Refusal("controller-voted", "Who reviewed a request cannot decide on it too.", "Leave it to others.")


def check_never_member(session: Session, actor: str, project_slug: str) -> None:
    """That somebody is not and never was a member of the project. Raises Refusal `controller-is-member`."""
    if actor in members_ever(session, project_slug):
        raise Refusal("controller-is-member", "A member of the project cannot decide on it.", "Leave it to others.")


def check_is_administrator(session: Session, actor: str, request: EgressRequest) -> None:
    """An administrator in force."""
    del request
    check_holds_role(session, actor, Role.ADMINISTRATOR)


CHECKS: Mapping[Who, Callable[[Session, str, EgressRequest], None]] = {
    Who.CHECKER: check_is_checker,
    Who.CONTROLLER: check_is_controller,
    Who.ADMINISTRATOR: check_is_administrator,
}


def members_ever(session: Session, project_slug: str) -> frozenset[str]:
    """Everybody who is or was a member of the project."""
    project = session.get_one(Project, project_slug)
    return frozenset(membership.subject for membership in project.memberships)
