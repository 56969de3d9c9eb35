"""The edge's HTTP server. `Edge.handle` is every request's one road: path, host, origin, route, rules, approval."""

from __future__ import annotations

import asyncio
from typing import Any

import structlog
from aiohttp import web

from governance.refusal import Refusal
from hub.edge import origin, pages
from hub.edge.approval import Approval, Standing
from hub.edge.clients import client_of
from hub.edge.entry import NOT_LET_IN, way_in
from hub.edge.flows import Flow, Flows
from hub.edge.forward import EdgeAddress, Sockets, forward_http
from hub.edge.headers import for_tls
from hub.edge.hub_doors import check_hub_path
from hub.edge.listener import Listener
from hub.edge.meter import Meter
from hub.edge.paths import RequestPath, check_query, read_path
from hub.edge.refusal_log import RefusalLog
from hub.edge.refused import READING, check_workspace_path, is_terminal
from hub.edge.sign_in_limit import SignInLimit
from hub.edge.table import Route, RouteTable, Workspace
from hub.edge.tls import Tls
from hub.edge.traffic import Traffic
from hub.edge.websocket import forward_websocket, is_websocket
from hub.services import PORTAL

#: Pages of the hub that the portal replaces.
REDIRECTS = dict.fromkeys(("", "hub/home", "hub/token", "hub/admin", "hub/spawn"), PORTAL.prefix)
#: Requests are passed on as they came, so bodies stay packed; the hub and the services write their own access logs.
SERVER_OPTIONS: dict[str, Any] = {"keepalive_timeout": 75.0, "access_log": None, "auto_decompress": False}
SHUTDOWN_SECONDS = 3.0

log = structlog.get_logger("edge")


class Edge:
    """Everything between the TCP port and the unix sockets."""

    def __init__(
        self,
        *,
        table: RouteTable,
        address: EdgeAddress,
        hosts: frozenset[str],
        approval: Approval,
        meter: Meter,
        tls: Tls | None,
        sign_ins: SignInLimit,
        most_websockets: int,
    ) -> None:
        self.table = table
        self._address = address
        self.entry = address.entry
        self._hosts = hosts
        self.approval = approval
        self.flows = Flows(self.check_open)
        self._meter = meter
        self._tls = tls
        self._sign_ins = sign_ins
        self._refusals = RefusalLog()
        self._most_websockets = most_websockets
        self._duties: list[asyncio.Task[None]] = []
        self._sockets = Sockets()
        self._server: web.Server | None = None
        self._listener: Listener | None = None

    async def start(self, host: str, port: int) -> None:
        """Listen. Raises OSError if the port is taken."""
        self._server = web.Server(self.handle, handler_cancellation=True, **SERVER_OPTIONS)
        said = f"This port speaks TLS. Use {self._address.public_url}/\n"
        self._listener = Listener(self._server, self._tls, self._address.trusted_proxies, said)
        await self._listener.start(host, port)
        self._duties = [asyncio.create_task(duty) for duty in (self.flows.watch(), self._meter.keep())]

    async def stop(self) -> None:
        """Close the port and every connection, then record what passed."""
        for duty in self._duties:
            duty.cancel()
        if self._listener is not None and self._server is not None:
            await self._listener.stop()
            self._server.pre_shutdown()
            await self._server.shutdown(SHUTDOWN_SECONDS)
        await self._sockets.close()
        await self._meter.forget_all()

    async def forget(self, route: Route) -> None:
        """A workspace has stopped: end what is open of it and record what passed."""
        if route.workspace is not None:
            self.flows.end(route.workspace, pages.NOT_RUNNING)
        await self._sockets.forget(route.socket)
        if route.workspace is not None:
            self.approval.forget(route.workspace)
            await self._meter.forget(route.workspace)

    def check_open(self, workspace: Workspace) -> Standing:
        """Raise the Refusal that ends what is open of a workspace: its approval's, or `traffic-cap-reached`."""
        self._meter.check(workspace)
        return self.approval.check_open(workspace)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request; whatever goes wrong becomes a constant refusal."""
        try:
            answer = await self._handle(request)
        except Refusal as refusal:
            self._refusals.tell(refusal.code, request.method)
            answer = pages.answer_refusal(request, refusal)
        except (ConnectionError, asyncio.CancelledError):
            raise
        except Exception as error:
            log.error("edge.failed", error=type(error).__name__)
            answer = pages.answer_refusal(request, pages.FAILED)
        if request.secure and not answer.prepared:  # the edge's own
            for_tls(answer.headers)
        return answer

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        raw_path, _, query = request.raw_path.partition("?")
        path = read_path(raw_path)
        check_query(query)
        if (elsewhere := self._own_address(request)) is not None:
            return elsewhere
        websocket = is_websocket(request)
        origin.check_origin(request.method, request.headers, self._address.public_url, websocket=websocket)
        if (onward := REDIRECTS.get("/".join(path.segments).rstrip("/"))) and request.method in READING:
            return web.Response(status=302, headers={"Location": onward})
        self._sign_ins.check(path, client_of(request, self._address.trusted_proxies))
        route = self.table.find(path)
        if route is None:
            raise pages.NOT_FOUND
        if route.workspace is None:
            check_hub_path(path)
            origin.check_not_from_workspace(request.method, request.headers, path.segments)
            return await self._pass(request, path, route, Traffic(), asyncio.get_running_loop().create_future())
        return await self._pass_to_workspace(request, path, route, route.workspace, websocket=websocket)

    async def _pass_to_workspace(
        self, request: web.BaseRequest, path: RequestPath, route: Route, workspace: Workspace, *, websocket: bool
    ) -> web.StreamResponse:
        """The rules of the road to a workspace; then the flow is known to the watch for as long as it lasts."""
        origin.check_no_service_worker(request.headers)
        let_in = self.entry.let_in_at(workspace, request.headers)
        if let_in is None:
            return _show_way_in(request)
        standing = await self.approval.check(workspace)
        if not standing.sessions.hold(let_in):
            return _show_way_in(request)
        self._meter.check(workspace)
        check_workspace_path(path, len(route.prefix), request.method, terminals=standing.terminals)
        traffic = await self._meter.of(workspace)
        if websocket and self.flows.websockets(workspace) >= self._most_websockets:
            raise pages.MANY_WEBSOCKETS
        traffic.begin()
        ending: asyncio.Future[Refusal] = asyncio.get_running_loop().create_future()
        terminal = is_terminal(path, len(route.prefix))
        with self.flows.opened(Flow(workspace, websocket, terminal, let_in, ending.set_result)):
            return await self._pass(request, path, route, traffic, ending)

    async def _pass(
        self,
        request: web.BaseRequest,
        path: RequestPath,
        route: Route,
        traffic: Traffic,
        ending: asyncio.Future[Refusal],
    ) -> web.StreamResponse:
        if is_websocket(request):
            return await forward_websocket(request, route, self._address, traffic, ending)
        # The browser must see a broken answer; losing its connection cancels the rest (handler_cancellation).
        ending.add_done_callback(lambda _: request.transport.abort() if request.transport else None)
        return await forward_http(request, path, route, self._address, self._sockets, traffic)

    def _own_address(self, request: web.BaseRequest) -> web.Response | None:
        """None if the browser used the gateway's name; else the way there, or a refusal (DNS rebinding)."""
        if request.headers.get("Host", "").lower() in self._hosts:
            return None
        if request.method not in READING or is_websocket(request):
            raise pages.WRONG_HOST
        return web.Response(status=307, headers={"Location": f"{self._address.public_url}{request.raw_path}"})


def _show_way_in(request: web.BaseRequest) -> web.Response:
    """A page goes by the portal and comes back; anything else is refused."""
    if onward := way_in(request.method, request.raw_path, request.headers):
        return web.Response(status=302, headers={"Location": onward, "Cache-Control": "no-store"})
    raise NOT_LET_IN
