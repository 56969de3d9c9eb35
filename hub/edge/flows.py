"""What is open between browsers and workspaces. Promise: an answer or a WebSocket that is still open when its approval,
its session, its
project's terminals, its cap or its route ends is ended too, within `WATCH_SECONDS` of the register's word."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import structlog

from governance.refusal import Refusal
from hub.edge.approval import Standing
from hub.edge.refused import SIGNED_OUT, TERMINAL
from hub.edge.table import Workspace

WATCH_SECONDS = 0.5

log = structlog.get_logger("edge")


@dataclass(eq=False)
class Flow:
    """One open answer or WebSocket. `let_in`: when its browser was. `end` is called at most once, with the reason; it
    must not wait."""

    workspace: Workspace
    websocket: bool
    terminal: bool
    let_in: datetime
    end: Callable[[Refusal], None]


class Flows:
    """Every open flow, by workspace. `check` raises the Refusal that ends them, or says how the workspace stands."""

    def __init__(self, check: Callable[[Workspace], Standing]) -> None:
        self._check = check
        self._open: dict[Workspace, set[Flow]] = {}

    @contextmanager
    def opened(self, flow: Flow) -> Iterator[None]:
        """Know of the flow for as long as the block lasts."""
        flows = self._open.setdefault(flow.workspace, set())
        flows.add(flow)
        try:
            yield
        finally:
            flows.discard(flow)
            if not flows and self._open.get(flow.workspace) is flows:
                del self._open[flow.workspace]

    def websockets(self, workspace: Workspace) -> int:
        """How many of them are open."""
        return sum(flow.websocket for flow in self._open.get(workspace, ()))

    def end(self, workspace: Workspace, reason: Refusal, which: Callable[[Flow], bool] = lambda _: True) -> None:
        """End what is open of the workspace, or those of it."""
        flows = self._open.get(workspace, set())
        ended = [flow for flow in flows if which(flow)]
        for flow in ended:
            flows.discard(flow)
            flow.end(reason)
        if ended:
            log.info("edge.ended", code=reason.code, project=workspace.project, flows=len(ended))

    async def watch(self) -> None:
        """Ask for everything that is open, again and again, until cancelled."""
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            for workspace in list(self._open):
                try:
                    self._look(workspace)
                except Exception as failed:  # one that fails must not end the watch over the others
                    log.error("edge.watch-failed", error=type(failed).__name__)

    def _look(self, workspace: Workspace) -> None:
        try:
            standing = self._check(workspace)
        except Refusal as refusal:
            self.end(workspace, refusal)
            return
        self.end(workspace, SIGNED_OUT, lambda flow: not standing.sessions.hold(flow.let_in))
        if not standing.terminals:
            self.end(workspace, TERMINAL, lambda flow: flow.terminal)
