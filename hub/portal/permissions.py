"""Permissions of the portal's pages as data, and the one dependency that enforces them on every request.

What a permission means is decided by `governance.access`; nothing is remembered between two requests.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from fastapi import Request
from sqlalchemy.orm import Session

from governance.access import can, check_holds_role, check_member_in_force, check_person_in_force
from governance.refusal import Refusal
from governance.roles import Role
from governance.store.people import Person
from hub.portal.portal import PortalNow, VisitNow
from hub.portal.views.reidentification import is_named


class Permission(StrEnum):
    """What a route asks of its visitor."""

    ANYONE = "anyone"
    SIGNED_IN = "signed-in"
    MEMBER = "member"
    CHECKER = "checker"
    OFFICE = "office"
    ADMINISTRATOR = "administrator"
    PROJECT_READER = "project-reader"
    STEWARD = "steward"
    AUDIT_READER = "audit-reader"
    AUDITOR = "auditor"
    PARTY = "party"


#: The roles of which a visitor needs one. The permissions without roles are decided below.
ROLES: dict[Permission, tuple[Role, ...]] = {
    Permission.CHECKER: (Role.OUTPUT_CHECKER,),
    Permission.OFFICE: (Role.ADMINISTRATOR, Role.DATA_STEWARD, Role.AUDITOR),
    Permission.ADMINISTRATOR: (Role.ADMINISTRATOR,),
    Permission.PROJECT_READER: (Role.ADMINISTRATOR, Role.DATA_STEWARD),
    Permission.STEWARD: (Role.DATA_STEWARD,),  # an administrator grants no data
    Permission.AUDIT_READER: (Role.ADMINISTRATOR, Role.AUDITOR),
    Permission.AUDITOR: (Role.AUDITOR,),  # an administrator reviews no alarm about administrators
}


def check_permission(session: Session, subject: str, permission: Permission, project: str = "") -> None:
    """Raises the register's Refusal unless the person may use a route of this permission.

    Args:
        subject: the signed-in person.
        project: slug in the route's path; only MEMBER looks at it.
    """
    if permission is Permission.ANYONE:
        return
    if session.get(Person, subject) is None:
        check_person_in_force(session, subject)  # raises `not-registered`
    if permission is Permission.MEMBER:
        check_member_in_force(session, subject, project)
    elif permission is Permission.PARTY:
        _check_is_party(session, subject)
    elif permission is not Permission.SIGNED_IN:
        _check_one_role(session, subject, ROLES[permission])


def _check_one_role(session: Session, subject: str, roles: tuple[Role, ...]) -> None:
    """One of them, with the training it needs; the refusal is of the first that is held."""
    held = {role.role for role in check_person_in_force(session, subject).roles}
    wanted = [role for role in roles if role in held] or [roles[0]]
    if not any(can(check_holds_role, session, subject, role) for role in wanted):
        check_holds_role(session, subject, wanted[0])  # raises in the register's words


def _check_is_party(session: Session, subject: str) -> None:
    """A keyholder, or somebody whom a request for re-identification names; anybody else learns of none."""
    check_person_in_force(session, subject)
    if not is_named(session, subject):
        check_holds_role(session, subject, Role.KEYHOLDER)


def require(permission: Permission) -> Callable[..., None]:
    """The dependency of one route."""
    if permission is Permission.ANYONE:
        return _pass

    def check(request: Request, portal: PortalNow, visit: VisitNow) -> None:
        with portal.store.reading() as session:
            check_permission(session, visit.subject, permission, request.path_params.get("slug", ""))

    return check


def may(session: Session, subject: str, permission: Permission) -> bool:
    """The second tone, for hiding what a visitor could not use anyway."""
    try:
        check_permission(session, subject, permission)
    except Refusal:
        return False
    return True


def _pass() -> None:
    return None
