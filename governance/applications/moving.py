"""Moves an application and writes it down. Promise: each change of an application leaves exactly one audit event in the
same transaction, and a state changes only along a row of states.TRANSITIONS.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from governance.applications.notices import tell_of_state
from governance.applications.states import Action, State, find_transition
from governance.audit import append_event
from governance.clock import now
from governance.registry.validation import check_text_names_nobody
from governance.store.applications import Application, ApplicationMessage

Fact = str | int | bool | None


def move(
    session: Session, application: Application, action: Action, target: State, *, actor: str, **facts: Fact
) -> None:
    """Change the state along its row, tell whoever has the move, and append the row's event. Raises Refusal
    `wrong-state`."""
    source = State(application.state)
    row = find_transition(source, action, target)
    application.state = target.value
    application.moves += 1
    application.changed_at = application.moved_at = now()
    session.flush()
    tell_of_state(session, application, actor)
    note(session, application, row.event, actor=actor, **{"from": source.value, "to": target.value, **facts})


def open_application(session: Session, application: Application, *, actor: str, **facts: Fact) -> None:
    """Add a new application in its first state and append the event of the first row."""
    row = find_transition(None, Action.START, State.DRAFT)
    application.state = row.target.value
    application.moves = 0
    session.add(application)
    session.flush()
    note(session, application, row.event, actor=actor, kind=application.kind, **facts)


def note(session: Session, application: Application, event: str, *, actor: str, **facts: Fact) -> None:
    """Append an event about an application."""
    detail: dict[str, Fact] = {"application": application.id, **facts}
    append_event(session, event=event, actor=actor, project=application.project_slug, detail=detail)


def say(session: Session, application: Application, *, actor: str, text: str) -> None:
    """Keep what is said to the applicant. Raises Refusal `bad-name`, `number-in-text`."""
    said = check_text_names_nobody(text, "text")
    session.add(ApplicationMessage(application_id=application.id, author=actor, text=said, written_at=now()))
