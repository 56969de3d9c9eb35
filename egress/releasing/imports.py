"""What was brought in, as a folder of its project: `imports/<project>/<title>-<request>/`. Promise: files appear there
by one rename, whole and as they were approved, read-only, with a signed line of who brought and who approved each; each
byte is hashed again while it is copied. The project's own folder is never replaced: running workspaces have it mounted.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import tempfile
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from egress.files import FileStore, StoredFile, sync_folder
from egress.names import check_file_name
from egress.releasing.documents import IMPORT, IMPORT_SIGNATURE, digest
from egress.releasing.manifest import Manifest
from egress.releasing.parcels import SPARE, Parcel
from egress.releasing.signing import sign
from governance.state import StateFolder

FILE_MODE, FOLDER_MODE = 0o444, 0o755  # the mount is read-only; under root the owner is another user too
LONGEST_SLUG = 40


@dataclass(frozen=True)
class ImportsStore:
    """The imports of all projects below one state folder."""

    state: StateFolder

    def pack(self, files: FileStore, permitted: Manifest, keys: Path) -> Parcel:
        """Copy the approved bytes into a spare folder that no workspace sees, and sign for them.

        Raises Refusal `file-changed`, `bad-file-name`, `release-key-missing`; nothing is left then.
        """
        self.state.imports.mkdir(mode=0o700, exist_ok=True)
        spare = Path(tempfile.mkdtemp(prefix=SPARE, dir=self.state.imports))
        try:
            for file in permitted.files:
                approved = io.BytesIO()
                files.copy_out(StoredFile(file.approved_sha256, file.approved_size), approved, file.name)
                _write(spare / check_file_name(file.name), approved.getvalue())
            document = permitted.to_bytes()
            _write(spare / IMPORT, document)
            _write(spare / IMPORT_SIGNATURE, sign(document, keys))
            spare.chmod(FOLDER_MODE)
            sync_folder(spare)
        except BaseException:
            shutil.rmtree(spare, ignore_errors=True)
            raise
        return Parcel(permitted, spare, digest(document))

    def publish(self, parcel: Parcel) -> str:
        """Put the packed folder in its place; returns it below the imports. What is there already is a leftover that
        no landing points at."""
        manifest = parcel.manifest
        folder = self.state.imports_of(manifest.project)
        self.discard(manifest.project, manifest.request)
        name = f"{slug_of(manifest.title)}-{manifest.request}"
        parcel.packed.rename(folder / name)
        sync_folder(folder)
        return f"{manifest.project}/{name}"

    def discard(self, project: str, request: str) -> None:
        """Take away whatever is there of the request: out of its place by a rename, then removed. Raises OSError."""
        folder = self.state.imports / project
        if folder.is_symlink() or not folder.is_dir():
            return
        for place in [entry for entry in folder.iterdir() if entry.name.endswith(f"-{request}")]:
            spare = Path(tempfile.mkdtemp(prefix=SPARE, dir=self.state.imports))
            place.rename(spare / "leftover")
            sync_folder(folder)
            shutil.rmtree(spare, ignore_errors=True)


def slug_of(title: str) -> str:
    """A title as a folder's name: `Code lists, 2026` is `code-lists-2026`."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain)[:LONGEST_SLUG].strip("-") or "import"


def _write(file: Path, content: bytes) -> None:
    descriptor = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o400)
    with os.fdopen(descriptor, "wb") as target:
        target.write(content)
        target.flush()
        os.fchmod(target.fileno(), FILE_MODE)
        os.fsync(target.fileno())
