"""Register actions on what a project stands on: ethics, impact assessment, legal basis, sponsor, agreements of the
controllers; and which of them a project needs. Promise: a project becomes active only with all that its purpose needs.

An agreement of a contributing controller is the data steward's to record (an administrator grants no data; SATRE
1.5.04); the rest is the administrator's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from governance.access import can, check_project_row
from governance.audit import append_event
from governance.channels import end_channels
from governance.clock import now
from governance.refusal import Refusal
from governance.registry.authority import check_can_change, find_project
from governance.registry.people import check_start
from governance.registry.validation import check_name, check_optional_name, check_text_names_nobody, check_word
from governance.roles import ApprovalKind, Purpose, Role
from governance.standing import missing_approvals, read_rules
from governance.store import Store
from governance.store.approvals import ApprovalRule, ProjectApproval
from governance.store.channels import Channel
from governance.store.projects import Project


@dataclass(frozen=True)
class Approval:
    """One paper as it is recorded. `starts` None: today; `until` None: no end, both inclusive."""

    kind: str
    reference: str
    party: str = ""
    starts: date | None = None
    until: date | None = None
    note: str = ""


def record_approval(store: Store, *, actor: str, slug: str, approval: Approval) -> None:
    """Put an approval on record. One of the same kind, party and reference is corrected by it.

    Raises Refusal `unknown-approval`, `bad-name`, `party-needed`, `bad-date`, `ends-before-start`, `no-such-project`,
    `role-missing`.
    """
    with store.transaction() as session:
        check_can_change(session, actor, role_for(approval.kind))
        project = find_project(session, slug)
        write_approval(session, project, approval, actor=actor)
        _end_if_out_of_force(session, project, actor)


def withdraw_approval(store: Store, *, actor: str, slug: str, kind: str, reference: str, reason: str) -> None:
    """Take an approval back: from now on it covers no day. Raises Refusal `unknown-approval`, `bad-name`,
    `no-such-project`, `no-such-approval`, `role-missing`."""
    why = check_text_names_nobody(reason, "reason")
    with store.transaction() as session:
        check_can_change(session, actor, role_for(kind))
        project = find_project(session, slug)
        live = [row for row in _live(project, kind) if row.reference == reference.strip()]
        if not live:
            raise Refusal("no-such-approval", "The project has no such approval.", "Look at the project's page.")
        for row in live:
            row.withdrawn_at = now()
        detail = {"kind": kind, "reference": reference.strip(), "reason": why}
        append_event(session, event="project.approval_withdrawn", actor=actor, project=slug, detail=detail)
        _end_if_out_of_force(session, project, actor)


def write_approval(session: Session, project: Project, approval: Approval, *, actor: str) -> None:
    """The same inside a caller's transaction, who has checked that the actor may: with its audit event."""
    kind = check_word(ApprovalKind, approval.kind, "approval")
    reference, party = check_name(approval.reference, "reference"), check_optional_name(approval.party, "party")
    first, note = check_start(approval.starts, approval.until), ""
    if approval.note:
        note = check_text_names_nobody(approval.note, "note")
    if kind is ApprovalKind.CONTROLLER_AGREEMENT and not party:
        raise Refusal("party-needed", "An agreement names the controller it is with.", "Name the organisation.")
    for row in _live(project, kind):
        if (row.reference, row.party) == (reference, party):
            row.withdrawn_at = now()
    row = ProjectApproval(kind=kind.value, reference=reference, party=party, starts_on=first, until=approval.until)
    row.note, row.recorded_by, row.recorded_at = note, actor, now()
    project.approvals.append(row)
    session.flush()
    until = approval.until.isoformat() if approval.until else ""
    detail = {"kind": kind.value, "reference": reference, "party": party, "from": first.isoformat(), "until": until}
    append_event(session, event="project.approved", actor=actor, project=project.slug, detail=detail)


def check_can_activate(session: Session, project: Project) -> None:
    """That nothing a project of this purpose needs is missing or has ended. Raises Refusal `approval-missing` or
    `approval-expired`, naming all of it."""
    missing = missing_approvals(project, read_rules(session))
    if missing:
        words = " ".join(reason.words for reason in missing)
        raise Refusal(missing[0].code, words, "Record what is missing with `sde project approve`, or on its page.")


def require_approval(store: Store, *, actor: str, kind: str, purposes: Iterable[str]) -> None:
    """Say which projects need an approval of this kind, by purpose. It counts at every gate from now on. Raises Refusal
    `unknown-approval`, `unknown-purpose`."""
    word = check_word(ApprovalKind, kind, "approval")
    wanted = sorted({check_word(Purpose, purpose, "purpose").value for purpose in purposes})
    with store.transaction() as session:
        check_can_change(session, actor, Role.ADMINISTRATOR)
        rule = session.get(ApprovalRule, word.value)
        if rule is None:
            rule = ApprovalRule(kind=word.value)
            session.add(rule)
        rule.purposes = ",".join(wanted)
        detail = {"kind": word.value, "purposes": rule.purposes}
        append_event(session, event="approval.required", actor=actor, detail=detail)


def role_for(kind: str) -> Role:
    """Whose it is to record an approval of this kind."""
    return Role.DATA_STEWARD if kind == ApprovalKind.CONTROLLER_AGREEMENT else Role.ADMINISTRATOR


def _live(project: Project, kind: str) -> list[ProjectApproval]:
    word = check_word(ApprovalKind, kind, "approval")
    return [row for row in project.approvals if row.kind == word and row.withdrawn_at is None]


def _end_if_out_of_force(session: Session, project: Project, actor: str) -> None:
    if not can(check_project_row, session, project):
        end_channels(session, Channel.project_slug == project.slug, actor=actor)
