"""Who speaks to the edge. Promise: a client's own word about its address is never believed, only that of a proxy which
the settings name."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address

from aiohttp import web

from hub.addresses import Network

HEADER = "X-Forwarded-For"


def client_of(request: web.BaseRequest, trusted: Iterable[Network]) -> str:
    """The address of the client: the connection's, or, behind trusted proxies, the last one that none of them is."""
    remote = request.remote or ""
    trusted = tuple(trusted)
    if not trusted or not _is_trusted(remote, trusted):
        return remote
    said = [part.strip() for part in ",".join(request.headers.getall(HEADER, ())).split(",")]
    for address in reversed(said):
        if not _is_address(address):
            break  # whatever stands further left was not written by a proxy of ours
        if not _is_trusted(address, trusted):
            return address
    return remote


def _is_trusted(address: str, trusted: tuple[Network, ...]) -> bool:
    return _is_address(address) and any(ip_address(address) in network for network in trusted)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
