"""The airlock's real service on its unix socket, with a stand-in for the hub: the two answers of JupyterHub it needs.

The stand-in checks what the hub checks (client secret, PKCE, one use of a code); the functional tests run the real one.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, quote, urlsplit

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from egress.service.app import create_app
from egress.service.hub_service import HubService
from egress.service.serve import open_socket
from egress.service.visitors import HubVisitors
from governance.callers import CHANNEL_HEADER, CallerIdentifier
from governance.channels import open_channel
from tests.support.airlock_world import PROJECT, AirlockWorld
from tests.support.visitor import Page, Visitor

CLIENT, SECRET, SCOPE = "service-airlock", "secret-of-the-airlock", "access:services!service=airlock"


@dataclass
class StandInHub:
    """Two endpoints of JupyterHub's API. `codes`: code -> (person, PKCE challenge); `tokens`: token -> its model."""

    codes: dict[str, tuple[str, str]] = field(default_factory=dict)
    tokens: dict[str, dict[str, Any]] = field(default_factory=dict)
    scopes: list[str] = field(default_factory=lambda: [SCOPE, "read:users:name!user=somebody"])
    kind: str = "user"
    broken: bool = False

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/hub/api/oauth2/token", self.give_token, methods=["POST"]),
                Route("/hub/api/user", self.say_who),
            ]
        )

    def sign_in(self, person: str, challenge: str) -> str:
        """What the person's own sign-in at the hub yields: a code for the service."""
        code = secrets.token_hex(8)
        self.codes[code] = (person, challenge)
        return code

    async def give_token(self, request: Request) -> JSONResponse:
        sent = dict(parse_qsl((await request.body()).decode()))
        person, challenge = self.codes.pop(sent["code"], ("", ""))
        proof = base64.urlsafe_b64encode(hashlib.sha256(sent.get("code_verifier", "").encode()).digest())
        good = (sent["client_id"], sent["client_secret"]) == (CLIENT, SECRET) and proof.decode().rstrip(
            "="
        ) == challenge
        if not person or not good:
            return JSONResponse({"error": "invalid_grant"}, 400)
        token = secrets.token_hex(16)
        self.tokens[token] = {"name": person, "kind": self.kind, "scopes": self.scopes}
        return JSONResponse({"access_token": token})

    async def say_who(self, request: Request) -> JSONResponse:
        if self.broken:
            return JSONResponse({}, 500)
        model = self.tokens.get(request.headers["authorization"].removeprefix("token "))
        return JSONResponse(model or {}, 200 if model else 403)


@dataclass(frozen=True)
class ServedAirlock:
    """The service and ways to talk to it. `address` is only a name: everything goes over the socket."""

    world: AirlockWorld
    hub: StandInHub
    socket: Path
    address: str = "http://gateway"

    def client(self, **headers: str) -> httpx.Client:
        transport = httpx.HTTPTransport(uds=str(self.socket))
        return httpx.Client(transport=transport, base_url=self.address, headers=headers, timeout=30, trust_env=False)

    def workspace(self, subject: str, project: str = PROJECT) -> httpx.Client:
        """What the workspace relay forwards: the channel's header and the workspace's token."""
        token = secrets.token_hex(16)
        channel = open_channel(self.world.store, subject=subject, project=project, token=token, kind="operator")
        return self.client(**{CHANNEL_HEADER: channel, "Authorization": f"Bearer {token}"})

    def browser(self, person: str) -> Visitor:
        """A signed-in browser: the real redirects, the hub's part taken by the stand-in."""
        client = self.client()
        answer = client.get("/services/airlock/")
        back = self.answer_of_hub(answer, person)
        landed = client.get(back)
        assert landed.status_code == 303, landed.text
        client.follow_redirects = True
        return Visitor(client)

    def answer_of_hub(self, answer: httpx.Response, person: str) -> str:
        """Where the hub sends the browser after sign-in."""
        assert answer.status_code == 302
        where = urlsplit(answer.headers["location"])
        assert where.path == "/hub/api/oauth2/authorize"
        asked = {name: values[0] for name, values in parse_qs(where.query).items()}
        assert (asked["client_id"], asked["code_challenge_method"]) == (CLIENT, "S256")
        code = self.hub.sign_in(person, asked["code_challenge"])
        return f"{asked['redirect_uri']}?code={code}&state={quote(asked['state'])}"

    def page(self, visitor: Visitor, request_id: str) -> Page:
        return visitor.open(f"/services/airlock/requests/{request_id}")


@contextmanager
def running(app: Any, *listeners: socket.socket) -> Iterator[None]:
    """uvicorn in a thread on those sockets."""
    config = uvicorn.Config(app, log_config=None, log_level="critical", access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [*listeners]}, daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.005)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(10)
        for listener in listeners:
            listener.close()


@contextmanager
def served(world: AirlockWorld, *also: socket.socket) -> Iterator[ServedAirlock]:
    """The whole service over the world, until the block ends; on other sockets too."""
    run = world.airlock.settings.folder.run
    run.mkdir(parents=True, exist_ok=True)
    hub = StandInHub()
    hub_socket, own_socket = run / "hub.sock", run / "airlock.sock"
    service = HubService(
        api_url=f"http+unix://{quote(str(hub_socket), safe='')}/hub/api",
        api_token=SECRET,
        client_id=CLIENT,
        access_scopes=frozenset({SCOPE}),
    )
    identifier = CallerIdentifier(world.store, lambda token: frozenset())
    app = create_app(world.airlock, identifier, HubVisitors(service, secure=False, hours=12))
    with running(hub.app(), open_socket(hub_socket)), running(app, open_socket(own_socket), *also):
        yield ServedAirlock(world, hub, own_socket)
