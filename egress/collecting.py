"""Fetching a release. Promise: only the author, in force at that moment, only after release and before any recall, only
intact bytes, each fetch on record before the bytes are sent.
"""

from __future__ import annotations

from dataclasses import dataclass

from egress.airlock import Airlock
from egress.moving import find_request, note
from egress.policies import check_can_take
from egress.release import find_release
from egress.releasing.documents import digest
from egress.releasing.released import read_released
from egress.releasing.store import open_release_store
from egress.states import Action
from governance.refusal import Refusal


@dataclass(frozen=True)
class Collected:
    """One released file: its plain name and its bytes."""

    name: str
    document: bytes


def collect(airlock: Airlock, *, actor: str, request_id: str, name: str) -> Collected:
    """One file of a release, or `manifest.json`, `manifest.sig`.

    Raises Refusal `no-such-file`, `file-changed` and those of check_can_take.
    """
    with airlock.store.transaction() as session:
        request = find_request(session, actor, request_id)
        check_can_take(session, actor, request)
        done = find_release(session, request_id)
        if done is None:
            raise Refusal("no-such-file", "There is no such file in this release.", "Open the request again.")
        document = read_released(open_release_store(airlock.settings), done.folder, done.manifest_sha256, name)
        note(session, request, Action.DOWNLOAD, actor=actor, sha256=digest(document), bytes=len(document))
    return Collected(name, document)
