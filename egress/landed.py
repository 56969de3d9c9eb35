"""What was brought in and should be there, for operators: each file with who brought it, who let it in, and whether its
bytes are still those that were approved. Reads the register and the imports; changes nothing.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from egress.ballots import Decision
from egress.directions import IN
from egress.files import CHUNK, open_regular
from egress.states import State
from governance.state import StateFolder
from governance.store.airlock import EgressFile, EgressRelease, EgressReleasedFile, EgressRequest


class Found(StrEnum):
    """What is on the disk under a landed file's name."""

    AS_APPROVED = "as approved"
    CHANGED = "changed"
    MISSING = "missing"


@dataclass(frozen=True)
class LandedFile:
    """One file in a project's imports. `folder` is below the imports; `approved_by`: checkers, comma-separated."""

    project: str
    folder: str
    name: str
    size: int
    sha256: str
    brought_by: str
    approved_by: str
    purpose: str
    landed_at: datetime
    found: Found


def list_landed(session: Session, state: StateFolder, project: str | None = None) -> tuple[LandedFile, ...]:
    """Every file that was brought in and not recalled, newest first; each is hashed."""
    query = select(EgressRelease, EgressRequest).join(EgressRequest, EgressRelease.request_id == EgressRequest.id)
    query = query.where(EgressRequest.direction == IN.value, EgressRequest.state == State.RELEASED.value)
    if project:
        query = query.where(EgressRequest.project_slug == project)
    return tuple(
        _show(session, state, release, request, file)
        for release, request in session.execute(query.order_by(EgressRelease.released_at.desc(), EgressRelease.id))
        for file in release.files
    )


def _show(
    session: Session, state: StateFolder, release: EgressRelease, request: EgressRequest, file: EgressReleasedFile
) -> LandedFile:
    row = session.get_one(EgressFile, file.file_id)
    approving = {
        vote.checker
        for vote in row.votes
        if vote.replaced_at is None and (vote.turn, vote.decision) == (request.turn, Decision.APPROVE)
    }
    return LandedFile(
        project=request.project_slug,
        folder=release.folder,
        name=file.name,
        size=file.released_size,
        sha256=file.released_sha256,
        brought_by=request.author,
        approved_by=", ".join(sorted(approving)),
        purpose=request.purpose,
        landed_at=release.released_at,
        found=_look(state.imports / release.folder / file.name, file.released_sha256),
    )


def _look(place: Path, sha256: str) -> Found:
    digest = hashlib.sha256()
    try:
        with open_regular(place) as opened:
            while chunk := opened.read(CHUNK):
                digest.update(chunk)
    except OSError:
        return Found.MISSING
    return Found.AS_APPROVED if digest.hexdigest() == sha256 else Found.CHANGED
