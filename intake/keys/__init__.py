"""Keys of pseudonymisation: one per project and domain, and one per data cut. Promise: a key never leaves this package
but as the object that computes with it; it is in no argv, log, SQL text, error, core file or extract.

Read `store` for what a store of keys does, `files` for the one that keeps them in 0600 files, `computing` for what is
computed, `ending` for how a project's keys are rotated and destroyed.
"""

from __future__ import annotations

from pathlib import Path

from governance.settings import Settings
from intake.keys.computing import KEY_BYTES, PSEUDONYM_BITS, MarkKey, PseudonymKey
from intake.keys.cuts import open_cut_key
from intake.keys.domains import DOMAINS, EXTRACT_DOMAINS, Domain, check_extract_domain
from intake.keys.files import FileKeyStore
from intake.keys.memory import forbid_dumps
from intake.keys.store import KeyRecord, KeyStore, Marker, Pseudonymiser, key_missing

__all__ = [
    "DOMAINS",
    "EXTRACT_DOMAINS",
    "KEY_BYTES",
    "PSEUDONYM_BITS",
    "Domain",
    "FileKeyStore",
    "KeyRecord",
    "KeyStore",
    "MarkKey",
    "Marker",
    "PseudonymKey",
    "Pseudonymiser",
    "forbid_dumps",
    "key_store",
    "open_cut_key",
    "open_for_extract",
    "open_project_key",
]


def key_store(settings: Settings) -> KeyStore:
    """The gateway's store of keys: the one place that decides what keeps them."""
    return FileKeyStore(settings.folder.keys)


def open_for_extract(keys: KeyStore, project: str, domain: str, *, used: str = "") -> Pseudonymiser:
    """The project's newest key for one domain of an extract (`person`, `visit_occurrence`, ...), made when it is new.

    Args:
        keys: the store.
        project: slug.
        domain: of `EXTRACT_DOMAINS`.
        used: the `key_id` that the manifest of the project's extract in force names for the domain, if it has one: a
            key that was used and is gone is refused, never made anew.

    Raises Refusal `bad-key`, `key-missing`, `key-destroyed`, `no-such-domain`, `domain-not-in-extracts`.
    """
    check_extract_domain(domain)
    key = keys.open(project, domain, make=not used)
    if used and used not in {record.key_id for record in keys.records(project)}:
        raise key_missing(project, domain)
    return key


def open_project_key(folder: Path, project: str, domain: str, *, used: str = "") -> Pseudonymiser:
    """`open_for_extract` of the files in a folder."""
    return open_for_extract(FileKeyStore(folder), project, domain, used=used)
