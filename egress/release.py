"""The story of a release, and of a landing. Promise: what leaves is what the checkers approved, less what sanitising
takes off (both digests are on record); supporting files stay, no person copies a file, and releasing twice releases
once.

    permit     everything a release needs holds now; the request becomes RELEASING
    pack       each output file is hashed, stripped and hashed again; the documents beside it are written and signed
    stage      the bytes are brought to the release store, where nothing points at them yet
    finish     the store is told that this is a release, and the request becomes RELEASED, or neither
    (otherwise it becomes RELEASE_FAILED with the reason, and a checker may try again or return it)

What comes in goes the same way; it is not stripped, and its store is the project's imports (`releasing.imports`). The
register's row says which way: nobody who asks for it can.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from egress.acro_words import words_of
from egress.airlock import Airlock
from egress.attempts import begin_attempt, plan_retry
from egress.ballots import live_outputs
from egress.directions import is_incoming
from egress.moving import find_request, load_request, move
from egress.permissions import check_may, check_may_leave
from egress.planted import check_stays
from egress.policies import check_can_release, limits_for
from egress.provenance import keep_released
from egress.recording import write_manifest
from egress.releasing.imports import ImportsStore
from egress.releasing.manifest import Manifest
from egress.releasing.parcels import Parcel, clear_spare, pack
from egress.releasing.store import open_release_store
from egress.states import Action, State
from governance.refusal import Refusal
from governance.store.airlock import EgressRelease, EgressReleasedFile, EgressRequest

SERVICE = "service:release"
logger = structlog.get_logger()


@dataclass(frozen=True)
class Release:
    """A release that took place: its folder in the release store, the SHA-256 of its manifest, when."""

    folder: str
    manifest_sha256: str
    released_at: datetime


def release(airlock: Airlock, *, requested_by: str, request_id: str) -> Release:
    """Release, or bring in, an approved request (or try a failed release again) on a checker's behalf.

    A request that was released already is answered with that release, without a new event. Raises the Refusal of
    check_can_release (nothing changes), or (the request is RELEASE_FAILED then) `file-changed`, `bad-file-name`,
    `cannot-be-sanitised`, `release-key-missing`, `release-store-settings`, `release-store-unreachable`,
    `release-error` and, where its author, its project or all egress was stopped or ended meanwhile, those of
    governance.access.
    """
    permitted = _permit(airlock, requested_by, request_id)
    if isinstance(permitted, Release):
        return permitted
    try:
        return _land(airlock, permitted) if permitted.is_incoming else _pack_and_finish(airlock, permitted)
    except Refusal as refusal:
        _fail(airlock, request_id, refusal.code)
        raise
    except Exception as error:
        logger.error("egress.release_broke", cause=type(error).__name__)
        _fail(airlock, request_id, "release-error")
        raise Refusal("release-error", "The release could not be completed.", "Try again, or tell us.") from None


def fail_interrupted(airlock: Airlock) -> int:
    """Mark releases that a stopped service left half done as failed, and remove what it had begun to write; returns how
    many. Called at the start, before anybody is served."""
    with airlock.store.reading() as session:
        query = select(EgressRequest.id).where(EgressRequest.state == State.RELEASING.value)
        left = session.scalars(query).all()
    for request_id in left:
        _fail(airlock, request_id, "interrupted")
    clear_spare(airlock.settings.folder.releases)
    clear_spare(airlock.settings.folder.imports)
    airlock.files.clear_spare()
    return len(left)


def find_release(session: Session, request_id: str) -> Release | None:
    """The release of a request, if there was one."""
    row = session.scalar(select(EgressRelease).where(EgressRelease.request_id == request_id))
    return Release(row.folder, row.manifest_sha256, row.released_at) if row else None


def _permit(airlock: Airlock, requested_by: str, request_id: str) -> Manifest | Release:
    with airlock.store.transaction() as session:
        request = find_request(session, requested_by, request_id)
        check_stays(session, request, Action.RELEASE)
        done = find_release(session, request_id)
        if done is not None and State(request.state) is State.RELEASED:
            check_may(session, requested_by, request, Action.RELEASE)
            return done
        ballot = check_can_release(session, requested_by, request)
        begin_attempt(request, requested_by)
        move(session, request, Action.RELEASE, State.RELEASING, actor=SERVICE, requested_by=requested_by)
        return write_manifest(session, request, ballot)


def _pack_and_finish(airlock: Airlock, permitted: Manifest) -> Release:
    settings = airlock.settings
    store = open_release_store(settings)
    said = words_of(airlock, permitted.request)
    area, keys = settings.folder.releases, settings.folder.keys
    parcel = pack(area, airlock.files, permitted, airlock.sanitise_file, keys, said)
    try:
        store.stage(parcel)
        return _finish(airlock, parcel, store.publish)
    finally:
        parcel.throw_away()


def _land(airlock: Airlock, permitted: Manifest) -> Release:
    store = ImportsStore(airlock.settings.folder)
    parcel = store.pack(airlock.files, permitted, airlock.settings.folder.keys)
    try:
        return _finish(airlock, parcel, store.publish)
    finally:
        parcel.throw_away()


def _finish(airlock: Airlock, parcel: Parcel, publish: Callable[[Parcel], str]) -> Release:
    """Publish inside the transaction: if either fails, no row points at the folder, and `_fail` has it removed."""
    manifest = parcel.manifest
    with airlock.store.transaction() as session:
        request = load_request(session, manifest.request)
        same = (request.turn, is_incoming(request)) == (manifest.turn, manifest.is_incoming)
        if not same:  # failed, returned and submitted anew while this one hung
            raise Refusal("release-overtaken", "The request has moved on.", "Open it again.")
        check_may_leave(session, request)
        move(
            session,
            request,
            Action.FINISH_RELEASE,
            State.RELEASED,
            actor=SERVICE,
            manifest_sha256=parcel.manifest_sha256,
            files=len(manifest.files),
            bytes=manifest.size,
        )
        row = EgressRelease(
            request_id=request.id,
            folder="",
            manifest_sha256=parcel.manifest_sha256,
            released_at=manifest.released_at,
            files=_write_files(request, manifest),
        )
        session.add(row)
        session.flush()
        if not manifest.is_incoming:
            keep_released(session, request, row.released_at)
        row.folder = publish(parcel)
    return Release(row.folder, row.manifest_sha256, row.released_at)


def _write_files(request: EgressRequest, manifest: Manifest) -> list[EgressReleasedFile]:
    rows = {file.name: file.id for file in live_outputs(request)}
    return [
        EgressReleasedFile(
            file_id=rows[file.name],
            name=file.name,
            approved_sha256=file.approved_sha256,
            released_sha256=file.sha256,
            released_size=file.size,
        )
        for file in manifest.files
    ]


def _fail(airlock: Airlock, request_id: str, code: str) -> None:
    with airlock.store.transaction() as session:
        request = load_request(session, request_id)
        if State(request.state) is not State.RELEASING:
            return
        plan_retry(request, code, limits_for(session, request))
        move(session, request, Action.FAIL_RELEASE, State.RELEASE_FAILED, actor=SERVICE, code=code)
        project, incoming = request.project_slug, is_incoming(request)
    try:  # what a release on record does not point at must not look like one
        store = ImportsStore(airlock.settings.folder) if incoming else open_release_store(airlock.settings)
        store.discard(project, request_id)
    except (Refusal, OSError) as error:
        logger.error("egress.leftover_stays", cause=type(error).__name__)
