"""Runs the demo provider on its unix socket until it is told to stop."""

from __future__ import annotations

import logging
import os
import signal
import sys
from types import FrameType

import structlog
from werkzeug.serving import WSGIRequestHandler, make_server

from governance.logs import log_to_stderr
from governance.settings import Settings
from hub.provider.application import create_provider
from hub.services import PROVIDER

log = structlog.get_logger("provider")


class QuietHandler(WSGIRequestHandler):
    """Writes no request line: its query would hold codes and states."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing."""


def serve_provider(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT. Raises Refusal `demo-only` in production."""
    log_to_stderr()
    app = create_provider(settings)
    if settings.url.startswith("http://"):
        os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # Authlib looks here; the demo's one listener is plain HTTP
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    socket = settings.folder.run / PROVIDER.socket
    socket.unlink(missing_ok=True)
    server = make_server(f"unix://{socket}", 0, app, threaded=True, request_handler=QuietHandler)
    socket.chmod(0o600)

    def stop(number: int, frame: FrameType | None) -> None:
        del number, frame
        sys.exit(0)

    signal.signal(signal.SIGTERM, stop)
    log.info("provider.ready", accounts="demo")
    try:
        server.serve_forever()
    finally:
        socket.unlink(missing_ok=True)
