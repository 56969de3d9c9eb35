"""Settings of releases: the store they are handed over to, and the links by which their authors fetch them."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field


class ReleaseSettings(BaseModel):
    """Part of governance.settings.Settings."""

    release_store: Literal["folder", "s3"] = Field(
        default="folder", description="where releases are handed over: `folder` (in the state folder) or `s3`"
    )
    release_s3_endpoint: str = Field(
        default="", pattern=r"^(|https?://[^/@\s]+/?)$", description="address of an S3-compatible store; empty: AWS"
    )
    release_s3_region: str = Field(default="eu-west-2", min_length=1, description="its region")
    release_s3_bucket: str = Field(
        default="", pattern=r"^(|[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])$", description="its bucket, which must be there"
    )
    release_s3_prefix: str = Field(
        default="", pattern=r"^[\w./=-]*$", description="folder in the bucket; empty: its top"
    )
    release_s3_credentials_file: Path | None = Field(
        default=None, description="file with its keys (TOML, 0600); relative to the state folder"
    )
    release_link_hours: int = Field(default=72, gt=0, le=24 * 31, description="how long a download link is good for")
    release_link_uses: int = Field(default=3, gt=0, le=100, description="most downloads by one link")
