"""HTTP over the workspace's own unix sockets; the token the hub gave this workspace goes with every call."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

import httpx

from sde.errors import Refused, ServiceUnavailable

SOCKETS = {"query guard": "/run/guard/guard.sock", "airlock": "/run/guard/airlock.sock"}
SECONDS = 120.0


@cache
def _client(service: str) -> httpx.Client:
    return httpx.Client(
        transport=httpx.HTTPTransport(uds=SOCKETS[service]), base_url="http://sde", timeout=SECONDS, trust_env=False
    )


def call(service: str, method: str, path: str, **request: Any) -> httpx.Response:
    """One call. Raises Refused with the service's own words, ServiceUnavailable if it does not answer."""
    headers = {"Authorization": f"Bearer {os.environ.get('JUPYTERHUB_API_TOKEN', '')}"}
    try:
        response = _client(service).request(method, path, headers=headers, **request)
    except httpx.HTTPError:
        raise ServiceUnavailable(service) from None
    if response.is_success:
        return response
    try:
        told = response.json()
        refusal = Refused(told["code"], told["message"], told.get("remedy", ""), told.get("where", ""))
    except (ValueError, KeyError, TypeError):
        raise ServiceUnavailable(service) from None
    raise refusal
