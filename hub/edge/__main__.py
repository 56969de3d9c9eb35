"""The edge as a process: `python -m hub.edge`. It outlives the hub: browsers keep their workspaces meanwhile."""

from __future__ import annotations

import asyncio
import resource
import signal
import sys

import uvloop

from governance.logs import log_to_stderr
from governance.refusal import Refusal
from governance.settings import Settings, load_settings
from hub.addresses import check_public_url
from hub.edge.assemble import make_edge
from hub.edge.control import Control


def main() -> None:
    """Serve until SIGTERM. A refusal is printed as it stands, exit status 1."""
    log_to_stderr()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # a connection is a descriptor, or two
    try:
        settings = load_settings()
        check_public_url(settings)
        uvloop.run(serve(settings))
    except Refusal as refusal:
        sys.exit(str(refusal))


async def serve(settings: Settings) -> None:
    """Open the port with the routes of the last run, then the hub's socket; close both at SIGTERM or SIGINT."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    edge = make_edge(settings)
    control = Control(edge, settings.folder.run)
    control.restore()
    await edge.start(settings.host, settings.port)
    await control.start()
    try:
        await stopping.wait()
    finally:
        await control.stop()
        await edge.stop()


if __name__ == "__main__":
    main()
