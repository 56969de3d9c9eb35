"""Starts the notebook server inside a workspace: on the socket it was given."""

from __future__ import annotations

import os
import socket

from jupyter_server.serverapp import ServerApp
from jupyterhub.singleuser import main

LISTENING = "WORKSPACE_LISTENING_DESCRIPTOR"


def listen_on_inherited(server: ServerApp) -> bool:
    """Listen on the socket the gateway opened before the sandbox was made.

    So no path of the socket exists inside, and code in a kernel cannot put another socket, or a link to one of the
    gateway's own, in its place.
    """
    listening = socket.socket(fileno=int(os.environ.pop(LISTENING)))
    listening.setblocking(False)
    listening.set_inheritable(False)  # kernels do not get it
    server.http_server.add_socket(listening)
    return True


if __name__ == "__main__":
    ServerApp._bind_http_server = listen_on_inherited
    main()
