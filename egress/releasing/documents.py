"""Names and bytes of what lies beside the released files. Promise: a document has one spelling (sorted keys, one way of
spacing, no number that is not a number), so that its SHA-256 and its signature mean one document.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

MANIFEST, SIGNATURE = "manifest.json", "manifest.sig"
RESULTS, CRATE = "results.json", "ro-crate-metadata.json"
TOMBSTONE, TOMBSTONE_SIGNATURE = "recalled.json", "recalled.sig"
IMPORT, IMPORT_SIGNATURE = "brought-in.json", "brought-in.sig"
CHECKSUMS = "checksums"  # a folder: one text file a released file, as SACRO's viewer reads them
#: What a release may hold that its manifest does not name.
UNNAMED = frozenset({MANIFEST, SIGNATURE, TOMBSTONE, TOMBSTONE_SIGNATURE})


def canonical(document: Mapping[str, Any]) -> bytes:
    """Canonical JSON in UTF-8 with a final newline. Raises ValueError for NaN and infinities."""
    return (json.dumps(document, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def check_inside(name: str) -> str:
    """The name, if it stays inside its folder on every machine. Raises ValueError otherwise."""
    parts = name.split("/")
    if not name.isprintable() or "\\" in name or ":" in name or not {"", ".", ".."}.isdisjoint(parts):
        raise ValueError("not a plain name")
    return name


def digest(document: bytes) -> str:
    """SHA-256, hex."""
    return hashlib.sha256(document).hexdigest()
