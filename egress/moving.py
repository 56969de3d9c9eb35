"""Moves a request and writes it down. Promise: each change of a request leaves exactly one audit event in the same
transaction, and a state changes only along a row of egress.states.TRANSITIONS.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from egress.directions import direction_of, event_name
from egress.notices import tell_of_move
from egress.permissions import no_such_request
from egress.planted import check_stays
from egress.states import Action, State, Who, find_transition, public_state
from governance.access import check_person_in_force
from governance.audit import append_event
from governance.clock import now
from governance.store.airlock import EgressRequest

#: Events of what leaves the state as it is.
EVENTS: dict[Action, str] = {
    Action.DESCRIBE: "egress.described",
    Action.ADD_FILE: "egress.file_added",
    Action.REMOVE_FILE: "egress.file_removed",
    Action.GROUP: "egress.grouped",
    Action.COMMENT: "egress.commented",
    Action.PREVIEW: "egress.previewed",
    Action.DOWNLOAD: "egress.downloaded",
}
#: The author's own changes. A checker's comment or look must not show in `changed_at` while the others are blind.
EDITING = frozenset({Action.DESCRIBE, Action.ADD_FILE, Action.REMOVE_FILE, Action.GROUP})
Fact = str | int | bool | None


def find_request(session: Session, actor: str, request_id: str) -> EgressRequest:
    """The request, its row locked for this transaction. The person is asked for first, so that somebody who is not in
    force learns nothing. Raises Refusal `no-such-request` and those of check_person_in_force."""
    check_person_in_force(session, actor)
    return load_request(session, request_id)


def load_request(session: Session, request_id: str) -> EgressRequest:
    """The request for a service of the airlock itself, its row locked. Raises Refusal `no-such-request`."""
    request = session.get(EgressRequest, request_id, with_for_update=True)
    if request is None:
        raise no_such_request()
    return request


def move(session: Session, request: EgressRequest, action: Action, target: State, *, actor: str, **facts: Fact) -> None:
    """Change the state along its row and append the row's event. Raises Refusal `wrong-state`.

    `changed_at` moves with what the author may know, `moved_at` with what reviewers may.
    """
    check_stays(session, request, action)
    source = State(request.state)
    row = find_transition(source, action, target, direction_of(request))
    request.state = target.value
    if public_state(source) is not public_state(target):
        request.changed_at = now()
    if public_state(source, Who.CHECKER) is not public_state(target, Who.CHECKER):
        request.moved_at = now()
    tell_of_move(session, request, action, target, actor)
    _write(session, request, row.event, actor, {"from": source.value, "to": target.value, **facts})


def open_draft(session: Session, request: EgressRequest, *, actor: str, **facts: Fact) -> None:
    """Add a new request in its first state and append the event of the first row."""
    row = find_transition(None, Action.CREATE, State.DRAFT, direction_of(request))
    request.state = row.target.value
    request.changed_at = request.moved_at = now()
    session.add(request)
    session.flush()
    _write(session, request, row.event, actor, {"to": row.target.value, **facts})


def note(session: Session, request: EgressRequest, action: Action, *, actor: str, **facts: Fact) -> None:
    """Append the event of an action that leaves the state as it is."""
    if action in EDITING:
        request.changed_at = now()
    _write(session, request, EVENTS[action], actor, facts)


def _write(session: Session, request: EgressRequest, event: str, actor: str, facts: dict[str, Fact]) -> None:
    detail = {"request": request.id, "turn": request.turn, **facts}
    event = event_name(event, direction_of(request))
    append_event(session, event=event, actor=actor, project=request.project_slug, detail=detail)
