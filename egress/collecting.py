"""Fetching a release. Promise: only the author, in force at that moment, only after release and before any recall, only
intact bytes, within the day's traffic, each fetch on record before the bytes are sent.

The bytes are read between two transactions (a store may be far away), and what permits them is asked in both.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from egress.airlock import Airlock
from egress.links import check_link, use_link
from egress.moving import find_request, note
from egress.policies import check_can_take
from egress.release import Release, find_release
from egress.releasing.documents import MANIFEST, SIGNATURE, digest
from egress.releasing.released import read_released, told_of_record
from egress.releasing.store import open_release_store
from egress.states import Action
from governance.clock import today
from governance.refusal import Refusal
from governance.registry.traffic import Passed, add_passed, out_bytes_of_day
from governance.store.airlock import EgressRequest

SERVICE = "service:airlock"
ZIP_DATE = (1980, 1, 1, 0, 0, 0)  # the same release gives the same archive


@dataclass(frozen=True)
class Collected:
    """One released file, or all of a release: its plain name and its bytes."""

    name: str
    document: bytes = field(repr=False)


def collect(airlock: Airlock, *, actor: str, request_id: str, name: str) -> Collected:
    """One file of a release, or one of the documents beside it.

    Raises Refusal `no-such-file`, `file-changed`, `traffic-spent` and those of check_can_take.
    """
    with airlock.store.reading() as session:
        done = _check(session, actor, find_request(session, actor, request_id))
    document = read_released(open_release_store(airlock.settings), done.folder, done.manifest_sha256, name)
    with airlock.store.transaction() as session:
        request = find_request(session, actor, request_id)
        _check(session, actor, request)
        _write_down(airlock, session, request, document)
    return Collected(name, document)


def collect_by_link(airlock: Airlock, *, actor: str, token: str, name: str = "") -> Collected:
    """The whole release as an archive, or one file of it, by a link that has a use left.

    Raises Refusal `no-such-file`, `file-changed`, `traffic-spent` and those of check_link.
    """
    with airlock.store.reading() as session:
        _, request = check_link(session, actor, token)
        done = _check(session, actor, request)
    collected = _read(airlock, done, request.id, name)
    with airlock.store.transaction() as session:
        link = use_link(session, actor, token)
        request = find_request(session, actor, link.request_id)
        _write_down(airlock, session, request, collected.document, link=link.id)
    return collected


def _check(session: Session, actor: str, request: EgressRequest) -> Release:
    check_can_take(session, actor, request)
    done = find_release(session, request.id)
    if done is None:
        raise Refusal("no-such-file", "There is no such file in this release.", "Open the request again.")
    return done


def _read(airlock: Airlock, done: Release, request_id: str, name: str) -> Collected:
    store = open_release_store(airlock.settings)
    if name:
        return Collected(name, read_released(store, done.folder, done.manifest_sha256, name))
    told = told_of_record(store, done.folder, done.manifest_sha256)
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for one in sorted([*told.named, MANIFEST, SIGNATURE]):
            document = read_released(store, done.folder, done.manifest_sha256, one)
            archive.writestr(zipfile.ZipInfo(f"release-{request_id}/{one}", ZIP_DATE), document, zipfile.ZIP_DEFLATED)
    return Collected(f"release-{request_id}.zip", whole.getvalue())


def _write_down(airlock: Airlock, session: Session, request: EgressRequest, document: bytes, **facts: int) -> None:
    """The event, and the bytes in the day's traffic of this person and project, which has a cap. Raises Refusal
    `traffic-spent`."""
    settings, size = airlock.settings, len(document)
    day = today()
    if out_bytes_of_day(session, request.author, request.project_slug, day) + size > settings.traffic_cap_bytes:
        raise Refusal("traffic-spent", "You have fetched as much today as one day allows.", "Fetch it tomorrow.")
    note(session, request, Action.DOWNLOAD, actor=request.author, sha256=digest(document), bytes=size, **facts)
    passed = Passed(request.author, request.project_slug, day, requests=1, out_bytes=size, into_bytes=0)
    limits = {"alarm_bytes": settings.traffic_alarm_bytes, "cap_bytes": settings.traffic_cap_bytes}
    add_passed(session, [passed], **limits, actor=SERVICE)
