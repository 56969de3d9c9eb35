"""The visitor's own account: since when they are signed in, until when it counts, and the way out of every browser."""

from __future__ import annotations

from fastapi.responses import HTMLResponse, RedirectResponse, Response

from governance import registry
from governance.sign_ins import read_bounds, read_sign_in
from hub.portal.portal import PortalNow, VisitNow

SIGN_OUT = "/hub/logout"


def show_account(portal: PortalNow, visit: VisitNow) -> HTMLResponse:
    """Who they are here, and their sign-in."""
    hours = portal.settings.session_hours
    with portal.store.reading() as session:
        signed_in, bounds = read_sign_in(session, visit.subject), read_bounds(session, visit.subject, hours)
    until = bounds.until if signed_in else None
    return portal.render(visit, "account.html", title="Your account", signed_in=signed_in, until=until)


def sign_out_everywhere(portal: PortalNow, visit: VisitNow) -> Response:
    """End the visitor's sessions in every browser, this one too."""
    registry.end_sessions(portal.store, actor=visit.subject, subject=visit.subject)
    return RedirectResponse(SIGN_OUT, status_code=303)
