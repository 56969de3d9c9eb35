"""What an operator may see of releases: where they went, digests, dates, links by number. Never a byte of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from egress.directions import OUT, is_incoming
from egress.states import State
from governance.refusal import Refusal
from governance.store.airlock import EgressRelease, EgressReleasedFile, EgressRequest, ReleaseLink


@dataclass(frozen=True)
class ReleaseRow:
    """One release in a list."""

    request: str
    project: str
    author: str
    files: int
    bytes: int
    released_at: datetime
    recalled: bool


@dataclass(frozen=True)
class ReleasedFileRow:
    """One released file: its digest, and that of what was approved."""

    name: str
    size: int
    sha256: str
    approved_sha256: str


@dataclass(frozen=True)
class ReleaseDetail:
    """One release. `folder`: in the release store. `recall_marked_at`: when the store was told of a recall."""

    request: str
    project: str
    author: str
    folder: str
    manifest_sha256: str
    released_at: datetime
    recalled: bool
    recall_marked_at: datetime | None
    links: int
    files: tuple[ReleasedFileRow, ...]


def list_releases(session: Session, project: str | None) -> tuple[ReleaseRow, ...]:
    """Releases, newest first, of one project or all."""
    query = select(EgressRelease, EgressRequest).join(EgressRequest, EgressRelease.request_id == EgressRequest.id)
    query = query.where(EgressRequest.direction == OUT.value)
    if project:
        query = query.where(EgressRequest.project_slug == project)
    return tuple(
        ReleaseRow(
            request.id,
            request.project_slug,
            request.author,
            len(release.files),
            sum(file.released_size for file in release.files),
            release.released_at,
            _is_recalled(request),
        )
        for release, request in session.execute(query.order_by(EgressRelease.released_at.desc(), EgressRelease.id))
    )


def show_release(session: Session, request_id: str) -> ReleaseDetail:
    """One release. Raises Refusal `no-such-release`."""
    release = session.scalar(select(EgressRelease).where(EgressRelease.request_id == request_id))
    request = session.get(EgressRequest, request_id)
    if release is None or request is None or is_incoming(request):
        raise Refusal("no-such-release", "There is no release of such a request.", "`sde release list` names them.")
    links = session.scalars(select(ReleaseLink.id).where(ReleaseLink.request_id == request_id)).all()
    return ReleaseDetail(
        request=request.id,
        project=request.project_slug,
        author=request.author,
        folder=release.folder,
        manifest_sha256=release.manifest_sha256,
        released_at=release.released_at,
        recalled=_is_recalled(request),
        recall_marked_at=release.recall_marked_at,
        links=len(links),
        files=tuple(_show_file(file) for file in release.files),
    )


def _is_recalled(request: EgressRequest) -> bool:
    return State(request.state) is State.RECALLED


def _show_file(file: EgressReleasedFile) -> ReleasedFileRow:
    return ReleasedFileRow(file.name, file.released_size, file.released_sha256, file.approved_sha256)
