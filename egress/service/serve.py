"""Runs the airlock's service on its private unix socket, which nobody but this account can reach."""

from __future__ import annotations

import os
import socket
import tempfile
from pathlib import Path

import uvicorn

from egress.airlock import Airlock
from egress.service.app import create_app
from egress.service.hub_service import read_hub_service
from egress.service.visitors import HubVisitors
from governance.callers import CallerIdentifier
from governance.hub_introspection import introspect_with_hub
from governance.settings import Settings
from governance.store import open_store

AIRLOCK_SOCKET, HUB_SOCKET = "airlock.sock", "hub.sock"
BACKLOG = 128
STOP_SECONDS = 10


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT. Raises Refusal `no-register`, `not-a-hub-service`."""
    store = open_store(settings)
    settings.folder.create()
    tempfile.tempdir = str(_make_private(settings.folder.airlock / "incoming"))  # uploads never touch /tmp
    service = read_hub_service()
    visitors = (
        HubVisitors(service, secure=settings.url.startswith("https:"), hours=settings.session_hours)
        if service
        else None
    )
    identifier = CallerIdentifier(store, introspect_with_hub(settings.folder.run / HUB_SOCKET))
    config = uvicorn.Config(
        create_app(Airlock(store, settings), identifier, visitors),
        log_config=None,
        log_level="critical",  # uvicorn's own error lines carry stack traces, which can hold values
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    uvicorn.Server(config).run(sockets=[open_socket(settings.folder.run / AIRLOCK_SOCKET)])


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


def _make_private(folder: Path) -> Path:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder
