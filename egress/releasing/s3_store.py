"""The release store on S3, or on what speaks like it: `<prefix><project>/<request>/<try>/...`.

Promise: each try has a folder of its own that nobody is told of until `release.json` beside it names it, with the
manifest's digest; that one object is the release, and a reader who goes by it never sees half of one.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from egress.releasing.documents import canonical
from egress.releasing.parcels import Parcel
from egress.releasing.s3_access import open_client
from governance.refusal import Refusal
from governance.settings import Settings

if TYPE_CHECKING:
    from botocore.client import BaseClient

MARKER, MARKER_FORMAT = "release.json", 1
MISSING = frozenset({"NoSuchKey", "404"})
logger = structlog.get_logger()


@dataclass(frozen=True)
class S3Store:
    """A bucket and a prefix in it. `attempt` names this try's folder."""

    client: BaseClient
    bucket: str
    prefix: str
    attempt: str

    @classmethod
    def of(cls, settings: Settings) -> S3Store:
        """The store of the settings. Raises Refusal `release-store-settings`."""
        prefix = settings.release_s3_prefix.strip("/")
        client = open_client(settings)
        return cls(client, settings.release_s3_bucket, f"{prefix}/" if prefix else "", secrets.token_hex(8))

    def stage(self, parcel: Parcel) -> None:
        """Every file into this try's folder."""
        for file in sorted(path for path in parcel.packed.rglob("*") if path.is_file()):
            name = file.relative_to(parcel.packed).as_posix()
            self._put(f"{self._folder(parcel)}/{name}", file.read_bytes())

    def publish(self, parcel: Parcel) -> str:
        """The marker names this try's folder."""
        folder = self._folder(parcel)
        marker = {"format": MARKER_FORMAT, "folder": self.attempt, "manifest_sha256": parcel.manifest_sha256}
        self._put(f"{_home(parcel)}/{MARKER}", canonical(marker))
        return folder

    def discard(self, project: str, request: str) -> None:
        """The marker first: from then on nothing there is a release."""
        home = f"{project}/{request}"
        with _guarded():
            self.client.delete_object(Bucket=self.bucket, Key=f"{self.prefix}{home}/{MARKER}")
            pages = self.client.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket, Prefix=f"{self.prefix}{home}/"
            )
            for page in pages:
                for found in page.get("Contents", ()):
                    self.client.delete_object(Bucket=self.bucket, Key=found["Key"])

    def read(self, folder: str, name: str, most: int) -> bytes:
        """One object."""
        with _guarded():
            answer = self.client.get_object(Bucket=self.bucket, Key=f"{self.prefix}{folder}/{name}")
            content: bytes = answer["Body"].read(most + 1)
        return content

    def add(self, folder: str, name: str, content: bytes) -> None:
        """One more object."""
        self._put(f"{folder}/{name}", content)

    def _put(self, key: str, content: bytes) -> None:
        with _guarded():
            self.client.put_object(Bucket=self.bucket, Key=f"{self.prefix}{key}", Body=content)

    def _folder(self, parcel: Parcel) -> str:
        return f"{_home(parcel)}/{self.attempt}"


def _home(parcel: Parcel) -> str:
    return f"{parcel.manifest.project}/{parcel.manifest.request}"


@contextmanager
def _guarded() -> Iterator[None]:
    """What the store says of a failure is not ours to show: it can quote addresses and names of keys."""
    from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

    try:
        yield
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in MISSING:
            raise FileNotFoundError("no such object") from None
        raise _unreachable(error) from None
    except (BotoCoreError, HTTPClientError) as error:
        raise _unreachable(error) from None


def _unreachable(error: Exception) -> Refusal:
    logger.error("egress.release_store_failed", cause=type(error).__name__)
    return Refusal(
        "release-store-unreachable",
        "The release store does not answer, or does not let the gateway in.",
        "Try again; if it stays so, tell the operator.",
    )
