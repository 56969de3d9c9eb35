"""Projects as an administrator or a data steward sees them: purpose, dates, members, grants, extract."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from governance.access import find_reasons
from governance.registry import current_extract
from governance.registry.authority import find_project
from governance.roles import PROJECT_STATUS_MOVES, ProjectStatus
from governance.standing import Rules, read_rules, reasons_of_project
from governance.store.people import Person
from governance.store.projects import Membership, Project
from hub.portal.views.memberships import describe_membership
from hub.portal.views.my_projects import describe_profile
from hub.portal.words import MODES, NOT_IN_FORCE, PROJECT_ROLES, PROJECT_STATUSES, PURPOSES, STANDING, Words


@dataclass(frozen=True)
class ProjectRow:
    """One project in the list. `standing` says in force or why not; `members` counts live memberships."""

    slug: str
    title: str
    purpose: str
    mode: str
    starts: date
    ends: date
    members: int
    standing: Words


@dataclass(frozen=True)
class MemberRow:
    """One membership that was not removed."""

    subject: str
    name: str
    role: str
    starts: date
    until: date
    standing: Words


@dataclass(frozen=True)
class GrantRow:
    """One live grant; `columns` is empty for every column, `table` is `*` for every table."""

    table: str
    columns: tuple[str, ...]
    granted_at: datetime


@dataclass(frozen=True)
class ExtractRow:
    """The extract in force."""

    people: int
    rows: int
    created_at: datetime


@dataclass(frozen=True)
class ProjectView:
    """One project with everything on record. `budget_cells`: a person and day; `moves`: the states it may go to, itself
    first."""

    row: ProjectRow
    purpose: str
    mode: str
    profile: str
    profile_words: str
    budget_cells: int
    terminals: bool
    status: str
    moves: tuple[str, ...]
    members: tuple[MemberRow, ...]
    grants: tuple[GrantRow, ...]
    extract: ExtractRow | None


def read_projects(session: Session) -> tuple[ProjectRow, ...]:
    """Every project, by title."""
    rules = read_rules(session)
    return tuple(_read_row(project, rules) for project in session.scalars(select(Project).order_by(Project.title)))


def read_project(session: Session, slug: str) -> ProjectView:
    """One project. Raises Refusal `no-such-project`."""
    project = find_project(session, slug)
    extract = current_extract(session, slug)
    others = sorted(PROJECT_STATUS_MOVES[ProjectStatus(project.status)])
    return ProjectView(
        row=_read_row(project, read_rules(session)),
        purpose=project.purpose,
        mode=project.mode,
        profile=project.profile,
        profile_words=describe_profile(project.profile),
        budget_cells=project.budget_cells,
        terminals=project.terminals,
        status=project.status,
        moves=(project.status, *others),
        members=tuple(_read_member(session, held) for held in _held(project)),
        grants=tuple(
            GrantRow(grant.table_name, tuple(filter(None, grant.columns.split(","))), grant.granted_at)
            for grant in project.grants
            if grant.revoked_at is None
        ),
        extract=ExtractRow(extract.people, extract.rows, extract.created_at) if extract else None,
    )


def read_members(session: Session, slug: str) -> tuple[str, ...]:
    """The subjects whose membership of the project was not removed."""
    project = session.get(Project, slug)
    return tuple(held.subject for held in _held(project)) if project else ()


def is_in_force(session: Session, slug: str) -> bool:
    """Whether the project is active and within its dates."""
    return not find_reasons(session, project_slug=find_project(session, slug).slug)


def _held(project: Project) -> list[Membership]:
    return [held for held in project.memberships if held.removed_at is None]


def _read_row(project: Project, rules: Rules) -> ProjectRow:
    return ProjectRow(
        slug=project.slug,
        title=project.title,
        purpose=PURPOSES.get(project.purpose, project.purpose),
        mode=MODES.get(project.mode, project.mode),
        starts=project.starts_on,
        ends=project.ends_on,
        members=len(_held(project)),
        standing=_find_standing(project, rules),
    )


def _find_standing(project: Project, rules: Rules) -> Words:
    """In force, or the project's own state, or the first reason of governance.standing."""
    for reason in reasons_of_project(project, rules):
        if reason.code == "project-not-active":
            return PROJECT_STATUSES.get(project.status, NOT_IN_FORCE)
        return STANDING.get(reason.code, NOT_IN_FORCE)
    return PROJECT_STATUSES[ProjectStatus.ACTIVE]


def _read_member(session: Session, held: Membership) -> MemberRow:
    name = session.get_one(Person, held.subject).name
    role = PROJECT_ROLES.get(held.role, held.role)
    return MemberRow(held.subject, name, role, held.starts_on, held.until, describe_membership(held))
