"""Puts the edge together from the gateway's settings."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from urllib.parse import quote

from governance.settings import Settings
from governance.store import open_store
from hub.addresses import known_hosts, trusted_proxies
from hub.edge.approval import Approval
from hub.edge.entry import Entry
from hub.edge.forward import MEBIBYTE, EdgeAddress
from hub.edge.headers import content_policy
from hub.edge.meter import Meter
from hub.edge.server import Edge
from hub.edge.sign_in_limit import SignInLimit
from hub.edge.table import Route, RouteTable, make_route
from hub.edge.telling import tell_workspace
from hub.edge.tls import Tls
from hub.services import SERVICES, read_or_make_secret

ENTRY_KEY = "edge-entry-key"  # kept, so that a restart of the edge turns nobody out
LARGEST_UPLOAD = 256 * MEBIBYTE


def fixed_routes(settings: Settings) -> Iterable[Route]:
    """Routes to the services beside the hub."""
    for service in SERVICES:
        if service.prefix and (service.in_production or settings.is_demo):
            yield make_route(service.prefix, _target(settings, service.socket), {})


def hub_route(settings: Settings) -> Route:
    """Everything else is the hub's. Known from the start: a hub that is away answers `not-running`."""
    return make_route("/", _target(settings, "hub.sock"), {"hub": True})


def make_edge(settings: Settings) -> Edge:
    """The edge of these settings, not yet listening. Raises Refusal as `open_store`."""
    store = open_store(settings)
    upload = min(settings.egress_files * settings.egress_file_bytes, LARGEST_UPLOAD) + MEBIBYTE
    table = RouteTable(fixed_routes(settings))
    table.add(hub_route(settings))
    return Edge(
        table=table,
        address=EdgeAddress(
            settings.url,
            content_policy(settings.url),
            Entry(read_or_make_secret(settings.folder.keys / ENTRY_KEY), table, hours=settings.session_hours),
            service_body_bytes=upload,
            trusted_proxies=trusted_proxies(settings),
        ),
        hosts=known_hosts(settings),
        approval=Approval(store, settings.session_hours),
        meter=Meter(
            store,
            alarm_bytes=settings.traffic_alarm_bytes,
            cap_bytes=settings.traffic_cap_bytes,
            tell=partial(tell_workspace, settings.folder),
        ),
        tls=Tls.of(settings),
        sign_ins=SignInLimit(settings.sign_ins_per_minute),
        most_websockets=settings.websockets_per_workspace,
    )


def _target(settings: Settings, socket: str) -> str:
    return f"http+unix://{quote(str(settings.folder.run / socket), safe='')}"
