"""The forms for groups of files: make, describe, take apart, sort files into them."""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from egress.grouping import add_group, describe_group, remove_group, sort_file
from egress.reading import read_request
from egress.service.desk import CurrentDesk, CurrentVisitor, run
from egress.service.forms import read_own_form
from egress.service.hub_service import PREFIX
from egress.service.moves import back_to

GROUP = "group-"  # the prefix of the fields; the file's number follows
router = APIRouter(prefix=f"{PREFIX}/requests")


@router.post("/{request_id}/groups")
async def post_group(request: Request, request_id: str, desk: CurrentDesk, visitor: CurrentVisitor) -> Response:
    """A new group."""
    async with read_own_form(request, visitor) as form:
        name, words = form.text("name"), form.words()
    await run(add_group, desk.airlock, actor=visitor.subject, request_id=request_id, name=name, words=words)
    return back_to(request_id, "grouped")


@router.post("/{request_id}/groups/{group}")
async def post_words(
    request: Request, request_id: str, group: int, desk: CurrentDesk, visitor: CurrentVisitor
) -> Response:
    """The words of one group."""
    async with read_own_form(request, visitor) as form:
        name, words = form.text("name"), form.words()
    chosen = partial(describe_group, desk.airlock, request_id=request_id, group=group)
    await run(chosen, actor=visitor.subject, name=name, words=words)
    return back_to(request_id, "grouped")


@router.post("/{request_id}/groups/{group}/remove")
async def post_apart(
    request: Request, request_id: str, group: int, desk: CurrentDesk, visitor: CurrentVisitor
) -> Response:
    """A group taken apart."""
    async with read_own_form(request, visitor):
        await run(remove_group, desk.airlock, actor=visitor.subject, request_id=request_id, group=group)
    return back_to(request_id, "grouped")


@router.post("/{request_id}/sort")
async def post_sort(request: Request, request_id: str, desk: CurrentDesk, visitor: CurrentVisitor) -> Response:
    """Each file into the group that was chosen for it; files that stay where they are leave no trace."""
    who = visitor.subject
    view = await run(read_request, desk.airlock, who, request_id)
    async with read_own_form(request, visitor) as form:
        for file in view.files:
            name = f"{GROUP}{file.id}"
            chosen = form.number(name) if name in form.data else file.group
            if chosen != file.group:
                await run(sort_file, desk.airlock, actor=who, request_id=request_id, file_id=file.id, group=chosen)
    return back_to(request_id, "grouped")
