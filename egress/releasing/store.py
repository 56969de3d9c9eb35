"""Where releases are handed over. Promise, of every store: a release is there whole or not at all, whoever is killed
and whenever; what is read is only as good as the manifest of record says, so a store need not be trusted with truth.

    stage     the bytes are there, and nothing says that they are a release
    publish   one step makes them one
    discard   whatever is there of a request that has no release on record is gone
"""

from __future__ import annotations

from typing import Protocol

from egress.releasing.parcels import Parcel
from governance.settings import Settings


class ReleaseStore(Protocol):
    """A place for released folders. `folder` is a release's place in it, as the register keeps it."""

    def stage(self, parcel: Parcel) -> None:
        """Bring the bytes. Raises Refusal `release-store-unreachable`, OSError."""

    def publish(self, parcel: Parcel) -> str:
        """Make the staged bytes a release, in one step; returns its folder. Raises as `stage`."""

    def discard(self, project: str, request: str) -> None:
        """Remove what is left of releases of this request. Raises as `stage`."""

    def read(self, folder: str, name: str, most: int) -> bytes:
        """The bytes of one document, at most one more than `most`. Raises OSError if it is not there or no plain file,
        Refusal `release-store-unreachable`."""

    def add(self, folder: str, name: str, content: bytes) -> None:
        """Put one more document beside a release, in place of one of that name. Raises as `stage`."""


def open_release_store(settings: Settings) -> ReleaseStore:
    """The store of these settings. Raises Refusal `release-store-settings`."""
    if settings.release_store == "s3":
        from egress.releasing.s3_store import S3Store  # boto3 takes its time, and few need it

        return S3Store.of(settings)
    from egress.releasing.folder_store import FolderStore

    return FolderStore(settings.folder.releases)
