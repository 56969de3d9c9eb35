"""Reads what the gateway has to say: /run/hub/notices.json, which it writes and the sandbox can only read."""

from __future__ import annotations

import json
import os
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
    """The notices; none if the file is missing or not to be understood."""
    try:
        with os.fdopen(os.open(file, os.O_RDONLY | os.O_NOFOLLOW)) as opened:
            notices = json.loads(opened.read(MOST_BYTES))
    except (OSError, ValueError):
        return []
    return [one for one in notices if isinstance(one, dict)] if isinstance(notices, list) else []
