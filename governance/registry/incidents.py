"""Register actions of incidents. Promise: an incident is opened, added to and closed, never changed or taken away; each
step leaves one audit event that holds the digest of what was written, not the words.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from governance.audit import append_event
from governance.clock import now
from governance.refusal import Refusal
from governance.registry.authority import check_can_change
from governance.registry.validation import check_text_names_nobody
from governance.roles import Role
from governance.store import Store
from governance.store.incidents import Incident, IncidentNote

ID_BYTES = 8


class IncidentKind(StrEnum):
    """What an incident is about."""

    RELEASE_RECALLED = "release-recalled"
    IMPORT_RECALLED = "import-recalled"


class IncidentState(StrEnum):
    """Where an incident is."""

    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True)
class NoteView:
    """One note: who wrote what, when."""

    author: str
    written_at: datetime
    text: str


@dataclass(frozen=True)
class IncidentView:
    """One incident."""

    id: str
    kind: str
    state: str
    project: str
    request: str
    opened_by: str
    opened_at: datetime
    text: str
    closed_by: str
    closed_at: datetime | None
    notes: tuple[NoteView, ...]


def open_incident(
    session: Session, *, actor: str, kind: IncidentKind, project: str, text: str, request: str | None = None
) -> str:
    """Open an incident in the caller's transaction, who has checked that `actor` may; returns its id (16 hex digits).

    Raises Refusal `bad-name`, `number-in-text`.
    """
    said = _check_text(text)
    incident = Incident(
        id=secrets.token_hex(ID_BYTES),
        kind=kind.value,
        state=IncidentState.OPEN.value,
        project_slug=project,
        request_id=request,
        opened_by=actor,
        opened_at=now(),
        text=said,
    )
    session.add(incident)
    session.flush()
    detail = {"incident": incident.id, "kind": kind.value, "request": request, "text_sha256": _digest(said)}
    append_event(session, event="incident.opened", actor=actor, project=project, detail=detail)
    return incident.id


def add_note(store: Store, *, actor: str, incident: str, text: str) -> None:
    """Write what was found or done. Raises Refusal `no-such-incident`, `incident-closed` and as `open_incident`."""
    with store.transaction() as session:
        _add_note(session, actor, _find_open(session, actor, incident), text)


def close_incident(store: Store, *, actor: str, incident: str, text: str) -> None:
    """Close an incident with what was done about it. Raises as `add_note`."""
    with store.transaction() as session:
        row = _find_open(session, actor, incident)
        _add_note(session, actor, row, text)
        row.state, row.closed_by, row.closed_at = IncidentState.CLOSED.value, actor, now()
        append_event(
            session, event="incident.closed", actor=actor, project=row.project_slug, detail={"incident": row.id}
        )


def list_incidents(session: Session, *, actor: str, state: IncidentState | None = None) -> tuple[IncidentView, ...]:
    """Incidents, newest first, for an administrator. Raises those of check_can_change."""
    check_can_change(session, actor, Role.ADMINISTRATOR)
    query = select(Incident).order_by(Incident.opened_at.desc(), Incident.id)
    if state is not None:
        query = query.where(Incident.state == state.value)
    return tuple(_show(row) for row in session.scalars(query))


def show_incident(session: Session, *, actor: str, incident: str) -> IncidentView:
    """One incident, for an administrator. Raises Refusal `no-such-incident` and those of check_can_change."""
    return _show(_find(session, actor, incident))


def _find(session: Session, actor: str, incident: str) -> Incident:
    check_can_change(session, actor, Role.ADMINISTRATOR)
    row = session.get(Incident, incident)
    if row is None:
        raise Refusal("no-such-incident", "There is no such incident.", "`sde incident list` names them.")
    return row


def _find_open(session: Session, actor: str, incident: str) -> Incident:
    row = _find(session, actor, incident)
    if row.state != IncidentState.OPEN:
        raise Refusal("incident-closed", "The incident is closed.", "Its record stays as it is.")
    return row


def _add_note(session: Session, actor: str, row: Incident, text: str) -> None:
    said = _check_text(text)
    row.notes.append(IncidentNote(author=actor, text=said, written_at=now()))
    session.flush()
    detail = {"incident": row.id, "text_sha256": _digest(said)}
    append_event(session, event="incident.noted", actor=actor, project=row.project_slug, detail=detail)


def _check_text(text: str) -> str:
    return check_text_names_nobody(text, "text")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _show(row: Incident) -> IncidentView:
    return IncidentView(
        row.id,
        row.kind,
        row.state,
        row.project_slug,
        row.request_id or "",
        row.opened_by,
        row.opened_at,
        row.text,
        row.closed_by,
        row.closed_at,
        tuple(NoteView(note.author, note.written_at, note.text) for note in row.notes),
    )
