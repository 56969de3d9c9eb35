"""Who visits the pages. Promise: a page knows a person only after the hub confirmed this browser's token within
BELIEVED_SECONDS; the token stays in this process and the browser holds a random name for it.

JupyterHub's HubOAuth does the talking with the hub; its cookie helpers are for tornado, so cookies are set here. A
restart forgets the sessions: the next page fetches a new token from the hub without asking the person anything.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlencode

from jupyterhub.services.auth import HubOAuth
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from tornado.web import HTTPError

from egress.service.hub_service import PREFIX, HubService
from governance.clock import now
from governance.refusal import Refusal

BELIEVED_SECONDS = 15
LOGIN_SECONDS = 600
MOST_SESSIONS = 10_000
SESSION_COOKIE, LOGIN_COOKIE = "sde-airlock-session", "sde-airlock-login"
HUB_SESSION_COOKIE = "jupyterhub-session-id"  # names the browser's session at the hub; sign-out ends it
COOKIE_PATH = f"{PREFIX}/"


class SignInNeeded(Exception):  # noqa: N818  (a turn of the road, not an error)
    """Nobody is signed in: a page leads to the hub and back."""


@dataclass(frozen=True)
class Visitor:
    """A person the hub confirmed. `xsrf` must come back with every form. `began`: when the session did."""

    subject: str
    xsrf: str = field(repr=False)
    began: datetime = field(default_factory=now)

    def check_form(self, shown: str) -> None:
        """Raise Refusal `form-expired` unless the form was made for this very session (compared in constant time)."""
        if not hmac.compare_digest(self.xsrf.encode(), shown.encode()):
            raise Refusal("form-expired", "This form belongs to an earlier session.", "Reload the page and send again.")


@dataclass(frozen=True)
class _Session:
    token: str = field(repr=False)
    began: datetime
    until: float


class HubVisitors:
    """Sessions and sign-in of this process. Used on the event loop only, so plain dict operations are enough."""

    def __init__(self, service: HubService, *, secure: bool, hours: float) -> None:
        self._secure = secure
        self._seconds = hours * 3600
        self._secret = secrets.token_bytes(32)
        self._sessions: dict[str, _Session] = {}
        self._hub = HubOAuth(
            api_url=service.api_url,
            api_token=service.api_token,
            base_url=COOKIE_PATH,
            hub_prefix=f"{service.base_url}hub/",
            oauth_client_id=service.client_id,
            oauth_redirect_uri=f"{PREFIX}/oauth_callback",
            access_scopes=set(service.access_scopes),
            cache_max_age=BELIEVED_SECONDS,
            oauth_state_max_age=LOGIN_SECONDS,
        )

    async def identify(self, request: Request) -> Visitor:
        """The visitor. Raises SignInNeeded, or Refusal `hub-not-answering`, `pages-not-allowed`."""
        key = _digest(request.cookies.get(SESSION_COOKIE, ""))
        session = self._sessions.get(key)
        if session is None or session.until < time.monotonic():
            raise SignInNeeded
        try:
            hub_session = request.cookies.get(HUB_SESSION_COOKIE, "")
            model = await self._hub.user_for_token(session.token, session_id=hub_session, sync=False)
        except HTTPError:
            raise Refusal("hub-not-answering", "The sign-in service does not answer.", "Try again shortly.") from None
        if model is None:
            self._sessions.pop(key, None)
            raise SignInNeeded
        if model.get("kind") != "user" or not self._hub.check_scopes(self._hub.access_scopes, model):
            raise Refusal("pages-not-allowed", "Your account may not use these pages.", "Ask the service desk.")
        return Visitor(str(model["name"]), self._sign(key), session.began)

    def lead_to_hub(self, request: Request) -> Response:
        """Send the browser to the hub's sign-in and, afterwards, back to the page it asked for."""
        verifier, challenge, method = self._hub.generate_pkce_code_challenge()
        query = f"?{request.url.query}" if request.url.query else ""
        state = self._hub.generate_state(f"{request.url.path}{query}", code_verifier=verifier)
        asked = urlencode({"state": state, "code_challenge": challenge, "code_challenge_method": method})
        response = RedirectResponse(f"{self._hub.login_url}&{asked}", 302)
        self._set_cookie(response, _login_cookie(state), state, LOGIN_SECONDS)
        return response

    async def welcome_back(self, request: Request) -> Response:
        """The hub's answer: its code becomes a token, a session begins. Raises Refusal `sign-in-failed`."""
        failed = Refusal("sign-in-failed", "The sign-in could not be completed.", "Open the page again.")
        code, state = request.query_params.get("code", ""), request.query_params.get("state", "")
        held = request.cookies.get(_login_cookie(state), "")
        verifier = self._hub.get_code_verifier(state)
        if not code or not verifier or not hmac.compare_digest(held.encode(), state.encode()):
            raise failed
        onward = self._hub.get_next_url(state)
        self._hub.clear_oauth_state(state)  # serves once
        try:
            token = await self._hub.token_for_code(code, code_verifier=verifier, sync=False)
        except (HTTPError, KeyError):
            raise failed from None
        response = RedirectResponse(onward, 303)
        self._set_cookie(response, SESSION_COOKIE, self._open_session(token), None)
        response.delete_cookie(_login_cookie(state), path=COOKIE_PATH)
        return response

    def _open_session(self, token: str) -> str:
        moment = time.monotonic()
        self._sessions = {key: held for key, held in self._sessions.items() if held.until > moment}
        while len(self._sessions) >= MOST_SESSIONS:
            del self._sessions[next(iter(self._sessions))]  # its owner signs in again without being asked
        name = secrets.token_urlsafe(32)
        self._sessions[_digest(name)] = _Session(token, now(), moment + self._seconds)
        return name

    def _sign(self, key: str) -> str:
        return hmac.new(self._secret, f"form:{key}".encode(), hashlib.sha256).hexdigest()

    def _set_cookie(self, response: Response, name: str, value: str, seconds: int | None) -> None:
        response.set_cookie(
            name, value, max_age=seconds, path=COOKIE_PATH, secure=self._secure, httponly=True, samesite="lax"
        )


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def _login_cookie(state: str) -> str:
    """One cookie a sign-in, so that two tabs can sign in at once."""
    return f"{LOGIN_COOKIE}-{_digest(state)[:12]}"
