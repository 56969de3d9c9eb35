"""The portal over a real register, with a stand-in for JupyterHub's REST API and an identity of the test's choosing."""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from governance.audit import append_event
from governance.clock import now
from governance.demo_register import load_demo_register
from governance.registry import initialise
from governance.settings import Settings
from governance.store import Store, open_store
from governance.store.airlock import EgressFile, EgressRequest, EgressVote
from hub.portal.app import create_app
from hub.portal.hub_client import HubClient
from hub.portal.hub_service import HubService
from hub.portal.identity import SignedIn, identify
from tests.support.scratch import shared_folder

SECRET = b"a secret of the test's own session"
SERVICE = HubService(
    api_url="http://hub/hub/api",
    api_token="token-of-the-test",
    client_id="service-portal",
    service_prefix="/services/portal/",
    oauth_access_scopes=frozenset({"access:services!service=portal"}),
)


@dataclass
class StandInHub:
    """The few answers of JupyterHub's REST API that the portal uses; `down` makes it refuse connections."""

    servers: dict[tuple[str, str], dict[str, object]] = field(default_factory=dict)
    events: list[dict[str, object]] = field(default_factory=list)
    refuses_start: httpx.Response | None = None
    down: bool = False
    calls: list[tuple[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    def run(
        self, subject: str, project: str, *, ready: bool = True, pending: str | None = None, image: str = ""
    ) -> None:
        options = {"image": image} if image else {}
        self.servers[subject, project] = {"name": project, "ready": ready, "pending": pending, "user_options": options}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        assert request.headers["authorization"] == "token token-of-the-test"
        if self.down:
            raise httpx.ConnectError("down")
        path = request.url.path.removeprefix("/hub/api")
        self.calls.append((request.method, path))
        match path.strip("/").split("/"):
            case ["users", subject]:
                mine = {name: model for (who, name), model in self.servers.items() if who == subject}
                return httpx.Response(200, json={"name": subject, "servers": mine})
            case ["users", subject, "servers", project]:
                self.bodies.append(request.content)
                return self._change(request.method, subject, project)
            case ["users", _, "servers", _, "progress"]:
                return httpx.Response(200, text="".join(f"data: {json.dumps(event)}\n\n" for event in self.events))
        return httpx.Response(404)

    def _change(self, method: str, subject: str, project: str) -> httpx.Response:
        if method == "DELETE":
            self.servers.pop((subject, project), None)
            return httpx.Response(204)
        if self.refuses_start is not None:
            return self.refuses_start
        self.run(subject, project, ready=False, pending="spawn")
        return httpx.Response(202)


@pytest.fixture(scope="session")
def demo_state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demonstration's state folder, made once: each test works on a copy of its own."""

    def make(folder: Path) -> None:
        made = initialise(Settings(state=folder))
        load_demo_register(made)
        made.close()

    return shared_folder(tmp_path_factory, "portal", make)


@pytest.fixture
def demo_register(settings: Settings, demo_state: Path) -> Iterator[Store]:
    shutil.copytree(demo_state, settings.folder.root)
    opened = open_store(settings)
    yield opened
    opened.close()


@pytest.fixture
def hub() -> StandInHub:
    return StandInHub()


@pytest.fixture(scope="session")
def one_app(demo_state: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FastAPI]:
    """The application as `create_app` makes it, once: its templates are compiled only once, too."""
    state = shutil.copytree(demo_state, tmp_path_factory.mktemp("app") / "state")
    application = create_app(Settings(state=state), SERVICE, transport=httpx.MockTransport(StandInHub()))
    yield application
    application.state.portal.hub.close()
    application.state.portal.store.close()


@pytest.fixture
def app(one_app: FastAPI, settings: Settings, demo_register: Store, hub: StandInHub) -> Iterator[FastAPI]:
    """That application over this test's own register, state folder and hub."""
    before = one_app.state.portal
    client = HubClient(SERVICE, httpx.MockTransport(hub))
    one_app.state.portal = replace(before, store=demo_register, hub=client, settings=settings)
    yield one_app
    one_app.state.portal = before
    one_app.dependency_overrides.clear()
    client.close()


@pytest.fixture
def visit(app: FastAPI) -> Callable[[str], TestClient]:
    """visit("admin") gives a client whose identity is that subject. Redirects are not followed."""

    def become(subject: str) -> TestClient:
        app.dependency_overrides[identify] = lambda: SignedIn(subject, SECRET)
        return TestClient(app, base_url="http://gateway.test", follow_redirects=False)

    return become


AddRequest = Callable[..., str]


@pytest.fixture
def add_request(demo_register: Store) -> AddRequest:
    """add_request(state, votes={"checker-a": 1}, ...) stores an egress request as the airlock does; returns its id."""

    def add(
        state: str,
        *,
        author: str = "researcher-a",
        project: str = "gi-bleed",
        title: str = "A table",
        files: int = 2,
        votes: Mapping[str, int] | None = None,
        at: datetime | None = None,
    ) -> str:
        moment, name = at or now(), secrets.token_hex(8)
        with demo_register.transaction() as session:
            request = EgressRequest(
                id=name, project_slug=project, author=author, state=state, turn=1, title=title,
                created_at=moment, changed_at=moment,
            )  # fmt: skip
            for number in range(files):
                file = EgressFile(name=f"{number}.csv", sha256="0" * 64, size=1, added_turn=1)
                file.votes = [
                    EgressVote(
                        checker=checker, turn=1, sha256="0" * 64, policy_version="v", decision="approve", voted_at=now()
                    )
                    for checker, voted in (votes or {}).items()
                    if number < voted
                ]
                request.files.append(file)
            session.add(request)
            session.flush()
            append_event(
                session, event="egress.submitted", actor=author, project=project, detail={"request": name, "turn": 1}
            )
        return name

    return add


@pytest.fixture
def form_token() -> str:
    return SignedIn("anybody", SECRET).xsrf
