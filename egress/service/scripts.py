"""The one script of the airlock's pages. Promise: the policy of every page names the hash of this very text, so no
other script runs there, not even one of the same origin, where workspaces serve what they like.
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

REVIEW_SCRIPT = (Path(__file__).resolve().parent / "review.js").read_text()


def hash_source(script: str) -> str:
    """The script as a source of Content-Security-Policy level 2: what stands between the tags, to the byte."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


SCRIPT_SOURCE = hash_source(REVIEW_SCRIPT)
