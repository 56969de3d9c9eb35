"""Who may do what, now. Promise: what is expired, not begun, suspended, stopped or missing at any link (person,
affiliation, agreement, training, membership, project, its approvals) stops spawn, query, submit, vote, release and
download at the same moment, and nothing else is needed to go on once it is renewed.

Two tones (DEVELOPERS.md): `check_can_x` raises the Refusal, `can(check, ...)` returns a bool for hiding buttons.
`find_reasons` returns all that stands in the way, of which a check raises the first. Every check reads the register
inside the caller's session: nothing is cached. The reasons themselves are governance.standing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, lazyload

from governance.refusal import Refusal
from governance.roles import ProjectStatus, Role, StopScope
from governance.standing import (
    Reason,
    Rules,
    read_rules,
    reasons_of_membership,
    reasons_of_person,
    reasons_of_project,
    reasons_of_role,
)
from governance.store.people import Affiliation, Organisation, Person
from governance.store.projects import Membership, Project
from governance.store.stops import Stop

NOT_REGISTERED = Reason("not-registered", "You are not a registered user of this service.")
NO_SUCH_PROJECT = Reason("no-such-project", "There is no such project, or you are not a member of it.")
NOT_A_MEMBER = Reason("not-a-member", NO_SUCH_PROJECT.words)  # the same words as for a project that does not exist


def find_reasons(
    session: Session, subject: str = "", project_slug: str = "", rules: Rules | None = None
) -> tuple[Reason, ...]:
    """All that stands in the way of a person, of a project, or of a person in a project; empty if in force.

    Args:
        session: of the register.
        subject: the person, or empty for the project alone.
        project_slug: the project, or empty for the person alone.
        rules: those of `read_rules` in this session, where many are judged at once.
    """
    rules = rules or read_rules(session)
    if subject and project_slug:
        return _of_member(session, subject, project_slug, rules)
    if subject:
        return _of_person(find_person_to_judge(session, subject), rules)
    return _of_project(find_project_to_judge(session, project_slug), rules)


def check_person_in_force(session: Session, subject: str) -> Person:
    """The registered person, if neither stopped nor suspended, affiliated to an organisation with an agreement in force
    and with the training that everybody needs.

    Raises Refusal `not-registered`, `person-stopped`, `person-suspended`, `affiliation-...`, `agreement-...`,
    `organisation-expired`, `training-...`.
    """
    return _person_in_force(session, subject, read_rules(session))


def check_project_in_force(session: Session, project_slug: str) -> Project:
    """The project, if not stopped, active, within its dates and with every approval in force. Raises Refusal
    `no-such-project`, `project-stopped`, `project-not-active`, `project-not-started`, `project-ended`,
    `approval-...`."""
    project = find_project_to_judge(session, project_slug)
    _raise_first(_of_project(project, read_rules(session)))
    assert project is not None
    return project


def check_project_row(session: Session, project: Project) -> None:
    """The same of a project that was read already."""
    _raise_first(reasons_of_project(project, read_rules(session)))


def find_projects_in_force(session: Session) -> frozenset[str]:
    """Slugs of all projects that are in force, read without their members and grants."""
    lean = [lazyload(Project.memberships), lazyload(Project.grants)]
    rules = read_rules(session)
    active = select(Project).where(Project.status == ProjectStatus.ACTIVE.value).options(*lean)
    return frozenset(row.slug for row in session.scalars(active) if not any(reasons_of_project(row, rules)))


def find_membership(project: Project, subject: str) -> Membership | None:
    """The newest membership that was not removed, whether or not it is within its dates."""
    held = [m for m in project.memberships if m.subject == subject and m.removed_at is None]
    return held[-1] if held else None


def check_member_in_force(session: Session, subject: str, project_slug: str) -> Membership:
    """The live membership of a person in force in a project in force: the one rule behind spawn, query, submit and
    download. Raises the refusals of the two checks above, or `not-a-member`, `membership-expired`,
    `role-training-...`."""
    project = find_project_to_judge(session, project_slug)  # held, so that it is read once
    _raise_first(_of_member(session, subject, project_slug, read_rules(session)))
    membership = find_membership(project, subject) if project is not None else None
    assert membership is not None
    return membership


def check_egress_open(session: Session) -> None:
    """That nobody has stopped all egress. Raises Refusal `egress-stopped`."""
    stopped = select(Stop.id).where(Stop.scope == StopScope.EGRESS.value, Stop.resumed_at.is_(None))
    if session.scalar(stopped.limit(1)) is not None:
        raise Refusal("egress-stopped", "Nothing may leave at present: all egress was stopped.", "Wait, or ask us why.")


def check_can_submit(session: Session, subject: str, project_slug: str) -> Membership:
    """A member in force while egress is open."""
    membership = check_member_in_force(session, subject, project_slug)
    check_egress_open(session)
    return membership


check_can_spawn = check_member_in_force
check_can_query = check_member_in_force
check_can_download = check_can_submit


def check_holds_role(session: Session, subject: str, role: Role) -> Person:
    """A person in force who holds the service role and has the training that it needs (SATRE 1.6.04). Raises Refusal
    `role-missing`, `role-training-...`."""
    rules = read_rules(session)
    person = _person_in_force(session, subject, rules)
    _raise_first(reasons_of_role(person, role, rules))
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
    project = find_project_to_judge(session, project_slug)
    return project is not None and any(held.subject == subject for held in project.memberships)


def _person_in_force(session: Session, subject: str, rules: Rules) -> Person:
    person = find_person_to_judge(session, subject)
    _raise_first(_of_person(person, rules))
    assert person is not None
    return person


def find_person_to_judge(session: Session, subject: str) -> Person | None:
    """The person with all that is judged, in three statements."""
    home = joinedload(Person.affiliations).joinedload(Affiliation.organisation).joinedload(Organisation.agreements)
    return session.get(Person, subject, options=[home])


def find_project_to_judge(session: Session, project_slug: str) -> Project | None:
    """The project with its members and approvals; nothing of its grants is judged."""
    return session.get(Project, project_slug, options=[lazyload(Project.grants)])


def _of_person(person: Person | None, rules: Rules) -> tuple[Reason, ...]:
    return (NOT_REGISTERED,) if person is None else tuple(reasons_of_person(person, rules))


def _of_project(project: Project | None, rules: Rules) -> tuple[Reason, ...]:
    return (NO_SUCH_PROJECT,) if project is None else tuple(reasons_of_project(project, rules))


def _of_member(session: Session, subject: str, project_slug: str, rules: Rules) -> tuple[Reason, ...]:
    """Nobody but a member learns how a project stands."""
    person = find_person_to_judge(session, subject)
    of_person = _of_person(person, rules)
    project = find_project_to_judge(session, project_slug)
    membership = find_membership(project, subject) if project is not None else None
    if person is None or project is None or membership is None:
        return (*of_person, NOT_A_MEMBER)
    return (*of_person, *reasons_of_membership(person, membership, rules), *reasons_of_project(project, rules))


def _raise_first(reasons: Iterable[Reason]) -> None:
    for reason in reasons:
        raise reason.refusal


def can(check: Callable[..., Any], *arguments: Any) -> bool:
    """The second tone: whether `check(*arguments)` would pass."""
    try:
        check(*arguments)
    except Refusal:
        return False
    return True
