"""What the routes stand on: the airlock, who calls, who visits, the templates. One value on the application's state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated, ParamSpec, TypeVar, cast

from fastapi import Depends
from jinja2 import Environment
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from egress.airlock import Airlock
from egress.service.visitors import HubVisitors, SignInNeeded, Visitor
from governance.callers import CHANNEL_HEADER, Caller, CallerIdentifier
from governance.refusal import Refusal
from governance.sign_ins import read_bounds

Given = ParamSpec("Given")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Desk:
    """`visitors` is None where there is no hub: then only the workspaces' API answers."""

    airlock: Airlock
    identifier: CallerIdentifier
    visitors: HubVisitors | None
    templates: Environment


def desk_of(request: Request) -> Desk:
    """The desk of the application that serves this request."""
    return cast(Desk, request.app.state.desk)


async def find_visitor(request: Request) -> Visitor:
    """The person before the browser; kept on the request for the pages of refusals."""
    visitors = desk_of(request).visitors
    if visitors is None:
        raise Refusal("hub-not-answering", "There is no sign-in service.", "Start the gateway with `sde up`.")
    visitor = await visitors.identify(request)
    if not await run(_counts, desk_of(request).airlock, visitor):
        raise SignInNeeded
    request.state.visitor = visitor
    return visitor


def _counts(airlock: Airlock, visitor: Visitor) -> bool:
    """Whether the visitor's session counts by the register's word: they may have signed out everywhere."""
    with airlock.store.reading() as session:
        return read_bounds(session, visitor.subject, airlock.settings.session_hours).hold(visitor.began)


def find_caller(request: Request) -> Caller:
    """The workspace's person and project, from channel and token alone. Raises Refusal `unknown-channel`, ..."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        token = ""
    return desk_of(request).identifier.identify(request.headers.get(CHANNEL_HEADER, ""), token.strip())


async def run(action: Callable[Given, Result], *given: Given.args, **named: Given.kwargs) -> Result:
    """Run a blocking action beside the event loop."""
    return await run_in_threadpool(partial(action, *given, **named))


CurrentDesk = Annotated[Desk, Depends(desk_of)]
CurrentVisitor = Annotated[Visitor, Depends(find_visitor)]
CurrentCaller = Annotated[Caller, Depends(find_caller)]
