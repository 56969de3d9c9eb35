"""The pages for everybody. Promise: they look at no cookie and set none, are the same for whoever asks, and a project
that is not published is told of in the words of one that does not exist.
"""

from __future__ import annotations

from collections.abc import Callable

from fastapi import Request
from fastapi.responses import Response

from governance.data_uses.told import Told
from governance.refusal import Refusal
from hub.portal.portal import Portal, PortalNow
from hub.portal.public.site import CSV, HTML, JSON, Site, as_csv, as_json, find_use
from hub.portal.templating import PREFIX

CACHE = "public, max-age=60"  # seconds; after that a browser asks again with the page's ETag
PUBLIC = f"{PREFIX}/public"
#: Page -> what follows PUBLIC.
PLACES = {"start": "", "json": "/register.json", "csv": "/register.csv"}
LONGEST_TAGS = 1_000  # of what a browser says it has
NONE = Refusal("no-such-project", "The register has no such project.", "Look it up in the list of projects.")


def locate(name: str, slug: str = "") -> str:
    """Where a page of the public site is."""
    return f"{PUBLIC}/register/{slug}" if name == "project" else PUBLIC + PLACES.get(name, f"/{name}")


def start(request: Request, portal: PortalNow) -> Response:
    """What this service is, and the way to the other public pages."""
    return _page(request, portal, "start")


def register(request: Request, portal: PortalNow) -> Response:
    """The register of data uses: every project that runs or ran."""
    return _page(request, portal, "register")


def register_json(request: Request, portal: PortalNow) -> Response:
    """The register of data uses for machines."""
    return _send(request, portal, "json", as_json, JSON)


def register_csv(request: Request, portal: PortalNow) -> Response:
    """The register of data uses for spreadsheets."""
    answer = _send(request, portal, "csv", as_csv, CSV)
    answer.headers["Content-Disposition"] = 'attachment; filename="data-uses.csv"'
    return answer


def project(slug: str, request: Request, portal: PortalNow) -> Response:
    """One project of the register. Raises Refusal `no-such-project`."""

    def make(told: Told) -> str | None:
        use = find_use(told, slug)
        return None if use is None else _site(portal).project(use, told)

    return _send(request, portal, f"project/{slug}", make, HTML)


def data(request: Request, portal: PortalNow) -> Response:
    """What data are held, from whom, since when."""
    return _page(request, portal, "data")


def opt_out(request: Request, portal: PortalNow) -> Response:
    """How to opt out, in plain words."""
    return _page(request, portal, "opt-out")


def safety(request: Request, portal: PortalNow) -> Response:
    """What keeps data safe here."""
    return _page(request, portal, "safety")


def statistics(request: Request, portal: PortalNow) -> Response:
    """The service in figures, up to yesterday."""
    return _page(request, portal, "statistics")


def _page(request: Request, portal: Portal, name: str) -> Response:
    return _send(request, portal, name, lambda told: _site(portal).page(name, told), HTML)


def _site(portal: Portal) -> Site:
    return Site(portal.templates, locate, f"{PREFIX}/static", portal.settings.public_contact)


def _send(request: Request, portal: Portal, name: str, make: Callable[[Told], str | None], kind: str) -> Response:
    made = portal.public.page(portal.store, name, make)
    if made is None:
        raise NONE
    headers = {"ETag": made.etag, "Cache-Control": CACHE}
    if _has(request.headers.get("if-none-match", ""), made.etag):
        return Response(status_code=304, headers=headers)
    return Response(made.body, headers=headers, media_type=kind)


def _has(told: str, etag: str) -> bool:
    """Whether the browser has these bytes (RFC 9110, 13.1.2: compared weakly)."""
    tags = [tag.strip().removeprefix("W/") for tag in told[:LONGEST_TAGS].split(",")]
    return etag in tags or tags == ["*"]
