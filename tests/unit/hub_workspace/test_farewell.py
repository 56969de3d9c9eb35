"""The farewell: believed only if the server says that nothing is unsaved; whatever else happens, it ends in time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web

from hub import farewell
from hub.farewell import HEADER, save_open_documents

BASE = "/user/researcher-a/respiratory/"
Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


def ask(folder: Path, handler: Handler) -> bool:
    async def story() -> bool:
        runner = web.ServerRunner(web.Server(handler), shutdown_timeout=0.1)
        await runner.setup()
        await web.UnixSite(runner, str(folder / "s.sock")).start()
        try:
            return await save_open_documents(folder / "s.sock", BASE)
        finally:
            await runner.cleanup()

    return asyncio.run(story())


def answering(status: int, text: str) -> Handler:
    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        assert (request.method, request.path, request.headers[HEADER]) == ("POST", f"{BASE}sde/closing", "1")
        return web.Response(status=status, text=text)

    return handle


@pytest.mark.parametrize(
    ("status", "text", "saved"),
    [
        (200, '{"saved": 2, "unsaved": 0}', True),
        (200, '{"saved": 1, "unsaved": 1}', False),
        (200, "[]", False),
        (200, "no JSON", False),
        (200, '{"unsaved": 0, "long": "' + "x" * 100_000 + '"}', False),
        (403, '{"unsaved": 0}', False),
        (302, '{"unsaved": 0}', False),
    ],
)
def test_what_the_server_says(tmp_path: Path, status: int, text: str, saved: bool) -> None:
    assert ask(tmp_path, answering(status, text)) is saved


def test_nobody_listens(tmp_path: Path) -> None:
    assert asyncio.run(save_open_documents(tmp_path / "nothing.sock", BASE)) is False


def test_a_server_that_never_answers_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(farewell, "FAREWELL_SECONDS", 0.2)

    async def hang(request: web.BaseRequest) -> web.StreamResponse:
        await asyncio.sleep(3600)
        raise AssertionError

    assert ask(tmp_path, hang) is False
