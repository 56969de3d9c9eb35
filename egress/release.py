"""The story of a release. Promise: what leaves is byte for byte what two checkers approved, supporting files stay, no
person copies a file, and releasing twice releases once.

    permit   everything a release needs holds now; the request becomes RELEASING
    gather   each output file is copied and hashed on the way, a manifest is written and signed
    hand over   the folder takes its place and the request becomes RELEASED
    (otherwise it becomes RELEASE_FAILED with the reason, and a checker may try again or return it)
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from egress.airlock import Airlock
from egress.ballots import live_outputs
from egress.limits import profile_of
from egress.manifest import Manifest, ManifestFile, digest, sign
from egress.moving import find_request, load_request, move
from egress.permissions import check_may
from egress.policies import check_can_release, has_controller, project_of
from egress.receipts import receipts_of
from egress.release_area import Parcel, clear_leftovers, hand_over, pack
from egress.states import Action, State
from governance.clock import now
from governance.refusal import Refusal
from governance.store.airlock import EgressRelease, EgressRequest

SERVICE = "service:release"
logger = structlog.get_logger()


@dataclass(frozen=True)
class Release:
    """A release that took place: its folder below the release area, the SHA-256 of its manifest, when."""

    folder: str
    manifest_sha256: str
    released_at: datetime


def release(airlock: Airlock, *, requested_by: str, request_id: str) -> Release:
    """Release an approved request (or try a failed release again) on a checker's behalf.

    A request that was released already is answered with that release, without a new event. Raises the Refusal of
    check_can_release (nothing changes), or `file-changed`, `release-error` (the request is RELEASE_FAILED then).
    """
    permitted = _permit(airlock, requested_by, request_id)
    if isinstance(permitted, Release):
        return permitted
    try:
        parcel = pack(airlock, permitted, sign(permitted.to_bytes(), airlock.settings.folder.keys))
        return _finish(airlock, permitted, parcel)
    except Refusal as refusal:
        _fail(airlock, request_id, refusal.code)
        raise
    except Exception as error:
        logger.error("egress.release_broke", cause=type(error).__name__)
        _fail(airlock, request_id, "release-error")
        raise Refusal("release-error", "The release could not be completed.", "Try again, or tell us.") from None


def fail_interrupted(airlock: Airlock) -> int:
    """Mark releases that a stopped service left half done as failed; returns how many. Called at the start."""
    with airlock.store.reading() as session:
        query = select(EgressRequest.id).where(EgressRequest.state == State.RELEASING.value)
        left = session.scalars(query).all()
    for request_id in left:
        _fail(airlock, request_id, "interrupted")
    clear_leftovers(airlock.settings.folder.releases)
    return len(left)


def find_release(session: Session, request_id: str) -> Release | None:
    """The release of a request, if there was one."""
    row = session.scalar(select(EgressRelease).where(EgressRelease.request_id == request_id))
    return Release(row.folder, row.manifest_sha256, row.released_at) if row else None


def _permit(airlock: Airlock, requested_by: str, request_id: str) -> Manifest | Release:
    with airlock.store.transaction() as session:
        request = find_request(session, requested_by, request_id)
        done = find_release(session, request_id)
        if done is not None and State(request.state) is State.RELEASED:
            check_may(session, requested_by, request, Action.RELEASE)
            return done
        ballot = check_can_release(session, requested_by, request)
        request.problem = ""
        move(session, request, Action.RELEASE, State.RELEASING, actor=SERVICE, requested_by=requested_by)
        return _write_manifest(session, request, ballot.approvers())


def _write_manifest(session: Session, request: EgressRequest, checkers: tuple[str, ...]) -> Manifest:
    profile = profile_of(project_of(session, request))
    return Manifest(
        project=request.project_slug,
        request=request.id,
        turn=request.turn,
        author=request.author,
        title=request.title,
        profile=profile.name,
        policy_version=profile.version,
        threshold=profile.threshold,
        round_to=profile.round_to,
        checkers=checkers,
        controller=request.controller if has_controller(request) else None,
        files=tuple(ManifestFile(file.name, file.sha256, file.size, file.media_type) for file in live_outputs(request)),
        receipts=tuple(receipt.id for receipt in receipts_of(session, request)),
        created_at=request.created_at,
        released_at=now(),
    )


def _finish(airlock: Airlock, manifest: Manifest, parcel: Parcel) -> Release:
    """Hand over inside the transaction: if either fails, no row points at the folder and the next try replaces it."""
    sha256 = digest(manifest.to_bytes())
    with airlock.store.transaction() as session:
        request = load_request(session, manifest.request)
        done = Release(parcel.folder, sha256, manifest.released_at)
        move(
            session,
            request,
            Action.FINISH_RELEASE,
            State.RELEASED,
            actor=SERVICE,
            manifest_sha256=sha256,
            files=len(manifest.files),
            bytes=sum(file.size for file in manifest.files),
        )
        session.add(
            EgressRelease(
                request_id=request.id, folder=done.folder, manifest_sha256=sha256, released_at=done.released_at
            )
        )
        session.flush()
        hand_over(airlock.settings.folder.releases, parcel)
    return done


def _fail(airlock: Airlock, request_id: str, code: str) -> None:
    with airlock.store.transaction() as session:
        request = load_request(session, request_id)
        if State(request.state) is State.RELEASING:
            request.problem = code
            move(session, request, Action.FAIL_RELEASE, State.RELEASE_FAILED, actor=SERVICE, code=code)
