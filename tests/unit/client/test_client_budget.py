"""`sde.budget()` and `sde.project()` of the researcher's client, against the guard's own answer over a real socket."""

from __future__ import annotations

import importlib
import socketserver
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import FrozenInstanceError
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from governance.disclosure import PROFILES
from governance.registry import CellBudget
from governance.store.projects import Project
from query_guard.service.shapes import ProjectShape

CLIENT = Path(__file__).parents[3] / "images" / "client"


class Told(BaseHTTPRequestHandler):
    """Answers every GET with the server's `body`."""

    def do_GET(self) -> None:
        body: bytes = self.server.body if self.path == "/v1/project" else b"{}"  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words: object) -> None:
        """Says nothing."""


@pytest.fixture
def guard(monkeypatch: pytest.MonkeyPatch) -> Iterator[socketserver.UnixStreamServer]:
    """A unix socket where the client looks for the guard; `body` is what it says of the project."""
    monkeypatch.syspath_prepend(CLIENT)
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "of-this-workspace")
    transport = importlib.import_module("sde.transport")
    with tempfile.TemporaryDirectory() as short:  # a socket's path has a limit that pytest's folders pass
        place = f"{short}/g"
        monkeypatch.setitem(transport.SOCKETS, "query guard", place)
        transport._client.cache_clear()
        with socketserver.UnixStreamServer(place, Told) as server:
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            yield server
            server.shutdown()
            thread.join()
        transport._client("query guard").close()
        transport._client.cache_clear()


def ask(guard: Any, total: int, spent: int) -> Any:
    project = Project(slug="gi-bleed", title="T", mode="aggregate", ends_on=date(2030, 1, 1))
    budget = CellBudget(total, spent, datetime(2030, 1, 1, tzinfo=UTC))
    guard.body = ProjectShape.of(project, PROFILES["nhs-sde"], budget).model_dump_json().encode()
    return importlib.import_module("sde")


def test_what_is_left_as_numbers_and_in_words(guard: Any) -> None:
    sde = ask(guard, 20_000, 600)
    budget = sde.budget()
    assert (budget.project, budget.total, budget.left) == ("gi-bleed", 20_000, 19_400)
    assert repr(budget) == "19,400 of 20,000 cells left today in gi-bleed. It starts anew at midnight UTC."
    with pytest.raises(FrozenInstanceError):
        budget.left = 1


def test_nothing_left_says_who_can_raise_it(guard: Any) -> None:
    budget = ask(guard, 20_000, 20_100).budget()
    assert budget.left == 0
    assert str(budget).endswith("It starts anew at midnight UTC. An administrator can raise it for the project.")


def test_the_project_tells_it_too(guard: Any) -> None:
    sde = ask(guard, 50, 20)
    assert sde.project() == {
        "project": "gi-bleed",
        "title": "T",
        "mode": "aggregate",
        "profile": "nhs-sde",
        "threshold": 10,
        "round_to": 5,
        "budget_cells": 50,
        "cells_left": 30,
        "ends_on": "2030-01-01",
    }
