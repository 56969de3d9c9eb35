"""The release store as a folder: `releases/<project>/<request>/`. Promise: a folder appears there by one rename; files
are plain and read-only, and a symbolic link in their place is refused.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from egress.files import FOLDER_MODE, KEPT_MODE, open_regular, sync_folder
from egress.releasing.parcels import SPARE, Parcel


@dataclass(frozen=True)
class FolderStore:
    """Parcels are packed in the same folder, so handing one over is a rename."""

    area: Path

    def stage(self, parcel: Parcel) -> None:
        """Nothing to do: the parcel lies in the store's own spare folder."""

    def publish(self, parcel: Parcel) -> str:
        """Put the packed folder in its place. A folder there already is a leftover that no release points at."""
        folder = f"{parcel.manifest.project}/{parcel.manifest.request}"
        place = self.area / folder
        place.parent.mkdir(mode=FOLDER_MODE, exist_ok=True)
        self._move_away(place)
        parcel.packed.rename(place)
        sync_folder(place.parent)
        return folder

    def discard(self, project: str, request: str) -> None:
        """Out of its place by a rename, then removed."""
        self._move_away(self.area / project / request)

    def read(self, folder: str, name: str, most: int) -> bytes:
        """Neither the folder nor the file may be a link."""
        place = self.area / folder
        if place.is_symlink() or place.parent.is_symlink():
            raise OSError("not a plain folder")
        with open_regular(place / name) as stream:
            return stream.read(most + 1)

    def add(self, folder: str, name: str, content: bytes) -> None:
        """Written beside its place and renamed into it."""
        place = self.area / folder
        descriptor, spare = tempfile.mkstemp(prefix=SPARE, dir=self.area)
        with os.fdopen(descriptor, "wb") as target:
            target.write(content)
            target.flush()
            os.fchmod(target.fileno(), KEPT_MODE)
            os.fsync(target.fileno())
        Path(spare).replace(place / name)
        sync_folder(place)

    def _move_away(self, place: Path) -> None:
        if place.is_symlink() or place.exists():
            spare = Path(tempfile.mkdtemp(prefix=SPARE, dir=self.area))
            place.rename(spare / "leftover")
            shutil.rmtree(spare, ignore_errors=True)
