"""What a member sees of one of their own projects: the release budget."""

from __future__ import annotations

from fastapi.responses import HTMLResponse

from hub.portal.portal import PortalNow, VisitNow
from hub.portal.views.release_budget import read_budget_page


def release_budget(slug: str, portal: PortalNow, visit: VisitNow) -> HTMLResponse:
    """My release budget in this project: what is left today, when it starts anew, what each answer cost."""
    with portal.store.reading() as session:
        page = read_budget_page(session, visit.subject, slug)
    return portal.render(visit, "release_budget.html", title="Release budget", section="projects", page=page)
