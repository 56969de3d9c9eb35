"""Which of the hub's own addresses are not for browsers. Promise: the Hub's programming interface is reached over its
private socket alone, by the gateway's own parts; from outside no token, however it was come by, opens it.

Without this, a workspace's token that somebody copied out would be tried against the whole interface, and each flaw of
it would lie open to the network.
"""

from __future__ import annotations

from hub.edge.pages import NOT_FOUND
from hub.edge.paths import RequestPath

CLOSED: tuple[tuple[str, ...], ...] = (("hub", "api"), ("hub", "metrics"), ("hub", "accept-share"))
#: What signing in to a service or a workspace needs (JupyterHub as OAuth provider).
OPEN: tuple[tuple[str, ...], ...] = (("hub", "api", "oauth2", "authorize"),)


def check_hub_path(path: RequestPath) -> None:
    """Raise Refusal `no-such-page` if any reading of the path leads to a closed door."""
    for reading in path.readings:
        segments = tuple(segment.casefold() for segment in reading)
        if any(segments[: len(door)] == door for door in CLOSED) and segments not in OPEN:
            raise NOT_FOUND
