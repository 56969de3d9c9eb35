"""Brings a project to what an amendment or renewal was approved for, and changes nothing else. Promise: all in the
caller's transaction; access that ends with it ends at once.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from governance.access import can, check_project_row
from governance.applications.answers import Answers, NamedPerson
from governance.applications.making import add_members, add_outputs, give_grants, put_cohort, write_grant
from governance.audit import append_event
from governance.channels import end_channels
from governance.clock import now, today
from governance.registry.validation import check_period
from governance.store.channels import Channel
from governance.store.projects import DataGrant, IntendedOutput, Project, ProjectCohort

#: Field of the form -> column of the project.
COLUMNS = {
    "title": "title",
    "lay_summary": "lay_summary",
    "purpose": "purpose",
    "mode": "mode",
    "starts": "starts_on",
    "ends": "ends_on",
}


def amend_project(session: Session, project: Project, answers: Answers, *, actor: str, application: str) -> bool:
    """Change what differs; whether a new extract is needed. Raises those of governance.applications.making."""
    before, ended = (project.purpose, _cohort_mark(session, project)), project.ends_on
    _change_project(session, project, answers, actor, application)
    _change_members(session, project, answers, actor, ended)
    granted = _change_grants(session, project, answers, actor)
    _change_outputs(session, project, answers, actor)
    put_cohort(session, project, answers.cohort, actor=actor)
    session.flush()
    if not can(check_project_row, session, project):
        end_channels(session, Channel.project_slug == project.slug, actor=actor)
    return granted or before != (project.purpose, _cohort_mark(session, project))


def _change_project(session: Session, project: Project, answers: Answers, actor: str, application: str) -> None:
    wanted = {column: getattr(answers, name) for name, column in COLUMNS.items()}
    changed = {column: value for column, value in wanted.items() if getattr(project, column) != value}
    detail = {
        column: f"{getattr(project, column)} -> {value}" for column, value in changed.items() if column != "lay_summary"
    }
    for column, value in changed.items():
        setattr(project, column, value)
    check_period(project.starts_on, project.ends_on)
    if changed:
        told = {"application": application, **detail}
        append_event(session, event="project.changed", actor=actor, project=project.slug, detail=told)


def _change_members(session: Session, project: Project, answers: Answers, actor: str, ended: date) -> None:
    """Whoever leaves is out at once; whose role differs, or whose days ended with the project's, gets a membership in
    place of the one before. Days of their own that somebody was given stay."""
    held = {one.subject: one for one in project.memberships if one.removed_at is None}
    wanted = {person.subject: person for person in answers.people}
    for subject in sorted(held.keys() - wanted.keys()):
        held[subject].removed_at = now()
        append_event(session, event="member.removed", actor=actor, project=project.slug, detail={"subject": subject})
        end_channels(session, Channel.subject == subject, Channel.project_slug == project.slug, actor=actor)
    renewed: list[NamedPerson] = []
    for subject in sorted(held.keys() & wanted.keys()):
        row = held[subject]
        if row.role != wanted[subject].role or (row.until == ended != project.ends_on):
            row.removed_at = now()
            renewed.append(wanted[subject])
    add_members(session, project, renewed, actor=actor, event="member.renewed")
    new = [wanted[subject] for subject in sorted(wanted.keys() - held.keys())]
    add_members(session, project, new, actor=actor)
    if project.ends_on < today():
        end_channels(session, Channel.project_slug == project.slug, actor=actor)


def _change_grants(session: Session, project: Project, answers: Answers, actor: str) -> bool:
    held = [grant for grant in project.grants if grant.revoked_at is None]
    wanted = {_key(write_grant(wish)): wish for wish in answers.data}
    gone = [grant for grant in held if _key(grant) not in wanted]
    for grant in gone:
        grant.revoked_at = now()
        detail = {"table": grant.table_name, "columns": grant.columns}
        append_event(session, event="grant.revoked", actor=actor, project=project.slug, detail=detail)
    known = {_key(grant) for grant in held}
    new = [wish for key, wish in wanted.items() if key not in known]
    give_grants(session, project, new, actor=actor)
    return bool(gone or new)


def _change_outputs(session: Session, project: Project, answers: Answers, actor: str) -> None:
    live = (IntendedOutput.project_slug == project.slug, IntendedOutput.withdrawn_at.is_(None))
    held = {(row.title, row.description): row for row in session.scalars(select(IntendedOutput).where(*live))}
    wanted = {(one.title, one.description): one for one in answers.outputs}
    for key in sorted(held.keys() - wanted.keys()):
        held[key].withdrawn_at = now()
        detail = {"number": held[key].id}
        append_event(session, event="project.output_withdrawn", actor=actor, project=project.slug, detail=detail)
    add_outputs(session, project, [wanted[key] for key in sorted(wanted.keys() - held.keys())], actor=actor)


def without_tables(answers: Answers, closed: frozenset[str]) -> Answers:
    """The answers without these tables."""
    return replace(answers, data=tuple(wish for wish in answers.data if wish.table not in closed))


def _key(grant: DataGrant) -> tuple[object, ...]:
    return (grant.table_name, grant.columns, grant.starts_on, grant.ends_on, grant.codes)


def _cohort_mark(session: Session, project: Project) -> int:
    """The number of the cohort in force; 0 for everybody."""
    newest = (
        select(ProjectCohort.id).where(ProjectCohort.project_slug == project.slug).order_by(ProjectCohort.id.desc())
    )
    return session.scalars(newest.limit(1)).first() or 0
