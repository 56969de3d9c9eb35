"""The workspaces' API. Promise: who asks and for which project comes from the channel and the token alone, and a
workspace reads and writes only its own person's requests of its own project.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse

from egress.airlock import Airlock
from egress.drafting import Description, Incoming, create_draft
from egress.listing import LONGEST_PAGE, list_own
from egress.permissions import no_such_request
from egress.reading import read_request
from egress.service.desk import CurrentCaller, CurrentDesk, run
from egress.service.forms import read_form
from egress.service.hub_service import PREFIX
from egress.service.trying import check_only
from egress.submission import submit
from egress.views import RequestView, Summary
from governance.callers import Caller

router = APIRouter(prefix="/v1")


@router.post("/requests")
async def post_request(request: Request, desk: CurrentDesk, caller: CurrentCaller) -> JSONResponse:
    """Draft, submit and screen in one go."""
    async with read_form(request) as form:
        view = await run(_propose, desk.airlock, caller, form.description(), form.files())
    return JSONResponse(show_request(desk.airlock, view), 201)


@router.get("/requests")
async def get_requests(desk: CurrentDesk, caller: CurrentCaller) -> JSONResponse:
    """The caller's own requests of this project, at most LONGEST_PAGE, last changed first."""
    own = await run(list_own, desk.airlock, caller.subject, caller.project, size=LONGEST_PAGE)
    return JSONResponse([_show_line(desk.airlock, summary) for summary in own.rows])


@router.get("/requests/{request_id}")
async def get_request(request_id: str, desk: CurrentDesk, caller: CurrentCaller) -> JSONResponse:
    """One of them, with files, findings and what the author may read of the review."""
    return JSONResponse(show_request(desk.airlock, await run(_read_own, desk.airlock, caller, request_id)))


@router.post("/check")
async def post_check(request: Request, desk: CurrentDesk, caller: CurrentCaller) -> JSONResponse:
    """What the checks would say; nothing is stored."""
    async with read_form(request) as form:
        trial = await run(check_only, desk.airlock, caller, form.files())
    return JSONResponse(trial.as_json())


def _propose(airlock: Airlock, caller: Caller, description: Description, files: Sequence[Incoming]) -> RequestView:
    who = caller.subject
    request_id = create_draft(airlock, actor=who, project=caller.project, description=description, files=files)
    submit(airlock, actor=who, request_id=request_id)
    return read_request(airlock, who, request_id)


def _read_own(airlock: Airlock, caller: Caller, request_id: str) -> RequestView:
    view = read_request(airlock, caller.subject, request_id)
    if (view.summary.author, view.summary.project) != (caller.subject, caller.project):
        raise no_such_request()  # a checker's eyes are for the pages, not for a notebook
    return view


def _show_line(airlock: Airlock, summary: Summary) -> dict[str, Any]:
    return {
        "id": summary.id,
        "title": summary.title,
        "direction": summary.direction.value,
        "state": summary.state.value,
        "turn": summary.turn,
        "created_at": summary.created_at.isoformat(),
        "changed_at": summary.changed_at.isoformat(),
        "url": f"{airlock.settings.url}{PREFIX}/requests/{summary.id}",
    }


def show_request(airlock: Airlock, view: RequestView) -> dict[str, Any]:
    """A request as a workspace gets it."""
    files = [
        {"name": file.name, "kind": file.kind, "sha256": file.sha256, "size": file.size, "type": file.media_type}
        for file in view.files
    ]
    comments = [{"turn": comment.turn, "writer": comment.writer, "text": comment.text} for comment in view.comments]
    findings = [asdict(finding) for finding in view.findings]
    return _show_line(airlock, view.summary) | {"files": files, "findings": findings, "comments": comments}
