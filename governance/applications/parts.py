"""In which part somebody may act on an application. Promise: who applies or is named never reviews, decides or answers
for a controller; a stranger cannot tell an application from one that is not there; no administrator approves data.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from governance.access import can, check_holds_role, check_person_in_force
from governance.applications.answers import Answers, read_answers
from governance.applications.controllers import organisations_of, source_controllers
from governance.applications.group import member_kind
from governance.applications.kinds import MemberKind
from governance.applications.offered import current_offer
from governance.applications.states import State
from governance.clock import today
from governance.refusal import Refusal
from governance.registry.authority import find_person
from governance.registry.validation import RESERVED_PREFIXES
from governance.roles import Role, StopScope
from governance.standing import read_rules
from governance.standing.periods import covers
from governance.store.applications import Application, ApplicationVersion
from governance.store.people import Person
from governance.store.projects import Membership

ASK = "Ask the service desk."


def load_application(session: Session, application: str) -> Application:
    """The application, its row locked for this transaction. Raises Refusal `no-such-application`."""
    row = session.get(Application, application, with_for_update=True)
    if row is None:
        raise no_such_application()
    return row


def current_version(session: Session, application: Application) -> ApplicationVersion:
    """The newest version."""
    mine = (ApplicationVersion.application_id == application.id, ApplicationVersion.number == application.version)
    return session.scalars(select(ApplicationVersion).where(*mine)).one()


def current_answers(session: Session, application: Application) -> Answers:
    """The answers of the newest version. Raises Refusal `answers-damaged`."""
    return read_answers(current_version(session, application).document)


def is_service(actor: str) -> bool:
    """The operator at the gateway's own machine, or one of its services."""
    return actor.startswith(RESERVED_PREFIXES)


def check_registered(session: Session, subject: str) -> Person:
    """Somebody registered, neither suspended nor stopped: enough to apply, since it gives no access. Raises Refusal
    `not-registered`, `person-suspended`, `person-stopped`."""
    person = session.get(Person, subject)
    if person is None:
        raise Refusal("not-registered", "You are not a registered user of this service.", ASK)
    if person.suspended_at is not None:
        raise Refusal("person-suspended", "Your access is suspended.", ASK)
    if read_rules(session).find_stop(StopScope.PERSON, subject) is not None:
        raise Refusal("person-stopped", "Your access was stopped.", ASK)
    return person


def homes_of(session: Session, subject: str) -> frozenset[str]:
    """Organisations that somebody is of today."""
    person = session.get(Person, subject)
    if person is None:
        return frozenset()
    held = {row.organisation_name for row in person.affiliations if covers(row, today())}
    return frozenset(held | {person.organisation_name})


def involved(session: Session, application: Application) -> frozenset[str]:
    """Who applies, is named in any version, or was ever a member of the project that it is about."""
    documents = select(ApplicationVersion.document).where(ApplicationVersion.application_id == application.id)
    named = {subject for document in session.scalars(documents) for subject in read_answers(document).subjects}
    if application.project_slug is not None:
        members = select(Membership.subject).where(Membership.project_slug == application.project_slug)
        named |= set(session.scalars(members))
    return frozenset(named | {application.applicant})


def check_applicant(session: Session, actor: str, application: Application) -> None:
    """Who applies, or the operator in their name. Raises Refusal `no-such-application` and of check_registered."""
    if is_service(actor):
        return
    if actor != application.applicant:
        raise no_such_application()
    check_registered(session, actor)


def check_steward(session: Session, actor: str, application: Application) -> None:
    """A data steward in force who has no part in it, or the operator. Raises Refusal `own-application`,
    `role-missing`."""
    if is_service(actor):
        return
    check_holds_role(session, actor, Role.DATA_STEWARD)
    _check_apart(session, actor, application)


def check_member(session: Session, actor: str, application: Application) -> MemberKind:
    """A member of the review group, in force, who has no part in it: never the operator. Raises Refusal
    `no-such-application`, `own-application` and those of check_person_in_force."""
    kind = member_kind(session, actor)
    if kind is None:
        raise no_such_application()
    check_person_in_force(session, actor)
    _check_apart(session, actor, application)
    return kind


def check_chair(session: Session, actor: str, application: Application) -> None:
    """A member who chairs. Raises Refusal `chair-only` and those of check_member."""
    if check_member(session, actor, application) is not MemberKind.CHAIR:
        raise Refusal("chair-only", "Only the chair does this.", "Ask the chair.")


def check_delegate(session: Session, actor: str, application: Application, organisation: str) -> None:
    """Somebody in force who decides for the organisation and has no part in it. Raises Refusal `no-such-application`,
    `own-application` and those of check_person_in_force."""
    if organisation not in organisations_of(session, actor):
        raise no_such_application()
    check_person_in_force(session, actor)
    _check_apart(session, actor, application)


def check_can_see(session: Session, actor: str, application: Application) -> None:
    """Who may read it: those in it; once submitted, stewards, auditors, administrators, the group and the controllers
    asked. Raises Refusal `no-such-application`."""
    if is_service(actor):
        return
    if actor in involved(session, application):
        check_registered(session, actor)
        return
    if application.state == State.DRAFT or not can(check_person_in_force, session, actor):
        raise no_such_application()
    held = {role.role for role in find_person(session, actor).roles}
    if held & {Role.DATA_STEWARD, Role.AUDITOR, Role.ADMINISTRATOR} or member_kind(session, actor) is not None:
        return
    if not organisations_of(session, actor) & asked_organisations(session, application):
        raise no_such_application()


def asked_organisations(session: Session, application: Application) -> frozenset[str]:
    """Organisations that answer for a source of what is wanted; none while no catalogue is published."""
    try:
        offer = current_offer(session)
    except Refusal:
        return frozenset()
    wanted = offer.sources_of(wish.table for wish in current_answers(session, application).data)
    return frozenset(name for source in wanted for name in source_controllers(session, source.name))


def no_such_application() -> Refusal:
    """One text for an application that is not there and one that is not yours to see."""
    return Refusal("no-such-application", "There is no such application, or you have no part in it.", "Open your list.")


def _check_apart(session: Session, actor: str, application: Application) -> None:
    if actor in involved(session, application):
        raise Refusal("own-application", "Nobody decides on an application that names them.", "Leave it to others.")
