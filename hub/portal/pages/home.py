"""Home, my egress requests, the review queue: what anybody sees first."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi.responses import HTMLResponse, Response

from governance.refusal import Refusal
from governance.registry.reminders import mark_reminders_read, unread_reminders
from governance.roles import Role
from governance.standing.checklist import find_steps
from hub.portal.forms import NumberForm, ValuesNow, read_form
from hub.portal.hub_client import HubWorkspace
from hub.portal.portal import Portal, PortalNow, Visit, VisitNow, redirect
from hub.portal.views.my_projects import read_images, read_project_cards
from hub.portal.views.requests import read_my_requests, read_queue

LATEST = 5  # requests shown on the home page


def home(portal: PortalNow, visit: VisitNow) -> HTMLResponse:
    """My projects and workspaces, my latest requests, and the queue for those who review."""
    servers = _read_servers(portal, visit)
    with portal.store.reading() as session:
        cards = read_project_cards(session, visit.subject, servers, read_images(portal.settings))
        requests = read_my_requests(session, visit.subject)
        queue = read_queue(session, visit.subject) if Role.OUTPUT_CHECKER in visit.roles else None
        steps = find_steps(session, visit.subject)
        reminders = unread_reminders(session, visit.subject)
    return portal.render(
        visit,
        "home.html",
        title="Your projects" if cards or queue is None else "Your work",
        section="projects",
        cards=cards,
        requests=requests[:LATEST],
        requests_in_all=len(requests),
        queue=queue,
        steps=steps,
        reminders=reminders,
        hub_answers=servers is not None,
    )


def read_reminders(portal: PortalNow, visit: VisitNow, values: ValuesNow) -> Response:
    """Mark my reminders as read, up to the newest I was shown."""
    try:
        number = read_form(NumberForm, values).number
    except Refusal:  # no form of ours: nothing to do, and nothing to correct
        return redirect("/")
    mark_reminders_read(portal.store, actor=visit.subject, up_to=number)
    return redirect("/", "reminders-read")


def my_requests(portal: PortalNow, visit: VisitNow) -> HTMLResponse:
    """All my egress requests."""
    with portal.store.reading() as session:
        requests = read_my_requests(session, visit.subject)
    return portal.render(visit, "requests.html", title="Egress requests", section="egress", requests=requests)


def review_queue(portal: PortalNow, visit: VisitNow) -> HTMLResponse:
    """The requests that wait for this checker."""
    with portal.store.reading() as session:
        queue = read_queue(session, visit.subject)
    return portal.render(visit, "review.html", title="Review queue", section="review", queue=queue)


def _read_servers(portal: Portal, visit: Visit) -> Mapping[str, HubWorkspace] | None:
    try:
        return portal.hub.read_workspaces(visit.subject)
    except Refusal:
        return None
