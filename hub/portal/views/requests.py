"""Egress requests as an author sees their own, and as an output checker sees the queue. Promise: nobody reads here what
another checker thinks, or that another checker has been.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from governance.access import can, check_can_review
from governance.calibration import hidden_from, planted
from governance.store.airlock import EgressFile, EgressRequest
from governance.store.projects import Project
from hub.portal.words import REQUESTS, UNKNOWN_REQUEST, Words

#: Stored states in which a checker has something to do (egress.states).
IN_QUEUE = ("in_review", "part_reviewed", "third_opinion", "reviewed")
REVIEWS_ARE_IN = "reviewed"


@dataclass(frozen=True)
class MyRequest:
    """One of my egress requests. `turn` counts submissions, 0 before the first."""

    id: str
    title: str
    project: str
    state: Words
    turn: int
    files: int
    changed_at: datetime


@dataclass(frozen=True)
class QueuedRequest:
    """One request that this checker may review. `voted` of `files` output files carry this checker's own vote."""

    id: str
    title: str
    project: str
    project_title: str
    turn: int
    files: int
    voted: int
    waiting_since: datetime
    task: Words


def read_my_requests(session: Session, author: str) -> tuple[MyRequest, ...]:
    """The person's own requests, last changed first."""
    newest_first = EgressRequest.changed_at.desc()
    mine = (EgressRequest.author == author, ~planted())
    rows = session.scalars(select(EgressRequest).where(*mine).order_by(newest_first))
    return tuple(
        MyRequest(
            id=row.id,
            title=row.title or "Untitled",
            project=row.project_slug,
            state=REQUESTS.get(row.state, UNKNOWN_REQUEST),
            turn=row.turn,
            files=len(_outputs(row)),
            changed_at=row.changed_at,
        )
        for row in rows
    )


def read_queue(session: Session, checker: str) -> tuple[QueuedRequest, ...]:
    """The requests that wait for a checker and that this one may review, longest waiting first."""
    waiting = (EgressRequest.state.in_(IN_QUEUE), ~hidden_from(session, checker))
    rows = session.scalars(select(EgressRequest).where(*waiting))
    allowed = [
        row for row in rows if row.author != checker and can(check_can_review, session, checker, row.project_slug)
    ]
    queue = [_read_queued(session, row, checker) for row in allowed]
    return tuple(sorted(queue, key=lambda entry: entry.waiting_since))


def _read_queued(session: Session, row: EgressRequest, checker: str) -> QueuedRequest:
    files = _outputs(row)
    voted = sum(_has_voted(file, checker) for file in files)
    return QueuedRequest(
        id=row.id,
        title=row.title or "Untitled",
        project=row.project_slug,
        project_title=session.get_one(Project, row.project_slug).title,
        turn=row.turn,
        files=len(files),
        voted=voted,
        waiting_since=row.submitted_at or row.created_at,  # `changed_at` would tell of another's first review
        task=_find_task(row.state, voted, len(files)),
    )


def _find_task(state: str, voted: int, files: int) -> Words:
    """What this checker has to do. Two states, in review and part reviewed, look alike: the difference is another's."""
    if state == REVIEWS_ARE_IN:
        return Words("Ready to decide", "wait")
    if voted == 0:
        return Words("Yours to review", "info")
    if voted < files:
        return Words(f"You voted on {voted} of {files}", "wait")
    return Words("Your review is in", "good")


def _has_voted(file: EgressFile, checker: str) -> bool:
    return any(
        vote.checker == checker and vote.replaced_at is None and vote.sha256 == file.sha256 for vote in file.votes
    )


def _outputs(row: EgressRequest) -> list[EgressFile]:
    return [file for file in row.files if file.kind == "output" and file.withdrawn_turn is None]
