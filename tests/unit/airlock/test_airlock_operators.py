"""The command line and the start of the service."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
import pytest
import structlog
import uvicorn
from typer.testing import CliRunner

from egress.commands.airlock import app
from egress.ending_review import conclude_and_release
from egress.service.hub_service import HubService, read_hub_service
from egress.service.rendering_pages import show_size
from egress.service.serve import open_socket
from egress.service.statuses import status_of
from governance.refusal import Refusal
from tests.support.airlock_world import AUTHOR, CHECKER, PROJECT, AirlockWorld, output, supporting

HUB = {
    "JUPYTERHUB_API_TOKEN": "token",
    "JUPYTERHUB_API_URL": "http+unix://%2Frun%2Fhub.sock/hub/api",
    "JUPYTERHUB_CLIENT_ID": "service-airlock",
    "JUPYTERHUB_OAUTH_ACCESS_SCOPES": '["access:services!service=airlock"]',
}


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_list_and_show(world: AirlockWorld) -> None:
    assert "no requests" in run("list")
    request = world.reviewed(output(content=b"REVIEW"), supporting())
    conclude_and_release(world.airlock, actor=CHECKER, request_id=request)
    drafted = world.draft()
    assert [row["id"] for row in json.loads(run("list", "--json"))] == [drafted, request]
    assert [row["id"] for row in json.loads(run("list", "--json", "--state", "released"))] == [request]
    assert json.loads(run("list", "--json", "--project", "respiratory")) == []
    assert request in run("list", "-p", PROJECT)
    shown = json.loads(run("show", request, "--json"))
    assert (shown["author"], shown["state"], shown["released_to"]) == (AUTHOR, "released", f"{PROJECT}/{request}")
    assert [(file["name"], file["reviews"], file["fails"]) for file in shown["files"]] == [
        ("table.csv", 1, 0),
        ("notes.txt", 0, 0),
    ]
    assert "table.csv" in run("show", request)
    assert json.loads(run("show", drafted, "--json"))["released_at"] is None
    with pytest.raises(Refusal, match="no-such-request"):
        run("show", "0" * 16)


def test_the_hubs_description_is_read_whole_or_not_at_all() -> None:
    assert read_hub_service({}) is None
    service = read_hub_service(HUB)
    assert service == HubService(
        HUB["JUPYTERHUB_API_URL"], "token", "service-airlock", frozenset({"access:services!service=airlock"}), "/"
    )
    assert "token" not in repr(service).replace("api_token", "")
    for name in HUB.keys() - {"JUPYTERHUB_API_TOKEN"}:
        with pytest.raises(Refusal, match="not-a-hub-service"):
            read_hub_service({key: value for key, value in HUB.items() if key != name})
    for scopes in ("[]", "{}", "nonsense"):
        with pytest.raises(Refusal, match="not-a-hub-service"):
            read_hub_service(HUB | {"JUPYTERHUB_OAUTH_ACCESS_SCOPES": scopes})


def test_the_socket_is_private_and_replaces_a_stale_one(tmp_path: Path) -> None:
    path = tmp_path / "a.sock"
    for _ in range(2):
        listener = open_socket(path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert listener.family == socket.AF_UNIX
        listener.close()


@pytest.mark.parametrize("hub", [True, False])
def test_serve_puts_it_together(world: AirlockWorld, monkeypatch: pytest.MonkeyPatch, hub: bool) -> None:
    ran: list[uvicorn.Server] = []

    def note(server: uvicorn.Server, sockets: list[socket.socket]) -> None:
        ran.append(server)
        sockets[0].close()

    monkeypatch.setattr(uvicorn.Server, "run", note)
    monkeypatch.setattr(tempfile, "tempdir", None)
    for name in [name for name in os.environ if name.startswith("JUPYTERHUB_")]:
        monkeypatch.delenv(name)
    if hub:
        for name, value in HUB.items():
            monkeypatch.setenv(name, value)
    settings = world.airlock.settings
    try:
        assert run("serve") == ""
    finally:
        structlog.reset_defaults()
    desk = ran[0].config.app.state.desk  # type: ignore[union-attr]
    assert (desk.visitors is not None) == hub
    assert tempfile.gettempdir() == str(settings.folder.airlock / "incoming")


@pytest.mark.slow
def test_the_real_process_serves_logs_lines_of_json_and_stops(world: AirlockWorld) -> None:
    settings = world.airlock.settings
    environment = {name: value for name, value in os.environ.items() if not name.startswith("JUPYTERHUB_")}
    code = "from governance.command_line import main; main()"
    command = [sys.executable, "-c", code, "airlock", "serve"]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    try:
        path = settings.folder.run / "airlock.sock"
        client = httpx.Client(transport=httpx.HTTPTransport(uds=str(path)), base_url="http://x", trust_env=False)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                answer = client.get("/services/airlock/")
                break
            except httpx.TransportError:
                assert process.poll() is None
                time.sleep(0.1)
        assert answer.status_code == 503
        assert "server" not in answer.headers
        client.close()
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.stderr is not None
        logged = process.stderr.read().splitlines()
        process.stderr.close()
        process.wait(20)
    events = [json.loads(line)["event"] for line in logged]
    assert events[0] == "airlock.started"
    assert events[-1] == "airlock.stopped"


def test_statuses_and_words() -> None:
    codes = {"wrong-state": 409, "no-such-request": 404, "training-expired": 403, "context-missing": 422}
    assert {code: status_of(Refusal(code, "")) for code in codes} == codes
    assert [show_size(size) for size in (999, 1_000, 2_500_000)] == ["999 bytes", "1.0 kB", "2.5 MB"]
