"""The kill switch's page: stop all egress, a project or a person; resume what somebody else stopped."""

from __future__ import annotations

from fastapi.responses import HTMLResponse, Response

from governance import registry
from governance.refusal import Refusal
from governance.registry.standing_views import view_stops
from governance.roles import StopScope
from hub.portal.forms import StopForm, ValuesNow, read_form
from hub.portal.portal import NOTHING_KEPT, Kept, Portal, PortalNow, Visit, VisitNow, redirect
from hub.portal.revocation import stop_ended_workspaces
from hub.portal.views.projects import read_members
from hub.portal.words import STOP_SCOPES

STOPS = "/administration/stops"


def list_stops(portal: PortalNow, visit: VisitNow) -> HTMLResponse:
    """What is stopped, what was, and the switch."""
    return _page(portal, visit)


def stop(portal: PortalNow, visit: VisitNow, values: ValuesNow) -> Response:
    """Stop it now, and what its people have running."""
    try:
        form = read_form(StopForm, values)
        registry.stop(portal.store, actor=visit.subject, scope=form.scope, target=form.target, reason=form.reason)
    except Refusal as refusal:
        return _page(portal, visit, Kept("stop", refusal, values))
    return redirect(STOPS, "stopped", stop_ended_workspaces(portal, _people(portal, form.scope, form.target)))


def resume(portal: PortalNow, visit: VisitNow, values: ValuesNow) -> Response:
    """Let it go on."""
    try:
        form = read_form(StopForm, values)
        registry.resume(portal.store, actor=visit.subject, scope=form.scope, target=form.target, reason=form.reason)
    except Refusal as refusal:
        return _page(portal, visit, Kept("resume", refusal, values))
    return redirect(STOPS, "resumed")


def _people(portal: Portal, scope: str, target: str) -> tuple[str, ...]:
    if scope == StopScope.PERSON:
        return (target,)
    with portal.store.reading() as session:
        return read_members(session, target) if scope == StopScope.PROJECT else ()


def _page(portal: Portal, visit: Visit, kept: Kept = NOTHING_KEPT) -> HTMLResponse:
    with portal.store.reading() as session:
        rows = view_stops(session)
    return portal.render(
        visit,
        "stops.html",
        title="Kill switch",
        section="administration",
        kept=kept,
        live=[row for row in rows if row.resumed_at is None],
        past=[row for row in rows if row.resumed_at is not None],
        scope_choices=list(STOP_SCOPES.items()),
    )
