"""Runs the guard's service on its private unix socket, which nobody but this account can reach."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import structlog
import uvicorn

from governance.callers import CallerIdentifier
from governance.hub_introspection import introspect_with_hub
from governance.settings import Settings
from governance.store import open_store
from query_guard.answer import open_guard
from query_guard.service.app import create_app

log = structlog.get_logger()

GUARD_SOCKET, HUB_SOCKET = "guard.sock", "hub.sock"
BACKLOG = 128
STOP_SECONDS = 5


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT. Raises Refusal `no-register`."""
    store = open_store(settings)
    settings.folder.create()
    identifier = CallerIdentifier(store, introspect_with_hub(settings.folder.run / HUB_SOCKET))
    listener = open_socket(settings.folder.run / GUARD_SOCKET)
    with open_guard(settings, store) as guard:
        config = uvicorn.Config(
            create_app(guard, identifier),
            log_config=None,
            log_level="critical",  # uvicorn's own error lines carry stack traces, which can hold values
            access_log=False,
            timeout_graceful_shutdown=STOP_SECONDS,
        )
        uvicorn.Server(config).run(sockets=[listener])


def open_socket(path: Path) -> socket.socket:
    """Listen on a unix socket of mode 0600, in place of one that an earlier run left behind."""
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        listener.bind(str(path))
    finally:
        os.umask(before)
    listener.listen(BACKLOG)
    return listener
