"""The scripts of the airlock's pages. Promise: the policy of every page names the hash of these very texts, so no other
script runs there, not even one of the same origin, where workspaces serve what they like.
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
REVIEW_SCRIPT = (FOLDER / "review.js").read_text()
AUTHOR_SCRIPT = (FOLDER / "author.js").read_text()


def hash_source(script: str) -> str:
    """The script as a source of Content-Security-Policy level 2: what stands between the tags, to the byte."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


SCRIPT_SOURCES = " ".join(map(hash_source, (REVIEW_SCRIPT, AUTHOR_SCRIPT)))
