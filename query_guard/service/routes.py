"""The guard's routes: ask a question; see the project, its tables and their columns."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request
from fastapi.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool

from governance.callers import CHANNEL_HEADER, Caller, CallerIdentifier
from governance.clock import today
from governance.refusal import Refusal
from governance.registry import cell_budget
from governance.store.projects import Project
from query_guard.answer import Guard, answer_query
from query_guard.case import read_scope
from query_guard.service.arrow_out import MEDIA_TYPE, as_arrow_stream
from query_guard.service.json_out import MEDIA_TYPE as JSON_TYPE
from query_guard.service.json_out import as_json, wants_json
from query_guard.service.padding import padded_seconds
from query_guard.service.shapes import ProjectShape, Question, RefusalShape, TableShape
from query_guard.service.statuses import status_of

REFUSALS: dict[int | str, dict[str, Any]] = {
    403: {"model": RefusalShape, "description": "the channel, the token or an approval is not in force"},
    422: {"model": RefusalShape, "description": "the policy, or the form of the request, refuses it"},
    429: {"model": RefusalShape, "description": "too many queries at once, or the release budget is spent"},
    503: {"model": RefusalShape, "description": "the engine or the register cannot serve now"},
}
ANSWER: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {MEDIA_TYPE: {}, JSON_TYPE: {}},
        "description": "an Arrow stream whose schema metadata `sde` holds the receipt; JSON if Accept asks for it",
    }
}
router = APIRouter(prefix="/v1", responses=REFUSALS)


def identify_caller(
    request: Request,
    channel: Annotated[str, Header(alias=CHANNEL_HEADER)] = "",
    authorization: Annotated[str, Header()] = "",
) -> Caller:
    """Channel and token, verified. Raises Refusal `unknown-channel` or that of an approval not in force."""
    kind, _, token = authorization.partition(" ")
    if kind.lower() != "bearer":
        token = ""
    identifier: CallerIdentifier = request.app.state.identifier
    return identifier.identify(channel, token.strip())


def the_guard(request: Request) -> Guard:
    """The guard this application was made with."""
    guard: Guard = request.app.state.guard
    return guard


CallerOf = Annotated[Caller, Depends(identify_caller)]
GuardOf = Annotated[Guard, Depends(the_guard)]


@router.post("/query", responses=ANSWER, response_class=Response)
async def query(
    question: Question, caller: CallerOf, guard: GuardOf, accept: Annotated[str, Header()] = ""
) -> Response:
    """Answer one SELECT statement with protected values."""
    begun = time.perf_counter()
    result = await run_in_threadpool(answer_query, guard, caller, question.as_asked())
    if result.refusal is not None:
        response: Response = JSONResponse(result.refusal.as_dict(), status_of(result.refusal, otherwise=422))
    elif wants_json(accept):
        response = Response(as_json(result, result.table), media_type=JSON_TYPE)
    else:
        response = Response(as_arrow_stream(result, result.table), media_type=MEDIA_TYPE)
    spent = time.perf_counter() - begun
    await asyncio.sleep(padded_seconds(spent) - spent)
    return response


@router.get("/tables")
def tables(caller: CallerOf, guard: GuardOf) -> list[TableShape]:
    """Every table the project may name."""
    catalogue = read_scope(guard.settings, guard.store, caller).data.catalogue
    return [TableShape.of(table) for table in catalogue.tables.values()]


@router.get("/tables/{name}")
def table(name: str, caller: CallerOf, guard: GuardOf) -> TableShape:
    """One table. A table that exists elsewhere and one that does not are refused alike."""
    found = read_scope(guard.settings, guard.store, caller).data.catalogue.tables.get(name.lower())
    if found is None:
        raise Refusal("unknown-table", "The project has no such table.", "`sde.tables()` names them all.")
    return TableShape.of(found)


@router.get("/project")
def project(caller: CallerOf, guard: GuardOf) -> ProjectShape:
    """The caller's project. The first contact of a workspace: its engines are made ready in the background."""
    scope = read_scope(guard.settings, guard.store, caller)
    guard.engines.warm(scope.data)
    with guard.store.reading() as session:
        held = session.get_one(Project, caller.project)
        budget = cell_budget(session, caller.subject, caller.project, today())
        return ProjectShape.of(held, scope.profile, budget)
