"""What may pass from a workspace, as data. Promise: a path is compared as it was sent, byte for byte, so that no second
spelling of a forbidden path exists; whatever is not listed does not pass."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from jupyterhub.utils import url_escape_path

from governance.callers import CHANNEL_HEADER
from governance.settings import Settings
from hub.names import WorkspacePlaces

#: All of the Hub's API that a notebook server needs (docs/explanation/isolation.md): its version, who a token belongs
#: to, the exchange of a sign-in code, and "still in use". `{person}` is the workspace's own person and nobody else.
HUB_REQUESTS = (
    ("GET", "/hub/api"),
    ("GET", "/hub/api/"),
    ("GET", "/hub/api/user"),
    ("POST", "/hub/api/oauth2/token"),
    ("POST", "/hub/api/users/{person}/activity"),
)
#: The guard's and the airlock's API for workspaces. Their pages for people, under /services/, are not reachable.
SERVICE_METHODS = frozenset({"GET", "POST"})
SERVICE_PATH = re.compile(r"/v1(/[A-Za-z0-9_.~%-]+)+(\?[A-Za-z0-9_.~%=&-]*)?")

#: Headers that pass inward. Everything else is dropped: cookies, hop-by-hop, forwarding and channel headers.
REQUEST_HEADERS = frozenset({"accept", "authorization", "content-type", "user-agent"})
#: Headers that pass outward.
ANSWER_HEADERS = frozenset(
    {"content-type", "content-length", "content-disposition", "retry-after", "x-jupyterhub-version"}
)

HUB_BODY_BYTES = 64 * 2**10
QUERY_BODY_FACTOR = 8  # SQL as JSON: at worst six characters for one
FORM_BYTES = 2**20  # the words and part headers of an egress request
#: Requests a second in the long run, and at once. The server asks the hub when somebody opens a page, and every few
#: minutes; an answer of the guard takes at least 25 ms.
HUB_PACE, SERVICE_PACE = (5.0, 100), (40.0, 400)


@dataclass(frozen=True)
class Hole:
    """One listener of a workspace: where it listens, where it leads, what passes, how fast (requests a second, and how
    many at once), and which headers we add."""

    name: str
    listens: Path
    leads_to: Path
    allows: Callable[[str, str], bool]
    body_bytes: int
    pace: tuple[float, int]
    adds: tuple[tuple[str, str], ...] = field(default=(), repr=False)


def holes_of(settings: Settings, places: WorkspacePlaces, *, subject: str, channel: str) -> tuple[Hole, ...]:
    """The three holes of one workspace, whose channel is `channel`."""
    run, identity = settings.folder.run, ((CHANNEL_HEADER, channel),)
    uploads = settings.egress_files * settings.egress_file_bytes + FORM_BYTES
    return (
        Hole("hub", places.hub_socket, run / "hub.sock", hub_allows(subject), HUB_BODY_BYTES, HUB_PACE),
        Hole(
            "guard",
            places.guard_socket,
            run / "guard.sock",
            service_allows,
            settings.query_bytes * QUERY_BODY_FACTOR,
            SERVICE_PACE,
            identity,
        ),
        Hole("airlock", places.airlock_socket, run / "airlock.sock", service_allows, uploads, SERVICE_PACE, identity),
    )


def hub_allows(subject: str) -> Callable[[str, str], bool]:
    """Whether (method, path with query) is one of the requests to the Hub that this person's workspace may make."""
    allowed = frozenset((method, path.replace("{person}", url_escape_path(subject))) for method, path in HUB_REQUESTS)
    return lambda method, path: (method, path) in allowed


def service_allows(method: str, path: str) -> bool:
    """Whether a request to guard or airlock may pass: an API path in which no segment climbs or hides a slash."""
    if method not in SERVICE_METHODS or SERVICE_PATH.fullmatch(path) is None:
        return False
    segments = [unquote(segment) for segment in path.partition("?")[0].split("/")[1:]]
    return not any(segment in (".", "..") or set(segment) & set("/\\%\0") for segment in segments)
