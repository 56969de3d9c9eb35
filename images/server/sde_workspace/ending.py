"""When the server is told to end (SIGTERM), what is open in a Lab is saved first; a second signal ends it at once."""

from __future__ import annotations

import asyncio
import signal
from typing import Any

from jupyter_server.serverapp import ServerApp

from sde_workspace.labs import OpenLabs


def save_before_ending(server: ServerApp, labs: OpenLabs) -> None:
    """Take the place of the server's own handler of SIGTERM, in front of it. Its grace is the gateway's
    (hub.workspace_start.GRACE_SECONDS), which is longer than a round of saving."""
    end = server._signal_stop

    async def save_then_end(number: int) -> None:
        try:
            await labs.save_all()
        finally:
            end(number, None)

    def handle(number: int, frame: Any) -> None:
        del frame
        signal.signal(signal.SIGTERM, end)
        server.io_loop.add_callback_from_signal(lambda: asyncio.ensure_future(save_then_end(number)))

    signal.signal(signal.SIGTERM, handle)
