"""The papers that an approved project stands on, as the gates ask for them. Promise: each contributing controller's
agreement counts by itself for each source; what an amendment or renewal replaces is withdrawn, never left to cover for
it; a project without all its papers is not active.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy.orm import Session

from governance.applications.answers import Answers
from governance.applications.controllers import needs
from governance.applications.parts import current_answers
from governance.audit import append_event
from governance.clock import now
from governance.registry.approvals import Approval, check_can_activate, write_approval
from governance.roles import ApprovalKind, ProjectStatus
from governance.store.applications import Application
from governance.store.projects import Project


def record_papers(session: Session, project: Project, row: Application, answers: Answers, *, actor: str) -> None:
    """Put what the application names and the controllers agreed to on record, in the caller's transaction, and make a
    new project active. Raises Refusal `approval-missing`, `approval-expired`, `bad-name`."""
    wanted = [*_named(answers), *_agreed(session, row)]
    kinds = {paper.kind for paper in wanted}
    marks = {(paper.kind, paper.reference, paper.party, paper.until) for paper in wanted}
    live = [paper for paper in project.approvals if paper.withdrawn_at is None and paper.kind in kinds]
    held = {(paper.kind, paper.reference, paper.party, paper.until) for paper in live}
    for old in live:
        if (old.kind, old.reference, old.party, old.until) not in marks:
            old.withdrawn_at = now()
            detail = {"kind": old.kind, "reference": old.reference, "party": old.party, "application": row.id}
            append_event(session, event="project.approval_withdrawn", actor=actor, project=project.slug, detail=detail)
    for paper in wanted:
        if (paper.kind, paper.reference, paper.party, paper.until) not in held:
            write_approval(session, project, paper, actor=actor)
    if project.status == ProjectStatus.DRAFT:
        check_can_activate(session, project)
        project.status = ProjectStatus.ACTIVE.value


def _named(answers: Answers) -> Iterator[Approval]:
    if answers.legal_basis:
        yield Approval(ApprovalKind.LEGAL_BASIS.value, answers.legal_basis, until=answers.legal_basis_until)
    if answers.dpia_reference:
        yield Approval(ApprovalKind.DPIA.value, answers.dpia_reference, until=answers.dpia_until)
    if answers.ethics_reference:
        yield Approval(ApprovalKind.ETHICS.value, answers.ethics_reference, until=answers.ethics_until)
    if answers.sponsor:
        yield Approval(ApprovalKind.SPONSOR.value, answers.sponsor, party=answers.sponsor)


def _agreed(session: Session, row: Application) -> Iterator[Approval]:
    for need in needs(session, row.id, current_answers(session, row)):
        if need.holds:
            yield Approval(
                ApprovalKind.CONTROLLER_AGREEMENT.value,
                f"application {row.id}",
                party=f"{need.organisation}: {need.title}",
                until=need.until,
            )
