"""The tombstone of a recalled release: a signed document laid beside the manifest, so that whoever holds the folder can
see offline that it was called back.

Known limit: who copied the folder before, or takes the tombstone away, does not see it; the register knows.
"""

from __future__ import annotations

import json
from datetime import datetime

from egress.releasing.documents import canonical

FORMAT, KIND = 1, "sde-recall"


def write_tombstone(project: str, request: str, manifest_sha256: str, incident: str, recalled_at: datetime) -> bytes:
    """The tombstone of the release whose manifest has that digest."""
    return canonical(
        {
            "format": FORMAT,
            "kind": KIND,
            "project": project,
            "request": request,
            "manifest_sha256": manifest_sha256,
            "incident": incident,
            "recalled_at": recalled_at.isoformat(timespec="seconds"),
        }
    )


def is_tombstone_of(document: bytes, manifest_sha256: str) -> bool:
    """Whether a document whose signature was checked recalls the release of that manifest."""
    try:
        said = json.loads(document)
        return bool((said["kind"], said["manifest_sha256"]) == (KIND, manifest_sha256))
    except (ValueError, KeyError, TypeError, RecursionError):
        return False
