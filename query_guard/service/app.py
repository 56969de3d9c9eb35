"""The guard's HTTP interface. Promise: who asks and for which project comes from the channel and the token alone.

The workspace relay sets the channel header on the way in and removes any the client sent; the socket is reachable by
nobody else (governance.callers). Every route is a thin shell around the same functions that the command line calls.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import structlog
from anyio import create_task_group, sleep, to_thread
from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from governance.callers import CallerIdentifier
from governance.refusal import Refusal
from query_guard.answer import Guard
from query_guard.feasibility import answer_waiting
from query_guard.keeping import forget_answers
from query_guard.service.body_limit import BodyLimit
from query_guard.service.routes import router
from query_guard.service.statuses import status_of

log = structlog.get_logger()

MOST_THREADS = 100  # requests at work or waiting for their person's turn
MOST_ESCAPING = 6  # bytes of JSON that one byte of a query can need (\u0000)
BODY_SLACK = 1024
A_DAY = 24 * 3600.0
FEASIBILITY_SECONDS = 0.5


def create_app(guard: Guard, identifier: CallerIdentifier) -> FastAPI:
    """The application; the caller owns the guard and closes it."""
    app = FastAPI(title="SDE Gateway query guard", version="1", docs_url=None, redoc_url=None, lifespan=_lifespan)
    app.state.guard, app.state.identifier = guard, identifier
    app.add_middleware(BodyLimit, most=guard.settings.query_bytes * MOST_ESCAPING + BODY_SLACK)
    app.add_exception_handler(Refusal, _answer_refusal)
    app.add_exception_handler(RequestValidationError, _answer_bad_request)
    app.add_exception_handler(HTTPException, _answer_bad_request)
    app.add_exception_handler(Exception, _answer_failure)
    app.include_router(router)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    current_default_thread_limiter().total_tokens = MOST_THREADS
    log.info("guard.started")
    async with create_task_group() as beside:
        beside.start_soon(_forget_daily, app.state.guard)
        beside.start_soon(_answer_feasibility, app.state.guard)
        yield
        beside.cancel_scope.cancel()
    log.info("guard.stopped")


async def _forget_daily(guard: Guard) -> None:
    while True:
        try:
            await to_thread.run_sync(forget_answers, guard.store)
        except Exception as error:  # kept a day longer; answering goes on
            log.error("guard.not-forgotten", error=type(error).__name__)
        await sleep(A_DAY)


async def _answer_feasibility(guard: Guard) -> None:
    """Questions that the portal put into the register, soon after they were put."""
    while True:
        try:
            await to_thread.run_sync(answer_waiting, guard)
        except Exception as error:  # the register is away: the questions wait
            log.error("guard.feasibility", error=type(error).__name__)
        await sleep(FEASIBILITY_SECONDS)


async def _answer_refusal(request: Request, refusal: Any) -> JSONResponse:
    del request
    return JSONResponse(refusal.as_dict(), status_of(refusal, otherwise=403))


async def _answer_bad_request(request: Request, error: Any) -> JSONResponse:
    """One text for every request that is not of the interface; what was sent is never repeated."""
    del request
    refused = Refusal("bad-request", "This is not a request that the guard knows.", "See /openapi.json.")
    return JSONResponse(refused.as_dict(), getattr(error, "status_code", 422))


async def _answer_failure(request: Request, error: Exception) -> JSONResponse:
    del request
    log.error("guard.failed", error=type(error).__name__)
    refused = Refusal("guard-failed", "The query guard could not handle this request.", "Try again later.")
    return JSONResponse(refused.as_dict(), 500)
