"""The auditor's queue: what the monitoring raised, looked into and closed with a note."""

from __future__ import annotations

from fastapi.responses import HTMLResponse, Response

from governance.monitoring import close_alarm, list_alarms, look_at_alarm
from governance.refusal import Refusal
from hub.portal.forms import AlarmNoteForm, NoForm, ValuesNow, read_form
from hub.portal.permissions import Permission, may
from hub.portal.portal import NOTHING_KEPT, Kept, Portal, PortalNow, Visit, VisitNow, redirect

PAGE = "/administration/alarms"


def alarms(portal: PortalNow, visit: VisitNow, everything: bool = False) -> HTMLResponse:
    """What waits for a review, oldest first; or everything, newest first."""
    return _page(portal, visit, everything=everything)


def look_at(number: int, portal: PortalNow, visit: VisitNow, values: ValuesNow) -> Response:
    """Say that I am looking into it."""
    try:
        read_form(NoForm, values)
        look_at_alarm(portal.store, actor=visit.subject, number=number)
    except Refusal as refusal:
        return _page(portal, visit, Kept(str(number), refusal, values))
    return redirect(PAGE, "alarm-looked-at")


def close(number: int, portal: PortalNow, visit: VisitNow, values: ValuesNow) -> Response:
    """Close it with what was found."""
    try:
        close_alarm(portal.store, actor=visit.subject, number=number, note=read_form(AlarmNoteForm, values).note)
    except Refusal as refusal:
        return _page(portal, visit, Kept(str(number), refusal, values))
    return redirect(PAGE, "alarm-closed")


def _page(portal: Portal, visit: Visit, kept: Kept = NOTHING_KEPT, *, everything: bool = False) -> HTMLResponse:
    with portal.store.reading() as session:
        rows = list_alarms(session, everything=everything)
        reviews = may(session, visit.subject, Permission.AUDITOR)
    return portal.render(
        visit,
        "alarms.html",
        title="Alarms",
        section="administration",
        kept=kept,
        alarms=rows,
        everything=everything,
        reviews=reviews,
    )
