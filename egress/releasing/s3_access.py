"""How the gateway reaches an S3-compatible store. Promise: its secret comes from one private file, goes to no log, no
command line and no manifest, and nothing of the machine's own configuration or roles is used instead.
"""

from __future__ import annotations

import stat
import tomllib
from typing import TYPE_CHECKING, Any

from governance.refusal import Refusal
from governance.settings import Settings

if TYPE_CHECKING:
    from botocore.client import BaseClient

CONNECT_SECONDS, READ_SECONDS, ATTEMPTS = 5, 30, 3
NAMES = {"access_key_id", "secret_access_key", "session_token"}


def open_client(settings: Settings) -> BaseClient:
    """A client for the settings' endpoint. Raises Refusal `release-store-settings`."""
    import boto3
    from botocore.config import Config

    keys = read_credentials(settings)
    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"total_max_attempts": ATTEMPTS, "mode": "standard"},
        # Stores of other makers refuse the newer checksum headers; we hash every byte ourselves.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        s3={"addressing_style": "path"},
        signature_version="s3v4",
        proxies={},
    )
    session = boto3.session.Session(
        aws_access_key_id=keys["access_key_id"],
        aws_secret_access_key=keys["secret_access_key"],
        aws_session_token=keys.get("session_token"),
        region_name=settings.release_s3_region,
    )
    return session.client("s3", endpoint_url=settings.release_s3_endpoint or None, config=config)


def read_credentials(settings: Settings) -> dict[str, str]:
    """The keys of the credentials file (TOML: access_key_id, secret_access_key, maybe session_token)."""
    file = settings.release_s3_credentials
    if not settings.release_s3_bucket or file is None:
        raise _wrong("A release store on S3 needs a bucket and a file of credentials.")
    try:
        held = file.stat()
        keys = tomllib.loads(file.read_text())
    except (OSError, ValueError):
        raise _wrong("The release store's file of credentials cannot be read.") from None
    if not stat.S_ISREG(held.st_mode) or held.st_mode & 0o077:
        raise _wrong("The release store's file of credentials can be read by others.")
    if not _is_whole(keys):
        raise _wrong("The release store's file of credentials lacks a key or holds something else.")
    return keys


def _is_whole(keys: dict[str, Any]) -> bool:
    given = {name for name, value in keys.items() if isinstance(value, str) and value}
    return given == set(keys) and NAMES - {"session_token"} <= given <= NAMES


def _wrong(message: str) -> Refusal:
    remedy = "Set SDE_RELEASE_S3_BUCKET and SDE_RELEASE_S3_CREDENTIALS_FILE (mode 0600): docs/how-to/release-store.md."
    return Refusal("release-store-settings", message, remedy)
