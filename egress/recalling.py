"""Recalling a release. Promise: from the transaction on that records it nothing of the release can be fetched, its
links are ended and an incident is open; the store's folder is marked at once, or at the next try if the store is away.
What was brought in is taken out of the project's imports instead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from egress.airlock import Airlock
from egress.directions import IN, OUT, Direction, is_incoming
from egress.links import end_links
from egress.moving import find_request, move
from egress.policies import check_can_recall
from egress.releasing.documents import TOMBSTONE, TOMBSTONE_SIGNATURE
from egress.releasing.imports import ImportsStore
from egress.releasing.signing import sign
from egress.releasing.store import open_release_store
from egress.releasing.tombstones import write_tombstone
from egress.reviewing import add_comment, check_reason
from egress.states import Action, State
from egress.visibility import Audience
from governance.audit import append_event
from governance.clock import now
from governance.refusal import Refusal
from governance.registry.incidents import IncidentKind, open_incident
from governance.store.airlock import EgressRelease, EgressRequest
from governance.store.incidents import Incident

SERVICE = "service:release"
logger = structlog.get_logger()


def recall(airlock: Airlock, *, actor: str, request_id: str, reason: str) -> str:
    """Call a release back after a breach or an error; returns the id of the incident that this opens.

    Copies that were fetched already are out: the reason, which the author sees, must say what to do with them. Raises
    Refusal `reason-missing`, `number-in-text` and those of check_can_recall.
    """
    words = check_reason(reason)
    with airlock.store.transaction() as session:
        request = find_request(session, actor, request_id)
        check_can_recall(session, actor, request)
        incident = open_incident(
            session,
            actor=actor,
            kind=IncidentKind.IMPORT_RECALLED if is_incoming(request) else IncidentKind.RELEASE_RECALLED,
            project=request.project_slug,
            text=words,
            request=request.id,
        )
        add_comment(request, actor, words, Audience.AUTHOR)
        ended = end_links(session, request.id)
        move(session, request, Action.RECALL, State.RECALLED, actor=actor, incident=incident, links=ended)
    mark_recalled(airlock)
    return incident


def mark_recalled(airlock: Airlock) -> int:
    """Lay a tombstone beside every recalled release that has none yet, and take away what was brought in; returns how
    many. Called after a recall, at the service's start and in its rounds. A store that does not answer is tried again
    next time."""
    return sum(_mark_all(airlock, direction) for direction in Direction)


def _mark_all(airlock: Airlock, direction: Direction) -> int:
    with airlock.store.reading() as session:
        waiting = _find_unmarked(session, direction)
    marked = 0
    for request_id in waiting:
        try:
            MARKS[direction](airlock, request_id)
        except (Refusal, OSError) as error:
            logger.error("egress.recall_not_marked", cause=type(error).__name__)
            break  # the others would meet the same store
        marked += 1
    return marked


def _find_unmarked(session: Session, direction: Direction) -> list[str]:
    query = select(EgressRelease.request_id).join(EgressRequest, EgressRelease.request_id == EgressRequest.id)
    query = query.where(EgressRequest.direction == direction.value)
    unmarked = query.where(EgressRequest.state == State.RECALLED.value, EgressRelease.recall_marked_at.is_(None))
    return list(session.scalars(unmarked.order_by(EgressRelease.id)))


def _take_away(airlock: Airlock, request_id: str) -> None:
    """Out of the imports at once, also for workspaces that run. Twice does no harm."""
    with airlock.store.reading() as session:
        project = session.get_one(EgressRequest, request_id).project_slug
    ImportsStore(airlock.settings.folder).discard(project, request_id)
    _write_down(airlock, request_id, "import.taken-away")


def _mark(airlock: Airlock, request_id: str) -> None:
    """The signature first: a tombstone that is there can be checked. Writing either twice does no harm."""
    with airlock.store.reading() as session:
        release = _find_release(session, request_id)
        query = select(Incident).where(Incident.request_id == request_id).order_by(Incident.opened_at.desc())
        incident = session.scalars(query).first()
        request = session.get_one(EgressRequest, request_id)
    opened_at, name = (incident.opened_at, incident.id) if incident else (release.released_at, "")
    stone = write_tombstone(request.project_slug, request_id, release.manifest_sha256, name, opened_at)
    store = open_release_store(airlock.settings)
    store.add(release.folder, TOMBSTONE_SIGNATURE, sign(stone, airlock.settings.folder.keys))
    store.add(release.folder, TOMBSTONE, stone)
    _write_down(airlock, request_id, "release.recall-marked", incident=name)


def _write_down(airlock: Airlock, request_id: str, event: str, **facts: str) -> None:
    with airlock.store.transaction() as session:
        row = _find_release(session, request_id)
        if row.recall_marked_at is None:
            row.recall_marked_at = now()
            project = session.get_one(EgressRequest, request_id).project_slug
            append_event(session, event=event, actor=SERVICE, project=project, detail={"request": request_id, **facts})


MARKS: Mapping[Direction, Callable[[Airlock, str], None]] = {OUT: _mark, IN: _take_away}


def _find_release(session: Session, request_id: str) -> EgressRelease:
    return session.scalars(select(EgressRelease).where(EgressRelease.request_id == request_id)).one()
