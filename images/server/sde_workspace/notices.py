"""Reads what the gateway has to say: /run/hub/notices.json, which it writes and the sandbox can only read."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FILE = Path("/run/hub/notices.json")
MOST_BYTES = 64 * 2**10


def revision(file: Path = FILE) -> str:
    """Changes whenever the file does; empty if there is none."""
    try:
        found = file.stat()
    except OSError:
        return ""
    return f"{found.st_ino}-{found.st_mtime_ns}"


def read_notices(file: Path = FILE) -> list[dict[str, Any]]:
    """The notices that still hold; none if the file is missing or not to be understood."""
    try:
        with os.fdopen(os.open(file, os.O_RDONLY | os.O_NOFOLLOW)) as opened:
            notices = json.loads(opened.read(MOST_BYTES))
    except (OSError, ValueError):
        return []
    return [one for one in notices if _holds(one)] if isinstance(notices, list) else []


def _holds(notice: Any) -> bool:
    """Whether it is one, and has not had its time. An idle warning's time is when the workspace closes: it stays."""
    if not isinstance(notice, dict):
        return False
    try:
        until = notice.get("until")
        return until is None or notice.get("kind") == "idle" or datetime.fromisoformat(until) > datetime.now(UTC)
    except (TypeError, ValueError):
        return False
