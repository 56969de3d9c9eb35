"""Asks the hub which servers a token reaches. Promise: a token that reaches anything but single, named servers of its
own owner is refused, and so is every answer that is not understood.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import httpx

from governance.callers import Introspect, unknown_channel

ACCESS_SCOPE = "access:servers"
SERVER_FILTER = f"{ACCESS_SCOPE}!server="
TIMEOUT_SECONDS = 5.0
WHO_AM_I = "http://hub/hub/api/user"  # over the unix socket; no host of that name is ever looked up


def introspect_with_hub(hub_socket: Path) -> Introspect:
    """A function token -> {"user/project", ...}, asking the hub on its private socket. Safe to call from threads.

    The function raises Refusal `unknown-channel` when the hub does not know the token, cannot be reached, or the token
    reaches more than named servers of its owner.
    """
    transport = httpx.HTTPTransport(uds=str(hub_socket))
    client = httpx.Client(transport=transport, timeout=TIMEOUT_SECONDS, trust_env=False)

    def introspect(token: str) -> frozenset[str]:
        try:
            answer = client.get(WHO_AM_I, headers={"Authorization": f"token {token}"})
            if answer.status_code != httpx.codes.OK:
                raise unknown_channel()
            return read_reach(answer.json())
        except (httpx.HTTPError, ValueError, UnicodeError):
            raise unknown_channel() from None

    return introspect


def read_reach(model: Any) -> frozenset[str]:
    """The servers named by the hub's model of a token's owner (`GET /hub/api/user`).

    Raises Refusal `unknown-channel` for a service's token, a missing or wider scope, or a server of somebody else.
    """
    if not isinstance(model, dict) or model.get("kind") != "user":
        raise unknown_channel()
    owner, scopes = model.get("name"), model.get("scopes")
    if not isinstance(owner, str) or not owner or not isinstance(scopes, list):
        raise unknown_channel()
    servers = frozenset(_read_servers(scopes))
    if not servers or any(server.rpartition("/")[0] != owner for server in servers):
        raise unknown_channel()
    return servers


def _read_servers(scopes: Iterable[object]) -> Iterable[str]:
    for scope in scopes:
        if not isinstance(scope, str):
            raise unknown_channel()
        if scope.startswith(SERVER_FILTER):
            yield scope.removeprefix(SERVER_FILTER)
        elif scope == ACCESS_SCOPE or scope.startswith(f"{ACCESS_SCOPE}!"):
            raise unknown_channel()  # every server, or every server of a user or group
