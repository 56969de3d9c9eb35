"""Runs the channel gate: `python -m hub.relay.gate`, the one TCP port that sidecars of workspaces reach. TLS always."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import sys

import structlog

from governance.logs import log_to_stderr
from governance.refusal import Refusal
from governance.settings import Settings, load_settings
from governance.store import open_store
from hub.relay.gate_identity import server_context
from hub.relay.gate_server import ChannelGate

BACKLOG = 256
REFUSED = 1


def listen(settings: Settings) -> socket.socket:
    """The gate's port. Raises Refusal `port-in-use`."""
    family = socket.AF_INET6 if ":" in settings.gate_host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.setblocking(False)
        listening.bind((settings.gate_host, settings.gate_port))
        listening.listen(BACKLOG)
    except OSError:
        listening.close()
        raise Refusal(
            "port-in-use",
            f"Port {settings.gate_port} of {settings.gate_host} is taken or not allowed.",
            "Stop what uses it, or choose another with SDE_GATE_PORT.",
        ) from None
    return listening


async def serve(settings: Settings) -> None:
    """Until SIGINT or SIGTERM."""
    with listen(settings) as listening:
        gate = ChannelGate(settings, open_store(settings), server_context(settings))
        running = asyncio.create_task(gate.run(listening))
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, running.cancel)
        structlog.get_logger("hub.gate").info("gate.started", host=settings.gate_host, port=settings.gate_port)
        with contextlib.suppress(asyncio.CancelledError):
            await running


def main() -> None:
    """Serve until told to stop. Exits with 1 and the refusal in words when it may not start."""
    log_to_stderr()
    try:
        asyncio.run(serve(load_settings()))
    except Refusal as refusal:
        structlog.get_logger("hub.gate").error(
            "gate.not_started", code=refusal.code, message=refusal.message, remedy=refusal.remedy
        )
        sys.exit(REFUSED)


if __name__ == "__main__":
    main()
