"""Who may change the register. Promise: each change needs the role that owns it, asked in the same transaction.

The operator (the command line on the gateway's own machine) and the gateway's services are trusted and audited. A
person needs the role of the change and may not approve themselves. An administrator alone grants no data: that is the
data steward's (SATRE 1.5.04, 3.1.06).
"""

from __future__ import annotations

import os
import pwd

from sqlalchemy.orm import Session

from governance.access import check_holds_role
from governance.refusal import Refusal
from governance.registry.validation import RESERVED_PREFIXES
from governance.roles import Role
from governance.store.people import Organisation, Person
from governance.store.projects import Project


def operator() -> str:
    """The actor of the command line: `operator:<unix user name>`."""
    number = os.getuid()  # not LOGNAME: anybody can set that
    try:
        return f"operator:{pwd.getpwuid(number).pw_name}"
    except KeyError:
        return f"operator:{number}"


def check_can_change(session: Session, actor: str, role: Role, *, about: str = "") -> None:
    """Pass if `actor` is the operator, a service, or a person in force who holds `role` and is not `about`.

    Raises Refusal `role-missing`, `own-approval` and those of `governance.access.check_person_in_force`.
    """
    if actor.startswith(RESERVED_PREFIXES):
        return
    check_holds_role(session, actor, role)
    if actor == about:
        raise Refusal("own-approval", "Nobody approves themselves.", "Ask another administrator.")


def find_person(session: Session, subject: str) -> Person:
    """The registered person. Raises Refusal `no-such-person`."""
    person = session.get(Person, subject)
    if person is None:
        raise Refusal("no-such-person", "No such person is registered.", "Add them with `sde person add`.")
    return person


def find_project(session: Session, slug: str) -> Project:
    """The project in whatever state. Raises Refusal `no-such-project`."""
    project = session.get(Project, slug)
    if project is None:
        raise no_such_project()
    return project


def no_such_project() -> Refusal:
    """What is said of a slug that no project has."""
    return Refusal("no-such-project", "There is no such project.", "`sde project list` names them.")


def find_organisation(session: Session, name: str) -> Organisation:
    """The organisation. Raises Refusal `no-such-organisation`."""
    organisation = session.get(Organisation, name)
    if organisation is None:
        raise Refusal("no-such-organisation", "No such organisation is registered.", "Add the organisation first.")
    return organisation
