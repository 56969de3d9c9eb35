"""Reads released documents from the store. Promise: only bytes that the manifest of record vouches for."""

from __future__ import annotations

from egress.releasing.documents import MANIFEST, SIGNATURE, check_inside, digest
from egress.releasing.manifest import Told, read_told_of
from egress.releasing.store import ReleaseStore
from governance.refusal import Refusal

LONGEST_DOCUMENT = 16 * 2**20  # of the manifest and its signature


def told_of_record(store: ReleaseStore, folder: str, manifest_sha256: str) -> Told:
    """What the manifest of record says. Raises Refusal `file-changed`, `release-store-unreachable`."""
    try:
        return read_told_of(_read_of_record(store, folder, manifest_sha256))
    except ValueError:
        raise _changed() from None


def read_released(store: ReleaseStore, folder: str, manifest_sha256: str, name: str) -> bytes:
    """The bytes of one released file, of a document beside it, or of the manifest or its signature.

    Raises Refusal `no-such-file`, `file-changed`, `release-store-unreachable`.
    """
    manifest = _read_of_record(store, folder, manifest_sha256)
    if name == MANIFEST:
        return manifest
    try:
        if name == SIGNATURE:
            return store.read(folder, SIGNATURE, LONGEST_DOCUMENT)
        named = read_told_of(manifest).named
        if name not in named:
            raise Refusal("no-such-file", "There is no such file in this release.", "Open the request again.")
        document = store.read(folder, check_inside(name), named[name].size)
    except (OSError, ValueError):
        raise _changed() from None
    if (digest(document), len(document)) != (named[name].sha256, named[name].size):
        raise _changed()
    return document


def _read_of_record(store: ReleaseStore, folder: str, manifest_sha256: str) -> bytes:
    try:
        manifest = store.read(folder, MANIFEST, LONGEST_DOCUMENT)
    except OSError:
        raise _changed() from None
    if digest(manifest) != manifest_sha256:
        raise _changed()
    return manifest


def _changed() -> Refusal:
    return Refusal("file-changed", "A released file is not the file that was released.", "Tell the service desk.")
