"""Links to releases: make one, end them, follow one from outside the workspace. A link leads through sign-in like every
other page; what it adds is an address that can be kept for a while.
"""

from __future__ import annotations

from urllib.parse import quote

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from egress.collecting import Collected, collect_by_link
from egress.links import make_link, revoke_links
from egress.service.desk import CurrentDesk, CurrentVisitor, run
from egress.service.forms import read_own_form
from egress.service.hub_service import PREFIX
from egress.service.moves import back_to
from egress.service.rendering_pages import render

DOWNLOAD_POLICY = "sandbox; default-src 'none'"
router = APIRouter(prefix=PREFIX)


def as_download(collected: Collected) -> Response:
    """Always a download, never shown."""
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(collected.name, safe='')}",
        "Content-Security-Policy": DOWNLOAD_POLICY,
    }
    return Response(collected.document, media_type="application/octet-stream", headers=headers)


@router.post("/requests/{request_id}/links")
async def post_link(request: Request, request_id: str, desk: CurrentDesk, visitor: CurrentVisitor) -> Response:
    """A new link, shown this once."""
    async with read_own_form(request, visitor):
        link = await run(make_link, desk.airlock, actor=visitor.subject, request_id=request_id)
    address = f"{desk.airlock.settings.url}{PREFIX}/fetch/{link.token}"
    here, title = f"{PREFIX}/requests/{request_id}", "Download link"
    return await run(
        render, desk, visitor, "link.html", title=title, section="egress", link=link, address=address, here=here
    )


@router.post("/requests/{request_id}/links/revoke")
async def post_revoke(request: Request, request_id: str, desk: CurrentDesk, visitor: CurrentVisitor) -> Response:
    """End them all."""
    async with read_own_form(request, visitor):
        await run(revoke_links, desk.airlock, actor=visitor.subject, request_id=request_id)
    return back_to(request_id, "links-ended")


@router.get("/fetch/{token}")
async def get_release(token: str, desk: CurrentDesk, visitor: CurrentVisitor) -> Response:
    """The whole release, as an archive."""
    return as_download(await run(collect_by_link, desk.airlock, actor=visitor.subject, token=token))


@router.get("/fetch/{token}/{name}")
async def get_one(token: str, name: str, desk: CurrentDesk, visitor: CurrentVisitor) -> Response:
    """One file of it."""
    return as_download(await run(collect_by_link, desk.airlock, actor=visitor.subject, token=token, name=name))
