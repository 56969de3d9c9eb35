"""Puts changed settings on record. Promise: which settings are others than at the last start stands in the audit log
before anything runs with them; values stand nowhere, since one may be a secret.
"""

from __future__ import annotations

import hashlib
import json
import os

from governance.audit import Detail, append_event
from governance.settings import Settings
from governance.store import Store

ACTOR = "service:hub"
SECRET = frozenset({"register_url"})  # it may hold a password, and a digest could be guessed at


def note_settings(store: Store, settings: Settings) -> tuple[str, ...]:
    """Compare with the last start; returns the names of what changed (none at the first start, which is recorded)."""
    file = settings.folder.audit_head.with_name("settings.json")
    now_held = {
        name: bool(value) if name in SECRET else hashlib.sha256(repr(value).encode()).hexdigest()
        for name, value in sorted(settings)
    }
    try:
        before = json.loads(file.read_text())
    except (FileNotFoundError, ValueError):
        before = None
    changed = () if before is None else tuple(name for name in now_held if before.get(name) != now_held[name])
    if before is not None and not changed:
        return ()
    with store.transaction() as session:
        detail: Detail = {"settings": ",".join(changed), "number": len(changed)}
        append_event(session, event="configuration.changed", actor=ACTOR, detail=detail)
    spare = file.with_suffix(f".{os.getpid()}")
    with os.fdopen(os.open(spare, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w") as stream:
        json.dump(now_held, stream)
    spare.replace(file)
    return changed
