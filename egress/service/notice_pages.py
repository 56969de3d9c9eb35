"""The one move of the panel of unread notices; the panel itself is on the first page (egress.service.list_pages)."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from egress.inbox import mark_read
from egress.service.desk import CurrentDesk, CurrentVisitor, run
from egress.service.forms import read_own_form
from egress.service.hub_service import PREFIX

router = APIRouter(prefix=f"{PREFIX}/notices")


@router.post("/read")
async def post_read(request: Request, desk: CurrentDesk, visitor: CurrentVisitor) -> Response:
    """The notices that the page showed are read."""
    async with read_own_form(request, visitor) as form:
        up_to = form.number("up_to") or 0
    await run(mark_read, desk.airlock, actor=visitor.subject, up_to=up_to)
    return RedirectResponse(f"{PREFIX}/", 303)
