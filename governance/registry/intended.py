"""Register actions on the outputs that a project's application lists. An entry is never deleted: requests name it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from governance.audit import append_event
from governance.clock import now
from governance.refusal import Refusal
from governance.registry.authority import check_can_change, find_project
from governance.registry.validation import check_name, check_text
from governance.roles import Role
from governance.store import Store
from governance.store.projects import IntendedOutput


@dataclass(frozen=True)
class IntendedOutputView:
    """One entry of a project's list."""

    number: int
    title: str
    description: str
    added_at: datetime


def add_intended_output(store: Store, *, actor: str, slug: str, title: str, description: str = "") -> int:
    """Add an entry; returns its number. Raises Refusal `bad-name`, `no-such-project`, `already-exists`,
    `role-missing`."""
    name, text = check_name(title, "title"), check_text(description, "description")
    with store.transaction() as session:
        check_can_change(session, actor, Role.ADMINISTRATOR)
        find_project(session, slug)
        if any(row.title.casefold() == name.casefold() for row in _live(session, slug)):
            raise Refusal("already-exists", "The project lists this intended output already.")
        row = IntendedOutput(project_slug=slug, title=name, description=text, added_at=now())
        session.add(row)
        session.flush()
        detail: dict[str, str | int] = {"number": row.id, "title": name}
        append_event(session, event="project.output_intended", actor=actor, project=slug, detail=detail)
        return row.id


def withdraw_intended_output(store: Store, *, actor: str, slug: str, number: int) -> None:
    """Take an entry off the list. Raises Refusal `no-such-project`, `no-such-intended-output`, `role-missing`."""
    with store.transaction() as session:
        check_can_change(session, actor, Role.ADMINISTRATOR)
        find_project(session, slug)
        held = [row for row in _live(session, slug) if row.id == number]
        if not held:
            known = f"`sde project output list {slug}` names them."
            raise Refusal("no-such-intended-output", "The project lists no such intended output.", known)
        held[0].withdrawn_at = now()
        append_event(session, event="project.output_withdrawn", actor=actor, project=slug, detail={"number": number})


def list_intended_outputs(session: Session, slug: str) -> list[IntendedOutputView]:
    """The list as it is now. Raises Refusal `no-such-project`."""
    find_project(session, slug)
    return [IntendedOutputView(row.id, row.title, row.description, row.added_at) for row in _live(session, slug)]


def _live(session: Session, slug: str) -> list[IntendedOutput]:
    mine = (IntendedOutput.project_slug == slug, IntendedOutput.withdrawn_at.is_(None))
    return list(session.scalars(select(IntendedOutput).where(*mine).order_by(IntendedOutput.id)))
