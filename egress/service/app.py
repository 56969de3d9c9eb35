"""Puts the service together: routes, limits, headers, and what people and programs are told of a refusal."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from jupyterhub.httpclient import JupyterHubHTTPClient
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from egress.airlock import Airlock
from egress.calibration.scheduling import plant_due
from egress.mailing import send_due, send_reminders, settle_interrupted, settle_reminders
from egress.recalling import mark_recalled
from egress.release import fail_interrupted
from egress.reminding import remind
from egress.screening import screen_waiting
from egress.service import (
    calibration_pages,
    fetching,
    group_moves,
    list_pages,
    moves,
    notice_pages,
    pages,
    session_api,
    workspace_api,
)
from egress.service.desk import Desk, desk_of, run
from egress.service.guarding import TOO_LARGE, Guard, is_for_people
from egress.service.hub_service import PREFIX
from egress.service.rendering_pages import open_templates, render
from egress.service.statuses import status_of
from egress.service.visitors import HubVisitors, SignInNeeded
from egress.service.words import TITLES
from egress.tending import tend
from governance.callers import CallerIdentifier
from governance.refusal import Refusal
from governance.registry.reminders import remind_of_endings

log = structlog.get_logger()
ROUND_SECONDS = 60
MAIL_SECONDS = 5
REMIND_SECONDS = 3600
BAD_REQUEST = Refusal("bad-request", "The request could not be read.", "Go back and send it again.")
NO_PAGE = Refusal("no-such-page", "There is no such address.", "Start from your list of requests.")
SESSION_ENDED = Refusal("session-ended", "Your session has ended; nothing was changed.", "Reload and send it again.")


def create_app(airlock: Airlock, identifier: CallerIdentifier, visitors: HubVisitors | None) -> FastAPI:
    """The application. Without `visitors` (no hub) only the workspaces' API answers."""
    app = FastAPI(
        title="SDE Gateway airlock",
        openapi_url=None,
        redirect_slashes=False,
        lifespan=_lifespan,
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.desk = Desk(airlock, identifier, visitors, open_templates())
    app.add_middleware(Guard)
    app.add_exception_handler(SignInNeeded, _lead_to_hub)
    app.add_exception_handler(Refusal, _show_refusal)
    app.add_exception_handler(HTTPException, _show_http_error)
    app.add_exception_handler(RequestValidationError, _show_http_error)
    for part in (
        workspace_api,
        session_api,
        calibration_pages,
        list_pages,
        notice_pages,
        pages,
        moves,
        group_moves,
        fetching,
    ):
        app.include_router(part.router)
    app.include_router(moves.imports)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Take up what a stopped service left half done; no release of now may be under way while that is looked at."""
    desk: Desk = app.state.desk
    failed = await run(fail_interrupted, desk.airlock)
    await run(mark_recalled, desk.airlock)
    screening = asyncio.create_task(run(screen_waiting, desk.airlock))  # may take long; nobody needs to wait for it
    tending = asyncio.create_task(_tend_always(desk.airlock))
    reminding = asyncio.create_task(_remind_always(desk.airlock))
    mailing = asyncio.create_task(_mail_always(desk.airlock))
    log.info("airlock.started", interrupted_releases=failed)
    yield
    tending.cancel()
    reminding.cancel()
    mailing.cancel()
    await screening
    if desk.visitors is not None:
        await JupyterHubHTTPClient.loop_instance().close()
    log.info("airlock.stopped")


async def _tend_always(airlock: Airlock) -> None:
    """A round of egress.tending each minute, for as long as the service runs."""
    while True:
        await asyncio.sleep(ROUND_SECONDS)
        try:
            tended = await run(tend, airlock)
            await run(mark_recalled, airlock)
            await run(remind, airlock)
            await run(plant_due, airlock)
        except Exception as error:  # the next round may do better
            log.error("airlock.tending_broke", cause=type(error).__name__)
            continue
        if tended.screened or tended.released:
            log.info("airlock.tended", screened=tended.screened, released=tended.released)


async def _remind_always(airlock: Airlock) -> None:
    """What ends soon, looked for at the start and each hour."""
    while True:
        try:
            await run(remind_of_endings, airlock.store, airlock.settings.reminders)
        except Exception as error:  # the next round may do better
            log.error("airlock.reminding_broke", cause=type(error).__name__)
        await asyncio.sleep(REMIND_SECONDS)


async def _mail_always(airlock: Airlock) -> None:
    """Letters soon after their notices, for as long as the service runs; first what a stopped one had in hand."""
    settled = False
    while True:
        try:
            if not settled:
                await run(settle_interrupted, airlock)
                await run(settle_reminders, airlock)
                settled = True
            await run(send_due, airlock)
            await run(send_reminders, airlock)
        except Exception as error:  # settings or the register may be mended meanwhile
            log.error("airlock.mailing_broke", cause=type(error).__name__)
        await asyncio.sleep(MAIL_SECONDS)


async def _lead_to_hub(request: Request, error: Exception) -> Response:
    """To the hub and back; a form that was sent without a session cannot come back, so its sender is told."""
    del error
    visitors = desk_of(request).visitors
    if request.method != "GET" or visitors is None:
        return await _show_refusal(request, SESSION_ENDED)
    return visitors.lead_to_hub(request)


async def _show_refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)  # registered for nothing else
    status = status_of(error)
    if not is_for_people(request.url.path):
        return JSONResponse(error.as_dict(), status)
    visitor = getattr(request.state, "visitor", None)
    title = TITLES.get(status, "Not done")
    back = _find_way_back(request)
    return await run(
        render,
        desk_of(request),
        visitor,
        "refused.html",
        title=title,
        status=status,
        refusal=error,
        back=back,
        section="",
    )


async def _show_http_error(request: Request, error: Exception) -> Response:
    """What the framework refuses: its own texts can quote what was sent, so ours stand in their place."""
    status = error.status_code if isinstance(error, HTTPException) else 422
    known = {404: NO_PAGE, 405: NO_PAGE, 413: TOO_LARGE}
    return await _show_refusal(request, known.get(status, BAD_REQUEST))


def _find_way_back(request: Request) -> str:
    """The request's page if the address names one, else the list."""
    request_id = request.path_params.get("request_id", "")
    return f"{PREFIX}/requests/{request_id}" if request_id else f"{PREFIX}/"
