"""Stops every running workspace through the hub, before the hub itself is stopped."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import httpx

from governance.settings import Settings
from hub.services import SUPERVISOR, read_or_make_secret, token_file

STOP_SECONDS = 20.0
PAGE = 200
AT_ONCE = 20


def stop_workspaces(settings: Settings) -> int:
    """Ask the hub to stop all of them and wait until it has; returns how many ran. Blocking.

    A hub that does not answer cannot be asked: 0. Its workspaces are then found again, and kept, at the next start.
    """
    transport = httpx.HTTPTransport(uds=str(settings.folder.run / "hub.sock"))
    token = read_or_make_secret(token_file(settings, SUPERVISOR))
    with httpx.Client(
        transport=transport,
        base_url="http://gateway/hub/api",
        headers={"Authorization": f"token {token}"},
        timeout=STOP_SECONDS,
        trust_env=False,
    ) as client:
        try:
            running = list(_running(client))
            with ThreadPoolExecutor(AT_ONCE) as pool:  # each saves what is open in it first
                list(pool.map(partial(_ask_to_stop, client), running))
            _wait_until_gone(client)
        except (httpx.HTTPError, ValueError, KeyError):
            return 0
    return len(running)


def _ask_to_stop(client: httpx.Client, path: str) -> None:
    """One that does not answer in time does not keep the others from being waited for."""
    with contextlib.suppress(httpx.HTTPError):
        client.delete(path)


def _running(client: httpx.Client) -> Iterator[str]:
    offset = 0
    while True:
        answer = client.get("/users", params={"state": "active", "limit": PAGE, "offset": offset})
        answer.raise_for_status()
        people = answer.json()
        for person in people:
            for name in person["servers"]:
                yield str(httpx.URL("/users/x/servers/y").copy_with(path=f"/users/{person['name']}/servers/{name}"))
        if len(people) < PAGE:
            return
        offset += PAGE


def _wait_until_gone(client: httpx.Client) -> None:
    ends = time.monotonic() + STOP_SECONDS
    while time.monotonic() < ends and any(True for _ in _running(client)):
        time.sleep(0.2)
