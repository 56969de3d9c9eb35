"""Decides by origin whether a request is heard at all. Promise: no other web site, and no page of a workspace, can act
on the hub, the portal or the airlock in a person's name by script.

Rests on `Host`, `Origin` and Fetch Metadata (W3C), which a page cannot forge. Known limit: workspaces share the origin
of the gateway. What a window opened from there can reach is parted by opener policies (hub.edge.headers); host names of
their own would part everything.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from governance.refusal import Refusal
from hub.addresses import netloc_of
from hub.edge.refused import READING

FOREIGN = Refusal("foreign-origin", "This request came from another site.", "Use the pages of the gateway.")
FROM_WORKSPACE = Refusal(
    "workspace-origin", "A workspace's page may not use these addresses.", "Use the portal in its own tab."
)
SERVICE_WORKER = Refusal("service-worker-refused", "Workspaces cannot install service workers.", "")
#: Fetched by every page's frame, and the same for everybody.
OPEN_TO_WORKSPACES = (("services", "portal", "static"), ("hub", "static"), ("hub", "logo"))


def check_origin(method: str, headers: Mapping[str, str], public_url: str, *, websocket: bool) -> None:
    """Raise `foreign-origin` for a WebSocket or a changing request that another site's page sent.

    A client that is no browser sends neither Origin nor Fetch Metadata, and has no cookies to abuse.
    """
    if method in READING and not websocket:
        return
    origin = headers.get("Origin")
    own = f"{urlsplit(public_url).scheme}://{netloc_of(public_url)}"
    if origin is not None and origin != own:
        raise FOREIGN
    if headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
        raise FOREIGN


def check_not_from_workspace(method: str, headers: Mapping[str, str], segments: tuple[str, ...]) -> None:
    """Raise `workspace-origin` for a script's or a form's request from a workspace page to the hub or a service.

    Links may lead out of a workspace. Everything else must name a page of ours as its referrer: our pages always do
    (Referrer-Policy: same-origin), and a workspace page can hide its own but not claim another.
    """
    if headers.get("Sec-Fetch-Site") != "same-origin":
        return
    if headers.get("Sec-Fetch-Mode") == "navigate" and method in READING:
        return
    if any(segments[: len(prefix)] == prefix for prefix in OPEN_TO_WORKSPACES) and method in READING:
        return
    referrer = urlsplit(headers.get("Referer", ""))
    if not referrer.path or referrer.path.startswith("/user/"):
        raise FROM_WORKSPACE


def check_no_service_worker(headers: Mapping[str, str]) -> None:
    """Raise `service-worker-refused`: such a script would outlive the page and see every later request."""
    if "Service-Worker" in headers or headers.get("Sec-Fetch-Dest") == "serviceworker":
        raise SERVICE_WORKER
