"""Who is visiting: the hub's OAuth for a FastAPI service. Promise: a page sees a subject only after the hub itself has
confirmed this browser's token within the last `BELIEVED_SECONDS`, and the token never reaches the browser.

The browser holds a random session name; the hub's token stays in this process. A restart forgets the sessions, and the
next page load fetches a new token without a question, because the browser is still signed in at the hub.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass, field
from datetime import datetime

from fastapi import Request
from fastapi.responses import RedirectResponse
from jupyterhub.services.auth import HubOAuth
from tornado.httputil import url_concat
from tornado.web import HTTPError

from governance.clock import now
from governance.refusal import Refusal
from hub.portal.hub_service import HubService

BELIEVED_SECONDS = 30
MOST_SESSIONS = 10_000
SIGN_IN_SECONDS = 600
NOT_COMPLETED = Refusal("sign-in-failed", "The sign-in could not be completed.", "Open the page again to sign in.")


class SignInNeeded(Exception):  # noqa: N818  (a turn of the road, not an error)
    """The browser has no session that the hub confirms; the app answers with the road to the hub's sign-in."""


@dataclass(frozen=True)
class SignedIn:
    """A confirmed visitor. `secret` is the session's own and never leaves the process; `began`: when it did."""

    subject: str
    secret: bytes = field(repr=False)
    began: datetime = field(default_factory=now)

    @property
    def xsrf(self) -> str:
        """The token that each form of this session carries."""
        return hmac.new(self.secret, b"xsrf", hashlib.sha256).hexdigest()

    def check_xsrf(self, shown: str) -> None:
        """Raises Refusal `form-expired` unless `shown` is this session's form token (compared in constant time)."""
        if not hmac.compare_digest(self.xsrf.encode(), shown.encode()):
            raise Refusal("form-expired", "This form is from an earlier session.", "Go back, reload and send it again.")


@dataclass(frozen=True)
class _Session:
    token: str = field(repr=False)
    secret: bytes = field(repr=False)
    began: datetime
    ends: float


class HubSignIn:
    """Sessions of one service. Used on the event loop only, so plain dict operations are enough."""

    def __init__(self, service: HubService, *, secure: bool, hours: float) -> None:
        self._prefix = service.service_prefix
        self._cookie = f"{service.client_id}-session"
        self._secure = secure
        self._seconds = hours * 3600
        self._sessions: dict[str, _Session] = {}
        self._hub = HubOAuth(
            api_url=service.api_url,
            api_token=service.api_token.get_secret_value(),
            base_url=service.service_prefix,
            hub_prefix=f"{service.base_url}hub/",
            oauth_client_id=service.client_id,
            oauth_redirect_uri=service.oauth_callback_url or f"{service.service_prefix}oauth_callback",
            access_scopes=set(service.oauth_access_scopes),
            cache_max_age=BELIEVED_SECONDS,
        )

    async def identify(self, request: Request) -> SignedIn:
        """The confirmed visitor. Raises SignInNeeded, or Refusal `hub-not-answering` / `service-not-allowed`."""
        name = request.cookies.get(self._cookie, "")
        session = self._sessions.get(name)
        if session is None or session.ends < time.monotonic():
            self._sessions.pop(name, None)
            raise SignInNeeded
        try:
            hub_session = request.cookies.get("jupyterhub-session-id", "")
            person = await self._hub.user_for_token(session.token, session_id=hub_session, sync=False)
        except HTTPError:
            raise Refusal("hub-not-answering", "The sign-in service does not answer.", "Try again shortly.") from None
        if person is None:
            del self._sessions[name]
            raise SignInNeeded
        allowed = self._hub.check_scopes(self._hub.access_scopes, person)
        if person.get("kind") != "user" or not allowed:
            raise Refusal("service-not-allowed", "Your account may not use these pages.", "Ask the service desk.")
        return SignedIn(str(person["name"]), session.secret, session.began)

    def send_to_hub(self, request: Request) -> RedirectResponse:
        """The road to the hub's sign-in and back to the page asked for (a path of this service, never elsewhere)."""
        verifier, challenge, method = self._hub.generate_pkce_code_challenge()
        here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        state = self._hub.generate_state(here, code_verifier=verifier)
        query = {"state": state, "code_challenge": challenge, "code_challenge_method": method}
        answer = RedirectResponse(url_concat(self._hub.login_url, query), status_code=302)
        self._set_cookie(answer, self._state_cookie(state), state, SIGN_IN_SECONDS)
        return answer

    async def return_from_hub(self, request: Request) -> RedirectResponse:
        """The hub's answer: the code becomes a token and a new session begins. Raises Refusal `sign-in-failed`."""
        code, state = request.query_params.get("code", ""), request.query_params.get("state", "")
        held = request.cookies.get(self._state_cookie(state), "")
        verifier = self._hub.get_code_verifier(state)
        if not code or not state or verifier is None or not hmac.compare_digest(state.encode(), held.encode()):
            raise NOT_COMPLETED
        onward = self._hub.get_next_url(state)
        self._hub.clear_oauth_state(state)  # a state serves once
        try:
            token = await self._hub.token_for_code(code, code_verifier=verifier, sync=False)
        except (HTTPError, KeyError):
            raise NOT_COMPLETED from None
        answer = RedirectResponse(onward, status_code=303)
        self._set_cookie(answer, self._cookie, self._open_session(token), None)
        answer.delete_cookie(self._state_cookie(state), path=self._prefix)
        return answer

    def _open_session(self, token: str) -> str:
        moment = time.monotonic()
        self._sessions = {name: held for name, held in self._sessions.items() if held.ends > moment}
        if len(self._sessions) >= MOST_SESSIONS:  # the oldest goes: its owner signs in again without a question
            del self._sessions[next(iter(self._sessions))]
        name = secrets.token_urlsafe(32)
        self._sessions[name] = _Session(token, secrets.token_bytes(32), now(), moment + self._seconds)
        return name

    def _state_cookie(self, state: str) -> str:
        plain = "".join(letter for letter in state[:12] if letter.isascii() and letter.isalnum())
        return f"{self._cookie}-state-{plain}"  # one for each tab that signs in at the same time

    def _set_cookie(self, answer: RedirectResponse, name: str, value: str, seconds: int | None) -> None:
        answer.set_cookie(
            name, value, max_age=seconds, path=self._prefix, secure=self._secure, httponly=True, samesite="lax"
        )


async def identify(request: Request) -> SignedIn:
    """The dependency that pages use; tests put their own person in its place."""
    sign_in: HubSignIn = request.app.state.sign_in
    return await sign_in.identify(request)
