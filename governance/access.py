"""Who may do what, now. Promise: expired, suspended or missing approval at any link (person, organisation, training,
membership, project) stops spawn, query, submit, vote, release and download at the same moment.

Two tones (DEVELOPERS.md): `check_can_x` raises the Refusal, `can(check, ...)` returns a bool for hiding buttons.
Every check reads the register inside the caller's session: nothing is cached.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from governance.clock import today
from governance.refusal import Refusal
from governance.roles import ProjectStatus, Role
from governance.store.people import Person
from governance.store.projects import Membership, Project

ASK = "Ask your project manager or the service desk."


def check_person_in_force(session: Session, subject: str) -> Person:
    """The registered person, if not suspended, of an organisation with a live agreement and with training in force.

    Raises Refusal `not-registered`, `person-suspended`, `organisation-expired`, `training-missing`, `training-expired`.
    """
    person = session.get(Person, subject)
    if person is None:
        raise Refusal("not-registered", "You are not a registered user of this service.", ASK)
    if person.suspended_at is not None:
        raise Refusal("person-suspended", "Your access is suspended.", ASK)
    agreement_ends = person.organisation.agreement_until
    if agreement_ends is not None and agreement_ends < today():
        raise Refusal("organisation-expired", "Your organisation's agreement has ended.", ASK)
    newest = {record.course: record for record in person.training}  # ordered by id, so the newest wins
    if not newest:
        raise Refusal("training-missing", "No training is on record for you.", "Complete the required training.")
    expired = sorted(course for course, record in newest.items() if record.expires_on < today())
    if expired:
        raise Refusal("training-expired", f"Your training has expired: {', '.join(expired)}.", "Renew it to go on.")
    return person


def check_project_in_force(session: Session, project_slug: str) -> Project:
    """The project, if active and within its dates. Raises Refusal `no-such-project`, `project-not-active`,
    `project-not-started`, `project-ended`."""
    project = session.get(Project, project_slug)
    if project is None:
        raise Refusal("no-such-project", "There is no such project, or you are not a member of it.", ASK)
    check_project_dates(project)
    return project


def check_project_dates(project: Project) -> None:
    """That a project is active and within its dates; raises as `check_project_in_force`."""
    if project.status != ProjectStatus.ACTIVE:
        raise Refusal("project-not-active", f"The project is {project.status}.", ASK)
    if today() < project.starts_on:
        raise Refusal("project-not-started", f"The project starts on {project.starts_on}.", ASK)
    if project.ends_on < today():
        raise Refusal("project-ended", f"The project ended on {project.ends_on}.", "Apply for a renewal.")


def find_membership(project: Project, subject: str) -> Membership | None:
    """The newest membership that was not removed, whether or not it is within its dates."""
    held = [m for m in project.memberships if m.subject == subject and m.removed_at is None]
    return held[-1] if held else None


def check_member_in_force(session: Session, subject: str, project_slug: str) -> Membership:
    """The live membership of a person in force in a project in force: the one rule behind spawn, query, submit and
    download. Raises the refusals of the two checks above, or `not-a-member`, `membership-expired`."""
    check_person_in_force(session, subject)
    project = session.get(Project, project_slug)
    membership = find_membership(project, subject) if project is not None else None
    if membership is None:  # the same words as for a project that does not exist
        raise Refusal("not-a-member", "There is no such project, or you are not a member of it.", ASK)
    if not membership.starts_on <= today() <= membership.until:
        raise Refusal("membership-expired", "Your membership of this project is not in force.", ASK)
    check_project_in_force(session, project_slug)
    return membership


check_can_spawn = check_member_in_force
check_can_query = check_member_in_force
check_can_submit = check_member_in_force
check_can_download = check_member_in_force


def check_holds_role(session: Session, subject: str, role: Role) -> Person:
    """A person in force who holds the service role. Raises Refusal `role-missing`."""
    person = check_person_in_force(session, subject)
    if role not in {held.role for held in person.roles}:
        raise Refusal("role-missing", f"This needs the role {role.replace('_', ' ')}.", ASK)
    return person


def check_can_review(session: Session, subject: str, project_slug: str) -> Person:
    """An output checker in force who is not, and never was, a member of the project (separation of duties; SATRE
    3.1.07). The project itself must be in force. Raises Refusal `checker-is-member` and those above."""
    person = check_holds_role(session, subject, Role.OUTPUT_CHECKER)
    project = check_project_in_force(session, project_slug)
    if any(membership.subject == subject for membership in project.memberships):
        raise Refusal("checker-is-member", "A member of the project cannot review its outputs.", "Leave it to others.")
    return person


def check_can_administer(session: Session, subject: str) -> Person:
    """An administrator in force."""
    return check_holds_role(session, subject, Role.ADMINISTRATOR)


def check_can_ask_who(session: Session, subject: str, project_slug: str) -> Person:
    """Who may ask for the re-identification of people of a project's extract: a live member of it, or a data steward in
    force while the project is. Raises the refusals of the checks above."""
    if can(check_holds_role, session, subject, Role.DATA_STEWARD):
        check_project_in_force(session, project_slug)
    else:
        check_member_in_force(session, subject, project_slug)
    return check_person_in_force(session, subject)


def check_can_keep(session: Session, subject: str, project_slug: str, asking: str, told: str) -> Person:
    """A keyholder in force who neither asks nor is told, and never was a member of the project. Raises Refusal
    `keyholder-not-apart`, `role-missing` and those above."""
    person = check_holds_role(session, subject, Role.KEYHOLDER)
    if subject in (asking, told) or _was_ever_member(session, subject, project_slug):
        raise Refusal(
            "keyholder-not-apart",
            "A keyholder may not decide on a request of their own, for themselves or of a project of theirs.",
            "Choose two keyholders who have no part in it.",
        )
    return person


def check_can_be_told_who(session: Session, subject: str, project_slug: str, asking: str) -> Person:
    """The clinician who is to be told: a person in force who does not ask, and never was a member of the project, so
    that nobody who works with the pseudonyms learns whose they are. Raises Refusal `clinician-not-apart`."""
    person = check_person_in_force(session, subject)
    if subject == asking or _was_ever_member(session, subject, project_slug):
        raise Refusal(
            "clinician-not-apart",
            "Who is told may neither be who asks nor a member of the project.",
            "Name the clinician who treats the person.",
        )
    return person


def _was_ever_member(session: Session, subject: str, project_slug: str) -> bool:
    project = session.get(Project, project_slug)
    return project is not None and any(held.subject == subject for held in project.memberships)


def can(check: Callable[..., Any], *arguments: Any) -> bool:
    """The second tone: whether `check(*arguments)` would pass."""
    try:
        check(*arguments)
    except Refusal:
        return False
    return True
