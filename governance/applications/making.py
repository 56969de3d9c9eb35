"""Writes what an approval gives: project, members, grants, outputs, cohort. Promise: all in the caller's transaction,
each with its audit event, and nothing beyond what the answers say.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from governance.applications.answers import Answers, NamedOutput, NamedPerson, WantedTable
from governance.audit import Detail, append_event
from governance.clock import now
from governance.cohort import Cohort, write_cohort
from governance.refusal import Refusal
from governance.registry.authority import find_person
from governance.registry.validation import check_codes, check_identifier, check_period, check_slug
from governance.roles import Mode, ProjectRole, ProjectStatus, Purpose, Role
from governance.store.projects import DataGrant, IntendedOutput, Membership, Project, ProjectCohort

PROFILE = "nhs-sde"


def make_project(session: Session, answers: Answers, *, actor: str, application: str) -> Project:
    """The project alone. Raises Refusal `already-exists`, `bad-slug`, `ends-before-start`."""
    assert answers.starts is not None and answers.ends is not None  # completeness was checked
    check_period(answers.starts, answers.ends)
    if session.get(Project, check_slug(answers.slug)) is not None:
        raise Refusal("already-exists", "There is a project of this short name already.")
    project = Project(
        slug=answers.slug,
        title=answers.title,
        lay_summary=answers.lay_summary,
        purpose=Purpose(answers.purpose).value,
        mode=Mode(answers.mode).value,
        profile=PROFILE,
        starts_on=answers.starts,
        ends_on=answers.ends,
        created_at=now(),
        status=ProjectStatus.DRAFT.value,  # until its papers are on record, in this same transaction
    )
    session.add(project)
    session.flush()
    detail = {
        "application": application,
        "purpose": project.purpose,
        "mode": project.mode,
        "profile": project.profile,
        "starts": answers.starts.isoformat(),
        "ends": answers.ends.isoformat(),
    }
    append_event(session, event="project.created", actor=actor, project=project.slug, detail=detail)
    return project


def add_members(
    session: Session, project: Project, people: Iterable[NamedPerson], *, actor: str, event: str = "member.added"
) -> None:
    """Members to the project's last day. Raises Refusal `no-such-person`, `checker-cannot-be-member`."""
    for person in people:
        held = {one.role for one in find_person(session, person.subject).roles}
        if Role.OUTPUT_CHECKER in held:
            raise Refusal("checker-cannot-be-member", "An output checker cannot be a member of a project.")
        role = ProjectRole(person.role).value
        project.memberships.append(
            Membership(subject=person.subject, role=role, starts_on=project.starts_on, until=project.ends_on)
        )
        days = {"from": project.starts_on.isoformat(), "until": project.ends_on.isoformat()}
        detail = {"subject": person.subject, "role": role, **days}
        append_event(session, event=event, actor=actor, project=project.slug, detail=detail)


def give_grants(session: Session, project: Project, wishes: Iterable[WantedTable], *, actor: str) -> None:
    """Tables with their columns, days and codes. Raises Refusal `bad-identifier`, `bad-code`."""
    for wish in wishes:
        grant = write_grant(wish)
        project.grants.append(grant)
        detail = {
            "table": grant.table_name,
            "columns": grant.columns,
            "starts": str(grant.starts_on or ""),
            "ends": str(grant.ends_on or ""),
            "codes": grant.codes,
        }
        append_event(session, event="grant.given", actor=actor, project=project.slug, detail=detail)


def write_grant(wish: WantedTable) -> DataGrant:
    """The grant that a wanted table becomes."""
    return DataGrant(
        table_name=check_identifier(wish.table, "table"),
        columns=",".join(sorted({check_identifier(column.name, "column") for column in wish.columns})),
        starts_on=wish.starts,
        ends_on=wish.ends,
        codes=",".join(map(str, check_codes(wish.codes))),
        granted_at=now(),
    )


def add_outputs(session: Session, project: Project, outputs: Iterable[NamedOutput], *, actor: str) -> None:
    """Intended outputs."""
    for output in outputs:
        row = IntendedOutput(
            project_slug=project.slug, title=output.title, description=output.description, added_at=now()
        )
        session.add(row)
        session.flush()
        detail: Detail = {"number": row.id, "title": output.title}
        append_event(session, event="project.output_intended", actor=actor, project=project.slug, detail=detail)


def put_cohort(session: Session, project: Project, cohort: Cohort, *, actor: str) -> None:
    """The cohort, if it is another than the one in force. Raises Refusal `bad-cohort`."""
    document = write_cohort(cohort)
    mine = select(ProjectCohort).where(ProjectCohort.project_slug == project.slug).order_by(ProjectCohort.id.desc())
    held = session.scalars(mine.limit(1)).first()
    if (held.document if held is not None else write_cohort(Cohort())) == document:
        return
    session.add(ProjectCohort(project_slug=project.slug, document=document, set_at=now()))
    event = "cohort.cleared" if cohort == Cohort() else "cohort.set"
    append_event(session, event=event, actor=actor, project=project.slug, detail={"cohort": document})
