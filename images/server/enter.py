"""A workspace container's first program: takes the listening socket from the sidecar, then becomes the server.

Usage: enter.py PROGRAM ARGUMENT... The socket's number is in WORKSPACE_LISTENING_DESCRIPTOR, as in the sandbox.
"""

from __future__ import annotations

import os
import resource
import socket
import sys
import time

LISTENING = "WORKSPACE_LISTENING_DESCRIPTOR"
HANDING = os.environ.pop("WORKSPACE_HANDING_SOCKET", "/run/channel/server/listening.sock")
WAIT_SECONDS, LOOK_SECONDS = 60.0, 0.05
FILE_BYTES, NICENESS = 8 * 2**30, 5  # as `hub.sandbox.Limits` has them


def receive(path: str) -> int:
    """The descriptor, as soon as the sidecar is there. Raises SystemExit if it never is."""
    until = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < until:
        with socket.socket(socket.AF_UNIX) as asking:
            try:
                asking.connect(path)
                _, descriptors, _, _ = socket.recv_fds(asking, 1, 1)
            except OSError:
                descriptors = []
        if descriptors:
            return descriptors[0]
        time.sleep(LOOK_SECONDS)
    sys.exit("enter: the sidecar did not come")


def main() -> None:
    """Limits first, so that they hold for all that follows."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, FILE_BYTES))
    os.nice(NICENESS)
    descriptor = receive(HANDING)
    os.set_inheritable(descriptor, True)
    os.environ[LISTENING] = str(descriptor)
    os.execv(sys.argv[1], sys.argv[1:])  # noqa: S606  (it becomes the server; there is no shell in between)


if __name__ == "__main__":
    main()
