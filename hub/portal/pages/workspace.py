"""Start, watch and stop one's own workspace. Promise: the person is always the visitor; no route names another's."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import unquote

from fastapi import Query
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from governance.access import check_can_spawn
from governance.refusal import Refusal
from governance.registry.validation import SLUG
from governance.store.projects import Project
from hub.portal.forms import StartForm, ValuesNow, read_form
from hub.portal.hub_client import ServerState, StartProgress
from hub.portal.portal import PREFIX, Portal, PortalNow, Visit, VisitNow, redirect
from hub.portal.views.my_projects import workspace_prefix, workspace_url
from hub.services import LET_IN_HEADER
from hub.workspace_image import check_image

LONGEST_ADDRESS = 8192
OF_A_WORKSPACE = 4  # slashes in /user/<person>/<project>/
NOT_YOURS = Refusal("not-your-workspace", "This is not the address of a workspace of yours.", "Open it from here.")


def start_workspace(slug: str, portal: PortalNow, visit: VisitNow, values: ValuesNow) -> Response:
    """Ask the hub for the workspace with the chosen image, then watch it start."""
    with portal.store.reading() as session:
        check_can_spawn(session, visit.subject, slug)
    image = read_form(StartForm, values).image
    try:
        portal.hub.start(visit.subject, slug, check_image(image, portal.settings).name if image else "")
    except Refusal as refusal:
        return _starting_page(portal, visit, slug, StartProgress(100, "", refusal.message))
    return redirect(f"/workspaces/{slug}/starting")


def watch_workspace(slug: str, portal: PortalNow, visit: VisitNow) -> Response:
    """The page that reloads itself until the workspace is there, and then goes to it."""
    state = portal.hub.read_servers(visit.subject).get(slug, ServerState.STOPPED)
    if state is ServerState.RUNNING:
        return RedirectResponse(workspace_url(visit.subject, slug), status_code=303)
    progress = portal.hub.watch_start(visit.subject, slug)
    if state is not ServerState.STARTING and not progress.failure:
        return RedirectResponse(f"{PREFIX}/", status_code=303)  # stopped or stopping: home shows which
    return _starting_page(portal, visit, slug, progress)


def enter_workspace(visit: VisitNow, to: Annotated[str, Query(max_length=LONGEST_ADDRESS)] = "") -> Response:
    """Let the visitor's browser into their own workspace: the edge reads the word for it off this answer.

    Raises Refusal `not-your-workspace` for an address that is anything else.
    """
    if not to:
        return redirect("/")
    root, user, subject, slug, *below = to.split("/", 4) if to.count("/") >= OF_A_WORKSPACE else [""] * OF_A_WORKSPACE
    if (root, user, unquote(subject)) != ("", "user", visit.subject) or not SLUG.fullmatch(slug):
        raise NOT_YOURS
    # Written anew as the hub writes it, whatever the spelling it came in: the cookie is for that path.
    onward = workspace_prefix(visit.subject, slug) + "/".join(below)
    return RedirectResponse(onward, status_code=303, headers={LET_IN_HEADER: "1"})


def stop_workspace(slug: str, portal: PortalNow, visit: VisitNow) -> Response:
    """Stop the visitor's own workspace, also after access has ended."""
    portal.hub.stop(visit.subject, slug)
    return redirect("/", "workspace-stopped")


def _starting_page(portal: Portal, visit: Visit, slug: str, progress: StartProgress) -> HTMLResponse:
    with portal.store.reading() as session:
        project = session.get_one(Project, slug).title
    return portal.render(
        visit,
        "starting.html",
        title="The workspace did not start" if progress.failure else "Your workspace is starting",
        section="projects",
        status=409 if progress.failure else 200,
        slug=slug,
        project=project,
        progress=progress,
    )
