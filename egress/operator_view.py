"""What an operator may see of requests from the command line: states, files by hash, sums. No content, no vote, no
comment: the operator runs the machine and reviews nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, lazyload

from egress.ballots import findings_of_turn, live_files
from egress.listing import count_files
from egress.permissions import no_such_request
from egress.release import find_release
from governance.calibration import planted
from governance.store.airlock import EgressRequest

MOST = 1_000


@dataclass(frozen=True)
class RequestRow:
    """One request in a list."""

    id: str
    project: str
    author: str
    title: str
    direction: str
    state: str
    turn: int
    files: int
    changed_at: datetime
    due_at: datetime | None


@dataclass(frozen=True)
class FileRow:
    """One file of a request; `reviews` and `fails` count the findings of its newest screening."""

    name: str
    kind: str
    sha256: str
    size: int
    media_type: str
    cells: int
    reviews: int
    fails: int


@dataclass(frozen=True)
class RequestDetail:
    """One request for an operator. `released_to` is relative to the release area, or to the imports."""

    id: str
    project: str
    author: str
    title: str
    direction: str
    purpose: str
    state: str
    turn: int
    created_at: datetime
    changed_at: datetime
    due_at: datetime | None
    problem: str
    attempts: int
    retry_at: datetime | None
    files: tuple[FileRow, ...]
    released_to: str
    manifest_sha256: str
    released_at: datetime | None


def list_requests(
    session: Session, project: str | None, state: str | None, most: int = MOST, direction: str | None = None
) -> tuple[RequestRow, ...]:
    """Requests that people made, last changed first, of one project, state or direction or all; at most `most`."""
    query = (
        select(EgressRequest)
        .where(~planted())
        .options(lazyload("*"))
        .order_by(EgressRequest.changed_at.desc(), EgressRequest.id)
    )
    if project:
        query = query.where(EgressRequest.project_slug == project)
    if direction:
        query = query.where(EgressRequest.direction == direction)
    if state:
        query = query.where(EgressRequest.state == state)
    requests = session.scalars(query.limit(most)).all()
    files = count_files(session, [request.id for request in requests])
    return tuple(
        RequestRow(
            request.id,
            request.project_slug,
            request.author,
            request.title,
            request.direction,
            request.state,
            request.turn,
            files.get(request.id, 0),
            request.changed_at,
            request.due_at,
        )
        for request in requests
    )


def show_request(session: Session, request_id: str) -> RequestDetail:
    """One request. Raises Refusal `no-such-request`."""
    request = session.get(EgressRequest, request_id)
    if request is None:
        raise no_such_request()
    done = find_release(session, request_id)
    return RequestDetail(
        id=request.id,
        project=request.project_slug,
        author=request.author,
        title=request.title,
        direction=request.direction,
        purpose=request.purpose,
        state=request.state,
        turn=request.turn,
        created_at=request.created_at,
        changed_at=request.changed_at,
        due_at=request.due_at,
        problem=request.problem,
        attempts=request.attempts,
        retry_at=request.retry_at,
        files=_show_files(request),
        released_to=done.folder if done else "",
        manifest_sha256=done.manifest_sha256 if done else "",
        released_at=done.released_at if done else None,
    )


def _show_files(request: EgressRequest) -> tuple[FileRow, ...]:
    rows = []
    for file in live_files(request):
        severities = [finding.severity for finding in findings_of_turn(request, file)]
        reviews, fails = severities.count("REVIEW"), severities.count("FAIL")
        rows.append(FileRow(file.name, file.kind, file.sha256, file.size, file.media_type, file.cells, reviews, fails))
    return tuple(rows)
