"""Conditions of an approval: written in the round, met by their owner with evidence, closed by somebody else. Promise:
nobody closes a condition of their own, and one that is overdue and blocking stands in the project's way.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from governance.access import check_holds_role
from governance.applications.group import member_kind
from governance.applications.moving import Fact, note
from governance.applications.parts import (
    check_chair,
    check_registered,
    involved,
    is_service,
    load_application,
)
from governance.applications.rounds import open_one
from governance.audit import Detail, append_event
from governance.clock import now, today
from governance.refusal import Refusal
from governance.registry.authority import find_person
from governance.registry.validation import check_date, check_flag, check_text_names_nobody
from governance.roles import Role
from governance.store import Store
from governance.store.applications import Application, ProjectCondition


@dataclass(frozen=True)
class ConditionView:
    """One condition. `state`: written (not in force yet), open, evidence (waits for somebody to close it), overdue or
    closed."""

    number: int
    application: str
    project: str
    text: str
    due: date
    owner: str
    blocking: bool
    evidence: str
    evidence_at: datetime | None
    closed_by: str
    closed_at: datetime | None
    state: str


def write_condition(
    store: Store, *, actor: str, application: str, text: str, due: date, owner: str, blocking: bool = False
) -> int:
    """Write a condition in the open round; returns its number. `owner`: who must meet it, somebody the application
    names. Raises Refusal `chair-only`, `own-application`, `no-open-round`, `bad-name`, `bad-date`, `not-named`."""
    said, due = check_text_names_nobody(text, "condition"), check_date(due, "day it is due")
    check_flag(blocking, "blocking")
    with store.transaction() as session:
        row = load_application(session, application)
        check_chair(session, actor, row)
        held = open_one(session, row)
        if due <= today():
            raise Refusal("bad-date", "A condition is due on a day to come.", "Choose a later day.")
        if owner not in involved(session, row):
            raise Refusal(
                "not-named", "A condition is met by somebody whom the application names.", "Name one of them."
            )
        condition = ProjectCondition(
            application_id=row.id,
            round_id=held.id,
            text=said,
            due_on=due,
            owner=find_person(session, owner).subject,
            blocking=blocking,
            written_by=actor,
            written_at=now(),
        )
        session.add(condition)
        session.flush()
        facts: dict[str, Fact] = {
            "condition": condition.id,
            "due": due.isoformat(),
            "owner": owner,
            "blocking": blocking,
        }
        note(session, row, "application.condition_written", actor=actor, **facts)
        return condition.id


def drop_condition(store: Store, *, actor: str, application: str, number: int) -> None:
    """Take back a condition of the open round. Raises Refusal `no-such-condition` and as `write_condition`."""
    with store.transaction() as session:
        row = load_application(session, application)
        check_chair(session, actor, row)
        held = open_one(session, row)
        condition = session.get(ProjectCondition, number)
        if condition is None or condition.round_id != held.id:
            raise _no_such_condition()
        session.delete(condition)
        note(session, row, "application.condition_dropped", actor=actor, condition=number)


def give_evidence(store: Store, *, actor: str, number: int, evidence: str) -> None:
    """Say how a condition is met: its owner, or the operator in their name. Raises Refusal `no-such-condition`,
    `condition-closed`, `bad-name`."""
    said = check_text_names_nobody(evidence, "evidence")
    with store.transaction() as session:
        condition = _in_force(session, number)
        if not is_service(actor):
            check_registered(session, actor)
            if actor != condition.owner:
                raise _no_such_condition()
        condition.evidence, condition.evidence_at = said, now()
        _write(session, "condition.evidenced", actor, condition)


def close_condition(store: Store, *, actor: str, number: int) -> None:
    """Accept the evidence: a data steward or a member of the review group who has no part in the project.

    Raises Refusal `no-such-condition`, `condition-closed`, `no-evidence`, `own-application`, `role-missing`.
    """
    with store.transaction() as session:
        condition = _in_force(session, number)
        application = session.get_one(Application, condition.application_id)
        if not is_service(actor) and member_kind(session, actor) is None:
            check_holds_role(session, actor, Role.DATA_STEWARD)

        if actor == condition.owner or actor in involved(session, application):
            raise Refusal("own-application", "Nobody closes a condition of their own project.", "Leave it to others.")
        if not condition.evidence:
            raise Refusal("no-evidence", "There is no evidence yet.", "Ask its owner for it.")
        condition.closed_by, condition.closed_at = actor, now()
        _write(session, "condition.closed", actor, condition)


def list_conditions(
    session: Session, *, application: str | None = None, project: str | None = None
) -> tuple[ConditionView, ...]:
    """Conditions of one application or project, or all of them, oldest first. Whoever calls says who may read."""
    query = select(ProjectCondition).order_by(ProjectCondition.id)
    if application is not None:
        query = query.where(ProjectCondition.application_id == application)
    if project is not None:
        query = query.where(ProjectCondition.project_slug == project)
    return tuple(_view(row) for row in session.scalars(query))


def _in_force(session: Session, number: int) -> ProjectCondition:
    condition = session.get(ProjectCondition, number, with_for_update=True)
    if condition is None or condition.project_slug is None:
        raise _no_such_condition()
    if condition.closed_at is not None:
        raise Refusal("condition-closed", "This condition is closed.", "Its record stays as it is.")
    return condition


def _no_such_condition() -> Refusal:
    return Refusal("no-such-condition", "There is no such condition, or you have no part in it.", "Open your list.")


def _write(session: Session, event: str, actor: str, condition: ProjectCondition) -> None:
    detail: Detail = {"condition": condition.id, "application": condition.application_id}
    append_event(session, event=event, actor=actor, project=condition.project_slug, detail=detail)


def _view(row: ProjectCondition) -> ConditionView:
    state = "written" if row.project_slug is None else "open"
    if row.closed_at is not None:
        state = "closed"
    elif row.project_slug is not None and row.due_on < today():
        state = "overdue"
    elif row.evidence:
        state = "evidence"
    return ConditionView(
        row.id,
        row.application_id,
        row.project_slug or "",
        row.text,
        row.due_on,
        row.owner,
        row.blocking,
        row.evidence,
        row.evidence_at,
        row.closed_by,
        row.closed_at,
        state,
    )
