"""The pages people read: one request, a new request, a file's preview, a download. Nothing here changes a
request; looking at a file and fetching a release are on record all the same.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from fastapi import APIRouter
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response

from egress.airlock import Airlock
from egress.calibration.results import has_answered
from egress.collecting import collect
from egress.difference import changes_since_last_turn
from egress.permissions import no_such_request
from egress.reading import read_request
from egress.related import Related, related_releases
from egress.rendering import render_for_checker
from egress.reviewing import open_preview
from egress.service import words
from egress.service.choosing import choose_file
from egress.service.desk import CurrentDesk, CurrentVisitor, desk_of, run
from egress.service.fetching import as_download
from egress.service.hub_service import PREFIX
from egress.service.incoming_words import done_of
from egress.service.rendering_pages import STYLE, render
from egress.states import Who
from egress.tracing import Trace, trace_file
from governance.access import can, check_can_submit, check_person_in_force
from governance.refusal import Refusal
from governance.store.projects import Membership, Project

router = APIRouter(prefix=PREFIX, default_response_class=HTMLResponse)
#: Of a rendered file: nothing runs, nothing is fetched, and it has no origin even when opened on its own.
PREVIEW_POLICY = (
    "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'self'; base-uri 'none'"
)


@router.get("")
async def get_bare() -> Response:
    """The address without its slash."""
    return RedirectResponse(f"{PREFIX}/", 302)


@router.get("/oauth_callback")
async def get_oauth_callback(request: Request) -> Response:
    """The hub sends the browser back here."""
    visitors = desk_of(request).visitors
    if visitors is None:
        raise Refusal("hub-not-answering", "There is no sign-in service.", "Start the gateway with `sde up`.")
    return await visitors.welcome_back(request)


@router.get("/airlock.css")
async def get_style() -> Response:
    """What the pages need beyond the shared look."""
    return FileResponse(STYLE, media_type="text/css")


@router.get("/new")
async def get_new(desk: CurrentDesk, visitor: CurrentVisitor, project: str = "") -> Response:
    """The form for a new request."""
    projects = await run(list_projects, desk.airlock, visitor.subject)
    if not projects:
        raise Refusal("not-a-member", "You are in no project that is in force.", "Ask your project manager.")
    title = "New egress request"
    return await run(
        render, desk, visitor, "new.html", title=title, section="egress", projects=projects, project=project
    )


@router.get("/imports/new")
async def get_new_import(desk: CurrentDesk, visitor: CurrentVisitor, project: str = "") -> Response:
    """The form for files to be brought in."""
    projects = await run(list_projects, desk.airlock, visitor.subject)
    if not projects:
        raise Refusal("not-a-member", "You are in no project that is in force.", "Ask your project manager.")
    shown: dict[str, Any] = {"projects": projects, "project": project, "settings": desk.airlock.settings}
    return await run(render, desk, visitor, "new_import.html", title="Bring files in", section="egress", **shown)


@router.get("/requests/{request_id}")
async def get_request(
    request_id: str, desk: CurrentDesk, visitor: CurrentVisitor, done: str = "", file: int = 0
) -> Response:
    """One request as this person may see it: its author's page, or a reviewer's with one file open."""
    if await run(has_answered, desk.airlock, visitor.subject, request_id):
        return RedirectResponse(f"{PREFIX}/calibration?shown={request_id}", 303)
    view = await run(read_request, desk.airlock, visitor.subject, request_id)
    about = partial(
        render, desk, visitor, title=view.summary.title, view=view, notice=done_of(done, view.summary.direction)
    )
    if view.part is Who.AUTHOR:
        return await run(about, template="author.html", section="egress")
    choice = choose_file(view.files, file)
    traces: tuple[Trace, ...] = ()
    related: tuple[Related, ...] = ()
    if choice.selected is not None:
        near = partial(related_releases, desk.airlock, actor=visitor.subject, request_id=request_id)
        related = await run(near, file_id=choice.selected.id)
        seen = partial(trace_file, desk.airlock, actor=visitor.subject, request_id=request_id)
        traces = await run(seen, file_id=choice.selected.id)
    shown = {"selected": choice.selected, "upcoming": choice.upcoming, "traces": traces, "related": related}
    return await run(about, template="review.html", section="review", **shown)


@router.get("/requests/{request_id}/changes")
async def get_changes(request_id: str, desk: CurrentDesk, visitor: CurrentVisitor) -> Response:
    """What is not as it was in the last turn; a reviewer's look at the files is on record."""
    view = await run(read_request, desk.airlock, visitor.subject, request_id)
    difference = await run(changes_since_last_turn, desk.airlock, visitor.subject, request_id)
    section = "egress" if view.part is Who.AUTHOR else "review"
    shown: dict[str, Any] = {"view": view, "difference": difference, "section": section}
    return await run(render, desk, visitor, "changes.html", title="Changes", **shown)


@router.get("/requests/{request_id}/progress")
async def get_progress(request_id: str, desk: CurrentDesk, visitor: CurrentVisitor) -> Response:
    """Whether an own request has come to rest, for the author's page to ask now and then."""
    view = await run(read_request, desk.airlock, visitor.subject, request_id)
    if view.part is not Who.AUTHOR:
        raise no_such_request()
    return JSONResponse({"is_over": view.summary.state not in words.PASSING, "words": view.summary.standing.words})


@router.get("/requests/{request_id}/files/{file_id}/preview")
async def get_preview(request_id: str, file_id: int, desk: CurrentDesk, visitor: CurrentVisitor) -> Response:
    """One file, rendered as static HTML for the sandboxed frame."""
    text = await run(_render_preview, desk.airlock, visitor.subject, request_id, file_id)
    return HTMLResponse(text, headers={"Content-Security-Policy": PREVIEW_POLICY})


@router.get("/requests/{request_id}/download/{name}")
async def get_download(request_id: str, name: str, desk: CurrentDesk, visitor: CurrentVisitor) -> Response:
    """One released file, always as a download."""
    collected = await run(collect, desk.airlock, actor=visitor.subject, request_id=request_id, name=name)
    return as_download(collected)


def list_projects(airlock: Airlock, subject: str) -> list[tuple[str, str]]:
    """Slug and title of every project the person may submit for now. Raises those of check_person_in_force."""
    with airlock.store.reading() as session:
        check_person_in_force(session, subject)
        return [(project.slug, project.title) for project in _memberships(session, subject)]


def _memberships(session: Session, subject: str) -> list[Project]:
    query = select(Project).join(Membership).where(Membership.subject == subject).order_by(Project.slug).distinct()
    return [project for project in session.scalars(query) if can(check_can_submit, session, subject, project.slug)]


def _render_preview(airlock: Airlock, subject: str, request_id: str, file_id: int) -> str:
    preview = open_preview(airlock, actor=subject, request_id=request_id, file_id=file_id)
    limit = airlock.settings.egress_file_bytes
    return render_for_checker(preview.path, preview.media_type, preview.profile, limit=limit, found=preview.found)
