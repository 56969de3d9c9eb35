"""The administration's first page and the audit log."""

from __future__ import annotations

from fastapi.responses import HTMLResponse

from hub.portal.permissions import Permission, may
from hub.portal.portal import PortalNow, VisitNow
from hub.portal.views.audit import AuditFilter, read_audit_page
from hub.portal.views.overview import read_overview


def overview(portal: PortalNow, visit: VisitNow) -> HTMLResponse:
    """What needs attention, and the way to each part the visitor may use."""
    with portal.store.reading() as session:
        facts = read_overview(session)
        shows_people = may(session, visit.subject, Permission.ADMINISTRATOR)
        shows_projects = may(session, visit.subject, Permission.PROJECT_READER)
    return portal.render(
        visit,
        "overview.html",
        title="Administration",
        section="administration",
        overview=facts,
        shows_people=shows_people,
        shows_projects=shows_projects,
    )


def audit_log(
    portal: PortalNow,
    visit: VisitNow,
    since: str = "",
    until: str = "",
    event: str = "",
    actor: str = "",
    project: str = "",
    outcome: str = "",
    before: int | None = None,
) -> HTMLResponse:
    """The audit events that were asked for, newest first."""
    asked = AuditFilter(since, until, event, actor, project, outcome)
    with portal.store.reading() as session:
        events = read_audit_page(session, asked, before)
    return portal.render(visit, "audit.html", title="Audit log", section="administration", audit=events)
