"""What every answer carries and every request must be. Promise: a page is given to a navigation in a tab of its own,
not to a script or a frame; whatever breaks inside becomes one constant text, logged by its type only.

Notebooks' outputs run on the same origin below /user/, so a same-origin script counts as hostile. Fetch Metadata (W3C)
tells a navigation from a script's request; clients that are no browsers send none of it and have no cookies to abuse.
"""

from __future__ import annotations

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from egress.limits import DEFAULT
from egress.service.hub_service import PREFIX
from egress.service.scripts import SCRIPT_SOURCES
from egress.service.statuses import status_of
from governance.callers import CHANNEL_HEADER
from governance.refusal import Refusal

PAGE_POLICY = (
    f"default-src 'none'; style-src 'self'; script-src {SCRIPT_SOURCES}; connect-src 'self'; img-src 'self' data:; "
    "frame-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
PROGRESS = "/progress"  # one word on an own request, which its author's workspace may ask for as well
STYLE_PATH = f"{PREFIX}/airlock.css"  # the same for everybody
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # the edge wants to see that a form comes from one of our pages
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}
FAILED = Refusal("failed", "Something went wrong.", "Try again; if it stays so, tell the service desk.")
OWN_TAB = Refusal("open-in-own-tab", "This page can only be opened in a tab of its own.", "Use the portal's links.")
OTHER_DOOR = Refusal("workspace-only", "This address is not for this door.", "Use the portal, or `import sde`.")
TOO_LARGE = Refusal("request-too-large", "The request is larger than is taken at once.", "Send fewer files.")
#: Most bytes of one request: a day's budget of output files, as much again of supporting files, and the form around.
LARGEST_BODY = 2 * DEFAULT.daily.bytes + 2**20
log = structlog.get_logger()


class Guard:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def send_guarded(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                headers.setdefault("Content-Security-Policy", PAGE_POLICY)
            await send(message)

        refusal = find_objection(scope["path"], Headers(scope=scope))
        if refusal is not None:
            await _say(scope, refusal, status_of(refusal))(scope, receive, send_guarded)
            return
        try:
            await self._app(scope, count_body(receive), send_guarded)
        except Exception as error:
            log.error("airlock.failed", cause=type(error).__name__, method=scope["method"])
            if started:
                raise ConnectionError("the answer was cut short") from None
            await _say(scope, FAILED, status_of(FAILED))(scope, receive, send_guarded)


def count_body(receive: Receive) -> Receive:
    """The same body, cut off with a 413 (a plain HTTPException, answered in our words) once it is too large."""
    taken = 0

    async def receive_counted() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > LARGEST_BODY:
            raise HTTPException(413)
        return message

    return receive_counted


def find_objection(path: str, headers: Headers) -> Refusal | None:
    """Why this request is not heard: pages are for browsers, the API is for workspaces, and neither for the other."""
    is_page = is_for_people(path)
    if is_page == (CHANNEL_HEADER in headers):
        return OTHER_DOOR
    if is_page and path != STYLE_PATH and not _is_navigation(path, headers):
        return OWN_TAB
    return TOO_LARGE if int(headers.get("content-length", 0)) > LARGEST_BODY else None


def is_for_people(path: str) -> bool:
    """Whether the address is one of the pages, not of the workspaces' API."""
    return path == PREFIX or path.startswith(f"{PREFIX}/")


def _is_navigation(path: str, headers: Headers) -> bool:
    wanted = headers.get("sec-fetch-dest", "document")
    if wanted == "empty" and path.endswith(PROGRESS):
        return headers.get("sec-fetch-site", "same-origin") == "same-origin"
    frame = wanted == "iframe" and path.endswith("/preview")
    return (wanted == "document" or frame) and headers.get("sec-fetch-mode", "navigate") == "navigate"


def _say(scope: Scope, refusal: Refusal, status: int) -> Response:
    if is_for_people(scope["path"]):
        return PlainTextResponse(f"{refusal.message} {refusal.remedy}", status)
    return JSONResponse(refusal.as_dict(), status)
