"""A project as an application would ask for it: from the register as it stands, with the reasons that were given when
it was approved. Promise: its digest changes with whatever an amendment could change.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from governance.applications.answers import (
    Answers,
    NamedOutput,
    NamedPerson,
    WantedColumn,
    WantedTable,
    read_answers,
)
from governance.applications.states import APPROVED
from governance.registry.authority import find_project
from governance.registry.cohorts import project_cohort
from governance.registry.intended import list_intended_outputs
from governance.store.applications import Application, ApplicationVersion
from governance.store.projects import DataGrant, Project


def project_answers(session: Session, slug: str) -> Answers:
    """The answers that describe the project now. Raises Refusal `no-such-project`, `bad-cohort`."""
    project = find_project(session, slug)
    before = approved_answers(session, slug)
    told = _register_only(session, project)
    papers: dict[str, Any] = {name: getattr(before, name) for name in _KEPT}
    return replace(told, **papers, data=_data(project, before))


def project_digest(session: Session, slug: str) -> str:
    """Names the project's present state in the register, whatever was said of it. Raises as `project_answers`."""
    project = find_project(session, slug)
    return replace(_register_only(session, project), data=_data(project, Answers())).digest


def approved_answers(session: Session, slug: str) -> Answers:
    """What the newest approved application of the project said; empty where there is none."""
    approved = select(ApplicationVersion.document).join(
        Application,
        (Application.id == ApplicationVersion.application_id) & (Application.version == ApplicationVersion.number),
    )
    mine = (Application.project_slug == slug, Application.state.in_([state.value for state in APPROVED]))
    newest = approved.where(*mine).order_by(Application.approved_at.desc()).limit(1)
    document = session.scalars(newest).first()
    return read_answers(document) if document is not None else Answers()


def _register_only(session: Session, project: Project) -> Answers:
    cohort = project_cohort(session, project.slug)
    live = sorted((m.subject, m.role) for m in project.memberships if m.removed_at is None)
    return Answers(
        title=project.title,
        slug=project.slug,
        lay_summary=project.lay_summary,
        people=tuple(NamedPerson(subject, role) for subject, role in live),
        cohort_conditions=tuple(
            f"{one.table}.{one.column}={','.join(map(str, one.values))}" for one in cohort.conditions
        ),
        born_after=cohort.born_after,
        born_before=cohort.born_before,
        sex=cohort.sex.value if cohort.sex is not None else "",
        registered=cohort.registered,
        purpose=project.purpose,
        mode=project.mode,
        outputs=tuple(NamedOutput(one.title, one.description) for one in list_intended_outputs(session, project.slug)),
        starts=project.starts_on,
        ends=project.ends_on,
    )


#: What the register of projects does not keep: it is as it was approved.
_KEPT = (
    "why",
    "public_benefit",
    "legal_basis",
    "legal_basis_until",
    "dpia_reference",
    "dpia_until",
    "ethics_reference",
    "ethics_until",
    "ethics_not_needed",
    "sponsor",
    "funder",
    "organisations",
    "mode_reason",
    "fee_pence",
)


def _data(project: Project, before: Answers) -> tuple[WantedTable, ...]:
    live = (grant for grant in project.grants if grant.revoked_at is None)
    reasons = {wish.table: wish for wish in before.data}
    return tuple(_wish(grant, reasons.get(grant.table_name, WantedTable())) for grant in live)


def _wish(grant: DataGrant, said: WantedTable) -> WantedTable:
    reasons = {column.name: column.justification for column in said.columns}
    return WantedTable(
        table=grant.table_name,
        justification=said.justification,
        columns=tuple(WantedColumn(name, reasons.get(name, "")) for name in filter(None, grant.columns.split(","))),
        starts=grant.starts_on,
        ends=grant.ends_on,
        codes=tuple(map(int, filter(None, grant.codes.split(",")))),
    )
