"""What those who have a part in a request for re-identification see of it, and the ways to end it. Promise: nobody is
re-identified here: approving and answering need a person's own key, which a browser never sees.
"""

from __future__ import annotations

from fastapi.responses import HTMLResponse, Response

from governance.refusal import Refusal
from governance.registry.reidentification import refuse_request, withdraw_request
from hub.portal.forms import NoForm, ReasonForm, ValuesNow, read_form
from hub.portal.portal import NOTHING_KEPT, Kept, Portal, PortalNow, Visit, VisitNow, redirect
from hub.portal.views.reidentification import read_my_requests

PAGE = "/reidentification"


def my_part(portal: PortalNow, visit: VisitNow) -> HTMLResponse:
    """The requests in which I have a part: purpose and counts, and how to approve on the command line."""
    return _page(portal, visit)


def refuse(request: str, portal: PortalNow, visit: VisitNow, values: ValuesNow) -> Response:
    """One keyholder's no ends a request."""
    try:
        reason = read_form(ReasonForm, values).reason
        refuse_request(portal.store, actor=visit.subject, subject=visit.subject, request_id=request, reason=reason)
    except Refusal as refusal:
        return _page(portal, visit, Kept(request, _for_a_page(refusal), values))
    return redirect(PAGE, "request-refused")


def withdraw(request: str, portal: PortalNow, visit: VisitNow, values: ValuesNow) -> Response:
    """Who asked takes the request back."""
    try:
        read_form(NoForm, values)
        withdraw_request(portal.store, actor=visit.subject, subject=visit.subject, request_id=request)
    except Refusal as refusal:
        return _page(portal, visit, Kept(request, _for_a_page(refusal), values))
    return redirect(PAGE, "request-withdrawn")


def _for_a_page(refusal: Refusal) -> Refusal:
    """A request that is not there and one of others are told apart by nobody."""
    if refusal.code in ("no-such-request", "role-missing", "not-yours"):
        return Refusal("not-yours", "No such request waits for you.", "Reload the page.")
    return refusal


def _page(portal: Portal, visit: Visit, kept: Kept = NOTHING_KEPT) -> HTMLResponse:
    with portal.store.reading() as session:
        requests = read_my_requests(session, visit.subject)
    return portal.render(
        visit,
        "reidentification.html",
        title="Re-identification",
        section="reidentification",
        kept=kept,
        requests=requests,
    )
