"""Runs the portal: `python -m hub.portal`, with the hub's variables for a service, on the portal's unix socket."""

from __future__ import annotations

import logging
import sys

import structlog
import uvicorn

from governance.logs import log_to_stderr
from governance.refusal import Refusal
from governance.settings import load_settings
from hub.portal.app import create_app
from hub.portal.hub_service import read_hub_service

SOCKET = "portal.sock"
REFUSED = 1


def main() -> None:
    """Serve until told to stop. Exits with 1 and the refusal in words when it may not start."""
    log_to_stderr()
    # JupyterHub's client tells of each unknown token there, in plain lines; that is every sign-out.
    logging.getLogger("tornado.application").setLevel(logging.ERROR)
    log = structlog.get_logger("portal")
    try:
        settings = load_settings()
        app = create_app(settings, read_hub_service())
    except Refusal as refusal:
        log.error("portal.not_started", code=refusal.code, message=refusal.message, remedy=refusal.remedy)
        sys.exit(REFUSED)
    socket = settings.folder.run / SOCKET
    log.info("portal.started", socket=str(socket))
    uvicorn.run(app, uds=str(socket), log_config=None, access_log=False, server_header=False, lifespan="on")


if __name__ == "__main__":
    main()
