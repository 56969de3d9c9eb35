"""What the researcher's client makes of parameters, dialects and the magic's line."""

from __future__ import annotations

import importlib
import json
import socketserver
import tempfile
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

CLIENT = Path(__file__).parents[3] / "images" / "client"
NOON = {"timestamp": "2020-01-31T12:00:00.000000"}


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(CLIENT)
    return importlib.import_module("sde.parameters")


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        ("x", "x"),
        (5, 5),
        (2.5, 2.5),
        (True, True),
        (None, None),
        (date(2020, 1, 31), {"date": "2020-01-31"}),
        (datetime(2020, 1, 31, 12), NOON),
        (pd.Timestamp("2020-01-31 12:00"), NOON),
        (pd.Timestamp(2020, 1, 31, 12, nanosecond=7), NOON),
        (np.datetime64("2020-01-31T12:00:00.000000000"), NOON),
        (np.int64(5), 5),
        (np.float32(0.5), 0.5),
        (np.bool_(True), True),
        (np.str_("x"), "x"),
        (pd.NA, None),
        (pd.NaT, None),
        ([1, 2], [1, 2]),
        ((date(2020, 1, 31), None), [{"date": "2020-01-31"}, None]),
        (range(3), [0, 1, 2]),
        ({7}, [7]),
        (np.array([1, 2]), [1, 2]),
        (np.array(["2020-01-31T12:00"], "datetime64[ns]"), [NOON]),
        (pd.Series([1.5, 2.5]), [1.5, 2.5]),
        (pd.Series(pd.to_datetime(["2020-01-31 12:00"])), [NOON]),
        (pd.Index(["a", "b"]), ["a", "b"]),
    ],
    ids=range(25),
)
def test_values_are_made_plain(client: Any, value: Any, sent: Any) -> None:
    assert client.plain_parameters({"v": value}) == {"v": sent}
    assert client.plain_parameters([value]) == [sent]
    assert json.loads(json.dumps(client.plain_parameters([value]), allow_nan=False)) == [sent]
    if isinstance(sent, bool | int | float | str):
        assert type(client.plain_parameters([value])[0]) is type(sent)


@pytest.mark.parametrize(
    ("value", "error"),
    [
        (float("nan"), ValueError),
        (np.float64("inf"), ValueError),
        (pd.Series([1.0, None]), ValueError),
        (pd.Timestamp("2020-01-31", tz="UTC"), ValueError),
        (datetime(2020, 1, 31, tzinfo=UTC), ValueError),
        (Decimal("1.5"), TypeError),
        (b"x", TypeError),
        ({"a": 1}, TypeError),
        ([[1]], TypeError),
        (1j, TypeError),
    ],
    ids=range(10),
)
def test_values_that_no_query_holds(client: Any, value: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="parameter year"):
        client.plain_parameters({"year": value})


@pytest.mark.parametrize("params", ["abc", 5])
def test_parameters_are_a_dict_or_a_list(client: Any, params: Any) -> None:
    with pytest.raises(TypeError):
        client.plain_parameters(params)


class Guard(BaseHTTPRequestHandler):
    """Keeps every question in the server's `bodies` and answers an empty table."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.bodies.append(json.loads(body))  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("Content-Length", str(len(ANSWER)))
        self.end_headers()
        self.wfile.write(ANSWER)

    def log_message(self, *words: object) -> None:
        """Says nothing."""


def an_answer() -> bytes:
    sink, table = pa.BufferOutputStream(), pa.table({"n": [1]})
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue().to_pybytes())


ANSWER = an_answer()


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """The bodies that reached a unix socket where the client looks for the guard."""
    monkeypatch.syspath_prepend(CLIENT)
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "of-this-workspace")
    transport = importlib.import_module("sde.transport")
    with tempfile.TemporaryDirectory() as short:  # a socket's path has a limit that pytest's folders pass
        monkeypatch.setitem(transport.SOCKETS, "query guard", f"{short}/g")
        transport._client.cache_clear()
        with socketserver.UnixStreamServer(f"{short}/g", Guard) as server:
            server.bodies = []  # type: ignore[attr-defined]
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            yield server.bodies  # type: ignore[attr-defined]
            server.shutdown()
            thread.join()
        transport._client("query guard").close()
        transport._client.cache_clear()


def test_what_goes_over_the_wire(sent: list[Any]) -> None:
    sde = importlib.import_module("sde")
    sde.sql("SELECT 1")
    sde.sql("SELECT :a", {"a": date(2020, 1, 31)})
    sde.sql("SELECT ?", [1], dialect="tsql")
    assert sent == [
        {"sql": "SELECT 1"},
        {"sql": "SELECT :a", "parameters": {"a": {"date": "2020-01-31"}}},
        {"sql": "SELECT ?", "parameters": [1], "dialect": "tsql"},
    ]


class Shell:
    def __init__(self) -> None:
        self.user_ns: dict[str, Any] = {"wanted": {"year": 1950}}
        self.magics: dict[str, Any] = {}

    def register_magic_function(self, function: Any, magic_kind: str, magic_name: str) -> None:
        self.magics[magic_name] = function


def test_the_magic(sent: list[Any]) -> None:
    shell = Shell()
    importlib.import_module("sde").load_ipython_extension(shell)
    run = shell.magics["sde"]
    run("", "SELECT 1")
    run("ages", "SELECT 2")
    run("--dialect tsql ages2", "SELECT 3")
    run("--params wanted --dialect 'sql server'", "SELECT :year")
    assert sent == [
        {"sql": "SELECT 1"},
        {"sql": "SELECT 2"},
        {"sql": "SELECT 3", "dialect": "tsql"},
        {"sql": "SELECT :year", "parameters": {"year": 1950}, "dialect": "sql server"},
    ]
    assert list(shell.user_ns["ages"]["n"]) == list(shell.user_ns["ages2"]["n"]) == [1]
    for line in ("a b", "1a", "--dialect", "--wat tsql a"):
        with pytest.raises(ValueError, match="give a variable name"):
            run(line, "SELECT 4")
