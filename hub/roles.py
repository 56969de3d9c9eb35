"""Turns what the register says of a person into the hub's roles. Pure. Promise: a role never reaches further than one
person's own servers of live memberships; nobody gets `self`, tokens, shares, a default server or admin rights."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from sqlalchemy.orm import Session

from governance.access import can, check_member_in_force, check_person_in_force
from governance.refusal import Refusal
from governance.store.people import Person
from governance.store.projects import Project

#: Refusals of `check_person_in_force` with which a person may still sign in, to read on the portal what is missing.
SIGN_IN_DESPITE = frozenset({"training-missing", "training-not-started", "training-expired"})
SERVICES_FOR_ALL = ("portal", "airlock")
OWN_SCOPES = ("read:users!user", "users:activity!user")
SERVER_SCOPES = ("access:servers", "read:servers", "start:servers", "delete:servers")

RoleDefinition = dict[str, str | list[str]]  # JupyterHub's own form, handed to it as it is


@dataclass(frozen=True)
class Standing:
    """What counts for the hub: a subject and the slugs of the projects whose membership is in force."""

    subject: str
    projects: tuple[str, ...] = ()


def read_standing(session: Session, subject: str) -> Standing:
    """The person's standing now. Raises the register's Refusal if they may not sign in at all."""
    try:
        check_person_in_force(session, subject)
    except Refusal as refusal:
        if refusal.code not in SIGN_IN_DESPITE:
            raise
        return Standing(subject)
    joined = session.query(Project).join(Project.memberships).where(Project.memberships.any(subject=subject))
    slugs = sorted({project.slug for project in joined})
    return Standing(subject, tuple(slug for slug in slugs if can(check_member_in_force, session, subject, slug)))


def read_name(session: Session, subject: str) -> str:
    """The person's name in the register, for the hub's pages."""
    person = session.get(Person, subject)
    return person.name if person is not None else ""


def roles_of(standing: Standing) -> list[RoleDefinition]:
    """The hub's roles of one person: one for being here, one for each project.

    Names carry a digest of the subject, because JupyterHub takes lowercase names only and subjects are any text; two
    subjects never share a role. Every person holds at least the first role: a user without any would be given
    JupyterHub's own default one.
    """
    mark = hashlib.sha256(standing.subject.encode()).hexdigest()[:24]
    person: RoleDefinition = {
        "name": f"person-{mark}",
        "description": "A registered person: the portal and the airlock's pages",
        "scopes": [*OWN_SCOPES, *(f"access:services!service={name}" for name in SERVICES_FOR_ALL)],
    }
    return [person, *(_role_in(project, standing.subject, mark) for project in standing.projects)]


def _role_in(project: str, subject: str, mark: str) -> RoleDefinition:
    return {
        "name": f"member-{mark}-{project}",
        "description": f"Member of {project}: its workspace",
        "scopes": [f"{scope}!server={subject}/{project}" for scope in SERVER_SCOPES],
    }
