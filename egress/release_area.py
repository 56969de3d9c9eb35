"""The release area on disk: `releases/<project>/<request>/`. Promise: a folder there is whole or absent, its files are
read-only, and each byte was hashed while it was copied.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from egress.airlock import Airlock
from egress.files import FOLDER_MODE, KEPT_MODE, StoredFile, open_regular, sync_folder
from egress.manifest import MANIFEST, SIGNATURE, Manifest, digest, read_files
from egress.names import check_file_name
from governance.refusal import Refusal

SPARE = ".packing-"


@dataclass(frozen=True)
class Parcel:
    """A packed release: the spare folder it lies in, and where it shall go, relative to the release area."""

    packed: Path
    folder: str


def pack(airlock: Airlock, manifest: Manifest, signature: bytes) -> Parcel:
    """Copy every file of the manifest, and the manifest itself, into a spare folder of the release area.

    Raises Refusal `file-changed`, `bad-file-name`; nothing is left behind then.
    """
    area = airlock.settings.folder.releases
    area.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    spare = Path(tempfile.mkdtemp(prefix=SPARE, dir=area))
    try:
        for file in manifest.files:
            with _create(spare / check_file_name(file.name)) as target:
                airlock.files.copy_out(StoredFile(file.sha256, file.size), target, file.name)
                _seal(target)
        for name, document in ((MANIFEST, manifest.to_bytes()), (SIGNATURE, signature)):
            with _create(spare / name) as target:
                target.write(document)
                _seal(target)
        sync_folder(spare)
    except BaseException:
        shutil.rmtree(spare, ignore_errors=True)
        raise
    return Parcel(spare, f"{manifest.project}/{manifest.request}")


def hand_over(area: Path, parcel: Parcel) -> None:
    """Put the packed folder in its place. A folder there already is a leftover of a try that no release points at."""
    place = area / parcel.folder
    place.parent.mkdir(mode=FOLDER_MODE, exist_ok=True)
    if place.exists():
        place.rename(Path(tempfile.mkdtemp(prefix=SPARE, dir=area)) / "leftover")
    parcel.packed.rename(place)
    sync_folder(place.parent)


def clear_leftovers(area: Path) -> None:
    """Remove spare folders of releases that never took place."""
    for spare in area.glob(f"{SPARE}*"):
        shutil.rmtree(spare, ignore_errors=True)


def read_released(area: Path, folder: str, manifest_sha256: str, name: str) -> bytes:
    """The bytes of one released file, or of the manifest or its signature, checked against the manifest of record.

    Raises Refusal `no-such-file`, `file-changed`.
    """
    try:
        manifest = _read(area / folder / MANIFEST)
        if digest(manifest) != manifest_sha256:
            raise _changed()
        if name in (MANIFEST, SIGNATURE):
            return manifest if name == MANIFEST else _read(area / folder / SIGNATURE)
        released = read_files(manifest)
        if name not in released:
            raise Refusal("no-such-file", "There is no such file in this release.", "Open the request again.")
        document = _read(area / folder / check_file_name(name))
    except (OSError, KeyError, ValueError, TypeError):
        raise _changed() from None
    if (digest(document), len(document)) != (released[name].sha256, released[name].size):
        raise _changed()
    return document


def _changed() -> Refusal:
    return Refusal("file-changed", "A released file is not the file that was released.", "Tell the service desk.")


def _read(file: Path) -> bytes:
    with open_regular(file) as stream:
        return stream.read()


def _create(file: Path) -> BinaryIO:
    return os.fdopen(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, KEPT_MODE), "wb")


def _seal(target: BinaryIO) -> None:
    target.flush()
    os.fsync(target.fileno())
