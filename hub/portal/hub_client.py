"""The portal's way to drive the hub: which workspaces run, start one, stop one, watch one start.

One service token, over the hub's unix socket. Needs the scopes read:servers, start:servers and delete:servers.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import quote

import httpx

from governance.refusal import Refusal
from hub.portal.hub_service import HubService

ANSWER_SECONDS = 10.0
#: How long a start is waited for: a refusal comes within that time, a real start takes longer and is watched instead.
START_SECONDS = 0.8
WATCH_SECONDS = 0.4
NOT_STARTED = "The workspace did not start."
#: The hub writes a spawner's own, considered words in this way; any other exception's text is not for people.
SPAWNER_WORDS = re.compile(r"Spawn failed: \d{3} SpawnException\(reason=[^)]*\): (?P<words>.+)", re.DOTALL)


class ServerState(StrEnum):
    """Where a workspace is in its life."""

    STOPPED = "stopped"
    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"


@dataclass(frozen=True)
class HubWorkspace:
    """One workspace as the hub knows it; `image` is the one it runs or was last started with, empty if none was."""

    state: ServerState
    image: str = ""


@dataclass(frozen=True)
class StartProgress:
    """How far a start has come. `percent` is 0-100; `failure` is the reason in words once it has failed."""

    percent: int = 0
    message: str = ""
    failure: str = ""


def hub_transport(service: HubService) -> httpx.BaseTransport:
    """HTTP to the hub, over its unix socket where it has one."""
    return httpx.HTTPTransport(uds=service.address.socket)


class HubClient:
    """Raises Refusal `hub-not-answering` from every call when the hub cannot be reached or fails."""

    def __init__(self, service: HubService, transport: httpx.BaseTransport | None = None) -> None:
        self._http = httpx.Client(
            base_url=service.address.base_url,
            headers={"Authorization": f"token {service.api_token.get_secret_value()}"},
            timeout=ANSWER_SECONDS,
            transport=transport or hub_transport(service),
        )

    def read_servers(self, subject: str) -> Mapping[str, ServerState]:
        """Project -> state of the person's workspaces that are not stopped; empty for somebody the hub never saw."""
        answer = self._call("GET", _user(subject), accept=(404,))
        servers = answer.json().get("servers", {}) if answer.status_code == httpx.codes.OK else {}
        return {name: _state(model) for name, model in servers.items()}

    def read_workspaces(self, subject: str) -> Mapping[str, HubWorkspace]:
        """Project -> the person's workspaces, also those that are stopped but were started once."""
        answer = self._call("GET", f"{_user(subject)}?include_stopped_servers=1", accept=(404,))
        servers = answer.json().get("servers", {}) if answer.status_code == httpx.codes.OK else {}
        return {name: HubWorkspace(_state(model), _image(model)) for name, model in servers.items()}

    def start(self, subject: str, project: str, image: str = "") -> None:
        """Ask for a workspace with an image, or with the one of the last start if none is named; starting one that runs
        or starts already is harmless.

        Raises Refusal `workspace-not-started` with the hub's reason.
        """
        if self.read_servers(subject).get(project) in (ServerState.RUNNING, ServerState.STARTING):
            return
        path, options = f"{_user(subject)}/servers/{quote(project)}", {"user_options": {"image": image}}
        try:
            answer = self._http.post(path, json=options if image else None, timeout=_patience(START_SECONDS))
        except httpx.ReadTimeout:
            return  # the hub goes on starting it
        except httpx.HTTPError:
            raise _not_answering() from None
        if answer.is_error:
            raise _not_started(answer)

    def stop(self, subject: str, project: str) -> bool:
        """Stop a workspace. False if there was none."""
        running = project in self.read_servers(subject)
        if running:
            self._call("DELETE", f"{_user(subject)}/servers/{quote(project)}", accept=(404,))
        return running

    def watch_start(self, subject: str, project: str) -> StartProgress:
        """How far the start of a workspace has come, from what the hub tells within `WATCH_SECONDS`."""
        progress = StartProgress()
        for event in self._events(f"{_user(subject)}/servers/{quote(project)}/progress"):
            if event.get("failed"):
                found = SPAWNER_WORDS.match(str(event.get("message", "")))
                return StartProgress(100, "", found["words"].strip() if found else NOT_STARTED)
            percent = max(progress.percent, min(100, int(event.get("progress", 0))))
            progress = StartProgress(percent, str(event.get("message", "")))
        return progress

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def _events(self, path: str) -> Iterator[dict[str, Any]]:
        """The server-sent events that arrive in time; a start may go on for long after."""
        ends = time.monotonic() + WATCH_SECONDS
        try:
            with self._http.stream("GET", path, timeout=_patience(WATCH_SECONDS)) as answer:
                if answer.is_error:
                    return
                for line in answer.iter_lines():
                    if line.startswith("data:"):
                        yield json.loads(line.removeprefix("data:"))
                    if time.monotonic() > ends:
                        return
        except httpx.ReadTimeout:
            return
        except (httpx.HTTPError, ValueError):
            raise _not_answering() from None

    def _call(self, method: str, path: str, accept: tuple[int, ...] = ()) -> httpx.Response:
        try:
            answer = self._http.request(method, path)
        except httpx.HTTPError:
            raise _not_answering() from None
        if answer.is_error and answer.status_code not in accept:
            raise _not_answering()
        return answer


def _user(subject: str) -> str:
    return f"/users/{quote(subject, safe='@~')}"


def _patience(seconds: float) -> httpx.Timeout:
    return httpx.Timeout(ANSWER_SECONDS, read=seconds)


def _state(model: Mapping[str, Any]) -> ServerState:
    if model.get("ready"):
        return ServerState.RUNNING
    return {"spawn": ServerState.STARTING, "stop": ServerState.STOPPING}.get(
        str(model.get("pending")), ServerState.STOPPED
    )


def _image(model: Mapping[str, Any]) -> str:
    options = model.get("user_options")
    return str(options.get("image", "")) if isinstance(options, Mapping) else ""


def _not_answering() -> Refusal:
    return Refusal("hub-not-answering", "The workspace service does not answer.", "Try again in a minute.")


def _not_started(answer: httpx.Response) -> Refusal:
    """A refusal of the hub (4xx) is written for people; a failure (5xx) is not."""
    words = NOT_STARTED
    if answer.is_client_error:
        try:
            words = str(answer.json()["message"]) or NOT_STARTED
        except (ValueError, KeyError, TypeError):
            words = NOT_STARTED
    return Refusal("workspace-not-started", words, "Try again; if it happens again, tell the service desk.")
