"""Which keys an extract is made with: what its manifest names, and whether the store still has them. Promise: where an
extract was made with a key that has gone, the next is refused, not made with a new key in silence.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.orm import Session

from governance.extracts import read_manifest
from governance.refusal import Refusal
from governance.registry import current_extract
from governance.settings import Settings
from governance.store import Store
from intake.keys.domains import EXTRACT_DOMAINS
from intake.keys.store import KeyStore

MANIFEST_FIELD = "keys"  # domain -> key id
PERSON = "person"


def check_keys_held(settings: Settings, store: Store, keys: KeyStore, project: str) -> dict[str, str]:
    """That the keys of the project's extract in force are there; returns `in_use`. Raises Refusal `key-missing`,
    `key-destroyed`."""
    with store.reading() as session:
        named = made_with(settings, session, project)
    for domain, key_id in named.items():
        keys.open(project, domain, key_id=key_id)
    return in_use(keys, project)


def made_with(settings: Settings, session: Session, project: str) -> dict[str, str]:
    """By domain, the ids of the keys that the extract in force was made with; empty without an extract. An earlier
    release wrote none down: then only that there was a key for people is known, and its id is empty."""
    extract = current_extract(session, project)
    if extract is None:
        return {}
    named = read_manifest(settings.folder.extracts / extract.folder).get(MANIFEST_FIELD, {PERSON: ""})
    return {str(domain): str(key_id) for domain, key_id in named.items()}


def in_use(keys: KeyStore, project: str, *, since: Mapping[str, str] | None = None) -> dict[str, str]:
    """By domain, the ids of the keys that an extract built now is made with: what its manifest has to name.

    Raises Refusal `key-rotated` if one is another than it was `since`: nobody could say which an extract was made with.
    """
    now = {domain: keys.open(project, domain).key_id for domain in EXTRACT_DOMAINS if keys.exists(project, domain)}
    if any(now.get(domain) != key_id for domain, key_id in (since or {}).items()):
        raise Refusal("key-rotated", "The project's keys were rotated while its extract was built.", "Build it again.")
    return now
