"""Asks the airlock what it would say of files, for the Lab's panel "Check for export".

The client `sde` asks, in a process of its own with a limit of time: it needs libraries that this server does without,
and the files themselves are read by the airlock's locked child, never here.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from jupyter_server.serverapp import ServerApp

MOST_PATHS = 500
SECONDS = 180.0
SILENT = {"problem": "The check took too long or did not answer. Check fewer files, or try again."}
one_at_a_time = asyncio.Lock()


def are_paths(given: Any) -> bool:
    """Whether these are paths as the Lab names files: relative to the home folder and within it."""
    if not isinstance(given, list) or not 0 < len(given) <= MOST_PATHS:
        return False
    return all(isinstance(path, str) and path and not path.startswith("/") and _stays(path) for path in given)


def _stays(path: str) -> bool:
    return "\0" not in path and ".." not in Path(path).parts


async def check_files(server: ServerApp, paths: list[str]) -> dict[str, Any]:
    """What `python -m sde check --json` tells; {"problem": words} where it has no answer."""
    async with one_at_a_time:
        asked = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "sde", "check", "--json", "--", *paths),
            cwd=server.root_dir,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            told, words = await asyncio.wait_for(asked.communicate(), SECONDS)
        except TimeoutError:
            return SILENT
        finally:
            if asked.returncode is None:
                asked.kill()
                await asked.wait()
    return _read(told) or {"problem": words.decode(errors="replace").strip()[-500:] or SILENT["problem"]}


def _read(told: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(told)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
