"""Packs a release in a spare folder of the gateway. Promise: each byte is hashed twice, as it was approved and as it
leaves; a parcel is whole or not there, its files are read-only, and nothing of it is in the store yet.
"""

from __future__ import annotations

import io
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from egress.files import FOLDER_MODE, KEPT_MODE, FileStore, StoredFile, sync_folder
from egress.inspection.sanitising import Sanitised
from egress.names import check_file_name
from egress.releasing.acro_cells import read_header
from egress.releasing.acro_results import write_results
from egress.releasing.crate import write_crate
from egress.releasing.documents import CHECKSUMS, CRATE, MANIFEST, RESULTS, SIGNATURE, digest
from egress.releasing.manifest import Companion, Manifest
from egress.releasing.outputs import AuthorsWord
from egress.releasing.signing import sign

SPARE = ".packing-"
#: (bytes, media type) -> the bytes without what must not leave; raises Refusal.
Sanitise = Callable[[bytes, str], Sanitised]


@dataclass(frozen=True)
class Parcel:
    """A packed release: what it says, the spare folder it lies in, the digest of its manifest."""

    manifest: Manifest
    packed: Path
    manifest_sha256: str

    def throw_away(self) -> None:
        """Remove the spare folder, if it is still there."""
        shutil.rmtree(self.packed, ignore_errors=True)


def pack(
    area: Path,
    files: FileStore,
    permitted: Manifest,
    sanitise: Sanitise,
    keys: Path,
    said: Mapping[str, AuthorsWord],
) -> Parcel:
    """Pack what was permitted: files, the documents beside them, the manifest and its signature.

    Args:
        area: the gateway's own folder for releases.
        files: where the approved bytes are.
        permitted: the manifest with the approved files.
        sanitise: takes off what must not leave.
        keys: the folder of the signing key.
        said: what the author's ACRO session said of a file, by its name.

    Raises Refusal `file-changed`, `bad-file-name`, `release-key-missing` and those of `sanitise`; nothing is left then.
    """
    area.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    spare = Path(tempfile.mkdtemp(prefix=SPARE, dir=area))
    try:
        manifest, headers = _pack_files(spare, files, permitted, sanitise)
        written = {RESULTS: write_results(manifest, headers, said), CRATE: write_crate(manifest)}
        for name, content in written.items():
            _write(spare / name, content)
        made = tuple(Companion(name, digest(content), len(content)) for name, content in written.items())
        manifest = replace(manifest, companions=(*made, *_write_checksums(spare, manifest)))
        document = manifest.to_bytes()
        _write(spare / MANIFEST, document)
        _write(spare / SIGNATURE, sign(document, keys))
        sync_folder(spare)
    except BaseException:
        shutil.rmtree(spare, ignore_errors=True)
        raise
    return Parcel(manifest, spare, digest(document))


def clear_spare(area: Path) -> None:
    """Remove spare folders of releases that never took place."""
    for spare in area.glob(f"{SPARE}*"):
        shutil.rmtree(spare, ignore_errors=True)


def _pack_files(
    spare: Path, files: FileStore, permitted: Manifest, sanitise: Sanitise
) -> tuple[Manifest, dict[str, tuple[str, ...]]]:
    packed, headers = [], {}
    for file in permitted.files:
        approved = io.BytesIO()
        files.copy_out(StoredFile(file.approved_sha256, file.approved_size), approved, file.name)
        bare = sanitise(approved.getvalue(), file.media_type)
        _write(spare / check_file_name(file.name), bare.content)
        headers[file.name] = read_header(bare.content)
        packed.append(replace(file, sha256=digest(bare.content), size=len(bare.content), removed=bare.removed))
    return replace(permitted, files=tuple(packed)), headers


def _write_checksums(spare: Path, manifest: Manifest) -> list[Companion]:
    """A text file with the digest of each file, in the folder where SACRO's viewer looks."""
    (spare / CHECKSUMS).mkdir(mode=FOLDER_MODE)
    made = []
    for file in manifest.files:
        name, content = f"{CHECKSUMS}/{file.name}.txt", file.sha256.encode()
        _write(spare / name, content)
        made.append(Companion(name, digest(content), len(content)))
    sync_folder(spare / CHECKSUMS)
    return made


def _write(file: Path, content: bytes) -> None:
    with _create(file) as target:
        target.write(content)
        target.flush()
        os.fsync(target.fileno())


def _create(file: Path) -> BinaryIO:
    return os.fdopen(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, KEPT_MODE), "wb")
