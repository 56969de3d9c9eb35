"""The kill switch: stops a person, a project or all egress at once, and resumes it. Promise: to stop takes one entitled
person and a reason; to resume takes another one than who stopped it.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from governance.audit import Detail, append_event
from governance.channels import end_channels
from governance.clock import now
from governance.refusal import Refusal
from governance.registry.authority import check_can_change, find_person, find_project
from governance.registry.validation import check_text_names_nobody, check_word
from governance.roles import Role, StopScope
from governance.store import Store
from governance.store.channels import Channel
from governance.store.stops import Stop


def stop(store: Store, *, actor: str, scope: str, target: str = "", reason: str) -> None:
    """Stop it now; what a person or project has open is closed in the same transaction.

    Raises Refusal `unknown-scope`, `bad-name`, `number-in-text`, `no-such-person`, `no-such-project`,
    `already-stopped`, `role-missing`.
    """
    word, why = check_word(StopScope, scope, "scope"), check_text_names_nobody(reason, "reason")
    with store.transaction() as session:
        check_can_change(session, actor, Role.ADMINISTRATOR)
        _check_target(session, word, target)
        if find_live_stop(session, word, target) is not None:
            raise Refusal("already-stopped", "This is stopped already.")
        session.add(Stop(scope=word.value, target=target, reason=why, stopped_by=actor, stopped_at=now()))
        session.flush()
        _write(session, "stopped", word, target, actor, why)
        if word is StopScope.PERSON:
            end_channels(session, Channel.subject == target, actor=actor)
        elif word is StopScope.PROJECT:
            end_channels(session, Channel.project_slug == target, actor=actor)


def resume(store: Store, *, actor: str, scope: str, target: str = "", reason: str) -> None:
    """Let it go on. Closed channels stay closed: people open their workspaces anew.

    Raises Refusal `unknown-scope`, `bad-name`, `not-stopped`, `own-stop`, `own-approval`, `role-missing`.
    """
    word, why = check_word(StopScope, scope, "scope"), check_text_names_nobody(reason, "reason")
    with store.transaction() as session:
        check_can_change(session, actor, Role.ADMINISTRATOR, about=target if word is StopScope.PERSON else "")
        held = find_live_stop(session, word, target)
        if held is None:
            raise Refusal("not-stopped", "This is not stopped.")
        if held.stopped_by == actor:
            raise Refusal("own-stop", "Who stopped it cannot resume it alone.", "Ask another administrator.")
        held.resumed_by, held.resumed_at = actor, now()
        _write(session, "resumed", word, target, actor, why)


def find_live_stop(session: Session, scope: StopScope, target: str = "") -> Stop | None:
    """The stop in force of this very thing."""
    live = (Stop.scope == scope.value, Stop.target == target, Stop.resumed_at.is_(None))
    return session.scalars(select(Stop).where(*live)).first()


def list_stops(session: Session, *, live_only: bool = False) -> tuple[Stop, ...]:
    """Every stop, those in force first, then newest first."""
    rows = select(Stop).order_by(Stop.resumed_at.is_not(None), Stop.id.desc())
    return tuple(session.scalars(rows.where(Stop.resumed_at.is_(None)) if live_only else rows))


def _check_target(session: Session, scope: StopScope, target: str) -> None:
    if scope is StopScope.PERSON:
        find_person(session, target)
    elif scope is StopScope.PROJECT:
        find_project(session, target)
    elif target:
        raise Refusal("unknown-scope", "All egress is stopped as one.", "Stop a project to stop its part.")


def _write(session: Session, what: str, scope: StopScope, target: str, actor: str, reason: str) -> None:
    detail: Detail = {"scope": scope.value, "target": target, "reason": reason}
    project = target if scope is StopScope.PROJECT else None
    append_event(session, event=f"stop.{what}", actor=actor, project=project, detail=detail)
