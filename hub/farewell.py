"""Before a workspace is taken from its browsers: asks its server to have every open document saved. Promise: it never
raises and never waits longer than `FAREWELL_SECONDS`, whatever the workspace answers.

The request carries a header that the edge takes off whatever comes from outside, so no page can make it.
"""

from __future__ import annotations

import asyncio
import json
from http import HTTPStatus
from pathlib import Path

import aiohttp

FAREWELL_SECONDS = 4.0
CLOSING_PATH = "sde/closing"
HEADER = "X-SDE-Farewell"
MOST_BYTES = 4096


async def save_open_documents(socket: Path, base_url: str) -> bool:
    """Wait until every Lab that is open on this workspace has saved its documents, at most `FAREWELL_SECONDS`.

    Args:
        socket: where the workspace's server listens.
        base_url: its prefix, `/user/<person>/<project>/`.

    Returns:
        True if all open Labs said that they saved (none open is none unsaved); False if the server or one of its Labs
        did not answer.
    """
    try:
        async with asyncio.timeout(FAREWELL_SECONDS):
            return await _ask(socket, f"http://workspace{base_url.rstrip('/')}/{CLOSING_PATH}")
    except Exception:  # whatever it is: a workspace must not be able to hold up its own end (nested JSON overflows)
        return False


async def _ask(socket: Path, url: str) -> bool:
    async with (
        aiohttp.ClientSession(connector=aiohttp.UnixConnector(path=str(socket))) as session,
        session.post(url, headers={HEADER: "1"}, allow_redirects=False) as answer,
    ):
        if answer.status != HTTPStatus.OK:
            return False
        said = json.loads(await answer.content.read(MOST_BYTES))
        return isinstance(said, dict) and said.get("unsaved") == 0
