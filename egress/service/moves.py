"""The forms of the pages: each one action of the airlock, then back to the request with what was done."""

from __future__ import annotations

import asyncio
from functools import partial

import structlog
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from egress.calibration.results import has_answered
from egress.directions import Direction
from egress.drafting import add_files, create_draft, describe, remove_file
from egress.ending_review import conclude_and_release, decide_and_release, vote_and_go_on
from egress.endings import withdraw
from egress.recalling import recall
from egress.release import release
from egress.reviewing import comment, reopen
from egress.screening import screen
from egress.service.desk import CurrentDesk, CurrentVisitor, Desk, run
from egress.service.forms import read_own_form
from egress.service.hub_service import PREFIX
from egress.service.visitors import Visitor
from egress.states import State
from egress.submission import send
from governance.refusal import Refusal

VOTE = "vote-"  # the prefix of the vote fields; the file's number follows
SEE_OTHER = 303
PATIENCE_SECONDS = 2.0
UNDER_WAY: set[asyncio.Task[State]] = set()  # the event loop itself holds on to no task
log = structlog.get_logger()
router = APIRouter(prefix=f"{PREFIX}/requests")
imports = APIRouter(prefix=f"{PREFIX}/imports")


def back_to(request_id: str, done: str, file: str = "") -> Response:
    """To the request's page, which says what was done; on a reviewer's page, to one of its files."""
    onward = f"&file={file}" if file.isascii() and file.isdigit() else ""
    return RedirectResponse(f"{PREFIX}/requests/{request_id}?done={done}{onward}", SEE_OTHER)


@router.post("")
async def post_request(request: Request, desk: CurrentDesk, visitor: CurrentVisitor) -> Response:
    """A new draft of what is to leave; submitted at once if that button was pressed."""
    return await _draft(request, desk, visitor, Direction.OUT)


@imports.post("")
async def post_import(request: Request, desk: CurrentDesk, visitor: CurrentVisitor) -> Response:
    """A new draft of what is to come in. The address says the direction; from then on the register does."""
    return await _draft(request, desk, visitor, Direction.IN)


async def _draft(request: Request, desk: Desk, visitor: Visitor, direction: Direction) -> Response:
    who = visitor.subject
    async with read_own_form(request, visitor) as form:
        words, files, slug = form.description(), form.files(), form.text("project")
        draft = partial(create_draft, desk.airlock, actor=who, project=slug, direction=direction)
        made = await run(draft, description=words, files=files)
        if form.text("then") != "submit":
            return back_to(made, "created")
    await _submit(desk, who, made)
    return back_to(made, "submitted")


@router.post("/{request_id}/describe")
async def post_describe(request: Request, request_id: str, desk: CurrentDesk, visitor: CurrentVisitor) -> Response:
    """The author's texts."""
    async with read_own_form(request, visitor) as form:
        words = form.description()
    await run(describe, desk.airlock, actor=visitor.subject, request_id=request_id, description=words)
    return back_to(request_id, "described")


@router.post("/{request_id}/files")
async def post_files(request: Request, request_id: str, desk: CurrentDesk, visitor: CurrentVisitor) -> Response:
    """More files."""
    async with read_own_form(request, visitor) as form:
        await run(add_files, desk.airlock, actor=visitor.subject, request_id=request_id, files=form.files())
    return back_to(request_id, "files-added")


@router.post("/{request_id}/files/{file_id}/remove")
async def post_remove(
    request: Request, request_id: str, file_id: int, desk: CurrentDesk, visitor: CurrentVisitor
) -> Response:
    """One file out again."""
    async with read_own_form(request, visitor):
        await run(remove_file, desk.airlock, actor=visitor.subject, request_id=request_id, file_id=file_id)
    return back_to(request_id, "file-removed")


@router.post("/{request_id}/submit")
async def post_submit(request: Request, request_id: str, desk: CurrentDesk, visitor: CurrentVisitor) -> Response:
    """Submit, or submit again."""
    async with read_own_form(request, visitor):
        await _submit(desk, visitor.subject, request_id)
    return back_to(request_id, "submitted")


@router.post("/{request_id}/withdraw")
async def post_withdraw(request: Request, request_id: str, desk: CurrentDesk, visitor: CurrentVisitor) -> Response:
    """End a request that is still the author's."""
    async with read_own_form(request, visitor):
        await run(withdraw, desk.airlock, actor=visitor.subject, request_id=request_id)
    return back_to(request_id, "withdrawn")


@router.post("/{request_id}/vote")
async def post_vote(request: Request, request_id: str, desk: CurrentDesk, visitor: CurrentVisitor) -> Response:
    """The chosen decisions, one a file; the last of two approving reviews releases."""
    async with read_own_form(request, visitor) as form:
        try:
            decisions = {int(file): decision for file, decision in form.texts(VOTE).items()}
        except ValueError:
            raise Refusal("bad-request", "The form could not be read.", "Reload the page and send again.") from None
        await run(vote_and_go_on, desk.airlock, actor=visitor.subject, request_id=request_id, decisions=decisions)
        if await run(has_answered, desk.airlock, visitor.subject, request_id):
            return RedirectResponse(f"{PREFIX}/calibration?shown={request_id}", SEE_OTHER)
        return back_to(request_id, "voted", form.text("next"))


@router.post("/{request_id}/comment")
async def post_comment(request: Request, request_id: str, desk: CurrentDesk, visitor: CurrentVisitor) -> Response:
    """A comment for the reviewers, or for the author too."""
    async with read_own_form(request, visitor) as form:
        text, audience = form.text("text"), form.text("audience")
    await run(comment, desk.airlock, actor=visitor.subject, request_id=request_id, text=text, audience=audience)
    return back_to(request_id, "commented")


@router.post("/{request_id}/conclude")
async def post_conclude(request: Request, request_id: str, desk: CurrentDesk, visitor: CurrentVisitor) -> Response:
    """Conclude by rule; an approval is released at once."""
    async with read_own_form(request, visitor):
        await run(conclude_and_release, desk.airlock, actor=visitor.subject, request_id=request_id)
    return back_to(request_id, "concluded")


@router.post("/{request_id}/decide")
async def post_decide(request: Request, request_id: str, desk: CurrentDesk, visitor: CurrentVisitor) -> Response:
    """The controller's decision; an approval is released at once."""
    async with read_own_form(request, visitor) as form:
        decision, reason = form.text("decision"), form.text("reason")
    given = {"actor": visitor.subject, "request_id": request_id, "decision": decision, "reason": reason}
    await run(decide_and_release, desk.airlock, **given)
    return back_to(request_id, "decided")


@router.post("/{request_id}/release")
async def post_release(request: Request, request_id: str, desk: CurrentDesk, visitor: CurrentVisitor) -> Response:
    """Have the release service release, or try again."""
    async with read_own_form(request, visitor):
        await run(release, desk.airlock, requested_by=visitor.subject, request_id=request_id)
    return back_to(request_id, "released")


@router.post("/{request_id}/reopen")
async def post_reopen(request: Request, request_id: str, desk: CurrentDesk, visitor: CurrentVisitor) -> Response:
    """Return an approved request instead of releasing it."""
    async with read_own_form(request, visitor) as form:
        reason = form.text("reason")
    await run(reopen, desk.airlock, actor=visitor.subject, request_id=request_id, reason=reason)
    return back_to(request_id, "reopened")


@router.post("/{request_id}/recall")
async def post_recall(request: Request, request_id: str, desk: CurrentDesk, visitor: CurrentVisitor) -> Response:
    """Call a release back."""
    async with read_own_form(request, visitor) as form:
        reason = form.text("reason")
    await run(recall, desk.airlock, actor=visitor.subject, request_id=request_id, reason=reason)
    return back_to(request_id, "recalled")


async def _submit(desk: Desk, who: str, request_id: str) -> None:
    """Submit, and wait a moment for the checks: those of a few small files are done by then, and the author's page
    follows the others. A screening that breaks off, or whose service stops, is taken up again (egress.tending)."""
    await run(send, desk.airlock, actor=who, request_id=request_id)
    screening = asyncio.create_task(run(screen, desk.airlock, request_id))
    UNDER_WAY.add(screening)
    screening.add_done_callback(_forget)
    await asyncio.wait({screening}, timeout=PATIENCE_SECONDS)


def _forget(screening: asyncio.Task[State]) -> None:
    UNDER_WAY.discard(screening)
    error = None if screening.cancelled() else screening.exception()
    if error is not None:
        log.error("airlock.screening_broke", cause=type(error).__name__)
