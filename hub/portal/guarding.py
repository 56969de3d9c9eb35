"""What every answer carries and every request must be. Promise: a page of the portal cannot be read, framed or driven
by a script, also not by one of the same origin (a notebook's output runs beside us, below /user/).

A browser says how it fetches (Fetch Metadata, W3C); a page is given to a navigation only. The opener policy parts us
from a window that a notebook opened, so that its script cannot reach into it.
"""

from __future__ import annotations

import structlog
from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.portal.portal import PREFIX

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # the edge asks that a form names one of our pages as its referrer
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
NEVER_STORED = "no-store"
#: Below these paths a browser may also fetch parts of a page.
PARTS = (f"{PREFIX}/static/", f"{PREFIX}/health")
WHOLE_PAGE = "document"


class Guard:
    """ASGI middleware around the whole application; a failure becomes one constant answer, logged by type only."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._log = structlog.get_logger("portal")

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
                headers.setdefault("Cache-Control", NEVER_STORED)
            await send(message)

        if not _is_navigation(scope):
            await PlainTextResponse("Open this page in its own tab.", 403)(scope, receive, send_guarded)
            return
        try:
            await self._app(scope, receive, send_guarded)
        except Exception as failure:
            self._log.error("portal.failed", error=type(failure).__name__, method=scope["method"])
            if started:
                raise ConnectionError("the answer was cut short") from None
            await PlainTextResponse("Something went wrong. Try again.", 500)(scope, receive, send_guarded)


def _is_navigation(scope: Scope) -> bool:
    """True for a whole page loaded by a browser, for parts of the look, and for clients that are no browsers."""
    wanted = [value.decode("latin-1") for name, value in scope["headers"] if name == b"sec-fetch-dest"]
    return scope["path"].startswith(PARTS) or wanted in ([], [WHOLE_PAGE])
