"""Proves a release offline: no register, no network, one public key. Promise: what is said to be proven was computed
from the bytes in the folder; anything missing, changed, added, linked or recalled is named by a stable code.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from egress.files import CHUNK, open_regular
from egress.releasing.documents import (
    MANIFEST,
    SIGNATURE,
    TOMBSTONE,
    TOMBSTONE_SIGNATURE,
    UNNAMED,
    check_inside,
    digest,
)
from egress.releasing.manifest import Named, Told, read_told_of
from egress.releasing.signing import claimed_key, is_signed_by
from egress.releasing.tombstones import is_tombstone_of
from governance.refusal import Refusal

LONGEST_DOCUMENT = 16 * 2**20
ASK = "Do not use it; ask who gave it to you."


@dataclass(frozen=True)
class Proof:
    """What was proven: of which release, how many files and bytes, by which key. `files` is 0 for a manifest alone."""

    project: str
    request: str
    released_at: str
    manifest_sha256: str
    key: str
    files: int
    bytes: int

    def __str__(self) -> str:
        signed = f"signed by key {self.key[:16]}..., released {self.released_at}"
        whose = f"request {self.request} of project {self.project}"
        if not self.files:
            return f"OK: the manifest of {whose} is genuine, {signed}. No file was looked at."
        return f"OK: {self.files} files ({self.bytes} bytes) are exactly what was released for {whose}, {signed}."


def verify_manifest(file: Path, key: bytes | None) -> Proof:
    """That a manifest is genuine, by the signature beside it; no other file is looked at.

    Raises Refusal `not-a-release`, `key-unknown`, `signature-wrong`, `release-recalled`, `tombstone-wrong`.
    """
    document = _read_document(file)
    trusted = _check_signature(document, _read_document(file.parent / SIGNATURE), key)
    told = _read(document)
    _check_not_recalled(file.parent, digest(document), trusted)
    return Proof(told.project, told.request, told.released_at, digest(document), trusted.hex(), 0, 0)


def verify_release(folder: Path, key: bytes | None, request: str = "") -> Proof:
    """That a folder is one whole release and nothing else.

    Args:
        folder: the release.
        key: the public key of the gateway that released it (32 bytes); None if nobody gave one.
        request: the request it should be of; empty if any will do.

    Raises those of `verify_manifest`, and `other-release`, `file-missing`, `file-changed`, `file-added`,
    `link-in-release`.
    """
    proof = verify_manifest(folder / MANIFEST, key)
    if request and request != proof.request:
        raise Refusal("other-release", "This is a genuine release of another request.", ASK)
    told = _read(_read_document(folder / MANIFEST))
    there = _list_files(folder)
    for name, named in told.named.items():
        _check_file(folder, name, named, there)
    added = sorted(there - set(told.named) - UNNAMED)
    if added:
        raise Refusal("file-added", "The folder holds a file that was not released.", "Take it out.", added[0])
    size = sum(named.size for named in told.files.values())
    return Proof(
        proof.project, proof.request, proof.released_at, proof.manifest_sha256, proof.key, len(told.files), size
    )


def _check_signature(document: bytes, signature: bytes, key: bytes | None) -> bytes:
    if key is None:
        claimed = claimed_key(signature)
        said = f"It says that its key is {claimed}." if claimed else ""
        raise Refusal(
            "key-unknown",
            f"Without the gateway's public key nothing is proven. {said}".strip(),
            "Get the key from the service that released it (`sde release key`) and give it with --key.",
        )
    if not is_signed_by(document, signature, key):
        raise Refusal("signature-wrong", "The manifest was not signed by this key, or was changed since.", ASK)
    return key


def _check_not_recalled(folder: Path, manifest_sha256: str, key: bytes) -> None:
    stones = [name for name in (TOMBSTONE, TOMBSTONE_SIGNATURE) if os.path.lexists(folder / name)]
    if not stones:
        return
    try:
        document = _read_document(folder / TOMBSTONE)
        genuine = is_signed_by(document, _read_document(folder / TOMBSTONE_SIGNATURE), key)
    except Refusal:
        genuine = False
    if genuine and is_tombstone_of(document, manifest_sha256):
        raise Refusal("release-recalled", "This release was recalled.", "Delete every copy; ask the service why.")
    raise Refusal("tombstone-wrong", "The folder says that it was recalled, but not in the service's words.", ASK)


def _read(document: bytes) -> Told:
    try:
        told = read_told_of(document)
        for name in told.named:
            check_inside(name)
    except ValueError:
        raise _not_a_release() from None
    return told


def _read_document(file: Path) -> bytes:
    try:
        with open_regular(file) as stream:
            return stream.read(LONGEST_DOCUMENT)
    except OSError:
        raise _not_a_release() from None


def _list_files(folder: Path) -> set[str]:
    found = set()
    for place, folders, names in os.walk(folder):
        for name in (*folders, *names):
            path = Path(place) / name
            where = path.relative_to(folder).as_posix()
            if path.is_symlink():
                raise Refusal("link-in-release", "The folder holds a symbolic link.", ASK, where)
            if name in names:
                found.add(where)
    return found


def _check_file(folder: Path, name: str, named: Named, there: set[str]) -> None:
    if name not in there:
        raise Refusal("file-missing", "A released file is not there.", "Fetch the release again.", name)
    hashed, size = hashlib.sha256(), 0
    try:
        with open_regular(folder / name) as stream:
            while chunk := stream.read(CHUNK):
                hashed.update(chunk)
                size += len(chunk)
    except OSError:
        raise _changed(name) from None
    if (hashed.hexdigest(), size) != (named.sha256, named.size):
        raise _changed(name)


def _changed(name: str) -> Refusal:
    return Refusal("file-changed", "A file is not the file that was released.", ASK, name)


def _not_a_release() -> Refusal:
    return Refusal("not-a-release", "There is no manifest of a release here that can be read.", "Name its folder.")
