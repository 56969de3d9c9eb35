"""Duty: the intake's parts of a close-out. Extracts and keys of a project that was ordered closed are destroyed, and
what was destroyed is on record.
"""

from __future__ import annotations

import hashlib
import json

from governance.applications.closing import CloseOutView, Part, certify_close, open_close_outs, record_part
from governance.registry import list_extracts
from governance.registry.keeper import KEEPER, DutyWarning
from intake.keeper.ground import Duty, DutyFailed, Ground, Looked, Pace


def _work(ground: Ground) -> Looked:
    with ground.store.reading() as session:
        waiting = open_close_outs(session)
    failed: list[DutyWarning] = []
    for close in waiting:
        if Part.EXTRACTS.value in close.missing and not _destroy_extracts(ground, close):
            failed.append(_warn(close, "extracts", f"sde extract retire {close.project}"))
        if Part.KEYS.value in close.missing and not _destroy_keys(ground, close):
            failed.append(_warn(close, "keys", f"sde key destroy {close.project}"))
        certify_close(ground.settings, ground.store, actor=KEEPER, slug=close.project)
    if failed:
        raise DutyFailed(*failed)
    return Looked()


def _destroy_extracts(ground: Ground, close: CloseOutView) -> bool:
    if ground.run(ground.settings, ("extract", "retire", close.project)).status:
        return False
    with ground.store.reading() as session:
        held = list_extracts(session, close.project)
    if any(one.destroyed_at is None for one in held):
        return False
    gone = [{"folder": one.folder, "sha256": one.sha256, "destroyed_at": str(one.destroyed_at)} for one in held]
    record_part(ground.store, actor=KEEPER, slug=close.project, part=Part.EXTRACTS, facts={"destroyed": gone})
    return True


def _destroy_keys(ground: Ground, close: CloseOutView) -> bool:
    """By the commands, since this room makes no pseudonyms and opens no key. A project that never had an extract has no
    key; the certificate of a destruction is named by its digest."""
    file = ground.settings.folder.audit_head.parent / "certificates" / f"{close.project}.json"
    if not file.is_file():
        listed = ground.run(ground.settings, ("key", "list", close.project, "--json"))
        if listed.status or not listed.output:
            return False
        if not json.loads(listed.output):
            facts: dict[str, object] = {"destroyed": [], "why": "there never was a key"}
            record_part(ground.store, actor=KEEPER, slug=close.project, part=Part.KEYS, facts=facts)
            return True
        if ground.run(ground.settings, ("key", "destroy", close.project, "--yes")).status:
            return False
    written = file.read_bytes()
    keys = [key["key_id"] for key in json.loads(written)["certificate"]["keys"]]
    facts = {"destroyed": keys, "certificate": file.name, "sha256": hashlib.sha256(written).hexdigest()}
    record_part(ground.store, actor=KEEPER, slug=close.project, part=Part.KEYS, facts=facts)
    return True


def _warn(close: CloseOutView, what: str, by_hand: str) -> DutyWarning:
    return DutyWarning("not-closed", f"The {what} of {close.project} are not destroyed yet.", f"By hand: {by_hand}.")


CLOSE_PROJECTS = Duty(
    "close-projects", "Destroys extracts and keys of projects that were ordered closed.", Pace.ROUND, _work, 10
)
