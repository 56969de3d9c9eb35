"""Puts the portal together: routes with their permissions, identity, templates, headers, and the pages of refusals."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import httpx
from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from jupyterhub.httpclient import JupyterHubHTTPClient
from starlette.exceptions import HTTPException

from governance.refusal import Refusal
from governance.settings import Settings
from governance.store import open_store
from hub.portal.forms import check_form_token, longest_body
from hub.portal.guarding import Guard
from hub.portal.hub_client import HubClient
from hub.portal.hub_service import HubService
from hub.portal.identity import HubSignIn, SignInNeeded
from hub.portal.permissions import require
from hub.portal.portal import PREFIX, Portal, Visit, portal_of
from hub.portal.routes import ROUTES, Route
from hub.portal.templating import open_templates

#: Status of a refusal's page by its code; any other is 403.
STATUS: Mapping[str, int] = {
    "no-such-page": 404,
    "no-such-application": 404,
    "no-such-person": 404,
    "no-such-project": 404,
    "no-such-report": 404,
    "no-such-delivery": 404,
    "hub-not-answering": 503,
    "sign-in-failed": 400,
}


def create_app(settings: Settings, service: HubService, *, transport: httpx.BaseTransport | None = None) -> FastAPI:
    """The portal's application.

    Args:
        settings: of this gateway; its register must exist.
        service: what the hub says of this service.
        transport: how the hub is reached; None means as `service` says.

    Raises Refusal `no-register`.
    """
    portal = Portal(open_store(settings), HubClient(service, transport), open_templates(), settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        portal.hub.close()
        portal.store.close()
        await JupyterHubHTTPClient.loop_instance().close()

    app = FastAPI(title="SDE Gateway portal", lifespan=lifespan, openapi_url=None, redirect_slashes=False)
    app.state.portal = portal
    app.state.sign_in = HubSignIn(service, secure=settings.url.startswith("https:"), hours=settings.session_hours)
    app.add_middleware(Guard)
    app.add_exception_handler(SignInNeeded, _ask_to_sign_in)
    app.add_exception_handler(Refusal, _show_refusal)
    app.add_exception_handler(HTTPException, _show_no_such_page)
    app.add_exception_handler(RequestValidationError, _show_no_such_page)
    for route in ROUTES:
        _add(app, route)
    return app


def _add(app: FastAPI, route: Route) -> None:
    dependencies = [Depends(require(route.permission))]
    if route.method == "POST":
        dependencies.append(Depends(check_form_token))
    app.add_api_route(
        PREFIX + route.path,
        route.page,
        methods=[route.method],
        dependencies=dependencies,
        response_model=None,
        max_body_size=longest_body(PREFIX + route.path),
    )


def _ask_to_sign_in(request: Request, error: Exception) -> Response:
    """To the hub and back; a form that was sent without a session cannot come back, so its sender is told."""
    del error
    if request.method == "GET":
        sign_in: HubSignIn = request.app.state.sign_in
        return sign_in.send_to_hub(request)
    ended = Refusal("session-ended", "Your session has ended; nothing was changed.", "Go back, reload, send it again.")
    return _show_refusal(request, ended)


def _show_refusal(request: Request, error: Exception) -> Response:
    """A page of its own for a refusal that no form can show."""
    if not isinstance(error, Refusal):
        raise error
    visit: Visit | None = getattr(request.state, "visit", None)
    status = STATUS.get(error.code, 403)
    title = {403: "Not allowed", 404: "Not found", 503: "Not available"}.get(status, "Not done")
    if error.code == "not-registered":
        title = "You are not registered yet"
    return portal_of(request).render(visit, "refused.html", title=title, status=status, refusal=error)


def _show_no_such_page(request: Request, error: Exception) -> Response:
    """An address that does not exist, or has a part that makes no sense."""
    status = error.status_code if isinstance(error, HTTPException) else 404
    if status not in (404, 405):  # a body too long or not a form
        return _show_refusal(request, Refusal("bad-form", "The form could not be read.", "Go back and send it again."))
    return _show_refusal(request, Refusal("no-such-page", "There is no such page.", "Start from your projects."))
